"""Which entries of a module's parameters a Jacobian has as its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, nearest, shown
from ...problem.interop.torch_memory import Tensor, overlap, overlaps_itself
from ...problem.interop.torch_modules import torch_module
from ...problem.interop.torch_slots import Module, hooked
from ...problem.masks import Mask, count, masks_of

Parameters: TypeAlias = Iterable[str] | Mapping[str, Any] | None


@dataclass(frozen=True, eq=False)
class Selection:
    """Masks by parameter name, of those that have chosen entries; a parameter is there once.

    Columns are the chosen entries of the first mask, row by row, then those of the second, ...
    """

    masks: dict[str, Mask]

    @cached_property
    def starts(self) -> dict[str, int]:
        """The first column of each parameter."""
        counts = [count(mask) for mask in self.masks.values()]
        return dict(zip(self.masks, np.cumsum([0, *counts]).tolist(), strict=False))

    @cached_property
    def size(self) -> int:
        """The number of columns."""
        return sum(count(mask) for mask in self.masks.values())

    def by_name(self, columns: NDArray[np.bool_]) -> dict[str, Mask]:
        """A mask of columns as masks of parameters.

        >>> chosen = Selection({"weight": np.array([[True, False], [True, True]])})
        >>> chosen.by_name(np.array([False, True, True]))["weight"].tolist()
        [[False, False], [True, True]]
        """
        found = {}
        for name, mask in self.masks.items():
            start = self.starts[name]
            found[name] = np.zeros(mask.shape, dtype=bool)
            found[name][mask] = columns[start : start + count(mask)]
        return found


def select(module: Module, parameters: Parameters) -> Selection:
    """The chosen entries of a module's parameters: by names, by masks, or all that are trained.

    Trained are parameters with `requires_grad`, without the entries that `apply_to_torch` has
    frozen. Raises `InputError` for unknown names, wrong masks, parameters that are no plain numbers
    or share memory, and where nothing is chosen.
    """
    own = dict(module.named_parameters())
    known = dict(module.named_parameters(remove_duplicate=False))
    first = {id(parameter): name for name, parameter in own.items()}
    if parameters is None:
        chosen = {name: _trained(p) for name, p in own.items() if p.requires_grad}
        cure = "no parameter has requires_grad: say which, parameters=[name, ...]"
    else:
        chosen = {}
        for name, mask in _given(known, parameters).items():
            key = first[id(known[name])]
            chosen[key] = mask | chosen[key] if key in chosen else mask
        cure = "parameters chooses no entry"
    # In the module's order, whatever that of the names.
    masks = {name: chosen[name] for name in own if name in chosen and count(chosen[name])}
    if not masks:
        raise InputError(cure)
    for name in masks:
        _check(name, own[name])
    _refuse_overlaps(own, masks)
    return Selection(masks)


def _trained(parameter: Tensor) -> Mask:
    mask = np.ones(tuple(parameter.shape), dtype=bool)
    for other in hooked(parameter):
        mask &= other
    return mask


def _given(known: Mapping[str, Tensor], parameters: Iterable[str]) -> dict[str, Mask]:
    """The masks of the parameters that are named."""
    if isinstance(parameters, str) or not isinstance(parameters, Iterable):
        what = "parameters must be names, or masks by name, as in"
        raise InputError(f"{what} ['0.weight'], not {shown(parameters)}")
    names = list(parameters)
    for name in names:
        if not isinstance(name, str) or name not in known:
            some = ", ".join([*list(known)[:8], *(["..."] if len(known) > 8 else [])])
            hint = nearest(name, known)
            what = f"the module has no parameter {shown(name)}{hint}"
            raise InputError(f"{what}; named_parameters() has {some or 'none'}")
    shapes = {name: tuple(known[name].shape) for name in names}
    masks = parameters if isinstance(parameters, Mapping) else {}
    return masks_of(masks, shapes, "parameters", default=True)


def _check(name: str, parameter: Tensor) -> None:
    """Raise `InputError`, with the cure, unless a parameter has real numbers that can be moved."""
    if parameter.is_meta:
        cure = "load the checkpoint first, model.to_empty(device='cpu') and load_state_dict"
        raise InputError(f"{name} is on the meta device, without values: {cure}")
    if hasattr(parameter, "full_tensor"):
        raise InputError(f"{name} is a DTensor, a shard: measure before it is distributed")
    if not parameter.dtype.is_floating_point:
        cure = "choose others (parameters=[name, ...]), or measure before it is quantised or cast"
        raise InputError(f"{name} is of the type {parameter.dtype}, no real numbers: {cure}")
    if parameter.layout != torch_module().strided:
        raise InputError(f"{name} has the layout {parameter.layout}: to_dense() gives a dense one")


def _refuse_overlaps(own: Mapping[str, Tensor], masks: Mapping[str, Mask]) -> None:
    """Raise `InputError` where other parameters lie in the memory of a chosen one."""
    strided = {
        name: parameter
        for name, parameter in own.items()
        if parameter.layout == torch_module().strided and not parameter.is_meta
    }
    pair = overlap(strided)
    single = next((name for name in masks if overlaps_itself(own[name])), None)
    if pair or single:
        what = f"{pair[1]} lies in the memory of {pair[0]}" if pair else f"{single} in its own"
        raise InputError(
            f"{what}, so one learned number moves several entries: make it one parameter (the same "
            "nn.Parameter in both places is counted once), or clone() it"
        )
