"""Soft rank of shallow ReLU networks, and an estimate of the match probability (T10)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import InputError
from ..problem.allocation import Allocation
from ..verdict import HeuristicEstimate

_DRAWS = 2000
_MOST_ENTRIES = 2**22  # of all Jacobians at once
# What one draw costs, singular values included: per entry and row, and per entry.
_TERM_SECONDS, _ENTRY_SECONDS = 5e-9, 1e-7
_FULL = 1e-9  # a smaller singular value, relative to the largest, counts as 0

# logit of MP_reg = NUMBERS[0] + NUMBERS[1] log(share of full rank + OFFSET), within SPREAD, by
# examples/experiments/fit_heuristic.py.
NUMBERS, SPREAD, OFFSET = (0.77, 1.15), (-0.44, 0.50), 0.01


class SoftRank(NamedTuple):
    """`value` is E prod_i s_i / (1 + s_i), and `full` the share of draws in which no s_i is 0."""

    value: float
    full: float


def soft_rank(
    allocation: Allocation,
    samples: int,
    *,
    seed: int = 0,
    draws: int = _DRAWS,
    deadline: Deadline = NEVER,
) -> SoftRank:
    """Singular values s_i of the Jacobian of the learnables, over random weights and inputs.

    There are as many s_i as equations (0 where learnables are fewer). Larger values go with larger
    match probabilities given a regular teacher: heuristic, see docs/heuristics.md. Raises
    `InputError` for networks of another kind and for Jacobians of more than 4 million entries. At
    the deadline fewer draws have to do, `OutOfTimeError` if there are none.

    >>> from theorycheck import ShallowReLU
    >>> one = Allocation(ShallowReLU([2, 2, 1]), {"W2": [[1, 0]]})
    >>> soft_rank(one, 2)
    SoftRank(value=0.0, full=0.0)
    """
    network = allocation.network
    if not network.is_shallow_relu:
        raise InputError("the soft rank is that of shallow ReLU networks")
    size = samples * network.outputs
    if allocation.n_learnable < size:
        return SoftRank(0.0, 0.0)
    entries = size * allocation.n_learnable
    if entries > _MOST_ENTRIES:
        raise InputError(f"the Jacobian has {entries} entries, too many for the soft rank")
    rng = np.random.default_rng([seed, 21])
    values, full, left = 0.0, 0, draws
    each = entries * (size * _TERM_SECONDS + _ENTRY_SECONDS)
    while left:
        count = min(left, max(_MOST_ENTRIES // entries, 1))
        if count * each > deadline.left:
            count = int(deadline.left / each)
        if not count:
            break
        singular = np.linalg.svd(_jacobians(allocation, samples, rng, count), compute_uv=False)
        values += float((singular / (1 + singular)).prod(axis=1).sum())
        full += int((singular[:, -1] > _FULL * singular[:, 0]).sum())
        left -= count
    if left == draws:
        deadline.check("the soft rank")
        deadline.afford(each, "the soft rank")
    return SoftRank(values / (draws - left), full / (draws - left))


def _jacobians(
    allocation: Allocation, samples: int, rng: np.random.Generator, count: int
) -> NDArray[np.float64]:
    """Jacobians (count, outputs x samples, learnables) at Gaussian weights and inputs."""
    network = allocation.network
    shapes = network.weight_shapes
    weights = {
        name: rng.normal(size=(count, *shape)) * allocation.present_mask(name)
        for name, shape in shapes.items()
    }
    inputs = rng.normal(size=(count, network.inputs, samples))
    before = weights["W1"] @ inputs
    if "b1" in weights:
        before = before + weights["b1"][:, :, None]
    active = before > 0
    columns = []
    for name in allocation.counts:
        for entry in np.argwhere(allocation.mask(name)).tolist():
            if name in ("W1", "b1"):
                source = inputs[:, entry[1]] if name == "W1" else 1.0
                behind = weights["W2"][:, :, entry[0], None]
                column = behind * (active[:, entry[0]] * source)[:, None, :]
            else:
                column = np.zeros((count, network.outputs, samples))
                column[:, entry[0]] = (before * active)[:, entry[1]] if name == "W2" else 1.0
            columns.append(column.reshape(count, -1))
    return np.stack(columns, axis=2)


def relu_estimate(
    allocation: Allocation, samples: int, seed: int = 0, deadline: Deadline = NEVER
) -> HeuristicEstimate:
    """An estimate of MP_reg, the match probability given a regular teacher, from the rank.

    Fitted on allocations with as many learnables as equations; 0 if the rank is never full.

    >>> from theorycheck import ShallowReLU
    >>> one = Allocation(ShallowReLU([2, 2, 1]), {"W2": [[1, 0]]})
    >>> relu_estimate(one, 2).estimate
    0.0
    """
    soft = soft_rank(allocation, samples, seed=seed, deadline=deadline)
    basis = (
        f"full rank in {soft.full:.0%} of random activation patterns, soft rank {soft.value:.2g}"
    )
    if not soft.full:
        return HeuristicEstimate(0.0, (0.0, 0.1), f"{basis}; given a regular teacher")
    log = NUMBERS[0] + NUMBERS[1] * math.log(soft.full + OFFSET)
    low, point, high = (1 / (1 + math.exp(-log - shift)) for shift in (SPREAD[0], 0.0, SPREAD[1]))
    return HeuristicEstimate(point, (low, high), f"{basis}; given a regular teacher")
