"""What the proof of T11 checks of minors that are shown to be regular up to a radius."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from flint import fmpz_mat

from ...ranks.regular import Minor

Finder: TypeAlias = Callable[[Any, Any, int], Minor | None]

_RADII = (2.0**-44, 2.0**-6)


def regular_minors(claim: Finder) -> Iterator[str | None]:
    """No minor of a matrix of integers that is 0 is taken for regular, whatever is near.

    Where the radius is tiny one as large as the rank is found.
    """
    rng = np.random.default_rng(0)
    for _ in range(60):
        rows, columns = rng.integers(1, 8, 2)
        rank = int(rng.integers(0, min(rows, columns) + 1))
        true = rng.integers(-3, 4, (rows, rank)) @ rng.integers(-3, 4, (rank, columns))
        rank = fmpz_mat(true.tolist()).rank()
        for radius in _RADII:
            rad = np.full(true.shape, radius)
            mid = true + radius * rng.uniform(-1, 1, true.shape)
            for size in range(1, min(true.shape) + 1):
                found = claim(mid, rad, size)
                what = f"{true.tolist()} up to {radius}: a minor of size {size}"
                if found is None:
                    is_needed = size == rank and radius < 1e-9
                    yield f"{what} is not found" if is_needed else None
                    continue
                minor = true[np.ix_(found.rows, found.columns)]
                yield None if fmpz_mat(minor.tolist()).det() != 0 else f"{what} that is 0"
