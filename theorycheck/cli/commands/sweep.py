"""`theorycheck sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...computing.progress import watching
from ..common import Failures, complain, cores, print_json
from ..options import (
    Backend,
    Dask,
    Json,
    NewSeed,
    ResultsOut,
    RetryErrors,
    SpecFile,
    WithDegree,
    Workers,
)

if TYPE_CHECKING:
    from ...sweeps.results import Summary
    from ...sweeps.spec import SweepSpec


def sweep(
    spec: SpecFile,
    out: ResultsOut,
    degree: WithDegree = True,
    seed: NewSeed = None,
    workers: Workers = 0,
    dask: Dask = None,
    backend: Backend = "numpy",
    retry_errors: RetryErrors = False,
    as_json: Json = False,
) -> None:
    """Classify many allocations of one network into a file; run it again to go on."""
    from rich.console import Console

    from ..tables import print_summary

    failures = Failures()
    with failures.of(spec):
        asked = _asked(spec, degree, seed)
        settings = {"workers": workers or cores(), "dask": dask, "backend": backend}
        with failures.of(out):
            found = _run(asked, out, {**settings, "retry_errors": retry_errors})
            if as_json:
                print_json(found.to_dict())
            else:
                print_summary(Console(highlight=False), out, found)
            _tell_contradictions(failures, out, found)
    failures.leave()


def _asked(spec: str, degree: bool, seed: int | None) -> SweepSpec:
    from dataclasses import replace

    from ...sweeps.spec import load_spec

    asked = load_spec(spec)
    asked = replace(asked, degree=asked.degree and degree)
    return asked if seed is None else replace(asked, seed=seed)


def _run(asked: SweepSpec, out: str, settings: dict[str, Any]) -> Summary:
    from ...sweeps.run import sweep as run

    with watching(True, out) as tell:
        try:
            return run(asked, out, **settings, progress=tell)
        except KeyboardInterrupt:
            complain(f"{out}: what is done is kept; the same command goes on from there")
            raise


def _tell_contradictions(failures: Failures, out: str, found: Summary) -> None:
    """Exit status 1 if theorems disagreed; other failures are in the table."""
    from ...sweeps.workers import CONTRADICTION

    for error in found.errors:
        if error.startswith(CONTRADICTION):
            complain(f"{out}: {error}")
            failures.status = 1
