"""What is left to match after peeling lines and freezing outer layers (T9, T13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation, Mask
from ..problem.networks.base import Network
from ..structure.peeling import needed

Masks: TypeAlias = Mapping[int, Mask]  # of the layers with learnables, numbered from 1
_WHAT = "what peeling and freezing leave"


@dataclass(frozen=True)
class Step:
    """Deletion of a `row` of the last layer or a `column` of the first, or all of a layer frozen.

    `index` numbers the lines of the network as it is; the `first` or `last` layer has none.
    """

    what: Literal["row", "column", "first", "last"]
    index: int | None = None


@dataclass(frozen=True)
class State:
    """Layers `first` to `last`, the `columns` and `rows` of them that are left, and what to match.

    The samples are `samples` generic vectors of as many entries as there are columns. What is read
    are `outputs` generic combinations of the rows, or all of them while no last layer is frozen.
    """

    network: Network
    first: int
    last: int
    columns: tuple[int, ...]
    rows: tuple[int, ...]
    outputs: int
    samples: int
    steps: tuple[Step, ...] = field(default=(), compare=False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Those of the network, n_0, ..., n_L."""
        return tuple(self.network.widths)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to match."""
        return not (self.outputs and self.samples)

    @property
    def is_read_through(self) -> bool:
        """Whether frozen layers follow the last one."""
        return self.last < len(self.widths) - 1

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the layers between the first and the last."""
        return self.widths[self.first : self.last]

    @property
    def narrowest(self) -> int:
        """The least of these widths; without hidden layers one that is wide enough."""
        return min(self.hidden, default=max(self.widths))

    @property
    def is_narrow(self) -> bool:
        """Whether a hidden layer is a bottleneck of what is left."""
        return self.narrowest < min(self.outputs, self.samples)

    def needed(self, line: Literal["row", "column"]) -> int | None:
        """How many learnables a line needs to be deleted (T9); None if none can be."""
        if line == "row":
            return needed(self.outputs, self.samples, self.narrowest)
        return needed(self.samples, self.outputs, self.narrowest)

    def mask(self, masks: Masks, layer: int) -> Mask:
        """What is left of the mask of a layer with learnables; no copy if that is all of it."""
        mask = masks[layer]
        if layer == self.last and len(self.rows) < len(mask):
            mask = mask[list(self.rows)]
        if layer == self.first and len(self.columns) < mask.shape[1]:
            mask = mask[:, list(self.columns)]
        return mask

    def layers(self, masks: Masks) -> list[int]:
        """The layers with learnables that are not frozen."""
        return [layer for layer in masks if self.first <= layer <= self.last]

    def allocation(self, masks: Masks) -> Allocation:
        """What is left as an allocation: frozen last layers are one more layer."""
        read = [self.outputs] if self.is_read_through else []
        widths = (len(self.columns), *self.hidden, len(self.rows), *read)
        network = replace(self.network, widths=widths)  # type: ignore[type-var]
        layers = self.layers(masks)
        left = {f"W{1 + layer - self.first}": self.mask(masks, layer) for layer in layers}
        return Allocation(network, {name: mask for name, mask in left.items() if mask.any()})

    def n_learnable(self, masks: Masks) -> int:
        """The number of learnables that are left."""
        layers = self.layers(masks)
        return sum(int(np.count_nonzero(self.mask(masks, layer))) for layer in layers)

    def after(self, step: Step) -> State:
        """What a step leaves, which must be allowed."""
        steps = (*self.steps, step)
        if step.what == "row":
            rows = tuple(row for row in self.rows if row != step.index)
            return replace(self, rows=rows, outputs=self.outputs - 1, steps=steps)
        if step.what == "column":
            columns = tuple(column for column in self.columns if column != step.index)
            return replace(self, columns=columns, samples=self.samples - 1, steps=steps)
        if step.what == "first":
            columns = tuple(range(self.widths[self.first]))
            return replace(self, first=self.first + 1, columns=columns, steps=steps)
        rows = tuple(range(self.widths[self.last - 1]))
        return replace(self, last=self.last - 1, rows=rows, steps=steps)


