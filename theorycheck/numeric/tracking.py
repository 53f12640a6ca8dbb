"""Following solutions along segments and circles of instances: prediction, Newton correction.

Solutions of recurrent networks reach 1e4 with condition numbers of 1e7, where Runge-Kutta
predictors lose every second path. Extrapolating the last three points with their slopes, in
coordinates in which infinity is a place like others, and judging a step by how Newton's method
contracts, loses almost none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from .instances import Equations, solve

_WANTED = 1e-2  # relative error of a prediction that the step length aims at
_ALLOWED = 2e-1  # above it a step is refused
_FLOOR = 1e-6  # corrections below it are rounding: contraction is not asked of them
_DONE = 3e-5  # the next correction would be about its square
_SHORTEST = 1e-8
_MOST_STEPS = 200  # of a leg: slower paths had better go another way, but for
_AT_EASE, _WITH_MOST = 4, 0.25  # so many times more while this share of all paths is under way
_MOST_POINTS = 3
_FIRST = 0.02  # length of the first step of a leg
_PAST = (0.0, -1e30, -2e30)

# How far along its leg a path is at a time, and how fast: the instance is start + far * along.
_Course: TypeAlias = Callable[[Array, ModuleType], tuple[Array, Array]]


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
        """Drop all but these paths."""
        for name, value in vars(self).items():
            setattr(self, name, value[chosen])

    def append(self, good: Array, time: Array, theta: Array, slope: Array) -> None:
        """A new point for the paths that are `good`."""
        chosen = slice(None) if good.all().item() else good
        times, points = self.times[chosen], self.points[chosen]
        times[:, 1:] = times[:, :-1].copy()
        times[:, 0] = time[chosen]
        points[:, 1:3], points[:, 4:] = points[:, :2].copy(), points[:, 3:5].copy()
        points[:, 0], points[:, 3] = theta[chosen], slope[chosen]
        self.times[chosen], self.points[chosen] = times, points
        self.n_points[chosen] = (self.n_points[chosen] + 1).clip(max=_MOST_POINTS)

    def predict(self, time: Array, xp: ModuleType) -> Array:
        """Where the curve through the last points, with their slopes, is at `time`."""
        points, slopes = self._finite(xp)
        # Hermite's basis; points in the distant past have no weight in it.
        distance = time[:, None] - self.times
        own = xp.eye(_MOST_POINTS)
        inverse = 1 / (self.times[:, :, None] - self.times[:, None, :] + own)
        ratios = distance[:, None, :] * inverse
        ratios = xp.where(own > 0, 1.0, ratios)
        square = ratios.prod(axis=2) ** 2
        by_value = (1 - 2 * distance * (inverse.sum(axis=2) - 1)) * square
        found = by_value[:, None] @ points + (distance * square)[:, None] @ slopes
        return found[:, 0, :-1] / found[:, 0, -1:]

    def _finite(self, xp: ModuleType) -> tuple[Array, Array]:
        """The points (paths, 3, n + 1) as theta / s and 1 / s, and their slopes.

        s is affine in theta, 1 at the newest point, and grows as theta does: a curve that comes
        near infinity, where theta has a pole, is smooth in these coordinates.
        """
        theta, slope = self.points[:, :_MOST_POINTS], self.points[:, _MOST_POINTS:]
        newest = theta[:, 0]
        size = 1 + (abs(newest) ** 2).sum(axis=1)[:, None]
        weight = (newest.conj() / size)[:, :, None]
        s, change = theta @ weight + 1 / size[:, :, None], slope @ weight
        points = xp.concatenate([theta, xp.ones_like(s)], axis=2) / s
        slopes = xp.concatenate([slope, xp.zeros_like(s)], axis=2) / s
        return points, slopes - points * (change / s)


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
    return _track(equations, theta, corners, leg, deadline, _straight, corners[-1])


def track_around(
    equations: Equations, theta: Array, base: Array, centres: Array, deadline: Deadline = NEVER
) -> Tracked:
    """Follow solutions once around: from the flat instance `base` on a circle, and back to it.

    The circle is that in the complex line through `base` and the one of the `centres` (paths,
    numbers), around the latter. As `track` otherwise; a circle is one leg.
    """
    corners = equations.xp.stack([base, centres])
    return _track(equations, theta, corners, None, deadline, _around, base)


def _straight(time: Array, xp: ModuleType) -> tuple[Array, Array]:
    """From a corner to the next."""
    return time, xp.ones_like(time)


def _around(time: Array, xp: ModuleType) -> tuple[Array, Array]:
    """Around the next corner once: the way there is start + far * along for complex `far`."""
    turned = xp.exp(2j * np.pi * time)
    return 1 - turned, -2j * np.pi * turned


def _track(
    equations: Equations,
    theta: Array,
    corners: Array,
    leg: Array | None,
    deadline: Deadline,
    course: _Course,
    end: Array,
) -> Tracked:
    """`track` on legs of any course; `end` is where they lead."""
    xp = equations.xp
    n_paths, last = len(theta), len(corners) - 2
    origin = theta.astype(complex)
    legs = xp.zeros(n_paths, int) if leg is None else leg.copy()
    found = xp.full_like(origin, np.nan)
    deadline.follow(n_paths * (last + 1) - legs.sum().item())
    paths = _begin(n_paths, origin.shape[1], legs, corners, xp)
    with np.errstate(all="ignore"):
        _enter(equations, paths, xp.arange(n_paths), origin, corners, course)
        while len(paths.index) and not deadline.is_over:
            _advance(equations, paths, course)
            arrived = paths.times[:, 0] >= 1
            if arrived.any().item():
                ended = arrived & (paths.leg == last)
                found[paths.index[ended]] = paths.points[ended, 0]
                turning = xp.flatnonzero(arrived & ~ended)
                if len(turning):
                    paths.leg[turning] += 1
                    at_corner = paths.points[turning, 0]
                    origin[paths.index[turning]] = at_corner
                    legs[paths.index[turning]] = paths.leg[turning]
                    _enter(equations, paths, turning, at_corner, corners, course)
                arrived = ended
            patience = _AT_EASE if len(paths.index) > _WITH_MOST * n_paths else 1
            is_slow = paths.n_steps >= patience * _MOST_STEPS
            going = ~arrived & (paths.step > _SHORTEST) & ~is_slow
            if not going.all().item():
                paths.keep(xp.flatnonzero(going))
        found, arrived = polish(equations, found, end)
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
    equations: Equations,
    paths: _Paths,
    chosen: Array,
    theta: Array,
    corners: Array,
    course: _Course,
) -> None:
    """Put the `chosen` of the paths at the beginning of their leg."""
    xp, index, leg = equations.xp, paths.index[chosen], paths.leg[chosen]
    start = corners[leg, index]
    along = equations.along(start, corners[leg + 1, index])
    _, jacobian = equations.residual_at(theta, start)
    _, speed = course(xp.zeros(len(index)), xp)
    slope = -solve(jacobian, equations.drift_at(theta, start, along), xp) * speed[:, None]
    paths.start[chosen], paths.along[chosen] = start, along
    paths.step[chosen], paths.n_steps[chosen], paths.n_points[chosen] = _FIRST, 0, 1
    for position, time in enumerate(_PAST):
        paths.times[chosen, position] = time
    paths.points[chosen, :_MOST_POINTS] = theta[:, None]
    paths.points[chosen, _MOST_POINTS:] = slope[:, None]


def _relative(change: Array, theta: Array) -> Array:
    return abs(change).max(axis=1) / (abs(theta).max(axis=1) + 1e-3)


def _advance(equations: Equations, paths: _Paths, course: _Course) -> None:
    """One step of every path: predict, correct, then accept or shorten."""
    xp = equations.xp
    now = xp.minimum(paths.times[:, 0] + paths.step, 1.0)
    far, speed = course(now, xp)
    flat = paths.start + far[:, None] * paths.along
    theta, error, good, jacobian = _correct(equations, paths.predict(now, xp), flat)
    slope = -solve(jacobian, equations.drift_at(theta, flat, paths.along), xp) * speed[:, None]
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
