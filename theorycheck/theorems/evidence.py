"""Evidence about ranks and conflicts, and the findings that rest on it, shared by the theorems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ranks.generic_rank import Trial
from ..ranks.target_dimension import TargetDimension
from ..structure.conflicts import Conflict
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding
from .coincidences import coincidences


def conflict_in_words(conflict: Conflict) -> str:
    """Which learnables meet on one path, for example `W1[0,0] and W2[0,0] lie on one path`."""
    first, second = conflict.path[conflict.first], conflict.path[conflict.second]
    if first == second:
        return f"a path runs twice through {first}"
    return f"{first} and {second} lie on one path"


def _minor_evidence(trial: Trial) -> dict[str, Any]:
    """A minor that is no zero polynomial: it is not 0 modulo the prime of the trial."""
    return {"rows": list(trial.rows), "columns": list(trial.columns)}


def target_lower_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at least `target.value`."""
    evidence: dict[str, Any] = {"by": target.lower}
    if target.lower == "minor":
        assert target.rank is not None
        evidence["minor"] = _minor_evidence(target.rank.best)
    return evidence


def target_upper_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at most `target.value`."""
    evidence: dict[str, Any] = {"by": target.upper}
    if target.upper == "trials":
        evidence["error_bound"] = target.error_bound
    return evidence


def full_rank_evidence(analysis: Analysis) -> dict[str, Any]:
    """Why rank(A) = D: a minor of the learnables of size D, and D from above."""
    return {
        "minor": _minor_evidence(analysis.rank.best),
        "target_upper": target_upper_evidence(analysis.target),
    }


def below_target(
    theorem: str,
    analysis: Analysis,
    reason: str,
    kind: str,
    evidence: dict[str, Any] | None = None,
    *,
    rank: int | None = None,
    error_bound: float = 0.0,
) -> Finding:
    """Minimal, since D is out of reach: with why D is at least so much."""
    target = analysis.target
    return Finding(
        theorem,
        Expressivity.MINIMAL,
        reason,
        kind,
        {**(evidence or {}), "target_lower": target_lower_evidence(target)},
        rank,
        target.value,
        error_bound=error_bound,
    )


def by_count(theorem: str, analysis: Analysis) -> Finding | None:
    """Minimal if there are fewer learnables than dimensions of the target (T1, T11)."""
    target, n_learnable = analysis.target, analysis.allocation.n_learnable
    if n_learnable >= target.value:
        return None
    reason = f"{n_learnable} learnable weights cannot reach the {target.value} dimensions of "
    reason += "the teacher's outputs"
    return below_target(theorem, analysis, reason, "count")


def by_rank(theorem: str, analysis: Analysis) -> Finding | None:
    """Minimal since the rank stays below the target; None if that is too uncertain (T1, T11)."""
    rank = analysis.rank
    if rank.error_bound > analysis.options.error_bound:
        return None
    reason = (
        f"the outputs move in {rank.value} independent directions only, whatever the "
        f"{analysis.allocation.n_learnable} learnable weights; {analysis.target.value} are needed"
    )
    error = rank.error_bound
    reason += coincidences(analysis)
    return below_target(
        theorem, analysis, reason, "deficient_rank", rank=rank.value, error_bound=error
    )


def positivity(
    theorem: str,
    analysis: Analysis,
    counted: Finding | None,
    positive: Callable[[Analysis], Finding | None],
) -> Finding | None:
    """Minimal by count or by rank, `positive` if the rank is D; None if too uncertain (T1, T11)."""
    if counted is not None:
        return counted
    if analysis.rank.value < analysis.target.value:
        return by_rank(theorem, analysis)
    return positive(analysis) if analysis.reaches_target else None


def at_full_rank(
    theorem: str,
    expressivity: Expressivity,
    analysis: Analysis,
    reason: str,
    kind: str,
    evidence: dict[str, Any] | None = None,
    *,
    degree: int | None = None,
    error_bound: float = 0.0,
) -> Finding:
    """A class that needs rank(A) = D: with a minor of size D, and why D is at most so much.

    `error_bound` is that of the rest of the evidence.
    """
    target, rank = analysis.target, analysis.rank
    return Finding(
        theorem,
        expressivity,
        reason,
        kind,
        {**(evidence or {}), **full_rank_evidence(analysis)},
        rank.value,
        target.value,
        degree,
        target.error_bound + error_bound,
    )
