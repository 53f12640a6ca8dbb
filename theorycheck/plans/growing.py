"""Which recurrent weights grow, and which of these are not 0, where a grading would not do.

In sparse networks few walks run through learnables only. Here a few weights set how many growing
ones a walk may have, one more than these have; others grow as long as no walk has more, and are not
0 as long as no walk of those that are not 0 leads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..computing.deadline import Deadline
from .leading import Degrees
from .walks import Walks

_WHAT = "a choice of growing weights"
_MOST_FIRST = 8  # weights that set the degrees


def growing(
    walks: Walks, numbers: Sequence[int], rng: np.random.Generator, deadline: Deadline
) -> tuple[tuple[int, ...], tuple[int, ...], Degrees]:
    """The growing weights, those of them that are 0, and the degrees of the equations.

    `OutOfTimeError` after the deadline.
    """
    n_first = min(int(rng.integers(1, _MOST_FIRST + 1)), len(numbers))
    not_zero = [numbers[k] for k in rng.choice(len(numbers), n_first, replace=False)]
    most = walks.degrees(not_zero) + 1
    grows, degrees = list(not_zero), most - 1
    for k in deadline.watch(rng.permutation(len(numbers)).tolist(), _WHAT):
        if numbers[k] not in grows:
            found = walks.degrees([*grows, numbers[k]])
            if (found <= most).all():
                grows.append(numbers[k])
                degrees = found
    for k in deadline.watch(rng.permutation(len(grows)).tolist(), _WHAT):
        if grows[k] not in not_zero and (walks.degrees([*not_zero, grows[k]]) < degrees).all():
            not_zero.append(grows[k])
    return tuple(sorted(grows)), tuple(sorted({*grows} - {*not_zero})), degrees
