"""Which recurrent weights grow, and which of these are not 0, where a grading would not do.

In sparse networks few walks run through learnables only. Here a few weights set how many growing
ones a walk may have, one more than these have; others grow as long as no walk has more, and are not
0 as long as no walk of those that are not 0 leads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..computing.deadline import Deadline
from .leading import Degrees
from .walks import Walks

_WHAT = "a choice of growing weights"
_MOST_FIRST = 8  # weights that set the degrees
_NEW = 0.4  # how often one is begun anew
_OTHER_FIRST = 0.15  # how often they are changed
_LEFT_OUT = 0.15  # of the weights, at most, where a choice is changed

Numbers = list[int]


@dataclass(frozen=True)
class Growing:
    """The weights that set the degrees, those that grow, those that are not 0, and the degrees.

    `most` are the degrees that are allowed.
    """

    first: Numbers
    grows: Numbers
    not_zero: Numbers
    degrees: Degrees
    most: Degrees

    @property
    def zero(self) -> tuple[int, ...]:
        """The growing weights that are 0."""
        return tuple(sorted({*self.grows} - {*self.not_zero}))


class Choices:
    """Random choices of growing weights among recurrent ones. `OutOfTimeError` when it is late."""

    def __init__(
        self, walks: Walks, numbers: Sequence[int], rng: np.random.Generator, deadline: Deadline
    ) -> None:
        self._walks, self._numbers, self._rng = walks, list(numbers), rng
        self._deadline = deadline

    def new(self) -> Growing:
        """One from the start."""
        n_first = min(int(self._rng.integers(1, _MOST_FIRST + 1)), len(self._numbers))
        first = self._some(self._numbers, n_first)
        return self._completed(first, self._walks.degrees(first) + 1, first, first)

    def next_to(self, old: Growing) -> Growing:
        """A changed one, now and then a new one."""
        return self.new() if self._rng.random() < _NEW else self.changed(old)

    def changed(self, old: Growing) -> Growing:
        """Another one: a few weights are left out, and any that fit are put in."""
        first, most = old.first, old.most
        if self._rng.random() < _OTHER_FIRST:
            first = self._other_first(old)
            most = self._walks.degrees(first) + 1
        grows = self._without_some(old.grows, first)
        if first is not old.first:
            grows = self._extended(first, grows, most)
        not_zero = self._without_some(old.not_zero, first)
        not_zero = first + [k for k in not_zero if k in {*grows} - {*first}]
        return self._completed(first, most, grows, not_zero)

    def _other_first(self, old: Growing) -> Numbers:
        """Those that set the degrees with one less, or one more."""
        if len(old.first) > 1 and self._rng.random() < 0.5:
            return self._some(old.first, len(old.first) - 1)
        others = [k for k in self._numbers if k not in set(old.first)]
        return old.first + self._some(others, 1)

    def _completed(
        self, first: Numbers, most: Degrees, grows: Numbers, not_zero: Numbers
    ) -> Growing:
        """As many growing weights as fit, and as many of them that are not 0."""
        walks = self._walks
        grows = self._extended(grows, self._numbers, most)
        degrees = walks.degrees(grows)
        if not (walks.degrees(not_zero) < degrees).all():  # some walk has become shorter
            not_zero = first
        not_zero = self._extended(not_zero, grows, degrees - 1)
        return Growing(first, grows, not_zero, degrees, most)

    def _extended(self, chosen: Numbers, numbers: Numbers, most: Degrees) -> Numbers:
        """With others, in random order, as long as no degree is above what is allowed."""
        rest = self._some([k for k in numbers if k not in set(chosen)])
        at_once, walks = 1, self._walks
        while rest:
            self._deadline.check(_WHAT)
            fits = walks.fitting(rest, chosen, most)
            rest = [k for k, fit in zip(rest, fits.tolist(), strict=True) if fit]
            added = rest[:at_once]
            while added and not (walks.degrees([*chosen, *added]) <= most).all():
                rest = rest[1:] if len(added) == 1 else rest
                added = added[: len(added) // 2]
                at_once = max(len(added), 1)
            chosen, rest = chosen + added, rest[len(added) :]
            at_once *= 2
        return chosen

    def _some(self, numbers: Numbers, count: int | None = None) -> Numbers:
        return [numbers[k] for k in self._rng.permutation(len(numbers))[:count].tolist()]

    def _without_some(self, numbers: Numbers, kept: Numbers) -> Numbers:
        most = max(int(_LEFT_OUT * len(numbers)), 1)
        gone = {*self._some(numbers, int(self._rng.integers(0, most + 1)))} - {*kept}
        return [k for k in numbers if k not in gone]


def climbed(
    choices: Choices, score: Callable[[Growing], int], best: int, tries: int
) -> Growing | None:
    """The first choice of the best score, new ones and those next to the best yet being tried."""
    choice = choices.new()
    value = score(choice)
    for _ in range(tries):
        if value == best:
            return choice
        other = choices.next_to(choice)
        found = score(other)
        if found >= value:
            value, choice = found, other
    return None
