"""T1 Positivity: a match is possible iff the rank reaches the target dimension."""

from __future__ import annotations

from ..degrees.degree import Open
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem
from .conflicts import conflict_in_words
from .ranks import full_rank_evidence, target_lower_evidence


def obstacle(analysis: Analysis) -> str | None:
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
    evidence = {"target_lower": target_lower_evidence(target)}
    return Finding(
        "T1", Expressivity.MINIMAL, reason, "count", evidence, target_dimension=target.value
    )


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by count (r < D) or by rank; positive if the rank is D; None if too uncertain."""
    counted = analysis.once(count)
    if counted is not None:
        return counted
    target, rank = analysis.target, analysis.rank
    n_learnable = analysis.allocation.n_learnable
    if rank.value < target.value:
        if rank.error_bound > analysis.error_bound:
            return None
        reason = (
            f"the outputs move in {rank.value} independent directions only, whatever the "
            f"{n_learnable} learnable weights; {target.value} are needed"
        )
        evidence = {"target_lower": target_lower_evidence(target)}
        return Finding(
            "T1",
            Expressivity.MINIMAL,
            reason,
            "deficient_rank",
            evidence,
            rank.value,
            target.value,
            error_bound=rank.error_bound,
        )
    if target.error_bound > analysis.error_bound:
        return None
    return _positive(analysis)


def _positive(analysis: Analysis) -> Finding:
    evidence = full_rank_evidence(analysis)
    reason = f"the rank {analysis.rank.value} reaches the target dimension"
    conflict = analysis.conflict
    if conflict is not None:
        reason += (
            f"; whether every teacher is matched is open: {conflict_in_words(conflict)}, so the "
            f"output is not affine in the learnable weights{_degree_in_words(analysis)}"
        )
        evidence["conflict"] = {
            "path": [[edge.weight, *edge.index] for edge in conflict.path],
            "learnable": [conflict.first, conflict.second],
        }
    return Finding(
        "T1",
        Expressivity.POSITIVE,
        reason,
        "full_rank",
        evidence,
        analysis.rank.value,
        analysis.target.value,
        error_bound=analysis.target.error_bound,
    )


def _degree_in_words(analysis: Analysis) -> str:
    """What T6 and T7 find, or why they were not asked, though it does not decide here."""
    if analysis.allocation.n_learnable > analysis.target.value:
        return "; no basis that was tried is maximal by itself"
    if analysis.given is not None:
        return "; degrees are sought for random inputs only"
    if not analysis.effort.seeks_degrees:
        what = "0 seconds" if not analysis.effort.seconds else "degree 0"
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


THEOREM = Theorem("T1", obstacle, decide, count=count)
