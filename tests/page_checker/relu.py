"""T10: shallow ReLU networks. A function for each kind, named like it without `relu_`."""

from __future__ import annotations

import itertools
import math
from typing import Any

from tests.page_checker.problem import (
    Cell,
    Masks,
    Matrix,
    Problem,
    integer,
    listed,
    need,
    numbers,
    table,
)
from tests.page_checker.ranks import Draws, eliminate, in_trials, rank_bound


class Relu:
    """Which units read what, b1 being one more input, and are read by whom."""

    def __init__(self, problem: Problem, draws: Draws, claim: dict[str, Any]) -> None:
        self.problem, self.draws, self.claim = problem, draws, claim
        (self.n0, self.n1, self.d), self.m = problem.widths, problem.samples
        self.size = self.d * self.m
        need(claim["target_dimension"] == self.size, "target dimension")

    def into(self, w: Masks) -> Matrix:
        """The rows of [W1 b1], b1 being 0 without biases."""
        bias = w.get("b1", [[0]] * self.n1)
        return [[*row, *b] for row, b in zip(w["W1"], bias, strict=True)]

    def reads(self, masks: Masks, k: int) -> frozenset[int]:
        return frozenset(a for a, v in enumerate(self.into(masks)[k]) if v)

    def readers(self, masks: Masks, k: int) -> list[int]:
        return [o for o in range(self.d) if masks["W2"][o][k]]

    def before(self, w: Masks, x: Matrix) -> Matrix:
        """The pre-activations; x has the row of the constant."""
        columns = list(zip(*x, strict=True))
        return [[sum(map(int.__mul__, row, column)) for column in columns] for row in self.into(w)]

    def jacobian(self, cells: list[Cell], w: Masks, x: Matrix, active: list[set[int]]) -> Matrix:
        """Its columns, with the units active[s] on sample s."""
        result, h = [], self.before(w, x)
        for name, i, j in cells:
            rows = [[0] * self.m for _ in range(self.d)]
            for s in range(self.m):
                if name == "b2":
                    rows[i][s] = 1
                elif name == "W2":
                    rows[i][s] = h[j][s] if j in active[s] else 0
                elif i in active[s]:
                    for o in range(self.d):
                        rows[o][s] = w["W2"][o][i] * x[-1 if name == "b1" else j][s]
            result.append([value for row in rows for value in row])
        return result

    def point(self, point: Any, cells: list[Cell] | None = None) -> Matrix:
        """The inputs of a point at which these weights (or all present ones) have full rank."""
        problem, point = self.problem, dict(point)
        data, inputs = point.pop("weights"), point.pop("inputs")
        need(data.keys() == problem.shapes.keys(), "weights of a point")
        w = {
            name: table(data[name], shape, name[0] == "b") for name, shape in problem.shapes.items()
        }
        need(set(problem.cells(w)) <= set(problem.presents), "an absent connection is not 0")
        x = [*table(inputs, (self.n0, self.m)), [1] * self.m]
        h = self.before(w, x)
        for k in range(self.n1):
            need(not self.reads(problem.present, k) or all(h[k]), "a pre-activation is 0")
        active = [{k for k in range(self.n1) if h[k][s] > 0} for s in range(self.m)]
        cells = problem.presents if cells is None else cells
        self.draws.prove_minor(point, self.size, self.size, cells,
                               lambda _, chosen: self.jacobian(chosen, w, x, active),
                               problem)  # fmt: skip
        return x[:-1]

    def patterns(self) -> tuple[list[int], list[tuple[int, ...]]]:
        """The units that count, and the activation patterns that occur."""
        learnable, present = self.problem.learnable, self.problem.present
        units = [
            k for k in range(self.n1)
            if (self.reads(present, k) and self.readers(learnable, k))
            or (self.reads(learnable, k) and self.readers(present, k))
        ]  # fmt: skip
        need(math.comb(2 ** len(units) + self.m - 1, self.m) <= 2**16, "too many patterns")
        lists = itertools.combinations_with_replacement(range(2 ** len(units)), self.m)
        sees = [self.reads(present, k) for k in units]
        return units, [codes for codes in lists if not self.is_impossible(codes, sees)]

    def is_impossible(self, codes: tuple[int, ...], sees: list[frozenset[int]]) -> bool:
        for inputs in set(sees):
            same = [u for u, other in enumerate(sees) if other == inputs]
            among = [u for u, other in enumerate(sees) if other <= inputs]
            if inputs == {self.n0}:
                if any(len({code >> u & 1 for code in codes}) > 1 for u in same):
                    return True
            elif shows_all([[c >> u & 1 for c in codes] for u in among], len(inputs)) or shows_all(
                [[c >> u & 1 for u in same] for c in codes], len(inputs)
            ):
                return True
        return False

    def largest_rank(self, trial: int) -> int:
        problem, p = self.problem, self.draws.prime(trial)
        units, patterns = self.patterns()
        w, x = self.draws.weights(problem, trial), self.draws.inputs(problem, trial)[0]
        x = x if problem.bias else [*x, [0] * self.m]
        ranks = []
        for codes in patterns:
            active = [{k for u, k in enumerate(units) if code >> u & 1} for code in codes]
            ranks.append(eliminate(self.jacobian(problem.learnables, w, x, active), p)[0])
        return max(ranks)


