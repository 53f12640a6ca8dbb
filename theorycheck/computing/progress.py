"""How far long work is: told to a function of the caller's, or shown as a bar.

Every long function of the library has an argument `progress`: False (nobody is told), True (a bar
on standard error, in terminals and notebooks only, gone at the end) or a function that is told a
`Progress` each time. What that raises ends the work; KeyboardInterrupt does so as Ctrl-C would.
"""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import InputError, shown

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is.

    `what` is at work, in words; `done` of `total` parts of it are done (None where nobody knows).
    `note` says in words how it goes, and `found` is what there is so far: the `Estimate` of a
    measurement, the last step of `prove` or property of `verify`, the number of rows that this run
    of a sweep has made; else None.

    >>> print(Progress("draws", 500, 1000, "matched 0.912"))
    draws: 500 of 1000, matched 0.912
    """

    what: str
    done: int | None = None
    total: int | None = None
    note: str = ""
    found: Any = None

    def inside(self, what: str, done: int | None = None, total: int | None = None) -> Progress:
        """The same as a part of other work, whose count is the one that is told.

        >>> print(Progress("draws", 5, 10).inside("a.json", 1, 3))
        a.json: 1 of 3, draws: 5 of 10
        """
        return replace(self, what=what, done=done, total=total, note=str(self))

    def __str__(self) -> str:
        """One line for people."""
        count = "" if self.done is None else f"{self.done} of {self.total or '?'}"
        rest = ", ".join(part for part in (count, self.note) if part)
        return f"{self.what}: {rest}" if rest else self.what


Teller: TypeAlias = Callable[[Progress], None]
Watch: TypeAlias = bool | Teller  # the type of every argument `progress`


def nobody(_: Progress) -> None:
    """Nobody is told."""


@contextlib.contextmanager
def watching(progress: Watch, title: str) -> Iterator[Teller]:
    """What to tell in the `with` block for an argument `progress`; a bar begins with `title`.

    Raises `InputError` for another argument.

    >>> told = []
    >>> with watching(told.append, "measure") as tell:
    ...     tell(Progress("draws", 500, 1000))
    >>> told
    [Progress(what='draws', done=500, total=1000, note='', found=None)]
    """
    if isinstance(progress, bool):
        with _bar(title) if progress else contextlib.nullcontext(nobody) as tell:
            yield tell
    elif callable(progress):
        yield progress
    else:
        raise InputError(f"progress must be True, False or a function, not {shown(progress)}")


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Teller]:
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter:
        shower = _in_notebook(title)
    elif console.is_terminal:
        shower = _in_terminal(console, title)
    else:
        shower = contextlib.nullcontext(nobody)
    with shower as tell:
        yield tell


@contextlib.contextmanager
def _in_terminal(console: Console, title: str) -> Iterator[Teller]:
    """A bar that moves on its own while nothing is told: a sign of life."""
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    text = TextColumn("{task.description}")
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    columns = BarColumn(), *times, text
    # Left to itself it would send results that are printed meanwhile to standard error, too.
    with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(escape(title), total=None)

        def tell(now: Progress) -> None:
            line = escape(f"{title}: {now}")
            bar.update(task, completed=now.done or 0, total=now.total, description=line)

        yield tell


@contextlib.contextmanager
def _in_notebook(title: str) -> Iterator[Teller]:
    """A bar of HTML in the output of the entry; it needs no widgets."""
    from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

    def bar(now: Progress | None) -> HTML:
        known = now is not None and now.done is not None and now.total
        numbers = f' value="{now.done}" max="{now.total}"' if now and known else ""
        line = title if now is None else f"{title}: {now}"
        return HTML(f"<progress{numbers}></progress> {html.escape(line)}")

    handle = display(bar(None), display_id=True)
    try:
        yield lambda now: handle.update(bar(now))
    finally:
        handle.update(HTML(""))
