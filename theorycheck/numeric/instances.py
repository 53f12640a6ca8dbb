"""Instances of a square system: all given numbers, in batches, and the segments between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ..networks import LinearFeedforward, LinearRecurrent
from .forward import Cells, ForwardPass, Weights


@dataclass(frozen=True)
class Instance:
    """Student weights, inputs and wanted outputs, all with the same leading batch size.

    The values of `weights` at the unknown cells are not used.
    """

    weights: Weights
    inputs: Any
    outputs: Any

    def __len__(self) -> int:
        return len(self.outputs)

    def take(self, indices: Any) -> Instance:
        """The instances with these numbers."""
        weights = {name: value[indices] for name, value in self.weights.items()}
        return Instance(weights, self.inputs[indices], self.outputs[indices])

    def moved(self, other: Instance, part: Any) -> Instance:
        """(1 - part) self + part other, `part` one number per instance."""

        def between(a: Any, b: Any) -> Any:
            s = part.reshape(-1, *(1,) * (a.ndim - 1))
            return a + s * (b - a)

        weights = {name: between(a, other.weights[name]) for name, a in self.weights.items()}
        inputs = between(self.inputs, other.inputs)
        return Instance(weights, inputs, between(self.outputs, other.outputs))

    def minus(self, other: Instance) -> Instance:
        """The direction from `other` to this one."""
        weights = {name: a - other.weights[name] for name, a in self.weights.items()}
        return Instance(weights, self.inputs - other.inputs, self.outputs - other.outputs)


class Equations:
    """phi_E(theta) - y_E in the unknown `cells` of a linear network, for batches of instances."""

    def __init__(
        self,
        network: LinearFeedforward | LinearRecurrent,
        n_samples: int,
        cells: Cells,
        equations: Sequence[int],
        xp: ModuleType = np,
    ) -> None:
        self.cells, self.xp = cells, xp
        self._forward = ForwardPass(network, n_samples, cells, equations, xp)

    def residual(self, theta: Any, instance: Instance) -> tuple[Any, Any]:
        """phi_E(theta) - y_E (batch, n), and its Jacobian (batch, n, n)."""
        weights = self._forward.with_cells(instance.weights, theta, self.cells)
        value, jacobian = self._forward.jacobian(weights, instance.inputs)
        return value - instance.outputs, jacobian

    def drift(self, theta: Any, instance: Instance, direction: Instance) -> Any:
        """Derivative of the residual as the instance moves in a direction, theta held."""
        weights = self._forward.with_cells(instance.weights, theta, self.cells)
        still = self._forward.with_cells(direction.weights, 0 * theta, self.cells)
        inputs = self._forward.tangent(weights, instance.inputs, still, direction.inputs)
        return inputs - direction.outputs

    def outputs(self, weights: Weights, inputs: Any) -> Any:
        """What a network with these weights, all of them given, puts out on the equations."""
        return self._forward.values(weights, inputs)


def solve(matrices: Any, vectors: Any, xp: ModuleType = np) -> Any:
    """Solutions of a stack of square systems; not finite where a matrix is singular."""
    try:
        with np.errstate(all="ignore"):
            return xp.linalg.solve(matrices, vectors[..., None])[..., 0]
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return xp.full_like(vectors, np.nan)
        half = len(matrices) // 2
        parts = (
            solve(matrices[:half], vectors[:half], xp),
            solve(matrices[half:], vectors[half:], xp),
        )
        return xp.concatenate(parts)