def masks_of(allocation: Allocation) -> dict[int, Mask]:
    """The masks of the layers with learnables of a feed-forward network without biases."""
    layers = enumerate(allocation.network.weight_layers, start=1)
    learnable = allocation.counts
    return {layer: allocation.mask(name) for layer, (name,) in layers if name in learnable}


def whole(allocation: Allocation, samples: int) -> State:
    """The question before any step; of more samples than inputs as many as inputs count."""
    network = allocation.network
    n, d, m = network.inputs, network.outputs, network.effective_samples(samples)
    return State(network, 1, len(network.weight_layers), tuple(range(n)), tuple(range(d)), d, m)


def states(allocation: Allocation, samples: int, deadline: Deadline = NEVER) -> Iterator[State]:
    """All that peeling and freezing outer layers lead to, each peeled as far as can be.

    A row goes if it has as many learnables as there are samples, a column, with a sample, if as
    many as outputs, or as the least hidden width, if that is smaller and other lines are left
    (`peeling.needed`). The first layer may be frozen if it has as many rows as there are samples,
    the last if it has as many columns as outputs. Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 3, 2])
    >>> allocation = Allocation(net, {"W1": np.eye(3, 2), "W2": [[1, 1, 0], [1, 0, 0]]})
    >>> [(state.outputs, state.samples, len(state.steps)) for state in states(allocation, 2)]
    [(0, 1, 3)]
    """
    masks = masks_of(allocation)
    seen: set[State] = set()
    waiting = [whole(allocation, samples)]
    while waiting:
        state = peeled(masks, waiting.pop(0), deadline)
        if state in seen:
            continue
        seen.add(state)
        yield state
        if state.is_done or state.first == state.last:
            continue
        if state.widths[state.first] >= state.samples:
            waiting.append(state.after(Step("first")))
        if state.widths[state.last - 1] >= state.outputs:
            waiting.append(state.after(Step("last")))


def peeled(masks: Masks, state: State, deadline: Deadline = NEVER) -> State:
    """A state after all deletions of rows and columns that can follow one another."""
    rows = dict(zip(state.rows, _counts(masks, state, axis=0), strict=True))
    columns = dict(zip(state.columns, _counts(masks, state, axis=1), strict=True))
    while not state.is_done:
        deadline.check(_WHAT)
        row = _next(rows, state.needed("row"), state.is_narrow)
        column = _next(columns, state.needed("column"), state.is_narrow)
        if row is not None:
            del rows[row]
            state = state.after(Step("row", row))
        elif column is not None:
            del columns[column]
            state = state.after(Step("column", column))
        else:
            break
        if state.first == state.last:  # lines that cross the one deleted have lost an entry
            _cross(masks[state.first], state.steps[-1], rows, columns)
    return state


def _cross(mask: Mask, step: Step, rows: dict[int, int], columns: dict[int, int]) -> None:
    if step.what == "row":
        columns.update({j: count - int(mask[step.index, j]) for j, count in columns.items()})
    else:
        rows.update({i: count - int(mask[i, step.index]) for i, count in rows.items()})


def _counts(masks: Masks, state: State, axis: int) -> list[int]:
    layer = state.last if axis == 0 else state.first
    if layer not in masks:
        return [0] * len(state.rows if axis == 0 else state.columns)
    mask = state.mask(masks, layer)
    return np.count_nonzero(mask, axis=1 - axis).tolist()


def _next(counts: Mapping[int, int], needed: int | None, is_narrow: bool) -> int | None:
    """The first line with at least `needed` learnables; before a bottleneck that of the fewest.

    There the lines that are left may be any, and more is made of what has more.
    """
    enough = (line for line, count in counts.items() if needed is not None and count >= needed)
    return min(enough, key=counts.__getitem__, default=None) if is_narrow else next(enough, None)
