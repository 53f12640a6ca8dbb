"""Matches of small networks with any activations, searched: damped least squares, many starts.

A match that is found is one, up to rounding; that none is found proves nothing. Made for networks
of a few weights, all draws at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.matrices import matrices_of, places_of
from ..problem.networks.unrolled import CONSTANT

Floats: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = dict[str, Floats]

_SCALES = (0.5, 1.0, 2.0, 5.0)  # of starts
_CLOSE = 1e-7  # of outputs that agree, relative to those wanted
_FIRST_DAMPING, _DAMPINGS = 1e-2, (1e-12, 1e8)
_AT_ONCE = 15  # steps
_TOGETHER = 200  # descents: NumPy takes hardly longer for so many than for a few


@dataclass(frozen=True)
class Draws:
    """Teachers' outputs, students' weights and inputs: the first axis of each is the draw."""

    student: Weights
    inputs: Floats
    wanted: Floats

    def part(self, chosen: NDArray[np.int64]) -> Draws:
        """Some of them."""
        student = {name: weight[chosen] for name, weight in self.student.items()}
        return Draws(student, self.inputs[chosen], self.wanted[chosen])


class Fitted:
    """An allocation whose draws are searched for matches."""

    def __init__(self, allocation: Allocation, samples: int, seed: int) -> None:
        self._allocation, self._samples = allocation, samples
        self._network = allocation.network
        self._entries = entries_of(dict(allocation.masks("learnable")))
        self._places = dict(self._acting())
        self._rng = np.random.default_rng([seed, 12])

    def drawn(self, count: int) -> Draws:
        """Standard normal teachers, students and inputs."""
        rows = sum(level.size for level in self._network.unrolled.starts if level.group != CONSTANT)
        inputs = self._rng.standard_normal((count, rows, self._samples))
        teacher, student = self._weights(count), self._weights(count)
        return Draws(student, inputs, self.evaluated(teacher, inputs)[0])

    def _acting(self) -> Iterator[tuple[str, list[tuple[int, int, int]]]]:
        """The number of each learnable, with row and column, in what terms name."""
        for name, shape in self._network.weight_shapes.items():
            own = [(k, index) for k, (other, index) in enumerate(self._entries) if other == name]
            if own:
                numbers, indices = np.array([k for k, _ in own]), np.array([i for _, i in own])
                for place in places_of(self._network.unrolled, shape, name, indices):
                    at = numbers[place.positions], place.rows, place.columns
                    yield place.name, list(zip(*(k.tolist() for k in at), strict=True))

    def _matrices(self, weights: Weights) -> dict[str, Floats]:
        """What terms name: (draws, units, units before)."""
        last = {name: _rolled(weight) for name, weight in weights.items()}
        found = matrices_of(
            self._network.unrolled,
            last,
            lambda factor, size: float(factor) * np.eye(size)[:, :, None],
            matrix=lambda weight: weight if weight.ndim == 3 else weight[:, None],
        )
        return {name: matrix.transpose(2, 0, 1) for name, matrix in found.items()}

    def _weights(self, count: int) -> Weights:
        return {
            name: self._rng.standard_normal((count, *shape)) * self._allocation.present_mask(name)
            for name, shape in self._network.weight_shapes.items()
        }

    def evaluated(self, weights: Weights, inputs: Floats) -> tuple[Floats, Floats]:
        """Outputs (draws, equations), and their derivatives (draws, equations, learnables).

        Equations are ordered by step that is read, output and sample.
        """
        levels, matrices = self._network.unrolled.levels, self._matrices(weights)
        count, _, samples = inputs.shape
        values: list[Floats] = []
        slopes: list[Floats | None] = []  # (draws, learnables, units, samples)
        start = 0
        for level in levels:
            if not level.terms:
                is_one = level.group == CONSTANT
                here = (
                    np.ones((count, 1, samples)) if is_one else inputs[:, start:][:, : level.size]
                )
                start += 0 if is_one else level.size
                values.append(here)
                slopes.append(None)
                continue
            z = np.zeros((count, level.size, samples))
            slope = np.zeros((count, len(self._entries), level.size, samples))
            for name, source in level.terms:
                matrix = matrices[name]
                z += matrix @ values[source]
                before = slopes[source]
                if before is not None:
                    slope += matrix[:, None] @ before
                for number, i, j in self._places.get(name, ()):
                    slope[:, number, i] += values[source][:, j]
            row = ACTIVATIONS[level.activation]
            values.append(row.value(z, np))
            slopes.append(slope * row.slope(z, np)[:, None])
        reads = self._network.unrolled.read
        outputs = np.concatenate([values[k] for k in reads], axis=1).reshape(count, -1)
        jacobian = np.concatenate([slopes[k] for k in reads], axis=2)  # type: ignore[list-item]
        return outputs, np.moveaxis(jacobian.reshape(count, len(self._entries), -1), 1, 2)

    def matched(self, draws: Draws, starts: int, steps: int = 150) -> NDArray[np.bool_]:
        """Which draws a search from so many starts matches."""
        found, tried = np.zeros(len(draws.wanted), dtype=bool), 0
        while tried < starts and not found.all():
            left = np.flatnonzero(~found)
            # As many as there were: most draws that are ever matched are so by the first ones.
            each = min(max(tried, 1), max(_TOGETHER // len(left), 1), starts - tried)
            found[left] = self._descended(draws.part(left), each, steps)
            tried += each
        return found

    def _descended(self, draws: Draws, starts: int, steps: int) -> NDArray[np.bool_]:
        """Descents of each draw, by Levenberg and Marquardt; draws that matched are let go."""
        matched = np.zeros(len(draws.wanted), dtype=bool)
        of = np.tile(np.arange(len(matched)), starts)  # the draw of each descent
        count, left = len(of), np.arange(len(of))
        scales = self._rng.choice(_SCALES, size=(count, 1))
        theta = self._rng.standard_normal((count, len(self._entries))) * scales
        damping = np.full(count, _FIRST_DAMPING)
        for _ in range(0, steps, _AT_ONCE):
            part = draws.part(of[left])
            gap = self._moved(theta, damping, left, part)
            close = np.abs(gap).max(axis=1) < _CLOSE * (1 + np.abs(part.wanted).max(axis=1))
            matched[of[left[close]]] = True
            left = left[~matched[of[left]]]
            if not len(left):
                break
        return matched

    def _moved(
        self, theta: Floats, damping: Floats, left: NDArray[np.int64], draws: Draws
    ) -> Floats:
        """The gaps after some steps of the draws that are left; theta and damping change."""
        at, damped = theta[left], damping[left]
        with np.errstate(all="ignore"):  # some descents overflow; they stay where they are
            gap, jacobian = self._at(at, draws)
            for _ in range(_AT_ONCE):
                change = _step(gap, jacobian, damped)
                other, slopes = self._at(at + change, draws)
                better = (other**2).sum(axis=1) < (gap**2).sum(axis=1)
                at = np.where(better[:, None], at + change, at)
                gap = np.where(better[:, None], other, gap)
                jacobian = np.where(better[:, None, None], slopes, jacobian)
                damped = np.clip(np.where(better, damped / 5, damped * 4), *_DAMPINGS)
        theta[left], damping[left] = at, damped
        return gap

    def _at(self, theta: Floats, draws: Draws) -> tuple[Floats, Floats]:
        weights = {name: weight.copy() for name, weight in draws.student.items()}
        for number, (name, index) in enumerate(self._entries):
            weights[name][(slice(None), *index)] = theta[:, number]
        outputs, jacobian = self.evaluated(weights, draws.inputs)
        return outputs - draws.wanted, jacobian


def _rolled(weight: Floats) -> Floats:
    """With the first axis last; `np.moveaxis`, which checks much, was a third of all time."""
    return weight.transpose(*range(1, weight.ndim), 0)


def _step(gap: Floats, jacobian: Floats, damping: Floats) -> Floats:
    """The damped step of each draw, unknowns scaled to columns of length 1; 0 on overflow."""
    scales = np.sqrt(np.einsum("dei,dei->di", jacobian, jacobian))
    scales = np.where(scales > 0, scales, 1)
    scaled = jacobian / scales[:, None]
    gradient = np.einsum("dei,de->di", scaled, gap)
    finite = np.isfinite(scaled).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    scaled = np.where(finite[:, None, None], scaled, 0)
    normal = np.einsum("dei,dej->dij", scaled, scaled)
    matrix = normal + damping[:, None, None] * np.eye(gradient.shape[1])
    step = -np.linalg.solve(matrix, np.where(finite[:, None], gradient, 0)[..., None])[..., 0]
    return np.nan_to_num(step / scales, nan=0, posinf=0, neginf=0)
