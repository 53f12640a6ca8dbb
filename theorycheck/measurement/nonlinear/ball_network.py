"""Outputs and Jacobian of one network in real ball arithmetic: enclosures at balls of its weights.

A matrix of balls holds the units of a level on all samples. Floats are exact balls, so what is
enclosed is what the network with these very numbers puts out, without rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from ...computing.arrays import Array
from ...numeric.forward import Entries
from ...problem.networks.base import Network
from ...problem.networks.matrices import matrices_of
from ...problem.networks.unrolled import CONSTANT
from .balls import ball_activation
from .places import acting

BallWeights: TypeAlias = dict[str, arb_mat]  # the matrices that terms name
Row: TypeAlias = list[arb]


def ball_matrix(values: Array) -> arb_mat:
    """A matrix of floats as exact balls; of a vector one column."""
    rows = np.asarray(values, dtype=np.float64)
    rows = rows if rows.ndim == 2 else rows[:, None]
    return arb_mat([[arb(value) for value in row] for row in rows.tolist()])


class BallNetwork:
    """A network on the inputs of one draw, in ball arithmetic of the current precision.

    `equations` number its outputs as those of `NonlinearEquations`.
    """

    def __init__(self, network: Network, inputs: NDArray[np.float64]) -> None:
        self._network, self._unrolled = network, network.unrolled
        samples = self._samples = inputs.shape[-1]
        rows, start = inputs.reshape(-1, samples), 0
        self._starts = []
        for level in self._unrolled.starts:
            if level.group == CONSTANT:
                self._starts.append(ball_matrix(np.ones((1, samples))))
                continue
            self._starts.append(ball_matrix(rows[start : start + level.size]))
            start += level.size

    def weights(self, given: Mapping[str, NDArray[np.float64]]) -> BallWeights:
        """The weights of one draw as exact balls, as terms name them; new ones for each call."""
        weights = {name: np.asarray(given[name]) for name in self._network.weight_shapes}
        found = matrices_of(self._unrolled, weights, _multiple)
        return {
            name: matrix if isinstance(matrix, arb_mat) else ball_matrix(matrix)
            for name, matrix in found.items()
        }

    def put(self, weights: BallWeights, entries: Entries, values: Row) -> None:
        """Write values of the `entries` into the weights."""
        for name, place in acting(self._network, entries).items():
            matrix = weights[name]
            for position, i, j in zip(*(numbers.tolist() for numbers in place), strict=True):
                matrix[i, j] = values[position]

    def levels(self, weights: BallWeights) -> list[arb_mat]:
        """Enclosures of all levels, the units on all samples."""
        return self._levels(weights)[0]

    def outputs(self, weights: BallWeights, equations: Sequence[int]) -> Row:
        """Enclosures of the outputs that `equations` number."""
        values = self._levels(weights)[0]
        read = [values[number] for number in self._unrolled.read]
        return [read[t][o, s] for t, o, s in self._places(equations)]

    def jacobian(
        self, weights: BallWeights, entries: Entries, equations: Sequence[int]
    ) -> list[Row]:
        """Enclosures of the derivatives of these outputs by the `entries`, row by row."""
        values, sums = self._levels(weights)
        slopes = [
            None if z is None else _mapped(z, ball_activation(level.activation).slope)
            for level, z in zip(self._unrolled.levels, sums, strict=True)
        ]
        transposed = {name: weight.transpose() for name, weight in weights.items()}
        places = {
            name: list(zip(*(numbers.tolist() for numbers in place), strict=True))
            for name, place in acting(self._network, entries).items()
        }
        known: dict[tuple[int, int], list[Row]] = {}
        rows = []
        for t, o, s in self._places(equations):
            if (t, o) not in known:
                found = self._gradients(t, o, transposed, values, slopes, places, len(entries))
                known[t, o] = found
            rows.append(known[t, o][s])
        return rows

    def _places(self, equations: Sequence[int]) -> list[tuple[int, int, int]]:
        """Reading, output and sample of each equation."""
        found = []
        for number in equations:
            rest, sample = divmod(int(number), self._samples)
            found.append((*divmod(rest, self._network.outputs), sample))
        return found

    def _levels(self, weights: BallWeights) -> tuple[list[arb_mat], list[arb_mat | None]]:
        """Values of all levels, and their sums, None where the values are the sums."""
        starts, values, sums = iter(self._starts), [], []
        for level in self._unrolled.levels:
            total: Any = None if level.terms else next(starts)
            for name, source in level.terms:
                change = weights[name] * values[source]
                total = change if total is None else total + change
            is_linear = level.activation == "linear"
            sums.append(None if is_linear else total)
            value = ball_activation(level.activation).value
            values.append(total if is_linear else _mapped(total, value))
        return values, sums

    def _gradients(
        self,
        reading: int,
        output: int,
        transposed: BallWeights,
        values: list[arb_mat],
        slopes: list[arb_mat | None],
        places: dict[str, list[tuple[int, int, int]]],
        n_entries: int,
    ) -> list[Row]:
        """Derivatives of one output, sample by sample."""
        found = [[arb(0)] * n_entries for _ in range(self._samples)]
        number = self._unrolled.read[reading]
        start = np.zeros((self._network.outputs, self._samples))
        start[output] = 1
        behind = {number: ball_matrix(start)}
        for at in range(number, -1, -1):
            if at not in behind or not self._unrolled.levels[at].terms:
                continue
            change, slope = behind.pop(at), slopes[at]
            if slope is not None:
                change = _product(change, slope)
            for name, source in self._unrolled.levels[at].terms:
                value = values[source]
                for position, i, j in places.get(name, ()):
                    for s, row in enumerate(found):
                        row[position] += change[i, s] * value[j, s]
                if self._unrolled.levels[source].terms:
                    more = transposed[name] * change
                    behind[source] = behind[source] + more if source in behind else more
        return found


def _multiple(factor: Fraction, size: int) -> arb_mat:
    """A ball around the factor, times the identity."""
    share = arb(factor.numerator) / factor.denominator
    return arb_mat([[share if i == j else arb(0) for j in range(size)] for i in range(size)])


def _mapped(matrix: arb_mat, function: Any) -> arb_mat:
    entries = list(map(function, matrix.entries()))
    return arb_mat(matrix.nrows(), matrix.ncols(), entries)


def _product(one: arb_mat, other: arb_mat) -> arb_mat:
    """The entries multiplied one by one."""
    entries = [a * b for a, b in zip(one.entries(), other.entries(), strict=True)]
    return arb_mat(one.nrows(), one.ncols(), entries)
