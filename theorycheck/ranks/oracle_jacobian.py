"""Jacobians of nonlinear networks at a point of the oracle, column by column on demand.

A weight w[i, j] acts on an output through what lies behind the pre-activation of unit i, sample by
sample, and through the value of unit j, summed over all places where it acts. Equations are
numbered as in `ranks.jacobian`.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import dot, reduce
from ..problem.networks.base import Network
from ..problem.networks.matrices import places_of
from .jacobian import Directions
from .oracle import OraclePoint

# Unreduced products of balanced residues that float64 adds exactly, with room for the first term.
_EXACT_TERMS = 500
_COLUMNS = "the columns of a Jacobian"


class OracleJacobian:
    """Columns dY/dw of a network at a point.

    `n_equations` is outputs x samples, times steps where every step is read. Raises
    `OutOfTimeError` after the deadline.
    """

    def __init__(
        self, network: Network, point: OraclePoint, xp: ModuleType = np, deadline: Deadline = NEVER
    ) -> None:
        self._unrolled, self._point, self._deadline = network.unrolled, point, deadline
        self._shapes = network.weight_shapes
        self._xp, self._samples = xp, point.values[-1].shape[-1]
        self.n_equations = network.outputs * len(self._unrolled.read) * self._samples
        self._behind = [self._behind_of(read) for read in self._unrolled.read]
        self._uses: dict[str, list[tuple[int, int]]] = {}
        for number, level in enumerate(self._unrolled.levels):
            for weight, source in level.terms:
                self._uses.setdefault(weight, []).append((number, source))

    def columns(self, name: str, entries: NDArray[np.int64]) -> Array:
        """The columns of weights `name`[entries], shape (n_equations, len(entries)), reduced.

        `entries` has one row (i, j) per weight, (i,) for a bias.
        """
        shape = self._shapes[name]
        found = self._xp.zeros((self.n_equations, len(entries)))
        for place in places_of(self._unrolled, shape, name, entries):
            rows, sources = self._xp.asarray(place.rows), self._xp.asarray(place.columns)
            blocks = [self._block(behind, place.name, rows, sources) for behind in self._behind]
            part = self._xp.concatenate(blocks) if len(blocks) > 1 else blocks[0]
            if place.name == name:  # no part of it: all entries are here, in their order
                return part
            found[:, self._xp.asarray(place.positions)] = part
        return found

    def directions(self, name: str, directions: Directions) -> Array:
        """The derivatives of the outputs as the weight `name`, without parts, moves in these."""
        rows, sources = self._xp.asarray(directions.rows), self._xp.asarray(directions.columns)
        blocks = [self._block(each, name, rows, sources, directions) for each in self._behind]
        return self._xp.concatenate(blocks) if len(blocks) > 1 else blocks[0]

    def _block(
        self,
        behind: dict[int, Array],
        name: str,
        rows: Array,
        sources: Array,
        directions: Directions | None = None,
    ) -> Array:
        """The derivatives of one level that is read, shape (outputs x samples, entries)."""
        prime, total = self._point.prime, None
        uses = [use for use in self._uses.get(name, ()) if use[0] in behind]
        for count, (number, source) in enumerate(uses, start=1):
            self._deadline.check(_COLUMNS)
            after, before = behind[number], self._point.values[source]
            if directions is not None:
                after = dot([(self._xp.asarray(directions.left.T), after)], prime)
                before = dot([(self._xp.asarray(directions.right.T), before)], prime)
            part = after[:, rows] * before[sources]
            total = part if total is None else total + part
            if count % _EXACT_TERMS == 0:
                total = reduce(total, prime)
        outputs = self.n_equations // (len(self._behind) * self._samples)
        if total is None:
            return self._xp.zeros((outputs * self._samples, len(rows)))
        return reduce(total.swapaxes(1, 2).reshape(-1, len(rows)), prime)

    def _behind_of(self, read: int) -> dict[int, Array]:
        """What lies behind the pre-activations of each level: (outputs, units, samples)."""
        weights, slopes, prime = self._point.weights, self._point.slopes, self._point.prime
        outputs = self._unrolled.levels[read].size
        unit = self._xp.eye(outputs)[:, :, None] * self._xp.ones(self._samples)
        leading: dict[int, list[tuple[Array, Array]]] = {read: []}
        behind: dict[int, Array] = {}
        for number in range(read, -1, -1):
            pairs, level = leading.pop(number, None), self._unrolled.levels[number]
            if pairs is None or not level.terms:
                continue
            self._deadline.check("the derivatives of a network")
            total = dot(pairs, prime) if pairs else unit
            slope = slopes[number]
            behind[number] = total if slope is None else reduce(total * slope, prime)
            for weight, source in level.terms:
                if self._unrolled.levels[source].terms:
                    pair = weights[weight].T, behind[number]
                    leading.setdefault(source, []).append(pair)
        return behind
