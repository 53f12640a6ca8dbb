"""Draws of nonlinear networks, and the ranks that a few of them show."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flint import ctx
from numpy.typing import NDArray

from ...numeric.forward import Entries, Weights
from ...numeric.instances import Instance
from ...problem.masks import entries_of
from ..batched_linalg import measured_rank
from ..trials import Source
from .ball_network import BallNetwork, Row
from .balls import BITS
from .elimination import eliminate
from .passes import NonlinearEquations
from .reach import AFFINE, FIXED, NONLINEAR, Reach

_RANK_TRIALS = 2
_MOST_PRODUCTS = 100_000  # of balls, in the elimination of one matrix; larger ones are for floats
_PRODUCT_SECONDS, _NUMBER_SECONDS = 1e-6, 3e-8
_ENTRY_SECONDS = 1e-5  # of a Jacobian in balls


@dataclass(frozen=True)
class Drawn:
    """Some trials: the student's instances, all outputs wanted, and the teacher's weights."""

    instances: Instance
    teacher: Weights


class Draws:
    """Trials from a source, the same for one seed whatever else is asked."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source, self.seed = source, seed
        self._outputs = NonlinearEquations(source.allocation.network, source.samples, ()).outputs

    def chunk(self, number: int, count: int) -> Drawn:
        """The trials of a chunk."""
        return self.draw(np.random.default_rng([self.seed, 0, number]), count)

    def draw(self, rng: np.random.Generator, count: int) -> Drawn:
        """So many trials, on NumPy arrays."""
        numbers = count * self.source.allocation.network.n_weights
        self.source.deadline.afford(numbers * _NUMBER_SECONDS, f"{count} random teachers")
        teacher, student = self.source.teachers(rng, count), self.source.students(rng, count)
        inputs = self.source.inputs(rng, count)
        return Drawn(Instance(student, inputs, self._outputs(teacher, inputs)), teacher)


@dataclass(frozen=True)
class MeasuredRanks:
    """Ranks of the Jacobians in the learnables and in all weights, None where they are unclear."""

    rank: int | None
    target_dimension: int | None


def measured_ranks(draws: Draws, reach: Reach) -> MeasuredRanks:
    """The ranks that a few draws show: by elimination in balls, of large matrices in floats.

    None where they are not clear or differ, or hang on the draw, as where activations have corners.
    """
    allocation, deadline = draws.source.allocation, draws.source.deadline
    if not allocation.network.is_analytic:
        return MeasuredRanks(None, None)
    drawn = draws.draw(np.random.default_rng([draws.seed, 10]), _RANK_TRIALS)
    learnable, present = (
        entries_of(dict(allocation.masks(which))) for which in ("learnable", "present")
    )
    found: list[int | None] = []
    for entries, weights, kinds in (
        (learnable, drawn.instances.weights, (AFFINE, NONLINEAR)),
        (present, drawn.teacher, (FIXED, AFFINE, NONLINEAR)),
    ):
        equations = reach.equations(*kinds)
        sizes = len(entries), len(equations)
        seconds = _RANK_TRIALS * min(math.prod(sizes) * min(sizes), _MOST_PRODUCTS)
        seconds = seconds * _PRODUCT_SECONDS + math.prod(sizes) * _ENTRY_SECONDS
        deadline.afford(seconds, "the ranks that a measurement begins with")
        trials = zip(range(_RANK_TRIALS), drawn.instances.inputs, strict=True)
        ranks = {
            _rank(
                BallNetwork(allocation.network, inputs),
                {name: value[draw] for name, value in weights.items()},
                entries,
                equations,
            )
            for draw, inputs in trials
        }
        found.append(ranks.pop() if len(ranks) == 1 else None)
    return MeasuredRanks(*found)


def _rank(
    network: BallNetwork, weights: Weights, entries: Entries, equations: list[int]
) -> int | None:
    with ctx.workprec(BITS):
        rows = network.jacobian(network.weights(weights), entries, equations)
        if fits_elimination(len(rows), len(entries)):
            found = eliminate(rows, len(entries))
            return found.rank if found.is_clear else None
    return measured_rank(middles(rows)[None])[0]


def fits_elimination(rows: int, columns: int) -> bool:
    """Whether a matrix of balls is small enough for Gaussian elimination.

    >>> fits_elimination(20, 20), fits_elimination(200, 200)
    (True, False)
    """
    return rows * columns * min(rows, columns) <= _MOST_PRODUCTS


def middles(rows: list[Row]) -> NDArray[np.float64]:
    """A matrix of balls as floats, right to the last place."""
    return np.array([[float(value.mid()) for value in row] for row in rows])
