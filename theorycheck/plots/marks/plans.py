"""Drawings of plans (T13, T14, T16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...problem.allocation import Allocation
from ...problem.masks import Mask
from .base import EntryBlock, Line, Mark, Marks, Scene, Spot, Walk


def levels(scene: Scene) -> Marks:
    """Levels beside the lines of both layers."""
    marks, evidence = Marks(), scene.evidence
    first, second = (f"W{evidence['pair'] + k}" for k in (0, 1))
    by_columns = evidence["axis"] == "columns"
    units, other = ((second, "columns"), (first, "columns"))
    if not by_columns:
        units, other = ((first, "rows"), (second, "rows"))
    values = evidence.get("values", [0] * len(evidence["units"]))
    for unit, (level, count) in enumerate(zip(evidence["units"], values, strict=True)):
        text = f"{level}+{count}" if count else str(level)
        marks.add(scene.line(*units, unit, text, outlined=False))
    for line, level in zip(evidence["lines"], evidence["columns"], strict=True):
        text = "oo" if level is None else str(level)
        marks.add(scene.line(*other, line, text, outlined=False))
    marks.note(f"numbers at {units[0]}: levels of units; at {other[0]}: of lines solved after them")
    if any(values):
        marks.note("after +: of how many functionals more a unit has values")
    if None in evidence["columns"]:
        marks.note("oo: lines solved from a regular point at infinity")
    return marks


def deep_levels(scene: Scene) -> Marks:
    """The same, and how many functionals are 0 on a layer behind, beside each of its lines."""
    marks, evidence = levels(scene), scene.evidence
    by_columns, first = evidence["axis"] == "columns", evidence["pair"]
    for number, base in enumerate(evidence["bases"], start=1):
        layer = first + 1 + number if by_columns else first - number
        if not base or not layer:
            continue
        name, axis = f"W{layer}", "columns" if by_columns else "rows"
        shape = scene.allocation.network.weight_shapes[name]
        for line in range(shape[1 if by_columns else 0]):
            marks.add(scene.line(name, axis, line, str(base), outlined=False))
        marks.note(f"numbers at {name}: functionals that are made 0 on it")
    return marks


@dataclass
class Left:
    """What the steps of a plan leave: layers `first` to `last`, and lines of them."""

    scene: Scene
    samples: int
    outputs: int
    first: int
    last: int
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)

    def allocation(self) -> Allocation:
        """It alone; frozen layers behind it are one more."""
        network, whole = self.scene.allocation.network, self.scene.allocation
        read = [self.outputs] if self.last < len(network.weight_layers) else []
        hidden = network.widths[self.first : self.last]
        widths = [len(self.columns), *hidden, len(self.rows), *read]
        masks: dict[str, Mask] = {}
        for layer in range(self.first, self.last + 1):
            mask = whole.mask(f"W{layer}")
            mask = mask[self.rows] if layer == self.last else mask
            masks[f"W{1 + layer - self.first}"] = (
                mask[:, self.columns] if layer == self.first else mask
            )
        left = replace(network, widths=tuple(widths))  # type: ignore[type-var]
        return Allocation(left, masks)

    def placed(self, inner: Marks) -> Marks:
        """Marks on weights of what is left, where these are in the picture of the whole."""
        return Marks([mark for each in inner.marks for mark in self._moved(each)], inner.notes)

    def _moved(self, mark: Mark) -> Iterator[Mark]:
        layer = int(mark.grid[1:]) + self.first - 1 if mark.grid[:1] == "W" else 0
        if not self.first <= layer <= self.last:
            return
        rows = self.rows if layer == self.last else None
        columns = self.columns if layer == self.first else None

        def at(lines: list[int] | None, index: int) -> int:
            return index if lines is None else lines[index]

        grid = f"W{layer}"
        if isinstance(mark, Line):
            index = at(rows if mark.axis == "rows" else columns, mark.index)
            yield replace(mark, grid=grid, index=index)
        elif isinstance(mark, Spot):
            row, column = at(rows, mark.row), at(columns, mark.column)
            yield replace(mark, grid=grid, row=row, column=column)
        elif isinstance(mark, Walk):
            entries = tuple((at(rows, i), at(columns, j)) for i, j in mark.entries)
            yield replace(mark, grid=grid, entries=entries)
        else:
            lines = (
                tuple(at(rows, i) for i in mark.rows),
                tuple(at(columns, j) for j in mark.columns),
            )
            yield EntryBlock(grid, *lines)


def steps(scene: Scene) -> tuple[Marks, Left]:
    """The steps of a plan, numbered, and what they leave; a bias is its layer's last column."""
    marks, network = Marks(), scene.allocation.network
    bias = int(network.bias)  # type: ignore[attr-defined]
    rows, columns = list(range(network.outputs)), list(range(network.inputs + bias))
    depth = len(network.weight_layers)
    left = Left(scene, scene.samples, network.outputs, 1, depth, rows, columns)
    for number, (what, *index) in enumerate(scene.evidence["steps"], 1):
        grid = f"W{left.first if what in ('first', 'column') else left.last}"
        if index:
            stroke = scene.line(grid, what, index[0], f"{number}.", outlined=False)
            marks.add(replace(stroke, struck=True))
            (left.rows if what == "row" else left.columns).remove(index[0])
            left.samples -= what == "column"
            left.outputs -= what == "row"
            marks.note("struck: lines deleted one after the other, each fitted by its learnables")
            continue
        shape = network.weight_shapes[grid]
        marks.add(EntryBlock(grid, *(tuple(range(n)) for n in shape)))
        marks.note("layers outlined: frozen, but for lines that are struck")
        if what == "first":
            left.first, left.columns = left.first + 1, list(range(shape[0] + bias))
        else:
            left.last, left.rows = left.last - 1, list(range(shape[1] + bias))
    return marks, left


def drawn_plan(scene: Scene) -> Marks:
    """The steps, and the learnables or the levels that solve what they leave."""
    marks, _ = steps(scene)
    rest = scene.evidence["rest"]
    if rest is None:
        return marks
    if "affine" in rest:
        for layer, row, column in rest["affine"]:
            marks.add(Spot(f"W{layer}", row, column))
        marks.note("rings: learnable weights, none behind another, that solve what is left")
        return marks
    found, shapes = levels(replace(scene, evidence=rest)), scene.allocation.network.weight_shapes
    # The row of the constant is no row of the picture.
    found.marks = [
        mark
        for mark in found.marks
        if not (isinstance(mark, Line) and mark.axis == "rows") or mark.index < shapes[mark.grid][0]
    ]
    marks.include(found)
    return marks
