"""T17 and T18 on weights and inputs that a case draws: what is decided fits the rank there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..computing.options import Options
from ..ranks.generic_rank import generic_rank
from ..ranks.given_inputs import given_inputs
from ..ranks.given_weights import GivenWeights
from ..ranks.target_dimension import target_dimension
from ..theorems import t18_given_inputs
from ..theorems.analysis import Analysis
from ..theorems.base import Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity
from . import domains
from .base import Case, Cases, Inapplicable, Property
from .cases import with_seed
from .predictions import NO_DEGREES

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Chosen = Callable[[Analysis], tuple[int, ...]]


def wide_cases() -> SearchStrategy[Case]:
    """Dense networks of more inputs than samples, slightly over budget."""
    return domains.wide().filter(lambda one: one.samples < one.allocation.network.inputs)


def inputs_law(
    chosen: Chosen = t18_given_inputs.chosen_inputs,
    cases: Cases = wide_cases,
    *,
    what: str = "inputs that span",
    share: int = 1,
) -> Property:
    """What is maximal by T18, with inputs as `chosen`, has full rank on the inputs of the case.

    >>> inputs_law().name
    'inputs that span, by exact rank'
    """

    def refute(case: Case) -> str | None:
        analysis = on_inputs(case)
        finding = None
        if analysis is not None and t18_given_inputs.why_not(analysis) is None:
            finding = t18_given_inputs.by_inputs(analysis, chosen(analysis))
        if analysis is None or finding is None:
            raise Inapplicable
        rank, target = analysis.rank.value, analysis.target.value
        if rank == target:
            return None
        return f"T18 says maximal, but on the inputs drawn the rank is {rank} of {target}"

    return Property("T18", f"{what}, by exact rank", cases, refute, share)


def on_inputs(case: Case) -> Analysis | None:
    """The problem on inputs of -1, 0 and 1 drawn from the seed, some the same on all samples.

    None where they span.
    """
    rng, network = np.random.default_rng([case.seed, 40]), case.allocation.network
    values = rng.integers(-1, 2, (case.samples, network.inputs))
    if network.inputs > 2 and rng.random() < 0.5:
        values[:, 1] = values[:, 0]
    values[0, ~values.any(axis=0)] = 1
    given = given_inputs(network, case.samples, values)
    if given.is_spanning:
        return None
    analysis = Analysis(case.allocation, given.rank, Options(case.seed, effort=NO_DEGREES))
    return replace(analysis, given=given)


def critical_cases() -> SearchStrategy[Case]:
    """Linear networks about the critical budget, those with one learnable layer among them."""
    from hypothesis import strategies as st

    from .. import strategies as public

    near = public.critical_problems(over=(-1, 0, 0, 1, 2))
    return st.one_of(with_seed(near), domains.one_layer(), domains.affine())


def weights_law(
    asked: Sequence[Theorem] = THEOREMS,
    cases: Cases = critical_cases,
    *,
    what: str = "given weights",
    share: int = 1,
) -> Property:
    """What theorems say of frozen weights that are given fits the rank at them (T17).

    >>> weights_law().name
    'given weights, by exact rank'
    """

    def refute(case: Case) -> str | None:
        analysis = with_weights(case)
        findings = [found for theorem in asked if (found := theorem.ask(analysis)) is not None]
        if not findings:
            raise Inapplicable
        other = case.seed + 1
        target = target_dimension(case.allocation, case.samples, seed=other).value
        rank = generic_rank(
            case.allocation,
            case.samples,
            upper=min(target, case.allocation.n_learnable),
            seed=other,
            frozen=analysis.weights,
        ).value
        for found in findings:
            if (found.expressivity is Expressivity.MINIMAL) != (rank < target):
                says = f"{found.theorem} says {found.expressivity} ({found.reason})"
                return f"{says}, but at the given weights the rank is {rank} of {target}"
        return None

    return Property("T17", f"{what}, by exact rank", cases, refute, share)


def with_weights(case: Case) -> Analysis:
    """The problem with frozen weights from -1 to 2 drawn from the seed, some rows the same."""
    rng, allocation = np.random.default_rng([case.seed, 41]), case.allocation
    found = {}
    for name, shape in allocation.network.weight_shapes.items():
        values = rng.integers(-1, 3, shape).astype(np.float64)
        if len(values) > 1 and rng.random() < 0.3:
            values[1] = values[0]
        is_frozen = allocation.present_mask(name) & ~allocation.mask(name)
        found[name] = np.where(is_frozen, values, np.nan)
    analysis = Analysis(allocation, case.samples, Options(case.seed, effort=NO_DEGREES))
    return replace(analysis, weights=GivenWeights(found))
