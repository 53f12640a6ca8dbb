"""T12 (e): each output has a unit of its own that fits any small values on all samples.

Let outputs i be matched to distinct units k(i) of the last hidden layer by learnable readout
weights, and let the learnable inputs of k(i) have rank m: its pre-activations on the m samples take
any values, whatever its other inputs are, and its values any close to 0, if 0 lies inside of the
activation's range. Fix all other learnables. If the matched readout weights grow, the inverse of
the matrix V of readout weights from the units k to the outputs tends to 0, and so do the values
V^(-1) (y - f) that these units have to take. Hence every teacher is matched.
"""

from __future__ import annotations

import numpy as np

from ...problem.matchings import maximum_matching
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from .readout import Readout, readout_of


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if every output has such a unit of its own."""
    if analysis.network.is_recurrent or not analysis.network.is_layered:
        return None
    readout = analysis.once(readout_of)
    units = interpolating_units(readout, analysis.samples)
    if units is None:
        return None
    reason = (
        "every output has a hidden unit of its own, with a learnable readout weight, whose "
        f"learnable inputs have rank {analysis.samples} on the {analysis.samples} samples, and so "
        "fits any values"
    )
    evidence = {"units": units}
    return Finding("T12", Expressivity.MAXIMAL, reason, "interpolating_units", evidence)


def interpolating_units(readout: Readout, samples: int) -> list[int | None] | None:
    """A unit for each output, None for one without connections; None if some have no unit."""
    row, layer = readout.activation, readout.layer
    if not row.lower < 0 < row.upper:
        return None
    n_units = len(readout.units.present)
    outputs = np.flatnonzero(layer.present.any(axis=1))
    candidates = layer.learnable[:, :n_units].any(axis=0)
    candidates &= readout.units.learnable.sum(axis=1) >= samples
    for unit in np.flatnonzero(candidates).tolist():
        inputs = np.flatnonzero(readout.units.learnable[unit]).tolist()
        candidates[unit] = readout.rank_of_inputs(inputs) == samples
    chosen = maximum_matching(layer.learnable[outputs, :n_units] & candidates)
    if (chosen < 0).any():
        return None
    units: list[int | None] = [None] * len(layer.present)
    for output, unit in zip(outputs.tolist(), chosen.tolist(), strict=True):
        units[output] = unit
    return units
