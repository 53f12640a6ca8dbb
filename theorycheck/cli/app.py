"""The command line. Exit status: 0 done, 1 a check or theorem failed, 2 bad usage or input."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from ..errors import nearest
from .commands.capacity import capacity
from .commands.check import check
from .commands.classify import classify
from .commands.compare import compare
from .commands.construct import construct
from .commands.design import design
from .commands.estimate import estimate
from .commands.explain import explain
from .commands.export import export
from .commands.measure import measure
from .commands.methods import methods
from .commands.new import new
from .commands.plot import plot
from .commands.prove import prove
from .commands.repair import repair
from .commands.report import report
from .commands.summary import summary
from .commands.sweep import sweep
from .commands.verify import verify
from .common import complain
from .interrupts import noticed_soon

_UsageError: Any = typer.BadParameter.__base__  # the parser's own errors, whatever carries it


class _Group(TyperGroup):
    """The commands; an unknown one is answered alike by every version of the parser."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            hint = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command {args[0][:60]!r}{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what an interrupt does is said here, since some parsers keep it quiet."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(130) from None


app = typer.Typer(
    help="Which weights may be learned, and is that choice any good? Answered without training.",
    epilog="Exit status: 0 done; 1 a check or theorem failed; 2 bad usage or input.",
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,  # else any help loads parsers of Markdown and of programs
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from ..version import __version__

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


def _first_sentence(command: Callable[..., None]) -> str:
    """What a command does, for the list of all: whole, where the parser would cut it."""
    return " ".join((command.__doc__ or "").split("\n\n")[0].split())


for command in (
    new,
    classify,
    explain,
    check,
    capacity,
    design,
    methods,
    repair,
    construct,
    measure,
    plot,
    report,
    compare,
    estimate,
    prove,
    verify,
    sweep,
    summary,
    export,
):
    app.command(short_help=_first_sentence(command))(command)


def _message(error: Any) -> str:
    """What the parser says; for an unknown option with our own suggestion, of this command's."""
    unknown = getattr(error, "option_name", None) if hasattr(error, "possibilities") else None
    if unknown is None or error.ctx is None:
        return error.format_message()
    options = error.ctx.command.get_params(error.ctx)
    names = [name for each in options for name in (*each.opts, *each.secondary_opts)]
    hint = nearest(unknown, [name for name in names if name.startswith("--")])
    return f"No such option: {unknown}{hint}"


def main() -> NoReturn:
    """Run the command line; every error is one line on standard error, never a traceback."""
    if "_THEORYCHECK_COMPLETE" in os.environ:  # a shell asks: it reads the exit status
        app(prog_name="theorycheck")
    try:
        with noticed_soon(), warnings.catch_warnings():
            # Of floating point: what they are about is looked at.
            warnings.simplefilter("ignore", RuntimeWarning)
            status = app(prog_name="theorycheck", standalone_mode=False)
    except _UsageError as error:
        where = error.ctx.command_path if error.ctx else "theorycheck"
        complain(f"{_message(error)} ({where} --help tells the usage)", where)
        status = 2
    except (KeyboardInterrupt, typer.Abort):  # while the program starts
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
