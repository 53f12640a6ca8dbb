"""Convolutional and residual networks: the checker's own evaluation, against other ones."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.checker.test_oracle import ANALYTIC, claim_of, jacobian, rank
from tests.mutations import nonlinear_truth
from tests.mutations.problems import Problem, outputs, read
from tests.page_checker.oracle import need_exact, rank_bound
from tests.page_checker.problem import Refused, read_problem
from tests.page_checker.ranks import Draws
from theorycheck.checker import oracle_balls, oracle_bounds, plain
from theorycheck.checker.oracle_balls import require_minor_in_balls
from theorycheck.errors import CertificateError, InputError
from theorycheck.problem.files import problem_to_dict
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.ranks.exactness import why_not_exact
from theorycheck.ranks.generic_rank import generic_rank, trial_error
from theorycheck.ranks.sizes import entry_size
from theorycheck.theorems.t11_analytic import THEOREM as T11

POLYNOMIALS = ["linear", "square", "cube"]
Json = dict[str, Any]
FILTER = {"channels": 2, "kernel": 2}


def residual(rng: np.random.Generator, names: list[str]) -> Any:
    """Two or three hidden layers, one of which at least is as wide as what it reads."""
    widths = [int(n) for n in rng.integers(1, 4, rng.integers(4, 6))]
    place = int(rng.integers(1, len(widths) - 1))
    widths[place] = widths[place - 1]
    given = [names[0], *rng.choice(names, len(widths) - 3).tolist()]
    return tc.Feedforward(widths, bool(rng.integers(2)), activation=given, skip=True)


def convolutional(rng: np.random.Generator, names: list[str]) -> Any:
    """One to three convolutions with strides, padding and pooling, in one or two dimensions."""
    while True:
        n_axes = int(rng.integers(1, 3))
        size = [int(rng.integers(1, 3)), *rng.integers(1, 5 if n_axes == 1 else 4, n_axes).tolist()]
        layers = []
        for _ in range(int(rng.integers(1, 4))):
            layer: Json = {"channels": int(rng.integers(1, 3))}
            for key, low, high in (("kernel", 1, 4), ("stride", 1, 3), ("padding", 0, 3),
                                   ("pool", 1, 3)):  # fmt: skip
                if key == "kernel" or rng.integers(2):
                    layer[key] = rng.integers(low, high, n_axes).tolist()
            layers.append(layer)
        given = [names[0], *rng.choice(names, len(layers) - 1).tolist()]
        try:
            return tc.Convolutional(
                size, layers, int(rng.integers(1, 3)), activation=given, bias=bool(rng.integers(2))
            )
        except InputError:  # a filter that does not fit
            continue


def problems(n: int, seed: int, names: list[str] | None = None) -> Iterator[tuple[Any, int]]:
    """Small ones of both kinds, half of them sparse; of `names` alone, or of every activation."""
    rng, number = np.random.default_rng(seed), 0
    while number < n:
        name = ANALYTIC[number % len(ANALYTIC)]
        made = (convolutional, convolutional, residual)[number % 3]
        network = made(rng, names or [name, name, "linear", "square"])
        m = int(rng.integers(1, 6))
        if network.n_weights > 60 or m * network.outputs > 10:
            continue
        number += 1
        present, most = None, network.n_weights
        if rng.integers(2):
            share = rng.choice([0.4, 0.7, 0.9])
            present = {k: rng.random(shape) < share for k, shape in network.weight_shapes.items()}
            most = sum(int(mask.sum()) for mask in present.values())
        count = int(rng.integers(0, most + 1))
        yield tc.Allocation.random(network, count, rng, present=present), m


def as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def is_exact(allocation: tc.Allocation, m: int = 2) -> bool:
    try:
        oracle_bounds.require_exact(claim_of(allocation, m))
    except CertificateError:
        return False
    return True


# The evaluation, against other ones


def test_the_jacobian_the_bound_and_what_is_exact_are_those_of_the_page():
    seen: Counter[bool] = Counter()
    for number, (allocation, m) in enumerate(problems(90, seed=1)):
        claim = claim_of(allocation, m, seed=number)
        draws, problem = Draws(claim.context.key), read_problem(**as_json(claim.problem))
        columns = draws.jacobian(problem, 1, problem.presents)
        rows = [list(row) for row in zip(*columns, strict=True)]
        assert not columns or rows == jacobian(claim, "present", 1)
        try:
            need_exact(problem, lambda *_: 0)
            exact = True
        except Refused:
            exact = False
        assert exact == is_exact(allocation, m)
        seen[exact] += 1
        try:
            bound = rank_bound(problem, 7)
        except Refused:
            bound = math.inf
        assert oracle_bounds.trial_bound(claim, 7) == pytest.approx(bound)
    assert min(seen.values()) > 10


@pytest.mark.long
def test_ranks_and_what_is_exact_are_those_of_the_finders():
    seen: Counter[bool] = Counter()
    for allocation, m in problems(150, seed=2):
        assert is_exact(allocation, m) == (why_not_exact(allocation) is None)
        for which in ("learnable", "present"):
            upper = getattr(allocation, f"n_{which}")
            ours = generic_rank(allocation, m, upper=upper, which=which).value if upper else 0
            assert rank(allocation, m, which) == ours, (allocation, m, which)
        seen[is_exact(allocation, m)] += 1
    assert min(seen.values()) > 20


@pytest.mark.long
def test_the_rank_is_that_of_the_network_itself():
    """Without any oracle: p-adic numbers through the definition (T11b)."""
    for allocation, m in problems(160, seed=3):
        problem = read(as_json(problem_to_dict(allocation, m)))
        for which in ("learnable", "present"):
            true, ours = nonlinear_truth.rank(problem, which), rank(allocation, m, which)
            assert ours >= true
            assert ours == true or not is_exact(allocation, m), (allocation, m, which)


class Dual:
    """A residue and its derivative along one weight."""

    p = 0

    def __init__(self, value: int, change: int = 0) -> None:
        self.value, self.change = value % self.p, change % self.p

    def __add__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(int(other))
        return Dual(self.value + other.value, self.change + other.change)

    def __mul__(self, other: Any) -> Dual:
        other = other if isinstance(other, Dual) else Dual(int(other))
        return Dual(self.value * other.value, self.value * other.change + self.change * other.value)

    __radd__, __rmul__ = __add__, __mul__


def power(name: str, z: Any) -> Any:
    """A polynomial activation in any ring."""
    return z if name == "linear" else z * z if name == "square" else z * z * z


def derivatives(problem: Problem, weights: Json, inputs: Any, one: Any) -> list[list[Any]]:
    """A row for each present weight; `one(x)` is x with the derivative 1."""
    found = []
    for name, index in problem.entries("present"):
        changed = weights[name].copy()
        changed[index] = one(changed[index])
        every = outputs(problem, {**weights, name: changed}, [inputs], apply=power)
        found.append([getattr(x, "change", 0) for x in every[0].flat])
    return found


def test_derivatives_of_polynomial_networks_are_true_derivatives(monkeypatch):
    """No oracle is needed there: dual numbers through the definition give the same entries."""
    for allocation, m in problems(60, seed=4, names=POLYNOMIALS):
        claim = claim_of(allocation, m)
        monkeypatch.setattr(Dual, "p", claim.prime(0))
        problem, key = read(as_json(claim.problem)), claim.context.key

        def drawn(name: str, shape: tuple[int, ...], key: str = key) -> np.ndarray:
            rows = plain.random_matrix(key, 0, name, shape, Dual.p)
            return np.array(rows, dtype=object).reshape(shape)

        weights = {
            name: drawn(name, shape) * problem.present[name]
            for name, shape in problem.shapes.items()
        }
        inputs = drawn("inputs", (problem.n_inputs, m))
        expected = derivatives(problem, weights, inputs, lambda x: Dual(int(x), 1))
        rows = jacobian(claim, "present")
        assert not expected or [list(column) for column in zip(*rows, strict=True)] == expected


class Exact:
    """A number and its derivative along one weight."""

    def __init__(self, value: Any, change: Any = 0) -> None:
        self.value, self.change = value, change

    def __add__(self, other: Any) -> Exact:
        other = other if isinstance(other, Exact) else Exact(other)
        return Exact(self.value + other.value, self.change + other.change)

    def __mul__(self, other: Any) -> Exact:
        other = other if isinstance(other, Exact) else Exact(other)
        return Exact(
            self.value * other.value, self.value * other.change + self.change * other.value
        )

    __radd__, __rmul__ = __add__, __mul__


def require_bounds() -> None:
    """All coefficients are positive: at ones an entry is its norm, at 2 x it is 2^degree as much.

    Of polynomial networks, about as much where x is large.
    """
    nearly = 0
    for allocation, m in problems(60, seed=5, names=POLYNOMIALS):
        allocation = tc.Allocation.full(allocation.network)
        problem = read(as_json(problem_to_dict(allocation, m)))
        degree, log_norm = oracle_bounds.entry_bounds(claim_of(allocation, m))

        def largest(x: int, problem: Problem = problem, m: int = m) -> int:
            weights = {name: np.full(shape, x, dtype=object)
                       for name, shape in problem.shapes.items()}  # fmt: skip
            inputs = np.full((problem.n_inputs, m), x, dtype=object)
            rows = derivatives(problem, weights, inputs, lambda v: Exact(v, 1))
            return max(value for row in rows for value in row)

        assert math.log2(largest(1)) <= log_norm + 1e-9
        growth = math.log2(Fraction(largest(2**200), largest(2**199)))
        assert growth <= degree + 1e-9
        nearly += growth > degree - 1
    assert nearly > 40  # the degree is reached


def test_degree_and_norm_of_polynomial_entries_are_no_larger_than_said():
    require_bounds()


def test_the_bound_of_a_trial_is_not_below_that_of_the_finders():
    for allocation, m in problems(120, seed=6):
        claim = claim_of(allocation, m)
        entry = oracle_bounds.entry_bounds(claim)
        ours = oracle_bounds._with_halves(entry, oracle_bounds._has_halves(claim))
        theirs = entry_size(allocation.network)
        assert ours.degree == theirs.degree
        assert math.isinf(ours.degree) or ours.log_norm >= theirs.log_norm - 1e-9
        bound, other = oracle_bounds.trial_bound(claim, 5), trial_error(allocation, m, 5)
        assert bound >= other * (1 - 1e-9)
        assert math.isinf(bound) or bound <= 2 * other


# In balls


def direct(network: Any, weights: Json, x: np.ndarray) -> np.ndarray:
    """All outputs from the definition, in NumPy, with averages over windows."""
    h, depth = x, len(network.widths) - 1
    if isinstance(network, tc.Convolutional):
        h = x.reshape(*network.input, -1)
        for number, layer in enumerate(network.layers, start=1):
            filters, bias = weights[f"W{number}"], weights.get(f"b{number}")
            sizes = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(
                h.shape[1:-1], layer.kernel, layer.stride, layer.padding, strict=True)]  # fmt: skip
            z = np.zeros((layer.channels, *sizes, h.shape[-1]))
            for c, *at in np.ndindex(layer.channels, *sizes):
                for k, *offset in np.ndindex(h.shape[0], *layer.kernel):
                    place = [a * s + o - p for a, s, o, p in zip(
                        at, layer.stride, offset, layer.padding, strict=True)]  # fmt: skip
                    if all(0 <= i < n for i, n in zip(place, h.shape[1:-1], strict=True)):
                        z[(c, *at)] += filters[(c, k, *offset)] * h[(k, *place)]
                z[(c, *at)] += 0 if bias is None else bias[c]
            value = ACTIVATIONS[network.activations[number - 1]].value(z, np)
            pooled = [n // pool for n, pool in zip(sizes, layer.pool, strict=True)]
            h = np.zeros((layer.channels, *pooled, h.shape[-1]))
            for c, *at in np.ndindex(layer.channels, *pooled):
                window = [slice(a * p, a * p + p) for a, p in zip(at, layer.pool, strict=True)]
                h[(c, *at)] = value[(c, *window)].mean(axis=tuple(range(len(at))))
        h = h.reshape(-1, h.shape[-1])
    else:
        for number in range(1, depth):
            z = weights[f"W{number}"] @ h + weights.get(f"b{number}", np.zeros(1))[:, None]
            value = ACTIVATIONS[network.activations[number - 1]].value(z, np)
            h = value + h if network.widths[number] == network.widths[number - 1] else value
    return (weights[f"W{depth}"] @ h + weights.get(f"b{depth}", np.zeros(1))[:, None]).ravel()


def test_rows_in_balls_are_derivatives_of_direct_definitions():
    for allocation, m in problems(48, seed=7):
        claim, network = claim_of(allocation, m), allocation.network
        row = oracle_balls._rows(claim, 0)
        weights = {
            name: np.array([float(x) for x in value.entries()]).reshape(network.weight_shapes[name])
            for name, value in oracle_balls._weights(claim, 0).items()
        }
        drawn = oracle_balls._drawn(claim, 0, "inputs", (network.inputs, m))
        x = np.array([float(ball) for ball in drawn.entries()]).reshape(network.inputs, m)
        found = [[float(b) for b in row(e, claim.entries("present"))]
                 for e in range(network.outputs * m)]  # fmt: skip
        for number, (name, index) in enumerate(claim.entries("present")):
            step, values = 1e-6, []
            for sign in (1, -1):
                moved = {key: value.copy() for key, value in weights.items()}
                moved[name][index] += sign * step
                values.append(direct(network, moved, x))
            expected = (values[0] - values[1]) / (2 * step)
            column = [line[number] for line in found]
            rounding = 1e-7 + 1e-9 * np.abs(values).max()
            assert column == pytest.approx(expected.tolist(), rel=1e-5, abs=rounding)


@pytest.mark.parametrize("name", [name for name in ANALYTIC if name not in ("gelu", "erf")])
def test_minors_are_shown_in_balls(name):
    layers = [{"channels": 2, "kernel": 2, "padding": 1, "pool": 2}, {"channels": 1, "kernel": 2}]
    for network in (tc.Convolutional([1, 3], layers, 1, activation=name, bias=True),
                    tc.Feedforward([2, 2, 2, 1], activation=name, skip=True)):  # fmt: skip
        certificate = tc.classify(tc.Allocation.full(network), 3, theorems=[T11]).certificate
        assert certificate is not None
        assert tc.check(certificate, seed=1, balls=True)


def test_a_singular_minor_is_not_shown_in_balls():
    """Two offsets that read the same values of a filter as wide as its input, but for padding."""
    network = tc.Convolutional([1, 1], [{"channels": 1, "kernel": 2, "padding": 1}], 1,
                               activation="linear")  # fmt: skip
    claim = claim_of(tc.Allocation.full(network), 2)
    with pytest.raises(tc.SizeError, match="not shown"):
        require_minor_in_balls(claim, [0, 1], claim.entries("present")[:2])
