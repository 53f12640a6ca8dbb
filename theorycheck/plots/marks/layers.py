"""What certificates of counts and of one learnable layer (T3, T4, T5) point at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ...problem.masks import Mask
from .base import EntryBlock, Line, Marks, Scene, Walk, chains

Drawing = Callable[[Scene], Marks]
_MOST_COUNTS = 64  # lines whose counts are all shown
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter(index: int) -> str:
    """A name of a class or colour: A, B, ..., Z, then numbers.

    >>> letter(1), letter(30)
    ('B', '30')
    """
    return LETTERS[index] if index < len(LETTERS) else str(index)


def _counts(mask: Mask, axis: str) -> list[int]:
    return np.count_nonzero(mask, axis=1 if axis == "rows" else 0).tolist()


def _all_counts(scene: Scene, skip: Iterable[int] = ()) -> Iterable[Line]:
    """The number of learnables beside every line, while they are few."""
    grid, axis, left_out = scene.grid(), scene.evidence["axis"], set(skip)
    counts = _counts(scene.mask(grid), axis)
    for index, count in enumerate(counts if len(counts) <= _MOST_COUNTS else []):
        if index not in left_out:
            yield scene.line(grid, axis, index, str(count), outlined=False)


def degree_count(scene: Scene) -> Marks:
    """Lines with too few learnables; else the count of each."""
    marks, evidence = Marks(), scene.evidence
    grid, axis, needed = scene.grid(), evidence["axis"], evidence["needed"]
    deficient = dict(evidence["deficient"])
    for index, count in deficient.items():
        marks.add(scene.line(grid, axis, index, str(count)))
    marks.add(*_all_counts(scene, deficient))
    if len(scene.mask(grid)) <= _MOST_COUNTS >= scene.mask(grid).shape[1]:
        marks.note(f"numbers: learnables of the {axis} of {evidence['place']}; {needed} are needed")
    if deficient:
        marks.note(f"outlined: {axis} with fewer than {needed}")
    return marks


def support_count(scene: Scene) -> Marks:
    """Lines that have a learnable (maximal), or none (minimal)."""
    marks, evidence = Marks(), scene.evidence
    grid, axis, is_maximal = scene.grid(), evidence["axis"], scene.expressivity == "maximal"
    for index, count in enumerate(_counts(scene.mask(grid), axis)):
        if bool(count) == is_maximal:
            marks.add(scene.line(grid, axis, index, str(count)))
    kind = "a learnable" if is_maximal else "no learnable"
    found, needed = evidence["found"], evidence["needed"]
    marks.note(f"outlined: {axis} with {kind}; {found} have one, {needed} are needed")
    return marks


def bottleneck(scene: Scene) -> Marks:
    """The group of units that is too narrow, and the weights that lead there from others."""
    marks, evidence = Marks(), scene.evidence
    place, width, needed = (evidence[key] for key in ("place", "width", "needed"))
    network, number = scene.allocation.network, place.split()[-1]
    groups, index = list(network.groups), int(number) if number.isdecimal() else 1
    group = groups[index]
    into = [n for n, *_ in network.weight_layers if network.ends(n) == (groups[index - 1], group)]
    marks.add(*(_whole(scene, name) for name in into))
    marks.groups[group] = f"width {width} < {needed}"
    marks.note(f"outlined: all weights into {place}, whose width {width} is below {needed}")
    return marks


def _whole(scene: Scene, grid: str) -> EntryBlock:
    """All of a weight matrix (of the part that the scene is about)."""
    rows, columns = scene.allocation.network.weight_shapes[grid]
    return EntryBlock(
        grid,
        tuple(scene.row(grid, i) for i in range(rows)),
        tuple(scene.column(grid, j) for j in range(columns)),
    )


def cycle(scene: Scene) -> Marks:
    """The cycle of frozen entries."""
    marks, grid = Marks(), scene.grid()
    entries = [scene.place(grid, entry)[1:] for entry in scene.evidence["cycle"]]
    marks.add(Walk(grid, (*entries, entries[0])))
    marks.note("joined: a cycle of frozen weights, neighbours sharing a row or a column")
    return marks


def forest(scene: Scene) -> Marks:
    """All frozen entries, joined along rows and columns without a cycle."""
    marks, grid = Marks(), scene.grid()
    entries = [scene.place(grid, entry)[1:] for entry in scene.evidence["frozen"]]
    join(marks, grid, entries)
    marks.note("joined: the frozen weights that share a row or a column; there is no cycle")
    return marks


def join(marks: Marks, grid: str, entries: list[tuple[int, int]], dashed: bool = False) -> None:
    """Draw entries as a graph."""
    pairs = list(chains(entries))
    marks.add(*(Walk(grid, pair, dashed) for pair in pairs))
    joined = {entry for pair in pairs for entry in pair}
    marks.add(*(Walk(grid, (entry,), dashed) for entry in entries if entry not in joined))


def two_dimensions(scene: Scene) -> Marks:
    """The lines with two learnables or more, and what each line across adds to the sum."""
    marks, evidence = Marks(), scene.evidence
    grid, axis, left = scene.grid(), evidence["axis"], evidence["left"]
    across = "rows" if axis == "columns" else "columns"
    mask = scene.mask(grid)
    full = {line for line, n in enumerate(_counts(mask, axis)) if n >= 2}
    rest = [line for line in range(mask.shape[1 if axis == "columns" else 0]) if line not in full]
    others = mask[:, rest] if axis == "columns" else mask[rest]
    for index in full:
        marks.add(scene.line(grid, axis, index, "2+"))
    for index, count in enumerate(_counts(others, across)):
        marks.add(scene.line(grid, across, index, str(min(count, left)), outlined=False))
    if full:
        marks.note(f"outlined: {axis} with 2 learnables or more, so {left} are left to be met")
    marks.note(
        f"numbers: learnables in the other {axis}, at most {left} for each of the {across}; their "
        f"sum is {evidence['found']}, needed is {2 * left}"
    )
    return marks


def rectangle(scene: Scene) -> Marks:
    """The rows and columns with too many frozen entries."""
    marks, evidence, grid = Marks(), scene.evidence, scene.grid()
    rows = tuple(sorted(scene.row(grid, i) for i in evidence["rows"]))
    columns = tuple(sorted(scene.column(grid, j) for j in evidence["columns"]))
    marks.add(EntryBlock(grid, rows, columns))
    for axis in ("rows", "columns"):
        marks.add(*(scene.line(grid, axis, i, "*", outlined=False) for i in evidence[axis]))
    marks.note(
        f"outlined: {len(rows)} x {len(columns)} cells, rows and columns marked *; "
        f"{evidence['frozen']} are frozen, at most {evidence['most']} can be"
    )
    return marks


def _peel(scene: Scene, marks: Marks) -> None:
    """Number the peeled lines in their order."""
    grid, number = scene.grid(), 0
    for axis, lines in scene.evidence["peeled"]:
        for index in lines:
            number += 1
            marks.add(scene.line(grid, axis, index, f"{number}.", outlined=False))
    if number:
        marks.note("numbers 1., 2., ...: the lines in the order in which they are deleted")


def peeling_order(scene: Scene) -> Marks:
    """The lines in the order in which they go."""
    marks = Marks()
    _peel(scene, marks)
    return marks


def _remaining(scene: Scene) -> list[tuple[int, int]]:
    """Frozen entries in lines that are not peeled."""
    frozen = ~scene.mask(scene.grid())
    for axis, lines in scene.evidence["peeled"]:
        frozen[lines if axis == "rows" else (slice(None), lines)] = False
    return [(i, j) for i, j in np.argwhere(frozen).tolist()]


def assignment(scene: Scene) -> Marks:
    """Each frozen entry left with the line that takes it."""
    marks, grid, axis = Marks(), scene.grid(), scene.evidence["axis"]
    _peel(scene, marks)
    taken = {tuple(entry) for entry in scene.evidence["cells"]}
    one, other = ("column", "row") if axis == "columns" else ("row", "column")
    for entry in _remaining(scene):
        marks.add(scene.spot(grid, entry, one if entry in taken else other))
    marks.note(
        f"bars: frozen weights that belong to their column (|) or row (-); each {one} has one"
    )
    return marks


def two_forests(scene: Scene) -> Marks:
    """Both forests: rows before columns, and the others."""
    marks, grid = Marks(), scene.grid()
    _peel(scene, marks)
    position = {(line, index): place for place, (line, index) in enumerate(scene.evidence["order"])}
    for is_dashed in (False, True):
        entries = [
            (i, j)
            for i, j in _remaining(scene)
            if (position["row", i] > position["column", j]) == is_dashed
        ]
        join(marks, grid, [scene.place(grid, entry)[1:] for entry in entries], is_dashed)
    for (line, index), place in position.items():
        marks.add(scene.line(grid, line, index, str(place + 1), outlined=False))
    marks.note("numbers: the order of the lines that are left")
    marks.note("joined: frozen weights whose row comes first (solid) or whose column does (dashed)")
    return marks


def colouring(scene: Scene) -> Marks:
    """The colour of each line."""
    marks, grid, axis = Marks(), scene.grid(), scene.evidence["axis"]
    for index, colour in enumerate(scene.evidence["colours"]):
        marks.add(scene.line(grid, axis, index, letter(colour), outlined=False))
    across = "rows" if axis == "columns" else "columns"
    marks.note(f"letters: colours of the {axis}; those of each colour meet enough {across}")
    return marks


def block_forests(scene: Scene) -> Marks:
    """Classes of rows and columns, and the forest in each pair of classes."""
    marks, grid = Marks(), scene.grid()
    _peel(scene, marks)
    mask, classes = scene.mask(grid), {}
    for axis, n in zip(("rows", "columns"), mask.shape, strict=True):
        peeled = {i for a, lines in scene.evidence["peeled"] if a == axis for i in lines}
        left = [i for i in range(n) if i not in peeled]
        classes[axis] = dict(zip(left, scene.evidence[axis], strict=True))
        for index, group in classes[axis].items():
            name = letter(group) if axis == "rows" else letter(group).lower()
            marks.add(scene.line(grid, axis, index, name, outlined=False))
    blocks: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for i, j in _remaining(scene):
        blocks.setdefault((classes["rows"][i], classes["columns"][j]), []).append((i, j))
    for number, (_, entries) in enumerate(sorted(blocks.items())):
        join(marks, grid, [scene.place(grid, c)[1:] for c in entries], dashed=number % 2 > 0)
    marks.note("letters: classes of rows (A, B, ...) and of columns (a, b, ...)")
    marks.note("joined: the frozen weights of each pair of classes; there is no cycle")
    return marks


def frozen_direct_path(scene: Scene) -> Marks:
    """Inputs and readout, through which the last input always reaches the output unchanged."""
    marks = Marks()
    marks.add(_whole(scene, scene.first), _whole(scene, scene.last))
    marks.path = [(scene.first, (0, 0)), (scene.last, (0, 0))]
    marks.note("outlined: all frozen, and the only way from an input to the output it is read with")
    return marks


def outside_count(scene: Scene) -> Marks:
    """The lines left out, and the learnables outside of them."""
    marks, evidence, grid = Marks(), scene.evidence, scene.grid()
    for axis in ("rows", "columns"):
        marks.add(*(scene.line(grid, axis, index) for index in evidence[axis]))
    mask = np.array(scene.mask(grid))
    mask[evidence["rows"]] = False
    mask[:, evidence["columns"]] = False
    marks.add(*(scene.spot(grid, entry) for entry in np.argwhere(mask).tolist()))
    marks.note(
        f"rings: learnables outside of the outlined lines, here {evidence['found']}; "
        f"{evidence['needed']} are needed there"
    )
    return marks


def full(scene: Scene) -> Marks:
    """Nothing to point at: the claim is about all weights."""
    return Marks(notes=["every present weight is learnable"])


def parameters(scene: Scene) -> Marks:
    """Nothing to point at: parameters move weights as wholes."""
    return Marks(notes=[f"{scene.kind}: parameters move weights as wholes"])


DRAWINGS: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        degree_count,
        support_count,
        bottleneck,
        cycle,
        forest,
        two_dimensions,
        rectangle,
        peeling_order,
        assignment,
        two_forests,
        colouring,
        block_forests,
        frozen_direct_path,
        outside_count,
        full,
    )
}
