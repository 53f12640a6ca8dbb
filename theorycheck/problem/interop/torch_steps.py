"""The steps of a torch module between its weights: activations, poolings, and what has no name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .torch_activations import activation_of
from .torch_slots import Module

Sizes: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """An activation by its name; or an average over windows of `size` positions, side by side.

    An `adaptive` one has `size` windows instead. `why` tells why a step is not read.
    """

    activation: str = ""
    size: Sizes = ()
    adaptive: bool = False
    why: str = ""


@dataclass(frozen=True)
class Link:
    """A layer with weights, the steps behind it, and whether what it reads is added to them."""

    name: str
    steps: tuple[Step, ...] = ()
    around: bool = False


def sizes(value: object) -> Sizes:
    """One number or several, as a tuple; empty for anything else.

    >>> sizes(2), sizes([2, 3]), sizes("same")
    ((2,), (2, 3), ())
    """
    given: list[Any] = [value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        given = list(value)
    whole = all(isinstance(size, int) and not isinstance(size, bool) for size in given)
    return tuple(given) if whole else ()


def _same(one: Sizes, other: Sizes) -> bool:
    longest = max(len(one), len(other))
    return one * (longest if len(one) == 1 else 1) == other * (longest if len(other) == 1 else 1)


def pooling(settings: Mapping[str, Any]) -> Step:
    """The step of torch's avg_pool with these settings; it tells what is not read.

    >>> pooling({"kernel_size": 2})
    Step(activation='', size=(2,), adaptive=False, why='')
    >>> pooling({"kernel_size": 3, "stride": 2}).why
    'pools windows of size 3 at stride 2: stride=3 is read, windows side by side'
    """
    kernel = settings["kernel_size"]
    size, stride = sizes(kernel), settings.get("stride")
    stride = kernel if stride in (None, (), []) else stride
    if not size or not all(one > 0 for one in size):
        return Step(why=f"pools windows of size {kernel!r}, which is no number")
    if not _same(size, sizes(stride)):
        shown = f"{_shown(kernel)} at stride {_shown(stride)}"
        cure = f"stride={_shown(kernel)} is read, windows side by side"
        return Step(why=f"pools windows of size {shown}: {cure}")
    if any(sizes(settings.get("padding", 0))):
        return Step(why=f"pads what it pools by {_shown(settings['padding'])}: padding=0 is read")
    if settings.get("ceil_mode"):
        return Step(why="pools windows that are cut off: ceil_mode=False is read")
    if settings.get("divisor_override") is not None:
        return Step(why="divides by a number of its own: divisor_override=None is read")
    return Step(size=size)


def _shown(value: object) -> str:
    """One number where all axes have the same."""
    given = sizes(value)
    return str(given[0]) if given and len(set(given)) == 1 else str(value)


def step_of(module: Module) -> Step | None:
    """The step that one of torch's own modules is; None for what has weights or is unknown."""
    activation = activation_of(module)
    if activation is not None:
        return Step(activation)
    kind = type(module)
    if kind.__module__ != "torch.nn.modules.pooling":
        return None
    if kind.__name__ in ("AvgPool1d", "AvgPool2d"):
        return pooling(vars(module))
    if kind.__name__ in ("AdaptiveAvgPool1d", "AdaptiveAvgPool2d"):
        return Step(size=sizes(module.output_size), adaptive=True)
    return None
