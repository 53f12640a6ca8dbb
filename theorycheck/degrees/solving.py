"""The equations of an allocation at critical budget, split into blocks, and their degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from ..computing.deadline import NEVER, Deadline
from ..computing.effort import Effort
from ..structure.support import Support
from .degree import Degree, Open
from .evidence import Certified
from .reuse import Reuse
from .system import SquareSystem

_WAYS = {
    "bezout": "a proved bound that is met",
    "elimination": "exact elimination modulo primes",
    "monodromy": "monodromy, two draws",
    "univariate": "a polynomial in one unknown, modulo primes",
}


@dataclass(frozen=True)
class Solving:
    """All that is sought about the solutions of `system`, computed once, on first use.

    `is_faithful` tells whether a solution of the system's equations solves all equations of the
    allocation; else a real solution of the system proves nothing, but that there is none does.
    `reuse` may know some of it from other allocations.
    """

    system: SquareSystem
    support: Support
    is_faithful: bool
    seed: int
    effort: Effort
    reuse: Reuse = field(default_factory=Reuse, compare=False)
    deadline: Deadline = field(default=NEVER, compare=False)

    @cached_property
    def blocks(self) -> list[SquareSystem]:
        """Smaller systems to be solved one after the other."""
        return self.system.blocks(self.support)

    @cached_property
    def degrees(self) -> tuple[Degree | Open, ...]:
        """The degree of each block, or why it is open; nothing is computed after an open one."""
        found: list[Degree | Open] = []
        for block in self.blocks:
            if found and isinstance(found[-1], Open):
                found.append(Open("another block is open"))
            else:
                found.append(self.reuse.degree(block, self.seed, self.effort, self.deadline))
        return tuple(found)

    @cached_property
    def known(self) -> tuple[Degree, ...] | None:
        """The degrees of all blocks, None if one is open."""
        known = tuple(degree for degree in self.degrees if isinstance(degree, Degree))
        return known if len(known) == len(self.degrees) else None

    @property
    def degree(self) -> int | None:
        """The degree of the allocation, None if it is open."""
        if self.known is None or not self.is_faithful:
            return None
        return math.prod(degree.value for degree in self.known)

    @property
    def error_bound(self) -> float:
        """Probability that one of the known degrees is wrong, at most."""
        return sum(degree.error_bound for degree in self.known or ())

    @property
    def source(self) -> str:
        """How the degree is known, in words."""
        ways = sorted({degree.by["by"] for degree in self.known or ()})
        words = " and ".join(_WAYS[way] for way in ways)
        error = self.error_bound
        return words + (f"; wrong with probability at most {error:.1e}" if error else "")

    @property
    def open_reason(self) -> str:
        """Why the class is open: the first degree that is, or the search for a witness."""
        for degree in self.degrees:
            if isinstance(degree, Open):
                return degree.reason
        return self.witness.reason if isinstance(self.witness, Open) else "nothing is open"

    @property
    def limited_by(self) -> str | None:
        """What ended the search where it stayed open: `seconds`, `degree`, `instances` or None."""
        limits = [degree.limit for degree in self.degrees if isinstance(degree, Open)]
        witness = self.__dict__.get("witness")  # asking would look for one
        limits += [witness.limit] if isinstance(witness, Open) else []
        late = "seconds" if self.deadline.has_passed else None
        return next((limit for limit in limits if limit is not None), late)

    @cached_property
    def certified(self) -> tuple[Certified | None, ...]:
        """For each block a rational instance with boxes around its solutions, if one was found."""
        assert self.known is not None
        results = [
            self.reuse.certified(degree, self.seed, self.effort, self.deadline)
            for degree in self.known
        ]
        return tuple(None if isinstance(result, Open) else result for result in results)

    @property
    def is_met(self) -> bool:
        """Whether solutions that meet every Bezout bound above 1 are certified."""
        return not any(
            certified is None and degree.value > 1 and degree.by["by"] == "bezout"
            for degree, certified in zip(self.known or (), self.certified, strict=True)
        )

    @cached_property
    def witness(self) -> Certified | Open:
        """A closed part of the system with an instance that has non-real solutions only."""
        reasons, limits = [], []
        for block, degree in zip(self.blocks, self.degrees, strict=True):
            if isinstance(degree, Open):
                reasons.append(degree.reason)
                limits.append(degree.limit)
            if isinstance(degree, Open) or degree.value % 2:
                continue
            part = block.with_ancestors(self.blocks, self.support)
            whole = degree
            if part is not block:
                whole = self.reuse.degree(part, self.seed, self.effort, self.deadline)
            found = whole
            if isinstance(whole, Degree):
                found = self.reuse.witness(whole, self.seed, self.effort, self.deadline)
            if isinstance(found, Certified):
                return found
            assert isinstance(found, Open)
            reasons.append(found.reason)
            limits.append(found.limit)
        limit = next((limit for limit in limits if limit is not None), None)
        return Open("; ".join(reasons) or "every degree is odd", limit)
