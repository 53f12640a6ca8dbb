"""Monodromy: from one solution to all, by following the known ones along loops of instances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType

import numpy as np

from ..computing.arrays import Array, on_host
from ..computing.deadline import NEVER, Deadline
from .instances import Equations, Instance
from .tracking import track, track_around

_SAME = 1e-6  # relative distance below which two approximate solutions are the same one
_PATHS_AT_ONCE = 200
DETOURS = 6
_CIRCLES = 8  # that a lost path tries instead

DrawInstance = Callable[[np.random.Generator, int], Instance]


@dataclass(frozen=True)
class Monodromy:
    """Solutions of one complex instance, closed under the last loops that were tried.

    `quiet_loops` in a row have found nothing new; `lost` counts paths that no detour could save
    (every one of them might have led to another solution). `is_complete` tells whether the search
    ended by itself: enough quiet loops, without a lost path among them.
    """

    instance: Instance
    solutions: Array  # (count, n), of NumPy: which of them are the same is found there
    quiet_loops: int
    lost: int
    is_complete: bool

    @property
    def count(self) -> int:
        """How many solutions were found."""
        return len(self.solutions)


@dataclass
class _LoopSearch:
    """What one search has found so far."""

    rng: np.random.Generator
    base: Instance
    known: Distinct
    quiet: int = 0
    lost: int = 0


def find_solutions(
    equations: Equations,
    draw: DrawInstance,
    rng: np.random.Generator,
    *,
    quiet_loops: int = 24,
    most: int = 1000,
    may_go_on: Callable[[int], bool] = lambda count: True,
    deadline: Deadline = NEVER,
) -> Monodromy:
    """All solutions of a random complex instance, as far as loops around random ones lead.

    `draw(rng, k)` gives k random complex instances. The search ends after `quiet_loops` loops
    without a new solution, above `most` solutions, when `may_go_on(count)` says no, or at the
    deadline, then with paths lost.
    """
    limits = Limits(quiet_loops, most, may_go_on, deadline)
    return find_together(equations, draw, [rng], limits)[0]


@dataclass(frozen=True)
class Limits:
    """When a search ends: see `find_solutions`."""

    quiet_loops: int
    most: int
    may_go_on: Callable[[int], bool]
    deadline: Deadline


def find_together(
    equations: Equations, draw: DrawInstance, rngs: Sequence[np.random.Generator], limits: Limits
) -> list[Monodromy]:
    """`find_solutions` for several random generators, each with an instance of its own.

    The paths of all searches are followed at once; where `may_go_on` stops one, all end.
    """
    searches = [_begin(equations, draw, rng) for rng in rngs]
    return _completed(equations, draw, searches, limits)


def find_again(
    equations: Equations,
    draw: DrawInstance,
    rng: np.random.Generator,
    limits: Limits,
    before: Monodromy,
) -> Monodromy:
    """`find_solutions` on another instance, from one solution drawn there and all known `before`.

    These are followed to it. The one that is drawn knows nothing of them: if they are all there
    are it is among them, else it may be a new one.
    """
    search = _begin(equations, draw, rng)
    xp = equations.xp
    every, start = xp.zeros(before.count, dtype=int), xp.asarray(before.solutions)
    corners = [before.instance.take(every), search.base.take(every)]
    ends, arrived = follow(equations, start, corners, draw, rng, limits.deadline)
    search.known.add(on_host(ends[arrived]))
    return _completed(equations, draw, [search], limits)[0]


def _completed(
    equations: Equations, draw: DrawInstance, searches: Sequence[_LoopSearch], limits: Limits
) -> list[Monodromy]:
    """The searches after loops until nothing new is found, or a limit is met."""
    quiet_loops = limits.quiet_loops
    while all(limits.may_go_on(len(search.known)) for search in searches):
        going = [s for s in searches if s.quiet < quiet_loops and len(s.known) <= limits.most]
        if not going:
            break
        _round(equations, draw, going, limits)
        # Where one search cannot be completed, the others are of no use.
        if limits.deadline.is_over or any(s.lost > 50 * (len(s.known) + 4) for s in searches):
            break
    return [
        Monodromy(s.base, s.known.points, s.quiet, s.lost, s.quiet >= quiet_loops) for s in searches
    ]


def _begin(equations: Equations, draw: DrawInstance, rng: np.random.Generator) -> _LoopSearch:
    """A random instance with one known solution."""
    n = len(equations.entries)
    base = draw(rng, 1)
    theta = rng.standard_normal((1, n)) + 1j * rng.standard_normal((1, n))
    start, _ = equations.residual(theta, base)
    base = Instance(base.weights, base.inputs, base.outputs + start)
    return _LoopSearch(rng, base, Distinct(on_host(theta)))


def _round(
    equations: Equations, draw: DrawInstance, searches: Sequence[_LoopSearch], limits: Limits
) -> None:
    """Some loops of all known solutions of every search, each around a random instance."""
    xp = equations.xp
    bases, centres, starts, sizes = [], [], [], []
    for search in searches:
        count = len(search.known)
        at_once = min(max(_PATHS_AT_ONCE // count, 4), limits.quiet_loops)
        own = xp.repeat(xp.arange(at_once), count)
        bases.append(equations.flat(search.base)[0 * own])
        centres.append(equations.flat(draw(search.rng, at_once))[own])
        starts.append(np.tile(search.known.points, (at_once, 1)))
        sizes.append(at_once)
    base, around, theta = xp.concatenate(bases), xp.concatenate(centres), np.concatenate(starts)
    way = xp.asarray(theta), base, around, draw, searches[0].rng, limits.deadline
    ends, arrived = (on_host(part) for part in _follow_around(equations, *way))
    positions = np.cumsum([0, *map(len, starts)])
    for search, at_once, (first, last) in zip(searches, sizes, pairwise(positions), strict=True):
        own = arrived[first:last]
        n_lost = int((~own).sum())
        new = search.known.add(ends[first:last][own])
        search.quiet = 0 if new or n_lost else search.quiet + at_once
        search.lost += n_lost


def _follow_around(
    equations: Equations,
    theta: Array,
    base: Array,
    centres: Array,
    draw: DrawInstance,
    rng: np.random.Generator,
    deadline: Deadline,
) -> tuple[Array, Array]:
    """Where loops lead, and whether each path arrived; lost ones try other random circles."""
    result = track_around(equations, theta, base, centres, deadline)
    found, arrived = result.found, result.arrived
    for _ in range(_CIRCLES):
        lost = equations.xp.flatnonzero(~arrived)
        if not len(lost) or deadline.is_over:
            break
        # Not by way of another instance and back: such a loop would be trivial.
        centres = equations.flat(draw(rng, len(lost)))
        again = track_around(equations, theta[lost], base[lost], centres, deadline)
        found[lost[again.arrived]] = again.found[again.arrived]
        arrived[lost] = again.arrived
    return found, arrived


def follow(
    equations: Equations,
    theta: Array,
    corners: Sequence[Instance],
    draw: DrawInstance,
    rng: np.random.Generator,
    deadline: Deadline = NEVER,
    *,
    detours: int = DETOURS,
) -> tuple[Array, Array]:
    """Follow solutions `theta` (paths, n) from corner to corner (instances one per path).

    Returns the solutions at the last corner and whether each arrived; the others are not finite.
    Lost paths try again from their last corner by way of random complex instances.
    """
    ways = equations.xp.stack([equations.flat(corner) for corner in corners])
    return _follow(equations, theta, ways, draw, rng, deadline, detours)


def _follow(
    equations: Equations,
    theta: Array,
    ways: Array,
    draw: DrawInstance,
    rng: np.random.Generator,
    deadline: Deadline,
    detours: int = DETOURS,
) -> tuple[Array, Array]:
    """`follow` through flat corners."""
    xp = equations.xp
    result = track(equations, theta, ways, deadline=deadline)
    found, arrived = result.found, result.arrived
    lost, leg, origin = xp.arange(len(theta)), result.leg, result.origin
    for _ in range(detours):
        left = xp.flatnonzero(~result.arrived)
        lost, leg, origin = lost[left], leg[left], origin[left]
        if not len(lost) or deadline.is_over:
            break
        middle = equations.flat(draw(rng, len(lost)))
        longer = _with_detours(ways[:, lost], leg, middle, xp)
        result = track(equations, origin, longer, leg, deadline)
        reached = result.arrived
        found[lost[reached]], arrived[lost[reached]] = result.found[reached], True
        # Whoever has come past the detour tries again from there, on the leg's old number.
        past = result.leg > leg + 1
        origin = xp.where(past[:, None], result.origin, origin)
        leg = xp.where(past, result.leg - 1, leg)
    return found, arrived


def _with_detours(ways: Array, leg: Array, middle: Array, xp: ModuleType) -> Array:
    """The corners of `ways` with `middle` put in on each path's leg."""
    corners = [
        xp.where((position <= leg)[:, None], ways[min(position, len(ways) - 1)], ways[position - 1])
        for position in range(len(ways) + 1)
    ]
    longer = xp.stack(corners)
    longer[leg + 1, xp.arange(len(leg))] = middle
    return longer


