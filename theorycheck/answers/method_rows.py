"""What a method comes to: the rows of a comparison, and what is asked about each of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..computing.effort import Effort
from ..display.paragraphs import Paragraph
from ..verdict import Expressivity, Verdict
from .capacities import Capacity
from .methods import Trained, numbers_trained

LATE = "the time was up before all was known"
_BRIEF = Effort(seconds=0)


@dataclass(frozen=True)
class MethodDraw:
    """What is known of what one method trains; `seed` is that of a method that draws.

    `trained` is an allocation, or parametrised weights. `verdict`, `rank` and `target_dimension`
    are those on the samples asked about, `capacity` tells for how many more. Each is None where it
    is not known; `why_open` says why.
    """

    trained: Trained
    seed: int | None = None
    verdict: Verdict | None = None
    rank: int | None = None
    target_dimension: int | None = None
    capacity: Capacity | None = None
    seconds: float = 0.0
    why_open: str = ""

    @property
    def learnable(self) -> int:
        """How many numbers are trained."""
        return numbers_trained(self.trained)

    @property
    def is_limited(self) -> bool:
        """Whether the time was up before all was known."""
        found = (self.verdict, self.capacity)
        ended = any(each and each.limited_by == "seconds" for each in found)
        return self.why_open == LATE or ended

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the numbers, without certificates."""
        verdict, found = self.verdict, self.capacity
        numbers = ("positive", "minimal_from", "maximal", "not_maximal_from")
        limits = (*numbers, "error_bound", "limited_by")
        return {
            "seed": self.seed,
            "learnable": self.learnable,
            "expressivity": verdict and str(verdict.expressivity),
            "theorem": verdict and verdict.theorem,
            "error_bound": verdict and verdict.error_bound,
            "conditioned_on": verdict and verdict.conditioned_on,
            "limited_by": verdict and verdict.limited_by,
            "rank": self.rank,
            "target_dimension": self.target_dimension,
            "capacity": found and {name: getattr(found, name) for name in limits},
            "seconds": self.seconds,
            "why_open": self.why_open,
        }


@dataclass(frozen=True)
class MethodRow:
    """What one method comes to under a budget: its `draws`, one unless it draws at random.

    There is none where nothing fits into the budget; `what`, the choice in words, then says why.
    """

    method: str
    what: str
    budget: int
    draws: tuple[MethodDraw, ...]

    @property
    def median(self) -> MethodDraw | None:
        """The median of the draws by capacity (the lower one of two), None if there are none.

        Draws that were not reached do not count, unless none was.
        """
        reached = [draw for draw in self.draws if draw.verdict is not None] or list(self.draws)
        ordered = sorted(reached, key=_order)
        return ordered[(len(ordered) - 1) // 2] if ordered else None

    @property
    def keeps_budget(self) -> bool:
        """Whether no more is learnable than the budget."""
        return all(draw.learnable <= self.budget for draw in self.draws)

    @property
    def may_match(self) -> bool:
        """Whether the median is proved to match some teachers on the samples asked about."""
        verdict = self.median and self.median.verdict
        return bool(verdict) and Expressivity.MINIMAL not in verdict.expressivity.possible

    @property
    def seconds(self) -> float:
        """How long all draws took."""
        return sum(draw.seconds for draw in self.draws)

    @property
    def words(self) -> str:
        """The choice in words, with what else is to be said of it."""
        parts = [self.what]
        if len(self.draws) > 1:
            first, last = self.draws[0].seed, self.draws[-1].seed
            parts.append(f"the median of {len(self.draws)} draws, seeds {first} to {last}")
        if not self.keeps_budget:
            parts.append("more than the budget")
        if any(draw.is_limited for draw in self.draws):
            parts.append(LATE)
        elif self.median is not None and self.median.why_open:
            parts.append(self.median.why_open)
        return "; ".join(parts)

    @property
    def paragraph(self) -> Paragraph:
        """The row in words, with what is known of it."""
        median = self.median
        known = "" if median is None or median.verdict is None else f": {_known(median)}"
        return Paragraph("", f"{self.method}: {self.words}{known}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the numbers of the median, and those of all draws."""
        names = {"method": self.method, "what": self.what, "budget": self.budget}
        median = self.median and self.median.to_dict()
        draws = [draw.to_dict() for draw in self.draws]
        return {**names, "keeps_budget": self.keeps_budget, "median": median, "draws": draws}


def _order(draw: MethodDraw) -> tuple[float, float, int]:
    found = draw.capacity
    numbers = (found.positive, found.maximal) if found else (-1, -1)
    positive, maximal = (math.inf if number is None else number for number in numbers)
    return positive, maximal, -1 if draw.rank is None else draw.rank


def _known(draw: MethodDraw) -> str:
    verdict, found = draw.verdict, draw.capacity
    parts = [f"{draw.learnable} learnable"]
    if verdict is not None:
        by = f" by {verdict.theorem}" if verdict.theorem else ""
        parts.append(f"{verdict.expressivity}{by}")
    if draw.rank is not None:
        parts.append(f"rank {draw.rank} of {draw.target_dimension}")
    if found is not None:
        parts.append(f"samples: {most_matched(found)} (match), {most_maximal(found)} (maximal)")
    return ", ".join(parts)


def most_matched(found: Capacity) -> str:
    """The largest number of samples on which a match is possible; "+" where more are open.

    >>> from theorycheck import Allocation, LinearFeedforward, capacity
    >>> most_matched(capacity(Allocation.layer(LinearFeedforward([3, 2, 2]), "W2")))
    '2'
    """
    return _most(found.positive, found.minimal_from)


def most_maximal(found: Capacity) -> str:
    """The largest number of samples that is proved maximal; "+" where more are open."""
    return _most(found.maximal, found.not_maximal_from)


def _most(number: int | None, end: int | None) -> str:
    if number is None:
        return "any"
    return str(number) if end == number + 1 else f"{number}+"
