"""What certificates of ranks, degrees and solutions (T1, T2, T6, T7) point at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .base import EQUATIONS, Line, Marks, Scene, Shape
from .layers import Drawing, letter


def minor_marks(
    scene: Scene, marks: Marks, minor: Mapping[str, Any], which: str = "learnable"
) -> None:
    """Dots on the weights and equations of a minor."""
    entries = scene.entries(which, minor["columns"])
    marks.add(*(scene.spot(*entry, "dot") for entry in entries))
    marks.add(*(scene.equation(row, "dot") for row in minor["rows"]))
    if which == "learnable":
        marks.note(f"dots: {len(entries)} learnables that move as many equations independently")
    else:
        marks.note(f"dots: {len(entries)} weights by which the teacher moves as many equations")


def _target_lower(scene: Scene, marks: Marks) -> None:
    minor = scene.evidence["target_lower"].get("minor")
    if minor is not None:
        minor_marks(scene, marks, minor, "present")


def count(scene: Scene) -> Marks:
    """What shows that the teacher has so many degrees of freedom, if a minor does."""
    marks = Marks()
    _target_lower(scene, marks)
    return marks


def full_rank(scene: Scene) -> Marks:
    """A basis, and a path through two learnables, if there is one."""
    marks = Marks()
    minor_marks(scene, marks, scene.evidence["minor"])
    conflict = scene.evidence.get("conflict")
    if conflict is not None:
        marks.path = [(name, tuple(index)) for name, *index in conflict["path"]]
        first, second = conflict["learnable"]
        for number, (name, index) in enumerate(marks.path):
            if number in (first, second):
                marks.add(scene.spot(name, index))
        is_twice = marks.path[first] == marks.path[second]
        which = "a learnable, met twice" if is_twice else "two learnables"
        marks.note(f"rings: {which} on one path from an input to an output")
    return marks


def real_deficient_rank(scene: Scene) -> Marks:
    """Weights by which the teacher moves more equations than the learnables do."""
    marks = Marks()
    minor_marks(scene, marks, scene.evidence["minor"], "present")
    return marks


def structural_cover(scene: Scene) -> Marks:
    """The equations and learnables that all the others are confined to."""
    marks, evidence = Marks(), scene.evidence
    marks.add(*(scene.equation(number) for number in evidence["equations"]))
    entries = scene.entries("learnable", evidence["learnables"])
    marks.add(*(scene.spot(*entry) for entry in entries))
    marks.note(
        f"rings: {len(evidence['equations'])} equations and {len(entries)} learnables; every other "
        "learnable acts on ringed equations only"
    )
    return marks


def group_bezout(scene: Scene) -> Marks:
    """How many equations and outer learnables each output (or input) has."""
    marks, evidence = Marks(), scene.evidence
    minor_marks(scene, marks, evidence["minor"])
    is_rows = evidence["side"] == "rows"
    axis, grid = ("rows", scene.last) if is_rows else ("columns", scene.first)
    numbers = Counter(n // scene.samples if is_rows else n % scene.samples
                      for n in evidence["minor"]["rows"])  # fmt: skip
    for index, n in sorted(numbers.items()):
        index = scene.rows[index] if is_rows and scene.rows is not None else index
        marks.add(Line(EQUATIONS, axis, index, str(n), outlined=False))
    mask = scene.mask(grid)
    for index, n in enumerate(mask.sum(axis=1 if is_rows else 0).tolist()):
        marks.add(scene.line(grid, axis, index, str(n), outlined=False))
    side = "output" if is_rows else "input"
    marks.note(f"numbers: equations and learnables of {grid} of each {side}, the groups")
    return marks


def triangular(scene: Scene) -> Marks:
    """Equations and learnables in the order in which they are solved."""
    marks, order = Marks(), scene.evidence["order"]
    entries = scene.entries("learnable", (learnable for _, learnable in order))
    for place, ((equation, _), entry) in enumerate(zip(order, entries, strict=True), 1):
        marks.add(scene.spot(*entry, "text", str(place)))
        marks.add(scene.equation(equation, "text", str(place)))
    marks.note("numbers: each equation with the learnable that solves it, one after the other")
    return marks


def witness(scene: Scene) -> Marks:
    """The block that has no real solution."""
    marks = Marks()
    _block(scene, marks, scene.evidence["block"], "dot")
    degree = scene.evidence["block"]["degree"]
    marks.note(
        f"dots: equations and their unknowns with {degree} complex solutions, none of them real"
    )
    return marks


def odd_degree(scene: Scene) -> Marks:
    """The blocks in the order in which they are solved."""
    marks, blocks = Marks(), scene.evidence["blocks"]
    for number, block in enumerate(blocks):
        _block(scene, marks, block, "text", letter(number))
    degrees = ", ".join(f"{letter(i)} {b['degree']}" for i, b in enumerate(blocks[:12]))
    more = ", ..." if len(blocks) > 12 else ""
    marks.note(f"letters: blocks of equations and their unknowns; odd degrees: {degrees}{more}")
    return marks


def _block(
    scene: Scene, marks: Marks, block: Mapping[str, Any], shape: Shape, text: str = ""
) -> None:
    entries = scene.entries("learnable", block["unknowns"])
    marks.add(*(scene.spot(*entry, shape, text) for entry in entries))
    marks.add(*(scene.equation(number, shape, text) for number in block["equations"]))


DRAWINGS: dict[str, Drawing] = {
    "count": count,
    "deficient_rank": count,
    "full_rank": full_rank,
    "real_deficient_rank": real_deficient_rank,
    "real_full_rank": full_rank,
    "affine_full_rank": full_rank,
    "structural_cover": structural_cover,
    "group_bezout": group_bezout,
    "triangular": triangular,
    "witness": witness,
    "odd_degree": odd_degree,
}
