"""What a proof is to the code: steps, each checked on many cases and able to fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..display.paragraphs import Paragraph


@dataclass(frozen=True)
class ProofStep:
    """One step of a proof that a machine checks.

    `check(claim)` yields one item per case: None where the claim holds, else a counterexample in
    words. `false` are deliberately false variants of the claim, by what is wrong with them; the
    same check must find a counterexample to each. `size` says what is exhausted; empty for a step
    on chosen or symbolic cases.
    """

    title: str
    check: Callable[[Any], Iterable[str | None]]
    claim: Any
    false: Mapping[str, Any]
    size: str = ""


@dataclass(frozen=True)
class StepResult:
    """How a step went: `failure` is empty if all `cases` held and all false variants failed."""

    id: str
    title: str
    size: str
    cases: int
    false_variants: int
    failure: str
    seconds: float

    @property
    def paragraph(self) -> Paragraph:
        """How it went, in words."""
        if not self.passed:
            return Paragraph("FAILS", f"{self.title}: {self.failure}")
        rejected = f"{self.cases} cases, {self.false_variants} false variants rejected"
        return Paragraph("holds", f"{self.title}: {self.size}; {rejected}")

    @property
    def passed(self) -> bool:
        """Whether the step holds."""
        return not self.failure


def run_step(id: str, step: ProofStep) -> StepResult:
    """Check a step of the proof `id`, then that its check rejects every false variant.

    >>> squares = ProofStep("n^2 >= n", lambda p: (None if p(n) else str(n) for n in range(9)),
    ...                lambda n: n * n >= n, {"strictly": lambda n: n * n > n}, "n < 9")
    >>> result = run_step("T0", squares)
    >>> result.passed, result.cases
    (True, 9)
    """
    start = time.perf_counter()
    cases, found = _first_counterexample(step, step.claim)
    failure = f"counterexample: {found}" if found is not None else ""
    if not cases:
        failure = "no case was checked"
    elif not step.false:
        failure = "there is no false variant that it rejects"
    for what, claim in step.false.items():
        if not failure and _first_counterexample(step, claim)[1] is None:
            failure = f"the false variant passes: {what}"
    seconds = time.perf_counter() - start
    return StepResult(id, step.title, step.size, cases, len(step.false), failure, seconds)


def _first_counterexample(step: ProofStep, claim: Any) -> tuple[int, str | None]:
    """How many cases were checked, and the first that fails."""
    cases = 0
    for outcome in step.check(claim):
        cases += 1
        if outcome is not None:
            return cases, outcome
    return cases, None
