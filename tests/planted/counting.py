"""Wrong theorems that count weights, rows or affine parts (T1, T2, T3)."""

from __future__ import annotations

from collections.abc import Callable

from theorycheck.problem.allocation import Mask
from theorycheck.strategies import critical_problems
from theorycheck.theorems import t01_positivity, t03_rows
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.counts import bottleneck, by_degrees
from theorycheck.verification import domains

from .base import DRAWS, MAXIMAL, MINIMAL, OTHERS, POSITIVE, Planted, said
from .domains import ONE_RECURRENT, cases_of, last_of_three


def count_is_enough(analysis: Analysis) -> Finding | None:
    """Right: r >= D is necessary only, the rank has to be D."""
    if analysis.allocation.n_learnable < analysis.target.value:
        return None
    return said("T1", POSITIVE, "as many learnable weights as target dimensions")


def every_equation_counts(analysis: Analysis) -> Finding | None:
    """Right: a bottleneck makes the target dimension smaller than d m_e."""
    equations = analysis.n_equations
    if analysis.allocation.n_learnable >= equations:
        return None
    return said("T1", MINIMAL, "fewer weights than d m_e")


def dimension_with_one_sample_too_many(analysis: Analysis) -> Finding | None:
    """Right: with biases one sample is spent on the shift, x = min(m - 1, n_0)."""
    network = analysis.network
    d, x = network.outputs, min(analysis.samples, network.inputs)
    k = min(d, x, *network.widths[1:-1])
    dimension = d + k * (d + x - k)
    if analysis.allocation.n_learnable >= dimension:
        return None
    return said("T1", MINIMAL, "fewer weights than the dimension")


def rank_decides(analysis: Analysis) -> Finding | None:
    """The claim of T2, for whatever is taken to be affine."""
    if analysis.rank.value < analysis.target.value:
        return None
    return said("T2", MAXIMAL, "affine, and the rank is full")


def one_recurrent_layer(analysis: Analysis) -> str | None:
    """Wrong for recurrent weights: from three steps on they meet themselves."""
    if not analysis.network.is_recurrent:
        return "not recurrent"
    return None if len(analysis.learnable_layers) == 1 else "not one layer"


def no_neighbours(analysis: Analysis) -> str | None:
    """Wrong: a path through two weights need not run through them one right after the other."""
    if not analysis.network.is_recurrent:
        return "not recurrent"
    mask = analysis.allocation.mask
    into = [mask("input").any(axis=1), mask("recurrent").any(axis=1)]
    out_of = [mask("recurrent").any(axis=0), mask("readout").any(axis=0)]
    meet = any((one & other).any() for one in into for other in out_of)
    return "two learnable weights follow each other" if meet else None


def biased(analysis: Analysis) -> str | None:
    """Dense feed-forward networks with biases."""
    network = analysis.network
    has_biases = network.is_linear and network.is_layered and network.bias
    return None if has_biases and analysis.allocation.is_dense else "no biases, or sparse"


def without_bottleneck(analysis: Analysis) -> Finding:
    """Right: no hidden width may be below m_e."""
    return by_degrees("T3", "W", last_mask(analysis), 0, analysis.effective_samples)


def rows(needed: Callable[[Analysis], int], axis: int = 0) -> Theorem:
    """T3 with another number of learnables, or with columns."""

    def decide(analysis: Analysis) -> Finding:
        hidden = analysis.network.widths[1:-1]
        m = analysis.effective_samples
        if hidden and min(hidden) < m:
            return bottleneck("T3", "a hidden layer", "units", min(hidden), m)
        return by_degrees("T3", "W", last_mask(analysis), axis, needed(analysis))

    return Theorem("T3", t03_rows.why_not, decide)


def last_mask(analysis: Analysis) -> Mask:
    """The mask of W_L."""
    return analysis.allocation.mask(analysis.network.weight_layers[-1][0])


COUNTING = {
    "r >= D suffices": Planted(Theorem("T1", t01_positivity.why_not, count_is_enough)),
    "D is always d m_e": Planted(Theorem("T1", t01_positivity.why_not, every_equation_counts)),
    "with biases, D with min(m, n_0) in place of min(m - 1, n_0)": Planted(
        Theorem("T1", biased, dimension_with_one_sample_too_many)
    ),
    "one layer of a recurrent network is always affine": Planted(
        Theorem("T2", one_recurrent_layer, rank_decides), ONE_RECURRENT, DRAWS
    ),
    "affine if no two learnables follow each other directly": Planted(
        Theorem("T2", no_neighbours, rank_decides), ONE_RECURRENT, DRAWS
    ),
    "rank D is maximal, affine or not": Planted(
        Theorem("T2", t01_positivity.why_not, rank_decides),
        cases_of(critical_problems, over=(0,)),
        OTHERS,
    ),
    "rows of m_e - 1 learnables suffice": Planted(
        rows(lambda analysis: analysis.effective_samples - 1), domains.last_layer
    ),
    "columns of m_e learnables, not rows": Planted(
        rows(lambda analysis: analysis.effective_samples, axis=1), domains.last_layer
    ),
    "rows need m learnables, not m_e": Planted(
        rows(lambda analysis: analysis.samples), domains.last_layer
    ),
    "rows decide whatever the hidden widths": Planted(
        Theorem("T3", t03_rows.why_not, without_bottleneck), cases_of(last_of_three)
    ),
}
