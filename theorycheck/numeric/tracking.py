"""Following solutions along segments of instances: Hermite prediction, Newton correction.

Solutions of recurrent networks reach 1e4 with condition numbers of 1e7, where Runge-Kutta
predictors lose every second path. Extrapolating the last three points with their slopes, and
judging a step by how Newton's method contracts, loses almost none.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from .instances import Equations, solve

_WANTED = 1e-2  # relative error of a prediction that the step length aims at
_ALLOWED = 2e-1  # above it a step is refused
_FLOOR = 1e-6  # corrections below it are rounding: contraction is not asked of them
_DONE = 3e-5  # the next correction would be about its square
_SHORTEST = 1e-8
_MOST_STEPS = 200  # of a leg: slower paths had better go another way
_MOST_POINTS = 3
_FIRST = 0.02  # length of the first step of a leg
_PAST = (0.0, -1e30, -2e30)


@dataclass
class _Paths:
    """The paths under way, each on its leg, and up to three last points of it, the newest first."""

    index: Array  # number of the path
    leg: Array
    step: Array  # length of the next step, of a leg of length 1
    n_steps: Array  # tried on this leg
    n_points: Array
    times: Array  # (paths, 3), far in the past where there are fewer points
    points: Array  # (paths, 6, n): the points, then their slopes
    start: Array  # flat instance at the beginning of the leg
    along: Array  # direction of the leg

    def keep(self, chosen: Array) -> None:
        """Drop the other paths."""
        for name, value in vars(self).items():
            setattr(self, name, value[chosen])

    def append(self, good: Array, time: Array, theta: Array, slope: Array) -> None:
        """A new point for the paths that are `good`."""
        chosen = slice(None) if bool(good.all()) else good
        times, points = self.times[chosen], self.points[chosen]
        times[:, 1:] = times[:, :-1].copy()
        times[:, 0] = time[chosen]
        points[:, 1:3], points[:, 4:] = points[:, :2].copy(), points[:, 3:5].copy()
        points[:, 0], points[:, 3] = theta[chosen], slope[chosen]
        self.times[chosen], self.points[chosen] = times, points
        self.n_points[chosen] = (self.n_points[chosen] + 1).clip(max=_MOST_POINTS)

    def predict(self, time: Array, xp: ModuleType) -> Array:
        """Where the polynomial through the last points, with their slopes, is at `time`."""
        # Hermite's basis; points in the distant past have no weight in it.
        distance = time[:, None] - self.times
        own = xp.eye(_MOST_POINTS)
        inverse = 1 / (self.times[:, :, None] - self.times[:, None, :] + own)
        ratios = distance[:, None, :] * inverse
        ratios[:, own > 0] = 1
        square = ratios.prod(axis=2) ** 2
        by_value = (1 - 2 * distance * (inverse.sum(axis=2) - 1)) * square
        factors = xp.concatenate([by_value, distance * square], axis=1)
        return (factors[:, None, :] @ self.points)[:, 0]


@dataclass(frozen=True)
class Tracked:
    """Where paths ended: `found` (paths, n), not finite unless they `arrived`.

    Of lost paths, the `leg` on which that happened and the solution at its `origin`.
    """

    found: Array
    arrived: Array
    leg: Array
    origin: Array


def track(
    equations: Equations,
    theta: Array,
    corners: Array,
    leg: Array | None = None,
    deadline: Deadline = NEVER,
) -> Tracked:
    """Follow solutions `theta` (paths, n) along straight legs from corner to corner, to the last.

    `corners` (corners, paths, numbers) are flat instances; path i begins at corner `leg[i]`, or 0;
    each goes on by itself. Paths under way at the deadline are lost; all are if they are more
    than it lets follow.
    """
    xp = equations.xp
    n_paths, last = len(theta), len(corners) - 2
    origin = theta.astype(complex)
    legs = xp.zeros(n_paths, int) if leg is None else leg.copy()
    found = xp.full_like(origin, np.nan)
    deadline.follow(n_paths * (last + 1) - int(legs.sum()))
    paths = _begin(n_paths, origin.shape[1], legs, corners, xp)
    with np.errstate(all="ignore"):
        _enter(equations, paths, xp.arange(n_paths), origin, corners)
        while len(paths.index) and not deadline.is_over:
            _advance(equations, paths)
            arrived = paths.times[:, 0] >= 1
            if bool(arrived.any()):
                ended = arrived & (paths.leg == last)
                found[paths.index[ended]] = paths.points[ended, 0]
                turning = xp.flatnonzero(arrived & ~ended)
                if len(turning):
                    paths.leg[turning] += 1
                    at_corner = paths.points[turning, 0]
                    origin[paths.index[turning]] = at_corner
                    legs[paths.index[turning]] = paths.leg[turning]
                    _enter(equations, paths, turning, at_corner, corners)
                arrived = ended
            going = ~arrived & (paths.step > _SHORTEST) & (paths.n_steps < _MOST_STEPS)
            if not bool(going.all()):
                paths.keep(going)
        found, arrived = polish(equations, found, corners[-1])
    return Tracked(found, arrived, legs, origin)


def polish(equations: Equations, theta: Array, flat: Array) -> tuple[Array, Array]:
    """Newton's method to the end of accuracy, and whether it converged (False for NaN)."""
    xp, flat = equations.xp, flat.copy()
    size = xp.full(len(theta), np.inf)
    for _ in range(4):
        residual, jacobian = equations.residual_at(theta, flat)
        change = solve(jacobian, residual, xp)
        theta = theta - change
        size = _relative(change, theta)
    return theta, xp.isfinite(size) & (size < _FLOOR)


