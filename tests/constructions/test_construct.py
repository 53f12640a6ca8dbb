"""Constructed students match their teachers, as the definition of the network itself says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.problem.test_unrolled import DIRECT
from theorycheck import strategies
from theorycheck.constructions.recipes import RECIPES
from theorycheck.theorems.registry import THEOREMS

FF, LR = tc.LinearFeedforward, tc.LinearRecurrent
EVERY_MAXIMAL = ("T0", "T2", "T3", "T4", "T5", "T9")  # their proofs of maximality are constructions


def outputs(network: Any, weights: Any, made: tc.Construction) -> np.ndarray:
    """By the definition of the network in NumPy, over floats or fractions: (rows, samples)."""
    x = np.moveaxis(made.inputs, 0, -1)
    return DIRECT[network.kind](network, dict(weights), x)


def check(made: tc.Construction) -> None:
    """It matches the teacher, has its frozen weights, and says so."""
    assert made.is_match
    network = made.allocation.network
    assert made.teacher is not None
    found, wanted = (outputs(network, w, made) for w in (made.weights, made.teacher))
    if made.is_exact:
        values = [x for weight in made.weights.values() for x in weight.flat]
        assert all(isinstance(x, Fraction) for x in values)
        assert (found == wanted).all()
        assert made.residual == 0
    else:
        assert abs(found - wanted).max() < 1e-6 * (abs(wanted).max() or 1)
    for name, mask in made.allocation.masks("present"):
        assert not made.weights[name][~mask].any()
        assert not made.teacher[name][~mask].any()


@settings(max_examples=60)
@given(strategies.problems(), strategies.seeds(), st.booleans())
def test_every_proof_of_the_linear_theorems_is_executed(problem: Any, seed: int, rational: bool):
    verdict = tc.classify(*problem, seed=seed, effort=tc.Effort(degree=0))
    is_maximal = verdict.expressivity is tc.Expressivity.MAXIMAL
    try:
        made = tc.construct(*problem, seed=seed, rational=rational)
    except tc.InputError:
        made = None
    if made is None:
        assert not (is_maximal and verdict.theorem in EVERY_MAXIMAL)
        return
    assert is_maximal
    event(made.theorem)
    check(made)


@settings(max_examples=25)
@given(
    st.one_of(strategies.crosses_problems(), strategies.columns_problems()),
    strategies.seeds(),
    st.booleans(),
)
def test_peeled_and_single_layers_are_fitted(problem: Any, seed: int, rational: bool):
    try:
        made = tc.construct(*problem, seed=seed, rational=rational)
    except tc.InputError:
        return
    event(made.theorem)
    check(made)


def staircase(n: int) -> dict[str, np.ndarray]:
    """Masks of which peeling deletes an output, then an input, and so on until nothing is left."""
    first, last = np.zeros((n, n), dtype=int), np.zeros((n, n), dtype=int)
    rng = np.random.default_rng(n)
    for k in range(n):
        last[k, rng.permutation(n)[: n - k]] = 1
        first[rng.permutation(n)[: n - k - 1], k] = 1
    return {"W1": first, "W2": last}


LOWEST = [[0, 0, 0], [0, 0, 0], [1, 1, 1]]

Chain = tuple[tc.Allocation, int, int]


def chain(network: Any, masks: dict[str, Any], samples: int, steps: int) -> Chain:
    """Masks of ones may be given as 1."""
    shapes = network.weight_shapes
    whole = {name: np.broadcast_to(mask, shapes[name]) for name, mask in masks.items()}
    return tc.Allocation(network, whole), samples, steps


# A problem for each chain of theorems, with the number of the steps that its proof has.
CHAINS: dict[str, Chain] = {
    "T0 full": (tc.Allocation.full(LR(2, 3, 2, 3)), 5, 1),
    "T0 T2": chain(LR(2, 3, 3, 4), {"input": 1, "recurrent": LOWEST}, 2, 2),
    "T0 T6": chain(
        FF([3, 1, 2], bias=True), {"W1": [[1, 1, 0]], "b1": 1, "W2": 1, "b2": [0, 1]}, 3, 3
    ),
    "T13 biases": chain(
        FF([1, 3, 3, 1], bias=True), {"b1": [0, 1, 1], "b2": [0, 0, 1], "W3": [[0, 0, 1]]}, 2, 1
    ),
    "T2": chain(LR(1, 3, 1, 3, readout="all"), {"input": 1}, 2, 1),
    "T3": chain(FF([3, 4, 2]), {"W2": 1}, 9, 1),
    "T4": chain(FF([3, 4, 2]), {"W1": 1}, 2, 1),
    "T4 biases": chain(FF([1, 3, 2], bias=True), {"W2": 1, "b2": [1, 0]}, 2, 1),
    "T5 recurrent": chain(LR(2, 3, 2, 2), {"recurrent": 1}, 2, 1),
    "T9": (tc.Allocation(FF([6, 6, 6]), staircase(6)), 6, 11),
    "T9 T4": chain(FF([4, 4, 3]), {"W1": np.eye(4), "W2": [[0] * 4, [1, 1, 0, 0], [0] * 4]}, 2, 2),
    "T13": chain(
        FF([3, 3, 3, 3]),
        {
            "W1": [[1, 1, 1], [0, 0, 1], [1, 0, 0]],
            "W2": [[0, 0, 0], [1, 0, 1], [1, 1, 1]],
            "W3": [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
        },
        3,
        1,
    ),
    "T6 triangular": chain(FF([1, 1, 1, 1], bias=True), {"W1": 1, "W3": 1}, 3, 1),
    "T6 rows": chain(FF([2, 1, 2], bias=True), {"W1": 1, "W2": [[1], [0]], "b2": [1, 0]}, 2, 2),
    "T6 columns": (
        tc.Allocation(
            FF([3, 2, 2]),
            {"W1": [[0, 0, 1], [1, 0, 1]], "W2": np.eye(2)},
            {"W1": [[0, 1, 1], [1, 1, 1]], "W2": [[1, 0], [1, 1]]},
        ),
        3,
        3,
    ),
    "T9 bottleneck": chain(
        FF([3, 1, 2, 3]), {"W1": [[0, 1, 1]], "W3": [[0, 1], [1, 0], [1, 0]]}, 3, 5
    ),
    "T13 bottleneck": chain(FF([2, 2, 1, 2]), {"W2": 1, "W3": 1}, 2, 1),
}


@pytest.mark.parametrize("rational", [False, True])
@pytest.mark.parametrize("chain", CHAINS)
def test_every_chain_of_theorems_is_executed(chain: str, rational: bool):
    allocation, samples, steps = CHAINS[chain]
    names = [word for word in chain.split() if word.startswith("T")]
    made = tc.construct(allocation, samples, rational=rational, seed=3)
    assert made.verdict.certificate is not None
    assert made.theorem == names[0]
    if names[1:]:
        assert made.verdict.certificate.evidence["certificate"]["theorem"] == names[1]
    assert len(made.steps) == steps
    check(made)


def test_recipes_are_of_theorems_that_there_are():
    ids = [theorem.id for theorem in THEOREMS]
    assert RECIPES.keys() <= {*ids}
    assert {words.split()[0] for words in CHAINS} | {
        "T12",
        "T14",
        "T15",
        "T16",
        "T18",
    } == RECIPES.keys()


def test_levels_are_carried_out_in_floats():
    masks = {
        "W1": [[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1], [1, 1, 1, 1]],
        "W2": [[1, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0]],
    }
    allocation = tc.Allocation(FF([4, 4, 4]), masks)
    made = tc.construct(allocation, 4)
    assert made.theorem == "T14"
    check(made)
    with pytest.raises(tc.InputError, match=r"at infinity.*leave rational out"):
        tc.construct(allocation, 4, rational=True)


DIAGONAL, CORNER = [[1, 0], [0, 1]], [[1, 0], [0, 0]]


@pytest.mark.parametrize("corner", [1, 3])
def test_deep_levels_are_carried_out_in_floats(corner: int):
    """By columns, and by rows; five learnables, every four of which have two solutions."""
    masks = {f"W{k}": CORNER if k == corner else DIAGONAL for k in (1, 2, 3)}
    allocation = tc.Allocation(FF([2, 2, 2, 2]), masks)
    made = tc.construct(allocation, 2)
    assert made.theorem == "T16"
    assert "after the layers behind or before them" in made.steps[0]
    for seed in range(10):
        frozen = tc.construct(allocation, 2, certificate=made.verdict, seed=seed).weights
        again = tc.construct(allocation, 2, certificate=made.verdict, seed=seed + 20, frozen=frozen)
        check(again)
        for name, mask in allocation.masks("learnable"):
            assert np.array_equal(frozen[name][~mask], again.weights[name][~mask])
    with pytest.raises(tc.InputError, match=r"at infinity.*leave rational out"):
        tc.construct(allocation, 2, certificate=made.verdict, rational=True)


# Recurrent networks: masks learnable and present, samples, steps; whether an exact answer exists.
GRADED: dict[str, tuple[tc.Allocation, int, int, bool]] = {
    "read at the end": (
        tc.Allocation(LR(2, 2, 1, 3), {"input": [[0, 0], [1, 0]], "recurrent": [[1, 1], [1, 0]]}),
        2,
        1,
        False,
    ),
    "read at every step, more samples than inputs": (
        tc.Allocation(
            LR(1, 4, 2, 3, "all"),
            {
                "input": [[1]] * 4,
                "recurrent": [[0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 1]],
                "readout": [[0, 0, 1, 1], [0, 1, 0, 0]],
            },
        ),
        3,
        1,
        False,
    ),
    "an output is fitted afterwards": (
        tc.Allocation(
            LR(2, 3, 2, 2, "all"),
            {
                "input": [[0, 0], [0, 1], [0, 0]],
                "recurrent": [[1, 1, 1], [1, 1, 0], [1, 1, 1]],
                "readout": [[0, 1, 1], [1, 0, 0]],
            },
            {"input": [[1, 1], [1, 1], [0, 0]], "readout": [[0, 1, 1], [1, 1, 1]]},
        ),
        1,
        2,
        False,
    ),
    "nothing grows": (
        tc.Allocation(
            LR(1, 3, 2, 3),
            {
                "input": [[1], [0], [1]],
                "recurrent": [[1, 1, 1], [0, 1, 0], [0, 1, 1]],
                "readout": [[0, 0, 0], [1, 1, 0]],
            },
            {"recurrent": [[1, 1, 1], [0, 1, 0], [0, 1, 1]], "readout": [[1, 0, 1], [1, 1, 1]]},
        ),
        2,
        2,
        True,
    ),
}


@pytest.mark.parametrize("problem", GRADED)
def test_graded_points_are_followed_in_floats(problem: str):
    allocation, samples, steps, is_affine = GRADED[problem]
    for seed in range(3):
        check(tc.construct(allocation, samples, seed=seed))
    made = tc.construct(allocation, samples, seed=3)
    assert made.theorem == "T15"
    assert len(made.steps) == steps
    check(made)
    again = tc.construct(allocation, samples, inputs=made.inputs, outputs=made.outputs)
    assert again.is_match
    if is_affine:
        check(tc.construct(allocation, samples, rational=True))
        return
    with pytest.raises(tc.InputError, match=r"at infinity.*leave rational out"):
        tc.construct(allocation, samples, rational=True)


def test_special_inputs_of_a_graded_point_are_refused():
    allocation, samples, _, _ = GRADED["read at the end"]
    points = np.ones((samples, 3, 2))
    points[1, 2] = 2
    with pytest.raises(tc.InputError, match="inputs are not generic"):
        tc.construct(allocation, samples, inputs=points)


@pytest.mark.long
def test_a_larger_recurrent_network_is_matched_too():
    network = tc.LinearRecurrent(4, 32, 4, 6)
    allocation = tc.Allocation.random(network, 160, np.random.default_rng(0))
    made = tc.construct(allocation, 16)
    assert made.theorem == "T15"
    check(made)


# Nonlinear networks: the readout


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (tc.Feedforward([2, 6, 3], activation="tanh", bias=True), ("W2", "b2")),
        (tc.Feedforward([2, 5, 5, 1], activation="silu", skip=True), ("W3",)),
        (tc.Recurrent(2, 6, 2, 3, activation="erf", bias=True), ("readout", "readout_bias")),
        (tc.Convolutional([1, 6], [{"channels": 2, "kernel": 3}], 2, activation="tanh"), ("W2",)),
    ],
)
def test_the_readout_of_nonlinear_networks_is_solved(network: Any, names: tuple[str, ...]):
    shapes = network.weight_shapes
    allocation = tc.Allocation(network, {name: np.ones(shapes[name]) for name in names})
    made = tc.construct(allocation, 4, seed=1)
    assert made.theorem == "T12"
    check(made)
    points = made.inputs.reshape(4, -1) if network.is_recurrent else made.inputs
    again = tc.construct(
        allocation, 4, inputs=made.inputs, outputs=made.outputs, frozen=made.weights, seed=9
    )
    assert points.shape[1] == network.inputs * network.steps
    assert again.residual < 1e-12


@pytest.mark.parametrize("readout", ["final", "all"])
def test_polynomials_are_exact(readout: Any):
    network = tc.Recurrent(1, 5, 1, 2, readout, activation="cube", bias=True)
    allocation = tc.Allocation(network, {"readout": np.ones((1, 5)), "readout_bias": [1]})
    check(tc.construct(allocation, 2, rational=True))
    network = tc.Feedforward([2, 5, 2], activation="square", bias=True)
    check(tc.construct(tc.Allocation.layer(network, "W2"), 3, rational=True))


# Data that are given


def test_given_data_are_kept_and_the_rest_does_not_depend_on_them():
    allocation = tc.Allocation.rows(FF([3, 4, 2]), {"W2": [0, 1]})
    drawn = tc.construct(allocation, 3, seed=5)
    assert drawn.drawn == ("teacher", "frozen weights", "inputs")
    assert drawn.teacher is not None
    same = tc.construct(allocation, 3, seed=5, teacher=drawn.teacher)
    assert same.drawn == ("frozen weights", "inputs")
    for name, weight in drawn.weights.items():
        assert np.array_equal(weight, same.weights[name])
    other = tc.construct(allocation, 3, seed=6, frozen=drawn.weights, inputs=drawn.inputs)
    assert other.drawn == ("teacher",)
    assert np.array_equal(other.weights["W1"], drawn.weights["W1"])
    assert np.array_equal(other.inputs, drawn.inputs)
    assert not np.array_equal(other.weights["W2"], drawn.weights["W2"])
    partly = tc.construct(allocation, 3, frozen={"W2": np.zeros((2, 4))})
    assert partly.drawn == ("teacher", "frozen W1", "inputs")


def test_a_student_that_matches_already_stays():
    allocation = tc.Allocation.layer(FF([3, 4, 2]), "W1")
    made = tc.construct(allocation, 3)
    again = tc.construct(
        allocation, 3, teacher=made.weights, frozen=made.weights, inputs=made.inputs
    )
    assert again.residual == 0
    assert all(np.array_equal(again.weights[name], made.weights[name]) for name in made.weights)


@pytest.mark.parametrize("rational", [False, True])
def test_equal_and_dependent_inputs_are_matched_too(rational: bool):
    points = np.array([[1, 0, 2], [1, 0, 2], [2, 0, 4], [0, 1, 1], [1, 1, 3]])
    allocation = tc.Allocation.layer(FF([3, 4, 2]), "W2")
    made = tc.construct(allocation, 5, inputs=points, rational=rational)
    check(made)
    assert np.array_equal(made.inputs.astype(float), points)


def test_data_that_are_not_generic_are_told():
    allocation = tc.Allocation.layer(FF([3, 4, 2]), "W2")
    made = tc.construct(allocation, 3, frozen={"W1": np.zeros((4, 3))})
    assert not made.is_match
    assert made.residual > 0.1
    assert "NOT MATCHED" in str(made)
    made = tc.construct(allocation, 3, frozen={"W1": np.zeros((4, 3))}, rational=True)
    assert not made.is_match
    assert made.residual > 0.1


RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rational", [False, True])
def test_inputs_that_are_all_zero_are_refused(rational: bool):
    allocation = tc.Allocation.layer(tc.LinearFeedforward([2, 3, 2]), "W2")
    with pytest.raises(tc.InputError, match="inputs are all 0"):
        tc.construct(allocation, 2, inputs=np.zeros((2, 2)), rational=rational)


def test_collinear_inputs_of_a_bottleneck_end_without_a_traceback():
    masks = {"W1": [[1, 1, 1, 0]], "W2": [[1], [0]]}
    allocation = tc.Allocation(tc.LinearFeedforward([4, 1, 2]), masks)
    made = tc.construct(allocation, 2, inputs=[[0, 0, 2, -3], [0, 0, -4, 6]])
    assert np.isfinite(made.residual)


def test_rational_weights_beyond_double_precision_are_told():
    network = tc.LinearRecurrent(2, 3, 2, 3)
    rng = np.random.default_rng(0)
    teacher = {
        name: 1e200 * rng.normal(size=shape) for name, shape in network.weight_shapes.items()
    }
    made = tc.construct(tc.Allocation.layer(network, "readout"), 2, teacher=teacher, rational=True)
    assert made.is_match
    with pytest.raises(tc.InputError, match="beyond double precision"):
        made.rounded()


@pytest.mark.parametrize("rational", [False, True])
@pytest.mark.parametrize(
    "network",
    [FF([4, 4, 3]), FF([5, 2, 5]), FF([3, 4, 2], bias=True), FF([4, 3]), LR(2, 4, 2, 2)],
    ids=str,
)
def test_outputs_alone_are_enough(network: Any, rational: bool):
    shapes = network.weight_shapes.items()
    weights = {name: RNG.integers(-4, 5, size=shape) for name, shape in shapes}
    shape = (6, network.steps, network.inputs) if network.is_recurrent else (6, network.inputs)
    points = RNG.integers(-4, 5, size=shape)
    wanted = DIRECT[network.kind](network, weights, np.moveaxis(points, 0, -1)).T
    m = 3 if network.is_recurrent else 6
    options = {"inputs": points, "outputs": wanted, "rational": rational}
    made = tc.construct(tc.Allocation.full(network), m, **options)
    assert made.teacher is None
    assert made.is_match
    found = outputs(network, made.weights, made).T
    assert abs(found.astype(float) - wanted[:m]).max() < 1e-6 * abs(wanted).max()
    assert len(made.inputs) == len(made.outputs) == m


@pytest.mark.parametrize("rational", [False, True])
def test_outputs_of_another_kind_are_refused(rational: bool):
    points, wanted = RNG.integers(-9, 9, size=(5, 5)), RNG.integers(-9, 9, size=(5, 5))
    options = {"inputs": points, "outputs": wanted, "rational": rational}
    with pytest.raises(tc.InputError, match=r"have rank 5 on these inputs.*2 units have rank 2"):
        tc.construct(tc.Allocation.full(FF([5, 2, 5])), 5, **options)
    narrow = tc.Allocation(FF([2, 1, 2]), {"W1": [[1, 1]], "W2": [[0], [1]]})
    options |= {"inputs": points[:2, :2], "outputs": [[1, 0], [0, 1]]}
    with pytest.raises(tc.InputError, match="no teacher of this kind puts them out"):
        tc.construct(narrow, 2, **options)
    options |= {"inputs": [[1, 2], [2, 4]], "outputs": [[1, 0], [0, 1]]}
    cure = r"or the data are not generic; of" if rational else r"--rational \(rational=True\)"
    with pytest.raises(tc.InputError, match=f"no teacher of this kind puts them out.*{cure}"):
        tc.construct(tc.Allocation.layer(FF([2, 3, 2]), "W2"), 2, **options)


# Refusals

EXAMPLES = {
    "minimal": tc.Allocation(FF([2, 2, 2]), {"W2": [[1, 1], [1, 0]]}),
    "open": tc.Allocation(FF([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)}),
    "relu": tc.Allocation(tc.ShallowReLU([2, 3, 1]), {"W1": np.ones((3, 2))}),
    "maximal": tc.Allocation.full(tc.Feedforward([2, 1, 1], activation="tanh")),
}
GOOD = tc.Allocation.layer(FF([2, 3, 2]), "W2")
SPARSE = tc.Allocation.full(FF([2, 2]), {"W1": [[1, 0], [1, 1]]})
REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (EXAMPLES["minimal"], {}, r"it is minimal: .*\(T3: .*repair .* maximal"),
    (EXAMPLES["open"], {}, r"no proof of maximality .* \(positive by T1\); theorycheck measure"),
    (EXAMPLES["relu"], {}, r"it is intermediate.*T10.*; theorycheck measure"),
    (EXAMPLES["maximal"], {"rational": True}, "linear, square and cube units.*leave rational out"),
    (EXAMPLES["maximal"], {"inputs": np.eye(2), "outputs": [[1], [2]]}, "give the teacher's weig"),
    (GOOD, {"teacher": {}, "outputs": np.eye(2)}, "a teacher, or its outputs, not both"),
    (GOOD, {"outputs": np.eye(2)}, "need the inputs that they belong to"),
    (GOOD, {"teacher": {"W1": np.ones((3, 2))}}, "teacher lacks the weight 'W2'"),
    (GOOD, {"teacher": {"W1": np.ones((2, 3)), "W2": 1}}, "shape .3, 2., not .*rows are outputs"),
    (GOOD, {"teacher": [1]}, "teacher must map weight names to arrays"),
    (GOOD, {"frozen": {"W3": [[1]]}}, "frozen has no weight 'W3'"),
    (GOOD, {"frozen": {"W1": [[np.nan, 0]] * 3}}, "is nan; every entry must be finite"),
    (GOOD, {"frozen": {"W1": "no"}}, "must hold real numbers"),
    (SPARSE, {"teacher": {"W1": np.ones((2, 2))}}, r"W1..\[0, 1\] is 1.0; but this connection is"),
    (GOOD, {"inputs": np.ones((1, 2))}, "fewer than the 2 samples"),
    (GOOD, {"inputs": np.ones((2, 3))}, r"inputs must have shape \(points, 2\)"),
    (GOOD, {"inputs": np.eye(2), "outputs": np.ones((2, 3))}, r"outputs must have shape \(2, 2\)"),
    (GOOD, {"inputs": np.eye(2), "outputs": [[1, np.inf], [1, 2]]}, "outputs must be finite"),
    (GOOD, {"seed": -1}, "seed must be an integer from 0"),
    (GOOD, {"seconds": -1}, "seconds must be a number from 0"),
    (GOOD, {"progress": 3}, "progress must be"),
    (None, {}, "allocation must be"),
]


@pytest.mark.parametrize(("allocation", "options", "message"), REFUSED)
def test_what_cannot_be_is_refused_with_a_cure(allocation: Any, options: Any, message: str):
    with pytest.raises(tc.InputError, match=message):
        tc.construct(allocation, 2, **options)


def test_limits_of_memory_and_time_are_kept():
    large = tc.Allocation.layer(FF([20, 20, 20]), "W1")
    with pytest.raises(tc.SizeError, match="400 equations in 400 unknowns"):
        tc.construct(large, 20, memory_limit=2**20)
    with pytest.raises(tc.TheorycheckError, match=r"the time of 0.5 seconds"):
        tc.construct(large, 20, rational=True, seconds=0.5)


def test_a_construction_shows_itself():
    told: list[Any] = []
    made = tc.construct(GOOD, 2, rational=True, progress=told.append)
    assert [str(each) for each in told] == list(made.steps)
    assert repr(made) == "<Construction MATCHED: the outputs are equal, as rational numbers>"
    assert "T3" in made._repr_html_()
    data = made.to_dict()
    assert data["rigor"] == "exact"
    assert Fraction(data["weights"]["W2"][0][0]) == made.weights["W2"][0, 0]
    assert made.learned["W2[0,0]"] == made.weights["W2"][0, 0]
    assert made.rounded()["W2"].dtype == np.float64
    many = tc.construct(tc.Allocation(FF([8, 8, 8]), staircase(8)), 8)
    assert len(many.steps) == 15
    assert "and 4 more steps" in str(many)


@settings(max_examples=40)
@given(strategies.problems(), strategies.seeds())
def test_a_certificate_is_executed_as_it_is(problem: Any, seed: int):
    try:
        first = tc.construct(*problem)
    except tc.InputError:
        return
    certificate = first.verdict.certificate
    assert certificate is not None
    for given_as in (certificate, certificate.to_dict(), first.verdict):
        made = tc.construct(*problem, certificate=given_as, seed=seed)
        assert made.verdict.certificate == certificate
        check(made)


def known_plan() -> tuple[tc.Allocation, tc.Certificate]:
    allocation = tc.Allocation.layer(FF([3, 3, 2]), "W2")
    certificate = tc.classify(allocation, samples=2).certificate
    assert certificate is not None
    return allocation, certificate


def test_no_proof_is_sought_beside_a_certificate(monkeypatch: pytest.MonkeyPatch):
    allocation, certificate = known_plan()
    monkeypatch.delattr("theorycheck.constructions.construct.find_proof")
    check(tc.construct(allocation, 2, certificate=certificate, rational=True, seed=7))
    with pytest.raises(NameError):
        tc.construct(allocation, 2)


def test_a_certificate_that_does_not_fit_is_refused_in_words():
    allocation, certificate = known_plan()
    data = certificate.to_dict()

    def refused(words: str, given: Any, to: tc.Allocation = allocation, samples: int = 2) -> None:
        with pytest.raises(tc.InputError, match=words):
            tc.construct(to, samples, certificate=given)

    refused("another problem", certificate, samples=1)
    refused("another problem", certificate, to=tc.Allocation.layer(FF([3, 3, 2]), "W1"))
    refused(
        "about given inputs",
        replace(certificate, problem=data["problem"] | {"inputs": [[1, 2, 3], [1, 0, 0]]}),
    )
    refused("says 'minimal'", replace(certificate, expressivity="minimal"))
    refused("'T1', kind .* is no construction", replace(certificate, theorem="T1"))
    forged = replace(certificate, theorem="T13", kind="plan", evidence={"steps": 3})
    refused("evidence of the certificate is malformed", forged)
    refused("digest does not fit", data | {"theorem": "T4"})
    refused("must be a JSON object", 3)
    none = replace(tc.classify(allocation, samples=2), certificate=None)
    refused("undecided", none)
