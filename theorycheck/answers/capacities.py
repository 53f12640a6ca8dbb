"""Capacity: for how many samples an allocation stays maximal, and for how many positive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..computing.backend import array_module
from ..computing.deadline import NEVER, Deadline
from ..computing.effort import DEFAULT_SECONDS, Effort, divided
from ..computing.options import Options
from ..computing.progress import Teller, Watch, nobody, watching
from ..display.paragraphs import Paragraph, rigor_in_words
from ..display.shown import Shown
from ..errors import InputError, OutOfTimeError
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.networks.base import LARGEST_SIZE, positive_integer
from ..problem.parametrization import Parametrization
from ..ranks.exactness import why_undecided_by_ranks
from ..verdict import Expressivity, Verdict
from .by_samples import Verdicts, last
from .classification import verdict_on
from .parametrised import classify_parametrised
from .pattern_capacities import PatternSearch

# Several numbers of samples are asked about, so each gets less than `classify` gives to one.
MODEST_EFFORT = Effort(seconds=2.0, degree=20, instances=200, bases=2)
_FEW = 4  # numbers of samples looked at on both sides of a bisection's result
_NOT_MAXIMAL = tuple(answer for answer in Expressivity if answer.refutes_maximal)
_OPEN_OR_MINIMAL = (Expressivity.MINIMAL, Expressivity.UNDECIDED)


@dataclass(frozen=True, repr=False)
class Capacity(Shown):
    """What `capacity` returns; None stands for "unlimited", 0 for "not even one sample".

    `maximal`: maximal is proved up to so many samples; `not_maximal_from`: from so many on it is
    refuted (None if never). Between the two maximality is open; nothing is if `is_tight`.
    `positive`: up to so many samples MP > 0; `minimal_from`: from so many on MP = 0 (None if
    never). `largest` is the largest number of samples that was considered (`is_everything` if more
    change nothing, for nonlinear networks whether a match is possible), and `verdicts` are those
    that prove the four numbers, by samples. `limited_by` is `seconds` where the time was up before
    the search had ended: the numbers are then what had been proved. Of piecewise linear networks
    all is said of regular teachers (`conditioned_on`).
    """

    maximal: int | None
    not_maximal_from: int | None
    positive: int | None
    minimal_from: int | None
    largest: int
    is_everything: bool
    verdicts: dict[int, Verdict]
    limited_by: str | None = None

    @property
    def is_tight(self) -> bool:
        """Whether `maximal` is the true capacity: one sample more is proved not maximal."""
        return self.maximal is None or self.not_maximal_from == self.maximal + 1

    @property
    def error_bound(self) -> float:
        """Probability that any of the four numbers is wrong, at most; 0 if all are proved."""
        return min(sum(verdict.error_bound for verdict in self.verdicts.values()), 1.0)

    @property
    def conditioned_on(self) -> str | None:
        """`regular teacher` where only these are spoken of (piecewise linear networks), or None."""
        return next((verdict.conditioned_on for verdict in self.verdicts.values()), None)

    def paragraphs(self) -> list[Paragraph]:
        """Up to how many samples, and the verdicts that prove it."""
        found = [
            Paragraph("MAXIMAL", _maximal(self), "bold green"),
            Paragraph("POSITIVE", _positive(self), "bold yellow"),
        ]
        numbers = {self.maximal, self.not_maximal_from, self.positive, self.minimal_from}
        shown = numbers & self.verdicts.keys() or self.verdicts.keys()
        for samples, verdict in self.verdicts.items():
            if samples not in shown:
                continue
            because = f"{verdict.expressivity} by {verdict.theorem or 'none'}, {verdict.reason}"
            found.append(Paragraph(f"m = {samples}", because))
        if self.conditioned_on:
            found.append(Paragraph("given", f"a {self.conditioned_on}"))
        rigor = [Paragraph("rigor", rigor_in_words(self.error_bound))] if self.error_bound else []
        return found + rigor

    def to_dict(self) -> dict[str, Any]:
        """The object that `capacity --json` prints, without the key `file`."""
        return {
            "maximal": self.maximal,
            "not_maximal_from": self.not_maximal_from,
            "is_tight": self.is_tight,
            "positive": self.positive,
            "minimal_from": self.minimal_from,
            "largest": self.largest,
            "is_everything": self.is_everything,
            "error_bound": self.error_bound,
            "conditioned_on": self.conditioned_on,
            "limited_by": self.limited_by,
            "verdicts": {str(m): verdict.to_dict() for m, verdict in self.verdicts.items()},
        }


def capacity(
    allocation: Allocation,
    largest: int | None = None,
    *,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    seconds: float = DEFAULT_SECONDS,
    effort: Effort = MODEST_EFFORT,
    progress: Watch = False,
) -> Capacity:
    """The largest numbers of samples on which `allocation` is proved maximal, and positive.

    By T0 a match is never more probable on more samples, so "maximal" and "positive" hold up to
    some number of samples each; beyond the effective samples (m_e in T3 to T5) nothing changes, so
    what holds there is unlimited. Positivity is decided exactly (T1), and its bisection needs no
    more. For nonlinear networks with exact ranks (T11) D(m) grows with m until it stays, so
    positivity is that on r + 1 samples, or on as many as there are weights, from there on; what is
    maximal there need not be so on more, unless every weight is learnable (T0). These large numbers
    are asked last. A verdict of maximal need not be monotone, only the truth is: a maximal verdict
    at m is right for all fewer samples, whatever the verdicts there. So the search looks from the
    positive capacity downwards, where critical budgets help, then bisects, and looks at a few
    numbers above the result; a larger `maximal` that only verdicts in between would prove can be
    missed, never a smaller one be wrong.

    Of piecewise linear networks (T10, T11) verdicts speak of teachers that are regular on so many
    samples, and neither class need be monotone: what is proved on each number counts, and what
    `pattern_capacities` proves to hold on fewer, or more, with it. Between "positive" and "minimal"
    some numbers may stay open.

    `largest` ends the range earlier, `seconds` limit the whole search (0: no degrees); the other
    options are those of `classify`, `effort` being that for each number of samples, `progress`
    telling which is being decided. Raises `InputError` for arguments out of range and networks
    whose ranks do not tell whether a match is possible (activations of several families, residual
    layers with kinks), `SizeError` where a rank is needed that exceeds `memory_limit`.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([3, 3, 2]), {"W2": [[1, 1, 0], [1, 1, 1]]})
    >>> found = capacity(allocation)
    >>> found.maximal, found.is_tight, found.positive, found.minimal_from
    (2, True, 2, 3)
    """
    check_allocation(allocation)
    network = allocation.network
    undecided = why_undecided_by_ranks(allocation)
    if undecided is not None:
        raise InputError(
            "capacities are found where the rank decides, of linear networks and by T11, not of "
            f"this {network.describe()} ({undecided}); classify decides for one number of samples"
        )
    if largest is not None:
        largest = positive_integer(largest, "largest")
    deadline, each = divided(seconds, effort)
    options = Options(seed, error_bound, memory_limit, array_module(backend), each, deadline)
    with watching(progress, "capacity") as tell:
        return capacity_on(allocation, options, largest, tell)


def capacity_on(
    allocation: Allocation,
    options: Options,
    largest: int | None = None,
    tell: Teller = nobody,
    *,
    known: Mapping[int, Verdict] = MappingProxyType({}),
    seeks_maximal: bool = True,
) -> Capacity:
    """As `capacity`, for a part of a larger question: the effort is that for each number.

    `known` are verdicts on some numbers of samples, which need not be asked again. Unless it
    `seeks_maximal`, positivity alone is looked for, where ranks decide.
    """
    network, deadline = allocation.network, options.deadline

    def decide(m: int) -> Verdict:
        return verdict_on(allocation, m, options.with_effort(options.effort))

    if network.is_piecewise_linear:
        return _in_patterns(allocation, Verdicts(decide, tell, deadline), largest)
    cap, guess = _range(allocation)
    top = cap if largest is None else min(largest, cap)
    stays = network.is_linear or allocation.n_learnable == allocation.n_present
    search = _CapacitySearch(decide, tell, deadline, known)
    return search.run(top, cap, guess, stays, seeks_maximal)


def parametrised_capacity_on(
    parametrization: Parametrization,
    options: Options,
    *,
    known: Mapping[int, Verdict] = MappingProxyType({}),
    seeks_maximal: bool = True,
) -> Capacity:
    """As `capacity_on`, of parametrised weights (T19), by the same searches.

    Their rank is at most r, the number of parameters, so where a match is possible on r + 1 samples
    it is perhaps so on any; that is said of linear networks and of free weights alone.
    """
    network, deadline = parametrization.network, options.deadline

    def decide(m: int) -> Verdict:
        return classify_parametrised(parametrization, m, options.with_effort(options.effort))

    search = _CapacitySearch(decide, nobody, deadline, known)
    if network.is_linear:
        cap = network.effective_samples(LARGEST_SIZE)
        return search.run(cap, cap, seeks_maximal=seeks_maximal)
    whole, size = parametrization.whole, parametrization.n_parameters
    top = min(whole.n_present, size + 1)
    guess = max(size // (network.outputs * network.n_reads), 1)
    cap = top if parametrization.is_full else top + 1
    return search.run(top, cap, guess, seeks_maximal=seeks_maximal)


def _in_patterns(allocation: Allocation, verdicts: Verdicts, largest: int | None) -> Capacity:
    """The capacity of a piecewise linear network."""
    search = PatternSearch(allocation, verdicts)
    top = search.cap if largest is None else min(largest, search.cap)
    numbers, limited_by = search.run(top)
    proofs = search.proofs(numbers)
    return Capacity(*numbers, top, top == search.cap, proofs, limited_by)


def _range(allocation: Allocation) -> tuple[int, int]:
    """From how many samples on positivity stays as it is, and where to look for its end first.

    Nonlinear: where D(m + 1) = D(m) the Jacobian's rows at one more sample depend on the others, so
    they do at all further ones. Hence D(m) >= m until it stays, which it does from m = n_present on
    at the latest; and for m = r + 1 either D(m) > r or it has stayed before.
    """
    network = allocation.network
    if network.is_linear:
        cap = network.effective_samples(LARGEST_SIZE)
        return cap, cap
    cap = min(allocation.n_present, allocation.n_learnable + 1)
    return cap, max(allocation.n_learnable // (network.outputs * network.n_reads), 1)


class _CapacitySearch:
    """The searches that ask for verdicts on more numbers of samples, where ranks decide."""

    def __init__(
        self,
        decide: Callable[[int], Verdict],
        tell: Teller,
        deadline: Deadline = NEVER,
        known: Mapping[int, Verdict] = MappingProxyType({}),
    ) -> None:
        self._verdicts, self._known = Verdicts(decide, tell, deadline), known

    def run(
        self,
        top: int,
        cap: int,
        guess: int | None = None,
        stays: bool = True,
        seeks_maximal: bool = True,
    ) -> Capacity:
        """The capacity on up to `top` samples; positivity stays as it is from `cap` samples on.

        So does maximality if it `stays`. Positivity is asked at `guess` samples first.
        """
        limited_by = None
        self._verdicts.known.update({m: self._known[m] for m in self._known if m <= top})
        try:
            positive = self._positive(top, top if guess is None else min(guess, top))
            if seeks_maximal:
                self._seek_maximal(top, positive)
        except OutOfTimeError:
            limited_by = "seconds"
            positive = self._verdicts.most(lambda answer: answer not in _OPEN_OR_MINIMAL)
        maximal = self._verdicts.most(lambda answer: answer is Expressivity.MAXIMAL)
        minimal_from = self._verdicts.first(Expressivity.MINIMAL)
        numbers = (maximal, self._verdicts.first(*_NOT_MAXIMAL), positive, minimal_from)
        return Capacity(
            None if maximal == cap and stays else maximal,
            numbers[1],
            None if positive == cap else positive,
            minimal_from,
            top,
            top == cap,
            {m: self._verdicts.known[m] for m in sorted(m for m in set(numbers) if m)},
            limited_by,
        )

    def _positive(self, top: int, guess: int) -> int:
        """The largest number up to `top` with MP > 0: bisected, or sought upwards from `guess`."""

        def holds(m: int) -> bool:
            return self._class(m) not in _OPEN_OR_MINIMAL

        low, step = last(holds, 0, guess), 1
        if low < guess:
            return low
        while low < top:  # twice as far with each step: numbers far above the end may be too large
            high = min(low + step, top)
            if not holds(high):
                return last(holds, low, high - 1)
            low, step = high, 2 * step
        return low

    def _seek_maximal(self, top: int, positive: int) -> None:
        """Ask about what `run` then knows to be maximal, or not."""
        maximal = self._maximal(positive)
        # Between what is proved maximal and refuted: how far down does refutation reach?
        refuted = self._verdicts.first(*_NOT_MAXIMAL)
        end = top if refuted is None else refuted - 1
        last(lambda m: self._class(m) not in _NOT_MAXIMAL, maximal, end)

    def _maximal(self, positive: int) -> int:
        """The largest number up to `positive` whose verdict is found to be maximal."""
        for m in range(positive, max(positive - _FEW, 0), -1):
            if self._is_maximal(m):
                return m
        bottom = max(positive - _FEW, 0)
        found = last(self._is_maximal, 0, bottom)
        above = [m for m in range(found + 1, min(found + _FEW, bottom) + 1) if self._is_maximal(m)]
        known = self._verdicts.most(lambda answer: answer is Expressivity.MAXIMAL)
        return max([found, *above, known])

    def _is_maximal(self, m: int) -> bool:
        return self._class(m) is Expressivity.MAXIMAL

    def _class(self, m: int) -> Expressivity:
        return self._verdicts.on(m).expressivity


def _maximal(found: Capacity) -> str:
    if found.not_maximal_from == 1:
        return "on no number of samples"
    text = _up_to(found.maximal)
    if found.is_tight:
        end = f"; on {found.not_maximal_from} it is not"
        return text if found.maximal is None else text + end
    if found.not_maximal_from is not None:
        return f"{text}; on {found.not_maximal_from} it is not, between them it is open"
    return f"{text}; beyond it is open"


def _positive(found: Capacity) -> str:
    text = _up_to(found.positive)
    return text if found.minimal_from is None else f"{text}; minimal from {found.minimal_from} on"


def _up_to(number: int | None) -> str:
    if not number:
        return "on any number of samples" if number is None else "proved for no number of samples"
    return f"on up to {number} sample{'s' if number > 1 else ''}"
