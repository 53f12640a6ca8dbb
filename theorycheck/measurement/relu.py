"""Trials of shallow ReLU networks: least squares for the output layer alone, else a search.

A search only proves matches, so its estimates are lower bounds: restarts miss some.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from ..masks import cells_of
from ..numeric.forward import Cells
from ..numeric.instances import Instance
from .certificate import UNIT, Certificates, System, certify
from .draws import Source
from .least_squares import MATCH, UNDECIDED, decide_affine
from .levenberg import fit
from .methods import Method
from .svd_rank import measured_rank

PATTERN = "pattern"  # the name under which an instance carries its activation pattern


class ReluEquations:
    """W2 relu(W1 x + b1) + b2 - y in the unknown `cells`, on all samples.

    If an instance has an activation pattern among its weights, (batch, hidden, samples), that is
    used in place of the signs of the pre-activations: then the outputs are polynomials.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = cells

    def residual(self, theta: Any, instance: Instance) -> tuple[Any, Any]:
        """Residuals (batch, outputs x samples), and their Jacobian in the unknowns."""
        weights = dict(instance.weights)
        for place, (name, index) in enumerate(self.cells):
            if weights[name] is instance.weights[name]:
                weights[name] = weights[name].copy()
            weights[name][(slice(None), *index)] = theta[:, place]
        inputs, second = instance.inputs, weights["W2"]
        before = pre_activations(weights, inputs)
        active = weights.get(PATTERN, before > 0)
        hidden = before * active
        outputs = second @ hidden
        if "b2" in weights:
            outputs = outputs + weights["b2"][:, :, None]
        jacobian = np.zeros((*outputs.shape, len(self.cells)))
        for place, (name, index) in enumerate(self.cells):
            if name in ("W2", "b2"):
                slope = hidden[:, index[1]] if name == "W2" else 1.0
                jacobian[:, index[0], :, place] = slope
            else:
                shown = inputs[:, index[1]] if name == "W1" else 1.0
                slope = active[:, index[0]] * shown
                jacobian[..., place] = second[:, :, index[0], None] * slope[:, None]
        count = len(outputs)
        value = outputs.reshape(count, -1) - instance.outputs
        return value, jacobian.reshape(*value.shape, len(self.cells))  # without cells too


def pre_activations(weights: Any, inputs: Any) -> Any:
    """W1 x + b1, shape (batch, hidden, samples)."""
    before = weights["W1"] @ inputs
    return before if "b1" not in weights else before + weights["b1"][:, :, None]


def certify_relu(
    system: System, theta: Any, instances: Instance, xp: ModuleType = np
) -> Certificates:
    """`certify` within the activation pattern at theta, if no unit can switch near the solution."""
    assert isinstance(system, ReluEquations)
    weights = dict(instances.weights)
    reach = np.zeros_like(weights["W1"])  # 1 at learnable weights of the hidden units
    shift = np.zeros(weights["W1"].shape[:2])
    for place, (name, index) in enumerate(system.cells):
        if name in ("W1", "b1"):
            weights[name] = weights[name].copy()
            weights[name][(slice(None), *index)] = theta[:, place]
            if name == "W1":
                reach[(slice(None), *index)] = 1.0
            else:
                shift[:, index[0]] = 1.0
    before = pre_activations(weights, instances.inputs)
    patterned = {**instances.weights, PATTERN: (before > 0).astype(float)}
    fixed = Instance(patterned, instances.inputs, instances.outputs)
    found = certify(system, theta, fixed, xp)
    radius = np.where(np.isfinite(found.radius), found.radius, 0.0)[:, None, None]
    change = radius * (reach @ abs(instances.inputs) + shift[:, :, None])
    size = abs(weights["W1"]) @ abs(instances.inputs) + abs(weights.get("b1", shift))[:, :, None]
    rounding = 8 * UNIT * (instances.inputs.shape[1] + 2) * size
    keeps = (abs(before) > change + rounding).all(axis=(1, 2))
    return Certificates(found.proved & keeps, found.radius, found.residual, found.level)


class _ReluTrials:
    """Draws of teacher, student and inputs, with what the method asks of them."""

    def __init__(self, source: Source, seed: int, restarts: int) -> None:
        allocation = source.allocation
        self._source, self._seed, self._restarts = source, seed, restarts
        self._cells = cells_of(dict(allocation.masks("learnable")))
        everything = cells_of(dict(allocation.masks("present")))
        self._student, self._teacher = ReluEquations(self._cells), ReluEquations(everything)
        self.is_affine = all(name in ("W2", "b2") for name, _ in self._cells)

    def _draw(self, chunk: int, count: int) -> tuple[Any, Instance, Any]:
        rng = np.random.default_rng([self._seed, 0, chunk])
        teacher, student = self._source.weights(rng, count), self._source.weights(rng, count)
        inputs = self._source.inputs(rng, count)
        n_outputs = self._source.allocation.network.outputs * self._source.samples
        theta = np.stack(
            [teacher[name][(slice(None), *index)] for name, index in self._teacher.cells], axis=1
        )
        nothing = Instance(teacher, inputs, np.zeros((count, n_outputs)))
        outputs, jacobian = self._teacher.residual(theta, nothing)
        return jacobian, Instance(student, inputs, outputs), rng

    def decide(self, chunk: int, count: int) -> Any:
        _, instances, rng = self._draw(chunk, count)
        if self.is_affine:
            zero = np.zeros((count, len(self._cells)))
            value, jacobian = self._student.residual(zero, instances)
            return decide_affine(jacobian, -value).decision
        found = fit(self._student, instances, rng, restarts=self._restarts, certifier=certify_relu)
        return np.where(found.matched, MATCH, UNDECIDED)

    def is_regular(self, chunk: int, count: int) -> Any:
        """Whether the Jacobian of all weights of the teacher has full rank d m."""
        jacobian, instances, _ = self._draw(chunk, count)
        ranks = measured_rank(jacobian)
        full = instances.outputs.shape[1]
        return np.array([ranks[k] == full for k in range(count)])


def relu_method(source: Source, seed: int, restarts: int, xp: ModuleType) -> Method:
    """Least squares if only the output layer is learnable, else Levenberg-Marquardt."""
    trials = _ReluTrials(source, seed, restarts)
    name = "least squares" if trials.is_affine else "Levenberg-Marquardt"
    return Method(name, trials.decide, is_regular=trials.is_regular)
