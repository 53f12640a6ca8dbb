"""T12 (c'), piecewise linear: an output that stays above a bound, given a regular teacher.

No weight of the output is learnable, and every unit that it reads and that a learnable moves is
bounded below. With positive probability all of its frozen weights from such units are positive:
then the output is at least a number that the student's frozen weights and the inputs determine,
whatever the learnables are. At the point a teacher is regular, and the output is not 0. To multiply
that teacher's weights to the output, its bias included, by any number but 0 multiplies the output,
changes no hidden unit, and keeps the rank: rows and columns of the Jacobian are multiplied. So an
open set of regular teachers is below the bound.
"""

from __future__ import annotations

import math

import numpy as np

from ...ranks.piecewise_point import PiecewisePoint, evaluated
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..t11.piecewise import point_evidence
from .readout import ReadoutMasks


def decide(analysis: Analysis) -> Finding | None:
    """Intermediate if some output is bounded below and a point shows that the rank reaches D."""
    search, masks = analysis.piecewise, ReadoutMasks(analysis.allocation)
    bounded = _bounded_outputs(masks)
    if not bounded or not search.bound or search.most < search.bound:
        return None
    point = search.point
    if point is None or point.rank < search.bound:
        return None
    shown = [output for output in bounded if _is_shown(analysis, point, output)]
    if not shown:
        return None
    output, target = shown[0], search.bound
    reason = (
        f"output {output} has no learnable readout weight, and all of its units that learnable "
        "weights move are bounded below: with positive probability it cannot get as low as a "
        f"regular teacher's; the rank reaches the target dimension {target} in a pattern that "
        "integers show"
    )
    evidence = {"output": output, "point": point_evidence(point)}
    return Finding(
        "T12", Expressivity.INTERMEDIATE, reason, "piecewise_output", evidence, target, target
    )


def _bounded_outputs(masks: ReadoutMasks) -> list[int]:
    """Outputs without a learnable weight whose units that move are bounded below."""
    layer = masks.layer
    is_bounded = math.isfinite(masks.activation.lower)
    moved = (layer.present & masks.depends).any(axis=1)
    free = ~layer.learnable.any(axis=1)
    return np.flatnonzero(free & (is_bounded | ~moved)).tolist()


def _is_shown(analysis: Analysis, point: PiecewisePoint, output: int) -> bool:
    """Whether the output is not 0 at the point, on some sample."""
    found = evaluated(analysis.allocation, point.candidate)
    assert found is not None, "the point is inside of its pattern"
    reads = analysis.network.unrolled.read
    return any(bool((found[1][number].values[output] != 0).any()) for number in reads)
