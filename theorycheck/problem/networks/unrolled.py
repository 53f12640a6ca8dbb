"""A network unrolled into levels of units, each computed from earlier ones.

Level k = activation(sum of weight x source level); a bias is a weight on a level that holds the
constant. Whatever is asked of a network (paths, residues, floats, balls, degrees) evaluates these
levels in an algebra of its own, and names no kind of network: `forward`, `backward` and what joins
them, `Derivatives`, are all that algebras share.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import takewhile
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from ...computing.deadline import NEVER, Deadline

if TYPE_CHECKING:  # the command line offers the kinds of networks before NumPy is loaded
    import numpy as np
    from numpy.typing import NDArray

    from ...computing.arrays import Array

Group: TypeAlias = Hashable
Value = TypeVar("Value")

CONSTANT: Group = "constant"  # the level that biases read: one unit, 1 on every sample

_PASS = "a pass through the network"


class Term(NamedTuple):
    """One addend of a level: `weight`, with a row for each unit, times the level `source`.

    `weight` names a weight of the network, a part of one, or a multiple of the identity.
    """

    weight: str
    source: int


class Level(NamedTuple):
    """The units of `group` at time `step`; without `terms` they are inputs, or the constant.

    Terms that lead from hidden units come before those that lead from inputs or the constant. All
    levels of a group are made alike: where one has a term from a group some steps before it, the
    others have it too, unless that is before the first step.
    """

    group: Group
    step: int
    size: int
    terms: tuple[Term, ...] = ()
    activation: str = "linear"


class Part(NamedTuple):
    """The matrix `weight[at]`: of a filter what it does at one offset, say."""

    weight: str
    at: tuple[int | slice, ...]


class Multiple(NamedTuple):
    """`factor` times the identity of `size` units: no weight moves it."""

    factor: Fraction
    size: int


@dataclass(frozen=True)
class Unrolled:
    """Levels in an order in which each comes after its sources, and which of them are outputs.

    Names in terms that are no weights are those of `parts` or of `multiples`; a weight that has
    parts acts through them alone (`matrices_of`).

    `levels` may compute its members on demand: a network of a million steps has a million levels.
    Levels without terms come first, in the order of the rows of the inputs. No level has a source
    of a later step.
    """

    levels: Sequence[Level]
    read: Sequence[int]
    parts: Mapping[str, Part] = field(default_factory=dict)
    multiples: Mapping[str, Multiple] = field(default_factory=dict)

    @cached_property
    def uses(self) -> dict[str, list[tuple[Group, int, int]]]:
        """Where each weight acts: group and step of a level, number of its source; by steps."""
        found: dict[str, list[tuple[Group, int, int]]] = {}
        for level in self.levels:
            for weight, source in level.terms:
                found.setdefault(weight, []).append((level.group, level.step, source))
        return {weight: sorted(uses, key=itemgetter(1)) for weight, uses in found.items()}

    @cached_property
    def sources(self) -> frozenset[Group]:
        """The groups that some level is computed from."""
        numbers = (source for uses in self.uses.values() for _, _, source in uses)
        return frozenset(self.levels[source].group for source in numbers)

    @cached_property
    def starts(self) -> list[Level]:
        """The levels without terms: inputs and the constant."""
        return list(takewhile(lambda level: not level.terms, self.levels))

    def split(self, matrix: Array) -> Iterator[Array]:
        """The rows of the inputs, a matrix, that belong to each level without terms."""
        start = 0
        for level in self.starts:
            yield matrix[start : start + level.size]
            start += level.size


def as_matrix(weight: Array) -> Array:
    """A weight, or its mask, as a matrix: a bias is one column, a filter has one for each offset.

    >>> import numpy as np
    >>> as_matrix(np.array([1, 2])).tolist()
    [[1], [2]]
    """
    return weight if weight.ndim == 2 else weight.reshape(len(weight), -1)


def ends_of(entries: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The units that weights feed and those that they read, of entries (i, j), of biases (i,).

    >>> import numpy as np
    >>> ends_of(np.array([[3]]))
    (array([3]), array([0]))
    """
    return entries[:, 0], entries[:, 1] if entries.shape[1] == 2 else 0 * entries[:, 0]


Combine: TypeAlias = Callable[[Level, list[tuple[str, Value]]], Value]


def forward(
    unrolled: Unrolled,
    inputs: Iterable[Value],
    combine: Combine[Value],
    deadline: Deadline = NEVER,
    what: str = _PASS,
) -> list[Value]:
    """The values of all levels; `combine` makes one of (weight, value of its source).

    Raises `OutOfTimeError` after the deadline, naming `what` was being done.

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
        deadline.check(what)
        terms = [(weight, values[source]) for weight, source in level.terms]
        values.append(combine(level, terms) if terms else next(given))
    return values


def backward(
    unrolled: Unrolled,
    read: int,
    start: Value,
    combine: Combine[Value],
    deadline: Deadline = NEVER,
    what: str = _PASS,
) -> dict[int, Value]:
    """What lies between each level and the level `read`, where it is `start`.

    `combine` makes the value of a level of (weight, value of the level that it leads to). Levels
    that do not lead there, and those without terms, have none. Raises `OutOfTimeError` after the
    deadline, naming `what` was being done.

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
        terms = leading.pop(number, None)
        if terms is None:
            continue
        level = unrolled.levels[number]
        if not level.terms:
            continue
        deadline.check(what)
        values[number] = start if number == read else combine(level, terms)
        for weight, source in level.terms:
            leading.setdefault(source, []).append((weight, values[number]))
    return values


class Derivatives(Generic[Value]):
    """Where each weight of a linear network acts on the outputs, in an algebra.

    The derivative of a read level by weight[i, j] is the sum, over all places where the weight
    acts, of (what lies behind unit i) x (the value of unit j of its source). `ahead` and `back`
    combine as in `forward` and `backward`, `unit` is what lies behind a level that is read itself.
    What lies behind a level depends on the lag alone: for outputs that are read at several steps
    the last is followed back, once. Raises `OutOfTimeError` after the deadline.
    """

    def __init__(
        self,
        unrolled: Unrolled,
        inputs: Iterable[Value],
        *,
        ahead: Combine[Value],
        unit: Callable[[Level], Value],
        back: Combine[Value],
        deadline: Deadline = NEVER,
        what: str = _PASS,
    ) -> None:
        self._unrolled = unrolled

        def inner(level: Level, terms: list[tuple[str, Any]]) -> Any:
            return ahead(level, terms) if level.group in unrolled.sources else None

        self._values = forward(unrolled, inputs, inner, deadline, what)
        self._behind: dict[Group, tuple[int, dict[tuple[Group, int], Value]]] = {}
        for number in reversed(unrolled.read):
            last = unrolled.levels[number]
            if last.group not in self._behind:
                found = backward(unrolled, number, unit(last), back, deadline, what)
                levels = ((unrolled.levels[k], value) for k, value in found.items())
                behind = {(level.group, level.step): value for level, value in levels}
                self._behind[last.group] = last.step, behind

    def acting(self, weight: str, read: int) -> Iterator[tuple[Value, Value]]:
        """(What lies behind, value of the source) wherever a weight acts on the level `read`."""
        output = self._unrolled.levels[read]
        last, behind = self._behind[output.group]
        for group, step, source in self._unrolled.uses.get(weight, ()):
            if step > output.step:
                break
            found = behind.get((group, step + last - output.step))
            if found is not None:
                yield found, self._values[source]
