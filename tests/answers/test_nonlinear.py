"""Capacities, repairs, designs and diagnostics of nonlinear networks, beside scans and brute force.

Small networks of all activations, sparse and dense, drawn from a seed.
"""

from itertools import product
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.strategies import NO_DEGREES
from theorycheck.answers.diagnostics import diagnose
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.unrolled import CONSTANT, as_matrix, forward
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.exactness import why_undecided_by_rank
from theorycheck.ranks.generic_rank import generic_rank
from theorycheck.theorems.analysis import Analysis

E = tc.Expressivity
ANALYTIC = [name for name, row in ACTIVATIONS.items() if row.is_analytic and name != "linear"]


def networks(rng: np.random.Generator, names: list[str]) -> Any:
    name, bias = str(rng.choice(names)), bool(rng.integers(2))
    sizes = [int(n) for n in rng.integers(1, 4, rng.integers(3, 5))]
    if rng.integers(3):
        return tc.Feedforward(sizes, activation=name, bias=bias)
    readout: Any = str(rng.choice(["final", "all"]))
    return tc.Recurrent(
        *sizes[:3], steps=int(rng.integers(1, 4)), readout=readout, activation=name, bias=bias
    )


def drawn(seed: int, names: list[str] = ANALYTIC) -> tc.Allocation:
    """A random allocation of a small network, a third of them sparse."""
    rng = np.random.default_rng(seed)
    network, present = networks(rng, names), None
    if not rng.integers(3):
        shapes = network.weight_shapes.items()
        present = {n: rng.random(shape) < 0.8 for n, shape in shapes}
        if not any(mask.any() for mask in present.values()):
            present = None
    n_present = tc.Allocation.none(network, present).n_present
    return tc.Allocation.random(network, int(rng.integers(n_present + 1)), rng, present=present)


SEEDS = [seed for seed in range(40) if why_undecided_by_rank(drawn(seed)) is None]


def test_most_of_them_have_exact_ranks():
    assert len(SEEDS) > 30


@pytest.mark.parametrize("seed", SEEDS)
def test_the_capacity_is_what_a_scan_finds(seed: int):
    allocation = drawn(seed)
    beyond = allocation.n_present + 2
    scan = {m: tc.classify(allocation, m, effort=NO_DEGREES) for m in range(1, beyond + 1)}
    found = tc.capacity(allocation, effort=NO_DEGREES)
    positive = [m for m, v in scan.items() if v.expressivity is not E.MINIMAL]
    assert found.positive == (None if len(positive) == beyond else len(positive))
    minimal = [m for m, v in scan.items() if v.expressivity is E.MINIMAL]
    assert found.minimal_from == min(minimal, default=None)
    assert found.is_everything
    # Positive up to a number of samples, minimal from there on.
    assert positive == list(range(1, len(positive) + 1))
    if found.maximal is None:
        assert allocation.n_learnable == allocation.n_present
    assert max(found.verdicts, default=1) <= allocation.n_learnable + 1


def test_no_huge_number_of_samples_is_asked_of_a_large_allocation():
    network = tc.Feedforward([20, 40, 10], activation="tanh", bias=True)
    allocation = tc.Allocation.spread(network, 300)
    asked: list[str] = []
    found = tc.capacity(allocation, progress=lambda step: asked.append(step.what))
    assert (found.positive, found.minimal_from) == (30, 31)
    assert max(int(what.split()[0]) for what in asked) <= 31


def test_every_weight_learnable_is_maximal_on_any_number_of_samples():
    found = tc.capacity(tc.Allocation.full(tc.Recurrent(1, 2, 1, steps=2, activation="tanh")))
    assert (found.maximal, found.positive, found.minimal_from) == (None, None, None)


