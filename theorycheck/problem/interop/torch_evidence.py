"""Which entries of a weight a backward pass moves, and whether it moves them as it should."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..masks import Mask
from .torch_memory import Tensor

_NOTHING = 1e-6  # a gradient of less than this part of what is due is taken for none
Floats = NDArray[np.floating]


@dataclass
class _Weight:
    """What several draws say of the entries of one weight."""

    due: NDArray[np.bool_]  # the gradient of what is computed is not 0
    moved: NDArray[np.bool_]  # the gradient that arrives is not 0, beside that of the function
    reached: NDArray[np.bool_]  # the gradient that arrives is not 0
    other: NDArray[np.bool_]  # what arrives is not that gradient times a positive constant
    first: tuple[Floats, Floats]
    is_same: bool = True  # so far all of it


@dataclass
class GradientEvidence:
    """What backward passes with random weights tell, by weight name."""

    weights: dict[str, _Weight] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every entry of every weight has had a gradient that is not 0."""
        return all(bool(weight.due.all()) for weight in self.weights.values())

    def add(
        self,
        name: str,
        found: Tensor | None,
        wanted: Tensor | None,
        shape: tuple[int, ...],
        tolerance: float,
    ) -> None:
        """Enter the gradient that arrived and the one that is due (None: zero) of one draw."""
        torch = importlib.import_module("torch")
        if found is not None and found.dtype != torch.float64:
            tolerance = max(tolerance, 1e3 * torch.finfo(found.dtype).eps)
        arrived, due = (_array(gradient, shape) for gradient in (found, wanted))
        if name not in self.weights:
            nothing = np.zeros(shape, dtype=bool)
            self.weights[name] = _Weight(nothing, nothing, nothing, nothing, (arrived, due))
        weight = self.weights[name]
        size = np.abs(due).max(initial=0.0)
        weight.due = weight.due | (np.abs(due) > tolerance * size)
        weight.moved = weight.moved | (np.abs(arrived) > _NOTHING * np.abs(due))
        weight.reached = weight.reached | (arrived != 0)
        is_same = bool(np.abs(arrived - due).max(initial=0.0) <= tolerance * size)
        if not (is_same and weight.is_same):
            weight.other = weight.other | _other(weight.first, (arrived, due), tolerance)
        weight.is_same = weight.is_same and is_same


def _array(gradient: Any, shape: tuple[int, ...]) -> Floats:
    if gradient is None:
        return np.zeros(shape, dtype=np.float32)
    dense = gradient.detach().to_dense().cpu()
    torch = importlib.import_module("torch")
    return (dense if dense.dtype in (torch.float32, torch.float64) else dense.float()).numpy()


def _other(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], tolerance: float
) -> NDArray[np.bool_]:
    """Where two draws do not have the same positive factor between what arrived and what is due."""
    arrived, due = (array.astype(np.float64) for array in second)
    first_arrived, first_due = (array.astype(np.float64) for array in first)
    sizes = [np.abs(array).max(initial=0.0) for array in (arrived, due, first_arrived, first_due)]
    cross = np.abs(arrived * first_due - first_arrived * due)
    against = -arrived * due > tolerance * sizes[0] * sizes[1]
    return ~(cross <= tolerance * (sizes[0] * sizes[3] + sizes[1] * sizes[2])) | against


def check_gradients(
    evidence: GradientEvidence,
    name: str,
    shown_name: str,
    learnable: Mask,
    excused: Mask | None,
    exact: bool,
    cure: str,
    mode: str = "",
) -> None:
    """Raise `InputError` unless a step moves just the `learnable` entries of weight `name`.

    Entries in `excused` are frozen by a declaration, whatever their gradient. `exact`: the gradient
    must be that of the function, up to a positive factor of each entry.
    """
    weight = evidence.weights.get(name)
    if weight is None:
        return
    missing = learnable & weight.due & ~weight.moved
    if missing.any():
        raise InputError(_missing(shown_name, missing, learnable, mode))
    stray = weight.reached & ~learnable
    stray = stray if excused is None else stray & ~excused
    if stray.any():
        raise InputError(
            f"{_entries(shown_name, stray)} read as frozen or absent, but a gradient reaches "
            f"{'it' if stray.sum() == 1 else 'them'}{mode}: say which are frozen with "
            f"gradient_masks={{{shown_name!r}: mask}}, or give all masks, {cure}"
        )
    if exact and (weight.other & learnable).any():
        raise InputError(
            f"the gradient of {shown_name} is not that of what the module computes (a "
            "straight-through trick, a hook, truncated backpropagation?), so what a step can reach "
            f"is not known: if its entries move freely, say which by masks, {cure}"
        )


def _missing(name: str, missing: NDArray[np.bool_], learnable: Mask, mode: str) -> str:
    why = f"no gradient reaches {{}}{mode} (no_grad, detach, .data, a hook?)"
    if missing.sum() == learnable.sum():
        cure = f"if it is frozen, say so: model.get_parameter({name!r}).requires_grad_(False)"
        return f"{name} is read as learnable, but {why.format('it')}: {cure}"
    them = "it" if missing.sum() == 1 else "them"
    cure = f"if that is meant, say so: gradient_masks={{{name!r}: mask}}"
    return f"{_entries(name, missing)} read as learnable, but {why.format(them)}: {cure}"


def _entries(name: str, entries: NDArray[np.bool_]) -> str:
    first = [int(i) for i in np.argwhere(entries)[0]]
    n_entries = int(entries.sum())
    if n_entries == 1:
        return f"the entry {first} of {name} is"
    return f"{n_entries} entries of {name}, {first} the first, are"
