"""Walks of a recurrent network, by bits of integers: degrees, and what is solved for (T15)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .budget import STEP
from .claim import Claim

_WHAT = "the walks of a graded plan"


@dataclass(frozen=True)
class Edge:
    """A present weight: where it comes from, and its number if it is learnable."""

    source: int
    number: int | None


Edges = list[list[Edge]]  # by target
Bits = tuple[int, int, int]  # walks through no weight that is solved for, through one, through more


class Walks:
    """All walks from what the samples show to the outputs that are left.

    A set of walks is a set of pairs (sample, degree), each a bit: that of sample s and degree k has
    the place s (T + 2) + k. The degree is the number of growing weights on the walk.
    """

    def __init__(self, claim: Claim, outputs: list[int]) -> None:
        self._claim, network = claim, claim.network
        self.samples, self.width = claim.effective_samples(), network.steps + 2
        n_bits = self.samples * self.width  # of a state
        n_shown = 150 * self.n_rows + self.samples * n_bits / 16  # bytes
        claim.foresee(network.steps * n_bits / 8, n_shown, _WHAT)  # the least that walks take
        claim.charge(4 * STEP * self.n_rows + n_shown, _WHAT)
        numbers = {entry: k for k, entry in enumerate(claim.entries("learnable"))}
        self.edges: dict[str, Edges] = {}
        for name in network.weight_shapes:
            rows = claim.rows(name, "present")
            claim.charge(2 * STEP * len(rows) * (1 + len(rows[0])), _WHAT)
            self.edges[name] = [
                [Edge(j, numbers.get((name, (i, j)))) for j, bit in enumerate(row) if bit]
                for i, row in enumerate(rows)
            ]
        self.edges["readout"] = [self.edges["readout"][output] for output in outputs]
        self.reads = [network.steps]
        if network.readout == "all":
            self.reads = list(range(1, network.steps + 1))
        self._shown = self._inputs_shown()

    def _inputs_shown(self) -> list[list[int]]:
        """By step and input: the samples in which it is not 0, at degree 0."""
        network, m = self._claim.network, self.samples
        every = sum(1 << (s * self.width) for s in range(m))
        behind = 0 if self._claim.is_spanning else every
        rows = [1 << (row * self.width) if row < m else behind for row in range(self.n_rows)]
        return [rows[t : t + network.inputs] for t in range(0, len(rows), network.inputs)]

    @property
    def n_rows(self) -> int:
        """Numbers that a sample shows."""
        return self._claim.network.steps * self._claim.network.inputs

    def degrees(self, growing: Collection[int]) -> list[int]:
        """The largest degree of a walk to each equation, -1 without one."""
        found = self.classes(growing, (), ())
        return [(none | one | more).bit_length() - 1 for none, one, more in found]

    def classes(
        self, growing: Collection[int], zero: Collection[int], solved: Collection[int]
    ) -> list[Bits]:
        """For each equation the degrees of walks to it, as bits: (none, one, more) of `solved`.

        None of the walks runs over a weight of `zero`.
        """
        network, m = self._claim.network, self.samples
        n_edges = sum(len(row) for rows in self.edges.values() for row in rows)
        size = m * self.width
        n_found = len(self.reads) * len(self.edges["readout"]) * m
        operations = network.steps * n_edges * (8 * STEP + size / 8)
        operations += n_found * (4 * STEP + size / 5)  # a shift of all samples for each of them
        n_bytes = 3 * (n_found * (100 + self.width / 8) + network.hidden * size / 4)
        self._claim.foresee(operations, n_bytes, _WHAT)
        self._claim.charge(operations, _WHAT)
        sets = set(growing), set(zero), set(solved)
        states: list[Bits] = [(0, 0, 0)] * network.hidden
        found: list[Bits] = []
        for step, shown in enumerate(self._shown, start=1):
            inputs: list[Bits] = [(bits, 0, 0) for bits in shown]
            pairs = zip(self.edges["recurrent"], self.edges["input"], strict=True)
            states = [
                _joined(_through(inner, states, *sets), _through(outer, inputs, *sets))
                for inner, outer in pairs
            ]
            if step in self.reads:
                for row in self.edges["readout"]:
                    found += self._by_sample(_through(row, states, *sets))
        return found

    def _by_sample(self, bits: Bits) -> list[Bits]:
        mask = (1 << self.width) - 1
        none, one, more = ([part >> (s * self.width) & mask for s in range(self.samples)]
                           for part in bits)  # fmt: skip
        return list(zip(none, one, more, strict=True))


def _through(
    edges: list[Edge], states: list[Bits], growing: set[int], zero: set[int], solved: set[int]
) -> Bits:
    """The walks that end with one of these edges. No degree is above T + 1, so no bit is lost."""
    result: Bits = (0, 0, 0)
    for edge in edges:
        if edge.number in zero:
            continue
        none, one, more = states[edge.source]
        if edge.number in solved:
            none, one, more = 0, none, one | more
        shift = int(edge.number in growing)
        result = _joined(result, (none << shift, one << shift, more << shift))
    return result


def _joined(left: Bits, right: Bits) -> Bits:
    return left[0] | right[0], left[1] | right[1], left[2] | right[2]