def _begin(n_paths: int, n: int, leg: Array, corners: Array, xp: ModuleType) -> _Paths:
    """Paths that have yet to enter their first leg."""
    whole, numbers = xp.zeros(n_paths, int), xp.zeros_like(corners[0])
    times = xp.zeros((n_paths, _MOST_POINTS))
    points = xp.zeros((n_paths, 2 * _MOST_POINTS, n), dtype=complex)
    step = xp.zeros(n_paths)
    return _Paths(
        xp.arange(n_paths),
        leg.copy(),
        step,
        whole,
        whole.copy(),
        times,
        points,
        numbers,
        numbers.copy(),
    )


def _enter(
    equations: Equations, paths: _Paths, chosen: Array, theta: Array, corners: Array
) -> None:
    """Put the `chosen` of the paths at the beginning of their leg."""
    index, leg = paths.index[chosen], paths.leg[chosen]
    start = corners[leg, index]
    along = equations.along(start, corners[leg + 1, index])
    _, jacobian = equations.residual_at(theta, start)
    slope = -solve(jacobian, equations.drift_at(theta, start, along), equations.xp)
    paths.start[chosen], paths.along[chosen] = start, along
    paths.step[chosen], paths.n_steps[chosen], paths.n_points[chosen] = _FIRST, 0, 1
    paths.times[chosen] = equations.xp.asarray(_PAST)
    paths.points[chosen, :_MOST_POINTS] = theta[:, None]
    paths.points[chosen, _MOST_POINTS:] = slope[:, None]


def _relative(change: Array, theta: Array) -> Array:
    return abs(change).max(axis=1) / (abs(theta).max(axis=1) + 1e-3)


def _advance(equations: Equations, paths: _Paths) -> None:
    """One step of every path: predict, correct, then accept or shorten."""
    xp = equations.xp
    now = xp.minimum(paths.times[:, 0] + paths.step, 1.0)
    flat = paths.start + now[:, None] * paths.along
    theta, error, good, jacobian = _correct(equations, paths.predict(now, xp), flat)
    slope = -solve(jacobian, equations.drift_at(theta, flat, paths.along), xp)
    good &= xp.isfinite(slope).all(axis=1)
    factor = 0.9 * (_WANTED / xp.maximum(error, 1e-14)) ** (0.5 / paths.n_points)
    factor = xp.clip(xp.where(xp.isfinite(factor), factor, 0.0), 0.3, 3.0)
    paths.step = paths.step * xp.where(good, factor, xp.minimum(factor, 0.5))
    paths.n_steps += 1
    paths.append(good, now, theta, slope)


def _correct(equations: Equations, theta: Array, flat: Array) -> tuple[Array, Array, Array, Array]:
    """Newton's method: solutions, errors of the predictions, success, last Jacobians."""
    xp = equations.xp
    residual, jacobian = equations.residual_at(theta, flat)
    change = solve(jacobian, residual, xp)
    theta = theta - change
    first = _relative(change, theta)
    good = xp.isfinite(first) & (first < _ALLOWED)
    size = first.copy()
    for _ in range(3):
        left = xp.flatnonzero(good & (size > _DONE))  # few need as many steps as the slowest
        if not len(left):
            break
        residual, new = equations.residual_at(theta[left], flat[left])
        change = solve(new, residual, xp)
        theta[left] -= change
        before, after = size[left], _relative(change, theta[left])
        size[left], jacobian[left] = after, new
        good[left] = (after < 0.3 * before) | (after < _FLOOR)
    return theta, first, good & (size < _DONE), jacobian
