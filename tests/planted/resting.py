"""Wrong theorems about units at rest in nonlinear networks (T12, h)."""

from __future__ import annotations

from functools import partial

from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.t12 import resting
from theorycheck.verification.readout import unit_cases

from .readout import by_fits, changed_at_full_rank


def rests(search: type[resting._Search], analysis: Analysis, **changes: object) -> bool:
    """Whether a changed search finds units at rest, under the other conditions of (h)."""
    readout = changed_at_full_rank(analysis, **changes)
    if readout is None:
        return False
    return search(analysis, readout).found() is not None


def not_zero(analysis: Analysis) -> bool:
    """Units may rest at 0 whatever sigma(0)."""
    return rests(resting._Search, analysis, at_zero=(0, 1))


_NOT_ZERO = partial(unit_cases, ("softplus", "sigmoid", "exp"), more=0)

RESTING = {"(h) units may rest at 0 whatever sigma(0)": by_fits(not_zero, _NOT_ZERO)}
