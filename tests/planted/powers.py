"""Wrong theorems about numbers of solutions of networks of squares and cubes (T6)."""

from __future__ import annotations

from theorycheck.theorems import t06_odd_degree
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.verification.powers import exact_law

from .base import MAXIMAL, Planted, said


def critical_powers(analysis: Analysis) -> str | None:
    """Nonlinear networks of powers with r = rank(A) = D."""
    if analysis.is_linear or not analysis.is_polynomial:
        return "not of powers"
    is_critical = analysis.allocation.n_learnable == analysis.target.value > 0
    return None if is_critical and analysis.reaches_target else "not r = D"


def any_degree(analysis: Analysis) -> Finding | None:
    """Right: only an odd degree leaves a real solution in any case."""
    degree = _degree(analysis)
    return None if degree is None else said("T6", MAXIMAL, "a degree is known", degree=degree)


def up_to_signs(analysis: Analysis) -> Finding | None:
    """Right: solutions that differ in signs of squares are both counted; neither need be real."""
    degree = _degree(analysis)
    if degree is None or degree % 4 != 2:
        return None
    return said("T6", MAXIMAL, "an odd degree up to signs", degree=degree)


def no_conflict(analysis: Analysis) -> Finding | None:
    """Right: a power after a learnable is enough for the output not to be affine in it."""
    if analysis.conflict is not None or analysis.target.value < analysis.n_equations:
        return None
    return said("T6", MAXIMAL, "no path runs through two learnables", degree=1)


def _degree(analysis: Analysis) -> int | None:
    solving = analysis.solving
    return None if solving is None else solving.degree


def _planted(decide) -> Planted:
    wrong = exact_law(Theorem("T6", critical_powers, decide))
    return Planted(wrong, right=exact_law(t06_odd_degree.THEOREM), is_measurable=False)


POWERS = {
    "any known degree is maximal, with squares and cubes": _planted(any_degree),
    "an odd degree up to the signs of squares is maximal": _planted(up_to_signs),
    "without a path through two learnables squares and cubes have one solution": _planted(
        no_conflict
    ),
}