def test_a_largest_number_ends_the_search():
    allocation = tc.Allocation.spread(tc.Feedforward([3, 5, 2], activation="sigmoid"), 20)
    assert tc.capacity(allocation).positive == 10
    found = tc.capacity(allocation, 4)
    assert (found.positive, found.largest, found.is_everything) == (4, 4, False)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_repair_reaches_the_target_with_as_few_moves_as_any(seed: int):
    allocation = drawn(seed)
    samples = 1 + seed % 3
    found = tc.repair(allocation, samples)
    target = tc.classify(
        tc.Allocation.none(allocation.network, allocation.given_present()), samples
    )
    assert target.target_dimension is not None
    if found.outcome in ("positive", "maximal"):
        assert found.before.expressivity is not E.MINIMAL
        return
    assert found.outcome == "repaired"
    assert found.allocation is not None
    verdict = tc.classify(found.allocation, samples)
    assert verdict.expressivity is not E.MINIMAL
    assert verdict.rank == target.target_dimension
    most = min(allocation.n_learnable, target.target_dimension)
    rank = generic_rank(allocation, samples, upper=most).value if most else 0
    assert len(found.moves) == max(target.target_dimension - rank, 1)
    assert found.optimal


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("prefer", ["spread", "few-layers"])
def test_a_design_is_positive_or_impossible_below_the_target(seed: int, prefer: Any):
    allocation = drawn(seed)
    network, present, samples = allocation.network, allocation.given_present(), 1 + seed % 3
    target = tc.classify(tc.Allocation.none(network, present), samples).target_dimension
    assert target is not None
    for budget in {target, min(target + 2, allocation.n_present)}:
        found = tc.design(network, samples, budget, present=present, prefer=prefer)
        assert found.outcome == "found"
        assert found.allocation is not None
        assert found.allocation.n_learnable == budget
        assert found.verdict is not None
        assert found.verdict.expressivity in (E.POSITIVE, E.MAXIMAL, E.INTERMEDIATE)
    if target:
        below = tc.design(network, samples, target - 1, present=present, prefer=prefer)
        assert below.outcome == "impossible"


def test_a_design_within_weights_that_do_not_suffice_is_impossible():
    network = tc.Feedforward([2, 3, 2], activation="tanh")
    one_row = {"W2": [[1, 1, 1], [0, 0, 0]], "W1": np.zeros((3, 2))}
    found = tc.design(network, 1, 2, within=one_row)
    assert found.outcome == "impossible"
    assert "not enough for a match" in found.reason


def test_words_of_designs_and_repairs_promise_no_more_than_is_proved():
    network = tc.Feedforward([3, 4, 2], activation="tanh")
    found = tc.design(network, 3, 6)
    assert found.verdict is not None
    if found.verdict.expressivity is E.POSITIVE:
        assert "MAXIMAL" not in str(found)
        assert "whether all are is open" in str(found)
    assert "T11" in tc.design(network, 3, 5).reason
    repaired = tc.repair(tc.Allocation(network, {"W2": [[1, 1, 1, 1], [0, 0, 0, 0]]}), 3)
    assert repaired.proposal is not None
    assert repaired.proposal.verdict.expressivity is not E.UNDECIDED
    assert "too few (T11)" in repaired.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_diagnostics_are_what_removing_weights_one_by_one_shows(seed: int):
    allocation, samples = drawn(seed), 1 + seed % 3
    found = diagnose(Analysis(allocation, samples))
    entries = entries_of({n: allocation.mask(n) for n in allocation.counts})

    def rank(chosen: list[Any]) -> int:
        some = tc.Allocation(
            allocation.network, masks_with(allocation.network, chosen), allocation.given_present()
        )
        most = min(len(chosen), allocation.network.n_equations(samples))
        return generic_rank(some, samples, upper=most).value

    whole = rank(entries)
    assert found.rank == whole
    assert set(found.redundant) == {
        one for one in entries if rank([e for e in entries if e != one]) == whole
    }
    assert set(found.idle) == {one for one in entries if rank([one]) == 0}


