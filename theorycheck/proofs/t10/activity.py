"""Which hidden ReLU units are active on which samples, and how likely that is (T10).

Gaussian weights and inputs, n_0 = m = 2: a unit's weights are a random direction, the two samples
are at a random angle q pi, q uniform on [0, 1]. Given q the units are independent: active on both
samples with probability (1 - q) / 2, on one only with q / 2 each, on none with (1 - q) / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, product
from typing import Any, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.polys.matrices import DomainMatrix

from ...problem.networks.feedforward import ShallowReLU
from ..shared.bipartite import matching_number
from ..shared.exhaustive import all_masks

Activity: TypeAlias = NDArray[np.bool_]  # (hidden, samples)
Event: TypeAlias = Callable[[Activity], bool]

_Q = sympy.Symbol("q")
_KINDS = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], dtype=bool)


def given_angle(units: int, event: Event) -> Any:
    """The probability of an event that no order of the units changes, as a polynomial in q.

    >>> given_angle(1, lambda activity: bool(activity.all()))
    1/2 - q/2
    """
    chances = [(1 - _Q) / 2, _Q / 2, _Q / 2, (1 - _Q) / 2]
    total = sympy.Integer(0)
    for counts in product(range(units + 1), repeat=4):
        if sum(counts) == units and event(np.repeat(_KINDS, counts, axis=0)):
            ways = math.factorial(units) // math.prod(map(math.factorial, counts))
            powers = [chance**count for chance, count in zip(chances, counts, strict=True)]
            total += ways * math.prod(powers)
    return sympy.expand(total)


def over_angles(polynomial: Any) -> Any:
    """The mean over q, uniform on [0, 1].

    >>> over_angles(given_angle(1, lambda activity: bool(activity.all())))
    1/4
    """
    return sympy.integrate(polynomial, (_Q, 0, 1))


def full_matching(activity: Activity) -> bool:
    """Whether a matching of the activity graph covers all samples."""
    return matching_number(activity) == activity.shape[1]


def regular_pattern(outputs: int) -> Event:
    """Whether the Jacobian of all weights has rank d m = 2 d in a pattern, for d = 1, 2.

    d = 1: no sample is dead (a unit's inputs alone already span its active samples). d = 2: at
    least two units are active besides, since one unit spans 3 of 4 dimensions at most.
    """

    def event(activity: Activity) -> bool:
        live = bool(activity.any(axis=0).all())
        return live and int(activity.any(axis=1).sum()) >= outputs

    return event


def jacobians(
    network: ShallowReLU, weights: dict[str, Any], inputs: Any, pattern: Any
) -> NDArray[Any]:
    """Derivatives of all outputs by all weights, the active units given: (..., d m, weights).

    Batches of weights (..., rows, columns), inputs (..., n_0, m), patterns (..., n_1, m).
    """
    hidden = (weights["W1"] @ inputs) * pattern
    columns = []
    for k, a in np.ndindex(*network.weight_shapes["W1"]):
        slope = pattern[..., k, :] * inputs[..., a, :]
        columns.append(weights["W2"][..., :, k, None] * slope[..., None, :])
    for i, k in np.ndindex(*network.weight_shapes["W2"]):
        unit = np.arange(network.outputs) == i
        columns.append(unit[:, None] * hidden[..., k, None, :])
    flat = [column.reshape(*column.shape[:-2], -1) for column in columns]
    return np.stack(flat, axis=-1)


def patterns(network: ShallowReLU, samples: int) -> Activity:
    """All activation patterns, (count, n_1, m), the one with all units active last.

    >>> patterns(ShallowReLU([1, 1, 1]), 1).astype(int).tolist()
    [[[0]], [[1]]]
    """
    hidden = network.widths[1]
    return all_masks(hidden * samples).reshape(-1, hidden, samples)


def gaussians(network: ShallowReLU, count: int, rng: np.random.Generator) -> dict[str, Any]:
    """`count` draws of all weights."""
    return {name: rng.normal(size=(count, *s)) for name, s in network.weight_shapes.items()}


def is_off(share: float, count: int, claim: Any) -> bool:
    """Whether a measured share is more than 5 standard errors from a claimed probability.

    >>> is_off(0.5, 100, 0.6), is_off(0.5, 10_000, 0.4)
    (False, True)
    """
    value = float(claim)
    error = math.sqrt(max(share * (1 - share), value * (1 - value), 1 / count) / count)
    return abs(share - value) > 5 * error


def ranks_of_positive(claim: Callable[[Activity], int]) -> Iterator[str | None]:
    """Rank of random positive entries on every activity graph, one per set of rows."""
    rng = np.random.default_rng(0)
    for hidden, samples in product(range(1, 5), repeat=2):
        for codes in combinations_with_replacement(range(2**samples), hidden):
            graph = (np.array(codes)[:, None] >> np.arange(samples) & 1).astype(bool)
            entries = rng.integers(1, 2**20, size=graph.shape) * graph
            rows = [[sympy.QQ(int(entry)) for entry in row] for row in entries]
            rank = DomainMatrix(rows, graph.shape, sympy.QQ).rank()
            held = rank == claim(graph)
            yield None if held else f"{graph.astype(int).tolist()}: rank {rank}"
