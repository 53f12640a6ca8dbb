"""T3, T4 and T5: counts and graphs of one layer. A function for each kind, named like it.

Their parameters are the keys of the evidence; what they return is the class that it proves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.page_checker.problem import Matrix, Problem, integer, listed, need, numbers, pairs

Frozen = tuple[int, int]


@dataclass
class Layer:
    """The learnables of the one layer that has any, and what is asked of it."""

    learnable: Matrix
    d: int
    m: int
    place: str = ""
    hidden: tuple[tuple[str, int, int], ...] = ()  # place, width and what it needs
    rows_only: bool = False

    def __post_init__(self) -> None:
        self.p, self.q = len(self.learnable), len(self.learnable[0])
        self.a, self.b = self.p - self.d, self.q - self.m
        self.frozen = {(i, j) for i, row in enumerate(self.learnable)
                       for j, value in enumerate(row) if not value}  # fmt: skip

    def along(self, axis: Any) -> Layer:
        """Itself for `columns`, else transposed."""
        need(axis in ("rows", "columns"), "axis")
        lines = [list(line) for line in zip(*self.learnable, strict=True)]
        return self if axis == "columns" else Layer(lines, self.m, self.d)

    def columns(self) -> list[tuple[int, ...]]:
        return list(zip(*self.learnable, strict=True))

    def cells(self, data: Any) -> list[Frozen]:
        """Distinct frozen cells."""
        cells = [(integer(i), integer(j)) for i, j in pairs(data)]
        need(len(set(cells)) == len(cells) and self.frozen.issuperset(cells), "frozen cells")
        return cells

    def peel(self, peeled: Any) -> tuple[list[int], list[int], set[Frozen]]:
        """The rows, the columns and the frozen cells that are left."""
        need(self.a >= 1 and self.b >= 1, "a, b >= 1")
        cells, left = self.frozen, {"rows": set(range(self.p)), "columns": set(range(self.q))}
        for axis, lines in pairs(peeled):
            for line in listed(lines):
                need(integer(line) in left[axis], "a line that is not there")
                gone = {cell for cell in cells if cell[axis == "columns"] == line}
                need(len(gone) <= (self.b if axis == "rows" else self.a), "too many frozen cells")
                left[axis].remove(line)
                cells = cells - gone
        return sorted(left["rows"]), sorted(left["columns"]), cells


def one_layer(problem: Problem, theorem: str) -> Layer:
    """The layer with all learnables."""
    used, d, m = {name for name, _, _ in problem.learnables}, problem.d, problem.m_e
    if theorem == "T5":
        need(problem.readout == "final" and len(used) == 1, "T5: readout final, one layer")
        if used == {"readout"}:
            return Layer(problem.learnable["readout"], d, m, "readout", rows_only=True)
        m, n = problem.samples, problem.widths[1]
        need(used == {"recurrent"} and problem.steps == 2 and m <= problem.widths[0], "T5: places")
        hidden = (("the hidden layer", n, d if n < d else m),)
        return Layer(problem.learnable["recurrent"], d, m, "recurrent", hidden)
    layers = {int(name[1:]) for name in used}
    need(len(layers) == 1, "learnables in one layer")
    layer, bias = max(layers), problem.bias
    is_last = layer == len(problem.widths) - 1 and not bias
    need(theorem == "T4" or is_last, "T3: the last layer, without biases")
    hidden = tuple((f"hidden layer {k}", n + (bias and k < layer), m if k < layer else d)
                   for k, n in enumerate(problem.widths[1:-1], 1))  # fmt: skip
    mask, place = problem.learnable[f"W{layer}"], f"W{layer}"
    if bias:
        mask = [[*row, *b] for row, b in zip(mask, problem.learnable[f"b{layer}"], strict=True)]
        place = f"[W{layer} b{layer}]"
    return Layer(mask, d, m, place, hidden, theorem == "T3")


def bottleneck(layer: Layer, *, place: Any, width: Any, needed: Any) -> str:
    found = (place, integer(width), integer(needed)) in layer.hidden and width < needed
    need(found, "no bottleneck")
    return "minimal"


def degree_count(layer: Layer, *, axis: Any, needed: Any, deficient: Any, smallest: Any) -> str:
    turned = layer.along(axis)
    need(turned.b == 0 and (axis == "rows" or not layer.rows_only), "axis")
    counts = [sum(column) for column in turned.columns()]
    need((integer(needed), integer(smallest)) == (turned.d, min(counts)), "counts")
    lines = numbers([line for line, _ in pairs(deficient)], turned.q, ascending=True)
    need(all(integer(n) == counts[line] < needed for line, n in deficient), "deficient lines")
    need(bool(lines) == (smallest < needed), "deficient lines")
    return "minimal" if lines else "maximal"


def support_count(layer: Layer, *, axis: Any, needed: Any, found: Any) -> str:
    turned = layer.along(axis)
    need(turned.d == 1 and integer(needed) == turned.m, "one dimension")
    need(integer(found) == sum(map(any, turned.columns())), "count")
    return "maximal" if found >= needed else "minimal"


def cycle(layer: Layer, *, cycle: Any) -> str:
    cells = layer.cells(cycle)
    need(layer.a == layer.b == 1 and len(cells) >= 4 and len(cells) % 2 == 0, "length, or a, b")
    first = int(cells[0][0] != cells[1][0])
    for k, cell in enumerate(cells):
        axis = (first + k) % 2
        need(cell[axis] == cells[(k + 1) % len(cells)][axis], "neighbours in a cycle")
    return "minimal"


def is_forest(cells: Iterable[Frozen]) -> bool:
    parent: dict[Any, Any] = {}

    def root(node: Any) -> Any:
        while node in parent:
            node = parent[node]
        return node

    for i, j in cells:
        row, column = root(("row", i)), root(("column", j))
        if row == column:
            return False
        parent[row] = column
    return True


def forest(layer: Layer, *, frozen: Any) -> str:
    cells = layer.cells(frozen)
    need(layer.a == layer.b == 1 and set(cells) == layer.frozen and is_forest(cells), "a forest")
    return "maximal"


def two_dimensions(layer: Layer, *, axis: Any, full: Any, left: Any, found: Any) -> str:
    turned = layer.along(axis)
    others = [column for column in turned.columns() if sum(column) < 2]
    need(turned.d == 2 and integer(full) == turned.q - len(others), "full columns")
    need(integer(left) == max(turned.m - full, 0), "left")
    rows = zip(*others, strict=True)
    need(integer(found) == sum(min(sum(row), left) for row in rows), "count")
    return "maximal" if found >= 2 * left else "minimal"


def rectangle(layer: Layer, *, rows: Any, columns: Any, frozen: Any, most: Any) -> str:
    rows, columns = numbers(rows, layer.p), numbers(columns, layer.q)
    need(len(rows) >= layer.a >= 1 and len(columns) >= layer.b >= 1, "size of the rectangle")
    need(integer(frozen) == sum((i, j) in layer.frozen for i in rows for j in columns), "count")
    allowed = layer.b * len(rows) + layer.a * len(columns) - layer.a * layer.b
    need(integer(most) == allowed < frozen, "most")
    return "minimal"


def peeling_order(layer: Layer, *, peeled: Any) -> str:
    need(not layer.peel(peeled)[2], "frozen cells are left")
    return "maximal"


def assignment(layer: Layer, *, peeled: Any, axis: Any, cells: Any) -> str:
    rows, columns, left = layer.peel(peeled)
    own, b = layer.cells(cells), layer.along(axis).b
    if axis == "rows":
        rows, columns, own = columns, rows, [(j, i) for i, j in own]
        left = {(j, i) for i, j in left}
    need(left.issuperset(own) and sorted(j for _, j in own) == columns, "one cell of each column")
    for row in rows:
        need(sum(i == row for i, _ in left.difference(own)) <= b, "cells of a row")
        need(fits(left, {"row": b, "column": 1}, row), f"row {row} keeps a cell")
    return "maximal"


def fits(cells: set[Frozen], room: dict[str, int], closed: int) -> bool:
    """Whether each cell can go to its row or its column, none to the row `closed`."""
    held: dict[Any, list[Frozen]] = {}

    def place(cell: Frozen, tried: set[Any]) -> bool:
        for line in (("row", cell[0]), ("column", cell[1])):
            if line in tried or line == ("row", closed):
                continue
            tried.add(line)
            there = held.setdefault(line, [])
            moved = None if len(there) < room[line[0]] else next(
                (other for other in there if place(other, tried)), cell)  # fmt: skip
            if moved != cell:
                held[line] = [other for other in there if other != moved] + [cell]
                return True
        return False

    return all(place(cell, set()) for cell in sorted(cells))


def two_forests(layer: Layer, *, peeled: Any, order: Any) -> str:
    rows, columns, cells = layer.peel(peeled)
    need(layer.a >= 2 and layer.b >= 2, "a, b >= 2")
    lines = [(axis, integer(index)) for axis, index in pairs(order)]
    need(sorted(lines) == [("column", j) for j in columns] + [("row", i) for i in rows], "order")
    first = {(i, j) for i, j in cells if lines.index(("row", i)) < lines.index(("column", j))}
    need(is_forest(first) and is_forest(cells - first), "two forests")
    return "maximal"


def colouring(layer: Layer, *, axis: Any, colours: Any) -> str:
    turned = layer.along(axis)
    need(len(listed(colours)) == turned.q, "number of colours")
    need(all(integer(colour) < turned.m for colour in colours), "a colour")
    for colour in range(turned.m):
        chosen = [
            column for column, c in zip(turned.columns(), colours, strict=True) if c == colour
        ]
        need(sum(map(any, zip(*chosen, strict=True))) >= turned.d, f"rows of colour {colour}")
    return "maximal"


def block_forests(layer: Layer, *, peeled: Any, rows: Any, columns: Any) -> str:
    rows_left, columns_left, cells = layer.peel(peeled)
    of_row = dict(zip(rows_left, listed(rows), strict=True))
    of_column = dict(zip(columns_left, listed(columns), strict=True))
    need(all(integer(c) < layer.a for c in rows), "class of a row")
    need(all(integer(c) < layer.b for c in columns), "class of a column")
    for row_class in set(rows):
        for column_class in set(columns):
            block = [(i, j) for i, j in cells
                     if of_row[i] == row_class and of_column[j] == column_class]  # fmt: skip
            need(is_forest(block), "a block is no forest")
    return "maximal"


def prove(problem: Problem, kind: str, theorem: str, evidence: dict[str, Any]) -> str:
    """The class that one of the kinds with a `place` proves."""
    need(problem.is_dense and problem.learnables, "a dense network with learnables")
    layer, rest = one_layer(problem, theorem), dict(evidence)
    if kind == "bottleneck":
        return bottleneck(layer, **rest)
    need(rest.pop("place") == layer.place, "place")
    need(kind == "degree_count" or not layer.rows_only, "this layer has degree counts only")
    need(all(width >= needed for _, width, needed in layer.hidden), "a bottleneck")
    return globals()[kind](layer, **rest)
