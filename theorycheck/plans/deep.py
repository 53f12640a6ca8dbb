"""T16: levels of two layers after layers behind them have given all units a level.

y = C_q ... C_1 (A + U) (B + V), transposed for rows. Functionals z that annihilate finite columns
of y annihilate C_q ... C_1, too: columns of the C are solved for that. What other functionals make
of the equations is a question of T14, of as many fewer rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Mask
from .algebra import Algebra, Matrix
from .infinity import derivatives
from .levels import Built, Levels, construct
from .pairs import Data, Pair, pairs_of, random_data


@dataclass(frozen=True)
class Deep:
    """Two layers, and those behind them, from the next one outwards.

    `behind` are the masks of C_1, ..., C_q, each (rows, columns), and `bases` says how many of the
    functionals each annihilates; the first ones are those of C_q. Of the rows of `pair` so many are
    left.
    """

    pair: Pair
    behind: tuple[Mask, ...]
    bases: tuple[int, ...]

    @property
    def base(self) -> int:
        """The number of functionals that annihilate all that is behind the pair."""
        return sum(self.bases)

    @property
    def left(self) -> Pair:
        """The pair with the rows that are left."""
        return replace(self.pair, rows=self.pair.rows - self.base)

    @property
    def n_learnable(self) -> int:
        """The number of learnables."""
        return self.pair.n_learnable + sum(int(np.count_nonzero(mask)) for mask in self.behind)


@dataclass(frozen=True)
class Drawn:
    """C_1, ..., C_q, and what T14 is asked: data of the pair that is left."""

    behind: tuple[Matrix, ...]
    data: Data


@dataclass(frozen=True)
class DeepPoint:
    """A point of T16: what is behind, the two layers, and the data of what was left of them."""

    behind: tuple[Matrix, ...]
    built: Built
    data: Data


def deep_pairs(
    masks: Mapping[int, Mask],
    widths: tuple[int, ...],
    samples: int,
    deadline: Deadline = NEVER,
) -> Iterator[tuple[Pair, tuple[Mask, ...], list[tuple[int, ...]]]]:
    """Pairs with layers behind them that have learnables in every column, and bases of these.

    The largest bases come first. Raises `OutOfTimeError` after the deadline: of many layers there
    are many bases.

    >>> masks = {k: np.eye(2, dtype=bool) for k in (1, 2, 3)}
    >>> [(pair.layer, pair.axis, bases) for pair, _, bases in deep_pairs(masks, (2, 2, 2, 2), 2)]
    [(1, 'columns', [(1,)]), (2, 'rows', [(1,)])]
    """
    for pair in pairs_of(masks, widths, samples):
        behind = behind_of(pair, masks, widths, samples)
        most = [int(np.count_nonzero(mask, axis=0).min()) for mask in behind]
        choices = product(*(range(min(count + 1, pair.rows)) for count in most))
        bases = [
            choice
            for choice in deadline.watch(choices, "the bases of layers behind a pair")
            if 0 < sum(choice) < pair.rows
        ]
        if bases:
            yield pair, behind, sorted(bases, key=lambda each: (-sum(each), each))


def behind_of(
    pair: Pair, masks: Mapping[int, Mask], widths: tuple[int, ...], samples: int
) -> tuple[Mask, ...]:
    """The masks of the layers behind a pair; samples are one more, unless they can be unit ones."""

    def mask(layer: int) -> Mask:
        shape = widths[layer], widths[layer - 1]
        return masks.get(layer, np.zeros(shape, dtype=bool))

    if pair.axis == "columns":
        return tuple(mask(layer) for layer in range(pair.layer + 2, len(widths)))
    layers = [mask(layer).T for layer in range(pair.layer - 1, 0, -1)]
    if widths[0] > samples:
        layers.append(np.zeros((samples, widths[0]), dtype=bool))
    return tuple(layers)


def draw(
    deep: Deep, finite: NDArray[np.bool_], algebra: Algebra, rng: np.random.Generator, size: int
) -> Drawn | None:
    """Random data after the steps that come before T14; None if a rank is too small.

    `finite` are the columns of y that the functionals annihilate.
    """

    def drawn(*shape: int) -> Matrix:
        return algebra.array(rng.integers(1, size, shape, endpoint=True))

    rows, base = deep.pair.rows, deep.base
    target, first, others = drawn(rows, deep.pair.columns), drawn(base, rows), drawn(rows, rows)
    behind = [drawn(*mask.shape) for mask in deep.behind]
    led = lead(deep, finite, target, behind, first, others[: rows - base], algebra)
    if led is None:
        return None
    data = replace(
        random_data(deep.left, algebra, rng, size), through=led.through, target=led.target
    )
    return Drawn(led.behind, data)


@dataclass(frozen=True)
class Led:
    """C_1, ..., C_q, and what further functionals make of C_q ... C_1 and of y."""

    behind: tuple[Matrix, ...]
    through: Matrix
    target: Matrix


def lead(
    deep: Deep,
    finite: NDArray[np.bool_],
    target: Matrix,
    behind: list[Matrix],
    first: Matrix,
    others: Matrix,
    algebra: Algebra,
) -> Led | None:
    """The steps that come before T14, with y = `target`; None if a rank is too small.

    The functionals that annihilate start at the rows of `first`; `others` are the further ones.
    """
    wanted = target[:, finite].T
    zero = algebra.array(np.zeros(len(wanted), dtype=int))
    z = first.copy()
    for number, start in enumerate(first):
        found = algebra.solve(wanted, zero, start)
        if found.values is None or found.rank < len(wanted):
            return None
        z[number] = found.values
    if algebra.rank(np.concatenate([z, others])) < deep.pair.rows:
        return None
    solved = solve_behind(deep, z, behind, algebra)
    if solved is None:
        return None
    through = others
    for matrix in reversed(solved):
        through = algebra.product(through, matrix)
    return Led(tuple(solved), through, algebra.product(others, target))


def solve_behind(
    deep: Deep, z: Matrix, behind: list[Matrix], algebra: Algebra
) -> list[Matrix] | None:
    """C_1, ..., C_q that the functionals annihilate; None if a rank is too small."""
    solved, done = list(behind), 0
    ways = z
    for number in reversed(range(len(behind))):
        matrix, base = behind[number].copy(), deep.bases[number]
        own = ways[done : done + base]
        for column, mask in enumerate(deep.behind[number].T if base else ()):
            entries = np.flatnonzero(mask)
            frozen = matrix[:, column].copy()
            frozen[entries] = algebra.array(0)
            right = algebra.reduced(-algebra.product(own, frozen))
            found = algebra.solve(own[:, entries], right, matrix[entries, column])
            if found.values is None or found.rank < base:
                return None
            matrix[entries, column] = found.values
        solved[number], done = matrix, done + base
        ways = algebra.product(ways, matrix)
    return solved


def construct_deep(
    deep: Deep, levels: Levels, algebra: Algebra, rng: np.random.Generator, size: int
) -> DeepPoint | None:
    """The point at random data, if all linear systems have the ranks they must have; else None."""
    finite = np.array([level is not None for level in levels.columns])
    drawn = draw(deep, finite, algebra, rng, size)
    if drawn is None:
        return None
    built = construct(deep.left, levels, drawn.data, algebra)
    return None if built is None else DeepPoint(drawn.behind, built, drawn.data)


def jacobian(deep: Deep, point: DeepPoint, algebra: Algebra) -> Matrix:
    """The derivatives of C_q ... C_1 (A + U) (B + V) by U, V, and C_1, ..., C_q in this order.

    Learnable places of each are in the order of rows; equation (i, t) is i columns + t.
    """
    outer, inner = point.built.outer, point.built.inner
    ways = algebra.array(np.eye(deep.pair.rows, dtype=int))
    lefts = []
    for matrix in reversed(point.behind):
        lefts.append(ways)
        ways = algebra.product(ways, matrix)
    whole = Built(outer, algebra.product(ways, outer), inner)
    data = replace(point.data, through=ways)
    parts = [derivatives(deep.pair, data, whole, algebra)]
    right = algebra.product(outer, inner)
    for mask, matrix, left in zip(deep.behind, point.behind, reversed(lefts), strict=True):
        places = np.argwhere(mask)
        part = left[:, None, places[:, 0]] * right[places[:, 1]].T[None]
        parts.append(algebra.reduced(part.reshape(deep.pair.n_equations, len(places))))
        right = algebra.product(matrix, right)
    return np.concatenate(parts, axis=1)
