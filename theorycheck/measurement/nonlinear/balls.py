"""Activations in real ball arithmetic (python-flint's `arb`): enclosures of value, slope, range.

Each line is the definition of an activation. A ball that holds z becomes a ball that holds sigma(z)
and one that holds the slopes at all of its points. At the corner of a piecewise linear activation
that is every slope between those on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flint import arb

_LEAKY_SLOPE = 0.01  # the float nearest to it, as in floats
# Beyond the rounding of the bounds below, far below what a draw comes near to.
_MARGIN = 2.0**-40

BITS = 192  # of the balls


@dataclass(frozen=True)
class BallActivation:
    """`value` and `slope` of balls; no value lies outside of `lower` and `upper` (None: unbounded).

    `is_monotone` tells that it never falls.
    """

    value: Callable[[arb], arb]
    slope: Callable[[arb], arb]
    lower: float | None = None
    upper: float | None = None
    is_monotone: bool = False


def _sigmoid(z: arb) -> arb:
    return 1 / (1 + (-z).exp())


def _cdf(z: arb) -> arb:
    return (-z / arb(2).sqrt()).erfc() / 2


def _density(z: arb) -> arb:
    return (-z * z / 2).exp() / (2 * arb.pi()).sqrt()


def _between(z: arb, corner: float, before: float, after: float) -> arb:
    """`before` left of the corner and `after` right of it."""
    if z < corner:
        return arb(before)
    return arb(after) if z > corner else arb(before).union(arb(after))


def _hard_slope(z: arb) -> arb:
    left, right = _between(z, -1, 0, 1), _between(z, 1, 1, 0)
    return left if z < 1 else right if z > -1 else left.union(right)


_ALL = {
    "linear": BallActivation(lambda z: z, lambda z: arb(1), is_monotone=True),
    "tanh": BallActivation(arb.tanh, lambda z: 1 / z.cosh() ** 2, -1, 1, True),
    "sigmoid": BallActivation(_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z), 0, 1, True),
    "softplus": BallActivation(lambda z: z.exp().log1p(), _sigmoid, 0, None, True),
    "silu": BallActivation(
        lambda z: z * _sigmoid(z),
        lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z)),
        -0.2785,
    ),
    "gelu": BallActivation(lambda z: z * _cdf(z), lambda z: _cdf(z) + z * _density(z), -0.17),
    "erf": BallActivation(
        arb.erf, lambda z: 2 * (-z * z).exp() / arb.pi().sqrt(), -1, 1, True
    ),
    "sin": BallActivation(arb.sin, arb.cos, -1, 1),
    "exp": BallActivation(arb.exp, arb.exp, 0, None, True),
    "arctan": BallActivation(arb.atan, lambda z: 1 / (1 + z * z), -1.5708, 1.5708, True),
    "square": BallActivation(lambda z: z * z, lambda z: 2 * z, 0),
    "cube": BallActivation(lambda z: z**3, lambda z: 3 * z * z, None, None, True),
    "relu": BallActivation(
        lambda z: z.max(arb(0)), lambda z: _between(z, 0, 0, 1), 0, None, True
    ),
    "leaky_relu": BallActivation(
        lambda z: z.max(_LEAKY_SLOPE * z),
        lambda z: _between(z, 0, _LEAKY_SLOPE, 1),
        None, None, True,
    ),
    "hardtanh": BallActivation(
        lambda z: z.max(arb(-1)).min(arb(1)), _hard_slope, -1, 1, True
    ),
}  # fmt: skip


@cache
def ball_activation(name: str) -> BallActivation:
    """The activation of that name, its bounds moved outwards by more than they may be rounded.

    >>> value = ball_activation("tanh").value(arb(0))
    >>> value.is_zero()
    True
    """
    row = _ALL[name]
    lower = None if row.lower is None else row.lower - _MARGIN
    upper = None if row.upper is None else row.upper + _MARGIN
    return BallActivation(row.value, row.slope, lower, upper, row.is_monotone)
