"""T14: a point of two adjacent layers from linear systems in an order that levels give.

Units and columns of y have levels: functionals z_1, z_2, ... of the rows annihilate what a unit of
level k does from z_1 to z_k, and what is left of a column of level l from z_1 to z_l. A unit may
have values, too: what the next functionals make of it is chosen together with these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .algebra import Algebra, Matrix
from .pairs import Counts, Data, Pair


@dataclass(frozen=True)
class Levels:
    """Levels of units, of columns (None: the column is infinite), and of how many z are chosen.

    `values` tells of how many z from its level on a unit has values (none: all units have none);
    where it has some, they are among those chosen.
    """

    units: tuple[int, ...]
    columns: tuple[int | None, ...]
    chosen: int
    values: tuple[int, ...] = ()

    @property
    def reached(self) -> tuple[int, ...]:
        """Of how many functionals, from the first on, each unit's weights meet what is asked."""
        values = self.values or (0,) * len(self.units)
        return tuple(map(sum, zip(self.units, values, strict=True)))

    @property
    def highest(self) -> int:
        """The number of functionals."""
        return max(self.chosen, *self.units, *(level or 0 for level in self.columns))

    @property
    def is_finite(self) -> bool:
        """Whether no column is infinite."""
        return None not in self.columns

    @property
    def leave_none_for_later(self) -> bool:
        """Whether no column asks for a functional that is not chosen."""
        return all((level or 0) <= self.chosen for level in self.columns)


@dataclass(frozen=True)
class Built:
    """A point at which all finite columns are met: A + U, P (A + U), and B + V.

    Infinite columns of the latter are kernel vectors of P (A + U).
    """

    outer: Matrix
    through: Matrix
    inner: Matrix


def nested_rank(levels: Counts, rows: int) -> int:
    """The rank of generic vectors in nested spaces, of dimension `rows` less the level of each.

    >>> nested_rank(np.array([2, 2, 0]), 3)
    2
    """
    rank = 0
    for level in sorted(levels.tolist(), reverse=True):
        if rank < rows - level:
            rank += 1
    return rank


def construct(pair: Pair, levels: Levels, data: Data, algebra: Algebra) -> Built | None:
    """The point, if all linear systems have the ranks that they must have; else None."""
    return _Construction(pair, levels, data, algebra).run()


