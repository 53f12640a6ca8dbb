"""Monodromy: from one solution to all, by following the known ones along loops of instances."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .instances import Equations, Instance
from .tracking import track

_SAME = 1e-6  # relative distance below which two approximate solutions are the same one
_PATHS_AT_ONCE = 200
_DETOURS = 3

DrawInstance = Callable[[np.random.Generator, int], Instance]


@dataclass(frozen=True)
class Monodromy:
    """Solutions of one complex instance, closed under the last loops that were tried.

    `quiet_loops` in a row have found nothing new; `lost` counts paths that no detour could save
    (every one of them might have led to another solution). `is_complete` tells whether the search
    ended by itself: enough quiet loops, without a lost path among them.
    """

    instance: Instance
    solutions: Any  # (count, n)
    quiet_loops: int
    lost: int
    is_complete: bool

    @property
    def count(self) -> int:
        """How many solutions were found."""
        return len(self.solutions)


def find_solutions(
    equations: Equations,
    draw: DrawInstance,
    rng: np.random.Generator,
    *,
    quiet_loops: int = 24,
    most: int = 1000,
    may_go_on: Callable[[int], bool] = lambda count: True,
    deadline: float = math.inf,
) -> Monodromy:
    """All solutions of a random complex instance, as far as loops through random ones lead.

    `draw(rng, k)` gives k random complex instances. The search ends after `quiet_loops` loops
    without a new solution, above `most` solutions, when `may_go_on(count)` says no, or at the
    `deadline` (`time.monotonic`), then with paths lost.
    """
    n = len(equations.cells)
    base = draw(rng, 1)
    theta = rng.normal(size=(1, n)) + 1j * rng.normal(size=(1, n))
    start, _ = equations.residual(theta, base)
    base = Instance(base.weights, base.inputs, base.outputs + start)
    known = Distinct(theta)
    quiet = lost = 0
    while quiet < quiet_loops and len(known) <= most and may_go_on(len(known)):
        at_once = min(max(_PATHS_AT_ONCE // len(known), 4), quiet_loops)
        ends, n_lost = _loops(equations, draw, rng, base, known.points, at_once, deadline)
        new = known.add(ends)
        quiet = 0 if new or n_lost else quiet + at_once
        lost += n_lost
        if time.monotonic() > deadline or lost > 50 * (len(known) + 4):
            break
    is_complete = quiet >= quiet_loops
    return Monodromy(base, known.points, quiet, lost, is_complete)


def _loops(
    equations: Equations,
    draw: DrawInstance,
    rng: np.random.Generator,
    base: Instance,
    solutions: Any,
    at_once: int,
    deadline: float,
) -> tuple[Any, int]:
    """Where all solutions end after some triangular loops, and how many paths were lost."""
    own = np.repeat(np.arange(at_once), len(solutions))
    middle = [draw(rng, at_once).take(own) for _ in range(2)]
    corners = [base.take(0 * own), *middle, base.take(0 * own)]
    ends, arrived = follow(
        equations, np.tile(solutions, (at_once, 1)), corners, draw, rng, deadline
    )
    return ends[arrived], int((~arrived).sum())


def follow(
    equations: Equations,
    theta: Any,
    corners: Sequence[Instance],
    draw: DrawInstance,
    rng: np.random.Generator,
    deadline: float = math.inf,
) -> tuple[Any, Any]:
    """Follow solutions `theta` (paths, n) from corner to corner (instances one per path).

    Returns the solutions at the last corner and whether each arrived; the others are not finite.
    Lost paths try again from their last corner by way of random complex instances.
    """
    xp = equations.xp
    ways = xp.stack([equations.flat(corner) for corner in corners])
    result = track(equations, theta, ways, deadline=deadline)
    found, arrived = result.found, result.arrived
    lost, leg, origin = np.arange(len(theta)), result.leg, result.origin
    for _ in range(_DETOURS):
        left = np.flatnonzero(~result.arrived)
        lost, leg, origin = lost[left], leg[left], origin[left]
        if not len(lost) or time.monotonic() > deadline:
            break
        middle = equations.flat(draw(rng, len(lost)))
        longer = _with_detours(ways[:, lost], leg, middle, xp)
        result = track(equations, origin, longer, leg, deadline)
        reached = result.arrived
        found[lost[reached]], arrived[lost[reached]] = result.found[reached], True
        # Whoever has come past the detour tries again from there, on the leg's old number.
        past = result.leg > leg + 1
        origin = np.where(past[:, None], result.origin, origin)
        leg = np.where(past, result.leg - 1, leg)
    return found, arrived


def _with_detours(ways: Any, leg: Any, middle: Any, xp: Any) -> Any:
    """The corners of `ways` with `middle` put in on each path's leg."""
    corners = [
        xp.where((place <= leg)[:, None], ways[min(place, len(ways) - 1)], ways[place - 1])
        for place in range(len(ways) + 1)
    ]
    longer = xp.stack(corners)
    longer[leg + 1, xp.arange(len(leg))] = middle
    return longer


class Distinct:
    """Points that differ from each other by more than rounding."""

    def __init__(self, points: Any) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def add(self, points: Any) -> int:
        """Add those that are new; returns how many."""
        before = len(self)
        for point in points:
            distance = abs(self.points - point).max(axis=1)
            if not (distance < _SAME * (abs(point).max() + 1e-3)).any():
                self.points = np.concatenate([self.points, point[None]])
        return len(self) - before


def all_differ(points: Any) -> bool:
    """Whether no two of the points (count, n) are the same up to rounding.

    >>> all_differ(np.array([[1.0], [2.0]])), all_differ(np.array([[1.0], [1.0 + 1e-9]]))
    (True, False)
    """
    return Distinct(points[:1]).add(points[1:]) == len(points) - 1
