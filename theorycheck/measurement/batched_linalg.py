"""Linear algebra on batches of matrices: scaling, Householder reflections, triangles, ranks.

With the batch as the last axis and contiguous, one array operation does the same step of thousands
of small matrices; LAPACK would be called once per matrix. Rows and columns are brought to one scale
before anything is called small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..computing.arrays import Array
from ..computing.pieces import that_fit

CACHED = 2**16  # doubles of one piece on a CPU, for the second-level cache
# Rows or columns smaller than this part of the largest may be nothing but rounding errors, which
# scaling would blow up to full size.
LOPSIDED = 1e-10
EPSILON = 2.0**-52
# A singular value up to _ROUNDING max(rows, columns) EPSILON times the largest one is explained by
# the rounding of the entries (a few dozen operations each); the decision wants the next one WIDE
# times above that.
_ROUNDING = 64
WIDE = 1e4


def piece_size(total: int, doubles: int, xp: ModuleType) -> int:
    """How many of `total` matrices of so many `doubles` fit the cache, or a device's memory.

    >>> piece_size(10, 2**14, np)
    4
    """
    if xp is np:
        return max(1, CACHED // max(doubles, 1))
    return that_fit(total, doubles, xp)


def chunks(total: int, doubles: int, xp: ModuleType) -> Iterator[slice]:
    """Slices of `total` matrices that fit the cache; a device is given all of them at once.

    >>> list(chunks(10, 2**14, np))
    [slice(0, 4, None), slice(4, 8, None), slice(8, 10, None)]
    """
    size = piece_size(total, doubles, xp) if xp is np else max(total, 1)
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


def reduce(block: Array, columns: int, xp: ModuleType, below: int | None = None) -> None:
    """Turn the first `columns` columns of `block` (rows, width, batch) into a triangle, in place.

    The other columns are reflected along. `below`: entries of column k lie in rows up to
    k + below only, as in a matrix on top of a diagonal one.
    """
    rows = len(block)
    for k in range(min(columns, rows - 1)):
        end = rows if below is None else min(rows, k + below + 1)
        mirror = block[k:end, k].copy()
        length = xp.sqrt(xp.einsum("ib,ib->b", mirror, mirror))
        pivot = xp.copysign(length, mirror[0])
        mirror[0] += pivot
        size = pivot * mirror[0]  # half the squared length of the mirror
        rest = block[k:end, k + 1 :]
        through = xp.einsum("ib,ijb->jb", mirror, rest) / xp.where(size > 0, size, 1)
        rest -= mirror[:, None] * through
        block[k, k] = -pivot
        block[k + 1 : end, k] = 0


def solve_upper(triangle: Array, rights: Array, xp: ModuleType) -> Array:
    """X of triangle X = rights (k, width, batch), for upper triangles (k, k, batch).

    Not finite where a triangle is singular.
    """
    result = xp.empty_like(rights)
    for i in range(len(triangle) - 1, -1, -1):
        with np.errstate(all="ignore"):
            known = xp.einsum("kb,kjb->jb", triangle[i, i + 1 :], result[i + 1 :])
            result[i] = (rights[i] - known) / triangle[i, i]
    return result


def inverse_upper(triangle: Array, xp: ModuleType) -> Array:
    """Inverses of upper triangles (k, k, batch); not finite where one is singular."""
    unit = xp.eye(len(triangle))[:, :, None]
    return solve_upper(triangle, xp.broadcast_to(unit, triangle.shape).copy(), xp)


def equilibrate(matrices: Array, xp: ModuleType) -> Array:
    """Divide rows and then columns of the matrices (rows, columns, batch) by their largest entry.

    In place. Returns whether each matrix is sound: finite, and no row or column but zero ones
    smaller than LOPSIDED times the largest. Unsound ones are set to zero.
    """
    sizes = xp.abs(matrices)
    sound = xp.isfinite(sizes.max(axis=(0, 1)))
    if not sound.all().item():
        matrices[:, :, ~sound] = sizes[:, :, ~sound] = 0
    for axis in (1, 0):
        largest = sizes.max(axis=axis, keepdims=True)
        level = LOPSIDED * largest.max(axis=(0, 1))
        sound &= ((largest == 0) | (largest >= level)).all(axis=(0, 1))
        factors = 1 / xp.where(largest > 1e-300, largest, 1)
        matrices *= factors
        sizes *= factors
    matrices[:, :, ~sound] = 0
    return sound


@dataclass(frozen=True)
class Ranks:
    """Ranks (-1 where undecided) and the gaps they were read from.

    `gap` is the smallest singular value above the rounding level over that level (infinite for
    rank 0): decided where it is at least WIDE. It is 1 for a matrix that is not finite or whose
    rows or columns differ too much in size.
    """

    rank: Array
    gap: Array

    def __getitem__(self, index: int) -> int | None:
        """The rank of one matrix, None if undecided."""
        rank = self.rank[index].item()
        return None if rank < 0 else rank

    def __len__(self) -> int:
        return len(self.rank)


def measured_rank(matrices: Array, xp: ModuleType = np) -> Ranks:
    """Ranks of matrices (batch, rows, columns) after equilibrating rows and columns.

    Decided only if every singular value is either at the rounding level or WIDE above it.

    >>> ranks = measured_rank(np.array([np.eye(2), np.ones((2, 2)), [[1, 1], [1, 1 + 1e-11]]]))
    >>> ranks[0], ranks[1], ranks[2]
    (2, 1, None)
    """
    batch, rows, columns = matrices.shape
    if min(rows, columns) == 0:
        return Ranks(xp.zeros(batch, dtype=xp.int64), xp.full(batch, xp.inf))
    scaled = xp.moveaxis(matrices, 0, -1).copy()
    sound = equilibrate(scaled, xp)
    values = xp.linalg.svd(xp.moveaxis(scaled, -1, 0), compute_uv=False)
    floor = _ROUNDING * max(rows, columns) * EPSILON * values[:, :1]
    rank = (values > floor).sum(axis=1)
    smallest = xp.where(values > floor, values, xp.inf).min(axis=1)
    with np.errstate(all="ignore"):
        gap = xp.where(rank > 0, smallest / floor[:, 0], xp.inf)
    return Ranks(xp.where(sound & (gap >= WIDE), rank, -1), xp.where(sound, gap, 1.0))
