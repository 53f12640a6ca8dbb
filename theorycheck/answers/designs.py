"""Design: an allocation of a given budget that is proved good, or the proof that none is.

Good is maximal, for nonlinear networks at least positive: see `proposals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from ..theorems import t01_positivity, t10_shallow_relu, t11_analytic
from ..verdict import Expressivity, Verdict
from .orders import PREFERENCES, Plan, Prefer, even_order, extend_evenly, plans
from .proposals import SOME_DEGREES, Candidates, Proposal
from .staged import staged

_MOST_LISTED = 2**27  # candidates, of which a mask is made without a second thought
_STAGED = 2  # choices that a plan is to prove
_SHARE = 0.25  # of the time, after which even orders give way to them


@dataclass(frozen=True, repr=False)
class Design(Shown):
    """What `design` returns.

    `outcome` is `found` (then `proposal` holds the allocation and its proof: that it is maximal, or
    for nonlinear networks that a match is possible), `impossible` (then
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
        """How it was found and why it is good, or why there is none."""
        if self.proposal is None:
            style = "bold red" if self.outcome == "impossible" else "bold yellow"
            return [Paragraph(self.outcome.upper(), self.reason, style)]
        preferred = "" if self.as_preferred else "; not as preferred, that was not found"
        found = self.proposal.verdict.expressivity
        is_maximal = found is Expressivity.MAXIMAL
        meaning = "" if is_maximal else f": {found.meaning}"
        style = "bold green" if is_maximal else "bold yellow"
        head = Paragraph(str(found).upper(), f"{self.method}{preferred}{meaning}", style)
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

    Of nonlinear networks one is sought whose rank is D, so that a match is possible (T11); it is
    maximal only if its verdict says so.

    `within` maps weight names to the weights that may be learned (default: all present ones).
    Along one order of preference after the other (`orders.plans`: 8 random even orders first for
    `spread`, single layers first for `few-layers`) it takes a basis of D independent weights and
    more up to the budget (T0 keeps that maximal), until `classify` proves the result. After the
    even orders `spread` makes a plan (T13, T14) and then its weights, where the network is dense
    and the budget above D: these are spread over all layers, and proved at any size. It is
    impossible if the budget is below D (T1), or if even learning all of `within` is not maximal
    (T0). What is left is `open`.

    Other options are those of `classify`; `seconds` limit the whole search (0: no degrees), degrees
    are asked for in a last round, where `effort` limits each, and `progress` is told what is tried.
    Raises `InputError` for arguments out of range and networks whose ranks do not tell whether a
    match is possible (activations of several families, residual layers with kinks), `SizeError`
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
        self._good: Design | None = None  # not maximal, of a nonlinear network
        self._tried = 0

    def run(self, choices: Iterable[Plan], prefer: Prefer) -> Design:
        """The outcome, also if the time is up."""
        try:
            return self._run(choices, prefer)
        except OutOfTimeError as error:
            if self._good is not None:
                return self._good
            reason = f"none found in {self._tried} choices, {error}; there may be one"
            return self._open(reason, "seconds")

    def _run(self, choices: Iterable[Plan], prefer: Prefer) -> Design:
        if self._budget < self._candidates.dimension:
            return self._too_few()
        self._candidates.check_size()
        full = []
        if prefer == "spread":
            choices = self._with_staged(choices)
        for plan in self._candidates.options.deadline.watch(choices, "the list of choices"):
            if self._good is not None and plan.kind != "layer":
                continue  # one layer alone may be maximal, other choices are as good as this one
            self._tried += 1
            self._tell(Progress(f"{plan.what} ({self._tried})"))
            is_staged = plan.kind == "staged"
            basis = plan.groups[0] if is_staged else self._candidates.basis(plan.order)
            is_short = len(basis) < self._candidates.dimension
            if is_short and (self._candidates.has_patterns or self._refutation() is not None):
                break
            only_choice = self._budget == self._candidates.everything.n_learnable
            chosen = self._filled(plan, basis, prefer)
            thorough = only_choice or is_staged or plan.kind == "even"
            proposal = self._candidates.prove(chosen, basis, thorough=thorough)
            if proposal is not None:
                found = self._found(proposal, plan, chosen, basis, prefer)
                if proposal.verdict.expressivity is Expressivity.MAXIMAL:
                    return found
                self._good = self._good or found
            elif len(basis) == self._candidates.dimension:
                full.append((chosen, basis, plan))
            if only_choice:
                break
        return self._good or self._by_degree(full, prefer) or self._failed()

    def _with_staged(self, choices: Iterable[Plan]) -> Iterator[Plan]:
        """The choices, and after the even ones, or where these take long, those made for a plan."""
        deadline, waiting = self._candidates.options.deadline, True
        until = (1 - _SHARE) * deadline.left
        for plan in choices:
            if waiting and (plan.kind != "even" or deadline.left < until):
                waiting = False
                yield from self._staged()
            yield plan

    def _staged(self) -> Iterator[Plan]:
        """Spread over the layers such that a plan solves the equations of the first group."""
        candidates = self._candidates
        rng = np.random.default_rng(candidates.options.seed)
        allowed = dict(candidates.everything.masks("learnable"))
        for _ in range(_STAGED if candidates.everything.is_dense else 0):
            samples = candidates.effective_samples
            core = staged(candidates.network, allowed, samples, self._budget, rng)
            if core is not None:
                taken = set(core)
                rest = [entry for entry in even_order(allowed, rng) if entry not in taken]
                yield Plan("staged", "spread over all layers by a plan", (core, rest))

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
        chosen, basis, plan = full[number]
        return self._found(proposal, plan, chosen, basis, prefer)

    def _filled(self, plan: Plan, basis: list[Entry], prefer: Prefer) -> list[Entry]:
        """The basis and more entries up to the budget."""
        if prefer == "spread" and plan.kind != "even":
            return extend_evenly(basis, plan.order, self._budget)
        taken = set(basis)
        others = [entry for entry in plan.order if entry not in taken]
        return [*basis, *others[: self._budget - len(basis)]]

    def _found(
        self,
        proposal: Proposal,
        plan: Plan,
        chosen: list[Entry],
        basis: list[Entry],
        prefer: Prefer,
    ) -> Design:
        preferred = set(plan.groups[0])
        kinds = ("even", "staged") if prefer == "spread" else ("layer",)
        kept = plan.kind in kinds and preferred >= set(basis)
        method = plan.what
        if plan.kind == "layer" and not preferred >= set(chosen):
            method = f"{method.removesuffix(' only')} first, others elsewhere"
        verdict = proposal.verdict
        reason = f"{method}: {verdict.expressivity} by {verdict.theorem}, {verdict.reason}"
        if proposal.by_part:
            reason += f" (of {proposal.core.n_learnable} of them, which is enough by T0)"
        return Design(
            "found",
            self._candidates.samples,
            self._budget,
            reason,
            proposal,
            method=method,
            as_preferred=kept,
            tried=self._tried,
        )

    def _too_few(self) -> Design:
        """Below D nothing helps; the certificate is the count of any allocation of the budget.

        Open where D is only known from above (piecewise linear networks).
        """
        if self._candidates.everything.n_learnable > _MOST_LISTED:
            self._candidates.check_size()  # not even a mask should be made
        blocks = entries(self._candidates.everything, "learnable", max(self._budget, 1))
        listed = ((name, tuple(index)) for name, block in blocks for index in block.tolist())
        verdict = self._candidates.classify(
            self._candidates.with_learnable([*islice(listed, self._budget)]),
            theorems=(t01_positivity.THEOREM, t10_shallow_relu.THEOREM, t11_analytic.THEOREM),
        )
        if not self._candidates.refutes(verdict):
            return self._open(
                f"it is not known whether the budget is enough: {verdict.reason}", None
            )
        return self._impossible(f"{verdict.theorem}: {verdict.reason}", verdict)

    def _failed(self) -> Design:
        verdict = self._refutation()
        if verdict is not None:
            aim = "maximal" if self._candidates.aims_at_maximal else "enough for a match"
            reason = f"even learning all candidates is not {aim}, so nothing inside is (T0): "
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
        """The verdict on all candidates, if it proves that no part of them is good."""
        if self._everything is None:
            self._everything = self._candidates.classify(self._candidates.everything)
        return self._everything if self._candidates.refutes(self._everything) else None
