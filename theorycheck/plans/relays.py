"""Graded plans (T15) of few learnables, spread over all matrices of a linear recurrent network.

Some outputs have whole rows of readout weights, which fit them when all else is done. For the
others recurrent weights on cycles grow, and with them weights that are 0 at infinity: input weights
to the cycles, or recurrent ones to them from a *relay*, a neuron of one input that no other growing
weight leaves. So the leading terms vanish, and each of the latter weights moves them in a direction
of its own: there are as many of these as equations, and little else is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..computing.deadline import Deadline
from ..problem.allocation import Allocation
from ..problem.masks import Entry, Mask, entries_of
from ..ranks.bases import masks_with
from .choices import Choice, tried
from .graded import Graded

_LAYERS = (("input",), ("recurrent",), ("readout",))
_TRIES = 6  # random choices for each way to share the equations
_MORE = (1.0, 1.5, 2.5)  # times as many neurons on cycles, where a network is sparse
_WHAT = "the search for a choice with a plan"


class Sharing(NamedTuple):
    """How many outputs are fitted by rows of the readout, and inputs have a relay.

    The others have weights to the neurons on cycles, at least as many as `cycle`.
    """

    fitted: int
    relayed: int
    cycle: int


def sharings(inputs: int, hidden: int, outputs: int, samples: int, spare: int) -> list[Sharing]:
    """The ways to share D + `spare` learnables between the three matrices, the most even first.

    >>> sharings(3, 8, 3, 6, 7)[0]
    Sharing(fitted=1, relayed=1, cycle=4)
    >>> sharings(3, 8, 3, 6, 1)
    []
    """
    groups = [len(range(j, samples, inputs)) for j in range(min(inputs, samples))]
    found: list[tuple[int, Sharing]] = []
    for fitted in range(outputs if hidden >= samples else 1):
        left = outputs - fitted
        cycle = left * groups[0]
        for relayed in range(1, len(groups) + 1):
            if cycle + relayed <= min(hidden, spare):
                through = left * sum(groups[:relayed])
                parts = fitted * samples, cycle + through, left * samples - through + relayed
                found.append((max(parts), Sharing(fitted, relayed, cycle)))
    return [sharing for _, sharing in sorted(found)]


def relayed(
    everything: Allocation, samples: int, budget: int, seed: int, deadline: Deadline
) -> Iterator[tuple[list[Entry], Choice]]:
    """At most `budget` learnables of `everything` each, with a plan that was tried modulo a prime.

    None for networks that are not linear recurrent or read at every step, more than n_in (T - 1)
    samples, and budgets that leave too little to spare. Raises `OutOfTimeError`.

    >>> from theorycheck import LinearRecurrent
    >>> full = Allocation.full(LinearRecurrent(3, 8, 3, 5))
    >>> learned, _ = next(relayed(full, 6, 25, 0, Deadline(60)))
    >>> len(learned), sum(name == "recurrent" for name, _ in learned)
    (23, 8)
    """
    network, rng = everything.network, np.random.default_rng(seed)
    spare = budget - network.outputs * samples
    if not (network.is_linear and network.weight_layers == _LAYERS) or network.reads_every_step:
        return
    if samples > network.inputs * (network.steps - 1):
        return
    hidden = network.widths[1]
    for sharing in sharings(network.inputs, hidden, network.outputs, samples, spare):
        for more in _MORE[:1] if everything.is_dense else _MORE:
            for _ in range(_TRIES):
                deadline.check(_WHAT)
                larger = sharing._replace(cycle=int(np.ceil(more * sharing.cycle)))
                found = _Placement(everything, samples, rng, seed, deadline).placed(larger)
                if found is not None and len(found[0]) <= budget:
                    yield found


class _Placement:
    """A choice of learnables at random."""

    def __init__(
        self,
        everything: Allocation,
        samples: int,
        rng: np.random.Generator,
        seed: int,
        deadline: Deadline,
    ) -> None:
        self._deadline = deadline
        self._everything, self._samples, self._rng, self._seed = everything, samples, rng, seed
        self._allowed = dict(everything.masks("learnable"))

    def placed(self, sharing: Sharing) -> tuple[list[Entry], Choice] | None:
        """Learnables with their plan, or None if there are too few candidates."""
        rows = self._rows(sharing.fitted)
        cycles = cycles_in(self._allowed["recurrent"], sharing.cycle, self._rng)
        if rows is None or cycles is None:
            return None
        on_cycles = np.zeros(self._everything.network.widths[1], dtype=bool)
        on_cycles[[to for to, _ in cycles]] = True
        relays = self._relays(sharing.relayed, on_cycles)
        if relays is None:
            return None
        fitted = [entry for row in rows.values() for entry in row]
        moving = [("recurrent", edge) for edge in cycles]
        moving += [("input", (to, j)) for j, to in relays.items()]
        still = self._still(relays, on_cycles)
        every = [*fitted, *moving, *still]
        choice = Choice(tuple(rows), (*moving, *still), tuple(still))
        graded = self._graded(every)
        found = tried(graded, choice.plan(graded), self._seed, still, self._deadline)
        if found is None:
            return None
        kept = {graded.entries[number] for number in found.columns}
        still = [entry for entry in still if entry in kept]
        choice = Choice(tuple(rows), (*moving, *still), tuple(still))
        chosen = [*fitted, *moving, *still]
        graded = self._graded(chosen)  # with fewer growing weights degrees may be others
        if tried(graded, choice.plan(graded), self._seed, deadline=self._deadline) is None:
            return None
        return chosen, choice

    def _graded(self, entries: list[Entry]) -> Graded:
        network = self._everything.network
        masks = masks_with(network, entries)
        return Graded(Allocation(network, masks, self._everything.given_present()), self._samples)

    def _rows(self, number: int) -> dict[int, list[Entry]] | None:
        """As many rows of the readout, each with as many learnables as samples."""
        readout = self._allowed["readout"]
        enough = np.flatnonzero(np.count_nonzero(readout, axis=1) >= self._samples)
        if len(enough) < number:
            return None
        rows: dict[int, list[Entry]] = {}
        for row in sorted(self._rng.permutation(enough)[:number].tolist()):
            places = self._rng.permutation(np.flatnonzero(readout[row]))[: self._samples]
            rows[row] = [("readout", (row, int(j))) for j in sorted(places.tolist())]
        return rows

    def _relays(self, number: int, on_cycles: Mask) -> dict[int, int] | None:
        """A relay for each of as many inputs, with many ways into the cycles."""
        allowed, rng = self._allowed, self._rng
        ways = np.count_nonzero(allowed["recurrent"][on_cycles], axis=0)
        free, relays = ~on_cycles, dict[int, int]()
        for j in rng.permutation(min(self._everything.network.inputs, self._samples)).tolist():
            places = np.flatnonzero(allowed["input"][:, j] & free & (ways > 0))
            if len(places) and len(relays) < number:
                relays[j] = int(places[np.lexsort((rng.random(len(places)), -ways[places]))[0]])
                free[relays[j]] = False
        return relays if len(relays) == number else None

    def _still(self, relays: dict[int, int], on_cycles: Mask) -> list[Entry]:
        """Weights into the cycles that are 0 at infinity, those from the relays first."""
        recurrent = np.zeros_like(self._allowed["recurrent"])
        recurrent[:, list(relays.values())] = self._allowed["recurrent"][:, list(relays.values())]
        recurrent[~on_cycles] = False
        inputs = self._allowed["input"] & on_cycles[:, None]
        parts = [entries_of({"recurrent": recurrent}), entries_of({"input": inputs})]
        return [part[k] for part in parts for k in self._rng.permutation(len(part))]


def cycles_in(allowed: Mask, size: int, rng: np.random.Generator) -> list[tuple[int, int]] | None:
    """Edges (to, from) of disjoint cycles through at least `size` neurons, None if none are found.

    One cycle through as many at random if it is allowed, else short ones, one after the other.

    >>> cycles_in(np.fliplr(np.eye(2, dtype=bool)), 1, np.random.default_rng(0))
    [(1, 0), (0, 1)]
    """
    order = rng.permutation(len(allowed)).tolist()
    one = [(to, source) for source, to in zip(order[:size], order[1:size] + order[:1], strict=True)]
    if all(allowed[edge] for edge in one):
        return one
    free, edges = np.ones(len(allowed), dtype=bool), list[tuple[int, int]]()
    for start in order:
        if len(edges) >= size:
            return edges
        if free[start]:
            cycle = _shortest_cycle(allowed, start, free)
            free[[to for to, _ in cycle]] = False
            edges += cycle
    return edges if len(edges) >= size else None


def _shortest_cycle(allowed: Mask, start: int, free: Mask) -> list[tuple[int, int]]:
    """The edges (to, from) of a shortest cycle through `start` and free neurons; [] without one."""
    came: dict[int, int] = {}
    reached, here = np.zeros(len(free), dtype=bool), [start]
    while here:
        there: list[int] = []
        for source in here:
            for to in np.flatnonzero(allowed[:, source] & free & ~reached).tolist():
                reached[to], came[to] = True, source
                there.append(to)
        if start in came:
            edges, to = [(start, came[start])], came[start]
            while to != start:
                edges.append((to, came[to]))
                to = came[to]
            return edges[::-1]
        here = there
    return []
