"""Outputs of nonlinear networks and their Jacobian, on batches of float arrays.

Written on the levels of the unrolled network with the batch as the last axis, so that one array
operation does the same step of many small networks. The Jacobian follows each level that is read
back to the learnables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

from ...computing.arrays import Array
from ...numeric.forward import Entries, Weights
from ...numeric.instances import Instance
from ...problem.networks.activations import ACTIVATIONS
from ...problem.networks.base import Network
from ...problem.networks.matrices import matrices_of
from ...problem.networks.unrolled import CONSTANT
from .places import acting, by_weight


class NonlinearEquations:
    """phi_E(theta) - y_E in the unknown `entries` of any network, for batches of instances.

    `equations` numbers the outputs that count, as `numeric.forward.ForwardPass` does: output o of
    reading t on sample s is (t * outputs + o) * n_samples + s. Inputs have shape (batch, n_0,
    samples), of recurrent networks (batch, T, n_in, samples), without a row for the constant.
    """

    def __init__(
        self,
        network: Network,
        n_samples: int,
        entries: Entries,
        equations: Sequence[int] | None = None,
        xp: ModuleType = np,
    ) -> None:
        self.entries, self._network, self._xp = entries, network, xp
        self._unrolled, self._n_samples = network.unrolled, n_samples
        total = network.n_reads * network.outputs * n_samples
        chosen = range(total) if equations is None else equations
        self._chosen = xp.asarray(np.array(chosen, dtype=np.int64))
        self._entries = {
            name: (xp.asarray(k), tuple(xp.asarray(part) for part in index.T))
            for name, k, index in by_weight(entries)
        }
        self._acting = {
            name: tuple(xp.asarray(part) for part in parts)
            for name, parts in acting(network, entries).items()
        }
        self._leads_back = _depending(network, self._acting)

    def residual(self, theta: Array, instance: Instance) -> tuple[Array, Array]:
        """phi_E(theta) - y_E (batch, n), and its Jacobian (batch, n, unknowns).

        Not finite where the network overflows.
        """
        with np.errstate(all="ignore"):
            weights = self._with_entries(instance.weights, theta)
            matrices = self._matrices(weights)
            values, slopes = self._levels(matrices, instance.inputs, with_slopes=True)
            value = self._read(values) - instance.outputs
            jacobian = self._jacobian(matrices, values, slopes)
        return value, self._xp.moveaxis(jacobian, -1, 0)

    def outputs(self, weights: Weights, inputs: Array) -> Array:
        """The outputs that count, (batch, n), of networks all of whose weights are given."""
        with np.errstate(all="ignore"):
            last = {name: self._last(weights[name]) for name in self._network.weight_shapes}
            values, _ = self._levels(self._matrices(last), inputs, with_slopes=False)
            return self._read(values)

    def _last(self, array: Array) -> Array:
        return self._xp.ascontiguousarray(self._xp.moveaxis(array, 0, -1))

    def _with_entries(self, given: Weights, theta: Array) -> Weights:
        """The weights with the unknowns put in, the batch as the last axis."""
        weights = {}
        for name in self._network.weight_shapes:
            weights[name] = self._last(given[name])
            if name in self._entries:
                positions, index = self._entries[name]
                if weights[name].base is not None or weights[name] is given[name]:
                    weights[name] = weights[name].copy()
                weights[name][index] = theta.T[positions]
        return weights

    def _matrices(self, weights: Weights) -> dict[str, Any]:
        """What terms name: matrices and biases, the batch as the last axis, and plain factors."""

        def multiple(factor: Fraction, _: int) -> float:
            return float(factor)

        return matrices_of(self._unrolled, weights, multiple, matrix=lambda weight: weight)

    def _starts(self, inputs: Array) -> Iterator[Array]:
        """Inputs level by level, and the constant, (size, samples, batch)."""
        rows, start = self._last(inputs.reshape(len(inputs), -1, inputs.shape[-1])), 0
        for level in self._unrolled.starts:
            if level.group == CONSTANT:
                yield self._xp.ones((1, *rows.shape[1:]))
                continue
            yield rows[start : start + level.size]
            start += level.size

    def _levels(
        self, matrices: dict[str, Any], inputs: Array, with_slopes: bool
    ) -> tuple[list[Array], list[Any]]:
        """Values of all levels, (units, samples, batch), and slopes, None where they are 1."""
        starts, values, slopes = self._starts(inputs), [], []
        for level in self._unrolled.levels:
            total: Any = None if level.terms else next(starts)
            for name, source in level.terms:
                change = self._through(matrices[name], values[source])
                total = change if total is None else total + change
            if level.activation == "linear":
                values.append(total)
                slopes.append(None)
                continue
            row = ACTIVATIONS[level.activation]
            values.append(row.value(total, self._xp))
            slopes.append(row.slope(total, self._xp) if with_slopes else None)
        return values, slopes

    def _through(self, matrix: Any, value: Array) -> Array:
        """What a matrix, a bias or a factor makes of a level."""
        if isinstance(matrix, float):
            return matrix * value
        if matrix.ndim == 2:
            return matrix[:, None] * value
        return self._xp.einsum("ijb,jsb->isb", matrix, value)

    def _read(self, values: list[Array]) -> Array:
        read = [values[number] for number in self._unrolled.read]
        flat = self._xp.stack(read).reshape(-1, read[0].shape[-1])
        return flat[self._chosen].T

    def _jacobian(self, matrices: dict[str, Any], values: list[Array], slopes: list[Any]) -> Array:
        """Derivatives of the outputs that count, (n, unknowns, batch)."""
        batch, outputs = values[-1].shape[-1], self._network.outputs
        shape = (outputs, self._n_samples, len(self.entries), batch)
        found = []
        for read in self._unrolled.read:
            part = self._xp.zeros(shape)
            unit = self._xp.eye(outputs)[:, :, None, None]
            behind = {read: self._xp.broadcast_to(unit, (outputs, outputs, *values[-1].shape[1:]))}
            for number in range(read, -1, -1):
                if number in behind:
                    self._step_back(number, behind, matrices, values, slopes, part)
            found.append(part)
        return self._xp.stack(found).reshape(-1, *shape[2:])[self._chosen]

    def _step_back(
        self,
        number: int,
        behind: dict[int, Array],
        matrices: dict[str, Any],
        values: list[Array],
        slopes: list[Any],
        part: Array,
    ) -> None:
        """Add what the weights into a level do, and hand on what lies behind its sources.

        `behind` has shape (outputs, units, samples, batch) for each level.
        """
        slope = slopes[number]
        change = behind.pop(number) if slope is None else behind.pop(number) * slope
        for name, source in self._unrolled.levels[number].terms:
            if name in self._acting:
                positions, rows, columns = self._acting[name]
                gained = change[:, rows] * values[source][columns]
                part[:, :, positions] += gained.swapaxes(1, 2)
            if self._leads_back[source]:
                matrix = matrices[name]
                if isinstance(matrix, float):
                    more = matrix * change
                else:
                    more = self._xp.einsum("ijb,oisb->ojsb", matrix, change)
                behind[source] = behind[source] + more if source in behind else more


def _depending(network: Network, names: dict[str, Any]) -> list[bool]:
    """Which levels depend on one of the matrices."""
    found: list[bool] = []
    for level in network.unrolled.levels:
        found.append(any(name in names or found[source] for name, source in level.terms))
    return found
