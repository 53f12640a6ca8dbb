"""What present paths reach: outputs that nothing reaches, learnable weights that no path uses.

Sets of units only, each unit looked at once: cheap beside every other question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation, Mask
from ..problem.networks.recurrent import LinearRecurrent

Units: TypeAlias = NDArray[np.bool_]
Steps: TypeAlias = NDArray[np.int64]

_ROWS = 1024  # of a mask, looked at at once
_NEVER = np.iinfo(np.int64).max // 4  # so that sums of a few stay in range


@dataclass(frozen=True)
class Idle:
    """Learnable entries of `weight` that no path uses: their `number`, and the first of them."""

    weight: str
    number: int
    first: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """`by_inputs`, `by_biases`: whether a path from an input, from a bias, reaches each output.

    `needed`: the steps that the shortest path from an input to each output takes, `None` without
    one (of feed-forward networks the layers). `idle`: learnable weights on no path to an output.
    """

    by_inputs: Units
    by_biases: Units
    needed: tuple[int | None, ...]
    idle: tuple[Idle, ...]


def reach(allocation: Allocation, inputs: Collection[int] | None = None) -> Reach:
    """What the present paths of a network reach, from the `inputs` named (all of them for None).

    Paths are those of the unrolled network: no longer than its steps.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([1, 2, 2])
    >>> cut = Allocation(net, {"W1": [[1], [1]]}, {"W2": [[1, 0], [0, 0]]})
    >>> found = reach(cut)
    >>> found.by_inputs.tolist(), found.idle
    ([True, False], (Idle(weight='W1', number=1, first=(1, 0)),))
    """
    network = allocation.network
    sources = np.ones(network.inputs, dtype=bool)
    if inputs is not None:
        sources[:] = False
        sources[list(inputs)] = True
    if isinstance(network, LinearRecurrent):
        return _recurrent(allocation, network, sources)
    return _feedforward(allocation, sources)


def _feedforward(allocation: Allocation, sources: Units) -> Reach:
    network = allocation.network
    assert not isinstance(network, LinearRecurrent)
    layers = range(1, network.depth + 1)
    fed, biased = [sources], [np.zeros_like(sources)]
    for layer in layers:
        present = allocation.present_mask(f"W{layer}")
        fed.append(reached(present, fed[-1]))
        bias = reached(present, biased[-1])
        biased.append(bias | allocation.present_mask(f"b{layer}") if network.bias else bias)
    read = [np.ones(network.outputs, dtype=bool)]
    for layer in reversed(layers):
        read.insert(0, reaching(allocation.present_mask(f"W{layer}"), read[0]))
    idle: list[Idle | None] = []
    for name in allocation.counts:
        layer, mask = int(name[1:]), allocation.mask(name)
        if name[0] == "b":
            idle.append(_idle(name, mask[:, None], read[layer], np.ones(1, dtype=bool)))
        else:
            idle.append(_idle(name, mask, read[layer], fed[layer - 1] | biased[layer - 1]))
    needed = tuple(network.depth if output else None for output in fed[-1].tolist())
    return Reach(fed[-1], biased[-1], needed, tuple(part for part in idle if part))


def _recurrent(allocation: Allocation, network: LinearRecurrent, sources: Units) -> Reach:
    """By distances: a path with k recurrent weights takes k + 1 steps."""
    recurrent, readout = allocation.present_mask("recurrent"), allocation.present_mask("readout")
    fed = reached(allocation.present_mask("input"), sources)
    ahead = _distances(recurrent, fed, forwards=True)
    behind = _distances(recurrent, reaching(readout, np.ones(network.outputs, bool)), False)
    most = network.steps - 1
    needed = [_NEVER] * network.outputs
    for k in range(network.outputs):
        seen = ahead[readout[k]]
        needed[k] = int(seen.min(initial=_NEVER)) + 1
    idle: list[Idle | None] = []
    for name in allocation.counts:
        mask = allocation.mask(name)
        if name == "input":
            idle.append(_idle(name, mask, behind <= most, sources))
        elif name == "readout":
            every = np.ones(network.outputs, dtype=bool)
            idle.append(_idle(name, mask, every, ahead <= most))
        else:
            idle.append(_late(name, mask, behind, ahead, most))
    return Reach(
        np.array(needed) <= network.steps,
        np.zeros(network.outputs, dtype=bool),
        tuple(steps if steps < _NEVER else None for steps in needed),
        tuple(part for part in idle if part),
    )


def _distances(recurrent: Mask, start: Units, forwards: bool) -> Steps:
    """How many recurrent connections lead from (or to) the units of `start` at least."""
    found = np.where(start, 0, _NEVER).astype(np.int64)
    step, frontier = 0, start
    while frontier.any():
        step += 1
        near = reached(recurrent, frontier) if forwards else reaching(recurrent, frontier)
        frontier = near & (found == _NEVER)
        found[frontier] = step
    return found


def reached(mask: Mask, units: Units) -> Units:
    """Rows of `mask` with a one in some column of `units`.

    >>> reached(np.array([[True, False], [False, True]]), np.array([True, False])).tolist()
    [True, False]
    """
    if not any(mask.strides):  # a broadcast scalar: all ones or all zeros
        return np.full(mask.shape[0], bool(mask.flat[0]) and bool(units.any()))
    if units.all():
        return np.any(mask, axis=1)
    parts = range(0, len(mask), _ROWS)
    return np.concatenate([np.any(mask[i : i + _ROWS, units], axis=1) for i in parts])


def reaching(mask: Mask, units: Units) -> Units:
    """Columns of `mask` with a one in some row of `units`.

    >>> reaching(np.array([[True, False], [True, True]]), np.array([True, False])).tolist()
    [True, False]
    """
    if not any(mask.strides):
        return np.full(mask.shape[1], bool(mask.flat[0]) and bool(units.any()))
    found = np.zeros(mask.shape[1], dtype=bool)
    for i in range(0, len(mask), _ROWS):
        found |= np.any(mask[i : i + _ROWS][units[i : i + _ROWS]], axis=0)
    return found


def _idle(name: str, mask: Mask, rows: Units, columns: Units) -> Idle | None:
    """The ones of `mask` outside the given rows and columns."""
    if rows.all() and columns.all():
        return None
    return _found(name, mask, lambda part: ~np.logical_and.outer(rows[part], columns))


def _late(name: str, mask: Mask, behind: Steps, ahead: Steps, most: int) -> Idle | None:
    """The ones of `mask` on paths of more than `most` connections only."""
    return _found(name, mask, lambda part: np.add.outer(behind[part], ahead) + 1 > most)


def _found(name: str, mask: Mask, idle: Callable[[slice], Units]) -> Idle | None:
    """The ones of `mask` where `idle` says so of some rows, part by part."""
    number, first = 0, None
    for start in range(0, len(mask), _ROWS):
        part = slice(start, start + _ROWS)
        found = idle(part) & mask[part]
        if first is None and found.any():
            entry = np.argwhere(found)[0].tolist()
            first = (start + entry[0], *entry[1:])
        number += int(np.count_nonzero(found))
    if first is None:
        return None
    return Idle(name, number, first if name[0] != "b" else first[:1])
