"""Laws of nonlinear networks (T12): what its rules say, against matches that a search finds.

The ranks that judge other theorems are those of linear networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..computing.options import Options
from ..theorems.analysis import Analysis
from ..theorems.base import Finding, Theorem
from ..theorems.t12_readout import RULES, THEOREM
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Property
from .cases import with_seed
from .fits import Fitted
from .predictions import NO_DEGREES, properties_of

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_DRAWS = 40
_STARTS = (12, 100)  # of a descent; the second where the first matches too few draws
_ENOUGH = 0.75  # of the draws: searches miss some matches, hardly ever a quarter of them
_ONTO_DRAWS = 150  # all of which are matched if a rule says "below 1" where it is 1


Rule = Callable[[Analysis], Finding | None]


def fitted_law(
    theorem: Theorem = THEOREM,
    cases: Cases | None = None,
    share: int = 20,
    what: str = "prediction",
) -> Property:
    """Maximal only where a search matches most draws, minimal only where it matches none."""

    def refute(case: Case) -> str | None:
        finding = _said(theorem, case)
        fitted = Fitted(case.allocation, case.samples, case.seed)
        draws = fitted.drawn(_DRAWS)
        matched = fitted.matched(draws, _STARTS[0])
        if finding.expressivity is Expressivity.MAXIMAL:
            if matched.mean() < _ENOUGH:
                left = np.flatnonzero(~matched)
                matched[left] = fitted.matched(draws.part(left), _STARTS[1])
            wrong = matched.mean() < _ENOUGH
        elif finding.expressivity is Expressivity.MINIMAL:
            wrong = matched.sum() > 1  # one may be by rounding
        elif matched.any() and not matched.all():
            return None
        else:
            raise Inapplicable
        return _in_words(finding, int(matched.sum()), _DRAWS) if wrong else None

    return Property(theorem.id, f"{what} against fits", _or_small(cases), refute, share, 8)


def onto_law(
    theorem: Theorem = THEOREM,
    cases: Cases | None = None,
    share: int = 20,
    draws: int = _ONTO_DRAWS,
) -> Property:
    """Intermediate only where a search misses some of the draws; for cases in which it would."""

    def refute(case: Case) -> str | None:
        finding = _said(theorem, case)
        if finding.expressivity is not Expressivity.INTERMEDIATE:
            raise Inapplicable
        fitted = Fitted(case.allocation, case.samples, case.seed)
        drawn = fitted.drawn(draws)
        found = fitted.matched(drawn, _STARTS[0])
        if found.mean() < _ENOUGH:
            return None  # some of so many have no match
        left = np.flatnonzero(~found)
        found[left] = fitted.matched(drawn.part(left), _STARTS[1])
        return _in_words(finding, int(found.sum()), draws) if found.all() else None

    asked = fixed_readout_cases if cases is None else cases
    return Property(theorem.id, "below 1 against fits", asked, refute, share, 8)


def others_law(theorem: Theorem = THEOREM, cases: Cases | None = None, share: int = 1) -> Property:
    """The theorem against the others, nothing being measured at a counterexample."""
    properties = properties_of(theorem, _or_small(cases), effort=NO_DEGREES)
    return replace(properties[-1], share=share, claim=None)


def rules_law(
    rules: Sequence[Rule] = RULES, cases: Cases | None = None, share: int = 1
) -> Property:
    """No two rules of T12 contradict each other: each is asked, not the first one only."""

    def refute(case: Case) -> str | None:
        analysis = _analysis(case)
        if THEOREM.why_not(analysis) is not None or not case.allocation.n_learnable:
            raise Inapplicable
        found = [finding for finding in (rule(analysis) for rule in rules) if finding is not None]
        if len(found) < 2:
            raise Inapplicable
        first = found[0]
        for other in found[1:]:
            if not first.expressivity.possible & other.expressivity.possible:
                return f"{_words(first)}, but {_words(other)}"
        return None

    return Property("T12", "rules against each other", _or_small(cases), refute, share)


def _analysis(case: Case) -> Analysis:
    return Analysis(case.allocation, case.samples, Options(seed=case.seed, effort=NO_DEGREES))


def _said(theorem: Theorem, case: Case) -> Finding:
    finding = theorem.ask(_analysis(case))
    if finding is None:
        raise Inapplicable
    return finding


def _words(finding: Finding) -> str:
    return f"{finding.theorem} says {finding.expressivity} ({finding.reason})"


def _in_words(finding: Finding, matched: int, draws: int) -> str:
    return f"{_words(finding)}, but a search matches {matched} of {draws} draws"


def _or_small(cases: Cases | None) -> Cases:
    return small_cases if cases is None else cases


def small_cases(*arguments: Any, **options: Any) -> SearchStrategy[Case]:
    """Cases of `strategies.readout.small_problems`."""
    from ..strategies.readout import small_problems

    return with_seed(small_problems(*arguments, **options))


def head_cases() -> SearchStrategy[Case]:
    """Cases of `strategies.readout.head_problems`."""
    from ..strategies.readout import head_problems

    return with_seed(head_problems())


def unit_cases(*arguments: Any, **options: Any) -> SearchStrategy[Case]:
    """Cases of `strategies.readout.unit_problems`."""
    from ..strategies.readout import unit_problems

    return with_seed(unit_problems(*arguments, **options))


def fixed_readout_cases(*arguments: Any, **options: Any) -> SearchStrategy[Case]:
    """Cases of `strategies.readout.fixed_readout_problems`."""
    from ..strategies.readout import fixed_readout_problems

    return with_seed(fixed_readout_problems(*arguments, **options))
