"""No match, shown by covering all learnables with boxes none of which holds a solution.

Learnables with an activation behind them range over boxes, from minus to plus infinity. In a box
each hidden unit has an interval. An output row o is then a linear system in its own learnable
readout weights (and bias), k of them: H u = y - f. Where k + 1 of its equations have a determinant
of [H | y - f] that is not 0 in the whole box, the box holds no solution, however large u is. Boxes
that are left are halved. What needs too many boxes, as draws with a solution always do, stays open.
Rows with many learnables of their own are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...computing.arrays import Array
from ...computing.deadline import Deadline
from ...numeric.instances import Instance
from ...problem.allocation import Allocation
from ...problem.masks import entries_of
from ...problem.networks.matrices import matrices_of
from ...problem.networks.unrolled import CONSTANT
from .float_intervals import Interval, activated, around, exactly
from .places import acting

_MOST_INNER = 3  # learnables that boxes are cut along
_MOST_OUTER = 2  # learnables of one output row
_MOST_BOXES = 1500  # left at once, for one draw
_CUTS = 16  # of each side
_MOST_SYSTEMS = 20  # choices of k + 1 equations that are tried for one row
_AT_ONCE = 60_000  # boxes

Matrices = dict[str, Any]  # what terms name: arrays with the draws last, and factors
Place = tuple[str, int, int]  # an entry of one of them


class Exclusion:
    """The boxes of one allocation; `is_possible` tells whether it is worth a try."""

    def __init__(self, allocation: Allocation, samples: int, equations: Sequence[int]) -> None:
        network = self._network = allocation.network
        self._samples, self._levels = samples, network.unrolled.levels
        outer = {name for k in network.unrolled.read for name, _ in self._levels[k].terms}
        inside = (level for level in self._levels if level.group != self._levels[-1].group)
        is_apart = not outer & {name for level in inside for name, _ in level.terms}
        places = acting(network, entries_of(dict(allocation.masks("learnable"))))
        every = [
            (name, i, j)
            for name, (_, rows, columns) in places.items()
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]
        # Each learnable acts at one place, if at any: places may stand for them.
        self._inner = {place: k for k, place in enumerate(p for p in every if p[0] not in outer)}
        self._outer = [place for place in every if place[0] in outer]
        rows: dict[int, list[tuple[int, int]]] = {}
        for number in equations:
            rest, sample = divmod(number, samples)
            reading, output = divmod(rest, network.outputs)
            rows.setdefault(output, []).append((reading, sample))
        counts = {row: sum(i == row for _, i, _ in self._outer) for row in rows}
        self._rows = {
            row: places
            for row, places in rows.items()
            if counts[row] <= _MOST_OUTER and counts[row] < len(places)
        }
        is_small = 0 < len(self._inner) <= _MOST_INNER
        self.is_possible = is_apart and is_small and bool(self._rows)

    def excluded(self, instances: Instance, wanted: list[list[arb]], deadline: Deadline) -> Array:
        """Which draws certainly have no match; `wanted` are all outputs of their teachers."""
        count, sides = len(instances), len(self._inner)
        goals, matrices = _floats(wanted), self._matrices(instances)
        low, high = -np.ones((sides, count)), np.ones((sides, count))
        draws, result = np.arange(count), np.zeros(count, dtype=bool)
        for _ in range(_CUTS * sides):
            left = np.concatenate(
                [
                    self._may_hold(
                        instances.inputs, matrices, goals, draws[part], low[:, part], high[:, part]
                    )
                    for part in _parts(len(draws))
                ]
            )
            before = np.unique(draws)
            draws, low, high = draws[left], low[:, left], high[:, left]
            boxes = np.bincount(draws, minlength=count)
            result[before] = boxes[before] == 0
            keeps = boxes[draws] <= _MOST_BOXES
            draws, low, high = draws[keeps], low[:, keeps], high[:, keeps]
            if not len(draws) or deadline.has_passed:
                break
            draws, low, high = _halved(draws, low, high)
        return result

    def _matrices(self, instances: Instance) -> Matrices:
        def multiple(factor: Fraction, _: int) -> Fraction:
            return factor

        last = {
            name: np.moveaxis(instances.weights[name], 0, -1)
            for name in self._network.weight_shapes
        }
        last = {name: w if w.ndim > 2 else w[:, None] for name, w in last.items()}
        return matrices_of(self._network.unrolled, last, multiple, matrix=lambda weight: weight)

    def _may_hold(
        self,
        inputs: Array,
        matrices: Matrices,
        goals: Interval,
        draws: Array,
        low: Array,
        high: Array,
    ) -> NDArray[np.bool_]:
        """Which boxes no determinant excludes."""
        hidden = self._hidden(inputs, matrices, draws, _stretched(low, high))
        left = np.ones(len(draws), dtype=bool)
        for output, places in self._rows.items():
            columns, rest = self._system(matrices, draws, output, places, hidden, goals)
            systems = combinations(range(len(places)), len(columns) + 1)
            for _, chosen in zip(range(_MOST_SYSTEMS), systems, strict=False):
                matrix = [[column[k] for column in (*columns, rest)] for k in chosen]
                left &= ~_determinant(matrix).excludes_zero
        return left

    def _hidden(
        self, inputs: Array, matrices: Matrices, draws: Array, theta: Interval
    ) -> list[list[Interval]]:
        """Intervals of all units before the outputs: by level and unit, (samples, boxes)."""
        inputs = inputs.reshape(len(inputs), -1, self._samples)
        found: list[list[Interval]] = []
        start, last = 0, self._levels[-1].group
        for level in self._levels:
            if level.group == last:
                found.append([])
            elif level.group == CONSTANT:
                found.append([exactly(np.ones((self._samples, len(draws))))])
            elif not level.terms:
                rows = range(start, start + level.size)
                found.append([exactly(inputs[draws, row].T) for row in rows])
                start += level.size
            else:
                units = []
                for unit in range(level.size):
                    parts = [
                        self._weight(matrices, draws, theta, (name, unit, j)) * value
                        for name, source in level.terms
                        for j, value in enumerate(found[source])
                        if self._is_there(matrices, (name, unit, j))
                    ]
                    zero = exactly(np.zeros((self._samples, len(draws))))
                    units.append(activated(level.activation, sum(parts, zero)))
                found.append(units)
        return found

    def _is_there(self, matrices: Matrices, place: Place) -> bool:
        name, i, j = place
        if isinstance(matrices[name], Fraction):
            return i == j
        is_learnable = place in self._inner or place in self._outer
        return is_learnable or bool(matrices[name][i, j].any())

    def _weight(self, matrices: Matrices, draws: Array, theta: Interval, place: Place) -> Interval:
        """A weight that is there, in each box."""
        if place in self._inner:
            k = self._inner[place]
            return Interval(theta.low[k], theta.high[k])
        return self._frozen(matrices, draws, place)

    def _frozen(self, matrices: Matrices, draws: Array, place: Place) -> Interval:
        name, i, j = place
        if isinstance(matrices[name], Fraction):
            return around(matrices[name])
        return exactly(matrices[name][i, j, draws])

    def _system(
        self,
        matrices: Matrices,
        draws: Array,
        output: int,
        places: list[tuple[int, int]],
        hidden: list[list[Interval]],
        goals: Interval,
    ) -> tuple[list[list[Interval]], list[Interval]]:
        """Columns of H, one for each learnable of the row, and y - f: by equation, (boxes,)."""
        own = [place for place in self._outer if place[1] == output]
        columns: list[list[Interval]] = [[] for _ in own]
        rest = []
        for reading, sample in places:
            number = (reading * self._network.outputs + output) * self._samples + sample
            total = Interval(goals.low[number, draws], goals.high[number, draws])
            nothing = exactly(np.zeros(len(draws)))
            found = [nothing] * len(own)
            for name, source in self._levels[self._network.unrolled.read[reading]].terms:
                for j, value in enumerate(hidden[source]):
                    here = Interval(value.low[sample], value.high[sample])
                    if (name, output, j) in own:
                        k = own.index((name, output, j))
                        found[k] = found[k] + here
                    elif self._is_there(matrices, (name, output, j)):
                        total = total - self._frozen(matrices, draws, (name, output, j)) * here
            rest.append(total)
            for column, value in zip(columns, found, strict=True):
                column.append(value)
        return columns, rest


def _floats(wanted: list[list[arb]]) -> Interval:
    """Balls as intervals of floats, (equations, draws)."""
    middles = np.array([[float(value.mid()) for value in row] for row in wanted]).T
    radii = np.array([[float(value.rad()) for value in row] for row in wanted]).T
    room = abs(middles) * 2.0**-50 + 2 * radii + 1e-300
    with np.errstate(invalid="ignore"):  # outputs that overflow exclude nothing
        return Interval(middles - room, middles + room)


def _parts(count: int) -> list[slice]:
    return [slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE)]


def _stretched(low: Array, high: Array) -> Interval:
    """The sides from -1 to 1 as ones from minus to plus infinity: t becomes t / (1 - |t|)."""
    with np.errstate(divide="ignore"):
        ends = [end / (1 - abs(end)) for end in (low, high)]
    return Interval(np.nextafter(ends[0], -np.inf), np.nextafter(ends[1], np.inf))


def _halved(draws: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Both halves of each box, cut across its longest side."""
    longest, boxes = (high - low).argmax(axis=0), np.arange(len(draws))
    middle = (low[longest, boxes] + high[longest, boxes]) / 2
    upper, lower = low.copy(), high.copy()
    upper[longest, boxes] = lower[longest, boxes] = middle
    return (
        np.concatenate([draws, draws]),
        np.concatenate([low, upper], axis=1),
        np.concatenate([lower, high], axis=1),
    )


def _determinant(matrix: list[list[Interval]]) -> Interval:
    """By the first column."""
    if len(matrix) == 1:
        return matrix[0][0]
    total = None
    for k, row in enumerate(matrix):
        minor = _determinant([other[1:] for i, other in enumerate(matrix) if i != k])
        part = row[0] * minor
        part = -part if k % 2 else part
        total = part if total is None else total + part
    assert total is not None
    return total
