"""T12 (c'): an output without learnable readout weights that stays on one side of a bound.

If every unit of its row that depends on a learnable weight is bounded below or above, then with
positive probability the signs of the frozen weights are such that the output, on every sample, is
at least a number that the student's frozen weights and the inputs alone determine. The teacher's
output, being not 0 almost surely, is below it with positive probability: its readout may have any
scale, and either sign.
"""

from __future__ import annotations

import math

from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from .readout import Readout, readout_of


def decide(analysis: Analysis) -> Finding | None:
    """Intermediate if some output is bounded on one side and the rank reaches the target."""
    output = one_sided_output(analysis.once(readout_of))
    if output is None or not analysis.reaches_target:
        return None
    reason = (
        f"output {output} has no learnable readout weight, and all of its units that learnable "
        "weights move are bounded on one side: with positive probability it cannot get as low as "
        f"the teacher's; the rank {analysis.rank.value} reaches the target dimension"
    )
    evidence = {"output": output}
    return at_full_rank(
        "T12", Expressivity.INTERMEDIATE, analysis, reason, "one_sided_output", evidence
    )


def one_sided_output(readout: Readout) -> int | None:
    """An output that is not always 0, has no learnable weight, and units bounded on one side."""
    layer, row = readout.layer, readout.activation
    is_one_sided = math.isfinite(row.lower) or math.isfinite(row.upper)
    for output in readout.live_rows:
        moved = layer.present[output] & readout.depends
        if not layer.learnable[output].any() and (is_one_sided or not moved.any()):
            return output
    return None
