"""Run the proofs: every step of every theorem, on several processes if asked."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import Any

from ..networks import positive_integer
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
    results: dict[tuple[str, int], StepResult] = {}
    for task, result in _results(tasks, workers):
        results[task] = result
        if on_step is not None:
            on_step(result, len(results), len(tasks))
    return [
        ProofResult(id, tuple(results[task] for task in tasks if task[0] == id)) for id in chosen
    ]


def _results(
    tasks: list[tuple[str, int]], workers: int
) -> Iterator[tuple[tuple[str, int], StepResult]]:
    if workers == 1:
        yield from ((task, run_numbered(*task)) for task in tasks)
        return
    # "spawn", since forking a process that has threads (progress bars, BLAS) can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = {pool.submit(run_numbered, *task): task for task in tasks}
        yield from ((waiting[future], future.result()) for future in as_completed(waiting))


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
