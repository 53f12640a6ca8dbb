"""Classify an allocation: ask the theorems, the cheapest first, until one settles it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from ..certificates import Certificate
from ..computing.backend import array_module
from ..computing.deadline import Deadline
from ..computing.effort import DEFAULT_EFFORT, Effort, checked
from ..computing.options import Options
from ..computing.progress import Watch, watching
from ..errors import InputError, OutOfTimeError, SizeError
from ..heuristics.linear import linear_estimate
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.parametrization import Parametrization
from ..ranks.exactness import why_undecided_by_rank
from ..ranks.given_exactness import forms_needed
from ..ranks.given_inputs import GivenInputs, given_inputs
from ..ranks.given_points import GivenPoints, given_points
from ..ranks.given_weights import GivenWeights, given_weights
from ..theorems.analysis import Analysis
from ..theorems.asking import Answers, ask_all
from ..theorems.base import Finding, Theorem
from ..theorems.counts import name_lines
from ..theorems.reductions import Reduction
from ..theorems.registry import THEOREMS
from ..theorems.t10_shallow_relu import why_open
from ..theorems.t11 import piecewise
from ..verdict import Expressivity, HeuristicEstimate, Verdict
from .cautions import warnings_of
from .diagnostics import diagnostics_of
from .parametrised import classify_parametrised

if TYPE_CHECKING:
    from ..degrees.reuse import Reuse


def classify(
    allocation: Allocation | Parametrization,
    samples: int,
    *,
    inputs: ArrayLike | None = None,
    weights: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    backend: str = "numpy",
    theorems: Sequence[Theorem] | None = None,
    cross_check: bool = False,
    diagnose: bool = False,
    effort: Effort = DEFAULT_EFFORT,
    reuse: Reuse | None = None,
    deadline: Deadline | None = None,
    progress: Watch = False,
) -> Verdict:
    """The expressivity of `allocation` on `samples` random inputs, with theorem and certificate.

    With `inputs`, an array (points, n_0), it is that on its first `samples` points: only weights
    are random (linear feed-forward and analytic networks; of recurrent ones (points, steps, n_in)).
    Points of full rank are as good as random ones. With `weights`, arrays by name, frozen weights
    have these values (T17): only the teacher, the learnable weights and those of names left out are
    random. What the arrays have at learnable entries is not looked at.

    `error_bound` is the largest probability of error that a probabilistic rank may carry, over
    primes and points drawn from `seed`; `memory_limit` is in bytes; `backend` (`numpy`, `cupy` or
    `auto`) computes the ranks. With `cross_check` every theorem that applies is asked, not only the
    cheapest that decides; with `diagnose` the verdict tells redundant weights and unreached
    equations (where ranks are exact, with a Jacobian of up to four million entries: not where
    activations are piecewise linear or of several families). `effort` limits the time of the whole
    and the search for degrees and witnesses; past it the verdict says what is proved, `positive` or
    `undecided`, and by what it was `limited_by`. `reuse`, one object for many calls, saves solving
    the same equations again; verdicts are the same without it. `theorems` are those asked, in this
    order (all by default). A `deadline` is that of a larger question, of which this one is a part.
    `progress` is True for a bar in terminals and notebooks, or a function that is told each step
    (`Progress`). Of a `Parametrization` only T19 speaks, on random inputs.

    Raises `InputError` for arguments out of range and inputs that do not fit, `SizeError` if a rank
    is needed whose matrix exceeds the memory limit and nothing else is proved,
    `ContradictionError` if two theorems disagree.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> net = LinearFeedforward([2, 3, 2])
    >>> verdict = classify(Allocation.layer(net, "W2"), samples=2)
    >>> verdict.expressivity.value, verdict.theorem, verdict.rigor
    ('maximal', 'T3', 'proved')
    >>> classify(Allocation.layer(net, "W2"), 2, weights={"W1": [[1, 2]] * 3}).expressivity.value
    'minimal'
    """
    start = time.perf_counter()
    if not isinstance(allocation, Parametrization):
        check_allocation(allocation)
    within = checked(effort).start(deadline)
    options = Options(seed, error_bound, memory_limit, array_module(backend), effort, within)
    if isinstance(allocation, Parametrization):
        if weights is not None:
            raise InputError("parametrised weights: give frozen weights as `base`, not as weights")
        if inputs is not None or diagnose or cross_check or theorems is not None:
            what = "inputs, diagnose, cross_check and theorems"
            raise InputError(f"parametrised weights: leave {what} out, only T19 speaks of them")
        return classify_parametrised(allocation, samples, options)
    analysis = Analysis(allocation, samples, options, reuse=reuse)
    if diagnose and not (inputs is None and weights is None):
        what = "inputs" if inputs is not None else "weights"
        raise InputError(f"diagnose tells about random {what}: leave it, or the {what}, out")
    analysis = replace(analysis, weights=frozen_of(allocation, weights))
    asked = THEOREMS if theorems is None else theorems
    with watching(progress, "classify") as tell:
        analysis = replace(analysis, options=replace(options, effort=effort.telling(tell)))
        if inputs is not None:
            return _classify_on(analysis, inputs, asked, cross_check, start)
        verdict = verdict_of(analysis, _answers(analysis, asked, cross_check), start)
        return replace(verdict, diagnostics=diagnostics_of(analysis)) if diagnose else verdict


def frozen_of(
    allocation: Allocation, weights: Mapping[str, ArrayLike] | None
) -> GivenWeights | None:
    """The frozen weights that are given, None if there are none; raises `InputError`."""
    found = None if weights is None else given_weights(allocation, weights)
    return found if found is not None and found.count else None


def verdict_on(
    allocation: Allocation,
    samples: int,
    options: Options,
    theorems: Sequence[Theorem] = THEOREMS,
) -> Verdict:
    """As `classify`, for a part of a larger question, whose options are given."""
    start = time.perf_counter()
    analysis = Analysis(allocation, samples, options)
    return verdict_of(analysis, _answers(analysis, theorems, False), start)


def _answers(analysis: Analysis, theorems: Sequence[Theorem], cross_check: bool) -> Answers:
    """What the theorems say; raises `SizeError` where memory alone kept them from saying it."""
    answers = ask_all(analysis, theorems, cross_check=cross_check)
    if not answers.findings and answers.is_too_large:
        raise answers.errors[0]
    return answers


def _classify_on(
    analysis: Analysis,
    inputs: ArrayLike,
    theorems: Sequence[Theorem],
    cross_check: bool,
    start: float,
) -> Verdict:
    """The verdict on given inputs: only weights are random."""
    allocation, deadline = analysis.allocation, analysis.options.deadline
    if allocation.network.is_analytic and not allocation.network.is_linear:
        points = given_points(allocation.network, analysis.samples, inputs)
        rest = replace(analysis, given=points)
        answers = _answers(rest, theorems, cross_check)
        return verdict_of(rest, answers, start, OnPoints(analysis, rest, points))
    try:
        data = given_inputs(allocation.network, analysis.samples, inputs, deadline)
    except OutOfTimeError as error:
        return verdict_of(analysis, Answers([], [error]), start)
    rest = left_on(analysis, data)
    return verdict_on_inputs(analysis, rest, data, _answers(rest, theorems, cross_check), start)


def left_on(analysis: Analysis, data: GivenInputs) -> Analysis:
    """What given inputs of a linear network leave to ask: of those that span, random ones."""
    given = None if data.is_spanning else data
    left, weights = data.reduced(analysis.allocation), analysis.weights
    if weights is not None:
        first = left.network.weight_layers[0][0]
        weights = weights.with_columns(first, data.kept)
    return replace(analysis, allocation=left, samples=data.rank, given=given, weights=weights)


def verdict_on_inputs(
    analysis: Analysis, rest: Analysis, data: GivenInputs, answers: Answers, start: float
) -> Verdict:
    """The verdict on given inputs of a linear network, from what was answered about the rest."""
    reduction = OnInputs(analysis, rest, data)
    verdict = verdict_of(rest, answers, start, reduction)
    return replace(
        verdict,
        reason=verdict.reason + reduction.left_out,
        input_rank=data.rank,
        warnings=warnings_of(analysis.allocation, len(data.points), data.kept),
    )


@dataclass(frozen=True)
class OnInputs(Reduction):
    """What is left of a problem with given inputs: a basis of them, those that are not all 0."""

    data: GivenInputs

    def of_whole(self, finding: Finding | None) -> Finding:
        """As it is: the equations that are left are those of the whole."""
        assert finding is not None
        return finding

    @property
    def problem(self) -> dict[str, Any]:
        """With the inputs, and which of them are the basis."""
        points = self.data.points
        return self.whole.problem | {"inputs": points, "basis": list(self.data.basis)}

    @property
    def left_out(self) -> str:
        """The inputs that are always 0, in words."""
        zeros = sorted(set(range(len(self.data.points[0]))) - set(self.data.kept))
        if not zeros or self.rest is None:
            return ""
        idle = self.whole.allocation.n_learnable - self.rest.allocation.n_learnable
        names = name_lines("inputs", zeros, len(zeros))
        return (
            f" (always 0, so left out with the {idle} learnable weights on it: {names}; the others "
            "are numbered anew)"
        )


@dataclass(frozen=True)
class OnPoints(Reduction):
    """The same problem of a nonlinear network, with its inputs."""

    data: GivenPoints

    def of_whole(self, finding: Finding | None) -> Finding:
        """As it is."""
        assert finding is not None
        return finding

    @property
    def problem(self) -> dict[str, Any]:
        """With the inputs, and forms that exclude relations between them where these are needed."""
        problem = self.whole.problem | {"inputs": self.data.points}
        forms = [one.to_dict() for one in forms_needed(self.whole.allocation, self.data)]
        return problem | ({"forms": forms} if forms else {})


def _strongest(findings: Sequence[Finding]) -> Finding | None:
    final = [finding for finding in findings if finding.expressivity.is_final]
    return next(iter(final or findings), None)


def verdict_of(
    analysis: Analysis, answers: Answers, start: float, reduction: Reduction | None = None
) -> Verdict:
    """The verdict that theorems give; `start` is when the work began (`time.perf_counter`).

    With a `reduction`, `analysis` and `answers` are those of its rest, the verdict is on its whole.
    """
    finding = _strongest(answers.findings)
    whole = analysis.allocation if reduction is None else reduction.whole.allocation
    target, rank, degree, certificate = None, None, None, None
    if finding is not None:
        if reduction is None:
            problem = analysis.problem
        else:
            finding, problem = reduction.of_whole(finding), reduction.problem
        certificate = _certificate(finding, whole.n_learnable, problem)
        target, rank, degree = finding.target_dimension, finding.rank, finding.degree
        target = analysis.stated_target if target is None else target
        # A maximal allocation reaches every dimension (T1), whichever theorem has shown it.
        rank = target if finding.expressivity is Expressivity.MAXIMAL else rank
        degree = _degree(analysis, finding, target) if degree is None else degree
    solved = analysis.solved if degree is not None else None
    reason, limited_by = _reason(analysis, finding, answers)
    return Verdict(
        finding.expressivity if finding else Expressivity.UNDECIDED,
        finding.theorem if finding else None,
        reason,
        certificate,
        learnable=whole.n_learnable,
        rank=rank,
        target_dimension=target,
        degree=degree,
        degree_source=solved.source if solved is not None else "",
        error_bound=finding.error_bound if finding else 0.0,
        seed=analysis.options.seed,
        seconds=time.perf_counter() - start,
        given_weights=0 if analysis.weights is None else analysis.weights.count,
        conditioned_on=None if analysis.network.is_analytic else "regular teacher",
        estimate=_estimate(analysis, finding),
        limited_by=limited_by,
        warnings=warnings_of(analysis.allocation, analysis.samples),
    )


def _reason(
    analysis: Analysis, finding: Finding | None, answers: Answers
) -> tuple[str, str | None]:
    """Why a verdict is what it is, and what ended the search where something stays open."""
    if finding is not None and finding.expressivity.is_final:
        return finding.reason, None
    if answers.errors:
        reason = answers.why if finding is None else f"{finding.words}; {answers.why}"
        return reason, answers.limited_by
    if finding is None:
        return why_undecided(analysis)
    return finding.words, _search_limit(analysis)


def _search_limit(analysis: Analysis) -> str | None:
    """What ended the search for the degree of an allocation that stays positive."""
    is_given = analysis.given is not None or analysis.weights is not None
    if not analysis.is_polynomial or is_given:
        return None
    is_critical = analysis.allocation.n_learnable == analysis.target.value
    if is_critical and not analysis.is_affine and not analysis.options.effort.seeks_degrees:
        return "degree" if analysis.options.effort.seconds else "seconds"
    found = [] if analysis.solved is None else [analysis.solved.limited_by]
    return next((limit for limit in [*found, *analysis.limits] if limit is not None), None)


def _estimate(analysis: Analysis, finding: Finding | None) -> HeuristicEstimate | None:
    """A heuristic number where MP > 0 and maximality is refuted or open."""
    if finding is None or not analysis.is_linear or analysis.weights is not None:
        return None
    if finding.expressivity not in (Expressivity.INTERMEDIATE, Expressivity.POSITIVE):
        return None
    try:
        return linear_estimate(analysis)
    except (OutOfTimeError, SizeError):
        return None


def _degree(analysis: Analysis, finding: Finding, target: int | None) -> int | None:
    """The degree where it was computed on the way, or is 1 since the equations are affine."""
    is_critical = analysis.is_polynomial and analysis.allocation.n_learnable == target
    may_match = finding.expressivity is not Expressivity.MINIMAL
    return analysis.known_degree if is_critical and may_match else None


def _certificate(finding: Finding, learnable: int, problem: dict[str, Any]) -> Certificate:
    return Certificate(
        kind=finding.kind,
        theorem=finding.theorem,
        expressivity=str(finding.expressivity),
        learnable=learnable,
        rank=finding.rank,
        target_dimension=finding.target_dimension,
        error_bound=finding.error_bound,
        problem=problem,
        evidence=finding.evidence,
    )


def why_undecided(analysis: Analysis) -> tuple[str, str | None]:
    """Why no theorem decides, though none was kept from it, and what ended the search."""
    try:
        if analysis.weights is not None and not analysis.network.is_analytic:
            return "of given weights only networks with analytic activations are decided", None
        if analysis.network.is_shallow_relu:
            return why_open(analysis)
        if piecewise.why_not(analysis) is None:
            return piecewise.why_open(analysis)
        obstacle = why_undecided_by_rank(analysis.allocation)
        if obstacle is None and not analysis.is_linear:
            obstacle = analysis.why_not_exact or analysis.why_no_bound
            obstacle = obstacle or analysis.why_only_a_bound
        if obstacle is not None:
            return obstacle, None
        rank, target = analysis.rank, analysis.target
    except OutOfTimeError as error:
        return str(error), "seconds"
    except SizeError as error:
        return str(error), "memory"
    reason = (
        f"the error bounds of the ranks stay above {analysis.options.error_bound:g}: rank "
        f"{rank.value} ({rank.error_bound:.1e}), target dimension {target.value} "
        f"({target.error_bound:.1e})"
    )
    return reason, None
