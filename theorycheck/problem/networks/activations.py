"""The activations that hidden units may have, one row each: what they are, and what they satisfy.

A row tells an activation in three ways that must agree (a test compares them): its value and slope
at floats; the facts that theorems ask for (parity, bounds, value at 0); and its *oracle*, by which
ranks are computed exactly (T11). The oracle gives value and slope at z in terms of z and of free
variables, which stand for the values that are not algebraic in z: tanh z is the variable a, and its
slope 1 - a^2. It is written with + - * / alone, so that any arithmetic can evaluate it: residues
modulo a prime, degrees of polynomials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeAlias

from ...errors import InputError, nearest, shown

Value: TypeAlias = Any  # a number of any arithmetic, or an array of them
Family: TypeAlias = Literal["polynomial", "exponential", "arctan", "error function", "piecewise"]
Elementwise: TypeAlias = Callable[[Any, ModuleType], Any]

_LEAKY_SLOPE = 0.01  # of leaky_relu, as in torch


class Piece(NamedTuple):
    """A stretch on which an activation is slope x z + constant, both exact."""

    slope: Fraction
    constant: int = 0


_FLAT, _STEEP = Piece(Fraction(0)), Piece(Fraction(1))


@dataclass(frozen=True)
class Activation:
    """An activation sigma.

    `value(x, xp)` and `slope(x, xp)` are sigma and its derivative at an array x of the module xp.
    `oracle(z, *variables)` are both at z, with `n_variables` free variables; `reflected(z,
    *variables)` are the variables at -z where these are those at z. `at_zero` are sigma(0) and
    sigma'(0), None for one that is no rational number. Of one `family`, values at independent
    arguments are independent, however its members are mixed (T11b). `lower` and `upper` are
    infimum and supremum; `is_odd` tells whether sigma(-z) = -sigma(z), `is_increasing` whether it
    is strictly so, `keeps_sign` whether sigma(z) always has the sign of z, `is_tame` whether it is
    definable in an o-minimal structure. Of polynomials, `power` is k: they are z^k. One that is
    linear in `pieces`, from left to right, passes from one to the next at the `kinks`.
    """

    name: str
    family: Family
    value: Elementwise
    slope: Elementwise
    oracle: Callable[..., tuple[Value, Value]] | None = None
    n_variables: int = 0
    reflected: Callable[..., tuple[Value, ...]] = lambda z: ()
    at_zero: tuple[float | None, float | None] = (0, 1)
    lower: float = -math.inf
    upper: float = math.inf
    is_odd: bool = False
    is_increasing: bool = False
    keeps_sign: bool = False
    is_tame: bool = True
    power: int | None = None
    pieces: tuple[Piece, ...] = ()
    kinks: tuple[int, ...] = ()

    @property
    def is_analytic(self) -> bool:
        """Whether it is real-analytic, so that T11 speaks of it."""
        return self.family != "piecewise"

    @property
    def is_bounded(self) -> bool:
        """Whether its values stay within two bounds."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    @property
    def is_homogeneous(self) -> bool:
        """Whether it is linear in pieces that a positive factor goes through: c s(z) = s(c z)."""
        is_linear = bool(self.pieces) and not any(piece.constant for piece in self.pieces)
        return is_linear and not any(self.kinks)


def _special(xp: ModuleType) -> Any:
    """SciPy's special functions, for arrays of NumPy or CuPy."""
    if xp.__name__ == "cupy":
        import cupyx.scipy.special as special  # pyright: ignore[reportMissingImports]
    else:
        from scipy import special
    return special


def _sigmoid(x: Any, xp: ModuleType) -> Any:
    return _special(xp).expit(x)


def _softplus(x: Any, xp: ModuleType) -> Any:
    return xp.logaddexp(0, x)


def _normal_cdf(x: Any, xp: ModuleType) -> Any:
    return _special(xp).ndtr(x)


def _normal_density(x: Any, xp: ModuleType) -> Any:
    return xp.exp(-x * x / 2) / math.sqrt(2 * math.pi)


