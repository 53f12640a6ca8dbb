"""Classify parametrised weights: of all theorems only T19 speaks of them."""

from __future__ import annotations

import time
from dataclasses import replace

from ..certificates import Certificate
from ..computing.options import Options
from ..problem.parametrization import Parametrization
from ..problem.parametrization_files import parametrized_to_dict
from ..theorems import t19_parametrised
from ..theorems.analysis import Analysis
from ..theorems.asking import Answers, ask_all
from ..theorems.base import Finding
from ..verdict import Expressivity, Verdict
from .cautions import warnings_of


def classify_parametrised(
    parametrization: Parametrization, samples: int, options: Options
) -> Verdict:
    """The expressivity of parametrised weights on `samples` random inputs, by T19.

    Raises `SizeError` if a rank is needed whose matrix exceeds the memory limit.
    """
    start = time.perf_counter()
    analysis = Analysis(parametrization.whole, samples, options, parametrization=parametrization)
    answers = ask_all(analysis, (t19_parametrised.THEOREM,))
    if not answers.findings and answers.is_too_large:
        raise answers.errors[0]
    finding = next(iter(answers.findings), None)
    if finding is None:
        verdict = _undecided(analysis, answers)
    else:
        verdict = _decided(analysis, finding, answers)
    warnings = warnings_of(parametrization.whole, analysis.samples)
    return replace(verdict, warnings=warnings, seconds=time.perf_counter() - start)


def _decided(analysis: Analysis, finding: Finding, answers: Answers) -> Verdict:
    parametrization = analysis.parametrization
    assert parametrization is not None
    certificate = Certificate(
        kind=finding.kind,
        theorem=finding.theorem,
        expressivity=str(finding.expressivity),
        learnable=parametrization.n_parameters,
        rank=finding.rank,
        target_dimension=finding.target_dimension,
        error_bound=finding.error_bound,
        problem=parametrized_to_dict(parametrization, analysis.samples),
        evidence=finding.evidence,
    )
    return Verdict(
        finding.expressivity,
        finding.theorem,
        finding.words,
        certificate,
        learnable=parametrization.n_parameters,
        rank=finding.rank,
        target_dimension=finding.target_dimension,
        degree=None,
        error_bound=finding.error_bound,
        seed=analysis.options.seed,
        seconds=0.0,
        limited_by=None if finding.expressivity.is_final else answers.limited_by,
    )


def _undecided(analysis: Analysis, answers: Answers) -> Verdict:
    parametrization = analysis.parametrization
    assert parametrization is not None
    return Verdict(
        Expressivity.UNDECIDED,
        None,
        answers.why or _why_open(analysis),
        None,
        learnable=parametrization.n_parameters,
        rank=None,
        target_dimension=None,
        degree=None,
        error_bound=0.0,
        seed=analysis.options.seed,
        seconds=0.0,
        limited_by=answers.limited_by,
    )


def _why_open(analysis: Analysis) -> str:
    """Why T19 leaves the case open, though nothing was too large or too late."""
    parametrization = analysis.parametrization
    assert parametrization is not None
    why = t19_parametrised.why_not(analysis)
    if why is not None:
        return f"T19 does not decide: {why}"
    needed, found = analysis.once(t19_parametrised.target), analysis.once(t19_parametrised.rank)
    why = t19_parametrised.why_rank_open(parametrization)
    if found.value == needed.value and why is not None:
        return f"the rank is {found.value} at most, as many as are needed, but perhaps less: {why}"
    return (
        f"the error bounds of the ranks stay above {analysis.options.error_bound:g}: rank "
        f"{found.value} ({found.error_bound:.1e}), target dimension {needed.value} "
        f"({needed.error_bound:.1e})"
    )
