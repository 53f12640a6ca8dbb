"""Integer weights and inputs of a shallow ReLU network that show a wanted activation pattern."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from .point import words
from .relu_patterns import unit_supports

_SOLVES, _ARRANGEMENTS = 24, 64
_SHOWN = 2048  # samples drawn to see which columns an arrangement of units has
_LARGEST = 1000
_SOLVE_SECONDS = 4e-10  # times the fourth power of the number of samples

Candidate = tuple[dict[str, NDArray[Any]], NDArray[Any]]


def steered(
    allocation: Allocation,
    samples: int,
    units: Sequence[int],
    patterns: NDArray[np.int64],
    seed: int,
    deadline: Deadline = NEVER,
) -> Iterator[Candidate]:
    """Candidates (weights, inputs) for one of the `patterns`, rows of codes of columns.

    Bit u of a code is the activity of unit `units`[u] on a sample. If every unit has m present
    inputs or more (the bias counts), each pattern can be solved for; else samples are drawn until
    those of a pattern are together. All values are integers; whoever asks checks what they show.
    Raises `OutOfTimeError` after the deadline.
    """
    supports = unit_supports(allocation)
    if not len(patterns):
        return
    if all(len(supports[k]) >= samples for k in units):
        for trial in range(_SOLVES):
            deadline.afford(_SOLVE_SECONDS * samples**4, "solving for an activation pattern")
            codes = patterns[words(seed, trial, "steer/pattern", 1)[0] % np.uint64(len(patterns))]
            candidate = _solved(allocation, samples, units, codes, seed, trial)
            if candidate is not None:
                yield candidate
    for trial in range(_ARRANGEMENTS):
        deadline.check("a search for an activation pattern")
        candidate = _gathered(allocation, samples, units, patterns, seed, trial)
        if candidate is not None:
            yield candidate


def _drawn(name: str, shape: tuple[int, ...], seed: int, trial: int) -> NDArray[np.int64]:
    """Integers with signs, of sizes from 1 to 1000 and of any order of magnitude."""
    values = words(seed, trial, f"steer/{name}", math.prod(shape))
    sizes = (values % np.uint64(_LARGEST)).astype(np.int64) + 1
    halvings = (values >> np.uint64(32)).astype(np.int64) % 10
    signs = 1 - 2 * (values >> np.uint64(63)).astype(np.int64)
    return (np.maximum(sizes >> halvings, 1) * signs).reshape(shape)


def _weights(allocation: Allocation, seed: int, trial: int) -> dict[str, NDArray[np.int64]]:
    return {
        name: _drawn(name, shape, seed, trial) * allocation.present_mask(name)
        for name, shape in allocation.network.weight_shapes.items()
    }


def _solved(
    allocation: Allocation,
    samples: int,
    units: Sequence[int],
    codes: NDArray[np.int64],
    seed: int,
    trial: int,
) -> Candidate | None:
    """Weights of each unit for wanted pre-activations on random inputs; None if these are special.

    A unit may be multiplied by a positive number, which clears the denominators.
    """
    from flint import fmpq, fmpq_mat

    n_inputs = allocation.network.weight_shapes["W1"][1]
    inputs = _drawn("inputs", (n_inputs, samples), seed, trial)
    extended = np.vstack([inputs, np.ones((1, samples), dtype=np.int64)])
    weights: dict[str, NDArray[Any]] = {
        name: value.astype(object) for name, value in _weights(allocation, seed, trial).items()
    }
    sizes = abs(_drawn("before", (len(units), samples), seed, trial))
    supports = unit_supports(allocation)
    for u, k in enumerate(units):
        support = sorted(supports[k])
        solved, rest = support[:samples], support[samples:]
        row = np.append(weights["W1"][k], weights["b1"][k] if "b1" in weights else 0)
        wanted = np.where(codes >> u & 1, sizes[u], -sizes[u]) - row[rest] @ extended[rest]
        matrix = fmpq_mat(samples, samples, [int(x) for x in extended[solved].T.ravel()])
        if matrix.det() == 0:
            return None
        values = matrix.solve(fmpq_mat(samples, 1, [fmpq(int(x)) for x in wanted])).entries()
        scale = math.lcm(*(int(value.q) for value in values))
        row = row * scale
        row[solved] = [int(value.p) * (scale // int(value.q)) for value in values]
        weights["W1"][k] = row[:-1]
        if "b1" in weights:
            weights["b1"][k] = row[-1]
    return weights, inputs


def _gathered(
    allocation: Allocation,
    samples: int,
    units: Sequence[int],
    patterns: NDArray[np.int64],
    seed: int,
    trial: int,
) -> Candidate | None:
    """Random units, and of many samples those that make up one of the patterns, if they do."""
    weights = _weights(allocation, seed, trial)
    n_inputs = allocation.network.weight_shapes["W1"][1]
    shown = _drawn("shown", (n_inputs, _SHOWN), seed, trial)
    before = weights["W1"] @ shown
    if "b1" in weights:
        before = before + weights["b1"][:, None]
    codes = (1 << np.arange(len(units))) @ (before[list(units)] > 0)
    counts = np.bincount(codes, minlength=2 ** len(units))
    within = patterns[(counts[patterns] > 0).all(axis=1)]
    for wanted in within[:4].tolist():
        if all(counts[code] >= wanted.count(code) for code in wanted):
            columns = {code: iter(np.flatnonzero(codes == code).tolist()) for code in wanted}
            return weights, shown[:, [next(columns[code]) for code in wanted]]
    return None
