"""Random allocations, and plans carried out on random draws of the original network."""

from __future__ import annotations

from collections.abc import Mapping
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

    Weights, inputs and the teacher are random, and no frozen weight may change.
    """
    widths = allocation.network.widths

    def drawn(*shape: int) -> Matrix:
        return algebra.draw(rng, shape)

    def of_all_layers() -> dict[int, Matrix]:
        return {k: drawn(after, before) for k, (before, after) in enumerate(pairwise(widths), 1)}

    def outputs(weights: Mapping[int, Matrix]) -> Matrix:
        values = inputs
        for layer in sorted(weights):
            values = algebra.product(weights[layer], values)
        return values

    m = min(samples, widths[0])
    weights, inputs = of_all_layers(), drawn(widths[0], m)
    is_narrow = min(widths) < min(m, widths[-1])
    target = outputs(of_all_layers()) if is_narrow else drawn(widths[-1], m)
    found = carry_out(plan, whole(allocation, samples), weights, inputs, target, algebra)
    if found is None:
        return float("inf")
    for layer in found:
        frozen = ~allocation.mask(f"W{layer}")
        assert (found[layer][frozen] == weights[layer][frozen]).all()
    rest = algebra.reduced(outputs(found) - target)
    if not isinstance(algebra, Reals):
        return float((rest != algebra.array(0)).any())
    return float(np.abs(rest).max() / np.abs(target).max())
