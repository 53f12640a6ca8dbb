"""Linear systems with inequalities: students, each with one pattern chosen for every unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...computing.arrays import Array
from .units import Students, Unit


@dataclass(frozen=True)
class Active:
    """One unit in its chosen patterns: `active` (batch, samples), `columns` of the equations.

    It is off where no sample is active. Pre-activations offset + generators theta must be at least
    0 on active samples and at most 0 on the others, unless the unit is off.
    """

    unit: Unit
    generators: Array
    offset: Array
    slopes: Array  # (batch, outputs), negated where the choice says so
    active: Array
    columns: slice


@dataclass(frozen=True)
class Systems:
    """Equations (batch, rows, unknowns) theta = wanted (batch, rows), unknowns unit by unit.

    The last unknowns are free. `size` bounds what rounding errors of `wanted` are relative to.
    """

    equations: Array
    wanted: Array
    size: Array
    units: tuple[Active, ...]

    def take(self, places: Array) -> Systems:
        """The systems with these numbers."""
        units = tuple(
            Active(
                a.unit,
                a.generators[places],
                a.offset[places],
                a.slopes[places],
                a.active[places],
                a.columns,
            )
            for a in self.units
        )
        return Systems(self.equations[places], self.wanted[places], self.size[places], units)


def build(students: Students, draws: Array, codes: Array) -> Systems:
    """The systems of `draws`, with `codes` (units, draws) of their cells."""
    _, n_outputs, samples = students.wanted.shape
    n_free = students.free.shape[3]
    total = sum(unit.generators.shape[2] for unit in students.units)
    equations = np.empty((len(draws), n_outputs, samples, total + n_free))
    equations[..., total:] = students.free[draws]
    wanted, size = students.wanted[draws], students.size[draws]
    units, start = [], 0
    for unit, code in zip(students.units, codes, strict=True):
        columns = slice(start, start + unit.generators.shape[2])
        start = columns.stop
        active = (code[:, None] >> np.arange(samples)) & 1 == 1
        slopes = unit.slopes[draws]
        if unit.is_signed:
            slopes = np.where((code >> samples)[:, None] == 1, -slopes, slopes)
        generators, offset = unit.generators[draws], unit.offset[draws]
        through = slopes[:, :, None] * active[:, None]  # (batch, outputs, samples)
        equations[..., columns] = through[..., None] * generators[:, None]
        if not unit.is_central and not unit.has_scale:
            known = through * offset[:, None]
            wanted = wanted - known
            size = size + abs(known)
        units.append(Active(unit, generators, offset, slopes, active, columns))
    flat = (len(draws), n_outputs * samples)
    equations = equations.reshape(*flat, total + n_free)
    return Systems(equations, wanted.reshape(flat), size.reshape(flat), tuple(units))
