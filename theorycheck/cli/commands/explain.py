"""`theorycheck explain`."""

from __future__ import annotations

from pathlib import Path

from ...computing.progress import watching
from ..common import Failures, print_json
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
)


def explain(
    files: Files,
    as_json: Json = False,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
    most_degree: MostDegree = 200,
    instances: Instances = 2000,
    paths: Paths = None,
) -> None:
    """Tell what every theorem says of allocations, or why it does not apply, and what is wasted."""

    from rich.console import Console

    from ...answers.explanation import explain as explain_allocation
    from ...computing.effort import Effort
    from ...problem.files import load
    from ..text import print_explanation

    console = Console(highlight=False)
    failures = Failures()
    effort = Effort(seconds, most_degree, instances=instances, paths=paths)
    for file in files:
        with failures.of(file):
            allocation, samples = load(file)
            with watching(True, file) as tell:
                explanation = explain_allocation(
                    allocation,
                    samples,
                    seed=seed,
                    error_bound=error_bound,
                    memory_limit=memory_limit,
                    backend=backend,
                    effort=effort,
                    progress=tell,
                )
            if as_json:
                print_json({"file": file, **explanation.to_dict()})
            else:
                name = file if len(files) > 1 else Path(file).name
                print_explanation(console, name, allocation, samples, explanation)
    failures.leave()
