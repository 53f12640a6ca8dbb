"""Levels with layers behind them (T16), from the page alone."""

from __future__ import annotations

from copy import copy
from typing import Any

from tests.page_checker.levels import Pair, Point, TooSmall
from tests.page_checker.problem import Matrix, Problem, integer, listed, need, numbers
from tests.page_checker.ranks import Draws, eliminate


def times(left: Matrix, right: Matrix, prime: int) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(x * y for x, y in zip(row, column, strict=True)) % prime for column in columns]
            for row in left]  # fmt: skip


def identity(n: int) -> Matrix:
    return [[int(i == j) for j in range(n)] for i in range(n)]


class Deep:
    """The evidence about a problem."""

    def __init__(self, problem: Problem, *, columns: Any, bases: Any, minor: Any,
                 **others: Any) -> None:  # fmt: skip
        finite = [0 if level is None else level for level in listed(columns)]
        self.pair = Pair(problem, columns=finite, minor=None, **others)
        self.pair.columns, self.e = list(columns), self.pair.e
        layer, n = self.pair_layer(others), len(problem.widths)
        if others["axis"] == "columns":
            self.behind = [problem.learnable[f"W{k}"] for k in range(layer + 2, n)]
        else:
            masks = [problem.learnable[f"W{k}"] for k in range(layer - 1, 0, -1)]
            self.behind = [[list(line) for line in zip(*mask, strict=True)] for mask in masks]
            if problem.widths[0] > problem.m_e:
                self.behind.append([[0] * problem.widths[0] for _ in range(problem.m_e)])
        need(len(self.behind) == len(listed(bases)) > 0, "a base for each layer behind")
        self.bases = [integer(base, 0, self.e) for base in bases]
        self.b = sum(self.bases)
        need(0 < self.b < self.e, "the sum of the bases")
        levels = [*self.pair.units, *finite, self.pair.c]
        need(max(levels) <= self.e - self.b, "levels beyond the bases")
        self.unknowns: list[tuple[Any, int, int]] = list(self.pair.unknowns)
        for number, mask in enumerate(self.behind):
            self.unknowns += [(number, i, j) for i, row in enumerate(mask)
                              for j, there in enumerate(row) if there]  # fmt: skip
        need((minor is None) == (None not in columns), "a minor with infinite columns only")
        self.minor = minor
        if minor is not None:
            size = self.e * self.pair.s
            need(len(numbers(minor, len(self.unknowns))) == size, "size of the minor")

    @staticmethod
    def pair_layer(others: dict[str, Any]) -> int:
        return integer(others["pair"])

    def is_solved(self, draws: Draws, trial: int) -> bool:
        try:
            return self.tried(draws, trial)
        except TooSmall:
            return False

    def tried(self, draws: Draws, trial: int) -> bool:
        pair, e, prime = self.pair, self.e, draws.prime(trial)
        y = draws.matrix(trial, "Y", (e, pair.s), prime)
        drawn = draws.matrix(trial, "Z", (e, e), prime)
        layers = [draws.matrix(trial, f"C{k}", (len(mask), len(mask[0])), prime)
                  for k, mask in enumerate(self.behind, start=1)]  # fmt: skip
        smaller = copy(pair)
        smaller.e = e - self.b
        point = Point(smaller, draws, trial)
        finite = [[row[t] for row in y] for t in range(pair.s) if pair.columns[t] is not None]
        z = [point.system(finite, [0] * len(finite), drawn[i], len(finite)) for i in range(self.b)]
        others = drawn[self.b :]
        if eliminate([*z, *others], prime)[0] < e:
            return False
        after = identity(e)
        for r in range(len(layers) - 1, -1, -1):
            start = sum(self.bases[r + 1 :])
            some = times(z[start : start + self.bases[r]], after, prime)
            for j in range(len(layers[r][0]) if some else 0):
                places = [i for i, row in enumerate(self.behind[r]) if row[j]]
                fixed = [i for i in range(len(layers[r])) if i not in places]
                right = [-sum(row[i] * layers[r][i][j] for i in fixed) for row in some]
                found = point.system([[row[i] for i in places] for row in some], right,
                                     [layers[r][i][j] for i in places], len(some))  # fmt: skip
                for i, value in zip(places, found, strict=True):
                    layers[r][i][j] = value
            after = times(after, layers[r], prime)
        point.ways, point.y = times(others, after, prime), times(others, y, prime)
        point.solve()
        if self.minor is None:
            return True
        matrix = [self.derivative(point, layers, *self.unknowns[k]) for k in self.minor]
        return eliminate(matrix, prime)[0] == e * pair.s

    def derivative(self, point: Point, layers: list[Matrix], which: Any, i: int,
                   j: int) -> list[int]:  # fmt: skip
        """By one unknown: the change of C_q ... C_1 A B, by its definition."""
        chain = [*reversed(layers), point.a, point.b]
        place = {"U": len(layers), "V": len(layers) + 1}.get(which)
        place = len(layers) - 1 - which if place is None else place
        changed = [[0] * len(chain[place][0]) for _ in chain[place]]
        changed[i][j] = 1
        chain[place] = changed
        value = identity(self.e)
        for factor in chain:
            value = times(value, factor, point.prime)
        return [x for row in value for x in row]
