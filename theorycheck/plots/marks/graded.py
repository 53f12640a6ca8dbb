"""What certificates of graded plans (T15) point at."""

from __future__ import annotations

from dataclasses import replace

from .base import Marks, Scene
from .layers import Drawing


def graded_plan(scene: Scene) -> Marks:
    """The growing weights that are not 0, those that are solved for, the minor, fitted outputs."""
    marks, evidence = Marks(), scene.evidence
    solved = {number for numbers in evidence["solved"] for number in numbers}
    random = set(evidence["growing"]) - set(evidence["zero"]) - solved
    for entry in scene.entries("learnable", sorted(random)):
        marks.add(scene.spot(*entry, "row"))
    for number, numbers in enumerate(evidence["solved"], 1):
        for entry in scene.entries("learnable", numbers):
            marks.add(scene.spot(*entry, "text", str(number)))
    for entry in scene.entries("learnable", evidence["columns"]):
        marks.add(scene.spot(*entry, "ring"))
    for output in evidence["fitted"]:
        marks.add(replace(scene.line(scene.last, "rows", output, outlined=False), struck=True))
    if evidence["growing"]:
        marks.note("bars: weights that grow, and are not 0 at infinity")
    if solved:
        marks.note("numbers: weights that are solved for at infinity, one system after the other")
    if evidence["columns"]:
        marks.note("rings: weights whose changes meet all equations there")
    if evidence["fitted"]:
        marks.note("struck: outputs that are fitted afterwards by their own weights")
    return marks


DRAWINGS: dict[str, Drawing] = {"graded_plan": graded_plan}
