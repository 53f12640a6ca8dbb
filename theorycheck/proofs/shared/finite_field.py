"""Match probabilities over the field of three elements, by trying everything.

Teacher, frozen weights, inputs and learnable weights all run through all values. Statements whose
proof needs no property of the real numbers hold here word for word, and can be checked exactly,
for every allocation and not only for affine ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...problem.networks.base import Network
from .evaluation import input_shape, outputs, split

FIELD = 3
UNIFORM = (1, 1, 1)


def all_values(count: int) -> NDArray[np.int64]:
    """All vectors of `count` field elements, shape (3^count, count), the first entry slowest.

    >>> all_values(1).tolist()
    [[0], [1], [2]]
    """
    return np.indices((FIELD,) * count).reshape(count, -1).T


def matches(
    network: Network, samples: int, laws: Sequence[Sequence[int]] | None = None
) -> NDArray[np.int64]:
    """How much of all draws every allocation matches, in the order of `exhaustive.all_masks`.

    A draw is (teacher, frozen weights, inputs); inputs are uniform, `laws` has the integer
    weights of the values 0, 1, 2 for every weight (uniform by default). Divide by `all_draws`.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([1, 1])
    >>> matches(network, 1).tolist(), all_draws(network, 1)
    ([15, 27], 27)
    """
    laws = [UNIFORM] * network.n_weights if laws is None else laws
    values = all_values(network.n_weights)
    weights = split(network, values)
    shape = input_shape(network, samples)
    # A frozen weight of its own for every learnable too: all allocations see the same draws.
    likely = math.prod(np.ix_(*map(np.array, laws))).ravel()  # type: ignore[arg-type]
    total = np.zeros(2**network.n_weights, dtype=np.int64)
    for inputs in all_values(math.prod(shape)).reshape(-1, *shape):
        made = outputs(network, weights, inputs) % FIELD
        code = made @ FIELD ** np.arange(made.shape[-1])
        seen, which = np.unique(code, return_inverse=True)
        teachers = np.bincount(which.ravel(), weights=likely).astype(np.int64)
        hits = (code[None, :] == seen[:, None]).reshape(-1, *(FIELD,) * network.n_weights)
        total += np.fromiter(_over_masks(hits, teachers, laws), np.int64, len(total))
    return total


def _over_masks(
    hits: NDArray[np.bool_], teachers: NDArray[np.int64], laws: Sequence[Sequence[int]]
) -> Iterator[int]:
    """The weight of matched draws for all masks: last axis first, its mask bit the highest."""
    n_weights = len(laws)

    def descend(left: NDArray[np.bool_], axis: int, frozen: tuple[int, ...]) -> Iterator[int]:
        if axis == 0:
            counted: NDArray[np.int64] = left.astype(np.int64)
            for weight in reversed(frozen):
                counted = counted @ np.array(laws[weight])
            learnable = set(range(n_weights)) - set(frozen)
            yield int(teachers @ counted) * math.prod(sum(laws[weight]) for weight in learnable)
            return
        yield from descend(left, axis - 1, (axis - 1, *frozen))
        yield from descend(np.asarray(left.any(axis=axis)), axis - 1, frozen)

    yield from descend(hits, n_weights, ())


def all_draws(network: Network, samples: int) -> int:
    """The number of draws if all laws are uniform: what an allocation matches at most.

    >>> from theorycheck import LinearFeedforward
    >>> all_draws(LinearFeedforward([2, 1]), 1)
    729
    """
    return FIELD ** (2 * network.n_weights + math.prod(input_shape(network, samples)))
