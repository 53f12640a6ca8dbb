"""Checks of (h) of T12: what outputs tend to, with weights made as the proof makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .small import SIGMA, TURNING, Floats, outputs
from .turning import towards

_SMALL = (1e-5, 1e-7)
_TIMES = 100  # what is left is at most so many times epsilon and the square of the unknowns


class Rest(NamedTuple):
    """Activations, whether hypotheses hold, and how many learnable inputs are left out."""

    names: tuple[str, ...] = ("tanh", "erf", "softplus", "sin")
    cancels: bool = True
    same: bool = True
    less: int = 0


Place = tuple[int, int]


class _Linear(NamedTuple):
    """Units at rest: weights, their large readout weights, and learnable inputs and readouts."""

    first: Floats
    last: Floats
    large: dict[int, float]  # into output 0, by unit: over epsilon
    inputs: list[Place]
    readouts: list[int]

    def moved(self, epsilon: float, unknowns: Floats, x: Floats, name: str) -> Floats:
        """All outputs, the unknowns being changes of the inputs and readout weights."""
        first, last = self.first.copy(), self.last.copy()
        for unit, value in self.large.items():
            last[0, unit] = value / epsilon
        for place, unknown in zip(self.inputs, unknowns, strict=False):
            first[place] += epsilon * unknown
        for unit, unknown in zip(self.readouts, unknowns[len(self.inputs) :], strict=True):
            last[0, unit] += unknown
        return outputs(SIGMA[name], first, last, x)

    def solved(self, x: Floats, y: Floats, name: str) -> Floats:
        """Unknowns for which output 0 is y in the limit, up to what the rank lacks."""
        read = np.vstack([x, np.ones(x.shape[1])])
        slope = _slope(name, self.first @ read)
        changes = [self.large[unit] * slope[unit] * read[place] for unit, place in self.inputs]
        values = SIGMA[name](self.first @ read)
        still = self.last[0, : len(values)].copy()
        still[list(self.large)] = 0
        columns = np.stack([*changes, *(values[unit] for unit in self.readouts)], axis=1)
        rest = y - still @ values - self.last[0, -1]
        return np.linalg.lstsq(columns, rest, rcond=None)[0]


def _slope(name: str, z: Floats) -> Floats:
    step = 1e-5
    return (SIGMA[name](z + step) - SIGMA[name](z - step)) / (2 * step)


def _left(rest: _Linear, x: Floats, y: Floats, name: str) -> str | None:
    """What is left of the wanted outputs: it has to vanish with epsilon."""
    unknowns = rest.solved(x, y[0], name)
    gaps = [float(np.abs(rest.moved(epsilon, unknowns, x, name) - y).max()) for epsilon in _SMALL]
    most = _TIMES * _SMALL[1] * (1 + np.abs(unknowns).max() ** 2)
    vanishes = gaps[1] < max(gaps[0] / 20, 1e-6) and gaps[1] < most
    return None if vanishes else f"{name}: {gaps[1]:.3g} is left"


def groups(claim: Rest) -> Iterator[str | None]:
    """Two units of the same weights, three learnable inputs, an output on four samples.

    Unit 0 has its bias frozen, unit 1 its two inputs; the readout weight of unit 2 is frozen.
    """
    rng = np.random.default_rng(9)
    large = {0: 1.0, 1: -1.0 if claim.cancels else -0.5}
    inputs = [(0, 0), (0, 1), (1, 2)][claim.less :]
    for name in claim.names:
        for _ in range(6):
            first, last, x, y = _drawn(rng)
            if claim.same:
                first[0, :2], first[1, 2] = first[1, :2], first[0, 2]
            last[0, :2] = 0
            yield _left(_Linear(first, last, large, inputs, [0]), x, y, name)


def at_zero(claim: Rest) -> Iterator[str | None]:
    """A unit whose two inputs and bias are learnable, with another unit: four samples."""
    rng = np.random.default_rng(10)
    inputs = [(0, 0), (0, 1), (0, 2)][claim.less :]
    for name in claim.names:
        for _ in range(6):
            first, last, x, y = _drawn(rng)
            first[0] = last[0, 0] = last[0, 1] = 0
            yield _left(_Linear(first, last, {0: 1.0}, inputs, [1]), x, y, name)


def _drawn(rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
    """Weights of three units and one output, and four samples apart from each other."""
    first, last = rng.normal(size=(3, 3)), rng.normal(size=(1, 4))
    apart = [rng.permutation(4) + rng.uniform(-0.4, 0.4, 4) - 1.5 for _ in range(2)]
    return first, last, np.array(apart), rng.normal(size=(1, 4))


def mixed(claim: Rest) -> Iterator[str | None]:
    """Output 0 at rest by units 0 and 1, output 1 solved by unit 2: none can be solved first.

    All readout weights across are frozen; m = 2. Unit 0 learns its first input, unit 1 its second,
    unit 2 its first. And the solution of output 1 does not degenerate.
    """
    rng = np.random.default_rng(11)
    for name in claim.names:
        sigma = SIGMA[name]
        for _ in range(8):
            first, last = rng.normal(size=(3, 3)), rng.normal(size=(2, 4))
            x, y = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
            first[:, 2] = last[:, 3] = 0  # no biases
            if claim.same:
                first[0, 0], first[1, 1] = first[1, 0], first[0, 1]
            else:
                last[1, 1] += 1.0
            frozen = last[1, :2].copy()
            left = y[1] - frozen @ sigma(first[:2, :2] @ x)
            found = towards(sigma, x[0], first[2, 1] * x[1], left)
            if found is None:
                yield f"{name}: no direction"
                continue
            last[1, 2], values, first[2, 0] = found
            slope = _slope(name, first[2, :2] @ x)
            if abs(np.linalg.det([values, last[1, 2] * slope * x[0]])) < 1e-9:
                yield f"{name}: a solution that degenerates"
            last[0, :2] = 0
            rest = _Linear(first, last, {0: 1.0, 1: -1.0}, [(0, 0), (1, 1)], [0])
            yield _left(rest, x, y, name)


TURNED = Rest(TURNING)
"""What `mixed` is about."""
