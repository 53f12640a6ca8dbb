"""A piecewise linear network at integers, exactly: which piece each unit is on, and the Jacobian.

Weights are integers over one common `scale` (1 unless some activation has kinks away from 0),
inputs are integers. Each unit must lie inside of a piece, off the kinks, or be 0 whatever the
weights are, as it is without a bias behind units that are all 0 themselves: then so is a
neighbourhood of the point, and the rank there is one of a pattern that weights and inputs realise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import reduce
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS, Activation
from ..problem.networks.unrolled import CONSTANT, Level, as_matrix, forward
from .generic_rank import BLOCK
from .jacobian import entries
from .oracle import OraclePoint
from .oracle_jacobian import OracleJacobian

Integers = NDArray[Any]  # of 64 bits, or of any size as objects
Steering = Callable[[str, Level, Integers, int], Integers | None]
_WHAT = "a point of a piecewise linear network"
_EXACT_FLOAT, _EXACT_INTEGER = 2**53, 2**62


@dataclass(frozen=True)
class Candidate:
    """Integer weights over a common scale, absent ones 0, and inputs (units, samples)."""

    weights: dict[str, Integers]
    inputs: Integers
    scale: int


@dataclass(frozen=True)
class Values:
    """Of one level: values over `scale`, slopes, and which values are 0 whatever the weights are.

    Shapes are (units, samples). A level that is linear has no `pieces`.
    """

    values: Integers
    scale: int
    is_zero: NDArray[np.bool_]
    pieces: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class PiecewisePoint:
    """A candidate inside of its pattern, and a minor of the Jacobian there, not 0 mod `prime`."""

    candidate: Candidate
    prime: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def rank(self) -> int:
        """The size of the minor."""
        return len(self.rows)


def product(left: Integers, right: Integers) -> Integers:
    """The product of integer matrices, exact.

    >>> product(np.array([[2**40]]), np.array([[2**40]])).tolist() == [[2**80]]
    True
    """
    if not left.size or not right.size:
        return np.zeros((len(left), right.shape[1]), dtype=np.int64)
    most = left.shape[1] * int(abs(left).max()) * int(abs(right).max())
    if most < _EXACT_FLOAT:
        return (left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
    kind = np.int64 if most < _EXACT_INTEGER else object
    return left.astype(kind) @ right.astype(kind)


class _Evaluation:
    """The levels of a network at a candidate, whose biases may be `steered` on first use."""

    def __init__(
        self, allocation: Allocation, candidate: Candidate, steering: Steering | None
    ) -> None:
        self._allocation, self._steering = allocation, steering
        self.weights = dict(candidate.weights)
        self._scale, self._steered = candidate.scale, set[str]()
        self.is_inside = True

    def level(self, level: Level, terms: list[tuple[str, Values]]) -> Values:
        """The values of a level; units at a kink make the point none that counts."""
        scale = math.lcm(*(source.scale for _, source in terms))
        total: Integers | None = None
        # Biases come last, when it is known what they are added to.
        for name, source in terms:
            if self._steering is not None and len(self.weights[name].shape) == 1:
                self._steer(name, level, total, scale * self._scale)
            part = product(as_matrix(self.weights[name]), source.values)
            factor = scale // source.scale
            part = part if factor == 1 else _times(part, factor)
            total = part if total is None else _sum(total, part)
        assert total is not None
        is_zero = self._is_zero(total, terms)
        row, scale = ACTIVATIONS[level.activation], scale * self._scale
        if len(row.pieces) == 1:
            return Values(total, scale, is_zero)
        return self._activated(row, total, scale, is_zero)

    def _steer(self, name: str, level: Level, total: Integers | None, scale: int) -> None:
        if name in self._steered or total is None or self._steering is None:
            return
        self._steered.add(name)
        steered = self._steering(name, level, total, scale)
        if steered is not None:
            self.weights[name] = steered * self._allocation.present_mask(name)

    def _is_zero(self, total: Integers, terms: list[tuple[str, Values]]) -> NDArray[np.bool_]:
        """Which sums are 0 since every present weight reads a unit that is 0 whatever they are."""
        is_zero = np.asarray(total == 0, dtype=bool)
        for name, source in terms if is_zero.any() else ():
            present = as_matrix(self._allocation.present_mask(name)).astype(np.float32)
            is_zero &= present @ (~source.is_zero).astype(np.float32) == 0
        return is_zero

    def _activated(
        self, row: Activation, z: Integers, scale: int, is_zero: NDArray[np.bool_]
    ) -> Values:
        pieces = np.zeros(z.shape, dtype=np.int64)
        for kink in row.kinks:
            self.is_inside &= not ((z == kink * scale) & ~is_zero).any()
            pieces += np.asarray(z > kink * scale, dtype=np.int64)
        common = math.lcm(*(piece.slope.denominator for piece in row.pieces))
        slopes = _table([int(piece.slope * common) for piece in row.pieces])[pieces]
        constants = _table([piece.constant * common * scale for piece in row.pieces])[pieces]
        if int(abs(z).max()) * common >= _EXACT_INTEGER:
            z = z.astype(object)
        is_flat = np.array([not piece.slope and not piece.constant for piece in row.pieces])
        return Values(
            _small(slopes * z + constants), scale * common, is_zero | is_flat[pieces], pieces
        )


def _table(numbers: list[int]) -> Integers:
    fits = all(abs(number) < _EXACT_INTEGER for number in numbers)
    return np.array(numbers, dtype=np.int64 if fits else object)


def _small(values: Integers) -> Integers:
    """As integers of 64 bits, if they fit."""
    if values.dtype == object and values.size and int(abs(values).max()) < _EXACT_INTEGER:
        return values.astype(np.int64)
    return values


def _times(values: Integers, factor: int) -> Integers:
    # The factor alone has to fit as well: the values may all be 0.
    if max(int(abs(values).max(initial=0)), 1) * factor < _EXACT_INTEGER:
        return values * factor
    return values.astype(object) * factor


def _sum(one: Integers, other: Integers) -> Integers:
    most = int(abs(one).max(initial=0)) + int(abs(other).max(initial=0))
    if one.dtype == other.dtype == np.int64 and most < _EXACT_INTEGER:
        return one + other
    return one.astype(object) + other.astype(object)


def evaluated(
    allocation: Allocation,
    candidate: Candidate,
    steering: Steering | None = None,
    deadline: Deadline = NEVER,
) -> tuple[Candidate, list[Values]] | None:
    """The candidate, its biases steered, and all levels; None if some unit is at a kink.

    `steering(name, level, sums, scale)` may choose the integers of a bias, given the sums of the
    other terms over `scale` on the samples. Raises `OutOfTimeError` after the deadline.
    """
    unrolled = allocation.network.unrolled
    samples = candidate.inputs.shape[1]
    parts = unrolled.split(candidate.inputs)
    starts = []
    for level in unrolled.starts:
        is_constant = level.group == CONSTANT
        values = np.ones((1, samples), dtype=np.int64) if is_constant else next(parts)
        starts.append(Values(values, 1, np.zeros(values.shape, dtype=bool)))
    evaluation = _Evaluation(allocation, candidate, steering)
    levels = forward(unrolled, starts, evaluation.level, deadline, _WHAT)
    if not evaluation.is_inside:
        return None
    return replace(candidate, weights=evaluation.weights), levels


def jacobian_there(
    allocation: Allocation,
    candidate: Candidate,
    levels: list[Values],
    prime: int,
    deadline: Deadline = NEVER,
) -> OracleJacobian:
    """The Jacobian of all weights at a point modulo a prime; may raise `OutOfTimeError`."""
    network = allocation.network
    inverse = pow(candidate.scale, -1, prime)
    weights = {
        name: reduce(_modulo(as_matrix(value), prime) * inverse % prime, prime)
        for name, value in candidate.weights.items()
    }
    values = [
        reduce(_modulo(level.values, prime) * pow(level.scale, -1, prime) % prime, prime)
        for level in levels
    ]
    slopes = [
        None if found.pieces is None else _slopes(level.activation, prime)[found.pieces]
        for level, found in zip(network.unrolled.levels, levels, strict=True)
    ]
    point = OraclePoint(prime, weights, values, slopes)  # type: ignore[arg-type]
    return OracleJacobian(network, point, deadline=deadline)


def rank_there(
    allocation: Allocation,
    candidate: Candidate,
    levels: list[Values],
    which: str,
    prime: int,
    upper: int,
    deadline: Deadline = NEVER,
) -> PiecewisePoint:
    """The rank of the `which` weights at a point modulo a prime; it ends where `upper` is reached.

    Raises `OutOfTimeError` after the deadline.
    """
    source = jacobian_there(allocation, candidate, levels, prime, deadline)
    elimination = Elimination(source.n_equations, prime, deadline=deadline)
    for name, block in entries(allocation, which, BLOCK):
        if elimination.rank >= upper:
            break
        elimination.extend(source.columns(name, block))
    rows, columns = elimination.pivot_rows[:], elimination.pivot_columns[:]
    return PiecewisePoint(candidate, prime, tuple(rows), tuple(columns))


def _modulo(values: Integers, prime: int) -> NDArray[np.float64]:
    return np.asarray(values % prime, dtype=np.float64)


def _slopes(name: str, prime: int) -> NDArray[np.float64]:
    slopes = [piece.slope for piece in ACTIVATIONS[name].pieces]
    return reduce(np.array([float(_residue(slope, prime)) for slope in slopes]), prime)


def _residue(value: Fraction, prime: int) -> int:
    return value.numerator * pow(value.denominator, -1, prime) % prime
