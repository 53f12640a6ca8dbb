"""a = b = 1: the frozen entries, as edges between rows and columns, must form a forest."""

from __future__ import annotations

import numpy as np

from ...problem.allocation import Mask
from ..base import Finding
from ..counts import name_lines
from .layer import Layer


def by_forest(layer: Layer) -> Finding | None:
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
