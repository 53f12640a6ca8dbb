"""How much work a degree and a witness may cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..errors import InputError
from ..progress import Progress, Teller, nobody


def _silent(_: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Effort:
    """Limits of the search for a degree and a witness; past them a verdict stays `positive`.

    `seconds` for one allocation (0: no degree is computed); `degree`, above which the solutions are
    no longer followed; `unknowns` of a system that cannot be split; `instances` among which a
    witness is sought; `bases` of an allocation over budget whose degree is tried; `report`, which
    `telling` sets, is told each step in words.

    >>> Effort(seconds=-1)
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: effort: seconds must be a number from 0, not -1
    """

    seconds: float = 60.0
    degree: int = 200
    unknowns: int = 40
    instances: int = 2000
    bases: int = 8
    report: Callable[[str], None] = field(default=_silent, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("seconds", "degree", "unknowns", "instances", "bases"):
            value = getattr(self, name)
            kinds = (int, float) if name == "seconds" else (int,)
            if isinstance(value, bool) or not isinstance(value, kinds) or not value >= 0:
                what = "a number" if name == "seconds" else "an integer"
                raise InputError(f"effort: {name} must be {what} from 0, not {value!r}")

    def telling(self, tell: Teller) -> Effort:
        """These limits; each step of the work is told to `tell`, if that is not `nobody`."""
        if tell is nobody:
            return self
        return replace(self, report=lambda words: tell(Progress(words)))

    def clock(self) -> Clock:
        """A clock that starts now."""
        return Clock(time.monotonic() + self.seconds)


DEFAULT_EFFORT = Effort()


@dataclass(frozen=True)
class Clock:
    """When to stop, by `time.monotonic`."""

    end: float

    @property
    def left(self) -> float:
        """Seconds left, from 0."""
        return max(self.end - time.monotonic(), 0.0)
