"""Multihomogeneous Bezout numbers: proved upper bounds on the degree (T6)."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import OutOfTimeError
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import Level, as_matrix, forward
from .system import SquareSystem

Lengths: TypeAlias = NDArray[np.float64]
Unknowns: TypeAlias = frozenset[int]  # positions of unknowns in the system, from 0

_NONE = -np.inf  # no path
_WHAT = "a bound on the degree"
_MOST_ENTRIES = 2**22  # added at once
_MOST_STATES = 20_000
_MOST_TRIES = 300
_MOST_WORK = 500_000  # states times groups, over all partitions


@dataclass(frozen=True)
class BezoutBound:
    """`value` bounds the degree; `groups` are learnable numbers that partition the unknowns."""

    value: int
    groups: tuple[tuple[int, ...], ...]


class _Degrees:
    """Degrees of the equations in groups of unknowns: the most of a group on one path.

    A power multiplies the degree: a path counts what comes before it as often.
    """

    def __init__(self, system: SquareSystem, deadline: Deadline = NEVER) -> None:
        self._system, self.deadline = system, deadline
        self._cache: dict[Unknowns, tuple[int, ...]] = {}
        self.work = 0

    def of(self, group: Unknowns) -> tuple[int, ...]:
        """The degree of every equation in the unknowns of `group`."""
        if group not in self._cache:
            self.deadline.check(_WHAT)
            self._cache[group] = self._longest(group)
        return self._cache[group]

    def bound(self, groups: Iterable[Unknowns]) -> int | None:
        """Coefficient of prod x_g^|g| in prod_e (sum_g d_eg x_g); None if that is too much work."""
        ordered = sorted(groups, key=len)
        start = tuple(map(len, ordered))
        if math.prod(n + 1 for n in start) > _MOST_STATES:
            return None
        left = {start: 1}
        for row in sorted(zip(*map(self.of, ordered), strict=True), key=np.count_nonzero):
            self.work += len(left) * len(ordered)
            self.deadline.check(_WHAT)
            after: dict[tuple[int, ...], int] = {}
            for state, ways in left.items():
                for g, degree in enumerate(row):
                    if degree and state[g]:
                        new = (*state[:g], state[g] - 1, *state[g + 1 :])
                        after[new] = after.get(new, 0) + ways * degree
            left = after
        return left.get((0,) * len(ordered), 0)

    @cached_property
    def _starts(self) -> Lengths:
        """0 where a sample shows an input (or the constant), else no path: (rows, samples)."""
        network, samples = self._system.network, self._system.samples
        shape = (sum(level.size for level in network.unrolled.starts), samples)
        shown = np.eye(*shape) if network.is_spanned_by(samples) else np.ones(shape)
        return np.where(shown > 0, 0.0, _NONE)

    def _longest(self, group: Unknowns) -> tuple[int, ...]:
        system, network = self._system, self._system.network
        steps: dict[str, Lengths] = {
            name: np.where(mask, 0.0, _NONE)
            for name, mask in system.allocation.given_present().items()
        }
        for name, shape in network.weight_shapes.items():
            steps.setdefault(name, np.zeros(shape))
        for position in group:
            name, index = system.entries[position]
            steps[name][index] = 1.0

        def combine(level: Level, terms: list[tuple[str, Lengths]]) -> Lengths:
            ways = (_through(steps[name], before, self.deadline) for name, before in terms)
            return (ACTIVATIONS[level.activation].power or 0) * reduce(np.maximum, ways)

        unrolled = network.unrolled
        values = forward(unrolled, unrolled.split(self._starts), combine, self.deadline, _WHAT)
        table = np.concatenate([values[number].reshape(-1) for number in unrolled.read])
        return tuple(int(max(value, 0)) for value in table[list(system.equations)])


def _through(steps: Lengths, before: Lengths, deadline: Deadline) -> Lengths:
    """Longest ways through one weight: max-plus product, a few columns at a time."""
    steps = as_matrix(steps)
    result = np.empty((len(steps), before.shape[1]))
    at_once = max(_MOST_ENTRIES // max(steps.size, 1), 1)
    for start in range(0, before.shape[1], at_once):
        deadline.check(_WHAT)
        part = slice(start, start + at_once)
        result[:, part] = (steps[:, :, None] + before[None, :, part]).max(axis=1)
    return result


def path_degrees(
    system: SquareSystem, group: Unknowns, deadline: Deadline = NEVER
) -> tuple[int, ...]:
    """For every equation the most unknowns of `group` on one path: a bound on its degree in them.

    What comes before a power counts as often.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation.full(LinearFeedforward([1, 1, 1]))
    >>> path_degrees(SquareSystem(allocation, 1, (0,), (0, 1)), frozenset({0, 1}))
    (2,)
    """
    return _Degrees(system, deadline).of(group)


def bezout_bound(system: SquareSystem, deadline: Deadline = NEVER) -> BezoutBound:
    """The least multihomogeneous Bezout number found over partitions of the unknowns.

    Tried are the layers, the last or first of them line by line, single unknowns, and what joining
    groups or moving an unknown makes of the best; any partition gives a bound (T6). At the deadline
    the best so far is returned; `OutOfTimeError` if there is none yet.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> diagonal = Allocation(LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
    >>> bezout_bound(SquareSystem(diagonal, 2, (0, 1, 2, 3), (0, 1, 2, 3))).value
    2
    """
    degrees = _Degrees(system, deadline)
    best = _Best(degrees)
    try:
        for partition in _partitions(system):
            best.offer(partition)
        while best.value > 1 and any(best.offer(other) for other in _neighbours(best.partition)):
            if best.tries > _MOST_TRIES or degrees.work > _MOST_WORK:
                break
    except OutOfTimeError:
        if not best.partition:
            raise
    groups = [tuple(system.unknowns[position] for position in sorted(g)) for g in best.partition]
    return BezoutBound(int(best.value), tuple(sorted(groups)))


class _Best:
    """The best partition so far."""

    def __init__(self, degrees: _Degrees) -> None:
        self._degrees, self.tries = degrees, 0
        self.value: float = np.inf
        self.partition: frozenset[Unknowns] = frozenset()

    def offer(self, partition: frozenset[Unknowns]) -> bool:
        """Take a partition if it is better, and tell whether it was."""
        self.tries += 1
        if self.partition and self._degrees.work > _MOST_WORK:
            return False
        value = self._degrees.bound(partition)
        if value is None or value >= self.value:
            return False
        self.value, self.partition = value, partition
        return True


def _partitions(system: SquareSystem) -> Iterator[frozenset[Unknowns]]:
    entries, layers = system.entries, system.network.weight_layers
    layer_of = {name: number for number, names in enumerate(layers) for name in names}
    keys: list[list[Hashable]] = [
        [layer_of[name] for name, _ in entries],
        [(name, index[0]) for name, index in entries],
        [(name, index[-1]) for name, index in entries],
        list(range(len(entries))),
        [0] * len(entries),
    ]
    for name in dict(entries):  # in their order: the least found hangs on it
        for axis in (0, -1):
            keys.append([(n, index[axis]) if n == name else n for n, index in entries])
    for labels in keys:
        groups: dict[Hashable, set[int]] = {}
        for position, label in enumerate(labels):
            groups.setdefault(label, set()).add(position)
        yield frozenset(frozenset(group) for group in groups.values())


def _neighbours(partition: frozenset[Unknowns]) -> Iterator[frozenset[Unknowns]]:
    """Two groups joined, or one unknown moved to another group or one of its own."""
    groups = sorted(partition, key=sorted)
    for a, b in combinations(groups, 2):
        yield (partition - {a, b}) | {a | b}
    for a in groups:
        for position in sorted(a) if len(a) > 1 else ():
            rest = (partition - {a}) | {a - {position}}
            yield rest | {frozenset({position})}
            for b in groups:
                if b != a:
                    yield (rest - {b}) | {b | {position}}
