"""Equal arguments of nonlinear networks, and given inputs on which their oracle is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from tests.page_checker.problem import Matrix, Problem, integer, listed, need

ODD = {"linear", "tanh", "erf", "sin", "arctan", "cube"}
NOT_0 = {"sigmoid", "softplus", "exp"}
FREE = {"tanh", "sigmoid", "erf", "sin", "exp", "arctan"}
EXPONENTIAL = {"tanh", "sigmoid", "softplus", "silu", "sin", "exp"}
NOTHING = (None, 0)  # the value 0: what it is, and its sign
Value = tuple[Any, int]
Rank = Callable[[int, Matrix], int]


class Level(NamedTuple):
    """Units that are computed from others: (weight, number of the level that it reads)."""

    size: int
    terms: list[tuple[str, int]]
    place: int = 0  # layer or step, of hidden units
    activation: str = "linear"
    around: int = 0  # number of the level that is added, not 0 in a residual one


def by_structure(problem: Problem) -> bool:
    if problem.is_student:
        return False
    return problem.kind == "NF" or (problem.kind == "NR" and set(problem.activations) <= FREE)


class Arguments:
    """The z of all hidden units: what it was when it was new (place, sample), and a sign, or 0."""

    def __init__(self, problem: Problem, levels: list[Level]) -> None:
        self.problem, self.levels = problem, levels
        self.z: dict[int, list[list[Value]]] = {}  # by level, unit and sample
        self.read: dict[int, list[list[list[tuple[str, int, Value]]]]] = {}
        seen: dict[Any, Value] = {}
        for number, level in enumerate(levels):
            if level.place:
                self.read[number] = [[self.reads(number, i, s) for s in range(problem.samples)]
                                     for i in range(level.size)]  # fmt: skip
                self.z[number] = [
                    [self.named(level, i, s, one, seen) for s, one in enumerate(line)]
                    for i, line in enumerate(self.read[number])
                ]

    def reads(self, number: int, i: int, s: int) -> list[tuple[str, int, Value]]:
        """Weight, its source and the value there; before step 1 the state is 0."""
        level, found = self.levels[number], []
        present = self.problem.present
        for name, source in sorted(level.terms):
            found += [(name, j, self.value(source, j, s))
                      for j, bit in enumerate(present[name][i]) if bit]  # fmt: skip
        if self.problem.kind == "NR" and level.place == 1:
            found += [("recurrent", j, NOTHING)
                      for j, bit in enumerate(present["recurrent"][i]) if bit]  # fmt: skip
        return sorted(found, key=lambda one: one[:2])

    def value(self, number: int, j: int, s: int) -> Value:
        level = self.levels[number]
        if number == 0:
            return "the constant", 1
        if not level.terms:
            if self.problem.given is None:
                return (number, j, s), 1
            first = sum(one.size for one in self.levels[1:number])
            x = self.problem.given[first + j][s]
            return (abs(x), (x > 0) - (x < 0)) if x else NOTHING
        name, (what, sign) = level.activation, self.z[number][j][s]
        if not sign:
            return ("at 0", 1) if name in NOT_0 else NOTHING
        if name in ODD:
            return what, sign
        return (what, 1) if name == "square" else ((what, sign), 1)

    def named(self, level: Level, i: int, s: int, read: Any, seen: dict[Any, Value]) -> Value:
        values = [value for _, _, value in read]
        if all(value == NOTHING for value in values):
            return NOTHING
        unit = i if self.problem.kind == "NR" else (level.place, i)
        key = unit, tuple(values)
        opposite = unit, tuple((what, -sign) for what, sign in values)
        if opposite in seen:
            what, sign = seen[opposite]
            return what, -sign
        return seen.setdefault(key, ((level.place, s), 1))


def need_separated(problem: Problem, levels: list[Level], rank: Rank) -> None:
    """Given inputs with dependent points."""
    names = set(problem.activations)
    need(names <= EXPONENTIAL and by_structure(problem), "activations on given inputs")
    forms, seen = iter(listed(problem.forms)), []
    reads = problem.steps if problem.kind == "NR" and problem.readout == "all" else 1
    for points, columns in sums(problem, levels):
        need(is_full(columns, rank), "pre-activations may depend on each other")
        lines = [point for point, _ in points.values()]
        bounds = [2 * problem.d * reads * len(found) for _, found in points.values()]
        if not lines or (lines, bounds) in seen:
            continue
        seen.append((lines, bounds))
        rows = [list(row) for row in zip(*lines, strict=True)]
        if any(rank(trial, rows) == len(lines) for trial in range(8)):
            continue
        need(names <= {"tanh", "sigmoid"}, "dependent points")
        rows += quotients(next(forms, None), lines, bounds)
        need(any(rank(trial, rows) == len(lines) for trial in range(8)), "a short relation")
    need(next(forms, None) is None, "a form too many")


def quotients(form: Any, points: Matrix, bounds: list[int]) -> Matrix:
    need(type(form) is dict and form.keys() == {"modulus", "rows"}, "a form is missing")
    modulus, found = integer(form["modulus"], 1), []
    for row in listed(form["rows"]):
        need(len(listed(row)) == len(points[0]), "a row of a form")
        sides = [sum(integer(a, -float("inf")) * x for a, x in zip(row, point, strict=True))
                 for point in points]  # fmt: skip
        nearest = [(Fraction(x, modulus) + Fraction(1, 2)).__floor__() for x in sides]
        left = sum(bound * abs(x - q * modulus)
                   for bound, x, q in zip(bounds, sides, nearest, strict=True))  # fmt: skip
        need(left < modulus, "a form leaves too much")
        found.append(nearest)
    return found


def sums(problem: Problem, levels: list[Level]) -> Iterator[tuple[Any, Matrix]]:
    """Of each hidden unit its points with the samples on which they occur, and other vectors."""
    arguments = Arguments(problem, levels)
    kinds = kinds_of(problem, levels)
    hidden = [number for number, level in enumerate(levels) if level.place]
    groups = [hidden] if problem.kind == "NR" else [[number] for number in hidden]
    for group in groups:
        for i in range(levels[group[0]].size):
            points: dict[Any, tuple[list[int], set[int]]] = {}
            others: dict[Any, Any] = {}
            for number in group:
                for s, (what, sign) in enumerate(arguments.z[number][i]):
                    inner = inner_of(arguments, number, i, s)
                    if sign and not any(z[1] for _, z in inner):
                        point = point_of(arguments, kinds, number, i, s)
                        points.setdefault(what, (point, set()))[1].add(s)
                    elif sign and what not in others:
                        others[what] = inner
            has_bias = any(problem.present[name][i][0] for name, source in levels[group[0]].terms
                           if source == 0)  # fmt: skip
            vectors = [vector(one, not points, has_bias) for one in others.values()]
            keys = dict.fromkeys(key for one in vectors for key in one)
            yield points, [[one.get(key, 0) for one in vectors] for key in keys]


def inner_of(arguments: Arguments, number: int, i: int, s: int) -> list[tuple[Any, Value]]:
    """The z of the hidden units that a unit reads, with who they are and their activation."""
    levels, found = arguments.levels, []
    for name, source in levels[number].terms:
        if levels[source].place:
            bits, activation = arguments.problem.present[name][i], levels[source].activation
            found += [((name, j, activation), arguments.z[source][j][s])
                      for j, bit in enumerate(bits) if bit]  # fmt: skip
    return found


def vector(inner: Any, has_constants: bool, has_bias: bool) -> dict[Any, int]:
    found: dict[Any, int] = {"bias": 1} if has_bias and has_constants else {}
    for (name, j, activation), (what, sign) in inner:
        is_signed = activation in ODD or activation == "sigmoid"
        if sign:
            found[name, j, what if is_signed else (what, sign)] = sign if is_signed else 1
        if has_constants and activation in NOT_0:
            twice = 1 if not sign else 2 if sign < 0 and activation == "sigmoid" else 0
            found |= {("constant", name, j): twice} if twice else {}
    return found


def is_full(rows: Matrix, rank: Rank) -> bool:
    """Whether the columns are independent, those with an entry of their own left out."""
    columns = [dict((k, x) for k, x in enumerate(column) if x)
               for column in zip(*rows, strict=True)]  # fmt: skip
    while columns:
        count = Counter(k for column in columns for k in column)
        left = [column for column in columns if all(count[k] > 1 for k in column)]
        if len(left) == len(columns):
            break
        columns = left
    if not columns:
        return True
    matrix = [[column.get(k, 0) for column in columns] for k in range(len(rows))]
    return len(columns) <= 2000 and any(rank(t, matrix) == len(columns) for t in range(8))


def kinds_of(problem: Problem, levels: list[Level]) -> dict[int, list[Any]]:
    """The kind of each unit of the hidden levels: what it reads."""
    found: dict[int, list[Any]] = {}
    for number, level in enumerate(levels):
        if level.place and problem.kind == "NR":
            names = sorted({"input", *(name for name, _ in level.terms)})
            names += ["recurrent"] * (problem.steps > 1)
            found[number] = [tuple(tuple(problem.present[name][i]) for name in names)
                             for i in range(level.size)]  # fmt: skip
        elif level.place:
            found[number] = [
                tuple(
                    frozenset(found[source][j] if source in found else j
                              for j, bit in enumerate(problem.present[name][i]) if bit)
                    for name, source in level.terms
                )
                for i in range(level.size)
            ]  # fmt: skip
    return found


def point_of(arguments: Arguments, kinds: Any, number: int, i: int, s: int) -> list[int]:
    """Inputs, a number for each kind of hidden units that are not 0 at 0, a bias."""
    problem, levels = arguments.problem, arguments.levels
    level, found, constants = levels[number], [], []
    for name, source in level.terms:
        ends = [j for j, bit in enumerate(problem.present[name][i]) if bit]
        if source == 0:
            constants += [1 for _ in ends]
        elif not levels[source].terms:
            first = sum(one.size for one in levels[1:source])
            found += [problem.given[first + j][s] for j in ends]  # type: ignore[index]
    for j in inner_kinds(problem, levels, kinds, number, i):
        found.append(int(j))
    return found + constants


def inner_kinds(problem: Problem, levels: list[Level], kinds: Any, number: int, i: int
                ) -> list[bool]:  # fmt: skip
    """For each kind of hidden units whose value at 0 is not 0 whether there is such a value."""
    level = levels[number]
    if problem.kind == "NR":
        name = level.activation
        ends = [j for j, bit in enumerate(problem.present["recurrent"][i]) if bit]
        count = len({kinds[number][j] for j in ends})
        return [level.place > 1] * count if name in NOT_0 and problem.steps > 1 else []
    found: list[bool] = []
    for name, source in level.terms:
        if levels[source].place and levels[source].activation in NOT_0:
            bits = problem.present[name][i]
            found += [True] * len({kinds[source][j] for j, bit in enumerate(bits) if bit})
    return found
