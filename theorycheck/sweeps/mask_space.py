"""All masks of one network that a sweep goes through: numbered entries, keys, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..problem.allocation import Allocation, Mask
from ..problem.masks import PACK_ABOVE, check_name, mask_to_json
from ..problem.networks.base import Network

Masks: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class MaskSpace:
    """Where the learnables of a sweep may be: the present entries of `weights`, numbered.

    Entries are numbered weight by weight in the network's order, row by row. Masks of many
    allocations are the rows of a boolean array (allocations, entries).

    >>> from theorycheck import LinearFeedforward
    >>> space = MaskSpace(LinearFeedforward([2, 2]), ("W1",), {"W1": [[1, 1], [0, 1]]})
    >>> space.n_entries, space.keys(np.array([[True, False, True]]))
    (3, ['a0'])
    """

    network: Network
    weights: tuple[str, ...]
    present: Mapping[str, ArrayLike] | None = None

    def __post_init__(self) -> None:
        for name in self.weights:
            check_name(name, self.network.weight_shapes, "sweep.weights")

    @cached_property
    def empty(self) -> Allocation:
        """The allocation without learnables; its masks say which connections are present."""
        return Allocation.none(self.network, self.present)

    @cached_property
    def entries(self) -> dict[str, NDArray[np.int64]]:
        """Weight name -> the flat indices of its entries that may be learnable, ascending."""
        names = [name for name in self.network.weight_shapes if name in self.weights]
        return {name: np.flatnonzero(self.empty.present_mask(name)) for name in names}

    def numbered(self) -> Iterator[tuple[str, NDArray[np.int64], int]]:
        """The weights with their `entries`, and the number of the first of these in a mask."""
        start = 0
        for name, entries in self.entries.items():
            yield name, entries, start
            start += len(entries)

    @cached_property
    def n_entries(self) -> int:
        """How many weights may be learnable."""
        return sum(len(entries) for entries in self.entries.values())

    def allocation(self, mask: NDArray[np.bool_]) -> Allocation:
        """The allocation whose learnables are the set entries of `mask`, shape (entries,)."""
        return Allocation(self.network, self._by_weight(mask), self.empty.given_present())

    def masks_of(self, allocations: Sequence[Allocation]) -> Masks:
        """The inverse of `allocation`, for several; learnables elsewhere are left out."""
        rows = [
            np.concatenate(
                [each.mask(name).ravel()[entries] for name, entries in self.entries.items()]
            )
            for each in allocations
        ]
        return np.array(rows, dtype=bool).reshape(len(rows), self.n_entries)

    def keys(self, masks: Masks) -> list[str]:
        """The masks as text, four entries a hexadecimal digit; different masks, different text."""
        packed = np.packbits(masks, axis=1)
        text, width = packed.tobytes().hex(), 2 * packed.shape[1]
        return [text[start : start + width] for start in range(0, len(text), width)]

    def masks(self, keys: Sequence[str]) -> Masks:
        """The inverse of `keys`."""
        packed = np.frombuffer(bytes.fromhex("".join(keys)), np.uint8).reshape(len(keys), -1)
        return np.unpackbits(packed, axis=1, count=self.n_entries).astype(bool)

    def learnable(self, masks: Masks) -> list[str]:
        """The `learnable` objects of allocation files, as JSON text."""
        if self.network.n_weights > PACK_ABOVE:
            return [self._written(mask) for mask in masks]
        # The same text for all but the digits, so that millions take seconds.
        blank = self._written(np.zeros(self.n_entries, dtype=bool)).encode()
        places = np.flatnonzero(np.frombuffer(blank, np.uint8) == ord("0"))
        places = places[self._positions]
        text = np.tile(np.frombuffer(blank, np.uint8), (len(masks), 1))
        text[:, places] += masks.astype(np.uint8)
        joined, width = text.tobytes().decode(), len(blank)
        return [joined[start : start + width] for start in range(0, len(joined), width)]

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """Where each entry stands among all entries of `weights`."""
        sizes = [int(np.prod(self.network.weight_shapes[name])) for name in self.entries]
        starts = np.cumsum([0, *sizes])
        pairs = zip(starts, self.entries.values(), strict=False)
        return np.concatenate([np.zeros(0, np.int64), *(start + own for start, own in pairs)])

    def _by_weight(self, mask: NDArray[np.bool_]) -> dict[str, Mask]:
        masks: dict[str, Mask] = {}
        for name, entries, start in self.numbered():
            full = np.zeros(self.network.weight_shapes[name], dtype=bool)
            full.ravel()[entries] = mask[start : start + len(entries)]
            masks[name] = full
        return masks

    def _written(self, mask: NDArray[np.bool_]) -> str:
        named = {name: mask_to_json(part) for name, part in self._by_weight(mask).items()}
        return json.dumps(named)
