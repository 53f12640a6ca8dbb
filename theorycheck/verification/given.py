"""T18 on inputs that a case draws: what is maximal has full rank on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..computing.options import Options
from ..ranks.given_inputs import given_inputs
from ..theorems import t18_given_inputs
from ..theorems.analysis import Analysis
from . import domains
from .base import Case, Cases, Inapplicable, Property
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
