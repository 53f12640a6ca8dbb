"""A sign of life for long work: on standard error, and only if that is a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def steps(what: str) -> Iterator[Callable[[str], None]]:
    """Show `what`, the step that the yielded function is told, and the time; gone at the end."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(escape(what), total=None)
        yield lambda step: progress.update(task, description=escape(f"{what}: {step}"))
