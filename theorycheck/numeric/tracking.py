"""Following solutions along segments of instances: Hermite prediction, Newton correction.

Solutions of recurrent networks reach 1e4 with condition numbers of 1e7, where Runge-Kutta
predictors lose every second path. Extrapolating the last three points with their slopes, and
judging a step by how Newton's method contracts, loses almost none.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from .instances import Equations, Instance, solve

_WANTED = 1e-2  # relative error of a prediction that the step length aims at
_ALLOWED = 2e-1  # above it a step is refused
_FLOOR = 1e-6  # corrections below it are rounding: contraction is not asked of them
_DONE = 3e-5  # the next correction would be about its square
_SHORTEST = 1e-8
_MOST_STEPS = 200  # slower paths had better go another way
_MOST_POINTS = 3


@dataclass
class _Paths:
    """The paths under way, and up to three last points of each, the newest at the end."""

    index: Any  # number of the path
    step: Any  # length of the next step
    n_points: Any
    times: Any  # (paths, 3)
    points: Any  # (paths, 3, n)
    slopes: Any  # (paths, 3, n)

    @classmethod
    def begin(cls, theta: Any, slope: Any, xp: Any) -> _Paths:
        n = len(theta)
        times = xp.zeros((n, _MOST_POINTS))
        points = xp.stack([theta] * _MOST_POINTS, axis=1)
        slopes = xp.stack([slope] * _MOST_POINTS, axis=1)
        return cls(xp.arange(n), xp.full(n, 0.02), xp.ones(n, int), times, points, slopes)

    def keep(self, chosen: Any) -> None:
        """Drop the other paths."""
        for name in ("index", "step", "n_points", "times", "points", "slopes"):
            setattr(self, name, getattr(self, name)[chosen])

    def append(self, good: Any, time: Any, theta: Any, slope: Any) -> None:
        """A new point for the paths that are `good`."""
        for name, new in (("times", time), ("points", theta), ("slopes", slope)):
            old = getattr(self, name)
            old[good, :-1] = old[good, 1:]
            old[good, -1] = new[good]
        self.n_points[good] = (self.n_points[good] + 1).clip(max=_MOST_POINTS)

    def predict(self, time: Any) -> Any:
        """Where the polynomial through the last points, with their slopes, is at `time`."""
        result = self.points[:, -1] * np.nan
        for n in range(1, _MOST_POINTS + 1):
            own = self.n_points == n
            if bool(own.any()):
                last = slice(_MOST_POINTS - n, None)
                data = self.times[own, last], self.points[own, last], self.slopes[own, last]
                result[own] = _extrapolate(*data, time[own])
        return result


def track(
    equations: Equations, theta: Any, start: Instance, end: Instance, deadline: float = math.inf
) -> tuple[Any, Any]:
    """Follow solutions `theta` (paths, n) of `start` to `end` (instances one per path).

    Returns the solutions at the end and whether each arrived; the others are not finite. Paths that
    are under way at the `deadline` (`time.monotonic`) are lost.
    """
    xp = equations.xp
    direction = end.minus(start)
    theta = theta.astype(complex)
    found = xp.full_like(theta, np.nan)
    paths = _Paths.begin(theta, _slope(equations, theta, start, direction), xp)
    for _ in range(_MOST_STEPS):
        if not len(paths.index) or time.monotonic() > deadline:
            break
        _advance(equations, paths, start.take(paths.index), direction.take(paths.index))
        arrived = paths.times[:, -1] >= 1
        found[paths.index[arrived]] = paths.points[arrived, -1]
        going = ~arrived & (paths.step > _SHORTEST)
        if not bool(going.all()):
            paths.keep(going)
    return polish(equations, found, end)


def polish(equations: Equations, theta: Any, instance: Instance) -> tuple[Any, Any]:
    """Newton's method to the end of accuracy, and whether it converged (False for NaN)."""
    xp = equations.xp
    size = xp.full(len(theta), np.inf)
    for _ in range(4):
        residual, jacobian = equations.residual(theta, instance)
        change = solve(jacobian, residual, xp)
        theta = theta - change
        size = _relative(change, theta, xp)
    return theta, xp.isfinite(size) & (size < _FLOOR)