class _Construction:
    """The point while it is built: A + U, P (A + U), B + V and the functionals z_1, ..."""

    def __init__(self, pair: Pair, levels: Levels, data: Data, algebra: Algebra) -> None:
        self._pair, self._levels, self._data, self._algebra = pair, levels, data, algebra
        self._units = np.array(levels.units, dtype=np.int64)
        self._reached = np.array(levels.reached, dtype=np.int64)
        self._values = algebra.array(np.zeros((pair.rows, pair.units), dtype=int))
        self._outer, self._inner = data.outer.copy(), data.inner.copy()
        self._through = algebra.product(data.through, self._outer)
        self._z = data.extra[:0]
        self._finite = [t for t, level in enumerate(levels.columns) if level is not None]

    def run(self) -> Built | None:
        chosen = self._levels.chosen
        for number in range(1, chosen + 1):
            if not self._choose(number):
                return None
            for unit in np.flatnonzero(self._reached == number).tolist() if number < chosen else ():
                if not self._meet(unit):
                    return None
        more = self._levels.highest - chosen
        self._z = np.concatenate([self._z, self._data.extra[:more]])
        if self._algebra.rank(self._z) < len(self._z):
            return None
        if not (self._solve_upper() and all(map(self._solve_column, self._finite))):
            return None
        for t in set(range(self._pair.columns)) - set(self._finite):
            if not self._to_kernel(t):
                return None
        return Built(self._outer, self._through, self._inner)

    def _choose(self, number: int) -> bool:
        """z_number annihilates what units below this level leave of columns from it on.

        What it makes of units that have a value of it is unknown, too.
        """
        low = np.flatnonzero(self._reached < number)
        valued = np.flatnonzero((self._units < number) & (self._reached >= number))
        columns = [t for t in self._finite if self._level(t) >= number]
        algebra, done = self._algebra, self._inner[low][:, columns]
        rest = self._data.target[:, columns] - algebra.product(self._through[:, low], done)
        zero = algebra.array(np.zeros(len(columns), dtype=int))
        start = np.concatenate([self._data.extra[-number], self._data.values[number - 1, valued]])
        system = np.concatenate([rest, -self._inner[valued][:, columns]])
        found = algebra.solve(algebra.reduced(system).T, zero, start)
        if found.values is None or found.rank < len(columns):
            return False
        self._z = np.concatenate([self._z, found.values[None, : self._pair.rows]])
        self._values[number - 1, valued] = found.values[self._pair.rows :]
        return True  # whether the functionals are independent is asked once, of all of them

    def _level(self, column: int) -> int:
        level = self._levels.columns[column]
        assert level is not None
        return level

    def _meet(self, unit: int) -> bool:
        """z_1, ..., z_k are 0 on what a unit of level k does, the next ones have their values."""
        reached, entries = self._reached[unit], np.flatnonzero(self._pair.outer[:, unit])
        if reached == 0:
            return True
        algebra, start = self._algebra, self._outer[entries, unit]
        z = algebra.product(self._z[:reached], self._data.through)
        frozen = self._outer[:, unit].copy()
        frozen[entries] = algebra.array(0)
        right = self._values[:reached, unit] - algebra.product(z, frozen)
        found = algebra.solve(z[:, entries], algebra.reduced(right), start)
        if found.values is None or found.rank < reached:
            return False
        self._outer[entries, unit] = found.values
        self._through[:, unit] = algebra.product(self._data.through, self._outer[:, unit])
        return True

    def _solve_upper(self) -> bool:
        """Units from level c on, and what z_j, j > c, ask of columns with a level above c."""
        upper = np.flatnonzero(self._reached >= self._levels.chosen).tolist()
        if self._levels.leave_none_for_later:
            return all(map(self._meet, upper))
        algebra, mask = self._algebra, self._pair.outer
        ends = [(i, k) for k in upper for i in np.flatnonzero(mask[:, k])]
        later = sum(max(self._level(t) - self._levels.chosen, 0) for t in self._finite)
        size = int(self._reached[upper].sum()) + later
        if not ends or size > len(ends):
            return False
        algebra.afford(size, len(ends))
        rows, units = (np.array(each, dtype=np.int64) for each in zip(*ends, strict=True))
        z = algebra.product(self._z, self._data.through)
        frozen = self._outer.copy()
        frozen[rows, units] = algebra.array(0)
        left = algebra.product(z, frozen)  # of each functional on what frozen weights do
        system, right = [], []
        for unit in upper:
            for number in range(self._reached[unit]):
                system.append(np.where(units == unit, z[number, rows], algebra.array(0)))
                right.append(self._values[number, unit] - left[number, unit])
        target = algebra.product(self._z, self._data.target)
        for t in self._finite:
            for number in range(self._levels.chosen, self._level(t)):
                system.append(algebra.reduced(z[number, rows] * self._inner[units, t]))
                done = algebra.product(left[number], self._inner[:, t])
                right.append(target[number, t] - done)
        matrix, wanted = np.array(system), algebra.reduced(np.array(right))
        found = algebra.solve(matrix, wanted, self._outer[rows, units])
        if found.values is None or found.rank < len(system):
            return False
        self._outer[rows, units] = found.values
        self._through = algebra.product(self._data.through, self._outer)
        return True

    def _solve_column(self, t: int) -> bool:
        """y_t = P (A + U) (B + V)_t for the learnables of units from the level of t on."""
        level, algebra = self._level(t), self._algebra
        units = np.flatnonzero(self._pair.inner[:, t] & (self._units >= level))
        if level == self._pair.rows:
            return True
        done = algebra.product(self._through, self._inner[:, t])
        rest = algebra.reduced(self._data.target[:, t] - done)
        zero = algebra.array(np.zeros(len(units), dtype=int))
        found = algebra.solve(self._through[:, units], rest, zero)
        if found.values is None or found.rank < self._pair.rows - level:
            return False
        self._inner[units, t] = algebra.reduced(self._inner[units, t] + found.values)
        return True

    def _to_kernel(self, t: int) -> bool:
        """Column t becomes a kernel vector of P (A + U), supported on its learnables."""
        units = np.flatnonzero(self._pair.inner[:, t])
        algebra = self._algebra
        zero = algebra.array(np.zeros(self._pair.rows, dtype=int))
        found = algebra.solve(self._through[:, units], zero, self._inner[units, t])
        if found.values is None or found.rank < nested_rank(self._units[units], self._pair.rows):
            return False
        self._inner[:, t] = algebra.array(0)
        self._inner[units, t] = found.values
        return True
