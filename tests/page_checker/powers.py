"""Nonlinear networks whose activations are powers, over any semiring, and the size of outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tests.page_checker.oracle import Level, Size, levels, log2_of
from tests.page_checker.problem import NO_PATH, PATHS, Cell, Masks, Matrix, Problem, Semiring

POWERS = {"linear": 1, "square": 2, "cube": 3}


def powers(problem: Problem, weights: Masks, inputs: list[Matrix], ring: Semiring
           ) -> tuple[list[Any], Callable[[Cell], list[Any]]]:  # fmt: skip
    """As `problem.linear`: the outputs, and the column of a weight in the Jacobian.

    `inputs` are one matrix for each step; rows of the constant behind them are not looked at.
    """
    n, m = problem.widths[0], len(inputs[0][0])
    units, reads = levels(problem)
    given = [[[ring.one] * m], *(rows[:n] for rows in inputs[: problem.steps])]
    values, pre = list(given), list(given)
    for level in units[len(given) :]:
        z = ring.zeros(level.size, m)
        for name, source in level.terms:
            z = ring.product(weights[name], values[source], z)
        pre.append(z)
        values.append([[power(ring, x, POWERS[level.activation]) for x in row] for row in z])

    def slope(level: Level, x: Any, dx: Any) -> Any:
        k, total = POWERS[level.activation], ring.zero
        for _ in range(k):
            part = dx
            for _ in range(k - 1):
                part = ring.mul(part, x)
            total = ring.add(total, part)
        return total

    def column(cell: Cell) -> list[Any]:
        name, i, j = cell
        slopes = [ring.zeros(len(rows), m) for rows in given]
        for number, level in enumerate(units[len(given) :], start=len(given)):
            dz = ring.zeros(level.size, m)
            for other, source in level.terms:
                dz = ring.product(weights[other], slopes[source], dz)
                if other == name:
                    line = zip(dz[i], values[source][j], strict=True)
                    dz[i] = [ring.add(x, y) for x, y in line]
            slopes.append([[slope(level, *pair) for pair in zip(*rows, strict=True)]
                           for rows in zip(pre[number], dz, strict=True)])  # fmt: skip
        return [x for read in reads for row in slopes[read] for x in row]

    return [x for read in reads for row in values[read] for x in row], column


def power(ring: Semiring, x: Any, k: int) -> Any:
    result = x
    for _ in range(k - 1):
        result = ring.mul(result, x)
    return result


def power_paths(
    problem: Problem, counted: Any
) -> tuple[list[float], Callable[[Cell], list[float]]]:
    """As `problem.paths`: what comes before a power counts as often."""
    weights = {
        name: [[int((name, i, j) in counted) if there else NO_PATH for j, there in enumerate(row)]
               for i, row in enumerate(mask)] for name, mask in problem.present.items()
    }  # fmt: skip
    shown = [[[0.0] * problem.m_e] * problem.widths[0]] * problem.steps
    return powers(problem, weights, shown, PATHS)


def output_size(problem: Problem) -> Size:
    """The last z, and one behind it for the outputs."""
    w, bias = problem.widths, [0.0] * problem.bias
    u, v = 1.0, 0.0
    names = problem.activations * problem.steps
    for k, name in enumerate(names):
        if problem.kind == "NR":
            logs = [math.log2(w[0]), *[math.log2(w[1]) + v] * (k > 0)]
            u, v = 1 + max(u, 1), log2_of(*logs, *bias)
        else:
            u, v = 1 + u, log2_of(math.log2(w[k]) + v, *bias)
        u, v = POWERS[name] * u, POWERS[name] * v
    return 1 + u, log2_of(math.log2(w[-2]) + v, *bias)
