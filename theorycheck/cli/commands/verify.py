"""`theorycheck verify`."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...computing.progress import watching
from ..common import Failures, cores, print_json
from ..options import CounterexampleFolder, DrawSeed, Examples, Json, Theorems, Workers
from ..output import write_found

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ...verification.results import Counterexample, PropertyResult, Verification

_STORAGE = "HYPOTHESIS_STORAGE_DIRECTORY"


def verify(
    theorems: Theorems = None,
    examples: Examples = 1000,
    seed: DrawSeed = 0,
    workers: Workers = 0,
    out: CounterexampleFolder = ".",
    as_json: Json = False,
) -> None:
    """Search counterexamples to the theory in random cases; exit status 1 if a theorem has one."""
    from rich.console import Console

    failures = Failures()
    results: Sequence[Verification] = ()
    with failures.of("verify"), _nothing_left_behind(), watching(True, "properties") as tell:
        from ...verification.run import verify as run

        results = run(
            theorems,
            examples=examples,
            seed=seed,
            workers=workers or cores(),
            progress=tell,
        )
    if failures.status:
        failures.leave()
    with failures.of("verify"):
        saved = [(each, _save(out, each, number)) for number, each in _numbered(results)]
        if as_json:
            for each in results:
                files = [file for item, file in saved if item.id == each.id]
                print_json({**each.to_dict(), "files": files})
        else:
            _print(Console(highlight=False), results, saved)
        if any(each.failed for each in results):
            failures.status = max(failures.status, 1)
        missing = sum(each.missing for each in results)
        failures.interrupted("properties", missing, sum(len(each.properties) for each in results))
    failures.leave()


@contextlib.contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Hypothesis keeps its caches in a folder that is gone at the end, unless one is set."""
    with tempfile.TemporaryDirectory() as folder:
        is_set = _STORAGE in os.environ
        os.environ.setdefault(_STORAGE, folder)
        try:
            yield
        finally:
            if not is_set:
                del os.environ[_STORAGE]


def _numbered(results: Sequence[Verification]) -> Iterator[tuple[int, Counterexample]]:
    for each in results:
        yield from enumerate(each.counterexamples, start=1)


def _save(folder: str, found: Counterexample, number: int) -> str:
    """Write the allocation of a counterexample; the path of the file."""
    more = f"-{number}" if number > 1 else ""
    name = f"counterexample-{found.id}{more}.json"
    return str(write_found(folder, name, found.allocation, found.samples))


def _print(
    console: Console, results: Sequence[Verification], saved: list[tuple[Counterexample, str]]
) -> None:
    """Print a line for every property, each counterexample, and a last line."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id")
    table.add_column("property", ratio=1)
    for title in ("examples", "decided", "seconds"):
        table.add_column(title, justify="right")
    table.add_column("result")
    for each in results:
        for number, item in enumerate(each.properties):
            numbers = (str(item.examples), str(item.decided), f"{item.seconds:.1f}")
            id = each.id if not number else ""
            table.add_row(id, item.name, *numbers, _result(item, each.is_conjecture))
    console.print(table)
    console.print()
    for each in results:
        for item in each.properties:
            if item.failure is not None:
                console.print(Text(f"{item.id}: {item.name}: {item.failure}"), soft_wrap=True)
    for found, file in saved:
        _print_counterexample(console, found, file)
    console.print(Text(_summary(results)), soft_wrap=True)


def _result(item: PropertyResult, is_conjecture: bool) -> Text:
    from rich.text import Text

    if item.passed:
        return Text("holds", "green")
    if item.failure is not None:
        return Text("NO CHECK", "bold red")
    return Text("NEWS", "bold yellow") if is_conjecture else Text("REFUTED", "bold red")


def _print_counterexample(console: Console, found: Counterexample, file: str) -> None:
    from rich.text import Text

    from ...strategies.text import describe
    from ..text import print_paragraph
    from .compare import repeating

    number = "the first example" if found.examples == 1 else f"{found.examples} examples"
    console.print(Text(f"{found.id}, {found.property}: refuted after {number}"), soft_wrap=True)
    console.print()
    for line in describe(found.allocation, found.samples).splitlines():
        console.print(Text(f"  {line}"), soft_wrap=True)
    console.print()
    print_paragraph(console, "because", found.message)
    print_paragraph(console, "saved", file)
    if found.comparison is not None:
        # On one line, to be copied.
        command = repeating(file, found.comparison)
        console.print(Text(f"  {'repeat':<11}{command}"), soft_wrap=True)
        outcome = found.comparison.outcome.upper()
        print_paragraph(console, "compare", f"{outcome}: {found.comparison.reason}")
    console.print()


def _summary(results: Sequence[Verification]) -> str:
    properties = [item for each in results for item in each.properties]
    examples = sum(each.examples for each in results)
    what = "property" if len(properties) == 1 else "properties"
    tried = f"{len(properties)} {what}, {examples} examples"
    failed = [each.id for each in results if each.failed]
    news = [each.id for each in results if each.is_conjecture and each.counterexamples]
    parts = [f"{', '.join(failed)} failed"] if failed else []
    parts += [f"{', '.join(news)}: a counterexample to a conjecture"] if news else []
    return f"{tried}: {'; '.join(parts) or 'no counterexample'}"
