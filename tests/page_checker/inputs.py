"""Given inputs: the problem that is left is about the points of their basis."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

from tests.page_checker.problem import Problem, listed, need, numbers, read_problem
from tests.page_checker.ranks import Draws, eliminate


def with_inputs(draws: Draws, *, inputs: Any = (), basis: Any = (), forms: Any = None,
                weights: Any = None, **data: Any) -> tuple[Problem, int]:  # fmt: skip
    """The problem, with given inputs that of their basis, and how many learnables are deleted."""
    problem = read_problem(**data)
    problem.set_weights({} if weights is None else weights)
    need(weights is None or type(weights) is dict, "weights")
    problem.has_weights = weights is not None
    need(forms is None or problem.is_nonlinear, "forms")
    if inputs == basis == ():
        need(forms is None, "forms without inputs")
        return problem, 0
    n0, bias = problem.widths[0], problem.bias
    if problem.is_nonlinear:
        need(basis == (), "a basis of inputs of a nonlinear network")
        problem.given, problem.scale = integers(inputs, problem)
        problem.forms = [] if forms is None else forms
        return problem, 0
    need(problem.kind == "F" and len(listed(inputs)) == problem.samples, "given inputs")
    need(all(len(listed(point)) == n0 for point in inputs), "shape of inputs")
    need(all(type(x) in (int, float) for point in inputs for x in point), "numbers")
    kept = [j for j in range(n0) if any(point[j] for point in inputs)]
    points = [coprime([*(point[j] for j in kept), *[1] * bias]) for point in inputs]
    chosen = [points[k] for k in numbers(basis, len(points))]
    rho = len(chosen)
    need(kept and rho, "no inputs")
    need(any(eliminate(chosen, draws.prime(t))[0] == rho for t in range(8)), "basis")
    distinct = [len({line for line in lines if any(line)}) for lines in (
        map(tuple, points), zip(*points, strict=True))]  # fmt: skip
    if rho not in distinct:
        lengths = sorted((sum(x * x for x in point) for point in points), reverse=True)
        primes: set[int] = set()
        for trial in itertools.count():
            need(eliminate(points, draws.prime(trial))[0] <= rho, "the points have a larger rank")
            primes.add(draws.prime(trial))
            if math.prod(primes) ** 2 > math.prod(lengths[: rho + 1]):
                break
    left = Problem("F", [len(kept), *problem.widths[1:]], rho, bias)
    left.learnable, left.present = (
        {name: [[row[j] for j in kept] if name == "W1" else row for row in mask]
         for name, mask in masks.items()} for masks in (problem.learnable, problem.present)
    )  # fmt: skip
    left.weights = {name: [[row[j] for j in kept] if name == "W1" else row for row in rows]
                    for name, rows in problem.weights.items()}  # fmt: skip
    left.has_weights, left.size_of_weights = problem.has_weights, problem.size_of_weights
    left.given = None if left.spans else [list(row) for row in zip(*chosen, strict=True)]
    return left, len(problem.learnables) - len(left.learnables)


def integers(inputs: Any, problem: Problem) -> tuple[list[list[int]], int]:
    """All of them times their least common denominator, a row for each input, and that."""
    need(len(listed(inputs)) == problem.samples, "number of points")
    width = problem.widths[0] * problem.steps
    need(all(len(listed(point)) == width for point in inputs), "shape of inputs")
    need(all(type(x) in (int, float) for point in inputs for x in point), "numbers")
    exact = [[Fraction(x) for x in point] for point in inputs]
    scale = math.lcm(*(x.denominator for point in exact for x in point))
    return [[int(x * scale) for x in row] for row in zip(*exact, strict=True)], scale


def coprime(point: list[Any]) -> list[int]:
    """The positive multiple of coprime integers."""
    exact = [Fraction(x) for x in point]
    whole = [int(x * math.lcm(*(y.denominator for y in exact))) for x in exact]
    return [x // max(math.gcd(*whole), 1) for x in whole]