def evaluated(allocation: tc.Allocation, samples: int, rng: np.random.Generator) -> Any:
    """Random weights, and the outputs as a function of them, in NumPy from the definition."""
    network = allocation.network
    weights = {n: rng.normal(size=s) / 2 for n, s in network.weight_shapes.items()}
    weights = {n: w * allocation.present_mask(n) for n, w in weights.items()}
    starts = [
        np.ones((1, samples)) if level.group == CONSTANT else rng.normal(size=(level.size, samples))
        for level in network.unrolled.starts
    ]

    def outputs(values: dict[str, Any]) -> Any:
        def combine(level: Any, terms: list[Any]) -> Any:
            z = sum(as_matrix(values[name]) @ before for name, before in terms)
            return ACTIVATIONS[level.activation].value(z, np)

        found = forward(network.unrolled, starts, combine)
        return np.concatenate([found[number] for number in network.unrolled.read])

    return weights, outputs


@pytest.mark.parametrize("seed", range(60))
def test_warnings_of_constant_outputs_and_idle_weights_hold_for_the_network_itself(seed: int):
    """Units with sigma(0) other than 0 add constants, with or without biases."""
    allocation = drawn(seed, ["sigmoid", "softplus", "exp", "tanh", "leaky_relu", "square"])
    rng = np.random.default_rng(seed)
    weights, outputs = evaluated(allocation, 3, rng)
    values = outputs(weights).reshape(-1, allocation.network.outputs, 3)  # by step
    constant = (np.ptp(values, axis=2) < 1e-12).all(axis=0)
    idle = 0
    for name in allocation.counts:
        for index in map(tuple, np.argwhere(allocation.mask(name))):
            changed = {**weights, name: weights[name].copy()}
            changed[name][index] += 0.5
            idle += bool((outputs(changed) == outputs(weights)).all())
    warnings = tc.classify(allocation, 3, effort=NO_DEGREES).warnings
    assert bool(constant.any()) == any("constant" in sentence for sentence in warnings)
    acting = [sentence for sentence in warnings if "on no output" in sentence]
    if not values.any():  # said of the outputs, which says it of the weights
        assert idle == allocation.n_learnable
        return
    assert [int(sentence.split()[0]) for sentence in acting] == ([idle] if idle else [])


def test_a_unit_that_is_not_0_at_0_makes_its_readout_a_bias():
    network = tc.Feedforward([1, 2, 1], activation="sigmoid")
    dead = tc.Allocation(network, {"W2": [[0, 1]]}, {"W1": [[1], [0]]})
    assert tc.classify(dead, 1).warnings == ()
    same = tc.Feedforward([1, 2, 1], activation="tanh")
    quiet = tc.Allocation(same, {"W2": [[0, 1]]}, {"W1": [[1], [0]]})
    assert "acts on no output" in tc.classify(quiet, 1).warnings[0]
    cut = tc.Allocation(network, {"W2": [[1, 1]]}, {"W1": [[0], [0]]})
    assert tc.classify(cut, 1).warnings == (
        "output 0 is constant: present paths reach it from units with sigmoid(0), none from an "
        "input",
    )


