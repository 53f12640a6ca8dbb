"""T16: levels with layers behind them, against exact ranks, and carried out on draws."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.deep_plans import matched
from tests.shared.plans import ALGEBRAS, PRIME, misfit, random_allocation
from theorycheck.plans.algebra import Reals, Residues
from theorycheck.plans.climbing import find_deep
from theorycheck.plans.deep import Deep, construct_deep, deep_pairs, jacobian
from theorycheck.plans.levels import Levels
from theorycheck.plans.reading import plan_of
from theorycheck.plans.states import masks_of
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems import t16_deep_levels
from theorycheck.theorems.analysis import Analysis

CHAIN = tc.LinearFeedforward([2, 2, 2, 2])
DIAGONAL, CORNER = [[1, 0], [0, 1]], [[1, 0], [0, 0]]
# Every four of the five learnables have two solutions.
EVEN = [(DIAGONAL, CORNER, DIAGONAL), (DIAGONAL, DIAGONAL, CORNER), (CORNER, DIAGONAL, DIAGONAL)]

# Ten learnables of rank 8, some of them in every column of the last layer.
ROW, BELOW = [[1, 1, 1], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [1, 1, 1], [0, 0, 0]]
DEFICIENT = [
    (BELOW, [[1, 0, 1], [0, 0, 0], [1, 0, 1]], ROW),
    ([[1, 1, 1], [0, 0, 1], [0, 0, 0]], [[0, 1, 0]] * 3, BELOW),
]


def named(masks: tuple[list[list[int]], ...]) -> dict[str, list[list[int]]]:
    return {f"W{layer}": mask for layer, mask in enumerate(masks, start=1)}


def found(allocation: tc.Allocation, samples: int):
    """Levels of the layers as they are, whatever T16 asks before."""
    network = allocation.network
    m = network.effective_samples(samples)
    return find_deep(masks_of(allocation), tuple(network.widths), m, PRIME, 0)


@pytest.mark.parametrize("masks", EVEN)
def test_t16_needs_no_basis_of_odd_degree(masks):
    allocation = tc.Allocation(CHAIN, named(masks))
    verdict = tc.classify(allocation, 2)
    assert (verdict.theorem, verdict.expressivity, verdict.rigor) == ("T16", "maximal", "proved")
    deep = found(allocation, 2)
    assert deep is not None
    # All draws have a match, by whatever way; Newton's method from infinity misses a few of them.
    assert tc.measure(allocation, 2, trials=200, seed=3, backend="numpy").matches == 200
    rng = np.random.default_rng(3)
    assert sum(matched(deep.deep, deep.levels, rng) for _ in range(5)) >= 3


def test_t16_finds_nothing_at_r_equal_to_d_or_below_rank_d():
    """Some levels work only above D, and at full rank: each infinite column may be scaled."""
    rng, decided = np.random.default_rng(4), 0
    for number in range(15):
        widths = ((2, 2, 2, 2), (3, 3, 3, 3), (2, 3, 2, 2))[number % 3]
        equations = widths[-1] * min(widths[0], 3)
        assert found(random_allocation(widths, equations, rng), 3) is None
        allocation = random_allocation(widths, equations + 1 + number % 2, rng)
        if found(allocation, 3) is not None:
            decided += 1
            analysis = Analysis(allocation, 3)
            assert analysis.rank.value == analysis.target.value
    assert decided > 2


@pytest.mark.parametrize("masks", DEFICIENT)
def test_no_levels_for_more_learnables_than_d_of_a_smaller_rank(masks):
    allocation = tc.Allocation(tc.LinearFeedforward([3, 3, 3, 3]), named(masks))
    analysis = Analysis(allocation, 3)
    assert (allocation.n_learnable, analysis.rank.value, analysis.target.value) == (10, 8, 9)
    assert found(allocation, 3) is None


@pytest.mark.parametrize(
    ("widths", "samples", "learnable"),
    [
        ((4, 4, 4, 4), 4, 24),
        ((4, 5, 4, 3), 3, 13),
        pytest.param((3, 3, 3, 3), 4, 12, marks=pytest.mark.long),
        pytest.param((3, 3, 3, 3, 3), 3, 14, marks=pytest.mark.long),
    ],
)
def test_t16_levels_match_on_draws(widths, samples, learnable):
    rng, carried = np.random.default_rng(5), 0
    for _ in range(30):
        allocation = random_allocation(widths, learnable, rng)
        plan = found(allocation, samples)
        if plan is not None:
            carried += 1
            assert matched(plan.deep, plan.levels, rng)
        if carried == 2:
            return
    assert carried


def test_t16_decides_random_masks_of_three_square_layers_at_1_5_d():
    """Neither peeling nor the levels of two layers decide these."""
    network = tc.LinearFeedforward([6, 6, 6, 6])
    for seed in (2, 5):
        allocation = tc.Allocation.random(network, 54, np.random.default_rng(seed))
        assert t16_deep_levels.THEOREM.ask(Analysis(allocation, 6)) is not None


@pytest.mark.parametrize(
    ("network", "present"),
    [
        (CHAIN, {"W1": [[1, 1], [0, 1]]}),
        (tc.LinearFeedforward([2, 2, 2, 2], bias=True), None),
    ],
)
def test_t16_is_not_about_sparse_networks_or_biases(network, present):
    """T13 has plans of these; levels of layers are of generic ones."""
    allocation = tc.Allocation(network, named((DIAGONAL, DIAGONAL, DIAGONAL)), present)
    reason = t16_deep_levels.why_not(Analysis(allocation, 2))
    assert reason == "the network is sparse, or has biases"


def test_functionals_are_0_on_all_that_is_behind():
    rng, algebra = np.random.default_rng(6), Residues(PRIME)
    masks = {layer: np.ones((3, 3), dtype=bool) for layer in range(1, 5)}
    for pair, behind, choices in deep_pairs(masks, (3, 3, 3, 3, 3), 3):
        for bases in choices:
            deep = Deep(pair, behind, bases)
            levels = Levels((0, 0, 0), (None,) * 3, 0)
            point = construct_deep(deep, levels, algebra, rng, PRIME - 1)
            assert point is not None
            product = np.eye(3, dtype=int)
            for matrix in point.behind:
                product = algebra.product(matrix, product)
            assert algebra.rank(product) == 3 - deep.base
            assert not algebra.product(product, algebra.product(
                point.built.outer, point.built.inner)).any()  # fmt: skip


def test_the_jacobian_is_that_of_the_product():
    """The product is of degree 1 in each entry: differences are derivatives."""
    rng, algebra = np.random.default_rng(7), Residues(PRIME)
    masks = {layer: rng.random((3, 3)) < 0.6 for layer in range(1, 5)}
    masks = {layer: mask | np.eye(3, dtype=bool) for layer, mask in masks.items()}
    for pair, behind, choices in deep_pairs(masks, (3, 3, 3, 3, 3), 3):
        deep = Deep(pair, behind, choices[-1])
        levels = Levels((0, 0, 0), (None,) * 3, 0)
        point = construct_deep(deep, levels, algebra, rng, PRIME - 1)
        if point is None:
            continue
        factors = [*reversed(point.behind), point.built.outer, point.built.inner]

        def value(factors: list[np.ndarray]) -> np.ndarray:
            product = np.eye(3, dtype=int)
            for factor in factors:
                product = algebra.product(product, factor)
            return product

        columns = []
        places = [(-2, pair.outer), (-1, pair.inner)]
        places += [(len(behind) - 1 - number, mask) for number, mask in enumerate(behind)]
        for at, mask in places:
            for i, j in np.argwhere(mask):
                changed = [factor.copy() for factor in factors]
                changed[at][i, j] += 1
                columns.append((value(changed) - value(factors)).ravel() % PRIME)
        assert not ((jacobian(deep, point, algebra) - np.array(columns).T) % PRIME).any()
        return
    pytest.fail("no point")


def test_certificates_are_about_their_learnables_and_layers():
    allocation = tc.Allocation(CHAIN, named(EVEN[0]))
    certificate = tc.classify(allocation, 2).certificate
    assert certificate is not None
    assert certificate.kind == "deep_levels"
    assert tc.check(certificate)
    for masks in ((CORNER, CORNER, DIAGONAL), (DIAGONAL, CORNER, CORNER)):
        other = tc.Allocation(CHAIN, named(masks))
        problem = problem_to_dict(other, 2)
        wrong = replace(certificate, problem=problem, learnable=other.n_learnable)
        assert not tc.check(wrong)
    changes = [{"bases": [0]}, {"bases": [2]}, {"bases": []}, {"bases": [1, 0]}, {"chosen": 2},
               {"columns": [0, 0], "minor": None}, {"units": [2, 0]}]  # fmt: skip
    for change in changes:
        assert not tc.check(replace(certificate, evidence={**certificate.evidence, **change}))


def test_t16_plans_match_in_the_original_network():
    """Peeled lines and frozen layers included; also transposed, and with more inputs."""
    rng, kinds = np.random.default_rng(6), set()
    for number in range(60):
        widths = ((2, 2, 2, 2), (3, 3, 3, 3), (4, 3, 3, 3), (2, 3, 2, 2))[number % 4]
        samples = widths[-1]
        allocation = random_allocation(widths, int(1.6 * widths[-1] * samples), rng)
        finding = t16_deep_levels.THEOREM.ask(Analysis(allocation, samples))
        if finding is None:
            continue
        plans = [(allocation, finding.evidence)]
        if widths[0] == samples:
            plans += [transposed(allocation, finding.evidence, more) for more in (0, 1)]
        for about, evidence in plans:
            plan = plan_of(
                about, samples, "plan" if "steps" in evidence else "deep_levels", evidence
            )
            assert plan is not None
            assert plan.pair is not None
            assert misfit(plan, about, samples, Reals(), rng) < 1e-6
            kinds.add((plan.pair.axis, bool(plan.steps)))
    assert kinds == {("columns", False), ("rows", False), ("columns", True), ("rows", True)}


def transposed(allocation: tc.Allocation, evidence: Any, more: int) -> tuple[tc.Allocation, Any]:
    """The same with outputs and samples exchanged, of as many as inputs; then `more` inputs.

    As it is where that is something else: by rows, or with steps.
    """
    if evidence.get("axis") != "columns":
        return allocation, evidence
    widths, layers = allocation.network.widths[::-1], len(allocation.network.widths)
    masks = {f"W{layers - int(name[1:])}": mask.T for name, mask in allocation.masks("learnable")}
    first = masks.get("W1", np.zeros(widths[1::-1], dtype=bool))
    masks["W1"] = np.pad(first, [(0, 0), (0, more)])
    network = tc.LinearFeedforward([widths[0] + more, *widths[1:]])
    turned = {
        **evidence,
        "axis": "rows",
        "pair": layers - 1 - evidence["pair"],
        "bases": [*evidence["bases"], *[0] * (more > 0)],  # of samples that are no unit vectors
    }
    return tc.Allocation(network, masks), turned


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda each: type(each).__name__)
def test_finite_deep_levels_match_exactly(algebra):
    rng, axes = np.random.default_rng(1), []
    for number in range(40):
        widths, samples = (((3, 3, 3, 3), 2), ((3, 3, 3, 2), 3))[number % 2]
        allocation = random_allocation(widths, 11, rng)
        deep = found(allocation, samples)
        if deep is None or not deep.levels.is_finite:
            continue
        axes.append(deep.deep.pair.axis)
        finding = t16_deep_levels._finding(deep)
        plan = plan_of(allocation, samples, finding.kind, finding.evidence)
        assert plan is not None
        assert misfit(plan, allocation, samples, algebra, rng) < 1e-6
    assert len(axes) > 3
    assert {*axes} == {"columns", "rows"}
