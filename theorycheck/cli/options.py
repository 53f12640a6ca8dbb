"""Options that commands share: their parsers name the value and what is expected instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import typer

# Named here because their homes load NumPy, for which completion and --help must not wait.
BACKENDS = ("numpy", "cupy", "auto")
LAWS = ("normal", "uniform")


def natural(text: str) -> int:
    """A parser of integers from 0."""
    if not str(text).isdecimal() or len(str(text)) > 1000:
        raise typer.BadParameter(f"must be an integer from 0, not {str(text)[:60]!r}")
    return int(text)


def positive(name: str) -> Callable[[str], int]:
    """A parser of integers from 1; `name` says of what."""

    def parse(text: str) -> int:
        digits = str(text)
        if not digits.isdecimal() or len(digits) > 18 or int(digits) < 1:
            raise typer.BadParameter(f"{name} must be an integer from 1, not {digits[:60]!r}")
        return int(digits)

    return parse


def choice(names: Sequence[str]) -> Callable[[str], str]:
    """A parser of one of a few names."""

    def parse(text: str) -> str:
        if text in names:
            return text
        from ..errors import nearest

        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        raise typer.BadParameter(f"must be {listed}, not {text[:60]!r}{nearest(text, names)}")

    return parse


def offered(names: Sequence[str]) -> Callable[[str], list[str]]:
    """What a shell offers where one of a few names is expected."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def _offered_theorems(incomplete: str) -> list[str]:
    from ..statements import STATEMENTS

    lower = incomplete.islower()  # both are understood, and shells offer what begins as typed
    return offered([id.lower() if lower else id for id in STATEMENTS])(incomplete)


