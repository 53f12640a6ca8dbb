"""The command line. Exit status: 0 done, 1 a check or theorem failed, 2 bad usage or input."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, Any, NoReturn

import typer

from .commands.capacity import capacity
from .commands.check import check
from .commands.classify import classify
from .commands.common import complain
from .commands.compare import compare
from .commands.design import design
from .commands.estimate import estimate
from .commands.explain import explain
from .commands.export import export
from .commands.measure import measure
from .commands.prove import prove
from .commands.repair import repair
from .commands.summary import summary
from .commands.sweep import sweep
from .commands.verify import verify

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


for command in (
    classify,
    explain,
    check,
    capacity,
    design,
    repair,
    measure,
    compare,
    estimate,
    prove,
    verify,
    sweep,
    summary,
    export,
):
    app.command()(command)


def main() -> NoReturn:
    """Run the command line; every error is one line on standard error, never a traceback."""
    try:
        status = app(prog_name="theorycheck", standalone_mode=False)
    except _UsageError as error:
        where = error.ctx.command_path if error.ctx else "theorycheck"
        complain(f"{error.format_message()} ({where} --help tells the usage)", where)
        status = 2
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted")
        status = 130
    except (BrokenPipeError, SystemExit):  # so typer and rich end when a pipe's reader has enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        complain(f"the output cannot be written: {error.strerror}")
        status = 2
    sys.exit(status)
