"""The linear systems of T14 where units have values, for two square layers, in plain integers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from ..shared.polynomial_systems import PRIME
from .orders import Bits, Point, Row, odd_bases, solve


class ValuedPoint(Point):
    """Finite columns only, all functionals chosen: c is the largest level that is asked for."""

    def build_valued(
        self,
        units: tuple[int, ...],
        reached: tuple[int, ...],
        columns: tuple[int, ...],
        imposed: bool,
    ) -> bool:
        """Steps 1 to 3, with all ranks; values are found, and perhaps not `imposed` on units."""
        n, chosen = self.n, max(*reached, *columns)
        values = [[0] * n for _ in range(chosen)]
        for number in range(1, chosen + 1):
            wanted = [t for t in range(n) if columns[t] >= number]
            low = [k for k in range(n) if reached[k] < number]
            valued = [k for k in range(n) if units[k] < number <= reached[k]]
            rows = [[(self.y[i, t] - sum(self.a[i, k] * self.b[k, t] for k in low)) % PRIME
                     for i in range(n)] + [-self.b[k, t] % PRIME for k in valued]
                    for t in wanted]  # fmt: skip
            start = [*self.extra[-number], *range(1, len(valued) + 1)]
            found, rank = solve(rows, [0] * len(rows), start)
            if found is None or rank < len(rows):
                return False
            self.z.append(found[:n])
            for k, value in zip(valued, found[n:], strict=True):
                values[number - 1][k] = value
            if solve(self.z, [0] * number, [0] * n)[1] < number:
                return False
            for k in (k for k in range(n) if reached[k] == number):
                end = number if imposed else units[k]
                if not self._met(k, [row[k] for row in values[:end]], units[k]):
                    return False
        if not imposed:
            return all(self._has_rank(t, units, columns[t]) for t in range(n))
        return all(columns[t] == n or self._column(t, units, columns[t]) for t in range(n))

    def _met(self, unit: int, values: Row, level: int) -> bool:
        """z_i (A + U) of the unit is 0 up to its level, then its values."""
        n, end = self.n, len(values)
        wanted = [0] * level + values[level:]
        places = [i for i in range(n) if self.u[i][unit]]
        frozen = [i for i in range(n) if i not in places]
        rows = [[z[i] for i in places] for z in self.z[:end]]
        right = [(value - sum(z[i] * self.a[i, unit] for i in frozen)) % PRIME
                 for z, value in zip(self.z, wanted, strict=False)]  # fmt: skip
        found, rank = solve(rows, right, [self.a[i, unit] for i in places])
        if found is None or rank < end:
            return False
        for i, value in zip(places, found, strict=True):
            self.a[i, unit] = value
        return True

    def _has_rank(self, t: int, units: tuple[int, ...], level: int) -> bool:
        """Whether the units of a column have the rank that it needs, consistent or not."""
        own = [k for k in range(self.n) if self.v[k][t] and units[k] >= level]
        rows = [[self.a[i, k] for k in own] for i in range(self.n)]
        return solve(rows, [0] * self.n, [0] * len(own))[1] >= self.n - level


def works(imposed: bool, second: Bits, first: Bits) -> bool:
    """Whether some finite levels with values work."""
    n = len(first)
    most = [sum(row[k] for row in second) for k in range(n)]
    ways = [[(level, level + count) for level in range(n + 1) for count in range(n + 1)
             if level + count <= most[k]]
            for k in range(n)]  # fmt: skip
    for ends in product(*ways):
        units, reached = (tuple(pair[side] for pair in ends) for side in (0, 1))
        for columns in product(range(n + 1), repeat=n):
            if max(*reached, *columns) and ValuedPoint(second, first).build_valued(
                units, reached, columns, imposed
            ):
                return True
    return False


def only_where_values_leave_an_odd_basis(imposed: bool) -> Iterator[str | None]:
    """Allocations of 2-2-2 on which they work have D learnables of odd degree among them."""
    return odd_bases((4, 5), partial(works, imposed))
