"""T11, piecewise linear networks: verdicts against ranks at random rational points, and T10."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

import theorycheck as tc
from theorycheck.computing.options import Options
from theorycheck.problem.allocation import Allocation
from theorycheck.proofs.shared.nonlinear import jacobian_columns
from theorycheck.proofs.t11.piecewise import columns_at, exactly, rank_modulo
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.piecewise_bounds import dimension_bound, small_cover
from theorycheck.ranks.piecewise_point import Candidate, evaluated
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.t11 import piecewise

E = tc.Expressivity
NF, NR = tc.Feedforward, tc.Recurrent
SMALL = [
    (NF([1, 2, 1, 1], activation="relu"), 3),
    (NF([1, 1, 2, 1], activation="leaky_relu", bias=True), 3),
    (NF([2, 2, 1], activation="hardtanh"), 3),
    (NF([1, 2, 2], activation="leaky_relu"), 2),
    (NF([1, 1, 1, 2], activation=["hardtanh", "relu"], bias=True), 2),
    (NF([1, 2, 2, 1], activation=["relu", "linear"]), 2),
    (NR(1, 2, 1, 2, "all", activation="relu"), 2),
    (NR(1, 1, 2, 3, activation="hardtanh", bias=True), 2),
]


def everything(network: Any) -> dict[str, Any]:
    return {name: np.ones(shape, dtype=bool) for name, shape in network.weight_shapes.items()}


def rank_shown(network: Any, chosen: Any, verdict: tc.Verdict) -> int:
    """The rank of these weights at the point of a certificate, by plain loops."""
    assert verdict.certificate is not None
    point = verdict.certificate.evidence["point"]
    weights = [x for name in network.weight_shapes for x in np.ravel(point["weights"][name])]
    numbers = iter(
        [fmpq(int(x), point["scale"]) for x in weights]
        + [fmpq(int(x)) for column in zip(*point["inputs"], strict=True) for x in column]
    )
    columns = jacobian_columns(
        network,
        everything(network),
        len(point["inputs"][0]),
        lambda: next(numbers),
        lambda name, z: exactly(name, fmpq(z)),
    )
    matrix = [[fmpq(x) for x in columns[entry]] for entry in chosen]
    return fmpq_mat(len(matrix), len(matrix[0]), [x for row in matrix for x in row]).rank()


@pytest.mark.long
@pytest.mark.parametrize("number", range(len(SMALL)))
def test_t11_piecewise_verdicts_of_all_masks_are_those_of_the_best_patterns(number: int):
    network, m = SMALL[number]
    points = [columns_at(network, everything(network), m, seed) for seed in range(60)]
    target = max(rank_modulo(list(columns.values())) for columns in points)
    entries, decided, masks = list(points[0]), 0, 0
    sets = chain.from_iterable(combinations(entries, k) for k in range(len(entries) + 1))
    for chosen in list(sets)[:: 1 if len(entries) < 8 else 5]:
        best = max(rank_modulo([columns[entry] for entry in chosen]) for columns in points)
        verdict = tc.classify(Allocation(network, masks_with(network, chosen)), m)
        masks += 1
        if len(chosen) == len(entries):
            assert verdict.expressivity is E.MAXIMAL
        elif verdict.expressivity is E.MINIMAL:
            assert best < target, chosen
        elif verdict.expressivity is not E.UNDECIDED:
            assert verdict.expressivity in (E.POSITIVE, E.INTERMEDIATE)
            assert verdict.rank == verdict.target_dimension == target, chosen
            assert best == target or rank_shown(network, chosen, verdict) == target, chosen
        decided += verdict.expressivity is not E.UNDECIDED
        if verdict.certificate is not None and masks % 7 == 0:
            assert tc.check(verdict.certificate)
    assert decided > 0.75 * masks


def random_sparse(rng: np.random.Generator, network: Any) -> Allocation:
    present = {n: rng.random(shape) < 0.8 for n, shape in network.weight_shapes.items()}
    learnable = {n: mask & (rng.random(mask.shape) < 0.5) for n, mask in present.items()}
    return Allocation(network, learnable, present)


def test_bounds_hold_in_every_pattern_of_sparse_networks():
    rng, reached, n = np.random.default_rng(0), 0, 0
    for network, m in SMALL * 4:
        allocation = random_sparse(rng, network)
        most = small_cover(allocation, m).size(m)
        bound = dimension_bound(allocation, m)
        present = {name: allocation.present_mask(name) for name in network.weight_shapes}
        learnable = [e for e in columns_at(network, present, m, 0) if allocation.mask(e[0])[e[1]]]
        ranks = []
        for seed in range(25):
            columns = columns_at(network, present, m, seed)
            ranks.append(rank_modulo(list(columns.values())))
            assert rank_modulo([columns[entry] for entry in learnable]) <= most
        assert max(ranks) <= bound
        reached, n = reached + (max(ranks) == bound), n + 1
    assert reached > 0.6 * n


@pytest.mark.parametrize("bias", [False, True])
def test_shallow_relu_is_never_contradicted_by_t10(bias: bool):
    rng, decided = np.random.default_rng(1), 0
    for _ in range(40):
        widths = [int(n) for n in rng.integers(1, 4, 3)]
        network, m = tc.ShallowReLU(widths, bias=bias), int(rng.integers(1, 4))
        masks = {n: rng.random(shape) < 0.5 for n, shape in network.weight_shapes.items()}
        allocation = Allocation(network, masks)
        found = piecewise.decide(Analysis(allocation, m, Options()))
        verdict = tc.classify(allocation, m)
        if found is None or verdict.expressivity is E.UNDECIDED:
            continue
        decided += 1
        # T10 calls a teacher regular only if its rank is d m.
        target = verdict.target_dimension
        if dimension_bound(allocation, m) == target:
            assert found.expressivity.possible & verdict.expressivity.possible
    assert decided > 15


def test_a_unit_at_a_kink_is_in_no_pattern():
    network = NF([1, 1, 1, 1], activation="relu", bias=True)
    weights = {
        name: np.ones(shape, dtype=np.int64) for name, shape in network.weight_shapes.items()
    }
    at_kink = Candidate({**weights, "b1": np.array([-2])}, np.array([[2]]), 1)
    allocation = Allocation.full(network)
    assert evaluated(allocation, at_kink) is None
    beside = Candidate({**weights, "b1": np.array([-3])}, np.array([[2]]), 1)
    assert evaluated(allocation, beside) is not None


@pytest.mark.parametrize(("bias", "is_inside"), [(0, True), (1, False)])
def test_a_unit_below_dead_ones_is_always_0_only_without_a_bias(bias: int, is_inside: bool):
    network = NF([1, 1, 1, 1], activation="relu", bias=True)
    weights = {
        name: np.ones(shape, dtype=np.int64) for name, shape in network.weight_shapes.items()
    }
    dead = Candidate({**weights, "W1": np.array([[-3]]), "b2": np.array([0])}, np.array([[2]]), 1)
    present = {"b2": [bias]}
    allocation = Allocation(network, {}, present)
    found = evaluated(allocation, dead)
    assert (found is not None) == is_inside


def test_large_integers_are_exact():
    network = NF([1, 1, 1, 1, 1], activation="leaky_relu")
    weights = {name: np.full(shape, -(10**9)) for name, shape in network.weight_shapes.items()}
    found = evaluated(Allocation.full(network), Candidate(weights, np.array([[7]]), 1))
    assert found is not None
    last = found[1][-1]
    assert (int(last.values[0, 0]), last.scale) == (7 * 10**36 * 100, 100**3)


def test_one_output_that_is_bounded_below_makes_it_intermediate():
    network = NF([2, 3, 3, 1], activation="relu")
    allocation = Allocation(network, {"W2": [[1, 1, 0], [0, 0, 0], [0, 0, 0]]})
    verdict = tc.classify(allocation, 2)
    assert (verdict.expressivity, verdict.theorem) == (E.INTERMEDIATE, "T12")
    leaky = NF([2, 3, 3, 1], activation="leaky_relu")
    same = Allocation(leaky, {"W2": [[1, 1, 0], [0, 0, 0], [0, 0, 0]]})
    assert tc.classify(same, 2).expressivity is E.POSITIVE
    mixed = Allocation(network, {"W2": [[1, 0, 0], [0, 0, 0], [0, 0, 0]], "W3": [[0, 0, 1]]})
    assert tc.classify(mixed, 2).expressivity is E.POSITIVE


def test_what_is_open_says_what_is_known():
    """One input without biases has two rays; whatever lies behind a unit is a multiple of it."""
    network = NF([1, 1, 2, 2], activation="relu")
    allocation = Allocation.spread(network, 5)
    verdict = tc.classify(allocation, 6)
    assert (verdict.expressivity, verdict.limited_by) == (E.UNDECIDED, "instances")
    assert "target dimension is not known: at least 2" in verdict.reason


def test_constant_networks_have_no_regular_teacher():
    network = NF([1, 1, 1, 1], activation="relu")
    dead = Allocation(network, {"W3": [[1]]}, {"W1": [[0]]})
    verdict = tc.classify(dead, 2)
    assert verdict.expressivity is E.UNDECIDED
    assert "no teacher is regular" in verdict.reason


@pytest.mark.parametrize(
    ("network", "learnable", "absent"),
    [
        (NF([2] * 10, activation="hardtanh", bias=True), "W2", "b8"),
        (NR(1, 2, 1, 12, activation="leaky_relu", bias=True), "recurrent", "readout_bias"),
    ],
    ids=["layers", "steps"],
)
def test_absent_biases_where_scales_have_more_than_64_bits(
    network: Any, learnable: str, absent: str
):
    absent_mask = np.zeros(network.weight_shapes[absent])
    verdict = tc.classify(Allocation(network, {learnable: np.eye(2)}, {absent: absent_mask}), 2)
    assert verdict.certificate is not None
    assert tc.check(verdict.certificate)


def test_a_reason_names_what_the_learnables_act_through():
    row = tc.classify(Allocation.rows(NF([2, 3, 3, 2], activation="relu"), {"W3": [1]}), 2)
    assert "all learnables act by output 1; a regular teacher" in row.reason
    narrow = NF([3, 4, 1, 3, 3], activation="relu", bias=True)
    behind = tc.classify(Allocation.layer(narrow, "W1"), 3)
    assert "all learnables act by hidden unit 0 of layer 2; a regular teacher" in behind.reason
    state = Allocation.layer(NR(2, 1, 3, 3, activation="relu", bias=True), "input", "recurrent")
    assert "all learnables act by hidden unit 0 of step 3; a" in tc.classify(state, 2).reason
