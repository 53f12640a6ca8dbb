"""Which properties belong to which statement, with cases in which it has something to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from ..computing.effort import Effort
from ..theorems.base import Theorem
from ..theorems.registry import THEOREMS
from . import analytic, conjectures, domains, given, piecewise, powers, readout, relu
from .base import Cases, Property
from .cases import general
from .laws import monotone, peeled, symmetric, transposed
from .predictions import NO_DEGREES, SMALL_EFFORT, properties_of
from .transformations import peel_column, peel_row, with_one_sample_less

# Theorems whose degrees cost time get fewer examples.
_COSTLY = (4, 4, 8, 8)


@cache
def properties_by_id(id: str) -> tuple[Property, ...]:
    """The properties of the statement `id`.

    >>> [item.name for item in properties_by_id("T8")][:2]
    ['permuted units, by exact rank', 'permuted units, by verdicts']
    """
    return _CATALOGUE[id]()


def _registered(id: str) -> Theorem:
    return next(theorem for theorem in THEOREMS if theorem.id == id)


def _predictions(
    id: str,
    cases: Cases,
    shares: tuple[int, int, int, int] = (1, 1, 4, 2),
    effort: Effort = NO_DEGREES,
) -> Callable[[], tuple[Property, ...]]:
    return lambda: properties_of(_registered(id), cases, effort=effort, shares=shares)


def _monotonicity() -> tuple[Property, ...]:
    fewer = "fewer samples"
    return (
        *properties_of(_registered("T0"), domains.over_budget, shares=_COSTLY),
        monotone(cases=domains.over_budget),
        monotone(judge="verdicts", share=2),
        monotone(cases=domains.affine, judge="matched draws", share=8),
        monotone("T0", fewer, with_one_sample_less, domains.over_budget),
        monotone("T0", fewer, with_one_sample_less, judge="verdicts", share=2),
        monotone("T0", fewer, with_one_sample_less, domains.affine, judge="matched draws", share=8),
    )


def _degrees() -> tuple[Property, ...]:
    theorem = _registered("T6")
    properties = properties_of(theorem, domains.critical, effort=SMALL_EFFORT, shares=_COSTLY)
    return (*properties, powers.exact_law(theorem, share=20))


def _witnesses() -> tuple[Property, ...]:
    theorem, shares = _registered("T7"), (10, 10, 20, 20)  # a quarter of a second for each witness
    properties = properties_of(theorem, domains.intermediate, shares=shares)
    found = (replace(item, fewest=16) for item in properties)
    return (*found, powers.exact_law(theorem, share=20))


def _symmetry() -> tuple[Property, ...]:
    return (
        symmetric(),
        symmetric(judge="verdicts", share=8),
        symmetric(cases=domains.affine, judge="matched draws", share=8),
        transposed(cases=domains.spanning),
        transposed(cases=domains.spanning, judge="verdicts", share=4),
    )


def _peeling() -> tuple[Property, ...]:
    return (
        *properties_of(_registered("T9"), domains.peelable, shares=_COSTLY),
        peeled(cases=domains.peelable),
        peeled(cases=domains.narrow, what="peeling at a bottleneck"),
        peeled(peel_row, domains.peelable, what="peeling a row"),
        peeled(peel_column, domains.peelable, what="peeling a column"),
        peeled(peel_row, domains.peelable, what="peeling a row", judge="matched draws", share=8),
    )


def _relu() -> tuple[Property, ...]:
    # The ranks that judge the other theorems are those of linear networks.
    asked = properties_of(_registered("T10"), relu.pattern_cases, shares=(1, 1, 8, 1))
    by_draws = (item for item in asked if item.name.endswith("matched draws"))
    return (*by_draws, relu.span_law(), relu.regular_law(), relu.pattern_law(share=4))


def _analytic() -> tuple[Property, ...]:
    # Real points judge: measured ranks and matched draws are those of linear networks.
    asked = properties_of(_registered("T11"), analytic.critical_cases, effort=NO_DEGREES)
    by_rank = (item for item in asked if item.name.endswith(("exact rank", "other theorems")))
    fewer = "fewer samples"
    return (
        *by_rank,
        monotone("T11", cases=analytic.over_budget, share=2),
        monotone("T11", fewer, with_one_sample_less, analytic.over_budget, share=2),
        symmetric("T11", cases=analytic.critical_cases, share=2),
        analytic.rank_law(analytic.real_ranks, "minors", share=4),
        piecewise.pattern_bounds(share=2),
    )


def _readout() -> tuple[Property, ...]:
    laws = (
        readout.fitted_law(),
        readout.fitted_law(cases=readout.head_cases, what="filters and residual layers"),
        readout.onto_law(),
        readout.rules_law(),
        readout.others_law(share=4),
    )
    return tuple(sorted(laws, key=lambda law: law.share))


def _staged() -> tuple[Property, ...]:
    theorem, shares = _registered("T13"), (1, 2, 8, 4)
    asked = properties_of(theorem, domains.planned, effort=NO_DEGREES, shares=shares)
    more = properties_of(theorem, domains.not_generic, effort=NO_DEGREES, shares=(2, 4, 16, 8))
    return (*asked, *(replace(item, name=f"sparse or biases: {item.name}") for item in more))


def _levels(id: str = "T14", cases: Cases = domains.levelled) -> tuple[Property, ...]:
    theorem = _registered(id)
    asked = properties_of(theorem, cases, effort=NO_DEGREES, shares=(1, 2, 8, 4))
    # A measurement proves too few matches of so many unknowns to see that all draws have one.
    kept = (item for item in asked if not item.name.endswith("matched draws"))
    return (*kept, readout.fitted_law(theorem, cases, share=8))


def _given() -> tuple[Property, ...]:
    return (given.inputs_law(share=2),)


def _given_weights() -> tuple[Property, ...]:
    return (given.weights_law(),)


def _inputs() -> tuple[Property, ...]:
    theorem = conjectures.input_weights()
    return properties_of(theorem, conjectures.input_cases, effort=NO_DEGREES)


def _recurrents() -> tuple[Property, ...]:
    theorem, shares = conjectures.recurrent_weights(), (1, 1, 16, 2)
    cases = conjectures.recurrent_cases
    properties = properties_of(theorem, cases, effort=NO_DEGREES, shares=shares)
    # Solutions can be followed in the smallest networks only.
    return tuple(
        replace(item, cases=partial(cases, most=2), fewest=16)
        if item.name.endswith("draws")
        else item
        for item in properties
    )


_CATALOGUE: dict[str, Callable[[], tuple[Property, ...]]] = {
    "T0": _monotonicity,
    "T1": _predictions("T1", general),
    "T2": _predictions("T2", domains.affine),
    "T3": _predictions("T3", domains.last_layer),
    "T4": _predictions("T4", domains.one_layer),
    "T5": _predictions("T5", domains.recurrent),
    "T6": _degrees,
    "T7": _witnesses,
    "T8": _symmetry,
    "T9": _peeling,
    "T10": _relu,
    "T11": _analytic,
    "T12": _readout,
    "T13": _staged,
    "T14": _levels,
    "T15": _predictions("T15", domains.graded, (1, 2, 20, 4), SMALL_EFFORT),
    "T16": partial(_levels, "T16", domains.behind),
    "T17": _given_weights,
    "T18": _given,
    "C1": _inputs,
    "C2": _recurrents,
}
