"""Piecewise linear networks, for the checker alone: stages, what acts in them, bounds on ranks.

A stage is a layer, or the state of a step; before the first come the inputs and the constant. Sets
of units are the bits of integers.
"""

from __future__ import annotations

from typing import NamedTuple

from ..problem.networks.recurrent import Recurrent
from .budget import STEP
from .claim import Claim
from .oracle import hidden_activations
from .residual import residual_layers

HOMOGENEOUS = {"linear", "relu", "leaky_relu"}
_KINKED = {"relu", "leaky_relu", "hardtanh"}


class Stage(NamedTuple):
    """`parts` are weights and the stages they read, none for inputs; `place` counts from 1."""

    place: int
    size: int
    parts: tuple[tuple[str, int], ...] = ()
    activation: str | None = None  # None for outputs and inputs


class Stages:
    """The stages of a network, those that are read, and the present weights as rows of bits."""

    def __init__(self, claim: Claim) -> None:
        names = hidden_activations(claim.network)
        known = set(names) <= HOMOGENEOUS | _KINKED and bool(set(names) & _KINKED)
        claim.require(known, "the network is not piecewise linear")
        self.claim, network = claim, claim.network
        is_plain = isinstance(network, Recurrent) or not residual_layers(network)
        claim.require(is_plain, "stages of a network with residual layers are not known")
        self.all, self.read = _recurrent(claim) if isinstance(network, Recurrent) else _layers(
            claim, names
        )  # fmt: skip
        self.present = {name: _bits(claim.rows(name, "present")) for name in network.weight_shapes}
        self.learnable = {
            name: _bits(claim.rows(name, "learnable")) for name in claim.allocation.counts
        }
        rows = sum(len(self.present[name]) for stage in self.all for name, _ in stage.parts)
        width = max(stage.size for stage in self.all)
        claim.charge(20 * rows * (STEP + width), "the paths of a network")
        self._find_acting()

    def _find_acting(self) -> None:
        self.live: list[int] = []
        for stage in self.all:
            live = 0 if stage.parts else (1 << stage.size) - 1
            for name, source in stage.parts:
                rows = self.present[name]
                live |= _set(i for i, row in enumerate(rows) if row & self.live[source])
            self.live.append(live)
        useful = [0] * len(self.all)
        self.acting_weights = {name: [0] * len(rows) for name, rows in self.present.items()}
        for number in range(len(self.all) - 1, -1, -1):
            stage = self.all[number]
            if number in self.read:
                useful[number] = (1 << stage.size) - 1
            useful[number] &= self.live[number]
            for name, source in stage.parts:
                for i in _members(useful[number]):
                    used = self.present[name][i] & self.live[source]
                    self.acting_weights[name][i] |= used
                    useful[source] |= used
        self.acting = useful

    def homogeneous(self) -> set[tuple[int, int]]:
        """Acting hidden units that a factor goes through: layer (1 if recurrent) and number."""
        is_recurrent = isinstance(self.claim.network, Recurrent)
        return {
            (1 if is_recurrent else stage.place, i)
            for stage, units in zip(self.all, self.acting, strict=True)
            if stage.activation in HOMOGENEOUS
            for i in _members(units)
        }

    def dimension_bound(self) -> int:
        """The most that D can be."""
        network, m = self.claim.network, self.claim.samples
        counts = {
            name: sum(row.bit_count() for row in rows) for name, rows in self.acting_weights.items()
        }
        biased = any(
            counts[name] for name, shape in network.weight_shapes.items() if len(shape) < 2
        )
        is_ray = set(hidden_activations(network)) <= HOMOGENEOUS and not biased
        if is_ray and network.inputs * network.steps == 1:
            m = min(m, 2)
        bounds = [
            network.outputs * m * len(self.read),
            sum(counts.values()) - len(self.homogeneous()),
        ]
        if not isinstance(network, Recurrent):
            bounds.append(self._by_layers(counts, m))
        return min(bounds)

    def _by_layers(self, counts: dict[str, int], m: int) -> int:
        bound = before = 0
        was_homogeneous = False
        for stage, units in zip(self.all, self.acting, strict=True):
            if not stage.parts:
                continue
            width, names = units.bit_count(), [name for name, _ in stage.parts]
            if stage.place == 1:
                inputs = zip(*(self.acting_weights[name] for name in names), strict=True)
                bound = sum(min(m, sum(row.bit_count() for row in rows)) for rows in inputs)
            else:
                bound += sum(counts[name] for name in names) - before * was_homogeneous
                b = int(len(names) == 2 and counts[names[1]] > 0)
                k = min(width, before, m - b)
                bound = min(bound, b * width + k * (width + m - b - k))
            before, was_homogeneous = width, stage.activation in HOMOGENEOUS
        return bound

    def scalings(self, kept: dict[str, list[int]]) -> int:
        """Homogeneous units all of whose acting weights, in and out, are among the kept."""
        network, bound = self.claim.network, set()
        is_recurrent = isinstance(network, Recurrent)
        for name, rows in self.acting_weights.items():
            left = [
                row & ~free for row, free in zip(rows, kept.get(name, [0] * len(rows)), strict=True)
            ]
            is_bias = len(network.weight_shapes[name]) == 1
            if is_recurrent:
                heads = name in ("input", "recurrent", "bias")
                tails = name in ("recurrent", "readout")
                head = tail = 1
            else:
                head, heads, tails = int(name[1:]), True, not is_bias
                tail = head - 1
            bound |= {(head, i) for i, row in enumerate(left) if row and heads}
            if tails:
                bound |= {(tail, j) for row in left for j in _members(row)}
        return len(self.homogeneous() - bound)

    def escaping(self, units: set[tuple[int, int]], kept: dict[str, list[int]]) -> set[int]:
        """Outputs, numbered read by read, that other learnables reach beside the units."""
        moved, width = self.moved(units, kept), self.claim.network.outputs
        return {
            k * width + o for k, number in enumerate(self.read) for o in _members(moved[number])
        }

    def moved(self, units: set[tuple[int, int]], kept: dict[str, list[int]]) -> list[int]:
        """The units of each stage that learnables which are not kept reach beside the `units`."""
        moved: list[int] = []
        for number, stage in enumerate(self.all):
            found = 0
            for name, source in stage.parts:
                free, own = self.learnable.get(name), kept.get(name)
                for i, row in enumerate(self.present[name]):
                    acts = row & moved[source]
                    if free is not None and own is not None:
                        acts |= free[i] & ~own[i] & self.live[source]
                    if acts and (stage.activation is None or (stage.place, i) not in units):
                        found |= 1 << i
            moved.append(found & self.live[number])
        return moved

    def moved_into(self, output: int) -> bool:
        """Whether a present weight leads to the output from a unit that some learnable moves."""
        nothing = {name: [0] * len(rows) for name, rows in self.learnable.items()}
        moved = self.moved(set(), nothing)
        return any(
            self.present[name][output] & moved[source]
            for number in self.read
            for name, source in self.all[number].parts
        )


