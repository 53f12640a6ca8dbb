"""One draw and one combination of patterns in rational arithmetic, for what floats leave unclear.

Floats are rationals, so the teacher's outputs and the student's equations are known exactly. The
code shares nothing with the batched one: FLINT's elimination, then the inequalities at the
solutions, if those that count have at most one dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from ...computing.arrays import Array
from ...problem.allocation import Allocation
from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .units import UnitKind

Row: TypeAlias = list[fmpq]
Rationals: TypeAlias = NDArray[np.object_]  # of fmpq

ZERO, ONE = fmpq(0), fmpq(1)


@dataclass
class _Inequality:
    """slopes theta + constant >= 0, or > 0 if it is strict."""

    slopes: dict[int, fmpq]
    constant: fmpq
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
    teacher: dict[str, Array],
    student: dict[str, Array],
    inputs: Array,
    codes: Sequence[int],
) -> int:
    """MATCH or NO_MATCH of one draw in one combination; UNDECIDED if two or more directions count.

    Weights and inputs are those of the draw alone; `codes` has a cell for each of the kinds.
    """
    problem = _problem(
        allocation, kinds, _exact(teacher), _exact(student), _rationals(inputs), codes
    )
    solved = _solve(problem.columns, problem.wanted)
    if solved is None:
        return NO_MATCH
    theta, directions = solved
    lines = []
    for bound in problem.inequalities:
        value = bound.constant + sum(s * theta[i] for i, s in bound.slopes.items())
        slopes = [sum((s * d[i] for i, s in bound.slopes.items()), ZERO) for d in directions]
        lines.append((slopes, value, bound.is_strict))
    return _on_line(lines)


def _problem(
    allocation: Allocation,
    kinds: Sequence[UnitKind],
    teacher: dict[str, Rationals],
    student: dict[str, Rationals],
    inputs: Rationals,
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
            slopes = [fmpq(sign * (o == kind.output)) for o in range(n_outputs)]
        active = [bool(code >> j & 1) for j in range(samples)]
        if any(active):
            wanted = _add_unit(problem, kind, first[kind.hidden], shown, slopes, active, wanted)
    for h in set(range(len(first))) - {kind.hidden for kind in kinds}:
        hidden = [max(value, ZERO) for value in first[h] @ shown]
        for o in range(n_outputs):
            if learnable[o, h]:
                problem.columns.append(_at_output(hidden, o, n_outputs))
            else:
                wanted[o] = [y - second[o, h] * z for y, z in zip(wanted[o], hidden, strict=True)]
    for o in range(n_outputs if "b2" in student else 0):
        if allocation.mask("b2")[o]:
            problem.columns.append(_at_output([ONE] * samples, o, n_outputs))
        else:
            wanted[o] = [y - student["b2"][o] for y in wanted[o]]
    problem.wanted = [y for row in wanted for y in row]
    return problem


def _add_unit(
    problem: _Problem,
    kind: UnitKind,
    weights: Rationals,
    inputs: Rationals,
    slopes: Rationals | Row,
    active: list[bool],
    wanted: list[Row],
) -> list[Row]:
    """Add the columns and inequalities of a unit; returns what is then wanted of the others."""
    samples = len(active)
    zero = [ZERO] * samples
    generators = [list(inputs[i]) for i in kind.learnable]
    constant = [sum((weights[i] * inputs[i, j] for i in kind.frozen), ZERO) for j in range(samples)]
    if kind.is_free(samples):
        generators = [[fmpq(i == j) for j in range(samples)] for i in range(samples)]
        constant = zero
    start = len(problem.columns)
    if kind.has_scale(samples):
        generators, constant = [constant, *generators], zero
        problem.inequalities.append(_Inequality({start: ONE}, ZERO, True))
    for column in generators:
        through = [z if on else ZERO for z, on in zip(column, active, strict=True)]
        problem.columns.append([v * z for v in slopes for z in through])
    for j, on in enumerate(active):
        side = 1 if on else -1
        parts = {start + i: side * column[j] for i, column in enumerate(generators)}
        problem.inequalities.append(_Inequality(parts, side * constant[j]))
    known = [z if on else ZERO for z, on in zip(constant, active, strict=True)]
    pairs = zip(wanted, slopes, strict=True)
    return [[y - v * z for y, z in zip(row, known, strict=True)] for row, v in pairs]


def _solve(columns: list[Row], wanted: Row) -> tuple[Row, list[Row]] | None:
    """One solution of the equations and a basis of the kernel; None without a solution."""
    width = len(columns)
    rows = [[*(column[i] for column in columns), y] for i, y in enumerate(wanted)]
    reduced, rank = fmpq_mat(rows).rref()
    table = reduced.tolist()[:rank]
    pivots = [next(j for j, value in enumerate(row) if value) for row in table]
    if width in pivots:
        return None
    theta = [ZERO] * width
    for row, j in zip(table, pivots, strict=True):
        theta[j] = row[width]
    kernel = []
    for free in sorted(set(range(width)) - set(pivots)):
        direction = [fmpq(i == free) for i in range(width)]
        for row, j in zip(table, pivots, strict=True):
            direction[j] = -row[free]
        kernel.append(direction)
    return theta, kernel


def _on_line(lines: list[tuple[Row, fmpq, bool]]) -> int:
    """Decide inequalities slopes c + value >= 0 (or > 0) if all slopes are multiples of one."""
    base = next((slopes for slopes, _, _ in lines if any(slopes)), None)
    place = next((i for i, s in enumerate(base or []) if s), 0)
    low: fmpq | None = None
    high: fmpq | None = None
    reduced = []
    for slopes, value, is_strict in lines:
        slope = slopes[place] / base[place] if base else ZERO
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
        point = low + 1 if low is not None else high - 1 if high is not None else ZERO
    values = ((slope * point + value, is_strict) for slope, value, is_strict in reduced)
    holds = all(value > 0 or (value == 0 and not is_strict) for value, is_strict in values)
    return MATCH if holds else NO_MATCH


def _outputs(weights: dict[str, Rationals], inputs: Rationals) -> list[Row]:
    first, shown = _with_bias(weights, inputs)
    hidden = [[max(value, ZERO) for value in row @ shown] for row in first]
    bias = weights.get("b2", [ZERO] * len(weights["W2"]))
    return [
        [b + sum(w * z[j] for w, z in zip(row, hidden, strict=True)) for j in range(shown.shape[1])]
        for row, b in zip(weights["W2"], bias, strict=True)
    ]


def _with_bias(weights: dict[str, Rationals], inputs: Rationals) -> tuple[Rationals, Rationals]:
    if "b1" not in weights:
        return weights["W1"], inputs
    ones = np.full((1, inputs.shape[1]), ONE, dtype=object)
    return np.column_stack([weights["W1"], weights["b1"]]), np.concatenate([inputs, ones])


def _at_output(values: Row, output: int, n_outputs: int) -> Row:
    return [z if o == output else ZERO for o in range(n_outputs) for z in values]


def _exact(weights: dict[str, Array]) -> dict[str, Rationals]:
    return {name: _rationals(value) for name, value in weights.items()}


def _rationals(array: Array) -> Rationals:
    array = np.asarray(array)
    flat = np.empty(array.size, dtype=object)
    flat[:] = [fmpq(*float(value).as_integer_ratio()) for value in array.flat]
    return flat.reshape(array.shape)
