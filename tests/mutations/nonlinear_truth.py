"""Ranks of nonlinear networks as they are, without an oracle: p-adic numbers by the definition.

All analytic activations are power series with rational coefficients, but for one constant of some
(log 2, the slope of erf at 0). It is transcendental, so that a random one in its place changes no
rank. At weights and inputs that are multiples of p the series converge p-adically: cut off they are
exact modulo a power of p. The rank there is found by elimination; how values depend on each other
need not be known.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np

from .problems import Problem, outputs

P = 2**31 - 1
DIGITS = 60  # what is 0 modulo p^60 is taken to be 0
TERMS = DIGITS + 2  # of a series: the slope has one less
MODULUS = P**TERMS
Series = list[int]


def _inverse(n: int) -> int:
    return pow(n, -1, MODULUS)


def _integral(series: Series, constant: int) -> Series:
    terms = [c * _inverse(k + 1) % MODULUS for k, c in enumerate(series[:-1])]
    return [constant, *terms]


def _solved(start: int, change: Callable[[Series], int]) -> Series:
    """Of an equation f' = F(f); `change` is the newest coefficient of F."""
    found = [start]
    while len(found) < TERMS:
        found.append(change(found) * _inverse(len(found)) % MODULUS)
    return found


def _square(series: Series) -> int:
    return sum(x * y for x, y in zip(series, reversed(series), strict=True))


def _gaussian(scale: int) -> Series:
    """exp(scale z^2)."""
    found = [0] * TERMS
    term = 1
    for k in range(0, TERMS, 2):
        found[k] = term
        term = term * scale * _inverse(k // 2 + 1) % MODULUS
    return found


def _times_z(series: Series) -> Series:
    return [0, *series[:-1]]


@cache
def series_of(name: str) -> Series:
    """The coefficients of an activation."""
    half, constant = _inverse(2), random.Random(name).randrange(MODULUS)
    sigmoid = _solved(half, lambda s: s[-1] - _square(s))
    exp = _solved(1, lambda s: s[-1])
    if name in ("linear", "square", "cube"):
        power = {"linear": 1, "square": 2, "cube": 3}[name]
        return [int(k == power) for k in range(TERMS)]
    if name == "sin":
        return [0 if k % 2 == 0 else c * (-1) ** (k // 2) % MODULUS for k, c in enumerate(exp)]
    if name in ("erf", "gelu"):
        scale = MODULUS - (half if name == "gelu" else 1)
        shifted = _integral([c * constant % MODULUS for c in _gaussian(scale)], 0)
        return shifted if name == "erf" else _times_z([half, *shifted[1:]])
    return {
        "tanh": lambda: _solved(0, lambda s: int(len(s) == 1) - _square(s)),
        "sigmoid": lambda: sigmoid,
        "softplus": lambda: _integral(sigmoid, constant),
        "silu": lambda: _times_z(sigmoid),
        "exp": lambda: exp,
        "arctan": lambda: _integral([(-1) ** (k // 2) * (1 - k % 2) for k in range(TERMS)], 0),
    }[name]()


class Padic:
    """A number and its derivative along one weight, modulo a power of p."""

    __slots__ = ("change", "value")

    def __init__(self, value: int, change: int = 0) -> None:
        self.value, self.change = value % MODULUS, change % MODULUS

    def __add__(self, other: Any) -> Padic:
        other = other if isinstance(other, Padic) else Padic(int(other))
        return Padic(self.value + other.value, self.change + other.change)

    def __mul__(self, other: Any) -> Padic:
        other = other if isinstance(other, Padic) else Padic(int(other))
        change = self.value * other.change + self.change * other.value
        return Padic(self.value * other.value, change)

    __radd__, __rmul__ = __add__, __mul__


def activated(name: str, z: Any) -> Padic:
    """The activation at z."""
    z = z if isinstance(z, Padic) else Padic(int(z))
    value, slope = _value_and_slope(name, z.value)
    return Padic(value, slope * z.change)


@lru_cache(maxsize=10_000)  # the values are the same along all weights
def _value_and_slope(name: str, z: int) -> tuple[int, int]:
    value = slope = 0
    for coefficient in reversed(series_of(name)):
        slope = (slope * z + value) % MODULUS
        value = (value * z + coefficient) % MODULUS
    return value, slope


def jacobian(problem: Problem, which: str, seed: int = 0) -> list[list[int]]:
    """One row for each weight, with the derivatives of all outputs by it."""
    rng = random.Random(f"{seed} {problem.kind}")
    step = 1 if {*problem.activations} <= {"linear", "square", "cube"} else P  # these just end

    def draw(shape: tuple[int, ...]) -> np.ndarray:
        values = [step * rng.randrange(MODULUS // P) for _ in range(int(np.prod(shape)))]
        return np.array(values, dtype=object).reshape(shape)

    weights = {name: draw(shape) * problem.present[name] for name, shape in problem.shapes.items()}
    inputs = [draw((problem.n_inputs, problem.samples)) for _ in range(problem.steps)]
    rows = []
    for name, index in problem.entries(which):
        changed = np.array(weights[name], dtype=object, copy=True)
        changed[index] = Padic(int(changed[index]), 1)
        found = outputs(problem, {**weights, name: changed}, inputs, apply=activated)
        flat = [x for part in found for x in part.flat]
        rows.append([x.change if isinstance(x, Padic) else 0 for x in flat])
    return rows


def minor(problem: Problem, which: str) -> tuple[list[int], list[int]]:
    """Weights and equations of a largest minor that is not 0: pivots of the least valuation."""
    rows = dict(enumerate(jacobian(problem, which)))
    weights: list[int] = []
    equations: list[int] = []
    while True:
        places = [(_valuation(x), i, j) for i, row in rows.items() for j, x in enumerate(row)]
        valuation, i, j = min(places, default=(DIGITS, 0, 0))
        if valuation == DIGITS:
            return weights, equations
        weights.append(i)
        equations.append(j)
        pivot = rows.pop(i)
        inverse = _inverse(pivot[j] // P**valuation)
        for k, row in rows.items():
            factor = row[j] // P**valuation * inverse % MODULUS
            rows[k] = [(x - factor * y) % MODULUS for x, y in zip(row, pivot, strict=True)]


def _valuation(x: int) -> int:
    count = 0 if x else DIGITS
    while count < DIGITS:
        x, remainder = divmod(x, P)
        if remainder:
            break
        count += 1
    return count


_known: dict[str, int] = {}


def rank(problem: Problem, which: str) -> int:
    """The generic rank of the Jacobian of the `which` weights."""
    key = repr((problem, which))
    if key not in _known:
        _known[key] = len(minor(problem, which)[0])
    return _known[key]
