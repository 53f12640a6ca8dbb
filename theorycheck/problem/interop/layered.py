"""Connectomes whose paths from the inputs have one length for each unit: feed-forward."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError, shown
from ..masks import Mask
from ..networks.base import Network
from ..networks.kinds import KINDS, network_from_dict
from ..networks.recurrent import LinearRecurrent
from .connections import Connections

_OTHERWISE = "say steps=T (--steps T) for a recurrent network"


def layered(
    found: Connections, driven: dict[Any, list[Any]], read: dict[Any, list[Any]], kind: str
) -> tuple[Network, dict[str, Mask], dict[str, Mask], dict[Any, list[Any]]]:
    """Network, learnable and present masks, and names by layer; refused if layers are ambiguous."""
    for groups, place in ((driven, "inputs"), (read, "outputs")):
        if any(units != [name] for name, units in groups.items()):
            raise InputError(
                f"{place} of a feed-forward network are units, no groups: {_OTHERWISE}"
            )
    if kind not in KINDS or kind == LinearRecurrent.kind:
        raise InputError(
            f"kind must be linear_feedforward or shallow_relu, not {shown(kind)}; {_OTHERWISE}"
        )
    level = _levels(found, list(driven))
    last = {level[unit] for unit in read}
    depth = max(level.values())
    if len(last) > 1 or depth not in last:
        unit = min(read, key=lambda name: level[name])
        raise InputError(
            f"the output {shown(unit)} is {_connections(level[unit])} behind the inputs, another "
            f"unit {depth}: all outputs must be the last layer; {_OTHERWISE}"
        )
    others = [unit for unit in found.units if level[unit] == depth and unit not in read]
    if others:
        raise InputError(f"{shown(others[0])} is in the last layer, but no output; {_OTHERWISE}")
    names: dict[Any, list[Any]] = {0: list(driven)}
    for layer in range(1, depth):
        names[layer] = [unit for unit in found.units if level[unit] == layer]
    names[depth] = list(read)
    network = network_from_dict({"kind": kind, "widths": [len(part) for part in names.values()]})
    number = {unit: i for part in names.values() for i, unit in enumerate(part)}
    learnable, present = (
        {n: np.zeros(shape, dtype=bool) for n, shape in network.weight_shapes.items()}
        for _ in range(2)
    )
    for (source, target), is_learnable in found.edges.items():
        entry = number[target], number[source]  # rows are targets
        present[f"W{level[target]}"][entry] = True
        learnable[f"W{level[target]}"][entry] = is_learnable
    return network, learnable, present, names


def _levels(found: Connections, inputs: list[Any]) -> dict[Any, int]:
    """The number of connections from the inputs to each unit, on every path the same."""
    sources: dict[Any, list[Any]] = {unit: [] for unit in found.units}
    targets: dict[Any, list[Any]] = {unit: [] for unit in found.units}
    for source, target in found.edges:
        sources[target].append(source)
        targets[source].append(target)
    for unit in inputs:
        if sources[unit]:
            what = f"a connection leads into the input {shown(unit)} from {shown(sources[unit][0])}"
            raise InputError(f"{what}; {_OTHERWISE}")
    waiting = {unit: len(before) for unit, before in sources.items()}
    ready = [unit for unit in found.units if not waiting[unit]]
    level: dict[Any, int] = {}
    for unit in ready:  # grows while it is read: the units in topological order
        if unit in inputs:
            level[unit] = 0
        elif not sources[unit]:
            raise InputError(
                f"no connection leads to {shown(unit)}, which is no input: name it as an input, or "
                "leave it out"
            )
        else:
            level[unit] = _level_of(unit, [level[before] for before in sources[unit]])
        for target in targets[unit]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(level) < len(sources):
        unit = next(name for name in found.units if name not in level)
        raise InputError(f"{shown(unit)} is on a cycle or behind one; {_OTHERWISE}")
    return level


def _level_of(unit: Any, before: list[int]) -> int:
    if len(set(before)) > 1:
        short, long = min(before) + 1, max(before) + 1
        raise InputError(
            f"{shown(unit)} is {_connections(short)} behind the inputs on one path and {long} on "
            f"another, so it is in no layer; {_OTHERWISE}"
        )
    return before[0] + 1


def _connections(number: int) -> str:
    return f"{number} connection{'s' * (number != 1)}"
