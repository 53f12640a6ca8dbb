"""Systems of one pattern each that have several solutions, or no clear rank: is one in the cells?

The solutions of the equations, if any, are theta + N c, by singular values. The inequalities then
bound c: numbers if there is no freedom, an interval if one direction counts, else Farkas'
alternative (`relu_alternative`). A match is a point with a clear margin; no match means that the
equations, or some inequality at every solution, fail clearly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...computing.arrays import Array
from ..batched_linalg import EPSILON, WIDE
from ..least_squares import CHANCE, MATCH, NO_MATCH, ROUNDING, UNDECIDED
from .alternative import by_certificate, compared
from .systems import Active, Systems
from .units import CLEAR


@dataclass(frozen=True)
class _Cells:
    """Inequalities slopes theta + constants >= 0, slopes (batch, number, unknowns)."""

    slopes: Array
    constants: Array


def feasible(systems: Systems) -> Array:
    """MATCH, NO_MATCH or UNDECIDED for each of the systems."""
    batch = len(systems.equations)
    answer = np.full(batch, UNDECIDED)
    is_on = np.zeros((batch, len(systems.units)), dtype=bool)
    for number, unit in enumerate(systems.units):
        is_on[:, number] = unit.active.any(axis=1)
    for on in np.unique(is_on, axis=0):
        group = np.flatnonzero((is_on == on).all(axis=1))
        some = systems.take(group)
        units = [unit for unit, keep in zip(some.units, on, strict=True) if keep]
        answer[group] = _feasible(some, units)
    return answer


def _feasible(systems: Systems, units: list[Active]) -> Array:
    """The same where just these units are on; the unknowns of the others are left out."""
    width = systems.equations.shape[2]
    keep = np.ones(width, dtype=bool)
    for unit in systems.units:
        keep[unit.columns] = False
    for unit in units:
        keep[unit.columns] = True
    matrices = systems.equations[:, :, keep]
    bounds = _cells(units, int(keep.sum()), len(matrices))
    largest = abs(matrices).max(axis=2, initial=0, keepdims=True)
    largest = np.where(largest > 0, largest, 1)
    matrices = matrices / largest
    lengths = np.sqrt((matrices**2).sum(axis=1, keepdims=True))
    lengths = np.where(lengths > 0, lengths, 1)
    height = (systems.size / largest[:, :, 0]).max(axis=1, initial=0, keepdims=True)
    height = np.where(height > 0, height, 1)
    wanted = systems.wanted / largest[:, :, 0] / height
    # Unknowns in units of height / lengths: the inequalities change along.
    scaled = _Cells(bounds.slopes / lengths, bounds.constants / height)
    return _by_rank(matrices / lengths, wanted, scaled)


def _cells(units: list[Active], width: int, batch: int) -> _Cells:
    slopes, constants, start = [np.zeros((batch, 0, width))], [np.zeros((batch, 0))], 0
    for unit in units:
        samples, number = unit.generators.shape[1:]
        side = np.where(unit.active, 1.0, -1.0)
        block = np.zeros((batch, samples, width))
        block[:, :, start : start + number] = side[:, :, None] * unit.generators
        slopes.append(block)
        constants.append(side * unit.offset)
        if unit.unit.has_scale:
            scale = np.zeros((batch, 1, width))
            scale[:, :, start] = 1.0
            slopes.append(scale)
            constants.append(np.zeros((batch, 1)))
        start += number
    return _Cells(np.concatenate(slopes, axis=1), np.concatenate(constants, axis=1))


def _by_rank(matrices: Array, wanted: Array, bounds: _Cells) -> Array:
    """Solve by singular values and go on with all systems of one rank together."""
    batch, rows, columns = matrices.shape
    answer = np.full(batch, UNDECIDED)
    noise = ROUNDING * (rows + columns) * EPSILON
    left, values, right = np.linalg.svd(matrices, full_matrices=True)
    floor = noise * np.maximum(values.max(axis=1, initial=0, keepdims=True), 1)
    counts = values > floor
    is_clear = (~counts | (values > WIDE * floor)).all(axis=1)
    ranks = counts.sum(axis=1)
    for rank in np.unique(ranks[is_clear]):
        group = np.flatnonzero(is_clear & (ranks == rank))
        through = np.einsum("bik,bi->bk", left[group, :, :rank], wanted[group])
        rest = wanted[group] - np.einsum("bik,bk->bi", left[group, :, :rank], through)
        residual = np.sqrt((rest**2).sum(axis=1))
        least = through / values[group, :rank]
        smallest = np.minimum(values[group, :rank].min(axis=1, initial=1), 1)
        total = abs(least).sum(axis=1) * np.sqrt(max(columns, 1))
        is_solved = (residual <= noise * (1 + total)) & (residual <= CHANCE)
        is_excluded = residual * smallest > WIDE * noise
        if rank == rows:
            is_solved[:], is_excluded[:] = True, False
        error = noise * (1 + total) / smallest
        theta = np.einsum("bkj,bk->bj", right[group, :rank], least)
        some = np.flatnonzero(is_solved)
        places = group[some]
        directions = right[places, rank:].swapaxes(1, 2)
        found = _Cells(bounds.slopes[places], bounds.constants[places])
        answer[group[is_excluded]] = NO_MATCH
        answer[places] = _in_cells(theta[some], directions, error[some], found)
    return answer


def _in_cells(theta: Array, directions: Array, error: Array, bounds: _Cells) -> Array:
    """Decide whether theta + directions c satisfies the inequalities for some c."""
    reach = np.sqrt((bounds.slopes**2).sum(axis=2))
    constants = bounds.constants + np.einsum("bij,bj->bi", bounds.slopes, theta)
    scale = abs(bounds.constants) + np.einsum("bij,bj->bi", abs(bounds.slopes), abs(theta))
    margin = CLEAR * scale + error[:, None] * reach
    slopes = bounds.slopes @ directions
    batch, number, freedom = slopes.shape
    answer = np.full(batch, UNDECIDED)
    if not number:
        answer[:] = MATCH
        return answer
    if freedom:
        _, values, right = np.linalg.svd(slopes / np.where(reach > 0, reach, 1)[:, :, None])
        counts = values > CLEAR
        # A direction that no inequality sees is left out; one that is barely seen is too close.
        is_clear = (counts | (values < 1e-13)).all(axis=1)
        ranks = counts.sum(axis=1)
    else:
        is_clear, ranks, right = np.ones(batch, dtype=bool), np.zeros(batch, dtype=int), None
    for rank in np.unique(ranks[is_clear]):
        group = np.flatnonzero(is_clear & (ranks == rank))
        if rank == 0 or right is None:
            answer[group] = compared(constants[group], margin[group])
            continue
        turned = slopes[group] @ right[group, :rank].swapaxes(1, 2)
        turned[abs(turned) < 1e-13 * reach[group, :, None]] = 0
        if rank == 1:
            answer[group] = _interval(turned[:, :, 0], constants[group], margin[group])
            continue
        answer[group] = [
            by_certificate(turned[k], constants[place], margin[place])
            for k, place in enumerate(group)
        ]
    return answer


def _interval(slopes: Array, constants: Array, margin: Array) -> Array:
    """Decide whether slopes c + constants >= 0 has a solution c (batch, number)."""
    with np.errstate(all="ignore"):
        ends = np.where(slopes == 0, 0, -constants / slopes)
        blur = np.where(slopes == 0, 0, margin / abs(slopes) + CLEAR * abs(ends))
    low = np.where(slopes > 0, ends + blur, -np.inf).max(axis=1)
    high = np.where(slopes < 0, ends - blur, np.inf).min(axis=1)
    lowest = np.where(slopes > 0, ends - blur, -np.inf).max(axis=1)
    highest = np.where(slopes < 0, ends + blur, np.inf).min(axis=1)
    still = np.where(slopes == 0, constants, np.inf)
    is_good = (low < high) & (still > margin).all(axis=1)
    is_bad = (lowest > highest) | (still < -margin).any(axis=1)
    return np.where(is_bad, NO_MATCH, np.where(is_good, MATCH, UNDECIDED))
