"""`theorycheck compare`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ...computing.progress import watching
from ..common import Failures, command_line, complain, name_of, print_json
from ..options import (
    DrawSeed,
    Files,
    FitBackend,
    Instances,
    Json,
    Law,
    MostDegree,
    OutFolder,
    Restarts,
    Seconds,
    Trials,
)
from ..output import write_found

if TYPE_CHECKING:
    from ...problem.allocation import Allocation
    from ...verification.comparison import Comparison


def compare(
    files: Files,
    trials: Trials = 1000,
    seed: DrawSeed = 0,
    backend: FitBackend = "auto",
    law: Law = "normal",
    restarts: Restarts = 20,
    seconds: Seconds = 60,
    most_degree: MostDegree = 2000,
    instances: Instances = 2000,
    out: OutFolder = None,
    as_json: Json = False,
) -> None:
    """Compare verdicts with measurements: agree, refuted (exit status 1) or inconclusive."""
    import typer

    from ...computing.effort import Effort
    from ...problem.files import load
    from ...verification import comparison

    failures, refuted = Failures(), False
    effort = Effort(seconds, most_degree, instances=instances)
    fit = {"trials": trials, "seed": seed, "backend": backend, "law": law, "restarts": restarts}
    for file in files:
        done, deadline = trials, effort.start()
        with failures.of(file):
            allocation, samples = load(file)
            with watching(True, file) as tell:
                found = comparison.compare(
                    allocation, samples, **fit, effort=effort, progress=tell, deadline=deadline
                )
            done = found.estimate.trials
            refuted |= found.outcome == "refuted"
            _tell(file, allocation, samples, found, None if as_json else name_of(file, files))
            if out is not None and found.outcome == "refuted":
                _save(out, file, allocation, samples, found)
        if done < trials and not deadline.has_passed:
            complain(f"{file}: interrupted after {done} of {trials} draws")
            break
        if done < trials:
            complain(f"{file}: the time was up after {done} of {trials} draws")
    if refuted:
        raise typer.Exit(1)
    failures.leave()


def _tell(
    file: str, allocation: Allocation, samples: int, found: Comparison, name: str | None
) -> None:
    """Print a comparison, as JSON without a `name`; one that refutes with how to repeat it."""
    from rich.console import Console

    from ..text import print_comparison

    again = repeating(file, found) if found.outcome == "refuted" else None
    if name is None:
        more = {"command": again} if again else {}
        print_json({"file": file, **found.to_dict(), **more})
    else:
        print_comparison(Console(highlight=False), name, allocation, samples, found, again)


def repeating(file: str, found: Comparison) -> str:
    """The command line that repeats a comparison."""
    settings, effort = found.settings, found.settings["effort"]
    options = {
        "trials": found.estimate.trials,
        **{name: settings[name] for name in ("seed", "backend", "law", "restarts")},
        "seconds": effort["seconds"],
        "most-degree": effort["degree"],
        "instances": effort["instances"],
    }
    return command_line("compare", file, options)


def _save(folder: str, file: str, allocation: Allocation, samples: int, found: Comparison) -> None:
    """Write a refuted allocation under its own name and a digest of its content."""
    digest = hashlib.sha256(json.dumps(found.problem, sort_keys=True).encode()).hexdigest()[:8]
    write_found(folder, f"{Path(file).stem}-{digest}.json", allocation, samples)
