"""`theorycheck compare`."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from ...computing.progress import watching
from ..common import Failures, complain, print_json
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
    most_degree: MostDegree = 200,
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
            _tell(file, allocation, samples, found, None if as_json else _name(file, files))
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


def _name(file: str, files: list[str]) -> str:
    return file if len(files) > 1 else Path(file).name


def _tell(
    file: str, allocation: Allocation, samples: int, found: Comparison, name: str | None
) -> None:
    """Print a comparison, as JSON without a `name`; one that refutes with how to repeat it."""
    from rich.console import Console

    from ..text import print_comparison

    again = command_line(file, found) if found.outcome == "refuted" else None
    if name is None:
        more = {"command": again} if again else {}
        print_json({"file": file, **found.to_dict(), **more})
    else:
        print_comparison(Console(highlight=False), name, allocation, samples, found, again)


def command_line(file: str, found: Comparison) -> str:
    """The command line that repeats a comparison, with no default left to chance."""
    settings, effort = found.settings, found.settings["effort"]
    options = {
        "trials": found.estimate.trials,
        **{name: settings[name] for name in ("seed", "backend", "law", "restarts")},
        "seconds": effort["seconds"],
        "most-degree": effort["degree"],
        "instances": effort["instances"],
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    return shlex.join(["theorycheck", "compare", file, *words])


def _save(folder: str, file: str, allocation: Allocation, samples: int, found: Comparison) -> None:
    """Write a refuted allocation under its own name and a digest of its content."""
    from ...errors import InputError
    from ...problem.files import save

    digest = hashlib.sha256(json.dumps(found.problem, sort_keys=True).encode()).hexdigest()[:8]
    path = Path(folder) / f"{Path(file).stem}-{digest}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, allocation, samples)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{folder!r} cannot be written: {error}") from None
