"""Laws of shallow ReLU networks (T10): single draws, and minimal by activation patterns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ..measurement.least_squares import MATCH, UNDECIDED
from ..measurement.relu.methods import relu_method
from ..measurement.trials import Source
from ..problem.allocation import Allocation
from ..problem.files import Problem
from ..problem.masks import entries_of
from ..verdict import Expressivity
from .base import Case, Cases, Inapplicable, Prediction, Property, predicted
from .cases import with_seed
from .comparison import judge
from .measured import matched
from .relu_exact import DRAWS, OutputRow, has_full_rank, no_pattern_has_full_rank, rows_of, spans

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

_MOST_BITS = 9  # of an activation pattern: all 512 of them are looked at
_MOST_SAMPLES = 4


Rule: TypeAlias = Callable[[OutputRow], bool]
MinimalRule: TypeAlias = Callable[[Allocation, int, int], bool]


def span_law(rule: Rule = spans, cases: Cases | None = None, share: int = 1) -> Property:
    """W_2 only: a draw matches if and only if `rule` holds of every row, against least squares."""

    def refute(case: Case) -> str | None:
        _need_outputs_only(case)
        method = relu_method(Source(case.allocation, case.samples), case.seed, 1, np)
        decisions = method.decide(0, DRAWS)
        for number, rows in enumerate(rows_of(case)):
            expected = all(rule(row) for row in rows)
            if decisions[number] != UNDECIDED and expected != (decisions[number] == MATCH):
                match = "matches" if expected else "has no match"
                return f"draw {number} {match} by the span condition, but not by least squares"
        return None

    return Property("T10", "span condition against least squares", _or_w2(cases), refute, share)


def regular_law(rule: Rule = has_full_rank, cases: Cases | None = None, share: int = 1) -> Property:
    """W_2 only, regular teacher: a match if and only if `rule` holds, against the exact span."""

    def refute(case: Case) -> str | None:
        _need_outputs_only(case)
        method = relu_method(Source(case.allocation, case.samples), case.seed, 1, np)
        assert method.is_regular is not None
        regular = method.is_regular(0, DRAWS)
        if not regular.any():
            raise Inapplicable
        for number, rows in enumerate(rows_of(case)):
            if not regular[number]:
                continue
            expected, found = (all(check(row) for row in rows) for check in (rule, spans))
            if expected != found:
                what = "has a match" if found else "has no match"
                return f"draw {number} of a regular teacher {what}, unlike the ranks say"
        return None

    return Property("T10", "regular teachers by rank, exactly", _or_w2(cases), refute, share)


def _need_outputs_only(case: Case) -> None:
    network = case.allocation.network
    if not network.is_shallow_relu or network.bias:
        raise Inapplicable
    if set(case.allocation.counts) - {"W2"}:
        raise Inapplicable


def pattern_law(
    rule: MinimalRule = no_pattern_has_full_rank, cases: Cases | None = None, share: int = 1
) -> Property:
    """MP_reg = 0 where `rule` says so, against matches that a measurement proves.

    A match found refutes; that none is found does not, a search misses some.
    """

    def claim(case: Case) -> Prediction | None:
        allocation, network = case.allocation, case.allocation.network
        if not network.is_shallow_relu or network.bias:
            return None
        if network.widths[1] * case.samples > _MOST_BITS:
            return None
        is_minimal = rule(allocation, case.samples, case.seed)
        kind = Expressivity.MINIMAL if is_minimal else Expressivity.POSITIVE
        reason = f"{'no' if is_minimal else 'some'} activation pattern has rank d m"
        return predicted(case, kind, reason, theorem="T10", conditioned_on="regular teacher")

    def refute(case: Case) -> str | None:
        said = claim(case)
        if said is None:
            raise Inapplicable
        estimate = matched(case.allocation, case.samples, case.seed)
        assert estimate.regular is not None
        if not estimate.regular["trials"]:
            raise Inapplicable
        outcome, reason = judge(said.verdict, estimate)
        if outcome == "refuted":
            return reason
        # A rule that says minimal is put to the test by every draw, one that does not by a match.
        if said.verdict.expressivity is not Expressivity.MINIMAL and outcome != "agree":
            raise Inapplicable
        return None

    drawn = pattern_cases if cases is None else cases
    return Property("T10", "patterns against regular matches", drawn, refute, share, claim=claim)


def _or_w2(cases: Cases | None) -> Cases:
    return output_cases if cases is None else cases


def output_cases() -> SearchStrategy[Case]:
    """Learnables in W_2 only, each row with one less than m or more."""
    from hypothesis import strategies as st

    from ..strategies import relu_networks

    def drawn(draw: DrawFn) -> Problem:
        network = draw(relu_networks(max_width=4))
        m = draw(st.integers(1, min(_MOST_SAMPLES, network.widths[1] + 1)))
        _, units, outputs = network.widths
        rows = [draw(st.sets(st.integers(0, units - 1), min_size=min(m, units) - 1))
                for _ in range(outputs)]  # fmt: skip
        mask = [[unit in row for unit in range(units)] for row in rows]
        return Problem(Allocation(network, {"W2": mask}), m)

    return with_seed(st.composite(drawn)())


def pattern_cases() -> SearchStrategy[Case]:
    """From two learnables less than d m to two more, anywhere in a small network."""
    from hypothesis import assume
    from hypothesis import strategies as st

    from ..strategies import relu_networks

    def drawn(draw: DrawFn) -> Problem:
        network, m = draw(relu_networks()), draw(st.integers(1, 3))
        assume(network.widths[1] * m <= _MOST_BITS)
        entries = entries_of(dict(Allocation.full(network).masks("learnable")))
        budget = network.outputs * m + draw(st.sampled_from([0, 1, -1, 2, -2]))
        assume(0 <= budget <= len(entries))
        masks = {name: np.zeros(shape, bool) for name, shape in network.weight_shapes.items()}
        for _ in range(budget):
            name, index = entries.pop(draw(st.integers(0, len(entries) - 1)))
            masks[name][index] = True
        return Problem(Allocation(network, masks), m)

    return with_seed(st.composite(drawn)())
