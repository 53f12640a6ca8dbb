"""Few learnables more with which a plan exists: peeling and freezing (T13), levels (T14).

The lines that have the most learnables are completed, and levels chosen that lack the fewest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..plans.states import State, peeled, states, whole
from ..problem.allocation import Allocation, Mask
from ..problem.masks import Entry, entries_of
from .lines import Lines, TooFewError

_SHARES = (0.0, 0.25, 0.5, 0.75)  # of outputs and samples that outer layers are to fit
_MOST = 6  # completions, those that need the fewest additions


def completions(
    allocation: Allocation, samples: int, rng: np.random.Generator, deadline: Deadline = NEVER
) -> list[list[Entry]]:
    """Sets of learnables that are meant to be maximal, those with the fewest additions first.

    Of a dense linear feed-forward network without biases. Each set has, of the learnables of
    `allocation`, those that its plan uses.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)})
    >>> [len(found) for found in completions(allocation, 2, np.random.default_rng(0))]
    [5, 5, 4]
    """
    found = sorted(_options(allocation, samples, deadline), key=lambda option: option.lacking)
    cores: list[list[Entry]] = []
    for option in found[:_MOST]:
        deadline.check("a completion")
        try:
            core = _Core(option, samples, rng).entries()
        except TooFewError:
            continue
        if core not in cores:
            cores.append(core)
    kept = set(entries_of(dict(allocation.masks("learnable"))))
    return sorted(cores, key=lambda core: len(set(core) - kept))


@dataclass(frozen=True)
class _Option:
    """Lines of a layer to complete, or levels of the units between two; what it takes is `lacking`.

    `allocation` has the lines of outer layers that the steps of `state` delete. `level` is 0 where
    the lines of one layer do; nothing is left to do if `layer` is None.
    """

    lacking: int
    allocation: Allocation
    state: State
    layer: int | None = None
    by_columns: bool = True
    level: int = 0


def _masks(allocation: Allocation) -> dict[int, Mask]:
    """All layers, numbered from 1, also those without learnables."""
    names = (name for (name,) in allocation.network.weight_layers)
    return {layer: allocation.mask(name) for layer, name in enumerate(names, start=1)}


def _options(allocation: Allocation, samples: int, deadline: Deadline) -> Iterator[_Option]:
    before = allocation.n_learnable
    for more in _with_whole_lines(allocation, samples):
        masks, lacking = _masks(more), more.n_learnable - before
        for state in states(more, samples, deadline):
            if state.is_done:
                yield _Option(lacking, more, state)
            elif state.first == state.last:
                for by_columns in (True, False):
                    inner = _block(masks, state, state.last, by_columns)
                    rows, lines = _sizes(state, by_columns)
                    short = rows - _largest(np.count_nonzero(inner, axis=0), lines)
                    cost = lacking + int(np.maximum(short, 0).sum())
                    yield _Option(cost, more, state, state.last, by_columns)
            for layer in range(state.first, state.last):
                yield from _levels(_Option(lacking, more, state, layer), masks, deadline)


def _with_whole_lines(allocation: Allocation, samples: int) -> Iterator[Allocation]:
    """The allocation with some rows of the last and columns of the first layer completed."""
    network = allocation.network
    for of_rows in _SHARES:
        for of_columns in _SHARES if len(network.weight_layers) > 1 else (0.0,):
            masks = {layer: mask.copy() for layer, mask in _masks(allocation).items()}
            state = peeled(masks, whole(allocation, samples))
            n_rows = int(of_rows * state.outputs)
            n_columns = int(of_columns * state.samples)
            _complete(masks[state.last].T, state.rows, n_rows, state.samples)
            _complete(masks[1], state.columns, n_columns, state.outputs - n_rows)
            names = [name for (name,) in network.weight_layers]
            yield Allocation(network, {names[layer - 1]: mask for layer, mask in masks.items()})


def _complete(mask: Mask, lines: tuple[int, ...], number: int, length: int) -> None:
    """Fill up the `number` columns of `mask` that have the most learnables, in place."""
    counts = np.count_nonzero(mask[:, list(lines)], axis=0)
    for k in np.argsort(-counts, kind="stable")[:number].tolist():
        filled = np.count_nonzero(mask, axis=1)
        free = np.flatnonzero(~mask[:, lines[k]])
        places = free[np.argsort(filled[free], kind="stable")][: max(length - int(counts[k]), 0)]
        mask[places, lines[k]] = True


def _levels(one: _Option, masks: dict[int, Mask], deadline: Deadline) -> Iterator[_Option]:
    """The levels that lack the fewest learnables, by columns and by rows."""
    state, layer = one.state, one.layer
    assert layer is not None
    for by_columns in (True, False):
        deadline.check("a completion")
        rows, lines = _sizes(state, by_columns)
        inner, outer = _pair(masks, state, layer, by_columns)
        if len(inner) < max(rows, lines):
            continue
        costs = [_lacking(inner, outer, rows, lines, level) for level in range(1, rows)]
        if costs:
            level = int(np.argmin(costs)) + 1
            lacking = one.lacking + costs[level - 1]
            yield _Option(lacking, one.allocation, state, layer, by_columns, level)


def _sizes(state: State, by_columns: bool) -> tuple[int, int]:
    """How many learnables a whole line needs, and how many lines there are."""
    if by_columns:
        return state.outputs, state.samples
    return state.samples, state.outputs


def _places(state: State, layer: int) -> tuple[list[int], list[int]]:
    """The rows and columns of a layer that are left."""
    shape = state.widths[layer], state.widths[layer - 1]
    rows = state.rows if layer == state.last else range(shape[0])
    columns = state.columns if layer == state.first else range(shape[1])
    return list(rows), list(columns)


def _block(masks: dict[int, Mask], state: State, layer: int, by_columns: bool) -> Mask:
    """What is left of a layer, transposed by rows."""
    block = masks[layer][np.ix_(*_places(state, layer))]
    return block if by_columns else block.T


def _pair(masks: dict[int, Mask], state: State, layer: int, by_columns: bool) -> tuple[Mask, Mask]:
    """(units, lines) and (rows, units) of a layer and the next one, or the other way round."""
    first, second = (_block(masks, state, each, by_columns) for each in (layer, layer + 1))
    return (first, second) if by_columns else (second, first)


def _largest(counts: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    return np.sort(counts)[::-1][:number]


def _units(inner: Mask, outer: Mask, lines: int, level: int) -> tuple[list[int], int]:
    """As many units as lines that lack the fewest learnable outputs, or none, and how many."""
    short = np.maximum(level - np.count_nonzero(outer, axis=0), 0)
    order = np.lexsort((-np.count_nonzero(inner, axis=1), short))
    number = max(lines, int(np.count_nonzero(short == 0)))
    return order[:number].tolist(), int(short[order[:number]].sum())


def _wanted(rows: int, lines: int, level: int) -> NDArray[np.int64]:
    """The learnables that lines need, in descending order: some, at infinity, one more."""
    length = rows - level
    return length + (np.arange(lines) < lines - length)


def _lacking(inner: Mask, outer: Mask, rows: int, lines: int, level: int) -> int:
    units, short = _units(inner, outer, lines, level)
    counts = _largest(np.count_nonzero(inner[units], axis=0), lines)
    return short + int(np.maximum(_wanted(rows, lines, level) - counts, 0).sum())


class _Core:
    """The learnables that a plan needs, while they are chosen: those there are come first."""

    def __init__(self, option: _Option, samples: int, rng: np.random.Generator) -> None:
        self._option, self._rng, self._samples = option, rng, samples
        self._given = _masks(option.allocation)
        self._chosen = {layer: np.zeros_like(mask) for layer, mask in self._given.items()}

    def entries(self) -> list[Entry]:
        """The lines that are deleted, those of one layer, or what two layers share."""
        option = self._option
        state = whole(option.allocation, self._samples)
        for step in option.state.steps:
            if step.what == "row":
                line, length = state.rows.index(step.index or 0), state.needed("row")
                self._fill(state, state.last, False, line, length)
            elif step.what == "column":
                line, length = state.columns.index(step.index or 0), state.needed("column")
                self._fill(state, state.first, True, line, length)
            state = state.after(step)
        if option.layer is not None and not option.level:
            number = _sizes(state, option.by_columns)[1]
            given = _block(self._given, state, option.layer, option.by_columns)
            for line in np.argsort(-np.count_nonzero(given, axis=0), kind="stable")[:number]:
                self._fill(state, option.layer, option.by_columns, int(line))
        elif option.layer is not None:
            self._share(state, option.layer)
        names = [name for (name,) in option.allocation.network.weight_layers]
        return entries_of({names[layer - 1]: mask for layer, mask in self._chosen.items()})

    def _fill(
        self, state: State, layer: int, by_columns: bool, line: int, length: int | None = None
    ) -> None:
        """A whole line of what is left of a layer, or so many of it."""
        chosen = _block(self._chosen, state, layer, by_columns)
        given = _block(self._given, state, layer, by_columns)
        length = _sizes(state, by_columns)[0] if length is None else length
        _fill(Lines(chosen, np.ones_like(chosen), self._rng), given, line, length)
        self._write(state, layer, chosen if by_columns else chosen.T)

    def _share(self, state: State, layer: int) -> None:
        """The levels of units, and the lines, of a layer and the next one."""
        option, by_columns = self._option, self._option.by_columns
        rows, number = _sizes(state, by_columns)
        inner, outer = _pair(self._given, state, layer, by_columns)
        units, _ = _units(inner, outer, number, option.level)
        among = np.zeros(len(inner), dtype=bool)
        among[units] = True
        of_inner, of_outer = (
            Lines(np.zeros_like(mask), np.ones_like(mask), self._rng) for mask in (inner, outer)
        )
        for unit in units:
            _fill(of_outer, outer, unit, option.level)
        order = np.argsort(-np.count_nonzero(inner[units], axis=0), kind="stable")[:number]
        for line, length in zip(order, _wanted(rows, number, option.level), strict=True):
            _fill(of_inner, inner, int(line), int(length), among)
        blocks = of_inner.chosen, of_outer.chosen
        first, second = blocks if by_columns else (blocks[1].T, blocks[0].T)
        self._write(state, layer, first)
        self._write(state, layer + 1, second)

    def _write(self, state: State, layer: int, block: Mask) -> None:
        self._chosen[layer][np.ix_(*_places(state, layer))] = block


def _fill(lines: Lines, given: Mask, line: int, number: int, among: Mask | None = None) -> None:
    """Choose entries of a line, those that are given first."""
    lines.fill(line, number, among, np.flatnonzero(given[:, line]).tolist())
