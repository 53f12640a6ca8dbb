"""Where units and connections of a network are drawn, before anything is."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..problem.allocation import Allocation
from ..problem.networks.unrolled import CONSTANT, Group

Weight = tuple[str, tuple[int, ...]]
_MOST_UNROLLED = 24  # hidden units, all steps together
_MOST_STEPS = 6


@dataclass
class Layout:
    """`units` have coordinates (level by level, in steps of 1) and a text; `edges` join them.

    `groups` are the units of each hidden group, `names` what the levels are called, both in order
    from the inputs to the outputs. Where steps in time are drawn one beside the other, the network
    `is_unrolled`.
    """

    allocation: Allocation
    units: dict[Hashable, tuple[float, float, str]] = field(default_factory=dict)
    edges: list[tuple[Weight, Hashable, Hashable, bool]] = field(default_factory=list)
    groups: dict[Group, list[Hashable]] = field(default_factory=dict)
    names: list[tuple[float, str]] = field(default_factory=list)
    is_unrolled: bool = False

    @property
    def height(self) -> float:
        """From the lowest unit to the highest, in steps."""
        heights = [y for _, y, _ in self.units.values()]
        return max(heights) - min(heights)

    @property
    def width(self) -> float:
        """From the first level to the last, in steps."""
        return max(x for x, _, _ in self.units.values())

    def stack(self, level: Hashable, size: int, x: float, top: float) -> list[Hashable]:
        """Draw the units of a level below each other, from `top` downwards."""
        keys: list[Hashable] = [(level, unit) for unit in range(size)]
        for unit, key in enumerate(keys):
            self.units[key] = (x, top - unit, str(unit))
        return keys

    def join(self, name: str, tail: Hashable, head: Hashable) -> None:
        """Draw the connections of a weight between two levels; a bias comes from one unit."""
        network = self.allocation.network
        size, columns = network.groups[network.ends(name)[0]], network.weight_shapes[name][1:]
        for index, learnable in self._present(name):
            # A dense layer behind channels reads each of them at several positions.
            source = (tail, index[1] * size // columns[0] if columns else 0)
            self.edges.append(((name, index), source, (head, index[0]), learnable))

    @staticmethod
    def is_constant(unit: Hashable) -> bool:
        """Whether a unit is the constant that a bias multiplies."""
        level = unit[0] if isinstance(unit, tuple) else None
        return isinstance(level, tuple) and level[0] == CONSTANT

    def _present(self, name: str) -> Iterator[tuple[tuple[int, ...], bool]]:
        learnable = self.allocation.mask(name)
        for index in np.argwhere(self.allocation.present_mask(name)).tolist():
            yield tuple(index), bool(learnable[tuple(index)])


def layout(allocation: Allocation) -> Layout:
    """Units and connections of a network; a recurrent one unrolled in time, or one step of it."""
    network = allocation.network
    if not network.is_recurrent:
        return _layers(allocation)
    if network.steps <= _MOST_STEPS and network.steps * network.widths[1] <= _MOST_UNROLLED:
        return _unrolled(allocation)
    return _one_step(allocation)


def _layers(allocation: Allocation) -> Layout:
    """Group after group; the constant that biases multiply is a unit of its own in each."""
    found, network = Layout(allocation), allocation.network
    last = len(network.groups) - 1
    for x, (group, size) in enumerate(network.groups.items()):
        found.groups[group] = found.stack(group, size, x, (size - 1) / 2)
        hidden = "hidden" if last == 2 else f"hidden {x}" if last < 9 else str(x)
        found.names.append((x, "input" if x == 0 else "output" if x == last else hidden))
    lowest = min(y for _, y, _ in found.units.values())
    columns = {group: x for x, group in enumerate(network.groups)}
    for name, shape in network.weight_shapes.items():
        tail, head = network.ends(name)
        if len(shape) == 1:
            tail = (CONSTANT, head)
            found.units[tail, 0] = (columns[head] - 1, lowest - 1.2, "1")
        found.join(name, tail, head)
    return found


def _one_step(allocation: Allocation) -> Layout:
    """The step from t - 1 to t, and the outputs."""
    found, network = Layout(allocation), allocation.network
    (inputs, n_inputs), (hidden, n_hidden), (outputs, n_outputs) = network.groups.items()
    found.stack("before", n_hidden, 0, 0)
    found.stack(inputs, n_inputs, 0, -n_hidden - 0.3)
    found.groups[hidden] = found.stack(hidden, n_hidden, 1.4, 0)
    found.stack(outputs, n_outputs, 2.8, (n_outputs - n_hidden) / 2)
    found.names += [(0, "hidden at t - 1, input"), (1.4, "hidden at t"), (2.8, "output")]
    for name in network.weight_shapes:
        tail, head = network.ends(name)
        found.join(name, "before" if network.lag(name) else tail, head)
    return found


def _unrolled(allocation: Allocation) -> Layout:
    """All steps, as levels with a step."""
    found, network = Layout(allocation, is_unrolled=True), allocation.network
    (inputs, _), (hidden, n_hidden), (outputs, n_outputs) = network.groups.items()
    levels = network.unrolled.levels
    every: list[Hashable] = []
    lowest, top = -n_hidden - 0.3, (n_outputs - n_hidden) / 2
    if network.reads_every_step:
        top = n_outputs + 0.3
    columns = {inputs: (0.0, lowest), hidden: (0.7, 0.0), outputs: (1.4, top)}
    order = {group: number for number, group in enumerate(network.groups)}
    for level in sorted(levels, key=lambda level: (level.step, order[level.group])):
        across, highest = columns[level.group]
        x, key = 1.5 * (level.step - 1) + across, (level.group, level.step)
        units = found.stack(key, level.size, x, highest)
        if level.group == hidden:
            every += units
            found.names.append((x, f"step {level.step}"))
        for name, source in sorted(level.terms, key=lambda term: term.source):
            found.join(name, (levels[source].group, levels[source].step), key)
    found.groups[hidden] = every
    found.names.append((0, "input"))
    if not network.reads_every_step:
        found.names.append((1.5 * (network.steps - 1) + 1.4, "output"))
    return found


def path_edges(found: Layout, path: list[Weight]) -> set[int]:
    """Numbers of the edges on a path; in an unrolled network it ends at the last step."""
    network = found.allocation.network
    if not found.is_unrolled:
        return {number for number, (weight, *_) in enumerate(found.edges) if weight in path}
    numbers = {(weight, tail): n for n, (weight, tail, _, _) in enumerate(found.edges)}
    step = network.steps - sum(network.lag(name) for name, _ in path)
    on_path = set()
    for name, index in path:
        group, _ = network.ends(name)
        on_path.add(numbers[(name, index), ((group, step), index[1])])
        step += network.lag(name)
    return on_path
