"""T15: graded plans, from the page alone. Walks are sets of degrees, values polynomials in s."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.page_checker.problem import (
    Cell,
    Masks,
    Matrix,
    Semiring,
    by_steps,
    linear,
    listed,
    need,
    numbers,
)
from tests.page_checker.ranks import eliminate

if TYPE_CHECKING:
    from tests.page_checker.checker import Claim

# A set of walks by (degree, how many weights of a list they run through, at most two).
WALKS = Semiring(
    frozenset(), frozenset({(0, 0)}), lambda x, y: x | y,
    lambda x, y: frozenset((a + c, min(2, b + d)) for a, b in x for c, d in y),
)  # fmt: skip


def polynomials(p: int) -> Semiring:
    """Tuples of coefficients, the last of them not 0."""

    def trimmed(x: list[int]) -> tuple[int, ...]:
        while x and not x[-1]:
            x.pop()
        return tuple(x)

    def add(x: Any, y: Any) -> Any:
        x, y = (x, y) if len(x) >= len(y) else (y, x)
        return trimmed([(a + (y[k] if k < len(y) else 0)) % p for k, a in enumerate(x)])

    def mul(x: Any, y: Any) -> Any:
        result = [0] * max(len(x) + len(y) - 1, 0)
        for i, a in enumerate(x):
            for j, b in enumerate(y):
                result[i + j] = (result[i + j] + a * b) % p
        return trimmed(result)

    return Semiring((), (1,), add, mul)


class Graded:
    """The problem that is left, and where its learnables are among those of the whole."""

    def __init__(self, claim: Claim, fitted: Any) -> None:
        self.claim, self.whole = claim, claim.problem
        gone = numbers(fitted, self.whole.d, ascending=True)
        self.outputs = [o for o in range(self.whole.d) if o not in gone]
        self.n_reads = self.whole.steps if self.whole.readout == "all" else 1
        w = self.whole.widths
        cut = [{**masks, "readout": [masks["readout"][o] for o in self.outputs]}
               for masks in (self.whole.learnable, self.whole.present)]  # fmt: skip
        self.left = replace(self.whole, widths=[w[0], w[1], len(self.outputs)],
                            learnable=cut[0], present=cut[1])  # fmt: skip
        self.n_rows, self.m = w[0] * self.whole.steps, self.whole.m_e

    def cell(self, number: int) -> Cell:
        """The learnable in the problem that is left."""
        name, i, j = self.whole.learnables[number]
        need(name != "readout" or i in self.outputs, "a readout weight that is fitted afterwards")
        return (name, self.outputs.index(i), j) if name == "readout" else (name, i, j)

    def walks(self, growing: set[Cell], zero: set[Cell], unknown: set[Cell]) -> list[Any]:
        """For every equation the walks to it that run over no weight of `zero`."""

        def walk(cell: Cell) -> Any:
            return frozenset({(int(cell in growing), int(cell in unknown))})

        weights = {name: [[walk((name, i, j)) if there and (name, i, j) not in zero
                           else WALKS.zero for j, there in enumerate(row)]
                          for i, row in enumerate(mask)]
                   for name, mask in self.left.present.items()}  # fmt: skip
        rows = [[WALKS.one if k == s or (k >= self.m and not self.whole.spans) else WALKS.zero
                 for s in range(self.m)] for k in range(self.n_rows)]  # fmt: skip
        return linear(self.left, weights, by_steps(self.left, rows), WALKS)[0]

    def leading(self, values: Masks, inputs: Matrix, growing: set[Cell], degrees: list[int], p: int
                ) -> tuple[list[int], Any]:  # fmt: skip
        """The leading forms, and the column of a weight."""

        def at(x: Any, k: int) -> int:
            return x[k] if 0 <= k < len(x) else 0

        weights = {name: [[((0, x) if (name, i, j) in growing else (x,)) if x else ()
                           for j, x in enumerate(row)] for i, row in enumerate(rows)]
                   for name, rows in values.items()}  # fmt: skip
        shown = by_steps(self.left, [[(x,) if x else () for x in row] for row in inputs])
        found, column = linear(self.left, weights, shown, polynomials(p))

        def derivatives(cell: Cell) -> list[int]:
            less = int(cell in growing)
            return [at(x, k - less) for x, k in zip(column(cell), degrees, strict=True)]

        return [at(x, k) for x, k in zip(found, degrees, strict=True)], derivatives


def graded_plan(claim: Claim, *, fitted: Any, growing: Any, zero: Any, solved: Any, columns: Any
                ) -> float:  # fmt: skip
    net, n = Graded(claim, fitted), len(claim.problem.learnables)
    lists = [[net.cell(k) for k in numbers(part, n, ascending=True)]
             for part in (growing, zero, columns, *listed(solved))]  # fmt: skip
    grows, zeros, minor, *systems = lists
    need(set(zeros) <= set(grows), "only what grows is 0")
    taken = zeros + [cell for system in systems for cell in system]
    need(len(set(taken)) == len(taken), "a weight twice")
    for output in fitted:
        fits(claim, output)
    if not net.outputs:
        need(not any(lists), "nothing is left")
        return 0.0
    tops = net.walks(set(grows), set(), set())
    need(all(tops), "an equation without a walk")
    degrees = [max(degree for degree, _ in walks) for walks in tops]
    left, owned = set(range(len(degrees))), []
    for system in systems[::-1]:
        walks = net.walks(set(grows), set(zeros), set(system))
        most = {e: {count for degree, count in walks[e] if degree == degrees[e]} for e in left}
        need(all(2 not in counts for counts in most.values()), "not affine")
        owned.append(sorted(e for e in left if 1 in most[e]))
        left -= set(owned[-1])
    walks = net.walks(set(grows), set(zeros), set())
    need(all(degrees[e] > 0 and (degrees[e], 0) not in walks[e] for e in left), "not solved")
    need(len(minor) == len(degrees), "size of the minor")
    ways = (net, set(grows), zeros, list(zip(systems, owned[::-1], strict=True)), degrees, minor)
    need(any(onto(*ways, trial) for trial in range(8)), "singular in 8 trials")
    return 0.0


def fits(claim: Claim, output: int) -> None:
    problem, draws = claim.problem, claim.draws
    cells = [cell for cell in problem.learnables if cell[:2] == ("readout", output)]
    reads = problem.steps if problem.readout == "all" else 1
    rows = [(t * problem.d + output) * problem.m_e + s for t in range(reads)
            for s in range(problem.m_e)]  # fmt: skip

    def rank(trial: int) -> int:
        found = draws.jacobian(problem, trial, cells)
        return eliminate([[column[e] for e in rows] for column in found], draws.prime(trial))[0]

    need(any(rank(trial) == len(rows) for trial in range(8)), "an output that is not fitted")


def onto(net: Graded, grows: set[Cell], zeros: list[Cell], systems: Any, degrees: list[int],
         minor: list[Cell], trial: int) -> bool:  # fmt: skip
    """Whether the systems are solved and the minor is not 0."""
    draws, whole, m = net.claim.draws, net.whole, net.m
    p = draws.prime(trial)
    values = draws.weights(whole, trial)
    values["readout"] = [values["readout"][o] for o in net.outputs]
    drawn = draws.matrix(trial, "inputs", (net.n_rows, m), p)
    inputs = [[int(k == s) if k < m or whole.spans else drawn[k][s] for s in range(m)]
              for k in range(net.n_rows)]  # fmt: skip
    table = draws.matrix(trial, "targets", (net.n_reads * whole.d, m), p)
    targets = [x for t in range(net.n_reads) for o in net.outputs for x in table[t * whole.d + o]]

    def put(cells: list[Cell], new: list[int]) -> None:
        for (name, i, j), x in zip(cells, new, strict=True):
            values[name][i][j] = x

    for cells in (zeros, *(system for system, _ in systems)):
        put(cells, [0] * len(cells))
    for number, (cells, equations) in enumerate(systems):
        forms, column = net.leading(values, inputs, grows, degrees, p)
        found = [column(cell) for cell in cells]
        right = [(0 if degrees[e] else targets[e]) - forms[e] for e in equations]
        free = [word % p for word in draws.words(trial, f"free/{number}", len(cells))]
        new = solution([[x[e] for x in found] for e in equations], right, free, p)
        if new is None:
            return False
        put(cells, new)
    _, column = net.leading(values, inputs, grows, degrees, p)
    return eliminate([column(cell) for cell in minor], p)[0] == len(degrees)


def solution(matrix: Matrix, right: list[int], free: list[int], p: int) -> list[int] | None:
    """The solution with these free values; None if rows depend."""
    rows, pivots = [[*row, x] for row, x in zip(matrix, right, strict=True)], []
    for k, row in enumerate(rows):
        place = next((j for j in range(len(free)) if row[j] % p), None)
        if place is None:
            return None
        inverse = pow(row[place], -1, p)
        rows[k] = row = [x * inverse % p for x in row]
        for i, other in enumerate(rows):
            if i != k and other[place] % p:
                rows[i] = [(x - other[place] * y) % p for x, y in zip(other, row, strict=True)]
        pivots.append(place)
    result = list(free)
    for place, row in zip(pivots, rows, strict=True):
        rest = sum(row[j] * x for j, x in enumerate(free) if j not in pivots)
        result[place] = (row[-1] - rest) % p
    return result
