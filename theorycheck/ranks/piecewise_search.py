"""Search for points of piecewise linear networks at which the rank is as large as can be.

Weights, inputs and biases are random integers of many sizes; in every other draw biases are such
that kinks of units lie next to samples, so that the samples are on different pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import CONSTANT, Level
from .generic_rank import required_bytes
from .oracle_jacobian import OracleJacobian
from .piecewise_bounds import Cover, dimension_bound, small_cover
from .piecewise_point import (
    Candidate,
    Integers,
    PiecewisePoint,
    evaluated,
    jacobian_there,
    rank_there,
)
from .point import draw_prime, words

MOST_DRAWS = 256
_LEAST_DRAWS = 3
_MOST_WORK = 2e10  # of all draws together, in equations x rank x weights
_LARGEST, _LARGEST_INPUT = 64, 8
_SCALE = 1024  # of weights where some kinks are not at 0


@dataclass(frozen=True)
class PiecewiseSearch:
    """What is sought about an allocation of a piecewise linear network on `samples` inputs.

    Raises `SizeError` if one Jacobian needs more than `memory_limit` bytes, `OutOfTimeError` after
    the deadline.
    """

    allocation: Allocation
    samples: int
    seed: int
    memory_limit: int
    deadline: Deadline = NEVER

    @cached_property
    def bound(self) -> int:
        """A proved bound on the target dimension D."""
        return dimension_bound(self.allocation, self.samples, self.deadline)

    @cached_property
    def cover(self) -> Cover:
        """A proved bound on the rank of the learnables in every pattern."""
        return small_cover(self.allocation, self.samples, self.deadline)

    @cached_property
    def most(self) -> int:
        """The most that the rank of the learnables can be, by the cover."""
        return self.cover.size(self.samples)

    @cached_property
    def point(self) -> PiecewisePoint | None:
        """The point at which the learnables were found to have the largest rank."""
        return self._best("learnable", min(self.most, self.bound))

    @cached_property
    def regular_point(self) -> PiecewisePoint | None:
        """The point at which all weights were found to have the largest rank."""
        return self._best("present", self.bound)

    @property
    def target(self) -> int | None:
        """D, if a point has shown that the bound is reached; None if that is not known."""
        point = self.regular_point
        shown = 0 if point is None else point.rank
        return self.bound if shown == self.bound else None

    def jacobian(self, point: PiecewisePoint) -> OracleJacobian:
        """The Jacobian of all weights at a point that was found, modulo its prime."""
        found = evaluated(self.allocation, point.candidate, deadline=self.deadline)
        assert found is not None, "the point is inside of its pattern"
        return jacobian_there(self.allocation, *found, point.prime, self.deadline)

    def _best(self, which: str, upper: int) -> PiecewisePoint | None:
        """The best of some draws; they end with one of rank `upper`."""
        n_entries = getattr(self.allocation, f"n_{which}")
        needed = required_bytes(self.allocation, self.samples, n_entries)
        if needed > self.memory_limit:
            raise SizeError(
                f"the Jacobian at a point ({self.allocation.network.n_equations(self.samples)} "
                f"equations x {n_entries} weights) needs about {needed / 2**30:.3g} GiB, more than "
                f"the limit of {self.memory_limit / 2**30:.3g} GiB"
            )
        equations = self.allocation.network.n_equations(self.samples)
        work = float(equations) * max(upper, 1) * max(n_entries, 1)
        draws = min(MOST_DRAWS, max(int(_MOST_WORK / work), _LEAST_DRAWS))
        best: PiecewisePoint | None = None
        for trial in range(draws if upper else 0):
            self.deadline.check("a search for a point of large rank")
            found = self._tried(trial, which, upper)
            if found is not None and (best is None or found.rank > best.rank):
                best = found
            if best is not None and best.rank >= upper:
                break
        return best

    def _tried(self, trial: int, which: str, upper: int) -> PiecewisePoint | None:
        draw = _Draw(self.allocation, self.samples, self.seed, trial)
        found = evaluated(self.allocation, draw.candidate(), draw.steering, self.deadline)
        if found is None:
            return None
        prime = draw_prime(self.seed, trial)
        return rank_there(self.allocation, *found, which, prime, upper, self.deadline)


class _Draw:
    """The random integers of one trial."""

    def __init__(self, allocation: Allocation, samples: int, seed: int, trial: int) -> None:
        self._allocation, self._samples = allocation, samples
        self._seed, self._trial = seed, trial
        kinks = [kink for name in allocation.network.activations for kink in _kinks(name)]
        self._scale = _SCALE if any(kinks) else 1
        self.steering = self._steered if trial % 2 else None

    def candidate(self) -> Candidate:
        """Weights and inputs, their signs random."""
        network, weights = self._allocation.network, {}
        for name, shape in network.weight_shapes.items():
            values = self._drawn(name, shape, self._most(name, shape))
            weights[name] = values * self._allocation.present_mask(name)
        starts = network.unrolled.starts
        rows = sum(level.size for level in starts if level.group != CONSTANT)
        largest = _LARGEST if self._scale == 1 else _LARGEST_INPUT
        return Candidate(
            weights, self._drawn("inputs", (rows, self._samples), largest), self._scale
        )

    def _most(self, name: str, shape: tuple[int, ...]) -> int:
        """The largest weight: sums of about the size at which the kinks are."""
        if self._scale == 1:
            return _LARGEST
        if len(shape) == 1:
            return self._scale
        first = next(iter(self._allocation.network.groups))
        size = _LARGEST_INPUT / 2 if self._allocation.network.ends(name)[0] == first else 0.5
        return max(int(3 * self._scale / (size * math.sqrt(shape[1]))), 2)

    def _drawn(self, name: str, shape: tuple[int, ...], largest: int) -> NDArray[np.int64]:
        """Integers of sizes up to the largest; in some trials of any order of magnitude."""
        values = words(self._seed, self._trial, f"piecewise/{name}", math.prod(shape))
        sizes = (values % np.uint64(largest)).astype(np.int64) + 1
        if self._trial % 4 > 1:
            halvings = (values >> np.uint64(32)).astype(np.int64) % largest.bit_length()
            sizes = np.maximum(sizes >> halvings, 1)
        signs = 1 - 2 * (values >> np.uint64(63)).astype(np.int64)
        return (sizes * signs).reshape(shape)

    def _steered(self, name: str, level: Level, sums: Integers, scale: int) -> Integers | None:
        """Biases that bring a kink of each unit next to a sample; None for linear units."""
        kinks = _kinks(level.activation)
        if not kinks:
            return None
        drawn = words(self._seed, self._trial, f"piecewise/kinks/{name}", len(sums))
        which = (drawn % np.uint64(self._samples)).astype(np.int64)
        at = np.array(kinks, dtype=object)[
            ((drawn >> np.uint64(32)) % np.uint64(len(kinks))).astype(np.int64)
        ]
        near = sums[np.arange(len(sums)), which].astype(object)
        # (sums + bias x others) / scale is at the kink: others is what `scale` has beside a bias's.
        others = scale // self._scale
        offset = (drawn >> np.uint64(62)).astype(np.int64) % 2
        biases = (at * scale - near) // others + offset
        return biases.astype(np.int64) if abs(biases).max() < 2**62 else biases


def _kinks(name: str) -> tuple[int, ...]:
    return ACTIVATIONS[name].kinks
