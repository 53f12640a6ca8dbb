"""Allocations put forward as good, with what proves them: shared by designs and repairs.

Good is maximal for linear networks. For nonlinear ones maximality is rarely proved, so what is
sought is a match that is possible at all (T11); a maximal allocation, where one is found, is
preferred.
"""

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
from ..ranks.bases import first_basis, masks_with
from ..ranks.exactness import why_undecided_by_ranks
from ..ranks.generic_rank import required_bytes
from ..ranks.oracle_jacobian import OracleJacobian
from ..theorems.analysis import Analysis
from ..theorems.base import Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity, Verdict
from .classification import verdict_on

_AT_ONCE = Effort(seconds=0)  # what is proved by a part need not be proved at length
SOME_DEGREES = Effort(seconds=2.0, degree=20, instances=0, bases=2)
_MOST_DEGREES = 2


@dataclass(frozen=True)
class Proposal:
    """An allocation that is proved good: `verdict` says so of `core`, which it contains (T0).

    Good is maximal, for nonlinear networks at least positive. Mostly `core` is the allocation
    itself; where that is left open it is a part of it.
    """

    allocation: Allocation
    core: Allocation
    verdict: Verdict

    @property
    def by_part(self) -> bool:
        """Whether the proof is that of a smaller allocation."""
        return self.core is not self.allocation

    def paragraphs(self) -> list[Paragraph]:
        """Why it is good, and how sure that is."""
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
    """Weights that may be learned: the learnables of `everything`.

    The effort of the `options` is for one allocation in the last round; before it no degree is
    asked for, many allocations being tried. Their deadline is for all: what is computed after it
    raises `OutOfTimeError`. Those of a repair are sought `near` an allocation.

    Raises `InputError` for networks whose ranks do not tell whether a match is possible.
    """

    everything: Allocation
    samples: int
    options: Options
    near: Allocation | None = None

    def __post_init__(self) -> None:
        undecided = why_undecided_by_ranks(self.everything)
        if undecided is not None:
            raise InputError(
                "repairs and designs are sought where the rank decides, of linear networks and by "
                f"T11, not of this {self.network.describe()} ({undecided}); classify and explain "
                "tell what is known"
            )
        object.__setattr__(self, "samples", self.analysis(self.everything).samples)

    @cached_property
    def _whole(self) -> Analysis:
        """The analysis of everything."""
        return self.analysis(self.everything)

    @property
    def network(self) -> Network:
        """The network."""
        return self.everything.network

    @property
    def aims_at_maximal(self) -> bool:
        """Whether only what is maximal is good; else whatever is matched with probability > 0."""
        return self.network.is_linear

    @property
    def has_patterns(self) -> bool:
        """Whether ranks differ between patterns of the units."""
        return self.network.is_piecewise_linear

    @property
    def counts_by(self) -> str:
        """The theorem by which fewer than D learnables are too few."""
        if self.network.is_linear:
            return "T1"
        return "T10" if self.network.is_shallow_relu else "T11"

    def is_good(self, verdict: Verdict) -> bool:
        """Whether a verdict is what is sought, or better."""
        if self.aims_at_maximal:
            return verdict.expressivity is Expressivity.MAXIMAL
        return Expressivity.MINIMAL not in verdict.expressivity.possible

    def refutes(self, verdict: Verdict) -> bool:
        """Whether a verdict rules out that an allocation, or any part of it, is good."""
        if self.aims_at_maximal:
            return verdict.expressivity.refutes_maximal
        return verdict.expressivity is Expressivity.MINIMAL

    @cached_property
    def dimension(self) -> int:
        """The target dimension D(m), proved from below; may raise `SizeError`.

        Of piecewise linear networks a bound that a match has to reach for any theorem to tell it.
        """
        whole = self._whole
        return whole.piecewise.bound if self.has_patterns else whole.target.value

    @property
    def effective_samples(self) -> int:
        """The number of independent inputs."""
        return self._whole.effective_samples

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
        return Analysis(allocation, self.samples, self._quick)

    @cached_property
    def _quick(self) -> Options:
        """Options without degrees: searches for plans keep to the effort, ranks may take longer."""
        return replace(self.options, effort=replace(self.options.effort, degree=0))

    def with_learnable(self, entries: Sequence[Entry]) -> Allocation:
        """The allocation whose learnables are `entries`."""
        masks = masks_with(self.network, entries)
        return Allocation(self.network, masks, self.everything.given_present())

    def basis(self, order: Sequence[Entry]) -> list[Entry]:
        """The first basis along the order, of at most D entries.

        Of piecewise linear networks it is that in a pattern of rank D, if one was found: at a point
        that `classify` will draw as well.
        """
        if not self.has_patterns:
            return self._whole.basis(order, self.dimension)
        deadline, basis = self.options.deadline, list[Entry]()
        for prime, source in self._jacobians:
            basis = first_basis(source, prime, order, self.dimension, deadline=deadline)
            if len(basis) == self.dimension:
                break
        return basis

    @cached_property
    def _jacobians(self) -> list[tuple[int, OracleJacobian]]:
        """Primes, and Jacobians where `near` has the largest rank found, and where everything has.

        The former keeps more of what is learnable in `near`, the latter has rank D more often.
        """
        near = [] if self.near is None else [self.analysis(self.near).piecewise]
        searches = [(search, search.point) for search in [*near, self._whole.piecewise]]
        return [
            (point.prime, search.jacobian(point)) for search, point in searches if point is not None
        ]

    def classify(
        self,
        allocation: Allocation,
        effort: Effort | None = None,
        theorems: Sequence[Theorem] = THEOREMS,
    ) -> Verdict:
        """The verdict on an allocation with these options; without an `effort` seek no degree."""
        options = self._quick if effort is None else self.options.with_effort(effort)
        return verdict_on(allocation, self.samples, options, theorems)

    def prove(
        self, chosen: Sequence[Entry], basis: Sequence[Entry], *, thorough: bool = True
    ) -> Proposal | None:
        """`chosen` as a proposal if it, or its part `basis`, is found to be good, else None.

        Without `thorough` the part has to be: cheaper, since `classify` tries many parts (T0).
        """
        core = self.with_learnable(basis)
        part = self.classify(core)
        is_proved = self.is_good(part)
        if len(basis) == len(chosen):
            return Proposal(core, core, part) if is_proved else None
        if not is_proved and not thorough:
            return None
        allocation = self.with_learnable(chosen)
        whole = self.classify(allocation, effort=_AT_ONCE if is_proved else None)
        is_worse = whole.expressivity is not Expressivity.MAXIMAL is part.expressivity
        if self.is_good(whole) and not is_worse:
            return Proposal(allocation, allocation, whole)
        return Proposal(allocation, core, part) if is_proved else None

    def prove_by_degree(
        self, candidates: Iterable[tuple[list[Entry], list[Entry]]]
    ) -> tuple[int, Proposal] | None:
        """The first of some (chosen, basis) whose basis is maximal by an odd degree (T6)."""
        if not self.aims_at_maximal:
            return None
        for number, (chosen, basis) in enumerate(islice(candidates, _MOST_DEGREES)):
            self.options.deadline.check("the search for degrees")
            core = self.with_learnable(basis)
            part = self.classify(core, effort=self.options.effort)
            if part.expressivity is Expressivity.MAXIMAL:
                same = len(basis) == len(chosen)
                whole = core if same else self.with_learnable(chosen)
                return number, Proposal(whole, core, part)
        return None
