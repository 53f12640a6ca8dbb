"""The symmetry group of T8 on the entries of a mask space: canonical masks, stabilisers, orbit
sizes.

A mask becomes a graph with coloured vertices (see `vertices`), and BLISS (Junttila and Kaski 2007)
finds its canonical labelling and its automorphisms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from igraph import GraphBase
from numpy.typing import NDArray

from ..mask_space import MaskSpace
from .vertices import Edges, Vertices, vertices_of


@dataclass(frozen=True, eq=False)
class Symmetry:
    """The permutations of T8 that map a mask space to itself, with `samples` samples.

    They are those of hidden units, inputs and outputs that preserve the present connections, and
    products with the transposition where T8 has it and it preserves the network, the samples that
    count and the weights that may be learnable (see `transposes`). Needs igraph; canonical masks
    are those of one version of igraph, for its BLISS decides which mask of an orbit it is.

    Source: T8 (proofs/t08_symmetry.py).

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([3, 3, 3]), ("W1", "W2"))
    >>> symmetry = Symmetry(space, samples=3)
    >>> symmetry.order  # three times 3! for the levels, and 2 for transposing
    432
    >>> corner = np.arange(18) == 0
    >>> symmetry.orbit_size(corner), symmetry.stabiliser(corner)
    (18, 24)
    """

    space: MaskSpace
    samples: int

    @cached_property
    def transposes(self) -> bool:
        """Whether transposing belongs to the group, if the present connections allow it.

        Linear feed-forward without biases, the same widths backwards and m >= n_0; recurrent, read
        at the end, as many inputs as outputs and m >= n_in T, learnables in `input` and `readout`
        or in neither.
        """
        network, weights = self.space.network, set(self.space.weights)
        transposed = network.transposed()
        if transposed is None or network.bias or network.reads_every_step:
            return False
        other, names = transposed
        is_enough = self.samples >= network.input_dimension
        return other == network and is_enough and {names[name] for name in weights} == weights

    @cached_property
    def order(self) -> int:
        """How many permutations the group has.

        Those of units count that move no entry of the mask space too: orbits are `order` divided by
        the order of a stabiliser all the same.
        """
        return self._graph([]).count_automorphisms(color=self._vertices.colours)

    def canonical(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The one mask of the orbit of `mask`, shape (entries,), that stands for all.

        Two masks have the same canonical mask if and only if they are in one orbit.
        """
        found = np.zeros(self.space.n_entries, dtype=bool)
        found[self.canonical_entries(np.flatnonzero(mask).tolist())] = True
        return found

    def stabiliser(self, mask: NDArray[np.bool_]) -> int:
        """How many permutations of the group map `mask` to itself."""
        graph = self._graph(np.flatnonzero(mask).tolist())
        return graph.count_automorphisms(color=self._vertices.colours)

    def orbit_size(self, mask: NDArray[np.bool_]) -> int:
        """How many masks the group maps `mask` to."""
        return self.order // self.stabiliser(mask)

    def generators(self, mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """Permutations that generate the stabiliser of `mask`; entry c goes to entry p[c]."""
        return self.generators_of(np.flatnonzero(mask).tolist())

    def generators_of(self, entries: Sequence[int]) -> list[NDArray[np.int64]]:
        """`generators` of the mask with the set `entries`."""
        moves = self._graph(entries).automorphism_group(color=self._vertices.colours)
        return [self._moved(np.array(move)) for move in moves]

    def canonical_entries(self, entries: Sequence[int]) -> list[int]:
        """The set entries of the canonical mask, each where the one in `entries` goes."""
        vertices, entry_of = self._vertices, self._entry_of
        place = self._places(self._labels(entries, vertices.absent))
        if vertices.absent:
            # Sorted units put absent connections elsewhere. What maps them back to where they are
            # depends on nothing but where they went, hence on the orbit of the mask alone.
            pairs = ((place[u], place[v]) for u, v in vertices.absent)
            absent = sorted((min(pair), max(pair)) for pair in pairs)
            labels = self._labels([], absent)
            place = [self._vertex_labelled[labels[where]] for where in place]
        ends = vertices.ends
        return [entry_of[place[ends[entry][0]]][place[ends[entry][1]]] for entry in entries]

    def labelled(self, entries: Sequence[int]) -> list[tuple[int, int]]:
        """For each of the set `entries`, canonical labels of its two ends, the smaller first."""
        labels, ends = self._labels(entries, self._vertices.absent), self._vertices.ends
        pairs = ((labels[ends[entry][0]], labels[ends[entry][1]]) for entry in entries)
        return [(min(pair), max(pair)) for pair in pairs]

    @cached_property
    def end_arrays(self) -> NDArray[np.int64]:
        """For each entry, the two vertices of `n_ends` that it joins; shape (2, entries)."""
        return np.array(self._vertices.ends, dtype=np.int64).reshape(-1, 2).T

    @property
    def n_ends(self) -> int:
        """How many vertices entries can join: units, and constants of biases."""
        return self._vertices.n_ends

    @property
    def links(self) -> Edges:
        """Pairs of ends that are tied whatever is learnable; the group preserves them."""
        return self._vertices.tied + self._vertices.absent

    @cached_property
    def end_orbits(self) -> list[int]:
        """For each end, the smallest one that the group maps it to."""
        moves = self._graph([]).automorphism_group(color=self._vertices.colours)
        return smallest_images(moves, self.n_ends)

    def _labels(self, entries: Sequence[int], absent: Edges) -> list[int]:
        """The canonical labels of all vertices."""
        graph = self._graph(entries, absent)
        found = graph.canonical_permutation(color=self._vertices.colours)
        if not self._inverse:
            return found
        labels = [0] * len(found)
        for label, vertex in enumerate(found):
            labels[vertex] = label
        return labels

    def _graph(self, entries: Sequence[int], absent: Edges | None = None) -> GraphBase:
        vertices = self._vertices
        ends, fixed = vertices.ends, vertices.fixed
        if absent is None or absent is vertices.absent:
            fixed = self._fixed
        else:
            fixed = fixed + vertices.paths(absent)
        return GraphBase(len(vertices.colours), fixed + [ends[entry] for entry in entries])

    def _places(self, labels: list[int]) -> list[int]:
        """Where each end goes: units of each level in the order of their labels."""
        vertices = self._vertices
        levels, hubs = vertices.levels, vertices.hubs
        place = list(range(vertices.n_ends))
        turned = bool(hubs) and labels[hubs[-1]] < labels[hubs[0]]
        for units, sorters, target in zip(
            levels, vertices.sorters, reversed(levels) if turned else levels, strict=True
        ):
            ordered = sorted(zip(labels[sorters.start : sorters.stop], units, strict=True))
            for where, (_, unit) in zip(target, ordered, strict=True):
                place[unit] = where
        return place

    def _moved(self, move: NDArray[np.int64]) -> NDArray[np.int64]:
        first, second = self.end_arrays
        return self._entry_numbers[move[first], move[second]]

    @cached_property
    def _inverse(self) -> bool:
        """Whether igraph tells the vertex of each label (from version 1), not the label of each."""
        found = GraphBase(3).canonical_permutation(color=[1, 2, 0])  # sorted by colour
        if found not in ([1, 2, 0], [2, 0, 1]):
            raise RuntimeError(f"igraph labels three vertices in an unknown way: {found}")
        return found == [2, 0, 1]

    @cached_property
    def _vertices(self) -> Vertices:
        return vertices_of(self.space, self.transposes)

    @cached_property
    def _fixed(self) -> Edges:
        return self._vertices.fixed + self._vertices.paths(self._vertices.absent)

    @cached_property
    def _vertex_labelled(self) -> list[int]:
        return np.argsort(self._labels([], self._vertices.absent)).tolist()

    @cached_property
    def _entry_numbers(self) -> NDArray[np.int64]:
        # No entry: a number that no mask has, so that a mistake cannot pass for another entry.
        numbers = np.full((self.n_ends, self.n_ends), self.space.n_entries)
        first, second = self.end_arrays
        numbers[first, second] = numbers[second, first] = np.arange(self.space.n_entries)
        return numbers

    @cached_property
    def _entry_of(self) -> list[list[int]]:
        return self._entry_numbers.tolist()


def smallest_images(moves: Sequence[Sequence[int]], size: int) -> list[int]:
    """For each of 0..size-1, the smallest number of its orbit under the permutations `moves`.

    >>> smallest_images([[1, 0, 2, 3], [0, 2, 1, 3]], 4)
    [0, 0, 0, 3]
    """
    root = list(range(size))
    for move in moves:
        for number in range(size):
            one, other = number, move[number]
            if one == other:
                continue
            while root[one] != one:
                one = root[one]
            while root[other] != other:
                other = root[other]
            if one < other:
                root[other] = one
            else:
                root[one] = other
    for number in range(size):
        root[number] = root[root[number]]
    return root
