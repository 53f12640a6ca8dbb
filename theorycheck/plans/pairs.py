"""Two adjacent layers whose other layers are frozen: y = P (A + U) (B + V), and its transpose.

U and V are the learnables, A and B what is drawn (also in their places, where it does not matter);
P is generic, or the identity, and so are samples and y, since no layer is a bottleneck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..problem.allocation import Mask
from .algebra import Algebra, Matrix

Counts: TypeAlias = NDArray[np.int64]
AXES = ("columns", "rows")


@dataclass(frozen=True)
class Pair:
    """Layers `layer` and `layer` + 1 by columns, or transposed: then outputs are columns, too.

    `outer` (p, n) is the mask of U and `inner` (n, q) that of V, on the `lines` chosen of the
    layer of V, one for each column of y, which has `rows` rows. `is_read` tells whether P is the
    identity.
    """

    layer: int
    axis: str
    lines: tuple[int, ...]
    outer: Mask
    inner: Mask
    rows: int

    @property
    def columns(self) -> int:
        """The number of columns of y."""
        return len(self.lines)

    @property
    def units(self) -> int:
        """The number of units between the two layers."""
        return len(self.inner)

    @property
    def n_learnable(self) -> int:
        """The number of learnables of U and of V."""
        return int(np.count_nonzero(self.outer) + np.count_nonzero(self.inner))

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from other pairs: two with the same key are solved in the same way."""
        shapes = self.rows, self.outer.shape, self.inner.shape
        return (*shapes, self.outer.tobytes(), self.inner.tobytes())

    @property
    def n_equations(self) -> int:
        """The number of equations."""
        return self.rows * self.columns

    @property
    def is_read(self) -> bool:
        """Whether the units that U leads to are all that is read: P is the identity."""
        return len(self.outer) == self.rows


def pairs_of(masks: Mapping[int, Mask], widths: tuple[int, ...], samples: int) -> list[Pair]:
    """All pairs of a network whose other layers are no bottleneck, by columns and by rows.

    Of a layer of V with more columns than samples those with the most learnables are chosen.

    >>> masks = {1: np.eye(2, dtype=bool), 2: np.eye(2, dtype=bool)}
    >>> [(pair.layer, pair.axis) for pair in pairs_of(masks, (2, 2, 2), 2)]
    [(1, 'columns'), (1, 'rows')]
    """
    outputs, found = widths[-1], []
    for layer in range(1, len(widths) - 1):
        before, after = widths[:layer], widths[layer + 1 :]
        if min(before) < samples or min(after) < outputs:
            continue
        if layer not in masks or layer + 1 not in masks:
            continue
        first, second = masks[layer], masks[layer + 1]
        lines = most_learnable(first, samples)
        found.append(Pair(layer, "columns", lines, second, first[:, list(lines)], outputs))
        lines = most_learnable(second.T, outputs)
        found.append(Pair(layer, "rows", lines, first.T, second.T[:, list(lines)], samples))
    return found


def most_learnable(mask: Mask, number: int) -> tuple[int, ...]:
    """The columns with the most learnables, in ascending order."""
    counts = np.count_nonzero(mask, axis=0)
    return tuple(sorted(np.argsort(-counts, kind="stable")[:number].tolist()))


@dataclass(frozen=True)
class Data:
    """P (rows, p), A (p, n), B (n, columns), y (rows, columns) and functionals drawn in advance.

    `extra` has a row of as many entries as y has rows for each functional that is not chosen. The
    entries of A and B in learnable places are where these start.
    """

    through: Matrix
    outer: Matrix
    inner: Matrix
    target: Matrix
    extra: Matrix


def random_data(pair: Pair, algebra: Algebra, rng: np.random.Generator, size: int) -> Data:
    """Integers from 1 to `size`, uniform, as numbers of the algebra.

    >>> from theorycheck.plans.algebra import Residues
    >>> pair = pairs_of({1: np.eye(2), 2: np.eye(2)}, (2, 2, 2), 1)[0]
    >>> random_data(pair, Residues(7), np.random.default_rng(0), 6).through.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    def drawn(*shape: int) -> Matrix:
        return algebra.array(rng.integers(1, size, shape, endpoint=True))

    p, n = pair.outer.shape
    through = algebra.array(np.eye(p, dtype=int)) if pair.is_read else drawn(pair.rows, p)
    return Data(
        through,
        drawn(p, n),
        drawn(n, pair.columns),
        drawn(pair.rows, pair.columns),
        drawn(pair.rows, pair.rows),
    )
