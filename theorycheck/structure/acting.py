"""What can act at all in a network: its units and weights on paths from inputs to outputs.

A bias counts as an input. Whatever the activations, as long as they take 0 to 0, a weight on no
such path changes no output, wherever the units are on their activations.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.activations import ACTIVATIONS
from ..problem.networks.unrolled import Group, Level, Unrolled, as_matrix, forward

Units = NDArray[np.bool_]
_WHAT = "the paths of a network"


@dataclass(frozen=True)
class Acting:
    """Of each level which units act, and of each weight which entries do, as matrices."""

    unrolled: Unrolled
    levels: list[Units]
    weights: dict[str, NDArray[np.bool_]]

    @cached_property
    def units(self) -> dict[Group, Units]:
        """Which units of a group act at some step, groups with terms only."""
        found: dict[Group, Units] = {}
        for level, units in zip(self.unrolled.levels, self.levels, strict=True):
            if level.terms:
                found[level.group] = found.get(level.group, np.zeros_like(units)) | units
        return found

    @cached_property
    def n_homogeneous(self) -> int:
        """Acting hidden units of homogeneous activations: each can be scaled for nothing."""
        read = {self.unrolled.levels[number].group for number in self.unrolled.read}
        homogeneous = {
            level.group: ACTIVATIONS[level.activation].is_homogeneous
            for level in self.unrolled.levels
        }
        return sum(
            int(units.sum())
            for group, units in self.units.items()
            if group not in read and homogeneous[group]
        )


def acting(allocation: Allocation, deadline: Deadline = NEVER) -> Acting:
    """What acts among the present weights; raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import Allocation, Feedforward
    >>> network = Feedforward([1, 2, 1], activation="relu")
    >>> found = acting(Allocation(network, {}, {"W1": [[1], [1]], "W2": [[1, 0]]}))
    >>> found.weights["W1"].tolist(), found.n_homogeneous
    ([[True], [False]], 1)
    """
    network, unrolled = allocation.network, allocation.network.unrolled
    present = {name: as_matrix(allocation.present_mask(name)) for name in network.weight_shapes}

    def ahead(_: Level, terms: list[tuple[str, Units]]) -> Units:
        return np.logical_or.reduce([(present[name] & live).any(axis=1) for name, live in terms])

    starts = [np.ones(level.size, dtype=bool) for level in unrolled.starts]
    live = forward(unrolled, starts, ahead, deadline, _WHAT)
    useful = [np.zeros(level.size, dtype=bool) for level in unrolled.levels]
    weights = {name: np.zeros_like(mask) for name, mask in present.items()}
    for number in unrolled.read:
        useful[number][:] = True
    for number in range(len(unrolled.levels) - 1, -1, -1):
        deadline.check(_WHAT)
        level, units = unrolled.levels[number], useful[number] & live[number]
        useful[number] = units
        for name, source in level.terms:
            used = present[name] & units[:, None] & live[source]
            weights[name] |= used
            useful[source] |= used.any(axis=0)
    return Acting(unrolled, useful, weights)
