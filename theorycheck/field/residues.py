"""Arrays of residues modulo a prime as numbers: + - * / entry by entry, exact."""

from __future__ import annotations

from dataclasses import dataclass

from ..computing.arrays import Array
from .arithmetic import inverse, reduce


@dataclass(frozen=True, eq=False)
class Residues:
    """Balanced float64 residues of an array modulo `p`; integers may stand beside them.

    Division raises ValueError where a divisor is 0.

    >>> import numpy as np
    >>> a = Residues(np.array([2.0, 3.0]), 7)
    >>> (1 - a * a).array.tolist(), (1 / a).array.tolist()
    ([-3.0, -1.0], [-3.0, -2.0])
    """

    array: Array
    p: int

    def _with(self, array: Array) -> Residues:
        return Residues(reduce(array, self.p, out=array), self.p)

    def __neg__(self) -> Residues:
        return Residues(-self.array, self.p)

    def __add__(self, other: Residues | int) -> Residues:
        return self._with(self.array + _array(other))

    __radd__ = __add__

    def __sub__(self, other: Residues | int) -> Residues:
        return self._with(self.array - _array(other))

    def __rsub__(self, other: int) -> Residues:
        return self._with(other - self.array)

    def __mul__(self, other: Residues | int) -> Residues:
        return self._with(self.array * _array(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Residues) -> Residues:
        return self * Residues(inverse(other.array, self.p), self.p)

    def __rtruediv__(self, other: int) -> Residues:
        return other * Residues(inverse(self.array, self.p), self.p)


def _array(value: Residues | int) -> Array | int:
    return value.array if isinstance(value, Residues) else value
