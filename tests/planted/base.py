"""What a planted wrong theorem is, and how it is refuted."""

from __future__ import annotations

from dataclasses import dataclass

from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.registry import THEOREMS
from theorycheck.verdict import Expressivity
from theorycheck.verification.base import Cases, Property
from theorycheck.verification.cases import general
from theorycheck.verification.conjectures import input_weights, recurrent_weights
from theorycheck.verification.predictions import properties_of

MAXIMAL, MINIMAL = Expressivity.MAXIMAL, Expressivity.MINIMAL
POSITIVE, INTERMEDIATE = Expressivity.POSITIVE, Expressivity.INTERMEDIATE

RANK, DRAWS, OTHERS = "exact rank", "matched draws", "other theorems"


@dataclass(frozen=True)
class Planted:
    """A wrong theorem: what decides by it, or a property that it would have.

    `judge` names the property of a theorem by which it is refuted, `cases` are drawn from what the
    theorem speaks of, where the general mixture of problems does not reach it often enough. `right`
    is what is true instead, the registered theorem of the same id unless given. `most` is the most
    weights that the network of the counterexample has after shrinking. Not `is_measurable` are
    claims about single draws, and those that no number of draws can rule out: that a match
    probability is positive, or below 1.
    """

    statement: Theorem | Property
    cases: Cases = general
    judge: str = RANK
    right: Property | None = None
    most: int = 20
    is_measurable: bool = True

    @property
    def wrong(self) -> Property:
        """The property that is to be refuted."""
        if isinstance(self.statement, Property):
            return self.statement
        return self._judged(self.statement)

    @property
    def truth(self) -> Property:
        """The same property of the right theorem on the same cases."""
        if self.right is not None:
            return self.right
        conjectures = (input_weights(), recurrent_weights())
        id = self.statement.id
        return self._judged(next(each for each in (*THEOREMS, *conjectures) if each.id == id))

    def _judged(self, theorem: Theorem) -> Property:
        properties = properties_of(theorem, self.cases)
        return next(item for item in properties if item.name.endswith(self.judge))


def said(theorem: str, expressivity: Expressivity, reason: str, **numbers: int | None) -> Finding:
    """A finding without a certificate."""
    return Finding(theorem, expressivity, reason, "planted", **numbers)  # type: ignore[arg-type]
