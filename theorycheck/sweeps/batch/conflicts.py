"""Which of many masks have a conflict: an input-output path through two learnables."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...problem.allocation import Allocation
from ...problem.masks import Mask
from ...problem.networks.unrolled import Level, Unrolled, backward
from ..mask_space import Masks, MaskSpace

Booleans: TypeAlias = NDArray[np.bool_]


def has_conflict(space: MaskSpace, masks: Masks) -> Booleans:
    """Whether a path runs through two learnables, or twice through one, for each of the masks.

    Where it does not, the output is affine in the learnables (T2). The same as `find_conflict`, for
    linear networks.

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([1, 1, 1]), ("W1", "W2"))
    >>> has_conflict(space, np.array([[True, False], [True, True]])).tolist()
    [False, True]
    """
    empty, weights = space.empty, by_weight(space, masks)
    unrolled = space.network.same_paths.unrolled
    found = np.zeros(len(masks), dtype=bool)
    read = _read(empty, unrolled)
    fed: list[Booleans] = []  # of each level: which units inputs reach, shape (units,)
    marked: list[Booleans] = []  # which they reach through a learnable, shape (units, allocations)
    for number, level in enumerate(unrolled.levels):
        fed_here = np.full(level.size, not level.terms)
        marked_here = np.zeros((level.size, len(masks)), dtype=bool)
        for weight, source in level.terms:
            present = empty.present_mask(weight).reshape(level.size, -1)
            fed_here |= _reached(present, fed[source][:, None])[:, 0]
            learnable = weights.get(weight)
            if learnable is not None and learnable.ndim == 2:
                learnable = learnable[:, None]  # a bias, whose source is the constant
            if marked[source].any():
                marked_here |= _reached(present, marked[source])
                if learnable is not None:
                    # An edge counts only if its unit is read: dead ends multiply nothing.
                    found |= (learnable[read[number]] & marked[source]).any(axis=(0, 1))
            if learnable is not None:
                marked_here |= learnable[:, fed[source]].any(axis=1)
        fed.append(fed_here)
        marked.append(marked_here)
    return found


def _read(empty: Allocation, unrolled: Unrolled) -> list[Booleans]:
    """Which units of each level reach an output that is read; shape (units,) each."""

    def combine(level: Level, terms: list[tuple[str, Booleans]]) -> Booleans:
        masks = ((empty.present_mask(weight), units) for weight, units in terms)
        return np.logical_or.reduce([present[units].any(axis=0) for present, units in masks])

    reached = [np.zeros(level.size, dtype=bool) for level in unrolled.levels]
    for number in unrolled.read:
        start = np.ones(unrolled.levels[number].size, dtype=bool)
        for level, units in backward(unrolled, number, start, combine).items():
            reached[level] |= units
    return reached


def by_weight(space: MaskSpace, masks: Masks) -> dict[str, Booleans]:
    """Weight name -> its learnables, shape (*shape of the weight, allocations)."""
    parts: dict[str, Booleans] = {}
    for name, entries, start in space.numbered():
        shape = space.network.weight_shapes[name]
        full = np.zeros((int(np.prod(shape)), len(masks)), dtype=bool)
        full[entries] = masks[:, start : start + len(entries)].T
        parts[name] = full.reshape(*shape, len(masks))
    return parts


def _reached(present: Mask, units: Booleans) -> Booleans:
    """The units that some of `units`, shape (units, allocations), feed."""
    if present.all():
        return np.repeat(units.any(axis=0, keepdims=True), len(present), axis=0)
    return (present.astype(np.float32) @ units.astype(np.float32)) > 0
