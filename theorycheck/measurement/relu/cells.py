"""The activation patterns that a unit can take: cells of an arrangement of hyperplanes.

Sample j cuts the space of the unit's unknowns along the zeros of its pre-activation. Every cell of
full dimension has a vertex (a ray if there is no constant term), at which as many hyperplanes meet
as there are unknowns; around it, they can be passed to either side. So the signs of the others at
all vertices, with all choices for those that meet, are all patterns. Points on a hyperplane belong
to cells on both sides of it, so cells of full dimension are enough.

Patterns are integers, bit j for sample j; a last bit above them says that the slope is negated.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from ...computing.arrays import Array
from .units import CLEAR, Unit, UnitKind

NOTHING = 1e-13  # relative; what is smaller than this is called zero
MOST_SAMPLES = 60  # bits of a pattern


def cell_count(kind: UnitKind, samples: int) -> int:
    """How many cells a unit has on samples in general position.

    >>> cell_count(UnitKind(0, (0,), (1,), None), 3)
    4
    >>> cell_count(UnitKind(0, (0,), (1,), 0), 3)  # both signs of its slope; or it is off
    7
    """
    k = len(kind.learnable)
    if kind.is_free(samples):
        count = 2**samples
    elif kind.frozen:
        count = sum(comb(samples, i) for i in range(k + 1))
    else:
        count = 2 * sum(comb(samples - 1, i) for i in range(k))
    return count if kind.output is None else 2 * count - 1


def cells(unit: Unit) -> tuple[Array, Array]:
    """Codes (batch, cells) of the unit's cells, and for which of the batch they are all of them.

    Rows with fewer cells are filled up by repetition.
    """
    batch, samples, width = unit.generators.shape
    clear = np.ones(batch, dtype=bool)
    if unit.is_central and width == samples:
        codes = np.broadcast_to(np.arange(2**samples), (batch, 2**samples))
    else:
        matrices, is_affine = unit.generators, not unit.is_central
        if is_affine and not unit.has_scale:
            matrices = np.concatenate([unit.offset[:, :, None], matrices], axis=2)
        codes = _distinct(_around_vertices(matrices, is_affine, clear))
    if unit.is_signed:
        negated = np.where(codes > 0, codes | (1 << samples), 0)
        off = np.zeros((batch, 1), dtype=np.int64)
        codes = _distinct(np.concatenate([off, codes, negated], axis=1))
    return codes, clear


def _around_vertices(matrices: Array, is_affine: bool, clear: Array) -> Array:
    """Patterns around all vertices, -1 where there is no vertex; marks unclear ones of the batch.

    Rows of `matrices` are hyperplanes; affine ones have their constants in the first column.
    """
    _, samples, width = matrices.shape
    lengths = np.sqrt((matrices**2).sum(axis=2, keepdims=True))
    clear &= (lengths > 0).all(axis=(1, 2))
    matrices = matrices / np.where(lengths > 0, lengths, 1)
    found = []
    for meeting in combinations(range(samples), width - 1):
        ray, is_vertex = _rays(matrices[:, list(meeting)], clear)
        if is_affine:
            height = ray[:, 0]
            is_vertex &= abs(height) > NOTHING
            clear &= ~is_vertex | (abs(height) > CLEAR)
            ray = ray * np.copysign(1, height)[:, None]
        values = np.einsum("bij,bj->bi", matrices, ray)
        others = np.ones(samples, dtype=bool)
        others[list(meeting)] = False
        clear &= ~is_vertex | (abs(values[:, others]) > CLEAR).all(axis=1)
        bits = np.where(others, 1 << np.arange(samples), 0)
        sides = [((values > 0) * bits).sum(axis=1)]
        if not is_affine:  # the opposite ray
            sides.append(bits.sum() - sides[0])
        flips = np.zeros(1, dtype=np.int64)
        for j in meeting:
            flips = np.concatenate([flips, flips | (1 << j)])
        for side in sides:
            found.append(np.where(is_vertex[:, None], side[:, None] | flips, -1))
    return np.concatenate(found, axis=1)


def _rays(rows: Array, clear: Array) -> tuple[Array, Array]:
    """Unit vectors orthogonal to rows (batch, k - 1, k), and where there is just one direction."""
    batch, count, width = rows.shape
    if count == 0:
        return np.ones((batch, width)), np.ones(batch, dtype=bool)
    _, values, right = np.linalg.svd(rows)
    is_vertex = values[:, -1] > NOTHING
    clear &= ~is_vertex | (values[:, -1] > CLEAR)
    return right[:, -1], is_vertex


def _distinct(codes: Array) -> Array:
    """The distinct codes >= 0 of each row, filled up by repetition; 0 where there is none."""
    codes = np.sort(codes, axis=1)
    is_new = codes >= 0
    is_new[:, 1:] &= codes[:, 1:] != codes[:, :-1]
    places = np.cumsum(is_new, axis=1) - 1
    width = max(places[:, -1].max() + 1, 1)
    result = np.broadcast_to(np.maximum(codes[:, -1:], 0), (len(codes), width))
    result = result.copy()
    rows, columns = np.nonzero(is_new)
    result[rows, places[rows, columns]] = codes[rows, columns]
    return result
