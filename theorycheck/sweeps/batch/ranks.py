"""Generic ranks of many allocations of one network at once.

Point and prime of a trial do not depend on which weights are learnable, so one Jacobian J serves
all of them. In reduced row echelon form J = [I A] up to the order of its columns, and the rank of
the columns S is the number of S in I plus that of the block of A on the other rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...computing.arrays import Array, on_host
from ...computing.pieces import by_pieces, that_fit
from ...errors import SizeError
from ...field.arithmetic import reduce
from ...field.batched import batched_rank
from ...field.elimination import Elimination, rank, rank_profile
from ...ranks.generic_rank import MOST_TRIALS, generic_rank, required_bytes, trial_error
from ...ranks.jacobian import Jacobian
from ...ranks.point import draw_point, draw_prime
from ..mask_space import Masks, MaskSpace

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_MOST_ENTRIES = 2**22  # of a Jacobian that is reduced for all allocations
_MASKS_ENTRIES = 2**21  # of masks handled together
_BLOCK_ENTRIES = 2**18  # of blocks handled together: they stay in the cache
_KEPT_TRIALS = 4
_BATCHED_SIDE = 68  # above, one elimination after the other is faster


@dataclass(frozen=True)
class _Reduced:
    """The echelon form of the Jacobian of one trial.

    `matrix` is A, NumPy or CuPy, with the columns `others`; row i belongs to the column basis[i].
    """

    prime: int
    basis: Integers
    others: Integers
    matrix: Array


@dataclass(frozen=True, eq=False)
class BatchRanks:
    """Generic ranks as `ranks.generic_rank` finds them: same trials, values and error bounds.

    `target` is an upper bound on all of them, D(m).
    """

    space: MaskSpace
    samples: int
    target: int
    seed: int = 0
    error_bound: float = 1e-9
    memory_limit: float = 8 * 2**30
    xp: ModuleType = np

    def __post_init__(self) -> None:
        object.__setattr__(self, "_kept", {})

    def of(self, masks: Masks) -> tuple[Integers, Floats]:
        """Ranks of the allocations, and bounds on the probability that each is too low.

        Raises `SizeError` if one trial needs more than `memory_limit` bytes.

        >>> from theorycheck import LinearFeedforward
        >>> ranks = BatchRanks(MaskSpace(LinearFeedforward([2, 1]), ("W1",)), 2, 2)
        >>> ranks.of(np.array([[True, False], [True, True]]))
        (array([1, 2]), array([0., 0.]))
        """
        self._check_size()
        if self._entries > _MOST_ENTRIES:
            return self._one_by_one(masks)
        upper = np.minimum(np.count_nonzero(masks, axis=1), self.target)
        errors = self._trial_errors(upper)
        values = np.zeros(len(masks), dtype=np.int64)
        bounds = (upper > 0).astype(np.float64)
        pending = np.flatnonzero(upper)
        for trial in range(MOST_TRIALS):
            if not len(pending):
                break
            found = self._trial(trial, masks[pending])
            values[pending] = np.maximum(values[pending], found)
            error = np.where(found == upper[pending], 0.0, errors[pending])
            bounds[pending] *= error
            pending = pending[(bounds[pending] > self.error_bound) & (error < 1.0)]
        return values, bounds

    def lower(self, masks: Masks) -> Integers:
        """Ranks in the first trial: proved lower bounds on the generic ranks."""
        self._check_size()
        if self._entries > _MOST_ENTRIES:
            return self._one_by_one(masks)[0]
        return self._trial(0, masks)

    @property
    def _entries(self) -> int:
        return self.space.network.n_equations(self.samples) * self.space.n_entries

    def _check_size(self) -> None:
        needed = required_bytes(self.space.empty, self.samples, self.space.n_entries)
        if needed > self.memory_limit:
            raise SizeError(
                f"the Jacobian of {self.space.n_entries} weights needs about {needed / 2**30:.3g} "
                f"GiB, more than the limit of {self.memory_limit / 2**30:.3g} GiB"
            )

    def _trial_errors(self, upper: Integers) -> Floats:
        sizes, places = np.unique(upper, return_inverse=True)
        errors = [trial_error(self.space.empty, self.samples, int(size)) for size in sizes]
        return np.array(errors, dtype=np.float64)[places.reshape(upper.shape)]

    def _one_by_one(self, masks: Masks) -> tuple[Integers, Floats]:
        found = [
            generic_rank(
                self.space.allocation(mask),
                self.samples,
                upper=min(int(mask.sum()), self.target),
                seed=self.seed,
                error_bound=self.error_bound,
                memory_limit=int(self.memory_limit),
                xp=self.xp,
            )
            for mask in masks
        ]
        values = np.array([each.value for each in found], dtype=np.int64)
        return values, np.array([each.error_bound for each in found], dtype=np.float64)

    def _trial(self, trial: int, masks: Masks) -> Integers:
        kept: dict[int, _Reduced] = self._kept  # type: ignore[attr-defined]
        reduced = kept[trial] if trial in kept else self._reduce(trial)
        if trial < _KEPT_TRIALS:
            kept[trial] = reduced
        size = max(_MASKS_ENTRIES // max(self.space.n_entries, 1), 1)
        starts = range(0, len(masks), size)
        parts = [self._ranks(reduced, masks[start : start + size]) for start in starts]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def _ranks(self, reduced: _Reduced, masks: Masks) -> Integers:
        """Ranks of the columns that the masks choose, by the shape of the block of A."""
        free, chosen = ~masks[:, reduced.basis], masks[:, reduced.others]
        rows, columns = np.count_nonzero(free, axis=1), np.count_nonzero(chosen, axis=1)
        ranks = len(reduced.basis) - rows
        width = len(reduced.others) + 1
        shapes = rows * width + columns
        for shape in np.unique(shapes[(rows > 0) & (columns > 0)]).tolist():
            which = np.flatnonzero(shapes == shape)
            ranks[which] += self._block_ranks(
                reduced,
                np.nonzero(free[which])[1].reshape(len(which), shape // width),
                np.nonzero(chosen[which])[1].reshape(len(which), shape % width),
            )
        return ranks

    def _block_ranks(self, reduced: _Reduced, rows: Integers, columns: Integers) -> Integers:
        """Ranks of the blocks rows[i] x columns[i] of `reduced.matrix`."""
        count, height, width = len(rows), rows.shape[1], columns.shape[1]
        is_host, entries = self.xp is np, height * width
        size = _BLOCK_ENTRIES // entries if is_host else that_fit(count, entries, self.xp)

        def work(part: slice) -> Integers:
            i, j = self.xp.asarray(rows[part]), self.xp.asarray(columns[part])
            blocks = reduced.matrix[i[:, :, None], j[:, None, :]]
            if min(height, width) <= _BATCHED_SIDE:
                return on_host(batched_rank(blocks, reduced.prime))
            return np.array([rank(blocks[k], reduced.prime) for k in range(len(blocks))])

        ranks = np.empty(count, dtype=np.int64)
        for part, found in by_pieces(work, count, size):
            ranks[part] = found
        return ranks

    def _reduce(self, trial: int) -> _Reduced:
        empty, xp = self.space.empty, self.xp
        prime = draw_prime(self.seed, trial)
        point = draw_point(empty, self.samples, prime, self.seed, trial, xp)
        source = Jacobian(empty.network, point, xp)
        parts: list[Array] = [xp.zeros((source.n_equations, 0))]
        for name, entries in self.space.entries.items():
            shape = empty.network.weight_shapes[name]
            parts.append(source.columns(name, np.stack(np.unravel_index(entries, shape), axis=1)))
        return _reduced(xp.concatenate(parts, axis=1), prime, xp)


def _reduced(a: Array, p: int, xp: ModuleType) -> _Reduced:
    """The echelon form of a matrix modulo `p`."""
    profile = rank_profile(a, p)
    basis = np.array(sorted(profile.columns), dtype=np.int64)
    others = np.setdiff1d(np.arange(a.shape[1]), basis)
    rows = a[xp.asarray(profile.rows, dtype=np.int64)]
    left, right = rows[:, xp.asarray(basis)], rows[:, xp.asarray(others)]
    # Eliminating B from [[B, C], [-I, 0]] leaves B^-1 C below: no pivot is taken from there, since
    # the first row that has one is, and what is left of B always has some.
    elimination = Elimination(2 * len(basis), p, xp)
    elimination.extend(xp.concatenate([left, -xp.eye(len(basis))]))
    assert sorted(elimination.pivot_rows) == list(range(len(basis)))
    block = xp.concatenate([right, xp.zeros((len(basis), len(others)))])
    return _Reduced(p, basis, others, reduce(elimination.remainder(block), p))
