"""`theorycheck estimate`."""

from __future__ import annotations

from functools import partial

from ..common import Failures, answer, name_of
from ..options import File, Json, MostDegree, Seconds, Seed


def estimate(
    file: File,
    as_json: Json = False,
    seed: Seed = 0,
    seconds: Seconds = 60,
    most_degree: MostDegree = 2000,
) -> None:
    """Estimate the match probability of an allocation without a draw, by heuristics."""
    from ...answers.estimation import estimate as estimate_allocation
    from ...computing.effort import Effort
    from ..text import print_found

    ask = partial(estimate_allocation, seed=seed, effort=Effort(seconds, most_degree))
    failures = Failures()
    with failures.of(file):
        answer(file, name_of(file, [file]), ask, print_found, as_json)
    failures.leave()
