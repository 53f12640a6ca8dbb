"""T13: plans against exact ranks and known classes, and carried out on the original network."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import ALGEBRAS, misfit, random_allocation
from theorycheck.plans.antichains import find_choice, layers_of
from theorycheck.plans.reading import plan_of
from theorycheck.plans.states import State, masks_of, states
from theorycheck.problem.files import problem_from_dict
from theorycheck.ranks.point import draw_prime
from theorycheck.ranks.target_dimension import target_dimension
from theorycheck.theorems import t13_staged_plans
from theorycheck.theorems.analysis import Analysis

KNOWN = Path(__file__).parents[1] / "known"
PRIME = draw_prime(0, 0)


def has_plan(allocation: tc.Allocation, samples: int) -> bool:
    """Whether peeling, freezing and an antichain suffice, at r = D too, where T13 is not asked."""
    masks = masks_of(allocation)
    return any(state.is_done or is_affine(state.allocation(masks), state)
               for state in states(allocation, samples))  # fmt: skip


def is_affine(left: tc.Allocation, state: State) -> bool:
    """Whether a choice of inputs and outputs has full rank in what is left."""
    layers = layers_of(masks_of(left), tuple(left.network.widths), state.samples, PRIME, 0)
    return any(find_choice(each, 0) is not None for each in layers)


def test_t13_finds_no_plan_at_r_equal_to_d_but_for_maximal_allocations():
    """All 70 allocations of 2-2-2: 8 are minimal, 4 intermediate."""
    found = {"minimal": 0, "maximal": 0, "intermediate": 0}
    entries = json.loads((KNOWN / "lffn_222.json").read_text())
    for entry in entries:
        allocation, samples = problem_from_dict({k: entry[k] for k in ("network", "samples",
                                                                       "learnable")})  # fmt: skip
        verdict = tc.classify(allocation, samples)
        if has_plan(allocation, samples):
            found[str(verdict.expressivity)] += 1
    assert len(entries) == 70
    assert found["minimal"] == found["intermediate"] == 0 < found["maximal"]


@pytest.mark.parametrize(
    ("widths", "samples", "over"),
    [((2, 2, 2), 2, 1), ((3, 3, 3), 3, 2), ((2, 2, 2, 2), 2, 2), ((2, 3, 2, 2), 3, 2)],
)
def test_t13_agrees_with_the_exact_rank(widths: tuple[int, ...], samples: int, over: int):
    rng, decided = np.random.default_rng(1), 0
    for _ in range(60):
        m = min(samples, widths[0])
        allocation = random_allocation(widths, widths[-1] * m + over, rng)
        analysis = Analysis(allocation, samples)
        finding = t13_staged_plans.THEOREM.ask(analysis)
        if finding is not None:
            decided += 1
            assert analysis.rank.value == analysis.target.value
    assert decided > 10


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    ("widths", "samples", "factor"),
    [((4, 4, 4), 4, 1.4), ((3, 3, 3, 3), 5, 1.5), ((2, 3, 4, 2), 2, 1.75), ((3, 4, 3, 2), 2, 1.5)],
)
def test_t13_plans_match_in_the_original_network(widths, samples, factor, algebra):
    """Modulo a prime and in rational numbers exactly, in floats to 1e-6."""
    rng, carried = np.random.default_rng(2), 0
    m = min(samples, widths[0])
    for _ in range(12):
        allocation = random_allocation(widths, int(factor * widths[-1] * m), rng)
        finding = t13_staged_plans.THEOREM.ask(Analysis(allocation, samples))
        if finding is None:
            continue
        plan = plan_of(allocation, samples, finding.kind, finding.evidence)
        assert plan is not None
        assert misfit(plan, allocation, samples, algebra, rng) < 1e-6
        carried += 1
    assert carried >= 3


def test_t13_certificates_are_accepted():
    rng, kinds = np.random.default_rng(3), set()
    for widths, samples in (
        ((3, 3, 3, 3), 3),
        ((2, 3, 3, 2), 2),
        ((3, 2, 3, 2), 2),
        ((4, 5, 2, 4), 4),
    ):
        for _ in range(15):
            n = target_dimension(tc.Allocation.none(tc.LinearFeedforward(widths)), samples).value
            n += int(rng.integers(1, 4))
            allocation = random_allocation(widths, n, rng)
            verdict = tc.classify(allocation, samples, theorems=[t13_staged_plans.THEOREM])
            if verdict.certificate is not None:
                assert verdict.rigor == "proved"
                assert tc.check(verdict.certificate)
                kinds |= {step[0] for step in verdict.certificate.evidence["steps"]}
    assert kinds == {"row", "column", "first", "last"}


def test_t13_says_when_it_is_not_asked():
    square, deep = tc.LinearFeedforward([2, 2, 2]), tc.LinearFeedforward([2, 1, 2])
    for allocation, word in (
        (tc.Allocation(square, {"W1": np.eye(2), "W2": np.eye(2)}), "no more learnable"),
        (tc.Allocation(deep, {"W1": [[1, 1]], "W2": [[1], [0]]}), "no more learnable"),
        (tc.Allocation.full(tc.LinearFeedforward([2, 2, 2], bias=True)), "biases"),
        (tc.Allocation(square, {"W1": [[1, 1], [1, 1]]}), "no more learnable"),
        (tc.Allocation.layer(tc.LinearFeedforward([2, 3, 2]), "W1"), "affine"),
    ):
        reason = t13_staged_plans.why_not(Analysis(allocation, 2))
        assert reason is not None
        assert word in reason


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    ("widths", "n_learnable"), [((5, 3, 5), 24), ((4, 5, 2, 5, 4), 24), ((3, 2, 4, 2, 3), 15)]
)
def test_t13_plans_match_at_a_bottleneck(widths, n_learnable, algebra):
    """The teacher's outputs have the rank of the bottleneck, and the lines deleted follow."""
    rng, carried = np.random.default_rng(4), 0
    for _ in range(12):
        allocation = random_allocation(widths, n_learnable, rng)
        analysis = Analysis(allocation, widths[0])
        assert analysis.target.value < analysis.n_equations
        finding = t13_staged_plans.THEOREM.ask(analysis)
        if finding is None:
            continue
        plan = plan_of(allocation, widths[0], finding.kind, finding.evidence)
        assert plan is not None
        assert misfit(plan, allocation, widths[0], algebra, rng) < 1e-6
        carried += 1
    assert carried >= 3


@pytest.mark.parametrize(
    ("widths", "budgets", "maximal"),
    [((2, 1, 2), (3, 4), 5), ((3, 1, 2), (4, 5), 6), ((2, 2, 1, 2), (3, 4, 5), 137)],
)
def test_t13_at_a_bottleneck_finds_all_that_are_not_minimal(widths, budgets, maximal):
    """At these every allocation of full rank is maximal."""
    network, found = tc.LinearFeedforward(widths), 0
    for budget in budgets:
        for chosen in combinations(range(network.n_weights), budget):
            bits = np.isin(np.arange(network.n_weights), chosen)
            masks, start = {}, 0
            for name, shape in network.weight_shapes.items():
                masks[name] = bits[start : start + shape[0] * shape[1]].reshape(shape)
                start += shape[0] * shape[1]
            analysis = Analysis(tc.Allocation(network, masks), widths[0])
            finding = t13_staged_plans.decide(analysis)
            assert (finding is None) == (analysis.rank.value < analysis.target.value)
            found += finding is not None
    assert found == maximal
