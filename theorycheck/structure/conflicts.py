"""Input-output paths, unrolled in time, and the conflicts of learnable weights on them.

Two learnables are in *conflict* if one path runs through both (or twice through one): then the
output has a product of them. Without conflict the output is affine in the learnables (T2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation, Mask
from ..problem.networks.unrolled import Level, Term, as_matrix, backward, forward
from .reachability import Units, reached, reaching

if TYPE_CHECKING:
    import networkx as nx

_WHAT = "the search for two learnable weights on one path"


@dataclass(frozen=True)
class Edge:
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


def find_conflict(allocation: Allocation, deadline: Deadline = NEVER) -> Conflict | None:
    """A path through two learnables (or twice through one), or None if the output is affine.

    Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([1, 1, 1])
    >>> conflict = find_conflict(Allocation.full(net))
    >>> [str(edge) for edge in conflict.path]
    ['W1[0,0]', 'W2[0,0]']
    >>> find_conflict(Allocation.layer(net, "W2")) is None
    True
    """
    return LearnablePaths(allocation, deadline).conflict() if allocation.n_learnable else None


class LearnablePaths:
    """Reachability in the unrolled network: which units lie on paths, and behind learnables.

    For each level, `fed`: an input or the constant reaches the unit; `marked`: so by a path through
    a learnable; `read`: the unit reaches an output. Among the terms of a level a path is sought by
    the last one first: from inputs and the constant before hidden units.
    """

    def __init__(self, allocation: Allocation, deadline: Deadline = NEVER) -> None:
        self._deadline = deadline
        self.unrolled = allocation.network.same_paths.unrolled
        self._learnable = {name: as_matrix(mask) for name, mask in allocation.masks("learnable")}
        self._present = {name: as_matrix(mask) for name, mask in allocation.masks("present")}
        self._shapes = allocation.network.weight_shapes
        starts = [
            (np.ones(one.size, bool), np.zeros(one.size, bool)) for one in self.unrolled.starts
        ]
        values = forward(self.unrolled, starts, self._ahead, deadline, _WHAT)
        self.fed = [fed for fed, _ in values]
        self.marked = [marked for _, marked in values]
        self.read = [np.zeros_like(fed) for fed in self.fed]
        for output in self.unrolled.read:
            every = np.ones_like(self.fed[output])
            found = backward(self.unrolled, output, every, self._back, deadline, _WHAT)
            for number, units in found.items():
                self.read[number] |= units

    def _ahead(
        self, level: Level, terms: list[tuple[str, tuple[Units, Units]]]
    ) -> tuple[Units, Units]:
        fed, marked = np.zeros(level.size, dtype=bool), np.zeros(level.size, dtype=bool)
        for name, (before, marked_before) in terms:
            fed |= reached(self._present[name], before)
            marked |= reached(self._present[name], marked_before)
            marked |= reached(self._learnable[name], before)
        return fed, marked

    def _back(self, level: Level, terms: list[tuple[str, Units]]) -> Units:
        read = np.zeros(level.size, dtype=bool)
        for name, behind in terms:
            read |= reaching(self._present[name], behind)
        return read

    def conflict(self) -> Conflict | None:
        """The conflict whose second learnable comes first."""
        for number, level in enumerate(self.unrolled.levels):
            self._deadline.check(_WHAT)
            for name, source in level.terms:
                second = _find(self._learnable[name], self.read[number], self.marked[source])
                if second is None:
                    continue
                row, column = second
                upstream, first = self._upstream(source, column)
                path = (*upstream, self._edge(name, row, column), *self._downstream(number, row))
                return Conflict(path, first, len(upstream))
        return None

    def conflicts_of(self, name: str, index: tuple[int, ...]) -> set[tuple[str, tuple[int, ...]]]:
        """The learnables that some path meets after it has run through `name`[index]."""
        found: set[tuple[str, tuple[int, ...]]] = set()
        row, column = index[0], index[1] if len(index) == 2 else 0
        behind: list[Units] = []
        for number, level in enumerate(self.unrolled.levels):
            behind.append(np.zeros(level.size, dtype=bool))
            for weight, source in level.terms:
                met = self._learnable[weight] & behind[source] & self.read[number][:, None]
                shape = self._shapes[weight]
                found |= {(weight, tuple(e[: len(shape)])) for e in np.argwhere(met).tolist()}
                behind[number] |= reached(self._present[weight], behind[source])
                if weight == name and self.fed[source][column]:
                    behind[number][row] = True
        return found

    def _edge(self, name: str, row: int, column: int) -> Edge:
        return Edge(name, row, column if len(self._shapes[name]) == 2 else None)

    def _upstream(self, number: int, unit: int) -> tuple[list[Edge], int]:
        """A path from a source to a marked unit, in path order, and where its learnable is."""
        edges: list[Edge] = []
        behind = None  # edges behind the learnable; before it plain reachability is enough
        while self.unrolled.levels[number].terms:
            name, source, column, met = self._step_back(number, unit, behind is not None)
            if met:
                behind = len(edges)
            edges.append(self._edge(name, unit, column))
            number, unit = source, column
        assert behind is not None, "a marked unit has a learnable before it"
        return edges[::-1], len(edges) - 1 - behind

    def _step_back(self, number: int, unit: int, passed: bool) -> tuple[str, int, int, bool]:
        """Weight, source level and column of an edge that leads to a unit, and if it is the first.

        The learnable sought is met by it unless it has been `passed`.
        """
        terms = self.unrolled.levels[number].terms[::-1]
        for name, source in () if passed else terms:
            column = _first(self._learnable[name][unit] & self.fed[source])
            if column is not None:
                return name, source, column, True
        sought = self.fed if passed else self.marked
        for name, source in terms:
            column = _first(self._present[name][unit] & sought[source])
            if column is not None:
                return name, source, column, False
        raise AssertionError("unreachable: a marked unit has a marked or learnable predecessor")

    def _downstream(self, number: int, unit: int) -> list[Edge]:
        """A path from a unit that is read to an output."""
        edges: list[Edge] = []
        while number not in self.unrolled.read:
            name, number, row = self._step_ahead(number, unit)
            edges.append(self._edge(name, row, unit))
            unit = row
        return edges

    def _step_ahead(self, number: int, unit: int) -> tuple[str, int, int]:
        for name, target in self._leading.get(number, ()):
            row = _first(self._present[name][:, unit] & self.read[target])
            if row is not None:
                return name, target, row
        raise AssertionError("unreachable: a unit that is read has a successor that is read")

    @cached_property
    def _leading(self) -> dict[int, list[Term]]:
        """Level -> the weights that lead from it, each with its target."""
        leading: dict[int, list[Term]] = {}
        for number, level in enumerate(self.unrolled.levels):
            for name, source in level.terms:
                leading.setdefault(source, []).append(Term(name, number))
        return leading


def _first(units: Units) -> int | None:
    index = int(np.argmax(units))
    return index if units[index] else None


def _find(mask: Mask, rows: Units, columns: Units) -> tuple[int, int] | None:
    """An entry of `mask` in the given rows and columns."""
    if not columns.any():
        return None
    row = _first(reached(mask, columns) & rows)
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

    >>> from theorycheck import LinearFeedforward
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
        paths = LearnablePaths(allocation)
        for node in list(graph):
            graph.add_edges_from((node, other) for other in paths.conflicts_of(*node))
    return graph
