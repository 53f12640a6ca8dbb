"""Proof, in ball arithmetic, that a student's equations have a real solution near a point.

Krawczyk's test (Brouwer's theorem in a box). Let F be n equations in n unknowns, x a point, Y any
matrix, X the box of radius r around x, and J(X) an enclosure of all slopes of F in X. If

    |Y F(x)|_i + sum_j |I - Y J(X)|_ij r  <  r   for every i,

then z -> z - Y F(z) takes X into itself, for z - Y F(z) = x - Y F(x) + (I - Y J)(z - x) with some J
in J(X): the mean value theorem, or Lebourg's where an activation has corners. So there is a z in X
with Y F(z) = 0, and F(z) = 0, as Y is regular: else some Y J would be, and |I - Y J| >= 1. With
more unknowns than equations some are kept as they are. F(x) and J(X) are enclosed for the teacher
and the numbers as they were drawn, not as they round: what is proved is an exact match.

Where F(x) is exactly 0, as where all that is in play is dead, x itself is the solution.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import arb, arb_mat, ctx
from numpy.typing import NDArray

from ...computing.arrays import Array
from ...numeric.forward import Entries
from .ball_network import BallNetwork, BallWeights, Row, ball_matrix
from .balls import BITS

_STEPS = 8  # of Newton's method: from 1e-8 to the precision of the balls in four or five
_SMALLEST_RADIUS = 2.0**-60  # relative to the unknowns: far above the rounding of the balls
_ROOM = 8  # the radius is so many times the last step


class SolutionTest:
    """Looks for a proof that `equations` of a student have a solution, draw by draw.

    `entries` are the unknowns.
    """

    def __init__(self, entries: Entries, equations: Sequence[int]) -> None:
        self._entries, self._equations = entries, list(equations)

    def proves(
        self,
        network: BallNetwork,
        given: dict[str, Array],
        wanted: Row,
        theta: NDArray[np.float64],
        jacobian: NDArray[np.float64],
    ) -> bool:
        """Whether a real solution lies, certainly, near `theta` (unknowns,).

        `given` are the student's weights, `wanted` balls around the teacher's outputs, `jacobian`
        (equations, unknowns) is that of floats, near theta.
        """
        with ctx.workprec(BITS):
            weights = network.weights(given)
            point = [arb(value) for value in theta.tolist()]
            if all(value.is_zero() for value in self._misfit(network, weights, point, wanted)):
                return True
            chosen = chosen_unknowns(jacobian)
            if chosen is None:
                return False
            inverse = _inverse(jacobian[:, chosen])
            if inverse is None:
                return False
            step = self._approach(network, weights, point, wanted, chosen, inverse)
            return self._contracts(network, weights, point, chosen, inverse, step)

    def _approach(
        self,
        network: BallNetwork,
        weights: BallWeights,
        point: Row,
        wanted: Row,
        chosen: list[int],
        inverse: arb_mat,
    ) -> list[arb]:
        """Move the point by Newton's method; returns the step that is left, as balls."""
        last: list[arb] = []
        for _ in range(_STEPS):
            misfit = self._misfit(network, weights, point, wanted)
            step = (inverse * arb_mat(len(misfit), 1, misfit)).entries()
            size = _largest(step)
            if last and not size < _largest(last) / 2:
                return step
            last = step
            if size < self._radius(point) / _ROOM:
                return step
            for k, change in zip(chosen, step, strict=True):
                point[k] = (point[k] - change).mid()
        misfit = self._misfit(network, weights, point, wanted)
        return (inverse * arb_mat(len(misfit), 1, misfit)).entries()

    def _radius(self, point: Row) -> arb:
        return _SMALLEST_RADIUS * (1 + _largest(point))

    def _contracts(
        self,
        network: BallNetwork,
        weights: BallWeights,
        point: Row,
        chosen: list[int],
        inverse: arb_mat,
        step: list[arb],
    ) -> bool:
        """The test itself, in a box somewhat larger than the last step."""
        radius = self._radius(point)
        if not _ROOM * _largest(step) < radius:
            radius = (_ROOM * _largest(step)).upper()
        radius = radius.mid()
        box = list(point)
        for k in chosen:
            box[k] = point[k] + arb(0, radius)
        slopes = self.slopes(network, weights, box)
        square = arb_mat([[row[k] for k in chosen] for row in slopes])
        size = square.nrows()
        defect = ball_matrix(np.eye(size)) - inverse * square
        for i in range(size):
            row = sum((abs(defect[i, j]) for j in range(size)), arb(0))
            if not abs(step[i]) + row * radius < radius:
                return False
        return True

    def slopes(self, network: BallNetwork, weights: BallWeights, box: Row) -> list[Row]:
        """Enclosures of all slopes (equations, unknowns) in a box."""
        network.put(weights, self._entries, box)
        return network.jacobian(weights, self._entries, self._equations)

    def _misfit(self, network: BallNetwork, weights: BallWeights, point: Row, wanted: Row) -> Row:
        network.put(weights, self._entries, point)
        found = network.outputs(weights, self._equations)
        return [value - goal for value, goal in zip(found, wanted, strict=True)]


def chosen_unknowns(jacobian: NDArray[np.float64]) -> list[int] | None:
    """As many unknowns as equations, with well conditioned columns; None if there are none.

    >>> chosen_unknowns(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]))
    [0, 2]
    """
    from scipy.linalg import qr

    equations, unknowns = jacobian.shape
    if equations > unknowns or not np.isfinite(jacobian).all():
        return None
    if equations == unknowns:
        return list(range(unknowns))
    largest = abs(jacobian).max(axis=1, keepdims=True)
    *_, order = qr(jacobian / np.where(largest > 0, largest, 1), mode="r", pivoting=True)
    return sorted(order[:equations].tolist())


def _inverse(matrix: NDArray[np.float64]) -> arb_mat | None:
    """A computed inverse as exact balls; None of a singular matrix."""
    try:
        with np.errstate(all="ignore"):
            inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    return ball_matrix(inverse) if np.isfinite(inverse).all() else None


def _largest(values: Row) -> arb:
    """The size of the largest value, as an exact number that is not below it."""
    found = arb(0)
    for value in values:
        size = abs(value).upper()
        if not size < found:
            found = size
    return found
