"""Evidence about ranks and conflicts, and the findings that rest on it, shared by the theorems."""

from __future__ import annotations

from typing import Any

from ..ranks.generic_rank import Trial
from ..ranks.target_dimension import TargetDimension
from ..structure.conflicts import Conflict
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding


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


def _target_upper_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at most `target.value`."""
    evidence: dict[str, Any] = {"by": target.upper}
    if target.upper == "trials":
        evidence["error_bound"] = target.error_bound
    return evidence


def full_rank_evidence(analysis: Analysis) -> dict[str, Any]:
    """Why rank(A) = D: a minor of the learnables of size D, and D from above."""
    return {
        "minor": _minor_evidence(analysis.rank.best),
        "target_upper": _target_upper_evidence(analysis.target),
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
