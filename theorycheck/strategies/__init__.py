"""Hypothesis strategies for networks, allocations, samples and draws.

For property tests of one's own, and for `theorycheck verify`.
"""

from .basics import (
    feedforward_networks,
    linear_networks,
    networks,
    recurrent_networks,
    relu_networks,
    samples,
    seeds,
)
from .cells import present_masks
from .extremal import near_extremal_problems, one_layer_problems
from .mixture import problems
from .numbers import Draw, drawn, draws, outputs
from .plain import (
    allocations,
    columns_problems,
    critical_problems,
    crosses_problems,
    random_problems,
    rows_problems,
    sparse_problems,
)
from .special import bottleneck_networks, bottleneck_problems, recurrent_problems
from .text import describe, smallest

__all__ = [
    "Draw",
    "allocations",
    "bottleneck_networks",
    "bottleneck_problems",
    "columns_problems",
    "critical_problems",
    "crosses_problems",
    "describe",
    "drawn",
    "draws",
    "feedforward_networks",
    "linear_networks",
    "near_extremal_problems",
    "networks",
    "one_layer_problems",
    "outputs",
    "present_masks",
    "problems",
    "random_problems",
    "recurrent_networks",
    "recurrent_problems",
    "relu_networks",
    "rows_problems",
    "samples",
    "seeds",
    "smallest",
    "sparse_problems",
]
