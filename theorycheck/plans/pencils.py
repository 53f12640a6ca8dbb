"""T14 with the data of a draw: the point at infinity, and from there to a match (L2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .algebra import Algebra, Matrix, Reals
from .infinity import derivatives, unknowns_of
from .levels import Built, Levels, construct
from .pairs import Data, Pair

_SCALES = tuple(10.0**-k for k in (1, 1.5, 2, 2.5, 3, 4, 5))
_STEPS = 30
_CLOSE = 1e-11
_TRIES = 8


def solve_pair(
    pair: Pair,
    levels: Levels,
    first: Matrix,
    second: Matrix,
    samples: Matrix,
    ways: Matrix,
    target: Matrix,
    algebra: Algebra,
    rng: np.random.Generator,
    move: float = 0.0,
) -> tuple[Matrix, Matrix] | None:
    """`first` (n, q) and `second` (p, n) with learnables that match, or None.

    `ways` second first `samples` = `target`, with `samples` (q, columns), `ways` (rows, p): all as
    the pair has it, so transposed for its axis `rows`. In floats a match is moved at random among
    all others, about as far as `move`, a share of the learnables.
    """
    lines = list(pair.lines)
    others = [j for j in range(len(samples)) if j not in pair.lines]
    square = samples[lines]
    known = _times_inverse(algebra, np.concatenate([samples[others], target]), square)
    if known is None:
        return None
    shift = algebra.product(first[:, others], known[: len(others)])
    inner = algebra.reduced(first[:, lines] + shift)
    data = Data(ways, second, inner, known[len(others) :], ways[:0])
    for _ in range(_TRIES):
        start = _started(pair, data, algebra, rng)
        built = construct(pair, levels, start, algebra)
        if built is None:
            continue
        if not levels.is_finite:
            built = _followed(pair, levels, start, built, algebra)
        if built is not None and move and isinstance(algebra, Reals):
            built = _moved(pair, start, built, move, algebra, rng)
        if built is not None:
            result = first.copy()
            result[:, lines] = np.where(
                pair.inner, algebra.reduced(built.inner - shift), first[:, lines]
            )
            return result, built.outer
    return None


def _times_inverse(algebra: Algebra, matrix: Matrix, square: Matrix) -> Matrix | None:
    """matrix square^-1."""
    zero = algebra.array(np.zeros(len(square), dtype=int))
    rows = [algebra.solve(square.T, row, zero).values for row in matrix]
    return None if any(row is None for row in rows) else np.array(rows)


def _started(pair: Pair, data: Data, algebra: Algebra, rng: np.random.Generator) -> Data:
    """The data with learnables that start at random, and functionals."""

    return replace(
        data,
        outer=np.where(pair.outer, algebra.draw(rng, pair.outer.shape), data.outer),
        inner=np.where(pair.inner, algebra.draw(rng, pair.inner.shape), data.inner),
        extra=algebra.draw(rng, (pair.rows, pair.rows)),
    )


def _followed(
    pair: Pair, levels: Levels, data: Data, built: Built, algebra: Algebra
) -> Built | None:
    """The match to which Newton steps lead from infinite columns 1/s times those of `built`."""
    if not isinstance(algebra, Reals):
        return None
    infinite = np.array([level is None for level in levels.columns])
    best, least = None, np.inf
    for scale in _SCALES:
        factors = np.where(infinite, scale, 1.0)
        near = _newton(pair, data, built, np.where(pair.inner, built.inner, data.inner * factors),
                       data.target * factors, algebra)  # fmt: skip
        if near is None:
            continue
        inner = np.where(pair.inner, near.inner / factors, data.inner)
        error = np.abs(data.through @ near.outer @ inner - data.target).max()
        if error < least:
            best, least = Built(near.outer, data.through @ near.outer, inner), error
        if error < _CLOSE * np.abs(data.target).max():
            break
    return best if least < 1e-6 * np.abs(data.target).max() else None


def _moved(
    pair: Pair, data: Data, built: Built, move: float, algebra: Algebra, rng: np.random.Generator
) -> Built | None:
    """Another match near one: the Jacobian being onto, these are a manifold."""
    outer, inner = (
        np.where(mask, values * (1 + move * rng.normal(size=values.shape)), values)
        for mask, values in ((pair.outer, built.outer), (pair.inner, built.inner))
    )
    near = Built(outer, data.through @ outer, inner)
    found = _newton(pair, data, near, inner, data.target, algebra)
    if found is None:
        return None
    error = np.abs(found.through @ found.inner - data.target).max()
    return found if error < 1e-9 * np.abs(data.target).max() else None


def _newton(
    pair: Pair, data: Data, built: Built, inner: Matrix, target: Matrix, algebra: Algebra
) -> Built | None:
    """A solution of P outer inner = target near a point, all learnables being unknowns."""
    places = unknowns_of(pair)
    outer, inner = built.outer.copy(), inner.copy()
    for _ in range(_STEPS):
        at = Built(outer, data.through @ outer, inner)
        rest = target - at.through @ inner
        size = np.abs(rest).max()
        if not np.isfinite(size) or size > 1e8:
            return None
        if size < 1e-15:
            break
        matrix = derivatives(pair, data, at, algebra)
        change = np.linalg.lstsq(matrix, rest.ravel(), rcond=1e-13)[0]
        outer[tuple(places[0].T)] += change[: len(places[0])]
        inner[tuple(places[1].T)] += change[len(places[0]) :]
    return Built(outer, data.through @ outer, inner)
