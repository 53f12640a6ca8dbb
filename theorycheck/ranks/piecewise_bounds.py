"""Bounds on ranks of piecewise linear networks that hold in every pattern of their units.

On each piece of its activations such a network is a polynomial in weights and inputs. Whatever the
pieces: scaling what enters a homogeneous unit and unscaling what leaves it changes no output, so
that each takes one dimension from the weights; and all learnables act through the pre-activations
that cut them off from the outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import Level, as_matrix
from ..structure.acting import Acting, acting


def dimension_bound(allocation: Allocation, samples: int, deadline: Deadline = NEVER) -> int:
    """A proved bound on D(m), the largest rank of the Jacobian of all present weights.

    At most the equations, and the acting weights less the acting homogeneous units. Where layer
    follows layer, each new one adds as many dimensions as weights, less one for each homogeneous
    unit that it reads, and spans no more than matrices of bounded rank do. One input without biases
    shows two samples at most: f(c x) = c f(x) for c > 0.

    >>> from theorycheck import Allocation, Feedforward
    >>> network = Feedforward([2, 3, 3, 1], activation="relu", bias=True)
    >>> dimension_bound(Allocation.none(network), 100)  # 25 weights, 6 hidden units
    19
    """
    network, found = allocation.network, acting(allocation, deadline)
    has_bias = any(
        found.weights[name].any() for name, shape in network.weight_shapes.items() if len(shape) < 2
    )
    is_homogeneous = all(ACTIVATIONS[name].is_homogeneous for name in network.activations)
    if is_homogeneous and not has_bias and network.steps * network.inputs == 1:
        samples = min(samples, 2)
    weights = sum(int(mask.sum()) for mask in found.weights.values())
    bounds = [network.n_equations(samples), weights - found.n_homogeneous]
    if network.is_layered:
        bounds.append(_by_layers(found, samples))
    return min(bounds)


def _by_layers(found: Acting, samples: int) -> int:
    """Layer by layer, as the closed form of T11e, with what the homogeneous units take away."""
    layers = [
        (level, units)
        for level, units in zip(found.unrolled.levels, found.levels, strict=True)
        if level.terms
    ]
    bound, before = 0, None
    for level, units in layers:
        masks = [found.weights[name] for name, _ in level.terms]
        added, width = sum(int(mask.sum()) for mask in masks), int(units.sum())
        if before is None:
            per_unit = np.add.reduce([mask.sum(axis=1) for mask in masks])
            bound = int(np.minimum(per_unit, samples).sum())
        else:
            source, n_before = before
            if ACTIVATIONS[source.activation].is_homogeneous:
                added -= n_before
            constant = int(len(masks) > 1 and masks[1].any())
            columns = samples - constant
            rank = min(width, n_before, columns)
            spanned = constant * width + rank * (width + columns - rank)
            bound = min(bound + added, spanned)
        before = level, width
    return bound


class Cover(NamedTuple):
    """What cuts the learnables off from the outputs: equations of a sample, units, learnables.

    `outputs` are numbered read by read; `units` are (number of the level, unit), on every sample;
    `learnables` are numbered as columns, those among them that do not act left out; `scalings` is
    how many homogeneous units have all of their acting weights among them.
    """

    outputs: list[int]
    units: list[tuple[int, int]]
    learnables: list[int]
    scalings: int

    def size(self, samples: int) -> int:
        """The most that the rank of the learnables can be, in any pattern."""
        on_samples = len(self.outputs) + len(self.units)
        return samples * on_samples + len(self.learnables) - self.scalings


def small_cover(allocation: Allocation, samples: int, deadline: Deadline = NEVER) -> Cover:
    """The smaller of two covers: all learnables that act, and a minimum cut.

    >>> from theorycheck import Allocation, Feedforward
    >>> network = Feedforward([2, 1, 2, 2], activation="relu")
    >>> small_cover(Allocation.layer(network, "W1"), 1)  # two learnables, behind one unit
    Cover(outputs=[], units=[(1, 0)], learnables=[], scalings=0)
    """
    found = acting(allocation, deadline)
    everything = _with_learnables(allocation, found, None, [], [])
    cut = _minimum_cut(allocation, found, samples, deadline)
    return min(everything, cut, key=lambda cover: cover.size(samples))


def rank_bound(allocation: Allocation, deadline: Deadline = NEVER) -> int:
    """A proved bound on the rank of the learnables, in any pattern and on any number of samples.

    >>> from theorycheck import Allocation, Feedforward
    >>> network = Feedforward([2, 1, 2, 2], activation="relu")
    >>> rank_bound(Allocation.layer(network, "W1", "W2"))  # 4 of them, one unit between
    3
    """
    found = acting(allocation, deadline)
    return _with_learnables(allocation, found, None, [], []).size(0)


def _with_learnables(
    allocation: Allocation,
    found: Acting,
    owners: set[tuple[object, int]] | None,
    units: list[tuple[int, int]],
    outputs: list[int],
) -> Cover:
    """The cover with all acting learnables that enter the units `owners` (None: all units)."""
    kept: dict[str, NDArray[np.bool_]] = {}
    numbers: list[int] = []
    start = 0
    for name in allocation.counts:
        mask = as_matrix(allocation.mask(name))
        chosen = mask & found.weights[name]
        head = allocation.network.ends(name)[1]
        if owners is not None:
            chosen &= np.array([(head, i) in owners for i in range(len(mask))])[:, None]
        numbers += (start + np.flatnonzero(chosen[mask])).tolist()
        start += int(mask.sum())
        kept[name] = chosen
    return Cover(outputs, units, numbers, _scalings(allocation, found, kept))


def _scalings(allocation: Allocation, found: Acting, kept: dict[str, NDArray[np.bool_]]) -> int:
    """Acting homogeneous units all of whose acting weights, in and out, are among the kept."""
    network = allocation.network
    free = {group: units.copy() for group, units in found.units.items()}
    for name, mask in found.weights.items():
        left = mask & ~kept[name] if name in kept else mask
        tail, head = network.ends(name)
        free[head] &= ~left.any(axis=1)
        if tail in free and len(network.weight_shapes[name]) == 2:
            free[tail] &= ~left.any(axis=0)
    hidden = dict(zip(list(network.groups)[1:-1], network.activations, strict=True))
    return sum(
        int(free[group].sum())
        for group, name in hidden.items()
        if group in free and ACTIVATIONS[name].is_homogeneous
    )


def _minimum_cut(allocation: Allocation, found: Acting, samples: int, deadline: Deadline) -> Cover:
    """The minimum cut next to the learnables, which treats all samples alike."""
    graph = _Graph(allocation, found, samples)
    deadline.check("a cover of a network")
    reached = graph.reached()
    owners = {owner for owner, node in graph.owners.items() if node not in reached}
    cut = [
        unit for unit, node in graph.nodes.items() if node in reached and node + 1 not in reached
    ]
    number_of = {number: k for k, number in enumerate(allocation.network.unrolled.read)}
    width = allocation.network.outputs
    outputs = [number_of[level] * width + i for level, i in cut if level in number_of]
    units = [(level, i) for level, i in cut if level not in number_of]
    return _with_learnables(allocation, found, owners, sorted(units), sorted(outputs))


class _Graph:
    """Source - learnables of a unit - units, each twice with m between - outputs - sink."""

    def __init__(self, allocation: Allocation, found: Acting, samples: int) -> None:
        self.nodes: dict[tuple[int, int], int] = {}
        self.owners: dict[tuple[object, int], int] = {}
        self._arcs: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        self._size = 2
        levels = found.unrolled.levels
        learnable = {
            name: as_matrix(allocation.mask(name)) & found.weights[name]
            for name in allocation.counts
        }
        counts: dict[tuple[object, int], int] = {}
        for name, mask in learnable.items():
            head = allocation.network.ends(name)[1]
            for i in np.flatnonzero(mask.any(axis=1)).tolist():
                counts[head, i] = counts.get((head, i), 0) + int(mask[i].sum())
        total = sum(counts.values())
        self._huge = min(total + 1, 2**30)
        for owner, count in counts.items():
            self.owners[owner] = self._new(1)
            self._add([0], [self.owners[owner]], count)
        read = set(found.unrolled.read)
        for number, (level, units) in enumerate(zip(levels, found.levels, strict=True)):
            if not level.terms:
                continue
            for i in np.flatnonzero(units).tolist():
                node = self.nodes[number, i] = self._new(2)
                self._add([node], [node + 1], samples)
                if number in read:
                    self._add([node + 1], [1], self._huge)
                if (level.group, i) in self.owners and self._acts(level, i, learnable, found):
                    self._add([self.owners[level.group, i]], [node], self._huge)
            self._connect(number, level, found)

    def _acts(
        self,
        level: Level,
        i: int,
        learnable: dict[str, NDArray[np.bool_]],
        found: Acting,
    ) -> bool:
        """Whether a learnable that enters the unit acts at this level."""
        terms = [(name, source) for name, source in level.terms if name in learnable]
        return any((learnable[name][i] & found.levels[source]).any() for name, source in terms)

    def _connect(self, number: int, level: Level, found: Acting) -> None:
        for name, source in level.terms:
            if not found.unrolled.levels[source].terms:
                continue
            used = found.weights[name] & found.levels[number][:, None] & found.levels[source]
            heads, tails = np.nonzero(used)
            into = np.array([self.nodes.get((number, i), -1) for i in range(level.size)])
            out = np.array([self.nodes.get((source, j), -2) + 1 for j in range(used.shape[1])])
            self._add(out[tails], into[heads], self._huge)

    def _new(self, count: int) -> int:
        self._size += count
        return self._size - count

    def _add(self, starts: object, ends: object, capacity: int) -> None:
        start, end = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
        self._arcs.append((start, end, np.full(len(start), min(capacity, self._huge))))

    def reached(self) -> set[int]:
        """The nodes on the source's side of the minimum cut next to it."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        start, end, room = (
            np.concatenate(part).astype(np.int32) for part in zip(*self._arcs, strict=True)
        )
        graph = csr_array((room, (start, end)), shape=(self._size, self._size))
        result = maximum_flow(graph, 0, 1, method="dinic")
        residual = graph - result.flow
        residual.eliminate_zeros()
        return set(breadth_first_order(residual, 0, return_predecessors=False).tolist())
