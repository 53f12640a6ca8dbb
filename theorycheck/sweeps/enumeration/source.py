"""Where the allocations of a sweep come from: orbits, all masks, or random draws, piece by piece.

A piece ends at a place from which the source can begin again: the number of the budget, and how far
the source is within that budget, None at its beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from ..spec import SweepSpec
from .draws import RandomMasks
from .orbits import orbits, plain
from .symmetry import Symmetry

_ORBITS = 512  # in one piece
_DRAWS = 1024

Counts: TypeAlias = tuple[list[tuple[str, int]], Any]  # keys with counts, and the place behind


@dataclass(frozen=True)
class Piece:
    """Allocations (key, budget, how many it stands for), and the place behind them."""

    counts: list[tuple[str, int, int]]
    after: list[Any]


def pieces(spec: SweepSpec, symmetry: Symmetry | None, place: list[Any] | None) -> Iterator[Piece]:
    """All pieces behind `place`, or from the beginning; without `symmetry` every mask counts 1."""
    first, within = place or [0, None]
    for number in range(first, len(spec.budgets)):
        budget = spec.budgets[number]
        for counts, end in _counted(spec, symmetry, budget, within):
            yield Piece([(key, budget, size) for key, size in counts], [number, end])
        yield Piece([], [number + 1, None])
        within = None


def _counted(
    spec: SweepSpec, symmetry: Symmetry | None, budget: int, within: Any
) -> Iterator[Counts]:
    if spec.mode == "random":
        return _drawn(spec, symmetry, budget, within or 0)
    if symmetry is None:
        return _all(spec, budget, within or 0)
    return _orbits(spec, symmetry, budget, within)


def _orbits(
    spec: SweepSpec, symmetry: Symmetry, budget: int, path: list[int] | None
) -> Iterator[Counts]:
    found = orbits(symmetry, budget, after=None if path is None else tuple(path))
    while some := list(islice(found, _ORBITS)):
        keys = spec.space.keys(np.array([orbit.mask for orbit in some]))
        sizes = [orbit.size for orbit in some]
        yield list(zip(keys, sizes, strict=True)), list(some[-1].path)


def _all(spec: SweepSpec, budget: int, start: int) -> Iterator[Counts]:
    for masks in plain(spec.space.n_entries, budget, start):
        start += len(masks)
        yield [(key, 1) for key in spec.space.keys(masks)], start


def _drawn(spec: SweepSpec, symmetry: Symmetry | None, budget: int, start: int) -> Iterator[Counts]:
    draws, total = RandomMasks(spec.space.n_entries, budget, spec.seed), spec.totals[budget]
    for first in range(start, total, _DRAWS):
        end = min(first + _DRAWS, total)
        masks = draws.masks(first, end)
        if symmetry is not None:
            masks = np.array([symmetry.canonical(mask) for mask in masks])
        yield list(Counter(spec.space.keys(masks)).items()), end
