"""Run the proofs: every step of every theorem, on several processes if asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from ..computing.parallel import of_statement, run_all
from ..computing.progress import Progress, Teller, Watch, watching
from ..display.paragraphs import Paragraph
from ..display.shown import Shown
from ..problem.networks.base import positive_integer
from ..statements import STATEMENTS
from .base import StepResult, run_step
from .registry import checked_ids, steps_of


@dataclass(frozen=True, repr=False)
class ProofResult(Shown):
    """The steps of one proof and how they went; an interrupt left `missing` ones out."""

    id: str
    steps: tuple[StepResult, ...]
    missing: int = 0

    @property
    def passed(self) -> bool:
        """Whether every step holds; False if some are missing."""
        return not self.missing and all(step.passed for step in self.steps)

    @property
    def seconds(self) -> float:
        """Time of all steps together, in seconds of one process."""
        return sum(step.seconds for step in self.steps)

    def paragraphs(self) -> list[Paragraph]:
        """How many steps hold, then each of them."""
        held, total = sum(step.passed for step in self.steps), len(self.steps) + self.missing
        text = f"{STATEMENTS[self.id].name}: {held} of {total} steps hold"
        failed = any(not step.passed for step in self.steps)
        style = "bold red" if failed else "bold green" if self.passed else "bold yellow"
        return [Paragraph(self.id, text, style), *(step.paragraph for step in self.steps)]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: what `prove --json` prints."""
        return {
            "theorem": self.id,
            "name": STATEMENTS[self.id].name,
            "conjecture": STATEMENTS[self.id].is_conjecture,
            "passed": self.passed,
            "seconds": self.seconds,
            **({"missing": self.missing} if self.missing else {}),
            "steps": [{**asdict(step), "passed": step.passed} for step in self.steps],
        }


def prove(
    ids: Iterable[str] | None = None,
    *,
    workers: int = 1,
    progress: Watch = False,
) -> list[ProofResult]:
    """Check the machine-checked steps of the proofs `ids` (all by default), in order.

    `workers` processes share the steps (with more than 1, scripts need the usual
    `if __name__ == "__main__":`). `progress` is True for a bar in terminals and notebooks, or a
    function that is told each result as it comes (`Progress.found`). A step that fails makes its
    proof not `passed`; it raises nothing. An interrupt (Ctrl-C) keeps the steps that are done.

    Raises `InputError` for an unknown id.

    >>> [(proof.id, proof.passed) for proof in prove(["T3"])]
    [('T3', True)]
    """
    workers = positive_integer(workers, "workers")
    chosen = checked_ids(ids)
    tasks = [(id, number) for id in chosen for number in range(len(steps_of(id)))]
    with watching(progress, "prove") as tell:
        results = run_all(run_numbered, tasks, workers, partial(_tell, tell))
    return [ProofResult(id, *of_statement(id, tasks, results)) for id in chosen]


def _tell(tell: Teller, step: StepResult, done: int, total: int) -> None:
    tell(Progress(f"{step.id}: {step.title}", done, total, found=step))


def run_numbered(id: str, number: int) -> StepResult:
    """Run step `number` (from 0) of the proof `id`; a step that breaks has failed.

    >>> run_numbered("T3", 0).passed
    True
    """
    step = steps_of(id)[number]
    try:
        return run_step(id, step)
    except Exception as error:  # one broken step must not lose the results of the others
        failure = f"broken ({type(error).__name__}: {error})"
        return StepResult(id, step.title, step.size, 0, len(step.false), failure, 0.0)
