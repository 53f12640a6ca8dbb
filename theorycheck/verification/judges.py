"""Judges of the laws: two problems compared by exact ranks, by verdicts or by matched draws."""

from __future__ import annotations

from ..answers.classification import classify
from ..measurement.estimate import Estimate
from ..measurement.intervals import clopper_pearson
from ..verdict import Expressivity, Verdict
from .base import Case, Inapplicable, Prediction, predicted
from .measured import exact_ranks, matched
from .predictions import NO_DEGREES, SMALL_EFFORT

# So wide that not one of a million comparisons of equal probabilities is a false alarm.
_LEVEL = 1 - 1e-7


def ranks(case: Case) -> tuple[int, int]:
    """Rank and target dimension."""
    return exact_ranks(case.allocation, case.samples, case.seed)


def less_positive(case: Case, other: Case) -> str | None:
    """Whether the rank of `other` is short though that of `case` is not."""
    rank, target = ranks(case)
    if rank < target:
        raise Inapplicable
    rank, more = ranks(other)
    if rank == more:
        return None
    return f"the rank {target} reaches its target dimension, but here {rank} is below {more}"


def claim_positive(case: Case, other: Case) -> Prediction:
    """`other` is matched with positive probability."""
    return predicted(other, Expressivity.POSITIVE, "a problem that is harder is matched")


def other_ranks(case: Case, other: Case) -> str | None:
    """Whether rank or target dimension differ."""
    expected, found = ranks(case), ranks(other)
    if expected == found:
        return None
    return f"rank and target dimension are {found}, but {expected} on the other side"


def claim_same(case: Case, other: Case) -> Prediction:
    """`other` has the rank and the target dimension of `case`."""
    rank, target = ranks(case)
    kind = Expressivity.MINIMAL if rank < target else Expressivity.POSITIVE
    return predicted(other, kind, "the same as on the other side", rank, target)


def worse_verdict(case: Case, other: Case) -> str | None:
    """Whether the class of `other` is surely below that of `case`."""
    before, after = (
        classify(each.allocation, each.samples, seed=each.seed, effort=NO_DEGREES)
        for each in (case, other)
    )
    order = {Expressivity.MINIMAL: 0, Expressivity.INTERMEDIATE: 1, Expressivity.MAXIMAL: 2}
    if max(map(order.__getitem__, after.expressivity.possible)) < min(
        map(order.__getitem__, before.expressivity.possible)
    ):
        return f"{_said(before)}, but {_said(after)}"
    return None


def other_verdict(case: Case, other: Case) -> str | None:
    """Whether the classes exclude each other, or the degrees differ."""
    one, two = (
        classify(each.allocation, each.samples, seed=each.seed, effort=SMALL_EFFORT)
        for each in (case, other)
    )
    if not one.expressivity.possible & two.expressivity.possible:
        return f"{_said(one)}, but {_said(two)}"
    if None not in (one.degree, two.degree) and one.degree != two.degree:
        return f"the degree is {one.degree}, but {two.degree} on the other side"
    return None


def _said(verdict: Verdict) -> str:
    return f"{verdict.theorem} says {verdict.expressivity} ({verdict.reason})"


def _measured(case: Case) -> tuple[Estimate, tuple[float, float]]:
    estimate = matched(case.allocation, case.samples, case.seed)
    interval = clopper_pearson(estimate.matches, estimate.trials, estimate.undecided, _LEVEL)
    return estimate, interval


def fewer_matches(case: Case, other: Case) -> str | None:
    """Whether `other` is surely matched less often."""
    (before, (low, _)), (after, (_, high)) = _measured(case), _measured(other)
    return f"{_counted(before)}, but {_counted(after)}" if high < low else None


def other_matches(case: Case, other: Case) -> str | None:
    """Whether one of the two is surely matched more often."""
    (one, (low, high)), (two, (lower, higher)) = _measured(case), _measured(other)
    return f"{_counted(one)}, but {_counted(two)}" if high < lower or higher < low else None


def _counted(estimate: Estimate) -> str:
    return f"{estimate.matches} of {estimate.trials} draws matched"
