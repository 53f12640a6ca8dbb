"""Levels: two layers, solved by linear systems in their order (T14)."""

from __future__ import annotations

from typing import Any

from tests.page_checker.problem import Matrix, Problem, integer, listed, need, numbers
from tests.page_checker.ranks import Draws, eliminate


class TooSmall(Exception):
    """A rank, in a trial."""


class Pair:
    """The evidence about a problem."""

    def __init__(self, problem: Problem, *, pair: Any, axis: Any, lines: Any, units: Any,
                 columns: Any, chosen: Any, minor: Any, values: Any = None) -> None:  # fmt: skip
        widths, m, d = problem.widths, problem.m_e, problem.d
        layer = integer(pair, 1, len(widths) - 1)
        need(min(widths[:layer]) >= m and min(widths[layer + 1 :]) >= d, "a bottleneck")
        v, u = (problem.learnable[f"W{k}"] for k in (layer, layer + 1))
        need(axis in ("columns", "rows"), "axis")
        self.e, self.s = (d, m) if axis == "columns" else (m, d)
        if axis == "rows":
            u, v = ([list(line) for line in zip(*mask, strict=True)] for mask in (v, u))
        need(len(numbers(lines, len(v[0]), ascending=True)) == self.s, "lines")
        self.v = [[row[t] for t in lines] for row in v]
        self.u, self.n, self.p = u, len(v), len(u)
        self.units = [integer(level, 0, self.e + 1) for level in listed(units)]
        self.columns = [
            None if level is None else integer(level, 0, self.e + 1) for level in listed(columns)
        ]
        need(len(units) == self.n and len(columns) == self.s, "as many levels as lines")
        self.c = integer(chosen, 0, self.e + 1)
        counts = [0] * self.n if values is None else listed(values)
        need(len(counts) == self.n, "as many numbers of values as units")
        self.ends = [k + integer(v, 0, self.e + 1) for k, v in zip(self.units, counts, strict=True)]
        inside = (end == k or end <= self.c for k, end in zip(self.units, self.ends, strict=True))
        need(all(inside), "values of chosen functionals")
        self.unknowns = [("U", a, k) for a in range(self.p) for k in range(self.n) if u[a][k]]
        self.unknowns += [("V", k, t) for k in range(self.n) for t in range(self.s) if self.v[k][t]]
        need((minor is None) == (None not in columns), "a minor with infinite columns only")
        self.minor = minor
        if minor is not None:
            need(len(numbers(minor, len(self.unknowns))) == self.e * self.s, "size of the minor")

    def is_solved(self, draws: Draws, trial: int) -> bool:
        """Whether all ranks are as they must be in a trial."""
        try:
            point = Point(self, draws, trial)
            point.solve()
        except TooSmall:
            return False
        if self.minor is None:
            return True
        matrix = [point.derivative(*self.unknowns[k]) for k in self.minor]
        return eliminate(matrix, point.prime)[0] == self.e * self.s


