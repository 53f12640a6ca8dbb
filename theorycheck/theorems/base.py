"""What a theorem is to the code: an id, a statement, when it applies, and a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..statements import STATEMENTS, Statement
from ..verdict import Expressivity
from .analysis import Analysis


@dataclass(frozen=True)
class Finding:
    """What one theorem says about one allocation.

    `kind` and `evidence` become the certificate; `reason` is for people, and `left_open` tells them
    what it does not decide. `error_bound` is 0 for a proof. `rank` and `target_dimension` are None
    where the theorem did not need them.
    """

    theorem: str
    expressivity: Expressivity
    reason: str
    kind: str
    evidence: dict[str, Any] = field(default_factory=dict)
    rank: int | None = None
    target_dimension: int | None = None
    degree: int | None = None
    error_bound: float = 0.0
    left_open: str = ""

    @property
    def words(self) -> str:
        """The reason, and what is left open."""
        return f"{self.reason}; {self.left_open}" if self.left_open else self.reason


@dataclass(frozen=True)
class Theorem:
    """A theorem that decides, with the same `id` in statement, proof, verdict and test.

    `why_not(analysis)` returns None where the theorem applies, else in words why it does not.
    `decide(analysis)` is called only where it applies; None means that it leaves the case open.
    `count(analysis)` is the part of it that counts, matchings and graphs decide, without the rank
    of the learnables: it is asked of all theorems before anything expensive is asked of one. With
    `only_counts` that is all that it ever asks for. `search(analysis)` takes longest: it is asked
    for where no theorem has decided. `on_given_weights` tells that its proof takes frozen weights
    as constants (T17); others are not asked about given ones.
    """

    id: str
    why_not: Callable[[Analysis], str | None]
    decide: Callable[[Analysis], Finding | None]
    count: Callable[[Analysis], Finding | None] | None = None
    only_counts: bool = False
    search: Callable[[Analysis], Finding | None] | None = None
    on_given_weights: bool = False

    def obstacle(self, analysis: Analysis) -> str | None:
        """Why it says nothing about this analysis, in words, or None."""
        if analysis.weights is not None and not self.on_given_weights:
            return "it is about frozen weights that are random, and here they are given"
        return self.why_not(analysis)

    @property
    def statement(self) -> Statement:
        """What it says in words, and where it comes from."""
        return STATEMENTS[self.id]

    @property
    def title(self) -> str:
        """Its id and name, as in "T6: Odd degree"."""
        return f"{self.id}: {self.statement.name}"

    def ask(self, analysis: Analysis) -> Finding | None:
        """What the theorem says; None if it does not apply or leaves the case open."""
        return self.ask_soon(analysis) or self.ask_search(analysis)

    def ask_soon(self, analysis: Analysis) -> Finding | None:
        """What the theorem says without its search."""
        if self.obstacle(analysis) is not None:
            return None
        return analysis.once(self.decide) if self.only_counts else self.decide(analysis)

    def ask_search(self, analysis: Analysis) -> Finding | None:
        """What the theorem says by its search, if it has one."""
        if self.search is None or self.obstacle(analysis) is not None:
            return None
        return self.search(analysis)

    def ask_count(self, analysis: Analysis) -> Finding | None:
        """What the theorem says without any rank; None if that decides nothing."""
        count = self.decide if self.only_counts else self.count
        if count is None or self.obstacle(analysis) is not None:
            return None
        return analysis.once(count)


def not_dense_layers(analysis: Analysis, *, biases: bool) -> str | None:
    """Why the network is not dense linear feed-forward (with `biases` allowed or not), or None."""
    network = analysis.network
    if not (network.is_linear and network.is_layered):
        return "the network is not linear feed-forward"
    if not analysis.allocation.is_dense:
        return "the network is sparse"
    if network.bias and not biases:
        return "the network has biases"
    return not_random_inputs(analysis)


def not_random_inputs(analysis: Analysis) -> str | None:
    """Why a theorem about random inputs says nothing, or None."""
    return None if analysis.given is None else "the inputs are given, not random"


PHASES = (Theorem.ask_count, Theorem.ask_soon, Theorem.ask_search)  # the cheapest first


def first_final(
    theorems: Sequence[Theorem],
    analysis: Analysis,
    is_wanted: Callable[[Expressivity], bool],
    *,
    only_counts: bool,
) -> Finding | None:
    """The first finding of a wanted class, in the order of the theorems, counts before all else."""
    for ask in PHASES[:1] if only_counts else PHASES:
        for theorem in theorems:
            analysis.options.deadline.check(f"what {theorem.id} says")
            finding = ask(theorem, analysis)
            if finding is not None and is_wanted(finding.expressivity):
                return finding
    return None
