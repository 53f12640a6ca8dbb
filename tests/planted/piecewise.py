"""Wrong theorems about piecewise linear networks (T11)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theorycheck.problem.allocation import Allocation
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.proofs.t11.piecewise import columns_at, rank_modulo
from theorycheck.ranks.piecewise_bounds import dimension_bound, small_cover
from theorycheck.structure.acting import acting
from theorycheck.verification.base import Inapplicable
from theorycheck.verification.piecewise import Bounds, Rule, pattern_bounds

from .base import Planted


def of_weights(allocation: Allocation, samples: int) -> Bounds:
    """Right: only units of homogeneous activations can be scaled."""
    network = allocation.network
    hidden = sum(size for size in list(network.groups.values())[1:-1])
    bound = min(network.n_equations(samples), allocation.n_present - hidden)
    return None, max(bound, dimension_bound(allocation, samples) if bound < 0 else 0)


def one_for_idle_units(allocation: Allocation, samples: int) -> Bounds:
    """Right: a unit that is on no path takes nothing, its weights do not count in the first place.

    Only where all units are homogeneous, and some are idle.
    """
    network = allocation.network
    if not all(ACTIVATIONS[name].is_homogeneous for name in network.activations):
        raise Inapplicable
    found = acting(allocation)
    weights = sum(int(mask.sum()) for mask in found.weights.values())
    hidden = sum(size for size in list(network.groups.values())[1:-1])
    return None, min(network.n_equations(samples), max(weights - hidden, 0))


def one_pattern(allocation: Allocation, samples: int) -> Bounds:
    """Right: the rank of one pattern is not that of others."""
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    columns = columns_at(network, present, samples, 12345)
    return None, rank_modulo(list(columns.values()))


def units_once(allocation: Allocation, samples: int) -> Bounds:
    """Right: a unit passes one number for each sample."""
    cover = small_cover(allocation, samples)
    return len(cover.outputs) * samples + len(cover.units) + len(cover.learnables), None


def every_learnable_scales(allocation: Allocation, samples: int) -> Bounds:
    """Right: a unit scales only if all of its weights are learnable."""
    found = acting(allocation)
    learnable = sum(
        int(np.count_nonzero(found.weights[name] & mask.reshape(found.weights[name].shape)))
        for name, mask in allocation.masks("learnable")
        if name in allocation.counts
    )
    return max(learnable - found.n_homogeneous, 0), None


def planted(rule: Rule, what: str) -> Planted:
    """Exact ranks at points judge, no measurement."""
    wrong = replace(pattern_bounds(rule, what), claim=None)
    return Planted(wrong, right=pattern_bounds(), most=40, is_measurable=False)


PIECEWISE = {
    "units of hardtanh scale as well": planted(of_weights, "weights less units"),
    "units on no path take a dimension": planted(one_for_idle_units, "acting weights less units"),
    "all patterns have the rank of one": planted(one_pattern, "the rank of one pattern"),
    "a unit passes one number for all samples": planted(units_once, "units once"),
    "a unit scales if some of its weights are learnable": planted(
        every_learnable_scales, "learnables less units"
    ),
}
