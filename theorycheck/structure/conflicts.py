"""Input-output paths, unrolled in time, and the conflicts of learnable weights on them.

Two learnables are in *conflict* if one path runs through both (or twice through one): then the
output has a product of them. Without conflict the output is affine in the learnables (T2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation, Mask
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent

if TYPE_CHECKING:
    import networkx as nx

Units: TypeAlias = NDArray[np.bool_]

_WHAT = "the search for two learnable weights on one path"


class Edge(NamedTuple):
    """The connection `weight`[row, column]; `column` is None for a bias."""

    weight: str
    row: int
    column: int | None

    @property
    def index(self) -> tuple[int, ...]:
        """The position in the weight's mask."""
        return (self.row,) if self.column is None else (self.row, self.column)

    def __str__(self) -> str:
        inside = str(self.row) if self.column is None else f"{self.row},{self.column}"
        return f"{self.weight}[{inside}]"


@dataclass(frozen=True)
class Conflict:
    """A path from an input (or constant) to an output; edges `first` and `second` are learnable."""

    path: tuple[Edge, ...]
    first: int
    second: int


@dataclass(frozen=True)
class _Step:
    """Edges into one level: `inner` from the level before, `outer` from inputs or constants."""

    inner: str
    outer: str | None


def find_conflict(allocation: Allocation, deadline: Deadline = NEVER) -> Conflict | None:
    """A path through two learnables (or twice through one), or None if the output is affine.

    Raises `OutOfTimeError` after the deadline.

    >>> net = LinearFeedforward([1, 1, 1])
    >>> conflict = find_conflict(Allocation.full(net))
    >>> [str(edge) for edge in conflict.path]
    ['W1[0,0]', 'W2[0,0]']
    >>> find_conflict(Allocation.layer(net, "W2")) is None
    True
    """
    return Unrolled(allocation, deadline).conflict() if allocation.n_learnable else None


class Unrolled:
    """Reachability in the network unrolled into levels of units, level 0 being the start.

    `steps` lead from level to level. For each level, `fed`: an input reaches the unit; `marked`: so
    by a path through a learnable; `read`: the unit reaches an output.
    """

    def __init__(self, allocation: Allocation, deadline: Deadline = NEVER) -> None:
        self._allocation, self._deadline = allocation, deadline
        self.steps, fed = _unroll(allocation)
        self.fed, self.marked = [fed], [np.zeros_like(fed)]
        for step in self.steps:
            deadline.check(_WHAT)
            learnable, present = allocation.mask(step.inner), allocation.present_mask(step.inner)
            fed = _reached(present, self.fed[-1])
            marked = _reached(present, self.marked[-1]) | _reached(learnable, self.fed[-1])
            if step.outer is not None:
                fed = fed | _any_source(allocation.present_mask(step.outer))
                marked = marked | _any_source(allocation.mask(step.outer))
            self.fed.append(fed)
            self.marked.append(marked)
        self.read = [np.ones(len(fed), dtype=bool)]
        for step in reversed(self.steps):
            deadline.check(_WHAT)
            self.read.insert(0, _reached(allocation.present_mask(step.inner).T, self.read[0]))

    def conflict(self) -> Conflict | None:
        for level, step in enumerate(self.steps, start=1):
            self._deadline.check(_WHAT)
            learnable = self._allocation.mask(step.inner)
            second = _find(learnable, self.read[level], self.marked[level - 1])
            if second is None:
                continue
            upstream = self._upstream(level - 1, second[1])
            downstream = self._downstream(level, second[0])
            first = next(
                i
                for i, edge in enumerate(upstream)
                if self._allocation.mask(edge.weight)[edge.index]
            )
            edge = Edge(step.inner, *second)
            return Conflict((*upstream, edge, *downstream), first, len(upstream))
        return None

    def conflicts_of(self, name: str, index: tuple[int, ...]) -> set[tuple[str, tuple[int, ...]]]:
        """The learnables that some path meets after it has run through `name`[index]."""
        found: set[tuple[str, tuple[int, ...]]] = set()
        behind = np.zeros_like(self.fed[0])
        for level, step in enumerate(self.steps, start=1):
            learnable = self._allocation.mask(step.inner) & behind & self.read[level][:, None]
            found |= {(step.inner, tuple(entry)) for entry in np.argwhere(learnable).tolist()}
            behind = _reached(self._allocation.present_mask(step.inner), behind)
            is_inner = name == step.inner and self.fed[level - 1][index[-1]]
            if is_inner or name == step.outer:
                behind[index[0]] = True
        return found

    def _upstream(self, level: int, unit: int) -> list[Edge]:
        """A path from a source to a marked unit, in path order, with a learnable on it."""
        edges: list[Edge] = []
        passed = False  # the learnable has been met, plain reachability is enough before it
        while level > 0:
            step = self.steps[level - 1]
            edge, met = self._step_back(step, level, unit, passed)
            edges.append(edge)
            passed = passed or met
            if edge.weight != step.inner:
                break
            assert edge.column is not None
            unit, level = edge.column, level - 1
        return edges[::-1]

    def _step_back(self, step: _Step, level: int, unit: int, passed: bool) -> tuple[Edge, bool]:
        allocation = self._allocation
        inner_l, inner_p = allocation.mask(step.inner), allocation.present_mask(step.inner)
        fed, marked = self.fed[level - 1], self.marked[level - 1]
        if step.outer is not None:
            which = allocation.present_mask if passed else allocation.mask
            source = _first(np.atleast_1d(which(step.outer)[unit]))
            if source is not None:
                column = None if which(step.outer).ndim == 1 else source
                return Edge(step.outer, unit, column), True
        if not passed:
            source = _first(inner_l[unit] & fed)
            if source is not None:
                return Edge(step.inner, unit, source), True
        source = _first(inner_p[unit] & (fed if passed else marked))
        assert source is not None, "a marked unit has a marked or learnable predecessor"
        return Edge(step.inner, unit, source), False

    def _downstream(self, level: int, unit: int) -> list[Edge]:
        edges: list[Edge] = []
        for step, read in zip(self.steps[level:], self.read[level + 1 :], strict=True):
            target = _first(self._allocation.present_mask(step.inner)[:, unit] & read)
            assert target is not None, "a unit that is read has a successor that is read"
            edges.append(Edge(step.inner, target, unit))
            unit = target
        return edges


