"""T17: frozen weights that are given, against ranks over the rationals and real ranks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from mpmath import mp

import theorycheck as tc
from tests.checker.test_certificates import redigested
from theorycheck.certificate_kinds import KINDS
from theorycheck.ranks.given_weights import GivenWeights
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS

SPECIAL = (-1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 0.5)
ASKED = {"T0", "T1", "T2", "T6", "T11", "T12"}


def rank_of(rows: list[list[Any]]) -> int:
    """Over the rationals."""
    rows, rank = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for k in range(rank + 1, len(rows)):
            factor = rows[k][column] / rows[rank][column]
            if factor:
                rows[k] = [x - factor * y for x, y in zip(rows[k], rows[rank], strict=True)]
        rank += 1
    return rank


class Net:
    """Outputs of a feed-forward network and their derivatives, in any numbers, from the definition.

    `sigma(z)` is the pair of value and slope.
    """

    def __init__(self, weights: list[Any], biases: list[Any], sigma: Any, one: Any) -> None:
        self.weights, self.biases, self.sigma, self.one = weights, biases, sigma, one

    def derivatives(self, sample: list[Any], entries: list[Any]) -> list[list[Any]]:
        """A row for each output, a column for each entry (kind, layer, i, j)."""
        values, slopes = [list(sample)], []
        for layer, matrix in enumerate(self.weights):
            z = [sum(w * x for w, x in zip(row, values[-1], strict=True)) for row in matrix]
            if self.biases:
                z = [x + b for x, b in zip(z, self.biases[layer], strict=True)]
            is_last = layer == len(self.weights) - 1
            pairs = [(x, self.one) if is_last else self.sigma(x) for x in z]
            values.append([value for value, _ in pairs])
            slopes.append([slope for _, slope in pairs])
        n_outputs = len(values[-1])
        found = []
        for output in range(n_outputs):
            behind: list[Any] = [None] * len(self.weights)
            line = [self.one * (k == output) for k in range(n_outputs)]
            for layer in range(len(self.weights) - 1, -1, -1):
                behind[layer] = [x * s for x, s in zip(line, slopes[layer], strict=True)]
                columns = zip(*self.weights[layer], strict=True)
                line = [sum(x * w for x, w in zip(behind[layer], c, strict=True)) for c in columns]
            found.append([
                behind[layer][i] * (values[layer][j] if kind == "W" else self.one)
                for kind, layer, i, j in entries
            ])  # fmt: skip
        return found


def rational_rank(
    allocation: tc.Allocation, samples: int, given: dict[str, Any], which: str, seed: int,
    inputs: Any = None,
) -> int:  # fmt: skip
    """The rank of the Jacobian in the `which` weights, of a linear or cubic network.

    At random integers, the given values in place of frozen ones; never larger than the generic one.
    """
    network, rng = allocation.network, np.random.default_rng(seed)
    drawn = {}
    for name, shape in network.weight_shapes.items():
        values = rng.integers(-10**6, 10**6, shape).astype(object)
        if name in given:
            frozen = ~allocation.mask(name)
            values[frozen] = np.asarray(given[name], dtype=object)[frozen]
        drawn[name] = np.where(allocation.present_mask(name), values, 0)

    def exact(array: Any) -> Any:
        if np.ndim(array):
            return [exact(x) for x in array]
        return Fraction(array if isinstance(array, float) else int(array))

    depth = len(network.widths) - 1
    weights = [exact(drawn[f"W{k}"]) for k in range(1, depth + 1)]
    biases = [exact(drawn[f"b{k}"]) for k in range(1, depth + 1)] if network.bias else []
    is_linear = network.is_linear
    sigma = (lambda z: (z, Fraction(1))) if is_linear else (lambda z: (z**3, 3 * z**2))
    net, masks = Net(weights, biases, sigma, Fraction(1)), dict(allocation.masks(which))
    entries = [
        (name[0], int(name[1:]) - 1, index[0], index[-1])
        for name, mask in masks.items()
        for index in map(tuple, np.argwhere(mask).tolist())
    ]
    points = rng.integers(-10**6, 10**6, (samples, network.inputs)) if inputs is None else inputs
    rows = [row for point in exact(points) for row in net.derivatives(point, entries)]
    return rank_of(rows)


def special_weights(allocation: tc.Allocation, rng: np.random.Generator) -> dict[str, Any]:
    """Values full of coincidences: zeros, equal and opposite rows, orthogonal ones."""
    found = {}
    for name, shape in allocation.network.weight_shapes.items():
        if rng.random() < 0.15:
            continue
        values = rng.choice(SPECIAL, shape)
        if len(values) > 1 and rng.random() < 0.3:
            values[1] = values[0] * rng.choice([1.0, -1.0, 2.0])
        if rng.random() < 0.1:
            values = np.zeros(shape)
        if rng.random() < 0.2:
            values = rng.normal(size=shape)
        found[name] = values * allocation.present_mask(name)
    return found


def random_allocation(network: Any, rng: np.random.Generator) -> tc.Allocation:
    shapes = network.weight_shapes
    share = rng.uniform(0.3, 0.9)
    present = None
    if rng.random() < 0.3:
        present = {name: rng.random(shape) < 0.8 for name, shape in shapes.items()}
    masks = {name: rng.random(shape) < share for name, shape in shapes.items()}
    masks = {
        name: mask if present is None else mask & present[name] for name, mask in masks.items()
    }
    return tc.Allocation(network, {n: m for n, m in masks.items() if m.any()}, present)


def random_problem(seed: int, kind: str) -> tuple[tc.Allocation, int, dict[str, Any], Any]:
    rng = np.random.default_rng([seed, 17])
    widths = rng.integers(1, 4, rng.integers(2, 5)).tolist()
    bias = bool(rng.random() < 0.3)
    if kind == "linear":
        network: Any = tc.LinearFeedforward(widths, bias=bias)
    else:
        widths = [*widths, 2] if len(widths) < 3 else widths[:4]
        network = tc.Feedforward(widths, activation=kind, bias=bias)
    allocation, m = random_allocation(network, rng), int(rng.integers(1, 4))
    inputs = None
    if rng.random() < 0.4:
        inputs = rng.integers(-2, 3, (m, widths[0])) / rng.choice([1, 2])
        inputs[0, 0] = 1
    return allocation, m, special_weights(allocation, rng), inputs


def verdict_fits(seed: int, kind: str) -> str:
    """The class found, after comparing it with ranks over the rationals."""
    allocation, m, given, inputs = random_problem(seed, kind)
    verdict = tc.classify(
        allocation, m, inputs=inputs, weights=given, effort=tc.Effort(seconds=5, degree=20)
    )
    count = dict(allocation.counts)
    rank = max(
        (rational_rank(allocation, m, given, "learnable", seed + k, inputs) for k in range(2)),
        default=0,
    ) if count else 0  # fmt: skip
    target = max(rational_rank(allocation, m, {}, "present", seed + k, inputs) for k in range(2))
    words = f"{seed}, {kind}: {verdict.expressivity} ({verdict.reason}), rank {rank} of {target}"
    found = str(verdict.expressivity)
    if found == "undecided":
        assert inputs is not None and kind == "cube" or rank < target, words
    else:
        assert (found == "minimal") == (rank < target), words
    if verdict.certificate is not None:
        result = tc.check(verdict.certificate)
        assert result, (words, result.reason)
        forged = forgery(verdict.certificate, rank < target)
        assert not tc.check(forged), words
    return found


def forgery(certificate: tc.Certificate, is_minimal: bool) -> dict[str, Any]:
    """The same evidence for the other claim."""
    other = "maximal" if is_minimal else "minimal"
    return redigested(replace(certificate, expressivity=other).to_dict())


def test_t17_linear_networks_agree_with_ranks_over_the_rationals():
    found = {verdict_fits(seed, "linear") for seed in range(60)}
    assert found >= {"minimal", "maximal"}


def test_t17_cubic_networks_agree_with_ranks_over_the_rationals():
    found = {verdict_fits(seed, "cube") for seed in range(25)}
    assert "minimal" in found


def real_rank(allocation: Any, m: int, given: Any, inputs: Any, sigma: Any, seed: int) -> int:
    """The rank at random reals of 60 digits: never larger than the generic one."""
    network, rng = allocation.network, np.random.default_rng(seed)
    drawn = {}
    for name, shape in network.weight_shapes.items():
        values = rng.normal(size=shape)
        if name in given:
            values = np.where(allocation.mask(name), values, given[name])
        drawn[name] = values * allocation.present_mask(name)

    def exact(array: Any) -> Any:
        return [exact(x) for x in array] if np.ndim(array) else mp.mpf(float(array))

    depth = len(network.widths) - 1
    weights = [exact(drawn[f"W{k}"]) for k in range(1, depth + 1)]
    biases = [exact(drawn[f"b{k}"]) for k in range(1, depth + 1)] if network.bias else []
    entries = [
        (name[0], int(name[1:]) - 1, index[0], index[-1])
        for name, mask in allocation.masks("learnable")
        for index in map(tuple, np.argwhere(mask).tolist())
    ]
    points = rng.normal(size=(m, network.inputs)) if inputs is None else inputs
    net = Net(weights, biases, sigma, mp.mpf(1))
    rows = [row for point in exact(points) for row in net.derivatives(point, entries)]
    return numeric_rank(rows)


def numeric_rank(rows: list[list[Any]]) -> int:
    """By elimination with complete pivoting, in 60 digits: what is below 1e-40 is 0."""
    left, rank = [list(row) for row in rows], 0
    while left and left[0]:
        size, i, j = max((abs(x), i, j) for i, row in enumerate(left) for j, x in enumerate(row))
        if size < mp.mpf(10) ** -40:
            break
        pivot = left.pop(i)
        rank += 1
        left = [
            [x - row[j] / pivot[j] * y for k, (x, y) in enumerate(zip(row, pivot, strict=True))
             if k != j]
            for row in left
        ]  # fmt: skip
    return rank


SIGMAS = {
    "tanh": lambda z: (mp.tanh(z), 1 - mp.tanh(z) ** 2),
    "sigmoid": lambda z: (1 / (1 + mp.exp(-z)), mp.exp(-z) / (1 + mp.exp(-z)) ** 2),
    "sin": lambda z: (mp.sin(z), mp.cos(z)),
    "erf": lambda z: (mp.erf(z), 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
}


def oracle_bounds_true_rank(seed: int, kind: str) -> bool:
    """Whether the oracle's rank is the true one; it is never smaller."""
    allocation, m, given, inputs = random_problem(seed, kind)
    if not allocation.counts:
        return True
    verdict = tc.classify(allocation, m, inputs=inputs, weights=given, theorems=_by_rank())
    analysis = Analysis(allocation, m)
    from theorycheck.ranks.given_points import given_points
    from theorycheck.ranks.given_weights import given_weights

    weights = given_weights(allocation, given)
    points = None if inputs is None else given_points(allocation.network, m, inputs)
    analysis = replace(analysis, weights=weights, given=points)
    with mp.workdps(60):
        true = max(
            real_rank(allocation, m, given, inputs, SIGMAS[kind], seed + k) for k in range(2)
        )
    assert true <= analysis.rank.value or true <= analysis.target.value == analysis.rank.value, seed
    if str(verdict.expressivity) == "minimal":
        assert true < verdict.target_dimension, seed
    else:
        is_claimed = verdict.theorem is not None and verdict.given_weights
        assert not is_claimed, "nothing else is claimed of the oracle's rank"
    return true == analysis.rank.value


def _by_rank() -> list[Any]:
    return [theorem for theorem in THEOREMS if theorem.id == "T11"]


@pytest.mark.parametrize("kind", SIGMAS)
def test_t17_true_ranks_are_never_above_those_of_the_oracle(kind: str):
    assert any(oracle_bounds_true_rank(seed, kind) for seed in range(6))
