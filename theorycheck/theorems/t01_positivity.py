"""T1 Positivity: a match is possible iff the rank reaches the target dimension."""

from __future__ import annotations

from dataclasses import replace

from ..degrees.degree import Open
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .evidence import at_full_rank, below_target, conflict_in_words


def why_not(analysis: Analysis) -> str | None:
    """T1 needs a linear network, of any kind."""
    return None if analysis.is_linear else "the network is not linear"


def count(analysis: Analysis) -> Finding | None:
    """Minimal if there are fewer learnables than dimensions of the target."""
    target = analysis.target
    n_learnable = analysis.allocation.n_learnable
    if n_learnable >= target.value:
        return None
    reason = f"{n_learnable} learnable weights cannot reach the {target.value} dimensions of "
    reason += "the teacher's outputs"
    return below_target("T1", analysis, reason, "count")


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by count (r < D) or by rank; positive if the rank is D; None if too uncertain."""
    counted = analysis.once(count)
    if counted is not None:
        return counted
    target, rank = analysis.target, analysis.rank
    n_learnable = analysis.allocation.n_learnable
    if rank.value < target.value:
        if rank.error_bound > analysis.options.error_bound:
            return None
        reason = (
            f"the outputs move in {rank.value} independent directions only, whatever the "
            f"{n_learnable} learnable weights; {target.value} are needed"
        )
        error = rank.error_bound
        return below_target(
            "T1", analysis, reason, "deficient_rank", rank=rank.value, error_bound=error
        )
    if target.error_bound > analysis.options.error_bound:
        return None
    return _positive(analysis)


def _positive(analysis: Analysis) -> Finding:
    reason = f"the rank {analysis.rank.value} reaches the target dimension"
    conflict = analysis.conflict
    if conflict is None:
        return at_full_rank("T1", Expressivity.POSITIVE, analysis, reason, "full_rank")
    reason += (
        f"; whether every teacher is matched is open: {conflict_in_words(conflict)}, so the "
        f"output is not affine in the learnable weights{_degree_in_words(analysis)}"
    )
    finding = at_full_rank("T1", Expressivity.POSITIVE, analysis, reason, "full_rank")
    meeting = {
        "path": [[edge.weight, *edge.index] for edge in conflict.path],
        "learnable": [conflict.first, conflict.second],
    }
    return replace(finding, evidence={**finding.evidence, "conflict": meeting})


def _degree_in_words(analysis: Analysis) -> str:
    """What T6 and T7 find, or why they were not asked, though it does not decide here."""
    if analysis.allocation.n_learnable > analysis.target.value:
        return "; no basis that was tried is maximal by itself"
    if analysis.given is not None:
        return "; degrees are sought for random inputs only"
    if not analysis.options.effort.seeks_degrees:
        what = "0 seconds" if not analysis.options.effort.seconds else "degree 0"
        return f"; no degree was sought, in an effort of {what}"
    solving = analysis.core.solving if analysis.core is not None else None
    if solving is None:
        return ""
    if solving.degree is None:
        return f"; the degree is open ({solving.open_reason})"
    if solving.degree % 2:
        some = "" if solving.is_met else ", but not all of the solutions could be certified"
        return f"; the degree {solving.degree} is odd{some}"
    if isinstance(solving.witness, Open):
        reason = solving.witness.reason
        return f"; the degree {solving.degree} is even, which decides nothing ({reason})"
    return f"; the degree {solving.degree} is even"


THEOREM = Theorem("T1", why_not, decide, count=count)
