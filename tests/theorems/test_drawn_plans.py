"""T13 and T14 of sparse networks and with biases: against exact classes, and carried out."""

from collections import Counter

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.checker.budget import Budget
from theorycheck.checker.plain import product
from theorycheck.checker.systems import times_inverse
from theorycheck.plans.algebra import Algebra, Rationals, Reals
from theorycheck.plans.constants import from_constants, with_constants, without_biases
from theorycheck.plans.execution import carry_out
from theorycheck.plans.reading import plan_of
from theorycheck.plans.states import whole
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems import t13_staged_plans, t14_levels
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding
from theorycheck.theorems.registry import THEOREMS
from theorycheck.verdict import Expressivity

PRIME = 8388593
NO_WAY_OUT = (tc.LinearFeedforward([2, 3, 2]), {"W2": [[1, 1, 0], [0, 0, 1]]})
OTHERS = [theorem for theorem in THEOREMS if theorem.id not in ("T13", "T14")]
NETWORKS = [
    ((2, 3, 2), False, 2, 0.8), ((2, 2, 2), True, 3, 1.0), ((3, 3, 3), False, 3, 0.85),
    ((1, 2, 2, 2), True, 2, 0.9), ((2, 3, 3, 2), False, 2, 0.75), ((3, 3, 2), True, 2, 0.9),
    ((2, 3, 3, 2), True, 3, 1.0),
]  # fmt: skip


def random_allocation(
    widths: tuple[int, ...], bias: bool, samples: int, density: float, factor: float,
    rng: np.random.Generator,
) -> tc.Allocation | None:  # fmt: skip
    """About `factor` d m_e + 1 learnables, or none where too few connections are present."""
    network = tc.LinearFeedforward(widths, bias=bias)
    present = {name: rng.random(shape) < density for name, shape in network.weight_shapes.items()}
    places = [(name, i) for name, mask in present.items() for i in np.argwhere(mask).tolist()]
    number = int(factor * widths[-1] * min(samples, widths[0] + bias)) + 1
    if number > len(places):
        return None
    masks = {name: np.zeros(shape, dtype=bool) for name, shape in network.weight_shapes.items()}
    for place in rng.choice(len(places), number, replace=False):
        name, index = places[place]
        masks[name][tuple(index)] = True
    return tc.Allocation(network, masks, present)


def found_in(allocation: tc.Allocation, samples: int) -> Finding | None:
    analysis = Analysis(allocation, samples)
    return t13_staged_plans.THEOREM.ask(analysis) or t14_levels.THEOREM.ask(analysis)


