"""`theorycheck capacity`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..common import Failures, answer, name_of
from ..options import Backend, ErrorBound, Files, Json, MemoryLimit, Seconds, Seed

if TYPE_CHECKING:
    from rich.console import Console

    from ...answers.capacities import Capacity
    from ...problem.allocation import Allocation


def capacity(
    files: Files,
    as_json: Json = False,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
) -> None:
    """Tell for how many samples allocations are maximal, and for how many a match is possible."""
    from ...answers.capacities import capacity as capacity_of

    ask = partial(
        capacity_of,
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        backend=backend,
        seconds=seconds,
    )
    failures = Failures()
    for file in files:
        with failures.of(file):
            answer(
                file,
                name_of(file, files),
                lambda allocation, _, **told: ask(allocation, **told),
                _print,
                as_json,
            )
    failures.leave()


def _print(console: Console, name: str, allocation: Allocation, _: int, found: Capacity) -> None:
    from ...answers.question import learnables_in_words, network_in_words
    from ..text import print_paragraphs, print_title

    about = f"{network_in_words(allocation)}; {learnables_in_words(allocation)}"
    print_title(console, f"{name}: {about}")
    print_paragraphs(console, found.paragraphs())
    console.print()
