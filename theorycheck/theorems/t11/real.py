"""T11 where the oracle is only known to be an upper bound: minors at real points from below."""

from __future__ import annotations

from dataclasses import replace

from ...ranks.generic_rank import GenericRank
from ...ranks.given_points import GivenPoints
from ...ranks.real_minor import real_minor
from ...ranks.regular import Minor
from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import target_upper_evidence


def decide(analysis: Analysis) -> Finding | None:
    """Positive if the learnables reach the oracle's rank of all weights, minimal if these pass it.

    Both at a real point: the oracle's rank is never too small. None where no minor shows it.
    """
    rank, target = analysis.rank, analysis.target
    if rank.value < target.value:
        return _minimal(analysis, rank)
    return positive(analysis) if analysis.reaches_target else None


def positive(analysis: Analysis) -> Finding | None:
    """Positive if the learnables have rank D at a real point, D being no more; else None."""
    target = analysis.target
    reason = f"at a real point the rank reaches {target.value}, and no target dimension is larger"
    found = at_real_point("T11", Expressivity.POSITIVE, analysis, reason, "real_full_rank")
    left_open = "whether every teacher is matched is open"
    return None if found is None else replace(found, left_open=left_open)


def at_real_point(
    theorem: str, expressivity: Expressivity, analysis: Analysis, reason: str, kind: str
) -> Finding | None:
    """A class that needs rank(A) = D, by a minor of that size at a real point; None if unseen."""
    target = analysis.target
    if target.upper == "trials" and _is_scaled_around(analysis):
        return None
    minor = _minor(analysis, "learnable", target.value, analysis.rank)
    if minor is None:
        return None
    return Finding(
        theorem,
        expressivity,
        reason,
        kind,
        {"minor": _evidence(minor), "target_upper": target_upper_evidence(target)},
        target.value,
        target.value,
        error_bound=target.error_bound,
    )


def _minimal(analysis: Analysis, rank: GenericRank) -> Finding | None:
    """The teacher's weights have a minor that is larger than the rank of the learnables."""
    if rank.error_bound > analysis.options.error_bound:
        return None
    if rank.value < analysis.allocation.n_learnable and _is_scaled_around(analysis):
        return None
    minor = _minor(analysis, "present", rank.value + 1, analysis.target.rank)
    if minor is None:
        return None
    reason = (
        f"the outputs move in at most {rank.value} independent directions, whatever the "
        f"{analysis.allocation.n_learnable} learnable weights; at a real point those of the "
        f"teacher move in more"
    )
    evidence = {"minor": _evidence(minor), "rank": rank.value}
    return Finding(
        "T11",
        Expressivity.MINIMAL,
        reason,
        "real_deficient_rank",
        evidence,
        error_bound=rank.error_bound,
    )


def _minor(analysis: Analysis, which: str, size: int, oracle: GenericRank | None) -> Minor | None:
    options, given = analysis.options, analysis.given
    assert given is None or isinstance(given, GivenPoints), "these are inputs of linear networks"
    return real_minor(
        analysis.allocation,
        analysis.samples,
        size,
        which=which,
        seed=options.seed,
        given=given,
        weights=analysis.weights if which == "learnable" else None,  # the teacher's are random
        preferred=() if oracle is None or not oracle.value else oracle.best.columns,
        memory_limit=options.memory_limit,
        deadline=options.deadline,
    )


def _evidence(minor: Minor) -> dict[str, list[int]]:
    return {"rows": list(minor.rows), "columns": list(minor.columns)}


def _is_scaled_around(analysis: Analysis) -> bool:
    """Whether layer 1 adds given inputs that are no integers: trials of a check see multiples."""
    network, given = analysis.network, analysis.given
    if not isinstance(given, GivenPoints):
        return False
    is_added = any(tail == next(iter(network.groups)) for tail, _ in network.passes)
    return is_added and not (given.floats % 1 == 0).all()