def misfit(
    finding: Finding, allocation: tc.Allocation, samples: int, algebra: Algebra,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """The largest error of the student that the plan makes of a random draw; inf if none."""
    network, wide = allocation.network, without_biases(allocation)
    present, bias = dict(allocation.masks("present")), network.bias  # type: ignore[attr-defined]

    def drawn(*shape: int):
        if isinstance(algebra, Reals):
            return rng.normal(size=shape)
        return algebra.array(rng.integers(-99, 100, shape))

    def outputs(weights, inputs):
        values = inputs
        for layer in range(1, len(network.widths)):
            values = algebra.product(weights[f"W{layer}"], values)
            values = values + weights[f"b{layer}"][:, None] if bias else values
        return values

    student, teacher = (
        {name: drawn(*shape) * present[name] for name, shape in network.weight_shapes.items()}
        for _ in range(2)
    )
    m = min(samples, network.inputs + bias)
    inputs = drawn(network.inputs, m)
    target = outputs(teacher, inputs)
    rows = np.vstack([inputs, algebra.array(np.ones((1, m), dtype=int))]) if bias else inputs
    plan = plan_of(wide, samples, finding.kind, finding.evidence)
    assert plan is not None
    weights = with_constants(student, len(network.widths) - 1, bias)
    found = carry_out(plan, whole(wide, samples), weights, rows, target, algebra)
    if found is None:
        return float("inf")
    made = from_constants(found, bias)
    for name, mask in allocation.masks("learnable"):
        assert (made[name][~mask] == student[name][~mask]).all()
    rest = outputs(made, inputs) - target
    if isinstance(algebra, Reals):
        return float(np.abs(rest).max() / np.abs(target).max())
    return float((rest != 0).any())  # NumPy 1 gives an entry for any of objects


@pytest.mark.parametrize(("widths", "bias", "samples", "density"), NETWORKS)
def test_t13_and_t14_agree_with_exact_classes_and_match(widths, bias, samples, density):
    """Of what they call maximal nothing is below, and most of each is carried out on a draw."""
    rng, ways = np.random.default_rng(len(widths)), Counter()
    for _ in range(15):
        allocation = random_allocation(widths, bias, samples, density, 1.2, rng)
        finding = None if allocation is None else found_in(allocation, samples)
        if allocation is None or finding is None or finding.kind != "drawn_plan":
            continue
        ways[finding.theorem] += 1
        verdict = tc.classify(allocation, samples, effort=tc.Effort(seconds=0), theorems=OTHERS)
        assert verdict.expressivity in (Expressivity.MAXIMAL, Expressivity.POSITIVE)
        assert misfit(finding, allocation, samples, Reals(), rng) < 1e-6
    assert sum(ways.values()) > 3


def test_t13_matches_exactly_in_rationals():
    rng, exact = np.random.default_rng(3), 0
    for _ in range(12):
        allocation = random_allocation((2, 2, 2), True, 3, 0.95, 1.2, rng)
        analysis = None if allocation is None else Analysis(allocation, 3)
        finding = None if analysis is None else t13_staged_plans.THEOREM.ask(analysis)
        if allocation is not None and finding is not None:
            exact += misfit(finding, allocation, 3, Rationals(), rng) == 0
    assert exact > 4


def test_a_line_of_a_sparse_network_needs_the_rank():
    """W1 has columns of d learnables, but both lead to one output alone."""
    network, present = NO_WAY_OUT
    allocation = tc.Allocation(network, {"W1": [[1, 1], [1, 1], [0, 0]]}, present)
    assert found_in(allocation, 2) is None
    evidence = {"steps": [["column", 0], ["column", 1]], "rest": None}
    shown = certificate_of(allocation, 2, evidence)
    assert not tc.check(shown)
    good = tc.Allocation(network, {"W1": [[1, 1], [0, 0], [1, 1]]}, present)
    assert tc.check(certificate_of(good, 2, evidence))


def certificate_of(allocation: tc.Allocation, samples: int, evidence) -> tc.Certificate:
    return tc.Certificate(
        "drawn_plan", "T13", "maximal", allocation.n_learnable, None, None, 0.0,
        problem_to_dict(allocation, samples), evidence,
    )  # fmt: skip


@pytest.mark.parametrize(
    "evidence",
    [
        {"steps": [], "rest": None},
        {"steps": [["column", 0]], "rest": None},
        {"steps": [["column", 0], ["column", 0]], "rest": None},
        {"steps": [["column", 0], ["column", 1], ["column", 2]], "rest": None},
        {"steps": [["column", 0], ["column", 1]], "rest": {"affine": []}},
        {"steps": [["row", 0], ["row", 1]], "rest": None},
        {"steps": [["first"], ["first"]], "rest": None},
        {"steps": [["middle"]], "rest": None},
        {"steps": [["column", True], ["column", 1]], "rest": None},
        {"steps": [], "rest": {"affine": [[1, 0, 0], [1, 0, 1], [1, 2, 0]]}},
        {"steps": [], "rest": {"affine": [[1, 0, 0], [1, 0, 1], [1, 2, 0], [1, 2, 0]]}},
        {"steps": [], "rest": {"affine": [[1, 0, 0], [1, 0, 1], [1, 2, 0], [2, 0, 0]]}},
        {"steps": [], "rest": {}},
        {"steps": [], "rest": []},
        {"steps": 3, "rest": None},
    ],
)
def test_what_is_no_plan_is_refused(evidence):
    network, present = NO_WAY_OUT
    allocation = tc.Allocation(network, {"W1": [[1, 1], [0, 0], [1, 1]]}, present)
    result = tc.check(certificate_of(allocation, 2, evidence))
    assert not result
    assert result.reason


@pytest.mark.parametrize(
    ("network", "masks", "chosen"),
    [
        (tc.LinearFeedforward([1, 1, 1, 1], bias=True), {"W1": [[1]], "W3": [[1]]},
         [[1, 0, 0], [3, 0, 0]]),
        (tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)},
         [[1, 0, 0], [1, 1, 1], [2, 0, 0], [2, 1, 1]]),
    ],
    ids=["a frozen weight between", "intermediate"],
)  # fmt: skip
def test_two_learnables_on_a_path_are_no_stage(network, masks, chosen):
    """Of full rank, and yet not affine."""
    evidence = {"steps": [], "rest": {"affine": chosen}}
    result = tc.check(certificate_of(tc.Allocation(network, masks), 2, evidence))
    assert not result
    assert "path" in result.reason


