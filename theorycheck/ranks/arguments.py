"""Which pre-activations of a nonlinear network are equal, or opposite, as formal sums.

A pre-activation is a sum of weights times values, and no two units share a weight. So two of one
unit are equal if and only if the values that it reads are, one by one, and opposite if all of these
are opposite; those of different units are equal only if they are 0. Units that read the same agree
on the same samples: they are one *kind*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.unrolled import CONSTANT, Group, Level, as_matrix
from .given_points import GivenPoints

Numbers: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.bool_]

# Oracles whose values are free variables alone: these hold no weights.
_FREE_VALUES = frozenset({"tanh", "sigmoid", "erf", "sin", "exp", "arctan"})
_LARGE = 2**40  # more than any number of a pre-activation
_WHAT = "which pre-activations are equal"


class Source(NamedTuple):
    """What a weight leads from: a kind of units of a group."""

    weight: str
    group: Group
    kind: int


@dataclass(frozen=True)
class Reading:
    """What the units of a group read: `kinds` has the kind of each.

    `bits`, of shape (kinds, sources), tells which of the `sources` each kind reads.
    """

    kinds: Numbers
    sources: tuple[Source, ...]
    bits: Bits

    def of(self, kind: int) -> list[Source]:
        """The sources of a kind."""
        return [self.sources[k] for k in np.flatnonzero(self.bits[kind]).tolist()]


@dataclass(frozen=True)
class Arguments:
    """The pre-activations of all levels, numbered: equal numbers are equal sums of one unit.

    `numbers[level]` has a row for each kind of its units and a column for each sample: 0 where the
    sum is 0, else 1 + its place (step, sample) among those of the unit, counted through, where it
    occurs first, negative where it is the opposite of the sum there. `values[level]` are those of
    all levels in this sense, inputs among them: 0 for the value 0.
    """

    readings: dict[Group, Reading]
    numbers: dict[int, Numbers]
    values: list[Numbers]

    def of_units(self, level: int, group: Group) -> Numbers:
        """The numbers of all units of a level, (units, samples)."""
        return self.numbers[level][self.readings[group].kinds]


def has_formal_arguments(network: Network) -> bool:
    """Whether `arguments_of` tells exactly which pre-activations are equal.

    A weight of a layer that acts once is in no value that the layer reads, nor is any in values
    that are free variables. So sums are compared weight by weight.

    >>> from theorycheck import Feedforward, Recurrent
    >>> has_formal_arguments(Feedforward([2, 3, 1], activation="silu"))
    True
    >>> has_formal_arguments(Recurrent(1, 2, 1, 3, activation="silu"))
    False
    """
    if network.is_layered:
        return True
    return network.is_recurrent and set(network.activations) <= _FREE_VALUES


def arguments_of(
    allocation: Allocation,
    samples: int,
    given: GivenPoints | None = None,
    deadline: Deadline = NEVER,
) -> Arguments:
    """The pre-activations on random or `given` inputs.

    What it takes to be equal or opposite is; what it takes to be different is where
    `has_formal_arguments`. Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import Feedforward
    >>> found = arguments_of(Allocation.none(Feedforward([2, 3, 1], activation="tanh")), 3)
    >>> found.numbers[1].tolist()  # one kind of units, on three samples
    [[1, 2, 3]]
    """
    network = allocation.network
    levels = network.unrolled.levels
    inputs = _inputs(network, samples, given)
    readings = _readings(allocation, is_random=given is None)
    seen: dict[Group, list[dict[bytes, int]]] = {}
    first: Counter[Group] = Counter()  # samples of the steps before
    numbers: dict[int, Numbers] = {}
    values: list[Numbers] = []
    for number, level in enumerate(levels):
        deadline.check(_WHAT)
        if not level.terms:
            values.append(inputs.pop(0) if level.group != CONSTANT else _ones(samples))
            continue
        if level.group not in network.unrolled.sources:
            values.append(_ones(samples))  # outputs, which nothing reads
            continue
        reading = readings[level.group]
        known = seen.setdefault(level.group, [{} for _ in reading.bits])
        read = _read(level, reading, values, samples)
        rows = []
        for bits, found in zip(reading.bits, known, strict=True):
            deadline.check(_WHAT)
            own = read[bits]
            if network.is_layered and _all_new(own):
                rows.append(np.arange(1, 1 + samples))
            else:
                rows.append(_numbered(own, found, first[level.group]))
        first[level.group] += samples
        numbers[number] = np.array(rows)
        values.append(_values(level.activation, numbers[number]))
    return Arguments(readings, numbers, values)


def _ones(samples: int) -> Numbers:
    return np.ones((1, samples), dtype=np.int64)


def _inputs(network: Network, samples: int, given: GivenPoints | None) -> list[Numbers]:
    """The numbers of the inputs, level by level: one kind for random ones, else each is one."""
    starts = [level for level in network.unrolled.starts if level.group != CONSTANT]
    if given is None:
        counted = np.arange(1, 1 + len(starts) * samples, dtype=np.int64)
        return [row[None] for row in counted.reshape(len(starts), samples)]
    sizes: dict[Hashable, int] = {0: 0}
    rows = [
        [sizes.setdefault(abs(x), len(sizes)) * (1 if x >= 0 else -1) for x in row]
        for row in zip(*given.points, strict=True)
    ]
    array, start, found = np.array(rows, dtype=np.int64), 0, []
    for level in starts:
        found.append(array[start : start + level.size])
        start += level.size
    return found


def _readings(allocation: Allocation, is_random: bool) -> dict[Group, Reading]:
    """What the units of all groups read."""
    network = allocation.network
    levels = network.unrolled.levels
    entering: dict[Group, dict[str, Group]] = {}
    for level in levels:
        for weight, source in level.terms:
            entering.setdefault(level.group, {})[weight] = levels[source].group
    found: dict[Group, Reading] = {}
    for group, weights in entering.items():
        masks = {name: as_matrix(allocation.present_mask(name)) for name in weights}
        whole = np.concatenate(list(masks.values()), axis=1)
        own = _unique(whole)[1] if group in weights.values() else None
        sources, columns = [], []
        for name, source in weights.items():
            if source == group:
                kinds = own
            elif source in found:
                kinds = found[source].kinds
            else:
                width = masks[name].shape[1]
                kinds = np.zeros(width, int) if is_random else np.arange(width)
            assert kinds is not None
            for kind in range(kinds.max() + 1):
                sources.append(Source(name, source, kind))
                columns.append(masks[name][:, kinds == kind].any(axis=1))
        bits = np.array(columns).T
        distinct, kinds = _unique(bits) if own is None else (bits[_first(own)], own)
        found[group] = Reading(kinds, tuple(sources), distinct)
    return found


def _unique(rows: Bits) -> tuple[Bits, Numbers]:
    """The distinct rows in the order in which they occur first, and which of them each row is."""
    numbers: dict[bytes, int] = {}
    kinds = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows])
    return rows[_first(kinds)], kinds


def _first(kinds: Numbers) -> Numbers:
    return np.unique(kinds, return_index=True)[1]


def _read(level: Level, reading: Reading, values: list[Numbers], samples: int) -> Numbers:
    """The values that the sources of a level have, (sources, samples)."""
    terms = dict(level.terms)
    read = np.zeros((len(reading.sources), samples), dtype=np.int64)
    for row, (weight, _, kind) in enumerate(reading.sources):
        if weight in terms:  # not the state before the first step, which is 0
            read[row] = values[terms[weight]][kind]
    return read


def _numbered(read: Numbers, known: dict[bytes, int], first: int) -> Numbers:
    """The numbers of the sums of the values `read`, (sources, samples); `known` are those before.

    `first` is the number of samples of all steps before.
    """
    found = np.zeros(read.shape[1], dtype=np.int64)
    for sample, column in enumerate(np.ascontiguousarray(read.T)):
        if not column.any():
            continue
        number = known.get(column.tobytes()) or -known.get((-column).tobytes(), 0)
        if not number:
            number = known[column.tobytes()] = 1 + first + sample
        found[sample] = number
    return found


def _all_new(read: Numbers) -> bool:
    """Whether the values of one source tell all samples apart, also up to sign, and none is 0."""
    return any(len(np.unique(row)) == len(row) and row.all() for row in np.abs(read))


def _values(activation: str, numbers: Numbers) -> Numbers:
    """Numbers of the values of an activation: equal where they are, and opposite.

    Values that have no opposite are positive.
    """
    row = ACTIVATIONS[activation]
    if row.is_odd:
        return numbers
    if activation == "square":
        return np.abs(numbers)
    at_zero = 0 if row.at_zero[0] == 0 else 4 * _LARGE
    return np.where(numbers == 0, at_zero, np.where(numbers < 0, _LARGE - numbers, numbers))
