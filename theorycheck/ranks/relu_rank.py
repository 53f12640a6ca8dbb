"""Jacobians of shallow ReLU networks in given activation patterns, modulo a prime.

In a pattern, active units (1) pass their pre-activation on and the others (0) give 0, so that the
outputs are polynomials of degree 3 in weights and inputs, and each entry of the Jacobian is a sum
of at most n_0 + 1 monomials of degree 2 or less.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import matmul, reduce
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from .generic_rank import BLOCK, N_PRIMES
from .jacobian import entries
from .point import LOWEST_PRIME, words

Weights = Mapping[str, NDArray[Any]]

_ENTRIES_AT_ONCE = 4096


def relu_point(
    allocation: Allocation, samples: int, prime: int, seed: int, trial: int
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Uniform weights (absent ones 0) and inputs (n_0, samples) modulo `prime`."""
    network = allocation.network

    def uniform(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        values = words(seed, trial, name, math.prod(shape)) % np.uint64(prime)
        return reduce(values.astype(np.float64).reshape(shape), prime)

    weights = {
        name: uniform(name, shape) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    return weights, uniform("inputs", (network.inputs, samples))


def relu_jacobians(
    allocation: Allocation,
    weights: Weights,
    inputs: NDArray[Any],
    active: NDArray[Any],
    which: str,
    prime: int,
) -> NDArray[np.float64]:
    """Derivatives of all outputs by the `which` weights, (batch, d m, weights), modulo `prime`.

    `weights` and `inputs` are balanced residues, each with or without a leading batch axis;
    `active` is (batch, n_1, m). Equation (o, s) is row o m + s; columns as `masks.entries_of`
    orders the weights.

    >>> from theorycheck import Allocation, ShallowReLU
    >>> weights = {"W1": np.array([[3.0]]), "W2": np.array([[2.0]])}
    >>> point = weights, np.array([[5.0]]), np.ones((1, 1, 1))
    >>> relu_jacobians(Allocation.full(ShallowReLU([1, 1, 1])), *point, "learnable", 101).tolist()
    [[[10.0, 15.0]]]
    """
    hidden = _hidden(weights, inputs, active, prime)
    size = weights["W2"].shape[-2] * active.shape[-1]
    parts = [np.zeros((len(active), size, 0))]
    for name, block in entries(allocation, which, _ENTRIES_AT_ONCE):
        parts.append(_columns(weights, inputs, active, hidden, name, block, prime))
    return np.concatenate(parts, axis=2)


def relu_rank(
    allocation: Allocation,
    weights: Weights,
    inputs: NDArray[np.float64],
    active: NDArray[np.float64],
    which: str,
    prime: int,
    deadline: Deadline = NEVER,
) -> Elimination:
    """The elimination of one Jacobian, (outputs x samples, entries): it ends with full rank.

    Arguments are those of `relu_jacobians`, for one pattern. Raises `OutOfTimeError` after the
    deadline.
    """
    hidden = _hidden(weights, inputs, active, prime)
    elimination = Elimination(weights["W2"].shape[-2] * active.shape[-1], prime, deadline=deadline)
    for name, block in entries(allocation, which, BLOCK):
        if elimination.rank == elimination.n_rows:
            break
        elimination.extend(_columns(weights, inputs, active, hidden, name, block, prime)[0])
    return elimination


def _hidden(
    weights: Weights, inputs: NDArray[Any], active: NDArray[Any], prime: int
) -> NDArray[Any]:
    before = matmul(weights["W1"], inputs, prime)
    if "b1" in weights:
        before = reduce(before + weights["b1"][..., :, None], prime)
    return before * active


def _columns(
    weights: Weights,
    inputs: NDArray[Any],
    active: NDArray[Any],
    hidden: NDArray[Any],
    name: str,
    block: NDArray[np.int64],
    prime: int,
) -> NDArray[np.float64]:
    """The derivatives by the weights `name`[block], (patterns, outputs x samples, entries)."""
    second = weights["W2"]
    count, outputs, samples = len(active), second.shape[-2], active.shape[-1]
    i, j = block[:, 0], block[:, -1]
    result = np.zeros((count, outputs, samples, len(block)))
    numbers = np.arange(len(block))
    if name == "W2":
        result[:, i, :, numbers] = hidden[:, j].swapaxes(0, 1)
    elif name == "b2":
        result[:, i, :, numbers] = 1
    else:
        slope = active[:, i] * inputs[..., j, :] if name == "W1" else active[:, i]
        behind = np.broadcast_to(second, (count, *second.shape[-2:]))[..., i]
        result[...] = behind[:, :, None] * slope.swapaxes(1, 2)[:, None]
    return reduce(result.reshape(count, outputs * samples, len(block)), prime)


def relu_trial_error(inputs: int, size: int) -> float:
    """Bound on the probability that one trial misses the rank, at most `size`, of a pattern.

    As `generic_rank.trial_error`, for entries of degree 2 and at most n_0 + 1 monomials.

    >>> 0 < relu_trial_error(2, 4) < 1e-5
    True
    """
    vanishes = 2 * size / LOWEST_PRIME
    divides = size * (math.log2(size) + math.log2(inputs + 1)) / 22 / N_PRIMES
    return min((vanishes + divides) * (1 + 1e-9), 1.0)
