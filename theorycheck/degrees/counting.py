"""What counts of solutions at random points modulo random primes tell of a degree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Count:
    """Solutions of the instance (`seed`, `trial`), counted modulo `prime` by `program`."""

    count: int
    prime: int
    program: str
    seed: int
    trial: int


@dataclass(frozen=True)
class Counted:
    """A degree by independent draws; `unknown` is the learnable of the one polynomial, if any.

    `degree` is a proved lower bound; `error_bound` bounds the probability that it is too small.
    """

    by: str
    degree: int
    error_bound: float
    draws: tuple[Count, ...]
    unknown: int | None = None

    def to_evidence(self) -> dict[str, Any]:
        """What is claimed, as plain data: whoever checks it draws points of his own."""
        unknown = {} if self.unknown is None else {"unknown": self.unknown}
        return {"by": self.by, **unknown, "error_bound": self.error_bound}


def drawn(
    counts: Iterable[Count | None], error: float, *, least: int = 2, most: int, enough: float
) -> tuple[Count, ...] | None:
    """The counts of `least` draws, or of more: up to `most` while error^draws exceeds `enough`.

    None if one of them is.

    >>> counts = (Count(3, 5, "by hand", 0, trial) for trial in range(9))
    >>> len(drawn(counts, 0.1, most=8, enough=1e-6))
    6
    """
    found: list[Count] = []
    for count in counts:
        if count is None:
            return None
        found.append(count)
        is_enough = error ** len(found) <= enough or error == 1.0 or len(found) >= most
        if len(found) >= least and is_enough:
            return tuple(found)
    raise AssertionError("unreachable: there is another trial")
