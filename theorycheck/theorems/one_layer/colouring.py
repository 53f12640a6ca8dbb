"""Colouring the columns with m_e colours so that each colour meets d rows: sufficient.

With v_j set to the unit vector e_c for every column j of colour c, the entries of one colour span
R^d (x) e_c as soon as they meet d rows. A rank at a special point is at most the generic one.
"""

from __future__ import annotations

import numpy as np

from ...problem.allocation import Mask
from ..counts import line_counts

ATTEMPTS = 8
MOST_WORK = 10**8  # entries that one attempt may look at, about a tenth of a second


def find_colouring(mask: Mask, outputs: int, samples: int) -> list[int] | None:
    """A colour (0 to samples - 1) for each column, or None if a bounded search finds none.

    >>> find_colouring(np.array([[1, 0, 1], [1, 1, 0]], dtype=bool), 2, 2)
    [0, 1, 1]
    """
    counts = line_counts(mask, 1)
    full = np.flatnonzero(counts >= outputs)
    others = np.flatnonzero(counts < outputs)
    missing = samples - len(full)
    if len(others) < 2 * missing or counts[others].sum() < missing * outputs:
        return None
    if missing > 0 and len(others) ** 2 * len(mask) > MOST_WORK:
        return None
    colours = np.zeros(mask.shape[1], dtype=np.intp)  # what is left over may have any colour
    colours[full] = np.minimum(np.arange(len(full)), samples - 1)
    for attempt in range(ATTEMPTS):
        groups = _groups(mask[:, others], outputs, missing, np.random.default_rng(attempt))
        if groups is not None:
            for colour, group in enumerate(groups, start=len(full)):
                colours[others[group]] = colour
            return colours.tolist()
    return None


def _groups(
    mask: Mask, outputs: int, n_groups: int, rng: np.random.Generator
) -> list[list[int]] | None:
    """Disjoint groups of columns, each meeting `outputs` rows; greedy, or None where that fails."""
    is_free = np.ones(mask.shape[1], dtype=bool)
    taste = rng.random(mask.shape[1])  # breaks ties in another way in every attempt
    groups = []
    for _ in range(n_groups):
        met = np.zeros(len(mask), dtype=bool)
        group: list[int] = []
        while np.count_nonzero(met) < outputs:
            gain = np.where(is_free, line_counts(mask & ~met[:, None], 1) + taste, 0.0)
            best = int(np.argmax(gain)) if len(gain) else -1
            if best < 0 or gain[best] < 1:
                return None
            group.append(best)
            is_free[best] = False
            met |= mask[:, best]
        groups.append(group)
    return groups
