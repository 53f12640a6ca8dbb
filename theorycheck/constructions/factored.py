"""A teacher whose outputs alone are known, through a bottleneck: their matrix is factored."""

from __future__ import annotations

import numpy as np

from ..computing.arrays import Array
from ..errors import InputError
from ..theorems.analysis import Analysis
from ..theorems.base import not_dense_layers
from .bench import Bench


def can_factor(analysis: Analysis) -> bool:
    """Whether every weight of a dense linear network of layers without biases is learnable."""
    is_full = analysis.allocation.n_learnable == analysis.allocation.n_present
    return is_full and not_dense_layers(analysis, biases=False) is None


def factored(bench: Bench) -> None:
    """Outputs Y = U V of rank k: the first layer makes V of the inputs, the last Y of it.

    The layers between hand on the first k units. Raises `InputError` for a rank that is above the
    width of a hidden layer: no teacher of this kind has such outputs.
    """
    arithmetic, network = bench.arithmetic, bench.network
    left, right = arithmetic.factors(bench.wanted)
    rank, narrowest = left.shape[1], min(network.widths[1:-1])
    if rank > narrowest:
        raise InputError(
            f"outputs have rank {rank} on these inputs, those of a teacher whose narrowest hidden "
            f"layer has {narrowest} units have rank {narrowest} at most"
        )
    bench.tell(f"every weight is learnable: factor the outputs, of rank {rank}")
    first, *_, last = (names[0] for names in network.weight_layers)
    weights: dict[str, Array] = {}
    for (name,) in network.weight_layers:
        rows, columns = network.weight_shapes[name]
        weights[name] = arithmetic.numbers(np.eye(rows, columns))
    for name in (first, last):
        weights[name] = arithmetic.numbers(np.zeros(network.weight_shapes[name]))
    weights[last][:, :rank] = left
    for row, values in enumerate(right):
        weights[first][row] = arithmetic.solve(bench.inputs.T, values)
    bench.weights = weights