def _layers(claim: Claim, names: list[str]) -> tuple[list[Stage], list[int]]:
    network = claim.network
    stages = [Stage(0, network.inputs)] + [Stage(0, 1)] * network.bias
    for layer in range(1, len(network.widths)):
        parts = [(f"W{layer}", len(stages) - 1 if layer > 1 else 0)]
        parts += [(f"b{layer}", 1)] * network.bias
        activation = names[layer - 1] if layer <= len(names) else None
        stages.append(Stage(layer, network.widths[layer], tuple(parts), activation))
    return stages, [len(stages) - 1]


def _recurrent(claim: Claim) -> tuple[list[Stage], list[int]]:
    network = claim.network
    claim.foresee(20 * STEP * network.steps, 500 * network.steps, f"{network.steps} steps")
    stages = [Stage(0, network.inputs) for _ in range(network.steps)]
    stages += [Stage(0, 1)] * network.bias
    first, read = len(stages), []
    for t in range(network.steps):
        parts = [("recurrent", first + t - 1)] * (t > 0) + [("input", t)]
        parts += [("bias", network.steps)] * network.bias
        stages.append(Stage(t + 1, network.hidden, tuple(parts), network.activation))
    for t in range(network.steps) if network.readout == "all" else [network.steps - 1]:
        parts = [("readout", first + t)] + [("readout_bias", network.steps)] * network.bias
        read.append(len(stages))
        stages.append(Stage(t + 1, network.outputs, tuple(parts)))
    return stages, read


def _bits(rows: list[list[bool]]) -> list[int]:
    return [int("".join("1" if bit else "0" for bit in reversed(row)), 2) for row in rows]


def _set(numbers: object) -> int:
    total = 0
    for number in numbers:  # type: ignore[attr-defined]
        total |= 1 << number
    return total


def _members(bits: int) -> list[int]:
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found
