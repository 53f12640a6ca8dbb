"""What a theorem is to the code: an id, a statement, an obstacle and a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..analysis import Analysis
from ..statements import STATEMENTS, Statement
from ..verdict import Expressivity


@dataclass(frozen=True)
class Finding:
    """What one theorem says about one allocation.

    `kind` and `evidence` become the certificate; `reason` is for people. `error_bound` is 0 for a
    proof. `rank` and `target_dimension` are None where the theorem did not need them.
    """

    theorem: str
    expressivity: Expressivity
    reason: str
    kind: str
    evidence: dict[str, Any] = field(default_factory=dict)
    rank: int | None = None
    target_dimension: int | None = None
    degree: int | None = None
    error_bound: float = 0.0


@dataclass(frozen=True)
class Theorem:
    """A theorem that decides, with the same `id` in statement, proof, verdict and test.

    `obstacle(analysis)` returns None where the theorem applies, else in words why it does not.
    `decide(analysis)` is called only where it applies; None means that it leaves the case open.
    """

    id: str
    obstacle: Callable[[Analysis], str | None]
    decide: Callable[[Analysis], Finding | None]

    @property
    def statement(self) -> Statement:
        """What it says in words, and where it comes from."""
        return STATEMENTS[self.id]

    @property
    def title(self) -> str:
        """Its id and name, as in "T6: Odd degree"."""
        return f"{self.id}: {self.statement.name}"

    def ask(self, analysis: Analysis) -> Finding | None:
        """What the theorem says; None if it does not apply or leaves the case open."""
        return self.decide(analysis) if self.obstacle(analysis) is None else None
