"""What certificates of shallow ReLU networks (T10) point at."""

from __future__ import annotations

from .base import EQUATIONS, Line, Marks, Scene
from .equations import minor_marks
from .layers import Drawing, letter


def _point(scene: Scene, marks: Marks, key: str) -> None:
    """Which units are active on which samples at a point, and its minor."""
    point = scene.evidence[key]
    weights, inputs = point["weights"], point["inputs"]
    marks.active = set()
    for unit, row in enumerate(weights["W1"]):
        bias = weights["b1"][unit] if "b1" in weights else 0
        for sample in range(scene.samples):
            shown = (x * inputs[j][sample] for j, x in enumerate(row))
            if sum(shown) + bias > 0:
                marks.active.add((unit, sample))
    which = "learnable" if key == "point" else "present"
    whose = "the student" if key == "point" else "a regular teacher"
    minor_marks(scene, marks, point, which)
    marks.note(f"activity: units and samples of {whose}, filled where the unit is active")


def relu_count(scene: Scene) -> Marks:
    """A regular teacher."""
    marks = Marks()
    _point(scene, marks, "regular")
    return marks


def relu_patterns(scene: Scene) -> Marks:
    """A regular teacher; and in words how many patterns there are."""
    marks = relu_count(scene)
    patterns = scene.evidence["patterns"]
    marks.note(f"in none of the {patterns} activation patterns the rank is d m")
    return marks


def relu_cover(scene: Scene) -> Marks:
    """Equations, learnables and units that all the others are confined to."""
    marks, evidence = Marks(), scene.evidence
    marks.add(*(scene.equation(number) for number in evidence["equations"]))
    entries = scene.entries("learnable", evidence["learnables"])
    marks.add(*(scene.spot(*entry) for entry in entries))
    marks.add(*(scene.line("W1", "rows", unit) for unit in evidence["units"]))
    marks.note(
        f"rings and outlines: {len(evidence['equations'])} equations, {len(entries)} learnables "
        f"and {len(evidence['units'])} units; every other learnable acts on ringed equations only"
    )
    return marks


def relu_point(scene: Scene) -> Marks:
    """A point of full rank."""
    marks = Marks()
    _point(scene, marks, "point")
    return marks


def relu_bounded_output(scene: Scene) -> Marks:
    """The output that is bounded."""
    marks, output = relu_point(scene), scene.evidence["output"]
    marks.add(scene.line("W2", "rows", output), Line(EQUATIONS, "rows", output))
    marks.note(f"outlined: output {output}, which is bounded")
    return marks


def relu_missed_sample(scene: Scene) -> Marks:
    """The output, its one unit that is learnable on both sides, and the samples."""
    marks, evidence = relu_bounded_output(scene), scene.evidence
    unit, samples = evidence["unit"], evidence["samples"]
    marks.notes.pop()
    marks.add(scene.line("W1", "rows", unit), scene.line("W2", "columns", unit))
    marks.add(*(Line(EQUATIONS, "columns", sample) for sample in samples))
    shown = ", ".join(map(str, samples))
    marks.note(
        f"outlined: output {evidence['output']}, unit {unit} and samples {shown}; a regular "
        "teacher has inputs there on which the unit misses one of these samples"
    )
    return marks


def relu_interpolation(scene: Scene) -> Marks:
    """The units that each output has for its own."""
    marks = Marks()
    for output, units in enumerate(scene.evidence["units"]):
        for unit in units:
            marks.add(scene.spot("W2", (output, unit), "text", letter(output)))
            marks.add(scene.line("W1", "rows", unit, letter(output)))
    marks.note("letters: the units that fit output A, B, ...; each has enough learnable inputs")
    return marks


DRAWINGS: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        relu_count,
        relu_patterns,
        relu_cover,
        relu_point,
        relu_bounded_output,
        relu_missed_sample,
        relu_interpolation,
    )
}
