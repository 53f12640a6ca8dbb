"""The draws of the checker: primes, points, ranks and their errors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.page_checker import oracle, oracle_convolutions
from tests.page_checker.problem import (
    Cell,
    Masks,
    Matrix,
    Problem,
    by_steps,
    linear,
    modulo,
    need,
    numbers,
    unit_inputs,
)

N_PRIMES = 268_216


@cache
def is_prime(n: int) -> bool:
    return n > 1 and all(n % k for k in range(2, math.isqrt(n) + 1))


@dataclass
class Draws:
    key: str

    def words(self, trial: int, name: str, n: int) -> list[int]:
        text = f"theorycheck/{self.key}/{trial}/{name}"
        data = hashlib.shake_256(text.encode()).digest(8 * n)
        return [int.from_bytes(data[k : k + 8], "little") for k in range(0, 8 * n, 8)]

    def prime(self, trial: int) -> int:
        candidates = (2**22 + word % 2**22 for word in self.words(trial, "prime", 2000))
        return next(n for n in candidates if is_prime(n))

    def matrix(self, trial: int, name: str, shape: tuple[int, int], prime: int) -> Matrix:
        (p, q), words = shape, self.words(trial, name, shape[0] * shape[1])
        return [[word % prime for word in words[i * q : i * q + q]] for i in range(p)]

    def oracle_prime(self, trial: int, prefix: str = "") -> int:
        """One that leaves 3 when divided by 4."""
        candidates = (2**22 + word % 2**22 for word in self.words(trial, prefix + "prime", 4000))
        return next(n for n in candidates if n % 4 == 3 and is_prime(n))

    def prime_for(self, problem: Problem, trial: int) -> int:
        return self.oracle_prime(trial) if problem.is_nonlinear else self.prime(trial)

    def weights(self, problem: Problem, trial: int, prime: int = 0, prefix: str = "") -> Masks:
        p = prime or self.prime(trial)
        found = {
            name: [[x * there for x, there in zip(*rows, strict=True)] for rows in zip(
                self.matrix(trial, prefix + name, shape, p), problem.present[name], strict=True)]
            for name, shape in problem.shapes.items()
        }  # fmt: skip
        for name, rows in problem.weights.items() if problem.is_student else ():
            for i, row in enumerate(rows):
                for j, x in enumerate(row):
                    if x is not None:
                        found[name][i][j] = x.numerator * pow(x.denominator, -1, p) % p
        return found

    def inputs(self, problem: Problem, trial: int, prime: int = 0) -> list[Matrix]:
        p = prime or self.prime(trial)
        if problem.given is not None:
            return [[[x % p for x in row] for row in problem.given]]
        if problem.spans:
            return unit_inputs(problem, modulo(p))
        shape = (problem.widths[0] * problem.steps, problem.m_e)
        rows = self.matrix(trial, "inputs", shape, p)
        return by_steps(problem, rows + [[1] * problem.m_e] * problem.bias)

    def jacobian(self, problem: Problem, trial: int, cells: list[Cell]) -> Matrix:
        """Its columns."""
        if problem.is_nonlinear:
            made = oracle_convolutions.Oracle if problem.layers else oracle.Oracle
            return made(problem, self, trial).jacobian(cells)
        weights, inputs = self.weights(problem, trial), self.inputs(problem, trial)
        _, column = linear(problem, weights, inputs, modulo(self.prime(trial)))
        return [column(cell) for cell in cells]

    def rank(self, problem: Problem, cells: list[Cell]) -> Callable[[int], int]:
        """The rank in a trial."""
        return lambda t: eliminate(self.jacobian(problem, t, cells), self.prime_for(problem, t))[0]

    def prove_minor(self, minor: Any, size: int, n_rows: int, cells: list[Cell],
                    columns: Callable[[int, list[Cell]], Matrix], problem: Problem
                    ) -> None:  # fmt: skip
        """A minor of this size is not 0 modulo the prime of one of 8 trials."""
        need(minor.keys() == {"rows", "columns"}, "keys of a minor")
        rows = numbers(minor["rows"], n_rows)
        chosen = [cells[k] for k in numbers(minor["columns"], len(cells))]
        need(len(rows) == len(chosen) == size, "size of the minor")
        for trial in range(8):
            matrix = [[column[row] for row in rows] for column in columns(trial, chosen)]
            if eliminate(matrix, self.prime_for(problem, trial))[0] == size:
                return
        need(False, "the minor is 0 in 8 trials")


def eliminate(matrix: Matrix, p: int) -> tuple[int, int]:
    """The rank, and the determinant of a square matrix."""
    rows, rank, determinant = [[x % p for x in row] for row in matrix], 0, 1
    for j in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(rank, len(rows)) if rows[i][j]), None)
        if pivot is None:
            determinant = 0
            continue
        determinant = determinant * (1 if pivot == rank else -1) * rows[pivot][j] % p
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        inverse = pow(rows[rank][j], -1, p)
        for i in range(rank + 1, len(rows)):
            factor = rows[i][j] * inverse % p
            if factor:
                lines = zip(rows[i], rows[rank], strict=True)
                rows[i] = [(x - factor * y) % p for x, y in lines]
        rank += 1
    return rank, determinant


def log_paths(problem: Problem) -> float:
    w, steps = problem.widths, problem.steps
    if problem.kind == "S":
        return math.log2(w[0] + 1)
    if problem.kind == "R":
        return 2 * math.log2(steps) + steps * math.log2(w[1]) + math.log2(w[0])
    largest = max(abs(x) for row in problem.given or [[1]] for x in row)
    return sum(math.log2(n + 1) for n in w[:-1]) + math.log2(largest)


def degree(problem: Problem) -> int:
    return problem.steps + 1 if problem.kind == "R" else len(problem.widths) - 1


def rank_bound(problem: Problem, g: int) -> float:
    """The probability that one trial finds a smaller rank than there is."""
    need(g > 0, "a rank of 0 needs no trials")
    if problem.is_nonlinear:
        return oracle.rank_bound(problem, g)
    paths = log_paths(problem) + problem.given_size * degree(problem)
    bits = g * (math.log2(g) + paths)
    return (1 + 1e-9) * (g * degree(problem) / 2**22 + bits / 22 / N_PRIMES)


def in_trials(
    bound: float, stated: Any, most: Any, value: Callable[[int], int], n: int = 1
) -> float:
    """The largest value is `most`, in as many trials as the stated bound needs: the bound."""
    need(type(stated) in (int, float) and 1e-300 <= stated < 1 and bound < 1, "error bound")
    k = next((k for k in range(1, 65) if n * bound**k <= stated * (1 + 1e-6)), 0)
    need(k, "more than 64 trials")
    need(max(value(trial) for trial in range(k)) == most, "another value in the trials")
    return stated
