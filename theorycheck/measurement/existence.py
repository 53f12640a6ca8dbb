"""Proof, in floating point, that a system of equations has a real solution near a point.

Let f be phi - y at the unknowns theta, f' its Jacobian (n x r, n <= r), and G (r x n) any matrix,
here a computed right inverse of f'(theta). Norms are maximum norms, |.| of arrays is entrywise.

Claim: if |f(theta)| <= d, |x - theta| <= 2 d |G| implies |f'(x) - f'(theta)| <= D entrywise, and
the row sums of |I - f'(theta) G| + D |G| are at most 1/2, then f has a zero x within 2 d |G| of
theta. Proof: F(z) = f(theta + G z) on the ball |z| <= 2 d. The map z -> z - F(z) has derivative
I - f'(theta + G z) G, of norm at most 1/2: it contracts by 1/2, and takes the ball into itself, as
|0 - F(0)| <= d. Its fixed point z has F(z) = 0; x = theta + G z. (G need not be exact or regular.)

D and all rounding errors come from the majorant network M: the same network with all given numbers
replaced by their absolute values. Each f' entry is a polynomial p in theta, that of M a polynomial
m whose coefficients bound those of p, so every Taylor coefficient of p at theta is bounded by that
of m at |theta|, and |p(x) - p(theta)| <= m(|theta| + e) - m(|theta|) for |x - theta| <= e. And sums
of products of at most k factors and terms per step, evaluated in any order, err by at most
(k u / (1 - k u)) m(|theta|), u = 2^-53. `slack` is far above that, for what is computed here from
those as well. Underflow is not covered: numbers are taken to be of ordinary size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import numpy as np

from ..computing.arrays import Array
from ..computing.pieces import by_pieces
from ..numeric.forward import Entries
from ..numeric.instances import Instance
from .batched_linalg import piece_size, reduce, solve_upper

UNIT = 2.0**-53


class System(Protocol):
    """What a fit needs to know of its equations, for instance `numeric.instances.Equations`.

    `certify` further asks that the Jacobian is a polynomial in unknowns and given numbers, and that
    the same call on absolute values majorizes it; piecewise linear networks need another proof.
    """

    entries: Entries

    def residual(self, theta: Array, instance: Instance) -> tuple[Array, Array]:
        """phi(theta) - y (batch, n) and the Jacobian (batch, n, r)."""
        ...


@dataclass(frozen=True)
class Certificates:
    """Which points have a real solution within `radius` (maximum norm), and how large |f| was.

    `residual`: largest |f_i|, rounding included, over the largest |y_i| + majorant of phi_i;
    `level` is the same for the bound on the rounding alone.
    """

    proved: Array
    radius: Array
    residual: Array
    level: Array


def certify(system: System, theta: Array, instances: Instance, xp: ModuleType = np) -> Certificates:
    """Try to prove that each system has a real zero near its theta (batch, unknowns).

    Never where there are more equations than unknowns.
    """
    batch, unknowns = theta.shape
    equations = instances.outputs.shape[1]
    result = [xp.zeros(batch, dtype=bool), *(xp.full(batch, xp.inf) for _ in range(3))]
    size = piece_size(batch, 3 * equations * unknowns + unknowns**2, xp)

    def work(part: slice) -> tuple[Array, ...]:
        return _certify(system, theta[part], instances.take(part), xp)

    for part, found in by_pieces(work, batch, size):
        for whole, piece in zip(result, found, strict=True):
            whole[part] = piece
    return Certificates(*result)


def majorant(
    system: System, theta: Array, instance: Instance, xp: ModuleType
) -> tuple[Array, Array]:
    """Values |y| + m(|theta|) and Jacobian of the majorant network."""
    weights = {name: xp.abs(value) for name, value in instance.weights.items()}
    bare = Instance(weights, xp.abs(instance.inputs), -xp.abs(instance.outputs))
    return system.residual(xp.abs(theta), bare)


def slack(instance: Instance, unknowns: int) -> float:
    """Bound on the relative rounding error of sums of nonnegative terms in a network's passes.

    A layer's matrix product adds as many roundings as it has columns and one more; recurrent ones
    are used once a step. Eight times all of them, and 64 for what certificates add.
    """
    steps = math.prod(instance.inputs.shape[1:-2])
    roundings = sum(value.shape[-1] + 2 for value in instance.weights.values())
    sums = instance.outputs.shape[1] + unknowns
    return 8 * UNIT * (steps * (roundings + 1) + sums + 8)


def right_inverses(jacobians: Array, xp: ModuleType) -> Array:
    """Computed pseudo-inverses (r, n, batch) of wide matrices (n, r, batch) of full row rank."""
    n, r, batch = jacobians.shape
    block = xp.empty((r, n + r, batch))
    block[:, :n] = jacobians.swapaxes(0, 1)
    block[:, n:] = xp.eye(r)[:, :, None]
    reduce(block, n, xp)  # [J^T I] = Q [R Q^T]; the pseudo-inverse is Q_1 R^-T
    return solve_upper(block[:n, :n], block[:n, n:], xp).swapaxes(0, 1)


def _certify(system: System, theta: Array, instance: Instance, xp: ModuleType) -> tuple[Array, ...]:
    value, jacobian = system.residual(theta, instance)
    most, slope = majorant(system, theta, instance, xp)
    small = slack(instance, theta.shape[1])
    scale = xp.maximum(most.max(axis=1), 1e-300)
    with np.errstate(all="ignore"):
        size = ((xp.abs(value) + small * most) * (1 + small)).max(axis=1)
        level = small * most.max(axis=1)
        if value.shape[1] > theta.shape[1]:
            return xp.zeros(len(theta), dtype=bool), xp.inf, size / scale, level / scale
        jacobian = xp.moveaxis(jacobian, 0, -1)
        inverse = right_inverses(jacobian, xp)
        absolute = xp.abs(inverse)
        radius = 2 * size * absolute.sum(axis=1).max(axis=0) * (1 + small)
        around = xp.abs(theta) + radius[:, None]
        _, wider = majorant(system, around, instance, xp)
        change = wider - slope + small * wider + small * slope
        defect = xp.einsum("irb,rjb->ijb", jacobian, inverse)
        defect = xp.abs(xp.eye(len(defect))[:, :, None] - defect)
        defect += xp.einsum("irb,rjb->ijb", xp.moveaxis(change, 0, -1), absolute)
        bound = defect.sum(axis=1).max(axis=0) * (1 + small)
    return (bound <= 0.5) & xp.isfinite(radius), radius, size / scale, level / scale
