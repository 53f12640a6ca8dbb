"""T15: plans are carried out on real data, and say nothing of what is minimal or intermediate."""

import re

import numpy as np
import pytest

import theorycheck as tc
from tests.theorems.executed import residual
from theorycheck.computing.deadline import NEVER
from theorycheck.computing.effort import Effort
from theorycheck.computing.options import Options
from theorycheck.errors import SizeError
from theorycheck.field.elimination import rank_profile
from theorycheck.plans.algebra import Residues
from theorycheck.plans.graded import Graded, GradedPlan
from theorycheck.plans.gradings import GradingSearch
from theorycheck.theorems import t15_graded_points
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS

OTHERS = tuple(theorem for theorem in THEOREMS if theorem.id != "T15")
PRIME = 8388593


def drawn(rng, largest=4, dense=0.5):
    """A small network, perhaps sparse, with any learnables, and samples that T15 may speak of."""
    n_in, d = (int(n) for n in rng.integers(1, 3, size=2))
    hidden, steps = int(rng.integers(1, largest + 1)), int(rng.integers(2, 5))
    readout = "all" if rng.random() < 0.3 else "final"
    network = tc.LinearRecurrent(n_in, hidden, d, steps, readout)  # type: ignore[arg-type]
    m = int(rng.integers(1, n_in * (1 if readout == "all" else steps - 1) + 1))
    share = 1 if rng.random() < dense else 0.8
    present = {name: rng.random(shape) < share for name, shape in network.weight_shapes.items()}
    learnable = {
        name: mask & (rng.random(mask.shape) < rng.choice([0.3, 0.6, 0.9]))
        for name, mask in present.items()
    }
    return tc.Allocation(network, learnable, present), m


def search(allocation, m, most=60):
    return GradingSearch(Graded(allocation, m), 0, NEVER).found(most)


def test_t15_plans_are_carried_out_on_real_data():
    rng = np.random.default_rng(0)
    n_plans, with_equations = 0, 0
    while n_plans < 25:
        allocation, m = drawn(rng)
        found = search(allocation, m)
        if found is not None:
            n_plans += 1
            with_equations += bool(found.columns)
            assert residual(Graded(allocation, m), found.plan, seed=n_plans) < 1e-6
    assert with_equations > 5


def any_plan(rng, graded):
    """Learnables of any matrix that grow, are 0 and are solved for, in one system or two."""
    numbers = np.arange(len(graded.entries))
    growing = numbers[rng.random(len(numbers)) < rng.choice([0.0, 0.3, 0.6, 1.0])]
    if rng.random() < 0.4:
        names = np.array([name == "recurrent" for name, _ in graded.entries], dtype=bool)
        growing = numbers[names]
    zero = growing[rng.random(len(growing)) < rng.random()]
    place = np.where(np.isin(numbers, zero), 0, rng.integers(0, 3, size=len(numbers)))
    solved = tuple(tuple(numbers[place == k].tolist()) for k in (1, 2))
    return GradedPlan((), tuple(growing.tolist()), tuple(zero.tolist()), solved)


def test_t15_any_admissible_order_of_systems_is_carried_out():
    """Also input and readout weights that grow, and equations of degree 0."""
    rng, n_plans = np.random.default_rng(1), 0
    while n_plans < 12:
        allocation, m = drawn(rng, largest=3)
        graded = Graded(allocation, m)
        plan = any_plan(rng, graded)
        walks = graded.walks(plan)
        order = graded.order(plan, walks, walks.degrees(plan.growing))
        if not order.met.all():
            continue
        algebra = Residues(PRIME)
        _, leading, met = graded.built(plan, order, graded.draw(algebra, rng), algebra)
        jacobian, _ = graded.jacobian(plan, leading)
        if met.all() and rank_profile(jacobian, PRIME).rank == len(jacobian):
            n_plans += 1
            assert residual(graded, plan, seed=n_plans) < 1e-6


