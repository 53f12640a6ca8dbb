"""Householder reflections and triangular solves on batches, the batch as the last axis.

With the batch last and contiguous, one array operation does the same step of thousands of small
matrices; LAPACK would be called once per matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

CACHED = 2**16  # doubles of one chunk on a CPU, for the second-level cache
ON_DEVICE = 2**24


def chunks(total: int, doubles: int, xp: ModuleType) -> Iterator[slice]:
    """Slices of `total` matrices of so many `doubles` each, chosen to fit the cache.

    >>> list(chunks(10, 2**14, np))
    [slice(0, 4, None), slice(4, 8, None), slice(8, 10, None)]
    """
    size = max(1, (CACHED if xp is np else ON_DEVICE) // max(doubles, 1))
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


def reduce(block: Any, columns: int, xp: ModuleType, below: int | None = None) -> None:
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


def solve_upper(triangle: Any, rights: Any, xp: ModuleType) -> Any:
    """X of triangle X = rights (k, width, batch), for upper triangles (k, k, batch).

    Not finite where a triangle is singular.
    """
    result = xp.empty_like(rights)
    for i in range(len(triangle) - 1, -1, -1):
        with np.errstate(all="ignore"):
            known = xp.einsum("kb,kjb->jb", triangle[i, i + 1 :], result[i + 1 :])
            result[i] = (rights[i] - known) / triangle[i, i]
    return result


def inverse_upper(triangle: Any, xp: ModuleType) -> Any:
    """Inverses of upper triangles (k, k, batch); not finite where one is singular."""
    unit = xp.eye(len(triangle))[:, :, None]
    return solve_upper(triangle, xp.broadcast_to(unit, triangle.shape).copy(), xp)
