"""Recurrent learnables no two of which are on a walk: all others frozen, outputs are affine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..problem.masks import Entry, Mask


def meeting(entries: Sequence[Entry], present: Mask, steps: int) -> NDArray[np.bool_]:
    """Which of these recurrent weights may lie on one walk, in either order: (n, n).

    What carries the inputs in and the states out is not looked at, so some of them never meet.

    >>> meeting([("recurrent", (0, 1)), ("recurrent", (1, 0))], np.ones((2, 2), dtype=bool), 3)
    array([[False,  True],
           [ True, False]])
    """
    to, source = np.array([index for _, index in entries], dtype=int).reshape(-1, 2).T
    one = present.astype(np.float32)
    reached = walked = np.eye(len(one), dtype=np.float32)  # from the column to the row
    after = np.zeros((len(to), len(to)), dtype=bool)
    for _ in range(steps - 2):  # a weight acts from step 2 on, and another one later
        after |= reached[np.ix_(source, to)] > 0
        walked = (one @ walked > 0).astype(np.float32)
        reached = np.maximum(reached, walked)
    return after | after.T


def antichain(meets: NDArray[np.bool_], rng: np.random.Generator) -> list[int]:
    """A largest set that is found greedily: those first that meet the fewest of the others.

    >>> meets = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    >>> antichain(meets, np.random.default_rng(0))
    [0, 2]
    """
    left = ~np.diagonal(meets)
    chosen = []
    while left.any():
        counts = (meets & left).sum(axis=1) + rng.random(len(left))
        best = int(np.argmin(np.where(left, counts, np.inf)))
        chosen.append(best)
        left &= ~meets[best]
        left[best] = False
    return sorted(chosen)
