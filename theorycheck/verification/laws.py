"""Laws that compare two problems: monotonicity (T0), symmetry (T8) and peeling (T9).

Each constructor takes the transformation as a parameter, so that a wrong law can be refuted too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..structure.peeling import Peeled
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Prediction, Property, predicted
from .cases import general
from .judges import (
    claim_positive,
    claim_same,
    fewer_matches,
    less_positive,
    other_matches,
    other_ranks,
    other_verdict,
    ranks,
    worse_verdict,
)
from .transformations import peel_all, permuted, transposed_problem, with_more_learnables

Transform: TypeAlias = Callable[[Case], "Case | None"]
Peel: TypeAlias = Callable[[Case], Peeled]
Refute: TypeAlias = Callable[["Case", "Case"], "str | None"]


def monotone(
    id: str = "T0",
    what: str = "more learnables",
    transform: Transform = with_more_learnables,
    cases: Cases = general,
    *,
    judge: str = "exact rank",
    share: int = 1,
) -> Property:
    """The problem that `transform` makes is matched at least as often as the one it is made from.

    `judge` is "exact rank" (if the one reaches the target dimension, so does the other), "verdicts"
    (what cheap theorems say) or "matched draws" (the intervals of measurements).

    >>> monotone().name
    'more learnables, by exact rank'
    """
    judges = {
        "exact rank": less_positive,
        "verdicts": worse_verdict,
        "matched draws": fewer_matches,
    }
    return _law(id, what, transform, cases, judge, judges[judge], share, claim_positive)


def symmetric(
    id: str = "T8",
    what: str = "permuted units",
    transform: Transform = permuted,
    cases: Cases = general,
    *,
    judge: str = "exact rank",
    share: int = 1,
) -> Property:
    """The problem that `transform` makes has the same class, rank, target dimension and degree.

    `judge` is "exact rank", "verdicts" (with degrees of small systems) or "matched draws", which
    must be as many up to chance: right for permutations, not for every symmetry.

    >>> symmetric(judge="matched draws").name
    'permuted units, by matched draws'
    """
    judges = {
        "exact rank": other_ranks,
        "verdicts": other_verdict,
        "matched draws": other_matches,
    }
    return _law(id, what, transform, cases, judge, judges[judge], share, claim_same)


def transposed(
    transform: Transform = transposed_problem,
    cases: Cases = general,
    *,
    judge: str = "exact rank",
    share: int = 1,
) -> Property:
    """The transposed problem has the same class, rank, target dimension and degree.

    >>> transposed().name
    'transposing, by exact rank'
    """
    return symmetric("T8", "transposing", transform, cases, judge=judge, share=share)


def peeled(
    transform: Peel = peel_all,
    cases: Cases = general,
    *,
    what: str = "peeling",
    judge: str = "exact rank",
    share: int = 1,
) -> Property:
    """What `transform` leaves has the same rank defect D - rank, and where nothing is left it is 0.

    `judge` is "exact rank" or "matched draws": what is left is matched as often, which is right for
    rows only.

    >>> peeled().name
    'peeling, by exact rank'
    """
    law = _Peeling(transform, is_measured=judge == "matched draws")
    claim = None if law.is_measured else law.claim
    return Property("T9", f"{what}, by {judge}", cases, law.refute, share, claim=claim)


def _law(
    id: str,
    what: str,
    transform: Transform,
    cases: Cases,
    judge: str,
    compare: Refute,
    share: int,
    claim: Callable[[Case, Case], Prediction | None],
) -> Property:
    def refute(case: Case) -> str | None:
        return compare(case, _other(transform, case))

    def claim_of(case: Case) -> Prediction | None:
        return claim(case, _other(transform, case))

    is_by_rank = judge == "exact rank"
    return Property(
        id, f"{what}, by {judge}", cases, refute, share, claim=claim_of if is_by_rank else None
    )


def _other(transform: Transform, case: Case) -> Case:
    other = transform(case)
    # Without learnables there is nothing to compare, and no measured rank that could refute it.
    if other is None or not case.allocation.n_learnable or not other.allocation.n_learnable:
        raise Inapplicable
    return other


@dataclass(frozen=True)
class _Peeling:
    """The law of peeling with a transformation of its own."""

    transform: Peel
    is_measured: bool

    def left(self, case: Case) -> Case | None:
        """What is left, None if nothing is; `Inapplicable` without a step."""
        found = self.transform(case)
        if not found.steps:
            raise Inapplicable
        if found.allocation is None:
            return None
        return Case(found.allocation, found.samples, case.seed)

    def refute(self, case: Case) -> str | None:
        left = self.left(case)
        if self.is_measured:
            if left is None:
                raise Inapplicable
            return other_matches(case, left)
        rank, target = ranks(case)
        expected = self.defect(left)
        if target - rank == expected:
            return None
        return f"the rank is {rank} of {target}, but what is left lacks {expected}, as it should"

    def defect(self, left: Case | None) -> int:
        if left is None:
            return 0
        rank, target = ranks(left)
        return target - rank

    def claim(self, case: Case) -> Prediction:
        defect = self.defect(self.left(case))
        _, target = ranks(case)
        kind = Expressivity.MINIMAL if defect else Expressivity.POSITIVE
        return predicted(case, kind, "as what peeling leaves", target - defect, target)
