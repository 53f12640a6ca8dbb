"""From a certificate to its marks, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...certificates import Certificate
from ...problem.allocation import Allocation
from ...problem.masks import Mask, mask_from_json
from . import equations as marks_equations
from . import graded as marks_graded
from . import layers as marks_layers
from . import piecewise as marks_piecewise
from . import plans as marks_plans
from . import readout as marks_readout
from . import relu as marks_relu
from .base import Marks, Scene

_MOST_DOTS = 4096


def certificate_marks(allocation: Allocation, samples: int, certificate: Certificate) -> Marks:
    """The marks of a certificate on the picture of its allocation; none for some kinds."""
    scene = Scene(
        allocation,
        allocation.network.effective_samples(samples),
        certificate.kind,
        certificate.expressivity,
        certificate.evidence,
    )
    problem = certificate.problem
    if "inputs" in problem:
        scene = _given_inputs(scene, problem)
    return marks_of(scene)


def marks_of(scene: Scene) -> Marks:
    """The marks of a scene."""
    return DRAWINGS[scene.kind](scene)


def _given_inputs(scene: Scene, problem: Mapping[str, Any]) -> Scene:
    """The problem without the inputs that are 0 in all points; its samples are the basis."""
    points = problem["inputs"]
    kept = [j for j in range(len(points[0])) if any(point[j] for point in points)]
    part = _part(scene.allocation, None, kept)
    return Scene(
        part,
        len(problem["basis"]),
        scene.kind,
        scene.expressivity,
        scene.evidence,
        columns=tuple(kept),
    )


def _part(allocation: Allocation, rows: list[int] | None, columns: list[int]) -> Allocation:
    """The allocation with these outputs and inputs only."""
    network = allocation.network
    kept = list(range(network.outputs)) if rows is None else rows
    first, last = network.weight_layers[0][0], network.weight_layers[-1]

    def cut(name: str, mask: Mask) -> Mask:
        mask = mask[kept] if name in last else mask
        return mask[:, columns] if name == first else mask

    learnable, present = (
        {name: cut(name, mask) for name, mask in allocation.masks(which)}
        for which in ("learnable", "present")
    )
    left = network.resized(inputs=len(columns), outputs=len(kept))
    return Allocation(left, learnable, present)


def sub_allocation(scene: Scene) -> Marks:
    """Some of the learnables, and what the certificate about them alone points at.

    Not that of T18, which is about a network of fewer inputs.
    """
    marks, evidence, allocation = Marks(), scene.evidence, scene.allocation
    shapes = allocation.network.weight_shapes
    learnable = {
        name: mask_from_json(value, shapes[name], name)
        for name, value in evidence["learnable"].items()
    }
    part = replace(scene, allocation=Allocation(allocation.network, learnable, allocation.present))
    n_learnable = part.allocation.n_learnable
    verb = "is" if n_learnable == 1 else "are"
    marks.note(f"{n_learnable} of the learnables (marked) {verb} maximal alone")
    for entry in part.entries("learnable", range(min(n_learnable, _MOST_DOTS))):
        marks.add(part.spot(*entry, "dot"))
    if "inputs" not in evidence:
        marks.include(marks_of(part.about(evidence["certificate"])))
    return marks


def peeled(scene: Scene) -> Marks:
    """Outputs and inputs in the order in which they are deleted, and what is left."""
    marks, evidence, allocation = Marks(), scene.evidence, scene.allocation
    network = allocation.network
    rows = list(range(network.weight_shapes[scene.last][0]))
    columns, samples = list(range(network.weight_shapes[scene.first][1])), scene.samples
    for number, (line, index) in enumerate(evidence["steps"], 1):
        grid = scene.last if line == "row" else scene.first
        stroke = scene.line(grid, line, index, f"{number}.", outlined=False)
        marks.add(replace(stroke, struck=True))
        (rows if line == "row" else columns).remove(index)
        samples -= line == "column"
    marks.note("struck: lines deleted one after the other, each fitted by its own learnables")
    inner = evidence["certificate"]
    if inner is not None:
        part = _part(allocation, rows, columns)
        left = {"allocation": part, "samples": samples}
        marks.include(
            marks_of(scene.about(inner, **left, rows=tuple(rows), columns=tuple(columns)))
        )
    return marks


def plan(scene: Scene) -> Marks:
    """Lines deleted and layers frozen, in order, and what the certificate of the rest points at."""
    marks, left = marks_plans.steps(scene)
    inner = scene.evidence["certificate"]
    if inner is not None:
        keys = {key: inner[key] for key in ("kind", "expressivity", "evidence")}
        marks.include(left.placed(marks_of(Scene(left.allocation(), left.samples, **keys))))
    return marks


DRAWINGS: dict[str, marks_layers.Drawing] = {
    **marks_layers.DRAWINGS,
    **marks_equations.DRAWINGS,
    **marks_graded.DRAWINGS,
    **marks_relu.DRAWINGS,
    **marks_readout.DRAWINGS,
    **marks_piecewise.DRAWINGS,
    "sub_allocation": sub_allocation,
    "peeled": peeled,
    "plan": plan,
    "levels": marks_plans.levels,
    "drawn_plan": marks_plans.drawn_plan,
    "deep_levels": marks_plans.deep_levels,
    "free_weights": marks_layers.parameters,
    "parameter_count": marks_layers.parameters,
    "deficient_parameters": marks_layers.parameters,
    "full_parameters": marks_layers.parameters,
    "affine_parameters": marks_layers.parameters,
}
