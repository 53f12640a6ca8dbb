"""Network architectures: frozen specifications with weight names and shapes, but no weights.

Weights have shape (outputs, inputs), biases (outputs,). Names follow the allocation file:
`W1`, `b1`, `W2`, ... for the feed-forward kinds, `input`, `recurrent`, `readout` for the recurrent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from numbers import Integral
from typing import Any, ClassVar, Literal, TypeAlias

from .errors import InputError, nearest, shown

# Larger sizes are typing errors; the bound keeps (rows x columns) within 63-bit array indices.
LARGEST_SIZE = 2**30


def positive_integer(value: object, place: str, largest: int = LARGEST_SIZE) -> int:
    """Return `value` as an int, or raise `InputError` naming the `place` unless 1 <= value.

    >>> positive_integer(3, "samples")
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= largest:
        raise InputError(f"{place} must be an integer from 1 to {largest}, not {shown(value)}")
    return int(value)


class _Architecture:
    """What every network kind offers: named weight shapes and a dictionary form."""

    kind: ClassVar[str]
    title: ClassVar[str]

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape, in the fixed order that numbers all weights."""
        raise NotImplementedError

    @property
    def n_weights(self) -> int:
        """Number of weights, absent ones included."""
        return sum(math.prod(shape) for shape in self.weight_shapes.values())

    def to_dict(self) -> dict[str, Any]:
        """The `network` object of an allocation file; the inverse of `network_from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore
        if "widths" in values:
            values["widths"] = list(values["widths"])
        if values.get("bias") is False:
            del values["bias"]
        return {"kind": self.kind, **values}


@dataclass(frozen=True)
class _Feedforward(_Architecture):
    """Shared by the feed-forward kinds: `widths` n_0..n_L and optional biases in every layer."""

    widths: Sequence[int]
    bias: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.widths, (str, bytes)) or not isinstance(self.widths, Sequence):
            raise InputError(f"network.widths must be a list of sizes, not {shown(self.widths)}")
        self._check_depth(len(self.widths))
        widths = tuple(
            positive_integer(width, f"network.widths[{i}]") for i, width in enumerate(self.widths)
        )
        object.__setattr__(self, "widths", widths)
        if not isinstance(self.bias, bool):
            raise InputError(f"network.bias must be true or false, not {shown(self.bias)}")

    def _check_depth(self, n_widths: int) -> None:
        if n_widths < 2:
            raise InputError(f"network.widths must have at least 2 entries, not {n_widths}")

    @property
    def depth(self) -> int:
        """Number of weight layers L."""
        return len(self.widths) - 1

    @property
    def inputs(self) -> int:
        """Number of inputs n_0."""
        return self.widths[0]

    @property
    def outputs(self) -> int:
        """Number of outputs d."""
        return self.widths[-1]

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape, layer by layer, each bias behind its weight matrix."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(1, self.depth + 1):
            shapes[f"W{layer}"] = (self.widths[layer], self.widths[layer - 1])
            if self.bias:
                shapes[f"b{layer}"] = (self.widths[layer],)
        return shapes

    def describe(self) -> str:
        """The network in words, for example `linear feed-forward 4-4-3`."""
        widths = list(map(str, self.widths))
        if self.depth > 20:
            widths[6:-3] = [f"..({self.depth} layers)..."]
        sizes = "-".join(widths)
        return f"{self.title} {sizes}{' with biases' if self.bias else ''}"


@dataclass(frozen=True)
class LinearFeedforward(_Feedforward):
    """y = W_L ... W_1 x with `widths` n_0..n_L; with `bias`, every layer adds a constant.

    Raises `InputError` unless there are at least two widths, all positive integers.

    >>> LinearFeedforward([3, 4, 2]).weight_shapes
    {'W1': (4, 3), 'W2': (2, 4)}
    """

    kind: ClassVar[str] = "linear_feedforward"
    title: ClassVar[str] = "linear feed-forward"


@dataclass(frozen=True)
class ShallowReLU(_Feedforward):
    """y = W_2 relu(W_1 x) with `widths` (n_0, n_1, d); with `bias`, both layers add a constant.

    Raises `InputError` unless there are exactly three widths, all positive integers.

    >>> ShallowReLU([2, 3, 1]).n_weights
    9
    """

    kind: ClassVar[str] = "shallow_relu"
    title: ClassVar[str] = "shallow ReLU"

    def _check_depth(self, n_widths: int) -> None:
        if n_widths != 3:
            raise InputError(f"network.widths must have 3 entries for shallow_relu, not {n_widths}")


@dataclass(frozen=True)
class LinearRecurrent(_Architecture):
    """h_0 = 0, h_t = W h_(t-1) + B x_t, and y = D h_T (`final`) or y_t = D h_t for all t (`all`).

    `input` is B (hidden x inputs), `recurrent` W (hidden x hidden), `readout` D (outputs x hidden).
    Raises `InputError` for sizes that are not positive integers or an unknown `readout`.

    >>> LinearRecurrent(inputs=1, hidden=2, outputs=1, steps=4).weight_shapes
    {'input': (2, 1), 'recurrent': (2, 2), 'readout': (1, 2)}
    """

    inputs: int
    hidden: int
    outputs: int
    steps: int
    readout: Literal["final", "all"] = "final"
    kind: ClassVar[str] = "linear_recurrent"
    title: ClassVar[str] = "linear recurrent"

    def __post_init__(self) -> None:
        for name in ("inputs", "hidden", "outputs", "steps"):
            size = positive_integer(getattr(self, name), f"network.{name}")
            object.__setattr__(self, name, size)
        if self.readout not in ("final", "all"):
            wrong = f"{shown(self.readout)}{nearest(self.readout, ('final', 'all'))}"
            raise InputError(f'network.readout must be "final" or "all", not {wrong}')

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape: input, recurrent, readout."""
        return {
            "input": (self.hidden, self.inputs),
            "recurrent": (self.hidden, self.hidden),
            "readout": (self.outputs, self.hidden),
        }

    def describe(self) -> str:
        """The network in words, for example `linear recurrent 1-2-1, 4 steps, readout final`."""
        sizes = f"{self.inputs}-{self.hidden}-{self.outputs}"
        return f"{self.title} {sizes}, {self.steps} steps, readout {self.readout}"


Network: TypeAlias = LinearFeedforward | LinearRecurrent | ShallowReLU
KINDS: dict[str, type[Network]] = {
    cls.kind: cls for cls in (LinearFeedforward, LinearRecurrent, ShallowReLU)
}


def network_from_dict(data: object) -> Network:
    """Build a network from the `network` object of an allocation file.

    Raises `InputError` for an unknown kind and for missing or unknown keys.

    >>> network_from_dict({"kind": "linear_feedforward", "widths": [2, 2]})
    LinearFeedforward(widths=(2, 2), bias=False)
    """
    if not isinstance(data, Mapping):
        raise InputError(f"network must be an object, not {shown(data)}")
    if "kind" not in data:
        raise InputError(f"network.kind is missing; it must be one of {', '.join(KINDS)}")
    kind = data["kind"]
    if not isinstance(kind, str) or kind not in KINDS:
        wrong = f"not {shown(kind)}{nearest(kind, KINDS)}"
        raise InputError(f"network.kind must be one of {', '.join(KINDS)}, {wrong}")
    cls = KINDS[kind]
    arguments = {key: value for key, value in data.items() if key != "kind"}
    defaults = {field.name: field.default for field in fields(cls)}
    for key in arguments:
        if key not in defaults:
            wrong = f"{shown(key)}{nearest(key, [*defaults, 'kind'])}"
            raise InputError(f"network has no key {wrong}; {kind} has {', '.join(defaults)}")
    for key, default in defaults.items():
        if default is MISSING and key not in arguments:
            raise InputError(f"network.{key} is missing; {kind} needs it")
    return cls(**arguments)
