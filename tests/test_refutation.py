"""Planted wrong theorems must be caught: `classify` names both sides of a contradiction."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import theorycheck as tc
from tests.strategies import NO_DEGREES, SMALL_DEGREES
from theorycheck.analysis import Analysis
from theorycheck.classification import classify
from theorycheck.errors import ContradictionError
from theorycheck.theorems import (
    t01_positivity,
    t02_dichotomy,
    t03_rows,
    t04_one_layer,
    t05_recurrent,
)
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.counts import by_degrees, by_support
from theorycheck.verdict import Expressivity

EXAMPLES = 1000
ONE_LAYER = (t03_rows.THEOREM, t04_one_layer.THEOREM, t05_recurrent.THEOREM)
HONEST = (*ONE_LAYER, t01_positivity.THEOREM, t02_dichotomy.THEOREM)


def stream() -> Iterator[tuple[tc.Allocation, int]]:
    """Random allocations, mostly of one layer; some at the edge of T4's forests, some deep."""
    rng = np.random.default_rng(0)
    for number in range(EXAMPLES):
        if number % 10 == 0:
            d, m = (int(n) for n in rng.integers(1, 5, 2))
            network = tc.LinearFeedforward([m + 1, d + 1, d])
            yield tc.Allocation(network, {"W1": rng.random((d + 1, m + 1)) < 0.6}), m
            continue
        if number % 10 == 1:
            deep = tc.LinearFeedforward([int(n) for n in rng.integers(1, 5, 4)])
            yield tc.Allocation.layer(deep, "W3"), int(rng.integers(1, 5))
            continue
        network = random_network(rng)
        names = list(network.weight_shapes)
        chosen = rng.choice(names, size=1 if rng.random() < 0.8 else 2)
        share = rng.choice([0.5, 0.8, 1.0])
        learnable = {n: rng.random(network.weight_shapes[n]) < share for n in chosen}
        present = None
        if rng.random() < 0.2:
            present = {n: rng.random(network.weight_shapes[n]) < 0.8 for n in names}
            learnable = {n: mask & present[n] for n, mask in learnable.items()}
        yield tc.Allocation(network, learnable, present), int(rng.integers(1, 6))


def random_network(rng: np.random.Generator) -> tc.LinearFeedforward | tc.LinearRecurrent:
    sizes = [int(n) for n in rng.integers(1, 5, 4)]
    if rng.random() < 0.5:
        readout = "final" if rng.random() < 0.7 else "all"
        return tc.LinearRecurrent(min(sizes[0], 2), sizes[1], sizes[2], sizes[3], readout)
    bias = bool(rng.random() < 0.3)
    return tc.LinearFeedforward(sizes[: int(rng.integers(2, 5))], bias=bias)


def widths(analysis: Analysis) -> list[int]:
    return list(analysis.network.widths)  # type: ignore[union-attr]


def last_mask(analysis: Analysis):
    return analysis.allocation.mask(f"W{analysis.network.depth}")  # type: ignore[union-attr]


def t3_with_columns(analysis: Analysis) -> Finding:
    return by_degrees("T3", "W", last_mask(analysis), 1, analysis.effective_samples)


def t3_with_all_samples(analysis: Analysis) -> Finding:
    return by_degrees("T3", "W", last_mask(analysis), 0, analysis.samples)


def t3_one_too_few(analysis: Analysis) -> Finding:
    needed = analysis.effective_samples - 1
    return by_degrees("T3", "W", last_mask(analysis), 0, needed)


def t3_without_bottleneck(analysis: Analysis) -> Finding:
    return by_degrees("T3", "W", last_mask(analysis), 0, analysis.effective_samples)


def layer_of(analysis: Analysis):
    layer = int(analysis.learnable_layers[0][0][1:])
    return layer, analysis.layer_mask(layer)


def t4_count_taken_as_sufficient(analysis: Analysis) -> Finding:
    enough = analysis.allocation.n_learnable >= analysis.target.value
    kind = Expressivity.MAXIMAL if enough else Expressivity.MINIMAL
    return Finding("T4", kind, "the budget is met", "count")


def t4_rows_everywhere(analysis: Analysis) -> Finding:
    return by_degrees("T4", "W", layer_of(analysis)[1], 0, analysis.effective_samples)


def t4_support_for_every_output(analysis: Analysis) -> Finding:
    return by_support("T4", "W", layer_of(analysis)[1], 1, analysis.effective_samples)


def t4_any_frozen_set_is_a_forest(analysis: Analysis) -> Finding | None:
    finding = t04_one_layer.decide(analysis)
    if finding is not None and finding.kind == "cycle":
        return replace(finding, expressivity=Expressivity.MAXIMAL)
    return finding


def t4_bottleneck_off_by_one(analysis: Analysis) -> Finding | None:
    if any(width <= analysis.effective_samples for width in widths(analysis)[1:-1]):
        return Finding("T4", Expressivity.MINIMAL, "too narrow", "bottleneck")
    return None


