"""`theorycheck report`."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...computing.progress import Progress, Teller, watching
from ..common import Failures, command_line, complain
from ..options import DrawSeed, Files, Instances, Law, MostDegree, Seconds, positive

if TYPE_CHECKING:
    from ...computing.deadline import Deadline
    from ...computing.effort import Effort
    from ...reports.entry import PageEntry

_INTERRUPTED = "interrupted"
Measured: typer.models.OptionInfo = typer.Option(
    parser=positive("it"), metavar="TRIALS", help="Also measure, with so many random draws."
)


def report(
    files: Files,
    out: Annotated[
        str, typer.Option(metavar="PAGE.html", help="The page to write.")
    ] = "report.html",
    measure: Annotated[int | None, Measured] = None,
    seed: DrawSeed = 0,
    law: Law = "normal",
    seconds: Seconds = 60,
    most_degree: MostDegree = 2000,
    instances: Instances = 2000,
    title: Annotated[str, typer.Option(metavar="TEXT", help="The page's title.")] = "",
) -> None:
    """Write one self-contained web page on allocations: verdicts, pictures, certificates."""
    from ...computing.effort import Effort
    from ...reports.document import page
    from ...reports.entry import PageEntry

    failures, entries, refuted, stop = Failures(), [], False, ""
    effort = Effort(seconds, most_degree, instances=instances)
    fit = {"trials": measure, "seed": seed, "law": law}
    with watching(True, "report") as tell:
        for number, file in enumerate(files):
            told = partial(_tell, tell, file, number, len(files))
            entry = _entry(failures, file, fit, effort, told)
            found, stop = entry.comparison, entry.error if entry.error == _INTERRUPTED else ""
            refuted |= found is not None and found.outcome == "refuted"
            is_whole = not entry.error  # else the time was up, perhaps
            if is_whole and found and measure and found.estimate.trials < measure:
                stop = f"interrupted after {found.estimate.trials} of {measure} draws"
                entry = replace(entry, error=f"the measurement was {stop}")
            entries.append(entry)
            if stop:
                complain(f"{file}: {stop}")
                left = files[number + 1 :]
                entries += [PageEntry(rest, error="not looked at: interrupted") for rest in left]
                break
    with failures.of(out):
        _write(out, page(entries, title=title))
        print(f"{out}: {len(entries)} {'allocation' if len(entries) == 1 else 'allocations'}")
    if refuted:
        raise typer.Exit(1)
    if stop:  # the page is written, but it lacks something
        raise typer.Exit(130)
    failures.leave()


def _write(path: str, text: str) -> None:
    from ...errors import writing

    with writing():
        Path(path).write_text(text, encoding="utf-8")


def _tell(tell: Teller, file: str, done: int, total: int, step: Progress) -> None:
    tell(step.inside(file, done, total))


def _entry(
    failures: Failures, file: str, fit: dict[str, object], effort: Effort, tell: Teller
) -> PageEntry:
    """What the page tells of a file, as far as one comes."""
    from ...answers.classification import classify
    from ...errors import InputError
    from ...problem.files import load
    from ...reports.entry import PageEntry
    from ...reports.figures import drawings

    entry, before = PageEntry(file), len(failures.messages)
    with failures.of(file), contextlib.suppress(KeyboardInterrupt):
        entry = replace(entry, error=_INTERRUPTED)  # unless one comes to the end
        allocation, samples = load(file)
        seed = int(str(fit["seed"]))
        deadline = effort.start()
        found = classify(
            allocation, samples, seed=seed, effort=effort, deadline=deadline, progress=tell
        )
        commands = (_classifying(file, seed, effort),)
        entry = PageEntry(file, allocation, samples, found, commands=commands, error=_INTERRUPTED)
        if fit["trials"] is not None:
            entry = _measured(entry, fit, effort, tell, deadline)
        tell(Progress("pictures"))
        try:
            entry = replace(entry, drawings=drawings(allocation, samples, found, entry.comparison))
        except InputError as error:  # without the extra `plot`: the page says so too
            complain(f"{file}: no pictures: {error}")
        entry = replace(entry, error="")
    if len(failures.messages) > before:
        entry = replace(entry, error=failures.messages[-1], drawings=entry.drawings or ())
    return entry


def _measured(
    entry: PageEntry, fit: dict[str, object], effort: Effort, tell: Teller, deadline: Deadline
) -> PageEntry:
    from ...verification.comparison import compare
    from .compare import repeating

    assert entry.allocation is not None
    found = compare(
        entry.allocation,
        entry.samples,
        **fit,  # type: ignore[arg-type]
        effort=effort,
        verdict=entry.verdict,
        progress=tell,
        deadline=deadline,
    )
    done, asked = found.estimate.trials, int(str(fit["trials"]))
    if done < asked and deadline.has_passed:
        late = f"the measurement ended after {done} of {asked} draws, when the time was up"
        complain(f"{entry.name}: {late}")
        entry = replace(entry, error=late)
    line = repeating(entry.name, found)
    return replace(entry, comparison=found, commands=(*entry.commands, line))


def _classifying(file: str, seed: int, effort: Effort) -> str:
    """The command line that repeats a verdict."""
    options = {
        "seed": seed,
        "seconds": effort.seconds,
        "most-degree": effort.degree,
        "instances": effort.instances,
    }
    return command_line("classify", file, options)
