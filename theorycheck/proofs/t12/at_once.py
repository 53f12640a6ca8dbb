"""Checks of (f#) of T12: outputs that are solved at once, and the bias among the features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from .small import SIGMA, TURNING, Floats, Sigma

_FAR = 1e5  # of w
_ENDS = 400.0  # of w, where logarithms of what is left tell the signs


class Solved(NamedTuple):
    """Activations, whether units have a frozen part, and how many samples are too many."""

    names: tuple[str, ...] = TURNING
    frozen: bool = True
    more: int = 0


def at_once(claim: Solved) -> Iterator[str | None]:
    """delta = 1: for each of two units a weight is found at which its values are in L.

    Then the units and G span L, and readout weights give both targets. The last units read two
    inputs or, in networks of two layers, two units; one has a learnable weight for each.
    """
    rng = np.random.default_rng(14)
    for name in claim.names:
        sigma = SIGMA[name]
        for layers in (1, 2) if name in ("tanh", "arctan") else (1,):
            for g in (0, 1, 2):
                for _ in range(8):
                    m = 3 + g
                    read = _apart(rng, m + claim.more)
                    if layers == 2:
                        read = sigma(read @ rng.normal(size=(2, 2)) / 2)
                    others = sigma(read @ rng.normal(size=(2, g)))
                    wanted = rng.normal(size=(m + claim.more, 2))
                    text = f"{name}, {layers} layers, g = {g}"
                    yield _left(sigma, claim, read, others, wanted, text, rng)


def _apart(rng: np.random.Generator, m: int) -> Floats:
    """Two inputs of samples that are apart from each other: (samples, inputs)."""
    apart = [rng.permutation(m) + rng.uniform(-0.4, 0.4, m) - (m - 1) / 2 for _ in range(2)]
    return np.stack(apart, axis=1)


def _left(
    sigma: Sigma,
    claim: Solved,
    read: Floats,
    others: Floats,
    wanted: Floats,
    text: str,
    rng: np.random.Generator,
) -> str | None:
    """What readout weights leave of the targets, for some of the zeros."""
    space = np.hstack([others, wanted])
    normal = np.linalg.svd(space)[0][:, space.shape[1]]
    zeros = []
    for unit in (0, 1):
        frozen = read[:, 1 - unit] * rng.normal() * claim.frozen
        zeros.append(_zeros(sigma, read[:, unit], frozen, normal))
    left = [
        _rest(np.hstack([others, np.stack([first, second], axis=1)]), wanted)
        for first in zeros[0]
        for second in zeros[1]
    ]
    return None if left and min(left) < 1e-5 else f"{text}: {min(left, default=np.inf):.2g} left"


def _zeros(sigma: Sigma, slope: Floats, frozen: Floats, normal: Floats) -> list[Floats]:
    """Values sigma(w slope + frozen) that are orthogonal to `normal`, up to four."""

    def across(w: Floats) -> Floats:
        return sigma(np.multiply.outer(w, slope) + frozen) @ normal

    grid = np.sinh(np.linspace(-np.arcsinh(_FAR), np.arcsinh(_FAR), 40_000))
    sides = across(grid) > 0
    changes = np.flatnonzero(sides[1:] != sides[:-1])
    found = []
    for number in changes[:4]:
        low, high = grid[number], grid[number + 1]
        for _ in range(100):
            middle = (low + high) / 2
            same = bool(across(np.array(middle)) > 0) == bool(sides[number])
            low, high = (middle, high) if same else (low, middle)
        found.append(sigma(low * slope + frozen))
    return found


def _rest(columns: Floats, wanted: Floats) -> float:
    fitted = columns @ np.linalg.lstsq(columns, wanted, rcond=1e-12)[0]
    return float(np.abs(wanted - fitted).max())


def at_the_ends(constant: bool) -> Iterator[str | None]:
    """delta = 1, 1 in G: the values, less what is in L, at w and -w for a large w.

    The claim says whether the learnable input is the constant. Where sigma has one sign on all
    samples its distance from 1 is told by logarithms.
    """
    rng = np.random.default_rng(15)
    for name in TURNING:
        for g in (1, 2):
            for _ in range(25):
                m = 2 + g
                x = _apart(rng, m) + (m if rng.integers(2) else 0)  # of one sign, or of both
                slope = np.ones(m) if constant else x[:, 0]
                others = SIGMA[name](x @ rng.normal(size=(2, g - 1)))
                space = np.hstack([np.ones((m, 1)), others, rng.normal(size=(m, 1))])
                normal = np.linalg.svd(space)[0][:, m - 1]
                ends = [_side(name, w * slope + 2 * x[:, 1], normal) for w in (-_ENDS, _ENDS)]
                holds = ends[0] * ends[1] < 0
                yield None if holds else f"{name}, g = {g}: the same sign at both ends"


def _side(name: str, z: Floats, normal: Floats) -> float:
    """The sign of sigma(z) times a vector that is orthogonal to 1."""
    logs = {
        "tanh": lambda a: -np.logaddexp(0, 2 * a),
        "erf": lambda a: log_ndtr(-np.sqrt(2) * a),
        "arctan": lambda a: np.log(np.arctan2(1, a)),
    }
    if (z > 0).all() or (z < 0).all():
        distances = logs[name](np.abs(z))
        return float(-np.sign(z[0]) * np.sign(np.exp(distances - distances.max()) @ normal))
    return float(np.sign(SIGMA[name](z) @ normal))
