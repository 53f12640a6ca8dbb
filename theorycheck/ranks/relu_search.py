"""Points of a shallow ReLU network, in integers, at which a Jacobian has full rank d m.

Such a point lies in its own activation pattern, and so does a neighbourhood, since no
pre-activation is 0: the pattern is one that weights and inputs realise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..field.arithmetic import reduce
from ..field.batched import batched_rank
from ..problem.allocation import Allocation
from .generic_rank import BLOCK
from .point import draw_prime, words
from .relu_patterns import PatternList, PatternRanks, unit_supports
from .relu_rank import relu_jacobians, relu_rank
from .relu_steering import steered

MOST_DRAWS = 1024
_MOST_WORK = 1e9  # of all draws together, in equations^2 x weights
_CHUNK_ENTRIES = 2**21
_LARGEST = 1000
_SMALL = 64  # equations of one Jacobian among many

Weights = dict[str, NDArray[Any]]
Shaping: TypeAlias = Callable[[NDArray[Any]], NDArray[Any] | None]  # inputs to inputs


@dataclass(frozen=True)
class FullPoint:
    """Integer weights and inputs (n_0, m), and a minor of size d m that is not 0 modulo `prime`."""

    weights: Weights
    inputs: NDArray[Any]
    prime: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    determinant: int


@dataclass(frozen=True)
class ReluSearch:
    """What is sought about an allocation of a shallow ReLU network on `samples` inputs.

    Raises `SizeError` if one Jacobian needs more than `memory_limit` bytes, `OutOfTimeError` after
    the deadline.
    """

    allocation: Allocation
    samples: int
    seed: int
    error_bound: float
    memory_limit: int
    deadline: Deadline = NEVER

    def _check_size(self, n_entries: int, *, whole: bool = False) -> None:
        """A Jacobian comes in blocks of columns, or `whole`; its elimination keeps a square."""
        inputs = self.allocation.network.weight_shapes["W1"][1] * self.samples
        columns = min(self.target, n_entries) + 4 * (n_entries if whole else min(n_entries, BLOCK))
        needed = 8 * (self.target * columns + 4 * self.allocation.network.n_weights + 4 * inputs)
        if needed > self.memory_limit:
            raise SizeError(
                f"the Jacobian ({self.target} equations x {n_entries} weights) needs about "
                f"{needed / 2**30:.3g} GiB, more than the limit of "
                f"{self.memory_limit / 2**30:.3g} GiB"
            )

    @property
    def target(self) -> int:
        """The target dimension d m."""
        return self.allocation.network.weight_shapes["W2"][0] * self.samples

    @cached_property
    def point(self) -> FullPoint | None:
        """A point at which the Jacobian of the learnables has rank d m; None if none was found."""
        return self._found("learnable") or self._by_patterns("learnable")

    @cached_property
    def regular_point(self) -> FullPoint | None:
        """A point at which the Jacobian of all weights has rank d m: a regular teacher."""
        return self._found("present") or self._by_patterns("present")

    def pattern_ranks(self, which: str) -> PatternRanks | None:
        """Ranks in all patterns; None if they are too many."""
        if which == "present":
            return self._present_ranks
        return self._learnable_ranks

    @cached_property
    def _learnable_ranks(self) -> PatternRanks | None:
        return self._ranks("learnable")

    @cached_property
    def _present_ranks(self) -> PatternRanks | None:
        return self._ranks("present")

    def _ranks(self, which: str) -> PatternRanks | None:
        n_entries = getattr(self.allocation, f"n_{which}")
        patterns = PatternList(self.allocation, self.samples, which, self.deadline)
        if not patterns.is_small:
            return None
        self._check_size(n_entries, whole=True)
        return patterns.ranks(self.target, self.seed, self.error_bound)

    def regular_at(self, shaping: Shaping) -> FullPoint | None:
        """A regular teacher at inputs made from random ones by `shaping` (None: draw again)."""
        return self._found("present", shaping)

    def _found(self, which: str, shaping: Shaping | None = None) -> FullPoint | None:
        """By random integer draws."""
        n_entries = getattr(self.allocation, f"n_{which}")
        if n_entries < self.target:
            return None
        self._check_size(n_entries)
        work = float(self.target) ** 2 * n_entries
        most = min(MOST_DRAWS, max(int(_MOST_WORK / work), 2))
        drawn = self.allocation.network.n_weights + self.samples
        step = max(1, min(128, _CHUNK_ENTRIES // max(self.target * n_entries, 16 * drawn)))
        for start in range(0, most, step):
            self.deadline.check("a search for a point of full rank")
            draws = [self._draw(k) for k in range(start, min(start + step, most))]
            if shaping is not None:
                shaped = [(weights, shaping(inputs)) for weights, inputs in draws]
                draws = [(weights, new) for weights, new in shaped if new is not None]
            # Large Jacobians are eliminated in blocks, one at a time, small ones all at once.
            if draws and self.target <= _SMALL:
                draws = [draws[k] for k in np.flatnonzero(self._full(draws, which))]
            for weights, inputs in draws:
                point = self.certified(weights, inputs, which)
                if point is not None:
                    return point
        return None

    def _draw(self, trial: int) -> tuple[Weights, NDArray[Any]]:
        """Integers from 1 to 1000 with signs."""
        network = self.allocation.network

        def drawn(name: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
            values = words(self.seed, trial, f"draw/{name}", math.prod(shape))
            sizes = (values % np.uint64(_LARGEST)).astype(np.int64) + 1
            signs = 1 - 2 * (values >> np.uint64(63)).astype(np.int64)
            return (sizes * signs).reshape(shape)

        weights = {
            name: drawn(name, shape) * self.allocation.present_mask(name)
            for name, shape in network.weight_shapes.items()
        }
        return weights, drawn("inputs", (network.inputs, self.samples))

    def _full(self, draws: list[tuple[Weights, NDArray[Any]]], which: str) -> NDArray[np.bool_]:
        """Whether the Jacobian at each draw has rank d m modulo the prime."""
        names = draws[0][0]
        weights = {name: np.stack([draw[0][name] for draw in draws]) for name in names}
        inputs = np.stack([draw[1] for draw in draws])
        active = _before(weights, inputs) > 0
        floats = {name: value.astype(np.float64) for name, value in weights.items()}
        prime = draw_prime(self.seed, 0)
        jacobians = relu_jacobians(
            self.allocation, floats, inputs.astype(np.float64), active, which, prime
        )
        return batched_rank(jacobians, prime, self.deadline) == self.target

    def certified(self, weights: Weights, inputs: NDArray[Any], which: str) -> FullPoint | None:
        """The point of these integers, if no pre-activation is 0 and the rank is full."""
        before = _before(weights, inputs)
        shown = [bool(support) for support in unit_supports(self.allocation)]
        if not (before != 0)[shown].all():
            return None
        prime = draw_prime(self.seed, 0)
        residues = {name: reduce(value % prime, prime) for name, value in weights.items()}
        active = (before > 0).astype(np.float64)[None]
        shown = reduce(inputs % prime, prime)
        elimination = relu_rank(
            self.allocation, residues, shown, active, which, prime, self.deadline
        )
        if elimination.rank < self.target:
            return None
        rows, columns = tuple(elimination.pivot_rows), tuple(elimination.pivot_columns)
        return FullPoint(weights, inputs, prime, rows, columns, elimination.determinant)

    def _by_patterns(self, which: str) -> FullPoint | None:
        """Steered into patterns in which the rank is full."""
        if getattr(self.allocation, f"n_{which}") < self.target:
            return None
        ranks = self.pattern_ranks(which)
        if ranks is None or ranks.most < self.target:
            return None
        candidates: Iterator[tuple[Weights, NDArray[Any]]] = steered(
            self.allocation,
            self.samples,
            ranks.units,
            ranks.full(self.target),
            self.seed,
            self.deadline,
        )
        points = (self.certified(*candidate, which) for candidate in candidates)
        return next((point for point in points if point is not None), None)


def _before(weights: Weights, inputs: NDArray[Any]) -> NDArray[Any]:
    """Pre-activations W1 x + b1, exactly."""
    first = weights["W1"]
    if first.dtype == inputs.dtype == np.int64 and first.shape[-1] * _LARGEST**2 < 2**53:
        # Drawn ones, of at most 1000: floating point is exact, and faster than integers.
        before = (first.astype(np.float64) @ inputs.astype(np.float64)).astype(np.int64)
    else:
        before = first @ inputs
    return before + weights["b1"][..., :, None] if "b1" in weights else before
