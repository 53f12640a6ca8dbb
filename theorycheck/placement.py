"""Where learnables may be and the choice of some of them: rows, columns, at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from .errors import InputError, shown
from .masks import Mask, both, check_name, count, masks_of
from .networks import KINDS, Network


def check_network(network: object) -> None:
    """Raise `InputError` unless `network` is one of the known kinds."""
    if not isinstance(network, tuple(KINDS.values())):
        raise InputError(f"network must be one of {', '.join(KINDS)}, not {shown(network)}")


def allowed_masks(
    network: Network,
    present: Mapping[str, ArrayLike] | None,
    within: Mapping[str, ArrayLike] | None,
) -> dict[str, Mask]:
    """Present weights as masks, narrowed to `within` where that is given."""
    check_network(network)
    shapes = network.weight_shapes
    masks = masks_of({} if present is None else present, shapes, "present", default=True)
    if within is None:
        return masks
    candidates = masks_of(within, shapes, "within", default=False)
    return {name: both(mask, candidates[name]) for name, mask in masks.items()}


def random_masks(
    allowed: Mapping[str, Mask], budget: int, rng: np.random.Generator
) -> dict[str, Mask]:
    """Masks with `budget` ones in total, uniform inside `allowed`."""
    check_choice(allowed, budget, rng)
    masks = [mask for mask in allowed.values() if count(mask)]
    cells = np.concatenate([np.zeros(0, dtype=bool), *(mask.ravel() for mask in masks)])
    candidates = np.flatnonzero(cells)
    chosen = np.zeros(cells.size, dtype=bool)
    chosen[candidates[rng.choice(len(candidates), budget, replace=False, shuffle=False)]] = True
    parts = iter(np.split(chosen, np.cumsum([mask.size for mask in masks])))
    return {name: next(parts).reshape(m.shape) for name, m in allowed.items() if count(m)}


def line_masks(
    network: Network,
    lines: Mapping[str, Iterable[int]],
    present: Mapping[str, ArrayLike] | None,
    axis: int,
) -> dict[str, Mask]:
    """Masks with the present cells of whole rows (`axis` 0) or columns (1), by weight name."""
    word = ("rows", "columns")[axis]
    allowed = allowed_masks(network, present, None)
    if not isinstance(lines, Mapping):
        raise InputError(f"{word} must map weight names to lists of indices, not {shown(lines)}")
    masks: dict[str, Mask] = {}
    for name, indices in lines.items():
        check_name(name, allowed, word)
        shape = allowed[name].shape
        place = f'{word}["{name}"]'
        if axis >= len(shape):
            raise InputError(f"{place}: a bias has no {word}")
        if isinstance(indices, str) or not isinstance(indices, Iterable):
            raise InputError(f"{place} must be a list of indices, not {shown(indices)}")
        chosen = np.zeros(shape, dtype=bool)
        for index in indices:
            _check_index(index, shape[axis], place)
            chosen[(slice(None),) * axis + (index,)] = True
        masks[name] = both(chosen, allowed[name])
    return masks


def check_choice(allowed: Mapping[str, Mask], budget: object, rng: object) -> None:
    """Raise `InputError` for a budget out of range or something that is no generator."""
    available = sum(count(mask) for mask in allowed.values())
    integer = isinstance(budget, Integral) and not isinstance(budget, bool)
    if not integer or not 0 <= budget <= available:  # type: ignore[operator]
        raise InputError(f"budget must be an integer from 0 to {available}, not {shown(budget)}")
    if not isinstance(rng, np.random.Generator):
        raise InputError(f"rng must be made by numpy.random.default_rng(seed), not {shown(rng)}")


def _check_index(index: object, size: int, place: str) -> None:
    integer = isinstance(index, Integral) and not isinstance(index, bool)
    if not integer or not 0 <= index < size:  # type: ignore[operator]
        raise InputError(f"{place} must hold integers from 0 to {size - 1}, not {shown(index)}")
