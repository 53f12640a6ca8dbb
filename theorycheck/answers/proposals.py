"""Allocations put forward as maximal, with what proves them: shared by designs and repairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from ..computing.effort import Effort
from ..computing.options import Options
from ..display.paragraphs import Paragraph, rigor_in_words
from ..errors import InputError, SizeError
from ..problem.allocation import Allocation
from ..problem.files import problem_to_dict
from ..problem.masks import Entry
from ..problem.networks.base import Network
from ..ranks.bases import masks_with
from ..ranks.generic_rank import required_bytes
from ..theorems.analysis import Analysis
from ..theorems.base import Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity, Verdict
from .classification import verdict_on

# Many allocations are tried, so the first round asks for no degree; a witness proves no maximum.
NO_DEGREES = Effort(degree=0)
SOME_DEGREES = Effort(seconds=2.0, degree=20, instances=0, bases=2)
_MOST_DEGREES = 2


@dataclass(frozen=True)
class Proposal:
    """An allocation that is proved maximal: `verdict` says so of `core`, which it contains (T0).

    Mostly `core` is the allocation itself; where that is left open it is a part of it.
    """

    allocation: Allocation
    core: Allocation
    verdict: Verdict

    @property
    def by_part(self) -> bool:
        """Whether the proof is that of a smaller allocation."""
        return self.core is not self.allocation

    def paragraphs(self) -> list[Paragraph]:
        """Why it is maximal, and how sure that is."""
        verdict = self.verdict
        reason = f"{verdict.theorem}: {verdict.reason}"
        if self.by_part:
            part = f"{self.core.n_learnable} of the learnable weights are enough (T0)"
            reason = f"{part}; of these {reason}"
        kind = verdict.certificate.kind if verdict.certificate else "none"
        rigor = f"{rigor_in_words(verdict.error_bound)}; certificate: {kind}"
        return [Paragraph("because", reason), Paragraph("rigor", rigor)]

    def to_dict(self, samples: int) -> dict[str, Any]:
        """The allocation (and the core, if it is another) as an allocation file; the verdict."""
        core = {"core": problem_to_dict(self.core, samples)} if self.by_part else {}
        problem = problem_to_dict(self.allocation, samples)
        return {"allocation": problem, **core, "verdict": self.verdict.to_dict()}


@dataclass(frozen=True)
class Candidates:
    """Weights that may be learned: the learnables of `everything`, a linear network's.

    The effort of the `options` is for one allocation in the last round; before it no degree is
    asked for. Their deadline is for all: what is computed after it raises `OutOfTimeError`.

    Raises `InputError` for networks that are not linear.
    """

    everything: Allocation
    samples: int
    options: Options

    def __post_init__(self) -> None:
        network = self.network
        if not network.is_linear:
            raise InputError(
                f"repairs and designs are sought for linear networks only, not for {network.title};"
                f" classify and explain tell what of a {network.title} network lacks"
            )
        object.__setattr__(self, "samples", self.analysis(self.everything).samples)

    @property
    def network(self) -> Network:
        """The network."""
        return self.everything.network

    @cached_property
    def dimension(self) -> int:
        """The target dimension D(m), proved from below; may raise `SizeError`."""
        return self.analysis(self.everything).target.value

    def check_size(self) -> None:
        """Raise `SizeError` before the entries are listed if their Jacobian is too large."""
        needed = required_bytes(self.everything, self.samples, self.everything.n_learnable)
        limit = self.options.memory_limit
        if needed > limit:
            raise SizeError(
                f"choosing among {self.everything.n_learnable} weights needs about "
                f"{needed / 2**30:.3g} GiB, more than the limit of {limit / 2**30:.3g}"
            )

    def analysis(self, allocation: Allocation) -> Analysis:
        """The analysis of an allocation, in which no degree is sought."""
        return Analysis(allocation, self.samples, replace(self.options, effort=NO_DEGREES))

    def with_learnable(self, entries: Sequence[Entry]) -> Allocation:
        """The allocation whose learnables are `entries`."""
        masks = masks_with(self.network, entries)
        return Allocation(self.network, masks, self.everything.given_present())

    def basis(self, order: Sequence[Entry]) -> list[Entry]:
        """The first basis along the order, of at most D entries."""
        return self.analysis(self.everything).basis(order, self.dimension)

    def classify(
        self,
        allocation: Allocation,
        effort: Effort = NO_DEGREES,
        theorems: Sequence[Theorem] = THEOREMS,
    ) -> Verdict:
        """The verdict on an allocation with these options."""
        return verdict_on(allocation, self.samples, self.options.with_effort(effort), theorems)

    def prove(
        self, chosen: Sequence[Entry], basis: Sequence[Entry], *, thorough: bool = True
    ) -> Proposal | None:
        """`chosen` as a proposal if it, or its part `basis`, is found to be maximal, else None.

        Without `thorough` the part has to be: cheaper, since `classify` tries many parts (T0).
        """
        core = self.with_learnable(basis)
        part = self.classify(core)
        is_proved = part.expressivity is Expressivity.MAXIMAL
        if len(basis) == len(chosen):
            return Proposal(core, core, part) if is_proved else None
        if not is_proved and not thorough:
            return None
        allocation = self.with_learnable(chosen)
        whole = self.classify(allocation)
        if whole.expressivity is Expressivity.MAXIMAL:
            return Proposal(allocation, allocation, whole)
        return Proposal(allocation, core, part) if is_proved else None

    def prove_by_degree(
        self, candidates: Iterable[tuple[list[Entry], list[Entry]]]
    ) -> tuple[int, Proposal] | None:
        """The first of some (chosen, basis) whose basis is maximal by an odd degree (T6)."""
        for number, (chosen, basis) in enumerate(islice(candidates, _MOST_DEGREES)):
            self.options.deadline.check("the search for degrees")
            core = self.with_learnable(basis)
            part = self.classify(core, effort=self.options.effort)
            if part.expressivity is Expressivity.MAXIMAL:
                same = len(basis) == len(chosen)
                whole = core if same else self.with_learnable(chosen)
                return number, Proposal(whole, core, part)
        return None
