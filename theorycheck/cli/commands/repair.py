"""`theorycheck repair`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from ..common import Failures, answer, name_of
from ..options import Backend, ErrorBound, Files, Json, MemoryLimit, Seconds, Seed, choice, offered
from ..output import AllocationOut, require_name, write_allocation

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
    """Find few swaps of learnable for frozen weights that make allocations maximal.

    Nonlinear ones: that make a match possible.
    """
    from ...answers.repairs import repair as find

    if out is not None and len(files) > 1:
        raise typer.BadParameter("one file only can be written, give one FILE", param_hint="--out")
    ask = partial(
        find,
        budget=budget,  # type: ignore[arg-type]
        seed=seed,
        error_bound=error_bound,
        memory_limit=memory_limit,
        backend=backend,
        seconds=seconds,
    )
    failures = Failures()
    require_name(failures, out)
    for file in files:
        with failures.of(file):
            _, _, found = answer(file, name_of(file, files), ask, _print, as_json)
            if out is not None:
                failures.of(out)
                none = "there is no repaired allocation"
                write_allocation(out, found.allocation, found.samples, none)
    failures.leave()


def _print(
    console: Console, name: str, allocation: Allocation, samples: int, found: Repair
) -> None:
    from ...answers.question import subject
    from ..text import print_paragraphs, print_title

    print_title(console, f"{name}: {subject(allocation, found.samples)}")
    for move in found.moves:
        console.print(f"  {move}", markup=False, soft_wrap=True)
    if found.moves:
        console.print()
    print_paragraphs(console, (each for each in found.paragraphs() if each.label != "move"))
    console.print()
