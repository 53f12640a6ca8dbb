"""Wrong theorems about plans of sparse networks and of networks with biases (T13, T14)."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
from hypothesis import strategies as st

from theorycheck.plans.algebra import Matrix, Residues
from theorycheck.plans.constants import without_biases
from theorycheck.plans.drawn import drawn, drawn_states
from theorycheck.plans.execution import Execution
from theorycheck.plans.pairs import pairs_of
from theorycheck.plans.search import proposals, try_levels
from theorycheck.plans.states import masks_of, states
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.strategies import critical_problems
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.verification import domains

from .base import MAXIMAL, Planted, said
from .domains import cases_of

PRIME = 8388593


def _layered(analysis: Analysis) -> str | None:
    network = analysis.network
    if not (network.is_linear and network.is_layered) or analysis.given is not None:
        return "not linear feed-forward, on random inputs"
    is_generic = analysis.allocation.is_dense and not network.bias  # type: ignore[attr-defined]
    if is_generic or analysis.allocation.n_learnable < analysis.n_equations:
        return "dense without biases, or too few learnables"
    return None


class _Counting(Residues):
    """Residues whose matrices are all taken to have full rank."""

    def rank(self, matrix: Matrix) -> int:
        return min(matrix.shape)


def peeling_by_counts(analysis: Analysis) -> Finding | None:
    """Right: what the learnables of a line read, or where they lead, needs the rank."""
    start = drawn(without_biases(analysis.allocation), analysis.samples, PRIME, 0)
    start = replace(start, run=Execution(start.run.weights, _Counting(PRIME)))
    if any(left.state.is_done for left in drawn_states(start)):
        return said("T13", MAXIMAL, "nothing is left")
    return None


def frozen_biases_dropped(analysis: Analysis) -> Finding | None:
    """Right: biases, also frozen ones, make the constant one more input, with its equations."""
    network, allocation = analysis.network, analysis.allocation
    is_frozen = not any(name[0] == "b" for name in allocation.counts)
    if not (network.bias and is_frozen and allocation.is_dense):  # type: ignore[attr-defined]
        return None
    masks = {name: mask for name, mask in allocation.masks("learnable") if name[0] == "W"}
    left = Allocation(LinearFeedforward(network.widths), masks)
    if any(state.is_done for state in states(left, analysis.samples)):
        return said("T13", MAXIMAL, "nothing is left of the network without biases")
    return None


def levels_of_generic_layers(analysis: Analysis) -> Finding | None:
    """Right: absent connections are 0 in P, A and B."""
    network, allocation = analysis.network, analysis.allocation
    if network.bias:  # type: ignore[attr-defined]
        return None
    widths, m, rng = tuple(network.widths), analysis.effective_samples, np.random.default_rng(0)
    for pair in pairs_of(masks_of(allocation), widths, m):
        for levels in islice(proposals(pair, rng, 0), 8):
            if try_levels(pair, levels, PRIME, rng) is not None:
                return said("T14", MAXIMAL, "all systems are solved, of generic P, A and B")
    return None


_BIASED = st.sampled_from([
    LinearFeedforward(widths, bias=True) for widths in ((1, 1, 1), (2, 2, 1), (1, 2, 2))
])  # fmt: skip
_SQUARE = st.sampled_from([LinearFeedforward((2, 2, 2)), LinearFeedforward((3, 3, 3))])

DRAWN_PLANS = {
    "sparse lines go by counts of learnables": Planted(
        Theorem("T13", _layered, peeling_by_counts), domains.not_generic
    ),
    "frozen biases change nothing": Planted(
        Theorem("T13", _layered, frozen_biases_dropped),
        cases_of(critical_problems, networks=_BIASED, over=(0, 1, 1, 2), dense=True),
    ),
    "levels of sparse layers as of generic ones": Planted(
        Theorem("T14", _layered, levels_of_generic_layers),
        cases_of(critical_problems, networks=_SQUARE, over=(1, 1, 2, 3)),
    ),
}
