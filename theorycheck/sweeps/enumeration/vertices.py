"""Masks of a mask space as graphs with coloured vertices, for T8: which vertex is what.

Vertices are the units, coloured by level, and for each layer with biases one constant; a learnable
is an edge. A hidden unit of a recurrent network is two units, one that receives and one that sends,
tied to a third vertex, so that recurrent weights join two levels as others do and W[i, i] is an
edge too. An absent connection is a path through an extra vertex. Where transposing is a symmetry,
the levels that it exchanges have one colour, and a hub for each level, tied to its units and to the
hubs of the next levels, keeps a level together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from ...errors import InputError
from ...problem.networks.base import Network
from ..mask_space import MaskSpace

Edges: TypeAlias = list[tuple[int, int]]


@dataclass(frozen=True)
class Vertices:
    """Which vertex is what. First the ends of entries: units level by level, then constants."""

    n_ends: int
    levels: list[range]
    sorters: list[range]  # for each level, the vertices whose labels sort its units
    hubs: list[int]  # of the levels, in order; none where transposing is no symmetry
    tied: Edges  # the two units that are one hidden unit
    colours: list[int]  # of all vertices
    fixed: Edges  # edges of every mask, without those of absent connections
    ends: Edges  # of each entry
    absent: Edges  # the ends of each absent connection
    first_path: int  # the first vertex in the middle of an absent connection

    def paths(self, absent: Edges) -> Edges:
        """The edges of absent connections."""
        middles = range(self.first_path, self.first_path + len(absent))
        return [(end, m) for m, pair in zip(middles, absent, strict=True) for end in pair]


@dataclass(frozen=True)
class _Levels:
    """Levels of units. A group that leads to itself has two: one receives and one sends."""

    sizes: list[int]
    ends: dict[str, tuple[int, int | None]]  # of weights: levels of rows and columns (None: biases)
    split: list[int]  # the receiving levels of groups that have two, their sending ones follow


def _levels(network: Network) -> _Levels:
    """The levels of a network whose weights join all units of a group to all of another."""
    matrices = {name: shape for name, shape in network.weight_shapes.items() if len(shape) == 2}
    loops = {network.ends(name)[0] for name in matrices if len(set(network.ends(name))) == 1}
    sizes: list[int] = []
    receives, sends = {}, {}
    for group, size in network.groups.items():
        receives[group] = len(sizes)
        sizes += [size, size] if group in loops else [size]
        sends[group] = len(sizes) - 1
    ends: dict[str, tuple[int, int | None]] = {}
    for name in network.weight_shapes:
        source, target = network.ends(name)
        if name in matrices and matrices[name] != (network.groups[target], network.groups[source]):
            raise InputError(f"{network.describe()} shares weights: its symmetries are not known")
        ends[name] = (receives[target], sends[source] if name in matrices else None)
    return _Levels(sizes, ends, [receives[group] for group in network.groups if group in loops])


def _rigid(n_entries: int) -> Vertices:
    """Every entry joins two ends of its own, each of its own colour: nothing is exchanged.

    Where filters share weights, or layers add what they read, units cannot be permuted layer by
    layer; what symmetry there is instead is not used.
    """
    ends = [range(end, end + 1) for end in range(2 * n_entries)]
    pairs = [(2 * entry, 2 * entry + 1) for entry in range(n_entries)]
    colours = list(range(len(ends)))
    return Vertices(len(ends), ends, ends, [], [], colours, [], pairs, [], len(ends))


def vertices_of(space: MaskSpace, transposes: bool) -> Vertices:
    """The vertices of a mask space, with hubs if the group `transposes`.

    >>> from theorycheck import LinearFeedforward
    >>> vertices_of(MaskSpace(LinearFeedforward([1, 2]), ("W1",)), transposes=False).ends
    [(1, 0), (2, 0)]
    """
    if space.network.unrolled.parts or space.network.unrolled.multiples:
        return _rigid(space.n_entries)
    found = _levels(space.network)
    starts = np.cumsum([0, *found.sizes]).tolist()
    levels = [range(*pair) for pair in pairwise(starts)]
    last = len(levels) - 1
    classes = [min(k, last - k) if transposes else k for k in range(len(levels))]
    colours = [colour for units, colour in zip(levels, classes, strict=True) for _ in units]
    ends: dict[str, Edges] = {}
    for name, (row, column) in found.ends.items():
        if column is None:
            ends[name] = [(unit, len(colours)) for unit in levels[row]]
            colours.append(max(colours) + 1)
        else:
            ends[name] = [(unit, other) for unit in levels[row] for other in levels[column]]
    n_ends, fixed, sorters, tied = len(colours), [], list(levels), []
    for k in found.split:
        ties = range(len(colours), len(colours) + found.sizes[k])
        pairs = list(zip(levels[k], levels[k + 1], strict=True))
        fixed += [(u, tie) for pair, tie in zip(pairs, ties, strict=True) for u in pair]
        colours += [max(colours) + 1] * len(ties)
        sorters[k : k + 2] = [ties, ties]
        tied += pairs
    hubs = list(range(len(colours), len(colours) + len(levels))) if transposes else []
    if transposes:
        base = max(colours) + 1
        colours += [base + colour for colour in classes]
        fixed += list(pairwise(hubs))
        fixed += [(h, unit) for h, units in zip(hubs, levels, strict=True) for unit in units]
    masks = {name: space.empty.present_mask(name).ravel() for name in found.ends}
    absent = [ends[name][k] for name in found.ends for k in np.flatnonzero(~masks[name]).tolist()]
    first_path = len(colours)
    colours += [max(colours) + 1] * len(absent)
    entries = [ends[name][k] for name, flat in space.entries.items() for k in flat.tolist()]
    absent = sorted((min(pair), max(pair)) for pair in absent)
    return Vertices(
        n_ends, levels, sorters, hubs, tied, colours, fixed, entries, absent, first_path
    )
