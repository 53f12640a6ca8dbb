"""Real roots t of det(A + t B), for batches of pairs of small matrices.

With B = U V^T they are t = -1 / lambda, lambda an eigenvalue of V^T A^-1 U. Rounding errors
move eigenvalues by a bounded distance (Elsner; Bauer and Fike): those that cannot reach the real
axis are not real, and a real one that is alone in its disc stays real. Coefficients of the
characteristic polynomial at rounding level count as 0, as small singular values do for ranks: that
many roots are at infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from ...computing.arrays import Array
from ..batched_linalg import WIDE

_GATE = 1e-7  # of the smallest singular value of A


@dataclass(frozen=True)
class Roots:
    """Real candidates a (batch, roots), with the disc of 1 / (shift - a) around `inverse`.

    `is_lost`: something is unclear.
    """

    is_lost: Array
    is_real: Array
    inverse: Array
    disc: Array
    radius: Array
    shift: float


def real_roots(first: Array, second: Array, noise: float, shift: float) -> Roots:
    """The real roots of det(first + t second), t = a - shift."""
    batch, size, _ = first.shape
    left, gains, right = np.linalg.svd(second)
    smallest = np.linalg.svd(first, compute_uv=False)[:, -1]
    ranks = (gains > noise * np.maximum(gains[:, :1], 1)).sum(axis=1)
    shape = (batch, size)
    is_lost, is_real = ~(smallest > _GATE), np.zeros(shape, dtype=bool)
    inverse, disc, radius = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for rank in np.unique(ranks[~is_lost]):
        group = np.flatnonzero(~is_lost & (ranks == rank))
        if not rank:
            continue
        up = left[group, :, :rank] * gains[group, None, :rank]
        solved = np.linalg.solve(first[group], up)
        small = right[group, :rank] @ solved
        within = noise * size / smallest[group]
        error = within * (1 + np.linalg.norm(up, axis=(1, 2)) + np.linalg.norm(solved, axis=(1, 2)))
        error = error + noise * np.linalg.norm(small, axis=(1, 2))
        degrees, reduced = _reduced(small, error)
        found, far, _ = _eigenvalues(small, error)
        degrees[(8 * far < abs(found)).all(axis=1)] = rank
        is_lost[group[degrees < 0]] = True
        for degree in np.unique(degrees[degrees > 0]):
            part = np.flatnonzero(degrees == degree)
            places = group[part]
            matrices, errors = (small, error) if degree == rank else reduced[degree]
            found, far, gap = _eigenvalues(matrices[part], errors[part])
            maybe = abs(found.imag) <= far
            is_single = (found.imag == 0) & (8 * far < gap)
            is_lost[places] = (maybe & ~is_single).any(axis=1)
            is_real[places, :degree] = maybe & is_single
            inverse[places, :degree], disc[places, :degree] = found.real, gap / 4
            radius[places, :degree] = far
    return Roots(is_lost, is_real, inverse, disc, radius, shift)


def _eigenvalues(matrices: Array, error: Array) -> tuple[NDArray[np.complex128], Array, Array]:
    """Eigenvalues, how far an error of this norm moves them, and to the next one or to 0."""
    size = matrices.shape[1]
    found, vectors = np.linalg.eig(matrices)
    scale = 2 * np.linalg.norm(matrices, axis=(1, 2)) + error
    elsner = scale ** (1 - 1 / size) * error ** (1 / size)
    spread = np.linalg.svd(vectors, compute_uv=False)
    fike = size * error * spread[:, 0] / np.maximum(spread[:, -1], 1e-300)
    far = np.broadcast_to(np.minimum(elsner, fike)[:, None], found.shape)
    apart = abs(found[:, :, None] - found[:, None]) + np.where(np.eye(size) > 0, np.inf, 0)
    return found.astype(complex), far, np.minimum(apart.min(axis=2), abs(found))


def _reduced(matrices: Array, error: Array) -> tuple[Array, dict[int, tuple[Array, Array]]]:
    """How many eigenvalues are not 0, -1 if that is unclear, and companion matrices of each number.

    As for ranks, coefficients of the characteristic polynomial at rounding level count as 0.
    """
    size = matrices.shape[1]
    coefficients, power = [], np.broadcast_to(np.eye(size), matrices.shape)
    errors, norm = [], np.linalg.norm(matrices, axis=(1, 2)) + error
    for k in range(1, size + 1):  # Faddeev and LeVerrier
        product = matrices @ power
        last = -np.trace(product, axis1=1, axis2=2) / k
        power = product + last[:, None, None] * np.eye(size)
        coefficients.append(last)
        errors.append(k * comb(size, k) * error * norm ** (k - 1))  # of sums of minors
    values, within = np.stack(coefficients, axis=1), np.stack(errors, axis=1)
    is_zero = abs(values) <= within
    degrees = np.where(is_zero.all(axis=1), 0, size - np.argmin(is_zero[:, ::-1], axis=1))
    top = np.maximum(degrees - 1, 0)[:, None]
    leads = abs(np.take_along_axis(values, top, axis=1))[:, 0]
    is_clear = leads > WIDE * np.take_along_axis(within, top, axis=1)[:, 0]
    companions = {}
    for degree in range(1, size):
        companion = np.zeros((len(matrices), degree, degree))
        companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1.0
        companion[:, 0] = -values[:, :degree]
        companions[degree] = companion, np.linalg.norm(within[:, :degree], axis=1)
    return np.where((degrees == 0) | is_clear, degrees, -1), companions
