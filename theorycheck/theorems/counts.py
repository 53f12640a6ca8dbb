"""Decisions by counting learnables per row or column of one layer, shared by T3, T4 and T5."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Mask
from ..verdict import Expressivity
from .base import Finding

AXES = ("rows", "columns")
_MOST_LISTED = 1000  # deficient lines in a certificate; one alone would prove the claim


def line_counts(mask: Mask, axis: int) -> NDArray[np.intp]:
    """Learnables per row (axis 0) or per column (axis 1)."""
    return np.count_nonzero(mask, axis=1 - axis)


def by_degrees(theorem: str, place: str, mask: Mask, axis: int, needed: int) -> Finding:
    """Maximal iff every row (axis 0) or column (axis 1) has at least `needed` learnables."""
    counts = line_counts(mask, axis)
    deficient = np.flatnonzero(counts < needed)
    lines = AXES[axis]
    evidence = {"place": place, "axis": lines, "needed": needed}
    if len(deficient) == 0:
        smallest = int(counts.min())
        reason = f"every {lines[:-1]} of {place} has at least {smallest} learnable weights, "
        reason += f"{needed} {_are(needed)} needed"
        evidence |= {"deficient": [], "smallest": smallest}
        return Finding(theorem, Expressivity.MAXIMAL, reason, "degree_count", evidence)
    listed = [[int(i), int(counts[i])] for i in deficient[:_MOST_LISTED]]
    evidence |= {"deficient": listed, "smallest": int(counts.min())}
    have = sorted({count for _, count in listed})
    verb = "has" if len(deficient) == 1 else "have"
    reason = (
        f"{name_lines(lines, [i for i, _ in listed], len(deficient))} of {place} {verb} only "
        f"{_range(have)} learnable weights, {needed} {_are(needed)} needed"
    )
    return Finding(theorem, Expressivity.MINIMAL, reason, "degree_count", evidence)


def by_support(theorem: str, place: str, mask: Mask, axis: int, needed: int) -> Finding:
    """Maximal iff at least `needed` rows (axis 0) or columns (axis 1) have a learnable weight."""
    found = int(np.count_nonzero(line_counts(mask, axis)))
    lines = AXES[axis]
    reason = f"{found} {lines} of {place} have a learnable weight, {needed} {_are(needed)} needed"
    evidence = {"place": place, "axis": lines, "needed": needed, "found": found}
    expressivity = Expressivity.MAXIMAL if found >= needed else Expressivity.MINIMAL
    return Finding(theorem, expressivity, reason, "support_count", evidence)


def bottleneck(theorem: str, place: str, unit: str, width: int, needed: int) -> Finding:
    """Minimal: `place` has `width` units where `needed` are needed."""
    reason = f"{place} has {width} {unit}, a bottleneck: {needed} {_are(needed)} needed"
    evidence = {"place": place, "width": width, "needed": needed}
    return Finding(theorem, Expressivity.MINIMAL, reason, "bottleneck", evidence)


def name_lines(lines: str, indices: list[int], total: int) -> str:
    """`row 3`, `rows 1, 2` or `rows 0, 1, 2, 3 and 12 more`.

    >>> name_lines("rows", [1, 2], 2)
    'rows 1, 2'
    """
    shown = indices if len(indices) <= 6 else indices[:4]
    more = total - len(shown)
    word = lines[:-1] if total == 1 else lines
    return f"{word} {', '.join(map(str, shown))}{f' and {more} more' if more else ''}"


def _range(values: list[int]) -> str:
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
