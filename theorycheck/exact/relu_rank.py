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

from ..allocation import Allocation
from ..masks import cells_of
from .field import matmul, reduce
from .generic_rank import N_PRIMES
from .point import LOWEST_PRIME, words

Weights = Mapping[str, NDArray[Any]]


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
    return weights, uniform("inputs", (network.inputs, samples))  # type: ignore[union-attr]


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
    `active` is (batch, n_1, m). Equation (o, s) is row o m + s; columns as `masks.cells_of` orders
    the weights.

    >>> from theorycheck import Allocation, ShallowReLU
    >>> weights = {"W1": np.array([[3.0]]), "W2": np.array([[2.0]])}
    >>> point = weights, np.array([[5.0]]), np.ones((1, 1, 1))
    >>> relu_jacobians(Allocation.full(ShallowReLU([1, 1, 1])), *point, "learnable", 101).tolist()
    [[[10.0, 15.0]]]
    """
    before = matmul(weights["W1"], inputs, prime)
    if "b1" in weights:
        before = reduce(before + weights["b1"][..., :, None], prime)
    hidden, second = before * active, weights["W2"]
    cells = cells_of(dict(allocation.masks(which)))
    count, outputs, samples = len(active), second.shape[-2], active.shape[-1]
    result = np.zeros((count, outputs, samples, len(cells)))
    for place, (name, index) in enumerate(cells):
        if name == "W2":
            result[:, index[0], :, place] = hidden[:, index[1]]
        elif name == "b2":
            result[:, index[0], :, place] = 1
        else:
            shown = inputs[..., index[1], :] if name == "W1" else 1.0
            slope = active[:, index[0]] * shown
            result[..., place] = second[..., :, index[0], None] * slope[:, None]
    return reduce(result.reshape(count, outputs * samples, len(cells)), prime)


def relu_trial_error(inputs: int, size: int) -> float:
    """Bound on the probability that one trial misses the rank, at most `size`, of a pattern.

    As `generic_rank.trial_error`, for entries of degree 2 and at most n_0 + 1 monomials.

    >>> 0 < relu_trial_error(2, 4) < 1e-5
    True
    """
    vanishes = 2 * size / LOWEST_PRIME
    divides = size * (math.log2(size) + math.log2(inputs + 1)) / 22 / N_PRIMES
    return min((vanishes + divides) * (1 + 1e-9), 1.0)
