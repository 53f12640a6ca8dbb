"""Ranks of piecewise linear networks in the patterns that random points show, exactly.

Points are rational, with numbers of any order of magnitude; derivatives by all weights are carried
forward by the definition of the network. A point of the evidence is tried as well.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np

from .problems import PRIME, Entry, Problem, outputs

POINTS = 40
PIECEWISE = {"relu", "leaky_relu", "hardtanh"}
_KNOWN: dict[str, tuple[int, int]] = {}


class Moving:
    """A rational number, and its derivatives by some weights, residues modulo a prime."""

    __slots__ = ("changes", "value")

    def __init__(self, value: Fraction, changes: dict[int, int] | None = None) -> None:
        self.value, self.changes = value, changes or {}

    def __add__(self, other: Any) -> Moving:
        other = other if isinstance(other, Moving) else Moving(Fraction(int(other)))
        changes = dict(self.changes)
        for k, x in other.changes.items():
            changes[k] = (changes.get(k, 0) + x) % PRIME
        return Moving(self.value + other.value, changes)

    def __mul__(self, other: Any) -> Moving:
        other = other if isinstance(other, Moving) else Moving(Fraction(int(other)))
        mine, its = residue(self.value), residue(other.value)
        changes = {k: x * its % PRIME for k, x in self.changes.items()}
        for k, x in other.changes.items():
            changes[k] = (changes.get(k, 0) + x * mine) % PRIME
        return Moving(self.value * other.value, changes)

    __radd__, __rmul__ = __add__, __mul__


def residue(x: Fraction) -> int:
    return x.numerator * pow(x.denominator, -1, PRIME) % PRIME


class Kink(Exception):
    """A number at a kink of an activation."""


def activated(name: str, z: Any) -> Moving:
    """The activation at z; at a kink only where z is 0 with all of its derivatives."""
    z = z if isinstance(z, Moving) else Moving(Fraction(int(z)))
    kinks = {"linear": (), "hardtanh": (-1, 1)}.get(name, (0,))
    if z.value in kinks and any(z.changes.values()):
        raise Kink
    if name == "hardtanh":
        return z if -1 < z.value < 1 else Moving(Fraction(1 if z.value > 0 else -1))
    slope = {"linear": Fraction(1), "leaky_relu": Fraction(1, 100), "relu": Fraction(0)}[name]
    slope = Fraction(1) if z.value > 0 else slope
    return Moving(slope * z.value, {k: x * residue(slope) % PRIME for k, x in z.changes.items()})


def columns_at(problem: Problem, weights: dict[str, Any], inputs: list[Any]) -> dict[Entry, Any]:
    """The derivatives of all outputs by each present weight."""
    entries = problem.entries("present")
    moving: dict[str, Any] = {}
    for name, value in weights.items():
        moving[name] = np.empty(value.shape, dtype=object)
        for index in np.ndindex(*value.shape):
            moving[name][index] = Moving(Fraction(value[index]))
    for k, (name, index) in enumerate(entries):
        moving[name][index].changes = {k: 1}
    found = outputs(problem, moving, inputs, apply=activated)
    flat = [x for part in found for x in part.flat]
    return {entry: [x.changes.get(k, 0) for x in flat] for k, entry in enumerate(entries)}


def random_numbers(rng: random.Random, problem: Problem) -> tuple[dict[str, Any], list[Any]]:
    """Weights, absent ones 0, and inputs of each step."""

    def draw(shape: tuple[int, ...]) -> Any:
        values = [
            Fraction(rng.choice([-1, 1]) * rng.randrange(1, 10**6), 10 ** rng.randint(4, 6))
            for _ in range(int(np.prod(shape)))
        ]
        return np.array(values, dtype=object).reshape(shape)

    weights = {name: draw(shape) * problem.present[name] for name, shape in problem.shapes.items()}
    return weights, [draw((problem.n_inputs, problem.samples)) for _ in range(problem.steps)]


def rank_of(columns: list[list[int]]) -> int:
    from flint import nmod_mat

    return nmod_mat(columns, PRIME).rank() if columns and columns[0] else 0


def ranks_at(problem: Problem, weights: dict[str, Any], inputs: list[Any]) -> tuple[int, int]:
    """Of the learnable and of all present weights at a point; (0, 0) at a kink."""
    try:
        columns = columns_at(problem, weights, inputs)
    except Kink:
        return 0, 0
    learnable = [columns[entry] for entry in problem.entries("learnable")]
    return rank_of(learnable), rank_of(list(columns.values()))


def ranks(problem: Problem, points: list[dict[str, Any]]) -> tuple[int, int]:
    """The largest ranks that are known; the points are of the evidence."""
    key = repr(problem)
    if key not in _KNOWN:
        rng = random.Random(0)
        drawn = (random_numbers(rng, problem) for _ in range(POINTS))
        each = [ranks_at(problem, *point) for point in drawn]
        _KNOWN[key] = max(r for r, _ in each), max(r for _, r in each)
    found = [_KNOWN[key]]
    for point in points:
        try:
            found.append(ranks_at(problem, *numbers_of(problem, point)))
        except (AssertionError, LookupError, TypeError, ValueError, ZeroDivisionError):
            continue  # of another form
    return max(r for r, _ in found), max(r for _, r in found)


def numbers_of(problem: Problem, point: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The weights and inputs of a point of a certificate."""
    scale, weights = Fraction(1, int(point["scale"])), {}
    for name, shape in problem.shapes.items():
        given = np.array(point["weights"][name], dtype=object)
        assert given.shape == shape
        assert not (given * ~problem.present[name]).any()
        weights[name] = given * scale
    rows = np.array(point["inputs"], dtype=object)
    n = problem.n_inputs
    assert rows.shape == (n * problem.steps, problem.samples)
    return weights, [rows[t * n : t * n + n] for t in range(problem.steps)]