UNDECIDED = {
    "one of two": (
        tc.Feedforward([2, 3, 3, 1], activation=["tanh", "hardtanh"]),
        "linear in pieces, not tanh",
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_no_theorem_decides_says_why(name: str):
    network, why = UNDECIDED[name]
    allocation = tc.Allocation.spread(network, 5)
    verdict = tc.classify(allocation, 2, diagnose=True)
    assert (verdict.expressivity, verdict.theorem, verdict.diagnostics) == (E.UNDECIDED, None, None)
    assert why in verdict.reason
    assert verdict.conditioned_on == (None if network.is_analytic else "regular teacher")
    assert tc.estimate(allocation, 2).range == (0.0, 1.0)
    for ask in (tc.repair, tc.capacity):
        with pytest.raises(tc.InputError, match="where the rank decides"):
            ask(allocation, 2)
    with pytest.raises(tc.InputError, match="nothing tells redundant weights"):
        diagnose(Analysis(allocation, 2))
    assert tc.classify(tc.Allocation.full(network), 2).expressivity is E.MAXIMAL


def test_families_that_are_mixed_are_decided_at_real_points_alone():
    """Searches that ask the oracle for many ranks still refuse."""
    network = tc.Feedforward([2, 3, 3, 1], activation=["arctan", "sin"])
    allocation = tc.Allocation.spread(network, 5)
    verdict = tc.classify(allocation, 2, diagnose=True)
    assert (verdict.expressivity, verdict.theorem) == (E.POSITIVE, "T11")
    for ask in (tc.repair, tc.capacity):
        with pytest.raises(tc.InputError, match="where the rank decides"):
            ask(allocation, 2)


PIECEWISE = {
    "feed-forward": tc.Feedforward([2, 3, 3, 1], activation="relu"),
    "recurrent": tc.Recurrent(1, 2, 1, steps=3, activation="leaky_relu"),
}


@pytest.mark.parametrize("name", PIECEWISE)
def test_piecewise_linear_networks_are_decided_given_a_regular_teacher(name: str):
    network = PIECEWISE[name]
    allocation = tc.Allocation.spread(network, 5)
    verdict = tc.classify(allocation, 2, diagnose=True)
    assert (verdict.expressivity, verdict.rank, verdict.target_dimension) == (E.POSITIVE, 2, 2)
    assert verdict.conditioned_on == "regular teacher"
    assert "regular random teacher" in verdict.meaning
    few = tc.classify(tc.Allocation.spread(network, 1), 2)
    assert (few.expressivity, few.theorem, few.target_dimension) == (E.MINIMAL, "T11", 2)
    opinions = {each.theorem: each for each in tc.explain(allocation, 2).opinions}
    assert opinions["T11"].expressivity == "positive"
    assert opinions["T10"].obstacle is not None
    assert verdict.diagnostics is not None
    assert verdict.diagnostics.rank == 2
    assert tc.estimate(allocation, 2).range[1] == 1.0
    assert tc.estimate(tc.Allocation.spread(network, 1), 2).range[1] < 0.1
    assert tc.classify(tc.Allocation.full(network), 2).expressivity is E.MAXIMAL


def test_estimates_of_nonlinear_networks_claim_nothing():
    network = tc.Feedforward([3, 4, 2], activation="tanh")
    found = tc.estimate(tc.Allocation.spread(network, 6), 3)
    assert (found.is_known, found.range, found.law) == (False, (0.0, 1.0), "none")
    assert str(found) == "no estimate: no law was fitted for a tanh feed-forward 3-4-2"
    assert [each.label for each in found.paragraphs()] == ["estimate"]
    assert tc.estimate(tc.Allocation.spread(network, 5), 3).is_known
    assert tc.estimate(tc.Allocation.spread(network, 5), 3).estimate == 0.0


@pytest.mark.parametrize(("kind", "bias"), list(product([0, 1], [False, True])))
def test_explain_has_t11_with_its_reason(kind: int, bias: bool):
    network: Any = tc.Feedforward([2, 3, 1], activation="gelu", bias=bias)
    if kind:
        network = tc.Recurrent(2, 3, 1, steps=2, activation="gelu", bias=bias)
    found = tc.explain(tc.Allocation.spread(network, 4), 2)
    opinion = next(each for each in found.opinions if each.theorem == "T11")
    assert (opinion.expressivity, opinion.obstacle) == ("positive", None)
    linear = tc.explain(tc.Allocation.spread(tc.LinearFeedforward([2, 2]), 2), 2)
    assert (
        next(e for e in linear.opinions if e.theorem == "T11").obstacle == "the network is linear"
    )
    assert found.diagnostics is not None
