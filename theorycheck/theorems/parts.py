"""Findings that rest on a smaller allocation, shared by T0 and T9."""

from __future__ import annotations

from typing import Any

from ..problem.masks import mask_to_json
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding


def inner_certificate(part: Analysis, finding: Finding) -> dict[str, Any]:
    """The certificate of a smaller allocation, to be put into that of the whole."""
    return {
        "kind": finding.kind,
        "theorem": finding.theorem,
        "expressivity": str(finding.expressivity),
        "learnable": part.allocation.n_learnable,
        "rank": finding.rank,
        "target_dimension": finding.target_dimension,
        "error_bound": finding.error_bound,
        "evidence": finding.evidence,
    }


def through_part(part: Analysis, finding: Finding, reason: str) -> Finding:
    """T0: maximal, since the learnables of `part` alone are."""
    assert finding.expressivity is Expressivity.MAXIMAL
    masks = {name: mask_to_json(part.allocation.mask(name)) for name in part.allocation.counts}
    evidence = {"learnable": masks, "certificate": inner_certificate(part, finding)}
    return Finding(
        "T0",
        Expressivity.MAXIMAL,
        reason,
        "sub_allocation",
        evidence,
        error_bound=finding.error_bound,
    )