def test_t15_finds_no_plan_where_the_rank_is_too_small():
    rng, n_minimal = np.random.default_rng(2), 0
    networks = [tc.LinearRecurrent(2, 2, 2, 3), tc.LinearRecurrent(1, 3, 1, 4)]
    while n_minimal < 12:
        network = networks[int(rng.integers(2))]
        m = int(rng.integers(1, network.inputs * (network.steps - 1) + 1))
        bits = np.zeros(network.n_weights, dtype=bool)
        bits[rng.permutation(len(bits))[: network.outputs * m + int(rng.integers(0, 5))]] = True
        sizes = np.cumsum([np.prod(shape) for shape in network.weight_shapes.values()])[:-1]
        parts = zip(network.weight_shapes.items(), np.split(bits, sizes), strict=True)
        masks = {name: part.reshape(shape) for (name, shape), part in parts}
        analysis = Analysis(tc.Allocation(network, masks), m)
        if "recurrent" in masks and analysis.rank.value < analysis.target.value:
            n_minimal += 1
            assert search(analysis.allocation, m, most=40) is None


@pytest.mark.parametrize("mask", [np.eye(2), np.fliplr(np.eye(2))])
def test_t15_finds_no_plan_for_what_is_intermediate(mask):
    allocation = tc.Allocation(tc.LinearRecurrent(1, 2, 1, 4), {"recurrent": mask})
    assert search(allocation, 2, most=200) is None


def recurrent_only(n_in, hidden, d, steps, readout="final", share=1.0):
    network = tc.LinearRecurrent(n_in, hidden, d, steps, readout)  # type: ignore[arg-type]
    mask = np.random.default_rng(0).random((hidden, hidden)) < share
    return tc.Allocation(network, {"recurrent": mask})


def test_t15_decides_what_was_open():
    allocation = recurrent_only(2, 6, 2, 4, share=0.8)
    effort = Effort(seconds=30, bases=0)
    before = tc.classify(allocation, 4, theorems=OTHERS, effort=effort)
    assert before.expressivity == "positive"
    verdict = tc.classify(allocation, 4, effort=effort)
    assert (verdict.expressivity, verdict.theorem, verdict.rigor) == ("maximal", "T15", "proved")
    assert tc.check(verdict.certificate)  # type: ignore[arg-type]


def test_t15_the_same_seed_finds_the_same_plan():
    allocation = recurrent_only(2, 5, 2, 3)
    assert search(allocation, 3) == search(allocation, 3)


@pytest.mark.parametrize(
    ("allocation", "m", "words"),
    [
        (tc.Allocation.layer(tc.LinearFeedforward([2, 2]), "W1"), 1, "not linear recurrent"),
        (tc.Allocation.layer(tc.LinearRecurrent(1, 2, 1, 3), "input"), 1, "no recurrent weight"),
        (recurrent_only(1, 3, 1, 3), 3, r"3 samples are more than n_in \(T - 1\) = 2"),
        (recurrent_only(1, 1, 1, 3), 1, "no more learnable weights than equations"),
        (recurrent_only(1, 3, 1, 2), 1, "T2 decides"),
    ],
)
def test_t15_says_why_it_does_not_apply(allocation, m, words):
    reason = t15_graded_points.why_not(Analysis(allocation, m))
    assert reason is not None
    assert re.search(words, reason)


def test_t15_refuses_what_needs_too_much_memory():
    analysis = Analysis(recurrent_only(2, 40, 2, 4), 4, Options(memory_limit=400_000))
    with pytest.raises(SizeError, match="a graded point needs about"):
        t15_graded_points.decide(analysis)


def test_t15_seeks_nothing_where_no_degree_is_sought():
    analysis = Analysis(recurrent_only(2, 6, 2, 4), 4, Options(effort=Effort(seconds=0)))
    assert t15_graded_points.decide(analysis) is None


def test_t15_sparse_networks_are_carried_out_too():
    """Few walks are of learnables only: neither a grading nor an antichain would do."""
    rng = np.random.default_rng(4)
    network = tc.LinearRecurrent(2, 16, 2, 6)
    present = rng.random((16, 16)) < 0.25
    learnable = present & (rng.random((16, 16)) < 0.4)
    allocation = tc.Allocation(network, {"recurrent": learnable}, {"recurrent": present})
    verdict = tc.classify(allocation, 3, effort=Effort(seconds=20, bases=0))
    assert verdict.theorem == "T15"
    evidence = verdict.certificate.evidence  # type: ignore[union-attr]
    growing, zero = tuple(evidence["growing"]), tuple(evidence["zero"])
    plan = GradedPlan((), growing, zero, tuple(map(tuple, evidence["solved"])))
    assert plan.growing
    assert tc.check(verdict.certificate)  # type: ignore[arg-type]
    assert residual(Graded(allocation, 3), plan, seed=0) < 1e-6
