"""What certificates of piecewise linear networks (T11, T12) point at."""

from __future__ import annotations

from .base import EQUATIONS, Line, Marks, Scene
from .equations import minor_marks
from .layers import Drawing


def piecewise_point(scene: Scene) -> Marks:
    """The minor of the learnables at the point."""
    marks = Marks()
    minor_marks(scene, marks, scene.evidence["point"], "learnable")
    return marks


def piecewise_output(scene: Scene) -> Marks:
    """The same, and the output that is bounded below."""
    marks, output = piecewise_point(scene), scene.evidence["output"]
    marks.add(scene.line(scene.last, "rows", output), Line(EQUATIONS, "rows", output))
    marks.note(f"outlined: output {output}, none of whose readout weights is learnable")
    return marks


def piecewise_cover(scene: Scene) -> Marks:
    """Outputs, units and learnables that all the others are confined to."""
    marks, evidence = Marks(), scene.evidence
    entries = scene.entries("learnable", evidence["learnables"])
    marks.add(*(Line(EQUATIONS, "rows", output) for output in evidence["outputs"]))
    marks.add(*(scene.spot(*entry) for entry in entries))
    network = scene.allocation.network
    for place, unit in evidence["units"]:
        layer = 1 if network.is_recurrent else place - 1
        marks.add(scene.line(network.weight_layers[layer][0], "rows", unit))
    marks.note(
        f"outlines and rings: {len(evidence['outputs'])} outputs, {len(evidence['units'])} units "
        f"and {len(entries)} learnables, through which all learnables act"
    )
    return marks


DRAWINGS: dict[str, Drawing] = {
    drawing.__name__: drawing for drawing in (piecewise_point, piecewise_output, piecewise_cover)
}
