"""One table of ratios from pytest-benchmark's JSON; see `convention`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

RATIOS = ("case", "own", "reference", "its time", "ratio")
TIMES = ("case", "time", "result")


@dataclass(frozen=True)
class Measured:
    """Median seconds of one case, by size if it has several, and of its references."""

    topic: str
    case: str
    seconds: tuple[float, ...]
    note: str = ""
    references: dict[str, float] = field(default_factory=dict)

    def ratio(self, reference: str) -> float:
        """How many times faster the own call is than a reference; below 1, slower."""
        return self.references[reference] / self.seconds[0]

    @property
    def title(self) -> str:
        """The case and what is noted about its result."""
        return f"{self.case} ({self.note})" if self.note else self.case


def read(benchmarks: Iterable[dict[str, Any]]) -> list[Measured]:
    """The cases of the `benchmarks` entry of pytest-benchmark's JSON, those of one topic together.

    ValueError for a benchmark outside the convention, or two of one case that has references.
    """
    found: dict[tuple[str, str], Measured] = {}
    for entry in benchmarks:
        info, topic = entry["extra_info"], entry["group"]
        if not topic or "case" not in info:
            raise ValueError(f"{entry['fullname']} has no group, or does not call `measure`")
        references = {each["name"]: each["seconds"] for each in info["references"]}
        key = topic, info["case"]
        before = found.get(key)
        if before and (before.references or references):
            raise ValueError(f"{topic}: two benchmarks of the case {info['case']}")
        seconds = (*(before.seconds if before else ()), entry["stats"]["median"])
        found[key] = Measured(*key, seconds, info.get("note", ""), references)
    topics = list(dict.fromkeys(topic for topic, _ in found))
    return sorted(found.values(), key=lambda measured: topics.index(measured.topic))


def in_words(seconds: float) -> str:
    """Two digits or more, with a unit.

    >>> [in_words(each) for each in (147.2, 7.49, 0.0273, 0.0000183)]
    ['147 s', '7.5 s', '27 ms', '18 us']
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_two_digits(seconds / size)} {unit}"
    return f"{_two_digits(seconds / 1e-6)} us"


def _two_digits(value: float) -> str:
    if value >= 9.95:
        return f"{value:,.0f}"
    if value >= 0.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.0995 else f"{value:.2g}"


def _time(measured: Measured) -> str:
    low, high = in_words(min(measured.seconds)), in_words(max(measured.seconds))
    return low if low == high else f"{low} to {high}, {len(measured.seconds)} masks"


def ratio_rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """One row for each reference: topic, then `RATIOS`; a case is named once."""
    rows: list[tuple[str, ...]] = []
    for each in measured:
        for number, (name, seconds) in enumerate(each.references.items()):
            own = (each.title, _time(each)) if number == 0 else ("", "")
            ratio = _two_digits(each.ratio(name))
            rows.append((each.topic, *own, name, in_words(seconds), ratio))
    return rows


def time_rows(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """One row for each case without a reference: topic, then `TIMES`."""
    return [(e.topic, e.case, _time(e), e.note) for e in measured if not e.references]


def with_topics(rows: Sequence[tuple[str, ...]], mark: str = "{}") -> list[tuple[str, ...]]:
    """The rows without their first entry, and a row that names it wherever it changes."""
    result: list[tuple[str, ...]] = []
    topic = ""
    for first, *rest in rows:
        if first != topic:
            topic = first
            result.append((mark.format(topic), *("" for _ in rest[1:])))
        result.append(tuple(rest))
    return result


def print_ratios(console: Console, measured: Sequence[Measured]) -> None:
    """Print both tables."""
    for titles, rows in ((RATIOS, ratio_rows(measured)), (TIMES, time_rows(measured))):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in titles:
            numeric = title in ("own", "its time", "ratio")
            table.add_column(title, justify="right" if numeric else "left", overflow="fold")
        for row in with_topics(rows):
            is_topic = row[0] != "" and not any(row[1:])
            table.add_row(*(Text(cell, "bold" if is_topic else "") for cell in row))
        console.print(table)
        console.print()


def markdown(titles: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    """A table, its topics in bold.

    >>> print(markdown(("case", "time"), [("Ranks", "9 x 9", "1 s")]))
    | case | time |
    | --- | --- |
    | **Ranks** |  |
    | 9 x 9 | 1 s |
    """
    lines = [titles, ["---"] * len(titles), *with_topics(rows, "**{}**")]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
