"""Which of many masks have a conflict: an input-output path through two learnables."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...problem.masks import Mask
from ...problem.networks.unrolled import as_matrix
from ...structure.conflicts import LearnablePaths
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
    paths = LearnablePaths(space.empty)
    weights = by_weight(space, masks)
    found = np.zeros(len(masks), dtype=bool)
    marked: list[Booleans] = []  # for each level, the units behind a learnable
    for number, level in enumerate(paths.unrolled.levels):
        marked.append(np.zeros((level.size, len(masks)), dtype=bool))
        for name, source in level.terms:
            marked[number] |= _reached(as_matrix(space.empty.present_mask(name)), marked[source])
            learnable = weights.get(name)
            if learnable is not None:
                learnable = learnable if learnable.ndim == 3 else learnable[:, None]
                # An edge counts only if its unit is read: dead ends multiply nothing.
                met = learnable[paths.read[number]] & marked[source]
                found |= met.any(axis=(0, 1))
                marked[number] |= learnable[:, paths.fed[source]].any(axis=1)
    return found


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
