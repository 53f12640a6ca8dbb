"""T14 Levels: two adjacent layers of what peeling and freezing leave, by systems in an order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import OutOfTimeError
from ..plans.pairs import Pair, pairs_of
from ..plans.search import Found, find_levels
from ..plans.states import masks_of
from ..plans.valued import find_valued
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .drawn_plans import by_levels, is_generic
from .level_findings import evidence_of, reason_of
from .t13_staged_plans import Staged, staged_states, why_not_plans

_SOON = 12  # equations of which the degree is mostly known within a second
_SHARE = 0.5  # of the time that is left, since bases and degrees (T0, T6) come later


def why_not(analysis: Analysis) -> str | None:
    """Levels need what T13 needs, but no more learnables than the target dimension."""
    return why_not_plans(analysis, over=0)


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if levels are found for a pair of layers of what is left; None if none are."""
    return None if _waits(analysis) else _found(analysis)


def search(analysis: Analysis) -> Finding | None:
    """The same with r = D, where degrees (T6, T7) are soon known and say more."""
    return _found(analysis) if _waits(analysis) else None


def _waits(analysis: Analysis) -> bool:
    is_critical = analysis.allocation.n_learnable == analysis.target.value
    return is_critical and analysis.n_equations <= _SOON


def _found(analysis: Analysis) -> Finding | None:
    """Levels; with r = D a rational solution has no conjugates, so that the degree is 1."""
    if not is_generic(analysis):
        return by_levels(analysis)
    if analysis.is_deficient:
        return None
    of_pair: list[tuple[Pair, Staged]] = []
    seen: set[Any] = set()
    for staged in staged_states(analysis, together=2):
        if staged.rest is None:
            continue
        allocation, m = staged.rest.allocation, staged.rest.effective_samples
        for pair in pairs_of(masks_of(allocation), tuple(allocation.network.widths), m):
            if pair.key not in seen:
                seen.add(pair.key)
                of_pair.append((pair, staged))
    options = analysis.options
    deadline = options.deadline.within(_SHARE * options.deadline.left)
    pairs = [pair for pair, _ in of_pair]
    prime, seed = draw_prime(options.seed, 0), options.seed
    is_over = analysis.allocation.n_learnable > analysis.target.value
    try:
        found = find_levels(pairs, prime, seed, deadline) if is_over else None
        found = found or find_valued(pairs, prime, seed, deadline)
    except OutOfTimeError:
        options.deadline.check("the search for levels")
        return None
    if found is None:
        return None
    staged = next(staged for pair, staged in of_pair if pair is found.pair)
    finding = _finding(found)
    finding = staged.of_whole(finding, "T14") if staged.state.steps else finding
    return finding if is_over else replace(finding, degree=1)


def _finding(found: Found) -> Finding:
    pair, levels = found.pair, found.levels
    evidence = evidence_of(pair, levels, found.minor)
    if any(levels.values):
        evidence["values"] = list(levels.values)
    reason = reason_of(pair, levels)
    return Finding("T14", Expressivity.MAXIMAL, reason, "levels", evidence)


THEOREM = Theorem("T14", why_not, decide, search=search)
