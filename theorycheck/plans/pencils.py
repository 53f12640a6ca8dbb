"""T14 and T16 with the data of a draw: the point at infinity, and from there to a match (L2)."""

from __future__ import annotations

import numpy as np

from .algebra import Algebra, Matrix, Reals
from .chains import Chain, followed, moved
from .deep import Deep, lead
from .levels import Levels, construct
from .pairs import Data

_TRIES = 8


def solve_pair(
    deep: Deep,
    levels: Levels,
    first: Matrix,
    second: Matrix,
    samples: Matrix,
    behind: list[Matrix],
    target: Matrix,
    algebra: Algebra,
    rng: np.random.Generator,
    move: float = 0.0,
) -> tuple[Matrix, Matrix, list[Matrix]] | None:
    """`first` (n, q), `second` (p, n) and what is `behind` them with learnables that match.

    C_q ... C_1 second first `samples` = `target`, with `samples` (q, columns): all as the pair has
    it, so transposed for its axis `rows`. In floats a match is moved at random among all others,
    about as far as `move`, a share of the learnables. None if none is found.
    """
    pair = deep.pair
    lines = list(pair.lines)
    others = [j for j in range(len(samples)) if j not in pair.lines]
    square = samples[lines]
    known = times_inverse(algebra, np.concatenate([samples[others], target]), square)
    if known is None:
        return None
    shift = algebra.product(first[:, others], known[: len(others)])
    inner = algebra.reduced(first[:, lines] + shift)
    wanted = known[len(others) :]
    chain = Chain(
        (*reversed(behind), second, inner), (*reversed(deep.behind), pair.outer, pair.inner)
    )
    infinite = np.array([level is None for level in levels.columns])
    for _ in range(_TRIES):
        built = _built(deep, levels, chain, wanted, algebra, rng)
        if built is None:
            continue
        if isinstance(algebra, Reals):
            if infinite.any():
                built = followed(built, chain.matrices[-1], wanted, infinite)
            if built is not None and move:
                built = moved(built, wanted, move, rng)
        elif infinite.any():
            return None
        if built is not None:
            *outward, second, inner = built.matrices
            result = first.copy()
            result[:, lines] = np.where(pair.inner, algebra.reduced(inner - shift), first[:, lines])
            return result, second, outward[::-1]
    return None


def times_inverse(algebra: Algebra, matrix: Matrix, square: Matrix) -> Matrix | None:
    """matrix square^-1, None if there is none."""
    zero = algebra.array(np.zeros(len(square), dtype=int))
    rows = [algebra.solve(square.T, row, zero).values for row in matrix]
    return None if any(row is None for row in rows) else np.array(rows)


def _built(
    deep: Deep,
    levels: Levels,
    chain: Chain,
    target: Matrix,
    algebra: Algebra,
    rng: np.random.Generator,
) -> Chain | None:
    """A point that meets all finite columns, infinite ones being 0 there.

    Learnables start at random. Functionals are all unit vectors where none has to annihilate what
    is behind (T14).
    """
    started = [
        np.where(mask, algebra.draw(rng, mask.shape), matrix)
        for mask, matrix in zip(chain.masks, chain.matrices, strict=True)
    ]
    *outward, outer, inner = started
    rows, base = deep.pair.rows, deep.base
    first = algebra.draw(rng, (base, rows))
    further = (
        algebra.draw(rng, (rows - base, rows)) if base else algebra.array(np.eye(rows, dtype=int))
    )
    finite = np.array([level is not None for level in levels.columns])
    led = lead(deep, finite, target, outward[::-1], first, further, algebra)
    if led is None:
        return None
    extra = algebra.draw(rng, (rows - base, rows - base))
    values = algebra.draw(rng, (rows - base, deep.pair.units))
    data = Data(led.through, outer, inner, led.target, extra, values)
    built = construct(deep.left, levels, data, algebra)
    if built is None:
        return None
    return Chain((*reversed(led.behind), built.outer, built.inner), chain.masks)
