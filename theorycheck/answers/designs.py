"""Design: an allocation of a given budget that is proved maximal, or the proof that none is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..computing.backend import array_module
from ..computing.effort import DEFAULT_SECONDS, Effort, divided
from ..computing.options import Options
from ..computing.progress import Progress, Teller, Watch, watching
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..errors import InputError, OutOfTimeError, nearest, shown
from ..problem.allocation import Allocation
from ..problem.masks import Entry
from ..problem.networks.base import Network
from ..problem.placement import allowed_masks, check_choice
from ..ranks.jacobian import entries
from ..theorems import t01_positivity
from ..verdict import Verdict
from .orders import PREFERENCES, Plan, Prefer, extend_evenly, plans
from .proposals import SOME_DEGREES, Candidates, Proposal

_MOST_LISTED = 2**27  # candidates, of which a mask is made without a second thought


@dataclass(frozen=True, repr=False)
class Design(Shown):
    """What `design` returns.

    `outcome` is `found` (then `proposal` holds the allocation and its proof), `impossible` (then
    `refutation` is the verdict that proves it) or `open`: none was found, which does not say that
    there is none. `method` is how the learnables were chosen, `reason` the outcome in words,
    `as_preferred` whether the preference could be kept, and `tried` the number of choices made.
    `limited_by` is `seconds` where the time was up before all choices were made, else None.
    """

    outcome: Literal["found", "impossible", "open"]
    samples: int
    budget: int
    reason: str
    proposal: Proposal | None = None
    refutation: Verdict | None = None
    method: str | None = None
    as_preferred: bool = False
    tried: int = 0
    limited_by: str | None = None

    @property
    def allocation(self) -> Allocation | None:
        """The allocation found, or None."""
        return self.proposal.allocation if self.proposal else None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that proves a design or its impossibility; None if the question is open."""
        return self.proposal.verdict if self.proposal else self.refutation

    def paragraphs(self) -> list[Paragraph]:
        """How it was found and why it is maximal, or why there is none."""
        if self.proposal is None:
            style = "bold red" if self.outcome == "impossible" else "bold yellow"
            return [Paragraph(self.outcome.upper(), self.reason, style)]
        preferred = "" if self.as_preferred else "; not as preferred, that was not found"
        head = Paragraph("MAXIMAL", f"{self.method}{preferred}", "bold green")
        return [head, *self.proposal.paragraphs()]

    def to_dict(self) -> dict[str, Any]:
        """The object that `design --json` prints, without the key `file`."""
        found: dict[str, Any] = {"allocation": None}
        if self.proposal is not None:
            found = self.proposal.to_dict(self.samples)
        else:
            found["verdict"] = self.refutation.to_dict() if self.refutation else None
        return {
            "outcome": self.outcome,
            "samples": self.samples,
            "budget": self.budget,
            "reason": self.reason,
            "method": self.method,
            "as_preferred": self.as_preferred,
            "tried": self.tried,
            "limited_by": self.limited_by,
            **found,
        }


def design(
    network: Network,
    samples: int,
    budget: int,
    within: Mapping[str, ArrayLike] | None = None,
    present: Mapping[str, ArrayLike] | None = None,
    prefer: Prefer = "spread",
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    seconds: float = DEFAULT_SECONDS,
    effort: Effort = SOME_DEGREES,
    progress: Watch = False,
) -> Design:
    """An allocation of exactly `budget` learnables in the masks `within` that is proved maximal.

    `within` maps weight names to the weights that may be learned (default: all present ones).
    Along one order of preference after the other (`orders.plans`: 8 random even orders first for
    `spread`, single layers first for `few-layers`) it takes a basis of D independent weights and
    more up to the budget (T0 keeps that maximal), until `classify` proves the result. It is
    impossible if the budget is below D (T1), or if even learning all of `within` is not maximal
    (T0). What is left is `open`.

    Other options are those of `classify`; `seconds` limit the whole search (0: no degrees), degrees
    are asked for in a last round, where `effort` limits each, and `progress` is told what is tried.
    Raises `InputError` for arguments out of range and networks that are not linear, `SizeError`
    where a Jacobian would exceed `memory_limit`.

    >>> from theorycheck import LinearFeedforward
    >>> found = design(LinearFeedforward([3, 4, 2]), samples=3, budget=6)
    >>> found.outcome, found.allocation.counts, found.verdict.expressivity.value
    ('found', {'W1': 3, 'W2': 3}, 'maximal')
    >>> design(LinearFeedforward([3, 4, 2]), samples=3, budget=5).outcome
    'impossible'
    """
    if prefer not in PREFERENCES:
        wrong = f"{shown(prefer)}{nearest(prefer, PREFERENCES)}"
        raise InputError(f"prefer must be {' or '.join(PREFERENCES)}, not {wrong}")
    allowed = allowed_masks(network, present, within)
    rng = np.random.default_rng(0)
    check_choice(allowed, budget, rng)
    everything = Allocation(network, allowed, present)
    deadline, each = divided(seconds, effort)
    options = Options(seed, error_bound, memory_limit, array_module(backend), each, deadline)
    candidates = Candidates(everything, samples, options)
    rng = np.random.default_rng(seed)  # the seed is checked by now
    with watching(progress, "design") as tell:
        search = _DesignSearch(candidates, budget, tell)
        return search.run(plans(candidates.network, allowed, prefer, rng), prefer)


