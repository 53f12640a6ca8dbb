"""The smallest allocations of two square layers that one level for all units makes maximal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from ..shared import exhaustive
from .orders import degrees


@dataclass(frozen=True)
class Sizes:
    """Columns of W1: `long` fewer of them are longer than n - level, and one is `short`er."""

    long: int = 0
    short: int = 0

    def of(self, n: int, level: int) -> list[int]:
        """Learnables in each column of W1, ascending."""
        number = max(level - self.long, 0)
        sizes = [n - level] * (n - number) + [n - level + s for s in range(1, number + 1)]
        sizes[0] = max(sizes[0] - self.short, 0)
        return sizes


def full_rank(sizes: Sizes) -> Iterator[str | None]:
    """Every unit of W2 has `level` learnables, columns of W1 the sizes: the rank is n^2.

    For r = D = 4 the number of solutions is odd, too.
    """
    for n in (2, 3):
        (network,) = (net for net in exhaustive.feedforward_networks((n,), (2,), 2 * n * n))
        names = list(network.weight_shapes)
        for level in range(1, n):
            masks = np.array(list(_masks(n, level, sizes.of(n, level))))
            ranks = exhaustive.ranks(network, n, names, masks)
            if masks.sum() == n * n * len(masks):
                known = degrees() if n == 2 else {}
                ranks *= [known.get(mask.tobytes(), 1) % 2 for mask in masks]
            yield from exhaustive.outcomes(ranks < n * n, network, n, names, masks)


def _masks(n: int, level: int, sizes: list[int]) -> Iterator[NDArray[np.bool_]]:
    """All with such columns, up to the order of the columns of W1."""
    second = list(product(combinations(range(n), level), repeat=n))
    for first in product(*(combinations(range(n), size) for size in sizes)):
        for outer in second:
            mask = np.zeros((2, n, n), dtype=bool)
            for t, rows in enumerate(first):
                mask[0, list(rows), t] = True
            for k, rows in enumerate(outer):
                mask[1, list(rows), k] = True
            yield mask.ravel()
