"""What the student's outputs can be at all: an interval that holds them for all learnables.

An output outside of it is never reached, so that a draw whose teacher has one is not matched. Units
that no learnable reaches have their values; a learnable weight makes a sum any number, unless it
reads 0; the bounds of an activation hold whatever it is fed, and frozen weights hand them on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...problem.allocation import Allocation
from ...problem.networks.matrices import masks_of_terms
from ...problem.networks.unrolled import Level
from .ball_network import BallNetwork, BallWeights, Row
from .balls import BallActivation, ball_activation

Bound: TypeAlias = arb | None  # None: there is none on this side


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, either of which may be missing."""

    low: Bound
    high: Bound

    def plus(self, other: Range) -> Range:
        """What sums of the two can be."""
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Range(low, high)

    def times(self, weight: arb) -> Range:
        """What multiples by a weight can be."""
        if weight.is_zero():
            return NOTHING
        ends = [None if end is None else end * weight for end in (self.low, self.high)]
        return Range(*(ends if weight > 0 else ends[::-1]))

    def through(self, row: BallActivation) -> Range:
        """What an activation can make of it."""
        low = None if row.lower is None else arb(row.lower)
        high = None if row.upper is None else arb(row.upper)
        if row.is_monotone:
            low = low if self.low is None else row.value(self.low)
            high = high if self.high is None else row.value(self.high)
        return Range(low, high)

    def excludes(self, value: arb) -> bool:
        """Whether the value, a ball, lies certainly outside."""
        is_below = self.low is not None and bool(value < self.low)
        return is_below or (self.high is not None and bool(value > self.high))


def point(value: arb) -> Range:
    """The one value."""
    return Range(value, value)


NOTHING = point(arb(0))
EVERYTHING = Range(None, None)


class OutputRanges:
    """The ranges of the outputs of students of one allocation, draw by draw.

    `equations` are those that some draw may bound, the others have no bound in any.
    """

    def __init__(self, allocation: Allocation, samples: int) -> None:
        self._network, self._samples = allocation.network, samples
        self._learnable = masks_of_terms(allocation, "learnable")
        present = masks_of_terms(allocation, "present")
        self._moves: list[NDArray[np.bool_]] = []  # units that a learnable reaches
        wild: list[NDArray[np.bool_]] = []  # units without bounds
        for level in self._network.unrolled.levels:
            moves, free = np.zeros((2, level.size), dtype=bool)
            for name, source in level.terms:
                moves |= (present[name] & self._moves[source]).any(axis=1)
                moves |= self._learnable[name].any(axis=1)
                free |= (present[name] & wild[source]).any(axis=1)
                free |= self._learnable[name].any(axis=1)
            row = ball_activation(level.activation)
            has_bound = row.lower is not None or row.upper is not None
            self._moves.append(moves)
            wild.append(free & (not has_bound))
        bounded = ~np.concatenate([wild[number] for number in self._network.unrolled.read])
        self.equations = np.flatnonzero(np.repeat(bounded, samples)).tolist()

    def excludes(self, network: BallNetwork, weights: BallWeights, wanted: Row) -> bool:
        """Whether one of the `wanted` outputs, for each of `equations`, is out of reach.

        `weights` are those of the student; what they have at learnable entries is not used.
        """
        values = network.levels(weights)
        ranges: list[list[list[Range]]] = []
        for number, level in enumerate(self._network.unrolled.levels):
            ranges.append(
                [
                    self._unit(level, unit, weights, ranges)
                    if self._moves[number][unit]
                    else [point(values[number][unit, s]) for s in range(self._samples)]
                    for unit in range(level.size)
                ]
            )
        read = self._network.unrolled.read
        for number, value in zip(self.equations, wanted, strict=True):
            rest, sample = divmod(number, self._samples)
            reading, output = divmod(rest, self._network.outputs)
            if ranges[read[reading]][output][sample].excludes(value):
                return True
        return False

    def _unit(
        self, level: Level, unit: int, weights: BallWeights, ranges: list[list[list[Range]]]
    ) -> list[Range]:
        """What a unit that a learnable reaches can be, sample by sample."""
        totals = [NOTHING] * self._samples
        for name, source in level.terms:
            for j, before in enumerate(ranges[source]):
                weight = weights[name][unit, j]
                if self._learnable[name][unit, j]:
                    parts = list(map(_free, before))
                elif weight.is_zero():
                    continue
                else:
                    parts = [part.times(weight) for part in before]
                totals = [total.plus(part) for total, part in zip(totals, parts, strict=True)]
        return [_activated(level, total) for total in totals]


def _free(before: Range) -> Range:
    """What a learnable weight can make of its source: everything, unless that is always 0."""
    ends = (before.low, before.high)
    is_zero = all(end is not None and end.is_zero() for end in ends)
    return NOTHING if is_zero else EVERYTHING


def _activated(level: Level, total: Range) -> Range:
    if level.activation == "linear":
        return total
    return total.through(ball_activation(level.activation))
