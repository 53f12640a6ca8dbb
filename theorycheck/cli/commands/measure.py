"""`theorycheck measure`."""

from __future__ import annotations

from pathlib import Path

from ...computing.progress import watching
from ..common import Failures, complain, points, print_json
from ..options import DrawSeed, File, FitBackend, Inputs, Json, Law, Restarts, Trials, Width


def measure(
    file: File,
    trials: Trials = 1000,
    seed: DrawSeed = 0,
    backend: FitBackend = "auto",
    law: Law = "normal",
    inputs: Inputs = None,
    width: Width = None,
    restarts: Restarts = 20,
    as_json: Json = False,
) -> None:
    """Measure the match probability of an allocation on random draws, without any theorem."""
    from rich.console import Console

    from ...measurement.estimate import measure as measure_allocation
    from ...problem.files import load
    from ..text import print_estimate

    failures = Failures()
    data = None if inputs is None else points(failures, inputs)
    with failures.of(file):
        allocation, samples = load(file)
        with watching(True, file) as tell:
            estimate = measure_allocation(
                allocation,
                samples,
                trials=trials,
                seed=seed,
                backend=backend,
                law=law,
                inputs=data,
                width=width,
                restarts=restarts,
                progress=tell,
            )
        if as_json:
            print_json({"file": file, **estimate.to_dict()})
        else:
            print_estimate(Console(highlight=False), Path(file).name, allocation, samples, estimate)
        low, high = estimate.interval
        if estimate.trials < trials and (width is None or high - low > width):
            complain(f"{file}: interrupted after {estimate.trials} of {trials} draws")
    failures.leave()
