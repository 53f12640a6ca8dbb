"""Checks of certificates about ranks (T1, T2, T11): minors, trials, target dimension, conflicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ..problem.networks.feedforward import Feedforward, LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent, Recurrent
from . import oracle_bounds, plain
from .claim import Check, Claim
from .context import LOWER_TRIALS, trial_bound
from .given_weights import GivenWeights
from .oracle_balls import require_minor_in_balls
from .paths import most_learnables, require_conflict
from .points import jacobian_at, rows_of
from .residual import residual_layers


def require_minor(claim: Claim, evidence: Mapping[str, Any], which: str, size: int) -> None:
    """A minor of the `which` weights, of this size, is not 0 in one of eight trials."""
    claim.require(evidence.keys() == {"rows", "columns"}, "a minor has rows and columns")
    rows, columns = evidence["rows"], evidence["columns"]
    require_indices(claim, rows, n_equations(claim), size, "rows")
    require_indices(claim, columns, getattr(claim.allocation, f"n_{which}"), size, "columns")
    shows_balls = claim.context.in_balls and claim.is_nonlinear
    claim.n_minors_in_balls += int(shows_balls)
    if size == 0:
        return
    entries = claim.entries(which)
    chosen, frozen = [entries[index] for index in columns], given_to(claim, which)
    if frozen is not None and claim.is_nonlinear:
        oracle_bounds.require_polynomials(claim)
    for trial in range(LOWER_TRIALS):
        jacobian = jacobian_at(claim, trial, frozen)
        matrix = rows_of(claim, jacobian, rows, chosen)
        budget = claim.context.budget
        if plain.eliminate(matrix, claim.prime(trial), budget)[0] == size:
            if shows_balls:
                require_minor_in_balls(claim, rows, chosen, frozen)
            return
    claim.refuse(f"the minor is singular in all of {LOWER_TRIALS} trials")


def given_to(claim: Claim, which: str) -> GivenWeights | None:
    """The given weights where the Jacobian is the student's: the teacher's are random."""
    return claim.weights if which == "learnable" else None


def require_indices(claim: Claim, indices: Any, n: int, size: int, what: str) -> None:
    """As many distinct numbers below `n` as a minor of this size has `what`."""
    fits = isinstance(indices, list) and len(indices) == size
    claim.require(fits, f"the minor needs {size} {what}")
    inside = all(type(index) is int and 0 <= index < n for index in indices)
    claim.require(inside, f"the {what} of the minor must be in 0..{n - 1}")
    claim.require(len(set(indices)) == size, f"the {what} of the minor must be distinct")


def require_rank(claim: Claim, which: str, value: int, upper: int, stated: Any) -> None:
    """The rank is at most `value` in trials (and once is); `upper` is a proved upper bound.

    `stated` is the error bound of this part of the claim.
    """
    claim.require(upper > 0, "a rank of 0 needs no trials")
    frozen = given_to(claim, which)
    trials = claim.trials(stated, _bound(claim, upper, frozen))
    equations, entries = range(n_equations(claim)), claim.entries(which)
    best = 0
    for trial in trials:
        rows = rows_of(
            claim, jacobian_at(claim, trial, frozen), equations, entries, len(trials) - trial
        )
        rank, _ = plain.eliminate(rows, claim.prime(trial), claim.context.budget)
        claim.require(rank <= value, f"the rank is {rank} in trial {trial}, not {value} at most")
        best = max(best, rank)
    claim.require(best == value, f"the rank in the trials is {best}, not {value}")


def _bound(claim: Claim, size: int, frozen: GivenWeights | None) -> float:
    """Probability that a non-zero minor of at most this size vanishes in a trial."""
    if claim.is_nonlinear:
        return oracle_bounds.trial_bound(claim, size, frozen)
    degree, log_paths = path_bounds(claim)
    log_paths += degree * (0.0 if frozen is None else frozen.log_size)
    if claim.inputs is not None:
        log_paths += math.log2(max(abs(value) for row in claim.inputs for value in row))
    return trial_bound(size, degree, log_paths)


def path_bounds(claim: Claim) -> tuple[int, float]:
    """Degree of an entry of the Jacobian, and log2 of the number of paths (of random inputs).

    Of linear networks.
    """
    network = claim.network
    if isinstance(network, LinearFeedforward):
        return network.depth, sum(math.log2(width + 1) for width in network.widths[:-1])
    claim.require(isinstance(network, LinearRecurrent), "paths are those of linear networks")
    log_paths = 2 * math.log2(network.steps) + network.steps * math.log2(network.hidden)
    return network.steps + 1, log_paths + math.log2(network.inputs)


def n_equations(claim: Claim) -> int:
    """Number of equations that count."""
    network, times = claim.network, 1
    if isinstance(network, (LinearRecurrent, Recurrent)) and network.readout == "all":
        times = network.steps
    return network.outputs * claim.effective_samples() * times


def _closed_form(claim: Claim) -> int:
    """D of a dense network: bounded rank plus the free last bias; or all that a readout reaches."""
    network = claim.network
    claim.require(claim.allocation.is_dense, "the closed form is for dense networks")
    d = network.outputs
    if isinstance(network, LinearRecurrent):
        columns = n_equations(claim) // d
        claim.require(network.hidden >= columns, f"the closed form needs {columns} hidden units")
        return d * columns
    claim.require(isinstance(network, LinearFeedforward), "the closed form is for linear networks")
    bias = 1 if network.bias else 0
    m = min(claim.samples - bias, network.inputs)
    k = min([d, m, *network.widths[1:-1]])
    return k * (d + m - k) + bias * d


def _upper_bounds(claim: Claim) -> dict[str, int]:
    network = claim.network
    bounds = {"equations": n_equations(claim), "weights": claim.allocation.n_present}
    if isinstance(network, LinearRecurrent) and claim.allocation.is_dense:
        bounds["gauge"] = network.hidden * (network.outputs + network.inputs)
    is_plain = isinstance(network, Feedforward) and not residual_layers(network)
    if is_plain and claim.allocation.is_dense:
        bounds["widths"] = _bound_by_widths(claim)
    return bounds


def _bound_by_widths(claim: Claim) -> int:
    """T11e: layer by layer, how many dimensions the pre-activations move in, at most.

    Those of a layer are a matrix of rank k at most, plus its bias, and move in no more dimensions
    than those before and the weights between.
    """
    widths, bias, m = claim.network.widths, int(claim.network.bias), claim.samples
    bound = widths[1] * min(m, widths[0] + bias)
    for before, after in pairwise(widths[1:]):
        k = min(before, after, m - bias)
        of_rank = k * (after + m - bias - k) + bias * after
        bound = min(of_rank, bound + after * (before + bias))
    return bound


def require_target_lower(claim: Claim, target: int) -> None:
    """D is at least `target`, by `target_lower` of the evidence."""
    evidence = claim.evidence["target_lower"]
    if evidence["by"] == "closed form":
        claim.require(evidence.keys() == {"by"}, "the closed form needs no evidence")
        form = _closed_form(claim)
        claim.require(form == target, f"the target dimension is {form}, not {target}")
        return
    fits = evidence["by"] == "minor" and evidence.keys() == {"by", "minor"}
    claim.require(fits, "D from below: closed form or minor")
    require_minor(claim, evidence["minor"], "present", target)


def require_target_upper(claim: Claim, target: int) -> None:
    """D is at most `target`, by `target_upper` of the evidence."""
    evidence = claim.evidence["target_upper"]
    by, bounds = evidence["by"], _upper_bounds(claim)
    keys = {"by", "error_bound"} if by == "trials" else {"by"}
    claim.require(evidence.keys() == keys, f"target_upper has {', '.join(sorted(keys))}")
    if by == "trials":
        upper = min(bounds.values())
        require_rank(claim, "present", target, upper, evidence["error_bound"])
        return
    names = f"D from above: one of {', '.join(bounds)}, closed form, trials"
    claim.require(by == "closed form" or by in bounds, names)
    bound = _closed_form(claim) if by == "closed form" else bounds[by]
    claim.require(bound == target, f"the bound by {by} is {bound}, not {target}")


def _require_exact(claim: Claim) -> None:
    """Nonlinear networks are those of T11, whose ranks an oracle gives."""
    if claim.is_nonlinear:
        oracle_bounds.require_exact(claim)


def count(claim: Claim) -> None:
    """Fewer learnables than dimensions."""
    _require_exact(claim)
    target = claim.target()
    n_learnable = claim.allocation.n_learnable
    claim.require(n_learnable < target, f"{n_learnable} learnables are not fewer than {target}")
    require_target_lower(claim, target)
    claim.require_claim("minimal", None, target)


def deficient_rank(claim: Claim) -> None:
    """The rank stays below the target dimension in independent trials."""
    _require_exact(claim)
    target, rank = claim.target(), claim.certificate.rank
    below = type(rank) is int and 0 <= rank < target
    claim.require(below, f"rank {rank} is not below the target dimension {target}")
    assert rank is not None
    upper = min(claim.allocation.n_learnable, target)
    require_target_lower(claim, target)
    require_rank(claim, "learnable", rank, upper, claim.certificate.error_bound)
    claim.require_claim("minimal", rank, target)


def full_rank(claim: Claim) -> None:
    """The rank reaches the target dimension; `conflict`, if given, is a path of two learnables."""
    require_full_rank(claim)
    if "conflict" in claim.evidence:
        require_conflict(claim, claim.evidence["conflict"])
    target = claim.target()
    claim.require_claim("positive", target, target)


def affine_full_rank(claim: Claim) -> None:
    """The rank reaches the target dimension, and no path runs through two learnables."""
    most = most_learnables(claim)
    claim.require(most <= 1, "a path runs through two learnable weights")
    require_full_rank(claim)
    target = claim.target()
    claim.require_claim("maximal", target, target)


def require_full_rank(claim: Claim) -> None:
    """Rank = D, shown from both sides."""
    _require_exact(claim)
    target = claim.target()
    require_minor(claim, claim.evidence["minor"], "learnable", target)
    require_target_upper(claim, target)


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (count, deficient_rank, full_rank, affine_full_rank)
}
