"""`theorycheck estimate`."""

from __future__ import annotations

from pathlib import Path

from ...computing.progress import watching
from ..common import Failures, print_json
from ..options import File, Json, MostDegree, Seconds, Seed


def estimate(
    file: File,
    as_json: Json = False,
    seed: Seed = 0,
    seconds: Seconds = 60,
    most_degree: MostDegree = 200,
) -> None:
    """Estimate the match probability of an allocation without a draw, by heuristics."""
    from rich.console import Console

    from ...answers.estimation import estimate as estimate_allocation
    from ...computing.effort import Effort
    from ...problem.files import load
    from ..text import print_heuristic

    failures = Failures()
    with failures.of(file):
        allocation, samples = load(file)
        with watching(True, file) as tell:
            found = estimate_allocation(
                allocation, samples, seed=seed, effort=Effort(seconds, most_degree), progress=tell
            )
        if as_json:
            print_json({"file": file, **found.to_dict()})
        else:
            print_heuristic(Console(highlight=False), Path(file).name, allocation, samples, found)
    failures.leave()
