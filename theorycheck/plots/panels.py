"""What the grids of a picture show: the layers of an allocation, coarse where they are large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Allocation
from ..problem.masks import Mask, count, is_materialised
from ..problem.networks.unrolled import Group, as_matrix
from .marks.base import ACTIVITY, EQUATIONS, Marks, bias_of

MOST_LINES = 64  # of a grid whose entries are drawn one by one
_MOST_EQUATIONS = 2**20
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Panel:
    """One grid: the numbers of its learnable and its present weights, block by block.

    A block is `row_step` x `column_step` entries; a bias, if there is one, is one more column. The
    grids of equations and of activity have no weights: `present` is None, and `learnable` tells
    what is filled.
    """

    name: str
    title: str
    row_label: str
    column_label: str
    shape: tuple[int, int]
    learnable: Counts
    present: Counts | None
    row_step: int = 1
    column_step: int = 1
    has_bias: bool = False
    row_names: tuple[str, ...] | None = None

    @property
    def is_coarse(self) -> bool:
        """Whether blocks stand for several entries."""
        return max(self.row_step, self.column_step) > 1

    def x(self, column: int) -> tuple[float, float]:
        """Left and right end of a column, in blocks; -1 is the bias."""
        n_blocks = self.learnable.shape[1] - self.has_bias
        if self.has_bias and not 0 <= column < self.shape[1]:
            return n_blocks, n_blocks + 1
        return column / self.column_step, (column + 1) / self.column_step

    def y(self, row: int) -> tuple[float, float]:
        """Upper and lower end of a row, in blocks."""
        return row / self.row_step, (row + 1) / self.row_step

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """The middle of an entry."""
        return sum(self.x(column)) / 2, sum(self.y(row)) / 2


def block_counts(mask: Mask, row_step: int, column_step: int) -> Counts:
    """Number of ones in each block of the mask, strip by strip.

    >>> block_counts(np.eye(3, dtype=bool), 2, 2).tolist()
    [[2, 0], [0, 1]]
    """
    rows, columns = mask.shape
    starts = np.arange(0, columns, column_step)
    if not is_materialised(mask):
        heights = np.minimum(row_step, rows - np.arange(0, rows, row_step))
        widths = np.minimum(column_step, columns - starts)
        return np.outer(heights, widths) * int(count(mask) > 0)
    strips = [mask[r : r + row_step] for r in range(0, rows, row_step)]
    return np.stack(
        [np.add.reduceat(np.count_nonzero(strip, axis=0), starts) for strip in strips]
    ).astype(np.int64)


def layer_panel(allocation: Allocation, name: str) -> Panel:
    """The grid of a weight matrix, with its bias; of filters one column for each offset."""
    shape = as_matrix(allocation.mask(name)).shape
    steps = (-(-shape[0] // MOST_LINES), -(-shape[1] // MOST_LINES))
    bias = bias_of(allocation.network, name)
    grids = []
    for mask_of in (allocation.mask, allocation.present_mask):
        grid = block_counts(as_matrix(mask_of(name)), *steps)
        if bias is not None:
            column = mask_of(bias).reshape(-1, 1)
            grid = np.column_stack([grid, block_counts(column, steps[0], 1)])
        grids.append(grid)
    tail, head = ends(allocation, name)
    title = name if bias is None else f"[{name} {bias}]"
    return Panel(
        name,
        f"{title}, {shape[0]} x {shape[1]}",
        head,
        tail,
        (shape[0], shape[1]),
        grids[0],
        grids[1],
        *steps,
        has_bias=bias is not None,
    )


def ends(allocation: Allocation, name: str) -> tuple[str, str]:
    """The units that a weight matrix leads from and to, in words."""
    network = allocation.network
    groups = list(network.groups)

    def word(group: Group) -> str:
        number = groups.index(group)
        if number == 0:
            return "input"
        hidden = "hidden unit" if len(groups) == 3 else f"unit of layer {number}"
        return "output" if number == len(groups) - 1 else hidden

    tail, head = network.ends(name)
    return word(tail), word(head)


def extra_panels(allocation: Allocation, samples: int, marks: Marks) -> list[Panel]:
    """The grids of equations and of the activity of units, where marks are on them."""
    network, panels = allocation.network, []
    columns = network.effective_samples(samples)
    if marks.active is not None:
        filled = np.zeros((network.widths[1], columns), dtype=bool)
        for place in marks.active:
            filled[place] = True
        panels.append(_plain(ACTIVITY, "activity", "hidden unit", filled))
    if marks.has_equations:
        outputs = network.outputs
        names = [str(o) for o in range(outputs)]
        label = "output"
        if network.reads_every_step:
            names = [f"{o} ({t})" for t in range(1, network.steps + 1) for o in range(outputs)]
            label = "output (step)"
        if len(names) * columns <= _MOST_EQUATIONS:
            filled = np.zeros((len(names), columns), dtype=bool)
            panels.append(_plain(EQUATIONS, "equations", label, filled, tuple(names)))
    return panels


def _plain(
    name: str, title: str, label: str, filled: Mask, names: tuple[str, ...] | None = None
) -> Panel:
    shape = (filled.shape[0], filled.shape[1])
    steps = (-(-shape[0] // MOST_LINES), -(-shape[1] // MOST_LINES))
    counts = block_counts(filled, *steps)
    title = f"{title}, {shape[0]} x {shape[1]}"
    return Panel(name, title, label, "sample", shape, counts, None, *steps, row_names=names)


def chosen_layers(allocation: Allocation, marks: Marks, most: int) -> tuple[list[str], int]:
    """At most `most` weight matrices in order, those with marks or learnables first; how many not.

    >>> from theorycheck import LinearFeedforward
    >>> network = LinearFeedforward([1, 1, 1, 1])
    >>> chosen_layers(Allocation.layer(network, "W2"), Marks(), 1)
    (['W2'], 2)
    """
    marked = {mark.grid for mark in marks.marks}

    layers = {matrix: (matrix, *rest) for matrix, *rest in allocation.network.weight_layers}

    def rank(name: str) -> int:
        if name in marked:
            return 0
        return 1 if allocation.counts.keys() & layers[name] else 2

    names = list(layers)
    best: Sequence[str] = sorted(names, key=rank)[:most]
    return [name for name in names if name in best], len(names) - len(best)
