"""Marks: what a certificate points at, as places on the masks, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from ...problem.allocation import Allocation
from ...problem.masks import Mask
from ...problem.networks.base import Network
from ...problem.networks.unrolled import Group, as_matrix

EQUATIONS, ACTIVITY = "equations", "activity"  # grids beside those of the weights

Axis: TypeAlias = Literal["rows", "columns"]
Shape: TypeAlias = Literal["ring", "dot", "row", "column", "text"]
Place: TypeAlias = tuple[str, int, int]  # grid, row, column


@dataclass(frozen=True)
class Line:
    """A row or column: its `text` beside it, an outline if `outlined`, a stroke if `struck`."""

    grid: str
    axis: Axis
    index: int
    text: str = ""
    outlined: bool = True
    struck: bool = False


@dataclass(frozen=True)
class Spot:
    """One entry: a ring, a dot, a bar along its row or column, or a text."""

    grid: str
    row: int
    column: int
    shape: Shape = "ring"
    text: str = ""


@dataclass(frozen=True)
class Walk:
    """Entries of one grid that are joined one after the other."""

    grid: str
    entries: tuple[tuple[int, int], ...]
    dashed: bool = False


@dataclass(frozen=True)
class EntryBlock:
    """The entries of `rows` and `columns` in common, outlined."""

    grid: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]


Mark: TypeAlias = Line | Spot | Walk | EntryBlock


@dataclass
class Marks:
    """All marks of a certificate, with what they mean in words.

    `path` is a way through the network, weight by weight (name, index); `groups` are groups of
    units that are outlined, with a text; `active` are the active units (unit, sample) of a point.
    """

    marks: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    path: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    groups: dict[Group, str] = field(default_factory=dict)
    active: set[tuple[int, int]] | None = None

    def add(self, *marks: Mark) -> None:
        """Add marks."""
        self.marks += marks

    def note(self, text: str) -> None:
        """Add an explanation, once."""
        if text not in self.notes:
            self.notes.append(text)

    def include(self, other: Marks) -> None:
        """Add the marks of a certificate that this one rests on."""
        self.marks += other.marks
        self.path = self.path or other.path
        self.groups |= other.groups
        self.active = other.active if self.active is None else self.active
        for text in other.notes:
            self.note(text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be drawn."""
        return not (self.marks or self.path or self.groups or self.active)

    @property
    def has_equations(self) -> bool:
        """Whether some mark is on an equation."""
        return any(mark.grid == EQUATIONS for mark in self.marks)


@dataclass(frozen=True)
class Scene:
    """A certificate's evidence with the problem it is about, and where that lies in the picture.

    `samples` is the number of columns of the equations. The problem can be a part of the one in
    the picture: `rows` are the outputs and `columns` the inputs that are left, None for all.
    """

    allocation: Allocation
    samples: int
    kind: str
    expressivity: str
    evidence: Mapping[str, Any]
    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None

    def about(self, inner: Mapping[str, Any], **changes: Any) -> Scene:
        """The scene of the certificate that this one rests on."""
        keys = {key: inner[key] for key in ("kind", "expressivity", "evidence")}
        return replace(self, **keys, **changes)

    def grid(self, place: str | None = None) -> str:
        """The grid of the evidence's place, such as W1 for `[W1 b1]`."""
        name = str(self.evidence["place"] if place is None else place)
        return name.strip("[]").split()[0]

    def row(self, grid: str, index: int) -> int:
        """A row's number in the picture."""
        return self.rows[index] if self.rows is not None and grid == self.last else index

    def column(self, grid: str, index: int) -> int:
        """A column's number in the picture."""
        if self.columns is None or grid != self.first:
            return index
        return self.columns[index] if index < len(self.columns) else -1  # the bias is the last

    @property
    def first(self) -> str:
        """The weight matrix that reads the inputs."""
        return self.allocation.network.weight_layers[0][0]

    @property
    def last(self) -> str:
        """The weight matrix that makes the outputs."""
        return self.allocation.network.weight_layers[-1][0]

    def line(self, grid: str, axis: str, index: int, text: str = "", outlined: bool = True) -> Line:
        """A mark on a row or column."""
        if axis in ("rows", "row"):
            return Line(grid, "rows", self.row(grid, index), text, outlined)
        return Line(grid, "columns", self.column(grid, index), text, outlined)

    def place(self, name: str, index: Sequence[int]) -> Place:
        """Where a weight is; a bias is one more column of its layer."""
        grid = self._grids[name]
        _, *columns = self.allocation.network.weight_shapes[grid]
        if len(index) == 1:
            column = math.prod(columns)
        else:  # of a filter one column for each channel and offset
            column = int(np.ravel_multi_index(tuple(index[1:]), tuple(columns)))
        return grid, self.row(grid, index[0]), self.column(grid, column)

    def spot(self, name: str, index: Sequence[int], shape: Shape = "ring", text: str = "") -> Spot:
        """A mark on a weight."""
        return Spot(*self.place(name, index), shape, text)

    def entries(self, which: str, numbers: Iterable[int]) -> list[tuple[str, tuple[int, ...]]]:
        """The weights with these numbers among the `which` (learnable or present) ones."""
        wanted, found, start = list(numbers), {}, 0
        for name, mask in self.allocation.masks(which):
            entries = np.flatnonzero(mask)
            here = [n for n in wanted if start <= n < start + len(entries)]
            indices = np.unravel_index(entries[[n - start for n in here]], mask.shape)
            found |= dict(zip(here, zip(*(i.tolist() for i in indices), strict=True), strict=True))
            found |= {n: (name, found[n]) for n in here}
            start += len(entries)
        return [found[n] for n in wanted]

    def equation(self, number: int, shape: Shape = "ring", text: str = "") -> Spot:
        """A mark on an equation: rows are outputs (step after step), columns samples."""
        row, sample = divmod(number, self.samples)
        row = self.rows[row] if self.rows is not None else row
        return Spot(EQUATIONS, row, sample, shape, text)

    def mask(self, grid: str) -> Mask:
        """The learnable mask of a layer, its bias as last column."""
        bias, mask = bias_of(self.allocation.network, grid), as_matrix(self.allocation.mask(grid))
        return mask if bias is None else np.column_stack([mask, self.allocation.mask(bias)])

    @cached_property
    def _grids(self) -> dict[str, str]:
        """The weight matrix in whose grid each weight is drawn."""
        return {name: layer[0] for layer in self.allocation.network.weight_layers for name in layer}


def bias_of(network: Network, matrix: str) -> str | None:
    """The bias that is drawn as the last column of a weight matrix, if its layer has one.

    >>> from theorycheck import LinearFeedforward
    >>> bias_of(LinearFeedforward([2, 2], bias=True), "W1")
    'b1'
    """
    return next((rest[0] for name, *rest in network.weight_layers if name == matrix and rest), None)


def chains(entries: Sequence[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Pairs of entries that follow each other in a row or column: the entries as a graph.

    It has a cycle if and only if rows and columns, joined by the entries, have one.

    >>> list(chains([(0, 0), (0, 2), (1, 2)]))
    [((0, 0), (0, 2)), ((0, 2), (1, 2))]
    """
    for axis in (0, 1):
        last: dict[int, tuple[int, int]] = {}
        for entry in sorted(entries, key=lambda c: (c[axis], c[1 - axis])):
            if entry[axis] in last:
                yield last[entry[axis]], entry
            last[entry[axis]] = entry
