"""Capacities of networks whose ranks differ between patterns: piecewise linear ones (T10, T11).

Verdicts speak of regular teachers, and those on m samples are others than those on m + 1. So T0
does not carry verdicts from one number of samples to another. What does:

- *Fewer samples.* If the learnables have as large a rank as there are equations, in some pattern,
  they have so on any part of the samples.
- *More samples.* Where D(m) is the most that it can be on any number, a pattern that shows it shows
  it whatever samples are added. So a match stays possible, and a regular teacher that is missed is
  regular on more samples, and missed. (Not by T10, which calls a teacher regular if its rank is as
  large as there are equations.)
- *More samples, minimal.* D(m) never falls. Once it exceeds the number of learnables, less those
  that act on nothing or only scale a unit, it does so on more samples. (By T10 no teacher may be
  regular there: that none of these is matched then says nothing.)

Between what these tell, each number of samples is asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ..errors import OutOfTimeError
from ..problem.allocation import Allocation
from ..problem.networks.base import LARGEST_SIZE
from ..ranks.piecewise_bounds import dimension_bound, rank_bound
from ..verdict import Expressivity, Verdict
from .by_samples import Verdicts, last

_Look: TypeAlias = Callable[[int], Verdict | None]


class Numbers(NamedTuple):
    """The numbers of a `Capacity`, under the same names."""

    maximal: int | None
    not_maximal_from: int | None
    positive: int | None
    minimal_from: int | None


@dataclass(frozen=True)
class PatternSearch:
    """The search for the capacity of one allocation."""

    allocation: Allocation
    verdicts: Verdicts

    @cached_property
    def cap(self) -> int:
        """The largest number of samples that is asked about."""
        network = self.allocation.network
        if network.is_shallow_relu:  # on more samples learnables are too few for T10
            return self.allocation.n_learnable // network.n_equations(1) + 1
        return last(lambda m: dimension_bound(self.allocation, m) < self._most, 0, LARGEST_SIZE) + 1

    @cached_property
    def _most(self) -> int:
        """A bound on D(m) for every m."""
        return dimension_bound(self.allocation, LARGEST_SIZE)

    @cached_property
    def _rank(self) -> int:
        """A bound on the rank of the learnables, on any number of samples."""
        return rank_bound(self.allocation)

    def run(self, top: int) -> tuple[Numbers, str | None]:
        """What is proved on up to `top` samples, and `seconds` if the time was up before the end.

        Out of time, the numbers are those that the verdicts known by then prove.
        """
        try:
            if self._is_copied(self.verdicts.on):
                return self._numbers(self.verdicts.on, top), None
            equations = self.allocation.network.n_equations(1)
            guess = min(self.allocation.n_learnable // equations, top)
            last(lambda m: self._is_full(m, self.verdicts.on(m)), 0, guess)
            positive = self._positive(self.verdicts.on, top)
            if positive is not None and self._rank < self._most:
                last(lambda m: not self._is_beyond(self.verdicts.on(m)), positive, top)
            return self._numbers(self.verdicts.on, top), None
        except OutOfTimeError:
            return self._numbers(self.verdicts.known.get, top), "seconds"

    def _numbers(self, look: _Look, top: int) -> Numbers:
        """The numbers that hold by the verdicts that `look` has, or asks for."""
        if self._is_copied(look):
            return Numbers(None, None, None, None)
        positive = self._positive(look, top)
        maximal = _climbed(0, top, look, _is_maximal)
        beyond = self._least(self._is_beyond)
        ends = [m for m in (beyond, self._least(self._is_missed)) if m is not None]
        return Numbers(
            maximal,
            _descended(min(ends), look, _is_not_maximal) if ends else None,
            positive,
            None if beyond is None else _descended(beyond, look, _is_minimal),
        )

    def proofs(self, numbers: Numbers) -> dict[int, Verdict]:
        """The verdicts that prove the numbers, by samples."""
        known = self.verdicts.known
        if self._is_copied(known.get):
            return {1: known[1]}
        full = max((m for m, verdict in known.items() if self._is_full(m, verdict)), default=1)
        missed = self._least(lambda v: self._is_beyond(v) or self._is_missed(v))
        ranges = [
            (1, numbers.maximal),
            (full, self._least(self._is_whole) if numbers.positive is None else numbers.positive),
            (numbers.minimal_from, self._least(self._is_beyond)),
            (numbers.not_maximal_from, missed),
        ]
        used = {m for low, high in ranges if low and high for m in range(low, high + 1)}
        used.update(filter(None, [self._least(_is_minimal)]))
        return {m: known[m] for m in sorted(used & known.keys())}

    def _is_copied(self, look: _Look) -> bool:
        """Whether every present weight is learnable: the student can copy any teacher (T0)."""
        is_whole = self.allocation.n_learnable == self.allocation.n_present
        return is_whole and _is_maximal(look(1))

    def _positive(self, look: _Look, top: int) -> int | None:
        """Up to so many samples a match is possible; None if on any number."""
        known = self.verdicts.known
        full = max((m for m, verdict in known.items() if self._is_full(m, verdict)), default=0)
        found = _climbed(full, top, look, _is_positive, until=self._is_whole)
        whole = self._least(self._is_whole)
        return None if whole is not None and found >= whole - 1 else found

    def _least(self, holds: Callable[[Verdict], bool]) -> int | None:
        return min((m for m, v in self.verdicts.known.items() if holds(v)), default=None)

    def _is_full(self, m: int, verdict: Verdict) -> bool:
        """Whether a pattern gives the learnables as large a rank as there are equations."""
        return _is_positive(verdict) and verdict.target_dimension == (
            self.allocation.network.n_equations(m)
        )

    def _is_whole(self, verdict: Verdict) -> bool:
        """Whether a pattern gives the learnables the largest rank on any number of samples."""
        return _is_positive(verdict) and self._shows_most(verdict)

    def _is_missed(self, verdict: Verdict) -> bool:
        """Whether a regular teacher is missed that is regular on more samples too."""
        return _is_not_maximal(verdict) and self._shows_most(verdict)

    def _shows_most(self, verdict: Verdict) -> bool:
        is_shallow = self.allocation.network.is_shallow_relu
        return not is_shallow and verdict.target_dimension == self._most

    def _is_beyond(self, verdict: Verdict) -> bool:
        """Whether D is larger than the rank of the learnables on any number of samples."""
        if not _is_minimal(verdict) or verdict.certificate is None:
            return False
        shown = verdict.target_dimension
        if shown is None:  # only known to be at least the rank at a regular teacher
            regular = verdict.certificate.evidence.get("regular", {"rows": []})
            shown = len(regular["rows"])
        return shown > self._rank


def _climbed(
    start: int,
    top: int,
    look: _Look,
    holds: Callable[[Verdict | None], bool],
    until: Callable[[Verdict], bool] = lambda _: False,
) -> int:
    """The last number up to `top` such that `holds` from start + 1 on, or the first `until`."""
    while start < top:
        verdict = look(start + 1)
        if verdict is None or not holds(verdict):
            break
        start += 1
        if until(verdict):
            break
    return start


def _descended(start: int, look: _Look, holds: Callable[[Verdict | None], bool]) -> int:
    """The first number such that `holds` from there to start - 1."""
    while start > 1 and holds(look(start - 1)):
        start -= 1
    return start


def _is_maximal(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.expressivity is Expressivity.MAXIMAL


def _is_minimal(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.expressivity is Expressivity.MINIMAL


def _is_not_maximal(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.expressivity.refutes_maximal


def _is_positive(verdict: Verdict | None) -> bool:
    return verdict is not None and Expressivity.MINIMAL not in verdict.expressivity.possible
