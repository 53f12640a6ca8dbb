"""What hidden units apply to their sums, as the checker has it: the oracle of T11, in integers.

Written a second time, from docs/certificates.md; nothing here is shared with the table of
activations by which ranks are found. At the pre-activation z an activation has free variables, in
place of what is not algebraic in z: tanh z is the variable a, and its slope 1 - a^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias

Pair: TypeAlias = tuple[int, int]  # value and slope, modulo a prime
Variables: TypeAlias = tuple[int, ...]
Constants: TypeAlias = tuple[Fraction | None, Fraction | None]


class Size(NamedTuple):
    """The degree of a polynomial and log2 of its norm, the sum of the |coefficients|, at most."""

    degree: float
    log_norm: float

    def times(self, other: Size) -> Size:
        """Of a product."""
        return Size(self.degree + other.degree, self.log_norm + other.log_norm)

    def power(self, n: int) -> Size:
        """Of a power."""
        return Size(n * self.degree, n * self.log_norm)

    def plus(self, other: Size) -> Size:
        """Of a sum."""
        return Size(max(self.degree, other.degree), log2_sum(self.log_norm, other.log_norm))


ONE = Size(0.0, 0.0)
_A = Size(1.0, 0.0)  # a variable


def log2_sum(*logs: float) -> float:
    """log2 of a sum of numbers whose log2 are given; infinite if one of them is.

    >>> log2_sum(3.0, 3.0)
    4.0
    """
    largest = max(logs)
    if math.isinf(largest):
        return largest
    return largest + math.log2(math.fsum(2 ** (log - largest) for log in logs))


class Sizes(NamedTuple):
    """Sizes of value and slope at a z of a given size, both multiplied by a `divisor`.

    `is_value_divided` tells whether the value has that divisor: else only the slope has it.
    """

    value: Size
    slope: Size
    divisor: Size = ONE
    is_value_divided: bool = False


@dataclass(frozen=True)
class Oracle:
    """An activation: its `family` and number of free variables, and what it is at z.

    `at(z, variables, p)` are value and slope modulo p; `mirrored(z, variables, p)` the variables
    at -z of those at z; `at_zero` value and slope where z is 0, None for a number that is not
    rational. `sizes(z)` are those of value and slope at a z of this size; `reads` tells whether
    they have the degree of z, or more.
    """

    family: str
    n_variables: int
    at: Callable[[int, Variables, int], Pair]
    mirrored: Callable[[int, Variables, int], Variables]
    sizes: Callable[[Size], Sizes]
    at_zero: Constants = (Fraction(0), Fraction(1))
    reads: bool = False


def _negated(z: int, variables: Variables, p: int) -> Variables:
    """Of what is odd."""
    return (-variables[0] % p, *variables[1:])


def _complement(z: int, variables: Variables, p: int) -> Variables:
    """Of sigmoid and the like: s(-z) = 1 - s(z); a density in the second place is even."""
    return ((1 - variables[0]) % p, *variables[1:])


def _none(z: int, variables: Variables, p: int) -> Variables:
    return ()


def _tanh(z: int, variables: Variables, p: int) -> Pair:
    (a,) = variables
    return a, (1 - a * a) % p


def _sigmoid(z: int, variables: Variables, p: int) -> Pair:
    (a,) = variables
    return a, a * (1 - a) % p


def _silu(z: int, variables: Variables, p: int) -> Pair:
    (s,) = variables
    return z * s % p, (s + z * s * (1 - s)) % p


def _softplus_mirrored(z: int, variables: Variables, p: int) -> Variables:
    a, s = variables
    return (a - z) % p, (1 - s) % p


def _gelu(z: int, variables: Variables, p: int) -> Pair:
    distribution, density = variables
    return z * distribution % p, (distribution + z * density) % p


def _sin(z: int, variables: Variables, p: int) -> Pair:
    (t,) = variables  # the tangent of half the angle
    inverse = pow(1 + t * t, -1, p)
    return 2 * t * inverse % p, (1 - t * t) * inverse % p


def _arctan(z: int, variables: Variables, p: int) -> Pair:
    return variables[0], pow(1 + z * z, -1, p)


_HALF = Fraction(1, 2)
_EXPONENTIAL, _ERROR, _POLYNOMIAL = "exponential", "error function", "polynomial"
_TWO = Size(0.0, 1.0)

ORACLES: dict[str, Oracle] = {
    "linear": Oracle(
        _POLYNOMIAL, 0, lambda z, v, p: (z, 1), _none, lambda z: Sizes(z, ONE), reads=True
    ),
    "tanh": Oracle(_EXPONENTIAL, 1, _tanh, _negated, lambda z: Sizes(_A, ONE.plus(_A.power(2)))),
    "sigmoid": Oracle(
        _EXPONENTIAL, 1, _sigmoid, _complement, lambda z: Sizes(_A, _A.plus(_A.power(2))),
        (_HALF, Fraction(1, 4)),
    ),
    "softplus": Oracle(
        _EXPONENTIAL, 2, lambda z, v, p: (v[0], v[1]), _softplus_mirrored,
        lambda z: Sizes(_A, _A), (None, _HALF),
    ),
    "silu": Oracle(
        _EXPONENTIAL, 1, _silu, _complement,
        lambda z: Sizes(z.times(_A), _A.plus(z.times(_A.plus(_A.power(2))))),
        (Fraction(0), _HALF), reads=True,
    ),
    "gelu": Oracle(
        _ERROR, 2, _gelu, _complement, lambda z: Sizes(z.times(_A), _A.plus(z.times(_A))),
        (Fraction(0), _HALF), reads=True,
    ),
    "erf": Oracle(
        _ERROR, 2, lambda z, v, p: (v[0], v[1]), _negated, lambda z: Sizes(_A, _A),
        (Fraction(0), None),
    ),
    "sin": Oracle(
        _EXPONENTIAL, 1, _sin, _negated,
        lambda z: Sizes(_TWO.times(_A), ONE.plus(_A.power(2)), ONE.plus(_A.power(2)), True),
    ),
    "exp": Oracle(
        _EXPONENTIAL, 1, lambda z, v, p: (v[0], v[0]), lambda z, v, p: (pow(v[0], -1, p),),
        lambda z: Sizes(_A, _A), (Fraction(1), Fraction(1)),
    ),
    "arctan": Oracle(
        "arctan", 1, _arctan, _negated, lambda z: Sizes(_A, ONE, ONE.plus(z.power(2))), reads=True
    ),
    "square": Oracle(
        _POLYNOMIAL, 0, lambda z, v, p: (z * z % p, 2 * z % p), _none,
        lambda z: Sizes(z.power(2), _TWO.times(z)), (Fraction(0), Fraction(0)), reads=True,
    ),
    "cube": Oracle(
        _POLYNOMIAL, 0, lambda z, v, p: (z * z * z % p, 3 * z * z % p), _none,
        lambda z: Sizes(z.power(3), Size(0.0, math.log2(3)).times(z.power(2))),
        (Fraction(0), Fraction(0)), reads=True,
    ),
}  # fmt: skip
