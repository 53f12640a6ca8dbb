"""Intervals with floats as ends, rounded outwards, on arrays; ends may be infinite.

Sums and products of floats are correctly rounded, so the next float is outside of them. Values of
activations come from libraries that are right to a few units in the last place (far from 0 GELU to
some thousands): they are moved outwards by 2^-36 of their size, and by a little more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ...computing.arrays import Array
from ...problem.networks.activations import ACTIVATIONS
from .balls import ball_activation

_RELATIVE, _LEAST = 2.0**-36, 1e-290
_FAR = 1e4  # sin is any number of its range on intervals that reach so far


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`, entry by entry."""

    low: Array
    high: Array

    def __add__(self, other: Interval) -> Interval:
        with np.errstate(over="ignore"):
            return _rounded(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        with np.errstate(invalid="ignore", over="ignore"):
            products = [a * b for a in self.ends for b in other.ends]
        # 0 times an infinite end: all numbers inside are finite, so these products are 0.
        products = [np.where(np.isnan(product), 0.0, product) for product in products]
        return _rounded(np.minimum.reduce(products), np.maximum.reduce(products))

    @property
    def ends(self) -> tuple[Array, Array]:
        """Both ends."""
        return self.low, self.high

    @property
    def excludes_zero(self) -> Array:
        """Where 0 is outside."""
        return (self.low > 0) | (self.high < 0)


def _rounded(low: Array, high: Array) -> Interval:
    return Interval(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))


def exactly(values: Array) -> Interval:
    """Floats as intervals."""
    return Interval(values, values)


def around(number: Fraction) -> Interval:
    """A rational number.

    >>> third = around(Fraction(1, 3))
    >>> third.low < Fraction(1, 3) < third.high
    True
    """
    nearest = np.float64(float(number))
    return Interval(np.nextafter(nearest, -np.inf), np.nextafter(nearest, np.inf))


def activated(name: str, z: Interval) -> Interval:
    """An interval that holds what an activation makes of each number of another.

    >>> found = activated("square", Interval(np.array([-1.0]), np.array([2.0])))
    >>> found.low.tolist(), found.high.round(6).tolist()
    ([0.0], [4.0])
    """
    if name == "linear":
        return z
    with np.errstate(all="ignore"):
        low, high = _SHAPES[name](z) if name in _SHAPES else _rising(name, z)
        low = np.where(np.isnan(low), -np.inf, low - abs(low) * _RELATIVE - _LEAST)
        high = np.where(np.isnan(high), np.inf, high + abs(high) * _RELATIVE + _LEAST)
    row = ball_activation(name)
    low = low if row.lower is None else np.maximum(low, row.lower)
    high = high if row.upper is None else np.minimum(high, row.upper)
    if name == "square":
        low = np.maximum(low, 0.0)
    return Interval(low, high)


def _values(name: str, x: Array) -> Array:
    return ACTIVATIONS[name].value(x, np)


def _rising(name: str, z: Interval) -> tuple[Array, Array]:
    assert ball_activation(name).is_monotone
    return _values(name, z.low), _values(name, z.high)


def _square(z: Interval) -> tuple[Array, Array]:
    ends = z.low**2, z.high**2
    holds_zero = (z.low <= 0) & (z.high >= 0)
    return np.where(holds_zero, 0.0, np.minimum(*ends)), np.maximum(*ends)


def _sine(z: Interval) -> tuple[Array, Array]:
    is_far = ~(np.maximum(abs(z.low), abs(z.high)) < _FAR)
    low, high = (np.where(is_far, 0.0, end) for end in z.ends)

    def holds(shift: float) -> Array:  # a point shift + 2 pi k
        turns = [(end - shift) / (2 * np.pi) for end in (low - 1e-9, high + 1e-9)]
        return is_far | (np.floor(turns[0]) < np.floor(turns[1]))

    ends = np.sin(low), np.sin(high)
    lowest = np.where(holds(-np.pi / 2), -1.0, np.minimum(*ends))
    return lowest, np.where(holds(np.pi / 2), 1.0, np.maximum(*ends))


def _with_one_dip(name: str, before: float, after: float) -> Callable[[Interval], Any]:
    """Of an activation that falls up to a point between `before` and `after`, and then rises."""

    def shape(z: Interval) -> tuple[Array, Array]:
        # At the infinite end it falls from 0: there its formula is no number.
        ends = [np.where(np.isneginf(end), 0.0, _values(name, end)) for end in z.ends]
        is_sided = (z.low > after) | (z.high < before)
        bottom = ball_activation(name).lower or 0.0  # never missing
        return np.where(is_sided, np.minimum(*ends), bottom), np.maximum(*ends)

    return shape


_SHAPES: dict[str, Callable[[Interval], Any]] = {
    "square": _square,
    "sin": _sine,
    "silu": _with_one_dip("silu", -1.28, -1.27),
    "gelu": _with_one_dip("gelu", -0.76, -0.75),
}
