"""Wrong versions of T15: an assumption on the point at infinity left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from hypothesis import strategies as st

from theorycheck.field.elimination import rank_profile
from theorycheck.plans.algebra import Residues
from theorycheck.plans.graded import Graded, GradedPlan
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.files import Problem
from theorycheck.problem.networks.recurrent import LinearRecurrent
from theorycheck.strategies import recurrent_networks
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem

from .base import DRAWS, MAXIMAL, Planted, said
from .domains import cases_of, critical_in

PRIME = 8388593
MOST = 6  # recurrent learnables, all supports of which are tried


def why_not(analysis: Analysis) -> str | None:
    network = analysis.network
    if not (network.is_linear and network.is_recurrent) or network.reads_every_step:
        return "not recurrent, read at the end"
    if not 0 < analysis.allocation.counts.get("recurrent", 0) <= MOST:
        return "no or too many recurrent learnables"
    return None


def points(analysis: Analysis) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For every support of the growing recurrent weights, all of them drawn: degrees, which
    leading forms vanish, and the Jacobian."""
    graded = Graded(analysis.allocation, analysis.samples)
    growing = [k for k, (name, _) in enumerate(graded.entries) if name == "recurrent"]
    algebra = Residues(PRIME)
    data = graded.draw(algebra, np.random.default_rng(analysis.options.seed))
    for bits in product((False, True), repeat=len(growing)):
        zero = tuple(k for k, bit in zip(growing, bits, strict=True) if not bit)
        plan = GradedPlan((), tuple(growing), zero, ())
        walks = graded.walks(plan)
        order = graded.order(plan, walks, walks.degrees(plan.growing))
        if (order.degrees < 0).any():
            continue
        _, leading, met = graded.built(plan, order, data, algebra)
        yield order.degrees, met, graded.jacobian(plan, leading)[0]


def wrong(accepts: Callable[[np.ndarray, np.ndarray, np.ndarray], bool]) -> Theorem:
    """T15 with other conditions on degrees, vanishing forms and the Jacobian of some support."""

    def decide(analysis: Analysis) -> Finding | None:
        if analysis.allocation.n_learnable < analysis.target.value:
            return None
        found = any(accepts(*point) for point in points(analysis))
        return said("T15", MAXIMAL, "a point at infinity") if found else None

    return Theorem("T15", why_not, decide)


def is_onto(jacobian: np.ndarray) -> bool:
    return rank_profile(jacobian, PRIME).rank == len(jacobian)


def not_onto(degrees: np.ndarray, met: np.ndarray, jacobian: np.ndarray) -> bool:
    """Right: the Jacobian is onto at the point."""
    return bool(met.all()) and rank_profile(jacobian, PRIME).rank > 0


def not_vanishing(degrees: np.ndarray, met: np.ndarray, jacobian: np.ndarray) -> bool:
    """Right: the leading forms vanish, where no system is solved."""
    return bool((degrees > 0).all()) and is_onto(jacobian)


def some_vanish(degrees: np.ndarray, met: np.ndarray, jacobian: np.ndarray) -> bool:
    """Right: all of them vanish, not only those of the largest degree."""
    longest = degrees == degrees.max()
    return bool((degrees > 0).all() and met[longest].all()) and is_onto(jacobian)


def some_degrees(degrees: np.ndarray, met: np.ndarray, jacobian: np.ndarray) -> bool:
    """Right: equations without a growing weight are solved, too."""
    grows = degrees > 0
    return bool(grows.any() and met[grows].all()) and is_onto(jacobian[grows.ravel()])


def fitted_by_counts(analysis: Analysis) -> Finding | None:
    """Right: the states that are read have to be independent."""
    counts = analysis.allocation.mask("readout").sum(axis=1)
    if counts.min() < analysis.effective_samples:
        return None
    return said("T15", MAXIMAL, "every output has m_e learnable readout weights")


def sparse_why_not(analysis: Analysis) -> str | None:
    network = analysis.network
    if not (network.is_linear and network.is_recurrent) or network.reads_every_step:
        return "not recurrent, read at the end"
    return None


_SMALL = recurrent_networks(readout="final", max_inputs=1, max_hidden=2, max_steps=4)
_RECURRENT = critical_in(_SMALL, ("recurrent",), 1, most=2)
_TWO = st.sampled_from([LinearRecurrent(1, 2, 1, steps) for steps in (3, 4)])
_SQUARE = critical_in(_TWO, ("recurrent",), 0, most=2)


@st.composite
def two_of_three(draw: st.DrawFn) -> Problem:
    """A sparse network of three neurons, two of whose readout weights are learnable, or three."""
    network = LinearRecurrent(1, 3, 1, 2)
    bits = {
        name: draw(st.lists(st.booleans(), min_size=3 * shape[1], max_size=3 * shape[1]))
        for name, shape in network.weight_shapes.items()
        if name != "readout"
    }
    present = {name: np.reshape(mask, (3, -1)) for name, mask in bits.items()}
    learnable = draw(st.sampled_from([[1, 1, 0], [1, 1, 1]]))
    return Problem(Allocation(network, {"readout": [learnable]}, present), 2)


GRADED = {
    "the Jacobian at infinity need not be onto": Planted(wrong(not_onto), _RECURRENT, judge=DRAWS),
    "the leading forms need not vanish": Planted(wrong(not_vanishing), _RECURRENT, judge=DRAWS),
    "only the leading forms of the longest equations vanish": Planted(
        wrong(some_vanish), _SQUARE, judge=DRAWS
    ),
    "equations of degree 0 count for nothing": Planted(wrong(some_degrees), _RECURRENT),
    "outputs of m_e learnables are fitted, also in sparse networks": Planted(
        Theorem("T15", sparse_why_not, fitted_by_counts), cases_of(two_of_three)
    ),
}