class Distinct:
    """Points that differ from each other by more than rounding."""

    def __init__(self, points: Array) -> None:
        self.points = points

    def __len__(self) -> int:
        return len(self.points)

    def add(self, points: Array) -> int:
        """Add those that are new; returns how many.

        Of many points only those are compared whose weighted sums are near each other.
        """
        before, every = len(self), np.concatenate([self.points, points])
        weight = np.exp(1j * np.arange(every.shape[1]))
        same = _SAME * (abs(points).max(axis=1) + 1e-3)
        sums, reach = (
            (every @ weight).real,
            same * len(weight),
        )  # |sum - sum'| <= n |point - point'|
        order = np.argsort(sums)
        first = np.searchsorted(sums, sums[before:] - reach, "left", order)
        last = np.searchsorted(sums, sums[before:] + reach, "right", order)
        is_kept = np.arange(len(every)) < before
        for number, (left, right) in enumerate(zip(first, last, strict=True)):
            near = order[left:right]
            near = near[is_kept[near]]
            apart = abs(every[near] - points[number]).max(axis=1)
            is_kept[before + number] = not bool((apart < same[number]).any())
        self.points = every[is_kept]
        return len(self) - before


def all_differ(points: Array) -> bool:
    """Whether no two of the points (count, n) are the same up to rounding.

    >>> all_differ(np.array([[1.0], [2.0]])), all_differ(np.array([[1.0], [1.0 + 1e-9]]))
    (True, False)
    """
    return Distinct(points[:1]).add(points[1:]) == len(points) - 1
