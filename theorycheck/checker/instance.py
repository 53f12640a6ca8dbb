"""Instances and boxes around their solutions, read from the evidence: exact rational numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from ..problem.networks.feedforward import LinearFeedforward
from .budget import STEP
from .claim import Claim

Matrix: TypeAlias = Any  # fmpq_mat where exact, acb_mat where in balls
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_LONGEST = 1000  # characters; the highest precision of the test has 309 digits


@dataclass(frozen=True)
class Box:
    """All w with |Re(w_i - z_i)| <= r and |Im(w_i - z_i)| <= r for every unknown."""

    centre: list[tuple[Fraction, Fraction]]
    radius: Fraction

    def is_non_real(self) -> bool:
        """Whether some coordinate is real nowhere in the box."""
        return any(abs(im) > self.radius for _, im in self.centre)

    def is_apart(self, other: Box) -> bool:
        """Whether the boxes are disjoint."""
        reach = self.radius + other.radius
        pairs = zip(self.centre, other.centre, strict=True)
        return any(abs(a - c) > reach or abs(b - d) > reach for (a, b), (c, d) in pairs)

    def conjugate(self) -> Box:
        """The complex conjugates of its points."""
        return Box([(re, -im) for re, im in self.centre], self.radius)


@dataclass(frozen=True)
class RationalInstance:
    """Rational weights of teacher and student, weight by weight, and inputs.

    Linear feed-forward, a bias is the last column of its layer, which passes the constant on in a
    last row; else it is a matrix of one column. `inputs` has one matrix, or one for each step. No
    numerator or denominator has more than `bits` bits.
    """

    teacher: list[Matrix]
    student: list[Matrix]
    inputs: list[Matrix]
    bits: int


def read_boxes(claim: Claim, data: Any, n_unknowns: int) -> list[Box]:
    """The boxes of `solutions`: decimal strings, radii above 0."""
    claim.require(data.keys() == {"centres", "radii"}, "solutions have centres and radii")
    boxes = []
    same = len(data["centres"]) == len(data["radii"])
    claim.require(same, "there are as many centres as radii")
    claim.charge(30 * STEP * len(data["radii"]) * (n_unknowns + 1), "the balls")
    for centre, radius in zip(data["centres"], data["radii"], strict=True):
        claim.require(len(centre) == n_unknowns, f"a centre has {n_unknowns} coordinates")
        box = Box([(_decimal(claim, a), _decimal(claim, b)) for a, b in centre],
                  _decimal(claim, radius))  # fmt: skip
        claim.require(box.radius > 0, "a radius must be above 0")
        boxes.append(box)
    return boxes


def _decimal(claim: Claim, text: Any) -> Fraction:
    is_decimal = isinstance(text, str) and len(text) <= _LONGEST and _DECIMAL.fullmatch(text)
    claim.require(bool(is_decimal), "centres and radii are decimal numbers in strings")
    return Fraction(text)


def read_instance(claim: Claim, data: Any) -> RationalInstance:
    """The weights and inputs of an instance; absent connections must be 0."""
    keys = {"scale", "teacher", "student", "inputs"}
    claim.require(data.keys() == keys, f"an instance has {', '.join(sorted(keys))}")
    scale = data["scale"]
    claim.require(type(scale) is int and scale > 0, "the scale must be a positive integer")
    network, m = claim.network, claim.effective_samples()
    numbers = 2 * network.n_weights + network.inputs * network.steps * m
    claim.foresee(20 * STEP * numbers, 100 * numbers, f"an instance of {numbers} numbers")
    claim.charge(20 * STEP * numbers, "an instance")
    teacher, student = (_weights(claim, data[who], scale) for who in ("teacher", "student"))
    inputs = _inputs(claim, data["inputs"], scale)
    every = (value for matrix in (*teacher, *student, *inputs) for value in matrix.entries())
    bits = max(max(value.p.bit_length(), value.q.bit_length()) for value in every)
    return RationalInstance(teacher, student, inputs, int(bits))


def _rows(claim: Claim, rows: Any, shape: tuple[int, int], scale: int, what: str) -> list[list]:
    from flint import fmpq

    fits = isinstance(rows, list) and len(rows) == shape[0]
    fits = fits and all(isinstance(row, list) and len(row) == shape[1] for row in rows)
    fits = fits and all(type(value) is int for row in rows for value in row)
    claim.require(fits, f"{what} must be integers of shape {shape[0]} x {shape[1]}")
    return [[fmpq(value, scale) for value in row] for row in rows]


def _weights(claim: Claim, given: Mapping[str, Any], scale: int) -> list[Matrix]:
    from flint import fmpq, fmpq_mat

    network = claim.network
    claim.require(given.keys() == network.weight_shapes.keys(), "an instance has all weights")
    weights: dict[str, list[list]] = {}
    for name, present in claim.allocation.masks("present"):
        values = given[name]
        if present.ndim == 1:
            values = [[value] for value in values]
        mask = claim.rows(name, "present")
        shape = len(mask), len(mask[0])
        rows = weights[name] = _rows(claim, values, shape, scale, name)
        for row, bits in zip(rows, mask, strict=True):
            fits = all(bit or value == 0 for value, bit in zip(row, bits, strict=True))
            claim.require(fits, f"{name}: an absent connection is not 0")
    if not isinstance(network, LinearFeedforward):
        return [fmpq_mat(weights[name]) for name in network.weight_shapes]
    layers = []
    for layer in range(1, network.depth + 1):
        rows = weights[f"W{layer}"]
        if network.bias:
            rows = [row + bias for row, bias in zip(rows, weights[f"b{layer}"], strict=True)]
            if layer < network.depth:
                rows.append([fmpq(0)] * network.widths[layer - 1] + [fmpq(1)])
        layers.append(fmpq_mat(rows))
    return layers


def _inputs(claim: Claim, given: Any, scale: int) -> list[Matrix]:
    from flint import fmpq, fmpq_mat

    network, n_samples = claim.network, claim.effective_samples()
    is_feedforward = isinstance(network, LinearFeedforward)
    steps = network.steps
    is_spanning = claim.is_spanning
    claim.require((given is None) == is_spanning, "inputs are null if and only if they span")
    constants = 1 if is_feedforward and network.bias else 0
    n_rows = steps * network.inputs
    if is_spanning:
        unit = range(n_rows + constants)
        rows = [[fmpq(int(i == j)) for j in range(n_samples)] for i in unit]
    else:
        rows = _rows(claim, given, (n_rows, n_samples), scale, "inputs")
        rows += [[fmpq(1)] * n_samples] * constants
    size = len(rows) // steps
    return [fmpq_mat(rows[t : t + size]) for t in range(0, len(rows), size)]
