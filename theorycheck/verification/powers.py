"""Networks of squares and cubes (T6, T7), judged by exact draws: Groebner bases, Sturm chains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..computing.effort import Effort
from ..computing.options import Options
from ..problem.masks import entries_of
from ..problem.networks.kinds import changed
from ..proofs.shared.polynomial_systems import (
    PRIME,
    IntegerInstance,
    Solutions,
    draw,
    equations,
    number_of_solutions,
    solve,
)
from ..theorems.analysis import Analysis
from ..theorems.base import Finding, Theorem
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Property
from .cases import with_seed
from .predictions import SMALL_EFFORT

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from ..problem.networks.base import Network

_DRAWS = 8
_BOUND = 99  # of the integers of a draw
_MOST_UNKNOWNS, _MOST_SOLUTIONS = 3, 9  # that are counted exactly in a fraction of a second


def power_networks() -> SearchStrategy[Network]:
    """Small nonlinear networks of linear units, squares and cubes."""
    from hypothesis import strategies as st

    from .. import strategies as public

    powers = st.sampled_from(["square", "cube"])
    deep = public.deep_networks(max_depth=2, max_width=2)
    recurrent = public.nonlinear_recurrent_networks(max_hidden=2, max_outputs=1, max_steps=2)
    changes = st.tuples(st.one_of(deep, recurrent), powers)
    made = changes.map(lambda pair: changed(pair[0], activation=pair[1]))
    biased = public.nonlinear_recurrent_networks(1, 2, 1, 3, bias=True)
    return st.one_of(made, biased.map(lambda network: changed(network, activation="linear")))


def critical_cases() -> SearchStrategy[Case]:
    """As many learnables as dimensions, up to three."""
    from .. import strategies as public

    problems = public.critical_problems(power_networks(), over=(0,))
    return with_seed(problems).filter(
        lambda case: 0 < case.allocation.n_learnable <= _MOST_UNKNOWNS
    )


def exact_law(
    theorem: Theorem,
    cases: Cases | None = None,
    share: int = 10,
    effort: Effort = SMALL_EFFORT,
) -> Property:
    """Its degree is the number of solutions at exact draws; a real one is there if it is maximal.

    Draws with special solutions (double, or some at infinity) tell nothing.
    """

    def refute(case: Case) -> str | None:
        options = Options(seed=case.seed, effort=effort)
        finding = theorem.ask(Analysis(case.allocation, case.samples, options))
        if finding is None or finding.expressivity is Expressivity.MINIMAL:
            raise Inapplicable
        degree = _number_at(case, case.seed, PRIME - 1)
        if degree > _MOST_SOLUTIONS:
            raise Inapplicable
        if finding.degree not in (None, degree):
            return f"{_words(finding)}, but exact draws have {degree} solutions"
        real = [found.real for found in map(lambda k: _solved(case, k), range(_DRAWS))
                if found.simple and found.count == degree]  # fmt: skip
        if not real:
            raise Inapplicable
        if finding.expressivity is Expressivity.MAXIMAL and 0 in real:
            return f"{_words(finding)}, but none of the {degree} solutions of an exact draw is real"
        return None

    asked = critical_cases if cases is None else cases
    return Property(theorem.id, "prediction against exact draws", asked, refute, share, 8)


def _drawn(case: Case, seed: int, bound: int) -> IntegerInstance:
    """Integers, absent connections 0."""
    network = case.allocation.network
    instance = draw(network, case.samples, np.random.default_rng([seed, 13]), bound)
    present = {name: case.allocation.present_mask(name) for name in network.weight_shapes}
    student = {name: value * present[name] for name, value in instance.student.items()}
    teacher = {name: value * present[name] for name, value in instance.teacher.items()}
    return replace(instance, student=student, teacher=teacher)


def _number_at(case: Case, seed: int, bound: int) -> int:
    """The number of solutions at a draw modulo a prime."""
    instance = _drawn(case, seed, bound)
    entries = entries_of(dict(case.allocation.masks("learnable")))
    return number_of_solutions(equations(case.allocation.network, entries, instance, PRIME))


def _solved(case: Case, number: int) -> Solutions:
    """The solutions of an exact draw; of infinitely many none is simple."""
    entries = entries_of(dict(case.allocation.masks("learnable")))
    instance = _drawn(case, 100 * case.seed + number, _BOUND)
    try:
        return solve(equations(case.allocation.network, entries, instance))
    except ValueError:
        return Solutions(0, False, 0)


def _words(finding: Finding) -> str:
    return f"{finding.theorem} says {finding.expressivity} ({finding.reason})"
