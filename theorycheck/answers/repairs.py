"""Repair: few swaps of learnable for frozen weights that make an allocation good.

Good is maximal, for nonlinear networks at least positive: see `proposals`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ..computing.backend import array_module
from ..computing.effort import DEFAULT_SECONDS, Effort, divided
from ..computing.options import Options
from ..computing.progress import Progress, Teller, Watch, watching
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..errors import InputError, OutOfTimeError, nearest, shown
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.masks import Entry, entries_of, entry_name
from ..theorems import t09_peeling, t13_staged_plans, t14_levels
from ..theorems.base import not_dense_layers
from ..verdict import Expressivity, Verdict
from .completions import completions
from .orders import Plan, plans
from .proposals import SOME_DEGREES, Candidates, Proposal

_THOROUGH = 8  # so many candidates are looked at thoroughly
_SHARE = 0.5  # of the time that is left, after which no more bases are listed
_PLANS = (t09_peeling.THEOREM, t13_staged_plans.THEOREM, t14_levels.THEOREM)


@dataclass(frozen=True)
class Move:
    """One learnable more, and one less unless `freeze` is None."""

    freeze: Entry | None
    learn: Entry

    def __str__(self) -> str:
        swap = f"freeze {entry_name(self.freeze)}, " if self.freeze else ""
        return f"{swap}learn {entry_name(self.learn)}"


@dataclass(frozen=True, repr=False)
class Repair(Shown):
    """What `repair` returns.

    `outcome` is `maximal` (nothing to do), `positive` (a match is possible, which is all that is
    sought for nonlinear networks), `repaired` (`proposal` holds the allocation after the `moves`,
    and its proof) or `open`: no repair was found, which does not say that there is none.
    Any repair learns at least `least` weights that are frozen now; `optimal` tells that the moves
    are as few, and `least_error_bound` bounds the probability that `least` is too large (0: it is
    proved). `before` is the verdict on the allocation as given. `limited_by` is `seconds` where the
    time was up before all choices were tried, else None.
    """

    outcome: Literal["maximal", "positive", "repaired", "open"]
    samples: int
    reason: str
    before: Verdict
    moves: tuple[Move, ...] = ()
    proposal: Proposal | None = None
    least: int = 0
    least_error_bound: float = 0.0
    limited_by: str | None = None

    @property
    def optimal(self) -> bool:
        """Whether no repair has fewer moves."""
        return self.outcome != "open" and len(self.moves) == self.least

    @property
    def allocation(self) -> Allocation | None:
        """The repaired allocation, None if there is none or nothing to do."""
        return self.proposal.allocation if self.proposal else None

    @property
    def verdict(self) -> Verdict:
        """The verdict after the moves, of the allocation as given if there are none."""
        return self.proposal.verdict if self.proposal else self.before

    def paragraphs(self) -> list[Paragraph]:
        """What the repair makes of it, why, and the moves; or why there is none."""
        before = str(self.before.expressivity).upper()
        if self.proposal is None:
            style = "bold green" if self.outcome == "maximal" else "bold yellow"
            return [Paragraph(before, self.reason, style)]
        found = self.proposal.verdict.expressivity
        style = "bold green" if found is Expressivity.MAXIMAL else "bold yellow"
        head = Paragraph(str(found).upper(), f"instead of {before} after {self.reason}", style)
        return [head, *self.proposal.paragraphs(), *(Paragraph("move", str(m)) for m in self.moves)]

    def to_dict(self) -> dict[str, Any]:
        """The object that `repair --json` prints, without the key `file`."""
        found: dict[str, Any] = {"allocation": None, "verdict": self.before.to_dict()}
        if self.proposal is not None:
            found = self.proposal.to_dict(self.samples)
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "moves": [_move_to_dict(move) for move in self.moves],
            "optimal": self.optimal,
            "least": self.least,
            "least_error_bound": self.least_error_bound,
            "limited_by": self.limited_by,
            **found,
        }


def _move_to_dict(move: Move) -> dict[str, Any]:
    entries = {"freeze": move.freeze, "learn": move.learn}
    return {key: entry and [entry[0], *entry[1]] for key, entry in entries.items()}


def repair(
    allocation: Allocation,
    samples: int,
    budget: Literal["same", "more"] = "same",
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    seconds: float = DEFAULT_SECONDS,
    effort: Effort = SOME_DEGREES,
    progress: Watch = False,
) -> Repair:
    """Few moves that make `allocation` maximal on `samples` inputs, as `classify` proves.

    For nonlinear networks they make a match possible: the rank is then D (T11), and the allocation
    is maximal only if the verdict says so.

    With `budget` `same` a move freezes one weight for each that it learns; only below D learnables,
    where no repair within the budget exists (T1), some moves are additions. With `more` all are.

    How many are needed: each weight learned raises the rank by at most 1 and a maximal allocation
    has rank D (T1), so any repair learns at least D - rank(A). Where degrees decide (T3, T4 with
    a = 0 or b = 0, T5 readout, D = lines x needed) the Jacobian has a block for every line, in
    which any `needed` columns are independent: rank(A) = sum of min(learnables, needed), the bound
    is the total deficiency of the lines, and it is a proof. Moving surplus learnables there
    attains it. Elsewhere the rank comes with its error bound. Of piecewise linear networks a bound
    on the rank in every pattern takes its place (T11).

    Bases of D weights are tried along one order of preference after the other: first those that
    keep an independent part of the learnables as large as the rank (matroid exchange; these attain
    the bound), then, fewest moves first, those that stay inside a region without conflicts and,
    in dense linear feed-forward networks, those that a plan uses (T13, T14) once lines and levels
    are completed that lack the fewest learnables. Of the additions found there only so many are
    kept as a plan still needs, by bisection: fewer may do.

    `seconds` and the other options are those of `design`, and so are the errors raised.

    >>> from theorycheck import LinearFeedforward
    >>> rows = Allocation(LinearFeedforward([3, 2]), {"W1": [[1, 0, 0], [1, 1, 1]]})
    >>> repaired = repair(rows, samples=2)
    >>> len(repaired.moves), repaired.optimal, repaired.allocation.mask("W1").sum(axis=1).tolist()
    (1, True, [2, 2])
    """
    if budget not in ("same", "more"):
        hint = nearest(budget, ("same", "more"))
        raise InputError(f"budget must be same or more, not {shown(budget)}{hint}")
    check_allocation(allocation)
    present = allocation.given_present()
    everything = Allocation.full(allocation.network, present)
    deadline, each = divided(seconds, effort)
    options = Options(seed, error_bound, memory_limit, array_module(backend), each, deadline)
    candidates = Candidates(everything, samples, options, near=allocation)
    with watching(progress, "repair") as tell:
        return _RepairSearch(candidates, allocation, budget == "same", tell).run()


class _RepairSearch:
    """The candidates for the repair of one allocation."""

    def __init__(
        self, candidates: Candidates, allocation: Allocation, may_freeze: bool, tell: Teller
    ) -> None:
        self._candidates, self._allocation, self._tell = candidates, allocation, tell
        self._may_freeze = may_freeze
        self._tried = 0

    def run(self) -> Repair:
        """The outcome, also if the time is up."""
        before = self._candidates.classify(self._allocation, effort=self._candidates.options.effort)
        self._bound = int(before.expressivity.refutes_maximal), before.error_bound
        try:
            return self._run(before)
        except OutOfTimeError as error:
            reason = f"no repair found in {self._tried} choices, {error}; there may be one"
            return self._open(reason, before, "seconds")

    def _run(self, before: Verdict) -> Repair:
        candidates = self._candidates
        if before.expressivity is Expressivity.MAXIMAL:
            return Repair("maximal", candidates.samples, "it is maximal, nothing to do", before)
        if candidates.is_good(before):
            reason = "a match is possible already; whether more can be had is not looked for"
            return Repair("positive", candidates.samples, reason, before)
        candidates.check_size()
        self._kept = entries_of(dict(self._allocation.masks("learnable")))
        self._bound = self._least(before)
        undecided: list[tuple[list[Entry], list[Entry]]] = []
        for basis in candidates.options.deadline.watch(self._bases(), "the search for a repair"):
            self._tried += 1
            self._tell(Progress(f"choice {self._tried}"))
            chosen = self._filled(basis)
            proposal = candidates.prove(chosen, basis, thorough=self._tried <= _THOROUGH)
            if proposal is not None:
                return self._repaired(before, self._with_fewer(basis, proposal))
            undecided.append((chosen, basis))
        found = candidates.prove_by_degree(undecided)
        if found is not None:
            return self._repaired(before, found[1])
        reason = f"no repair found in {self._tried} choices; this does not say that there is none"
        return self._open(reason, before, None)

    def _open(self, reason: str, before: Verdict, limited_by: str | None) -> Repair:
        least, error = self._bound
        return Repair(
            "open",
            self._candidates.samples,
            reason,
            before,
            least=least,
            least_error_bound=error,
            limited_by=limited_by,
        )

    def _repaired(self, before: Verdict, proposal: Proposal) -> Repair:
        least, error = self._bound
        moves = self._moves(proposal.allocation)
        reason = self._reason(moves, least)
        samples = self._candidates.samples
        return Repair("repaired", samples, reason, before, moves, proposal, least, error)

    def _with_fewer(self, basis: list[Entry], proposal: Proposal) -> Proposal:
        """The proposal, or one with fewer of its additions that a plan still proves."""
        kept = set(self._kept)
        stay = [entry for entry in basis if entry in kept]
        added = [entry for entry in basis if entry not in kept]
        rng, candidates = np.random.default_rng(self._candidates.options.seed), self._candidates
        added = [added[k] for k in rng.permutation(len(added))]
        too_few, enough = max(self._bound[0], 1) - 1, len(added)
        while self._may_have_plans and enough - too_few > 1:
            if candidates.options.deadline.has_passed:
                break
            number = (too_few + enough) // 2
            self._tell(Progress(f"{number} of {len(added)} additions"))
            allocation = candidates.with_learnable(self._filled([*stay, *added[:number]]))
            verdict = candidates.classify(allocation, theorems=_PLANS)
            if candidates.is_good(verdict):
                enough, proposal = number, Proposal(allocation, allocation, verdict)
            else:
                too_few = number
        return proposal

    @cached_property
    def _may_have_plans(self) -> bool:
        """Whether T13 and T14 speak of such networks, and there are layers to share."""
        analysis = self._candidates.analysis(self._allocation)
        is_one = len(self._candidates.network.weight_layers) == 1
        return not_dense_layers(analysis, biases=False) is None and not is_one

    def _least(self, before: Verdict) -> tuple[int, float]:
        """A lower bound on the number of moves, and the probability that it is too large."""
        at_least = int(before.expressivity.refutes_maximal)
        certificate = before.certificate
        evidence = certificate.evidence if certificate else {}
        if certificate and certificate.kind == "degree_count":
            deficiency = self._deficiency(evidence)
            if deficiency is not None:
                return max(deficiency, at_least), 0.0
        if self._candidates.has_patterns:
            search = self._candidates.analysis(self._allocation).piecewise
            missing = 0 if search.target is None else search.target - search.most
            return max(missing, at_least), 0.0
        rank = self._candidates.analysis(self._allocation).rank
        bound = max(self._candidates.dimension - rank.value, at_least)
        return bound, rank.error_bound if bound > at_least else before.error_bound

    def _deficiency(self, evidence: dict[str, Any]) -> int | None:
        """Learnables that the lines of the one learnable layer lack, where D = lines x needed."""
        name = evidence["place"].strip("[]").split()[0]
        mask = self._allocation.mask(name)
        if name != evidence["place"]:
            mask = np.column_stack([mask, self._allocation.mask(f"b{name[1:]}")])
        axis = 0 if evidence["axis"] == "rows" else 1
        needed = evidence["needed"]
        if self._candidates.dimension != needed * mask.shape[axis]:
            return None
        return int(np.maximum(needed - mask.sum(1 - axis), 0).sum())

    def _bases(self) -> Iterator[list[Entry]]:
        """Bases of D entries: all that keep most learnables, then the others by their moves.

        Among these are sets of a few more entries than D that plans use, where the budget has room.
        """
        everything = dict(self._candidates.everything.masks("learnable"))
        near = dict(self._allocation.masks("learnable"))
        rng = np.random.default_rng(self._candidates.options.seed)
        every = plans(self._candidates.network, everything, "few-layers", rng, near)
        deadline = self._candidates.options.deadline
        listed = sorted(deadline.watch(every, "the list of choices"), key=self._far)
        kept = set(self._kept)
        seen: set[frozenset[Entry]] = set()
        others: list[list[Entry]] = []
        enough = 0.0
        for first in (True, False):
            for plan in deadline.watch(listed, "the search for a repair"):
                basis = self._candidates.basis(plan.favouring(kept, first=first))
                if len(basis) < self._candidates.dimension or frozenset(basis) in seen:
                    continue
                seen.add(frozenset(basis))
                if first:
                    yield basis
                else:
                    others.append(basis)
                    if self._may_have_plans and deadline.left < enough:
                        break
            enough = (1 - _SHARE) * deadline.left
        if self._may_have_plans:
            room = max(len(kept), self._candidates.dimension) if self._may_freeze else np.inf
            found = completions(self._allocation, self._candidates.samples, rng, deadline)
            others += [core for core in found if len(core) <= room]
        yield from sorted(others, key=lambda basis: len(set(basis) - kept))

    def _far(self, plan: Plan) -> tuple[bool, int]:
        """Layers first, those with most learnables first of all."""
        overlap = len(set(plan.groups[0]) & set(self._kept))
        return (plan.kind != "layer", -overlap if plan.kind == "layer" else 0)

    def _filled(self, basis: list[Entry]) -> list[Entry]:
        """The basis and the other learnables, as many as the budget has room for."""
        taken = set(basis)
        others = [entry for entry in self._kept if entry not in taken]
        size = max(len(self._kept), len(basis))
        return [*basis, *(others[: size - len(basis)] if self._may_freeze else others)]

    def _moves(self, repaired: Allocation) -> tuple[Move, ...]:
        """Swaps, within one weight matrix where possible, then additions."""
        now = set(entries_of(dict(repaired.masks("learnable"))))
        before = set(self._kept)
        freeze, learn = sorted(before - now), sorted(now - before)
        moves: list[Move] = []
        for entry in sorted(learn, key=lambda c: all(c[0] != other[0] for other in freeze)):
            near = next((other for other in freeze if other[0] == entry[0]), None)
            frozen = near or next(iter(freeze), None)
            if frozen:
                freeze.remove(frozen)
            moves.append(Move(frozen, entry))
        return tuple(moves)

    def _reason(self, moves: tuple[Move, ...], least: int) -> str:
        r, needed = len(self._kept), self._candidates.dimension
        words = f"{len(moves)} move{'s' if len(moves) > 1 else ''}"
        fewer = f", at least {least} needed" if least else "; perhaps fewer would do"
        words += ", no repair has fewer" if len(moves) == least else fewer
        if r < needed:
            words += f"; {r} learnable weights are too few ({self._candidates.counts_by}), "
            words += f"{needed - r} had to be added"
        return words
