"""Given inputs, read for checking: the problem that is left, and that its samples stand for all.

Written a second time, from docs/certificates.md; nothing here is shared with `ranks/`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any, TypeAlias

from ..errors import CertificateError
from ..problem.allocation import Allocation
from ..problem.files import problem_to_dict
from ..problem.masks import is_materialised
from ..problem.networks.feedforward import LinearFeedforward
from . import plain
from .budget import STEP
from .context import LOWER_TRIALS, Context

Integers: TypeAlias = list[list[int]]

_MOST_BITS = 10**7  # fewer than the square of the product of all primes has


@dataclass(frozen=True)
class Given:
    """`matrix` has a row for each input left (and the constant), a column for each basis point.

    `problem` and `allocation` are without the inputs that are 0 in all points: of those `kept`.
    """

    problem: dict[str, Any]
    allocation: Allocation
    matrix: Integers
    kept: list[int]


def read_given(
    problem: Mapping[str, Any], allocation: Allocation, samples: int, context: Context
) -> Given:
    """Read `inputs` and `basis` of a problem; raises an error unless the basis is one of all.

    `allocation` and `samples` are what the rest of the problem says.
    """
    network, points, basis = allocation.network, problem["inputs"], problem["basis"]
    _require(
        isinstance(network, LinearFeedforward), "inputs are given to linear feed-forward networks"
    )
    assert isinstance(network, LinearFeedforward)
    _require(isinstance(points, list) and len(points) == samples, f"inputs need {samples} points")
    context.budget.charge(20 * STEP * samples * network.inputs, "given inputs")
    for point in points:
        _require_numbers(point, network.inputs)
    kept = [j for j in range(network.inputs) if any(point[j] for point in points)]
    _require(bool(kept), "the inputs are all 0")
    points = [[point[j] for j in kept] for point in points]
    columns = [_coprime(point, network.bias) for point in points]
    _require_basis(columns, basis, context)
    left = _without(allocation, kept)
    matrix = [list(row) for row in zip(*(columns[i] for i in basis), strict=True)]
    problem = {**problem_to_dict(left, samples), "inputs": points, "basis": basis}
    return Given(problem, left, matrix, kept)


def read_points(points: Any, width: int, samples: int, context: Context) -> tuple[Integers, int]:
    """Given inputs of a nonlinear network, a row for each input, multiplied to be integers.

    By one number for all of them, which comes second: first weights, which are generic, take it up.
    """
    _require(isinstance(points, list) and len(points) == samples, f"inputs need {samples} points")
    context.budget.charge(20 * STEP * samples * width, "given inputs")
    for point in points:
        _require_numbers(point, width)
    exact = [[Fraction(value) for value in point] for point in points]
    scale = math.lcm(*(value.denominator for point in exact for value in point))
    return [[int(value * scale) for value in row] for row in zip(*exact, strict=True)], scale


def _require_numbers(point: Any, width: int) -> None:
    fits = isinstance(point, list) and len(point) == width
    _require(fits, f"a point of the inputs has {width} numbers")
    numbers = all(type(x) is int or (type(x) is float and math.isfinite(x)) for x in point)
    _require(numbers, "the inputs must be finite numbers")


def _without(allocation: Allocation, kept: list[int]) -> Allocation:
    network = allocation.network
    assert isinstance(network, LinearFeedforward)
    if len(kept) == network.inputs:
        return allocation
    masks: dict[str, dict[str, Any]] = {}
    for which in ("learnable", "present"):
        given = {name: mask for name, mask in allocation.masks(which) if is_materialised(mask)}
        masks[which] = given  # those that are not are constant, as they are by default
        if "W1" in masks[which]:
            masks[which]["W1"] = masks[which]["W1"][:, kept]
    left = LinearFeedforward([len(kept), *network.widths[1:]], network.bias)
    return Allocation(left, masks["learnable"], masks["present"])


def _coprime(point: list[Any], with_constant: bool) -> list[int]:
    values = [Fraction(value) for value in point] + ([Fraction(1)] if with_constant else [])
    scale = math.lcm(*(value.denominator for value in values))
    numbers = [int(value * scale) for value in values]
    divisor = math.gcd(*numbers)
    return [number // divisor for number in numbers] if divisor else numbers


def _require_basis(columns: Integers, basis: Any, context: Context) -> None:
    """The columns of these numbers are independent, and all others are combinations of them."""
    _require(isinstance(basis, list), "the basis is a list of numbers of points")
    rank = len(basis)
    inside = all(type(i) is int and 0 <= i < len(columns) for i in basis)
    _require(inside and len(set(basis)) == rank > 0, "the basis lists distinct points")
    chosen = [columns[i] for i in basis]
    primes = (context.prime(trial) for trial in range(LOWER_TRIALS))
    found = any(_rank(chosen, prime, context) == rank for prime in primes)
    _require(found, "the points of the basis are dependent")
    rows = [list(row) for row in zip(*columns, strict=True)]
    if rank in (_distinct(columns), _distinct(rows)):
        return
    lengths = sorted((sum(x * x for x in column) for column in columns), reverse=True)
    bits = sum(length.bit_length() for length in lengths[: rank + 1])
    cost = bits / 44 * (bits + _operations(rows, lengths[0].bit_length() / 2))
    context.budget.foresee(cost, "the rank of the inputs")
    _require(bits < _MOST_BITS, "the inputs have too many digits")
    largest = math.prod(lengths[: rank + 1])  # of the squares of all minors with one row more
    product, met = 1, set()
    for trial in count():
        prime = context.prime(trial)
        if prime not in met:
            _require(_rank(rows, prime, context) <= rank, f"the rank of the inputs is not {rank}")
            product *= prime * prime
            met.add(prime)
        if product > largest:
            return


def _operations(rows: Integers, bits: float) -> float:
    """Of one rank; `bits` is what an entry has."""
    size = len(rows) * len(rows[0])
    return plain.rank_operations(len(rows), len(rows[0])) + (STEP + bits) * size


def _rank(rows: Integers, prime: int, context: Context) -> int:
    context.budget.charge(STEP * len(rows) * len(rows[0]), "the rank of the inputs")
    residues = ([value % prime for value in row] for row in rows)
    return plain.eliminate(residues, prime, context.budget)[0]


def _distinct(lines: Integers) -> int:
    return len({tuple(line) for line in lines if any(line)})


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise CertificateError(reason)
