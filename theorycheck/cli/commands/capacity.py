"""`theorycheck capacity`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...computing.progress import watching
from ..common import Failures, print_json
from ..options import Backend, ErrorBound, Files, Json, MemoryLimit, Seconds, Seed
from ..output import print_title

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
    from rich.console import Console

    from ...answers.capacities import capacity as capacity_of
    from ...problem.files import load

    console = Console(highlight=False)
    failures = Failures()
    for file in files:
        with failures.of(file):
            allocation, _ = load(file)
            with watching(True, file) as tell:
                found = capacity_of(
                    allocation,
                    seed=seed,
                    error_bound=error_bound,
                    memory_limit=memory_limit,
                    backend=backend,
                    seconds=seconds,
                    progress=tell,
                )
            if as_json:
                print_json({"file": file, **found.to_dict()})
            else:
                name = file if len(files) > 1 else Path(file).name
                _print(console, name, allocation, found)
    failures.leave()


def _print(console: Console, name: str, allocation: Allocation, found: Capacity) -> None:
    from ..text import print_paragraphs

    r, n = allocation.n_learnable, allocation.n_present
    print_title(console, name, allocation, f"; {r} of {n} weights learnable")
    print_paragraphs(console, found.paragraphs())
    console.print()