def between(low: float, high: float, what: str) -> Callable[[str], float]:
    """A parser of numbers strictly between `low` and `high`; `what` says so in words."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low
        if not low < value < high:  # also refuses NaN
            raise typer.BadParameter(f"must be {what}, not {text!r}")
        return value

    return parse


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value >= 0:  # also refuses NaN
        raise typer.BadParameter(f"must be a number from 0, not {str(text)[:60]!r}")
    return value


def in_bytes(gib: str) -> int:
    """A parser of GiB."""
    return int(between(0, 2**40, "a positive number of GiB")(gib) * 2**30)


def _backend(text: str) -> str:
    if text in ("numpy", "auto"):  # always there; this is asked of defaults, completing too
        return text
    from ..computing.backend import array_module
    from ..errors import InputError

    try:
        array_module(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


Files: TypeAlias = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="Allocation files: .json, .npz, .safetensors, .pt."),
]
CertificateFiles: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="CERTIFICATE...", help="Certificate files, .json.")
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for each, one a line.")
]
CertificateOut: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="OUT.json", help="Write the certificates (several as an array)."),
]
Seed: TypeAlias = Annotated[
    int, typer.Option(parser=natural, metavar="N", help="Seed of the random primes and points.")
]
ErrorBound: TypeAlias = Annotated[
    float,
    typer.Option(
        parser=between(0, 1, "a number between 0 and 1"),
        metavar="P",
        help="Largest probability of error of a probabilistic rank.",
    ),
]
MemoryLimit: TypeAlias = Annotated[
    int,  # bytes
    typer.Option(
        parser=in_bytes,
        metavar="GIB",
        help="Memory a rank may use, in GiB.",
    ),
]
Seconds: TypeAlias = Annotated[
    float,
    typer.Option(
        parser=_seconds,
        metavar="S",
        help="Time for one allocation; 0: no degree is sought, and the rest gets 60.",
    ),
]
Paths: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=natural,
        metavar="N",
        help="Paths followed in one search, a limit that no clock has part in.",
    ),
]
MostDegree: TypeAlias = Annotated[
    int,
    typer.Option(parser=natural, metavar="N", help="Largest number of solutions to follow."),
]
Instances: TypeAlias = Annotated[
    int,
    typer.Option(parser=natural, metavar="N", help="Instances among which a witness is sought."),
]
Diagnose: TypeAlias = Annotated[
    bool, typer.Option("--diagnose", help="Also name redundant weights and unreached equations.")
]
Backend: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=_backend,
        metavar="NAME",
        help="Where ranks are computed: numpy, cupy or auto.",
        autocompletion=offered(BACKENDS),
    ),
]
File: TypeAlias = Annotated[
    str, typer.Argument(metavar="FILE", help="An allocation file: .json, .npz, .safetensors, .pt.")
]
Trials: TypeAlias = Annotated[
    int, typer.Option(parser=positive("it"), metavar="N", help="How many random draws are tried.")
]
DrawSeed: TypeAlias = Annotated[
    int, typer.Option(parser=natural, metavar="S", help="Seed of all random draws.")
]
FitBackend: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=_backend,
        metavar="NAME",
        help="Where draws are decided: numpy, cupy or auto.",
        autocompletion=offered(BACKENDS),
    ),
]
Law: TypeAlias = Annotated[
    str,
    typer.Option(
        parser=choice(LAWS),
        metavar="LAW",
        help="Law of weights and inputs: normal or uniform.",
        autocompletion=offered(LAWS),
    ),
]
Inputs: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="DATA.npy",
        help="Inputs are points of this array (points, inputs), recurrent (points, steps, inputs).",
    ),
]
Weights: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHTS",
        help="Frozen weights have the values in this .npz, .safetensors or .pt file, by name.",
    ),
]
Teacher: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="STRUCTURE",
        help="Teachers: sparse:SHARE, low_rank:RANK, symmetric, or a file of 0/1 masks by weight.",
    ),
]
TimeLimit: TypeAlias = Annotated[
    float | None,
    typer.Option(
        parser=_seconds,
        metavar="S",
        help="Stop after so many seconds, with what is counted by then; by default never.",
    ),
]
Width: TypeAlias = Annotated[
    float | None,
    typer.Option(
        parser=between(0, 1, "a number between 0 and 1"),
        metavar="W",
        help="Stop as soon as the interval is this narrow.",
    ),
]
Restarts: TypeAlias = Annotated[
    int,
    typer.Option(parser=positive("it"), metavar="N", help="Starts of a search for one match."),
]
OutFolder: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Write the refuted allocations to this folder."),
]
Theorems: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[THEOREM...]",
        help="Ids such as T4 or C1; all by default.",
        autocompletion=_offered_theorems,
    ),
]
Workers: TypeAlias = Annotated[
    int,
    typer.Option(parser=natural, metavar="N", help="Processes at work; 0: as many as cores."),
]
Examples: TypeAlias = Annotated[
    int,
    typer.Option(
        parser=positive("it"),
        metavar="N",
        help="Random cases of each property; fewer of expensive ones.",
    ),
]
CounterexampleFolder: TypeAlias = Annotated[
    str, typer.Option(metavar="DIR", help="Write counterexamples to this folder.")
]
ResultsOut: TypeAlias = Annotated[
    str,
    typer.Option("--out", metavar="RESULTS.sqlite", help="The file of the results, new or begun."),
]
Results: TypeAlias = Annotated[
    str, typer.Argument(metavar="RESULTS.sqlite", help="The file of a sweep.")
]
PlotOut: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FIGURE", help="Draw it: a .svg, .pdf or .png file."),
]
NewSeed: TypeAlias = Annotated[
    int | None,
    typer.Option(parser=natural, metavar="S", help="Seed in the place of the specification's."),
]
SpecFile: TypeAlias = Annotated[
    str, typer.Argument(metavar="SPEC.toml", help="What to go through.")
]
WithDegree: TypeAlias = Annotated[
    bool, typer.Option("--degree/--no-degree", help="Seek degrees, or leave it at ranks.")
]
Dask: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Work on the cluster of this Dask scheduler."),
]
RetryErrors: TypeAlias = Annotated[
    bool, typer.Option("--retry-errors", help="Try again what failed in an earlier run.")
]
