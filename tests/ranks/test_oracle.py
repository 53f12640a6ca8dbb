"""The oracle of nonlinear networks against ranks in balls of many digits (T11), and wrong ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import arb

import theorycheck as tc
from tests.problem.test_activations import DIGITS, close, real
from tests.ranks.high_precision import ANALYTIC, compare_all, random_comparisons
from theorycheck.problem.masks import Entry
from theorycheck.problem.networks.activations import ACTIVATIONS, Activation
from theorycheck.problem.networks.unrolled import Level
from theorycheck.proofs.shared.nonlinear import TRUE, proved_rank, true_columns
from theorycheck.ranks import oracle

pytestmark = pytest.mark.long

# The true Jacobian, which judges all that follows, against difference quotients -----------------


def outputs(network: Any, weights: dict[str, Any], x: Any) -> list[Any]:
    """All outputs on one sample, by the definition of the network, in numbers of mpmath."""
    sigmas = [real(name) for name in network.activations]

    def affine(name: str, value: list[Any], bias: str) -> list[Any]:
        matrix = weights[name]
        shift = weights.get(bias, [0] * len(matrix))
        return [
            sum(w * v for w, v in zip(row, value, strict=True)) + b
            for row, b in zip(matrix, shift, strict=True)
        ]

    if not network.is_recurrent:
        for layer in range(1, network.depth + 1):
            x = affine(f"W{layer}", x, f"b{layer}")
            x = [sigmas[layer - 1](z) for z in x] if layer < network.depth else x
        return x
    state, read = [mpmath.mpf(0)] * network.hidden, []
    for step in range(network.steps):
        shown = x[step * network.inputs :][: network.inputs]
        parts = affine("input", shown, "bias"), affine("recurrent", state, "none")
        state = [sigmas[0](sum(pair)) for pair in zip(*parts, strict=True)]
        read.append(affine("readout", state, "readout_bias"))
    return [y for step in read for y in step] if network.readout == "all" else read[-1]


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_true_jacobian_is_a_difference_quotient(name: str):
    for network in (
        tc.Feedforward([2, 2, 3, 1], activation=[name, "sin"], bias=True),
        tc.Recurrent(1, 2, 1, 3, "all", activation=name, bias=True),
        tc.Recurrent(2, 2, 1, 2, activation=name),
    ):
        present = {key: np.ones(shape, bool) for key, shape in network.weight_shapes.items()}
        columns = true_columns(network, present, 1, seed=3)
        rng = np.random.default_rng(3)
        with mpmath.workdps(DIGITS):
            weights = {
                key: np.array([mpmath.mpf(rng.uniform(-0.5, 0.5)) for _ in range(math.prod(shape))],
                              dtype=object).reshape(shape)
                for key, shape in network.weight_shapes.items()
            }  # fmt: skip
            x = [mpmath.mpf(rng.uniform(-0.5, 0.5)) for _ in range(network.inputs * network.steps)]
            step = mpmath.mpf(10) ** -30
            for (key, index), column in columns.items():
                sides = []
                for sign in (1, -1):
                    moved = {name: values.copy() for name, values in weights.items()}
                    moved[key][index] += sign * step
                    sides.append(outputs(network, moved, x))
                for up, down, found in zip(*sides, column, strict=True):
                    wanted = (up - down) / (2 * step)
                    assert close(mpmath.mpf(arb(found).str(40, radius=False)), wanted, 20)


def test_every_analytic_activation_has_a_true_value():
    assert TRUE.keys() == set(ANALYTIC)


# Ranks ------------------------------------------------------------------------------------------


def differences(found: Iterator[Any]) -> list[Any]:
    return [one for one in found if one.is_contradiction]


def test_t11_ranks_modulo_a_prime_are_those_at_real_points():
    found = list(islice(random_comparisons(seed=11), 800))
    assert not differences(iter(found))
    counts: Counter[Any] = Counter()
    for one in found:
        network = one.allocation.network
        counts.update(set(network.activations))
        counts["deficient"] += one.oracle < one.upper
        counts["recurrent", network.bias] += network.is_recurrent
        counts["feed-forward", network.bias] += not network.is_recurrent
        counts["sparse"] += not one.allocation.is_dense
        counts["deep"] += not network.is_recurrent and len(network.widths) == 5
        counts["all steps"] += network.reads_every_step
    assert counts.keys() >= {*ANALYTIC}
    assert min(counts.values()) >= 24


@pytest.mark.parametrize("name", ANALYTIC)
def test_t11_ranks_of_every_activation(name: str):
    """Alone, so that each activation meets recurrent, sparse and deep networks."""
    if name == "linear":
        name = "cube"  # alone it has no nonlinear network but recurrent ones with biases
    assert not differences(islice(random_comparisons(5, names=[name]), 64))


def every_entry(network: Any, present: dict[str, np.ndarray]) -> list[Entry]:
    return [(key, index) for key in present for index in np.ndindex(*present[key].shape)
            if present[key][index]]  # fmt: skip


def whole(network: Any, samples: int, **absent: Any) -> Any:
    """The comparison of all weights of a network some of whose weights are absent."""
    present = {key: np.ones(shape, bool) for key, shape in network.weight_shapes.items()}
    for key, index in absent.items():
        present[key][index] = False
    entries = every_entry(network, present)
    masks = [entries, entries[::2], entries[1::2], entries[: len(entries) // 2]]
    return list(compare_all(network, present, samples, masks, seed=1))


COINCIDING = {
    "a unit that nothing reaches": lambda name: whole(
        tc.Feedforward([2, 3, 2, 1], activation=name), 16, W1=1
    ),
    "units that only biases reach": lambda name: whole(
        tc.Feedforward([1, 3, 2, 2], activation=name, bias=True), 4, W1=slice(0, 2)
    ),
    "a layer that nothing reaches": lambda name: whole(
        tc.Feedforward([1, 2, 2, 1], activation=name), 3, W1=slice(0, 2)
    ),
    "a recurrent unit that wakes late": lambda name: whole(
        tc.Recurrent(1, 3, 1, 4, "all", activation=name, bias=True), 2, input=slice(1, 3)
    ),
    "a recurrent unit that never wakes": lambda name: whole(
        tc.Recurrent(1, 2, 1, 3, "all", activation=name), 3, input=1, recurrent=1
    ),
    "no inputs at all, only biases": lambda name: whole(
        tc.Recurrent(1, 2, 1, 4, "all", activation=name, bias=True), 2, input=slice(0, 2)
    ),
    "asleep without biases": lambda name: whole(
        tc.Recurrent(1, 2, 2, 3, "all", activation=name), 2, input=slice(0, 2)
    ),
}


@pytest.mark.parametrize("what", COINCIDING)
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "erf", "exp", "sin"])
def test_t11_ranks_where_arguments_coincide(name: str, what: str):
    """Beyond what is proved (error functions behind sleeping units) they agree as well."""
    for one in COINCIDING[what](name):
        assert one.oracle == one.true


# Wrong oracles are caught -----------------------------------------------------------------------


def at_zero_fresh(
    self: Any, row: Activation, k: int, p: int, is_zero: Any, parts: tuple[Any, ...]
) -> list[Any]:
    """Value and slope where z is 0, as if it were any other number."""
    return [getattr(part, "array", part + 0.0 * is_zero) for part in parts]


def one_for_all(self: Any, name: str, size: int) -> list[Any]:
    """The same value of all free variables."""
    return [np.full(size, self._stream(k, "one", (1,), 1)[0]) for k in range(len(self.primes))]


def test_zero_taken_for_any_other_number_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(oracle._Evaluation, "_at_zero", at_zero_fresh)
    found = COINCIDING["a unit that nothing reaches"]("tanh")
    assert any(one.oracle > one.true for one in differences(iter(found)))


def test_one_variable_for_different_arguments_is_caught(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(oracle._Evaluation, "_nonzero", one_for_all)
    found = whole(tc.Feedforward([2, 3, 1], activation="tanh"), 6)
    assert any(one.oracle < one.true for one in differences(iter(found)))


def test_fresh_variables_for_the_same_argument_are_caught(monkeypatch: pytest.MonkeyPatch):
    def never_seen(self: Any, number: int, group: Any, row: Activation, numbers: Any) -> Any:
        return [
            [
                values.reshape(numbers.shape)
                for values in self._nonzero(f"oracle/{number}/{v}", numbers.size)
            ]
            for v in range(row.n_variables)
        ]

    monkeypatch.setattr(oracle._Evaluation, "_numbered", never_seen)
    found = COINCIDING["units that only biases reach"]("tanh")
    assert any(one.oracle > one.true for one in differences(iter(found)))


def test_a_wrong_slope_is_caught_by_its_rank(monkeypatch: pytest.MonkeyPatch):
    """As many directions as true ones, and one more: exp(w x) c has two weights, one direction."""
    wrong = replace(ACTIVATIONS["exp"], oracle=lambda z, a: (a, a * a))
    monkeypatch.setitem(ACTIVATIONS, "exp", wrong)
    network = tc.Feedforward([1, 1, 1], activation="exp", bias=True)
    found = whole(network, 4)
    assert any(one.oracle > one.true for one in differences(iter(found)))


# Arguments that are equal or opposite, which random inputs never give ----------------------------

Z = np.array([[5.0, -5.0, 5.0, 17.0, 0.0]])


def faults(name: str) -> set[str]:
    """What an evaluation at equal, opposite, different and zero arguments does wrong."""
    row, found = ACTIVATIONS[name], set[str]()
    at, level = oracle._Evaluation(0, 0), Level("hidden", 0, 1, (), name)
    first, later = (at.activated(number, level, [Z, Z.copy()]) for number in (0, 1))
    other = at.activated(2, level, [Z, np.where(Z == 17.0, 18.0, Z)])
    for k, p in enumerate(at.primes):
        value, slope = (part[0] % p for part in first[k])
        if value[0] != value[2] or slope[0] != slope[2]:
            found.add("equal arguments, different values")
        if any((a != b).any() for a, b in zip(first[k], later[k], strict=True)):
            found.add("equal arguments of two levels, different values")
        if row.n_variables and value[0] == value[3]:
            found.add("different arguments, one value")
        if row.n_variables and other[k][0][0, 3] % p == value[3]:
            found.add("arguments that agree modulo one prime only, one value")
        opposite = {
            "sigmoid": (1 - value[0], slope[0]),
            "softplus": (value[0] - 5, 1 - slope[0]),
            "silu": (value[0] - 5, 1 - slope[0]),
            "gelu": (value[0] - 5, 1 - slope[0]),
            "exp": (pow(int(value[0]), -1, p), pow(int(value[0]), -1, p)),
            "square": (value[0], -slope[0]),
        }.get(name, (-value[0], slope[0]))
        if any((a - b) % p for a, b in zip(opposite, (value[1], slope[1]), strict=True)):
            found.add("opposite arguments, unrelated values")
        for what, true in zip((value, slope), row.at_zero, strict=True):
            if true is not None and (what[4] * 4 - true * 4) % p:
                found.add("another value at 0")
    return found


@pytest.mark.parametrize("name", [name for name in ANALYTIC if name != "linear"])
def test_equal_opposite_and_zero_arguments(name: str):
    assert not faults(name)


def without_sign(self: Any, number: int, level: Level, z: list[Any]) -> Any:
    """As `activated`, but every argument is taken as it is."""
    row, found = ACTIVATIONS[level.activation], []
    for k, p in enumerate(self.primes):
        own = [oracle.Residues(v[k], p) for v in self._variables(number, row, z)]
        parts = row.oracle(oracle.Residues(z[k], p), *own)  # type: ignore[misc]
        found.append(tuple(self._at_zero(row, k, p, z[0] == 0, parts)))
    return found


def test_without_a_canonical_sign_opposite_arguments_are_unrelated(monkeypatch: Any):
    monkeypatch.setattr(oracle._Evaluation, "activated", without_sign)
    assert faults("tanh") == {"opposite arguments, unrelated values"}


def test_other_wrong_evaluations_are_seen(monkeypatch: Any):
    with monkeypatch.context() as patch:
        patch.setattr(oracle._Evaluation, "_at_zero", at_zero_fresh)
        assert "another value at 0" in faults("sigmoid")
    with monkeypatch.context() as patch:
        patch.setattr(oracle._Evaluation, "_nonzero", one_for_all)
        assert "different arguments, one value" in faults("erf")
    right = oracle._Evaluation._variables
    with monkeypatch.context() as patch:
        by_one = lambda self, number, row, z: right(self, number, row, [z[0], z[0]])  # noqa: E731
        patch.setattr(oracle._Evaluation, "_variables", by_one)
        assert "arguments that agree modulo one prime only, one value" in faults("tanh")


def test_balls_know_a_rank_from_below():
    network = tc.Feedforward([1, 2, 1], activation="tanh")
    present = {key: np.ones(shape, bool) for key, shape in network.weight_shapes.items()}
    columns = true_columns(network, present, 6, seed=0)
    assert proved_rank(list(columns.values())) == 4
    twice = [columns["W1", (0, 0)], columns["W1", (1, 0)], columns["W1", (0, 0)]]
    assert proved_rank(twice) == 2