_ALL = (
    Activation(
        "linear", "polynomial", lambda x, xp: x, lambda x, xp: xp.ones_like(x),
        lambda z: (z, 1),
        is_odd=True, is_increasing=True, keeps_sign=True, power=1, pieces=(_STEEP,),
    ),
    Activation(
        "tanh", "exponential", lambda x, xp: xp.tanh(x), lambda x, xp: 1 - xp.tanh(x) ** 2,
        lambda z, a: (a, 1 - a * a), 1, lambda z, a: (-a,),
        lower=-1, upper=1, is_odd=True, is_increasing=True, keeps_sign=True,
    ),
    Activation(
        "sigmoid", "exponential", _sigmoid, lambda x, xp: _sigmoid(x, xp) * _sigmoid(-x, xp),
        lambda z, a: (a, a - a * a), 1, lambda z, a: (1 - a,), (0.5, 0.25),
        lower=0, upper=1, is_increasing=True,
    ),
    Activation(
        "softplus", "exponential", _softplus, _sigmoid,
        lambda z, a, s: (a, s), 2, lambda z, a, s: (a - z, 1 - s), (None, 0.5),
        lower=0, is_increasing=True,
    ),
    Activation(
        "silu", "exponential", lambda x, xp: x * _sigmoid(x, xp),
        lambda x, xp: _sigmoid(x, xp) * (1 + x * _sigmoid(-x, xp)),
        lambda z, s: (z * s, s + z * (s - s * s)), 1, lambda z, s: (1 - s,), (0, 0.5),
        lower=-0.27846454276107380, keeps_sign=True,
    ),
    Activation(
        "gelu", "error function", lambda x, xp: x * _normal_cdf(x, xp),
        lambda x, xp: _normal_cdf(x, xp) + x * _normal_density(x, xp),
        lambda z, f, g: (z * f, f + z * g), 2, lambda z, f, g: (1 - f, g), (0, 0.5),
        lower=-0.16997120747990369, keeps_sign=True,
    ),
    Activation(
        "erf", "error function", lambda x, xp: _special(xp).erf(x),
        lambda x, xp: 2 / math.sqrt(math.pi) * xp.exp(-x * x),
        lambda z, a, g: (a, g), 2, lambda z, a, g: (-a, g), (0, None),
        lower=-1, upper=1, is_odd=True, is_increasing=True, keeps_sign=True,
    ),
    Activation(  # the point of the circle with the tangent t of half the angle
        "sin", "exponential", lambda x, xp: xp.sin(x), lambda x, xp: xp.cos(x),
        lambda z, t: (2 * t / (1 + t * t), (1 - t * t) / (1 + t * t)), 1, lambda z, t: (-t,),
        lower=-1, upper=1, is_odd=True, is_tame=False,
    ),
    Activation(
        "exp", "exponential", lambda x, xp: xp.exp(x), lambda x, xp: xp.exp(x),
        lambda z, a: (a, a), 1, lambda z, a: (1 / a,), (1, 1),
        lower=0, is_increasing=True,
    ),
    Activation(
        "arctan", "arctan", lambda x, xp: xp.arctan(x), lambda x, xp: 1 / (1 + x * x),
        lambda z, a: (a, 1 / (1 + z * z)), 1, lambda z, a: (-a,),
        lower=-math.pi / 2, upper=math.pi / 2, is_odd=True, is_increasing=True, keeps_sign=True,
    ),
    Activation(
        "square", "polynomial", lambda x, xp: x * x, lambda x, xp: 2 * x,
        lambda z: (z * z, 2 * z), at_zero=(0, 0),
        lower=0, power=2,
    ),
    Activation(
        "cube", "polynomial", lambda x, xp: x**3, lambda x, xp: 3 * x * x,
        lambda z: (z * z * z, 3 * z * z), at_zero=(0, 0),
        is_odd=True, is_increasing=True, keeps_sign=True, power=3,
    ),
    Activation(
        "relu", "piecewise", lambda x, xp: xp.maximum(x, 0), lambda x, xp: 1.0 * (x > 0),
        at_zero=(0, None),
        lower=0, pieces=(_FLAT, _STEEP), kinks=(0,),
    ),
    Activation(
        "leaky_relu", "piecewise", lambda x, xp: xp.maximum(x, _LEAKY_SLOPE * x),
        lambda x, xp: xp.where(x > 0, 1.0, _LEAKY_SLOPE),
        at_zero=(0, None),
        is_increasing=True, keeps_sign=True,
        pieces=(Piece(Fraction(1, 100)), _STEEP), kinks=(0,),
    ),
    Activation(
        "hardtanh", "piecewise", lambda x, xp: xp.clip(x, -1, 1), lambda x, xp: 1.0 * (abs(x) < 1),
        lower=-1, upper=1, is_odd=True, keeps_sign=True,
        pieces=(Piece(Fraction(0), -1), _STEEP, Piece(Fraction(0), 1)), kinks=(-1, 1),
    ),
)  # fmt: skip
ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _ALL}


def activation_name(value: object, place: str) -> str:
    """The name, or an `InputError` that names the `place`, unless it is one of `ACTIVATIONS`.

    >>> activation_name("tanh", "network.activation")
    'tanh'
    """
    if isinstance(value, str) and value in ACTIVATIONS:
        return value
    known = ", ".join(ACTIVATIONS)
    wrong = f"not {shown(value)}{nearest(value, ACTIVATIONS)}"
    raise InputError(f"{place} must be one of {known}, {wrong}")


def activation_names(value: object, count: int, what: str) -> str | tuple[str, ...]:
    """One name for all of `count` layers, or one for each where they differ.

    Raises `InputError`, which calls a layer `what`, for unknown names and another number of them.

    >>> activation_names(["tanh", "tanh"], 2, "hidden layer")
    'tanh'
    """
    place = "network.activation"
    if isinstance(value, str) or not isinstance(value, Sequence):
        return activation_name(value, place)
    names = tuple(activation_name(name, f"{place}[{i}]") for i, name in enumerate(value))
    if len(names) != count:
        raise InputError(
            f"{place} must be one name, or one for each {what}, of which there "
            f"{'is' if count == 1 else 'are'} {count}, not {len(names)} names"
        )
    return names[0] if len(set(names)) == 1 else names
