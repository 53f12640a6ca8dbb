"""Given inputs that are as good as random ones for the oracle: T11b and T11c.

The pre-activations of a unit that reads constants alone (given inputs, its bias, values at 0) are
linear forms, those of points, in its weights. The others are new if, unit by unit, the values they
read make them linearly independent. Then the rank of the oracle is the true one if the points of
each unit are linearly independent, or, for tanh and sigmoid, if they satisfy no short relation:
minors have no larger degree in the value at a point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import CONSTANT, Group, as_matrix
from .arguments import Arguments, Numbers, Source, arguments_of, has_formal_arguments
from .given_points import GivenPoints, present_key
from .oracle import oracle_prime
from .relations import Forms, exclude, find_forms

_MOST_COLUMNS = 2000  # of a rank that peeling leaves
_BOUNDED_DEGREE = frozenset({"tanh", "sigmoid"})  # values are fractions of exponentials


@dataclass(frozen=True)
class Separation:
    """Why it is not proved that given inputs are as good as random ones, or None; and what proves.

    `forms` exclude short relations between the points of units, for each list of points that is
    dependent, in the order in which units have them.
    """

    why: str | None
    forms: tuple[Forms, ...] = ()


@dataclass(frozen=True)
class _Unit:
    """The sums of one kind of units, each once: `points` of the linear ones, and the others.

    `samples` are those on which each point occurs. `columns` has a row for each hidden source, of
    the activation that `activations` tells, and a column for each sum that is not linear: the
    numbers of what the source is applied to.
    """

    points: list[list[int]]
    samples: list[set[int]]
    columns: Numbers
    activations: list[str]
    has_bias: bool


def separation(
    allocation: Allocation, given: GivenPoints, deadline: Deadline = NEVER
) -> Separation:
    """As `find_separation`, once for each set of present weights."""
    key = "separation", *present_key(allocation)
    if key not in given.answers:
        given.answers[key] = find_separation(allocation, given, deadline)
    return given.answers[key]


def forms_needed(allocation: Allocation, given: GivenPoints) -> tuple[Forms, ...]:
    """The forms by which `separation` has proved that inputs are as good as random ones, if any."""
    found = given.answers.get(("separation", *present_key(allocation)))
    return () if found is None else found.forms


def find_separation(
    allocation: Allocation, given: GivenPoints, deadline: Deadline = NEVER
) -> Separation:
    """Whether the rank of the oracle is proved to be the true one on `given` inputs.

    Decided are networks with activations of the family of tanh, layer behind layer or recurrent.
    Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import Feedforward
    >>> allocation = Allocation.none(Feedforward([1, 2, 1], activation="tanh"))
    >>> find_separation(allocation, GivenPoints([[1], [1], [100]])).why is None
    True
    >>> find_separation(allocation, GivenPoints([[1], [2]])).why
    'the samples may satisfy short linear relations as some unit sees them'
    """
    network = allocation.network
    names = set(network.activations)
    if any(ACTIVATIONS[name].family != "exponential" for name in names):
        return Separation("not all activations are of the family of tanh")
    if not has_formal_arguments(network):
        return Separation("it is not known which pre-activations are equal")
    arguments = arguments_of(allocation, len(given.points), given, deadline)
    per_sample = 2 * network.outputs * network.n_reads
    forms: dict[tuple[tuple[int, ...], ...], Forms] = {}
    for unit in _Units(allocation, given, arguments):
        deadline.check("the independence of pre-activations")
        if not _are_independent(unit):
            return Separation("pre-activations behind the first ones may depend on each other")
        bounds = [per_sample * len(found) for found in unit.samples]
        key = (*map(tuple, unit.points), tuple(bounds))
        if key in forms or not unit.points or exclude(unit.points, bounds):
            continue
        if not names <= _BOUNDED_DEGREE:
            return Separation("the samples are linearly dependent as some unit sees them")
        found = find_forms(unit.points, bounds, deadline)
        if found is None:
            return Separation(
                "the samples may satisfy short linear relations as some unit sees them"
            )
        forms[key] = found
    return Separation(None, tuple(forms.values()))


class _Units:
    """One unit of each kind, group by group, on given inputs."""

    def __init__(self, allocation: Allocation, given: GivenPoints, arguments: Arguments) -> None:
        self._allocation, self._arguments, self._inputs = allocation, arguments, given.integers
        self._levels = allocation.network.unrolled.levels
        self._starts: dict[int, int] = {}  # of an input level: its first row of all inputs
        row = 0
        for number, level in enumerate(allocation.network.unrolled.starts):
            if level.group != CONSTANT:
                self._starts[number] = row
                row += level.size

    def __iter__(self) -> Iterator[_Unit]:
        places: dict[Group, list[int]] = {}
        for number in self._arguments.numbers:
            places.setdefault(self._levels[number].group, []).append(number)
        for group, numbers in places.items():
            kinds = self._arguments.readings[group].kinds
            for kind, unit in zip(*np.unique(kinds, return_index=True), strict=True):
                yield self._unit(group, numbers, int(kind), int(unit))

    def _unit(self, group: Group, numbers: list[int], kind: int, unit: int) -> _Unit:
        """The sums of a unit of this kind, at the levels `numbers` of its group."""
        sources = self._arguments.readings[group].of(kind)
        hidden = [source for source in sources if source.group in self._arguments.readings]
        points: dict[int, list[int]] = {}
        samples: dict[int, set[int]] = {}
        columns, count = [], 0
        for number in numbers:
            own = self._arguments.numbers[number][kind]
            read = self._read(number, hidden)
            is_linear = ~read.any(axis=0)
            is_new = own == np.arange(1 + count, 1 + count + len(own))
            columns.append(read[:, is_new & ~is_linear])
            for sample in np.flatnonzero(is_linear & (own != 0)).tolist():
                name = abs(int(own[sample]))
                if name not in points:
                    points[name] = self._point(number, kind, unit, sample)
                samples.setdefault(name, set()).add(sample)
            count += len(own)
        return _Unit(
            list(points.values()),
            list(samples.values()),
            np.concatenate(columns, axis=1),
            [self._activation[source.group] for source in hidden],
            any(source.group == CONSTANT for source in sources),
        )

    @cached_property
    def _activation(self) -> dict[Group, str]:
        return {level.group: level.activation for level in self._levels}

    def _read(self, number: int, hidden: list[Source]) -> Numbers:
        """The numbers of hidden sources that a level reads, (sources, samples)."""
        terms, numbers = dict(self._levels[number].terms), self._arguments.numbers
        read = np.zeros((len(hidden), numbers[number].shape[1]), dtype=np.int64)
        for row, source in enumerate(hidden):
            if source.weight in terms:  # not the state before the first step, which is 0
                read[row] = numbers[terms[source.weight]][source.kind]
        return read

    def _point(self, number: int, kind: int, unit: int, sample: int) -> list[int]:
        """The values that a linear sum of a unit reads: inputs, hidden ones kind by kind, a bias.

        Of a constant only whether it is 0: weights take up what it is. Those of hidden units whose
        value at 0 is 0 are left out.
        """
        terms, inputs, hidden, constants = dict(self._levels[number].terms), [], [], []
        for weight, group, _ in self._arguments.readings[self._levels[number].group].of(kind):
            if group == CONSTANT:
                constants.append(1)
            elif group not in self._arguments.readings:
                start = self._starts[terms[weight]]
                bits = as_matrix(self._allocation.present_mask(weight))[unit]
                inputs = [self._inputs[start + k][sample] for k in np.flatnonzero(bits).tolist()]
            elif ACTIVATIONS[self._activation[group]].at_zero[0] != 0:
                hidden.append(int(weight in terms))
        return inputs + hidden + constants


def _are_independent(unit: _Unit) -> bool:
    """Whether the sums that are not linear are linearly independent, modulo linear ones.

    A sum is a combination of the products of a weight and a value. One that has a product of its
    own is in no relation; what such peeling leaves is a matter of rank.
    """
    columns = unit.columns
    if any(_tell_apart(row, name) for row, name in zip(columns, unit.activations, strict=True)):
        return True
    left = np.arange(columns.shape[1])
    while len(left):
        own = np.zeros(len(left), dtype=bool)
        for row, name in zip(columns[:, left], unit.activations, strict=True):
            atoms = _atoms(row, name)
            distinct, back, count = np.unique(atoms, return_inverse=True, return_counts=True)
            own |= (count[back] == 1) & (distinct[back] != 0)
        if not own.any():
            break
        left = left[~own]
    return len(left) <= _MOST_COLUMNS and _rank(columns[:, left], unit) == len(left)


def _tell_apart(row: Numbers, name: str) -> bool:
    atoms = _atoms(row, name)
    return bool(row.all()) and len(np.unique(atoms)) == len(atoms)


def _atoms(row: Numbers, name: str) -> Numbers:
    """What the values are multiples of, up to constants: opposite ones of the same, or not."""
    return np.abs(row) if ACTIVATIONS[name].is_odd or name == "sigmoid" else row


def _rank(columns: Numbers, unit: _Unit) -> int:
    """The rank of the sums in products of weights and values, modulo a prime.

    Products with constants count only where the unit has no linear sum: weights that have one are
    no longer free.
    """
    rows = []
    for row, name in zip(columns, unit.activations, strict=True):
        atoms, sign = _atoms(row, name), np.sign(row)
        for atom in np.unique(atoms[atoms != 0]):
            rows.append((atoms == atom) * (sign if atom > 0 else 1))
        if not unit.points and ACTIVATIONS[name].at_zero[0] != 0:
            # Twice a constant: s(-z) = 1 - s(z) and s(0) = 1/2 for the sigmoid.
            rows.append((row == 0) + 2 * ((row < 0) & (name == "sigmoid")))
    if unit.has_bias and not unit.points:
        rows.append(np.ones(columns.shape[1]))
    if not rows or not columns.shape[1]:
        return 0
    elimination = Elimination(len(rows), oracle_prime(0, 0))
    elimination.extend(np.array(rows, dtype=np.float64))
    return elimination.rank
