"""The unrolled network against direct definitions, kind by kind, in several algebras.

Everything asks the unrolled network, so a fault in it would be everywhere: here each kind is one
line of NumPy, and torch's own layers say the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import theorycheck as tc
from tests.shared.strategies import networks
from theorycheck.field.arithmetic import dot, reduce
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.base import Network
from theorycheck.problem.networks.kinds import KINDS
from theorycheck.problem.networks.matrices import matrices_of
from theorycheck.problem.networks.unrolled import Level, Unrolled, forward
from theorycheck.ranks.jacobian import Jacobian
from theorycheck.ranks.point import Point, draw_prime
from theorycheck.structure.support import jacobian_support

FF, LR, RELU = tc.LinearFeedforward, tc.LinearRecurrent, tc.ShallowReLU
Weights = dict[str, np.ndarray]


Between = Callable[[Any], Any]
SIGMA: dict[str, Between] = {
    "linear": lambda h: h,
    "relu": lambda h: np.maximum(h, 0),
    "tanh": np.tanh,
    "sigmoid": lambda h: 0.5 + np.tanh(h / 2) / 2,
    "softplus": lambda h: np.maximum(h, 0) + np.log1p(np.exp(-abs(h))),
    "silu": lambda h: h * (0.5 + np.tanh(h / 2) / 2),
    "gelu": lambda h: h * special.erfc(-h / math.sqrt(2)) / 2,
    "erf": special.erf,
    "sin": np.sin,
    "exp": np.exp,
    "arctan": np.arctan,
    "square": np.square,
    "cube": lambda h: h * h * h,
    "leaky_relu": lambda h: np.where(h > 0, h, 0.01 * h),
    "hardtanh": lambda h: np.minimum(np.maximum(h, -1), 1),
}


def layered(
    w: Weights, x: np.ndarray, sigmas: Sequence[Between], is_residual: bool = False
) -> np.ndarray:
    for k, sigma in enumerate((*sigmas, SIGMA["linear"]), start=1):
        h = sigma(w[f"W{k}"] @ x + w.get(f"b{k}", np.zeros(1, int))[:, None])
        x = x + h if is_residual and len(x) == len(h) and k <= len(sigmas) else h
    return x


def convolved(n: Any, w: Weights, x: np.ndarray) -> np.ndarray:
    axes = len(n.input) - 1
    h: Any = x.reshape(*n.input[1:], n.input[0], -1)  # positions, channels, samples
    for k, (layer, name) in enumerate(zip(n.layers, n.activations, strict=True), start=1):
        filters, bias = w[f"W{k}"], w.get(f"b{k}", np.zeros(1, int))[:, None]
        padded = np.pad(h, [(size, size) for size in layer.padding] + [(0, 0), (0, 0)])
        views = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel, tuple(range(axes)))
        views = views[tuple(slice(None, None, step) for step in layer.stride)]
        over = range(axes + 2, 2 * axes + 2)  # behind positions, channels and samples
        sums = np.tensordot(views, filters, ([axes, *over], [1, *range(2, axes + 2)]))
        h = SIGMA[name](np.moveaxis(sums, -1, -2) + bias)
        for axis, size in enumerate(layer.pool):
            kept = h.take(range(h.shape[axis] // size * size), axis)
            parts = [kept.take(range(j, kept.shape[axis], size), axis) for j in range(size)]
            h = sum(parts[1:], start=parts[0]) * (
                Fraction(1, size) if h.dtype == object else 1 / size
            )
    flat = np.moveaxis(h, -2, 0).reshape(-1, x.shape[-1])
    bias = w.get(f"b{n.depth}", np.zeros(1, int))[:, None]
    return w[f"W{n.depth}"] @ flat + bias


def recurrent(network: Any, w: Weights, x: np.ndarray, sigma: Between) -> np.ndarray:
    b, c = (w.get(name, np.zeros(1, int))[:, None] for name in ("bias", "readout_bias"))
    h, read = 0 * w["input"] @ x[0], []
    for t in range(network.steps):
        h = sigma(w["recurrent"] @ h + w["input"] @ x[t] + b)
        read.append(w["readout"] @ h + c)
    return np.concatenate(read if network.readout == "all" else read[-1:])


DIRECT: dict[str, Callable[[Any, Weights, np.ndarray], np.ndarray]] = {
    "linear_feedforward": lambda n, w, x: layered(w, x, [SIGMA["linear"]] * (n.depth - 1)),
    "shallow_relu": lambda n, w, x: layered(w, x, [SIGMA["relu"]]),
    "feedforward": lambda n, w, x: layered(w, x, [SIGMA[a] for a in n.activations], n.skip),
    "convolutional": convolved,
    "linear_recurrent": lambda n, w, x: recurrent(n, w, x, SIGMA["linear"]),
    "recurrent": lambda n, w, x: recurrent(n, w, x, SIGMA[n.activation]),
}


def passing(network: Network) -> Network:
    """The network with ReLU for whatever activations it has: it passes all that is positive."""
    has_choice = network.kind in ("feedforward", "recurrent", "convolutional")
    return replace(network, activation="relu") if has_choice else network  # type: ignore[call-arg]


# Residual layers, the first one and behind a wider one; convolutions in one and two dimensions.
WITH_PARTS = [
    tc.Feedforward([2, 2, 3, 3, 1], activation=["tanh", "sin", "cube"], bias=True, skip=True),
    tc.Feedforward([2, 3, 3, 3], activation="silu", skip=True),
    tc.Convolutional([2, 5], [{"channels": 3, "kernel": 2, "padding": 1, "pool": 2}], 2,
                     activation="tanh"),
    tc.Convolutional([1, 4, 5], [{"channels": 2, "kernel": [3, 2], "stride": [1, 2],
                                  "padding": [2, 0], "pool": [2, 1]},
                                 {"channels": 3, "kernel": [2, 1]}], 2,
                     activation=["sigmoid", "linear"], bias=True),
    tc.Convolutional([2, 6], [{"channels": 2, "kernel": 3, "stride": 2, "padding": 2},
                              {"channels": 1, "kernel": 1, "pool": 3}], 1, activation="relu",
                     bias=True),
]  # fmt: skip
all_networks = networks | st.sampled_from(WITH_PARTS)
passing_networks = all_networks.map(passing)


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
        return ACTIVATIONS[level.activation].value(value, np)

    values = forward(unrolled, unrolled.split(rows), level_of)
    return np.concatenate([values[number] for number in unrolled.read])


def differs(network: Network, unrolled: Unrolled, seed: int, samples: int = 3) -> bool:
    """Whether the unrolled network is not the direct definition, at a point of integers.

    With activations other than ReLU at a point of small numbers, up to rounding.
    """
    weights, inputs = drawn(network, samples, seed)
    is_exact = set(network.activations) <= {"linear", "relu"}
    if not is_exact:
        weights = {name: value / 16 for name, value in weights.items()}
        inputs = inputs / 16

    matrices = matrices_of(unrolled, weights, lambda factor, size: float(factor) * np.eye(size))
    is_exact &= all(factor == 1 for factor, _ in unrolled.multiples.values())

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        return sum(matrices[name] @ value for name, value in terms)

    found = evaluated(network, unrolled, rows_of(network, inputs), combine)
    wanted = DIRECT[network.kind](network, weights, inputs)
    if is_exact:
        return not np.array_equal(found, wanted)
    return not np.allclose(found, wanted, rtol=1e-10, atol=1e-10)


def test_every_kind_has_a_direct_definition():
    assert DIRECT.keys() == KINDS.keys()
    assert SIGMA.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_numbers_of_every_activation(name: str):
    for network in (
        tc.Feedforward([2, 3, 2, 2], activation=["tanh", name]),
        tc.Feedforward([2, 3, 2], activation=name, bias=True),
        tc.Recurrent(2, 3, 2, 3, "all", activation=name, bias=True),
        tc.Recurrent(1, 2, 1, 4, activation=name),
    ):
        assert not any(differs(network, network.unrolled, seed) for seed in range(5))


@given(all_networks, st.integers(0, 2**32 - 1))
def test_numbers_are_those_of_the_definition(network: Any, seed: int):
    assert not differs(network, network.unrolled, seed)


@given(passing_networks, st.integers(0, 2**32 - 1))
def test_residues_are_those_of_the_definition(network: Any, seed: int):
    weights, inputs = drawn(network, 3, seed, least=0)  # so that a ReLU passes everything
    prime = 101
    linear = without_activations(network)
    matrices = matrices_of(
        linear, weights, lambda factor, size: residue(factor, prime) * np.eye(size)
    )

    def combine(terms: list[tuple[str, np.ndarray]]) -> np.ndarray:
        return dot(((reduce(matrices[n], prime), value) for n, value in terms), prime)

    rows = reduce(rows_of(network, inputs), prime)
    big = {name: value.astype(object) for name, value in weights.items()}
    wanted = DIRECT[network.kind](network, big, inputs.astype(object))
    found = evaluated(network, linear, rows, combine)
    assert (found % prime).astype(int).tolist() == [
        [residue(value, prime) for value in row] for row in wanted
    ]


def residue(value: int | Fraction, prime: int) -> int:
    return value.numerator * pow(value.denominator, -1, prime) % prime


def without_activations(network: Network) -> Unrolled:
    levels = tuple(level._replace(activation="linear") for level in network.unrolled.levels)
    return replace(network.unrolled, levels=levels)


@given(passing_networks, st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_paths_are_those_of_the_definition(network: Any, seed: int, density: float):
    """Booleans: a path leads where weights of 0 and 1 give a positive number."""
    weights, inputs = drawn(network, 2, seed, least=0)
    masks = {name: value < 10 * density for name, value in weights.items()}
    shown = inputs < 10 * density

    linear = without_activations(network)
    matrices = matrices_of(linear, masks, lambda _, size: np.eye(size, dtype=bool))

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        parts = [(matrices[n][:, :, None] & value).any(axis=1) for n, value in terms]
        return np.logical_or.reduce(parts)

    found = evaluated(network, linear, rows_of(network, shown), combine)
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
    return replace(network.unrolled, levels=tuple(levels))


def without_last_term(level: Level) -> Level:
    return level._replace(terms=level.terms[:-1])


def from_one_before(level: Level) -> Level:
    """Hidden units that read the state of two steps before."""
    first, *rest = level.terms
    return level._replace(terms=(first._replace(source=first.source - 1), *rest))


STATE = tc.Recurrent(1, 2, 1, 3, "all", activation="tanh", bias=True)
MIXED = tc.Feedforward([2, 3, 2, 1], activation=["tanh", "sin"], bias=True)

RESIDUAL, _, PADDED, PLANE, _ = WITH_PARTS


def other_part(network: Network, name: str, **changes: Any) -> Unrolled:
    parts = network.unrolled.parts
    return replace(network.unrolled, parts={**parts, name: parts[name]._replace(**changes)})


WRONG = {
    "a residual layer without what it reads": (
        RESIDUAL,
        with_level(RESIDUAL, 3, without_last_term),
    ),
    "what a residual layer adds, twice": (
        RESIDUAL,
        with_level(RESIDUAL, 3, lambda one: one._replace(terms=one.terms[:1] * 2)),
    ),
    "offsets of a filter exchanged": (
        PADDED,
        other_part(PADDED, "W1[:,:,0]", at=(slice(None), slice(None), 1)),
    ),
    "a filter turned": (
        PLANE,
        other_part(PLANE, "W1[:,:,2,1]", at=(slice(None), slice(None), 1, 1)),
    ),
    "a head that reads position after position": (
        PADDED,
        other_part(PADDED, "W2[:,0::3]", at=(slice(None), slice(0, 3))),
    ),
    "a sum for an average": (
        PADDED,
        replace(
            PADDED.unrolled,
            multiples={
                n: m._replace(factor=Fraction(1)) for n, m in PADDED.unrolled.multiples.items()
            },
        ),
    ),
    "a filter that reads one position less": (PADDED, with_level(PADDED, 6, without_last_term)),
    "the activations of two layers exchanged": (
        MIXED,
        replace(MIXED, activation=["sin", "tanh"]).unrolled,
    ),
    "a state without its activation": (
        STATE,
        with_level(STATE, 5, lambda one: one._replace(activation="linear")),
    ),
    "a state without its bias": (STATE, with_level(STATE, 5, without_last_term)),
    "an output without its bias": (STATE, with_level(STATE, 8, without_last_term)),
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


@given(networks.filter(lambda n: n.kind != "convolutional"), st.integers(1, 9), st.integers(1, 9))
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
    assert not PADDED.is_fully_connected
    assert LONG.is_fully_connected
    shared = SimpleNamespace(
        weight_shapes={"W1": (3, 2), "W2": (2, 3)}, groups=network.groups, ends=network.ends
    )
    assert not Network.is_fully_connected.func(shared)  # type: ignore[attr-defined]
