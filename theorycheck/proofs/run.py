"""Run the proofs: every step of every theorem, on several processes if asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ..networks import positive_integer
from ..parallel import run_all
from ..statements import STATEMENTS
from .base import StepResult, run_step
from .registry import checked_ids, steps_of


@dataclass(frozen=True)
class ProofResult:
    """The steps of one proof and how they went."""

    id: str
    steps: tuple[StepResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every step holds."""
        return all(step.passed for step in self.steps)

    @property
    def seconds(self) -> float:
        """Time of all steps together, in seconds of one process."""
        return sum(step.seconds for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: what `prove --json` prints."""
        return {
            "theorem": self.id,
            "name": STATEMENTS[self.id].name,
            "conjecture": STATEMENTS[self.id].is_conjecture,
            "passed": self.passed,
            "seconds": self.seconds,
            "steps": [{**asdict(step), "passed": step.passed} for step in self.steps],
        }


def prove(
    ids: Iterable[str] | None = None,
    *,
    workers: int = 1,
    on_step: Callable[[StepResult, int, int], None] | None = None,
) -> list[ProofResult]:
    """Check the machine-checked steps of the proofs `ids` (all by default), in order.

    `workers` processes share the steps (with more than 1, scripts need the usual
    `if __name__ == "__main__":`); `on_step` is told each result as it comes, how many are done and
    of how many. A step that fails makes its proof not `passed`; it raises nothing.

    Raises `InputError` for an unknown id.

    >>> [(proof.id, proof.passed) for proof in prove(["T3"])]
    [('T3', True)]
    """
    workers = positive_integer(workers, "workers")
    chosen = checked_ids(ids)
    tasks = [(id, number) for id in chosen for number in range(len(steps_of(id)))]
    results = run_all(run_numbered, tasks, workers, on_step)
    return [
        ProofResult(id, tuple(results[task] for task in tasks if task[0] == id)) for id in chosen
    ]


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
