"""Why a verdict is what it is: every theorem, whether it applies, and what it says."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import ArrayLike

from ..computing.backend import array_module
from ..computing.deadline import Deadline
from ..computing.effort import DEFAULT_EFFORT, Effort, checked
from ..computing.options import Options
from ..computing.progress import Watch, watching
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..errors import OutOfTimeError, SizeError
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..theorems.analysis import Analysis
from ..theorems.asking import Answers, consistent
from ..theorems.base import Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Diagnostics, Verdict
from .classification import frozen_of, verdict_of
from .diagnostics import diagnostics_of


@dataclass(frozen=True)
class Opinion:
    """One theorem on one allocation: an `obstacle` (it does not apply), or what it says.

    `expressivity` and `reason` are None if it applies but leaves the case open.
    """

    theorem: str
    name: str
    statement: str
    source: str
    obstacle: str | None
    expressivity: str | None
    reason: str | None

    @property
    def paragraph(self) -> Paragraph:
        """What it says, in words, under its id."""
        text = f"{str(self.expressivity).upper()}: {self.reason}"
        if self.obstacle is not None:
            text = f"Does not apply: {self.obstacle}"
        elif self.reason is None:
            text = "Applies, but leaves this open"
        return Paragraph(self.theorem, f"{self.name}. {text}")


def _paragraphs_of(diagnostics: Diagnostics | None) -> list[Paragraph]:
    return diagnostics.paragraphs() if diagnostics else []


@dataclass(frozen=True, repr=False)
class Explanation(Shown):
    """The verdict, all theorems' opinions in the order of `classify`, and diagnostics or None."""

    verdict: Verdict
    opinions: tuple[Opinion, ...]
    diagnostics: Diagnostics | None

    def paragraphs(self) -> list[Paragraph]:
        """The verdict's, what each theorem says, and what is wasted."""
        theorems = [opinion.paragraph for opinion in self.opinions]
        return [*self.verdict.paragraphs(), *theorems, *_paragraphs_of(self.diagnostics)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the keys of `classify --json`, `theorems` and `diagnostics`."""
        return {
            **self.verdict.to_dict(),
            "theorems": [opinion.__dict__ for opinion in self.opinions],
            "diagnostics": self.diagnostics.to_dict() if self.diagnostics else None,
        }


def explain(
    allocation: Allocation,
    samples: int,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: float = 8 * 2**30,
    backend: str = "numpy",
    theorems: Sequence[Theorem] | None = None,
    effort: Effort = DEFAULT_EFFORT,
    deadline: Deadline | None = None,
    progress: Watch = False,
) -> Explanation:
    """Ask every theorem about an allocation; arguments and errors as for `classify`.

    With given `weights` there are no diagnostics. A theorem that would need more than
    `memory_limit`, or than the time of the effort, has that as its `obstacle`.

    >>> from theorycheck import LinearFeedforward
    >>> explanation = explain(Allocation.layer(LinearFeedforward([2, 3, 2]), "W2"), samples=2)
    >>> [opinion.theorem for opinion in explanation.opinions if opinion.expressivity == "maximal"]
    ['T3', 'T4', 'T9', 'T2']
    """
    start = time.perf_counter()
    check_allocation(allocation)
    within = checked(effort).start(deadline)
    asked = THEOREMS if theorems is None else theorems
    with watching(progress, "explain") as tell:
        told = effort.telling(tell)
        xp = array_module(backend)
        options = Options(seed, error_bound, int(memory_limit), xp, told, within)
        analysis = Analysis(allocation, samples, options, weights=frozen_of(allocation, weights))
        for theorem in asked:  # what is cheap is known whatever the rest takes
            with suppress(OutOfTimeError, SizeError, MemoryError):
                theorem.ask_count(analysis)
        answers = Answers([], [])
        opinions = [_ask(theorem, analysis, answers) for theorem in asked]
        consistent(answers.findings)
        verdict = verdict_of(analysis, answers, start)
        opinions = [_beside(opinion, verdict, answers) for opinion in opinions]
        told.report("redundant and unreached weights")
        diagnostics = None if analysis.weights is not None else diagnostics_of(analysis)
        return Explanation(verdict, tuple(opinions), diagnostics)


def _ask(theorem: Theorem, analysis: Analysis, answers: Answers) -> Opinion:
    """The theorem's opinion, which is added to the answers."""
    analysis.options.effort.report(theorem.title)
    finding = None
    try:
        why_not = theorem.obstacle(analysis)
        if why_not is None:
            finding = theorem.ask(analysis)
            answers.findings.extend([] if finding is None else [finding])
    except (OutOfTimeError, SizeError, MemoryError) as error:
        why_not = str(error) or "not enough memory"
        answers.errors.append(error)
    opinion = Opinion(
        theorem.id,
        theorem.statement.name,
        theorem.statement.text,
        theorem.statement.source,
        why_not,
        str(finding.expressivity) if finding else None,
        finding.words if finding else None,
    )
    return opinion


def _beside(opinion: Opinion, verdict: Verdict, answers: Answers) -> Opinion:
    """The opinion; where it leaves open what another theorem decides, that one is named instead."""
    found = (each for each in answers.findings if each.theorem == opinion.theorem)
    finding = next(found, None)
    if finding is None or not finding.left_open or not verdict.expressivity.is_final:
        return opinion
    reason = f"{finding.reason}; {verdict.theorem} decides that it is {verdict.expressivity}"
    return replace(opinion, reason=reason)
