"""Degrees and witnesses: derivatives, blocks, bounds, monodromy, and what they decide (T6, T7)."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import WORK_ONLY, allocations, linear_networks, samples, seeds
from tests.trichotomy import FAMILIES, examine
from theorycheck.computing.effort import DEFAULT_EFFORT, Effort
from theorycheck.computing.options import Options
from theorycheck.degrees import degree as degree_module
from theorycheck.degrees.bezout import bezout_bound
from theorycheck.degrees.certify import certified_boxes
from theorycheck.degrees.counting import Count, Counted
from theorycheck.degrees.degree import Degree, Open, _is_closed_under_conjugation, degree_of
from theorycheck.degrees.draws import SCALE, Draws, RationalInstances
from theorycheck.degrees.elimination import degree_by_elimination
from theorycheck.degrees.evidence import block_evidence
from theorycheck.degrees.solving import Solving
from theorycheck.degrees.system import SquareSystem
from theorycheck.degrees.witness import _solved, certified_instance, witness
from theorycheck.numeric import tracking
from theorycheck.numeric.forward import ForwardPass
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding, Theorem
from theorycheck.theorems.evidence import full_rank_evidence

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("sympy_in_this_process")]

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
DIAGONALS = tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
ROW = tc.Allocation.rows(LR(1, 2, 1, 4), {"recurrent": [0]})
EVEN_ROW = tc.Allocation.rows(LR(1, 2, 1, 5), {"recurrent": [0]})
CUBIC = tc.Allocation.layer(LR(1, 1, 1, 4), "recurrent")
QUICK = replace(WORK_ONLY, degree=30, unknowns=8, instances=100)


def solving_of(allocation: tc.Allocation, m: int, effort: Effort = DEFAULT_EFFORT) -> Solving:
    solving = Analysis(allocation, m, Options(effort=effort)).solving
    assert solving is not None
    return solving


def degree_of_whole(allocation: tc.Allocation, m: int, effort: Effort = DEFAULT_EFFORT) -> Any:
    return degree_of(solving_of(allocation, m).system, 0, effort, effort.start())


# Derivatives


def naive_outputs(network: Any, weights: dict[str, Any], inputs: Any) -> Any:
    """All outputs from the definition, in the order of the equations."""
    if isinstance(network, FF):
        value, constant = inputs[: network.inputs], inputs[network.inputs :]
        for layer in range(1, network.depth + 1):
            value = weights[f"W{layer}"] @ value
            if network.bias:
                value = value + np.outer(weights[f"b{layer}"], constant)
        return value.ravel()
    state, outputs = np.zeros((network.hidden, inputs.shape[2])), []
    for step in inputs:
        state = weights["recurrent"] @ state + weights["input"] @ step
        outputs.append((weights["readout"] @ state).ravel())
    return np.concatenate(outputs) if network.readout == "all" else outputs[-1]


@st.composite
def points(draw):
    """A sparse allocation with learnables, its weights and inputs, and some of the equations."""
    allocation, m = draw(allocations(linear_networks)), draw(samples)
    assume(allocation.n_learnable)
    rng, network = np.random.default_rng(draw(seeds)), allocation.network
    weights = {
        name: rng.normal(size=(1, *shape)) * allocation.present_mask(name)
        for name, shape in network.weight_shapes.items()
    }
    if isinstance(network, FF):
        inputs = rng.normal(size=(1, network.inputs + network.bias, m))
        inputs[:, network.inputs :] = 1
    else:
        inputs = rng.normal(size=(1, network.steps, network.inputs, m))
    count = len(naive_outputs(network, {k: w[0] for k, w in weights.items()}, inputs[0]))
    chosen = np.sort(rng.choice(count, int(rng.integers(1, count + 1)), replace=False))
    numbers = range(allocation.n_learnable)
    entries = SquareSystem(allocation, m, (), tuple(numbers)).entries
    return (
        ForwardPass(network, m, entries, chosen.tolist()),
        network,
        entries,
        weights,
        inputs,
        chosen,
    )


@given(points())
def test_forward_passes_are_those_of_the_definition(point):
    forward, network, _, weights, inputs, chosen = point
    single = {name: weight[0] for name, weight in weights.items()}
    expected = naive_outputs(network, single, inputs[0])[chosen]
    np.testing.assert_allclose(forward.values(weights, inputs)[0], expected, atol=1e-12)
    np.testing.assert_allclose(forward.jacobian(weights, inputs)[0][0], expected, atol=1e-12)


@given(points())
def test_jacobians_equal_complex_steps(point):
    forward, _, entries, weights, inputs, _ = point
    _, jacobian = forward.jacobian(weights, inputs)
    for column, (name, index) in enumerate(entries):
        moved = {key: value.astype(complex) for key, value in weights.items()}
        moved[name][(0, *index)] += 1e-20j
        slope = forward.values(moved, inputs)[0].imag / 1e-20
        np.testing.assert_allclose(jacobian[0, :, column], slope, rtol=1e-9, atol=1e-12)


@given(points(), seeds)
def test_tangents_equal_complex_steps(point, seed):
    forward, network, _, weights, inputs, _ = point
    rng = np.random.default_rng(seed)
    d_weights = {name: rng.normal(size=value.shape) for name, value in weights.items()}
    d_inputs = rng.normal(size=inputs.shape)
    if isinstance(network, FF):
        d_inputs[:, network.inputs :] = 0  # the constant stays
    moved = {name: value + 1e-20j * d_weights[name] for name, value in weights.items()}
    slope = forward.values(moved, inputs + 1e-20j * d_inputs).imag / 1e-20
    tangent = forward.tangent(weights, inputs, d_weights, d_inputs)
    np.testing.assert_allclose(tangent, slope, rtol=1e-9, atol=1e-12)


@given(points(), seeds)
def test_batches_are_done_one_by_one_and_cells_replaced(point, seed):
    forward, _, entries, weights, inputs, _ = point
    theta = np.random.default_rng(seed).normal(size=(3, len(entries)))
    repeated = {name: np.repeat(value, 3, axis=0) for name, value in weights.items()}
    many = forward.with_entries(repeated, theta)
    values, jacobian = forward.jacobian(many, np.repeat(inputs, 3, axis=0))
    for row in range(3):
        one = forward.with_entries(weights, theta[row : row + 1])
        assert [one[name][(0, *index)] for name, index in entries] == theta[row].tolist()
        alone = forward.jacobian(one, inputs)
        np.testing.assert_allclose(values[row], alone[0][0], atol=1e-12)
        np.testing.assert_allclose(jacobian[row], alone[1][0], atol=1e-12)


# Blocks


def can_be_split(support: np.ndarray) -> bool:
    """Whether k < n of the equations depend on k unknowns only: by trying all."""
    n = len(support)
    return any(
        support[list(rows)].any(axis=0).sum() == size
        for size in range(1, n)
        for rows in combinations(range(n), size)
    )


@given(st.integers(1, 7), st.floats(0, 0.6), seeds)
def test_blocks_are_solved_in_order_and_cannot_be_split(n, density, seed):
    rng = np.random.default_rng(seed)
    support = (rng.random((n, n)) < density) | np.eye(n, dtype=bool)[rng.permutation(n)]
    system = SquareSystem(DIAGONALS, 2, tuple(range(n)), tuple(range(n)))
    blocks = system.blocks(support)
    assert sorted(e for block in blocks for e in block.equations) == list(range(n))
    assert sorted(u for block in blocks for u in block.unknowns) == list(range(n))
    known: set[int] = set()
    for block in blocks:
        known |= set(block.unknowns)
        used = set(np.flatnonzero(support[list(block.equations)].any(axis=0)).tolist())
        assert used <= known
        assert not can_be_split(support[np.ix_(block.equations, block.unknowns)])
        whole = block.with_ancestors(blocks, support)
        used = set(np.flatnonzero(support[list(whole.equations)].any(axis=0)).tolist())
        assert used == set(whole.unknowns) >= set(block.unknowns)
        assert len(whole.equations) == len(whole.unknowns)


# Bounds


@pytest.mark.parametrize(
    ("allocation", "m", "bound"),
    [
        (DIAGONALS, 2, 2),
        (CUBIC, 1, 3),
        (ROW, 2, 9),
        (tc.Allocation.layer(FF([2, 2]), "W1"), 2, 1),
        (tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)}), 2, 9),
    ],
)
def test_known_bezout_bounds(allocation, m, bound):
    numbers = tuple(range(allocation.n_learnable))
    assert bezout_bound(SquareSystem(allocation, m, numbers, numbers)).value == bound


def random_critical(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """At critical budget of a small network of any linear kind, sometimes sparse."""
    if rng.random() < 0.4:
        hidden, steps = int(rng.integers(1, 3)), int(rng.integers(2, 5))
        readout = "all" if rng.random() < 0.3 else "final"
        network: Any = LR(1, hidden, int(rng.integers(1, 3)), steps, readout)
    else:
        widths = [(2, 2, 2), (1, 2, 2), (2, 3, 1), (1, 2, 2, 1), (2, 1, 2), (2, 2, 2, 1)]
        network = FF(widths[rng.integers(len(widths))], bias=bool(rng.random() < 0.2))
    m = int(rng.integers(1, 4))
    present = None
    if rng.random() < 0.3:
        shapes = network.weight_shapes.items()
        present = {name: rng.random(shape) < 0.8 for name, shape in shapes}
    frame = tc.Allocation.none(network, present)
    target = Analysis(frame, m).target.value
    return tc.Allocation.random(network, target, rng, present=present), m


def random_system(rng: np.random.Generator) -> SquareSystem:
    while True:
        allocation, m = random_critical(rng)
        solving = Analysis(allocation, m).solving if allocation.n_learnable else None
        if solving is not None and len(solving.system.unknowns) <= 5:
            return solving.system


def test_t6_bezout_bounds_hold_and_blocks_multiply():
    """Exact elimination neither exceeds a bound nor disagrees with the blocks' product."""
    rng = np.random.default_rng(0)
    met = below = split = 0
    for _ in range(30):
        system = random_system(rng)
        exact = degree_by_elimination(system, draws=1)
        assert exact is not None
        bound = bezout_bound(system).value
        assert exact.degree <= bound
        met, below = met + (exact.degree == bound), below + (exact.degree < bound)
        solving = solving_of(system.allocation, system.samples)
        if len(solving.blocks) > 1:
            split += 1
            parts = [degree_by_elimination(block, draws=1) for block in solving.blocks]
            assert np.prod([part.degree for part in parts if part]) == exact.degree
    assert min(met, below, split) >= 5


