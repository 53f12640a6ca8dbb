"""The command line. Exit status: 0 done, 1 a check or theorem failed, 2 bad usage or input."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from .verdict import Verdict

_UsageError: Any = typer.BadParameter.__base__  # the parser's own errors, whatever carries it


def _seed(text: str) -> int:
    if not str(text).isdecimal():
        raise typer.BadParameter(f"must be an integer from 0, not {text!r}")
    return int(text)


def _between(low: float, high: float, what: str) -> Callable[[str], float]:
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


def _backend(text: str) -> str:
    from .backend import array_module
    from .errors import InputError

    try:
        array_module(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    return text


app = typer.Typer(
    help="Which weights may be learned, and is that choice any good? Answered without training.",
    epilog="Exit status: 0 done; 1 a check or theorem failed; 2 bad usage or input.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _common() -> None:
    """Keep `classify` a named command even while the list of commands is short."""


@app.command()
def classify(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Allocation files, .json or .npz.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per file, one a line.")
    ] = False,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="OUT.json", help="Write the certificates (an array for several files)."
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(parser=_seed, metavar="N", help="Seed of the random primes and points."),
    ] = 0,
    error_bound: Annotated[
        float,
        typer.Option(
            parser=_between(0, 1, "a number between 0 and 1"),
            metavar="P",
            help="Largest probability of error of a probabilistic rank.",
        ),
    ] = 1e-9,
    memory_limit: Annotated[
        float,
        typer.Option(
            parser=_between(0, 2**40, "a positive number of GiB"),
            metavar="GIB",
            help="Memory a rank may use, in GiB.",
        ),
    ] = 8.0,
    backend: Annotated[
        str,
        typer.Option(
            parser=_backend,
            metavar="NAME",
            help="Where ranks are computed: numpy, cupy or auto.",
        ),
    ] = "numpy",
) -> None:
    """Tell the expressivity of allocations: minimal, maximal, or what is proved of it."""
    from rich.console import Console

    from .certificates import save_certificates
    from .classification import classify as classify_allocation
    from .files import load
    from .report import print_verdict

    console = Console(highlight=False)
    certificates = []
    failures = _Failures()
    for file in files:
        with failures.of(file):
            allocation, samples = load(file)
            verdict = classify_allocation(
                allocation,
                samples,
                seed=seed,
                error_bound=error_bound,
                memory_limit=int(memory_limit * 2**30),
                backend=backend,
            )
            if as_json:
                _print_json({"file": file, **verdict.to_dict()})
            else:
                print_verdict(console, Path(file).name, allocation, samples, verdict)
            certificates += _certificate_of(verdict)
    if certificate is not None:
        with failures.of(certificate):
            if certificates:
                save_certificates(certificate, certificates)
            elif not failures.status:
                _complain(f"{certificate}: not written, no verdict has a certificate")
    failures.leave()


@app.command()
def check(
    certificates: Annotated[
        list[str], typer.Argument(metavar="CERTIFICATE...", help="Certificate files, .json.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per certificate, one a line.")
    ] = False,
) -> None:
    """Verify certificates on their own, without the code that found them."""
    from dataclasses import asdict

    from rich.console import Console

    from .certificates import load_certificates
    from .checker import check as check_certificate
    from .report import print_check

    console = Console(highlight=False)
    failures = _Failures()
    for file in certificates:
        with failures.of(file):
            objects = load_certificates(file)
            for number, data in enumerate(objects):
                result = check_certificate(data)  # type: ignore[arg-type]
                name = file if len(objects) == 1 else f"{file}[{number}]"
                if as_json:
                    _print_json({"file": name, **asdict(result)})
                else:
                    print_check(console, name, result)
                failures.status = max(failures.status, 0 if result else 1)
    failures.leave()


def main() -> NoReturn:
    """Run the command line; every error is one line on standard error, never a traceback."""
    try:
        status = app(prog_name="theorycheck", standalone_mode=False)
    except _UsageError as error:
        where = error.ctx.command_path if error.ctx else "theorycheck"
        _complain(f"{error.format_message()} ({where} --help tells the usage)", where)
        status = 2
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted")
        status = 130
    except (BrokenPipeError, SystemExit):  # so typer and rich end when a pipe's reader has enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        _complain(f"the output cannot be written: {error.strerror}")
        status = 2
    sys.exit(status)


class _Failures:
    """Collects the exit status, so that one bad file does not stop the others."""

    def __init__(self) -> None:
        self.status = 0
        self._place = ""

    def of(self, place: str) -> _Failures:
        self._place = place or "''"
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        from .errors import ContradictionError, TheorycheckError

        if not isinstance(error, Exception) or isinstance(error, OSError):
            return False  # of the system's errors only those of standard output come up to here
        status = 2
        message = str(error)
        if isinstance(error, ContradictionError):
            status = 1
        elif isinstance(error, MemoryError):
            message = "not enough memory; --memory-limit refuses such ranks beforehand"
        elif not isinstance(error, TheorycheckError):
            status = 1
            message = f"internal error ({type(error).__name__}: {error}); please report it"
        self.status = max(self.status, status)
        _complain(f"{self._place}: {message}")
        return True

    def leave(self) -> None:
        raise typer.Exit(self.status)


def _certificate_of(verdict: Verdict) -> list[Any]:
    return [] if verdict.certificate is None else [verdict.certificate]


def _print_json(data: dict[str, Any]) -> None:
    print(json.dumps(data), flush=True)


def _complain(message: str, who: str = "theorycheck") -> None:
    one_line = " ".join(message.split())
    with contextlib.suppress(OSError):  # nobody listens
        print(f"{who}: {one_line}", file=sys.stderr, flush=True)
