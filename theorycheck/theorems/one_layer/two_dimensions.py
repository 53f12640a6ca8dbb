"""Two outputs (or two samples): a sum over the rows decides."""

from __future__ import annotations

import numpy as np

from ...problem.allocation import Mask
from ..base import Finding
from ..counts import AXES, line_counts
from .layer import Layer


def by_two_dimensions(layer: Layer) -> Finding | None:
    """d = 2, or m_e = 2 by transposing; None for any other layer.

    With C the columns that have at least 2 learnables, m' = m_e - |C| and c_i the learnables of
    row i outside C: maximal iff m' <= 0 or sum_i min(c_i, m') >= 2 m' (T4).
    """
    if layer.outputs == 2:
        axis, mask, samples = 1, layer.mask, layer.samples
    elif layer.samples == 2:
        axis, mask, samples = 0, layer.mask.T, layer.outputs
    else:
        return None
    full, left, found = two_dimension_sum(mask, samples)
    lines, across = AXES[axis], AXES[1 - axis]
    reason = f"{full} {lines} of {layer.place} have two learnable weights or more, {samples} "
    reason += "are needed"
    if left:
        reason += f"; the {across} hold {found} useful ones in the other {lines}, "
        reason += f"{2 * left} are needed"
    state = layer.maximal if found >= 2 * left else layer.minimal
    return state("two_dimensions", reason, axis=lines, full=full, left=left, found=found)


def two_dimension_sum(mask: Mask, samples: int) -> tuple[int, int, int]:
    """|C|, m' (at least 0) and the sum of min(c_i, m') of a mask with two outputs.

    >>> two_dimension_sum(np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=bool), 3)
    (1, 2, 3)
    """
    is_full = line_counts(mask, 1) >= 2
    full = int(np.count_nonzero(is_full))
    left = max(samples - full, 0)
    elsewhere = line_counts(mask & ~is_full, 0)
    return full, left, int(np.minimum(elsewhere, left).sum())