# Degrees


COUNTS = {"222": 8, "2222": 4, "242": 4, "333": 3, "lrnn-recurrent": 2, "lrnn-all": 3}


@pytest.mark.parametrize("name", COUNTS)
def test_degrees_are_those_of_elimination(name):
    """A sample; `python -m tests.trichotomy --msolve --count 200` has more."""
    family = FAMILIES[name]
    compared, n_systems = 0, 0
    for allocation in family.draw(np.random.default_rng(0), COUNTS[name]):
        problem = problem_to_dict(allocation, family.samples)
        row = examine(problem, Effort(instances=0), exactly=True)
        assert not row.wrong
        compared, n_systems = compared + row.compared, n_systems + len(row.proofs)
    assert compared == n_systems
    assert compared or name in ("333", "242")


def test_lost_paths_are_told_and_give_no_degree(monkeypatch):
    monkeypatch.setattr(tracking, "_MOST_STEPS", 3)
    monkeypatch.setattr(degree_module, "degree_by_elimination", lambda *_, **__: None)
    diagonal = tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)})
    found = degree_of_whole(diagonal, 2)
    assert isinstance(found, Open)
    n_lost = int(found.reason.split("lost ")[1].split()[0])
    assert n_lost > 100
    verdict = tc.classify(diagonal, 2)
    assert (verdict.expressivity, verdict.degree) == ("positive", None)
    assert f"lost {n_lost} paths" in verdict.reason


