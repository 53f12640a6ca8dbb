"""First look at systems of one pattern each: is the wanted output in the range of the equations?

A unit that is active on fewer samples than it has unknowns reaches every value there, so its
columns are replaced by unit vectors; columns of zeros are left out. What remains has full rank as a
rule, and one QR decomposition rules most systems out, or finds the only solution, whose signs then
decide. The rest is left to `relu_feasible`: several solutions, or no full rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...computing.arrays import Array
from ..batched_linalg import EPSILON, WIDE, chunks, inverse_upper, reduce
from ..least_squares import CHANCE, GATE, MATCH, NO_MATCH, ROUNDING, UNDECIDED
from .systems import Active, Systems
from .units import CLEAR


@dataclass(frozen=True)
class _Solutions:
    """Solutions theta (batch, unknowns), 0 where a column is left out, and bounds of their errors.

    `answer` is NO_MATCH where there is none, MATCH where it is the only one.
    """

    answer: Array
    theta: Array
    error: Array


def in_range(systems: Systems) -> Array:
    """MATCH, NO_MATCH or UNDECIDED for each of the systems."""
    equations = systems.equations.copy()
    is_replaced = np.zeros((len(equations), len(systems.units)), dtype=bool)
    for number, unit in enumerate(systems.units):
        is_replaced[:, number] = _replace(equations, unit)
    solutions = _solve(equations, systems)
    answer = solutions.answer
    is_used = (equations != 0).any(axis=1)
    for number, unit in enumerate(systems.units):
        # An unknown that no equation sees is not determined, but some inequality may see it.
        is_loose = unit.active.any(axis=1) & ~is_replaced[:, number]
        is_loose &= ~is_used[:, unit.columns].all(axis=1)
        answer[is_loose & (answer == MATCH)] = UNDECIDED
    solved = np.flatnonzero(answer == MATCH)
    some = systems.take(solved)
    theta, error = solutions.theta[solved], solutions.error[solved]
    is_good, is_bad = np.ones(len(solved), dtype=bool), np.zeros(len(solved), dtype=bool)
    for number, unit in enumerate(some.units):
        replaced = is_replaced[solved, number]
        good, bad = signs(unit, theta[:, unit.columns], error[:, unit.columns], replaced)
        is_good &= good
        is_bad |= bad
    answer[solved] = np.where(is_bad, NO_MATCH, np.where(is_good, MATCH, UNDECIDED))
    return answer


def _replace(equations: Array, unit: Active) -> Array:
    """Put unit vectors where a unit is active on fewer samples than it has unknowns.

    Returns for which systems; the outputs that the unit does not reach keep zeros.
    """
    batch, rows, _ = equations.shape
    n_outputs, samples = unit.slopes.shape[1], unit.active.shape[1]
    width = unit.generators.shape[2]
    count = unit.active.sum(axis=1)
    is_few = (count < width) & (count > 0)
    places = np.cumsum(unit.active, axis=1) - 1
    single = (places[:, :, None] == np.arange(width)) & unit.active[:, :, None]
    full = (unit.slopes[:, :, None, None] * single[:, None]).reshape(batch, rows, width)
    assert rows == n_outputs * samples
    equations[is_few, :, unit.columns] = full[is_few]
    return is_few


def _solve(equations: Array, systems: Systems) -> _Solutions:
    """Least squares of the systems with their columns of zeros left out."""
    batch, rows, columns = equations.shape
    answer = np.full(batch, UNDECIDED)
    theta, error = np.zeros((batch, columns)), np.zeros((batch, columns))
    is_used = (equations != 0).any(axis=1)
    order = np.argsort(~is_used, axis=1, kind="stable")
    counts = is_used.sum(axis=1)
    for width in range(rows + 1):
        group = np.flatnonzero(counts == width)
        for part in chunks(len(group), rows * (width + 1), np):
            some = group[part]
            used = order[some, :width]
            matrices = np.take_along_axis(equations[some], used[:, None], axis=2)
            found = _least_squares(matrices, systems.wanted[some], systems.size[some])
            answer[some] = found.answer
            np.put_along_axis(theta[some], used, found.theta, axis=1)
            scattered = np.zeros((2, len(some), columns))
            np.put_along_axis(scattered[0], used, found.theta, axis=1)
            np.put_along_axis(scattered[1], used, found.error, axis=1)
            theta[some], error[some] = scattered
    return _Solutions(answer, theta, error)


def _least_squares(matrices: Array, wanted: Array, size: Array) -> _Solutions:
    """Systems of at least as many equations as unknowns; undecided unless of clearly full rank."""
    batch, rows, columns = matrices.shape
    block = np.empty((rows, columns + 1, batch))
    block[:, :columns] = np.moveaxis(matrices, 0, -1)
    block[:, columns] = wanted.T
    largest = abs(block[:, :columns]).max(axis=1, initial=0)
    block /= np.where(largest > 0, largest, 1)[:, None]
    bound = (size.T / np.where(largest > 0, largest, 1)).max(axis=0)  # of rounding in wanted
    lengths = np.sqrt((block[:, :columns] ** 2).sum(axis=0))
    block[:, :columns] /= lengths
    height = np.where(bound > 0, bound, 1)
    block[:, columns] /= height
    noise = ROUNDING * (rows + columns) * EPSILON
    reduce(block, columns, np)
    inverse = inverse_upper(block[:columns, :columns], np)
    with np.errstate(all="ignore"):
        theta = np.einsum("ijb,jb->ib", inverse, block[:columns, columns])
        smallest = 1 / np.sqrt(np.einsum("ijb,ijb->b", inverse, inverse)) if columns else None
        total = abs(theta).sum(axis=0)
        if smallest is None:
            smallest = np.ones(batch)
        smallest = np.where(np.isfinite(smallest), smallest, 0)
        error = noise * (1 + total) / smallest * height / lengths
        theta = theta * height / lengths
    residual = np.sqrt((block[columns:, columns] ** 2).sum(axis=0))
    is_sound = (smallest > GATE) & np.isfinite(theta).all(axis=0)
    is_excluded = residual * smallest > WIDE * noise
    is_solved = (residual <= noise * (1 + total)) & (residual <= CHANCE)
    answer = np.where(is_excluded, NO_MATCH, np.where(is_solved, MATCH, UNDECIDED))
    answer = np.where(is_sound, answer, UNDECIDED)
    return _Solutions(answer, np.where(is_sound, theta, 0).T, np.where(is_sound, error, 0).T)


def signs(unit: Active, theta: Array, error: Array, replaced: Array) -> tuple[Array, Array]:
    """Whether the inequalities of a unit hold clearly, and whether one clearly fails.

    Replaced unknowns are pre-activations less the offset: those of active samples only.
    """
    is_off = ~unit.active.any(axis=1)
    reach = abs(unit.generators)
    value = np.einsum("bjk,bk->bj", unit.generators, theta)
    scale = np.einsum("bjk,bk->bj", reach, abs(theta))
    blur = np.einsum("bjk,bk->bj", reach, error)
    places = np.clip(np.cumsum(unit.active, axis=1) - 1, 0, theta.shape[1] - 1)
    shown = np.take_along_axis(theta, places, axis=1)
    row = replaced[:, None]
    value = unit.offset + np.where(row, shown, value)
    scale = abs(unit.offset) + np.where(row, abs(theta).max(axis=1, keepdims=True), scale)
    margin = CLEAR * scale + np.where(row, np.take_along_axis(error, places, axis=1), blur)
    value = np.where(unit.active, value, -value)
    # What a replaced unit is on inactive samples is not known, unless it can be anything.
    is_seen = unit.active | ~row
    is_free = unit.unit.is_central and theta.shape[1] == unit.active.shape[1]
    is_good = ((value > margin) | ~is_seen).all(axis=1) & (~replaced | is_free)
    is_bad = ((value < -margin) & is_seen).any(axis=1)
    if unit.unit.has_scale:
        here = error[:, 0] + CLEAR * abs(theta).max(axis=1)
        is_good &= theta[:, 0] > here
        is_bad |= (theta[:, 0] < -here) & ~replaced
    return is_good | is_off, is_bad & ~is_off
