"""Estimate the match probability without any draw: heuristic where no theorem decides."""

from __future__ import annotations

from ..computing.effort import DEFAULT_EFFORT, Effort, checked
from ..computing.progress import Watch, watching
from ..errors import OutOfTimeError
from ..heuristics.linear import extremal_estimate, wide_estimate
from ..heuristics.relu import relu_estimate
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..verdict import Expressivity, HeuristicEstimate, Verdict
from .classification import classify


def estimate(
    allocation: Allocation,
    samples: int,
    *,
    verdict: Verdict | None = None,
    seed: int = 0,
    effort: Effort = DEFAULT_EFFORT,
    progress: Watch = False,
) -> HeuristicEstimate:
    """The match probability to expect on `samples` random inputs, with a range, by a fitted law.

    `verdict` is that of `classify` with `seed`, `effort` and `progress`, or the one given: then
    nothing is classified anew. Minimal and maximal allocations have 0 and 1, by the theorem that
    decides. Others are estimated from the degrees of their equations, shallow ReLU networks from
    ranks, for Gaussian weights and inputs, and given a regular teacher (docs/heuristics.md). No
    teacher is matched on the way, and nothing is proved. Where no law was fitted, as for other
    nonlinear networks, there is no estimate (`HeuristicEstimate.is_known`). `effort` limits the
    time of all of it.

    Raises what `classify` raises.

    >>> import numpy as np
    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 2, 2])
    >>> found = estimate(Allocation(net, {"W1": np.eye(2), "W2": np.eye(2)}), samples=2)
    >>> print(found)
    0.90 (0.86 to 0.93), heuristic for Gaussian weights
    >>> found.basis
    'equations in 4 unknowns with 2 complex solutions'
    """
    check_allocation(allocation)
    deadline = checked(effort).start()
    if verdict is None:
        with watching(progress, "estimate") as tell:
            verdict = classify(
                allocation, samples, seed=seed, effort=effort, deadline=deadline, progress=tell
            )
    condition = verdict.conditioned_on
    found = extremal_estimate(verdict.expressivity, verdict.theorem, condition) or verdict.estimate
    if found is not None:
        return found
    if allocation.network.is_shallow_relu:
        try:
            return relu_estimate(allocation, samples, seed, deadline)
        except OutOfTimeError as error:
            return HeuristicEstimate.unknown(f"nothing is known: {error}")
    if verdict.expressivity is Expressivity.UNDECIDED:
        return HeuristicEstimate.unknown(f"nothing is known: {verdict.reason}")
    return wide_estimate(allocation.network)
