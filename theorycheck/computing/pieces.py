"""How many items are computed at once: as many as fit, half as many where memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")

_COPIES = 4  # of all numbers of an item, while it is computed


def by_pieces(
    work: Callable[[slice], Result], total: int, size: int
) -> Iterator[tuple[slice, Result]]:
    """`work` on slices of `total` items, `size` at once, and from a MemoryError on half as many.

    It must leave nothing behind where it fails: then it is done again, on fewer. Raises
    `MemoryError` where there is no room for a single item.

    >>> list(by_pieces(lambda part: part.stop, 5, 2))
    [(slice(0, 2, None), 2), (slice(2, 4, None), 4), (slice(4, 5, None), 5)]
    """
    start, size = 0, max(size, 1)
    while start < total:
        part = slice(start, min(start + size, total))
        try:
            found = work(part)
        except MemoryError:
            if size == 1:
                raise
            size = (min(size, total - start) + 1) // 2
            continue
        yield part, found
        start = part.stop


def that_fit(total: int, doubles: int, xp: ModuleType = np) -> int:
    """How many of `total` items of so many `doubles` each fit the free memory of a device.

    All of them on a CPU, whose memory is asked where problems are accepted.

    >>> that_fit(1000, 10**6)
    1000
    """
    if xp is np:
        return total
    free = xp.cuda.runtime.memGetInfo()[0] + xp.get_default_memory_pool().free_bytes()
    return max(1, min(total, free // (8 * _COPIES * max(doubles, 1))))
