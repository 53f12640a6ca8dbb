"""Do tensors share memory? Told from the addresses of their entries, not from their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor: TypeAlias = Any  # torch.Tensor: torch may be missing
_MOST_LISTED = 2**24  # entries whose addresses are listed, 8 bytes each


def overlaps_itself(tensor: Tensor) -> bool:
    """Whether two entries of a strided tensor lie at the same address."""
    reach = 0  # of the dimensions with smaller strides, in entries
    sides = sorted((stride, size) for stride, size in _sides(tensor) if size > 1)
    for stride, size in sides:
        if stride <= reach:
            break
        reach += stride * (size - 1)
    else:
        return False
    if tensor.numel() > _MOST_LISTED:
        return True
    return len(np.unique(_addresses(tensor))) < tensor.numel()


def overlap(tensors: Mapping[str, Tensor]) -> tuple[str, str] | None:
    """The names of two strided tensors that have an address in common, or None."""
    spans = []
    for place, (name, tensor) in enumerate(tensors.items()):
        if tensor.numel() and not tensor.is_meta:
            begin, end = _span(tensor)
            spans.append((str(tensor.device), begin, end, place, name))
    spans.sort()
    near: list[tuple[str, int, int, int, str]] = []  # those before it that may reach into it
    for span in spans:
        near = [other for other in near if other[0] == span[0] and other[2] > span[1]]
        for other in near:
            one, two = sorted((other, span), key=lambda known: known[3])
            if _share(tensors[one[4]], tensors[two[4]]):
                return one[4], two[4]
        near.append(span)
    return None


def _sides(tensor: Tensor) -> list[tuple[int, int]]:
    return list(zip(tensor.stride(), tensor.shape, strict=True))


def _span(tensor: Tensor) -> tuple[int, int]:
    """First address, and the first behind it all."""
    last = sum(stride * (size - 1) for stride, size in _sides(tensor))
    begin = tensor.data_ptr()
    return begin, begin + (last + 1) * tensor.element_size()


def _addresses(tensor: Tensor, unit: int = 0) -> NDArray[np.int64]:
    """The addresses of all entries; with `unit` of all pieces of so many bytes."""
    size = tensor.element_size()
    found = np.full(1, tensor.data_ptr(), dtype=np.int64)
    for stride, side in _sides(tensor):
        found = (found[:, None] + np.arange(side, dtype=np.int64) * (stride * size)).ravel()
    if unit:
        found = (found[:, None] + np.arange(0, size, unit, dtype=np.int64)).ravel()
    return found


def _share(one: Tensor, other: Tensor) -> bool:
    """Of two tensors whose spans overlap; too many entries to be listed count as shared."""
    if one.numel() + other.numel() > _MOST_LISTED:
        return True
    unit = min(one.element_size(), other.element_size())
    return len(np.intersect1d(_addresses(one, unit), _addresses(other, unit))) > 0
