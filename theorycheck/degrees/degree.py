"""The degree of a square system: a proved bound, one polynomial, monodromy, or elimination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..computing.effort import Effort
from ..errors import OutOfTimeError
from ..numeric.monodromy import (
    DETOURS,
    Distinct,
    Limits,
    Monodromy,
    all_differ,
    find_again,
    find_together,
    follow,
)
from .bezout import BezoutBound, bezout_bound, path_degrees
from .counting import Counted
from .draws import Draws
from .elimination import ENOUGH, degree_by_elimination
from .system import SquareSystem
from .univariate import degree_by_univariate

_QUIET_LOOPS = 12  # of each draw
_HOPELESS = 100  # times as many solutions as are followed: more than that is not tried
_FEW = 64  # up to this bound both draws together cost little more than one
_REAL_DRAWN, _REAL_INSTANCES = 6, 4  # detours if fewer are solved without
_ELIMINATION_SECONDS = 20.0
_UNIVARIATE_SECONDS = 10.0
_UNIVARIATE_DEGREES = 60  # of all equations together, where no clock limits the expansion
_UNIVARIATE_ERROR = 1e-6


@dataclass(frozen=True)
class Open:
    """What was sought is not known, and why.

    `limit` names what ended the search (`seconds`, `degree`, `instances`), None if nothing did.
    """

    reason: str
    limit: str | None = None


@dataclass(frozen=True)
class Degree:
    """The number `value` of complex solutions of `system`, for generic given numbers.

    `by` is the record for the certificate: `bezout` (a proved upper bound, which is met), or
    `univariate`, `monodromy` or `elimination` from independent draws; then `error_bound` is
    positive.
    `search` has the solutions of one complex instance, if they were followed.
    """

    system: SquareSystem
    value: int
    by: dict[str, Any]
    error_bound: float
    search: Monodromy | None = None


def degree_of(system: SquareSystem, seed: int, effort: Effort, deadline: Deadline) -> Degree | Open:
    """The degree of `system`, or why it stays open within the effort.

    A multihomogeneous Bezout number bounds it (T6). Where that is far above what the effort allows,
    and the network not linear, nothing is searched. If monodromy finds fewer solutions than that,
    it is the degree of one polynomial, if one unknown covers all conflicts; else two draws from
    `seed` have to agree, and where they do not exact elimination decides.
    """
    if len(system.unknowns) > effort.unknowns:
        reason = f"{len(system.unknowns)} unknowns exceed the limit of {effort.unknowns}"
        return Open(reason, "degree")
    try:
        with np.errstate(all="ignore"):  # lost paths end at infinity
            return _degree_of(system, seed, effort, effort.search(deadline))
    except OutOfTimeError as error:
        return Open(str(error), "seconds")


def _degree_of(
    system: SquareSystem, seed: int, effort: Effort, deadline: Deadline
) -> Degree | Open:
    bound = bezout_bound(system, deadline)
    if bound.value == 0:
        return Open("a bound on the number of solutions is 0, although the rank is full")
    if bound.value == 1:
        return _by_bound(system, bound, None)
    if deadline.has_passed:
        return Open("no time is left for a degree", "seconds")
    if not system.network.is_linear and bound.value > _HOPELESS * effort.degree:
        return _too_large(bound, effort)
    draws = Draws(system)
    univariate = _univariate(system, seed, effort, deadline)
    if univariate is not None:
        return _by_univariate(draws, bound, univariate, seed, effort, deadline)
    searches = _searches(draws, bound, seed, effort, deadline)
    for search in searches:
        if search.count == bound.value:
            return _by_bound(system, bound, search)
        if search.count > effort.degree:
            return _too_many(effort)
    agreed = _agreed(draws, searches, seed, effort, deadline)
    return agreed or _eliminated(system, searches, seed, effort, deadline)


def _too_many(effort: Effort) -> Open:
    return Open(f"there are more than {effort.degree} solutions, the limit", "degree")


def _too_large(bound: BezoutBound, effort: Effort) -> Open:
    """Systems with units that are powers have, as a rule, a number of solutions near the bound."""
    size = len(str(bound.value)) - 1
    reason = (
        f"too large for degrees: there may be 10^{size} solutions, the limit is {effort.degree}"
    )
    return Open(reason, "degree")


def _limit(deadline: Deadline) -> str:
    """What the verdict names where a search for a degree ended early."""
    return "degree" if deadline.is_spent else "seconds"


def _univariate(
    system: SquareSystem, seed: int, effort: Effort, deadline: Deadline
) -> Counted | None:
    """The degree by one polynomial, if that applies and is sure enough (linear networks)."""
    if not system.network.is_linear:
        return None
    own = deadline.within(_UNIVARIATE_SECONDS)
    if effort.paths is not None:  # no clock may matter: small ones are done whatever it takes
        every = frozenset(range(len(system.unknowns)))
        if sum(path_degrees(system, every, deadline)) > _UNIVARIATE_DEGREES:
            return None
        own = deadline
    found = degree_by_univariate(system, seed, deadline=own)
    return found if found is not None and found.error_bound <= _UNIVARIATE_ERROR else None


def _by_univariate(
    draws: Draws,
    bound: BezoutBound,
    exact: Counted,
    seed: int,
    effort: Effort,
    deadline: Deadline,
) -> Degree | Open:
    """The degree of one polynomial, which a complete search has to confirm."""
    if exact.degree > effort.degree:
        return _too_many(effort)
    [search] = _search(draws, bound, [2 * seed], effort, deadline)
    if search.count > exact.degree or (search.is_complete and search.count < exact.degree):
        by = f"the polynomial in learnable {exact.unknown} has degree {exact.degree}"
        return Open(f"monodromy found {search.count} solutions, but {by}")
    if search.count == exact.degree == bound.value:
        return _by_bound(draws.system, bound, search)
    known = search if search.count == exact.degree else None
    return Degree(draws.system, exact.degree, exact.to_evidence(), exact.error_bound, known)


def _searches(
    draws: Draws, bound: BezoutBound, seed: int, effort: Effort, deadline: Deadline
) -> list[Monodromy]:
    """Two draws, unless the first is enough or incomplete; at once where there are few paths.

    Else the second begins with what the first found and with a solution of its own.
    """
    seeds = [2 * seed, 2 * seed + 1]
    if bound.value <= _FEW:
        return _search(draws, bound, seeds, effort, deadline)
    [first] = _search(draws, bound, seeds[:1], effort, deadline)
    if first.count == bound.value or first.count > effort.degree or not first.is_complete:
        return [first]
    rng, limits = np.random.default_rng(seeds[1]), _limits(bound, effort, deadline)
    return [first, find_again(draws.equations, draws.complex, rng, limits, first)]


def _search(
    draws: Draws, bound: BezoutBound, seeds: Sequence[int], effort: Effort, deadline: Deadline
) -> list[Monodromy]:
    rngs = [np.random.default_rng(seed) for seed in seeds]
    limits = _limits(bound, effort, deadline)
    return find_together(draws.equations, draws.complex, rngs, limits)


def _limits(bound: BezoutBound, effort: Effort, deadline: Deadline) -> Limits:
    def may_go_on(count: int) -> bool:
        effort.report(f"{count} solutions of at most {bound.value}")
        return not deadline.is_over and count < bound.value

    return Limits(_QUIET_LOOPS, effort.degree, may_go_on, deadline)


def _by_bound(system: SquareSystem, bound: BezoutBound, search: Monodromy | None) -> Degree:
    groups = [list(group) for group in bound.groups]
    return Degree(system, bound.value, {"by": "bezout", "groups": groups}, 0.0, search)


def _agreed(
    draws: Draws, searches: list[Monodromy], seed: int, effort: Effort, deadline: Deadline
) -> Degree | None:
    """Two complete draws with one count, closed under conjugation on real instances."""
    counts = {search.count for search in searches if search.is_complete}
    if len(searches) < 2 or len(counts) != 1 or not all(s.is_complete for s in searches):
        return None
    effort.report("conjugates on real instances")
    if not _is_closed_under_conjugation(draws, searches[0], seed, deadline):
        return None
    # If another solution exists, a loop like a random element of the monodromy group, which is
    # transitive, keeps the set that was found with probability at most 1/2.
    bound = 0.5 ** sum(search.quiet_loops for search in searches)
    by = {"by": "monodromy", "error_bound": bound}
    return Degree(draws.system, searches[0].count, by, bound, searches[0])


def _is_closed_under_conjugation(
    draws: Draws, search: Monodromy, seed: int, deadline: Deadline = NEVER
) -> bool:
    """False if a real instance misses the conjugate of a solution, or none could be solved."""
    rng = np.random.default_rng([seed, 1])
    instances = draws.as_floats(draws.rational(rng, _REAL_DRAWN))
    own = np.repeat(np.arange(_REAL_DRAWN), search.count)
    theta = np.tile(search.solutions, (_REAL_DRAWN, 1))
    ends = np.full_like(theta, np.nan)
    left = np.arange(len(theta))
    whole: list[NDArray[np.complex128]] = []
    for detours in (0, DETOURS):  # detours cost more than all else, and few need them
        corners = [search.instance.take(0 * left), instances.take(own[left])]
        way = draws.equations, theta[left], corners, draws.complex, rng, deadline
        ends[left], arrived = follow(*way, detours=detours)
        left = left[~arrived]
        each = ends.reshape(_REAL_DRAWN, search.count, -1)
        came = np.delete(np.arange(_REAL_DRAWN), own[left])
        whole = [solutions for solutions in each[came] if all_differ(solutions)]
        if len(whole) >= _REAL_INSTANCES:
            break
    return len(whole) > 0 and not any(Distinct(s).add(s.conj()) for s in whole)


def _eliminated(
    system: SquareSystem,
    searches: list[Monodromy],
    seed: int,
    effort: Effort,
    deadline: Deadline,
) -> Degree | Open:
    """Exact elimination where monodromy stays open; solutions of a matching count are kept."""
    counts = " and ".join(str(search.count) for search in searches)
    lost = sum(search.lost for search in searches)
    reason = f"monodromy found {counts} solutions and lost {lost} paths"
    if deadline.is_over:
        return Open(f"{reason}; {deadline.reason}", _limit(deadline))
    if effort.paths is not None:
        more = "exact elimination, whose work no limit of paths bounds, was not tried"
        return Open(f"{reason}; {more}", "degree")
    exact = degree_by_elimination(system, seed, deadline=deadline.within(_ELIMINATION_SECONDS))
    if exact is None:
        return Open(f"{reason}, and exact elimination gave no answer in time", "seconds")
    if exact.error_bound > ENOUGH:
        bound = f"{exact.error_bound:.1e}"
        return Open(f"{reason}; elimination gave {exact.degree} with an error bound of {bound}")
    matching = (search for search in searches if search.count == exact.degree)
    evidence = exact.to_evidence()
    return Degree(system, exact.degree, evidence, exact.error_bound, next(matching, None))
