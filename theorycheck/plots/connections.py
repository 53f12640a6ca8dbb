"""Units and connections of a network with their places in a drawing, before anything is drawn."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..problem.allocation import Allocation
from ..problem.networks.recurrent import LinearRecurrent

Weight = tuple[str, tuple[int, ...]]
_MOST_UNROLLED = 24  # hidden units, all steps together


@dataclass
class Wiring:
    """`units` have a place (level by level, in steps of 1) and a text; `edges` join them.

    `levels` are the units of each level, `names` what the levels are called, both in order from
    the inputs to the outputs.
    """

    units: dict[Hashable, tuple[float, float, str]] = field(default_factory=dict)
    edges: list[tuple[Weight, Hashable, Hashable, bool]] = field(default_factory=list)
    levels: dict[int, list[Hashable]] = field(default_factory=dict)
    names: list[tuple[float, str]] = field(default_factory=list)

    @property
    def height(self) -> float:
        """From the lowest unit to the highest, in steps."""
        heights = [y for _, y, _ in self.units.values()]
        return max(heights) - min(heights)

    @property
    def width(self) -> float:
        """From the first level to the last, in steps."""
        return max(x for x, _, _ in self.units.values())


def wiring(allocation: Allocation) -> Wiring:
    """Units and connections of a network; a recurrent one unrolled in time, or one step of it."""
    network = allocation.network
    if not isinstance(network, LinearRecurrent):
        return _feedforward(allocation)
    if network.steps <= 6 and network.steps * network.hidden <= _MOST_UNROLLED:
        return _unrolled(allocation, network)
    return _one_step(allocation, network)


def _stack(found: Wiring, level: Hashable, size: int, x: float, top: float | None = None) -> list:
    """Place the units of a level, centred, or from `top` downwards."""
    start = (size - 1) / 2 if top is None else top
    keys: list[Hashable] = [(level, unit) for unit in range(size)]
    for unit, key in enumerate(keys):
        found.units[key] = (x, start - unit, str(unit))
    return keys


def _connections(allocation: Allocation, name: str) -> Iterator[tuple[tuple[int, ...], bool]]:
    learnable = allocation.mask(name)
    for index in np.argwhere(allocation.present_mask(name)).tolist():
        yield tuple(index), bool(learnable[tuple(index)])


def _feedforward(allocation: Allocation) -> Wiring:
    found, shapes = Wiring(), allocation.network.weight_shapes
    widths = [shapes["W1"][1], *(s[0] for s in shapes.values() if len(s) == 2)]
    depth = len(widths) - 1
    has_bias = "b1" in shapes
    for level, size in enumerate(widths):
        found.levels[level] = _stack(found, level, size, level)
        hidden = "hidden" if depth == 2 else f"hidden {level}" if depth < 9 else str(level)
        name = "input" if level == 0 else "output" if level == depth else hidden
        found.names.append((level, name))
    lowest = min(y for _, y, _ in found.units.values())
    for level in range(1, depth + 1):
        if has_bias:
            found.units["constant", level] = (level - 1, lowest - 1.2, "1")
        for name in (f"W{level}", f"b{level}"):
            for index, learnable in _connections(allocation, name) if name in shapes else ():
                tail = (level - 1, index[1]) if len(index) == 2 else ("constant", level)
                found.edges.append(((name, index), tail, (level, index[0]), learnable))
    return found


def _one_step(allocation: Allocation, network: LinearRecurrent) -> Wiring:
    """The step from t - 1 to t, and the outputs."""
    found, hidden = Wiring(), network.hidden
    _stack(found, "before", hidden, 0, 0)
    _stack(found, "input", network.inputs, 0, -hidden - 0.3)
    found.levels[1] = _stack(found, "hidden", hidden, 1.4, 0)
    _stack(found, "output", network.outputs, 2.8, (network.outputs - hidden) / 2)
    found.names += [(0, "hidden at t - 1, input"), (1.4, "hidden at t"), (2.8, "output")]
    ends = {
        "input": ("input", "hidden"),
        "recurrent": ("before", "hidden"),
        "readout": ("hidden", "output"),
    }
    for name, (tail, head) in ends.items():
        for (i, j), learnable in _connections(allocation, name):
            found.edges.append(((name, (i, j)), (tail, j), (head, i), learnable))
    return found


def _unrolled(allocation: Allocation, network: LinearRecurrent) -> Wiring:
    found, steps = Wiring(), network.steps
    read = range(1, steps + 1) if network.readout == "all" else (steps,)
    hidden: list[Hashable] = []
    below, above = -network.hidden - 0.3, network.outputs + 0.3
    for step in range(1, steps + 1):
        x = 1.5 * (step - 1)
        _stack(found, ("input", step), network.inputs, x, below)
        hidden += _stack(found, ("hidden", step), network.hidden, x + 0.7, 0)
        found.names.append((x + 0.7, f"step {step}"))
        for (i, j), learnable in _connections(allocation, "input"):
            weight, tail = ("input", (i, j)), (("input", step), j)
            found.edges.append((weight, tail, (("hidden", step), i), learnable))
        for (i, j), learnable in _connections(allocation, "recurrent") if step > 1 else ():
            weight, tail = ("recurrent", (i, j)), (("hidden", step - 1), j)
            found.edges.append((weight, tail, (("hidden", step), i), learnable))
        if step in read:
            top = above if network.readout == "all" else (network.outputs - network.hidden) / 2
            _stack(found, ("output", step), network.outputs, x + 1.4, top)
            for (i, j), learnable in _connections(allocation, "readout"):
                weight, tail = ("readout", (i, j)), (("hidden", step), j)
                found.edges.append((weight, tail, (("output", step), i), learnable))
    found.levels[1] = hidden
    found.names.append((0, "input"))
    if network.readout == "final":
        found.names.append((1.5 * (steps - 1) + 1.4, "output"))
    return found


def path_edges(found: Wiring, path: list[Weight], steps: int) -> set[int]:
    """Numbers of the edges on a path; in an unrolled network it ends at the last step."""
    on_path: set[int] = set()
    numbers = {(weight, tail): n for n, (weight, tail, _, _) in enumerate(found.edges)}
    is_unrolled = any(isinstance(key, tuple) and isinstance(key[0], tuple) for key in found.units)
    first = steps - sum(name == "recurrent" for name, _ in path)
    step = first
    for name, index in path:
        if not is_unrolled:
            on_path |= {n for (weight, _), n in numbers.items() if weight == (name, index)}
            continue
        level = "input" if name == "input" else "hidden"
        on_path.add(numbers[(name, index), ((level, step), index[1])])
        step += name == "recurrent"
    return on_path
