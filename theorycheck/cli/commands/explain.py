"""`theorycheck explain`."""

from __future__ import annotations

from functools import partial

from ..common import Failures, answer, arrays, name_of
from ..options import (
    Backend,
    ErrorBound,
    Files,
    Instances,
    Json,
    MemoryLimit,
    MostDegree,
    Paths,
    Seconds,
    Seed,
    Weights,
)


def explain(
    files: Files,
    as_json: Json = False,
    weights: Weights = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
    most_degree: MostDegree = 2000,
    instances: Instances = 2000,
    paths: Paths = None,
) -> None:
    """Tell what every theorem says of allocations, or why it does not apply, and what is wasted."""
    from ...answers.explanation import explain as explain_allocation
    from ...computing.effort import Effort
    from ..text import print_explanation

    failures = Failures()
    ask = partial(
        explain_allocation,
        weights=arrays(failures, weights),
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        backend=backend,
        effort=Effort(seconds, most_degree, instances=instances, paths=paths),
    )
    for file in files:
        with failures.of(file):
            answer(file, name_of(file, files), ask, print_explanation, as_json)
    failures.leave()
