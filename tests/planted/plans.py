"""Wrong theorems about plans over budget (T13, T14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import strategies as st

from theorycheck.field.elimination import rank
from theorycheck.plans.algebra import Residues
from theorycheck.plans.antichains import Layers, layers_of
from theorycheck.plans.levels import Levels, construct, nested_rank
from theorycheck.plans.pairs import Counts, Pair, pairs_of, random_data
from theorycheck.plans.search import proposals
from theorycheck.plans.states import State, Step, masks_of, peeled, whole
from theorycheck.plans.valued import valued_levels
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.strategies import critical_problems
from theorycheck.theorems import t14_levels
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem, not_dense_layers
from theorycheck.verification import domains
from theorycheck.verification.given import inputs_law
from theorycheck.verification.predictions import properties_of

from .base import MAXIMAL, OTHERS, Planted, said
from .domains import cases_of, critical_in, two_square_layers

PRIME = 8388593


def dense(analysis: Analysis) -> str | None:
    """As T13, at r = D, too, where other theorems know every class."""
    reason = not_dense_layers(analysis, biases=False)
    if reason is not None:
        return reason
    enough = analysis.allocation.n_learnable >= analysis.target.value == analysis.n_equations
    return None if enough else "too few learnables, or a bottleneck"


def _narrow(analysis: Analysis) -> str | None:
    """As T13, also at r = D, at a bottleneck."""
    reason = not_dense_layers(analysis, biases=False)
    if reason is not None:
        return reason
    enough = analysis.n_equations > analysis.target.value <= analysis.allocation.n_learnable
    return None if enough else "too few learnables, or no bottleneck"


def _frozen(analysis: Analysis, is_wide: Callable[[State, str], bool]) -> Iterator[State]:
    """What is left if a layer may be frozen where `is_wide`."""
    masks, waiting = masks_of(analysis.allocation), [whole(analysis.allocation, analysis.samples)]
    while waiting:
        state = peeled(masks, waiting.pop())
        yield state
        if state.first < state.last and not state.is_done:
            waiting += [state.after(Step(end)) for end in ("first", "last") if is_wide(state, end)]


def freezing_whatever_the_widths(analysis: Analysis) -> Finding | None:
    """Right: a frozen first layer needs as many rows as samples, a last one columns as outputs."""
    if any(state.is_done for state in _frozen(analysis, lambda state, end: True)):
        return said("T13", MAXIMAL, "nothing is left")
    return None


def freezing_the_other_way_round(analysis: Analysis) -> Finding | None:
    """Right: the first layer needs width m, not d, the last d, not m."""

    def is_wide(state: State, end: str) -> bool:
        if end == "first":
            return state.widths[state.first] >= state.outputs
        return state.widths[state.last - 1] >= state.samples

    if any(state.is_done for state in _frozen(analysis, is_wide)):
        return said("T13", MAXIMAL, "nothing is left")
    return None


def every_line_at_a_bottleneck(analysis: Analysis) -> Finding | None:
    """Right: a bottleneck leaves as many outputs and samples as it has units."""
    masks, state = masks_of(analysis.allocation), whole(analysis.allocation, analysis.samples)
    first, last = (masks.get(layer) for layer in (state.first, state.last))
    rows = [] if last is None else np.count_nonzero(last, axis=1).tolist()
    columns = [] if first is None else np.count_nonzero(first, axis=0).tolist()
    for _ in range(len(rows) + len(columns)):
        state, before = replace(state), state
        for counts, size, name in (
            (rows, state.samples, "outputs"),
            (columns, state.outputs, "samples"),
        ):
            line = next((k for k in counts if k >= min(size, state.narrowest)), None)
            if line is not None and not state.is_done:
                counts.remove(line)
                state = replace(state, **{name: getattr(state, name) - 1})
        if state == before:
            return None
        if state.is_done:
            return said("T13", MAXIMAL, "nothing is left")
    return None


def both_ways_through_a_unit(analysis: Analysis) -> Finding | None:
    """Right: a unit gives its inputs or its outputs to a stage, else two are on a path."""
    masks, widths = masks_of(analysis.allocation), tuple(analysis.network.widths)
    m = analysis.effective_samples
    for layers in layers_of(masks, widths, m, PRIME, analysis.options.seed):
        first, second = layers.counts()
        if (first + second).sum() >= layers.n_equations and _rank_of_all(layers):
            return said("T13", MAXIMAL, "one stage of all learnables of two layers")
    return None


def later_unknowns(analysis: Analysis) -> Finding | None:
    """Right: equations of a stage contain no unknown of a later one, whatever their rank is."""
    names = list(analysis.allocation.counts)
    if len(names) < 2 or analysis.rank.value < analysis.target.value:
        return None
    return said("T13", MAXIMAL, "each layer is a stage, and the rank of all of them is full")


def _rank_of_all(layers: Layers) -> bool:
    """Whether inputs and outputs of all units together have full rank."""
    units = range(len(layers.inner))
    blocks = [layers.derivatives(unit, inputs=inputs) for unit in units for inputs in (True, False)]
    return rank(np.concatenate(blocks, axis=1), PRIME) == layers.n_equations


def _proposed(analysis: Analysis) -> Iterator[tuple[Pair, Levels]]:
    """Levels that counts allow, for all pairs of layers."""
    masks, widths = masks_of(analysis.allocation), tuple(analysis.network.widths)
    rng = np.random.default_rng(analysis.options.seed)
    for pair in pairs_of(masks, widths, analysis.effective_samples):
        if pair.n_learnable >= pair.n_equations:
            yield from ((pair, levels) for levels in proposals(pair, rng, 30))


def levels_by_counts(analysis: Analysis) -> Finding | None:
    """Right: the linear systems need the ranks that counts allow."""
    if next(_proposed(analysis), None) is None:
        return None
    return said("T14", MAXIMAL, "learnables enough in every column")


def infinite_whatever_the_rank(analysis: Analysis) -> Finding | None:
    """Right: at infinity the Jacobian has to be regular."""
    for pair, levels in _proposed(analysis):
        rng = np.random.default_rng(0)
        data = random_data(pair, Residues(PRIME), rng, PRIME - 1)
        if construct(pair, levels, data, Residues(PRIME)) is not None:
            return said("T14", MAXIMAL, "all systems are solved, some columns at infinity")
    return None


def values_by_counts(analysis: Analysis) -> Finding | None:
    """Right: the linear systems need the ranks that counts allow, with values as without."""
    masks, widths = masks_of(analysis.allocation), tuple(analysis.network.widths)
    rng = np.random.default_rng(analysis.options.seed)
    for pair in pairs_of(masks, widths, analysis.effective_samples):
        if pair.n_learnable >= pair.n_equations and any(valued_levels(pair, rng)):
            return said("T14", MAXIMAL, "learnables enough, some of them for values")
    return None


def values_for_nothing(analysis: Analysis) -> Finding | None:
    """Right: a value is an equation that a learnable output of its unit has to meet."""
    masks, widths = masks_of(analysis.allocation), tuple(analysis.network.widths)
    for pair in pairs_of(masks, widths, analysis.effective_samples):
        most = np.minimum(np.count_nonzero(pair.outer, axis=0), pair.rows)
        for units in product(*(range(k + 1) for k in most.tolist())):
            if _is_enough(pair, np.array(units)):
                return said("T14", MAXIMAL, "all units have all values")
    return None


def _is_enough(pair: Pair, units: Counts) -> bool:
    """Whether finite columns and functionals are enough if values are free."""
    rows = range(pair.rows + 1)
    columns = np.array([
        next(k for k in rows if nested_rank(units[mask & (units >= k)], pair.rows) >= pair.rows - k)
        for mask in pair.inner.T.astype(bool)
    ])  # fmt: skip
    return all((columns >= j).sum() <= pair.rows - j + (units < j).sum() for j in rows if j)


def _square(analysis: Analysis) -> str | None:
    """Two layers of one width, on as many samples."""
    widths, m = analysis.network.widths, analysis.effective_samples
    if dense(analysis) is not None or len(widths) != 3 or {*widths} != {m}:
        return "not two square layers"
    return None


def one_level(analysis: Analysis, long: int, short: int) -> Finding | None:
    """Right: with levels k columns of W1 have n - k + 1, ..., n learnables, all n - k or more."""
    first, second = (np.count_nonzero(analysis.allocation.mask(f"W{k}"), axis=0) for k in (1, 2))
    n, columns = len(first), np.sort(first)
    for level in range(1, n):
        number = max(level - long, 0)
        needed = np.array([n - level] * (n - number) + [n - level + k + 1 for k in range(number)])
        needed[0] = max(needed[0] - short, 0)
        if second.min() >= level and (columns >= needed).all():
            return said("T14", MAXIMAL, f"level {level} for all units")
    return None


def one_long_column_fewer(analysis: Analysis) -> Finding | None:
    """Right: as many columns are longer than n - k as units have levels."""
    return one_level(analysis, 1, 0)


def one_column_short(analysis: Analysis) -> Finding | None:
    """Right: no column has fewer than n - k learnables."""
    return one_level(analysis, 0, 1)


_SMALL = [LinearFeedforward(widths) for widths in ((2, 2, 2), (3, 2, 2), (2, 3, 2), (2, 2, 2, 2))]
_CRITICAL = cases_of(
    critical_problems, networks=st.sampled_from(_SMALL), over=(0, 0, 1, 2), dense=True
)
_BLOCKS = two_square_layers()
_TWO = critical_in(st.just(LinearFeedforward((2, 2, 2))), ("W1", "W2"), spare=0)
_SQUARE = cases_of(
    critical_problems,
    networks=st.just(LinearFeedforward((3, 3, 3))),
    over=(1, 1, 2, 3),
    dense=True,
)

_RIGHT = properties_of(t14_levels.THEOREM, domains.levelled)[0]


def most_learnables(analysis: Analysis) -> tuple[int, ...]:
    """Right: the rows of the chosen inputs have to be independent."""
    counts = np.count_nonzero(analysis.allocation.mask("W1"), axis=0)
    order = np.argsort(-counts, kind="stable")[: analysis.samples]
    return tuple(sorted(order.tolist()))


PLANS = {
    "layers may be frozen whatever their widths": Planted(
        Theorem("T13", dense, freezing_whatever_the_widths), domains.staged
    ),
    "a frozen first layer needs width d, a last one width m": Planted(
        Theorem("T13", dense, freezing_the_other_way_round), domains.staged
    ),
    "at a bottleneck all lines may be deleted": Planted(
        Theorem("T13", _narrow, every_line_at_a_bottleneck), domains.narrow
    ),
    "a stage may have inputs and outputs of one unit": Planted(
        Theorem("T13", dense, both_ways_through_a_unit), _CRITICAL, OTHERS
    ),
    "stages may contain unknowns of later ones": Planted(
        Theorem("T13", dense, later_unknowns), _CRITICAL, OTHERS
    ),
    "levels by counts alone": Planted(Theorem("T14", dense, levels_by_counts), domains.levelled),
    "at infinity no rank is needed": Planted(
        Theorem("T14", dense, infinite_whatever_the_rank), _BLOCKS, right=_RIGHT
    ),
    "levels with values by counts alone": Planted(
        Theorem("T14", dense, values_by_counts), _SQUARE, right=_RIGHT
    ),
    "values for which no learnable is needed": Planted(
        Theorem("T14", dense, values_for_nothing), _CRITICAL, OTHERS, right=_RIGHT
    ),
    "one level for all units: one long column fewer": Planted(
        Theorem("T14", _square, one_long_column_fewer), _TWO, OTHERS, right=_RIGHT
    ),
    "one level for all units: one column below n - level": Planted(
        Theorem("T14", _square, one_column_short), _SQUARE, right=_RIGHT
    ),
    "any m inputs stand for all that are given": Planted(
        inputs_law(most_learnables), right=inputs_law(), is_measurable=False
    ),
}
