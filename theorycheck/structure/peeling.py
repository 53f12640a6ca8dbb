"""T9 as a reduction: rows and columns that can always be fitted afterwards are deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..problem.allocation import Allocation


@dataclass(frozen=True)
class Deletion:
    """Deletion of output `index` (a `row` of the last layer) or input `index` (a `column`)."""

    line: Literal["row", "column"]
    index: int


@dataclass(frozen=True)
class Peeled:
    """What is left: `allocation` (None if nothing is, then a match is certain) and `samples`.

    `steps` are the deletions in order, with the indices of the original network.
    """

    allocation: Allocation | None
    samples: int
    steps: tuple[Deletion, ...]


def needed(lines: int, equations: int, narrowest: int) -> int | None:
    """How many learnables a line needs to be fitted afterwards; None if it never can be.

    `lines` are left, each has `equations`, and `narrowest` is the least hidden width. Where that is
    smaller, outputs have rank `narrowest`: the rest determines a line up to so many equations, if
    it has as many lines.

    >>> needed(3, 2, 2), needed(3, 3, 2), needed(2, 3, 2)
    (2, 2, None)
    """
    if equations <= narrowest:
        return equations
    return narrowest if lines > narrowest else None


def can_peel(allocation: Allocation) -> bool:
    """Whether T9 is about such networks: linear, dense, feed-forward, without biases."""
    network = allocation.network
    return network.is_layered and network.is_linear and not network.bias and allocation.is_dense


def peel(allocation: Allocation, samples: int) -> Peeled:
    """Delete what can be fitted afterwards, until nothing more can (dense feed-forward, no bias).

    All hidden widths >= m_e: an output whose row of the last layer has at least m_e learnables. All
    hidden widths >= d: an input whose column of the first layer has at least d learnables, together
    with one sample. With the least hidden width b < m_e b learnables of a row are enough while
    there are more than b outputs; with b < d b of a column while there are more than b samples. The
    class, the rank defect D - rank and the degree stay the same (T9). Of lines that could go at a
    bottleneck, where not all can, those of the fewest learnables do.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 3, 2])
    >>> peeled = peel(Allocation(net, {"W1": np.eye(3, 2), "W2": [[1, 1, 0], [1, 0, 0]]}), 2)
    >>> peeled.allocation is None, len(peeled.steps)
    (True, 3)
    """
    network = allocation.network
    assert can_peel(allocation)
    narrowest = min(network.widths[1:-1], default=max(network.widths))
    m = min(samples, network.inputs)
    rows = _Lines(allocation, network.weight_layers[-1][0], axis=0)
    columns = _Lines(allocation, network.weight_layers[0][0], axis=1)
    steps: list[Deletion] = []
    while rows.n_left and m:
        row = rows.next(rows.n_left, m, narrowest)
        if row is not None:
            steps.append(Deletion("row", rows.delete(row, columns)))
            continue
        column = columns.next(m, rows.n_left, narrowest)
        if column is None:
            break
        steps.append(Deletion("column", columns.delete(column, rows)))
        m -= 1
    if not steps:
        return Peeled(allocation, samples, ())
    if not (rows.n_left and m):
        return Peeled(None, m, tuple(steps))
    return Peeled(_rest(allocation, rows.left(), columns.left()), m, tuple(steps))


class _Lines:
    """Rows of the last layer or columns of the first, with their numbers of learnables."""

    def __init__(self, allocation: Allocation, name: str, axis: int) -> None:
        self._name, self._axis, self._mask = name, axis, allocation.mask(name)
        self.n_left = self._mask.shape[axis]
        # Without learnables no line is ever deleted, and the layer may be too large to look at.
        self._counts: np.ndarray | None = None
        if name in allocation.counts:
            self._counts = np.count_nonzero(self._mask, axis=1 - axis)

    def next(self, lines: int, equations: int, narrowest: int) -> int | None:
        """The line to be deleted next, None if none can be."""
        least = needed(lines, equations, narrowest)
        if self._counts is None or least is None:
            return None
        enough = self._counts >= least
        if not enough.any():
            return None
        if least == equations:
            return int(np.argmax(enough))
        return int(np.argmin(np.where(enough, self._counts, self._counts.max() + 1)))

    def delete(self, index: int, crossing: _Lines) -> int:
        """Delete a line; in a single layer lines that cross it lose an entry. Returns `index`."""
        assert self._counts is not None
        self._counts[index] = -1
        self.n_left -= 1
        if crossing._name == self._name and crossing._counts is not None:
            crossing._counts -= self._mask[index] if self._axis == 0 else self._mask[:, index]
        return index

    def left(self) -> list[int]:
        """The lines not deleted."""
        if self._counts is None:
            return list(range(self.n_left))
        return np.flatnonzero(self._counts >= 0).tolist()


def _rest(allocation: Allocation, outputs: list[int], inputs: list[int]) -> Allocation:
    network = allocation.network
    masks = {name: allocation.mask(name) for name in allocation.counts}
    first, last = network.weight_layers[0][0], network.weight_layers[-1][0]
    if last in masks:
        masks[last] = masks[last][outputs]
    if first in masks:
        masks[first] = masks[first][:, inputs]
    return Allocation(network.resized(inputs=len(inputs), outputs=len(outputs)), masks)
