"""Checks of (f*) of T12: a unit that turns through all directions, modulo what others give.

F are the learnable inputs of the unit on m samples, c its frozen part, G the values of g other
units; modulo the span of G the unit's values sigma(F w + c) lie in R^(delta + 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .small import SIGMA, TURNING, Floats, Sigma

_FAR = 1e7  # of |w|: here every value is next to its limit


class Turning(NamedTuple):
    """What is drawn: activations, parts that are there, and what G has besides its g units."""

    names: tuple[str, ...] = TURNING
    frozen: bool = True
    constant: bool = False


class Drawn(NamedTuple):
    """F, c and the rows of a projection whose kernel is the span of G."""

    learnable: Floats
    frozen: Floats
    modulo: Floats


def _drawn(claim: Turning, name: str, g: int, delta: int, rng: np.random.Generator) -> Drawn:
    """m = delta + 1 + g samples of delta inputs and one more that is frozen, or the frozen bias."""
    m = delta + 1 + g
    # Samples apart from each other: where two nearly agree, values pass 0 closely.
    apart = [rng.permutation(m) + rng.uniform(-0.4, 0.4, m) for _ in range(delta)]
    x = np.stack(apart, axis=1) / 2 - (m - 1) / 4
    by_bias = claim.constant or bool(rng.integers(2))
    rest = np.ones((m, 1)) if by_bias else rng.normal(size=(m, 1))
    read = np.hstack([x, rest])
    others = SIGMA[name](read @ rng.normal(size=(delta + 1, g)))
    if claim.constant:  # in place of one of the units
        others[:, 0] = 1
    frozen = rest[:, 0] * rng.normal() * claim.frozen
    modulo = np.linalg.svd(others)[0][:, g:].T if g else np.eye(m)
    return Drawn(x, frozen, modulo)


def half_turns(claim: Turning) -> Iterator[str | None]:
    """delta = 1: from one end of the collar to the other it is an odd number of half turns.

    And never through 0: the angle between neighbours on a fine grid is small.
    """
    rng = np.random.default_rng(5)
    for name in claim.names:
        for g in range(int(claim.constant), 4):
            for _ in range(25):
                drawn = _drawn(claim, name, g, 1, rng)
                turns = _half_turns(SIGMA[name], drawn)
                holds = turns is not None and turns % 2 == 1
                found = "it meets 0" if turns is None else f"{turns} half turns"
                yield None if holds else f"{name}, g = {g}: {found}"


def _half_turns(sigma: Sigma, drawn: Drawn) -> int | None:
    """Half turns along the collar, all w, and the collar; None where it meets 0.

    Where it turns much between neighbours on the grid, the grid is made finer.
    """
    places = np.linspace(-1, 1, 20_001)
    for _ in range(6):
        curve = _curve(sigma, drawn, places)
        angles = np.arctan2(curve[:, 1], curve[:, 0])
        steps = (np.diff(angles) + np.pi) % (2 * np.pi) - np.pi
        wide = np.flatnonzero(np.abs(steps) > 1)
        if np.linalg.norm(curve, axis=1).min() < 1e-12:
            return None
        if not len(wide):
            turns = steps.sum() / np.pi
            return round(turns) if abs(turns - round(turns)) < 1e-3 else None
        finer = [np.linspace(places[k], places[k + 1], 202)[1:-1] for k in wide]
        places = np.sort(np.concatenate([places, *finer]))
    return None


def _curve(sigma: Sigma, drawn: Drawn, places: Floats) -> Floats:
    """The glued map at places from -1 to 1: the first and last hundredth are the collar."""
    inside = np.clip(places / 0.99, -1, 1)
    at = np.outer(np.sinh(inside * np.arcsinh(_FAR)), drawn.learnable[:, 0])
    s = 0.5 * np.maximum(np.abs(places) - 0.99, 0)[:, None] / 0.01
    values = (1 - s) * sigma(at + drawn.frozen) + s * sigma(at - drawn.frozen)
    return values @ drawn.modulo.T


def degrees(claim: Turning) -> Iterator[str | None]:
    """delta = 2: the glued map of the sphere has an odd degree, by the solid angles it covers."""
    rng = np.random.default_rng(6)
    for name in claim.names:
        for g in range(int(claim.constant), 2):
            for _ in range(3):
                drawn = _drawn(claim, name, g, 2, rng)
                degree = _degree(SIGMA[name], drawn)
                holds = abs(abs(degree) % 2 - 1) < 1e-2
                yield None if holds else f"{name}, g = {g}: degree {degree:.3f}"


def _degree(sigma: Sigma, drawn: Drawn) -> float:
    """That of the map glued to its negative: the solid angle of one half, over 2 pi; 0 at 0."""
    radii = np.sinh(np.linspace(0, np.arcsinh(1e4), 400))
    around = np.linspace(0, 2 * np.pi, 721)
    circle = np.stack([np.cos(around), np.sin(around)])
    circle[:, -1] = circle[:, 0]
    at = np.einsum("r,da,md->ram", radii, circle, drawn.learnable)
    inner = sigma(at + drawn.frozen)
    s = np.linspace(0, 0.5, 30)[1:, None, None]
    collar = (1 - s) * sigma(at[-1] + drawn.frozen) + s * sigma(at[-1] - drawn.frozen)
    points = np.concatenate([inner, collar]) @ drawn.modulo.T
    lengths = np.linalg.norm(points, axis=-1, keepdims=True)
    if lengths.min() < 1e-12:
        return 0.0
    points /= lengths
    a, b, c, d = points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]
    total = _solid_angles(a, b, c) + _solid_angles(a, c, d)
    return float(total / (2 * np.pi))


def _solid_angles(a: Floats, b: Floats, c: Floats) -> float:
    """The signed solid angles of triangles of unit vectors, added up."""
    volume = np.einsum("...i,...i", a, np.cross(b, c))
    ab, bc, ca = (np.einsum("...i,...i", *pair) for pair in ((a, b), (b, c), (c, a)))
    return float(2 * np.arctan2(volume, 1 + ab + bc + ca).sum())


def independent(claim: tuple[bool, bool]) -> Iterator[str | None]:
    """Units, the turning one at any w, and 1 are independent functions of a sample.

    The w are those at which the turning unit comes closest to another one: its learnable weights
    are the other's. The claim says whether the turning unit has a frozen part, and whether units
    that read no input may be in G.
    """
    has_frozen, may_read_nothing = claim
    rng = np.random.default_rng(7)
    for name in TURNING:
        for g in (1, 2, 3):
            for _ in range(10):
                first = rng.normal(size=(g + 1, 3))
                if may_read_nothing:
                    first[0, :2] = 0
                x = np.hstack([2 * rng.normal(size=(40, 2)), np.ones((40, 1))])
                for unit in range(g):
                    turning = first[unit].copy()
                    turning[1:] = first[-1, 1:] if has_frozen else turning[1:]
                    every = np.vstack([first[:-1], turning])
                    functions = np.hstack([SIGMA[name](x @ every.T), np.ones((40, 1))])
                    singular = np.linalg.svd(functions, compute_uv=False)
                    holds = singular[-1] > 1e-9 * singular[0]
                    yield None if holds else f"{name}, g = {g}: unit {unit} and the turning one"


def in_order(claim: bool) -> Iterator[str | None]:
    """Two outputs, one after the other, each by its unit of one learnable input; m = 2.

    The claim says whether the unit of the second output has a frozen weight into the first.
    """
    rng = np.random.default_rng(8)
    for name in TURNING:
        for _ in range(8):
            x, frozen = rng.normal(size=(2, 2)), rng.normal(size=2)
            last, wanted = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
            last[0, 1] *= claim
            values = SIGMA[name](np.array([frozen[0] + 0 * x[0], frozen[1] + 0 * x[1]]))
            for unit in (0, 1):
                rest = wanted[unit] - last[unit, 1 - unit] * values[1 - unit]
                found = towards(SIGMA[name], x[unit], frozen[unit], rest)
                if found is None:
                    yield f"{name}: no direction"
                    break
                last[unit, unit], values[unit], _ = found
            else:
                gap = np.abs(last @ values - wanted).max()
                yield None if gap < 1e-6 * (1 + np.abs(last).max()) else f"{name}: off by {gap:.3g}"


def towards(
    sigma: Sigma, slope: Floats, frozen: float | Floats, wanted: Floats
) -> tuple[float, Floats, float] | None:
    """A readout weight and values sigma(w slope + frozen), their product the two `wanted`; w."""

    def across(w: Floats) -> Floats:
        at = sigma(np.multiply.outer(w, slope) + frozen)
        return at[..., 0] * wanted[1] - at[..., 1] * wanted[0]

    grid = np.sinh(np.linspace(-np.arcsinh(_FAR), np.arcsinh(_FAR), 20_001))
    sides = across(grid) > 0
    changes = np.flatnonzero(sides[1:] != sides[:-1])
    if len(changes) % 2 == 0:
        return None
    low, high = grid[changes[0]], grid[changes[0] + 1]
    for _ in range(200):
        middle = (low + high) / 2
        same = (across(np.array(middle)) > 0) == sides[changes[0]]
        low, high = (middle, high) if same else (low, middle)
    values = sigma(low * slope + frozen)
    return float(values @ wanted / (values @ values)), values, float(low)