def test_elimination_takes_over_where_paths_are_lost(monkeypatch):
    monkeypatch.setattr(tracking, "_MOST_STEPS", 3)
    found = degree_of_whole(tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)}), 2)
    assert isinstance(found, Degree)
    assert (found.value, found.by["by"], found.search) == (6, "elimination", None)


def test_an_elimination_that_proves_next_to_nothing_gives_no_degree(monkeypatch):
    monkeypatch.setattr(tracking, "_MOST_STEPS", 3)
    weak = Counted("elimination", 6, 0.4, (Count(6, 4194319, "sympy", 0, 0),))
    monkeypatch.setattr(degree_module, "degree_by_elimination", lambda *_, **__: weak)
    found = degree_of_whole(tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)}), 2)
    assert isinstance(found, Open)
    assert "4.0e-01" in found.reason


def test_a_missing_conjugate_is_noticed():
    degree = degree_of_whole(tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)}), 2)
    assert (degree.value, degree.by["by"]) == (6, "monodromy")
    draws = Draws(degree.system)
    assert _is_closed_under_conjugation(draws, degree.search, 0)
    for left_out in range(6):
        fewer = np.delete(degree.search.solutions, left_out, axis=0)
        search = replace(degree.search, solutions=fewer)
        assert not _is_closed_under_conjugation(draws, search, 0)


