"""Reductions: a question put as a smaller one, whose answer is that of the whole.

They are a part of the learnables (T0), what peeling leaves (T9), and given inputs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from .analysis import Analysis
from .base import Finding


@dataclass(frozen=True)
class Reduction(ABC):
    """What is left to ask of the `whole`: `rest`, None if nothing is left."""

    whole: Analysis
    rest: Analysis | None

    @abstractmethod
    def of_whole(self, finding: Finding | None) -> Finding:
        """What is found about the rest (None: nothing is left), as a finding about the whole."""

    @property
    def problem(self) -> dict[str, Any]:
        """The problem of the whole, as certificates have it."""
        return self.whole.problem

    def inner_certificate(self, finding: Finding | None) -> dict[str, Any] | None:
        """The certificate of the rest, to be put into that of the whole; None without a rest."""
        if finding is None or self.rest is None:
            return None
        return {
            "kind": finding.kind,
            "theorem": finding.theorem,
            "expressivity": str(finding.expressivity),
            "learnable": self.rest.allocation.n_learnable,
            "rank": finding.rank,
            "target_dimension": finding.target_dimension,
            "error_bound": finding.error_bound,
            "evidence": finding.evidence,
        }
