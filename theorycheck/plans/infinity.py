"""The Jacobian of the equations at a point of T14, where infinite columns are to be 0 (L2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import reduce
from ..field.elimination import Elimination
from .algebra import Algebra, Matrix
from .levels import Built
from .pairs import Data, Pair

_BLOCK = 256  # columns that enter an elimination together
# Seconds, of each entry of a Jacobian, and of its rank, in equations^2 x learnables.
_ENTRY_SECONDS, _STEP_SECONDS = 5e-8, 1.5e-11


def unknowns_of(pair: Pair) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places (i, k) of U and (k, t) of V, row by row: columns of a Jacobian, U first."""
    return np.argwhere(pair.outer), np.argwhere(pair.inner)


def derivatives(pair: Pair, data: Data, built: Built, algebra: Algebra) -> Matrix:
    """The derivatives of P (A + U) (B + V) by all unknowns; equation (i, t) is i columns + t."""
    outer, inner = unknowns_of(pair)
    by_outer = data.through[:, None, outer[:, 0]] * built.inner[outer[:, 1]].T[None]
    by_inner = algebra.array(np.zeros((pair.rows, pair.columns, len(inner)), dtype=int))
    numbers = np.arange(len(inner))
    by_inner[:, inner[:, 1], numbers] = built.through[:, inner[:, 0]]
    found = np.concatenate([by_outer, by_inner], axis=2)
    return algebra.reduced(found.reshape(pair.n_equations, -1))


def basis(
    pair: Pair, data: Data, built: Built, prime: int, algebra: Algebra, deadline: Deadline = NEVER
) -> list[int] | None:
    """Columns of a minor, of the size of all equations, that is not 0; None if there is none.

    Raises `OutOfTimeError` after the deadline, or at once if it is too near.
    """
    entries = float(pair.n_equations) * pair.n_learnable
    seconds = entries * (_ENTRY_SECONDS + pair.n_equations * _STEP_SECONDS)
    deadline.afford(seconds, "the Jacobian at a point of levels")
    return basis_of(derivatives(pair, data, built, algebra), prime, deadline)[0]


def basis_of(
    matrix: Matrix, prime: int, deadline: Deadline = NEVER
) -> tuple[list[int] | None, int]:
    """Columns that are a basis of the column space, None if rows are dependent; and how many."""
    elimination = Elimination(len(matrix), prime, deadline=deadline)
    for start in range(0, matrix.shape[1], _BLOCK):
        elimination.extend(reduce(matrix[:, start : start + _BLOCK], prime))
        if elimination.rank == len(matrix):
            return list(elimination.pivot_columns), 0
    return None, len(matrix) - elimination.rank
