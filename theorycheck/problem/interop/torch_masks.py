"""How an allocation's frozen entries are kept in a torch module, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, shown
from ..masks import Mask, count, equal
from ..networks.base import Network
from .torch_memory import Tensor
from .torch_modules import (
    Reading,
    ReadOptions,
    has_adapters,
    plain_module,
    torch_module,
)
from .torch_reading import check_trained, decide, present_masks, read_module
from .torch_slots import GradientMask, Module, Optimizer, Slot, hooked, weight_of

Masks = Mapping[str, Mask]


class Freeze:
    """What `Allocation.apply_to_torch` returns: a module with frozen entries, and the way back.

    `remove()` takes hooks off and sets `requires_grad` to what it was; as a context manager, at the
    end of the block. `guard(optimizer)` puts frozen entries back after every step of an optimiser;
    `held()` is a block, for a training step of one's own, that leaves them as they were before it.
    """

    def __init__(
        self,
        network: Network,
        learnable: Masks,
        present: Masks,
        module: Module,
        optimizer: Optimizer | None = None,
        recurrent: Mapping[str, str] | None = None,
    ) -> None:
        module = plain_module(module)
        reading = _checked(network, present, module, recurrent)
        self._handles: list[Any] = []
        self._partly: list[tuple[Any, GradientMask]] = []
        self._before = [(s.parameter, s.parameter.requires_grad) for s in reading.slots.values()]
        for name, slot in reading.slots.items():
            self._freeze(slot.parameter, learnable[weight_of(name)])
        try:
            _verify(learnable, present, module, reading)
            if optimizer is not None:
                self.guard(optimizer)
        except Exception:
            self.remove()
            raise

    def _freeze(self, parameter: Tensor, learnable: Mask) -> None:
        parameter.requires_grad_(bool(count(learnable)))
        if not parameter.requires_grad:
            parameter.grad = None  # optimisers leave parameters without a gradient alone
        elif count(learnable) < learnable.size:
            hook = GradientMask(learnable, parameter.device)
            self._handles.append(parameter.register_hook(hook))
            self._partly.append((parameter, hook))
            if parameter.grad is not None:
                parameter.grad = hook(parameter.grad)

    def guard(self, optimizer: Optimizer) -> None:
        """After every step of a `torch.optim.Optimizer` frozen entries are as they were before it.

        So neither weight decay nor momentum moves them; from the next step on. Costs a copy of the
        partly frozen weights during the step.
        """
        torch = torch_module()
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise InputError(f"a torch.optim.Optimizer is expected, not {shown(optimizer)}")
        saved: list[Tensor] = []
        before = optimizer.register_step_pre_hook(lambda *_: saved.extend(self._values()))
        after = optimizer.register_step_post_hook(lambda *_: self._put_back(saved))
        self._handles += [before, after]

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block after which frozen entries are, to the bit, as they were before it."""
        saved = self._values()
        try:
            yield
        finally:
            self._put_back(saved)

    def _values(self) -> list[Tensor]:
        return [parameter.detach().clone() for parameter, _ in self._partly]

    def _put_back(self, saved: list[Tensor]) -> None:
        torch = torch_module()
        with torch.no_grad():
            for (parameter, hook), value in zip(self._partly, saved, strict=True):
                frozen = hook.frozen.to(parameter.device)
                parameter.copy_(torch.where(frozen, value, parameter))
        saved.clear()

    def remove(self) -> None:
        """Undo: no hooks, `requires_grad` as before; the weights stay as trained."""
        for handle in self._handles:
            handle.remove()
        for parameter, required in self._before:
            parameter.requires_grad_(required)
        self._handles, self._before, self._partly = [], [], []

    def __enter__(self) -> Freeze:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def _verify(learnable: Masks, present: Masks, module: Module, reading: Reading) -> None:
    """Raise `InputError` unless the frozen module trains just what is learnable."""
    given = {name: mask for name, mask in present.items() if count(mask) < mask.size}
    exists = present_masks(reading, {n: m for n, m in given.items() if n in reading.slots})
    dense = [n for n in given if n in reading.slots and not reading.slots[n].is_pruned]
    if dense and not reading.compared:
        raise _not_pruned(reading.slots[dense[0]], dense[0])
    try:
        _, evidence = decide(module, reading, exists)
    except InputError:
        if dense:
            raise _not_pruned(reading.slots[dense[0]], dense[0]) from None
        raise
    own = {name: learnable[weight_of(name)] for name in reading.slots}
    check_trained(reading, reading.networks[0], evidence, own, {})


def _not_pruned(slot: Slot, name: str) -> InputError:
    return InputError(
        f"{slot.name} is not pruned as the allocation's present {name} says: call "
        f"torch.nn.utils.prune.custom_from_mask(layer, {slot.attribute!r}, mask) first"
    )


_ADAPTERS = (
    "the module has adapters of peft, which say themselves what is learned: choose by their config "
    "(SHiRA: config.mask_fn, LoRA: r and target_modules), or model.merge_and_unload() first"
)


def _checked(
    network: Network, present: Masks, module: Module, recurrent: Mapping[str, str] | None
) -> Reading:
    """The module's weights, if it may be of this network, and is not yet frozen."""
    reading = _reading_of(network, present, module, recurrent)
    for slot in reading.slots.values():
        if hooked(slot.parameter):
            raise InputError(f"{slot.name} is frozen by apply_to_torch already: remove() that")
    return reading


def values_of(
    network: Network, present: Masks, module: Module, recurrent: Mapping[str, str] | None
) -> dict[str, NDArray[np.float64]]:
    """The values of a module's weights by weight name, 0 where a connection is absent."""
    reading = _reading_of(network, present, plain_module(module), recurrent)
    found: dict[str, NDArray[np.float64]] = {}
    for name, slot in reading.slots.items():
        values = getattr(slot.owner, slot.attribute).detach().double().cpu().numpy()
        weight = weight_of(name)
        # Of two addends the sum in the arithmetic of float64, which is what counts as given.
        found[weight] = values * present[weight] + found.get(weight, 0.0)
    return found


def _reading_of(
    network: Network, present: Masks, module: Module, recurrent: Mapping[str, str] | None
) -> Reading:
    """The module's weights, if it may be of this network."""
    is_linear = all(name == "linear" for name in network.activations)
    options = ReadOptions(is_linear, recurrent=recurrent, image=getattr(network, "input", None))
    if network.is_recurrent:
        readout = "all" if network.reads_every_step else "final"
        options = replace(options, steps=network.steps, readout=readout)
    if has_adapters(module):
        raise InputError(_ADAPTERS)
    reading = read_module(module, options)
    first = reading.networks[0]
    # Other activations than one for all layers are told by the run alone.
    may_be = not network.is_recurrent and first.weight_shapes == network.weight_shapes
    if network not in reading.networks and not may_be:
        found = first.describe()
        raise InputError(f"the module is {found}, the allocation of {network.describe()}")
    for name, shape in network.weight_shapes.items():
        if name not in reading.slots:
            if count(present[name]):
                raise InputError(f"the module has no bias for the allocation's {name}: bias=True")
            continue
        slot = reading.slots[name]
        own = present_masks(reading, {}).get(name)
        own = np.broadcast_to(np.bool_(True), shape) if own is None else own
        if slot.is_pruned and not equal(own, present[name]):
            raise _not_pruned(slot, name)
    return replace(reading, networks=(network,))
