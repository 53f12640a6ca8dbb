"""What present paths reach: outputs that nothing reaches, learnable weights that no path uses.

Sets of units only, each unit looked at once: cheap beside every other question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation, Mask
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.base import Network
from ..problem.networks.unrolled import Group, as_matrix

Units: TypeAlias = NDArray[np.bool_]
Steps: TypeAlias = NDArray[np.integer]

_ROWS = 1024  # of a mask, looked at at once


@dataclass(frozen=True)
class Idle:
    """Learnable entries of `weight` that no path uses: their `number`, and the first of them."""

    weight: str
    number: int
    first: tuple[int, ...]


@dataclass(frozen=True)
class Reach:
    """`by_inputs`, `by_biases`: whether a path from an input, from a bias, reaches each output.

    A hidden unit that is not 0 where its sum is (sigmoid) acts as one with a bias.

    `needed`: the steps that the shortest path from an input to each output takes, `None` without
    one. `idle`: learnable weights on no path to an output.
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
    first, *_, last = network.groups
    sources = np.ones(network.groups[first], dtype=bool)
    if inputs is not None:
        sources[:] = False
        sources[[index * len(sources) // network.inputs for index in inputs]] = True
    biases = _constants(allocation)
    by_inputs = _distances(allocation, {first: sources}, forwards=True)
    by_biases = _distances(allocation, biases, forwards=True)
    outputs = {last: np.ones(network.outputs, dtype=bool)}
    behind = _distances(allocation, outputs, forwards=False)
    ahead = by_inputs
    if biases:
        ahead = {group: np.minimum(by_inputs[group], by_biases[group]) for group in by_inputs}
    idle: list[Idle] = []
    for name in allocation.counts:
        (tail, head), mask = network.ends(name), allocation.mask(name)
        at_once = np.zeros(1, dtype=np.uint8)
        before = ahead[tail] + network.lag(name) if mask.ndim > 1 else at_once
        idle += _idle(name, mask, behind[head], before, network.steps - 1)
    never = _never(network)
    return Reach(
        by_inputs[last] < network.steps,
        by_biases[last] < network.steps,
        tuple(steps + 1 if steps < never else None for steps in by_inputs[last].tolist()),
        tuple(idle),
    )


def _constants(allocation: Allocation) -> dict[Group, Units]:
    """The units that add a constant, by group: those with biases, and hidden ones with sigma(0)."""
    network = allocation.network
    found = {
        network.ends(name)[1]: mask for name, mask in allocation.masks("present") if mask.ndim == 1
    }
    hidden = list(network.groups.items())[1:-1]
    for (group, size), name in zip(hidden, network.activations, strict=True):
        if ACTIVATIONS[name].at_zero[0] != 0:
            found[group] = np.ones(size, dtype=bool)
    return found


def _distances(
    allocation: Allocation, start: Mapping[Group, Units], forwards: bool
) -> dict[Group, Steps]:
    """The least number of steps carried on from (or to) the units of `start`, group by group."""
    network, step = allocation.network, 0
    never = np.array(_never(network), dtype=np.min_scalar_type(4 * _never(network)))
    found: dict[Group, Steps] = {}
    within: list[tuple[str | None, Group, Group]] = []
    for name, ends in network.matrices.items():
        within += [(name, *ends)] if ends[0] != ends[1] else []
        within += [(None, *ends)] if ends in network.passes else []
    carried = [(name, *ends) for name, ends in network.matrices.items() if ends[0] == ends[1]]
    # Within a step one pass is enough; behind it comes what is carried on to the next one.
    in_order = (within if forwards else within[::-1]) + carried
    frontier = dict(start)
    while frontier:
        later: dict[Group, Units] = {}
        for name, tail, head in in_order:
            source, target = (tail, head) if forwards else (head, tail)
            if source in frontier:
                units = _new(found, source, frontier[source], never)
                if name is not None:
                    reach_on = reached if forwards else reaching
                    units = reach_on(allocation.present_mask(name), units)
                    units = np.any(units.reshape(network.groups[target], -1), axis=1)
                far = later if tail == head else frontier
                far[target] = far[target] | units if target in far else units
        for group, units in frontier.items():
            at_first = _new(found, group, units, never)
            before = found.get(group, never)
            found[group] = np.where(at_first, never.dtype.type(step), before)
        frontier = {g: units for g, units in later.items() if _new(found, g, units, never).any()}
        step += 1
    return {
        group: found[group] if group in found else np.broadcast_to(never, size)
        for group, size in network.groups.items()
    }


def _never(network: Network) -> int:
    """A number of steps that no path to or from a unit takes, and that a network does not run."""
    return network.steps + sum(size for size in network.groups.values() if network.is_recurrent)


def _new(found: Mapping[Group, Steps], group: Group, units: Units, never: Steps) -> Units:
    """Those of `units` that were not found before."""
    return units & (found[group] == never) if group in found else units


def reached(mask: Mask, units: Units) -> Units:
    """Rows of `mask` with a one in some column of `units`; of filters each unit has several.

    >>> reached(np.array([[True, False], [False, True]]), np.array([True, False])).tolist()
    [True, False]
    """
    if not any(mask.strides):  # a broadcast scalar: all ones or all zeros
        return np.full(mask.shape[0], bool(mask.flat[0]) and bool(units.any()))
    mask = as_matrix(mask)
    units = np.repeat(units, mask.shape[1] // len(units))
    if units.all():
        return np.any(mask, axis=1)
    parts = range(0, len(mask), _ROWS)
    return np.concatenate([np.any(mask[i : i + _ROWS, units], axis=1) for i in parts])


def reaching(mask: Mask, units: Units) -> Units:
    """Columns of `mask` with a one in some row of `units`; of filters each unit has several.

    >>> reaching(np.array([[True, False], [True, True]]), np.array([True, False])).tolist()
    [True, False]
    """
    if not any(mask.strides):
        return np.full(mask.shape[1], bool(mask.flat[0]) and bool(units.any()))
    mask = as_matrix(mask)
    found = np.zeros(mask.shape[1], dtype=bool)
    for i in range(0, len(mask), _ROWS):
        found |= np.any(mask[i : i + _ROWS][units[i : i + _ROWS]], axis=0)
    return found


def _idle(name: str, mask: Mask, behind: Steps, before: Steps, most: int) -> Iterator[Idle]:
    """The ones of `mask`, if any, on paths of more than `most` steps only; a bias is a column."""
    if behind.max() + before.max() <= most:
        return
    small = np.min_scalar_type(2 * most + 2)
    behind, before = (np.minimum(steps, most + 1).astype(small) for steps in (behind, before))
    matrix, number, first = as_matrix(mask), 0, None
    before = np.repeat(before, matrix.shape[1] // len(before))
    for start in range(0, len(mask), _ROWS):
        part = slice(start, start + _ROWS)
        found = (np.add.outer(behind[part], before) > most) & matrix[part]
        if first is None and found.any():
            row, column = np.argwhere(found)[0].tolist()
            first = (start + row, *map(int, np.unravel_index(column, mask.shape[1:] or (1,))))
            first = first[: mask.ndim]
        number += int(np.count_nonzero(found))
    if first is not None:
        yield Idle(name, number, first)
