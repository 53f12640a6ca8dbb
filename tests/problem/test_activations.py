"""Activations against their definitions in many digits: values, slopes, facts, oracles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

from tests.ranks.high_precision import ANALYTIC
from theorycheck.problem.networks.activations import ACTIVATIONS

DIGITS = 60


def real(name: str) -> Callable[[Any], Any]:
    """The activation by its definition, for numbers of mpmath."""
    mp = mpmath.mp
    definitions: dict[str, Callable[[Any], Any]] = {
        "linear": lambda z: z,
        "tanh": mp.tanh,
        "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
        "softplus": lambda z: mp.log(1 + mp.exp(z)),
        "silu": lambda z: z / (1 + mp.exp(-z)),
        "gelu": lambda z: z * mp.ncdf(z),
        "erf": mp.erf,
        "sin": mp.sin,
        "exp": mp.exp,
        "arctan": mp.atan,
        "square": lambda z: z**2,
        "cube": lambda z: z**3,
        "relu": lambda z: max(z, mp.mpf(0)),
        "leaky_relu": lambda z: z if z > 0 else z * mp.mpf(0.01),
        "hardtanh": lambda z: min(max(z, mp.mpf(-1)), mp.mpf(1)),
    }
    return definitions[name]


def variables(name: str) -> Callable[[Any], tuple[Any, ...]]:
    """What the free variables of the oracle stand for."""
    mp = mpmath.mp
    stand_for: dict[str, Callable[[Any], tuple[Any, ...]]] = {
        "tanh": lambda z: (mp.tanh(z),),
        "sigmoid": lambda z: (1 / (1 + mp.exp(-z)),),
        "softplus": lambda z: (mp.log(1 + mp.exp(z)), 1 / (1 + mp.exp(-z))),
        "silu": lambda z: (1 / (1 + mp.exp(-z)),),
        "gelu": lambda z: (mp.ncdf(z), mp.npdf(z)),
        "erf": lambda z: (mp.erf(z), 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
        "sin": lambda z: (mp.tan(z / 2),),
        "exp": lambda z: (mp.exp(z),),
        "arctan": lambda z: (mp.atan(z),),
    }
    return stand_for.get(name, lambda z: ())


POINTS = (-3.5, -1.25, -0.75, -0.3, 0.01, 0.4, 0.9, 1.7, 2.875)
GRID = np.arange(-320, 321) / 40


def close(found: Any, wanted: Any, digits: int) -> bool:
    return abs(found - wanted) <= mpmath.mpf(10) ** -digits * (1 + abs(wanted))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_slopes_are_those_of_the_definition(name: str):
    row = ACTIVATIONS[name]
    x = np.array(POINTS)
    values, slopes = row.value(x, np), row.slope(x, np)
    assert values.shape == slopes.shape == x.shape
    with mpmath.workdps(DIGITS):
        for point, value, slope in zip(POINTS, values, slopes, strict=True):
            assert close(value, real(name)(mpmath.mpf(point)), 14)
            assert close(slope, mpmath.diff(real(name), mpmath.mpf(point)), 14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_facts_are_true(name: str):
    row, sigma = ACTIVATIONS[name], real(name)
    with mpmath.workdps(DIGITS):
        values = [sigma(mpmath.mpf(float(x))) for x in GRID]
        pairs = list(zip(GRID, values, strict=True))
        odd = all(abs(a + b) < 1e-50 for a, b in zip(values, reversed(values), strict=True))
        assert row.is_odd == odd
        assert row.is_increasing == all(a < b for a, b in pairwise(values))
        assert row.keeps_sign == all(np.sign(float(x)) == mpmath.sign(v) for x, v in pairs)
        far = [sigma(mpmath.mpf(x)) for x in (-1e6, 1e6)] + values
        for bound, extreme in ((row.lower, min(far)), (-row.upper, min(-value for value in far))):
            if math.isfinite(bound):
                assert bound - 1e-15 <= extreme < bound + 2e-4
            else:
                assert extreme < -11
    assert row.is_bounded == (max(map(abs, far)) < 2)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_at_zero_are_true_and_none_where_they_are_not_rational(name: str):
    row = ACTIVATIONS[name]
    known = {"softplus": ("value", mpmath.log(2)), "erf": ("slope", 2 / mpmath.sqrt(mpmath.pi))}
    for what, stated, function in zip(
        ("value", "slope"), row.at_zero, (real(name), lambda z: mpmath.diff(real(name), z)),
        strict=True,
    ):  # fmt: skip
        if stated is None:  # the ones that are known to be transcendental, or no derivative at all
            side = [float(row.slope(np.array([x]), np)[0]) for x in (-0.5, 0.5)]
            if row.is_analytic:
                assert known[name][0] == what
                assert close(function(mpmath.mpf(0)), known[name][1], 12)
            else:
                assert side[0] != side[1]
        else:
            assert close(function(mpmath.mpf(0)), mpmath.mpf(stated), 12)
            assert Fraction(stated).denominator in (1, 2, 4)


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_oracle_says_what_is_true_of_true_values(name: str):
    row = ACTIVATIONS[name]
    with mpmath.workdps(DIGITS):
        for point in map(mpmath.mpf, POINTS):
            own = variables(name)(point)
            assert len(own) == row.n_variables
            value, slope = row.oracle(point, *own)  # type: ignore[misc]
            assert close(value, real(name)(point), DIGITS - 5)
            assert close(slope, mpmath.diff(real(name), point), DIGITS // 2 - 5)
            reflected = row.reflected(point, *own)
            assert len(reflected) == row.n_variables
            for found, wanted in zip(reflected, variables(name)(-point), strict=True):
                assert close(found, wanted, DIGITS - 5)


WRONG_ROWS = {
    "slope of tanh 1 - a": ("tanh", {"oracle": lambda z, a: (a, 1 - a)}),
    "sigmoid reflected as if odd": ("sigmoid", {"reflected": lambda z, a: (-a,)}),
    "softplus reflected without z": ("softplus", {"reflected": lambda z, a, s: (a, 1 - s)}),
    "slope of SiLU without z": ("silu", {"oracle": lambda z, s: (z * s, s + s - s * s)}),
    "density of GELU reflected as odd": ("gelu", {"reflected": lambda z, f, g: (1 - f, -g)}),
    "slope of arctan 1 - z^2": ("arctan", {"oracle": lambda z, a: (a, 1 - z * z)}),
    "exp reflected as if odd": ("exp", {"reflected": lambda z, a: (-a,)}),
}


@pytest.mark.parametrize("what", WRONG_ROWS)
def test_a_wrong_oracle_is_not_true_of_true_values(what: str, monkeypatch: pytest.MonkeyPatch):
    name, changes = WRONG_ROWS[what]
    monkeypatch.setitem(ACTIVATIONS, name, replace(ACTIVATIONS[name], **changes))
    with pytest.raises(AssertionError):
        test_the_oracle_says_what_is_true_of_true_values(name)
