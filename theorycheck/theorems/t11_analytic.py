"""T11 Positivity of analytic networks: the rank decides, computed exactly modulo a prime."""

from __future__ import annotations

from dataclasses import replace

from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .degree_in_words import degree_in_words
from .evidence import at_full_rank, by_count, positivity
from .t11 import piecewise, real


def why_not(analysis: Analysis) -> str | None:
    """T11 needs a nonlinear network, analytic or linear in pieces."""
    if analysis.is_linear:
        return "the network is linear"
    if analysis.network.is_analytic:
        return analysis.why_no_bound
    if analysis.weights is not None:
        return "of given weights it is about networks with analytic activations"
    return piecewise.why_not(analysis)


def count(analysis: Analysis) -> Finding | None:
    """Minimal if there are fewer learnables than dimensions of the target (analytic)."""
    return by_count("T11", analysis) if analysis.why_not_exact is None else None


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by count or by rank; positive if the rank is D; None if too uncertain."""
    if not analysis.network.is_analytic:
        return piecewise.decide(analysis)
    if analysis.why_not_exact is not None:
        return real.decide(analysis)
    return positivity("T11", analysis, analysis.once(count), _positive)


def _positive(analysis: Analysis) -> Finding | None:
    if analysis.why_only_a_bound is not None:
        return real.positive(analysis)
    reason = f"the rank {analysis.rank.value} reaches the target dimension"
    left_open = f"whether every teacher is matched is open{degree_in_words(analysis)}"
    finding = at_full_rank("T11", Expressivity.POSITIVE, analysis, reason, "full_rank")
    return replace(finding, left_open=left_open)


THEOREM = Theorem("T11", why_not, decide, count=count, on_given_weights=True)
