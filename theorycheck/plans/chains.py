"""Newton's method in floats on a product of matrices, some of whose entries are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Mask

Numbers: TypeAlias = NDArray[np.floating[Any]]
_SCALES = tuple(10.0**-k for k in (1, 1.5, 2, 2.5, 3, 4, 5))
_STEPS = 30
_CLOSE = 1e-11


@dataclass(frozen=True)
class Chain:
    """Matrices to be multiplied in this order, and the masks of the unknown entries of each."""

    matrices: tuple[Numbers, ...]
    masks: tuple[Mask, ...]

    @property
    def product(self) -> Numbers:
        """The product of all."""
        return reduce(np.matmul, self.matrices)

    def derivatives(self) -> Numbers:
        """Those of the product, row by row, by the unknowns of the matrices one after the other.

        >>> chain = Chain((np.array([[2.0]]), np.array([[3.0]])), (np.ones((1, 1), bool),) * 2)
        >>> chain.derivatives()
        array([[3., 2.]])
        """
        rows, columns = len(self.matrices[0]), self.matrices[-1].shape[1]
        left, rights = np.eye(rows), [np.eye(columns)]
        for matrix in self.matrices[:0:-1]:
            rights.append(matrix @ rights[-1])
        parts = []
        for mask, matrix, right in zip(self.masks, self.matrices, reversed(rights), strict=True):
            places = np.argwhere(mask)
            part = left[:, None, places[:, 0]] * right[places[:, 1]].T[None]
            parts.append(part.reshape(rows * columns, len(places)))
            left = left @ matrix
        return np.concatenate(parts, axis=1)

    def changed(self, change: Numbers) -> Chain:
        """With this added to the unknowns, in the order of `derivatives`."""
        matrices, start = [], 0
        for mask, matrix in zip(self.masks, self.matrices, strict=True):
            places, moved = np.argwhere(mask), matrix.copy()
            moved[tuple(places.T)] += change[start : start + len(places)]
            start += len(places)
            matrices.append(moved)
        return Chain(tuple(matrices), self.masks)

    def with_last(self, matrix: Numbers) -> Chain:
        """With another last matrix."""
        return Chain((*self.matrices[:-1], matrix), self.masks)


def followed(
    point: Chain, last: Numbers, target: Numbers, infinite: NDArray[np.bool_]
) -> Chain | None:
    """The match to which Newton steps lead from infinite columns 1/s times those of a point.

    The frozen entries of the last matrix are those of `last`. None if none is found.
    """
    best, least, mask = None, np.inf, point.masks[-1]
    for scale in _SCALES:
        factors = np.where(infinite, scale, 1.0)
        start = point.with_last(np.where(mask, point.matrices[-1], last * factors))
        near = _newton(start, target * factors)
        if near is None:
            continue
        found = near.with_last(np.where(mask, near.matrices[-1] / factors, last))
        error = np.abs(found.product - target).max()
        if error < least:
            best, least = found, error
        if error < _CLOSE * np.abs(target).max():
            break
    return best if least < 1e-6 * np.abs(target).max() else None


def moved(match: Chain, target: Numbers, move: float, rng: np.random.Generator) -> Chain | None:
    """Another match near one: the Jacobian being onto, these are a manifold."""
    matrices = [
        np.where(mask, values * (1 + move * rng.normal(size=values.shape)), values)
        for mask, values in zip(match.masks, match.matrices, strict=True)
    ]
    found = _newton(Chain(tuple(matrices), match.masks), target)
    if found is None:
        return None
    error = np.abs(found.product - target).max()
    return found if error < 1e-9 * np.abs(target).max() else None


def _newton(chain: Chain, target: Numbers) -> Chain | None:
    """Unknowns with which the product is the target, near those of a chain."""
    for _ in range(_STEPS):
        rest = target - chain.product
        size = np.abs(rest).max()
        if not np.isfinite(size) or size > 1e8:
            return None
        if size < 1e-15:
            break
        chain = chain.changed(np.linalg.lstsq(chain.derivatives(), rest.ravel(), rcond=1e-13)[0])
    return chain
