"""Minors that are proved to be regular, of a matrix that is known up to a radius."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from .enclosures import EPSILON, TINY, Floats


class Minor(NamedTuple):
    """Rows and columns of a minor, in any order."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]


def regular_minor(mid: Floats, rad: Floats, size: int) -> Minor | None:
    """Rows and columns of a minor of this size that is regular in all matrices of the enclosure.

    Columns, then rows, are chosen by a QR decomposition with pivoting, in floats; that they are
    right is shown with all roundings counted. None says nothing.

    >>> mid = np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]])
    >>> minor = regular_minor(mid, np.full((3, 2), 1e-9), 2)
    >>> sorted(minor.columns)
    [0, 1]
    >>> regular_minor(np.ones((2, 2)), np.zeros((2, 2)), 2)
    """
    if size > min(mid.shape):
        return None
    with np.errstate(all="ignore"):
        known = np.where(np.isfinite(mid) & (abs(mid) > rad), mid, 0.0)  # the rest may be 0
        rows, columns = _powers(known)
        known = known * rows[:, None] * columns
        taken = _pivots(known)[:size]
        kept = _pivots(known[:, taken].T)[:size]
        at = np.ix_(kept, taken)
        scale = rows[kept, None] * columns[taken]
        if not is_regular(mid[at] * scale, rad[at] * scale + TINY):
            return None
    return Minor(tuple(kept.tolist()), tuple(taken.tolist()))


def _pivots(matrix: Floats) -> NDArray[np.int64]:
    """The columns, in the order in which a QR decomposition with pivoting takes them."""
    from scipy.linalg import qr

    decomposed: Any = qr(matrix, mode="r", pivoting=True, check_finite=False)
    return decomposed[-1]


def _powers(matrix: Floats) -> tuple[Floats, Floats]:
    """Powers of 2, within 2^+-300, that bring rows and then columns near to the size 1."""
    rows = _inverse_power(abs(matrix).max(axis=1, initial=0.0))
    columns = _inverse_power((abs(matrix) * rows[:, None]).max(axis=0, initial=0.0))
    return rows, columns


def _inverse_power(sizes: Floats) -> Floats:
    exponents = np.frexp(np.where(sizes > 0, sizes, 1.0))[1]
    return np.ldexp(1.0, -np.clip(exponents, -300, 300))


def is_regular(mid: Floats, rad: Floats) -> bool:
    """Whether every square matrix of the enclosure is shown to be regular (False says nothing).

    With an approximate inverse R in floats, |I - R M| has row sums below 1.

    >>> is_regular(np.eye(2), np.full((2, 2), 0.4)), is_regular(np.eye(2), np.full((2, 2), 0.6))
    (True, False)
    """
    n = len(mid)
    if not (np.isfinite(mid).all() and np.isfinite(rad).all()):
        return False
    try:
        inverse = np.linalg.inv(mid)
    except np.linalg.LinAlgError:
        return False
    with np.errstate(all="ignore"):
        # What R M may be off, by rounding and by the radius: row sums, |R| (c |M| + rad) 1.
        lost = abs(inverse) @ ((n + 4) * EPSILON * abs(mid) + rad).sum(axis=1)
        error = abs(np.eye(n) - inverse @ mid).sum(axis=1) + lost
        # TINY is more than what is below the normal floats in any of the sums, times the largest R.
        bound = error.max(initial=0.0) * (1 + 4 * (n + 4) * EPSILON) + n * n * TINY
    return bool(bound < 1 and abs(inverse).max(initial=0.0) < 1e200)


def minor_in_balls(
    matrix: NDArray[np.object_], size: int, deadline: Deadline = NEVER
) -> Minor | None:
    """The same for a matrix of balls (flint.arb): so many pivots, none of which holds 0."""
    scales = [max((_upper(x) for x in row), default=0) for row in matrix]
    lines = {i: list(row) for i, row in enumerate(matrix) if scales[i] > 0}
    rows: list[int] = []
    columns: list[int] = []
    while len(rows) < size:
        deadline.check("a minor in balls")
        places = [
            (x.abs_lower() / scales[i], i, j)
            for i, row in lines.items()
            for j, x in enumerate(row)
            if x != 0 and not x.contains(0)
        ]
        if not places:
            return None
        best = places[0]
        for place in places[1:]:
            if place[0] > best[0]:
                best = place
        _, i, j = best
        pivot = lines.pop(i)
        rows.append(i)
        columns.append(j)
        _eliminate(lines, pivot, j)
    return Minor(tuple(rows), tuple(columns))


def _eliminate(lines: dict[int, list[Any]], pivot: list[Any], j: int) -> None:
    for k, row in lines.items():
        factor = row[j] / pivot[j]
        lines[k] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
        lines[k][j] = 0 * factor  # it is 0, and no column of a later pivot


def _upper(x: Any) -> Any:
    return x.abs_upper() if hasattr(x, "abs_upper") else abs(x)
