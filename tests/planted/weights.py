"""Wrong theorems about frozen weights that are given (T17)."""

from __future__ import annotations

from dataclasses import replace

from theorycheck.theorems import t01_positivity, t04_one_layer
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.verification.given import weights_law

from .base import POSITIVE, Planted, said


def reaches_itself(analysis: Analysis) -> Finding | None:
    """Positive if the rank is that of teachers which have the given weights, as the student has."""
    own = analysis.rank.value
    return said("T1", POSITIVE, "", rank=own, target_dimension=own) if own else None


def at_random_weights(analysis: Analysis) -> Finding | None:
    """T1 of random frozen weights."""
    return t01_positivity.decide(replace(analysis, weights=None))


def _asked(theorem: Theorem) -> Planted:
    given = replace(theorem, on_given_weights=True)
    return Planted(weights_law([given]), right=weights_law(), is_measurable=False)


WEIGHTS = {
    "T4 speaks of given weights as of random ones": _asked(t04_one_layer.THEOREM),
    "given weights are as good as random ones": _asked(
        Theorem("T1", t01_positivity.why_not, at_random_weights)
    ),
    "teachers have the given weights, too": _asked(
        Theorem("T1", t01_positivity.why_not, reaches_itself)
    ),
}
