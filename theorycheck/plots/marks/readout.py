"""What certificates about the readout of nonlinear networks (T12) point at."""

from __future__ import annotations

import numpy as np

from .base import EQUATIONS, Line, Marks, Scene, bias_of
from .equations import minor_marks
from .layers import Drawing, letter

_MOST = 4096  # rings


def _minor(scene: Scene) -> Marks:
    """The minor of the learnables that shows the rank."""
    marks = Marks()
    minor_marks(scene, marks, scene.evidence["minor"], "learnable")
    return marks


def _hidden(scene: Scene) -> str:
    """The matrix that leads to the last hidden layer."""
    return scene.allocation.network.weight_layers[-2][0]


def readout_rank(scene: Scene) -> Marks:
    """The minor, in the readout."""
    marks = _minor(scene)
    marks.note("all learnables are in the readout, in which outputs are affine")
    return marks


def one_sided_output(scene: Scene) -> Marks:
    """The output that stays on one side of a bound."""
    marks, output = _minor(scene), scene.evidence["output"]
    marks.add(scene.line(scene.last, "rows", output), Line(EQUATIONS, "rows", output))
    marks.note(f"outlined: output {output}, none of whose readout weights is learnable")
    return marks


def missed_signs(scene: Scene) -> Marks:
    """The output that misses signs, and the readout weight and inputs of the unit that moves it."""
    marks, output = _minor(scene), scene.evidence["output"]
    unit = int(scene.allocation.mask(scene.last)[output].argmax())
    marks.add(scene.line(scene.last, "rows", output), Line(EQUATIONS, "rows", output))
    _unit(scene, marks, output, unit, "v")
    marks.note(f"v: the readout weight that moves output {output}, and what its unit reads")
    return marks


def onto_layers(scene: Scene) -> Marks:
    """The units that reach all pre-activations, and what the rows behind them are matched to."""
    marks, layer = Marks(), scene.evidence["layer"]
    names = [names[0] for names in scene.allocation.network.weight_layers]
    for unit in scene.evidence["matched"][0]:
        marks.add(scene.line(names[layer - 1], "rows", unit))
    for name, columns in zip(names[layer:], scene.evidence["matched"], strict=True):
        spots = list(enumerate(columns))[:_MOST]
        marks.add(*(scene.spot(name, index) for index in spots))
    marks.note("outlined: units that reach all pre-activations; rings: the weights that rows have")
    return marks


def bounded_readout(scene: Scene) -> Marks:
    """The frozen readout weights, without which the rank drops."""
    marks, allocation = _minor(scene), scene.allocation
    names = [scene.last, bias_of(allocation.network, scene.last)]
    for name in filter(None, names):
        frozen = allocation.present_mask(name) & ~allocation.mask(name)
        marks.add(*(scene.spot(name, index) for index in np.argwhere(frozen)[:_MOST].tolist()))
    rank = scene.evidence["rank"]
    marks.note(f"rings: frozen readout weights, of bounded values; without them the rank is {rank}")
    return marks


def interpolating_units(scene: Scene) -> Marks:
    """The unit of each output, and its learnable inputs."""
    marks = Marks()
    for output, unit in enumerate(scene.evidence["units"]):
        if unit is not None:
            _unit(scene, marks, output, unit, letter(output))
    marks.note("letters: the unit that fits output A, B, ..., and its learnable inputs")
    return marks


def solving_order(scene: Scene) -> Marks:
    """The outputs in their order, each with the unit that solves it."""
    marks = _minor(scene)
    for number, (output, unit) in enumerate(scene.evidence["steps"], 1):
        if unit is None:
            marks.add(scene.line(scene.last, "rows", output, str(number)))
        else:
            _step(scene, marks, output, unit, str(number))
    marks.note(
        "numbers: outputs in the order in which they are solved, each by its unit, or some at once "
        "by as many; those that are outlined in the readout by their learnable weights"
    )
    return marks


def resting_units(scene: Scene) -> Marks:
    """Units at rest, by their groups, and outputs that are solved, with their units."""
    marks, evidence = _minor(scene), scene.evidence
    for number, (output, unit) in enumerate(evidence["steps"], 1):
        _step(scene, marks, output, unit, str(number))
    for unit in evidence["zero"]:
        marks.add(scene.line(_hidden(scene), "rows", unit, "0"))
    for number, group in enumerate(evidence["groups"]):
        for unit in group:
            marks.add(scene.line(_hidden(scene), "rows", unit, letter(number)))
    marks.note(
        "letters: units at rest that have the same weights, 0 those that rest at 0; numbers: "
        "outputs that are solved one after the other, each by its unit"
    )
    return marks


def _step(
    scene: Scene, marks: Marks, outputs: int | list[int], units: int | list[int], text: str
) -> None:
    """The units of a step, and their readout weights for its outputs: numbers, or lists of them."""
    for unit in units if isinstance(units, list) else [units]:
        for output in outputs if isinstance(outputs, list) else [outputs]:
            _unit(scene, marks, output, unit, text)


def _unit(scene: Scene, marks: Marks, output: int, unit: int, text: str) -> None:
    """The readout weight of a unit for an output, and the unit."""
    marks.add(scene.spot(scene.last, (output, unit), "text", text))
    marks.add(scene.line(_hidden(scene), "rows", unit, text))


DRAWINGS: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        readout_rank,
        one_sided_output,
        bounded_readout,
        missed_signs,
        onto_layers,
        interpolating_units,
        solving_order,
        resting_units,
    )
} | {"real_readout_rank": readout_rank}
