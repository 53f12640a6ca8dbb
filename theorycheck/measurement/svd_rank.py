"""Numerical rank of batches of matrices by singular values, undecided where no gap shows."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from .equilibration import equilibrate

EPSILON = 2.0**-52
# A singular value up to ROUNDING max(rows, columns) EPSILON times the largest one is explained by
# the rounding of the entries (a few dozen operations each); the decision wants the next one WIDE
# times above that.
ROUNDING = 64
WIDE = 1e4


@dataclass(frozen=True)
class Ranks:
    """Ranks (-1 where undecided) and the gaps they were read from.

    `gap` is the smallest singular value above the rounding level over that level (infinite for
    rank 0): decided where it is at least WIDE. It is 1 for a matrix that is not finite or whose
    rows or columns differ too much in size.
    """

    rank: Any
    gap: Any

    def __getitem__(self, index: int) -> int | None:
        """The rank of one matrix, None if undecided."""
        rank = int(self.rank[index])
        return None if rank < 0 else rank

    def __len__(self) -> int:
        return len(self.rank)


def measured_rank(matrices: Any, xp: ModuleType = np) -> Ranks:
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
    floor = ROUNDING * max(rows, columns) * EPSILON * values[:, :1]
    rank = (values > floor).sum(axis=1)
    smallest = xp.where(values > floor, values, xp.inf).min(axis=1)
    with np.errstate(all="ignore"):
        gap = xp.where(rank > 0, smallest / floor[:, 0], xp.inf)
    return Ranks(xp.where(sound & (gap >= WIDE), rank, -1), xp.where(sound, gap, 1.0))
