"""The unrolled network against direct definitions, kind by kind, in several algebras.

Everything asks the unrolled network, so a fault in it would be everywhere: here each kind is one
line of NumPy, and torch's own layers say the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import networks
from theorycheck.field.arithmetic import dot, reduce
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.kinds import KINDS
from theorycheck.problem.networks.unrolled import Level, Unrolled, as_matrix, forward
from theorycheck.ranks.jacobian import Jacobian
from theorycheck.ranks.point import Point, draw_prime
from theorycheck.structure.support import jacobian_support

FF, LR, RELU = tc.LinearFeedforward, tc.LinearRecurrent, tc.ShallowReLU
Weights = dict[str, np.ndarray]


def layered(w: Weights, x: np.ndarray, depth: int, between: Callable[[Any], Any]) -> np.ndarray:
    for k in range(1, depth + 1):
        x = w[f"W{k}"] @ (between(x) if k > 1 else x) + w.get(f"b{k}", np.zeros(1, int))[:, None]
    return x


def recurrent(network: Any, w: Weights, x: np.ndarray) -> np.ndarray:
    h, read = 0 * w["input"] @ x[0], []
    for t in range(network.steps):
        h = w["recurrent"] @ h + w["input"] @ x[t]
        read.append(w["readout"] @ h)
    return np.concatenate(read if network.readout == "all" else read[-1:])


DIRECT: dict[str, Callable[[Any, Weights, np.ndarray], np.ndarray]] = {
    "linear_feedforward": lambda n, w, x: layered(w, x, n.depth, lambda h: h),
    "shallow_relu": lambda n, w, x: layered(w, x, 2, lambda h: np.maximum(h, 0)),
    "linear_recurrent": recurrent,
}


def drawn(network: Network, samples: int, seed: int, least: int = -9) -> tuple[Weights, np.ndarray]:
    """Integer weights and inputs (inputs, samples), or (steps, inputs, samples)."""
    rng = np.random.default_rng(seed)
    shape = (network.steps, network.inputs, samples)
    inputs = rng.integers(least, 10, shape if network.is_recurrent else shape[1:])
    shapes = network.weight_shapes.items()
    return {name: rng.integers(least, 10, shape) for name, shape in shapes}, inputs


def rows_of(network: Network, inputs: np.ndarray) -> np.ndarray:
    """The rows of the matrix of inputs: with biases the constant is the last."""
    rows = inputs.reshape(-1, inputs.shape[-1])
    return np.vstack([rows, np.ones((int(network.bias), inputs.shape[-1]), dtype=rows.dtype)])


def evaluated(
    network: Network,
    unrolled: Unrolled,
    rows: np.ndarray,
    combine: Callable[[list[tuple[str, Any]]], Any],
) -> np.ndarray:
    """The levels that are read, one behind the other."""

    def level_of(level: Level, terms: list[tuple[str, Any]]) -> Any:
        value = combine(terms)
        return np.maximum(value, 0) if level.activation == "relu" else value

    values = forward(unrolled, unrolled.split(rows), level_of)
    return np.concatenate([values[number] for number in unrolled.read])


def differs(network: Network, unrolled: Unrolled, seed: int, samples: int = 3) -> bool:
    """Whether the unrolled network is not the direct definition, at a point of integers."""
    weights, inputs = drawn(network, samples, seed)

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        return sum(as_matrix(weights[name]) @ value for name, value in terms)

    found = evaluated(network, unrolled, rows_of(network, inputs), combine)
    return not np.array_equal(found, DIRECT[network.kind](network, weights, inputs))


def test_every_kind_has_a_direct_definition():
    assert DIRECT.keys() == KINDS.keys()


@given(networks, st.integers(0, 2**32 - 1))
def test_numbers_are_those_of_the_definition(network: Any, seed: int):
    assert not differs(network, network.unrolled, seed)


@given(networks, st.integers(0, 2**32 - 1))
def test_residues_are_those_of_the_definition(network: Any, seed: int):
    weights, inputs = drawn(network, 3, seed, least=0)  # so that a ReLU passes everything
    prime = 101

    def combine(terms: list[tuple[str, np.ndarray]]) -> np.ndarray:
        return dot(((reduce(as_matrix(weights[n]), prime), value) for n, value in terms), prime)

    linear = Unrolled(
        tuple(level._replace(activation="linear") for level in network.unrolled.levels),
        network.unrolled.read,
    )
    rows = reduce(rows_of(network, inputs), prime)
    big = {name: value.astype(object) for name, value in weights.items()}
    wanted = DIRECT[network.kind](network, big, inputs.astype(object))
    found = evaluated(network, linear, rows, combine)
    assert (found % prime).astype(int).tolist() == (wanted % prime).tolist()


@given(networks, st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_paths_are_those_of_the_definition(network: Any, seed: int, density: float):
    """Booleans: a path leads where weights of 0 and 1 give a positive number."""
    weights, inputs = drawn(network, 2, seed, least=0)
    masks = {name: value < 10 * density for name, value in weights.items()}
    shown = inputs < 10 * density

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        parts = [(as_matrix(masks[n])[:, :, None] & value).any(axis=1) for n, value in terms]
        return np.logical_or.reduce(parts)

    found = evaluated(network, network.unrolled, rows_of(network, shown), combine)
    numbers = {name: mask.astype(object) for name, mask in masks.items()}
    wanted = DIRECT[network.kind](network, numbers, shown.astype(object))
    assert found.astype(bool).tolist() == (wanted > 0).tolist()


LONG = LR(inputs=1, hidden=2, outputs=1, steps=4, readout="all")
DEEP = FF([2, 3, 2, 2], bias=True)


def slope(values: Callable[[int], np.ndarray], degree: int) -> np.ndarray:
    """The derivative at 0 of a polynomial of at most this degree, from its values (Lagrange)."""
    total = values(0) * -sum(Fraction(1, j) for j in range(1, degree + 1))
    for k in range(1, degree + 1):
        others = [j for j in range(1, degree + 1) if j != k]
        total = total + values(k) * (
            math.prod((Fraction(-j, k - j) for j in others), start=Fraction(1)) / k
        )
    return total


def derivative(
    network: Any, weights: Weights, inputs: np.ndarray, name: str, index: tuple[int, ...]
) -> np.ndarray:
    """The derivative of all outputs by one weight, from the direct definition, exactly."""

    def moved(k: int) -> np.ndarray:
        changed = {key: value.astype(object) for key, value in weights.items()}
        changed[name][index] += k
        return DIRECT[network.kind](network, changed, inputs.astype(object))

    return slope(moved, network.steps + 1)


linear = networks.filter(lambda network: network.is_linear)


@given(linear, st.data(), st.integers(0, 2**32 - 1))
def test_columns_of_the_jacobian_are_derivatives_of_the_definition(network: Any, data, seed: int):
    weights, inputs = drawn(network, 2, seed)
    prime = draw_prime(0, 0)
    residues = {name: reduce(value, prime) for name, value in weights.items()}
    rows = reduce(rows_of(network, inputs), prime)
    point = Point(prime, residues, rows.reshape(network.input_shape(2)))
    name = data.draw(st.sampled_from(list(network.weight_shapes)))
    index = tuple(data.draw(st.integers(0, n - 1)) for n in network.weight_shapes[name])
    column = Jacobian(network, point, np).columns(name, np.array([index]))
    wanted = derivative(network, weights, inputs, name, index)
    assert (column[:, 0] % prime).astype(int).tolist() == [int(v) % prime for v in wanted.ravel()]


@given(linear)
def test_path_bounds_are_never_below_the_truth(network: Any):
    """At ones everywhere a derivative is the sum of its coefficients, which are not negative."""
    weights = {name: np.ones(shape, int) for name, shape in network.weight_shapes.items()}
    shape = (network.steps, network.inputs, 1)
    inputs = np.ones(shape if network.is_recurrent else shape[1:], int)
    norm = max(
        derivative(network, weights, inputs, name, (0,) * len(shape)).max()
        for name, shape in network.weight_shapes.items()
    )
    counted_degree, counted = Network.path_bounds.fget(network)  # type: ignore[attr-defined]
    degree, bound = network.path_bounds
    assert math.log2(norm) <= counted + 1e-9
    assert counted <= bound + 1e-9
    assert counted_degree == degree


def test_no_entries_have_no_columns():
    for network in (DEEP, LONG):
        weights, inputs = drawn(network, 2, 0)
        rows = rows_of(network, inputs).reshape(network.input_shape(2)) * 1.0
        jacobian = Jacobian(network, Point(101, weights, rows), np)
        for name, shape in network.weight_shapes.items():
            found = jacobian.columns(name, np.zeros((0, len(shape)), dtype=np.int64))
            assert found.shape == (network.outputs * 2 * network.n_reads, 0)


def with_level(network: Network, number: int, change: Callable[[Level], Level]) -> Unrolled:
    levels = list(network.unrolled.levels)
    levels[number] = change(levels[number])
    return Unrolled(tuple(levels), network.unrolled.read)


def without_last_term(level: Level) -> Level:
    return level._replace(terms=level.terms[:-1])


def from_one_before(level: Level) -> Level:
    """Hidden units that read the state of two steps before."""
    first, *rest = level.terms
    return level._replace(terms=(first._replace(source=first.source - 1), *rest))


WRONG = {
    "a layer without its bias": (DEEP, with_level(DEEP, 3, without_last_term)),
    "a layer with another bias": (
        FF([2, 2, 2], bias=True),
        with_level(
            FF([2, 2, 2], bias=True),
            3,
            lambda one: one._replace(terms=(one.terms[0], one.terms[1]._replace(weight="b1"))),
        ),
    ),
    "a bias read as an input": (
        FF([1, 1], bias=True),
        with_level(
            FF([1, 1], bias=True),
            2,
            lambda one: one._replace(terms=(one.terms[0], one.terms[1]._replace(source=0))),
        ),
    ),
    "the state before the last": (LONG, with_level(LONG, 6, from_one_before)),
    "a step without its input": (LONG, with_level(LONG, 5, without_last_term)),
    "an output one step late": (LONG, with_level(LONG, 11, from_one_before)),
    "no read at the first step": (
        LONG,
        replace(LONG.unrolled, read=[9, 9, 10, 11]),
    ),
    "no activation": (
        RELU([2, 3, 2]),
        with_level(RELU([2, 3, 2]), 1, lambda one: one._replace(activation="linear")),
    ),
    "an activation of the outputs": (
        RELU([2, 3, 2]),
        with_level(RELU([2, 3, 2]), 2, lambda one: one._replace(activation="relu")),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_unrolling_is_seen(name: str):
    network, wrong = WRONG[name]
    assert any(differs(network, wrong, seed) for seed in range(5))
    assert not any(differs(network, network.unrolled, seed) for seed in range(5))


@pytest.mark.torch
@given(networks, st.integers(0, 2**32 - 1))
def test_torch_computes_the_same(network: Any, seed: int):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    weights, inputs = drawn(network, 3, seed, least=0)  # positive: relu(h) = h in torch's RNN

    def tensor(values: np.ndarray) -> Any:
        return torch.tensor(values, dtype=torch.float64)

    def linear_layer(weight: str, bias: str) -> Any:
        size, before = weights[weight].shape
        layer = nn.Linear(before, size, bias=bias in weights, dtype=torch.float64)
        layer.weight.data = tensor(weights[weight])
        if bias in weights:
            layer.bias.data = tensor(weights[bias])
        return layer

    if network.is_recurrent:
        rnn = nn.RNN(
            network.inputs,
            network.hidden,
            nonlinearity="relu",
            bias=False,
            batch_first=True,
            dtype=torch.float64,
        )
        rnn.weight_ih_l0.data = tensor(weights["input"])
        rnn.weight_hh_l0.data = tensor(weights["recurrent"])
        states, _ = rnn(tensor(inputs.transpose(2, 0, 1)))
        outputs = linear_layer("readout", "none")(states)  # (samples, steps, outputs)
        outputs = outputs if network.readout == "all" else outputs[:, -1:]
        wanted = outputs.permute(1, 2, 0).reshape(-1, 3)
    else:
        stack = nn.Sequential()
        for k in range(1, network.depth + 1):
            if k > 1 and network.activations[k - 2] == "relu":
                stack.append(nn.ReLU())
            stack.append(linear_layer(f"W{k}", f"b{k}"))
        weights["W1"][0] *= -1  # a unit that ReLU stops
        stack[0].weight.data = tensor(weights["W1"])
        wanted = stack(tensor(inputs.T)).T

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        return sum(as_matrix(weights[name]) @ value for name, value in terms)

    found = evaluated(network, network.unrolled, rows_of(network, inputs), combine)
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-12)


@given(linear, st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_the_support_is_where_the_jacobian_is_not_zero(network: Any, samples: int, seed: int):
    rng = np.random.default_rng(seed)
    present = {n: rng.random(shape) < 0.6 for n, shape in network.weight_shapes.items()}
    allocation = tc.Allocation(network, present, present)
    prime = draw_prime(0, 0)
    weights, inputs = drawn(network, samples, seed, least=1)  # no sum of paths cancels
    residues = {name: (value * present[name]).astype(float) for name, value in weights.items()}
    point = Point(
        prime, residues, rows_of(network, inputs).reshape(network.input_shape(samples)) * 1.0
    )
    columns = [
        Jacobian(network, point, np).columns(name, np.argwhere(mask))
        for name, mask in present.items()
        if mask.any()
    ]
    found = jacobian_support(allocation, samples, spanning=False)
    if not columns:
        assert found.shape[1] == 0
    else:
        assert np.array_equal(found, np.concatenate(columns, axis=1) != 0)


@given(networks, st.integers(1, 9), st.integers(1, 9))
def test_a_resized_network_has_the_same_inside(network: Any, inputs: int, outputs: int):
    other = network.resized(inputs=inputs, outputs=outputs)
    assert (other.inputs, other.outputs) == (inputs, outputs)
    assert other.resized(inputs=network.inputs, outputs=network.outputs) == network
    assert network.resized() == network
    assert other.activations == network.activations


def test_weights_that_several_pairs_of_units_share_are_not_fully_connected():
    network = FF([4, 3, 2])
    assert network.is_fully_connected
    assert RELU([2, 3, 1], bias=True).is_fully_connected
    assert LONG.is_fully_connected
    shared = SimpleNamespace(
        weight_shapes={"W1": (3, 2), "W2": (2, 3)}, groups=network.groups, ends=network.ends
    )
    assert not Network.is_fully_connected.func(shared)  # type: ignore[attr-defined]
