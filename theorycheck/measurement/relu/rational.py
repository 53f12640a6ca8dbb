"""One draw and one combination of patterns in rational arithmetic, for what floats leave unclear.

Floats are rationals, so the teacher's outputs and the student's equations are known exactly. The
code shares nothing with the batched one: Gaussian elimination, then the inequalities at the
solutions, if those that count have at most one dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...problem.allocation import Allocation
from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .units import UnitKind

Row = list[Fraction]


@dataclass
class _Inequality:
    """slopes theta + constant >= 0, or > 0 if it is strict."""

    slopes: dict[int, Fraction]
    constant: Fraction
    is_strict: bool = False


@dataclass
class _Problem:
    """Columns and right-hand side of the equations, and the inequalities."""

    wanted: Row
    columns: list[Row]
    inequalities: list[_Inequality]


def decide_exactly(
    allocation: Allocation,
    kinds: Sequence[UnitKind],
    teacher: dict[str, Any],
    student: dict[str, Any],
    inputs: Any,
    codes: Sequence[int],
) -> int:
    """MATCH or NO_MATCH of one draw in one combination; UNDECIDED if two or more directions count.

    Weights and inputs are those of the draw alone; `codes` has a cell for each of the kinds.
    """
    problem = _problem(
        allocation, kinds, _exact(teacher), _exact(student), _fractions(inputs), codes
    )
    solved = _solve(problem.columns, problem.wanted)
    if solved is None:
        return NO_MATCH
    theta, directions = solved
    lines = []
    for bound in problem.inequalities:
        value = bound.constant + sum(s * theta[i] for i, s in bound.slopes.items())
        slopes = [sum((s * d[i] for i, s in bound.slopes.items()), Fraction(0)) for d in directions]
        lines.append((slopes, value, bound.is_strict))
    return _on_line(lines)


def _problem(
    allocation: Allocation,
    kinds: Sequence[UnitKind],
    teacher: dict[str, Any],
    student: dict[str, Any],
    inputs: Any,
    codes: Sequence[int],
) -> _Problem:
    first, shown = _with_bias(student, inputs)
    second, learnable = student["W2"], allocation.mask("W2")
    samples, n_outputs = shown.shape[1], len(second)
    wanted = _outputs(teacher, inputs)
    problem = _Problem([], [], [])
    for kind, code in zip(kinds, codes, strict=True):
        slopes = second[:, kind.hidden]
        if kind.output is not None:
            sign = -1 if code >> samples else 1
            slopes = [Fraction(sign * (o == kind.output)) for o in range(n_outputs)]
        active = [bool(code >> j & 1) for j in range(samples)]
        if any(active):
            wanted = _add_unit(problem, kind, first[kind.hidden], shown, slopes, active, wanted)
    for h in set(range(len(first))) - {kind.hidden for kind in kinds}:
        hidden = [max(value, Fraction(0)) for value in first[h] @ shown]
        for o in range(n_outputs):
            if learnable[o, h]:
                problem.columns.append(_at_output(hidden, o, n_outputs))
            else:
                wanted[o] = [y - second[o, h] * z for y, z in zip(wanted[o], hidden, strict=True)]
    for o in range(n_outputs if "b2" in student else 0):
        if allocation.mask("b2")[o]:
            problem.columns.append(_at_output([Fraction(1)] * samples, o, n_outputs))
        else:
            wanted[o] = [y - student["b2"][o] for y in wanted[o]]
    problem.wanted = [y for row in wanted for y in row]
    return problem


def _add_unit(
    problem: _Problem,
    kind: UnitKind,
    weights: Any,
    inputs: Any,
    slopes: Any,
    active: list[bool],
    wanted: list[Row],
) -> list[Row]:
    """Add the columns and inequalities of a unit; returns what is then wanted of the others."""
    samples = len(active)
    zero = [Fraction(0)] * samples
    generators = [list(inputs[i]) for i in kind.learnable]
    constant = [
        sum((weights[i] * inputs[i, j] for i in kind.frozen), Fraction(0)) for j in range(samples)
    ]
    if kind.is_free(samples):
        generators = [[Fraction(i == j) for j in range(samples)] for i in range(samples)]
        constant = zero
    start = len(problem.columns)
    if kind.has_scale(samples):
        generators, constant = [constant, *generators], zero
        problem.inequalities.append(_Inequality({start: Fraction(1)}, Fraction(0), True))
    for column in generators:
        through = [z if on else Fraction(0) for z, on in zip(column, active, strict=True)]
        problem.columns.append([v * z for v in slopes for z in through])
    for j, on in enumerate(active):
        side = 1 if on else -1
        parts = {start + i: side * column[j] for i, column in enumerate(generators)}
        problem.inequalities.append(_Inequality(parts, side * constant[j]))
    known = [z if on else Fraction(0) for z, on in zip(constant, active, strict=True)]
    pairs = zip(wanted, slopes, strict=True)
    return [[y - v * z for y, z in zip(row, known, strict=True)] for row, v in pairs]


def _solve(columns: list[Row], wanted: Row) -> tuple[Row, list[Row]] | None:
    """One solution of the equations and a basis of the kernel; None without a solution."""
    width = len(columns)
    rows = [[*(column[i] for column in columns), y] for i, y in enumerate(wanted)]
    pivots: list[int] = []
    for j in range(width):
        k = len(pivots)
        found = next((i for i in range(k, len(rows)) if rows[i][j]), None)
        if found is None:
            continue
        rows[k], rows[found] = rows[found], rows[k]
        lead = rows[k][j]
        rows[k] = [value / lead for value in rows[k]]
        for i, row in enumerate(rows):
            if i != k and row[j]:
                rows[i] = [a - row[j] * b for a, b in zip(row, rows[k], strict=True)]
        pivots.append(j)
    if any(row[width] for row in rows[len(pivots) :]):
        return None
    theta = [Fraction(0)] * width
    for k, j in enumerate(pivots):
        theta[j] = rows[k][width]
    kernel = []
    for free in set(range(width)) - set(pivots):
        direction = [Fraction(i == free) for i in range(width)]
        for k, j in enumerate(pivots):
            direction[j] = -rows[k][free]
        kernel.append(direction)
    return theta, kernel


def _on_line(lines: list[tuple[Row, Fraction, bool]]) -> int:
    """Decide inequalities slopes c + value >= 0 (or > 0) if all slopes are multiples of one."""
    base = next((slopes for slopes, _, _ in lines if any(slopes)), None)
    place = next((i for i, s in enumerate(base or []) if s), 0)
    low: Fraction | None = None
    high: Fraction | None = None
    reduced = []
    for slopes, value, is_strict in lines:
        slope = slopes[place] / base[place] if base else Fraction(0)
        if base and any(s != slope * b for s, b in zip(slopes, base, strict=True)):
            return UNDECIDED
        reduced.append((slope, value, is_strict))
        if slope > 0:
            low = -value / slope if low is None else max(low, -value / slope)
        elif slope < 0:
            high = -value / slope if high is None else min(high, -value / slope)
    if low is not None and high is not None:
        point = (low + high) / 2
    else:
        point = low + 1 if low is not None else high - 1 if high is not None else Fraction(0)
    values = ((slope * point + value, is_strict) for slope, value, is_strict in reduced)
    holds = all(value > 0 or (value == 0 and not is_strict) for value, is_strict in values)
    return MATCH if holds else NO_MATCH


def _outputs(weights: dict[str, Any], inputs: Any) -> list[Row]:
    first, shown = _with_bias(weights, inputs)
    hidden = [[max(value, Fraction(0)) for value in row @ shown] for row in first]
    bias = weights.get("b2", [Fraction(0)] * len(weights["W2"]))
    return [
        [b + sum(w * z[j] for w, z in zip(row, hidden, strict=True)) for j in range(shown.shape[1])]
        for row, b in zip(weights["W2"], bias, strict=True)
    ]


def _with_bias(weights: dict[str, Any], inputs: Any) -> tuple[Any, Any]:
    if "b1" not in weights:
        return weights["W1"], inputs
    ones = np.full((1, inputs.shape[1]), Fraction(1), dtype=object)
    return np.column_stack([weights["W1"], weights["b1"]]), np.concatenate([inputs, ones])


def _at_output(values: Row, output: int, n_outputs: int) -> Row:
    return [z if o == output else Fraction(0) for o in range(n_outputs) for z in values]


def _exact(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: _fractions(value) for name, value in weights.items()}


def _fractions(array: Any) -> Any:
    array = np.asarray(array)
    flat = np.empty(array.size, dtype=object)
    flat[:] = [Fraction(float(value)) for value in array.flat]
    return flat.reshape(array.shape)
