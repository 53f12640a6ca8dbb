"""Where the filters of a convolutional network lie: which positions each of them reads.

From the sizes that a problem states (docs/certificates.md, "The problem"). Positions are numbered
row by row; a unit is a channel at a position, and the units of a layer are numbered channel after
channel: unit (c, at) of P positions has the number c P + at. So are the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import TypeAlias

from ..problem.networks.convolutional import Convolution, Convolutional

Read: TypeAlias = list[int | None]  # of each offset in a filter the position it reads; padding None


class Layer:
    """A convolution: its `channels` filters read `sources` channels at `before` positions.

    There are `offsets` entries in a filter for each channel that it reads, `after` positions behind
    the convolution, and `pooled` ones behind the sums over windows of `window` positions.
    """

    def __init__(self, sources: int, size: Sequence[int], given: Convolution) -> None:
        self.sources, self.channels = sources, given.channels
        self.kernel = tuple(given.kernel)
        self._axes = list(zip(size, given.kernel, given.stride, given.padding, strict=True))
        self._pool = tuple(given.pool)
        self._size = [(n + 2 * padding - k) // stride + 1 for n, k, stride, padding in self._axes]
        self.size = [n // pool for n, pool in zip(self._size, self._pool, strict=True)]
        self.before, self.after = math.prod(size), math.prod(self._size)
        self.offsets, self.pooled = math.prod(self.kernel), math.prod(self.size)
        self.window = math.prod(self._pool)
        self._before = tuple(size)

    @property
    def units(self) -> int:
        """Channels at all positions behind the convolution."""
        return self.channels * self.after

    @property
    def inner(self) -> int:
        """How many products a pre-activation sums up, at most."""
        return self.sources * self.offsets

    @cached_property
    def reads(self) -> list[Read]:
        """What each position reads, by the number of the offset."""
        axes = [
            [
                [at * stride + k - padding for k in range(kernel)]
                for at in range((n + 2 * padding - kernel) // stride + 1)
            ]
            for n, kernel, stride, padding in self._axes
        ]
        return [[self._source(place) for place in product(*lines)] for lines in product(*axes)]

    def _source(self, place: Sequence[int]) -> int | None:
        inside = all(0 <= at < n for at, n in zip(place, self._before, strict=True))
        return _number(place, self._before) if inside else None

    @cached_property
    def windows(self) -> list[list[int]]:
        """The positions that each pooled one sums up."""
        found = []
        for at in product(*map(range, self.size)):
            axes = zip(at, self._pool, strict=True)
            inside = product(*(range(a * pool, (a + 1) * pool) for a, pool in axes))
            found.append([_number(place, self._size) for place in inside])
        return found

    def offset(self, index: Sequence[int]) -> int:
        """The number of an offset."""
        return _number(index, self.kernel)


def _number(place: Sequence[int], size: Sequence[int]) -> int:
    """The number of a place, row by row."""
    return place[0] if len(place) == 1 else place[0] * size[1] + place[1]


def layers_of(network: Convolutional) -> list[Layer]:
    """The convolutions, from the inputs on; their positions are listed on demand."""
    sources, *size = network.input
    found = []
    for given in network.layers:
        found.append(Layer(sources, size, given))
        sources, size = found[-1].channels, found[-1].size
    return found