class Point:
    """A, B and the z of a trial."""

    def __init__(self, pair: Pair, draws: Draws, trial: int) -> None:
        self.pair, self.prime = pair, draws.prime(trial)
        e, p, n, s = pair.e, pair.p, pair.n, pair.s

        def drawn(name: str, rows: int, columns: int) -> Matrix:
            return draws.matrix(trial, name, (rows, columns), self.prime)

        eye = [[int(i == j) for j in range(p)] for i in range(e)]
        self.ways = eye if p == e else drawn("P", e, p)
        self.a, self.b, self.y, self.drawn = (
            drawn("A", p, n), drawn("B", n, s), drawn("y", e, s), drawn("z", e, e)
        )  # fmt: skip
        self.z: Matrix = []
        self.c = drawn("c", e, n) if pair.ends != pair.units else [[0] * n for _ in range(e)]

    def through(self) -> Matrix:
        """P A."""
        return [[sum(row[i] * self.a[i][k] for i in range(self.pair.p)) % self.prime
                 for k in range(self.pair.n)] for row in self.ways]  # fmt: skip

    def system(self, matrix: Matrix, right: list[int], start: list[int], rank: int) -> list[int]:
        """A solution, free unknowns being as at the start; of this rank exactly, or more."""
        q, width = self.prime, len(start)
        rows = [
            [x % q for x in row] + [(b - sum(x * y for x, y in zip(row, start, strict=True))) % q]
            for row, b in zip(matrix, right, strict=True)
        ]
        pivots: list[int] = []
        for j in range(width):
            k = len(pivots)
            at = next((i for i in range(k, len(rows)) if rows[i][j]), None)
            if at is None:
                continue
            rows[k], rows[at] = rows[at], rows[k]
            inverse = pow(rows[k][j], -1, q)
            rows[k] = [x * inverse % q for x in rows[k]]
            for i in range(len(rows)):
                factor = rows[i][j]
                if i != k and factor:
                    both = zip(rows[i], rows[k], strict=True)
                    rows[i] = [(x - factor * y) % q for x, y in both]
            pivots.append(j)
        if len(pivots) < rank or any(row[width] for row in rows[len(pivots) :]):
            raise TooSmall
        values = list(start)
        for k, j in enumerate(pivots):
            values[j] = (values[j] + rows[k][width]) % q
        return values

    def solve(self) -> None:
        pair, e = self.pair, self.pair.e
        levels = [level or 0 for level in pair.columns]
        for j in range(1, pair.c + 1):
            through = self.through()
            low = [k for k in range(pair.n) if pair.ends[k] < j]
            with_value = [k for k in range(pair.n) if pair.units[k] < j <= pair.ends[k]]
            rest = [
                [self.y[i][t] - sum(through[i][k] * self.b[k][t] for k in low) for i in range(e)]
                + [-self.b[k][t] for k in with_value]
                for t in range(pair.s)
                if levels[t] >= j
            ]
            start = self.drawn[e - j] + [self.c[j - 1][k] for k in with_value]
            found = self.system(rest, [0] * len(rest), start, len(rest))
            self.z.append(found[:e])
            for k, value in zip(with_value, found[e:], strict=True):
                self.c[j - 1][k] = value
            self.independent(j)
            if j < pair.c:
                self.at_units([k for k in range(pair.n) if pair.ends[k] == j], [])
        h = max(pair.c, *pair.units, *levels)
        self.z += self.drawn[: h - pair.c]
        self.independent(h)
        later = [(t, j) for t in range(pair.s) for j in range(pair.c, levels[t])]
        self.at_units([k for k in range(pair.n) if pair.ends[k] >= pair.c], later)
        through = self.through()
        for t, level in enumerate(pair.columns):
            self.column(t, level, through)

    def independent(self, number: int) -> None:
        if eliminate(self.z, self.prime)[0] < number:
            raise TooSmall

    def at_units(self, units: list[int], wanted: list[tuple[int, int]]) -> None:
        """Systems in the columns of A of these units."""
        pair = self.pair
        ways = [[sum(z[i] * self.ways[i][a] for i in range(pair.e)) for a in range(pair.p)]
                for z in self.z]  # fmt: skip
        places = [(a, k) for k in units for a in range(pair.p) if pair.u[a][k]]
        matrix, right = [], []

        def equation(way: list[int], factor: list[int], value: int) -> None:
            """way A factor = value, in the learnable places."""
            matrix.append([way[a] * factor[k] for a, k in places])
            made = sum(way[a] * self.a[a][k] * factor[k] for a in range(pair.p)
                       for k in range(pair.n) if factor[k] and (a, k) not in known)  # fmt: skip
            right.append(value - made)

        known = set(places)
        for k in units:
            for number, way in enumerate(ways[: pair.ends[k]]):
                value = 0 if number < pair.units[k] else self.c[number][k]
                equation(way, [int(k == other) for other in range(pair.n)], value)
        for t, j in wanted:
            target = sum(self.z[j][i] * self.y[i][t] for i in range(pair.e))
            equation(ways[j], [row[t] for row in self.b], target)
        start = [self.a[a][k] for a, k in places]
        found = self.system(matrix, [x % self.prime for x in right], start, len(matrix))
        for (a, k), value in zip(places, found, strict=True):
            self.a[a][k] = value

    def column(self, t: int, level: int | None, through: Matrix) -> None:
        """Steps 3 and 4."""
        pair, e = self.pair, self.pair.e
        own = [k for k in range(pair.n) if pair.v[k][t] and pair.units[k] >= (level or 0)]
        if level == e:
            return
        matrix, start = [[row[k] for k in own] for row in through], [self.b[k][t] for k in own]
        if level is None:
            rank = 0
            for k in sorted((pair.units[k] for k in own), reverse=True):
                rank += rank < e - k
            found = self.system(matrix, [0] * e, start, rank)
            for row in self.b:
                row[t] = 0
        else:
            others = [k for k in range(pair.n) if k not in own]
            right = [self.y[i][t] - sum(through[i][k] * self.b[k][t] for k in others)
                     for i in range(e)]  # fmt: skip
            found = self.system(matrix, right, start, e - level)
        for k, value in zip(own, found, strict=True):
            self.b[k][t] = value

    def derivative(self, which: str, i: int, j: int) -> list[int]:
        """By one unknown, equation by equation."""
        pair, places = self.pair, range(self.pair.s)
        if which == "U":
            return [self.ways[k][i] * self.b[j][t] for k in range(pair.e) for t in places]
        through = self.through_of(i)
        return [through[k] if t == j else 0 for k in range(pair.e) for t in places]

    def through_of(self, unit: int) -> list[int]:
        """A column of P A."""
        return [sum(row[i] * self.a[i][unit] for i in range(self.pair.p)) % self.prime
                for row in self.ways]  # fmt: skip
