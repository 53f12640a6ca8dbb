"""Random allocations, and plans carried out on random draws of the original network."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import theorycheck as tc
from theorycheck.plans.algebra import Algebra, Matrix, Rationals, Reals, Residues
from theorycheck.plans.execution import Plan, carry_out
from theorycheck.plans.states import whole

PRIME = 8388593
ALGEBRAS = (Residues(PRIME), Rationals(), Reals())


def random_allocation(
    widths: tuple[int, ...], n_learnable: int, rng: np.random.Generator
) -> tc.Allocation:
    """So many learnables anywhere in a network without biases."""
    network = tc.LinearFeedforward(widths)
    bits = np.zeros(network.n_weights, dtype=bool)
    bits[rng.choice(network.n_weights, n_learnable, replace=False)] = True
    masks, start = {}, 0
    for name, shape in network.weight_shapes.items():
        size = shape[0] * shape[1]
        masks[name] = bits[start : start + size].reshape(shape)
        start += size
    return tc.Allocation(network, masks)


def misfit(
    plan: Plan, allocation: tc.Allocation, samples: int, algebra: Algebra, rng: np.random.Generator
) -> float:
    """The largest error of a student that the plan makes, relative to the outputs; inf if none.

    Weights, inputs and outputs are random, and no frozen weight may change.
    """
    widths = allocation.network.widths

    def drawn(*shape: int) -> Matrix:
        return algebra.draw(rng, shape)

    pairs = pairwise(widths)
    weights = {layer: drawn(after, before) for layer, (before, after) in enumerate(pairs, 1)}
    m = min(samples, widths[0])
    inputs, target = drawn(widths[0], m), drawn(widths[-1], m)
    found = carry_out(plan, whole(allocation, samples), weights, inputs, target, algebra)
    if found is None:
        return float("inf")
    values = inputs
    for layer in sorted(found):
        frozen = ~allocation.mask(f"W{layer}")
        assert (found[layer][frozen] == weights[layer][frozen]).all()
        values = algebra.product(found[layer], values)
    rest = algebra.reduced(values - target)
    if not isinstance(algebra, Reals):
        return float((rest != algebra.array(0)).any())
    return float(np.abs(rest).max() / np.abs(target).max())
