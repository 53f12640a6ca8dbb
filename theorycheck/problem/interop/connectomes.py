"""Networks of connectomes: connections between named units, some of them inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...errors import InputError, nearest, shown
from ..masks import Mask
from ..networks.base import Network
from ..networks.kinds import LAYERED, RECURRENT, kind_entries, network_from_dict
from .connections import Connections, connections_of, unit_name
from .edge_files import read_edge_file
from .foreign import LARGEST_DENSE

Groups: TypeAlias = dict[Any, list[Any]]
_OTHERWISE = "say steps=T (--steps T) for a recurrent network"


class Connectome(NamedTuple):
    """The network of a connectome, its masks, and the names of its units by level."""

    network: Network
    learnable: dict[str, Mask]
    present: dict[str, Mask]
    units: dict[Any, list[Any]]


def read_connectome(
    edges: Any,
    inputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
    outputs: Iterable[Any] | Mapping[Any, Iterable[Any]],
    steps: int | None,
    readout: str,
    learnable: Any,
    labels: Sequence[Any] | None,
    rows: str,
    kind: str | None,
    activation: str | Sequence[str] | None = None,
) -> Connectome:
    """What `Allocation.from_edges` makes of these arguments."""
    if rows not in ("targets", "sources"):
        wrong = f"{shown(rows)}{nearest(rows, ('targets', 'sources'))}"
        raise InputError(f'rows must be "targets" or "sources", not {wrong}')
    if isinstance(edges, (str, Path)):
        table = read_edge_file(edges)
        edges, labels = (table.edges, labels) if table.matrix is None else table[1:3]
    found = connections_of(edges, labels, rows, learnable)
    driven, read = (
        _groups(given, found, place) for given, place in ((inputs, "inputs"), (outputs, "outputs"))
    )
    if steps is None:
        return Connectome(*_layered(found, driven, read, kind, activation))
    _check_orientation(found, driven, read, rows)
    named = kind_entries(kind if kind in RECURRENT else None, activation, recurrent=True)
    return _recurrent(found, driven, read, steps, readout, named)


def _groups(given: Any, found: Connections, place: str) -> Groups:
    """The channels by name, each with its units: a list has a channel for every unit."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InputError(f"{place} must list names of units, not {shown(given)}")
    if isinstance(given, Mapping):
        groups = {name: _listed(units, place, name) for name, units in given.items()}
    else:
        names = [unit_name(name, place) for name in given]
        groups = {name: [name] for name in names}
        if len(groups) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{place} name {shown(twice)} twice")
    if not groups:
        raise InputError(f"{place} must name at least one unit")
    for units in groups.values():
        for unit in units:
            if unit not in found.units:
                hint = nearest(str(unit), [str(name) for name in found.units])
                where = "no connection leads from or to it"
                raise InputError(f"{place} name the unit {shown(unit)}{hint}, but {where}")
    return groups


def _listed(units: Any, place: str, name: Any) -> list[Any]:
    if isinstance(units, (str, bytes)) or not isinstance(units, Iterable):
        raise InputError(f"{place}[{shown(name)}] must list names of units, not {shown(units)}")
    listed = [unit_name(unit, place) for unit in units]
    if not listed:
        raise InputError(f"{place}[{shown(name)}] must name at least one unit")
    return listed


def _check_orientation(found: Connections, driven: Groups, read: Groups, rows: str) -> None:
    """Refuse a matrix that leads from no input to an output, but does so the other way round."""
    if not found.is_matrix:
        return
    starts = {unit for units in driven.values() for unit in units}
    ends = {unit for units in read.values() for unit in units}
    if not ends & _reached(found.edges, starts) and starts & _reached(found.edges, ends):
        other = "sources" if rows == "targets" else "targets"
        raise InputError(
            f"no connection leads from the inputs towards the outputs, but the other way round: "
            f'here the rows of the matrix are {rows}; if they are not, say rows="{other}" '
            f"(--rows {other})"
        )


def _reached(edges: Iterable[tuple[Any, Any]], start: set[Any]) -> set[Any]:
    targets: dict[Any, list[Any]] = {}
    for source, target in edges:
        targets.setdefault(source, []).append(target)
    seen, queue = set(start), list(start)
    while queue:
        new = [unit for unit in targets.get(queue.pop(), ()) if unit not in seen]
        seen.update(new)
        queue += new
    return seen


def _recurrent(
    found: Connections,
    driven: Groups,
    read: Groups,
    steps: int,
    readout: str,
    named: dict[str, object],
) -> Connectome:
    """All units are hidden ones; inputs and outputs have frozen connections of their own."""
    number = {unit: i for i, unit in enumerate(found.units)}
    size = len(number)
    if size * size > LARGEST_DENSE:
        raise InputError(f"{size} units are too many")
    sizes = {"inputs": len(driven), "hidden": size, "outputs": len(read), "steps": steps}
    network = network_from_dict({**named, **sizes, "readout": readout})
    present = {n: np.zeros(shape, dtype=bool) for n, shape in network.weight_shapes.items()}
    for column, units in enumerate(driven.values()):
        present["input"][[number[unit] for unit in units], column] = True
    for row, units in enumerate(read.values()):
        present["readout"][row, [number[unit] for unit in units]] = True
    learnable = np.zeros((size, size), dtype=bool)
    for (source, target), is_learnable in found.edges.items():
        entry = number[target], number[source]  # rows are targets
        present["recurrent"][entry] = True
        learnable[entry] = is_learnable
    names = {"input": list(driven), "hidden": list(found.units), "output": list(read)}
    return Connectome(network, {"recurrent": learnable}, present, names)


def _layered(
    found: Connections,
    driven: dict[Any, list[Any]],
    read: dict[Any, list[Any]],
    kind: str | None,
    activation: str | Sequence[str] | None,
) -> tuple[Network, dict[str, Mask], dict[str, Mask], dict[Any, list[Any]]]:
    """Network, learnable and present masks, and names by layer; refused if layers are ambiguous."""
    for groups, place in ((driven, "inputs"), (read, "outputs")):
        if any(units != [name] for name, units in groups.items()):
            raise InputError(
                f"{place} of a feed-forward network are units, no groups: {_OTHERWISE}"
            )
    if kind is not None and kind not in LAYERED:
        raise InputError(f"kind must be {' or '.join(LAYERED)}, not {shown(kind)}; {_OTHERWISE}")
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
    named = kind_entries(kind, activation)
    network = network_from_dict({**named, "widths": [len(part) for part in names.values()]})
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
