"""Random masks without repetition, each from the seed and its number alone."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..mask_space import Masks
from .unranking import Unranking

_LARGEST_PERMUTED = 2**126  # masks; more are drawn independently
_ROUNDS = 24


@dataclass(frozen=True)
class RandomMasks:
    """A sequence of distinct random masks of `n_entries` with `budget` set entries.

    Draw i is the mask with the number p(i), where p is a pseudorandom permutation of the numbers of
    all C(n_entries, budget) masks: a Feistel network whose halves are residues, with cycle walking
    (Black and Rogaway 2002), keyed by BLAKE2b of the seed. So draws are distinct whatever their
    count, and all C(n_entries, budget) of them are all masks, each once, the last included; any
    draw is found without those before it, in the same memory. Only beyond 2^126 masks draws are
    independent and uniform: then two of `count` draws agree with probability below count^2 / 2^127.

    >>> draws = RandomMasks(n_entries=4, budget=2, seed=0)
    >>> len({mask.tobytes() for mask in draws.masks(0, 6)})
    6
    >>> bool((draws.masks(0, 6)[4:] == draws.masks(4, 6)).all())
    True
    """

    n_entries: int
    budget: int
    seed: int

    def masks(self, start: int, stop: int) -> Masks:
        """Draws number `start` to `stop` - 1, one row each.

        Raises `ValueError` unless 0 <= start <= stop <= C(n_entries, budget).
        """
        total = self._unranking.total
        if not 0 <= start <= stop <= total:
            raise ValueError(f"draws {start} to {stop} of {total}")
        if total > _LARGEST_PERMUTED:
            return self._independent(start, stop)
        high, low = self._permuted(start, stop - start)
        base = self._sides[1]
        if total < 2**63:
            return self._unranking.masks((high * np.uint64(base) + low).astype(np.int64))
        pairs = zip(high.tolist(), low.tolist(), strict=True)
        return self._unranking.masks([one * base + other for one, other in pairs])

    @cached_property
    def _unranking(self) -> Unranking:
        return Unranking(self.n_entries, self.budget)

    @cached_property
    def _sides(self) -> tuple[int, int]:
        """Sizes a and b of the two halves: a b is at least the number of masks, and hardly more."""
        total = self._unranking.total
        first = math.isqrt(total - 1) + 1
        return first, -(-total // first)

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        text = f"{self.n_entries} {self.budget} {self.seed}"
        digests = (
            hashlib.blake2b(f"{number} {text}".encode(), digest_size=8).digest()
            for number in range(_ROUNDS)
        )
        return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)

    def _permuted(self, start: int, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """p(start), p(start + 1), ... as quotients and remainders modulo the second side."""
        base = self._sides[1]
        offsets = np.arange(start % base, start % base + count, dtype=np.uint64)
        high = np.uint64(start // base) + offsets // np.uint64(base)
        low = offsets % np.uint64(base)
        last_high, last_low = (np.uint64(part) for part in divmod(self._unranking.total - 1, base))
        outside = np.arange(count)
        while len(outside):
            high[outside], low[outside] = self._shuffled(high[outside], low[outside])
            one, other = high[outside], low[outside]
            outside = outside[(one > last_high) | ((one == last_high) & (other > last_low))]
        return high, low

    def _shuffled(
        self, high: NDArray[np.uint64], low: NDArray[np.uint64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        first, second = (np.uint64(side) for side in self._sides)
        for one, other in self._keys.reshape(-1, 2):
            high = (high + _hashed(low, one) % first) % first
            low = (low + _hashed(high, other) % second) % second
        return high, low

    def _independent(self, start: int, stop: int) -> Masks:
        size = min(self.budget, self.n_entries - self.budget)
        masks = np.zeros((stop - start, self.n_entries), dtype=bool)
        for row, number in zip(masks, range(start, stop), strict=True):
            # Raw bits, for the other streams of NumPy may change with its version.
            bits = np.random.default_rng([self.seed, number]).bit_generator.random_raw(
                self.n_entries
            )
            row[np.argsort(bits, kind="stable")[:size]] = True
        return masks if size == self.budget else ~masks


def _hashed(numbers: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), keyed."""
    mixed = (numbers ^ key) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
