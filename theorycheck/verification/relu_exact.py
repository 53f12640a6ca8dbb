"""Shallow ReLU networks in exact arithmetic: the rows of a draw, the ranks of all patterns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..field.arithmetic import reduce
from ..field.batched import batched_rank
from ..measurement.trials import Source
from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..ranks.point import draw_prime, words
from .base import Case

DRAWS = 30


@dataclass(frozen=True)
class OutputRow:
    """One output of one draw, in exact rational numbers.

    `hidden` are the activations, units x samples; `target` what the teacher answers; `weights` the
    student's weights from the units, those of `learnable` units being free.
    """

    hidden: list[list[Any]]
    target: list[Any]
    weights: list[Any]
    learnable: tuple[bool, ...]

    @property
    def free(self) -> list[list[Any]]:
        """H_S: the activations of the learnable units."""
        return [row for row, chosen in zip(self.hidden, self.learnable, strict=True) if chosen]

    @property
    def missing(self) -> list[Any]:
        """The target less the frozen part."""
        rest = list(self.target)
        for row, weight, chosen in zip(self.hidden, self.weights, self.learnable, strict=True):
            if not chosen:
                rest = [value - weight * h for value, h in zip(rest, row, strict=True)]
        return rest


def rational_rank(rows: Sequence[Sequence[Any]]) -> int:
    """The rank of a matrix of rational numbers, given by its rows.

    >>> rational_rank([[1, 2], [2, 4]]), rational_rank([])
    (1, 0)
    """
    from flint import fmpq_mat

    if not rows or not rows[0]:
        return 0
    flat = [entry for row in rows for entry in row]
    return fmpq_mat(len(rows), len(rows[0]), flat).rank()


def spans(row: OutputRow) -> bool:
    """Whether the target less the frozen part is in the span of the learnable units."""
    return rational_rank(row.free) == rational_rank([*row.free, row.missing])


def has_full_rank(row: OutputRow) -> bool:
    """Whether the learnable units reach every target: rank m."""
    return rational_rank(row.free) == len(row.target)


def rows_of(case: Case, count: int = DRAWS) -> Iterator[list[OutputRow]]:
    """The rows of the draws that `measure` makes of the case's seed, in order."""
    from flint import fmpq

    allocation = case.allocation
    source, rng = Source(allocation, case.samples), np.random.default_rng([case.seed, 0, 0])
    teacher, student = source.weights(rng, count), source.weights(rng, count)
    inputs = source.inputs(rng, count)

    def exact(array: Any) -> Any:
        ratios = [float(value).as_integer_ratio() for value in array.ravel()]
        return np.array([fmpq(*pair) for pair in ratios], dtype=object).reshape(array.shape)

    for k in range(count):
        x = exact(inputs[k])
        shown, hidden = (
            np.vectorize(lambda value: max(value, fmpq(0)), otypes=[object])(
                exact(each["W1"][k]) @ x
            )
            for each in (teacher, student)
        )
        targets, weights = exact(teacher["W2"][k]) @ shown, exact(student["W2"][k])
        units, mask = hidden.tolist(), allocation.mask("W2").tolist()
        rows = zip(targets.tolist(), weights.tolist(), mask, strict=True)
        yield [OutputRow(units, row, own, tuple(learnable)) for row, own, learnable in rows]


def no_pattern_has_full_rank(allocation: Allocation, samples: int, seed: int) -> bool:
    """Whether the learnables' Jacobian has rank d m in no activation pattern, realisable or not.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([1, 2, 1])
    >>> no_pattern_has_full_rank(Allocation(network, {"W2": [[1, 0]]}), 2, seed=0)
    True
    """
    network = allocation.network
    full = network.outputs * samples
    if allocation.n_learnable < full:
        return True
    prime = draw_prime(seed, 0)
    weights, inputs = _point(allocation, samples, prime, seed)
    before = reduce(weights["W1"] @ inputs, prime)
    bits = np.array(list(product((0, 1), repeat=before.size)), dtype=np.float64)
    patterns = bits.reshape(-1, *before.shape)
    entries = entries_of(dict(allocation.masks("learnable")))
    jacobians = np.zeros((len(patterns), network.outputs, samples, len(entries)))
    for place, (name, (i, j)) in enumerate(entries):
        if name == "W2":
            jacobians[:, i, :, place] = patterns[:, j] * before[j]
        else:
            slope = reduce(np.outer(weights["W2"][:, i], inputs[j]), prime)
            jacobians[..., place] = patterns[:, None, i] * slope
    ranks = batched_rank(jacobians.reshape(len(patterns), full, len(entries)), prime)
    return int(ranks.max()) < full


def _point(
    allocation: Allocation, samples: int, prime: int, seed: int
) -> tuple[dict[str, Any], Any]:
    """Weights, absent ones 0, and inputs at random modulo `prime`."""

    def uniform(name: str, shape: tuple[int, ...]) -> Any:
        values = words(seed, 0, f"relu/{name}", math.prod(shape)) % np.uint64(prime)
        return reduce(values.astype(np.float64).reshape(shape), prime)

    shapes = allocation.network.weight_shapes
    weights = {name: uniform(name, shapes[name]) for name in shapes}
    weights = {name: weights[name] * allocation.present_mask(name) for name in shapes}
    return weights, uniform("inputs", (allocation.network.inputs, samples))
