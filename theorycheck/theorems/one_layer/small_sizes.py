"""Small sizes that are decided in one go.

a = b = 1: the frozen entries, as edges between rows and columns, must form a forest. Two outputs
(or two samples): a sum over the rows decides.
"""

from __future__ import annotations

import numpy as np

from ...problem.allocation import Mask
from ..base import Finding
from ..counts import AXES, line_counts, name_lines
from .layer import LearnableLayer


def by_forest(layer: LearnableLayer) -> Finding | None:
    """Maximal iff peeling leaves of the graph (lines with one frozen entry) leaves nothing.

    None unless a = b = 1. After scaling, the vectors of the entries are those of the graphic
    matroid.
    """
    if not layer.a == layer.b == 1:
        return None
    core = layer.core
    if core.is_empty:
        entries = np.argwhere(~layer.mask).tolist()
        reason = (
            f"the {len(entries)} frozen weights of {layer.place} form a forest between its rows "
        )
        reason += "and columns"
        return layer.maximal("forest", reason, frozen=entries)
    cycle = [[int(core.rows[i]), int(core.columns[j])] for i, j in find_cycle(layer.frozen_core)]
    rows, columns = sorted({i for i, _ in cycle}), sorted({j for _, j in cycle})
    n_frozen = layer.mask.size - int(np.count_nonzero(layer.mask))
    reason = (
        f"the {n_frozen} frozen weights of {layer.place} must form a forest, but "
        f"{name_lines('rows', rows, len(rows))} and "
        f"{name_lines('columns', columns, len(columns))} form a cycle"
    )
    return layer.minimal("cycle", reason, cycle=cycle)


def find_cycle(frozen: Mask) -> list[tuple[int, int]]:
    """Entries of a cycle, neighbours sharing a row and a column in turn.

    Every line of `frozen` must have two entries or more: a walk can then always go on, and closes a
    cycle in the first line that it meets again.

    >>> find_cycle(np.ones((2, 2), dtype=bool))
    [(0, 0), (1, 0), (1, 1), (0, 1)]
    """
    walk: list[tuple[int, int]] = []
    met: dict[tuple[int, int], int] = {}  # line -> number of entries before the walk came to it
    axis, line, last = 0, 0, -1
    while (axis, line) not in met:
        met[axis, line] = len(walk)
        across = frozen[line] if axis == 0 else frozen[:, line]
        step = next(int(k) for k in np.flatnonzero(across)[:2] if k != last)
        walk.append((line, step) if axis == 0 else (step, line))
        axis, line, last = 1 - axis, step, line
    return walk[met[axis, line] :]


def by_two_dimensions(layer: LearnableLayer) -> Finding | None:
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
