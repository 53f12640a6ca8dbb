"""T12 (c*): bounded units behind frozen readout weights, without which the rank drops.

Let every unit that a frozen readout weight reads, and that depends on a learnable weight, be
bounded, and all activations be definable in an o-minimal structure. What the learnable readout
weights produce is a definable cone, whose dimension is the rank of the Jacobian with the frozen
readout weights set to 0. If that is below D, so is the dimension of its closure. The teacher's
outputs are a cone of dimension D (its readout may be scaled), and the rest of the student is
bounded: far out most of these targets are missed.
"""

from __future__ import annotations

from ...problem.allocation import Allocation
from ...problem.networks.activations import ACTIVATIONS
from ...ranks.generic_rank import GenericRank, generic_rank
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from .readout import Readout, readout_of


def decide(analysis: Analysis) -> Finding | None:
    """Intermediate if frozen readout weights of bounded units are needed for the rank D."""
    readout = analysis.once(readout_of)
    if not is_bounded_without_learnables(readout):
        return None
    if not analysis.reaches_target:
        return None
    target = analysis.target
    left = analysis.options.error_bound - target.error_bound  # of the whole claim
    rank = _rank_without_frozen_readout(analysis, left)
    if rank.value >= target.value or rank.error_bound > left:
        return None
    reason = (
        f"without the frozen readout weights, whose units are bounded, the rank is {rank.value} "
        f"only: teachers of large outputs are missed; with them {analysis.rank.value} reaches the "
        "target dimension"
    )
    evidence = {"rank": rank.value, "rank_error_bound": rank.error_bound}
    return at_full_rank(
        "T12",
        Expressivity.INTERMEDIATE,
        analysis,
        reason,
        "bounded_readout",
        evidence,
        error_bound=rank.error_bound,
    )


def is_bounded_without_learnables(readout: Readout) -> bool:
    """Whether what frozen readout weights add is bounded, whatever the learnable weights."""
    network = readout.allocation.network
    if not all(ACTIVATIONS[name].is_tame for name in network.activations):
        return False
    moved = readout.layer.frozen & readout.depends
    return readout.activation.is_bounded or not moved.any()


def without_frozen_readout(allocation: Allocation) -> Allocation:
    """The same learnables, in a network without the connections of frozen readout weights."""
    present = dict(allocation.masks("present"))
    for name in allocation.network.weight_layers[-1]:
        present[name] = allocation.mask(name)
    learnable = {name: allocation.mask(name) for name in allocation.counts}
    return Allocation(allocation.network, learnable, present)


def _rank_without_frozen_readout(analysis: Analysis, error_bound: float) -> GenericRank:
    return generic_rank(
        without_frozen_readout(analysis.allocation),
        analysis.samples,
        upper=min(analysis.allocation.n_learnable, analysis.target.value),
        **{**analysis.for_ranks, "error_bound": error_bound},
    )
