"""What a theorem predicts against four judges: two ranks, matched draws, the other theorems."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..answers.classification import verdict_of
from ..computing.effort import Effort
from ..computing.options import Options
from ..errors import ContradictionError
from ..theorems.analysis import Analysis
from ..theorems.asking import Answers, consistent
from ..theorems.base import Finding, Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Prediction, Property
from .cases import general
from .comparison import judge
from .measured import exact_ranks, matched, measured_ranks

# Degrees of small systems only: an example must take well below a second.
SMALL_EFFORT = Effort(seconds=5, degree=8, unknowns=5, instances=60, bases=1)
NO_DEGREES = Effort(seconds=0, instances=0, bases=0)


def properties_of(
    theorem: Theorem,
    cases: Cases | None = None,
    *,
    effort: Effort = SMALL_EFFORT,
    shares: tuple[int, int, int, int] = (1, 2, 4, 4),
    others: Sequence[Theorem] = THEOREMS,
) -> tuple[Property, ...]:
    """The four properties of any theorem, registered or your own, cheapest first.

    What it says of a problem must agree with the exact rank (minimal if and only if below the
    target dimension; a stated rank or target dimension as it is), with the rank in floating point,
    with the draws that a measurement matches, and with each of `others`. `cases` are problems of
    all linear kinds by default; `effort` is what the theorem may spend on degrees; `shares` are
    those of the properties, in this order.

    >>> from theorycheck.theorems.t03_rows import THEOREM
    >>> [item.name for item in properties_of(THEOREM)][0]
    'prediction against the exact rank'
    """
    asked = _Asked(theorem, effort, tuple(others))
    drawn = general if cases is None else cases
    checks = (
        ("prediction against the exact rank", asked.against_exact_rank),
        ("prediction against the measured rank", asked.against_measured_rank),
        ("prediction against matched draws", asked.against_matches),
        ("prediction against the other theorems", asked.against_others),
    )
    return tuple(
        Property(theorem.id, name, drawn, refute, share, claim=asked.claim)
        for (name, refute), share in zip(checks, shares, strict=True)
    )


@dataclass(frozen=True)
class _Asked:
    """A theorem that is asked about cases."""

    theorem: Theorem
    effort: Effort
    others: tuple[Theorem, ...]

    def analysis(self, case: Case) -> Analysis:
        options = Options(seed=case.seed, effort=self.effort)
        return Analysis(case.allocation, case.samples, options)

    def finding(self, analysis: Analysis) -> Finding:
        found = self.theorem.ask(analysis)
        if found is None:
            raise Inapplicable
        return found

    def claim(self, case: Case) -> Prediction | None:
        """The finding as a verdict; None if there is none."""
        analysis = self.analysis(case)
        finding = self.theorem.ask(analysis)
        if finding is None:
            return None
        verdict = verdict_of(analysis, Answers([finding], []), time.perf_counter())
        return Prediction(case.allocation, case.samples, verdict)

    def against_exact_rank(self, case: Case) -> str | None:
        finding = self.finding(self.analysis(case))
        return _wrong_rank(finding, *exact_ranks(case.allocation, case.samples, case.seed), "exact")

    def against_measured_rank(self, case: Case) -> str | None:
        finding = self.finding(self.analysis(case))
        rank, target = measured_ranks(case.allocation, case.samples, case.seed)
        if rank is None or target is None:
            raise Inapplicable
        return _wrong_rank(finding, rank, target, "measured")

    def against_matches(self, case: Case) -> str | None:
        claim = self.claim(case)
        if claim is None:
            raise Inapplicable
        estimate = matched(case.allocation, case.samples, case.seed)
        outcome, reason = judge(claim.verdict, estimate)
        if outcome == "inconclusive":
            raise Inapplicable
        return f"{self.theorem.id}: {reason}" if outcome == "refuted" else None

    def against_others(self, case: Case) -> str | None:
        analysis = self.analysis(case)
        finding, is_alone = self.finding(analysis), True
        for other in self.others:
            found = other.ask(analysis) if other is not self.theorem else None
            if found is None:
                continue
            is_alone = False
            try:
                consistent([finding, found])
            except ContradictionError as error:
                return str(error).removesuffix(": please report this allocation")
        if is_alone:
            raise Inapplicable
        return None


def _wrong_rank(finding: Finding, rank: int, target: int, which: str) -> str | None:
    """How a finding contradicts a rank and a target dimension, None if it does not."""
    said = f"{finding.theorem} says {finding.expressivity} ({finding.reason})"
    for name, stated, value in (
        ("rank", finding.rank, rank),
        ("target dimension", finding.target_dimension, target),
    ):
        if stated is not None and stated != value:
            return f"{said} and states the {name} {stated}, but the {which} one is {value}"
    if finding.expressivity is Expressivity.UNDECIDED:
        if finding.rank is None and finding.target_dimension is None:
            raise Inapplicable
        return None
    if (rank < target) == (finding.expressivity is Expressivity.MINIMAL):
        return None
    relation = "is below" if rank < target else "reaches"
    return f"{said}, but the {which} rank {rank} {relation} the target dimension {target}"
