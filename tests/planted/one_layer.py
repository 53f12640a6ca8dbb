"""Wrong theorems about one learnable layer (T4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np

from theorycheck.problem.allocation import Mask
from theorycheck.strategies import near_extremal_problems, one_layer_problems, sparse_problems
from theorycheck.theorems import t04_one_layer
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.counts import by_degrees, by_support, line_counts
from theorycheck.theorems.one_layer import decide_mask
from theorycheck.theorems.one_layer.layer import LearnableLayer
from theorycheck.theorems.one_layer.small_sizes import two_dimension_sum
from theorycheck.verification import domains

from .base import MAXIMAL, MINIMAL, Planted, said
from .domains import cases_of, square_layers

MOST_LINES = 8  # of a mask whose subsets are all tried


def after_bottlenecks(decide: Callable[[LearnableLayer], Finding | None]) -> Theorem:
    """T4 with another rule for the mask: its bottlenecks are the right ones."""

    def decided(analysis: Analysis) -> Finding | None:
        number = learnable_layer(analysis)
        needed = analysis.effective_samples
        if is_narrow(analysis, number, needed):
            return said("T4", MINIMAL, "a bottleneck")
        mask = analysis.layer_mask(number)
        return decide(LearnableLayer("T4", f"W{number}", mask, analysis.network.outputs, needed))

    return Theorem("T4", t04_one_layer.why_not, decided)


def learnable_layer(analysis: Analysis) -> int:
    """The number of the one layer with learnables."""
    return int(analysis.learnable_layers[0][0][1:])


def is_narrow(analysis: Analysis, number: int, needed: int, extra: int = 0) -> bool:
    """(i) of T4; with `extra` widths must exceed what they must reach."""
    network = analysis.network
    widths = network.widths  # type: ignore[union-attr]
    bias = int(network.bias)  # type: ignore[union-attr]
    above = min(widths[number:-1], default=network.outputs + extra)
    below = min(widths[1:number], default=needed + extra)
    return above < network.outputs + extra or below + bias < needed + extra


def bottleneck_off_by_one(analysis: Analysis) -> Finding | None:
    """Right: widths of exactly d and m_e are wide enough."""
    is_too_narrow = is_narrow(analysis, learnable_layer(analysis), analysis.effective_samples, 1)
    return said("T4", MINIMAL, "a bottleneck, supposedly") if is_too_narrow else None


def biases_ignored(analysis: Analysis) -> Finding | None:
    """Right: the constant is one more input, m_e = min(m, n_0 + 1)."""
    network, number = analysis.network, learnable_layer(analysis)
    needed = min(analysis.samples, network.inputs)
    if not network.bias or is_narrow(analysis, number, needed):  # type: ignore[union-attr]
        return None
    return decide_mask("T4", f"W{number}", analysis.layer_mask(number), network.outputs, needed)


def other_sizes(layer: LearnableLayer, outputs: int, samples: int) -> Finding | None:
    """The right rule for other a and b."""
    if not (1 <= outputs <= len(layer.mask) and 1 <= samples <= layer.mask.shape[1]):
        return None
    return decide_mask("T4", layer.place, layer.mask, outputs, samples)


def a_off_by_one(layer: LearnableLayer) -> Finding | None:
    """Right: a = p - d."""
    return other_sizes(layer, layer.outputs - 1, layer.samples)


def b_off_by_one(layer: LearnableLayer) -> Finding | None:
    """Right: b = q - m_e."""
    return other_sizes(layer, layer.outputs, layer.samples - 1)


def a_and_b_exchanged(layer: LearnableLayer) -> Finding | None:
    """Right: a belongs to the rows and b to the columns."""
    p, q = layer.mask.shape
    return other_sizes(layer, p - layer.b, q - layer.a)


def decided(is_maximal: bool, reason: str) -> Finding:
    """Maximal or minimal."""
    return said("T4", MAXIMAL if is_maximal else MINIMAL, reason)


def global_count(layer: LearnableLayer) -> Finding:
    """Right: the count has to hold for all rows and columns, and does not suffice even then."""
    p, q = layer.mask.shape
    most = layer.b * p + layer.a * q - layer.a * layer.b
    n_frozen = layer.mask.size - np.count_nonzero(layer.mask)
    return decided(int(n_frozen) <= most, "the count of all frozen weights")


def full_count(layer: LearnableLayer) -> Finding | None:
    """Right: necessary only; the smallest trap is two copies of K_(3,3) minus an edge."""
    mask = layer.mask if len(layer.mask) <= layer.mask.shape[1] else layer.mask.T
    a, b = (layer.a, layer.b) if mask is layer.mask else (layer.b, layer.a)
    if len(mask) > MOST_LINES:
        return None
    return decided(not _is_violated(~mask, a, b), "the count for all rows and columns")


def _is_violated(frozen: Mask, a: int, b: int) -> bool:
    """Whether rows I, columns J, |I| >= a, |J| >= b, hold more than b|I| + a|J| - ab."""
    for size in range(max(a, 1), len(frozen) + 1):
        for rows in combinations(range(len(frozen)), size):
            gains = np.sort(np.count_nonzero(frozen[list(rows)], axis=0) - a)[::-1]
            best = max((int(gains[:n].sum()) for n in range(b, len(gains) + 1)), default=0)
            if best > b * (size - a):
                return True
    return False


def no_square(layer: LearnableLayer) -> Finding | None:
    """Right: a = b = 1 needs a forest, not only a graph without 4-cycles."""
    if (layer.a, layer.b) != (1, 1):
        return None
    shared = (~layer.mask).astype(int) @ (~layer.mask).T.astype(int)
    np.fill_diagonal(shared, 0)
    return decided(bool((shared < 2).all()), "rows share one frozen column at most")


def no_long_cycle(layer: LearnableLayer) -> Finding | None:
    """Right: 4-cycles are cycles, too."""
    finding = decide_mask("T4", layer.place, layer.mask, layer.outputs, layer.samples)
    if (layer.a, layer.b) != (1, 1) or finding is None or finding.kind != "cycle":
        return None
    return decided(len(finding.evidence["cycle"]) <= 4, "cycles of four cells do no harm")


def half_the_sum(layer: LearnableLayer) -> Finding | None:
    """Right: d = 2 needs sum_i min(c_i, m') >= 2 m'."""
    if layer.outputs != 2:
        return None
    _, left, found = two_dimension_sum(layer.mask, layer.samples)
    return decided(found >= left, "as many as columns are missing")


def rows_everywhere(layer: LearnableLayer) -> Finding:
    """Right: for a = 0 only."""
    return by_degrees("T4", layer.place, layer.mask, 0, layer.samples)


def support_everywhere(layer: LearnableLayer) -> Finding:
    """Right: for d = 1 only."""
    return by_support("T4", layer.place, layer.mask, 1, layer.samples)


def d_rows_in_enough_columns(layer: LearnableLayer) -> Finding:
    """Right: for b = 0 only; elsewhere columns can be joined."""
    n_full = int(np.count_nonzero(line_counts(layer.mask, 1) >= layer.outputs))
    return decided(n_full >= layer.samples, "enough columns with d learnables")


def column_colouring(layer: LearnableLayer) -> Finding | None:
    """Right: sufficient only."""
    if layer.mask.shape[1] > MOST_LINES:
        return None
    return decided(can_colour(layer.mask, layer.outputs, layer.samples), "a colouring")


def some_colouring(layer: LearnableLayer) -> Finding | None:
    """Right: sufficient only, even with a choice of rows or columns."""
    if max(layer.mask.shape) > MOST_LINES:
        return None
    by_columns = can_colour(layer.mask, layer.outputs, layer.samples)
    is_maximal = by_columns or can_colour(layer.mask.T, layer.samples, layer.outputs)
    return decided(is_maximal, "a colouring of rows or columns")


def can_colour(mask: Mask, outputs: int, colours: int) -> bool:
    """Whether the columns have `colours` disjoint groups that each meet `outputs` rows; exact."""
    meets = [sum(1 << int(i) for i in np.flatnonzero(column)) for column in mask.T]
    n_sets = 1 << len(meets)
    met = [0] * n_sets
    for group in range(1, n_sets):
        low = (group & -group).bit_length() - 1
        met[group] = met[group & (group - 1)] | meets[low]
    good = [group for group in range(n_sets) if met[group].bit_count() >= outputs]
    chosen = set(good)
    bits = [1 << i for i in range(len(meets))]
    least = [g for g in good if not any(g & bit and g ^ bit in chosen for bit in bits)]

    @cache
    def packs(used: int, missing: int) -> bool:
        if not missing:
            return True
        return any(not group & used and packs(used | group, missing - 1) for group in least)

    return packs(0, colours)


def sparse_or_dense(analysis: Analysis) -> str | None:
    """Wrong: T4 needs a dense network."""
    if not analysis.network.is_linear or not analysis.network.is_layered:
        return "not linear feed-forward"
    return None if len(analysis.learnable_layers) == 1 else "not one layer"


def rule(
    decide: Callable[[LearnableLayer], Finding | None], cases=domains.one_layer, most: int = 20
) -> Planted:
    """A wrong rule for the mask."""
    return Planted(after_bottlenecks(decide), cases, most=most)


def t4(decide: Callable[[Analysis], Finding | None]) -> Planted:
    """A wrong rule for the network."""
    return Planted(Theorem("T4", t04_one_layer.why_not, decide), _LAYERS)


_LAYERS = cases_of(one_layer_problems)
_EDGES = cases_of(near_extremal_problems)

ONE_LAYER = {
    "a = p - d + 1": rule(a_off_by_one),
    "b = q - m_e + 1": rule(b_off_by_one),
    "a and b exchanged": rule(a_and_b_exchanged),
    "the count of all frozen weights suffices": rule(global_count),
    "the count for all rows and columns suffices": rule(full_count, _EDGES, most=40),
    "a = b = 1: no 4-cycle suffices": rule(no_square, _EDGES),
    "a = b = 1: 4-cycles do no harm": rule(no_long_cycle, _EDGES),
    "d = 2: m' in place of 2 m'": rule(half_the_sum),
    "rows of m_e learnables for every a": rule(rows_everywhere),
    "m_e columns with a learnable suffice for every d": rule(support_everywhere),
    "m_e columns of d learnables are needed for every b": rule(d_rows_in_enough_columns),
    "a colouring of the columns is needed": rule(column_colouring, cases_of(square_layers), 35),
    "a colouring of the columns or of the rows is needed": rule(
        some_colouring, cases_of(square_layers), 40
    ),
    "hidden widths must exceed d and m_e": t4(bottleneck_off_by_one),
    "with biases, m_e = min(m, n_0)": t4(biases_ignored),
    "sparse networks by the dense rule": Planted(
        Theorem("T4", sparse_or_dense, t04_one_layer.decide), cases_of(sparse_problems)
    ),
}
