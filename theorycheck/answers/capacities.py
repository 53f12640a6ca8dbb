"""Capacity: for how many samples an allocation stays maximal, and for how many positive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..computing.backend import array_module
from ..computing.deadline import NEVER, Deadline
from ..computing.effort import DEFAULT_SECONDS, Effort, divided
from ..computing.options import Options
from ..computing.progress import Progress, Teller, Watch, watching
from ..display.paragraphs import Paragraph, rigor_in_words
from ..display.shown import Shown
from ..errors import InputError, OutOfTimeError
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.networks.base import LARGEST_SIZE, positive_integer
from ..verdict import Expressivity, Verdict
from .classification import verdict_on

# Several numbers of samples are asked about, so each gets less than `classify` gives to one.
MODEST_EFFORT = Effort(seconds=2.0, degree=20, instances=200, bases=2)
_FEW = 4  # numbers of samples looked at on both sides of a bisection's result
_NOT_MAXIMAL = tuple(answer for answer in Expressivity if answer.refutes_maximal)
_OPEN_OR_MINIMAL = (Expressivity.MINIMAL, Expressivity.UNDECIDED)


@dataclass(frozen=True, repr=False)
class Capacity(Shown):
    """What `capacity` returns; None stands for "unlimited", 0 for "not even one sample".

    `maximal`: maximal is proved up to so many samples; `not_maximal_from`: from so many on it is
    refuted (None if never). Between the two maximality is open; nothing is if `is_tight`.
    `positive`: up to so many samples MP > 0; `minimal_from`: from so many on MP = 0 (None if
    never). `largest` is the largest number of samples that was considered (`is_everything` if more
    change nothing), and `verdicts` are those that prove the four numbers, by samples. `limited_by`
    is `seconds` where the time was up before the search had ended: the numbers are then what had
    been proved.
    """

    maximal: int | None
    not_maximal_from: int | None
    positive: int | None
    minimal_from: int | None
    largest: int
    is_everything: bool
    verdicts: dict[int, Verdict]
    limited_by: str | None = None

    @property
    def is_tight(self) -> bool:
        """Whether `maximal` is the true capacity: one sample more is proved not maximal."""
        return self.maximal is None or self.not_maximal_from == self.maximal + 1

    @property
    def error_bound(self) -> float:
        """Probability that any of the four numbers is wrong, at most; 0 if all are proved."""
        return min(sum(verdict.error_bound for verdict in self.verdicts.values()), 1.0)

    def paragraphs(self) -> list[Paragraph]:
        """Up to how many samples, and the verdicts that prove it."""
        found = [
            Paragraph("MAXIMAL", _maximal(self), "bold green"),
            Paragraph("POSITIVE", _positive(self), "bold yellow"),
        ]
        for samples, verdict in self.verdicts.items():
            because = f"{verdict.expressivity} by {verdict.theorem or 'none'}, {verdict.reason}"
            found.append(Paragraph(f"m = {samples}", because))
        rigor = [Paragraph("rigor", rigor_in_words(self.error_bound))] if self.error_bound else []
        return found + rigor

    def to_dict(self) -> dict[str, Any]:
        """The object that `capacity --json` prints, without the key `file`."""
        return {
            "maximal": self.maximal,
            "not_maximal_from": self.not_maximal_from,
            "is_tight": self.is_tight,
            "positive": self.positive,
            "minimal_from": self.minimal_from,
            "largest": self.largest,
            "is_everything": self.is_everything,
            "error_bound": self.error_bound,
            "limited_by": self.limited_by,
            "verdicts": {str(m): verdict.to_dict() for m, verdict in self.verdicts.items()},
        }


def capacity(
    allocation: Allocation,
    largest: int | None = None,
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    seconds: float = DEFAULT_SECONDS,
    effort: Effort = MODEST_EFFORT,
    progress: Watch = False,
) -> Capacity:
    """The largest numbers of samples on which `allocation` is proved maximal, and positive.

    By T0 a match is never more probable on more samples, so "maximal" and "positive" hold up to
    some number of samples each; beyond the effective samples (m_e in T3 to T5) nothing
    changes, so what holds there is unlimited. Positivity is decided exactly (T1), and its bisection
    needs no more. A verdict of maximal need not be monotone, only the truth is: a maximal verdict
    at m is right for all fewer samples, whatever the verdicts there. So the search looks from the
    positive capacity downwards, where critical budgets help, then bisects, and looks at a few
    numbers above the result; a larger `maximal` that only verdicts in between would prove can be
    missed, never a smaller one be wrong.

    `largest` ends the range earlier, `seconds` limit the whole search (0: no degrees); the other
    options are those of `classify`, `effort` being that for each number of samples, `progress`
    telling which is being decided. Raises `InputError` for arguments out of range and networks
    that are not linear, `SizeError` where a rank is needed that exceeds `memory_limit`.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([3, 3, 2]), {"W2": [[1, 1, 0], [1, 1, 1]]})
    >>> found = capacity(allocation)
    >>> found.maximal, found.is_tight, found.positive, found.minimal_from
    (2, True, 2, 3)
    """
    check_allocation(allocation)
    network = allocation.network
    if not network.is_linear:
        raise InputError(
            f"capacities are decided for linear networks only, not for {network.title}; "
            "classify decides these for one number of samples"
        )
    cap = network.effective_samples(LARGEST_SIZE)
    top = cap if largest is None else min(positive_integer(largest, "largest"), cap)
    deadline, each = divided(seconds, effort)
    options = Options(seed, error_bound, memory_limit, array_module(backend), each, deadline)

    def decide(m: int) -> Verdict:
        return verdict_on(allocation, m, options.with_effort(each))

    with watching(progress, "capacity") as tell:
        return _CapacitySearch(decide, tell, deadline).run(top, cap)


class _CapacitySearch:
    """The verdicts asked so far, by number of samples, and the searches that ask for more."""

    def __init__(
        self, decide: Callable[[int], Verdict], tell: Teller, deadline: Deadline = NEVER
    ) -> None:
        self._decide, self._tell, self._deadline = decide, tell, deadline
        self._verdicts: dict[int, Verdict] = {}

    def run(self, top: int, cap: int) -> Capacity:
        limited_by = None
        try:
            positive = _last(lambda m: self._class(m) not in _OPEN_OR_MINIMAL, 0, top)
            maximal = self._maximal(positive)
            # Between what is proved maximal and refuted: how far down does refutation reach?
            refuted = self._first(*_NOT_MAXIMAL)
            end = top if refuted is None else refuted - 1
            _last(lambda m: self._class(m) not in _NOT_MAXIMAL, maximal, end)
        except OutOfTimeError:
            limited_by = "seconds"
            positive = self._most(lambda answer: answer not in _OPEN_OR_MINIMAL)
            maximal = self._most(lambda answer: answer is Expressivity.MAXIMAL)
        minimal_from = self._first(Expressivity.MINIMAL)
        numbers = (maximal, self._first(*_NOT_MAXIMAL), positive, minimal_from)
        return Capacity(
            None if maximal == cap else maximal,
            numbers[1],
            None if positive == cap else positive,
            minimal_from,
            top,
            top == cap,
            {m: self._verdicts[m] for m in sorted(m for m in set(numbers) if m)},
            limited_by,
        )

    def _maximal(self, positive: int) -> int:
        """The largest number up to `positive` whose verdict is found to be maximal."""
        for m in range(positive, max(positive - _FEW, 0), -1):
            if self._is_maximal(m):
                return m
        bottom = max(positive - _FEW, 0)
        found = _last(self._is_maximal, 0, bottom)
        above = [m for m in range(found + 1, min(found + _FEW, bottom) + 1) if self._is_maximal(m)]
        known = [m for m, v in self._verdicts.items() if v.expressivity is Expressivity.MAXIMAL]
        return max([found, *above, *known])

    def _is_maximal(self, m: int) -> bool:
        return self._class(m) is Expressivity.MAXIMAL

    def _class(self, m: int) -> Expressivity:
        if m not in self._verdicts:
            self._deadline.check("the search for a capacity")
            self._tell(Progress(f"{m} sample{'s' if m > 1 else ''}"))
            self._verdicts[m] = self._decide(m)
        return self._verdicts[m].expressivity

    def _most(self, holds: Callable[[Expressivity], bool]) -> int:
        """The largest number of samples known to have such a class, 0 if there is none."""
        return max((m for m, v in self._verdicts.items() if holds(v.expressivity)), default=0)

    def _first(self, *classes: Expressivity) -> int | None:
        """The smallest number of samples known to have one of the classes."""
        return min(
            (m for m, v in self._verdicts.items() if v.expressivity in classes), default=None
        )


def _last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number from `low` to `high` where `holds`, if it does up to some number.

    `low` is taken to hold.

    >>> _last(lambda m: m < 6, 0, 10)
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


def _maximal(found: Capacity) -> str:
    if found.not_maximal_from == 1:
        return "on no number of samples"
    text = _up_to(found.maximal)
    if found.is_tight:
        end = f"; on {found.not_maximal_from} it is not"
        return text if found.maximal is None else text + end
    if found.not_maximal_from is not None:
        return f"{text}; on {found.not_maximal_from} it is not, between them it is open"
    return f"{text}; beyond it is open"


def _positive(found: Capacity) -> str:
    text = _up_to(found.positive)
    return text if found.minimal_from is None else f"{text}; minimal from {found.minimal_from} on"


def _up_to(number: int | None) -> str:
    if not number:
        return "on any number of samples" if number is None else "proved for no number of samples"
    return f"on up to {number} sample{'s' if number > 1 else ''}"
