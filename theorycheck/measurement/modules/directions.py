"""What a matrix of full information tells beyond its rank: which columns are needed for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ALONE = 1e-10  # squared distance from the row space that a column's unit vector has by rounding
_PIVOT = 1e-6  # a smaller one asks for pivots that are chosen with more care


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Singular values of a matrix, and an orthonormal basis of its row space, a column each."""

    values: Floats
    basis: Floats

    def row_space(self, rank: int) -> Floats:
        """An orthonormal basis of the row space, (columns of the matrix, rank)."""
        return self.basis[:, :rank]


def decompose(matrix: Floats) -> Decomposition:
    """Singular values and right singular vectors of a matrix, by way of its QR factors.

    >>> found = decompose(np.array([[3.0, 0.0, 4.0]]))
    >>> found.values.tolist(), found.row_space(1).shape
    ([5.0], (3, 1))
    """
    from scipy.linalg import svd

    rows, columns = matrix.shape
    if columns >= rows:
        tall, triangle = _qr(matrix.T, mode="economic")
        left, values, _ = svd(triangle, check_finite=False)
        return Decomposition(values, tall @ left)
    (triangle,) = _qr(matrix, mode="r")
    _, values, right = svd(triangle[:columns], check_finite=False)
    return Decomposition(values, right.T)


def redundant(row_space: Floats, floor: float) -> NDArray[np.bool_]:
    """The columns of which any one can be left out without a loss of rank.

    A column is needed exactly if its unit vector lies in the row space, up to the relative error
    `floor` of that.

    >>> redundant(np.array([[1.0, 0], [0, 0.6], [0, 0.8]]), 0.0).tolist()
    [False, True, True]
    """
    distance = 1 - np.einsum("ij,ij->i", row_space, row_space)
    return distance > max(_ALONE, (10 * floor) ** 2)


def independent(row_space: Floats) -> NDArray[np.bool_]:
    """A basis: as many columns of the matrix as its rank, linearly independent.

    By elimination on an orthonormal basis of the row space, with row pivots; where one is small by
    a QR factorisation with pivots.

    >>> int(independent(np.array([[0.0], [0.6], [0.8]])).argmax())
    2
    """
    from scipy.linalg import lu_factor

    columns, rank = row_space.shape
    chosen = np.zeros(columns, dtype=bool)
    if not rank:
        return chosen
    triangle, swaps = lu_factor(row_space, check_finite=False)
    if abs(np.diagonal(triangle)).min() > _PIVOT:
        order = np.arange(columns)
        for place, other in enumerate(swaps.tolist()):
            order[[place, other]] = order[[other, place]]
    else:
        _, order = _qr(row_space.T, mode="r", pivoting=True)
    chosen[order[:rank]] = True
    return chosen


def _qr(matrix: Floats, **options: Any) -> Any:
    """The factors that `scipy.linalg.qr` returns, as many as the options say."""
    from scipy.linalg import qr

    return qr(matrix, check_finite=False, **options)
