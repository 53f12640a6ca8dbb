"""`theorycheck measure`."""

from __future__ import annotations

from functools import partial

from ..common import Failures, answer, arrays, complain, name_of, points, teacher_of
from ..options import (
    DrawSeed,
    File,
    FitBackend,
    Inputs,
    Json,
    Law,
    Restarts,
    Teacher,
    TimeLimit,
    Trials,
    Weights,
    Width,
)


def measure(
    file: File,
    trials: Trials = 1000,
    seed: DrawSeed = 0,
    backend: FitBackend = "auto",
    law: Law = "normal",
    inputs: Inputs = None,
    weights: Weights = None,
    teacher: Teacher = None,
    width: Width = None,
    restarts: Restarts = 20,
    seconds: TimeLimit = None,
    as_json: Json = False,
) -> None:
    """Measure the match probability of an allocation on random draws, without any theorem."""
    from ...computing.deadline import NEVER, Deadline
    from ...measurement.estimate import measure as measure_allocation
    from ..text import print_found

    failures = Failures()
    deadline = NEVER if seconds is None else Deadline(seconds)
    ask = partial(
        measure_allocation,
        trials=trials,
        seed=seed,
        backend=backend,
        law=law,
        inputs=None if inputs is None else points(failures, inputs),
        weights=arrays(failures, weights),
        teacher=teacher_of(failures, teacher),
        width=width,
        restarts=restarts,
        deadline=deadline,
    )
    with failures.of(file):
        _, _, found = answer(file, name_of(file, [file]), ask, print_found, as_json)
        low, high = found.interval
        if found.trials < trials and (width is None or high - low > width):
            why = "the time was up" if deadline.has_passed else "interrupted"
            complain(f"{file}: {why} after {found.trials} of {trials} draws")
    failures.leave()
