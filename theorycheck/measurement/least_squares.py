"""Is b in the column space of A? Batches of linear systems, decided up to rounding of [A b].

Rows and columns are scaled first. Householder's R of [A b] is the exact one of a matrix whose
columns differ from those of [A b] by rounding, so its last entry `residual` is the exact distance
of a rounded b from the range of a rounded A. With noise = ROUNDING (rows + columns) EPSILON per
column, which also covers a few dozen roundings in computing the entries,

- match: residual <= noise (1 + |theta|_1), what noise in A and b can explain at the solution
  theta, and at most CHANCE: where theta is so large that the noise explains everything, nothing
  is decided;
- no match: residual > WIDE noise / s, s a lower bound of the smallest singular value of A: noise
  turns the range of A by no more than about noise / s;
- full row rank, with s above GATE: match, whatever b is.

Where s <= GATE, singular values decide the rank of A first: those up to noise count as zero,
those above WIDE noise do not, any between leave the system undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..computing.arrays import Array
from ..computing.pieces import by_pieces
from .batched_linalg import EPSILON, WIDE, equilibrate, inverse_upper, piece_size, reduce

ROUNDING = 4
CHANCE = 1e-9
GATE = 1e-6

MATCH, NO_MATCH, UNDECIDED = 1, 0, -1


@dataclass(frozen=True)
class AffineFits:
    """One decision per system (MATCH, NO_MATCH or UNDECIDED) and the residual relative to b.

    The residual is that of the scaled system, 0 where A has full row rank.
    """

    decision: Array
    residual: Array

    @property
    def matched(self) -> Array:
        """Which systems have a solution."""
        return self.decision == MATCH

    @property
    def undecided(self) -> Array:
        """Which systems are not decided."""
        return self.decision == UNDECIDED


def decide_affine(matrices: Array, vectors: Array, xp: ModuleType = np) -> AffineFits:
    """Decide systems A theta = b, shapes (batch, equations, unknowns) and (batch, equations).

    >>> a = np.array([[[1.0], [2.0]]] * 2)
    >>> decide_affine(a, np.array([[2.0, 4.0], [2.0, 5.0]])).decision.tolist()
    [1, 0]
    """
    batch, rows, columns = matrices.shape
    decision = xp.empty(batch, dtype=xp.int8)
    residual = xp.empty(batch)
    if columns == 0:  # only b = 0 is reached
        residual[:] = (vectors != 0).any(axis=1)
        return AffineFits(xp.where(residual > 0, NO_MATCH, MATCH).astype(xp.int8), residual)

    def work(part: slice) -> tuple[Array, Array]:
        return _decide(matrices[part], vectors[part], xp)

    for part, found in by_pieces(work, batch, piece_size(batch, rows * (columns + 1), xp)):
        decision[part], residual[part] = found
    return AffineFits(decision, residual)


def _decide(matrices: Array, vectors: Array, xp: ModuleType) -> tuple[Array, Array]:
    """Decisions and relative residuals of one chunk."""
    rows, columns = matrices.shape[1:]
    block = xp.empty((rows, columns + 1, len(matrices)))
    block[:, :columns] = xp.moveaxis(matrices, 0, -1)
    block[:, columns] = vectors.T
    sound = equilibrate(block, xp)
    block[:, columns] /= _lengths(block[:, columns], xp)
    noise = ROUNDING * (rows + columns) * EPSILON
    decision = xp.full(len(matrices), MATCH, dtype=xp.int8)
    residual = xp.zeros(len(matrices))
    if columns >= rows:  # b does not matter where the rows are independent
        triangle = block[:, :columns].swapaxes(0, 1).copy()
        reduce(triangle, rows, xp)
        smallest = _smallest(inverse_upper(triangle[:rows], xp), xp)
    else:
        triangle = block.copy()
        reduce(triangle, columns, xp)
        inverse = inverse_upper(triangle[:columns, :columns], xp)
        smallest = _smallest(inverse, xp)
        residual = xp.sqrt((triangle[columns:, columns] ** 2).sum(axis=0))
        with np.errstate(all="ignore"):
            theta = xp.abs(xp.einsum("ijb,jb->ib", inverse, triangle[:columns, columns])).sum(
                axis=0
            )
        decision[:] = _compared(residual, theta, smallest, noise, xp)
    hard = xp.nonzero(sound & ~(smallest > GATE))[0]
    if len(hard):
        again = xp.moveaxis(block[:, :, hard], -1, 0)
        decision[hard], residual[hard] = _by_singular_values(again, noise, xp)
    decision[~sound] = UNDECIDED
    return decision, xp.where(sound, residual, xp.nan)


def _compared(
    residual: Array, theta: Array, smallest: Array, noise: float, xp: ModuleType
) -> Array:
    """Decisions from relative residuals, |theta|_1 and lower bounds of singular values."""
    match = (residual <= noise * (1 + theta)) & (residual <= CHANCE)
    return xp.where(match, MATCH, xp.where(residual * smallest > WIDE * noise, NO_MATCH, UNDECIDED))


def _by_singular_values(both: Array, noise: float, xp: ModuleType) -> tuple[Array, Array]:
    """The same for matrices [A b] (batch, rows, columns) whose A may lack rank."""
    matrices, vectors = both[:, :, :-1], both[:, :, -1]
    left, values, _ = xp.linalg.svd(matrices, full_matrices=False)
    floor = noise * xp.maximum(values[:, :1], 1)
    counts = values > floor
    clear = (~counts | (values > WIDE * floor)).all(axis=1)
    through = xp.einsum("bik,bi->bk", left, vectors) * counts
    rest = vectors - xp.einsum("bik,bk->bi", left, through)
    smallest = xp.minimum(xp.where(counts, values, 1).min(axis=1), 1)
    # |theta|_1 at the least-norm solution is at most sqrt(columns) times its length.
    theta = xp.sqrt(values.shape[1] * ((through / xp.where(counts, values, 1)) ** 2).sum(axis=1))
    onto = counts.sum(axis=1) == both.shape[1]
    residual = xp.where(onto, 0, xp.sqrt((rest**2).sum(axis=1)))
    decision = _compared(residual, theta, smallest, noise, xp)
    return xp.where(clear, xp.where(onto, MATCH, decision), UNDECIDED), residual


def _smallest(inverse: Array, xp: ModuleType) -> Array:
    """Lower bounds of the smallest singular values: 1 / |inverse| in the Frobenius norm."""
    with np.errstate(all="ignore"):
        bound = 1 / xp.sqrt(xp.einsum("ijb,ijb->b", inverse, inverse))
    return xp.where(xp.isfinite(bound), bound, 0)


def _lengths(vectors: Array, xp: ModuleType) -> Array:
    """Euclidean lengths along the first axis, 1 for zero vectors."""
    lengths = xp.sqrt((vectors**2).sum(axis=0))
    return xp.where(lengths > 0, lengths, 1)
