"""Decide ReLU draws by trying every combination of activation patterns of their units.

Within one combination the equations are linear and the pattern is a set of inequalities, so each
is decided by linear algebra: a match is a solution, "no match" excludes all combinations. Most are
excluded by signs: where the wanted output is positive some active unit must have a positive slope,
and where it is exactly 0, active slopes of one sign force those units to 0, which is a point of the
combination with these units inactive as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ...computing.arrays import Array
from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .cells import cells
from .feasible import feasible
from .range import in_range
from .systems import Systems, build
from .units import CLEAR, Students, Unit

_FIRST = 16  # combinations in the first round; each round takes twice as many as the one before
_PAIRS = 2**18  # (draw, combination) at once while signs are looked at
_DOUBLES = 2**20  # numbers in the matrices of the systems solved at once


@dataclass(frozen=True)
class Decisions:
    """MATCH, NO_MATCH or UNDECIDED for each draw; for some undecided ones, what was unclear.

    `unclear`: the combinations, codes of the units' cells, that were too close to call, while all
    others are excluded. Undecided draws without an entry are in special position, or have too many
    combinations.
    """

    decision: Array
    unclear: dict[int, list[tuple[int, ...]]]


def decide_patterns(
    students: Students, most: int, solve: Callable[[Systems], Array] | None = None
) -> Decisions:
    """Decide each of the students that has at most `most` combinations of patterns.

    `solve` decides combinations that are not linear systems, MATCH, NO_MATCH or UNDECIDED.
    """
    batch = len(students.wanted)
    found = [cells(unit) for unit in students.units]
    decision = np.where(students.is_regular_position, NO_MATCH, UNDECIDED)
    for _, clear in found:
        decision[~clear] = UNDECIDED
    codes = [code for code, _ in found]
    total = 1
    for code in codes:
        total *= code.shape[1]
    if total > most:
        return Decisions(np.full(batch, UNDECIDED), {})
    unclear: dict[int, list[tuple[int, ...]]] = {}
    open_ones = np.flatnonzero(decision == NO_MATCH)
    signs = _Signs(students)
    # Any order will do; in a random one, matches of draws that have many are found early.
    order = np.random.default_rng(0).permutation(total)
    start, step = 0, _FIRST
    while start < total and len(open_ones):
        stop = min(total, start + max(1, min(step, _PAIRS // len(open_ones))))
        digits = np.unravel_index(order[start:stop], [code.shape[1] for code in codes] or [1])
        shown = [code[open_ones][:, digit] for code, digit in zip(codes, digits, strict=False)]
        rows, columns = np.nonzero(signs.may_fit(open_ones, shown, stop - start))
        chosen = np.array([code[rows, columns] for code in shown]).reshape(len(codes), len(rows))
        for part in _parts(students, len(rows)):
            draws, codes_of = open_ones[rows[part]], chosen[:, part]
            answer = (solve or _decide)(build(students, draws, codes_of))
            decision[draws[answer == MATCH]] = MATCH
            for k in np.flatnonzero(answer == UNDECIDED):
                unclear.setdefault(int(draws[k]), []).append(tuple(map(int, codes_of[:, k])))
        open_ones = open_ones[decision[open_ones] == NO_MATCH]
        start, step = stop, 2 * step
    unclear = {draw: found for draw, found in unclear.items() if decision[draw] == NO_MATCH}
    decision[list(unclear)] = UNDECIDED
    return Decisions(decision, unclear)


def _decide(systems: Systems) -> Array:
    """Decisions of linear systems with inequalities."""
    answer = in_range(systems)
    hard = np.flatnonzero(answer == UNDECIDED)
    if len(hard):
        answer[hard] = feasible(systems.take(hard))
    return answer


def _parts(students: Students, count: int) -> Iterator[slice]:
    """Slices of the systems that fit the memory allowed."""
    rows = students.wanted[0].size
    columns = 1 + students.free.shape[-1] + sum(u.generators.shape[2] for u in students.units)
    step = max(1, _DOUBLES // (rows * columns))
    return (slice(start, start + step) for start in range(0, count, step))


class _Signs:
    """Which combinations can have the signs of the wanted outputs.

    Samples are bits, as in the codes of cells. Where a free column acts nothing is said.
    """

    def __init__(self, students: Students) -> None:
        self._units = students.units
        wanted, bound = students.wanted, students.size
        self._samples = wanted.shape[2]
        bits = 1 << np.arange(self._samples)
        bound_by_units = ~(students.free != 0).any(axis=3)
        self._positive = (bound_by_units & (wanted > CLEAR * bound)) @ bits
        self._negative = (bound_by_units & (wanted < -CLEAR * bound)) @ bits
        self._zero = (bound_by_units & (bound <= 0)) @ bits

    def may_fit(self, draws: Array, codes: list[Array], count: int) -> Array:
        """For each draw and each of `count` combinations, codes (draws, count) for every unit."""
        result = np.ones((len(draws), count), dtype=bool)
        parts = [self._split(unit, code) for unit, code in zip(self._units, codes, strict=True)]
        for o in range(self._positive.shape[1]):
            up = np.zeros((len(draws), count), dtype=np.int64)
            down = np.zeros((len(draws), count), dtype=np.int64)
            for unit, (pattern, negated) in zip(self._units, parts, strict=True):
                slope = unit.slopes[draws, o][:, None]
                rising, falling = slope > 0, slope < 0
                if negated is not None:
                    rising, falling = rising & ~negated, rising & negated
                up |= np.where(rising, pattern, 0)
                down |= np.where(falling, pattern, 0)
            missing = self._positive[draws, o][:, None] & ~up
            missing |= self._negative[draws, o][:, None] & ~down
            missing |= self._zero[draws, o][:, None] & (up ^ down)
            result &= missing == 0
        return result

    def _split(self, unit: Unit, code: Array) -> tuple[Array, Array | None]:
        if not unit.is_signed:
            return code, None
        return code & ((1 << self._samples) - 1), code >> self._samples != 0
