"""Evidence about ranks, shared by the theorems that compare rank and target dimension."""

from __future__ import annotations

from typing import Any

from ..analysis import Analysis
from ..exact.generic_rank import GenericRank, Trial
from ..exact.target_dimension import TargetDimension


def minor_evidence(seed: int, trial: Trial) -> dict[str, Any]:
    """A minor that is non-zero modulo `prime` at the point of (seed, trial)."""
    return {
        "seed": seed,
        "trial": trial.index,
        "prime": trial.prime,
        "rows": list(trial.rows),
        "columns": list(trial.columns),
        "determinant": trial.determinant,
    }


def trials_evidence(rank: GenericRank) -> dict[str, Any]:
    """Independent trials, none of which exceeds the rank."""
    trials = [{"trial": t.index, "prime": t.prime, "rank": t.rank} for t in rank.trials]
    return {"seed": rank.seed, "trials": trials, "error_bound": rank.error_bound}


def target_lower_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at least `target.value`."""
    evidence: dict[str, Any] = {"by": target.lower}
    if target.lower == "minor":
        assert target.rank is not None
        evidence["minor"] = minor_evidence(target.rank.seed, target.rank.best)
    return evidence


def target_upper_evidence(target: TargetDimension) -> dict[str, Any]:
    """Why D is at most `target.value`."""
    evidence: dict[str, Any] = {"by": target.upper}
    if target.upper == "trials":
        assert target.rank is not None
        evidence["trials"] = trials_evidence(target.rank)
    return evidence


def full_rank_evidence(analysis: Analysis) -> dict[str, Any]:
    """Why rank(A) = D: a minor of the learnables of size D, and D from above."""
    return {
        "minor": minor_evidence(analysis.rank.seed, analysis.rank.best),
        "target_upper": target_upper_evidence(analysis.target),
    }
