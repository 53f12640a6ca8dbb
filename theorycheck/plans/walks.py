"""Walks through a recurrent network that carry most growing weights, and solved ones among them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation
from ..problem.masks import Entry, Mask, entries_of

Flags = NDArray[np.bool_]
Integers = NDArray[np.int32]
Degrees = NDArray[np.int64]
Booleans = NDArray[np.float32]  # 0 and 1, for fast products
_NOWHERE = -(2**20)  # the degree where there is no walk
_CLASSES = 3  # of walks: through no weight that is solved for, through one, through more


class _Edges:
    """The entries of a matrix row by row, padded to the same number."""

    def __init__(self, mask: Mask) -> None:
        rows, columns = np.nonzero(mask)
        counts = mask.sum(axis=1)
        places = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]
        shape = int(counts.max(initial=0)) + 1, len(mask)
        self._sources = np.full(shape, mask.shape[1])  # one past the last: from nowhere
        self._sources[places, rows] = columns
        self.no_counts = np.zeros((*shape, 1), dtype=np.int32)

    def longest(self, values: Integers, counts: Integers) -> Integers:
        """The largest value of a column plus count of an entry, of each row and sample."""
        nowhere = np.full((1, values.shape[1]), _NOWHERE, dtype=np.int32)
        sums = np.concatenate([values, nowhere])[self._sources]
        sums += counts
        return np.maximum(sums.max(axis=0), _NOWHERE)


def _first_alike(present: Mask, learnable: Mask) -> list[int]:
    """For each line of weights the first one like it; those with learnables are like no other."""
    first: dict[int | bytes, int] = {}
    pairs = enumerate(zip(present, learnable, strict=True))
    return [first.setdefault(k if own.any() else line.tobytes(), k) for k, (line, own) in pairs]


class Walks:
    """Walks from what the samples show to the `outputs`, over all present weights.

    `shown`, of shape (T, n_in, m), tells which inputs are not 0. Weights are named by their numbers
    among the learnable ones. A walk's degree is the number of growing weights on it.
    """

    def __init__(self, allocation: Allocation, outputs: Collection[int], shown: Flags) -> None:
        self._network = allocation.network
        self.entries: list[Entry] = entries_of(dict(allocation.masks("learnable")))
        self._present = {name: mask.copy() for name, mask in allocation.masks("present")}
        self.n_degrees = self._network.steps + 2
        first = _first_alike(self._present["input"].T, allocation.mask("input").T)
        merged = np.zeros_like(shown)
        for place, other in enumerate(first):
            merged[:, other] |= shown[:, place]
        flat = merged.reshape(-1, shown.shape[2])
        flat, sample_of = np.unique(flat, axis=1, return_inverse=True)
        self._shown, self._sample_of = flat.reshape(*shown.shape[:2], -1), sample_of.ravel()
        first = _first_alike(self._present["readout"], allocation.mask("readout"))
        self._outputs = sorted({first[output] for output in outputs})
        self._output_of = [self._outputs.index(first[output]) for output in outputs]

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

    def degrees(self, growing: Collection[int]) -> Degrees:
        """The largest degree of a walk to each equation, -1 without one: (reads, outputs, m)."""
        return self._of_all(self._at_outputs(self._counts(growing))[1])

    def fitting(
        self, numbers: Sequence[int], growing: Collection[int], most: Degrees
    ) -> NDArray[np.bool_]:
        """Which recurrent weights no walk of theirs forbids to grow, too, none passing them twice.

        That is if its degree is above what is allowed, `most`, of shape (reads, outputs, m).
        """
        counts = self._counts(growing)
        states, _ = self._at_outputs(counts)
        n_outputs, m = len(self._outputs), self._shown.shape[2]
        least = np.full((len(self.reads), n_outputs, m), self.n_degrees)
        at = np.ix_(range(len(least)), self._output_of, self._sample_of.tolist())
        np.minimum.at(least, at, most)
        to, source = np.array([self.entries[k][1] for k in numbers], dtype=int).reshape(-1, 2).T
        fits = np.ones(len(numbers), dtype=bool)
        behind = self._behind(growing, counts)
        for read, step in enumerate(self.reads):
            for time in range(2, step + 1):
                before, after = states[time - 1][source], behind[step - time][to]
                sums = before[:, None, :] + after[:, :, None] + 1
                fits &= (sums <= least[read]).all(axis=(1, 2))
        return fits

    def _counts(self, growing: Collection[int]) -> dict[str, Integers]:
        """1 for what grows, in the order of the edges."""
        counts = {name: edges.no_counts.copy() for name, edges in self._edges.items()}
        for number in growing:
            for name, place in self._places[number]:
                counts[name][place] = 1
        return counts

    def _at_outputs(self, counts: dict[str, Integers]) -> tuple[list[Integers], Integers]:
        """The largest degrees of walks to the neurons, h_0, ..., h_T, and where they are read."""
        hidden, m = self._network.widths[1], self._shown.shape[2]
        state, found = np.full((hidden, m), _NOWHERE, dtype=np.int32), []
        states = [state]
        for step, shown in enumerate(self._shown, start=1):
            state = self._edges["recurrent"].longest(state, counts["recurrent"])
            if shown.any():
                source = np.where(shown, 0, _NOWHERE).astype(np.int32)
                new = self._edges["input"].longest(source, counts["input"])
                state = np.maximum(state, new)
            states.append(state)
            if step in self.reads:
                read = self._edges["readout"].longest(state, counts["readout"])
                found.append(read[self._outputs])
        return states, np.maximum(np.array(found), -1)

    def _behind(self, growing: Collection[int], counts: dict[str, Integers]) -> list[Integers]:
        """The largest degrees of walks from the neurons to the outputs: (N, outputs), by length."""
        present, grows = self._present["readout"], self.masks(growing)["readout"]
        line = np.where(present, grows.astype(np.int32), np.int32(_NOWHERE))[self._outputs].T
        behind = [line]
        for _ in range(self._network.steps - 2):
            behind.append(self._edges["back"].longest(behind[-1], counts["back"]))
        return behind

    @cached_property
    def _edges(self) -> dict[str, _Edges]:
        """The present weights of each matrix."""
        edges = {name: _Edges(mask) for name, mask in self._present.items()}
        return edges | {"back": _Edges(self._present["recurrent"].T)}

    @cached_property
    def _places(self) -> list[list[tuple[str, tuple[int, int]]]]:
        """Where each learnable is among the edges of its row, recurrent ones of its column, too."""
        order = {name: np.cumsum(mask, axis=1) - 1 for name, mask in self._present.items()}
        back = np.cumsum(self._present["recurrent"], axis=0) - 1
        places = []
        for name, index in self.entries:
            here = [(name, (int(order[name][index]), index[0]))]
            if name == "recurrent":
                here.append(("back", (int(back[index]), index[1])))
            places.append(here)
        return places

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
        return self._of_all(np.array(found)[:, :, :, self._outputs] > 0)

    def _of_all(self, found: NDArray[Any]) -> NDArray[Any]:
        """What was found for unlike outputs and samples, for all of them: (..., outputs, m)."""
        return found[..., self._output_of, :][..., self._sample_of]

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
