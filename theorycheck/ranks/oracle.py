"""A nonlinear network at a random point modulo a prime, its activations replaced by an oracle.

Every pre-activation z that is new, up to sign, gets random values of its activation: free variables
stand for what is not algebraic in z (T11). Equal ones are told from different ones by structure
(`arguments`). Where that does not know, everything is computed modulo two primes: those that agree
in both residues, or are opposite, are taken to be the same. Chance can make different ones agree,
which only lowers the rank, and hardly ever happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from types import ModuleType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import dot, reduce
from ..field.residues import Residues
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS, Activation
from ..problem.networks.matrices import matrices_of
from ..problem.networks.unrolled import CONSTANT, Group, Level
from .arguments import Arguments, Numbers, arguments_of, has_formal_arguments
from .given_points import GivenPoints, present_key
from .given_weights import GivenWeights
from .point import draw_prime, residues

_ROOM = 2**24  # more than any residue: two of them make one key
_PASS = "a point of the network modulo a prime"


@dataclass(frozen=True)
class OraclePoint:
    """The matrices of all terms modulo `prime`, and what each level's units are there.

    `values` and `slopes` have balanced residues of shape (units, samples), level by level; the
    slopes of levels that are linear are None.
    """

    prime: int
    weights: dict[str, Array]
    values: list[Array]
    slopes: list[Array | None]


Variables: TypeAlias = list[list[NDArray[np.float64]]]  # by variable, then by prime


@dataclass
class _Seen:
    """Where an activation was evaluated: keys, sorted, and the free variables there, in runs.

    Each run is at least twice as long as the next: a network of many small levels adds to short
    ones.
    """

    runs: list[tuple[NDArray[np.int64], Variables]] = field(default_factory=list)

    def meet(self, keys: NDArray[np.int64], fresh: Variables) -> None:
        """Put what is known at the keys, sorted ones, in place of `fresh`, and keep the rest."""
        new = np.ones(len(keys), dtype=bool)
        for run, variables in self.runs:
            place = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            is_known = run[place] == keys
            new &= ~is_known
            for mine, theirs in zip(fresh, variables, strict=True):
                for own, known in zip(mine, theirs, strict=True):
                    own[is_known] = known[place[is_known]]
        if new.any():
            self.runs.append((keys[new], [[own[new] for own in pair] for pair in fresh]))
        while len(self.runs) > 1 and 2 * len(self.runs[-1][0]) > len(self.runs[-2][0]):
            self._join_the_last()

    def _join_the_last(self) -> None:
        (keys, variables), (first, others) = self.runs.pop(), self.runs.pop()
        keys = np.concatenate([first, keys])
        order = np.argsort(keys, kind="stable")
        joined = [
            [np.concatenate(ends)[order] for ends in zip(*pairs, strict=True)]
            for pairs in zip(others, variables, strict=True)
        ]
        self.runs.append((keys[order], joined))


def oracle_prime(seed: int, trial: int) -> int:
    """The prime of a trial: it leaves 3 when divided by 4, so that no 1 + z^2 is divisible by it.

    >>> oracle_prime(0, 0) % 4
    3
    """
    return draw_prime(seed, trial, remainder=3)


class _Evaluation:
    """The levels of a network, one after the other: modulo one prime with `arguments`, or two."""

    def __init__(
        self,
        seed: int,
        trial: int,
        arguments: Arguments | None = None,
        xp: ModuleType = np,
        deadline: Deadline = NEVER,
        frozen: GivenWeights | None = None,
    ) -> None:
        self._frozen = frozen
        self._seed, self._trial, self.xp, self.deadline = seed, trial, xp, deadline
        self._arguments = arguments
        self.primes: tuple[int, ...] = trial_primes(seed, trial)
        if arguments is not None:
            self.primes = self.primes[:1]
        self._seen: dict[str, _Seen] = {}
        self._pools: dict[Group, list[list[list[NDArray[np.float64]]]]] = {}  # by level

    def _stream(
        self, k: int, name: str, shape: tuple[int, ...], least: int = 0
    ) -> NDArray[np.float64]:
        """Residues of the stream `name` modulo the first prime, of another one for the second."""
        name, p = ("", "second/")[k] + name, self.primes[k]
        return residues(self._seed, self._trial, name, shape, p, self.deadline, least)

    def weights(self, allocation: Allocation, k: int) -> dict[str, Array]:
        """The matrices that terms name, modulo prime number k; absent weights are 0."""
        network, p = allocation.network, self.primes[k]
        found = {}
        for name, shape in network.weight_shapes.items():
            values = self._stream(k, name, shape) * allocation.present_mask(name)
            if self._frozen is not None:
                values = self._frozen.put_into(name, values, p)
            found[name] = self.xp.asarray(values)

        def multiple(factor: Fraction, size: int) -> Array:
            return _residue(factor, p) * self.xp.eye(size)

        return matrices_of(network.unrolled, found, multiple)

    def inputs(self, number: int, shape: tuple[int, int]) -> list[NDArray[np.float64]]:
        """Random inputs of level `number` modulo each prime."""
        return [self._stream(k, f"inputs/{number}", shape) for k in range(len(self.primes))]

    def activated(self, number: int, level: Level, z: list[Array]) -> list[tuple[Array, Array]]:
        """Values and slopes at the pre-activations of level `number`, modulo each prime."""
        row = ACTIVATIONS[level.activation]
        assert row.oracle is not None, "only analytic networks have an oracle"
        if self._arguments is not None:
            numbers = self._arguments.of_units(number, level.group)
            sign = self.xp.asarray(np.sign(numbers).astype(np.float64))
            variables = self._numbered(number, level.group, row, numbers)
        else:
            sign = self.xp.sign(z[0]) + (z[0] == 0) * self.xp.sign(z[1])
            variables = self._variables(number, row, [sign * values for values in z])
        found = []
        for k, p in enumerate(self.primes):
            own = [Residues(self.xp.asarray(values[k]), p) for values in variables]
            opposite = row.reflected(Residues(sign * z[k], p), *own)
            at_z = [
                Residues(self.xp.where(sign < 0, there.array, here.array), p)
                for here, there in zip(own, opposite, strict=True)
            ]
            parts = row.oracle(Residues(z[k], p), *at_z)
            found.append(tuple(self._at_zero(row, k, p, sign == 0, parts)))
        return found

    def _numbered(self, number: int, group: Group, row: Activation, numbers: Numbers) -> Variables:
        """The free variables at each z up to sign, those where its number occurs first.

        By variable, then by prime, of the shape of z.
        """
        units, samples = numbers.shape
        pool = self._pools.setdefault(group, [])
        pool.append(
            [self._nonzero(f"oracle/{number}/{v}", numbers.size) for v in range(row.n_variables)]
        )
        place, sample = np.divmod(np.maximum(np.abs(numbers), 1) - 1, samples)
        index = (place * units + np.arange(units)[:, None]) * samples + sample
        return [
            [
                np.concatenate([drawn[v][k] for drawn in pool])[index]
                for k in range(len(self.primes))
            ]
            for v in range(row.n_variables)
        ]

    def _at_zero(
        self, row: Activation, k: int, p: int, is_zero: Array, parts: tuple[Residues | int, ...]
    ) -> list[Array]:
        """The arrays of value and slope, with the true ones where z is 0."""
        arrays = []
        for what, part in enumerate(parts):
            array = part.array if isinstance(part, Residues) else part + 0.0 * is_zero
            true = row.at_zero[what]
            if true is None:  # no rational number: one more free variable
                constant = self._nonzero(f"constant/{row.name}/{what}", 1)[k][0]
            else:
                constant = _residue(Fraction(true), p)
            arrays.append(self.xp.where(is_zero, constant, array))
        return arrays

    def _variables(self, number: int, row: Activation, z: list[Array]) -> Variables:
        """The free variables at each z up to sign: fresh ones only where z was not seen before.

        By variable, then by prime, of the shape of z.
        """
        if not row.n_variables:
            return []
        host = [values if isinstance(values, np.ndarray) else values.get() for values in z]
        keys = (host[0] * _ROOM + host[1] % self.primes[1]).astype(np.int64).ravel()
        distinct, first, back = np.unique(keys, return_index=True, return_inverse=True)
        fresh = [
            [a[first] for a in self._nonzero(f"oracle/{number}/{v}", keys.size)]
            for v in range(row.n_variables)
        ]
        self._seen.setdefault(row.name, _Seen()).meet(distinct, fresh)
        shape = host[0].shape
        return [[values[back].reshape(shape) for values in pair] for pair in fresh]

    def _nonzero(self, name: str, size: int) -> list[NDArray[np.float64]]:
        """Residues other than 0, uniform, modulo each prime."""
        return [self._stream(k, name, (size,), 1) for k in range(len(self.primes))]


def _residue(value: Fraction, p: int) -> float:
    """The balanced residue of a rational number."""
    residue = value.numerator * pow(value.denominator, -1, p) % p
    return float(reduce(np.array([residue]), p)[0])


def oracle_point(
    allocation: Allocation,
    samples: int,
    seed: int,
    trial: int,
    xp: ModuleType = np,
    deadline: Deadline = NEVER,
    given: GivenPoints | None = None,
    frozen: GivenWeights | None = None,
) -> OraclePoint:
    """The point of a trial: uniform weights (absent ones 0), arrays of `xp`.

    Inputs are random, or those `given`; so are `frozen` weights. Raises `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import Feedforward
    >>> point = oracle_point(Allocation.none(Feedforward([2, 3, 1], activation="tanh")), 4, 0, 0)
    >>> [values.shape for values in point.values]
    [(2, 4), (3, 4), (1, 4)]
    """
    network, arguments = allocation.network, None
    # Given weights may make sums equal that formally are not: residues tell.
    if frozen is None and has_formal_arguments(network):
        arguments = _arguments(allocation, samples, given, deadline)
    at = _Evaluation(seed, trial, arguments, xp, deadline, frozen)
    weights = [at.weights(allocation, k) for k in range(len(at.primes))]
    values: list[list[Array]] = []  # by level, then by prime
    slopes: list[Array | None] = []
    n_inputs = 0
    for number, level in enumerate(network.unrolled.levels):
        deadline.check(_PASS)
        slope = None
        if level.group == CONSTANT:
            found = [xp.ones((1, samples))] * len(at.primes)
        elif not level.terms:
            rows = slice(n_inputs, n_inputs + level.size)
            found, n_inputs = _inputs(at, given, number, rows, samples), rows.stop
        else:
            found = [
                dot(((weights[k][name], values[source][k]) for name, source in level.terms), p)
                for k, p in enumerate(at.primes)
            ]
            if level.activation != "linear":
                pairs = at.activated(number, level, found)
                found, slope = [value for value, _ in pairs], pairs[0][1]
        values.append(found)
        slopes.append(slope)
    return OraclePoint(at.primes[0], weights[0], [parts[0] for parts in values], slopes)


def _arguments(
    allocation: Allocation, samples: int, given: GivenPoints | None, deadline: Deadline
) -> Arguments:
    """Which pre-activations are equal; on given inputs found once for each set of weights."""
    if given is None:
        return arguments_of(allocation, samples, None, deadline)
    key = "arguments", *present_key(allocation)
    if key not in given.answers:
        given.answers[key] = arguments_of(allocation, samples, given, deadline)
    return given.answers[key]


def trial_primes(seed: int, trial: int) -> tuple[int, int]:
    """The prime of a trial, and the one that tells pre-activations apart together with it."""
    return oracle_prime(seed, trial), draw_prime(seed, trial, "second/prime", 3)


def _inputs(
    at: _Evaluation, given: GivenPoints | None, number: int, rows: slice, samples: int
) -> list[Array]:
    """The inputs of level `number`, which are these rows of all, modulo each prime."""
    if given is None:
        drawn = at.inputs(number, (rows.stop - rows.start, samples))
    else:
        drawn = [given.modulo(p)[rows] for p in at.primes]
    return [at.xp.asarray(part) for part in drawn]