class _DesignSearch:
    """Tries one plan after the other and tells the outcome."""

    def __init__(self, candidates: Candidates, budget: int, tell: Teller) -> None:
        self._candidates, self._budget, self._tell = candidates, budget, tell
        self._everything: Verdict | None = None
        self._tried = 0

    def run(self, choices: Iterable[Plan], prefer: Prefer) -> Design:
        """The outcome, also if the time is up."""
        try:
            return self._run(choices, prefer)
        except OutOfTimeError as error:
            reason = f"none found in {self._tried} choices, {error}; there may be one"
            return self._open(reason, "seconds")

    def _run(self, choices: Iterable[Plan], prefer: Prefer) -> Design:
        if self._budget < self._candidates.dimension:
            return self._too_few()
        self._candidates.check_size()
        full = []
        for plan in self._candidates.options.deadline.watch(choices, "the list of choices"):
            self._tried += 1
            self._tell(Progress(f"{plan.what} ({self._tried})"))
            basis = self._candidates.basis(plan.order)
            if len(basis) < self._candidates.dimension and self._refutation() is not None:
                break
            only_choice = self._budget == self._candidates.everything.n_learnable
            chosen = self._filled(plan, basis, prefer)
            thorough = only_choice or plan.kind == "even"
            proposal = self._candidates.prove(chosen, basis, thorough=thorough)
            if proposal is not None:
                return self._found(proposal, plan, basis, prefer)
            if len(basis) == self._candidates.dimension:
                full.append((chosen, basis, plan))
            if only_choice:
                break
        return self._by_degree(full, prefer) or self._failed()

    def _by_degree(
        self, full: list[tuple[list[Entry], list[Entry], Plan]], prefer: Prefer
    ) -> Design | None:
        """A second round for bases that no cheaper theorem decided, unless nothing can help."""
        if not full or self._refutation() is not None:
            return None
        self._tell(Progress("degrees"))
        found = self._candidates.prove_by_degree((chosen, basis) for chosen, basis, _ in full)
        if found is None:
            return None
        number, proposal = found
        _, basis, plan = full[number]
        return self._found(proposal, plan, basis, prefer)

    def _filled(self, plan: Plan, basis: list[Entry], prefer: Prefer) -> list[Entry]:
        """The basis and more entries up to the budget."""
        if prefer == "spread" and plan.kind != "even":
            return extend_evenly(basis, plan.order, self._budget)
        taken = set(basis)
        others = [entry for entry in plan.order if entry not in taken]
        return [*basis, *others[: self._budget - len(basis)]]

    def _found(self, proposal: Proposal, plan: Plan, basis: list[Entry], prefer: Prefer) -> Design:
        inside = set(basis) <= set(plan.groups[0])
        kept = plan.kind == ("even" if prefer == "spread" else "layer") and inside
        reason = f"{plan.what}: maximal by {proposal.verdict.theorem}, {proposal.verdict.reason}"
        if proposal.by_part:
            reason += f" (of {proposal.core.n_learnable} of them, which is enough by T0)"
        return Design(
            "found",
            self._candidates.samples,
            self._budget,
            reason,
            proposal,
            method=plan.what,
            as_preferred=kept,
            tried=self._tried,
        )

    def _too_few(self) -> Design:
        """Below D nothing helps; the certificate is the count of any allocation of the budget."""
        if self._candidates.everything.n_learnable > _MOST_LISTED:
            self._candidates.check_size()  # not even a mask should be made
        blocks = entries(self._candidates.everything, "learnable", max(self._budget, 1))
        listed = ((name, tuple(index)) for name, block in blocks for index in block.tolist())
        verdict = self._candidates.classify(
            self._candidates.with_learnable([*islice(listed, self._budget)]),
            theorems=(t01_positivity.THEOREM,),
        )
        return self._impossible(f"T1: {verdict.reason}", verdict)

    def _failed(self) -> Design:
        verdict = self._refutation()
        if verdict is not None:
            reason = "even learning all candidates is not maximal, so nothing inside is (T0): "
            reason += f"{verdict.theorem}, {verdict.reason}"
            return self._impossible(reason, verdict)
        return self._open(
            f"none found in {self._tried} choices; this does not say that there is none", None
        )

    def _open(self, reason: str, limited_by: str | None) -> Design:
        return Design(
            "open",
            self._candidates.samples,
            self._budget,
            reason,
            tried=self._tried,
            limited_by=limited_by,
        )

    def _impossible(self, reason: str, verdict: Verdict) -> Design:
        return Design(
            "impossible",
            self._candidates.samples,
            self._budget,
            reason,
            refutation=verdict,
            tried=self._tried,
        )

    def _refutation(self) -> Verdict | None:
        """The verdict on all candidates, if it proves that they are not maximal."""
        if self._everything is None:
            self._everything = self._candidates.classify(self._candidates.everything)
        return self._everything if self._everything.expressivity.refutes_maximal else None
