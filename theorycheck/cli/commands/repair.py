"""`theorycheck repair`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ...computing.progress import watching
from ..common import Failures, print_json
from ..options import Backend, ErrorBound, Files, Json, MemoryLimit, Seconds, Seed, choice, offered
from ..output import AllocationOut, print_title, write_allocation

if TYPE_CHECKING:
    from rich.console import Console

    from ...answers.repairs import Repair
    from ...problem.allocation import Allocation


_MODES = ("same", "more")
Mode: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=choice(_MODES),
        metavar="HOW",
        help="same: swap weights; more: only learn more.",
        autocompletion=offered(_MODES),
    ),
]


def repair(
    files: Files,
    budget: Mode = "same",
    out: AllocationOut = None,
    as_json: Json = False,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8,
    backend: Backend = "numpy",
    seconds: Seconds = 60,
) -> None:
    """Find few swaps of learnable for frozen weights that make allocations maximal."""
    from rich.console import Console

    from ...answers.repairs import repair as find
    from ...problem.files import load

    if out is not None and len(files) > 1:
        raise typer.BadParameter("one file only can be written, give one FILE", param_hint="--out")
    console = Console(highlight=False)
    failures = Failures()
    for file in files:
        with failures.of(file):
            allocation, samples = load(file)
            with watching(True, file) as tell:
                found = find(
                    allocation,
                    samples,
                    budget,  # type: ignore[arg-type]
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
                _print(console, file if len(files) > 1 else Path(file).name, allocation, found)
            if out is not None:
                failures.of(out)
                write_allocation(
                    out, found.allocation, found.samples, "there is no repaired allocation"
                )
    failures.leave()


def _print(console: Console, name: str, allocation: Allocation, found: Repair) -> None:
    from ..text import print_paragraphs, samples_in_words

    r, n = allocation.n_learnable, allocation.n_present
    on = samples_in_words(found.samples)
    print_title(console, name, allocation, f", {on}; {r} of {n} weights learnable")
    for move in found.moves:
        console.print(f"  {move}", markup=False, soft_wrap=True)
    if found.moves:
        console.print()
    print_paragraphs(console, (each for each in found.paragraphs() if each.label != "move"))
    console.print()
