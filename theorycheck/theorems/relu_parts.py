"""Shallow ReLU networks (T10): which outputs the learnable weights can move, and how far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..allocation import Allocation
from ..exact.relu_patterns import unit_supports
from ..structure import Pattern


def learnable_inputs(allocation: Allocation) -> NDArray[np.int64]:
    """Learnable input weights of every hidden unit, its bias included."""
    counts = np.count_nonzero(allocation.mask("W1"), axis=1)
    return counts + allocation.mask("b1") if "b1" in allocation.counts else counts


def learnable_biases(allocation: Allocation) -> NDArray[np.bool_]:
    """Which outputs have a learnable bias."""
    if "b2" in allocation.counts:
        return allocation.mask("b2")
    return np.zeros(len(allocation.mask("W2")), dtype=bool)


def bounded_output(allocation: Allocation) -> int | None:
    """An output whose bias is not learnable, nor any of its units on both sides; None without one.

    "On both sides": with a learnable input (or bias) and a learnable weight to this output.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([1, 2, 2])
    >>> bounded_output(Allocation(network, {"W1": [[1], [0]], "W2": [[1, 0], [0, 1]]}))
    1
    """
    on_both_sides = allocation.mask("W2") & (learnable_inputs(allocation) > 0)
    movable = on_both_sides.any(axis=1) | learnable_biases(allocation)
    free = np.flatnonzero(~movable)
    return int(free[0]) if len(free) else None


def interpolating_units(allocation: Allocation, samples: int) -> list[list[int]] | None:
    """For each output as many units, of at least m learnable inputs each, as it needs; else None.

    It needs m of them, their weights to it learnable, or m - 1 with a learnable bias of its own.

    >>> from theorycheck import ShallowReLU
    >>> network = ShallowReLU([1, 2, 1])
    >>> interpolating_units(Allocation(network, {"W1": [[0], [1]], "W2": [[1, 1]]}), 1)
    [[1]]
    """
    rich = allocation.mask("W2") & (learnable_inputs(allocation) >= samples)
    needed = samples - learnable_biases(allocation).astype(int)
    if (np.count_nonzero(rich, axis=1) < needed).any():
        return None
    rows = zip(rich, needed.tolist(), strict=True)
    return [np.flatnonzero(row)[:count].tolist() for row, count in rows]


def all_active_pattern(allocation: Allocation, samples: int) -> Pattern:
    """Which equations each learnable acts on when all units are active; no pattern has more.

    Equations and learnables are numbered as in `exact.relu_rank`.
    """
    has_inputs = np.array([bool(support) for support in unit_supports(allocation)])
    outward = allocation.present_mask("W2")
    blocks = []
    for name in allocation.counts:
        cells = np.argwhere(allocation.mask(name))
        if name in ("W1", "b1"):
            blocks.append(outward[:, cells[:, 0]])
        else:
            own = np.arange(len(outward))[:, None] == cells[None, :, 0]
            blocks.append(own & (has_inputs[cells[:, 1]] if name == "W2" else True))
    if not blocks:
        return np.zeros((len(outward) * samples, 0), dtype=bool)
    return np.repeat(np.concatenate(blocks, axis=1), samples, axis=0)
