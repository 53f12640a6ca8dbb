"""Convolutional networks (NC): which unit reads what, by which entry of a filter."""

from __future__ import annotations

import itertools
import math
from typing import Any

from tests.page_checker.values import LARGEST, integer, listed, need

Axes = tuple[int, ...]


class Layer:
    """One convolution, in one or two dimensions.

    `terms` has for each unit the (column of the filter, number of the value) that it reads, and
    `windows` the units that are summed up to each value that the next layer reads.
    """

    def __init__(self, before: int, size: list[int], given: Any) -> None:
        given, n = dict(given), len(size)
        self.before, self.channels = before, integer(given.pop("channels"), 1, LARGEST + 1)
        self.kernel = axes(given.pop("kernel"), n, 1)
        stride, padding, pool = (
            axes(given.pop(key, low), n, low) for key, low in (("stride", 1), ("padding", 0),
                                                               ("pool", 1))
        )  # fmt: skip
        need(not given, "other keys of a layer")
        sides = []
        for axis, width in enumerate(size):
            fits = (
                self.kernel[axis] <= width + 2 * padding[axis] and padding[axis] < self.kernel[axis]
            )
            need(fits, "kernel and padding")
            sides.append((width + 2 * padding[axis] - self.kernel[axis]) // stride[axis] + 1)
            need(pool[axis] <= sides[-1], "pool")
        self.size = [side // pool[axis] for axis, side in enumerate(sides)]
        self.columns = before * math.prod(self.kernel)
        self.positions, self.pool = math.prod(sides), math.prod(pool)
        self._data = sides, list(size), stride, padding, pool

    @property
    def units(self) -> int:
        return self.channels * self.positions

    def lists(self) -> tuple[list[list[tuple[int, int]]], list[list[int]]]:
        """Terms and windows."""
        sides, size, stride, padding, pool = self._data
        values = {place: k for k, place in enumerate(every(size))}
        offsets = every(self.kernel)
        terms = []
        for _, place in itertools.product(range(self.channels), every(sides)):
            read = []
            for column, (k, offset) in enumerate(itertools.product(range(self.before), offsets)):
                at = tuple(p * s + o - pad for p, s, o, pad in
                           zip(place, stride, offset, padding, strict=True))  # fmt: skip
                if at in values:
                    read.append((column, k * len(values) + values[at]))
            terms.append(read)
        units = {place: k for k, place in enumerate(every(sides))}
        windows = []
        for channel, place in itertools.product(range(self.channels), every(self.size)):
            inside = [tuple(p * w + o for p, w, o in zip(place, pool, offset, strict=True))
                      for offset in every(pool)]  # fmt: skip
            windows.append([channel * len(units) + units[at] for at in inside])
        return terms, windows


def every(size: Any) -> list[Axes]:
    """All places, row by row."""
    return list(itertools.product(*map(range, size)))


def axes(value: Any, n: int, low: int) -> Axes:
    """One number for each axis."""
    found = [value] * n if type(value) is int else listed(value)
    need(len(found) == n, "one number for each axis")
    return tuple(integer(each, low, LARGEST + 1) for each in found)
