"""Which proof is executed: that of a given certificate, or the first one that is a recipe."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from numpy.typing import ArrayLike

from ..certificates import Certificate
from ..errors import InputError, OutOfTimeError, SizeError, TheorycheckError, shown
from ..problem.files import problem_from_dict, problem_to_dict
from ..theorems import t00_monotonicity
from ..theorems.analysis import Analysis
from ..theorems.base import Finding, Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity, Verdict
from .factored import can_factor
from .questions import Question
from .recipes import RECIPES, Proof


def find_proof(analysis: Analysis, with_teacher: bool) -> Finding | None:
    """The first finding of maximality that can be executed; None if there is none.

    Without the teacher's weights nothing is copied: then the learnables of a layer alone are asked
    about, and at last whether the outputs can be factored; at a bottleneck that comes first, since
    it tells outputs of too large a rank.
    """
    if not with_teacher and can_factor(analysis) and analysis.target.value < analysis.n_equations:
        return t00_monotonicity.THEOREM.ask_count(analysis)
    found = next(_recipes(analysis, with_teacher), None)
    if found is not None or with_teacher:
        return found
    for names in analysis.learnable_layers:
        part = analysis.restricted_to(names)
        for finding in _recipes(part, False):
            what = f"the learnable weights of {' and '.join(names)}"
            return t00_monotonicity.Part(analysis, part, what).of_whole(finding)
    return t00_monotonicity.THEOREM.ask_count(analysis) if can_factor(analysis) else None


def given_proof(
    certificate: Certificate, asked: list[Question], with_teacher: bool
) -> tuple[Question, Finding]:
    """The finding of a certificate about this very problem, and which of the questions it answers.

    Raises `InputError` if it is of another problem, or nothing that can be executed.
    """
    problem = _as_written(certificate.problem)
    question = next((each for each in asked if each.problem == problem), None)
    if question is None:
        raise InputError(
            "the certificate is of another problem: network, masks, number of samples (of given "
            f"inputs as many as span them, here {asked[-1].rest.samples}) and inputs, if it is "
            "about given ones, must be those of the allocation"
        )
    analysis = question.rest
    by = f"{shown(certificate.theorem)}, kind {shown(certificate.kind)}"
    if certificate.expressivity != Expressivity.MAXIMAL:
        claim = shown(certificate.expressivity)
        raise InputError(
            f"the certificate ({by}) says {claim}: only what is maximal is constructed"
        )
    with reading(certificate):
        proof = Proof(certificate.theorem, certificate.kind, certificate.evidence)
        factors = proof.theorem == "T0" and proof.kind == "full" and can_factor(analysis)
        is_recipe = factors or proof.is_recipe(with_teacher=with_teacher)
    if not is_recipe:
        cure = "leave it out, and another proof is sought"
        if not with_teacher:
            cure = "give the teacher's weights, not its outputs alone, or leave it out"
        raise InputError(f"the proof of the certificate ({by}) is no construction; {cure}")
    return question, Finding(
        certificate.theorem,
        Expressivity.MAXIMAL,
        f"as the certificate given (kind {certificate.kind}) says, which is executed as it is",
        certificate.kind,
        certificate.evidence,
        certificate.rank,
        certificate.target_dimension,
        error_bound=certificate.error_bound,
    )


@contextlib.contextmanager
def reading(certificate: object) -> Iterator[None]:
    """Evidence that was given may be of any form: what is malformed ends as an `InputError`."""
    try:
        yield
    except (TheorycheckError, MemoryError):
        raise
    except Exception as error:
        if certificate is None:
            raise
        raise InputError(
            f"the evidence of the certificate is malformed ({type(error).__name__}: "
            f"{shown(str(error))}); theorycheck check (tc.check) tells more"
        ) from None


def certificate_in(given: object) -> Certificate:
    """The certificate that is given, as an object of JSON or in a verdict, too."""
    if isinstance(given, Verdict):
        if given.certificate is None:
            raise InputError("the verdict is undecided and has no certificate to execute")
        given = given.certificate
    return given if isinstance(given, Certificate) else Certificate.from_dict(given)


def inputs_of(certificate: Certificate | None) -> ArrayLike | None:
    """The inputs that a certificate is about, None where they are random."""
    problem = None if certificate is None else certificate.problem
    return problem.get("inputs") if isinstance(problem, Mapping) else None


def _as_written(problem: object) -> Mapping[str, object]:
    """A problem as certificates write it; raises `InputError` for what is none."""
    if not isinstance(problem, Mapping):
        return problem_to_dict(*problem_from_dict(problem))
    given = {key: problem[key] for key in ("inputs", "basis") if key in problem}
    if "forms" in problem or given.keys() == {"inputs"}:
        raise InputError(
            "the certificate is about given inputs, and names no basis of them as those of linear "
            "networks do; one of random inputs is executed"
        )
    rest = {key: value for key, value in problem.items() if key not in given}
    return problem_to_dict(*problem_from_dict(rest)) | given


def _recipes(analysis: Analysis, with_teacher: bool) -> Iterator[Finding]:
    """Findings that can be executed; they end where one refutes that the allocation is maximal."""
    for ask in (Theorem.ask_count, Theorem.ask):
        for theorem in THEOREMS:
            if theorem.id not in RECIPES:
                continue
            try:
                finding = ask(theorem, analysis)
            except (OutOfTimeError, SizeError, MemoryError):
                if analysis.options.deadline.has_passed:
                    raise
                continue  # another theorem may need less
            if finding is None:
                continue
            if finding.expressivity.refutes_maximal:
                return
            proof = Proof(finding.theorem, finding.kind, finding.evidence)
            is_maximal = finding.expressivity is Expressivity.MAXIMAL
            if is_maximal and proof.is_recipe(with_teacher=with_teacher):
                yield finding
