"""A nonlinear network of powers at a point, exactly or in complex balls, with its derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .claim import Claim
from .instance import Matrix
from .polynomial import Algebra, outputs_of

Unknown = tuple[int, int, int]  # the number of a weight, a row and a column


class _Level(NamedTuple):
    """Units x samples, and the derivatives by each unknown."""

    values: Matrix
    slopes: list[Matrix]


class PolynomialPass:
    """Outputs of the network, time after time, and their derivatives by the `unknowns`."""

    def __init__(
        self,
        claim: Claim,
        weights: list[Matrix],
        inputs: list[Matrix],
        unknowns: Sequence[Unknown] = (),
    ) -> None:
        names = list(claim.network.weight_shapes)
        self._weights = dict(zip(names, weights, strict=True))
        self._unknowns = [(names[place], i, j) for place, i, j in unknowns]
        m = inputs[0].ncols()
        ones = type(inputs[0])(1, m, [1] * m)
        algebra = Algebra[_Level](self._through, _sum, _raised)
        levels = outputs_of(claim, algebra, [self._given(x) for x in inputs], self._given(ones))
        self.outputs = [level.values for level in levels]
        self._slopes = [level.slopes for level in levels]

    def derivatives(self, time: int, output: int, sample: int) -> list[Any]:
        """Those of one output by all unknowns."""
        return [matrix[output, sample] for matrix in self._slopes[time]]

    def _given(self, values: Matrix) -> _Level:
        nothing = type(values)(values.nrows(), values.ncols())
        return _Level(values, [nothing] * len(self._unknowns))

    def _through(self, name: str, level: _Level) -> _Level:
        weight, slopes = self._weights[name], []
        for (own, i, j), slope in zip(self._unknowns, level.slopes, strict=True):
            found = weight * slope
            if own == name:
                for s in range(found.ncols()):
                    found[i, s] = found[i, s] + level.values[j, s]
            slopes.append(found)
        return _Level(weight * level.values, slopes)


def _sum(one: _Level, other: _Level) -> _Level:
    slopes = [a + b for a, b in zip(one.slopes, other.slopes, strict=True)]
    return _Level(one.values + other.values, slopes)


def _raised(level: _Level, power: int) -> _Level:
    """Entry by entry z^k, with the derivatives k z^(k-1) dz."""
    if power == 1:
        return level
    z = level.values
    factors = [power * x ** (power - 1) for x in z.entries()]

    def matrix(entries: list[Any]) -> Matrix:
        return type(z)(z.nrows(), z.ncols(), entries)

    slopes = [
        matrix([factor * dx for factor, dx in zip(factors, slope.entries(), strict=True)])
        for slope in level.slopes
    ]
    return _Level(matrix([x**power for x in z.entries()]), slopes)