def test_biases_are_weights_of_one_more_unit():
    rng = np.random.default_rng(0)
    network = tc.LinearFeedforward([3, 2, 4, 2], bias=True)
    weights = {name: rng.normal(size=shape) for name, shape in network.weight_shapes.items()}
    inputs = rng.normal(size=(3, 5))
    values, wide = inputs, np.vstack([inputs, np.ones((1, 5))])
    for layer, matrix in with_constants(weights, 3, bias=True).items():
        values = weights[f"W{layer}"] @ values + weights[f"b{layer}"][:, None]
        wide = matrix @ wide
    np.testing.assert_allclose(values, wide)
    again = from_constants(with_constants(weights, 3, bias=True), bias=True)
    assert all((again[name] == weight).all() for name, weight in weights.items())
    full = without_biases(tc.Allocation.full(network))
    assert full.network.widths == (4, 3, 5, 2)
    assert full.n_learnable == network.n_weights
    assert full.n_present == network.n_weights + 2


def test_construct_carries_out_a_plan_with_biases():
    masks = {"W1": [[1, 0], [0, 0]], "b1": [0, 1], "W2": [[1, 1], [0, 1]], "b2": [1, 1]}
    allocation = tc.Allocation(tc.LinearFeedforward([2, 2, 2], bias=True), masks)
    made = tc.construct(allocation, 3, rational=True)
    assert made.is_match
    assert made.theorem == "T13"


@pytest.mark.parametrize("n", [1, 2, 5])
def test_inverses_of_the_checker(n):
    rng = np.random.default_rng(n)
    left, square = (rng.integers(PRIME, size=(k, n)).tolist() for k in (3, n))
    found = times_inverse(left, square, PRIME, Budget.of(10**6))
    assert found is not None
    assert product(found, square, PRIME) == left
    square[0] = square[-1] if n > 1 else [0]
    assert times_inverse(left, square, PRIME, Budget.of(10**6)) is None


def test_a_sparse_network_with_an_intermediate_block_is_not_maximal():
    """Outputs 0 and 1 are those of the block 2-2-2-2 alone, which is intermediate (T7)."""
    blocks = np.kron(np.eye(2, dtype=int), np.ones((2, 2), int))
    whole = tc.Allocation(
        tc.LinearFeedforward([4, 4, 4, 3]),
        {
            "W1": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 1]],
            "W2": [[0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]],
            "W3": [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]],
        },
        {"W1": blocks, "W2": blocks, "W3": blocks[:3]},
    )
    block = tc.Allocation(
        tc.LinearFeedforward([2, 2, 2, 2]),
        {name: whole.mask(name)[:2, :2] for name in ("W1", "W2", "W3")},
    )
    assert tc.classify(block, 2).expressivity == "intermediate"
    assert tc.classify(whole, 2, cross_check=True).expressivity in ("positive", "intermediate")


def test_every_theorem_is_asked_where_peeling_leaves_nothing():
    network = tc.LinearFeedforward([1, 1, 1, 1], bias=True)
    allocation = tc.Allocation(network, {"W1": [[1]], "b1": [1], "W2": [[1]], "b3": [1]})
    assert tc.classify(allocation, 2, cross_check=True).expressivity == "maximal"
