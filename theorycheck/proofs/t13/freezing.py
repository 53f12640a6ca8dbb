"""Masks of which peeling and freezing outer layers leave nothing, and their exact ranks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..shared import exhaustive
from ..shared.evaluation import split

_NETWORKS = (
    ((2, 2, 2), 2), ((2, 2, 2), 1), ((1, 2, 2, 2), 1), ((2, 2, 2, 1), 2), ((2, 1, 2, 1), 2),
    ((1, 2, 1, 2), 1), ((2, 1, 2, 2), 1), ((1, 1, 2, 2), 1), ((2, 2, 1), 2),
    ((2, 1, 2), 2), ((2, 1, 2, 2), 2), ((2, 2, 1, 2), 2), ((2, 1, 1, 2), 2),
)  # fmt: skip


@dataclass(frozen=True)
class Freezing:
    """The rules: `fewer` learnables than needed, widths asked for in peeling and in freezing.

    Lines of which a bottleneck of b units asks b learnables are more than b, if it `spares` them.
    """

    fewer: int = 0
    peels_wide: bool = True
    freezes_wide: bool = True
    spares: bool = True

    def needed(self, lines: int, equations: int, narrowest: int) -> int | None:
        """How many learnables a line needs, None if there is none to spare."""
        if equations <= narrowest or not self.peels_wide:
            return max(equations - self.fewer, 1)
        return None if self.spares and lines <= narrowest else max(narrowest - self.fewer, 1)


@dataclass(frozen=True)
class _Left:
    """Layers `first` to `last` (from 0), rows and columns left, d outputs, m samples."""

    first: int
    last: int
    rows: frozenset[int]
    columns: frozenset[int]
    d: int
    m: int


def nothing_is_left(rules: Freezing) -> Iterator[str | None]:
    """Every mask of which nothing is left has rank D."""
    networks = {net.widths: net for net in exhaustive.feedforward_networks((1, 2), (2, 3), 10)}
    for widths, samples in _NETWORKS:
        network = networks[widths]
        names = list(network.weight_shapes)
        masks = exhaustive.all_masks(network.n_weights)
        ranks = exhaustive.ranks(network, samples, names, masks)
        size = exhaustive.target(network, samples)
        depth = len(widths) - 1
        start = _Left(0, depth - 1, frozenset(range(widths[-1])),
                      frozenset(range(widths[0])), widths[-1], samples)  # fmt: skip
        for mask, rank in zip(masks, ranks, strict=True):
            weights = [split(network, mask)[name] for name in names]
            if _can_go(weights, start, widths, rules):
                words = exhaustive.shown(network, samples, names, mask)
                yield None if rank == size else f"{words}: rank {rank} of {size}"


def _can_go(
    masks: list[NDArray[np.bool_]], left: _Left, widths: tuple[int, ...], rules: Freezing
) -> bool:
    """Whether some steps leave nothing; one line at a time, no order being better than another."""
    if not (left.d and left.m):
        return True
    between = widths[left.first + 1 : left.last + 1]
    narrowest = min(between, default=max(widths))
    mask = masks[left.last]
    needed = rules.needed(left.d, left.m, narrowest)
    if needed is not None:
        for row in left.rows:
            at = left.columns if left.first == left.last else range(mask.shape[1])
            if sum(mask[row, j] for j in at) >= needed:
                rest = replace(left, rows=left.rows - {row}, d=left.d - 1)
                return _can_go(masks, rest, widths, rules)
    mask = masks[left.first]
    needed = rules.needed(left.m, left.d, narrowest)
    if needed is not None:
        for column in left.columns:
            at = left.rows if left.first == left.last else range(mask.shape[0])
            if sum(mask[i, column] for i in at) >= needed:
                rest = replace(left, columns=left.columns - {column}, m=left.m - 1)
                return _can_go(masks, rest, widths, rules)
    if left.first == left.last:
        return False
    after, before = between[0], between[-1]
    rests = []
    if after >= left.m or not rules.freezes_wide:
        rests.append(replace(left, first=left.first + 1, columns=frozenset(range(after))))
    if before >= left.d or not rules.freezes_wide:
        rests.append(replace(left, last=left.last - 1, rows=frozenset(range(before))))
    return any(_can_go(masks, rest, widths, rules) for rest in rests)
