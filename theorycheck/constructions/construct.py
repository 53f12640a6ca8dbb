"""Construct a student that matches a teacher, by executing the proof that one exists."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..answers.classification import verdict_on
from ..certificates import Certificate
from ..computing.arrays import Array
from ..computing.effort import Effort, checked
from ..computing.options import Options
from ..computing.progress import Progress, Watch, watching
from ..display.paragraphs import Paragraph, list_some
from ..display.shown import Shown
from ..errors import InputError
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.masks import entries_of, entry_name
from ..theorems.analysis import Analysis
from ..theorems.base import Finding
from ..verdict import Expressivity, Verdict
from .arithmetic import Arithmetic, Floats, Rationals, as_fractions, require_exact
from .bench import Bench
from .data import Data, Givens
from .narrowed import with_inputs
from .proofs import certificate_in, find_proof, given_proof, inputs_of, reading
from .questions import Question, questions
from .recipes import Proof, execute

MATCHED = 1e-6  # relative residual of a match in floats
_MOST_STEPS = 12  # that are shown


@dataclass(frozen=True, repr=False)
class Construction(Shown):
    """What `construct` returns: a student, and how it was made.

    `weights` are all of the student's, frozen ones included: arrays of floats, or of `Fraction` if
    it is exact. `residual` is the largest difference between its outputs and those of the teacher
    on all samples, relative to the teacher's largest output. `verdict` is that of the theorem whose
    proof was executed, on given inputs that do not span (T18) for these, else for random data (of
    as many samples as span given inputs), and `steps` tell what was done. `inputs` (points, n_0)
    and `outputs` (points, d) are what it was fitted to, of recurrent networks (points, steps, ...);
    `teacher` has the teacher's weights, None where only outputs were given. `drawn` names what was
    drawn from `seed`.
    """

    allocation: Allocation
    samples: int
    weights: Mapping[str, NDArray[Any]]
    residual: float
    verdict: Verdict
    steps: tuple[str, ...]
    is_exact: bool
    inputs: NDArray[Any]
    outputs: NDArray[Any]
    teacher: Mapping[str, NDArray[Any]] | None
    drawn: tuple[str, ...]
    seed: int
    seconds: float

    @property
    def is_match(self) -> bool:
        """Whether the student matches the teacher: exactly, or up to 1e-6 in floats."""
        return self.residual == 0 if self.is_exact else self.residual < MATCHED

    @property
    def theorem(self) -> str:
        """The theorem whose proof was executed."""
        assert self.verdict.theorem is not None
        return self.verdict.theorem

    @property
    def rigor(self) -> str:
        """`exact` (the outputs are equal as rational numbers) or `numerical` (see `residual`)."""
        return "exact" if self.is_exact else "numerical"

    @property
    def learned(self) -> dict[str, Any]:
        """The values of the learnable weights by name, as in `W1[0,2]`."""
        entries = entries_of(dict(self.allocation.masks("learnable")))
        return {entry_name((name, index)): self.weights[name][index] for name, index in entries}

    def paragraphs(self) -> list[Paragraph]:
        """Whether it matches, by which proof, in which steps, and from what."""
        found = [self._head(), Paragraph("by", f"{self.theorem}: {self.verdict.reason}")]
        shown = self.steps if len(self.steps) <= _MOST_STEPS else self.steps[: _MOST_STEPS - 1]
        found += [Paragraph(f"step {k}", text) for k, text in enumerate(shown, start=1)]
        if len(shown) < len(self.steps):
            found.append(Paragraph("...", f"and {len(self.steps) - len(shown)} more steps"))
        values = [f"{name} = {_short(value)}" for name, value in self.learned.items()]
        found.append(Paragraph("learned", list_some(values) or "nothing is learnable"))
        if self.drawn:
            found.append(Paragraph("drawn", f"{', '.join(self.drawn)}; normal, seed {self.seed}"))
        return found

    def _head(self) -> Paragraph:
        if self.is_exact and self.is_match:
            return Paragraph("MATCHED", "the outputs are equal, as rational numbers", "bold green")
        text = f"relative difference of the outputs {self.residual:.0e}, in double precision"
        if self.is_match:
            return Paragraph("MATCHED", text, "bold green")
        return Paragraph("NOT MATCHED", text, "bold red")

    def to_dict(self) -> dict[str, Any]:
        """The object that `construct --json` prints, without the key `file`; fractions are text."""
        return {
            "matched": self.is_match,
            "residual": self.residual,
            "rigor": self.rigor,
            "theorem": self.theorem,
            "reason": self.verdict.reason,
            "steps": list(self.steps),
            "weights": _listed(self.weights),
            "teacher": None if self.teacher is None else _listed(self.teacher),
            "inputs": _list(self.inputs),
            "outputs": _list(self.outputs),
            "drawn": list(self.drawn),
            "seed": self.seed,
            "seconds": self.seconds,
        }

    def rounded(self) -> dict[str, NDArray[np.float64]]:
        """The weights in double precision, as a weights file has them.

        Raises `InputError` for rational ones that are beyond it.
        """
        try:
            return {name: weight.astype(np.float64) for name, weight in self.weights.items()}
        except OverflowError:
            cure = "--json (to_dict) has them as fractions"
            raise InputError(f"some weights are beyond double precision; {cure}") from None


def construct(
    allocation: Allocation,
    samples: int,
    *,
    teacher: Mapping[str, ArrayLike] | None = None,
    outputs: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    frozen: Mapping[str, ArrayLike] | None = None,
    certificate: Certificate | Verdict | Mapping[str, Any] | None = None,
    rational: bool = False,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    seconds: float = 60.0,
    progress: Watch = False,
) -> Construction:
    """Weights of a student that matches a teacher on `samples` inputs, without training.

    Where a proof that `allocation` is maximal is a construction (T0, T2 to T5, T9, T13 to T16, T18,
    and T12 for the readout of nonlinear networks) it is executed: it solves linear systems, one
    after the other.

    `teacher` has the teacher's weights by name; instead of it `outputs`, (points, d), may be given
    with the `inputs`, (points, n_0). Of recurrent networks these are (points, steps, n_in), and
    outputs that are read at every step (points, steps, d). The first `samples` points count.
    `frozen` has the student's weights; its values at learnable entries are where the fit begins.
    What is not given is drawn from `seed`: normal, for `rational` rounded to multiples of 1/256.

    Computes in double precision and refines the result; with `rational` exactly, so that the
    outputs are equal (data as floats are rational numbers). The theorems speak of random data:
    `Construction.is_match` tells whether the data given, or drawn, are as good.

    A `certificate` of this allocation (or its JSON object, or a verdict that has one) is executed
    as it is, and no other proof is sought: then `seed` changes the data alone. Given inputs that it
    is about are taken from it. It is not verified, `check` does that; a match is judged by its
    outputs.

    Raises `InputError` if the allocation is not maximal, if no proof of that is a construction,
    for a certificate of another problem, and for data that do not fit; `SizeError` and
    `OutOfTimeError` beyond the limits.

    >>> from theorycheck import LinearFeedforward
    >>> two_rows = Allocation.layer(LinearFeedforward([2, 3, 2]), "W2")
    >>> made = construct(two_rows, samples=2, rational=True)
    >>> made.is_match, made.theorem, made.weights["W2"][0, 0].denominator > 1
    (True, 'T3', True)
    """
    start = time.perf_counter()
    check_allocation(allocation)
    effort = checked(Effort(seconds=seconds))
    # Degrees prove, but construct nothing; plans that are found have to be carried out.
    searching = Effort(seconds=seconds / 2, degree=0)
    options = Options(seed, error_bound, memory_limit, effort=searching, deadline=effort.start())
    deadline = options.deadline
    arithmetic: Arithmetic = Rationals(deadline) if rational else Floats(memory_limit, deadline)
    whole = Analysis(allocation, samples, options)
    known = None if certificate is None else certificate_in(certificate)
    given = inputs_of(known) if inputs is None else inputs
    givens = Givens(allocation, whole.samples, seed, teacher, outputs, given, frozen)
    asked = questions(whole, givens, arithmetic)
    with watching(progress, "construct") as tell:
        question, finding = _found(asked, known, outputs is None)
        verdict = question.verdict(finding)
        if rational:
            require_exact(allocation.network)
        data = givens.data(arithmetic)
        bench = _bench(question, arithmetic, data)
        bench.report = lambda words: tell(Progress(words))
        with reading(known):
            _execute(bench, question, Proof(finding.theorem, finding.kind, finding.evidence))
    made = _made(whole, data, bench, verdict)
    _refuse_other_kind(made)
    return replace(made, seconds=time.perf_counter() - start)


def _found(
    asked: list[Question], known: Certificate | None, with_teacher: bool
) -> tuple[Question, Finding]:
    """The question that a proof answers, and what it found; raises `InputError` without one."""
    if known is not None:
        return given_proof(known, asked, with_teacher)
    for question in asked:
        if not question.is_of_its_own:
            continue
        finding = find_proof(question.rest, with_teacher)
        if finding is not None:
            return question, finding
    raise InputError(_refusal(asked[-1].rest, with_teacher))


def _execute(bench: Bench, question: Question, proof: Proof) -> None:
    """Run the recipe of a proof on the inputs that it is about."""
    entries = entries_of(dict(question.rest.allocation.masks("learnable")))
    with_inputs(bench, question.kept, lambda inner: execute(inner, inner.whole(entries), proof))
    if len(bench.steps) > 1:
        bench.refine()


def _refusal(analysis: Analysis, with_teacher: bool) -> str:
    """Why no proof was executed, and what to do instead."""
    options = replace(analysis.options, effort=Effort(seconds=0))  # no plan was found
    verdict = verdict_on(analysis.allocation, analysis.samples, options)
    expressivity, by = verdict.expressivity, f"{verdict.theorem}: {verdict.reason}"
    if expressivity is Expressivity.MINIMAL:
        better = "it maximal" if analysis.is_linear else "a match possible"
        cure = f"theorycheck repair (tc.repair) finds swaps that make {better}"
        return f"it is minimal: {verdict.meaning} ({by}); {cure}"
    cure = "theorycheck measure (tc.measure) searches for matches by Levenberg-Marquardt"
    if expressivity is Expressivity.INTERMEDIATE:
        return f"it is intermediate: {verdict.meaning} ({by}); {cure}"
    if expressivity is not Expressivity.MAXIMAL:
        found = f" ({expressivity} by {verdict.theorem})" if verdict.theorem else ""
        return f"no proof of maximality that is a construction is found{found}; {cure}"
    if verdict.theorem == "T0" and not with_teacher:
        cure = "give the teacher's weights, not its outputs alone"
    return f"it is maximal ({by}), but this proof is no construction; {cure}"


def _bench(question: Question, arithmetic: Arithmetic, data: Data) -> Bench:
    """A bench with as few samples as tell all others: of linear networks a basis."""
    allocation, inputs, wanted = question.whole.allocation, data.inputs, data.wanted
    if allocation.network.is_linear:
        basis = question.basis
        if basis is None:
            basis = arithmetic.independent(inputs.reshape(-1, inputs.shape[-1]))
        inputs, wanted = inputs[..., basis], wanted[:, basis]
    return Bench(
        allocation.network,
        arithmetic,
        data.student,
        inputs,
        wanted,
        data.teacher,
        question.whole.options.deadline,
        lambda _: None,
        allocation.given_present(),
    )


def _made(analysis: Analysis, data: Data, bench: Bench, verdict: Verdict) -> Construction:
    """The result, with the residual on all samples."""
    arithmetic, network = bench.arithmetic, analysis.network
    found = arithmetic.outputs(network, bench.weights, data.inputs)
    residual = arithmetic.relative(found - data.wanted, data.wanted)
    if not math.isfinite(residual):
        raise InputError("the outputs are beyond double precision: scale the data down")
    readable = as_fractions if arithmetic.is_exact else np.asarray
    teacher = data.teacher
    return Construction(
        analysis.allocation,
        analysis.samples,
        {name: readable(weight) for name, weight in bench.weights.items()},
        residual,
        verdict,
        tuple(bench.steps),
        arithmetic.is_exact,
        _points(readable(data.inputs[..., : network.inputs, :])),
        _points(readable(_by_read(data.wanted, network.n_reads))),
        None if teacher is None else {name: readable(value) for name, value in teacher.items()},
        data.drawn,
        analysis.options.seed,
        0.0,
    )


def _refuse_other_kind(made: Construction) -> None:
    """Outputs that were given and are not reached may be those of no such network."""
    if made.teacher is None and not made.is_match:
        cure = ""
        if made.allocation.network.is_linear and not made.is_exact:
            cure = (
                ", or not enough for double precision: --rational (rational=True) computes exactly"
            )
        raise InputError(
            f"outputs are not matched (relative difference {made.residual:.1e}): no teacher of "
            f"this kind puts them out on these inputs, or the data are not generic{cure}; of a "
            "linear network outputs are linear in the inputs, of a rank that its narrowest layer "
            "bounds"
        )


def _by_read(wanted: Array, reads: int) -> Array:
    """(reads, outputs, samples) if there is more than one read."""
    return wanted.reshape(reads, -1, wanted.shape[-1]) if reads > 1 else wanted


def _points(array: Array) -> Array:
    """Samples, the last axis, first."""
    return np.moveaxis(array, -1, 0)


def _list(array: Array) -> Any:
    if array.dtype != object:
        return array.tolist()
    return [_list(part) if isinstance(part, np.ndarray) else str(part) for part in array]


def _listed(weights: Mapping[str, Array]) -> dict[str, Any]:
    return {name: _list(weight) for name, weight in weights.items()}


def _short(value: Any) -> str:
    """A number of six digits; a fraction as it is, if it is short."""
    text = str(value) if not isinstance(value, float) else f"{value:.6g}"
    return text if len(text) <= 24 else f"{float(value):.6g}..."
