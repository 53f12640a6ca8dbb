"""A rank from singular values: where they stop, and whether that is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EPSILON = 2.0**-52
WIDE = 1e3  # the least gap
STEEPER = 10.0  # than any step between values that count: a gap among many tells nothing
_NOISE = 3.0  # times what rounding did to the whole matrix in a few trials
_SHOWN = 3


@dataclass(frozen=True)
class Spectrum:
    """How many singular values are not 0, as far as floating point can tell.

    `rank` is None where that is not clear. `above`: so many are above `tolerance`; `gap` is the
    ratio of the last of them to the next, or to what rounding makes of 0 if that is larger (None
    where all are 0). `around` are the last values that count and the first that do not, by their
    position from 0. `noise` is the size of what rounding did to the matrix in trials.
    """

    rank: int | None
    above: int
    tolerance: float
    gap: float | None
    noise: float
    largest: float
    around: dict[int, float]

    @property
    def floor(self) -> float:
        """Up to here a value, relative to the last that counts, may be rounding."""
        return 0.0 if self.gap is None else 1 / self.gap

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "above": self.above,
            "tolerance": self.tolerance,
            "gap": self.gap,
            "noise": self.noise,
            "largest": self.largest,
            "around": {str(place): value for place, value in self.around.items()},
        }


def spectrum(
    values: Sequence[float] | NDArray[np.float64],
    larger_side: int,
    noise: float,
    epsilon: float = EPSILON,
) -> Spectrum:
    """The rank of a matrix from its singular values, in decreasing order.

    Those up to the tolerance are taken for 0: larger side x `epsilon` x the largest one, which is
    what rounding does to a singular value, or three times `noise` where that is larger. It is clear
    if the last value above is 1000 times the next, or what rounding makes of 0, and, where some do
    not count, that step is ten times steeper than any before.

    >>> spectrum([2.0, 1.0, 1e-15], 3, 0.0).rank
    2
    >>> spectrum([1.0, 1e-5, 1e-10, 1e-15], 4, 0.0).rank is None  # each step is as steep
    True
    >>> spectrum([3e-17, 2e-17], 4, 5e-17).rank  # nothing but rounding
    0
    """
    known = np.asarray(values, dtype=np.float64)
    largest = float(known[0]) if len(known) else 0.0
    tolerance = max(larger_side * epsilon * largest, _NOISE * noise)
    above = int((known > tolerance).sum())
    around = {
        place: float(known[place])
        for place in range(max(above - _SHOWN, 0), min(above + _SHOWN, len(known)))
    }
    gap, clear = None, True
    if above:
        following = float(known[above]) if above < len(known) else 0.0
        below = max(following, noise, epsilon * largest)
        gap = float(known[above - 1]) / below
        steps = known[: above - 1] / known[1:above]
        steepest = float(steps.max(initial=0.0)) if above < len(known) else 0.0
        clear = gap >= max(WIDE, STEEPER * steepest)
    return Spectrum(above if clear else None, above, tolerance, gap, noise, largest, around)
