"""Instances of a square system: all given numbers, in batches, and the segments between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import ModuleType

import numpy as np

from ..computing.arrays import Array
from ..problem.allocation import Allocation
from ..problem.networks.base import Network
from .forward import Entries, Weights
from .polynomial_forward import pass_of


@dataclass(frozen=True)
class Instance:
    """Student weights, inputs and wanted outputs, all with the same leading batch size.

    `inputs` is (batch, *network.input_shape(samples)), `outputs` (batch, equations).

    The values of `weights` at the unknown entries are not used.
    """

    weights: Weights
    inputs: Array
    outputs: Array

    def __len__(self) -> int:
        return len(self.outputs)

    def take(self, indices: Array | slice | int) -> Instance:
        """The instances with these numbers."""
        weights = {name: value[indices] for name, value in self.weights.items()}
        return Instance(weights, self.inputs[indices], self.outputs[indices])


class Equations:
    """phi_E(theta) - y_E in the unknown `entries` of a polynomial network, batch by batch."""

    def __init__(
        self,
        network: Network,
        n_samples: int,
        entries: Entries,
        equations: Sequence[int],
        xp: ModuleType = np,
    ) -> None:
        self.entries, self.xp = entries, xp
        self._forward = pass_of(network, n_samples, entries, equations, xp)
        self._shapes = dict(network.weight_shapes)
        self._shapes["inputs"] = network.input_shape(n_samples)
        sizes = [math.prod(shape) for shape in self._shapes.values()]
        starts = dict(zip(self._shapes, accumulate([0, *sizes]), strict=False))
        self._parts = {
            name: slice(start, start + size)
            for (name, start), size in zip(starts.items(), sizes, strict=True)
        }
        self._n_given = sum(sizes)
        positions = [
            starts[name] + int(np.ravel_multi_index(index, self._shapes[name]))
            for name, index in entries
        ]
        self._columns = xp.asarray(np.array(positions, dtype=np.int64))

    def residual(self, theta: Array, instance: Instance) -> tuple[Array, Array]:
        """phi_E(theta) - y_E (batch, n), and its Jacobian (batch, n, n)."""
        weights = self._forward.with_entries(instance.weights, theta)
        value, jacobian = self._forward.jacobian(weights, instance.inputs)
        return value - instance.outputs, jacobian

    @property
    def n_numbers(self) -> int:
        """How many numbers an instance has, with as many outputs as unknowns."""
        return self._n_given + len(self.entries)

    def flat(self, instance: Instance) -> Array:
        """All numbers of the instances as complex rows: weights, inputs and outputs."""
        arrays = [instance.weights[name] for name in self._shapes if name != "inputs"]
        rows = [
            array.reshape(len(instance), -1)
            for array in (*arrays, instance.inputs, instance.outputs)
        ]
        return self.xp.concatenate(rows, axis=1).astype(complex)

    def along(self, start: Array, end: Array) -> Array:
        """The directions from flat instances to others, the unknown entries held."""
        direction = end - start
        direction[:, self._columns] = 0
        return direction

    def residual_at(self, theta: Array, flat: Array) -> tuple[Array, Array]:
        """As `residual`, of flat instances; `theta` is written into them."""
        flat[:, self._columns] = theta
        weights, inputs = self._views(flat)
        value, jacobian = self._forward.jacobian(weights, inputs)
        return value - flat[:, self._n_given :], jacobian

    def drift_at(self, theta: Array, flat: Array, direction: Array) -> Array:
        """Derivative of the residual `along` a direction; `theta` is written into `flat`."""
        flat[:, self._columns] = theta
        slope = self._forward.tangent(*self._views(flat), *self._views(direction))
        return slope - direction[:, self._n_given :]

    def _views(self, flat: Array) -> tuple[Weights, Array]:
        views = {
            name: flat[:, part].reshape(-1, *self._shapes[name])
            for name, part in self._parts.items()
        }
        inputs = views.pop("inputs")
        return views, inputs

    def outputs(self, weights: Weights, inputs: Array) -> Array:
        """What a network with these weights, all of them given, puts out on the equations."""
        return self._forward.values(weights, inputs)


def with_constant(network: Network, inputs: Array, unit: float = 1.0, xp: ModuleType = np) -> Array:
    """Inputs (batch, ..., n_0, samples); a last row of constants follows where the network's
    inputs have one.
    """
    if network.input_shape(1)[-2] == network.inputs:
        return inputs
    constant = xp.full((*inputs.shape[:-2], 1, inputs.shape[-1]), unit)
    return xp.concatenate([inputs, constant], axis=-2)


def complex_instances(
    allocation: Allocation,
    input_shape: tuple[int, ...] | None,
    n_equations: int,
    rng: np.random.Generator,
    count: int,
    xp: ModuleType = np,
) -> Instance:
    """`count` instances of complex Gaussians to travel through, the outputs free.

    Absent weights are 0. Inputs are not drawn without a shape, but none. `rng` is one of the
    module `xp`.
    """

    def normal(*shape: int) -> Array:
        parts = rng.standard_normal((2, count, *shape))
        return (parts[0] + 1j * parts[1]) / np.sqrt(2)

    weights = present(
        {name: normal(*shape) for name, shape in allocation.network.weight_shapes.items()},
        allocation,
        xp,
    )
    inputs = xp.empty((count, 0)) if input_shape is None else normal(*input_shape)
    return Instance(weights, inputs, normal(n_equations))


def present(weights: Weights, allocation: Allocation, xp: ModuleType = np) -> Weights:
    """The weights, 0 where `allocation` has none."""
    given = allocation.given_present()
    return {
        name: value * xp.asarray(given[name]) if name in given else value
        for name, value in weights.items()
    }


def solve(matrices: Array, vectors: Array, xp: ModuleType = np) -> Array:
    """Solutions of a stack of square systems; not finite where a matrix is singular."""
    try:
        with np.errstate(all="ignore"):
            return xp.linalg.solve(matrices, vectors[..., None])[..., 0]
    except np.linalg.LinAlgError:  # CuPy raises none
        if len(matrices) == 1:
            return xp.full_like(vectors, np.nan)
        half = len(matrices) // 2
        parts = (
            solve(matrices[:half], vectors[:half], xp),
            solve(matrices[half:], vectors[half:], xp),
        )
        return xp.concatenate(parts)
