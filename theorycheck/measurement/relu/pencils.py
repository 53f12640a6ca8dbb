"""Equations of ReLU students with one unit in conflict, affine in its one nonlinear unknown a."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...computing.arrays import Array
from ..batched_linalg import EPSILON
from ..least_squares import ROUNDING
from .systems import Systems


@dataclass(frozen=True)
class Pencils:
    """Systems (matrices + a slopes) theta = wanted + a drift, scaled; theta = scaled * factors."""

    systems: Systems
    matrices: Array
    slopes: Array
    wanted: Array
    drift: Array
    factors: Array
    is_input: bool  # a is the unit's learnable input, else its learnable output

    @property
    def noise(self) -> float:
        """Bound of rounding errors in a column."""
        return ROUNDING * (sum(self.matrices.shape[1:]) + 1) * EPSILON

    def take(self, places: Array) -> Pencils:
        """The pencils with these numbers."""
        names = ("matrices", "slopes", "wanted", "drift", "factors")
        parts = {name: getattr(self, name)[places] for name in names}
        return replace(self, systems=self.systems.take(places), **parts)


def pencils_of(systems: Systems, outputs: tuple[int, ...]) -> Pencils:
    """The pencils of systems whose last unit is in conflict, `outputs` its learnable outputs.

    The last columns of the systems stand for those. The unknowns of the pencils are those of the
    other units and the free ones, in their order, and the unit's inputs, or last its outputs.
    """
    unit, rows = systems.units[-1], systems.wanted.shape[1]
    batch, samples, width = unit.generators.shape
    through = unit.generators * unit.active[:, :, None]
    known = unit.offset * unit.active
    matrices, wanted = systems.equations[:, :, : -len(outputs)].copy(), systems.wanted
    drift, is_input = np.zeros_like(wanted), len(outputs) > 1
    parts = [slice(o * samples, (o + 1) * samples) for o in outputs]
    if is_input:
        assert width == 1
        drift = -matrices[:, :, unit.columns.start]
        matrices = np.delete(matrices, unit.columns.start, axis=2)
        start = matrices.shape[2]
        matrices = np.concatenate([matrices, np.zeros((batch, rows, len(parts)))], axis=2)
        slopes = np.zeros_like(matrices)
        for number, part in enumerate(parts):
            matrices[:, part, start + number] = known
            slopes[:, part, start + number] = through[:, :, 0]
        # On one sample alone the outputs reach any value, whatever a is (but 0).
        single = np.flatnonzero(unit.active.sum(axis=1) == 1)
        for number, part in enumerate(parts):
            matrices[single, part, start + number] = unit.active[single]
        slopes[single] = 0
    else:
        slopes = np.zeros_like(matrices)
        slopes[:, parts[0], unit.columns] = through
        drift[:, parts[0]] = -known
    return _scaled(Pencils(systems, matrices, slopes, wanted, drift, wanted, is_input))


def _scaled(pencils: Pencils) -> Pencils:
    """Rows and columns brought to one scale, and the factors that undo it for the unknowns."""
    matrices, slopes, drift = pencils.matrices, pencils.slopes, pencils.drift
    rows_by = np.maximum(abs(matrices), abs(slopes)).max(axis=2, initial=0)
    rows_by = np.where(rows_by > 0, rows_by, 1)
    matrices, slopes = matrices / rows_by[:, :, None], slopes / rows_by[:, :, None]
    lengths = np.sqrt((matrices**2 + slopes**2).sum(axis=1, keepdims=True))
    lengths = np.where(lengths > 0, lengths, 1)
    height = ((pencils.systems.size + abs(drift)) / rows_by).max(axis=1, keepdims=True)
    height = np.where(height > 0, height, 1)
    factors = height / lengths[:, 0]
    return replace(
        pencils,
        matrices=matrices / lengths,
        slopes=slopes / lengths,
        wanted=pencils.wanted / rows_by / height,
        drift=drift / rows_by / height,
        factors=factors,
    )
