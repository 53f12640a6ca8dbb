"""Real arrays that are known up to a radius, in float64: every rounding widens it.

A sum of n floats, or of n products, in any order differs from the true one by less than n 2^-52 of
the sum of the sizes (twice what is proved, so that the roundings of the radius itself are in it),
and by less than `TINY` where something falls below the normal floats. Activations are evaluated in
ball arithmetic (python-flint) and rounded outwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ball: TypeAlias = Any  # flint.arb

EPSILON = 2.0**-52  # twice the relative error of a rounding
TINY = 1e-290  # more than what is lost below the normal floats
_BITS = 80  # of the balls of activations


@dataclass(frozen=True, eq=False)
class Enclosure:
    """All arrays that differ from `mid` by at most `rad`, entry by entry, both of one shape.

    Where a number is not finite nothing is known.

    >>> third = Enclosure(np.array([1 / 3]), np.array([1e-16]))
    >>> bool((third + third).rad[0] > 2e-16)
    True
    """

    mid: Floats
    rad: Floats

    @classmethod
    def exact(cls, values: Floats) -> Enclosure:
        """Floats themselves."""
        return cls(values, np.zeros_like(values))

    @classmethod
    def rational(cls, number: Fraction) -> Enclosure:
        """A rational number, without axes."""
        mid = np.array(float(number))
        is_float = Fraction(float(mid)) == number
        return cls(mid, np.array(0.0 if is_float else EPSILON * abs(float(mid))))

    @property
    def parts(self) -> tuple[Floats, ...]:
        """The arrays that it is made of."""
        return self.mid, self.rad

    def __add__(self, other: Enclosure) -> Enclosure:
        mid = self.mid + other.mid
        return Enclosure(mid, _widened(self.rad + other.rad + EPSILON * abs(mid), 4))

    def __mul__(self, other: Enclosure) -> Enclosure:
        mid, size = self.mid * other.mid, abs(other.mid)
        rad = abs(self.mid) * other.rad + self.rad * (size + other.rad) + EPSILON * abs(mid)
        return Enclosure(mid, _widened(rad, 8))

    def __matmul__(self, other: Enclosure) -> Enclosure:
        terms, size = self.mid.shape[-1], abs(other.mid)
        lost = other.rad + (terms + 2) * EPSILON * size
        rad = abs(self.mid) @ lost
        if self.rad.any():
            rad = rad + self.rad @ (size + other.rad)
        return Enclosure(self.mid @ other.mid, _widened(rad, terms + 8))

    def __getitem__(self, index: Any) -> Enclosure:
        return Enclosure(self.mid[index], self.rad[index])

    def swapaxes(self, first: int, second: int) -> Enclosure:
        """With two axes exchanged."""
        return Enclosure(self.mid.swapaxes(first, second), self.rad.swapaxes(first, second))

    def activated(self, name: str) -> tuple[Enclosure, Enclosure]:
        """Values and slopes of an activation.

        >>> value, slope = Enclosure.exact(np.array([0.0])).activated("sigmoid")
        >>> value.mid.tolist(), slope.mid.tolist()
        ([0.5], [0.25])
        """
        from flint import arb, ctx

        at, shape = BALL_ACTIVATIONS[name], self.mid.shape
        found = np.empty((4, self.mid.size))
        is_known = np.isfinite(self.mid) & np.isfinite(self.rad)  # tanh of an overflow is no 1
        mids, rads = (np.where(is_known, part, np.nan) for part in (self.mid, self.rad))
        pairs = zip(mids.ravel().tolist(), rads.ravel().tolist(), strict=True)
        with ctx.workprec(_BITS):
            for k, (mid, rad) in enumerate(pairs):
                value, slope = at(arb(mid, rad))
                found[:, k] = (*_as_floats(value), *_as_floats(slope))
        value, value_rad, slope, slope_rad = found.reshape(4, *shape)
        return (
            Enclosure(value, _widened(value_rad + EPSILON * abs(value), 4)),
            Enclosure(slope, _widened(slope_rad + EPSILON * abs(slope), 4)),
        )


def _widened(rad: Floats, terms: int) -> Floats:
    """A radius, with what its own computation may have lost."""
    return rad * (1 + terms * EPSILON) + TINY


def _as_floats(ball: Ball) -> tuple[float, float]:
    """The floats nearest to midpoint and radius."""
    return float(ball.mid()), float(ball.rad())


def _sigmoid(z: Ball) -> Ball:
    return 1 / (1 + (-z).exp())


def _at_tanh(z: Ball) -> tuple[Ball, Ball]:
    return z.tanh(), 1 / z.cosh() ** 2


def _at_sigmoid(z: Ball) -> tuple[Ball, Ball]:
    value = _sigmoid(z)
    return value, value * _sigmoid(-z)


def _at_silu(z: Ball) -> tuple[Ball, Ball]:
    value = _sigmoid(z)
    return z * value, value * (1 + z * _sigmoid(-z))


def _at_gelu(z: Ball) -> tuple[Ball, Ball]:
    from flint import arb

    below = (-z / arb(2).sqrt()).erfc() / 2
    return z * below, below + z * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _at_erf(z: Ball) -> tuple[Ball, Ball]:
    from flint import arb

    return z.erf(), 2 * (-z * z).exp() / arb.pi().sqrt()


BALL_ACTIVATIONS: dict[str, Callable[[Ball], tuple[Ball, Ball]]] = {
    "tanh": _at_tanh,
    "sigmoid": _at_sigmoid,
    "softplus": lambda z: (z.exp().log1p(), _sigmoid(z)),
    "silu": _at_silu,
    "gelu": _at_gelu,
    "erf": _at_erf,
    "sin": lambda z: (z.sin(), z.cos()),
    "exp": lambda z: (z.exp(), z.exp()),
    "arctan": lambda z: (z.atan(), 1 / (1 + z * z)),
    "square": lambda z: (z * z, 2 * z),
    "cube": lambda z: (z * z * z, 3 * z * z),
}


class Balls:
    """The same in balls of `flint.ctx.prec` bits, an object array of them; slow, for small ones."""

    def __init__(self, array: NDArray[np.object_]) -> None:
        self.array = array

    @classmethod
    def exact(cls, values: Floats) -> Balls:
        """Floats themselves."""
        from flint import arb

        flat = np.empty(values.size, dtype=object)
        flat[:] = [arb(value) for value in values.ravel().tolist()]
        return cls(flat.reshape(values.shape))

    @classmethod
    def rational(cls, number: Fraction) -> Balls:
        """A rational number, without axes."""
        from flint import arb

        found = np.empty((), dtype=object)
        found[()] = arb(number.numerator) / number.denominator
        return cls(found)

    @property
    def parts(self) -> tuple[NDArray[np.object_], ...]:
        """The arrays that it is made of."""
        return (self.array,)

    def __add__(self, other: Balls) -> Balls:
        return Balls(self.array + other.array)

    def __mul__(self, other: Balls) -> Balls:
        return Balls(self.array * other.array)

    def __matmul__(self, other: Balls) -> Balls:
        return Balls(np.matmul(self.array, other.array))

    def __getitem__(self, index: Any) -> Balls:
        return Balls(self.array[index])

    def swapaxes(self, first: int, second: int) -> Balls:
        """With two axes exchanged."""
        return Balls(self.array.swapaxes(first, second))

    def activated(self, name: str) -> tuple[Balls, Balls]:
        """Values and slopes of an activation."""
        pairs = [BALL_ACTIVATIONS[name](ball) for ball in self.array.ravel()]
        value, slope = (np.empty(self.array.size, dtype=object) for _ in range(2))
        value[:], slope[:] = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        return Balls(value.reshape(self.array.shape)), Balls(slope.reshape(self.array.shape))
