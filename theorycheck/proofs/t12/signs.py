"""Checks of (c'') and (d) of T12: signs out of reach, and targets reached from the outputs back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from .small import SIGMA, Bools, Floats, hidden, masks, outputs, with_constant

_INVERSE = {"cube": np.cbrt, "leaky": lambda h: np.where(h > 0, h, 100 * h), "tanh": np.arctanh}
_ONTO = {"cube": SIGMA["cube"], "leaky": lambda z: np.maximum(z, z / 100), "tanh": np.tanh}


def never_all_signs(names: tuple[str, ...]) -> Iterator[str | None]:
    """(c''): F of two columns, c and three samples or more: no w gives the signs of lambda."""
    rng = np.random.default_rng(12)
    for name in names:
        for m in (3, 4):
            for _ in range(10):
                fixed = rng.normal(size=(m, m - 1))  # F, and c as the last column
                orthogonal = np.linalg.svd(fixed)[0][:, -1]
                scales = 10 ** rng.uniform(-1, 2, size=(4000, 1))
                free = rng.normal(size=(4000, m - 1)) * scales
                free[:, -1] = 1
                signs = np.sign(SIGMA[name](free @ fixed.T))
                same = np.abs(signs @ np.sign(orthogonal)).max() == m
                yield f"{name}, m = {m}: all signs are met" if same else None


def backwards(claim: tuple[tuple[str, ...], int, bool]) -> Iterator[str | None]:
    """(d): weights of the first layer of 2-3-3-2 with biases, from three wanted samples.

    The claim has the activations, how many learnable inputs less than m a unit has, and whether the
    matrix behind may be any, and not only one whose rows are matched.
    """
    names, less, is_any = claim
    rng, m = np.random.default_rng(13), 3
    for name in names:
        for mask in masks(3, 3):
            if is_any or _is_matched(mask):
                first, middle = rng.normal(size=(3, 3)), rng.normal(size=(3, 4))
                middle[:, :3] *= mask
                last, x = rng.normal(size=(2, 4)), rng.normal(size=(2, m))
                gap = _gap(name, (first, middle, last), less, x, rng.normal(size=(2, m)))
                holds = gap < 1e-6
                yield None if holds else f"{name}: behind {mask.astype(int).tolist()}"


def _is_matched(mask: Bools) -> bool:
    return any(all(mask[i, j] for i, j in enumerate(order)) for order in permutations(range(3)))


def _gap(
    name: str, weights: tuple[Floats, Floats, Floats], less: int, x: Floats, wanted: Floats
) -> float:
    """How far the outputs stay from those wanted, as a share of the largest number on the way."""
    first, middle, last = (matrix.copy() for matrix in weights)
    largest, asked = 1.0, wanted
    with np.errstate(all="ignore"):
        for matrix in (last, middle):
            values = np.linalg.lstsq(matrix[:, :-1], asked - matrix[:, -1:], rcond=None)[0]
            asked = _INVERSE[name](values)
            if not np.isfinite(asked).all():
                return np.inf
            largest = max(largest, float(np.abs(asked).max()))
    read = with_constant(x)
    free, fixed = read[less:], read[:less]
    rest = asked - first[:, :less] @ fixed
    first[:, less:] = np.linalg.lstsq(free.T, rest.T, rcond=None)[0].T
    found = outputs(_ONTO[name], middle, last, hidden(_ONTO[name], first, x))
    return float(np.abs(found - wanted).max()) / largest
