"""`theorycheck report`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..options import DrawSeed, Files, Instances, Law, MostDegree, Seconds, positive
from .common import Failures, complain
from .progress import counted

if TYPE_CHECKING:
    from ..deadline import Deadline
    from ..degrees.effort import Effort
    from ..pages.entry import PageEntry

Tell = Callable[[str], None]
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
    most_degree: MostDegree = 200,
    instances: Instances = 2000,
    title: Annotated[str, typer.Option(metavar="TEXT", help="The page's title.")] = "",
) -> None:
    """Write one self-contained web page on allocations: verdicts, pictures, certificates."""
    from ..degrees.effort import Effort
    from ..pages.document import page
    from ..pages.entry import PageEntry

    failures, entries, refuted = Failures(), [], False
    effort = Effort(seconds, most_degree, instances=instances)
    fit = {"trials": measure, "seed": seed, "law": law}
    with counted("report") as on_progress:
        for number, file in enumerate(files):
            entry = _entry(failures, file, fit, effort, _teller(on_progress, file, number, files))
            entries.append(entry)
            found = entry.comparison
            refuted |= found is not None and found.outcome == "refuted"
            if entry.error:
                continue  # the time was up, perhaps
            if found is not None and measure and found.estimate.trials < measure:
                done = f"interrupted after {found.estimate.trials} of {measure} draws"
                complain(f"{file}: {done}")
                entries[-1] = replace(entry, error=f"the measurement was {done}")
                left = files[number + 1 :]
                entries += [PageEntry(rest, error="not looked at: interrupted") for rest in left]
                break
    with failures.of(out):
        _write(out, page(entries, title=title))
        print(f"{out}: {len(entries)} {'allocation' if len(entries) == 1 else 'allocations'}")
    if refuted:
        raise typer.Exit(1)
    failures.leave()


def _teller(tell: Callable[[str, int, int], None], file: str, done: int, files: list[str]) -> Tell:
    tell(file, done, len(files))
    return lambda step: tell(f"{file}: {step}", done, len(files))


def _entry(
    failures: Failures, file: str, fit: dict[str, object], effort: Effort, tell: Tell
) -> PageEntry:
    """What the page tells of a file, as far as one comes."""
    from ..classification import classify
    from ..errors import InputError
    from ..files import load
    from ..pages.entry import PageEntry
    from ..pages.figures import drawings

    entry, before = PageEntry(file), len(failures.messages)
    with failures.of(file):
        allocation, samples = load(file)
        seed = int(str(fit["seed"]))
        deadline, each = effort.start(), replace(effort, report=tell)
        found = classify(allocation, samples, seed=seed, effort=each, deadline=deadline)
        commands = (_classify_line(file, seed, effort),)
        entry = PageEntry(file, allocation, samples, found, commands=commands)
        if fit["trials"] is not None:
            entry = _measured(entry, fit, effort, tell, deadline)
        tell("pictures")
        try:
            entry = replace(entry, drawings=drawings(allocation, samples, found, entry.comparison))
        except InputError as error:  # without the extra `plot`: the page says so too
            complain(f"{file}: no pictures: {error}")
    if len(failures.messages) > before:
        entry = replace(entry, error=failures.messages[-1], drawings=entry.drawings or ())
    return entry


def _measured(
    entry: PageEntry, fit: dict[str, object], effort: Effort, tell: Tell, deadline: Deadline
) -> PageEntry:
    from ..comparison import compare
    from .compare import command_line

    assert entry.allocation is not None
    found = compare(
        entry.allocation,
        entry.samples,
        **fit,  # type: ignore[arg-type]
        effort=effort,
        verdict=entry.verdict,
        on_progress=lambda now: tell(f"{now.trials} of {fit['trials']} draws"),
        deadline=deadline,
    )
    done, asked = found.estimate.trials, int(str(fit["trials"]))
    if done < asked and deadline.has_passed:
        late = f"the measurement ended after {done} of {asked} draws, when the time was up"
        complain(f"{entry.name}: {late}")
        entry = replace(entry, error=late)
    line = command_line(entry.name, found)
    return replace(entry, comparison=found, commands=(*entry.commands, line))


def _classify_line(file: str, seed: int, effort: Effort) -> str:
    """The command line that repeats a verdict, with no default left to chance."""
    options = {
        "seed": seed,
        "seconds": effort.seconds,
        "most-degree": effort.degree,
        "instances": effort.instances,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    return shlex.join(["theorycheck", "classify", file, *words])


def _write(path: str, text: str) -> None:
    from ..errors import InputError

    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}") from None
    except ValueError as error:  # a NUL in the path
        raise InputError(f"cannot be written: {error}") from None
