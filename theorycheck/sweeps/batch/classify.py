"""Decisions about many allocations of one linear network at once, by counts, graphs and ranks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ...computing.options import Options
from ...errors import ContradictionError, InputError, SizeError
from ...ranks.target_dimension import TargetDimension
from ...theorems.analysis import Analysis
from ...verdict import Expressivity
from ..mask_space import Masks, MaskSpace
from .conflicts import Booleans, has_conflict
from .peeled import has_bezout_one, peel_all
from .ranks import BatchRanks, Floats, Integers

_AT_ONCE = 2**22  # entries of masks decided together

# What a decision can be: class and theorem.
RULES: tuple[tuple[Expressivity, str | None], ...] = (
    (Expressivity.UNDECIDED, None),
    (Expressivity.POSITIVE, "T1"),
    (Expressivity.MINIMAL, "T1"),
    (Expressivity.MAXIMAL, "T0"),
    (Expressivity.MAXIMAL, "T2"),
    (Expressivity.MAXIMAL, "T6"),
    (Expressivity.MAXIMAL, "T9"),
)
UNDECIDED, _POSITIVE, _MINIMAL, _T0, _T2, _T6, _T9 = range(len(RULES))


@dataclass(frozen=True)
class Decision:
    """What is known of one allocation; numbers are None where they were not needed.

    `is_final` tells whether `classify` could say no more, whatever its effort.
    """

    expressivity: Expressivity
    theorem: str | None
    rank: int | None
    target_dimension: int | None
    degree: int | None
    error_bound: float

    @property
    def is_final(self) -> bool:
        """Whether nothing is left open."""
        return self.expressivity.is_final


@dataclass(frozen=True, eq=False)
class BatchDecisions:
    """Decisions about many allocations, as columns.

    `rule` indexes `RULES`; `rank` and `degree` are -1 where they were not needed; `error_bound`
    is 0 for a proof.
    """

    rule: NDArray[np.int8]
    rank: Integers
    degree: Integers
    error_bound: Floats
    target_dimension: int | None

    @property
    def is_final(self) -> Booleans:
        """Where nothing is left open."""
        return np.array([each.is_final for each, _ in RULES])[self.rule]

    @property
    def expressivity(self) -> list[Expressivity]:
        """The classes."""
        return [RULES[rule][0] for rule in self.rule.tolist()]

    @property
    def theorem(self) -> list[str | None]:
        """The theorems, None where nothing is decided."""
        return [RULES[rule][1] for rule in self.rule.tolist()]

    def at(self, where: Integers) -> BatchDecisions:
        """The decisions at these places."""
        columns = (self.rule[where], self.rank[where], self.degree[where], self.error_bound[where])
        return BatchDecisions(*columns, self.target_dimension)

    def __len__(self) -> int:
        return len(self.rule)

    def __getitem__(self, index: int) -> Decision:
        expressivity, theorem = RULES[int(self.rule[index])]
        rank, degree = int(self.rank[index]), int(self.degree[index])
        return Decision(
            expressivity,
            theorem,
            None if rank < 0 else rank,
            self.target_dimension,
            None if degree < 0 else degree,
            float(self.error_bound[index]),
        )

    def __iter__(self) -> Iterator[Decision]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, eq=False)
class Batch:
    """Decisions about many masks of a mask space, on `samples` random inputs, for linear networks.

    Arguments are those of `classify`, whose ranks these are: same primes, points and error bounds.
    Raises `InputError` for arguments out of range.

    >>> from theorycheck import LinearFeedforward
    >>> batch = Batch(MaskSpace(LinearFeedforward([2, 2, 2]), ("W1", "W2")), samples=2)
    >>> masks = np.array([[1, 1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0]], dtype=bool)
    >>> batch.decide(masks)[0]  # doctest: +NORMALIZE_WHITESPACE
    Decision(expressivity=<Expressivity.MAXIMAL: 'maximal'>, theorem='T2', rank=4,
        target_dimension=4, degree=1, error_bound=0.0)
    >>> batch.decide(masks).expressivity[1].value
    'minimal'
    """

    space: MaskSpace
    samples: int
    seed: int = 0
    error_bound: float = 1e-9
    memory_limit: float = 8 * 2**30
    xp: ModuleType = np

    def __post_init__(self) -> None:
        if not self.space.network.is_linear:
            raise InputError("only allocations of linear networks are decided many at a time")
        self._analysis  # noqa: B018  (its arguments are checked by itself)

    @cached_property
    def _analysis(self) -> Analysis:
        """The allocation without learnables, under analysis."""
        limit: int = self.memory_limit  # type: ignore[assignment]
        empty = self.space.empty
        options = Options(self.seed, self.error_bound, limit, self.xp)
        return Analysis(empty, self.samples, options)

    @cached_property
    def target(self) -> TargetDimension | None:
        """The target dimension D(m); None where its Jacobian exceeds the memory limit."""
        try:
            return self._analysis.target
        except SizeError:
            return None

    @cached_property
    def _ranks(self) -> BatchRanks:
        target, given = self._analysis.target, self._analysis
        limits = (given.options.error_bound, given.options.memory_limit, given.options.xp)
        return BatchRanks(self.space, given.samples, target.value, given.options.seed, *limits)

    def ranks(self, masks: Masks) -> tuple[Integers, Floats]:
        """Generic ranks of the allocations and their error bounds, as `generic_rank` finds them.

        Raises `SizeError` where a trial needs more than the memory limit.
        """
        return self._ranks.of(masks)

    def decide(self, masks: Masks) -> BatchDecisions:
        """What counts, conflicts, ranks and peeling tell about each allocation.

        Minimal (T1) for r < D or rank < D; for rank D maximal if all weights are learnable, or
        those of one layer suffice (T0), if the output is affine (T2), if one solution is all that
        there can be (T6) or nothing or an affine allocation is left of it (T9); else `positive`
        (T1), or `undecided` where error bounds or memory do not do.

        Raises `ContradictionError` if a rank denies what peeling proves.
        """
        size = max(_AT_ONCE // max(self.space.n_entries, 1), 1)
        starts = range(0, max(len(masks), 1), size)
        parts = [self._decide(masks[start : start + size]) for start in starts]
        return BatchDecisions(
            np.concatenate([part.rule for part in parts]),
            np.concatenate([part.rank for part in parts]),
            np.concatenate([part.degree for part in parts]),
            np.concatenate([part.error_bound for part in parts]),
            parts[0].target_dimension,
        )

    def _decide(self, masks: Masks) -> BatchDecisions:
        counts, target = np.count_nonzero(masks, axis=1), self.target
        found = BatchDecisions(
            np.full(len(masks), UNDECIDED, dtype=np.int8),
            np.full(len(masks), -1),
            np.full(len(masks), -1),
            np.zeros(len(masks)),
            None if target is None else target.value,
        )
        if target is not None:
            found.rule[counts < target.value] = _MINIMAL
            with suppress(SizeError):  # `classify` will tell, for each
                self._by_rank(masks, np.flatnonzero(counts >= target.value), target, found)
        is_full = counts == self.space.empty.n_present
        self._check(masks, (found.rule == _MINIMAL) & is_full, "every weight is learnable (T0)")
        found.rule[is_full], found.error_bound[is_full] = _T0, 0.0
        if target is not None:
            found.rank[is_full] = target.value
        return found

    def _by_rank(
        self, masks: Masks, where: Integers, target: TargetDimension, found: BatchDecisions
    ) -> None:
        """Decide the masks `where`, which have at least D learnables."""
        if not len(where):
            return
        ranks, bounds = self._ranks.of(masks[where])
        is_low = (ranks < target.value) & (bounds <= self.error_bound)
        low = where[is_low]
        found.rule[low], found.rank[low] = _MINIMAL, ranks[is_low]
        found.error_bound[low] = bounds[is_low]
        if self.space.network.is_layered:
            is_nothing = peel_all(self.space, self.samples, masks[low]).is_nothing
            self._check(masks[low], is_nothing, "peeling leaves nothing (T9)")
        if target.error_bound <= self.error_bound:
            full = where[ranks >= target.value]
            rules = self._of_full_rank(masks[full], target.value)
            found.rule[full], found.rank[full] = rules, target.value
            found.error_bound[full] = target.error_bound
            is_critical = np.count_nonzero(masks[full], axis=1) == target.value
            found.degree[full[is_critical & (rules != _POSITIVE)]] = 1

    def _of_full_rank(self, masks: Masks, target: int) -> NDArray[np.int8]:
        """The rules for allocations of rank D; those for r = D find one solution."""
        space = self.space
        rules = np.full(len(masks), _POSITIVE, dtype=np.int8)
        rules[~has_conflict(space, masks)] = _T2
        if space.network.is_layered:
            left_open = np.flatnonzero(rules == _POSITIVE)
            left = peel_all(space, self.samples, masks[left_open])
            is_one = left.is_nothing | ~has_conflict(space, left.masks)
            if target == self._analysis.n_equations:
                is_critical = np.count_nonzero(masks[left_open], axis=1) == target
                is_one |= is_critical & has_bezout_one(space, self.samples, left)
            rules[left_open[is_one]] = np.where(left.is_peeled, _T9, _T6)[is_one]
        for layer in self._layers:
            left_open = np.flatnonzero(rules == _POSITIVE)
            parts = masks[left_open] & layer
            # With r = D all learnables would be in the layer, and the output affine.
            left_open = left_open[np.count_nonzero(parts, axis=1) >= target]
            parts = masks[left_open] & layer
            suffices = ~has_conflict(space, parts)
            suffices[suffices] = self._ranks.lower(parts[suffices]) >= target
            rules[left_open[suffices]] = _T0
        return rules

    @cached_property
    def _layers(self) -> list[Booleans]:
        """The entries of each layer; a bias belongs to the layer of its weights."""
        weight_of = np.repeat(list(self.space.entries), list(map(len, self.space.entries.values())))
        found = (np.isin(weight_of, names) for names in self.space.network.weight_layers)
        return [layer for layer in found if layer.any()]

    def _check(self, masks: Masks, is_contradicted: Booleans, reason: str) -> None:
        """Refuse ranks below D of masks that surely match every teacher."""
        for index in np.flatnonzero(is_contradicted)[:1]:
            key = self.space.keys(masks[index : index + 1])[0]
            raise ContradictionError(
                f"T1 says minimal, but {reason}: please report the allocation {key} of "
                f"{self.space.network.describe()}, {self.samples} samples"
            )
