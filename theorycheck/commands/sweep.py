"""`theorycheck sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..options import Backend, Json, NewSeed, ResultsOut, Workers
from .common import Failures, complain, cores, print_json
from .progress import rated

if TYPE_CHECKING:
    from ..sweeps.results import Summary


def sweep(
    spec: Annotated[str, typer.Argument(metavar="SPEC.toml", help="What to go through.")],
    out: ResultsOut,
    degree: Annotated[
        bool,
        typer.Option("--degree/--no-degree", help="Seek degrees, or leave it at ranks."),
    ] = True,
    seed: NewSeed = None,
    workers: Workers = 0,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Work on the cluster of this Dask scheduler."),
    ] = None,
    backend: Backend = "numpy",
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Try again what failed in an earlier run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Classify many allocations of one network into a file; run it again to go on."""
    from dataclasses import replace

    from rich.console import Console

    from ..sweeps.run import sweep as run
    from ..sweeps.spec import load_spec
    from ..tables import print_summary

    failures, found = Failures(), None
    with failures.of(spec):
        asked = load_spec(spec)
        asked = replace(asked, degree=asked.degree and degree)
        asked = asked if seed is None else replace(asked, seed=seed)
    if failures.status:
        failures.leave()
    with failures.of(out), rated(out) as tell:
        try:
            found = run(
                asked,
                out,
                workers=workers or cores(),
                dask=dask,
                backend=backend,
                retry_errors=retry_errors,
                on_progress=tell,
            )
        except KeyboardInterrupt:
            complain(f"{out}: what is done is kept; the same command goes on from there")
            raise
    if found is not None:
        with failures.of(out):
            if as_json:
                print_json(found.to_dict())
            else:
                print_summary(Console(highlight=False), out, found)
            _tell_errors(failures, out, found)
    failures.leave()


def _tell_errors(failures: Failures, out: str, found: Summary) -> None:
    """Exit status 1 if theorems disagreed; other failures are in the table."""
    from ..sweeps.workers import CONTRADICTION

    for error in found.errors:
        if error.startswith(CONTRADICTION):
            complain(f"{out}: {error}")
            failures.status = 1
