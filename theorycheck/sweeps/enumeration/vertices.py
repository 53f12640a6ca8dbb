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

from ...problem.networks.base import Network
from ...problem.networks.recurrent import LinearRecurrent
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


def _lines(network: Network) -> tuple[list[int], dict[str, tuple[int, int | None]]]:
    """Sizes of the levels, and weight name -> levels of its rows and columns (None: biases)."""
    if isinstance(network, LinearRecurrent):
        sizes = [network.inputs, network.hidden, network.hidden, network.outputs]
        return sizes, {"input": (1, 0), "recurrent": (1, 2), "readout": (3, 2)}
    layers: dict[str, tuple[int, int | None]] = {}
    for name in network.weight_shapes:
        layer = int(name[1:])
        layers[name] = (layer, layer - 1 if name[0] == "W" else None)
    return list(network.widths), layers


def vertices_of(space: MaskSpace, transposes: bool) -> Vertices:
    """The vertices of a mask space, with hubs if the group `transposes`.

    >>> from theorycheck import LinearFeedforward
    >>> vertices_of(MaskSpace(LinearFeedforward([1, 2]), ("W1",)), transposes=False).ends
    [(1, 0), (2, 0)]
    """
    sizes, lines = _lines(space.network)
    starts = np.cumsum([0, *sizes]).tolist()
    levels = [range(*pair) for pair in pairwise(starts)]
    last = len(levels) - 1
    classes = [min(k, last - k) if transposes else k for k in range(len(levels))]
    colours = [colour for units, colour in zip(levels, classes, strict=True) for _ in units]
    ends: dict[str, Edges] = {}
    for name, (row, column) in lines.items():
        if column is None:
            ends[name] = [(unit, len(colours)) for unit in levels[row]]
            colours.append(max(colours) + 1)
        else:
            ends[name] = [(unit, other) for unit in levels[row] for other in levels[column]]
    n_ends, fixed, sorters, tied = len(colours), [], list(levels), []
    if isinstance(space.network, LinearRecurrent):
        ties = range(n_ends, n_ends + sizes[1])
        tied = list(zip(levels[1], levels[2], strict=True))
        fixed += [(u, tie) for pair, tie in zip(tied, ties, strict=True) for u in pair]
        colours += [max(colours) + 1] * sizes[1]
        sorters[1:3] = [ties, ties]
    hubs = list(range(len(colours), len(colours) + len(levels))) if transposes else []
    if transposes:
        base = max(colours) + 1
        colours += [base + colour for colour in classes]
        fixed += list(pairwise(hubs))
        fixed += [(h, unit) for h, units in zip(hubs, levels, strict=True) for unit in units]
    masks = {name: space.empty.present_mask(name).ravel() for name in lines}
    absent = [ends[name][k] for name in lines for k in np.flatnonzero(~masks[name]).tolist()]
    first_path = len(colours)
    colours += [max(colours) + 1] * len(absent)
    entries = [ends[name][k] for name, flat in space.entries.items() for k in flat.tolist()]
    absent = sorted((min(pair), max(pair)) for pair in absent)
    return Vertices(
        n_ends, levels, sorters, hubs, tied, colours, fixed, entries, absent, first_path
    )
