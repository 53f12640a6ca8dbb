"""T12 (c''): an output that one unit moves, which cannot take all signs on the samples.

Output i has one learnable readout weight, of unit k, and no learnable bias; sigma has the sign of
its argument, and nothing that k reads depends on a learnable. If k has fewer than m learnable
inputs, the sum of its frozen ones counting as one, a vector lambda is orthogonal to all of its
pre-activations: these never have the signs of lambda, nor the opposite ones. What else the output
reads is bounded. A teacher whose output has these signs, and is large, is missed; where its
features have rank m such teachers have a positive probability.
"""

from __future__ import annotations

import numpy as np

from ...field.elimination import rank
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from .readout import Readout, readout_of


def decide(analysis: Analysis) -> Finding | None:
    """Intermediate if some output misses signs and the rank reaches the target."""
    if analysis.network.is_recurrent or not analysis.network.is_layered:
        return None
    output = missed_output(analysis.once(readout_of), analysis.samples)
    if output is None or not analysis.reaches_target:
        return None
    reason = (
        f"one learnable readout weight moves output {output}, of a unit whose pre-activations on "
        f"the {analysis.samples} samples have fewer dimensions: some signs of a large teacher are "
        f"out of reach; the rank {analysis.rank.value} reaches the target dimension"
    )
    evidence = {"output": output}
    return at_full_rank(
        "T12", Expressivity.INTERMEDIATE, analysis, reason, "missed_signs", evidence
    )


def missed_output(readout: Readout, samples: int) -> int | None:
    """An output that such a unit moves, and whose features have rank m for the teacher."""
    if not readout.activation.keeps_sign:
        return None
    for output in np.flatnonzero(readout.layer.learnable.sum(axis=1) == 1).tolist():
        unit = int(np.flatnonzero(readout.layer.learnable[output])[0])
        is_unit = unit < len(readout.units.present)
        if is_unit and _has_few(readout, unit, samples) and _is_bounded(readout, output):
            present = np.flatnonzero(readout.layer.present[output])
            if rank(readout.features[:, present], readout.point.prime) == samples:
                return output
    return None


def _has_few(readout: Readout, unit: int, samples: int) -> bool:
    """Whether what a unit reads is fixed, and moves it in fewer than m dimensions."""
    units = readout.units
    n_dimensions = int(units.learnable[unit].sum()) + bool(units.frozen[unit].any())
    moved = units.present[unit] & readout.moved_inputs
    return n_dimensions < samples and not moved.any()


def _is_bounded(readout: Readout, output: int) -> bool:
    """Whether what frozen readout weights add to an output is bounded."""
    moved = readout.layer.frozen[output] & readout.depends
    return readout.activation.is_bounded or not moved.any()
