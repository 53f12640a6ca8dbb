"""Which of many masks have a conflict: an input-output path through two learnables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...problem.masks import Mask
from ...structure.conflicts import Unrolled
from ..mask_space import Masks, MaskSpace

Booleans = NDArray[np.bool_]


def has_conflict(space: MaskSpace, masks: Masks) -> Booleans:
    """Whether a path runs through two learnables, or twice through one, for each of the masks.

    Where it does not, the output is affine in the learnables (T2). The same as `find_conflict`, for
    linear networks.

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([1, 1, 1]), ("W1", "W2"))
    >>> has_conflict(space, np.array([[True, False], [True, True]])).tolist()
    [False, True]
    """
    unrolled = Unrolled(space.empty)
    weights = by_weight(space, masks)
    found = np.zeros(len(masks), dtype=bool)
    marked: Booleans = np.zeros(
        (len(unrolled.fed[0]), len(masks)), dtype=bool
    )  # behind a learnable
    for level, step in enumerate(unrolled.steps, start=1):
        behind = _reached(space.empty.present_mask(step.inner), marked)
        learnable = weights.get(step.inner)
        if learnable is not None:
            # An edge counts only if its unit is read: dead ends multiply nothing.
            met = learnable[unrolled.read[level]] & marked
            found |= met.any(axis=(0, 1))
            behind |= learnable[:, unrolled.fed[level - 1]].any(axis=1)
        if step.outer is not None and step.outer in weights:
            outer = weights[step.outer]
            behind |= outer if outer.ndim == 2 else outer.any(axis=1)
        marked = behind
    return found


def by_weight(space: MaskSpace, masks: Masks) -> dict[str, Any]:
    """Weight name -> its learnables, shape (*shape of the weight, allocations)."""
    parts: dict[str, Any] = {}
    start = 0
    for name, entries in space.entries.items():
        shape = space.network.weight_shapes[name]
        full = np.zeros((int(np.prod(shape)), len(masks)), dtype=bool)
        full[entries] = masks[:, start : start + len(entries)].T
        parts[name], start = full.reshape(*shape, len(masks)), start + len(entries)
    return parts


def _reached(present: Mask, units: Booleans) -> Booleans:
    """The units that some of `units`, shape (units, allocations), feed."""
    if present.all():
        return np.repeat(units.any(axis=0, keepdims=True), len(present), axis=0)
    return (present.astype(np.float32) @ units.astype(np.float32)) > 0
