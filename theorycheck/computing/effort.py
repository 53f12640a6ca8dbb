"""How much work an answer may cost: the time of a question, and the search for its degree."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InputError, shown
from .deadline import Deadline
from .progress import Progress, Teller, nobody

DEFAULT_SECONDS = 60.0
_LIMITS = ("seconds", "degree", "unknowns", "instances", "bases", "paths")


def _silent(_: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Effort:
    """Limits of a question about one allocation; past them a verdict is `positive` or `undecided`.

    `seconds` limit all of it (0: no degree is sought, and counts and ranks get 60 seconds). The
    others limit the search for a degree: `degree`, above which the solutions are no longer
    followed (0: none is sought); `unknowns` of a system that cannot be split; `instances` among
    which a witness is sought; `bases` of an allocation over budget whose degree is tried; `paths`
    that are followed in one search, for the degree or the witness of one system (None: no limit).
    With `seconds` inf and a limit of `paths` the answer does not depend on how fast the machine is.
    `report`, which `telling` sets, is told each step in words; `clock` tells the seconds.

    >>> Effort(seconds=-1)
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: effort: seconds must be a number from 0, not -1
    """

    seconds: float = DEFAULT_SECONDS
    degree: int = 2000
    unknowns: int = 40
    instances: int = 2000
    bases: int = 8
    report: Callable[[str], None] = field(default=_silent, repr=False, compare=False)
    paths: int | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in _LIMITS:
            value = getattr(self, name)
            kinds = (int, float) if name == "seconds" else (int,)
            if name == "paths" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, kinds) or not value >= 0:
                what = "a number" if name == "seconds" else "an integer"
                raise InputError(f"effort: {name} must be {what} from 0, not {value!r}")

    @property
    def seeks_degrees(self) -> bool:
        """Whether a degree is sought at all."""
        return self.seconds > 0 and self.degree > 0

    @property
    def seeks_plans(self) -> bool:
        """Whether plans are sought that take as long as they are let, with degrees or without."""
        return self.seconds > 0

    def start(self, whole: Deadline | None = None) -> Deadline:
        """The deadline of a question that is asked now, perhaps as a part of a larger one."""
        if whole is not None:
            return whole.within(self.seconds or math.inf)
        return Deadline(self.seconds or DEFAULT_SECONDS, clock=self.clock)

    def search(self, deadline: Deadline) -> Deadline:
        """The deadline of one search within a question: the same time, and `paths` of its own."""
        return deadline.within(paths=self.paths)

    def limits(self) -> dict[str, Any]:
        """The limits by name: `Effort(**limits)` has the same."""
        return {name: getattr(self, name) for name in _LIMITS}

    def telling(self, tell: Teller) -> Effort:
        """These limits; each step of the work is told to `tell`, if that is not `nobody`."""
        if tell is nobody:
            return self
        return replace(self, report=lambda words: tell(Progress(words)))


DEFAULT_EFFORT = Effort()


def checked(effort: Effort) -> Effort:
    """`effort`, or `InputError` if it is something else, such as a number of seconds.

    >>> checked(5)  # type: ignore[arg-type]
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: effort must be an Effort, as in tc.Effort(seconds=5), not 5
    """
    if not isinstance(effort, Effort):
        how = "tc.Effort(seconds=5)"
        raise InputError(f"effort must be an Effort, as in {how}, not {shown(effort)}")
    return effort


def divided(seconds: float, effort: Effort) -> tuple[Deadline, Effort]:
    """The deadline of a question that has many parts, and the effort for each of them.

    With 0 `seconds` no degree is sought, as in `Effort`.
    """
    whole = replace(checked(effort), seconds=seconds)
    return whole.start(), effort if whole.seeks_degrees else whole