def shows_all(vectors: Matrix, s: int) -> bool:
    """Whether on some s + 1 places the vectors show all 2^s signs up to exchanging 0 and 1."""
    for chosen in itertools.combinations(range(len(vectors[0])), s + 1):
        if len({tuple(v[k] ^ v[chosen[0]] for k in chosen) for v in vectors}) == 2**s:
            return True
    return False


def count(net: Relu, *, regular: Any) -> None:
    net.point(regular)
    need(len(net.problem.learnables) < net.size, "as many learnables as equations")


def cover(net: Relu, *, equations: Any, learnables: Any, units: Any, regular: Any) -> None:
    net.point(regular)
    cells, present = net.problem.learnables, net.problem.present
    for numbered, high in ((equations, net.size), (learnables, len(cells)), (units, net.n1)):
        numbers(numbered, high, ascending=True)
    size = len(equations) + len(learnables) + net.m * len(units)
    need(size < net.size, "the cover is too large")
    for number, (name, i, j) in enumerate(cells):
        is_first = name in ("W1", "b1")
        outputs = net.readers(present, i) if is_first else [i]
        if name == "W2" and not net.reads(present, j):
            outputs = []
        acts = {o * net.m + s for o in outputs for s in range(net.m)}
        covered = number in learnables or (is_first and i in units)
        need(covered or acts.issubset(equations), f"learnable {number} acts on other equations")


def patterns(net: Relu, *, patterns: Any, regular: Any) -> None:
    net.point(regular)
    need(integer(patterns) == len(net.patterns()[1]), "number of patterns")
    rank, error = integer(net.claim["rank"], 0, net.size), net.claim["error_bound"]
    in_trials(rank_bound(net.problem, net.size), error, rank, net.largest_rank, patterns)


def point(net: Relu, *, point: Any) -> None:
    net.point(point, net.problem.learnables)


def bounded_output(net: Relu, *, output: Any, point: Any, only: tuple[int, ...] = ()) -> None:
    net.point(point, net.problem.learnables)
    learnable = net.problem.learnable
    need(integer(output) < net.d, "output")
    need("b2" not in learnable or not learnable["b2"][output][0], "b2 is learnable")
    both = [k for k in range(net.n1) if learnable["W2"][output][k] and net.reads(learnable, k)]
    need(both == list(only), "units that read and are read by learnables")


def missed_sample(net: Relu, *, output: Any, unit: Any, samples: Any, point: Any, regular: Any
                  ) -> None:  # fmt: skip
    bounded_output(net, output=output, point=point, only=(integer(unit),))
    x, present, learnable = net.point(regular), net.problem.present, net.problem.learnable
    inputs = sorted(net.reads(learnable, unit))
    need(net.n0 not in inputs, "b1 of the unit is learnable")
    samples = numbers(samples, net.m, ascending=True)
    need(len(samples) == len(inputs) + 1, "number of samples")
    # Up to a factor the coefficients of the relation are minors, with alternating signs.
    columns = [[x[a][s] for a in inputs] for s in samples]
    minors = [(-1) ** k * determinant(columns[:k] + columns[k + 1 :]) for k in range(len(columns))]
    need(min(minors) > 0 or max(minors) < 0, "signs of the relation")
    for k in range(net.n1):
        frozen = net.reads(present, k) - net.reads(learnable, k)
        values = [[x[a][s] for s in samples] for a in frozen - {net.n0}]
        alive = any(min(v) > 0 or max(v) < 0 for v in values) or net.n0 in net.reads(present, k)
        is_read = learnable["W2"][output][k]
        need(alive or not frozen or not is_read, f"unit {k} may be off on all samples")


def determinant(rows: Matrix) -> int:
    """By expansion: these matrices are tiny."""
    return sum((-1) ** j * v * determinant([row[:j] + row[j + 1 :] for row in rows[1:]])
               for j, v in enumerate(rows[0]) if v) if rows else 1  # fmt: skip


def interpolation(net: Relu, *, units: Any) -> None:
    learnable = net.problem.learnable
    for o, of_output in zip(range(net.d), listed(units), strict=True):
        is_free = "b2" in learnable and learnable["b2"][o][0]
        chosen = numbers(of_output, net.n1, ascending=True)
        need(len(chosen) == net.m - is_free, "number of units")
        for k in chosen:
            need(learnable["W2"][o][k], f"unit {k} has no learnable weight to the output")
            need(len(net.reads(learnable, k)) >= net.m, f"unit {k} has too few learnable inputs")
