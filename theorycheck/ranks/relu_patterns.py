"""Activation patterns of shallow ReLU networks: a list that misses none that can be realised.

Only the units that the Jacobian depends on count. Permuting the samples changes no generic rank, so
a pattern is a multiset of columns, one for each sample. Some that no weights and inputs realise are
left out:

- Units whose present inputs are among S, |S| = s (the bias counts as one input): on any s + 1
  samples J the inputs S of generic samples have one linear relation c, without zeros, and every
  pre-activation vector satisfies it. So none has the signs of c or of -c on J, and the units do not
  show all 2^s classes of sign vectors up to negation. For s = 1 with the bias alone c = (1, -1).
- Dually, on any s + 1 units with exactly the inputs S the samples do not show all 2^s classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.batched import batched_rank
from ..problem.allocation import Allocation
from .point import draw_prime
from .relu_rank import relu_jacobians, relu_point, relu_trial_error

MOST_PATTERNS = 2**16
_MOST_TRIALS = 64
_CHUNK_ENTRIES = 2**22
_MOST_BITS = 2**26  # of all patterns: a few hundred megabytes
_WHAT = "the list of activation patterns"

Patterns = NDArray[np.bool_]


def unit_supports(allocation: Allocation) -> list[frozenset[int]]:
    """The present inputs of every hidden unit; the bias is input number n_0.

    >>> from theorycheck import Allocation, ShallowReLU
    >>> unit_supports(Allocation.none(ShallowReLU([2, 1, 1], bias=True), {"W1": [[0, 1]]}))
    [frozenset({1, 2})]
    """
    rows = allocation.present_mask("W1")
    if "b1" in allocation.network.weight_shapes:
        rows = np.column_stack([rows, allocation.present_mask("b1")])
    return [frozenset(np.flatnonzero(row).tolist()) for row in rows]


def relevant_units(allocation: Allocation, which: str = "learnable") -> list[int]:
    """The units that the Jacobian of the `which` weights depends on.

    They have a present input, and an output weight in it, or an input weight or bias in it and a
    present output weight.
    """
    masks = dict(allocation.masks(which))
    inward = masks["W1"].any(axis=1) | masks.get("b1", np.zeros(len(masks["W1"]), dtype=bool))
    outward = allocation.present_mask("W2").any(axis=0)
    acts = masks["W2"].any(axis=0) | (inward & outward)
    supports = unit_supports(allocation)
    return [k for k in np.flatnonzero(acts).tolist() if supports[k]]


@dataclass(frozen=True)
class PatternRanks:
    """Ranks in every pattern, the largest over independent trials.

    `columns` has one row of codes for each pattern, bit u of a code standing for unit `units`[u];
    `error_bound` bounds the probability that any of the `ranks` is too small (below d m).
    """

    units: list[int]
    columns: NDArray[np.int64]
    ranks: NDArray[np.int64]
    seed: int
    trials: tuple[tuple[int, int, int], ...]  # number, prime, largest rank
    error_bound: float

    @property
    def most(self) -> int:
        """The largest rank."""
        return int(self.ranks.max(initial=0))

    def full(self, size: int) -> NDArray[np.int64]:
        """The patterns, as rows of codes, with rank `size`."""
        return self.columns[self.ranks >= size]


@dataclass(frozen=True)
class PatternList:
    """The patterns of an allocation on `samples` inputs, for the Jacobian of `which` weights."""

    allocation: Allocation
    samples: int
    which: str = "learnable"
    deadline: Deadline = NEVER

    @cached_property
    def units(self) -> list[int]:
        """The units that count."""
        return relevant_units(self.allocation, self.which)

    @property
    def is_small(self) -> bool:
        """Whether there are at most MOST_PATTERNS to look at, and short ones."""
        n_units = len(self.units)
        if n_units > 16:  # more than 2^16 columns alone
            return False
        count = math.comb(2**n_units + self.samples - 1, self.samples)
        return count <= MOST_PATTERNS and count * max(n_units, 1) * self.samples <= _MOST_BITS

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Codes of the columns, (patterns, samples), each pattern once up to permuting samples.

        >>> from theorycheck import Allocation, ShallowReLU
        >>> PatternList(Allocation.full(ShallowReLU([1, 1, 1])), 2).columns.tolist()
        [[0, 0], [0, 1], [1, 1]]
        """
        codes = combinations_with_replacement(range(2 ** len(self.units)), self.samples)
        columns = np.array(list(codes), dtype=np.int64).reshape(-1, self.samples)
        return columns[self._may_exist(self.bits(columns))]

    def bits(self, columns: NDArray[np.int64]) -> Patterns:
        """Activity of the units that count, (patterns, units, samples)."""
        shifts = np.arange(len(self.units))[None, :, None]
        return (columns[:, None, :] >> shifts & 1).astype(bool)

    def active(self, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Activity of all units, (patterns, n_1, samples); 0 for those that do not count."""
        hidden = self.allocation.network.weight_shapes["W1"][0]
        result = np.zeros((len(columns), hidden, self.samples))
        result[:, self.units] = self.bits(columns)
        return result

    def _may_exist(self, bits: Patterns) -> Patterns:
        """Which patterns break no rule of the module's docstring."""
        every = unit_supports(self.allocation)
        supports = [every[k] for k in self.units]
        constant = frozenset({self.allocation.network.weight_shapes["W1"][1]})
        good = np.ones(len(bits), dtype=bool)
        for support in dict.fromkeys(supports):
            size = len(support)
            inside = [u for u, other in enumerate(supports) if other <= support]
            exact = [u for u, other in enumerate(supports) if other == support]
            if support == constant:
                good &= (bits[:, inside] == bits[:, inside, :1]).all(axis=(1, 2))
                continue
            if len(inside) >= 2**size:
                for chosen in combinations(range(self.samples), size + 1):
                    self.deadline.check(_WHAT)
                    good &= ~_shows_all(bits[:, inside][:, :, list(chosen)])
            if self.samples >= 2**size:
                for units in combinations(exact, size + 1):
                    self.deadline.check(_WHAT)
                    good &= ~_shows_all(bits[:, list(units)].swapaxes(1, 2))
        return good

    def ranks(self, size: int, seed: int, error_bound: float) -> PatternRanks:
        """Ranks of all patterns, `size` = d m at most, with all trials that the bound needs."""
        columns = self.columns
        ranks = np.zeros(len(columns), dtype=np.int64)
        network = self.allocation.network
        error = relu_trial_error(network.weight_shapes["W1"][1], size)
        trials: list[tuple[int, int, int]] = []
        bound = 1.0
        while len(trials) < _MOST_TRIALS:
            prime = draw_prime(seed, len(trials))
            found = self._trial(columns, prime, seed, len(trials))
            trials.append((len(trials), prime, int(found.max(initial=0))))
            ranks = np.maximum(ranks, found)
            bound = len(columns) * error ** len(trials)
            if bound <= error_bound or error == 1.0 or ranks.max(initial=0) >= size:
                break
        return PatternRanks(self.units, columns, ranks, seed, tuple(trials), min(bound, 1.0))

    def _trial(self, columns: NDArray[np.int64], prime: int, seed: int, trial: int) -> NDArray:
        weights, inputs = relu_point(self.allocation, self.samples, prime, seed, trial)
        n_entries = getattr(self.allocation, f"n_{self.which}")
        size = n_entries * self.samples * self.allocation.network.weight_shapes["W2"][0]
        step = max(1, _CHUNK_ENTRIES // max(size, 1))
        parts = [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(columns), step):
            active = self.active(columns[start : start + step])
            jacobians = relu_jacobians(self.allocation, weights, inputs, active, self.which, prime)
            parts.append(batched_rank(jacobians, prime, self.deadline))
        return np.concatenate(parts)


def _shows_all(vectors: Patterns) -> Patterns:
    """Whether all sign vectors up to negation occur; (patterns, vectors, length)."""
    length = vectors.shape[2]
    turned = vectors[:, :, 1:] ^ vectors[:, :, :1]
    codes = turned @ (1 << np.arange(length - 1))
    seen = (codes[:, :, None] == np.arange(2 ** (length - 1))).any(axis=1)
    return seen.all(axis=1)
