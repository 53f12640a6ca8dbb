"""Frozen entries of a mask as bits of plain integers: peeling, and assignments to lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..problem.allocation import Mask
from .budget import STEP
from .claim import Claim


class Frozen:
    """Bit j of `rows[i]`, and bit i of `columns[j]`, say that entry (i, j) is frozen.

    With `learnable` they say that it is learnable. `alive` are the bits of the rows and of the
    columns that no peeling has deleted.
    """

    def __init__(self, claim: Claim, mask: Mask, *, learnable: bool = False) -> None:
        claim.foresee(8 * mask.size, mask.size, "the bits of a mask")
        claim.charge(8 * mask.size + 10 * STEP * sum(mask.shape), "the bits of a mask")
        flipped = [0 if learnable else (1 << n) - 1 for n in mask.shape]
        self.rows, self.columns = _bits(mask, 0, flipped[1]), _bits(mask, 1, flipped[0])
        self.alive = {"rows": (1 << len(self.rows)) - 1, "columns": (1 << len(self.columns)) - 1}

    @property
    def _width(self) -> int:
        return max(len(self.rows), len(self.columns))

    def lines(self, axis: str) -> list[int]:
        """The bits of all rows, or of all columns."""
        return self.rows if axis == "rows" else self.columns

    def remaining(self, axis: str) -> dict[int, int]:
        """Line -> its frozen entries in lines that are alive, for the lines of an axis alive."""
        across = self.alive[other(axis)]
        return {line: self.lines(axis)[line] & across for line in ones(self.alive[axis])}

    def peel(self, claim: Claim, peeled: Any, a: int, b: int) -> None:
        """Delete [axis, lines] in turn: rows with at most b entries, columns with at most a."""
        claim.require(isinstance(peeled, list), "peeled is a list")
        for axis, lines in peeled:
            most = b if axis == "rows" else a
            proper = axis in self.alive and isinstance(lines, list)
            claim.require(proper, "a list of rows or columns is deleted")
            claim.charge((5 * STEP + self._width / 8) * len(lines), "peeling")
            for line in lines:
                is_there = type(line) is int and line >= 0 and self.alive[axis] >> line & 1
                claim.require(bool(is_there), f"{line} of the {axis} is not there to be deleted")
                left = (self.lines(axis)[line] & self.alive[other(axis)]).bit_count()
                claim.require(left <= most, f"{line} of the {axis} has {left} > {most} cells left")
                self.alive[axis] ^= 1 << line


class Assignment:
    """Every frozen entry belongs to its row, but the `head` of each column to that column.

    `rows` are the frozen entries by row; `load` counts those that belong to the row.
    """

    def __init__(self, claim: Claim, rows: dict[int, int], head: dict[int, int], most: int) -> None:
        self._claim = claim
        self.rows, self.head, self.most = rows, dict(head), most
        self.load = {row: entries.bit_count() for row, entries in rows.items()}
        for row in head.values():
            self.load[row] -= 1

    def can_be_emptied(self, root: int, passed: set[int]) -> bool:
        """Whether all entries of row `root` fit elsewhere: in rows with less than `most`, or
        passed.

        Moving entry (i, j) to its column moves the column's former entry to that one's row.
        """
        head, load = dict(self.head), dict(self.load)
        self._claim.charge(STEP * (len(head) + len(load)), "the assignment")
        fits = True
        while fits and self.load[root]:
            fits = self._move_one(root, passed)
        self.head, self.load = head, load
        return fits

    def _move_one(self, root: int, passed: set[int]) -> bool:
        came_from: dict[int, tuple[int, int]] = {}
        queue, seen = [root], 0
        for row in queue:
            new = (self.rows[row] & ~seen).bit_count()
            width = self.rows[row].bit_length()
            self._claim.charge(STEP * (3 + 3 * new) + 10 * width, "the assignment")
            for column in ones(self.rows[row] & ~seen):
                end = self.head[column]
                if end == root or end in came_from:
                    continue
                came_from[end] = row, column
                if end in passed or self.load[end] < self.most:
                    self.load[end] += 1
                    self.load[root] -= 1
                    while end != root:
                        end, crossed = came_from[end]
                        self.head[crossed] = end
                    return True
                queue.append(end)
            seen |= self.rows[row]
        return False


def ones(bits: int) -> Iterator[int]:
    """The positions of the ones of a non-negative integer.

    >>> list(ones(0b1101))
    [0, 2, 3]
    """
    digits = f"{bits:b}"[::-1]
    position = digits.find("1")
    while position >= 0:
        yield position
        position = digits.find("1", position + 1)


def other(axis: str) -> str:
    """The other one of rows and columns."""
    return "columns" if axis == "rows" else "rows"


def _bits(mask: Mask, axis: int, flipped: int) -> list[int]:
    """The lines of a mask as integers, the first entry being the lowest bit."""
    packed = np.packbits(mask, axis=1 - axis, bitorder="little")
    lines = packed if axis == 0 else packed.T
    return [int.from_bytes(line.tobytes(), "little") ^ flipped for line in lines]
