"""All orbits of masks of one budget, one by one, and all masks, block by block.

Orbits come by canonical augmentation (McKay (1998), docs/bibliography.md): sets of entries grow
entry by entry, by one entry of each orbit of the set's stabiliser. A larger set counts only if its
last entry is equivalent to the one that its canonical labelling singles out, so that every orbit is
reached once, and no list of those found is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..mask_space import Masks
from .symmetry import Symmetry, smallest_images
from .unranking import Unranking

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd; any would do
_ADDEND = np.uint64(0xBF58476D1CE4E5B9)
_BLOCK = 4096  # masks at once
_BLOCK_BYTES = 2**24


@dataclass(frozen=True)
class Orbit:
    """An orbit: its canonical mask, how many masks it has, and its place in the enumeration."""

    mask: NDArray[np.bool_]
    size: int
    path: tuple[int, ...]


def orbits(symmetry: Symmetry, budget: int, after: Sequence[int] | None = None) -> Iterator[Orbit]:
    """One `Orbit` for each orbit of masks with `budget` set entries, in a fixed order.

    Begins right behind the orbit with the path `after`, without going through those before it. The
    order is that of one version of igraph; the memory needed does not depend on the count.

    Raises `ValueError` if the budget is impossible or `after` is no path of this enumeration.

    >>> from theorycheck import LinearFeedforward
    >>> from theorycheck.sweeps.mask_space import MaskSpace
    >>> symmetry = Symmetry(MaskSpace(LinearFeedforward([2, 2]), ("W1",)), samples=2)
    >>> sorted(orbit.size for orbit in orbits(symmetry, 2))  # one line, or the two diagonals
    [2, 4]
    """
    n_entries = symmetry.space.n_entries
    if not 0 <= budget <= n_entries:
        raise ValueError(f"a budget of {budget} of {n_entries} cells")
    # The orbits of complements are the complements of orbits, and small sets are found sooner.
    turned = 2 * budget > n_entries
    depth = n_entries - budget if turned else budget
    every = set(range(n_entries))
    for found in _OrbitSearch(symmetry, depth).sets(after):
        entries = sorted(every.difference(found.entries)) if turned else found.entries
        mask = np.zeros(n_entries, dtype=bool)
        mask[symmetry.canonical_entries(entries)] = True
        yield Orbit(mask, symmetry.order // found.stabiliser, found.entries)


@dataclass(frozen=True, slots=True)
class _Set:
    """Entries in the order in which they came, and the stabiliser: its order and its generators.

    `moves` is None where the generators are not known yet.
    """

    entries: tuple[int, ...]
    stabiliser: int
    moves: list[list[int]] | None


@dataclass(frozen=True)
class _OrbitSearch:
    symmetry: Symmetry
    depth: int

    def sets(self, after: Sequence[int] | None) -> Iterator[_Set]:
        """One set of `depth` entries of each orbit, behind the path `after`."""
        root = _Set((), self.symmetry.order, None)
        if after is None and self.depth == 0:
            yield root
        open_ = self._reopened(root, after) if after is not None else [self._larger(root)]
        while open_:
            found = next(open_[-1], None)
            if found is None:
                open_.pop()
            elif len(found.entries) == self.depth:
                yield found
            else:
                open_.append(self._larger(found))

    def _reopened(self, root: _Set, path: Sequence[int]) -> list[Iterator[_Set]]:
        """What is left of the search behind the set that `path` leads to."""
        found, open_ = root, []
        for entry in path:
            open_.append(self._larger(found, entry + 1))
            found = next(self._larger(found, entry), None)
            if found is None or found.entries[-1] != entry:
                break
        if found is None or found.entries != tuple(path) or len(path) != self.depth:
            raise ValueError(f"{list(path)} is no path here; is this another version of igraph?")
        return open_

    def _larger(self, small: _Set, first: int = 0) -> Iterator[_Set]:
        """The sets that grow from `small`, one of each orbit, by entries from `first` on."""
        if len(small.entries) == self.depth:
            return
        moves = small.moves
        if moves is None:
            moves = self._moves(small.entries) if small.stabiliser > 1 else []
        n_entries = self.symmetry.space.n_entries
        images = smallest_images(moves, n_entries)
        entries = [c for c in range(first, n_entries) if images[c] == c and c not in small.entries]
        ties = self._ties(small.entries, entries)
        for place, entry in enumerate(entries):
            if ties[place] is not None:
                common = small.stabiliser // images.count(entry)  # keeps small and entry
                large = self._accepted((*small.entries, entry), ties[place] or [], common)
                if large is not None:
                    yield large

    def _accepted(self, entries: tuple[int, ...], tied: list[int], common: int) -> _Set | None:
        """The set of all `entries` if its last one is equivalent to the one singled out.

        That one is in `tied`, entries that an invariant cannot tell from the last.
        """
        if len(tied) == 1:
            return _Set(entries, common, None)
        moves = self._moves(entries)
        images = smallest_images(moves, self.symmetry.space.n_entries)
        same = images[entries[-1]]
        equivalent = sum(images[entry] == same for entry in tied)
        if equivalent < len(tied):
            labels = dict(zip(entries, self.symmetry.labelled(entries), strict=True))
            if images[min(tied, key=labels.__getitem__)] != same:
                return None
        return _Set(entries, common * equivalent, moves)

    def _moves(self, entries: Sequence[int]) -> list[list[int]]:
        return [move.tolist() for move in self.symmetry.generators_of(entries)]

    def _ties(self, small: tuple[int, ...], entries: list[int]) -> list[list[int] | None]:
        """For each larger set its entries of greatest invariant; None if the last is none."""
        if not entries:
            return []
        large = np.zeros((len(entries), self.symmetry.space.n_entries), dtype=np.uint64)
        large[:, small] = 1
        rows = np.arange(len(entries))
        large[rows, entries] = 1
        values = self._invariant.of(large)
        greatest = values.max(axis=1)
        tied = values == greatest[:, None]
        counts, last = tied.sum(axis=1).tolist(), tied[rows, entries].tolist()
        return [
            None if not is_last else [entry] if count == 1 else np.flatnonzero(row).tolist()
            for entry, count, is_last, row in zip(entries, counts, last, tied, strict=True)
        ]

    @cached_property
    def _invariant(self) -> _Invariant:
        return _Invariant(self.symmetry)


class _Invariant:
    """A number for each set entry that the group preserves: colours refined twice.

    Modulo 2^64; that two entries happen to share a number costs time and changes no result.
    """

    def __init__(self, symmetry: Symmetry) -> None:
        n_entries, n_ends = symmetry.space.n_entries, symmetry.n_ends
        self.first, self.second = symmetry.end_arrays
        self.from_first = np.zeros((n_entries, n_ends), dtype=np.uint64)
        self.from_second = np.zeros((n_entries, n_ends), dtype=np.uint64)
        self.from_first[np.arange(n_entries), self.second] = 1
        self.from_second[np.arange(n_entries), self.first] = 1
        self.links = np.zeros((n_ends, n_ends), dtype=np.uint64)
        for one, other in symmetry.links:
            self.links[one, other] = self.links[other, one] = 1
        self.start = _mixed(_mixed(np.array(symmetry.end_orbits, dtype=np.uint64) + _ADDEND))
        mixed = _mixed(self.start)
        self.sums = (
            mixed[self.first][:, None] * self.from_first
            + mixed[self.second][:, None] * self.from_second
        )

    def of(self, masks: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The numbers of set entries, 0 for others; `masks` has the shape (masks, entries)."""
        colours = _mixed(self.start + masks @ self.sums)
        sums = (colours[:, self.first] * masks) @ self.from_first
        sums += (colours[:, self.second] * masks) @ self.from_second
        if self.links.any():
            sums += colours @ self.links
        colours = _mixed(colours * _MULTIPLIER + sums)
        return (colours[:, self.first] + colours[:, self.second]) * masks


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return numbers * (numbers + _ADDEND)


def plain(n_entries: int, budget: int, start: int = 0) -> Iterator[Masks]:
    """All masks with `budget` set entries from number `start`, some thousand rows at a time.

    Rows ascend lexicographically, and so do their keys. Raises `ValueError` for more than 2^63 - 1.

    >>> [masks.astype(int).tolist() for masks in plain(3, 1)]
    [[[0, 0, 1], [0, 1, 0], [1, 0, 0]]]
    """
    total = math.comb(n_entries, budget)
    if total >= 2**63:
        raise ValueError(f"{total:.1e} masks are too many to go through")
    unranking = Unranking(n_entries, budget)
    step = max(1, min(_BLOCK, _BLOCK_BYTES // max(1, n_entries)))
    for first in range(start, total, step):
        yield unranking.masks(np.arange(first, min(first + step, total)))
