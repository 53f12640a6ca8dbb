"""Wrong theorems about parametrised weights (T19)."""

from __future__ import annotations

from dataclasses import replace

from theorycheck.problem.allocation import Allocation
from theorycheck.problem.parametrization import Parametrization
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.ranks.parametrised import parametrised_rank
from theorycheck.theorems import t19_parametrised
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding
from theorycheck.verdict import Expressivity
from theorycheck.verification.parametrised import rank_law, solved_law

from .base import MAXIMAL, MINIMAL, POSITIVE, Planted, said


def without_chain_rule(analysis: Analysis) -> Finding | None:
    """Right: parameters move the weights in few directions, not each weight that they touch."""
    own = _own(analysis)
    masks = {}
    for name, mask in own.whole.masks("present"):
        form = own.forms.get(name)
        masks[name] = mask
        if form is not None and not (form.rank or form.rows or form.columns):
            masks[name] = form.entries
    moved = Allocation(own.network, masks, own.present)
    target = analysis.once(t19_parametrised.target).value
    return _by_rank(generic_rank(moved, analysis.samples, upper=target).value, target)


def dimension_of_tied_teachers(analysis: Analysis) -> Finding | None:
    """Right: teachers that are not tied have more dimensions."""
    tied = replace(analysis, parametrization=_with(_own(analysis), tied_teacher=True))
    target = t19_parametrised.target(tied).value
    rank = parametrised_rank(_own(analysis), analysis.samples, upper=target).value
    return _by_rank(rank, target)


def numbers_of_parameters(analysis: Analysis) -> Finding | None:
    """Right: r^2 parameters of a low-rank update change its basis only, and ranks decide."""
    target = analysis.once(t19_parametrised.target).value
    return _by_rank(min(_own(analysis).n_parameters, target), target)


def both_factors(analysis: Analysis) -> Finding | None:
    """Right: a change of basis is lost twice only if it is counted twice; r^2 is right."""
    own = _own(analysis)
    lost = sum(form.rank**2 for form in own.forms.values() if len(form.train) == 2)
    target = analysis.once(t19_parametrised.target).value
    if own.n_moving - lost < target:
        return said("T19", MINIMAL, "too few dimensions")
    return t19_parametrised.decide(analysis)


def affine_or_not(analysis: Analysis) -> Finding | None:
    """Right: where outputs are not affine in the parameters rank D proves that MP > 0, no more."""
    found = t19_parametrised.decide(analysis)
    if found is None or found.expressivity is not Expressivity.POSITIVE:
        return found
    blocks = [block.name for block in _own(analysis).blocks]
    return replace(found, expressivity=MAXIMAL, evidence={"blocks": blocks})


def _own(analysis: Analysis) -> Parametrization:
    assert analysis.parametrization is not None
    return analysis.parametrization


def _with(own: Parametrization, tied_teacher: bool) -> Parametrization:
    return Parametrization(own.network, own.weights, own.present, own.base, tied_teacher)


def _by_rank(rank: int, target: int) -> Finding:
    return said("T19", MINIMAL if rank < target else POSITIVE, "by rank", rank=rank)


def _planted(decide) -> Planted:
    return Planted(rank_law(decide), right=rank_law(), is_measurable=False)


PARAMETRISED = {
    "every weight that parameters touch is free": _planted(without_chain_rule),
    "tied students of free teachers need the dimension of tied ones": _planted(
        dimension_of_tied_teachers
    ),
    "as many parameters as dimensions suffice": _planted(numbers_of_parameters),
    "low-rank updates lose 2 r^2 dimensions": _planted(both_factors),
    "rank D of parameters is maximal, affine or not": Planted(
        solved_law(affine_or_not), right=solved_law(), is_measurable=False
    ),
}
