"""The linear systems of T14 for two square layers, once more and in plain integers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations, product
from typing import TypeAlias

import numpy as np

from ..shared import exhaustive
from ..shared.polynomial_systems import PRIME, draw, entries_of, equations, number_of_solutions

Row: TypeAlias = list[int]
Bits: TypeAlias = tuple[tuple[bool, ...], ...]


@dataclass(frozen=True)
class Orders:
    """What is asked of a point: `by_ranks`, else counts alone, and `regular` infinite columns."""

    by_ranks: bool = True
    regular: bool = True


def solve(rows: list[Row], right: Row, start: Row) -> tuple[Row | None, int]:
    """A solution whose free unknowns are as in `start`, None if there is none; and the rank.

    >>> solve([[2, 1]], [3], [0, 1])
    ([1, 1], 1)
    """
    width, pivots = len(start), []
    left = [[*row, (b - sum(a * x for a, x in zip(row, start, strict=True))) % PRIME]
            for row, b in zip(rows, right, strict=True)]  # fmt: skip
    for column in range(width):
        at = next((i for i in range(len(pivots), len(left)) if left[i][column] % PRIME), None)
        if at is None:
            continue
        own = len(pivots)
        left[own], left[at] = left[at], left[own]
        inverse = pow(left[own][column], -1, PRIME)
        left[own] = [x * inverse % PRIME for x in left[own]]
        for i, row in enumerate(left):
            if i != own and row[column]:
                left[i] = [
                    (x - row[column] * y) % PRIME for x, y in zip(row, left[own], strict=True)
                ]
        pivots.append(column)
    if any(row[width] for row in left[len(pivots) :]):
        return None, len(pivots)
    values = list(start)
    for own, column in enumerate(pivots):
        values[column] = (values[column] + left[own][width]) % PRIME
    return values, len(pivots)


class Point:
    """Two n x n layers y = (A + U) (B + V) at random data, all of one size."""

    def __init__(self, second: Bits, first: Bits, seed: int = 0) -> None:
        rng, n = np.random.default_rng(seed), len(first)
        self.n, self.u, self.v = n, second, first
        self.a, self.b, self.y, self.extra = (
            rng.integers(1, PRIME, (n, n)).astype(object) for _ in range(4)
        )
        self.z: list[Row] = []

    def build(self, units: tuple[int, ...], columns: tuple[int | None, ...], chosen: int) -> bool:
        """Steps 1 to 4, with all ranks."""
        n = self.n
        for number in range(1, chosen + 1):
            wanted = [t for t in range(n) if (columns[t] or 0) >= number]
            low = [k for k in range(n) if units[k] < number]
            rest = [[(self.y[i, t] - sum(self.a[i, k] * self.b[k, t] for k in low)) % PRIME
                     for i in range(n)] for t in wanted]  # fmt: skip
            z, rank = solve(rest, [0] * len(rest), list(self.extra[-number]))
            if z is None or rank < len(rest):
                return False
            self.z.append(z)
            if number < chosen and not self._upper([k for k in range(n) if units[k] == number],
                                                   units, columns, chosen, n + 1):  # fmt: skip
                return False
        highest = max(chosen, *units, *(level or 0 for level in columns))
        self.z += [list(row) for row in self.extra[: highest - chosen]]
        if solve(self.z, [0] * len(self.z), [0] * n)[1] < highest:
            return False
        upper = [k for k in range(n) if units[k] >= chosen]
        if not self._upper(upper, units, columns, chosen, chosen):
            return False
        return all(self._column(t, units, columns[t]) for t in range(n))

    def _upper(self, chosen_units: list[int], units: tuple[int, ...],
               columns: tuple[int | None, ...], chosen: int, first: int) -> bool:  # fmt: skip
        """z_i (A + U)_k = 0, jointly with columns of a level above `first`."""
        n = self.n
        places = [(i, k) for k in chosen_units for i in range(n) if self.u[i][k]]
        rows, right = [], []
        frozen = self.a.copy()
        for i, k in places:
            frozen[i, k] = 0
        for k in chosen_units:
            for z in self.z[: units[k]]:
                rows.append([z[i] if unit == k else 0 for i, unit in places])
                right.append(-sum(z[i] * frozen[i, k] for i in range(n)) % PRIME)
        for t, level in enumerate(columns):
            for z in self.z[first : level or 0]:
                rows.append([z[i] * self.b[k, t] % PRIME for i, k in places])
                made = sum(z[i] * frozen[i, k] * self.b[k, t] for i in range(n) for k in range(n))
                right.append((sum(z[i] * self.y[i, t] for i in range(n)) - made) % PRIME)
        values, rank = solve(rows, right, [self.a[place] for place in places])
        if values is None or rank < len(rows):
            return False
        for place, value in zip(places, values, strict=True):
            self.a[place] = value
        return True

    def _column(self, t: int, units: tuple[int, ...], level: int | None) -> bool:
        """Steps 3 and 4."""
        n = self.n
        own = [k for k in range(n) if self.v[k][t] and units[k] >= (level or 0)]
        if level is None:
            self.b[:, t], needed = 0, 0
            for k in sorted((units[k] for k in own), reverse=True):
                needed += needed < n - k
            start, wanted = [1 + k for k in range(len(own))], [0] * n
        else:
            others = [k for k in range(n) if k not in own]
            start, needed = [self.b[k, t] for k in own], n - level
            wanted = [(self.y[i, t] - sum(self.a[i, k] * self.b[k, t] for k in others)) % PRIME
                      for i in range(n)]  # fmt: skip
        values, rank = solve([[self.a[i, k] for k in own] for i in range(n)], wanted, start)
        if values is None or rank < needed:
            return False
        for k, value in zip(own, values, strict=True):
            self.b[k, t] = value
        return True

    def jacobian_rank(self) -> int:
        """That of (A + U) (B + V) in all of U and V."""
        n = self.n
        columns = [[self.b[k, t] if a == i else 0 for a in range(n) for t in range(n)]
                   for i in range(n) for k in range(n) if self.u[i][k]]  # fmt: skip
        columns += [[self.a[i, k] if b == t else 0 for i in range(n) for b in range(n)]
                    for k in range(n) for t in range(n) if self.v[k][t]]  # fmt: skip
        return solve(columns, [0] * len(columns), [0] * n**2)[1]


def works(orders: Orders, second: Bits, first: Bits) -> bool:
    """Whether some levels work."""
    n = len(first)
    most = [sum(row[k] for row in second) for k in range(n)]
    for units in product(*(range(min(m, n) + 1) for m in most)):
        for columns in product([None, *range(n + 1)], repeat=n):
            for chosen in range(n + 1):
                if _fits(orders, second, first, units, columns, chosen):
                    return True
    return False


def _fits(orders: Orders, second: Bits, first: Bits, units: tuple[int, ...],
          columns: tuple[int | None, ...], chosen: int) -> bool:  # fmt: skip
    """Whether these levels do, by counts at least."""
    n = len(first)
    spare = sum(map(sum, second)) - sum(units)
    for t, level in enumerate(columns):
        own = sum(first[k][t] and units[k] >= (level or 0) for k in range(n))
        if level is not None and own < n - level:
            return False
        spare -= max((level or 0) - chosen, 0)
    rooms = all(sum((level or 0) >= j for level in columns) <= n - j for j in range(1, chosen + 1))
    if spare < 0 or not rooms:
        return False
    if not orders.by_ranks:
        return True
    point = Point(second, first)
    if not point.build(units, columns, chosen):
        return False
    return None not in columns or not orders.regular or point.jacobian_rank() == n**2


@cache
def degrees() -> dict[bytes, int]:
    """The numbers of solutions of all allocations of 2-2-2 of r = D."""
    (network,) = (net for net in exhaustive.feedforward_networks((2,), (2,), 8))
    instance = draw(network, 2, np.random.default_rng(0), PRIME - 1)
    names = list(network.weight_shapes)
    return {
        mask.tobytes(): number_of_solutions(
            equations(network, entries_of(network, mask, names), instance, PRIME)
        )
        for mask in exhaustive.all_masks(8, 4)
    }


def only_where_a_basis_is_odd(orders: Orders) -> Iterator[str | None]:
    """Allocations of 2-2-2 on which levels work have D learnables of odd degree among them."""
    return odd_bases((4, 5, 6), partial(works, orders))


def odd_bases(sizes: Sequence[int], found: Callable[[Bits, Bits], bool]) -> Iterator[str | None]:
    """Whether masks of 2-2-2 of these sizes have a basis of odd degree, where something is `found`.

    It is asked of the masks of the second and of the first layer.
    """
    (network,) = (net for net in exhaustive.feedforward_networks((2,), (2,), 8))
    for size in sizes:
        for mask in exhaustive.all_masks(8, size):
            first, second = (tuple(map(tuple, part.reshape(2, 2).tolist()))
                             for part in (mask[:4], mask[4:]))  # fmt: skip
            if not found(second, first):
                continue
            parts = []
            for chosen in combinations(np.flatnonzero(mask), 4):
                part = np.zeros(8, dtype=bool)
                part[list(chosen)] = True
                parts.append(degrees()[part.tobytes()])
            words = exhaustive.shown(network, 2, list(network.weight_shapes), mask)
            yield None if any(number % 2 for number in parts) else f"{words}: degrees {parts}"
