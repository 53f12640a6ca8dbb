"""What all commands share: exit status, one line per error, JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import typer


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

    def leave(self) -> None:
        """End the command with the worst status met."""
        raise typer.Exit(self.status)


def points(failures: Failures, path: str) -> Any:
    """The array in an .npy file; whatever is none ends the command."""
    from ..problem.archives import read_array
    from ..problem.files import LARGEST_FILE, read_limited

    with failures.of(path):
        return read_array(read_limited(Path(path), LARGEST_FILE))
    failures.leave()


def cores() -> int:
    """How many processes may work at once."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def print_json(data: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    print(json.dumps(data), flush=True)


def complain(message: str, who: str = "theorycheck") -> None:
    """Print one line on standard error."""
    one_line = " ".join(message.split())
    with contextlib.suppress(OSError):  # nobody listens
        print(f"{who}: {one_line}", file=sys.stderr, flush=True)
