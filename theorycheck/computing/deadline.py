"""The end of a question's time: one object, started with the question, reaches every long loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..errors import OutOfTimeError

Item = TypeVar("Item")


class Deadline:
    """When a question has to be answered and, within a search, how many paths it may follow.

    `seconds` count from now on by `clock`; `paths` is the number of solutions that may be followed
    from one instance to another, None for no limit, and counts the same on every machine.

    >>> deadline = Deadline(60)
    >>> deadline.has_passed, 59 < deadline.left <= 60
    (False, True)
    >>> Deadline(0).check("the rank")
    Traceback (most recent call last):
        ...
    theorycheck.errors.OutOfTimeError: the time of 0 seconds was up during the rank
    """

    def __init__(
        self,
        seconds: float = math.inf,
        *,
        paths: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds, self._clock = seconds, clock
        self._end = clock() + seconds
        self._paths_left = math.inf if paths is None else paths

    def __repr__(self) -> str:
        return f"Deadline({self.seconds:g})"

    @property
    def left(self) -> float:
        """Seconds left, from 0."""
        return max(self._end - self._clock(), 0.0)

    @property
    def has_passed(self) -> bool:
        """Whether the time is up."""
        return self._clock() >= self._end

    @property
    def is_spent(self) -> bool:
        """Whether more paths were followed than allowed."""
        return self._paths_left < 0

    @property
    def is_over(self) -> bool:
        """Whether a search has to end, for whichever of the two reasons."""
        return self.is_spent or self.has_passed

    @property
    def limit(self) -> str:
        """`seconds` if that was what ended a search, else `paths`."""
        return "paths" if self.is_spent else "seconds"

    @property
    def reason(self) -> str:
        """Why a search had to end, in words."""
        return "all paths were followed that may be" if self.is_spent else "the time was up"

    def check(self, what: str) -> None:
        """Raise `OutOfTimeError` if the time is up; `what` was being computed."""
        if self.has_passed:
            raise OutOfTimeError(f"the time of {self.seconds:g} seconds was up during {what}")

    def afford(self, seconds: float, what: str) -> None:
        """Raise `OutOfTimeError` before a step that cannot be interrupted and takes too long.

        >>> Deadline(60).afford(100, "a determinant")
        Traceback (most recent call last):
            ...
        theorycheck.errors.OutOfTimeError: the time of 60 seconds is too short for a determinant
        """
        if seconds > self.left:
            raise OutOfTimeError(f"the time of {self.seconds:g} seconds is too short for {what}")

    def watch(self, items: Iterable[Item], what: str) -> Iterator[Item]:
        """The items; raises `OutOfTimeError` before the first that comes too late."""
        for item in items:
            self.check(what)
            yield item

    def follow(self, paths: int) -> None:
        """Count that `paths` solutions were followed to another instance."""
        self._paths_left -= paths

    def within(self, seconds: float = math.inf, paths: int | None = None) -> Deadline:
        """For a part of the question: at most `seconds` from now, and a number of paths of its own.

        >>> Deadline(60).within(1).left <= 1 and Deadline(1).within(60).left <= 1
        True
        """
        part = Deadline(seconds, paths=paths, clock=self._clock)
        part._end = min(part._end, self._end)  # never later than the whole
        part.seconds = min(seconds, self.seconds)
        return part


NEVER = Deadline()  # where nobody waits: it has no end, and counts nothing that anybody reads
