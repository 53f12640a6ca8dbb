"""Classify an allocation: walk the theorems from cheapest to dearest until one settles it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from .allocation import Allocation
from .analysis import Analysis
from .backend import array_module
from .cautions import warnings_of
from .certificates import Certificate
from .degrees.effort import DEFAULT_EFFORT, Effort
from .diagnostics import diagnostics_of
from .errors import ContradictionError, InputError, SizeError
from .exact.inputs import GivenInputs, given_inputs
from .files import problem_to_dict
from .heuristics.guess import HeuristicEstimate
from .heuristics.linear import linear_estimate
from .theorems.base import Finding, Theorem
from .theorems.counts import name_lines
from .theorems.registry import THEOREMS
from .theorems.t10_shallow_relu import why_open
from .verdict import Expressivity, Verdict

if TYPE_CHECKING:
    from .degrees.reuse import Reuse


def classify(
    allocation: Allocation,
    samples: int,
    *,
    inputs: ArrayLike | None = None,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    theorems: Sequence[Theorem] = THEOREMS,
    cross_check: bool = False,
    diagnose: bool = False,
    effort: Effort = DEFAULT_EFFORT,
    reuse: Reuse | None = None,
) -> Verdict:
    """The expressivity of `allocation` on `samples` random inputs, with theorem and certificate.

    With `inputs`, an array (points, n_0), it is that on its first `samples` points: only weights
    are random (linear feed-forward networks). Points of full rank are as good as random ones.

    `error_bound` is the largest probability of error that a probabilistic rank may carry, over
    primes and points drawn from `seed`; `memory_limit` is in bytes; `backend` (`numpy`, `cupy` or
    `auto`) computes the ranks. With `cross_check` every theorem that applies is asked, not only the
    cheapest that decides; with `diagnose` the verdict tells redundant weights and unreached
    equations (linear networks with a Jacobian of up to four million entries). `effort` limits the
    search for degrees and witnesses; past it the verdict stays `positive`. `reuse`, one object for
    many calls, saves solving the same equations again; verdicts are the same without it.

    Raises `InputError` for arguments out of range and inputs that do not fit, `SizeError` if a rank
    is needed whose matrix exceeds the memory limit, `ContradictionError` if two theorems disagree.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> net = LinearFeedforward([2, 3, 2])
    >>> verdict = classify(Allocation.layer(net, "W2"), samples=2)
    >>> verdict.expressivity.value, verdict.theorem, verdict.rigor
    ('maximal', 'T3', 'proved')
    """
    start = time.perf_counter()
    xp = array_module(backend)
    analysis = Analysis(
        allocation, samples, seed, error_bound, memory_limit, xp, effort, reuse=reuse
    )
    if inputs is not None and diagnose:
        raise InputError("diagnose tells about random inputs: leave it, or the inputs, out")
    data = None if inputs is None else given_inputs(allocation.network, samples, inputs)
    if data is not None:
        given = None if data.is_spanning else data
        left = data.reduced(allocation)
        analysis = replace(analysis, allocation=left, samples=data.rank, given=given)
    verdict = verdict_of(analysis, _walk(analysis, theorems, cross_check), start)
    if data is not None:
        return _on_inputs(verdict, allocation, data)
    return replace(verdict, diagnostics=diagnostics_of(analysis)) if diagnose else verdict


def _on_inputs(verdict: Verdict, allocation: Allocation, data: GivenInputs) -> Verdict:
    """The verdict on what is left of a problem with given inputs, as one on the whole."""
    certificate, reason = verdict.certificate, verdict.reason
    if certificate is not None:
        problem = problem_to_dict(allocation, len(data.points))
        problem |= {"inputs": data.points, "basis": list(data.basis)}
        certificate = replace(certificate, learnable=allocation.n_learnable, problem=problem)
    zeros = sorted(set(range(len(data.points[0]))) - set(data.kept))
    if zeros:
        idle = allocation.n_learnable - verdict.learnable
        names = name_lines("inputs", zeros, len(zeros))
        reason += (
            f" (always 0, so left out with the {idle} learnable weights on it: {names}; the others "
            "are numbered anew)"
        )
    return replace(
        verdict,
        learnable=allocation.n_learnable,
        certificate=certificate,
        reason=reason,
        input_rank=data.rank,
        warnings=warnings_of(allocation, len(data.points), data.kept),
    )


def _walk(analysis: Analysis, theorems: Sequence[Theorem], cross_check: bool) -> list[Finding]:
    findings: list[Finding] = []
    for theorem in theorems:
        finding = theorem.ask(analysis)
        if finding is None:
            continue
        findings = consistent([*findings, finding])
        if finding.expressivity.is_final and not cross_check:
            break
    return findings


def consistent(findings: list[Finding]) -> list[Finding]:
    """The findings, if no two of them disagree; else `ContradictionError` naming both theorems."""
    for old, new in combinations(findings, 2):
        if not old.expressivity.possible & new.expressivity.possible:
            raise ContradictionError(
                f"{old.theorem} says {old.expressivity} ({old.reason}), but {new.theorem} says "
                f"{new.expressivity} ({new.reason}): please report this allocation"
            )
        for what in ("rank", "target_dimension", "degree"):
            one, other = getattr(old, what), getattr(new, what)
            if one is not None and other is not None and one != other:
                raise ContradictionError(
                    f"{old.theorem} finds {what} {one}, but {new.theorem} finds {other}: "
                    "please report this allocation"
                )

    return findings


def _strongest(findings: Sequence[Finding]) -> Finding | None:
    final = [finding for finding in findings if finding.expressivity.is_final]
    return next(iter(final or findings), None)


def verdict_of(analysis: Analysis, findings: Sequence[Finding], start: float) -> Verdict:
    """The verdict that findings give; `start` is when the work began (`time.perf_counter`)."""
    finding = _strongest(findings)
    target, rank, degree, certificate = None, None, None, None
    if finding is not None:
        certificate = _certificate(analysis, finding)
        target, rank, degree = finding.target_dimension, finding.rank, finding.degree
        target = analysis.stated_target if target is None else target
        # A maximal allocation reaches every dimension (T1), whichever theorem has shown it.
        rank = target if finding.expressivity is Expressivity.MAXIMAL else rank
        degree = _degree(analysis, finding, target) if degree is None else degree
    solved = analysis.solved if degree is not None else None
    return Verdict(
        finding.expressivity if finding else Expressivity.UNDECIDED,
        finding.theorem if finding else None,
        finding.reason if finding else _why_undecided(analysis),
        certificate,
        learnable=analysis.allocation.n_learnable,
        rank=rank,
        target_dimension=target,
        degree=degree,
        degree_source=solved.source if solved is not None else "",
        error_bound=finding.error_bound if finding else 0.0,
        seed=analysis.seed,
        seconds=time.perf_counter() - start,
        conditioned_on=None if analysis.is_linear else "regular teacher",
        estimate=_estimate(analysis, finding),
        warnings=warnings_of(analysis.allocation, analysis.samples),
    )


def _estimate(analysis: Analysis, finding: Finding | None) -> HeuristicEstimate | None:
    """A heuristic number where MP > 0 and maximality is refuted or open."""
    if finding is None or not analysis.is_linear:
        return None
    is_open = finding.expressivity in (Expressivity.INTERMEDIATE, Expressivity.POSITIVE)
    return linear_estimate(analysis) if is_open else None


def _degree(analysis: Analysis, finding: Finding, target: int | None) -> int | None:
    """The degree where it was computed on the way, or is 1 since the equations are affine."""
    is_critical = analysis.is_linear and analysis.allocation.n_learnable == target
    may_match = finding.expressivity is not Expressivity.MINIMAL
    return analysis.known_degree if is_critical and may_match else None


def _certificate(analysis: Analysis, finding: Finding) -> Certificate:
    return Certificate(
        kind=finding.kind,
        theorem=finding.theorem,
        expressivity=str(finding.expressivity),
        learnable=analysis.allocation.n_learnable,
        rank=finding.rank,
        target_dimension=finding.target_dimension,
        error_bound=finding.error_bound,
        problem=problem_to_dict(analysis.allocation, analysis.samples),
        evidence=finding.evidence,
    )


def _why_undecided(analysis: Analysis) -> str:
    try:
        if not analysis.is_linear:
            return why_open(analysis)
        rank, target = analysis.rank, analysis.target
    except SizeError as error:
        return str(error)
    return (
        f"the error bounds of the ranks stay above {analysis.error_bound:g}: rank "
        f"{rank.value} ({rank.error_bound:.1e}), target dimension {target.value} "
        f"({target.error_bound:.1e})"
    )
