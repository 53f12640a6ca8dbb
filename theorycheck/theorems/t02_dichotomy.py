"""T2 Dichotomy of affine allocations: without paths through two learnables, rank decides."""

from __future__ import annotations

from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .evidence import at_full_rank, conflict_in_words


def why_not(analysis: Analysis) -> str | None:
    """T2 needs a linear network in which no input-output path runs through two learnables."""
    if not analysis.is_linear:
        return "the network is not linear"
    conflict = analysis.conflict
    return None if conflict is None else conflict_in_words(conflict)


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if rank(A) = D(m), minimal if not (by T1, which has said so); None if uncertain."""
    target = analysis.target
    if analysis.allocation.n_learnable < target.value or not analysis.reaches_target:
        return None  # T1 carries the proof
    reason = (
        f"no input-output path runs through two learnable weights, and the rank "
        f"{analysis.rank.value} reaches the target dimension"
    )
    if target.value == 0:
        reason = "no path with weights reaches an output, so student and teacher always agree"
    degree = 1 if analysis.allocation.n_learnable == target.value else None
    return at_full_rank(
        "T2", Expressivity.MAXIMAL, analysis, reason, "affine_full_rank", degree=degree
    )


THEOREM = Theorem("T2", why_not, decide, on_given_weights=True)
