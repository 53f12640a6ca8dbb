"""T16 Deep levels: two layers by levels, part of which layers behind them give to all units."""

from __future__ import annotations

from ..errors import OutOfTimeError
from ..plans.climbing import FoundDeep, find_deep
from ..plans.states import masks_of
from ..ranks.point import draw_prime
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .drawn_plans import is_generic
from .level_findings import evidence_of, reason_of
from .t13_staged_plans import staged_states
from .t13_staged_plans import why_not as no_plans

_SHARE = 0.5  # of the time that is left, since bases and degrees (T0, T6) come later
_WHAT = "the search for levels behind which layers lie"


def why_not(analysis: Analysis) -> str | None:
    """T16 needs what T13 needs, a dense network without biases, and learnables in three layers."""
    reason = no_plans(analysis)
    if reason is not None:
        return reason
    if not is_generic(analysis):  # T13 has plans of others, too
        return "the network is sparse, or has biases"
    if len(masks_of(analysis.allocation)) < 3:
        return "fewer than three layers have learnable weights"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if levels are found for layers of what peeling and freezing leave; else None."""
    if analysis.is_deficient:
        return None
    options = analysis.options
    deadline = options.deadline.within(_SHARE * options.deadline.left)
    prime = draw_prime(options.seed, 0)
    try:
        for staged in staged_states(analysis):
            if staged.rest is None:
                continue
            rest = staged.rest
            masks, widths = masks_of(rest.allocation), tuple(rest.network.widths)
            samples = rest.effective_samples
            found = find_deep(masks, widths, samples, prime, options.seed, deadline)
            if found is not None:
                finding = _finding(found)
                return staged.of_whole(finding, "T16") if staged.state.steps else finding
    except OutOfTimeError:
        options.deadline.check(_WHAT)
    return None


def _finding(found: FoundDeep) -> Finding:
    pair, levels = found.deep.pair, found.levels
    evidence = evidence_of(pair, levels, found.minor) | {"bases": list(found.deep.bases)}
    where = "behind" if pair.axis == "columns" else "before"
    after = f", after the layers {where} them for {found.deep.base} of {pair.rows} dimensions"
    reason = reason_of(pair, levels, after)
    return Finding("T16", Expressivity.MAXIMAL, reason, "deep_levels", evidence)


THEOREM = Theorem("T16", why_not, decide)
