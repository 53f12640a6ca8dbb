"""Monodromy: from one solution to all, by following the known ones along loops of instances."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .instances import Equations, Instance
from .tracking import polish, track

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
        ends, accurate = polish(equations, ends, base.take(np.zeros(len(ends), int)))
        new = known.add(ends[accurate])
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
    corners = [draw(rng, at_once).take(own) for _ in range(2)]
    corners = [base.take(0 * own), *corners, base.take(0 * own)]
    theta, alive = np.tile(solutions, (at_once, 1)), np.arange(len(own))
    for start, end in pairwise(corners):
        theta, arrived = follow(
            equations, theta, start.take(alive), end.take(alive), draw, rng, deadline
        )
        theta, alive = theta[arrived], alive[arrived]
    return theta, len(own) - len(alive)


def follow(
    equations: Equations,
    theta: Any,
    start: Instance,
    end: Instance,
    draw: DrawInstance,
    rng: np.random.Generator,
    deadline: float = math.inf,
) -> tuple[Any, Any]:
    """As `track`, but lost paths try again by way of random complex instances."""
    found, arrived = track(equations, theta, start, end, deadline)
    for _ in range(_DETOURS):
        lost = np.flatnonzero(~arrived)
        if not len(lost):
            break
        middle = draw(rng, len(lost))
        there, reached = track(equations, theta[lost], start.take(lost), middle, deadline)
        lost, there, middle = lost[reached], there[reached], middle.take(np.flatnonzero(reached))
        back, reached = track(equations, there, middle, end.take(lost), deadline)
        found[lost[reached]], arrived[lost[reached]] = back[reached], True
    return found, arrived


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
