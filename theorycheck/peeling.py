"""T9 as a reduction: rows and columns that can always be fitted afterwards are deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from .allocation import Allocation
from .networks import LinearFeedforward


class Step(NamedTuple):
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
    steps: tuple[Step, ...]


def peel(allocation: Allocation, samples: int) -> Peeled:
    """Delete what can be fitted afterwards, until nothing more can (dense feed-forward, no bias).

    All hidden widths >= m_e: an output whose row of the last layer has at least m_e learnables. All
    hidden widths >= d: an input whose column of the first layer has at least d learnables, together
    with one sample. The class, the rank defect D - rank and the degree stay the same (T9).

    >>> net = LinearFeedforward([2, 3, 2])
    >>> peeled = peel(Allocation(net, {"W1": np.eye(3, 2), "W2": [[1, 1, 0], [1, 0, 0]]}), 2)
    >>> peeled.allocation is None, len(peeled.steps)
    (True, 3)
    """
    network = allocation.network
    assert isinstance(network, LinearFeedforward)
    outputs, inputs = list(range(network.outputs)), list(range(network.inputs))
    narrowest = min(network.widths[1:-1], default=None)
    first, last = allocation.mask("W1"), allocation.mask(f"W{network.depth}")
    is_single = network.depth == 1
    m = min(samples, network.inputs)
    steps: list[Step] = []
    while outputs and m:
        # With one layer only, rows and columns are lines of the same shrinking mask.
        rows = last[np.ix_(outputs, inputs)] if is_single else last[outputs]
        columns = rows if is_single else first[:, inputs]
        found = None
        if narrowest is None or narrowest >= m:
            found = _enough(rows, 1, m)
            if found is not None:
                steps.append(Step("row", outputs.pop(found)))
        if found is None and (narrowest is None or narrowest >= len(outputs)):
            found = _enough(columns, 0, len(outputs))
            if found is not None:
                steps.append(Step("column", inputs.pop(found)))
                m -= 1
        if found is None:
            return Peeled(_rest(allocation, outputs, inputs), m, tuple(steps))
    return Peeled(None, m, tuple(steps))


def _enough(mask: np.ndarray, axis: int, needed: int) -> int | None:
    """The first line of `mask` with at least `needed` learnables."""
    lines = np.flatnonzero(np.count_nonzero(mask, axis=axis) >= needed)
    return int(lines[0]) if len(lines) else None


def _rest(allocation: Allocation, outputs: list[int], inputs: list[int]) -> Allocation:
    network = allocation.network
    assert isinstance(network, LinearFeedforward)
    rest = LinearFeedforward([len(inputs), *network.widths[1:-1], len(outputs)])
    masks = {name: allocation.mask(name) for name in allocation.counts}
    last = f"W{network.depth}"
    if last in masks:
        masks[last] = masks[last][outputs]
    if "W1" in masks:
        masks["W1"] = masks["W1"][:, inputs]
    return Allocation(rest, masks)