def t5_without_the_steps(analysis: Analysis) -> Finding | None:
    if "readout" not in analysis.allocation.counts:
        return None
    needed = min(analysis.samples, analysis.network.inputs)
    return by_degrees("T5", "readout", analysis.allocation.mask("readout"), 0, needed)


def t5_delay_off_by_one(analysis: Analysis) -> Finding | None:
    network = analysis.network
    if set(analysis.allocation.counts) != {"recurrent"}:
        return None
    if analysis.samples >= network.inputs * (network.steps - 1):  # type: ignore[union-attr]
        return Finding("T5", Expressivity.MINIMAL, "off by one", "frozen_direct_path")
    return None


def t1_count_is_enough(analysis: Analysis) -> Finding | None:
    if analysis.allocation.n_learnable >= analysis.target.value:
        return Finding("T1", Expressivity.POSITIVE, "enough weights", "full_rank")
    return None


def t2_wrong_rank(analysis: Analysis) -> Finding | None:
    finding = t02_dichotomy.decide(analysis)
    if finding is None or finding.rank is None:
        return None
    return replace(finding, rank=finding.rank + 1)


def always(_: Analysis) -> None:
    return None


def linear_feedforward(analysis: Analysis) -> str | None:
    return None if isinstance(analysis.network, tc.LinearFeedforward) else "not feed-forward"


def one_feedforward_layer(analysis: Analysis) -> str | None:
    if linear_feedforward(analysis) or len(analysis.learnable_layers) != 1:
        return "not one layer"
    return None


def dense_recurrent(analysis: Analysis) -> str | None:
    network = analysis.network
    if not isinstance(network, tc.LinearRecurrent) or not analysis.allocation.is_dense:
        return "not dense recurrent"
    only_readout = set(analysis.allocation.counts) == {"readout"} and network.readout == "final"
    return None if only_readout else "not the readout only"


def recurrent_only(analysis: Analysis) -> str | None:
    network = analysis.network
    is_right = isinstance(network, tc.LinearRecurrent) and network.readout == "final"
    return None if is_right and network.steps > 1 else "not recurrent"  # type: ignore[union-attr]


def t4_obstacle_without_sparse(analysis: Analysis) -> str | None:
    return one_feedforward_layer(analysis)


PLANTED = {
    "T3 columns for rows": (t03_rows.obstacle, t3_with_columns),
    "T3 m for m_e": (t03_rows.obstacle, t3_with_all_samples),
    "T3 one learnable too few": (t03_rows.obstacle, t3_one_too_few),
    "T3 without the bottleneck": (t03_rows.obstacle, t3_without_bottleneck),
    "T4 count taken as sufficient": (t04_one_layer.obstacle, t4_count_taken_as_sufficient),
    "T4 rows in every layer": (t04_one_layer.obstacle, t4_rows_everywhere),
    "T4 support for every d": (t04_one_layer.obstacle, t4_support_for_every_output),
    "T4 cycles are forests": (t04_one_layer.obstacle, t4_any_frozen_set_is_a_forest),
    "T4 bottleneck off by one": (t04_one_layer.obstacle, t4_bottleneck_off_by_one),
    "T4 on sparse networks": (t4_obstacle_without_sparse, t04_one_layer.decide),
    "T5 m_e without the steps": (dense_recurrent, t5_without_the_steps),
    "T5 delay off by one": (recurrent_only, t5_delay_off_by_one),
    "T1 count instead of rank": (t01_positivity.obstacle, t1_count_is_enough),
    "T2 wrong rank": (t02_dichotomy.obstacle, t2_wrong_rank),
}


def examples_until_refuted(theorem: Theorem) -> int | None:
    for number, (allocation, m) in enumerate(stream(), start=1):
        try:
            classify(
                allocation,
                m,
                theorems=(theorem, *HONEST),
                cross_check=True,
                effort=NO_DEGREES,
            )
        except ContradictionError:
            return number
    return None


@pytest.mark.parametrize("name", PLANTED)
def test_planted_wrong_theorem_is_refuted(name):
    obstacle, decide = PLANTED[name]
    wrong = replace(t03_rows.THEOREM, id=name[:2], obstacle=obstacle, decide=decide)
    assert examples_until_refuted(wrong) is not None


def test_the_true_theorems_survive_the_same_stream():
    for allocation, m in stream():
        classify(allocation, m, cross_check=True, effort=SMALL_DEGREES)


def test_contradiction_names_both_theorems():
    def lie(_: Analysis) -> Finding:
        return Finding("T9", Expressivity.MINIMAL, "a lie", "count")

    liar = replace(t03_rows.THEOREM, id="T9", obstacle=always, decide=lie)
    allocation = tc.Allocation.layer(tc.LinearFeedforward([2, 2]), "W1")
    with pytest.raises(ContradictionError, match=r"T3 says maximal .* but T9 says minimal"):
        classify(allocation, 2, theorems=(*HONEST, liar), cross_check=True)
