"""What a property is: cases, a check that may refute a statement on one, and what it claims there.

Nothing here is random by itself: a case carries the seed of whatever a check draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..problem.allocation import Allocation
from ..problem.files import problem_to_dict
from ..verdict import Expressivity, Verdict

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FEWEST = 40  # examples of a costly property, where so many are asked for


@dataclass(frozen=True)
class Case:
    """One example: an allocation, its samples m, and the seed of all further draws."""

    allocation: Allocation
    samples: int
    seed: int = 0

    @property
    def key(self) -> str:
        """The same text for equal cases."""
        return f"{problem_to_dict(self.allocation, self.samples)} {self.seed}"


class Inapplicable(Exception):
    """The statement says nothing about this case, or the check cannot tell."""


@dataclass(frozen=True)
class Prediction:
    """What a statement says about one problem, as a verdict that `compare` can judge."""

    allocation: Allocation
    samples: int
    verdict: Verdict


def predicted(
    case: Case,
    kind: Expressivity,
    reason: str,
    rank: int | None = None,
    target: int | None = None,
    *,
    theorem: str | None = None,
    conditioned_on: str | None = None,
) -> Prediction:
    """A claim about the problem of a case, without a certificate."""
    verdict = Verdict(
        kind,
        theorem=theorem,
        reason=reason,
        certificate=None,
        learnable=case.allocation.n_learnable,
        rank=rank,
        target_dimension=target,
        degree=None,
        error_bound=0.0,
        seed=case.seed,
        seconds=0.0,
        conditioned_on=conditioned_on,
    )
    return Prediction(case.allocation, case.samples, verdict)


Cases: TypeAlias = "SearchStrategy[Case] | Callable[[], SearchStrategy[Case]]"


@dataclass(frozen=True)
class Property:
    """One way to refute the statement `id`.

    `refute(case)` returns the contradiction in words, None if the case agrees with the statement,
    and raises `Inapplicable` where the statement says nothing (such cases are counted, but decide
    nothing). `cases` is a strategy or makes one. `claim(case)` is what the statement claims there
    about a problem, None where it claims nothing: a counterexample is compared with it. A property
    with `share` k gets one example where others get k, and at least `fewest`: see `examples_of`.
    """

    id: str
    name: str
    cases: Cases
    refute: Callable[[Case], str | None]
    share: int = 1
    fewest: int = FEWEST
    claim: Callable[[Case], Prediction | None] | None = None

    @property
    def strategy(self) -> SearchStrategy[Case]:
        """The strategy that draws the cases."""
        return self.cases() if callable(self.cases) else self.cases

    def examples_of(self, examples: int) -> int:
        """How many examples it gets where `examples` are asked for: costly properties fewer.

        >>> Property("T3", "costly", lambda: None, lambda case: None, share=10).examples_of(1000)
        100
        """
        return max(examples // self.share, min(examples, self.fewest))
