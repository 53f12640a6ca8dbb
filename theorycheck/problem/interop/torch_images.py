"""How large the inputs of a convolutional torch module are: as given, or as its head tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from ...errors import InputError, shown
from .torch_steps import sizes

_MOST_SEARCHED = 4096  # positions of an axis that are tried where the size of an image is open
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Axis:
    """What happens to the positions of one axis, convolution by convolution.

    Of poolings `adaptive` ones have so many windows, others windows of a size.
    """

    filters: tuple[tuple[int, int, int], ...]
    poolings: tuple[tuple[tuple[int, bool], ...], ...]

    def windows(self, size: int) -> tuple[list[int], int] | None:
        """The windows behind each convolution, and the positions in the end; None if none fit."""
        found = []
        for (kernel, stride, padding), poolings in zip(self.filters, self.poolings, strict=True):
            size = (
                (size + 2 * padding - kernel) // stride + 1 if size + 2 * padding >= kernel else 0
            )
            window = 1
            for number, adaptive in poolings:
                if adaptive and (number < 1 or size % number):
                    return None
                pool = size // number if adaptive else number
                window, size = window * pool, size // pool if pool else 0
            if size < 1:
                return None
            found.append(window)
        return found, size

    @property
    def is_open(self) -> bool:
        """Whether the positions in the end do not tell those at the beginning at all."""
        return any(adaptive for poolings in self.poolings for _, adaptive in poolings)

    def beginnings(self, most: int) -> dict[int, list[int]]:
        """The positions in the end, up to `most` -> all sizes that lead there; none if too many."""
        found: dict[int, list[int]] = {}
        for size in range(1, _MOST_SEARCHED + 1):
            end = self.windows(size)
            if end is not None:
                if end[1] > most:
                    return found
                found.setdefault(end[1], []).append(size)
        return {}  # there may be others


@dataclass(frozen=True)
class Images:
    """What is known of the inputs: their channels, what becomes of each axis, and what is left.

    The head, by `name`, reads `positions` of so many channels (`left`).
    """

    channels: int
    axes: Sequence[Axis]
    name: str
    positions: int
    left: int

    @property
    def _form(self) -> str:
        names = ["length"] if len(self.axes) == 1 else ["height", "width"]
        return f"input=[channels, {', '.join(names)}]"

    def of(self, given: Sequence[int]) -> list[int]:
        """The size of an input as given; raises `InputError` unless the head fits it."""
        image = sizes(given)
        if len(image) != len(self.axes) + 1 or image[0] != self.channels or min(image) < 1:
            form = self._form.replace("channels", str(self.channels))
            raise InputError(f"{form} is the size of one input, not {shown(given)}")
        ends = [axis.windows(size) for axis, size in zip(self.axes, image[1:], strict=True)]
        left = math.prod(0 if end is None else end[1] for end in ends)
        if left != self.positions:
            raise InputError(
                f"inputs of size {list(image)} do not fit the module: {self.name!r} reads "
                f"{self.positions} positions of {self.left} channels, but they leave "
                f"{left or 'none, or windows of different sizes'}"
            )
        return list(image)

    def found(self) -> list[int]:
        """The size of an input, where the head leaves only one; else an `InputError`."""
        if any(axis.is_open for axis in self.axes):
            raise InputError(f"the module does not tell the size of its inputs: say {self._form}")
        fits = [[self.channels, *size] for size in self._fitting()]
        if not fits:
            raise InputError(
                f"no size of inputs was found that leaves the {self.positions} positions of "
                f"{self.left} channels that {self.name!r} reads; if there is one, say {self._form}"
            )
        if len(fits) > 1:
            fits.sort(key=lambda size: (len(set(size[1:])), size))
            some = " or ".join(f"input={size}" for size in fits[:_MOST_SHOWN])
            more = " or ..." if len(fits) > _MOST_SHOWN else ""
            raise InputError(
                f"inputs of {len(fits)} sizes fit the module: say {self._form} of one input, "
                f"{some}{more}"
            )
        return fits[0]

    def _fitting(self) -> Iterator[tuple[int, ...]]:
        tables = [axis.beginnings(self.positions) for axis in self.axes]
        for ends in product(*tables):
            if math.prod(ends) == self.positions:
                yield from product(*(table[end] for table, end in zip(tables, ends, strict=True)))