def _slope(equations: Equations, theta: Any, instance: Instance, direction: Instance) -> Any:
    _, jacobian = equations.residual(theta, instance)
    return -solve(jacobian, equations.drift(theta, instance, direction), equations.xp)


def _relative(change: Any, theta: Any, xp: Any) -> Any:
    return abs(change).max(axis=1) / (abs(theta).max(axis=1) + 1e-3)


def _advance(equations: Equations, paths: _Paths, start: Instance, along: Instance) -> None:
    """One step of every path: predict, correct, then accept or shorten."""
    xp = equations.xp
    now = xp.minimum(paths.times[:, -1] + paths.step, 1.0)
    instance = _at(start, along, now)
    theta, error, good, jacobian = _correct(equations, paths.predict(now), instance)
    slope = -solve(jacobian, equations.drift(theta, instance, along), xp)
    good &= xp.isfinite(slope).all(axis=1)
    with np.errstate(all="ignore"):
        factor = 0.9 * (_WANTED / xp.maximum(error, 1e-14)) ** (0.5 / paths.n_points)
    factor = xp.clip(xp.where(xp.isfinite(factor), factor, 0.0), 0.3, 3.0)
    paths.step = paths.step * xp.where(good, factor, xp.minimum(factor, 0.5))
    paths.append(good, now, theta, slope)


def _at(start: Instance, along: Instance, time: Any) -> Instance:
    def moved(a: Any, d: Any) -> Any:
        return a + time.reshape(-1, *(1,) * (a.ndim - 1)) * d

    weights = {name: moved(a, along.weights[name]) for name, a in start.weights.items()}
    return Instance(weights, moved(start.inputs, along.inputs), moved(start.outputs, along.outputs))


def _correct(equations: Equations, theta: Any, instance: Instance) -> tuple[Any, Any, Any, Any]:
    """Newton's method: solutions, errors of the predictions, success, last Jacobians."""
    xp = equations.xp
    residual, jacobian = equations.residual(theta, instance)
    change = solve(jacobian, residual, xp)
    first = _relative(change, theta, xp)
    theta = theta - change
    good = xp.isfinite(first) & (first < _ALLOWED)
    size = first.copy()
    for _ in range(3):
        left = xp.flatnonzero(good & (size > _DONE))  # few need as many steps as the slowest
        if not len(left):
            break
        residual, jacobian[left] = equations.residual(theta[left], instance.take(left))
        change = solve(jacobian[left], residual, xp)
        before, size[left] = size[left], _relative(change, theta[left], xp)
        theta[left] -= change
        good[left] = (size[left] < 0.3 * before) | (size[left] < _FLOOR)
    return theta, first, good & (size < _DONE), jacobian


def _extrapolate(times: Any, points: Any, slopes: Any, time: Any) -> Any:
    """The polynomial through points with slopes (Newton's divided differences)."""
    n = times.shape[1]
    nodes = [times[:, k // 2] for k in range(2 * n)]
    table = [points[:, k // 2] for k in range(2 * n)]
    coefficients = [table[0]]
    for order in range(1, 2 * n):
        row = []
        for k in range(len(table) - 1):
            if order == 1 and k % 2 == 0:
                row.append(slopes[:, k // 2])
            else:
                row.append((table[k + 1] - table[k]) / (nodes[k + order] - nodes[k])[:, None])
        table = row
        coefficients.append(table[0])
    value = coefficients[-1]
    for coefficient, node in zip(coefficients[-2::-1], nodes[-2::-1], strict=True):
        value = coefficient + (time - node)[:, None] * value
    return value