@pytest.mark.parametrize(("allocation", "m"), [(DIAGONALS, 2), (ROW, 2), (CUBIC, 1)])
def test_one_seed_gives_one_verdict(allocation, m):
    def verdict(seed: int) -> dict[str, Any]:
        result = tc.classify(allocation, m, seed=seed).to_dict()
        return {key: value for key, value in result.items() if key != "seconds"}

    one, again, other = verdict(3), verdict(3), verdict(4)
    assert one == again
    assert other["certificate"]["digest"] != one["certificate"]["digest"]
    assert (other["expressivity"], other["degree"]) == (one["expressivity"], one["degree"])


# What they decide


def escaped(n: int) -> RationalInstances:
    """x = (0, 1, 1, 0), D = B = 1, y = -5: w^2 + w + 5 = 0, where generic instances are cubic."""

    def repeated(*values: int) -> Any:
        return np.tile(np.array(values).reshape(1, -1, 1), (n, 1, 1))

    student = {"input": repeated(SCALE), "recurrent": repeated(0), "readout": repeated(SCALE)}
    teacher = {
        "input": repeated(SCALE),
        "recurrent": repeated(SCALE),
        "readout": repeated(-5 * SCALE // 2),
    }
    inputs = repeated(0, SCALE, SCALE, 0).reshape(n, 4, 1, 1)
    return RationalInstances(student, teacher, inputs)


def test_t7_trap_of_escaped_solutions(monkeypatch):
    """Two non-real solutions and one at infinity are no witness: degree 3 is odd, so maximal."""
    for seed in range(5):
        verdict = tc.classify(CUBIC, 1, seed=seed)
        assert (verdict.expressivity, verdict.theorem, verdict.degree) == ("maximal", "T6", 3)
    degree = degree_of_whole(CUBIC, 1)
    draws = Draws(degree.system)
    w = np.array([[(-1 + np.sqrt(19) * 1j) / 2], [(-1 - np.sqrt(19) * 1j) / 2]])
    residual, _ = draws.equations.residual(w, draws.as_floats(escaped(2)))
    assert abs(residual).max() < 1e-12  # the instance is the one it should be
    boxes = certified_boxes(draws, escaped(1), w)
    assert boxes is not None
    assert boxes.all_non_real
    for third in (w[0], w[0] + 1, np.array([1e9])):
        assert certified_boxes(draws, escaped(1), np.vstack([w, third])) is None
    clock = DEFAULT_EFFORT.start()
    tried = _solved(degree, draws, escaped(4), np.random.default_rng(0), clock, non_real=True)
    assert not tried.is_whole.any()
    monkeypatch.setattr(Draws, "rational", lambda self, rng, count: escaped(count))
    effort = Effort(instances=20)
    found = witness(degree, 0, effort, effort.start())
    assert isinstance(found, Open)
    assert "were not solved completely" in found.reason


def test_t7_does_not_decide_by_an_even_degree_alone():
    verdict = tc.classify(EVEN_ROW, 2, effort=Effort(instances=200))
    assert (verdict.expressivity, verdict.degree) == ("positive", 6)
    assert "the degree 6 is even, which decides nothing (no witness among 200" in verdict.reason
    assert verdict.match_probability == (0, 1)
    assert tc.check(verdict.certificate)  # type: ignore[arg-type]


def planted(analysis: Analysis) -> Finding | None:
    """The wrong theorem: an even degree means intermediate. Its witness is any instance."""
    solving = analysis.solving
    if solving is None or solving.known is None or (solving.degree or 1) % 2:
        return None
    (degree,) = solving.known
    some = certified_instance(degree, 0, DEFAULT_EFFORT, DEFAULT_EFFORT.start())
    assert not isinstance(some, Open)
    evidence = {"block": block_evidence(degree, some), **full_rank_evidence(analysis)}
    return Finding(
        "T7",
        tc.Expressivity.INTERMEDIATE,
        "the degree is even",
        "witness",
        evidence,
        analysis.rank.value,
        analysis.target.value,
        degree=solving.degree,
        error_bound=degree.error_bound,
    )


def test_t7_planted_even_means_intermediate_is_caught():
    wrong = Theorem("T7", lambda _: None, planted)
    verdict = tc.classify(EVEN_ROW, 2, theorems=[wrong], effort=Effort(instances=0))
    assert (verdict.expressivity, verdict.degree) == ("intermediate", 6)
    result = tc.check(verdict.certificate)  # type: ignore[arg-type]
    assert not result
    assert "may hold a real solution" in result.reason
    # A theorem that is right contradicts it as soon as another one knows the class.
    right = Theorem("T6", lambda _: None, lambda _: replace(
        planted(Analysis(EVEN_ROW, 2)), theorem="T6", expressivity=tc.Expressivity.MAXIMAL  # type: ignore[type-var]
    ))  # fmt: skip
    with pytest.raises(tc.ContradictionError):
        tc.classify(EVEN_ROW, 2, theorems=[right, wrong], cross_check=True)


@pytest.mark.parametrize(
    ("effort", "words"),
    [
        (Effort(seconds=0), "no degree was sought"),
        (Effort(degree=1), "there are more than 1 solutions, the limit"),
        (Effort(unknowns=1), "2 unknowns exceed the limit of 1"),
        (Effort(degree=0), "no degree was sought, in an effort of degree 0"),
    ],
)
def test_limits_of_effort_leave_the_verdict_positive_and_are_named(effort, words):
    verdict = tc.classify(ROW, 2, effort=effort)
    assert (verdict.expressivity, verdict.degree) == ("positive", None)
    assert words in verdict.reason
    assert verdict.limited_by == ("degree" if effort.seconds else "seconds")


def test_without_instances_an_even_degree_stays_open():
    verdict = tc.classify(DIAGONALS, 2, effort=Effort(instances=0))
    assert (verdict.expressivity, verdict.degree) == ("positive", 2)
    assert "no witness among 0 instances" in verdict.reason


@pytest.mark.parametrize(
    "limits",
    [
        {"seconds": -1}, {"seconds": "x"}, {"seconds": float("nan")}, {"degree": 1.5},
        {"degree": True}, {"unknowns": -2}, {"instances": None}, {"bases": "8"},
    ],
)  # fmt: skip
def test_bad_efforts_are_refused(limits):
    with pytest.raises(tc.InputError, match=f"^effort: {next(iter(limits))} must be"):
        Effort(**limits)


def test_progress_is_reported():
    steps: list[str] = []
    tc.classify(DIAGONALS, 2, progress=lambda now: steps.append(str(now)))
    assert steps[0] == "T3: Rows"
    assert any("solutions of at most 2" in step for step in steps)
    assert any("instances, degree 2" in step for step in steps)


@pytest.mark.parametrize("weights", ["recurrent", "readout"])
def test_t0_a_basis_of_odd_degree_decides_over_budget(weights):
    network = LR(1, 2, 1, 4)
    masks = {"recurrent": [[0, 0], [1, 1]], weights: [[0, 1]]}
    masks |= {"recurrent": [[1, 1], [0, 1]]} if weights == "recurrent" else {}
    allocation = tc.Allocation(network, masks)
    without = tc.classify(allocation, 2, effort=Effort(bases=0))
    assert without.expressivity == "positive"
    assert "no basis" in without.reason
    verdict = tc.classify(allocation, 2)
    certificate = verdict.certificate
    assert (verdict.expressivity, verdict.theorem) == ("maximal", "T0")
    assert certificate is not None
    assert certificate.evidence["certificate"]["kind"] == "odd_degree"
    assert tc.check(certificate)


@settings(max_examples=40)
@given(seeds)
def test_t6_and_t7_never_contradict_other_theorems(seed):
    allocation, m = random_critical(np.random.default_rng(seed))
    verdict = tc.classify(allocation, m, cross_check=True, effort=QUICK)
    certificate = verdict.certificate
    assert certificate is not None
    result = tc.check(json.loads(json.dumps(certificate.to_dict())))
    assert result, result.reason
    assert result.given == ()
    assert result.error_bound <= verdict.error_bound * (1 + 1e-6)  # the checker's own trials reach
    if verdict.expressivity == "intermediate":
        assert verdict.degree is None or verdict.degree % 2 == 0
