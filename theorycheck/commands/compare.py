"""`theorycheck compare`."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from ..progress import watching
from .common import Failures, complain, print_json

if TYPE_CHECKING:
    from ..allocation import Allocation
    from ..comparison import Comparison
    from ..degrees.effort import Effort


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

    from ..degrees.effort import Effort
    from ..files import load

    failures, refuted = Failures(), False
    effort = Effort(seconds, most_degree, instances=instances)
    fit = {"trials": trials, "seed": seed, "backend": backend, "law": law, "restarts": restarts}
    for file in files:
        done, is_late = trials, False
        with failures.of(file):
            allocation, samples = load(file)
            found, is_late = _compared(file, allocation, samples, fit, effort)
            done, is_refuted = found.estimate.trials, found.outcome == "refuted"
            refuted |= is_refuted
            if as_json:
                more = {"command": command_line(file, found)} if is_refuted else {}
                print_json({"file": file, **found.to_dict(), **more})
            else:
                _print(files, file, allocation, samples, found)
            if is_refuted and out is not None:
                _save(out, file, allocation, samples, found)
        if done < trials:
            how = "the time was up" if is_late else "interrupted"
            complain(f"{file}: {how} after {done} of {trials} draws")
        if done < trials and not is_late:
            break
    if refuted:
        raise typer.Exit(1)
    failures.leave()


def _print(
    files: list[str], file: str, allocation: Allocation, samples: int, found: Comparison
) -> None:
    from rich.console import Console

    from ..report import print_comparison

    again = command_line(file, found) if found.outcome == "refuted" else None
    name = file if len(files) > 1 else Path(file).name
    print_comparison(Console(highlight=False), name, allocation, samples, found, again)


def _compared(
    file: str, allocation: Allocation, samples: int, fit: dict[str, Any], effort: Effort
) -> tuple[Comparison, bool]:
    """The comparison, and whether the time is up."""
    from .. import comparison

    deadline = effort.start()
    with watching(True, file) as tell:
        found = comparison.compare(
            allocation, samples, **fit, effort=effort, deadline=deadline, progress=tell
        )
    return found, deadline.has_passed


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
    from ..errors import InputError
    from ..files import save

    digest = hashlib.sha256(json.dumps(found.problem, sort_keys=True).encode()).hexdigest()[:8]
    path = Path(folder) / f"{Path(file).stem}-{digest}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, allocation, samples)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{folder!r} cannot be written: {error}") from None
