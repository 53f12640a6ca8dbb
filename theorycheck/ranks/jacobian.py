"""Jacobians of linear networks modulo a prime, column by column on demand.

A weight w[i, j] acts on the outputs through everything behind unit i (the rows of `behind`) and
through the activation of unit j: dY/dw[i, j] = behind[:, i] (x) activation[j, :], summed over all
places where it acts. Equation (o, s) has number o * samples + s; where every step is read, equation
(t, o, s), t = 0 for y_1, has number (t * outputs + o) * samples + s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import dot, reduce
from ..problem.allocation import Allocation
from ..problem.networks.base import Network
from ..problem.networks.unrolled import Derivatives, Level, as_matrix, ends_of
from .point import Point

# Unreduced products of balanced residues that float64 adds exactly, with room for the first term.
_EXACT_TERMS = 500
_ENTRIES_AT_ONCE = 2**22
_COLUMNS = "the columns of a Jacobian"


@dataclass(frozen=True)
class Directions:
    """Matrices of rank one in which a weight moves: left[:, rows[k]] right[:, columns[k]]^T.

    `left` has a row for each unit that the weight feeds, `right` for each that it reads; both hold
    balanced residues.
    """

    left: Array
    right: Array
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def transposed(self) -> Directions:
        """The transposes of these matrices."""
        return Directions(self.right, self.left, self.columns, self.rows)


class Jacobian:
    """Columns dY/dw of a linear network at a point.

    `n_equations` is outputs x effective samples, times steps where every step is read. Raises
    `OutOfTimeError` after the deadline.
    """

    def __init__(
        self, network: Network, point: Point, xp: ModuleType, deadline: Deadline = NEVER
    ) -> None:
        assert network.is_linear, "draw_point refuses other networks"
        self._xp, self._prime, self._deadline = xp, point.prime, deadline
        self._samples = point.inputs.shape[-1]
        weights = {name: as_matrix(weight) for name, weight in point.weights.items()}

        def ahead(_: Level, terms: list[tuple[str, Array]]) -> Array:
            return dot(((weights[name], value) for name, value in terms), point.prime)

        def back(_: Level, terms: list[tuple[str, Array]]) -> Array:
            return dot(((value, weights[name]) for name, value in terms), point.prime)

        self._unrolled = network.unrolled
        self._derivatives = Derivatives(
            self._unrolled,
            self._unrolled.split(point.inputs.reshape(-1, self._samples)),
            ahead=ahead,
            unit=lambda level: xp.eye(level.size),
            back=back,
            deadline=deadline,
        )
        self.n_equations = network.outputs * len(self._unrolled.read) * self._samples

    def columns(self, name: str, entries: NDArray[np.int64]) -> Array:
        """The columns of weights `name`[entries], shape (n_equations, len(entries)), reduced.

        `entries` has one row (i, j) per weight, (i,) for a bias.
        """
        rows, sources = (self._xp.asarray(ends) for ends in ends_of(entries))
        return self._columns(name, rows, sources)

    def directions(self, name: str, directions: Directions) -> Array:
        """The derivatives of the outputs as the weight `name` moves in these directions."""
        rows, sources = self._xp.asarray(directions.rows), self._xp.asarray(directions.columns)
        return self._columns(name, rows, sources, directions)

    def _columns(
        self, name: str, rows: Array, sources: Array, directions: Directions | None = None
    ) -> Array:
        self._deadline.check(_COLUMNS)
        reads = self._unrolled.read
        blocks = [self._block(read, name, rows, sources, directions) for read in reads]
        return self._xp.concatenate(blocks) if len(blocks) > 1 else blocks[0]

    def _block(
        self, read: int, name: str, rows: Array, sources: Array, directions: Directions | None
    ) -> Array:
        """The derivatives of one level that is read, shape (outputs x samples, entries)."""
        total = None
        pairs = self._derivatives.acting(name, read)
        for number, (behind, before) in enumerate(pairs, start=1):
            self._deadline.check(_COLUMNS)
            if directions is not None:
                behind = dot([(behind, self._xp.asarray(directions.left))], self._prime)
                before = dot([(self._xp.asarray(directions.right.T), before)], self._prime)
            part = behind[:, rows][:, None, :] * before[sources].T[None, :, :]
            total = part if total is None else total + part
            if number % _EXACT_TERMS == 0:
                total = reduce(total, self._prime)
        shape = self._unrolled.levels[read].size * self._samples, len(rows)
        if total is None:
            return self._xp.zeros(shape)
        return reduce(total.reshape(shape), self._prime)


def entries(
    allocation: Allocation, which: str, chunk: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield (name, indices) of the set entries of the `which` masks, at most `chunk` at a time.

    The order (weight by weight, row-major) numbers the columns of a Jacobian.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]})
    >>> [(name, block.tolist()) for name, block in entries(allocation, "learnable", 10)]
    [('W1', [[0, 1]])]
    """
    for name, mask in allocation.masks(which):
        if which == "learnable" and name not in allocation.counts:
            continue
        # Bounded pieces: a fully present weight may have far more entries than memory holds.
        rows_at_once = max(_ENTRIES_AT_ONCE // mask[0].size, 1)
        for start in range(0, len(mask), rows_at_once):
            block = np.argwhere(mask[start : start + rows_at_once])
            block[:, 0] += start
            for first in range(0, len(block), chunk):
                yield name, block[first : first + chunk]
