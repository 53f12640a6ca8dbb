"""T12 Readout and bounded units: where nonlinear networks are maximal, and where they are not."""

from __future__ import annotations

from .analysis import Analysis
from .base import Finding, Theorem
from .t11 import piecewise
from .t12 import (
    affine,
    bounded,
    interpolating,
    one_sided,
    onto,
    piecewise_output,
    resting,
    signs,
    solvable,
)

RULES = (
    affine.decide,
    interpolating.decide,
    onto.decide,
    one_sided.decide,
    signs.decide,
    solvable.decide,
    bounded.decide,
    resting.decide,
)
"""Each decides or says nothing (None); from the cheapest to the most expensive.

The first needs no point of the network, and where it speaks the second never does.
"""


def why_not(analysis: Analysis) -> str | None:
    """T12 needs what T11 needs, and at least one hidden layer."""
    if analysis.is_linear:
        return "the network is linear"
    if analysis.network.is_analytic:
        return analysis.why_no_bound
    if analysis.weights is not None:
        return "of given weights it is about networks with analytic activations"
    return piecewise.why_not(analysis)


def decide(analysis: Analysis) -> Finding | None:
    """What the first rule says that says anything; None if none does."""
    if not analysis.allocation.n_learnable:
        return None
    network = analysis.network
    if not network.is_analytic:
        return onto.decide(analysis) or piecewise_output.decide(analysis)
    # Only (a) takes given weights as constants, and asks for no more than one rank.
    if analysis.weights is not None or analysis.why_not_exact is not None:
        return affine.decide(analysis)
    has_rows = network.is_layered or network.is_recurrent  # else only (a) is shown to hold
    for rule in RULES if has_rows else RULES[:1]:
        analysis.options.deadline.check("a rule of T12")
        finding = rule(analysis)
        if finding is not None:
            return finding
    return None


THEOREM = Theorem("T12", why_not, decide, on_given_weights=True)
