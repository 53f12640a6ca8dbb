"""Rigorous solutions: a network in complex ball arithmetic, and Krawczyk's test (python-flint).

An instance has rational weights and inputs, so its equations are exact; every rounding of the
arithmetic here widens a ball. Nothing is shared with `numeric/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ..problem.networks.feedforward import LinearFeedforward
from .bezout import position
from .budget import STEP
from .claim import Claim
from .instance import Box, Matrix, RationalInstance
from .oracle_bounds import output_size
from .polynomial_balls import PolynomialPass, Unknown

_PRECISIONS = (128, 256, 512, 1024)  # bits


class _LinearPass:
    """Outputs of a linear network, time after time, and the uses of each weight.

    A use is a pair of matrices: from the weight's targets to the outputs, and its sources. The
    derivative of output o in sample s by weight (i, j) is the sum of behind[o, i] ahead[j, s].
    """

    def __init__(
        self,
        claim: Claim,
        weights: list[Matrix],
        inputs: list[Matrix],
        unknowns: Sequence[Unknown] = (),
    ) -> None:
        kind, self._unknowns = type(weights[0]), unknowns
        n = claim.network.outputs
        self._unit = kind(n, n, [int(i == j) for i in range(n) for j in range(n)])
        self._is_feedforward = isinstance(claim.network, LinearFeedforward)
        if self._is_feedforward:
            self._feedforward(weights, inputs[0])
            return
        self._inputs = inputs
        enter, recurrent, readout = weights
        self._states = [kind(recurrent.ncols(), inputs[0].ncols())]
        for step in inputs:
            self._states.append(recurrent * self._states[-1] + enter * step)
        self._behind = [readout]
        for _ in inputs[1:]:
            self._behind.append(self._behind[-1] * recurrent)
        outputs = [readout * state for state in self._states[1:]]
        is_final = claim.network.readout == "final"
        self.outputs = outputs[-1:] if is_final else outputs
        self._times = [len(outputs)] if is_final else range(1, len(outputs) + 1)

    def _feedforward(self, weights: list[Matrix], inputs: Matrix) -> None:
        self._ahead = [inputs]
        for layer in weights:
            self._ahead.append(layer * self._ahead[-1])
        self._behind = [self._unit]
        for layer in reversed(weights[1:]):
            self._behind.insert(0, self._behind[0] * layer)
        self.outputs = self._ahead[-1:]

    def derivatives(self, time: int, output: int, sample: int) -> list[Any]:
        """Those of one output by all unknowns."""
        from flint import acb

        uses = [(self._uses(place, time), i, j) for place, i, j in self._unknowns]
        return [sum((b[output, i] * a[j, sample] for b, a in ways), acb(0)) for ways, i, j in uses]

    def _uses(self, place: int, time: int) -> list[tuple[Matrix, Matrix]]:
        """All ways in which the weight at `place` acts on the output at `time`."""
        if self._is_feedforward:
            return [(self._behind[place], self._ahead[place])]
        steps = self._times[time]
        if place == 2:
            return [(self._unit, self._states[steps])]
        sources = self._states if place else self._inputs
        return [(self._behind[steps - step], sources[step - 1]) for step in range(1, steps + 1)]


class BallSystem:
    """The equations student = teacher of a block in its unknowns, at the precision of now."""

    def __init__(
        self, claim: Claim, equations: list[int], unknowns: list[int], instance: RationalInstance
    ) -> None:
        from flint import acb_mat

        self._claim = claim
        self._positions = [position(claim, equation) for equation in equations]
        entries = claim.entries("learnable")
        self._unknowns = [_entry(claim, *entries[number]) for number in unknowns]
        self._weights = [acb_mat(matrix) for matrix in instance.student]
        self._inputs = [acb_mat(matrix) for matrix in instance.inputs]
        self._pass = PolynomialPass if claim.is_nonlinear else _LinearPass
        exact = self._pass(claim, instance.teacher, instance.inputs).outputs
        self._wanted = [exact[time][o, s] for time, o, s in self._positions]

    def _at(self, point: list[Any]) -> _LinearPass | PolynomialPass:
        for (place, i, j), value in zip(self._unknowns, point, strict=True):
            self._weights[place][i, j] = value
        return self._pass(self._claim, self._weights, self._inputs, self._unknowns)

    def residual(self, point: list[Any]) -> Matrix:
        """Student minus teacher, a column with one row for each equation."""
        from flint import acb_mat

        outputs = self._at(point).outputs
        positions = zip(self._positions, self._wanted, strict=True)
        return acb_mat([[outputs[time][o, s] - wanted] for (time, o, s), wanted in positions])

    def jacobian(self, point: list[Any]) -> Matrix:
        """Derivatives of all equations (rows) by all unknowns."""
        from flint import acb_mat

        through = self._at(point)
        return acb_mat([through.derivatives(time, o, s) for time, o, s in self._positions])

    def has_one_root(self, box: Box) -> bool:
        """Krawczyk's test: z - Y F(z) + (I - Y J(B)) (B - z) lies inside of the box B.

        Then B holds exactly one root, and J is regular there. Y is any matrix, at best J(z)^-1.
        """
        from flint import acb, acb_mat, arb

        centre = [acb(arb(_fmpq(re)), arb(_fmpq(im))) for re, im in box.centre]
        radius = arb(_fmpq(box.radius))
        side = arb(0, 1) * radius  # [-r, r], a little more by rounding
        try:
            inverse = self.jacobian(centre).inv().mid()
        except ZeroDivisionError:
            return False
        n = len(centre)
        unit = acb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
        spread = unit - inverse * self.jacobian([z + acb(side, side) for z in centre])
        move = spread * acb_mat(n, 1, [acb(side, side)] * n) - inverse * self.residual(centre)
        return all(abs(x.real) < radius and abs(x.imag) < radius for x in move.entries())


def require_roots(
    claim: Claim,
    equations: list[int],
    unknowns: list[int],
    instance: RationalInstance,
    boxes: list[Box],
) -> None:
    """Each box holds exactly one solution of the block's equations, and this one is simple."""
    from flint import ctx

    left = list(enumerate(boxes))
    products, n, what = _products(claim), len(unknowns), "the test of all balls"
    degree = output_size(claim).degree if claim.is_nonlinear else _steps(claim)
    exact = (4 * STEP + 3 * (degree * instance.bits / 64) ** 2) * products
    if claim.is_nonlinear:
        products *= 1 + n  # with the derivatives
    for bits in _PRECISIONS:
        per_product = 4 * STEP * (1 + bits / 256)
        per_box = per_product * (3 * products + 2 * _steps(claim) * n**2 + 4 * n**3)
        claim.foresee(exact + per_box * len(left), 200 * products, what)
        claim.charge(exact + per_box * len(left), what)
        with ctx.workprec(bits):
            system = BallSystem(claim, equations, unknowns, instance)
            left = [(number, box) for number, box in left if not system.has_one_root(box)]
        if not left:
            return
    claim.refuse(f"ball {left[0][0]} is not shown to hold exactly one simple solution")


def _steps(claim: Claim) -> int:
    return claim.network.depth if claim.is_layered else claim.network.steps


def _products(claim: Claim) -> int:
    """Products of numbers in one pass through the network, and back from its outputs."""
    network, m = claim.network, claim.effective_samples()
    lines = m + network.outputs
    if claim.is_layered:
        return lines * sum((a + 1) * b for a, b in pairwise(network.widths))
    return network.steps * lines * network.hidden * (network.hidden + network.inputs)


def _fmpq(value: Fraction) -> Any:
    from flint import fmpq

    return fmpq(value.numerator, value.denominator)


def _entry(claim: Claim, name: str, index: tuple[int, ...]) -> Unknown:
    """Matrix, row and column of a weight in an instance."""
    if not isinstance(claim.network, LinearFeedforward):
        column = index[1] if len(index) == 2 else 0
        return list(claim.network.weight_shapes).index(name), index[0], column
    layer = int(name[1:]) - 1
    column = index[1] if name[0] == "W" else claim.network.widths[layer]
    return layer, index[0], column
