"""Walks through a recurrent network that carry most growing weights, and solved ones among them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation
from ..problem.masks import Entry, Mask, entries_of

Flags = NDArray[np.bool_]
Booleans = NDArray[np.float32]  # 0 and 1, for fast products
_NOWHERE = -(2**20)  # the degree where there is no walk
_CLASSES = 3  # of walks: through no weight that is solved for, through one, through more


@dataclass(frozen=True)
class _Edges:
    """Entries of a matrix, row by row, and how many rows it has."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    n_rows: int

    def longest(self, values: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The largest value of a column plus count of an entry, of each row and sample."""
        result = np.full((self.n_rows, values.shape[1]), _NOWHERE)
        if len(self.rows):
            rows, starts = np.unique(self.rows, return_index=True)
            sums = values[self.columns] + counts[:, None]
            result[rows] = np.maximum(np.maximum.reduceat(sums, starts, axis=0), _NOWHERE)
        return result


class Walks:
    """Walks from what the samples show to the `outputs`, over all present weights.

    `shown`, of shape (T, n_in, m), tells which inputs are not 0. Weights are named by their numbers
    among the learnable ones. A walk's degree is the number of growing weights on it.
    """

    def __init__(self, allocation: Allocation, outputs: Collection[int], shown: Flags) -> None:
        self._network, self._outputs, self._shown = allocation.network, list(outputs), shown
        self.entries: list[Entry] = entries_of(dict(allocation.masks("learnable")))
        self._present = {name: mask.copy() for name, mask in allocation.masks("present")}
        self.n_degrees = self._network.steps + 2

    def masks(self, numbers: Collection[int]) -> dict[str, Mask]:
        """The masks of these learnables."""
        masks = {name: np.zeros_like(mask) for name, mask in self._present.items()}
        for number in numbers:
            name, index = self.entries[number]
            masks[name][index] = True
        return masks

    @cached_property
    def reads(self) -> list[int]:
        """The steps whose states are read."""
        steps = self._network.steps
        return list(range(1, steps + 1)) if self._network.reads_every_step else [steps]

    def degrees(self, growing: Collection[int]) -> NDArray[np.int64]:
        """The largest degree of a walk to each equation, -1 without one: (reads, outputs, m)."""
        counts = {name: np.zeros(len(edges.rows), dtype=int) for name, edges in self._edges.items()}
        for number in growing:
            name, place = self._places[number]
            counts[name][place] = 1
        hidden, m = self._network.widths[1], self._shown.shape[2]
        state, found = np.full((hidden, m), _NOWHERE), []
        for step, shown in enumerate(self._shown, start=1):
            source = np.where(shown, 0, _NOWHERE)
            inner = self._edges["recurrent"].longest(state, counts["recurrent"])
            state = np.maximum(inner, self._edges["input"].longest(source, counts["input"]))
            if step in self.reads:
                read = self._edges["readout"].longest(state, counts["readout"])
                found.append(read[self._outputs])
        return np.maximum(np.array(found), -1)

    @cached_property
    def _edges(self) -> dict[str, _Edges]:
        """The present weights of each matrix."""
        places = {name: np.nonzero(mask) for name, mask in self._present.items()}
        sizes = {name: len(mask) for name, mask in self._present.items()}
        return {name: _Edges(at[0], at[1], sizes[name]) for name, at in places.items()}

    @cached_property
    def _places(self) -> list[tuple[str, int]]:
        """Where each learnable is among the present weights of its matrix."""
        order = {name: np.cumsum(mask).reshape(mask.shape) - 1
                 for name, mask in self._present.items()}  # fmt: skip
        return [(name, int(order[name][index])) for name, index in self.entries]

    def classes(
        self, growing: Collection[int], zero: Collection[int], solved: Collection[int]
    ) -> Flags:
        """Whether there is a walk: (reads, classes, degrees, outputs, m), none of them over `zero`.

        The classes are walks through no weight of `solved`, through one, and through more.
        """
        grows, counts = self.masks(growing), self.masks(solved)
        absent = self.masks(zero)
        kinds = []
        for name, present in self._present.items():
            left = present & ~absent[name]
            for shift in (0, 1):
                for solves in (0, 1):
                    chosen = left & (grows[name] == bool(shift)) & (counts[name] == bool(solves))
                    if chosen.any():
                        kinds.append((name, shift, solves, chosen.astype(np.float32)))
        hidden, m = self._network.widths[1], self._shown.shape[2]
        state = np.zeros((_CLASSES, self.n_degrees, hidden, m), dtype=np.float32)
        found = []
        for step, shown in enumerate(self._shown, start=1):
            source = np.zeros((_CLASSES, self.n_degrees, *shown.shape), dtype=np.float32)
            source[0, 0] = shown
            state = self._through(kinds, {"recurrent": state, "input": source}, hidden)
            if step in self.reads:
                found.append(self._through(kinds, {"readout": state}, self._network.outputs))
        return np.array(found)[:, :, :, self._outputs] > 0

    def _through(
        self,
        kinds: list[tuple[str, int, int, Booleans]],
        sources: dict[str, Booleans],
        n_rows: int,
    ) -> Booleans:
        """The walks that end with weights of these kinds: name, degree, whether solved for."""
        m = self._shown.shape[2]
        result = np.zeros((_CLASSES, self.n_degrees, n_rows, m), dtype=np.float32)
        for name, shift, solves, matrix in kinds:
            if name not in sources:
                continue
            part = matrix @ sources[name]
            if shift:
                part[:, 1:] = part[:, :-1].copy()
                part[:, 0] = 0
            if solves:
                result[1] += part[0]
                result[2] += part[1] + part[2]
            else:
                result += part
        return (result > 0).astype(np.float32)
