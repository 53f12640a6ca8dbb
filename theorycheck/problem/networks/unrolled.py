"""A network unrolled into levels of units, each computed from earlier ones.

Level k = activation(sum of weight x source level); a bias is a weight on a level that holds the
constant. Whatever is asked of a network (paths, residues, floats, balls, degrees) evaluates these
levels in an algebra of its own, and names no kind of network: `forward` and `backward` are all that
algebras share.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias, TypeVar

from ...computing.deadline import NEVER, Deadline

Group: TypeAlias = Hashable
Value = TypeVar("Value")

_FORWARD, _BACKWARD = "a pass through the network", "a pass back through the network"


class Term(NamedTuple):
    """One addend of a level: `weight`, with a row for each unit, times the level `source`."""

    weight: str
    source: int


class Level(NamedTuple):
    """The units of `group` at time `step`; without `terms` they are inputs, or the constant."""

    group: Group
    step: int
    size: int
    terms: tuple[Term, ...] = ()
    activation: str = "linear"


@dataclass(frozen=True)
class Unrolled:
    """Levels in an order in which each comes after its sources, and which of them are outputs.

    `levels` may compute its members on demand: a network of a million steps has a million levels.
    Levels without terms come first, in the order of the rows of the inputs.
    """

    levels: Sequence[Level]
    read: Sequence[int]

    @cached_property
    def rows(self) -> dict[int, slice]:
        """The levels without terms, and which rows of the inputs are theirs."""
        found, start = {}, 0
        for number, level in enumerate(self.levels):
            if level.terms:
                break
            found[number] = slice(start, start + level.size)
            start += level.size
        return found

    def uses(self, weight: str) -> list[tuple[int, int]]:
        """Where a weight acts: pairs (level, source)."""
        return [
            (number, term.source)
            for number, level in enumerate(self.levels)
            for term in level.terms
            if term.weight == weight
        ]


def forward(
    unrolled: Unrolled,
    inputs: Iterable[Value],
    combine: Callable[[Level, list[tuple[str, Value]]], Value],
    deadline: Deadline = NEVER,
) -> list[Value]:
    """The values of all levels; `combine` makes one of (weight, value of its source).

    Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> network, weights = LinearFeedforward([1, 1, 1]), {"W1": 2, "W2": 5}
    >>> def combine(level, terms):
    ...     return sum(weights[name] * value for name, value in terms)
    >>> forward(network.unrolled, [3], combine)
    [3, 6, 30]
    """
    values: list[Value] = []
    given = iter(inputs)
    for level in unrolled.levels:
        deadline.check(_FORWARD)
        terms = [(weight, values[source]) for weight, source in level.terms]
        values.append(combine(level, terms) if terms else next(given))
    return values


def backward(
    unrolled: Unrolled,
    read: int,
    start: Value,
    combine: Callable[[Level, list[tuple[str, Value]]], Value],
    deadline: Deadline = NEVER,
) -> dict[int, Value]:
    """What lies between each level and the level `read`, where it is `start`.

    `combine` makes the value of a level of (weight, value of the level that it leads to). Levels
    that do not lead there, and those without terms, have none. Raises `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import LinearFeedforward
    >>> network, weights = LinearFeedforward([1, 1, 1]), {"W1": 2, "W2": 5}
    >>> def combine(level, terms):
    ...     return sum(value * weights[name] for name, value in terms)
    >>> backward(network.unrolled, 2, 1, combine)
    {2: 1, 1: 5}
    """
    values: dict[int, Value] = {}
    leading: dict[int, list[tuple[str, Value]]] = {read: []}
    for number in range(read, -1, -1):
        level = unrolled.levels[number]
        terms = leading.pop(number, None)
        if terms is None or not level.terms:
            continue
        deadline.check(_BACKWARD)
        values[number] = start if number == read else combine(level, terms)
        for weight, source in level.terms:
            leading.setdefault(source, []).append((weight, values[number]))
    return values
