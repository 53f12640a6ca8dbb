"""Peeling: lines with few frozen entries never matter, so only a core of the mask is left to judge.

Claim: a row with at most b frozen entries, or a column with at most a, can be deleted: the frozen
entries F are independent in B_(p,q)(a, b) iff those outside that line are. Proof: entry (i, j) has
the vector k_i (x) e_j + e_i (x) l_j, with k_i in R^a and l_j in R^b generic. The coordinates e_i
(x) R^b occur in the entries of row i only, there with the vectors l_j. At most b generic vectors of
R^b are independent, so a linear dependency has coefficient 0 on every entry of row i: it is one of
the other entries. Columns alike. What is left is B on the remaining lines, with the same a and b,
so the argument repeats; if no frozen entry is left, F is independent. In a core that is not empty
every row has more than b frozen entries and every column more than a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...problem.allocation import Mask
from ..counts import AXES, line_counts


@dataclass(frozen=True)
class Core:
    """The lines that peeling leaves (both none, or neither), and the deleted ones, in order.

    `peeled` holds [axis, lines] in turn: lines of one axis do not affect each other.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    peeled: list[list[str | list[int]]]

    @property
    def is_empty(self) -> bool:
        """Whether no frozen entry is left."""
        return len(self.rows) == 0


def find_core(mask: Mask, a: int, b: int) -> Core:
    """Delete rows with at most b frozen entries and columns with at most a, as long as there are
    any.

    Any a, b >= 0. Every line is read at most once more after the first count.

    >>> core = find_core(np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=bool), 1, 1)
    >>> core.rows, core.columns, core.peeled
    (array([0, 1]), array([0, 1]), [['rows', [2]], ['columns', [2]]])
    """
    frozen = [mask.shape[1 - axis] - line_counts(mask, axis) for axis in (0, 1)]
    alive = [np.ones(n, dtype=bool) for n in mask.shape]
    peeled: list[list[str | list[int]]] = []
    axis, idle = 0, 0
    while idle < 2:
        lines = np.flatnonzero(alive[axis] & (frozen[axis] <= (b, a)[axis]))
        idle = 0 if len(lines) else idle + 1
        if len(lines):
            alive[axis][lines] = False
            deleted = mask[lines] if axis == 0 else mask[:, lines]
            frozen[1 - axis] -= len(lines) - line_counts(deleted, 1 - axis)
            peeled.append([AXES[axis], lines.tolist()])
        axis = 1 - axis
    return Core(np.flatnonzero(alive[0]), np.flatnonzero(alive[1]), peeled)
