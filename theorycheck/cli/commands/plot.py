"""`theorycheck plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...computing.progress import watching
from ..common import Failures, complain
from ..options import DrawSeed, Seconds, positive

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...certificates import Certificate
    from ...computing.deadline import Deadline
    from ...computing.effort import Effort
    from ...measurement.estimate import Estimate
    from ...problem.allocation import Allocation
    from ...verdict import Verdict

_TRIALS = 1000  # draws, where a match probability is drawn and no number is asked for
_CONTENTS = ("masks", "network", "probability", "all")


def _what(text: str) -> str:
    if text not in _CONTENTS:
        raise typer.BadParameter(f"must be one of {', '.join(_CONTENTS)}, not {text[:60]!r}")
    return text


def plot(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="An allocation file, a certificate, or results of a sweep (.sqlite); several "
            "allocation files for their match probabilities.",
        ),
    ],
    out: Annotated[
        str, typer.Option(metavar="FIGURE", help="Write it: a .svg, .pdf or .png file.")
    ],
    what: Annotated[
        str | None,
        typer.Option(
            parser=_what,
            metavar="WHAT",
            help="masks, network, probability or all; by default masks, and the network if small.",
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            "--measure",
            parser=positive("it"),
            metavar="N",
            help="Draws to measure the match probability with; 1000 where that is asked for.",
        ),
    ] = None,
    seed: DrawSeed = 0,
    seconds: Seconds = 60,
) -> None:
    """Draw an allocation: its masks with the certificate, the network, the match probability."""
    from ...plots.style import check_ending, save_figure, settings

    failures, figure = Failures(), None
    with failures.of("--out"), settings():  # without matplotlib nothing need be classified
        check_ending(out)
    if not failures.status:
        figure = _figure(failures, files, what, trials, seed, seconds)
    if figure is not None:
        with failures.of(out):
            save_figure(figure, out)
    failures.leave()


def _figure(
    failures: Failures,
    files: list[str],
    what: str | None,
    trials: int | None,
    seed: int,
    seconds: float,
) -> Figure | None:
    from ...computing.effort import Effort

    if len(files) > 1:
        return _probabilities(failures, files, what, trials, seed, seconds)
    with failures.of(files[0]):
        if Path(files[0]).suffix.lower() == ".sqlite":
            from ...plots.summary import summary_figure
            from ...sweeps.results import summarize

            return summary_figure(summarize(files[0]))
        effort = Effort(seconds)
        deadline = effort.start()
        allocation, samples, verdict = _read(files[0], effort, deadline)
        parts = _parts(files[0], allocation, what, trials)
        estimate = None
        if "probability" in parts:
            estimate = _measure(files[0], allocation, samples, trials, seed, deadline)
        from ...plots.figure import plot as draw
        from ...plots.style import labels

        (title,) = labels(files)
        return draw(allocation, samples, verdict, estimate=estimate, what=parts, title=title)
    return None


def _parts(
    file: str, allocation: Allocation, what: str | None, trials: int | None
) -> tuple[str, ...]:
    """The parts of the picture; a network that is too large is left out unless it is all."""
    from ...errors import InputError
    from ...plots.network import check_drawable

    if what in ("masks", "network", "probability"):
        return (what,)
    parts = ("masks", "probability") if what == "all" or trials else ("masks",)
    try:
        check_drawable(allocation, *(() if what == "all" else (24,)))
    except InputError as error:
        if what == "all":
            complain(f"{file}: the network is left out: {error}")
        return parts
    return (*parts, "network")


def _read(
    file: str, effort: Effort, deadline: Deadline
) -> tuple[Allocation, int, Verdict | Certificate]:
    """An allocation file's problem with its verdict, or a certificate's with the certificate."""
    from ...answers.classification import classify
    from ...certificates import Certificate, load_certificates
    from ...checker.check import check
    from ...errors import CertificateError, InputError
    from ...problem.files import load, problem_from_dict

    data = load_certificates(file)[0] if Path(file).suffix.lower() == ".json" else None
    if not isinstance(data, dict) or "evidence" not in data:
        allocation, samples = load(file)
        with watching(True, file) as tell:
            verdict = classify(allocation, samples, effort=effort, deadline=deadline, progress=tell)
        return allocation, samples, verdict
    result = check(data)
    if not result:
        raise CertificateError(f"the certificate is refused: {result.reason}")
    if len(load_certificates(file)) > 1:
        raise InputError("several certificates; a picture shows one")
    certificate: Certificate = Certificate.from_dict(data)
    given = ("inputs", "basis", "forms", "weights")
    problem = {k: v for k, v in certificate.problem.items() if k not in given}
    allocation, samples = problem_from_dict(problem)
    return allocation, samples, certificate


def _measure(
    file: str,
    allocation: Allocation,
    samples: int,
    asked: int | None,
    seed: int,
    deadline: Deadline,
) -> Estimate:
    """The measured match probability; a line says with how many draws if that was not asked."""
    from ...measurement.estimate import measure

    trials = asked or _TRIALS
    if asked is None:
        complain(f"{file}: measuring with {trials} draws, --measure takes another number")
    with watching(True, file) as tell:
        found = measure(
            allocation, samples, trials=trials, seed=seed, deadline=deadline, progress=tell
        )
    if found.trials < trials:
        why = "the time was up" if deadline.has_passed else "interrupted"
        complain(f"{file}: {why} after {found.trials} of {trials} draws")
    return found


def _probabilities(
    failures: Failures,
    files: list[str],
    what: str | None,
    trials: int | None,
    seed: int,
    seconds: float,
) -> Figure | None:
    """The match probabilities of several files; those that cannot be read are left out."""
    from ...computing.effort import Effort
    from ...errors import InputError
    from ...plots.probability import plot_probability
    from ...plots.style import labels

    entries = []
    with failures.of("--what"):
        if what not in (None, "probability"):
            raise InputError(f"{what} of one file at a time; several files: probability")
    for file, name in zip(files if not failures.status else (), labels(files), strict=False):
        with failures.of(file):
            effort = Effort(seconds)
            deadline = effort.start()
            allocation, samples, verdict = _read(file, effort, deadline)
            estimate = _measure(file, allocation, samples, trials, seed, deadline)
            entries.append((name, estimate, verdict))
    if not entries:
        return None
    with failures.of("--out"):
        return plot_probability(entries)
    return None
