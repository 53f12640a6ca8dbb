"""Rows and columns of matrices brought to one scale, before anything is called small."""

from __future__ import annotations

from types import ModuleType
from typing import Any

# Rows or columns smaller than this part of the largest may be nothing but rounding errors, which
# scaling would blow up to full size.
LOPSIDED = 1e-10


def equilibrate(matrices: Any, xp: ModuleType) -> Any:
    """Divide rows and then columns of the matrices (rows, columns, batch) by their largest entry.

    In place. Returns whether each matrix is sound: finite, and no row or column but zero ones
    smaller than LOPSIDED times the largest. Unsound ones are set to zero.
    """
    sizes = xp.abs(matrices)
    sound = xp.isfinite(sizes.max(axis=(0, 1)))
    if not sound.all():
        matrices[:, :, ~sound] = sizes[:, :, ~sound] = 0
    for axis in (1, 0):
        largest = sizes.max(axis=axis, keepdims=True)
        level = LOPSIDED * largest.max(axis=(0, 1))
        sound &= ((largest == 0) | (largest >= level)).all(axis=(0, 1))
        factors = 1 / xp.where(largest > 1e-300, largest, 1)
        matrices *= factors
        sizes *= factors
    matrices[:, :, ~sound] = 0
    return sound
