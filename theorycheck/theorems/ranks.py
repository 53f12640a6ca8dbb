"""Evidence about ranks, shared by the theorems that compare rank and target dimension."""

from __future__ import annotations

from typing import Any

from ..ranks.generic_rank import Trial
from ..ranks.target_dimension import TargetDimension
from .analysis import Analysis


def minor_evidence(trial: Trial) -> dict[str, Any]:
    """A minor that is no zero polynomial: it is not 0 modulo the prime of the trial."""
    return {"rows": list(trial.rows), "columns": list(trial.columns)}


def target_lower_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at least `target.value`."""
    evidence: dict[str, Any] = {"by": target.lower}
    if target.lower == "minor":
        assert target.rank is not None
        evidence["minor"] = minor_evidence(target.rank.best)
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
        "minor": minor_evidence(analysis.rank.best),
        "target_upper": target_upper_evidence(analysis.target),
    }
