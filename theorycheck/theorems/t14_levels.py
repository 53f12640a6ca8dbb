"""T14 Levels: two adjacent layers of what peeling and freezing leave, by systems in an order."""

from __future__ import annotations

from typing import Any

from ..errors import OutOfTimeError
from ..plans.pairs import Pair, pairs_of
from ..plans.search import Found, find_levels
from ..plans.states import masks_of
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .t13_staged_plans import Staged, staged_states, why_not

_SHARE = 0.5  # of the time that is left, since bases and degrees (T0, T6) come later


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if levels are found for a pair of layers of what is left; None if none are."""
    if analysis.rank.value < analysis.target.value:
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
    try:
        found = find_levels(pairs, draw_prime(options.seed, 0), options.seed, deadline)
    except OutOfTimeError:
        options.deadline.check("the search for levels")
        return None
    if found is None:
        return None
    staged = next(staged for pair, staged in of_pair if pair is found.pair)
    finding = _finding(found)
    return staged.of_whole(finding, "T14") if staged.state.steps else finding


def _finding(found: Found) -> Finding:
    pair, levels = found.pair, found.levels
    evidence = {
        "pair": pair.layer,
        "axis": pair.axis,
        "lines": list(pair.lines),
        "units": list(levels.units),
        "columns": list(levels.columns),
        "chosen": levels.chosen,
        "minor": found.minor,
    }
    line = "samples" if pair.axis == "columns" else "outputs"
    infinite = sum(level is None for level in levels.columns)
    reason = f"W{pair.layer} and W{pair.layer + 1} are solved by linear systems one after the other"
    if infinite:
        reason += f", {infinite} of {pair.columns} {line} from a regular point at infinity"
    return Finding("T14", Expressivity.MAXIMAL, reason, "levels", evidence)


THEOREM = Theorem("T14", why_not, decide)
