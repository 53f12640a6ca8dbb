"""The masks of a torch module, and how an allocation's frozen entries are kept in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, shown
from ..masks import Mask, both, check_name, count, equal, masks_of
from ..networks import LinearRecurrent, Network
from .torch_modules import Reading, Slot, read_module, torch_module

if TYPE_CHECKING:
    from ..allocation import Allocation


def read_masks(
    module: Any,
    gradient_masks: Mapping[str, Any],
    linear: bool,
    steps: int | None,
    readout: Any,
) -> tuple[Network, dict[str, Mask], dict[str, Mask]]:
    """Network, learnable and present masks of a module: what `Allocation.from_torch` returns."""
    reading = read_module(module, linear, steps, readout)
    given = _gradient_masks(reading, gradient_masks)
    learnable, present = {}, {}
    for name, slot in reading.slots.items():
        shape = reading.network.weight_shapes[name]
        exists = _pruning(slot, shape)
        if exists is not None:
            present[name] = exists
        if slot.parameter.requires_grad:
            mask = np.broadcast_to(np.bool_(True), shape) if exists is None else exists
            for other in (*_hooked(slot), *given.get(name, ())):
                mask = both(mask, other)
            learnable[name] = mask
    return reading.network, learnable, present


def _gradient_masks(reading: Reading, given: Mapping[str, Any]) -> dict[str, list[Mask]]:
    """The validated masks by weight name; they come by parameter name, pruned or not."""
    if not isinstance(given, Mapping):
        raise InputError(f"gradient_masks must map parameter names to masks, not {shown(given)}")
    names = {slot.name: name for name, slot in reading.slots.items()}
    found: dict[str, list[Mask]] = {}
    for key, value in given.items():
        plain = key.removesuffix("_orig") if isinstance(key, str) else key
        check_name(plain, names, "gradient_masks")
        name = names[plain]
        shapes = {plain: reading.network.weight_shapes[name]}
        mask = masks_of({plain: value}, shapes, "gradient_masks", default=False)[plain]
        found.setdefault(name, []).append(mask)
    return found


def _pruning(slot: Slot, shape: tuple[int, ...]) -> Mask | None:
    if slot.pruning is None:
        return None
    return masks_of({slot.name: slot.pruning}, {slot.name: shape}, "pruning", default=True)[
        slot.name
    ]


def _hooked(slot: Slot) -> list[Mask]:
    """The masks that `Freeze` has hung on a parameter: the hooks themselves tell."""
    hooks = slot.parameter._backward_hooks or {}
    return [hook.learnable for hook in hooks.values() if isinstance(hook, _GradientMask)]


class _GradientMask:
    """A gradient hook: 0 at frozen entries, even where the gradient is infinite or no number."""

    def __init__(self, learnable: Mask, device: Any) -> None:
        self.learnable = learnable
        self.frozen = torch_module().from_numpy(~learnable).to(device)

    def __call__(self, gradient: Any) -> Any:
        if self.frozen.device != gradient.device:  # the module has moved
            self.frozen = self.frozen.to(gradient.device)
        return gradient.masked_fill(self.frozen, 0)


class Freeze:
    """What `Allocation.apply_to_torch` returns: a module with frozen entries, and the way back.

    `remove()` takes hooks off and sets `requires_grad` to what it was; as a context manager, at the
    end of the block. `guard(optimizer)` puts frozen entries back after every step of an optimiser;
    `held()` is a block, for a training step of one's own, that leaves them as they were before it.
    """

    def __init__(self, allocation: Allocation, module: Any, optimizer: Any = None) -> None:
        reading = _checked(allocation, module)
        self._handles: list[Any] = []
        self._partly: list[tuple[Any, _GradientMask]] = []
        self._before = [(s.parameter, s.parameter.requires_grad) for s in reading.slots.values()]
        for name, slot in reading.slots.items():
            self._freeze(slot.parameter, allocation.mask(name))
        if optimizer is not None:
            self.guard(optimizer)

    def _freeze(self, parameter: Any, learnable: Mask) -> None:
        parameter.requires_grad_(bool(count(learnable)))
        if not parameter.requires_grad:
            parameter.grad = None  # optimisers leave parameters without a gradient alone
        elif count(learnable) < learnable.size:
            hook = _GradientMask(learnable, parameter.device)
            self._handles.append(parameter.register_hook(hook))
            self._partly.append((parameter, hook))
            if parameter.grad is not None:
                parameter.grad = hook(parameter.grad)

    def guard(self, optimizer: Any) -> None:
        """After every step of a `torch.optim.Optimizer` frozen entries are as they were before it.

        So neither weight decay nor momentum moves them; from the next step on. Costs a copy of the
        partly frozen weights during the step.
        """
        torch = torch_module()
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise InputError(f"a torch.optim.Optimizer is expected, not {shown(optimizer)}")
        saved: list[Any] = []
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

    def _values(self) -> list[Any]:
        return [parameter.detach().clone() for parameter, _ in self._partly]

    def _put_back(self, saved: list[Any]) -> None:
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


def _checked(allocation: Allocation, module: Any) -> Reading:
    """The module's weights, if it is of this network, pruned as it says, and not yet frozen."""
    network = allocation.network
    is_recurrent = isinstance(network, LinearRecurrent)
    steps, readout = (network.steps, network.readout) if is_recurrent else (None, "final")
    reading = read_module(module, True, steps, readout)
    if reading.network != network:
        raise InputError(
            f"the module is {reading.network.describe()}, the allocation of {network.describe()}"
        )
    for name, slot in reading.slots.items():
        shape = network.weight_shapes[name]
        exists, wanted = _pruning(slot, shape), allocation.present_mask(name)
        exists = np.broadcast_to(np.bool_(True), shape) if exists is None else exists
        if not equal(exists, wanted):
            raise InputError(
                f"{slot.name} is not pruned as the allocation's present {name} says: call "
                f"torch.nn.utils.prune.custom_from_mask(layer, {slot.attribute!r}, mask) first"
            )
        if _hooked(slot):
            raise InputError(f"{slot.name} is frozen by apply_to_torch already: remove() that")
    return reading
