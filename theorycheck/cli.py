"""The command line. Exit status: 0 done, 1 a check or theorem failed, 2 bad usage or input."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from .options import (
    Backend,
    CertificateFiles,
    CertificateOut,
    ErrorBound,
    Files,
    Json,
    MemoryLimit,
    Seed,
)

if TYPE_CHECKING:
    from .verdict import Verdict

_UsageError: Any = typer.BadParameter.__base__  # the parser's own errors, whatever carries it

app = typer.Typer(
    help="Which weights may be learned, and is that choice any good? Answered without training.",
    epilog="Exit status: 0 done; 1 a check or theorem failed; 2 bad usage or input.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from . import __version__

        print(f"theorycheck {__version__}")
        raise typer.Exit()


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of the program itself; its work is in the commands."""


@app.command()
def classify(
    files: Files,
    as_json: Json = False,
    certificate: CertificateOut = None,
    seed: Seed = 0,
    error_bound: ErrorBound = 1e-9,
    memory_limit: MemoryLimit = 8.0,
    backend: Backend = "numpy",
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
                name = file if len(files) > 1 else Path(file).name
                print_verdict(console, name, allocation, samples, verdict)
            certificates += _certificate_of(verdict)
    if certificate is not None:
        with failures.of(certificate):
            if certificates:
                save_certificates(certificate, certificates)
            elif not failures.status:
                _complain(f"{certificate}: not written, no verdict has a certificate")
    failures.leave()


@app.command()
def check(certificates: CertificateFiles, as_json: Json = False) -> None:
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
