"""Multihomogeneous Bezout numbers: from paths, how many isolated solutions a block has at most."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.networks.feedforward import LinearFeedforward
from .budget import STEP
from .claim import Claim
from .polynomial import Algebra, outputs_of

# Rows are targets or units, columns sources or samples; -inf where there is no path.
_Degrees: TypeAlias = NDArray[np.float64]
_MOST_TERMS = 2**18  # 18 groups of one unknown each, whatever the degrees are


def position(claim: Claim, equation: int) -> tuple[int, int, int]:
    """Time (from 0 for the first output that is read), output and sample of an equation."""
    rest, sample = divmod(equation, claim.effective_samples())
    time, output = divmod(rest, claim.network.outputs)
    return time, output, sample


def path_degrees(claim: Claim, equations: list[int], groups: list[list[int]]) -> list[list[int]]:
    """For every equation and group: the most unknowns of the group on one path to the equation.

    A path starts at an input that the sample shows, or at a bias, and is unrolled in time, so a
    weight counts as often as the path uses it; what comes before a power counts as often. No
    monomial of the equation has a larger degree in the group.
    """
    _charge(claim, len(groups))
    columns = [_most_on_paths(claim, equations, group) for group in groups]
    return [list(row) for row in zip(*columns, strict=True)]


def bezout_number(claim: Claim, degrees: list[list[int]], sizes: list[int]) -> int:
    """The coefficient of prod_g x_g^sizes[g] in prod_e sum_g degrees[e][g] x_g."""
    strides = [1]  # exponents still to come as digits of one integer
    for size in sizes:
        strides.append(strides[-1] * (size + 1))
    terms, n_terms = {strides[-1] - 1: 1}, 0
    for row in degrees:
        following: dict[int, int] = {}
        used = [(d, strides[g], sizes[g] + 1) for g, d in enumerate(row) if d]
        claim.charge(STEP * (len(row) + 4 * len(terms) * len(used)), "the Bezout number")
        for left, coefficient in terms.items():
            for degree, stride, radix in used:
                if left // stride % radix:
                    value = following.get(left - stride, 0)
                    following[left - stride] = value + degree * coefficient
            fits = n_terms + len(following) <= _MOST_TERMS
            claim.require(fits, "the groups are too many to multiply out")
        terms, n_terms = following, n_terms + len(following)
    return terms.get(0, 0)


def _charge(claim: Claim, n_groups: int) -> None:
    """What the longest paths to all equations take, in arrays."""
    network, m = claim.network, claim.effective_samples()
    if claim.is_layered:
        edges = sum(a * b for a, b in pairwise(network.widths))
        times, widest, n_rows = 1, max(network.widths), network.inputs
    else:
        edges = network.hidden * (network.hidden + network.inputs + network.outputs)
        times, widest = network.steps, max(network.hidden, network.inputs)
        n_rows = network.inputs * network.steps
    what = "the longest paths to the equations"
    claim.foresee(0, 8 * m * (widest + n_rows + times * network.outputs), what)
    claim.foresee(0, 20 * network.n_weights, what)
    operations = n_groups * (times * (4 * edges * m + 30 * STEP * widest) + 10 * network.n_weights)
    claim.foresee(operations, 0, what)
    claim.charge(operations, what)


def _most_on_paths(claim: Claim, equations: list[int], group: list[int]) -> list[int]:
    costs = _costs(claim, group)
    starts = _starts(claim)
    if claim.is_nonlinear:
        outputs = _nonlinear(claim, costs, starts)
    elif isinstance(claim.network, LinearFeedforward):
        outputs = [_feedforward(claim, costs, starts)]
    else:
        outputs = _recurrent(claim, costs, starts)
    positions = [position(claim, equation) for equation in equations]
    # No path at all: the student's output is 0 there, of degree 0 as any constant.
    return [int(max(outputs[time][o, sample], 0.0)) for time, o, sample in positions]


def _costs(claim: Claim, group: list[int]) -> dict[str, _Degrees]:
    """Each weight as a matrix: 1 for the unknowns of the group, -inf for absent connections."""
    costs = {name: np.where(mask, 0.0, -np.inf) for name, mask in claim.allocation.masks("present")}
    entries = claim.entries("learnable")
    for number in group:
        name, index = entries[number]
        costs[name][index] = 1.0
    return {name: values.reshape(len(values), -1) for name, values in costs.items()}


def _starts(claim: Claim) -> _Degrees:
    """0 where a sample shows an input (the constant last; step after step), -inf elsewhere."""
    network, n_samples = claim.network, claim.effective_samples()
    if isinstance(network, LinearFeedforward):
        n_rows = network.inputs + (1 if network.bias else 0)
    else:
        n_rows = network.steps * network.inputs
    if not claim.is_spanning:
        return np.zeros((n_rows, n_samples))
    return np.where(np.eye(n_rows, n_samples), 0.0, -np.inf)


def _feedforward(claim: Claim, costs: dict[str, _Degrees], starts: _Degrees) -> _Degrees:
    network = claim.network
    constant, level = starts[network.inputs :], starts
    for layer in range(1, network.depth + 1):
        rows = costs[f"W{layer}"]
        if network.bias:
            rows = np.hstack([rows, costs[f"b{layer}"]])
        level = _through(rows, level)
        if layer < network.depth:
            level = np.vstack([level, constant])
    return level


def _nonlinear(claim: Claim, costs: dict[str, _Degrees], starts: _Degrees) -> list[_Degrees]:
    """A power multiplies degrees."""
    algebra = Algebra[_Degrees](
        lambda name, level: _through(costs[name], level), np.maximum, lambda level, k: k * level
    )
    constant = np.zeros((1, starts.shape[1]))
    return outputs_of(claim, algebra, np.split(starts, claim.network.steps), constant)


def _recurrent(claim: Claim, costs: dict[str, _Degrees], starts: _Degrees) -> list[_Degrees]:
    network = claim.network
    state = np.full((network.hidden, starts.shape[1]), -np.inf)
    outputs = []
    for step in np.split(starts, network.steps):
        state = np.maximum(_through(costs["recurrent"], state), _through(costs["input"], step))
        outputs.append(_through(costs["readout"], state))
    return outputs if network.readout == "all" else outputs[-1:]


def _through(costs: _Degrees, level: _Degrees) -> _Degrees:
    """The largest sum of a connection and what its source has, for every target and sample."""
    return np.array([(row[:, None] + level).max(axis=0) for row in costs])
