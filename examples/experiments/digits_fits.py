"""Fits of networks on given inputs, in floating point, and exact ranks of their Jacobians.

A network is a list of weight matrices; `relu` puts a ReLU behind the first of two. Nothing of the
theory is used here: what `digits.py` compares the verdicts with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theorycheck.field.elimination import rank
from theorycheck.ranks.given_inputs import coprime

MATCHED = 1e-12  # largest |residual|^2 / |teacher's outputs|^2 of a match
_PRIME = 8_388_593


@dataclass(frozen=True)
class Problem:
    """A student's masks and frozen weights, the inputs (n_0, samples) and the teacher's outputs."""

    masks: Sequence[np.ndarray]
    weights: Sequence[np.ndarray]
    inputs: np.ndarray
    outputs: np.ndarray
    relu: bool

    def with_learnables(self, theta: np.ndarray) -> list[np.ndarray]:
        """The weights with the learnables `theta`, layer by layer, row by row."""
        ends = np.cumsum([mask.sum() for mask in self.masks])
        result = [weight.copy() for weight in self.weights]
        for weight, mask, part in zip(result, self.masks, np.split(theta, ends[:-1]), strict=True):
            weight[mask] = part
        return result

    def residual(self, theta: np.ndarray) -> np.ndarray:
        """Differences of the student's outputs from the teacher's, relative to their norm."""
        error = forward(self.with_learnables(theta), self.inputs, self.relu) - self.outputs
        return error.ravel() / np.linalg.norm(self.outputs)

    def jacobian(self, theta: np.ndarray) -> np.ndarray:
        """Derivatives of `residual` by the learnables."""
        weights = self.with_learnables(theta)
        gates = weights[0] @ self.inputs > 0 if self.relu else None
        blocks = columns(self.masks, weights, self.inputs, gates)
        return blocks / np.linalg.norm(self.outputs)


def random_weights(shapes: Sequence[tuple[int, ...]], rng: np.random.Generator) -> list[np.ndarray]:
    """Gaussian weights; the variance keeps activations at the size of the inputs."""
    return [rng.normal(size=shape) / np.sqrt(shape[1]) for shape in shapes]


def forward(weights: Sequence[np.ndarray], inputs: np.ndarray, relu: bool) -> np.ndarray:
    """The outputs, (d, samples)."""
    state = inputs
    for layer, weight in enumerate(weights):
        state = weight @ state
        if relu and layer == 0:
            state = np.maximum(state, 0)
    return state


def columns(
    masks: Sequence[np.ndarray],
    weights: Sequence[np.ndarray],
    inputs: np.ndarray,
    gates: np.ndarray | None,
    prime: int | None = None,
) -> np.ndarray:
    """The Jacobian (outputs x samples, learnables); modulo a prime if one is given."""

    def reduced(array: np.ndarray) -> np.ndarray:
        return array if prime is None else array % prime

    states = [inputs]
    for layer, weight in enumerate(weights[:-1]):
        state = reduced(weight @ states[-1])
        states.append(state * gates if gates is not None and layer == 0 else state)
    behind = np.eye(len(weights[-1]), dtype=weights[-1].dtype)
    empty = np.zeros((behind.shape[0] * inputs.shape[1], 0), dtype=weights[-1].dtype)
    blocks = []
    for layer in reversed(range(len(weights))):
        rows, sources = np.nonzero(masks[layer])
        ahead = states[layer][sources]
        if gates is not None and layer == 0:
            ahead = ahead * gates[rows]
        block = behind[:, rows][:, None, :] * ahead.T[None, :, :]
        blocks.insert(0, reduced(block).reshape(-1, len(rows)) if len(rows) else empty)
        behind = reduced(behind @ weights[layer])
    return np.concatenate(blocks, axis=1)


def exact_rank(
    masks: Sequence[np.ndarray], points: np.ndarray, gates: np.ndarray | None, seed: int
) -> int:
    """Rank of the Jacobian on these points (samples, n_0), exactly, at weights modulo a prime."""
    rng = np.random.default_rng(seed)
    integers = [[value % _PRIME for value in coprime(point, False)] for point in points.tolist()]
    weights = [rng.integers(0, _PRIME, mask.shape) for mask in masks]
    inputs = np.array(integers, dtype=np.int64).T
    return rank(columns(masks, weights, inputs, gates, _PRIME), _PRIME)


def least_squares(problem: Problem) -> float:
    """The smallest squared residual of a student that is affine in its learnables."""
    zero = np.zeros(sum(int(mask.sum()) for mask in problem.masks))
    matrix, offset = problem.jacobian(zero), problem.residual(zero)
    solution = np.linalg.lstsq(matrix, -offset, rcond=1e-12)[0]
    return float(np.sum(problem.residual(solution) ** 2))


def levenberg(problem: Problem, rng: np.random.Generator, restarts: int, steps: int = 150) -> float:
    """The smallest squared residual that damped Gauss-Newton steps reach from random starts."""
    best = np.inf
    for _ in range(restarts):
        best = min(best, _descend(problem, _start(problem, rng), steps))
        if best < MATCHED:
            break
    return best


def _start(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    weights = random_weights([mask.shape for mask in problem.masks], rng)
    return np.concatenate([w[mask] for w, mask in zip(weights, problem.masks, strict=True)])


def _descend(problem: Problem, theta: np.ndarray, steps: int) -> float:
    residual = problem.residual(theta)
    value, damping = float(residual @ residual), 1e-2
    earlier: list[float] = []
    for _ in range(steps):
        jacobian = problem.jacobian(theta)
        square, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        scale = float(np.trace(square)) / len(theta) or 1.0
        while damping < 1e12:
            move = np.linalg.solve(square + damping * scale * np.eye(len(theta)), gradient)
            tried = problem.residual(theta - move)
            if tried @ tried < value:
                break
            damping *= 8
        else:
            return value
        theta, residual, value = theta - move, tried, float(tried @ tried)
        damping = max(damping / 8, 1e-11)  # keeps a singular matrix solvable
        earlier.append(value)
        stalled = len(earlier) > 25 and value > 0.98 * earlier[-25]
        if value < MATCHED / 100 or stalled:
            break
    return value


def adam(problem: Problem, rng: np.random.Generator, steps: int, rate: float = 0.02) -> float:
    """The squared residual after full-batch training with Adam, the rate falling to 0."""
    theta = _start(problem, rng)
    mean, square = np.zeros_like(theta), np.zeros_like(theta)
    best: Any = np.inf
    for step in range(1, steps + 1):
        residual, gradient = _gradient(problem, theta)
        best = min(best, residual)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        size = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        root = np.sqrt(square / (1 - 0.999**step)) + 1e-12
        theta = theta - size * mean / (1 - 0.9**step) / root
    return float(best)


def _gradient(problem: Problem, theta: np.ndarray) -> tuple[float, np.ndarray]:
    """The squared residual and its gradient, by back-propagation."""
    weights = problem.with_learnables(theta)
    states = [problem.inputs]
    for layer, weight in enumerate(weights):
        state = weight @ states[-1]
        states.append(np.maximum(state, 0) if problem.relu and layer == 0 else state)
    norm = np.linalg.norm(problem.outputs)
    error = (states[-1] - problem.outputs) / norm
    value, back, parts = float(np.sum(error**2)), 2 * error / norm, []
    for layer in reversed(range(len(weights))):
        if problem.relu and layer == 0:
            back = back * (states[1] > 0)
        parts.insert(0, (back @ states[layer].T)[problem.masks[layer]])
        back = weights[layer].T @ back
    return value, np.concatenate(parts)
