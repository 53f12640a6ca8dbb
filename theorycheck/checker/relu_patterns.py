"""Shallow ReLU networks, for the checker alone: units, patterns of activity, Jacobian rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any

from ..problem.networks.feedforward import ShallowReLU
from .budget import STEP
from .claim import Claim, Entry
from .plain import Matrix, Row, product, random_matrix

MOST_PATTERNS = 2**16


def supports(claim: Claim) -> list[set[int]]:
    """Present inputs of each hidden unit; its bias is number n_0."""
    found: list[set[int]] = [set() for _ in range(claim.network.widths[1])]
    for name, index in claim.entries("present"):
        if name == "W1":
            found[index[0]].add(index[1])
        elif name == "b1":
            found[index[0]].add(claim.network.inputs)
    return found


def learnable_inputs(claim: Claim) -> list[int]:
    """Learnable input weights and bias of each unit."""
    counts = [0] * claim.network.widths[1]
    for name, index in claim.entries("learnable"):
        if name in ("W1", "b1"):
            counts[index[0]] += 1
    return counts


def target_dimension(claim: Claim) -> int:
    """d m; the network must be a shallow ReLU network."""
    claim.require(isinstance(claim.network, ShallowReLU), "T10 is about shallow ReLU networks")
    claim.require("inputs" not in claim.certificate.problem, "T10 is about random inputs")
    number = claim.samples + sum(claim.network.widths)
    claim.foresee(STEP * number, 300 * number, f"{number} units and samples")
    return claim.network.outputs * claim.samples


def counted_units(claim: Claim) -> list[int]:
    """The units on which the Jacobian of the learnables depends."""
    outward = {index[1] for name, index in claim.entries("present") if name == "W2"}
    units: set[int] = set()
    for name, index in claim.entries("learnable"):
        if name == "W2":
            units.add(index[1])
        elif name in ("W1", "b1") and index[0] in outward:
            units.add(index[0])
    shown = supports(claim)
    return sorted(k for k in units if shown[k])


def patterns(claim: Claim) -> Iterator[tuple[int, ...]]:
    """The patterns as codes of columns, ascending, without those that cannot be."""
    units, m = counted_units(claim), claim.samples
    many = len(units) > 16 or (len(units) > 0 and m > MOST_PATTERNS)
    number = 1 if not units else 0 if many else math.comb(2 ** len(units) + m - 1, m)
    claim.require(not many and number <= MOST_PATTERNS, f"there are more than {MOST_PATTERNS}")
    claim.foresee(STEP * number * (m + 10), number * (8 * m + 100), f"{number} patterns")
    claim.charge(STEP * number * (m + 10), f"{number} patterns")
    rules = []
    for rule in _rules(claim, units):
        rules.append(rule)
        cost = number * (5 + len(rule[1]) * len(rule[2])) * STEP
        claim.charge(cost, f"which of {number} patterns there are")
    for codes in combinations_with_replacement(range(2 ** len(units)), m):
        if not any(_breaks(codes, *rule) for rule in rules):
            yield codes


def _rules(claim: Claim, units: list[int]) -> Iterator[tuple[str, list[int], list[int], int]]:
    """What no pattern does: kind, positions of units, samples, size of the support."""
    every = supports(claim)
    mine = [every[k] for k in units]
    samples = list(range(claim.samples))
    for support in {frozenset(one) for one in mine}:
        size = len(support)
        inside = [u for u, other in enumerate(mine) if other <= support]
        exact = [u for u, other in enumerate(mine) if other == support]
        if support == {claim.network.inputs}:
            for u in inside:
                yield "constant", [u], samples, size
            continue
        if len(inside) >= 2**size:
            for chosen in combinations(samples, size + 1):
                yield "units", inside, list(chosen), size
        if len(samples) >= 2**size:
            for some in combinations(exact, size + 1):
                yield "samples", list(some), samples, size


def _breaks(codes: Sequence[int], kind: str, units: list[int], samples: list[int], s: int) -> bool:
    rows = [[codes[j] >> u & 1 for j in samples] for u in units]
    if kind == "constant":
        return len(set(rows[0])) > 1
    vectors = rows if kind == "units" else [list(column) for column in zip(*rows, strict=True)]
    classes = {tuple(bit ^ vector[0] for bit in vector) for vector in vectors}
    return len(classes) == 2**s


class ReluJacobian:
    """Rows of the Jacobian by `entries` modulo p, where the active units are known."""

    def __init__(
        self, weights: dict[str, Matrix], inputs: Matrix, entries: list[Entry], p: int
    ) -> None:
        self._weights, self._inputs, self._entries, self._p = weights, inputs, entries, p
        self._before = product(weights["W1"], inputs, p)
        if "b1" in weights:
            pairs = zip(self._before, weights["b1"], strict=True)
            self._before = [[value + bias[0] for value in row] for row, bias in pairs]

    def row(self, output: int, sample: int, active: set[int]) -> Row:
        """Derivatives of one output on one sample."""
        return [self._entry(output, sample, active, *entry) % self._p for entry in self._entries]

    def _entry(
        self, output: int, sample: int, active: set[int], name: str, index: tuple[int, ...]
    ) -> int:
        if name == "b2":
            return int(index[0] == output)
        unit = index[1] if name == "W2" else index[0]
        if unit not in active:
            return 0
        if name == "W2":
            return self._before[unit][sample] if index[0] == output else 0
        shown = self._inputs[index[1]][sample] if name == "W1" else 1
        return self._weights["W2"][output][unit] * shown


def random_jacobian(claim: Claim, trial: int, entries: list[Entry]) -> ReluJacobian:
    """At the point of a trial: weights, absent ones 0, and all inputs at random."""
    weights: dict[str, Any] = {}
    key, p = claim.context.key, claim.context.prime(trial)
    charge_point(claim)
    for name, shape in claim.network.weight_shapes.items():
        present = claim.rows(name, "present")
        drawn = random_matrix(key, trial, name, shape, p)
        weights[name] = [
            [value if bit else 0 for value, bit in zip(values, bits, strict=True)]
            for values, bits in zip(drawn, present, strict=True)
        ]
    inputs = random_matrix(key, trial, "inputs", (claim.network.inputs, claim.samples), p)
    return ReluJacobian(weights, inputs, entries, p)


def charge_point(claim: Claim, digits: int = 24) -> None:
    """What weights, inputs and pre-activations of so many bits take."""
    network, m = claim.network, claim.samples
    n_inputs, n_hidden, _ = network.widths
    numbers = network.n_weights + m * (n_inputs + n_hidden)
    what = f"a point of {network.n_weights} weights and {m} samples"
    products = n_hidden * n_inputs * m
    claim.foresee(0, 100 * numbers, what)
    claim.charge(5 * STEP * numbers + (3 * STEP + (digits / 64) ** 2) * products, what)
