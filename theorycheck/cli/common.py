"""What all commands share: exit status, one line per error, JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import typer

from ..computing.progress import watching
from ..display.paragraphs import one_line

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

    from ..problem.allocation import Allocation


class Answer(Protocol):
    """What a command finds of an allocation."""

    def to_dict(self) -> dict[str, Any]:
        """Its JSON object."""
        ...


_Found = TypeVar("_Found", bound=Answer)


class Failures:
    """Collects the exit status, so that one bad file does not stop the others."""

    def __init__(self) -> None:
        self.status = 0
        self.messages: list[str] = []
        self._place = ""

    def of(self, place: str) -> Failures:
        """Errors in the `with` block that follows are about `place`."""
        self._place = place or "''"
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        from ..errors import ContradictionError, TheorycheckError, place_of

        if not isinstance(error, Exception) or isinstance(error, OSError):
            return False  # of the system's errors only those of standard output come up to here
        status = 2
        message = str(error).removeprefix(f"{place_of(self._place)}: ")  # which is said below
        if isinstance(error, ContradictionError):
            status = 1
        elif isinstance(error, MemoryError):
            message = "not enough memory; --memory-limit refuses such ranks beforehand"
        elif not isinstance(error, TheorycheckError):
            status = 1
            message = f"internal error ({type(error).__name__}: {error}); please report it"
        self.status = max(self.status, status)
        self.messages.append(message)
        complain(f"{self._place}: {message}")
        return True

    def interrupted(self, what: str, missing: int, done: int) -> None:
        """Say that an interrupt left `missing` out, if there are any, and end with status 130."""
        if missing:
            complain(f"{self._place}: interrupted after {done} of {done + missing} {what}")
            self.status = 130

    def leave(self) -> NoReturn:
        """End the command with the worst status met."""
        raise typer.Exit(self.status)


def name_of(file: str, files: Sequence[str]) -> str:
    """What a file is called in the output: without its folder if it is the only one."""
    return file if len(files) > 1 else Path(file).name


def answer(
    file: str,
    name: str,
    ask: Callable[..., _Found],
    show: Callable[[Console, str, Allocation, int, _Found], None],
    as_json: bool,
) -> tuple[Allocation, int, _Found]:
    """Load a file, `ask` about it and `show` what was found under a `name`, or print it as JSON.

    `ask` takes allocation, samples and `progress`. Returns what was asked about, too.
    """
    from rich.console import Console

    from ..problem.files import load

    allocation, samples = load(file)
    with watching(True, file) as tell:
        found = ask(allocation, samples, progress=tell)
    if as_json:
        print_json({"file": file, **found.to_dict()})
    else:
        show(Console(highlight=False), name, allocation, samples, found)
    return allocation, samples, found


def command_line(command: str, file: str, options: dict[str, object]) -> str:
    """The command line that repeats something, with no default left to chance.

    >>> command_line("measure", "a b.json", {"seed": 0})
    "theorycheck measure 'a b.json' --seed=0"
    """
    words = [f"--{name}={value}" for name, value in options.items()]
    return shlex.join(["theorycheck", command, file, *words])


def points(failures: Failures, path: str) -> NDArray[Any]:
    """The array in an .npy file; what is none ends the command."""
    from ..problem.archives import read_array
    from ..problem.files import LARGEST_FILE, read_limited

    with failures.of(path):
        expected = "not (points, inputs) or (points, steps, inputs)"
        return read_array(read_limited(Path(path), LARGEST_FILE), expected, axes=3)
    failures.leave()


def arrays(failures: Failures, path: str | None) -> dict[str, NDArray[Any]] | None:
    """The arrays of a weights file, by name; what is none ends the command."""
    from ..problem.weight_files import read_weights

    if path is None:
        return None
    with failures.of(path):
        return read_weights(path)
    failures.leave()


def teacher_of(failures: Failures, text: str | None) -> str | dict[str, NDArray[Any]] | None:
    """The structure of teachers as it is written, or masks, where the text names a file."""
    is_file = text is not None and text.endswith((".npz", ".safetensors", ".pt", ".pth"))
    return arrays(failures, text) if is_file else text


def cores() -> int:
    """How many processes may work at once."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(data), flush=True)


def complain(message: str, who: str = "theorycheck") -> None:
    """Print one line on standard error."""
    with contextlib.suppress(OSError):  # nobody listens
        print(f"{who}: {one_line(message)}", file=sys.stderr, flush=True)
