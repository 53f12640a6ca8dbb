"""A search for levels of T14: counts first, then the linear systems modulo a prime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import OutOfTimeError
from .algebra import Residues
from .infinity import basis
from .levels import Levels, construct
from .pairs import Counts, Pair

_WHAT = "the search for levels"
_DRAWS = 1000  # of random levels for a pair, most of which counts refuse
_MOST_WORK = 2e10  # of all that are tried for a pair, in equations^2 x learnables
_TRIES = (5, 200)  # at least and at most


@dataclass(frozen=True)
class Found:
    """Levels that work for a pair; `minor` are the columns of one of its Jacobian, if needed."""

    pair: Pair
    levels: Levels
    minor: list[int] | None


def find_levels(
    pairs: list[Pair], prime: int, seed: int, deadline: Deadline = NEVER
) -> Found | None:
    """The first levels found that make one of the pairs maximal.

    For each pair come levels that counts alone suggest, then random ones; how many of them are
    tried depends on the size of the pair. Raises `OutOfTimeError` after the deadline.
    """
    rng = np.random.default_rng(seed)
    wanted = [pair for pair in pairs if pair.n_learnable >= pair.n_equations > 0]
    seen: list[set[Levels]] = [set() for _ in wanted]
    for propose in (_plain, _joint, lambda pair: _drawn(pair, rng, _DRAWS)):
        for pair, tried in zip(wanted, seen, strict=True):
            tries = tries_for(pair, _MOST_WORK, _TRIES)
            proposed = (
                levels for levels in deadline.watch(propose(pair), _WHAT) if levels is not None
            )
            found = first_that_works(pair, proposed, tried, tries, prime, rng, deadline)
            if found is not None:
                return found
    return None


def tries_for(pair: Pair, most_work: float, tries: tuple[int, int]) -> int:
    """How many levels are tried: less than `most_work`, equations^2 x learnables, if in `tries`."""
    return int(np.clip(most_work / pair.n_equations**2 / pair.n_learnable, *tries))


def first_that_works(
    pair: Pair,
    proposed: Iterable[Levels],
    tried: set[Levels],
    tries: int,
    prime: int,
    rng: np.random.Generator,
    deadline: Deadline = NEVER,
) -> Found | None:
    """The first of so many levels that works, those in `tried` left out, which it extends.

    Raises `OutOfTimeError` after the deadline.
    """
    for levels in proposed:
        if levels in tried:
            continue
        tried.add(levels)
        found = try_levels(pair, levels, prime, rng, deadline)
        if found is not None:
            return found
        tries -= 1
        if not tries:
            break
    return None


def proposals(pair: Pair, rng: np.random.Generator, draws: int) -> Iterator[Levels]:
    """Levels that counts allow, in the order in which they are tried, `draws` of them random."""
    for found in (_plain(pair), _joint(pair), _drawn(pair, rng, draws)):
        yield from (levels for levels in found if levels is not None)


def try_levels(
    pair: Pair, levels: Levels, prime: int, rng: np.random.Generator, deadline: Deadline = NEVER
) -> Found | None:
    """The levels, if at random data modulo the prime all systems have the ranks they need.

    None, too, if one of them is too large for the time that is left: others may do with smaller
    ones. Raises `OutOfTimeError` after the deadline.
    """
    try:
        return _tried(pair, levels, prime, rng, deadline)
    except OutOfTimeError:
        deadline.check(_WHAT)
        return None


def _tried(
    pair: Pair, levels: Levels, prime: int, rng: np.random.Generator, deadline: Deadline
) -> Found | None:
    algebra = Residues(prime, deadline)
    data = pair.data(algebra, rng, prime - 1)
    built = construct(pair, levels, data, algebra)
    if built is None:
        return None
    if levels.is_finite:
        return Found(pair, levels, None)
    minor = basis(pair, data, built, prime, algebra, deadline)
    return None if minor is None else Found(pair, levels, minor)


def _plain(pair: Pair) -> Iterator[Levels | None]:
    """Levels as high as learnables allow, up to a cap, and columns as low as they can be."""
    for cap, units in _capped(pair):
        yield by_counts(pair, units, cap)


def _joint(pair: Pair) -> Iterator[Levels | None]:
    """The same, all functionals being random: fewer conditions, and one large system."""
    for _, units in _capped(pair):
        yield by_counts(pair, units, 0)


def _capped(pair: Pair) -> Iterator[tuple[int, Counts]]:
    most = np.count_nonzero(pair.outer, axis=0)
    for cap in range(pair.rows):
        yield cap, np.minimum(most, cap)
        yield cap, np.where(most >= cap, cap, 0)


def _drawn(pair: Pair, rng: np.random.Generator, draws: int) -> Iterator[Levels | None]:
    """Random levels of units, numbers of chosen functionals and infinite columns."""
    most = np.count_nonzero(pair.outer, axis=0)
    for _ in range(draws):
        cap = int(rng.integers(1, max(pair.rows, 2)))
        chosen = cap if rng.random() < 0.75 else int(rng.integers(cap + 1))
        highest = np.minimum(most, cap)
        kind = rng.integers(4)
        if kind == 0:
            units = highest
        elif kind == 1:
            units = np.where(most >= cap, cap, 0)
        elif kind == 2:
            lower = rng.random(pair.units) < 0.4
            units = np.where(lower, rng.integers(0, highest, endpoint=True), highest)
        else:
            full = (most >= cap) & (rng.random(pair.units) < 0.9)
            units = np.where(full, cap, np.where(most >= chosen, chosen, 0))
        yield by_counts(pair, units, chosen, rng)


def by_counts(
    pair: Pair, units: Counts, chosen: int, rng: np.random.Generator | None = None
) -> Levels | None:
    """Levels of the columns that counts allow: each the lowest, and few infinite.

    With `rng` some more are infinite. None if counts show that nothing fits.

    >>> pair = Pair(1, "columns", (0, 1), np.eye(2, dtype=bool), np.ones((2, 2), bool), 2)
    >>> by_counts(pair, np.array([0, 0]), 0)
    Levels(units=(0, 0), columns=(0, 0), chosen=0, values=())
    """
    reached = ranks_reached(pair, units)
    highest, rows = int(units.max(initial=0)), pair.rows
    fits = reached >= rows - np.arange(len(reached))[:, None]
    lowest = np.where(fits.any(axis=0), np.argmax(fits, axis=0), -1)
    spare = int((np.count_nonzero(pair.outer, axis=0) - units)[units >= chosen].sum())
    can_go = np.count_nonzero(pair.inner, axis=0) > reached[0]
    columns: list[int | None] = []
    for t, level in enumerate(lowest.tolist()):
        if 0 <= level <= chosen or (can_go[t] and level < 0):
            columns.append(None if level < 0 else level)
        elif can_go[t]:
            columns.append(None)
        else:
            level = rows if level < 0 else level
            spare -= level - chosen
            columns.append(level)
    if spare < 0 or highest > rows:
        return None
    if rng is not None and rng.random() < 0.7:
        share = rng.random()
        columns = [
            None if can_go[t] and rng.random() < share else level for t, level in enumerate(columns)
        ]
    return _with_room(Levels(tuple(units.tolist()), tuple(columns), chosen), can_go, rows)


def ranks_reached(pair: Pair, units: Counts) -> NDArray[np.int64]:
    """The nested rank (T14) of each column's units of at least each level, (levels, columns)."""
    highest = int(units.max(initial=0))
    ranks = np.zeros(pair.columns, dtype=np.int64)
    found = np.zeros((highest + 1, pair.columns), dtype=np.int64)
    for level in range(highest, -1, -1):
        for unit in np.flatnonzero(units == level):
            ranks += pair.inner[unit] & (ranks < pair.rows - level)
        found[level] = ranks
    return found


def _with_room(levels: Levels, can_go: NDArray[np.bool_], rows: int) -> Levels | None:
    """At most rows - j finite columns have level j or more: else the highest become infinite."""
    columns = list(levels.columns)
    for number in range(levels.chosen, 0, -1):
        above = [t for t, level in enumerate(columns) if level is not None and level >= number]
        excess = len(above) - (rows - number)
        movable = [t for t in above if can_go[t]]
        if excess > len(movable):
            return None
        for t in movable[: max(excess, 0)]:
            columns[t] = None
    return Levels(levels.units, tuple(columns), levels.chosen)
