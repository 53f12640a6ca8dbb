"""T1 Positivity: a match is possible iff the rank reaches the target dimension."""

from __future__ import annotations

from dataclasses import replace

from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .degree_in_words import degree_in_words
from .evidence import at_full_rank, by_count, conflict_in_words, positivity


def why_not(analysis: Analysis) -> str | None:
    """T1 needs a linear network, of any kind."""
    return None if analysis.is_linear else "the network is not linear"


def count(analysis: Analysis) -> Finding | None:
    """Minimal if there are fewer learnables than dimensions of the target."""
    return by_count("T1", analysis)


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by count (r < D) or by rank; positive if the rank is D; None if too uncertain."""
    return positivity("T1", analysis, analysis.once(count), _positive)


def _positive(analysis: Analysis) -> Finding:
    reason = f"the rank {analysis.rank.value} reaches the target dimension"
    conflict = analysis.conflict
    if conflict is None:
        return at_full_rank("T1", Expressivity.POSITIVE, analysis, reason, "full_rank")
    is_not = "need not be" if analysis.weights is not None else "is not"  # if others are 0
    left_open = (
        f"whether every teacher is matched is open: {conflict_in_words(conflict)}, so the "
        f"output {is_not} affine in the learnable weights{degree_in_words(analysis)}"
    )
    finding = at_full_rank("T1", Expressivity.POSITIVE, analysis, reason, "full_rank")
    meeting = {
        "path": [[edge.weight, *edge.index] for edge in conflict.path],
        "learnable": [conflict.first, conflict.second],
    }
    evidence = {**finding.evidence, "conflict": meeting}
    return replace(finding, evidence=evidence, left_open=left_open)


THEOREM = Theorem("T1", why_not, decide, count=count, on_given_weights=True)
