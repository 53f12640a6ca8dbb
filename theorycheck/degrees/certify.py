"""Boxes that each hold exactly one solution of a rational instance, by Krawczyk's test.

Approximate solutions are refined in ball arithmetic (python-flint's `acb`); a box is kept only if
Krawczyk's operator maps it into its own interior. The checker repeats all of it with code of its
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..numeric.instances import Equations, Instance
from .draws import Draws, RationalInstances

Points: TypeAlias = NDArray[np.complex128]  # (count, n), or one (n,)
_Centre: TypeAlias = list[tuple[Fraction, Fraction]]  # real and imaginary parts

_PRECISIONS = (192, 448)  # bits
_DIGITS = {192: 25, 448: 60}  # of a centre: the radius is larger than what they leave out


@dataclass(frozen=True)
class Boxes:
    """Disjoint boxes around solutions: centres (real and imaginary parts) and radii, as decimals.

    `all_non_real` tells whether no box meets the real space.
    """

    centres: list[list[tuple[str, str]]]
    radii: list[str]
    all_non_real: bool

    def to_evidence(self) -> dict[str, Any]:
        """The part `solutions` of a certificate."""
        centres = [[list(part) for part in centre] for centre in self.centres]
        return {"centres": centres, "radii": self.radii}


def certified_boxes(
    draws: Draws,
    drawn: RationalInstances,
    solutions: Points,
    deadline: Deadline = NEVER,
) -> Boxes | None:
    """Boxes around all approximate `solutions` (count, n) of the first of the instances `drawn`.

    None if one of them cannot be certified, or two boxes meet. Raises `OutOfTimeError` after the
    deadline.
    """
    from flint import ctx

    before = ctx.prec
    try:
        for bits in _PRECISIONS:
            ctx.prec = bits
            boxes = _attempt(draws, drawn, solutions, _DIGITS[bits], deadline)
            if boxes is not None:
                return boxes
    finally:
        ctx.prec = before
    return None


def _attempt(
    draws: Draws,
    drawn: RationalInstances,
    solutions: Points,
    digits: int,
    deadline: Deadline,
) -> Boxes | None:
    from flint import acb, fmpq

    instance = draws.exact(drawn, lambda k, scale: acb(fmpq(k, scale)))
    centres, radii = [], []
    for solution in solutions:
        deadline.check("boxes around solutions")
        refined = _refine(draws.equations, solution, instance)
        if refined is None:
            return None
        centre = [(_decimal(z.real, digits), _decimal(z.imag, digits)) for z in refined]
        radius = _radius(draws.equations, centre, instance, digits)
        if radius is None:
            return None
        centres.append(centre)
        radii.append(radius)
    exact = [[(Fraction(a), Fraction(b)) for a, b in centre] for centre in centres]
    sizes = [Fraction(radius) for radius in radii]
    if not _are_all_apart(exact, sizes, deadline):
        return None
    non_real = [any(abs(z[1]) > r for z in c) for c, r in zip(exact, sizes, strict=True)]
    return Boxes(centres, radii, all(non_real))


def _are_all_apart(centres: list[_Centre], radii: list[Fraction], deadline: Deadline) -> bool:
    """Whether no two boxes meet; compared are those whose first real parts do."""
    boxes = list(zip(centres, radii, strict=True))
    near: list[tuple[_Centre, Fraction]] = []
    for centre, radius in sorted(boxes, key=lambda box: box[0][0][0] - box[1]):
        deadline.check("boxes that are apart")
        left = centre[0][0] - radius
        near = [(other, r) for other, r in near if other[0][0] + r >= left]
        if not all(_are_apart(centre, other, radius + r) for other, r in near):
            return False
        near.append((centre, radius))
    return True


def _are_apart(one: _Centre, other: _Centre, distance: Fraction) -> bool:
    return any(
        abs(a - b) > distance
        for z, w in zip(one, other, strict=True)
        for a, b in zip(z, w, strict=True)
    )


def _decimal(value: Any, digits: int) -> str:
    """The midpoint of a real ball as a decimal number, 0 where its exponent has four digits.

    Certificates have exponents of three; boxes are drawn around what is written down.
    """
    text = value.mid().str(digits, radius=False, more=True)
    exponent = text.partition("e")[2]
    return "0" if exponent and int(exponent) < -999 else text


def _refine(equations: Equations, solution: Points, instance: Instance) -> list[Any] | None:
    """Newton's method from a float solution; None if it does not settle."""
    from flint import acb

    theta = [acb(complex(z).real, complex(z).imag) for z in solution]
    for _ in range(8):
        residual, jacobian = _system(equations, theta, instance)
        change = _solve(jacobian, residual)
        if change is None:
            return None
        theta = [_mid(z - dz) for z, dz in zip(theta, change, strict=True)]
    return theta


def _radius(
    equations: Equations, centre: list[tuple[str, str]], instance: Instance, digits: int
) -> str | None:
    """A radius for which Krawczyk's test succeeds: the largest of some powers of ten."""
    from flint import acb, acb_mat, arb, fmpq

    def exact(text: str) -> Any:
        value = Fraction(text)
        return arb(fmpq(value.numerator, value.denominator))

    point = [acb(exact(a), exact(b)) for a, b in centre]
    residual, jacobian = _system(equations, point, instance)
    size = max(float(abs(z).mid()) for z in point) + 1e-3
    n = len(point)
    try:
        inverse = acb_mat(n, n, [z.mid() for z in jacobian.entries()]).inv()
    except ZeroDivisionError:
        return None
    inverse = acb_mat(n, n, [_mid(z) for z in inverse.entries()])
    shift = max(_upper(z) for z in (inverse * residual).entries())
    for power in range(6, digits - 3, 2):
        radius = f"{size * 10.0**-power:.1e}"
        r = exact(radius)
        around = arb(0, r)
        box = [z + acb(around, around) for z in point]
        _, wide = _system(equations, box, instance)
        defect = inverse * wide
        spread = max(
            sum(_upper((1 if i == j else 0) - defect[i, j]) for j in range(n)) for i in range(n)
        )
        # The modulus of every entry of (I - Y J)(B - z) is at most spread * sqrt(2) r.
        if shift + spread * 1.4143 * float(Fraction(radius)) < 0.9 * float(Fraction(radius)):
            return radius
    return None


def _system(equations: Equations, theta: list[Any], instance: Instance) -> tuple[Any, Any]:
    from flint import acb, acb_mat

    row = np.empty((1, len(theta)), dtype=object)
    row[0] = theta
    residual, jacobian = equations.residual(row, instance)
    n = len(theta)
    entries = [acb(z) for z in jacobian[0].reshape(-1)]
    return acb_mat(n, 1, [acb(z) for z in residual[0]]), acb_mat(n, n, entries)


def _solve(jacobian: Any, residual: Any) -> list[Any] | None:
    try:
        return jacobian.solve(residual).entries()
    except ZeroDivisionError:
        return None


def _mid(value: Any) -> Any:
    from flint import acb

    return acb(value.real.mid(), value.imag.mid())


def _upper(value: Any) -> float:
    """An upper bound on the modulus, as a float."""
    return float(abs(value).upper()) * (1 + 1e-15)
