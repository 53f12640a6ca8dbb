"""Minors of nonlinear networks at real points, in balls: the oracle's walk with true values.

Where the page has averages this has sums, as the oracle, but for given weights: a factor that weights
behind take up.
"""

from __future__ import annotations

from typing import Any

from flint import arb, arb_mat, ctx

from tests.page_checker import oracle, oracle_convolutions
from tests.page_checker.problem import Cell, Matrix, Problem, need, numbers
from tests.page_checker.ranks import Draws


def sigmoid(z: Any) -> Any:
    return 1 / (1 + (-z).exp())


def below(z: Any) -> Any:
    return (1 + (z / arb(2).sqrt()).erf()) / 2


VALUES = {
    "linear": lambda z: (z, 1),
    "square": lambda z: (z**2, 2 * z),
    "cube": lambda z: (z**3, 3 * z**2),
    "tanh": lambda z: (z.tanh(), 1 - z.tanh() ** 2),
    "sigmoid": lambda z: (sigmoid(z), sigmoid(z) - sigmoid(z) ** 2),
    "softplus": lambda z: ((1 + z.exp()).log(), sigmoid(z)),
    "silu": lambda z: (z * sigmoid(z), sigmoid(z) + z * sigmoid(z) * sigmoid(-z)),
    "gelu": lambda z: (
        z * below(z), below(z) + z * (-(z**2) / 2).exp() / (2 * arb.pi()).sqrt(),
    ),
    "erf": lambda z: (z.erf(), 2 * (-(z**2)).exp() / arb.pi().sqrt()),
    "sin": lambda z: (z.sin(), z.cos()),
    "exp": lambda z: (z.exp(), z.exp()),
    "arctan": lambda z: (z.atan(), 1 / (1 + z**2)),
}  # fmt: skip


class Reals:
    """In place of a prime: nothing is reduced."""

    def __rmod__(self, other: Any) -> Any:
        return other


class AtPoint:
    """What replaces residues."""

    problem: Problem
    draws: Draws
    trial: int

    def start(self, problem: Problem, draws: Draws, trial: int) -> None:
        self.problem, self.draws, self.trial = problem, draws, trial
        self.p: Any = Reals()
        self.primes = [self.p]
        self.weights = {
            name: [
                [x * there for x, there in zip(*rows, strict=True)]
                for rows in zip(self.drawn(name, shape), problem.present[name], strict=True)
            ]
            for name, shape in problem.shapes.items()
        }
        for name, rows in problem.weights.items() if problem.is_student else ():
            for line, values in zip(self.weights[name], rows, strict=True):
                line[:] = [
                    x if value is None else arb(value)
                    for x, value in zip(line, values, strict=True)
                ]
        n, m = problem.widths[0], problem.samples
        if problem.given is not None:
            rows = [[arb(x) / problem.scale for x in row] for row in problem.given]
        elif problem.kind == "NR":
            rows = []
            for step in range(1, problem.steps + 1):
                rows += self.drawn(f"inputs/{step}", (n, m))
        else:
            rows = self.drawn("inputs", (n, m))
        self.evaluate([self.weights], [rows])  # type: ignore[attr-defined]

    def drawn(self, name: str, shape: tuple[int, int]) -> Matrix:
        words = self.draws.matrix(self.trial, f"balls/{name}", shape, 2**20)
        return [[arb(word) / 2**19 - 1 for word in row] for row in words]  # type: ignore[misc]

    def inverse(self, x: int, p: Any) -> Any:
        return 1 / arb(x)

    def evaluated(self, number: int, i: int, s: int, z: Any) -> Any:
        return self.by_residues(self.levels[0][number], 0, z)  # type: ignore[attr-defined]

    def by_residues(self, level: Any, word: int, z: Any) -> Any:
        return [VALUES[level.activation](arb(z[0]))]


class Point(AtPoint, oracle.Oracle):
    def __init__(self, problem: Problem, draws: Draws, trial: int) -> None:
        self.start(problem, draws, trial)


class ConvolutionPoint(AtPoint, oracle_convolutions.Oracle):
    def __init__(self, problem: Problem, draws: Draws, trial: int) -> None:
        self.start(problem, draws, trial)


def need_minor(draws: Draws, problem: Problem, minor: Any, cells: list[Cell], size: int) -> None:
    """A minor of this size is not 0 at a real point."""
    need(minor.keys() == {"rows", "columns"}, "keys of a minor")
    rows = numbers(minor["rows"], problem.n_equations)
    chosen = [cells[k] for k in numbers(minor["columns"], len(cells))]
    need(len(rows) == len(chosen) == size <= 300, "size of the minor")
    made = ConvolutionPoint if problem.layers else Point
    for bits in (256, 1024, 4096):
        for trial in range(2):
            with ctx.workprec(bits):
                columns = made(problem, draws, trial).jacobian(chosen)
                if not size or not arb_mat(
                    [[arb(column[row]) for row in rows] for column in columns]
                ).det().contains(0):
                    return
    need(False, "the minor is not shown")
