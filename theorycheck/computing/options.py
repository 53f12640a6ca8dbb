"""What always travels together through a question: seed, limits, array module, effort, deadline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np

from ..errors import InputError
from .deadline import NEVER, Deadline
from .effort import DEFAULT_EFFORT, Effort


@dataclass(frozen=True)
class Options:
    """The options of a question, made once from the keywords of a public function.

    `seed` fixes every random prime and point; `error_bound` is what probabilistic ranks must
    reach; `memory_limit` is in bytes; `xp` is NumPy or CuPy; `effort` limits degrees and witnesses,
    `deadline` everything: whatever is computed after it raises `OutOfTimeError`.

    >>> Options(seed=-1)
    Traceback (most recent call last):
        ...
    theorycheck.errors.InputError: seed must be an integer from 0, not -1
    """

    seed: int = 0
    error_bound: float = 1e-9
    memory_limit: int = 8 * 2**30
    xp: ModuleType = np
    effort: Effort = DEFAULT_EFFORT
    deadline: Deadline = field(default=NEVER, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"seed must be an integer from 0, not {self.seed!r}")
        for name, below in (("error_bound", 1), ("memory_limit", 2**63)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"{name} must be a number, not {value!r}")
            if not 0 < value < below:
                raise InputError(f"{name} must be between 0 and {below}, not {value!r}")

    def with_effort(self, effort: Effort) -> Options:
        """For a part of the question that is asked now: its time, but never more than is left.

        >>> Options(deadline=Deadline(1)).with_effort(Effort(seconds=60)).deadline.left <= 1
        True
        """
        return replace(self, effort=effort, deadline=effort.start(self.deadline))
