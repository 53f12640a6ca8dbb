"""Forward passes of polynomial networks and their derivatives, carried along from level to level.

Activations are powers. What lies behind a unit depends on the sample here, so that derivatives are
not put together from factors as in `forward`, but carried along with the values: for a few unknowns
that costs little. Arrays of objects that can be added and multiplied serve as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..computing.arrays import Array
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.unrolled import CONSTANT, Level
from .forward import Entries, ForwardPass, Weights, WeightsPass, through


class PolynomialPass(WeightsPass):
    """Chosen outputs of a polynomial network as functions of some of its weights.

    As `ForwardPass`, in all that it offers; `values` serve any ring, powers being products.
    """

    def __init__(
        self,
        network: Network,
        n_samples: int,
        entries: Entries,
        equations: Sequence[int],
        xp: ModuleType = np,
    ) -> None:
        assert network.is_polynomial, "the activations of other networks are no powers"
        super().__init__(entries, xp)
        self._n_samples, self._n = n_samples, len(entries)
        self._unrolled = network.unrolled
        self._positions = xp.asarray(np.asarray(equations, dtype=np.int64))

    def values(self, weights: Weights, inputs: Array) -> Array:
        """The chosen outputs, shape (batch, equations)."""
        values = self._given(inputs)
        for level in self._unrolled.levels:
            if level.terms:
                values.append(_power(self._sum(level, weights, values), level))
        return self._chosen(values)

    def tangent(
        self, weights: Weights, inputs: Array, d_weights: Weights, d_inputs: Array
    ) -> Array:
        """Derivative of the outputs along a direction of the weights and inputs."""
        values = self._given(inputs)
        slopes = [None if value is None else slope
                  for value, slope in zip(values, self._given(d_inputs), strict=True)]  # fmt: skip
        for level in self._unrolled.levels:
            if not level.terms:
                continue
            z, slope = self._sum(level, weights, values), self._sum(level, d_weights, values)
            for name, source in level.terms:
                before = slopes[source]
                if before is not None:
                    slope = slope + through(weights[name], before)
            values.append(_power(z, level))
            slopes.append(_slope(z, level) * slope)
        return self._chosen(slopes)

    def jacobian(self, weights: Weights, inputs: Array) -> tuple[Array, Array]:
        """The chosen outputs and their derivatives, (batch, equations) and (..., entries)."""
        values = self._given(inputs)
        slopes: list[Array | None] = [None] * len(values)  # (batch, units, samples, entries)
        for level in self._unrolled.levels:
            if not level.terms:
                continue
            z = self._sum(level, weights, values)
            slope = self._carried(level, weights, slopes, z)
            for name, source in level.terms:
                self._add_own(slope, name, values[source])
            values.append(_power(z, level))
            slopes.append(_slope(z, level)[..., None] * slope)
        read = [slopes[number] for number in self._unrolled.read]
        flat = [slope.reshape(len(slope), -1, self._n) for slope in read if slope is not None]
        jacobian = self._xp.concatenate(flat, axis=1)[:, self._positions]
        return self._chosen(values), jacobian

    def _carried(
        self, level: Level, weights: Weights, slopes: list[Array | None], z: Array
    ) -> Array:
        """What the derivatives of its sources make of those of a level."""
        slope = self._xp.zeros((*z.shape, self._n), dtype=z.dtype)
        for name, source in level.terms:
            before = slopes[source]
            if before is not None:
                wide = before.reshape(*before.shape[:2], -1)
                slope = slope + through(weights[name], wide).reshape(slope.shape)
        return slope

    def _add_own(self, slope: Array, name: str, value: Array | None) -> None:
        """The derivatives by entries of the weight `name`: what they read."""
        if name not in self._entries:
            return
        positions, rows, columns = self._places[name]
        if value is None:
            slope[:, rows, :, positions] += 1
        else:
            slope[:, rows, :, positions] += self._xp.moveaxis(value[:, columns], 1, 0)

    def _given(self, inputs: Array) -> list[Array | None]:
        """The inputs level by level, (batch, size, samples); None for the constant, which is 1."""
        rows, start = inputs.reshape(len(inputs), -1, inputs.shape[-1]), 0
        found: list[Array | None] = []
        for level in self._unrolled.starts:
            is_one = level.group == CONSTANT
            found.append(None if is_one else rows[:, start : start + level.size])
            start += level.size
        return found

    def _sum(self, level: Level, weights: Weights, values: list[Array | None]) -> Array:
        """The sums of a level before its activation, (batch, size, samples)."""
        total: Any = None
        for name, source in level.terms:
            before, weight = values[source], weights[name]
            if before is None:
                part = self._xp.repeat(weight[:, :, None], self._n_samples, axis=2)
            else:
                part = through(weight, before)
            total = part if total is None else total + part
        return total

    def _chosen(self, levels: list[Array | None]) -> Array:
        """The chosen ones of the outputs, (batch, equations)."""
        read = [levels[number] for number in self._unrolled.read]
        flat = [value.reshape(len(value), -1) for value in read if value is not None]
        return self._xp.concatenate(flat, axis=1)[:, self._positions]


def _power(z: Array, level: Level) -> Array:
    """The values of a level with these sums."""
    power = ACTIVATIONS[level.activation].power
    return z if power == 1 else z * z if power == 2 else z * z * z


def _slope(z: Array, level: Level) -> Array:
    """The slopes of the activation of a level at these sums."""
    power = ACTIVATIONS[level.activation].power
    return 0 * z + 1 if power == 1 else 2 * z if power == 2 else 3 * (z * z)


def pass_of(
    network: Network,
    n_samples: int,
    entries: Entries,
    equations: Sequence[int],
    xp: ModuleType = np,
) -> ForwardPass | PolynomialPass:
    """The faster pass where the network is linear, else that of polynomials.

    >>> from theorycheck import Feedforward
    >>> cubic = pass_of(Feedforward([1, 1, 1], activation="cube"), 1, [("W1", (0, 0))], (0,))
    >>> weights = {"W1": np.array([[[2.0]]]), "W2": np.array([[[5.0]]])}
    >>> [part.tolist() for part in cubic.jacobian(weights, np.ones((1, 1, 1)))]
    [[[40.0]], [[[60.0]]]]
    """
    kind = ForwardPass if network.is_linear else PolynomialPass
    return kind(network, n_samples, entries, equations, xp)
