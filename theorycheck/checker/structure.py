"""Which weights act on which equations at all, by sets of units as bits of Python integers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from .budget import STEP
from .claim import Claim

_WHAT = "which weights act on which equations"


class Structure:
    """For every weight the equations it acts on: `equations(name, index)` as a set of numbers.

    A weight acts on output o in sample s if a path leads from it to o, and one to it from an input
    that sample s shows (at the right time steps, for recurrent networks). Activations keep 0.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim, self._network = claim, claim.network
        self._samples = claim.effective_samples()
        self._every = (1 << self._samples) - 1
        self._is_spanning = claim.is_spanning
        _charge(claim)
        if claim.is_layered:
            self._feedforward()
        else:
            self._recurrent()

    def equations(self, name: str, index: tuple[int, ...]) -> set[int]:
        """The numbers of the equations that the weight `name`[index] acts on."""
        found: set[int] = set()
        for first, outputs, shown in self._terms(name, index):
            n_found = outputs.bit_count() * shown.bit_count()
            self._claim.charge(STEP * (3 + n_found) + outputs.bit_length() ** 2 / 64, _WHAT)
            for o in _bits(outputs):
                found |= {first + o * self._samples + s for s in _bits(shown)}
        return found

    def _terms(self, name: str, index: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
        """Offset of the equations, outputs behind and samples ahead, for each way to act."""
        if self._claim.is_layered:
            layer = int(name[1:])
            source = index[1] if name[0] == "W" else -1
            yield 0, self._behind[layer][index[0]], self._ahead[layer - 1][source]
            return
        size = self._network.outputs * self._samples
        is_final = self._network.readout == "final"
        times = [self._network.steps] if is_final else range(1, self._network.steps + 1)
        for number, time in enumerate(times):
            if name == "readout":
                yield number * size, 1 << index[0], self._ahead[time][index[1]]
                continue
            if name == "readout_bias":
                yield number * size, 1 << index[0], self._every
                continue
            for step in range(1, time + 1):
                sources = self._inputs if name == "input" else self._ahead
                shown = self._every if name == "bias" else sources[step - 1][index[1]]
                yield number * size, self._behind[time - step][index[0]], shown

    def _feedforward(self) -> None:
        network, every = self._network, self._every
        size = network.inputs + (1 if network.bias else 0)
        start = [1 << j if self._is_spanning else every for j in range(size)]
        if self._claim.inputs is not None:
            start = [sum(1 << s for s, x in enumerate(row) if x) for row in self._claim.inputs]
        constant = start[network.inputs :]
        self._ahead = [start]
        for layer in range(1, network.depth):
            rows = self._present(f"W{layer}")
            units = [_union(row, self._ahead[-1]) for row in rows]
            if network.bias:
                biases = self._present(f"b{layer}")
                units = [u | _union(row, constant) for u, row in zip(units, biases, strict=True)]
            self._ahead.append(units + constant)
        self._behind = {network.depth: [1 << o for o in range(network.outputs)]}
        for layer in range(network.depth, 1, -1):
            self._behind[layer - 1] = self._through(f"W{layer}", self._behind[layer])

    def _recurrent(self) -> None:
        network, every = self._network, self._every
        numbers = range(network.steps * network.inputs)
        shown = [(1 << j) & every if self._is_spanning else every for j in numbers]
        cuts = range(0, len(shown), network.inputs)
        self._inputs = [shown[t : t + network.inputs] for t in cuts]
        self._ahead = [[0] * network.hidden]
        recurrent = self._present("recurrent")
        biases = [0] * network.hidden
        if network.bias:
            biases = [every if bit else 0 for (bit,) in self._present("bias")]
        rows = list(zip(recurrent, self._present("input"), biases, strict=True))
        for step in self._inputs:
            before = self._ahead[-1]
            units = [_union(w, before) | _union(b, step) | shown for w, b, shown in rows]
            self._ahead.append(units)
        self._behind = [self._through("readout", [1 << o for o in range(network.outputs)])]
        columns = list(zip(*recurrent, strict=True))
        for _ in range(network.steps - 1):
            behind = self._behind[-1]
            self._behind.append([_union(column, behind) for column in columns])

    def _present(self, name: str) -> list[list[bool]]:
        return self._claim.rows(name, "present")

    def _through(self, name: str, behind: list[int]) -> list[int]:
        """Outputs behind each source of weight `name`, given those behind its targets."""
        return [_union(column, behind) for column in zip(*self._present(name), strict=True)]


def _charge(claim: Claim) -> None:
    """What the sets of all units, at all steps, take."""
    network, m = claim.network, claim.effective_samples()
    if claim.is_layered:
        sizes, times = network.widths, 1
        edges = sum(a * b for a, b in pairwise(sizes))
    else:
        sizes, times = (network.inputs, network.hidden, network.outputs), network.steps
        edges = network.hidden * sum(sizes)
    bits = m + network.outputs
    claim.foresee(0, times * sum(sizes) * (100 + bits / 8), _WHAT)
    operations = times * (edges * (STEP + bits / 30) + 10 * STEP * sum(sizes) + 30 * STEP)
    claim.foresee(operations + 3 * bits * sum(sizes), 0, _WHAT)
    claim.charge(operations, _WHAT)


def _union(chosen: tuple[bool, ...] | list[bool], sets: list[int]) -> int:
    total = 0
    for bit, members in zip(chosen, sets, strict=False):
        total |= members if bit else 0
    return total


def _bits(members: int) -> Iterator[int]:
    while members:
        lowest = members & -members
        yield lowest.bit_length() - 1
        members ^= lowest
