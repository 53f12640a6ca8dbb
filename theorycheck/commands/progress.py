"""A sign of life for long work: on standard error, and only if that is a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..measurement.estimate import Estimate
    from ..sweeps.run import Progress as SweepProgress


@contextlib.contextmanager
def steps(what: str) -> Iterator[Callable[[str], None]]:
    """Show `what`, the step that the yielded function is told, and the time; gone at the end."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True)
    with progress if console.is_terminal else contextlib.nullcontext():
        task = progress.add_task(escape(what), total=None)
        yield lambda step: progress.update(task, description=escape(f"{what}: {step}"))


@contextlib.contextmanager
def draws(what: str, total: int) -> Iterator[Callable[[Estimate], None]]:
    """A bar of draws done, their rate and the estimate, which the yielded function is told."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    text, state = TextColumn("{task.description}"), TextColumn("{task.fields[state]}")
    columns = (text, BarColumn(), MofNCompleteColumn(), state, TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True)
    with progress if console.is_terminal else contextlib.nullcontext():
        task = progress.add_task(escape(what), total=total, state="")

        def tell(estimate: Estimate) -> None:
            point = estimate.match_probability
            rate = estimate.trials / max(estimate.seconds, 1e-9)
            shown = "none decided" if point is None else f"matched {point:.3f}"
            progress.update(task, completed=estimate.trials, state=f"{rate:.0f}/s, {shown}")

        yield tell


@contextlib.contextmanager
def counted(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar of `what`; the yielded function is told the last one done, how many and of how many."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    text = TextColumn("{task.description}")
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), text)
    progress = Progress(*columns, console=console, transient=True)
    with progress if console.is_terminal else contextlib.nullcontext():
        task = progress.add_task(escape(what), total=None)

        def tell(last: str, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, description=escape(last))

        yield tell


@contextlib.contextmanager
def rated(what: str) -> Iterator[Callable[[SweepProgress], None]]:
    """A bar of allocations with rate and remaining time, for the yielded function to move."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    text, state = TextColumn("{task.description}"), TextColumn("{task.fields[state]}")
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    columns = (text, BarColumn(), MofNCompleteColumn(), state, *times)
    progress = Progress(*columns, console=console, transient=True)
    with progress if console.is_terminal else contextlib.nullcontext():
        task = progress.add_task(escape(what), total=None, state="")

        def tell(now: SweepProgress) -> None:
            state = f"{now.rows / max(now.seconds, 1e-9):.3g} rows/s"
            progress.update(task, completed=now.done, total=now.total, state=state)

        yield tell
