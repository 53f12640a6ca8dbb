"""Draws of nonlinear networks: direct definitions, known answers, proofs, planted faults."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

import theorycheck as tc
from tests.shared.definitions import convolved, residual
from theorycheck.measurement.least_squares import MATCH, NO_MATCH, UNDECIDED
from theorycheck.measurement.nonlinear import krawczyk, methods
from theorycheck.measurement.nonlinear.ball_network import BallNetwork
from theorycheck.measurement.nonlinear.balls import ball_activation
from theorycheck.measurement.nonlinear.draws import Draws
from theorycheck.measurement.nonlinear.elimination import eliminate, solvable
from theorycheck.measurement.nonlinear.passes import NonlinearEquations
from theorycheck.measurement.nonlinear.ranges import OutputRanges
from theorycheck.measurement.nonlinear.reach import AFFINE, FIXED, NONLINEAR, reach_of
from theorycheck.measurement.trials import Source
from theorycheck.numeric.instances import Instance
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.activations import ACTIVATIONS

SIGMA: dict[str, Callable[[float], float]] = {
    "linear": lambda z: z,
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "erf": math.erf,
    "sin": math.sin,
    "exp": math.exp,
    "arctan": math.atan,
    "square": lambda z: z**2,
    "cube": lambda z: z**3,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "hardtanh": lambda z: min(max(z, -1.0), 1.0),
}
CORNERS = {"relu": [0.0], "leaky_relu": [0.0], "hardtanh": [-1.0, 1.0]}


def ff(*widths: int, sigma: str | list[str] = "tanh", bias: bool = False) -> tc.Feedforward:
    return tc.Feedforward(widths, activation=sigma, bias=bias)


def rnn(*sizes: int, sigma: str = "tanh", bias: bool = False, readout: Any = "final") -> Any:
    return tc.Recurrent(*sizes, activation=sigma, bias=bias, readout=readout)


def conv(*sizes: int, sigma: str | list[str] = "tanh", bias: bool = False, **layer: Any) -> Any:
    """One filter of two channels, of width 2 unless told, on `sizes`, and two outputs."""
    layers = [{"channels": 2, "kernel": 2, **layer}]
    return tc.Convolutional(sizes, layers, 2, activation=sigma, bias=bias)


def residual_net(*widths: int, sigma: str | list[str] = "tanh", bias: bool = False) -> Any:
    return tc.Feedforward(widths, activation=sigma, bias=bias, skip=True)


TWO_FILTERS = [
    {"channels": 2, "kernel": [2, 1], "padding": [1, 0], "pool": [2, 1]},
    {"channels": 3, "kernel": 2, "stride": [1, 2], "padding": 1},
]
NETWORKS = {
    **{sigma: ff(2, 3, 2, sigma=sigma, bias=True) for sigma in SIGMA if sigma != "linear"},
    "deep": ff(2, 3, 1, 2, sigma=["sin", "sigmoid"]),
    "deep relu": ff(2, 3, 3, 2, sigma="relu", bias=True),
    "linear with bias": rnn(1, 2, 1, 3, sigma="linear", bias=True),
    "recurrent": rnn(2, 3, 2, 3, readout="all"),
    "recurrent with bias": rnn(1, 2, 1, 4, sigma="gelu", bias=True),
    "residual": residual_net(2, 2, 3, 3, 2, sigma=["tanh", "erf", "silu"]),
    "residual with biases": residual_net(3, 3, 3, 1, sigma="softplus", bias=True),
    "filters": conv(1, 5, kernel=3),
    "filters, padded": conv(2, 4, padding=1, sigma="gelu", bias=True),
    "filters, stride and pool": conv(1, 7, kernel=3, stride=2, padding=2, pool=2, bias=True),
    "filters in two dimensions": conv(2, 3, 3, pool=2, sigma="sin"),
    "two filters": tc.Convolutional(
        [1, 3, 4], TWO_FILTERS, 2, activation=["arctan", "exp"], bias=True
    ),
    "thirds": conv(1, 4, pool=3, sigma="hardtanh", bias=True),
}
NETWORKS.pop("relu")  # of one hidden layer: that is a shallow ReLU network


def direct(network: Any, weights: dict[str, Any], inputs: Any) -> np.ndarray:
    """The outputs of one draw, (readings, outputs, samples), from the definition."""

    def through(name: str, z: np.ndarray) -> np.ndarray:
        return np.vectorize(SIGMA[name], otypes=[float])(z)

    def shift(name: str) -> Any:
        return weights[name][:, None] if network.bias else 0.0

    sigmas = [lambda z, name=name: through(name, z) for name in network.activations]
    if network.kind == "convolutional":
        return convolved(network, weights, inputs, sigmas)[None]
    if not network.is_recurrent and network.skip:
        return residual(network, weights, inputs, sigmas)[None]
    if not network.is_recurrent:
        h = inputs
        for layer in range(1, network.depth):
            h = weights[f"W{layer}"] @ h + shift(f"b{layer}")
            h = through(network.activations[layer - 1], h)
        return (weights[f"W{network.depth}"] @ h + shift(f"b{network.depth}"))[None]
    h, read = np.zeros((network.hidden, inputs.shape[-1])), []
    for x in inputs:
        z = weights["recurrent"] @ h + weights["input"] @ x + shift("bias")
        h = through(network.activation, z)
        read.append(weights["readout"] @ h + shift("readout_bias"))
    return np.array(read if network.readout == "all" else read[-1:])


def drawn(allocation: tc.Allocation, samples: int, count: int, seed: int = 0) -> Any:
    return Draws(Source(allocation, samples), seed).chunk(0, count)


def values_of(weights: dict[str, Any], entries: Any) -> np.ndarray:
    return np.stack([weights[name][(slice(None), *index)] for name, index in entries], axis=1)


# Floats


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_the_definition(name: str):
    network = NETWORKS[name]
    found = drawn(tc.Allocation.full(network), 3, 4)
    for k in range(4):
        weights = {key: value[k] for key, value in found.teacher.items()}
        wanted = direct(network, weights, found.instances.inputs[k])
        assert np.allclose(found.instances.outputs[k], wanted.ravel(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", NETWORKS)
def test_jacobians_are_central_differences(name: str):
    network, samples = NETWORKS[name], 3
    allocation = tc.Allocation.full(network)
    found = drawn(allocation, samples, 5, seed=1)
    entries = entries_of(dict(allocation.masks("learnable")))[::2]
    total = found.instances.outputs.shape[1]
    system = NonlinearEquations(network, samples, entries, [total - 1, *range(1, total, 2)])
    theta = values_of(found.teacher, entries)
    wanted = found.instances.outputs[:, [total - 1, *range(1, total, 2)]]
    instance = Instance(found.teacher, found.instances.inputs, wanted)
    value, jacobian = system.residual(theta, instance)
    assert abs(value).max() < 1e-12 * (1 + abs(wanted).max())
    step = 1e-6
    for k in range(len(entries)):
        ends = []
        for sign in (1, -1):
            moved = theta.copy()
            moved[:, k] += sign * step
            ends.append(system.residual(moved, instance)[0])
        slope = (ends[0] - ends[1]) / (2 * step)
        assert np.allclose(jacobian[:, :, k], slope, rtol=1e-5, atol=1e-6 * (1 + abs(slope).max()))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["tanh", "silu", "gelu", "leaky_relu", "hardtanh", "softplus"])
def test_torch_computes_the_same(name: str):
    torch: Any = pytest.importorskip("torch", reason="torch is missing (extra torch)")
    layers = {
        "tanh": torch.nn.Tanh, "silu": torch.nn.SiLU, "gelu": torch.nn.GELU,
        "leaky_relu": torch.nn.LeakyReLU, "hardtanh": torch.nn.Hardtanh,
        "softplus": torch.nn.Softplus,
    }  # fmt: skip
    network = ff(2, 3, 3, 2, sigma=name, bias=True)
    allocation = tc.Allocation.full(network)
    found, entries = drawn(allocation, 4, 3, seed=2), entries_of(dict(allocation.masks("present")))
    system = NonlinearEquations(network, 4, entries)
    theta = values_of(found.teacher, entries)
    instance = Instance(found.teacher, found.instances.inputs, found.instances.outputs)
    jacobian = system.residual(theta, instance)[1]
    names = list(network.weight_shapes)
    for k in range(3):

        def outputs(*weights: Any, k: int = k) -> Any:
            own = dict(zip(names, weights, strict=True))
            h = torch.tensor(found.instances.inputs[k])
            for layer in (1, 2, 3):
                h = own[f"W{layer}"] @ h + own[f"b{layer}"][:, None]
                h = layers[name]()(h) if layer < 3 else h
            return h.flatten()

        given = tuple(torch.tensor(found.teacher[key][k]) for key in names)
        values = outputs(*given).numpy()
        assert np.allclose(values, found.instances.outputs[k], rtol=1e-12, atol=1e-12)
        parts = torch.autograd.functional.jacobian(outputs, given)
        slopes = np.concatenate([part.reshape(len(values), -1).numpy() for part in parts], axis=1)
        assert np.allclose(slopes, jacobian[k], rtol=1e-11, atol=1e-12)


@pytest.mark.torch
def test_torch_computes_the_same_recurrent_network():
    torch: Any = pytest.importorskip("torch", reason="torch is missing (extra torch)")
    network = rnn(2, 3, 2, 4, bias=True, readout="all")
    found = drawn(tc.Allocation.full(network), 3, 2, seed=3)
    module = torch.nn.RNN(2, 3, dtype=torch.float64)
    for k in range(2):
        weights = {name: torch.tensor(value[k]) for name, value in found.teacher.items()}
        with torch.no_grad():
            module.weight_ih_l0[:], module.weight_hh_l0[:] = weights["input"], weights["recurrent"]
            module.bias_ih_l0[:], module.bias_hh_l0[:] = weights["bias"], 0.0
            states = module(torch.tensor(found.instances.inputs[k]).permute(0, 2, 1))[0]
            read = states @ weights["readout"].T + weights["readout_bias"]
        wanted = read.permute(0, 2, 1).reshape(-1).numpy()
        assert np.allclose(found.instances.outputs[k], wanted, rtol=1e-12, atol=1e-12)


# Balls


def test_every_activation_has_balls():
    for name in ACTIVATIONS:
        assert ball_activation(name).value(arb(1)).is_finite()
    assert SIGMA.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_balls_hold_values_and_slopes(name: str):
    row, step = ball_activation(name), 1e-5
    rng = np.random.default_rng(0)
    for z in [*rng.normal(scale=3, size=60).tolist(), 0.0, 1.0, -1.0]:
        value = row.value(arb(z))
        assert abs(float(value.mid()) - SIGMA[name](z)) < 1e-13 * (1 + abs(SIGMA[name](z)))
        radius = abs(rng.normal()) * 10 ** rng.uniform(-3, 0)
        wide, slopes = row.value(arb(z, radius)), row.slope(arb(z, radius))
        for _ in range(10):
            inner = z + radius * rng.uniform(-0.999, 0.999)
            assert wide.overlaps(arb(SIGMA[name](inner), 1e-12))
            if min((abs(inner - c) for c in CORNERS.get(name, [])), default=1) < step:
                continue
            slope = (SIGMA[name](inner + step) - SIGMA[name](inner - step)) / (2 * step)
            assert slopes.overlaps(arb(slope, 1e-6 * (1 + abs(slope))))
        assert row.lower is None or row.lower <= SIGMA[name](z)
        assert row.upper is None or row.upper >= SIGMA[name](z)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_narrow_slopes_are_narrow(name: str):
    """Else an enclosure that is far too wide would pass, and never prove anything."""
    slope = ball_activation(name).slope(arb(0.3, 1e-9))
    assert float(slope.rad()) < 1e-7


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_bounds_and_monotony_agree_with_the_facts(name: str):
    row, fact = ball_activation(name), ACTIVATIONS[name]
    for mine, theirs in ((row.lower, fact.lower), (row.upper, fact.upper)):
        assert (mine is None) == math.isinf(theirs)
        assert mine is None or abs(mine - theirs) < 1e-3
    assert row.is_monotone or not fact.is_increasing
    grid = [SIGMA[name](z) for z in np.linspace(-4, 4, 400).tolist()]
    assert not row.is_monotone or grid == sorted(grid)


@pytest.mark.parametrize("name", NETWORKS)
def test_balls_and_floats_compute_the_same(name: str):
    network, samples = NETWORKS[name], 2
    allocation = tc.Allocation.full(network)
    found, entries = drawn(allocation, samples, 2), entries_of(dict(allocation.masks("present")))
    equations = range(found.instances.outputs.shape[1])
    system = NonlinearEquations(network, samples, entries)
    jacobians = system.residual(
        values_of(found.teacher, entries),
        Instance(found.teacher, found.instances.inputs, found.instances.outputs),
    )[1]
    for k in range(2):
        balls = BallNetwork(network, found.instances.inputs[k])
        weights = balls.weights({key: value[k] for key, value in found.teacher.items()})
        outputs = [float(value.mid()) for value in balls.outputs(weights, equations)]
        assert np.allclose(outputs, found.instances.outputs[k], rtol=1e-11, atol=1e-12)
        slopes = balls.jacobian(weights, entries, equations)
        slopes = np.array([[float(value.mid()) for value in row] for row in slopes])
        assert np.allclose(slopes, jacobians[k], rtol=1e-10, atol=1e-11)


# Known answers


def decided(allocation: tc.Allocation, samples: int, count: int, seed: int = 0) -> Any:
    decider = methods._Decider(Source(allocation, samples), seed, 20, np)
    return decider, decider.decide(0, count), decider._draws.chunk(0, count)


def measured(allocation: tc.Allocation, samples: int, **options: Any) -> Any:
    return tc.measure(allocation, samples, backend="numpy", **options)


@pytest.mark.parametrize(
    "network",
    [
        ff(2, 3, 1),
        rnn(1, 2, 1, 3, sigma="sin", bias=True),
        residual_net(2, 2, 2, 1),
        conv(1, 4, pool=3, bias=True),
    ],
)
def test_a_student_without_frozen_weights_is_the_teacher(network: Any):
    estimate = measured(tc.Allocation.full(network), 4, trials=700)
    assert (estimate.matches, estimate.undecided, estimate.method) == (700, 0, methods.WHOLE)


def test_weights_that_lead_nowhere_may_be_frozen():
    present = {"W1": [[1], [1]], "W2": [[1, 0]]}
    student = tc.Allocation(ff(1, 2, 1), {"W1": [[1], [0]], "W2": [[1, 0]]}, present)
    assert measured(student, 2, trials=9).method == methods.WHOLE
    student = tc.Allocation(ff(1, 2, 1), {"W1": [[1], [0]], "W2": [[1, 1]]})
    assert measured(student, 2, trials=9).method != methods.WHOLE


def test_points_of_data_are_read_channel_by_channel():
    """Channels of all zeros but the first: filters of the first alone matter."""
    points = np.zeros((2, 2, 3))
    points[:, 0] = [[1, 2, 3], [4, 5, 7]]
    network = conv(2, 3)
    source = Source(tc.Allocation.full(network), 2, data=points.reshape(2, 6))
    rows = source.inputs(np.random.default_rng(0), 1)[0]
    assert not rows[1::2].any()
    assert sorted(rows[::2].T.tolist()) == points[:, 0].tolist()


def test_filter_entries_that_no_position_reads_may_be_frozen():
    network = conv(1, 1, kernel=3, padding=2, stride=3)  # its window: padding, padding, the input
    learnable = {"W1": [[[0, 0, 1]]] * 2, "W2": [[1, 1]] * 2}
    assert measured(tc.Allocation(network, learnable), 2, trials=9).method == methods.WHOLE
    learnable["W1"] = [[[0, 0, 1]], [[1, 1, 0]]]
    assert measured(tc.Allocation(network, learnable), 2, trials=9).method != methods.WHOLE


def test_a_residual_unit_has_its_closed_form():
    """v (x + tanh(w x)) = y has a solution w where y / v is closer to x than 1."""
    student = tc.Allocation.layer(residual_net(1, 1, 1), "W1")
    _, decisions, found = decided(student, 1, 300)
    x, v = found.instances.inputs[:, 0, 0], found.instances.weights["W2"][:, 0, 0]
    reached = abs(found.instances.outputs[:, 0] / v - x) < 1
    assert (decisions == np.where(reached, MATCH, NO_MATCH)).all()
    assert 100 < reached.sum() < 280


def test_a_filter_that_acts_twice_is_matched_where_a_scan_says_so():
    """v_1 tanh(w x_1) + v_2 tanh(w x_2) = y: one w for both positions."""
    one = [{"channels": 1, "kernel": 1}]
    student = tc.Allocation.layer(tc.Convolutional([1, 2], one, 1, activation="tanh"), "W1")
    _, decisions, found = decided(student, 1, 300)
    w = np.concatenate([np.linspace(-30, 30, 60_001), [-1e9, 1e9]])
    reached = []
    for k in range(300):
        x, v = found.instances.inputs[k, :, 0], found.instances.weights["W2"][k, 0]
        values = np.tanh(w[:, None] * x) @ v
        reached.append(values.min() < found.instances.outputs[k, 0] < values.max())
    assert not ((decisions == MATCH) & ~np.array(reached)).any()
    assert not ((decisions == NO_MATCH) & np.array(reached)).any()
    assert (decisions != UNDECIDED).mean() > 0.9
    assert 120 < sum(reached) < 280


@pytest.mark.long
@pytest.mark.parametrize("sigma", ["tanh", "softplus"])
def test_a_filter_as_long_as_its_input_is_a_dense_layer(sigma: str):
    filters = [{"channels": 2, "kernel": 3}]
    shared = tc.Convolutional([1, 3], filters, 1, activation=sigma, bias=True)
    dense = ff(3, 2, 1, sigma=sigma, bias=True)
    some = np.array([[1, 0, 0], [1, 1, 0]])
    for learnable in ({"W1": some}, {"b1": [1, 1], "W2": [[1, 0]]}, {"W1": some, "b2": [1]}):
        reshaped = {k: v[:, None] if k == "W1" else v for k, v in learnable.items()}
        _, first, _ = decided(tc.Allocation(shared, reshaped), 3, 60)
        _, second, _ = decided(tc.Allocation(dense, learnable), 3, 60)
        assert (first == second).all()
        assert (first != UNDECIDED).any()


def test_one_tanh_unit_has_its_closed_form():
    """v tanh(w x) = y has a solution w where |y| < |v|, and no other."""
    student = tc.Allocation.layer(ff(1, 1, 1), "W1")
    _, decisions, found = decided(student, 1, 300)
    reached = abs(found.instances.outputs[:, 0]) < abs(found.instances.weights["W2"][:, 0, 0])
    assert (decisions == np.where(reached, MATCH, NO_MATCH)).all()
    assert 100 < reached.sum() < 299


@pytest.mark.parametrize("sigma", ["exp", "square", "softplus"])
def test_units_of_one_sign_match_teachers_of_that_sign(sigma: str):
    student = tc.Allocation.layer(ff(1, 1, 1, sigma=sigma), "W1")
    _, decisions, found = decided(student, 1, 200)
    agree = found.instances.weights["W2"] * found.teacher["W2"] > 0
    assert (decisions == np.where(agree[:, 0, 0], MATCH, NO_MATCH)).all()


@pytest.mark.parametrize("sigma", ["cube", "leaky_relu"])
def test_units_onto_the_reals_match_all_teachers(sigma: str):
    estimate = measured(tc.Allocation.layer(ff(1, 1, 1, sigma=sigma), "W1"), 1, trials=200)
    assert (estimate.matches, estimate.method) == (200, methods.SEARCH)


def test_a_bounded_unit_with_frozen_readout_reaches_no_teacher_beyond_it():
    student = tc.Allocation(ff(2, 3, 1), {"W1": [[1, 1]] * 3})
    decider, decisions, found = decided(student, 2, 300)
    most = abs(found.instances.weights["W2"]).sum(axis=(1, 2))
    beyond = abs(found.instances.outputs).max(axis=1) > most
    assert beyond.sum() > 20
    assert (decisions[beyond] == NO_MATCH).all()
    assert (decisions[~beyond] != NO_MATCH).all()
    assert (decisions[~beyond] == MATCH).mean() > 0.5
    assert decider.name == methods.SEARCH


def test_readouts_alone_match_all_or_none():
    """As many learnable readout weights as samples, or fewer; the features are independent."""
    network = ff(2, 4, 1)
    for samples, matches in ((3, 100), (4, 100), (5, 0)):
        estimate = measured(tc.Allocation.layer(network, "W2"), samples, trials=100)
        assert (estimate.matches, estimate.undecided) == (matches, 0)
        assert estimate.method == methods.ELIMINATION
        assert (estimate.rank, estimate.target_dimension) == (min(samples, 4), samples)


def test_readouts_of_dependent_features_match_what_depends_alike():
    """(w x)^2 on all samples is a multiple of x^2: one readout weight serves for all of them."""
    student = tc.Allocation(ff(1, 3, 1, sigma="square"), {"W2": [[1, 0, 0]]})
    estimate = measured(student, 4, trials=100)
    assert (estimate.matches, estimate.undecided, estimate.rank) == (100, 0, 1)
    assert estimate.target_dimension == 1


def test_large_readouts_are_solved_in_floats():
    student = tc.Allocation.layer(ff(4, 50, 1), "W2")
    for samples, matches in ((50, 3), (51, 0)):
        estimate = measured(student, samples, trials=3)
        assert (estimate.matches, estimate.undecided) == (matches, 0)
        assert (estimate.rank, estimate.target_dimension) == (50, samples)
        assert estimate.method == methods.LEAST_SQUARES


def test_affine_rows_alone_can_show_that_there_is_no_match():
    student = tc.Allocation(ff(2, 2, 2), {"W1": [[1, 1], [0, 0]], "W2": [[0, 1], [0, 0]]})
    # The first row reads unit 0, which moves; without it, unit 1 alone would have to serve.
    student_apart = tc.Allocation(
        ff(2, 2, 2), dict(student.masks("learnable")), {"W2": [[0, 1], [1, 1]]}
    )
    assert (decided(student_apart, 3, 40)[1] == NO_MATCH).all()
    assert (decided(student, 3, 40)[1] != MATCH).all()


def test_without_learnables_outputs_differ():
    estimate = measured(tc.Allocation(ff(2, 2, 1), {}), 2, trials=50)
    assert (estimate.matches, estimate.undecided) == (0, 0)
    assert estimate.method == methods.COMPARISON


def test_zero_outputs_are_equal_without_learnables():
    absent = {"W1": [[0, 0]] * 2}
    estimate = measured(tc.Allocation(ff(2, 2, 1), {}, absent), 2, trials=20)
    assert estimate.matches == 20
    absent_exp = tc.Allocation(ff(2, 2, 1, sigma="exp"), {}, absent)
    assert measured(absent_exp, 2, trials=20).matches == 0


def test_outputs_that_see_no_input_count_once():
    network = ff(1, 1, 1, bias=True)
    student = tc.Allocation(network, {"b2": [1]}, {"W1": [[0]]})
    estimate = measured(student, 3, trials=50)
    assert (estimate.matches, estimate.undecided, estimate.rank) == (50, 0, 1)


# Cases of the theory, which this module does not know: name -> student, samples, share of matches.
MAXIMAL = {
    "softplus, readout bias": (
        tc.Allocation(ff(2, 1, 1, sigma="softplus", bias=True), {"W1": [[1, 1]], "b2": [1]}), 2,
    ),
    "one odd unit": (tc.Allocation(ff(2, 1, 1), {"W1": [[1, 0]], "W2": [[1]]}), 2),
    "two sines": (
        tc.Allocation(ff(1, 2, 1, sigma="sin"), {"W1": [[1], [1]], "W2": [[1, 0]]}), 3,
    ),
    "odd degree": (tc.Allocation(ff(2, 2, 1, sigma="cube"), {"W1": [[1, 1], [0, 0]]}), 2),
}  # fmt: skip


@pytest.mark.parametrize("name", MAXIMAL)
def test_maximal_students_match_nearly_all_draws(name: str):
    student, samples = MAXIMAL[name]
    estimate = measured(student, samples, trials=150)
    assert estimate.matches + estimate.undecided == 150
    assert estimate.undecided <= 15
    assert estimate.rank == estimate.target_dimension == samples


def test_an_intermediate_student_is_matched_where_a_scan_says_so():
    """v tanh(w x + b) + c on three samples, w frozen: the ratio of differences must be reached."""
    student = tc.Allocation(ff(1, 1, 1, bias=True), {"b1": [1], "W2": [[1]], "b2": [1]})
    _, decisions, found = decided(student, 3, 200)
    b = np.concatenate([np.linspace(-12, 12, 24_001), [-14, 14]])[:, None]
    reached = []
    for k in range(200):
        w, y = found.instances.weights["W1"][k, 0], found.instances.outputs[k]
        h = np.tanh(w * found.instances.inputs[k] + b)
        # y_s - y_1 = v (h_s - h_1) for both s: some b makes the two pairs parallel.
        crossed = (h[:, 1] - h[:, 0]) * (y[2] - y[0]) - (h[:, 2] - h[:, 0]) * (y[1] - y[0])
        reached.append(crossed.min() < 0 < crossed.max())
    matched = decisions == MATCH
    assert not (matched & ~np.array(reached)).any()
    assert matched.sum() >= 0.93 * sum(reached)
    assert 100 < sum(reached) < 160
    assert not ((decisions == NO_MATCH) & np.array(reached)).any()


@pytest.mark.parametrize(
    ("network", "learnable", "samples"),
    [
        (rnn(1, 2, 1, 3), {"input": [[1], [0]], "readout": [[1, 1]]}, 3),
        (rnn(1, 2, 1, 2, sigma="sigmoid", bias=True, readout="all"), {"recurrent": [[1, 1]] * 2,
          "input": [[1], [1]], "bias": [1, 0], "readout_bias": [1]}, 2),
        (ff(2, 2, 2, 1, sigma="relu", bias=True), {"W1": [[1, 0]] * 2, "b3": [1]}, 3),
        (ff(2, 2, 1, sigma="hardtanh"), {"W1": [[1, 1], [0, 0]]}, 2),
        (residual_net(2, 2, 2, 1), {"W1": [[1, 0], [0, 0]], "W3": [[1, 1]]}, 3),
        (conv(1, 4, sigma="gelu", bias=True), {"W1": [[[1, 1]], [[1, 0]]], "b2": [1, 1]}, 2),
        (conv(1, 2, 3, pool=[1, 2]), {"W1": [[[[1, 1], [1, 1]]]] * 2}, 1),
    ],
)  # fmt: skip
def test_other_kinds_are_measured(network: Any, learnable: Any, samples: int):
    estimate = measured(tc.Allocation(network, learnable), samples, trials=60)
    assert estimate.matches > 10
    assert estimate.trials == 60
    assert 0 <= estimate.interval[0] <= estimate.matches / 60 <= estimate.interval[1] <= 1


def test_dependent_equations_are_not_searched():
    """square 1-2-1: both sides are multiples of x^2, which no test of all equations can tell."""
    student = tc.Allocation(ff(1, 2, 1, sigma="square"), {"W1": [[1], [0]], "W2": [[1, 0]]})
    estimate = measured(student, 3, trials=50)
    assert (estimate.matches, estimate.undecided, estimate.method) == (0, 50, methods.BOUNDS)
    assert (estimate.rank, estimate.target_dimension) == (1, 1)


def test_one_seed_gives_one_answer():
    student, samples = MAXIMAL["one odd unit"]
    first, again, other = (
        measured(student, samples, trials=40, seed=seed, restarts=1) for seed in (5, 5, 6)
    )
    assert (first.matches, first.undecided) == (again.matches, again.undecided)
    found = [drawn(student, samples, 3, seed).instances.outputs.tolist() for seed in (5, 5, 6)]
    assert found[0] == found[1] != found[2]
    assert other.trials == 40


# Proofs


def exact_solution(weights: Any, teacher: Any, x: Any, learnable: Any, theta: Any) -> Any:
    """A root of the equations of a one-layer tanh student in 60 digits, by mpmath."""
    mpmath.mp.dps = 60

    def output(own: Any, sample: int) -> Any:
        total = mpmath.mpf(0)
        for unit in range(len(own["W1"])):
            z = sum(own["W1"][unit][j] * mpmath.mpf(x[j, sample]) for j in range(len(x)))
            total += own["W2"][0][unit] * mpmath.tanh(z)
        return total

    def numbers(own: Any) -> Any:
        return {
            key: [[mpmath.mpf(v) for v in row] for row in value.tolist()]
            for key, value in own.items()
        }

    given, taught = numbers(weights), numbers(teacher)

    def misfit(*values: Any) -> list[Any]:
        for (name, (i, j)), value in zip(learnable, values, strict=True):
            given[name][i][j] = value
        return [output(given, s) - output(taught, s) for s in range(x.shape[1])]

    root = mpmath.findroot(misfit, theta.tolist(), tol=1e-80, maxsteps=50)
    return np.array([float(value) for value in root])


def test_proved_matches_are_solutions_in_many_digits(monkeypatch: Any):
    student = tc.Allocation(ff(2, 2, 1), {"W1": [[1, 0], [0, 0]], "W2": [[1, 1]]})
    proved: list[tuple[int, Any]] = []
    honest = methods._Decider._certificates

    def noting(self: Any, theta: Any, instances: Any, wanted: Any) -> Any:
        found = honest(self, theta, instances, wanted)
        for k in np.flatnonzero(found.proved):
            proved.append((int(instances.weights["draw"][k]), theta[k].copy()))
        return found

    monkeypatch.setattr(methods._Decider, "_certificates", noting)
    decider, decisions, found = decided(student, 3, 40)
    assert len(proved) == (decisions == MATCH).sum() > 10
    for draw, theta in proved:
        weights, teacher = (
            {key: value[draw] for key, value in own.items()}
            for own in (found.instances.weights, found.teacher)
        )
        inputs = found.instances.inputs[draw]
        root = exact_solution(weights, teacher, inputs, decider.entries, theta)
        assert abs(root - theta).max() < 1e-4 * (1 + abs(theta).max())


def near_miss() -> tuple[Any, Any, Any]:
    """w^2 = -1e-20, which has no solution and looks like one that has: network, weights, goal."""
    network = ff(1, 1, 1, sigma="square")
    balls = BallNetwork(network, np.ones((1, 1)))
    return balls, {"W1": np.ones((1, 1)), "W2": np.ones((1, 1))}, [arb(-1e-20)]


def proves_near_miss() -> bool:
    balls, weights, wanted = near_miss()
    test = krawczyk.SolutionTest([("W1", (0, 0))], [0])
    starts = [1e-10, 3e-10, 1e-8, 1e-5]
    return any(
        test.proves(balls, weights, wanted, np.array([w]), np.array([[2 * w]])) for w in starts
    )


def test_a_near_miss_is_not_proved():
    assert not proves_near_miss()


def test_slopes_at_the_point_alone_are_caught(monkeypatch: Any):
    honest = krawczyk.SolutionTest.slopes

    def narrow(self: Any, network: Any, weights: Any, box: Any) -> Any:
        return honest(self, network, weights, [value.mid() for value in box])

    monkeypatch.setattr(krawczyk.SolutionTest, "slopes", narrow)
    assert proves_near_miss()


def test_a_forgotten_defect_is_caught(monkeypatch: Any):
    """As if the test asked that the last step is small, and nothing else."""
    monkeypatch.setattr(
        krawczyk.SolutionTest, "slopes", lambda self, network, weights, box: honest_inverse(box)
    )

    def honest_inverse(box: Any) -> Any:
        return [[2 * box[0].mid()]]

    assert proves_near_miss()


def test_a_box_of_radius_zero_proves_nothing(monkeypatch: Any):
    student, samples = MAXIMAL["one odd unit"]
    assert (decided(student, samples, 10)[1] == MATCH).any()
    monkeypatch.setattr(krawczyk, "_SMALLEST_RADIUS", 0.0)
    monkeypatch.setattr(krawczyk, "_ROOM", 0)
    assert (decided(student, samples, 10)[1] != MATCH).all()


def test_corners_are_enclosed():
    """relu(w) = -1e-25 has no solution, though all slopes near w > 0 are 1."""
    network = ff(1, 1, 1, 1, sigma=["linear", "relu"])
    balls = BallNetwork(network, np.ones((1, 1)))
    weights = {name: np.ones((1, 1)) for name in ("W1", "W2", "W3")}
    test = krawczyk.SolutionTest([("W1", (0, 0))], [0])
    for w in (1e-25, 1e-20, 1e-3):
        theta, slope = np.array([w]), np.ones((1, 1))
        assert not test.proves(balls, weights, [arb(-1e-25)], theta, slope)
    assert test.proves(balls, weights, [arb(0.25)], np.array([0.2]), np.ones((1, 1)))


# Ranges, reach, elimination


@pytest.mark.parametrize(
    "student",
    [
        tc.Allocation(ff(2, 3, 2, bias=True), {"W1": [[1, 1], [0, 1], [0, 0]], "b1": [0, 0, 1]}),
        tc.Allocation(ff(1, 2, 2, 1, sigma=["softplus", "exp"]), {"W1": [[1], [0]]}),
        tc.Allocation(ff(2, 2, 2, 1, sigma="hardtanh"), {"W2": [[1, 0], [0, 0]]}),
        tc.Allocation(ff(2, 2, 2, 1, sigma="relu", bias=True), {"W1": [[1, 1], [0, 0]]}),
        tc.Allocation(rnn(1, 2, 2, 3, sigma="silu", readout="all"), {"input": [[1], [0]]}),
        tc.Allocation(residual_net(2, 2, 3, 1), {"W2": [[1, 1], [0, 1], [0, 0]]}),
        tc.Allocation(conv(1, 3, pool=2, bias=True), {"W1": [[[1, 0]], [[0, 0]]], "b1": [0, 1]}),
        tc.Allocation(conv(2, 2, sigma="softplus"), {"W1": [[[1, 1], [0, 0]]] * 2}),
    ],
)
def test_no_student_leaves_its_ranges(student: tc.Allocation):
    samples, count = 2, 20
    found = drawn(student, samples, count)
    ranges = OutputRanges(student, samples)
    entries = entries_of(dict(student.masks("learnable")))
    assert ranges.equations
    rng = np.random.default_rng(1)
    seen = 0
    for k in range(count):
        balls = BallNetwork(student.network, found.instances.inputs[k])
        given = {name: value[k] for name, value in found.instances.weights.items()}
        for _ in range(8):
            own = {name: value.copy() for name, value in given.items()}
            for name, index in entries:
                own[name][index] = rng.normal() * 10 ** rng.uniform(-2, 1.5)
            outputs = balls.outputs(balls.weights(own), ranges.equations)
            assert not ranges.excludes(balls, balls.weights(given), outputs)
        taught = {name: value[k] for name, value in found.teacher.items()}
        outputs = balls.outputs(balls.weights(taught), ranges.equations)
        seen += ranges.excludes(balls, balls.weights(given), outputs)
    assert seen > 0


def test_reach_is_what_second_differences_show():
    kinds = sum(seen_kinds(seed) for seed in range(10))
    assert kinds.all()  # type: ignore[union-attr]


def seen_kinds(seed: int) -> np.ndarray:
    """How many outputs of some random students depend in each way."""
    rng, kinds = np.random.default_rng(seed), np.zeros(3, dtype=int)
    for network in (
        ff(2, 2, 2, sigma="sin", bias=True),
        ff(2, 2, 2, 2, sigma=["tanh", "linear"]),
        ff(2, 2, 2, 2, sigma=["linear", "tanh"]),
        rnn(1, 2, 2, 2, readout="all", bias=True),
        residual_net(2, 2, 2, 2, sigma=["linear", "tanh"]),
        conv(1, 3, padding=1, bias=True),
        conv(2, 4, pool=3, sigma="linear"),
    ):
        present = {k: rng.random(s) < 0.7 for k, s in network.weight_shapes.items()}
        learnable = {k: m & (rng.random(m.shape) < 0.3) for k, m in present.items()}
        student = tc.Allocation(network, learnable, present)
        reach = reach_of(student, 2)
        entries = entries_of(dict(student.masks("learnable")))
        found = drawn(student, 2, 1, seed).instances
        system = NonlinearEquations(network, 2, entries)
        if not entries:
            assert (reach.depends == FIXED).all()
            continue
        points = rng.normal(size=(40, len(entries)))
        at = [system.residual(theta[None], found)[0][0] for theta in points]
        middle = [
            system.residual((points[k] + points[k + 1])[None] / 2, found)[0][0] for k in range(39)
        ]
        moves = np.ptp(at, axis=0) > 1e-9
        bends = np.max([abs(2 * m - at[k] - at[k + 1]) for k, m in enumerate(middle)], axis=0)
        assert (reach.depends[moves] != FIXED).all()
        assert (reach.depends[bends > 1e-9] == NONLINEAR).all()
        kinds += [(reach.depends == kind).sum() for kind in (FIXED, AFFINE, NONLINEAR)]
    return kinds


def test_elimination_agrees_with_fractions():
    import sympy

    rng = np.random.default_rng(2)
    answers = set()
    for _ in range(150):
        rows, columns, rank = (int(rng.integers(1, 5)) for _ in range(3))
        left = rng.integers(-3, 4, size=(rows, rank))
        matrix = left @ rng.integers(-3, 4, size=(rank, columns))
        vector = matrix @ rng.integers(-3, 4, size=columns) + rng.integers(0, 2) * (
            rng.integers(-1, 2, size=rows)
        )
        exact, both = sympy.Matrix(matrix), sympy.Matrix(np.column_stack([matrix, vector]))
        with ctx.workprec(192):
            balls = [[arb(int(v)) / 3 for v in row] for row in matrix]
            assert eliminate(balls, columns).rank == exact.rank()
            found = solvable(balls, [arb(int(v)) / 3 for v in vector])
        assert found == (MATCH if exact.rank() == both.rank() else NO_MATCH)
        answers.add(found)
    assert answers == {MATCH, NO_MATCH}


def test_what_cannot_be_told_from_zero_is_undecided():
    wide = arb(0, 1e-6)
    assert solvable([[wide]], [arb(1)]) == UNDECIDED
    assert solvable([[arb(1)], [arb(1)]], [arb(1), arb(1, 1e-9)]) == UNDECIDED
    assert solvable([[arb("nan")]], [arb(1)]) == UNDECIDED
    assert not eliminate([[arb(2) ** -2000 * wide]], 1).is_clear
    assert eliminate([[arb(2) ** -2000]], 1).rank == 1
