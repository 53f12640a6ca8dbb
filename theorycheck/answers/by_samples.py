"""Verdicts on one allocation by the number of samples, each asked once."""

from __future__ import annotations

from collections.abc import Callable

from ..computing.deadline import NEVER, Deadline
from ..computing.progress import Progress, Teller
from ..verdict import Expressivity, Verdict


class Verdicts:
    """The verdicts asked so far, in `known` by number of samples; `decide` is asked for more."""

    def __init__(
        self, decide: Callable[[int], Verdict], tell: Teller, deadline: Deadline = NEVER
    ) -> None:
        self._decide, self._tell, self._deadline = decide, tell, deadline
        self.known: dict[int, Verdict] = {}

    def on(self, m: int) -> Verdict:
        """The verdict on `m` samples; raises `OutOfTimeError` after the deadline."""
        if m not in self.known:
            self._deadline.check("the search for a capacity")
            self._tell(Progress(f"{m} sample{'s' if m > 1 else ''}"))
            self.known[m] = self._decide(m)
        return self.known[m]

    def most(self, holds: Callable[[Expressivity], bool]) -> int:
        """The largest number of samples known to have such a class, 0 if there is none."""
        return max((m for m, v in self.known.items() if holds(v.expressivity)), default=0)

    def first(self, *classes: Expressivity) -> int | None:
        """The smallest number of samples known to have one of the classes."""
        return min((m for m, v in self.known.items() if v.expressivity in classes), default=None)


def last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number from `low` to `high` where `holds`, if it does up to some number.

    `low` is taken to hold.

    >>> last(lambda m: m < 6, 0, 10)
    5
    """
    if low < high and holds(high):
        return high
    high = max(high - 1, low)
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
