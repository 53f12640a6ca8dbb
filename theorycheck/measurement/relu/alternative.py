"""One system of inequalities in several unknowns: a point with a margin, or a proof of none.

Farkas: slopes c + constants >= 0 has no solution c just if a combination of the inequalities with
weights >= 0 says 0 >= 1. Non-negative least squares looks for those weights; if there are none its
residual is a solution. What it returns is checked here, whichever it is; where neither holds
clearly, a linear programme looks for the point with the largest margin.
"""

from __future__ import annotations

import numpy as np

from ...computing.arrays import Array
from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .units import CLEAR

_EXCLUDED = 1e-6  # of the margin of a linear programme, whose solver works to 1e-9
_CANCELS = 1e-12  # relative; what the weighted slopes must sum up to
_INSIDE = 1e-6  # how far inside a point is sought, so that it has a margin


def compared(values: Array, margin: Array) -> Array:
    """Decide whether all values are at least 0, for each of a batch.

    >>> compared(np.array([[1.0, 2.0], [1.0, -2.0], [1.0, 0.0]]), np.full(2, 1e-9)).tolist()
    [1, 0, -1]
    """
    is_good, is_bad = (values > margin).all(axis=-1), (values < -margin).any(axis=-1)
    return np.where(is_bad, NO_MATCH, np.where(is_good, MATCH, UNDECIDED))


def by_certificate(slopes: Array, constants: Array, margin: Array) -> int:
    """Decide whether slopes (number, unknowns) c + constants >= 0 has a solution.

    `margin` is what each of the values may be off near the origin.

    >>> slopes = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    >>> [by_certificate(slopes, np.array([0.0, 0.0, end]), np.full(3, 1e-9)) for end in (1, -1)]
    [1, 0]
    """
    lengths = np.sqrt((slopes**2).sum(axis=1))
    moving = lengths > 0
    still = int(compared(constants[~moving], margin[~moving]))
    if still == NO_MATCH or not moving.any():
        return still
    rows, scale = slopes[moving] / lengths[moving, None], lengths[moving]
    heights, blur = constants[moving] / scale, margin[moving] / scale
    size = float(abs(heights).max()) or 1.0
    answer = _farkas(rows, heights / size, blur / size)
    if answer == UNDECIDED:
        answer = _programme(rows, heights / size, blur / size)
    return UNDECIDED if answer == MATCH and still != MATCH else answer


def _has_margin(point: Array, rows: Array, heights: Array, blur: Array) -> bool:
    if not np.isfinite(point).all():
        return False
    return bool((rows @ point + heights > blur + CLEAR * (abs(rows) @ abs(point))).all())


def _farkas(rows: Array, heights: Array, blur: Array) -> int:
    from scipy.optimize import nnls

    inner = heights - 10 * blur - _INSIDE
    matrix = np.vstack([rows.T, inner])
    target = np.zeros(len(matrix))
    target[-1] = -1
    try:
        weights, _ = nnls(matrix, target)
    except RuntimeError:  # too many iterations
        return UNDECIDED
    rest = target - matrix @ weights
    if rest[-1] < 0:
        with np.errstate(all="ignore"):
            point = rest[:-1] / rest[-1]
        if _has_margin(point, rows, heights, blur):
            return MATCH
    total = weights.sum()
    cancels = (abs(weights @ rows) <= _CANCELS * total).all()
    return NO_MATCH if cancels and weights @ (heights + 10 * blur) < -CLEAR * total else UNDECIDED


def _programme(rows: Array, heights: Array, blur: Array) -> int:
    """The largest s with rows c + heights >= s, but s <= 1."""
    from scipy.optimize import linprog

    width = rows.shape[1]
    result = linprog(
        np.append(np.zeros(width), -1.0),
        A_ub=np.column_stack([-rows, np.ones(len(rows))]),
        b_ub=heights,
        bounds=[(None, None)] * width + [(None, 1)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9},
    )
    if result.status != 0:
        return UNDECIDED
    if _has_margin(result.x[:width], rows, heights, blur):
        return MATCH
    return NO_MATCH if result.x[width] < -_EXCLUDED else UNDECIDED