def _unroll(allocation: Allocation) -> tuple[list[_Step], Units]:
    """The steps from level to level, and which units of level 0 carry an input."""
    network = allocation.network
    if isinstance(network, LinearFeedforward):
        steps = [
            _Step(f"W{layer}", f"b{layer}" if network.bias else None)
            for layer in range(1, network.depth + 1)
        ]
        return steps, np.ones(network.inputs, dtype=bool)
    assert isinstance(network, LinearRecurrent)
    # A shortest path through two learnables has three stretches of at most N - 1 recurrent edges,
    # so more than 3 N steps show nothing new; both readouts see the same paths.
    n_steps = min(network.steps, 3 * network.hidden)
    steps = [_Step("recurrent", "input")] * n_steps + [_Step("readout", None)]
    return steps, np.zeros(network.hidden, dtype=bool)


def _reached(mask: Mask, units: Units) -> Units:
    """Rows of `mask` with a one in some column of `units`."""
    if not any(mask.strides) and mask.size:  # a broadcast scalar: all ones or all zeros
        return np.full(mask.shape[0], bool(mask.flat[0]) and bool(units.any()))
    return np.any(mask if units.all() else mask[:, units], axis=1)


def _any_source(mask: Mask) -> Units:
    return mask if mask.ndim == 1 else np.any(mask, axis=1)


def _first(units: Units) -> int | None:
    index = int(np.argmax(units))
    return index if units[index] else None


def _find(mask: Mask, rows: Units, columns: Units) -> tuple[int, int] | None:
    """An entry of `mask` in the given rows and columns."""
    if not columns.any():
        return None
    row = _first(_reached(mask, columns) & rows)
    if row is None:
        return None
    column = _first(mask[row] & columns)
    assert column is not None
    return row, column


def conflict_graph(allocation: Allocation) -> nx.Graph:
    """All conflicts: a node (weight, index) per learnable, an edge where two share a path.

    A weight that some path runs through twice has an edge to itself. The learnables form an
    antichain, and the output is affine in them (T2), if and only if there are no edges. Meant for
    small networks: one pass through the unrolled network per learnable.

    >>> graph = conflict_graph(Allocation.full(LinearFeedforward([1, 1, 1])))
    >>> list(graph.edges)
    [(('W1', (0, 0)), ('W2', (0, 0)))]
    """
    import networkx as nx

    graph = nx.Graph()
    names = {name: np.argwhere(allocation.mask(name)).tolist() for name in allocation.counts}
    graph.add_nodes_from(
        (name, tuple(index)) for name, entries in names.items() for index in entries
    )
    if allocation.n_learnable:
        unrolled = Unrolled(allocation)
        for node in list(graph):
            graph.add_edges_from((node, other) for other in unrolled.conflicts_of(*node))
    return graph
