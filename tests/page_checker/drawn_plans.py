"""Plans at random points, of sparse networks and with biases (T13, T14), from the page alone."""

from __future__ import annotations

from typing import Any

from tests.page_checker.levels import Pair, TooSmall
from tests.page_checker.problem import Masks, Matrix, Problem, integer, listed, need
from tests.page_checker.ranks import Draws, eliminate


def turned(matrix: Matrix) -> Matrix:
    return [list(line) for line in zip(*matrix, strict=True)]


def wide(problem: Problem, known: Masks, corner: int) -> dict[int, Matrix]:
    """The matrices of the layers, a bias being the last column."""
    depth, found = len(problem.widths) - 1, {}
    for k in range(1, depth + 1):
        rows = [list(row) for row in known[f"W{k}"]]
        if problem.bias:
            rows = [row + bias for row, bias in zip(rows, known[f"b{k}"], strict=True)]
            rows += [[0] * (len(rows[0]) - 1) + [corner]] if k < depth else []
        found[k] = rows
    return found


class Plan:
    """A trial: C, X and the layers, rows and columns that are left."""

    def __init__(self, problem: Problem, draws: Draws, trial: int) -> None:
        self.q, self.draws, self.trial = draws.prime(trial), draws, trial
        self.w = wide(problem, draws.weights(problem, trial), 1)
        self.learnable = wide(problem, problem.learnable, 0)
        self.present = wide(problem, problem.present, 1)
        self.f, self.l = 1, len(problem.widths) - 1
        self.x = [list(row) for row in draws.inputs(problem, trial)[0]]
        self.rows, self.columns = list(range(problem.d)), list(range(len(self.x)))
        self.d, self.m = problem.d, problem.m_e
        self.c = [[int(i == j) for j in self.rows] for i in self.rows]

    def times(self, a: Matrix, b: Matrix) -> Matrix:
        return [[sum(x * y for x, y in zip(row, column, strict=True)) % self.q
                 for column in zip(*b, strict=True)] for row in a]  # fmt: skip

    def left(self, matrices: dict[int, Matrix], k: int) -> Matrix:
        matrix = matrices[k]
        matrix = [matrix[i] for i in self.rows] if k == self.l else matrix
        return [[row[j] for j in self.columns] for row in matrix] if k == self.f else matrix

    def reads(self, k: int) -> Matrix:
        values = self.x
        for layer in range(self.f, k):
            values = self.times(self.left(self.w, layer), values)
        return values

    def leads(self, k: int) -> Matrix:
        ways = self.c
        for layer in range(self.l, k, -1):
            ways = self.times(ways, self.left(self.w, layer))
        return ways

    def step(self, what: Any, *index: Any) -> None:
        need(self.d > 0 and self.m > 0, "nothing to match")
        if not index:
            need(self.f < self.l and what in ("first", "last"), "no such layer")
            if what == "first":
                self.x, self.f = self.reads(self.f + 1), self.f + 1
                self.columns = list(range(len(self.x)))
            else:
                self.c, self.l = self.leads(self.l - 1), self.l - 1
                self.rows = list(range(len(self.c[0])))
            return
        (line,) = index
        lines = {"row": self.rows, "column": self.columns}[what]
        at = lines.index(integer(line))
        if what == "row":
            entries, reached = self.left(self.learnable, self.l)[at], self.reads(self.l)
            self.enough(entries, reached, self.m)
            self.c, self.d = self.freed(self.c, at), self.d - 1
        else:
            entries = [row[at] for row in self.left(self.learnable, self.f)]
            self.enough(entries, turned(self.leads(self.f)), self.d)
            self.x, self.m = turned(self.freed(turned(self.x), at)), self.m - 1
        lines.remove(line)

    def enough(self, entries: list[int], reached: Matrix, needed: int) -> None:
        chosen = [row for bit, row in zip(entries, reached, strict=True) if bit]
        if eliminate(chosen, self.q)[0] < needed:
            raise TooSmall

    def freed(self, matrix: Matrix, at: int) -> Matrix:
        pivot = next((k for k, row in enumerate(matrix) if row[at]), None)
        if pivot is None:
            raise TooSmall
        own, found = matrix[pivot], []
        inverse = pow(own[at], -1, self.q)
        for k, row in enumerate(matrix):
            factor = row[at] * inverse
            new = [(x - factor * y) % self.q for x, y in zip(row, own, strict=True)]
            if k != pivot:
                found.append(new[:at] + new[at + 1 :])
        return found

    def affine(self, given: Any) -> None:
        need(len(given) >= self.d * self.m, "too few")
        need(len({tuple(entry) for entry in listed(given)}) == len(given), "one twice")
        chosen = {k: [[0] * len(row) for row in self.left(self.w, k)]
                  for k in range(self.f, self.l + 1)}  # fmt: skip
        for k, row, column in given:
            integer(k, self.f, self.l + 1)
            i = self.rows.index(integer(row)) if k == self.l else integer(row)
            j = self.columns.index(integer(column)) if k == self.f else integer(column)
            need(self.left(self.learnable, k)[i][j], "not learnable")
            chosen[k][i][j] = 1
        most = [0] * len(self.columns)  # learnables on a path to each unit
        for k, mask in chosen.items():
            there = self.left(self.present, k)
            need(all(not (bit and most[j]) for row in mask for j, bit in enumerate(row)), "a path")
            most = [max([most[j] for j, bit in enumerate(row) if bit] + own)
                    for row, own in zip(there, mask, strict=True)]  # fmt: skip
        matrix = []
        for k, mask in chosen.items():
            ways, values = self.leads(k), self.reads(k)
            matrix += [
                [ways[o][i] * values[j][s] for o in range(self.d) for s in range(self.m)]
                for i, row in enumerate(mask) for j, bit in enumerate(row) if bit
            ]  # fmt: skip
        if eliminate(matrix, self.q)[0] < self.d * self.m:
            raise TooSmall

    def levels(self, *, pair: Any, axis: Any, lines: Any, **rest: Any) -> None:
        k = integer(pair, self.f, self.l)
        v, u = self.left(self.learnable, k), self.left(self.learnable, k + 1)
        b, a = self.left(self.w, k), self.left(self.w, k + 1)
        h, p = self.reads(k), self.leads(k + 1)
        numbers = self.columns if k == self.f else range(len(v[0]))
        if axis == "rows":
            b, a, h, p = turned(a), turned(b), turned(p), turned(h)
            numbers = self.rows if k + 1 == self.l else range(len(u))
        own = [list(numbers).index(integer(t)) for t in listed(lines)]
        found = Pair.__new__(Pair)
        found.read(v, u, self.d, self.m, axis, own, **rest)
        inverse = self.inverse([h[t] for t in own])
        known = (p, [list(row) for row in a], self.times(self.times(b, h), inverse))
        if not found.is_solved(self.draws, self.trial, known):
            raise TooSmall

    def inverse(self, matrix: Matrix) -> Matrix:
        n = len(matrix)
        rows = [[*row, *(int(i == j) for j in range(n))] for i, row in enumerate(matrix)]
        for j in range(n):
            at = next((i for i in range(j, n) if rows[i][j] % self.q), None)
            if at is None:
                raise TooSmall
            rows[j], rows[at] = rows[at], rows[j]
            factor = pow(rows[j][j], -1, self.q)
            rows[j] = [x * factor % self.q for x in rows[j]]
            for i in range(n):
                if i != j:
                    both = zip(rows[i], rows[j], strict=True)
                    rows[i] = [(x - rows[i][j] * y) % self.q for x, y in both]
        return [row[n:] for row in rows]


def drawn_plan(claim: Any, *, steps: Any, rest: Any) -> float:
    """One of eight trials has all ranks."""
    for trial in range(8):
        plan = Plan(claim.problem, claim.draws, trial)
        try:
            for step in listed(steps):
                plan.step(*listed(step))
            if rest is None:
                need(plan.d == 0 or plan.m == 0, "something is left")
                return 0.0
            need(plan.d > 0 and plan.m > 0, "nothing is left")
            if rest.keys() == {"affine"}:
                plan.affine(rest["affine"])
            else:
                plan.levels(**rest)
        except TooSmall:
            continue
        return 0.0
    need(False, "a rank is too small in 8 trials")
    return 1.0
