"""Reading the file of a sweep: rows, sums, CSV and Parquet."""

from __future__ import annotations

import contextlib
import csv
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ..display.paragraphs import Paragraph, samples_in_words
from ..display.shown import Shown
from ..errors import InputError
from ..problem.networks.kinds import network_from_dict
from .store import read_meta

COLUMNS = (
    "key",
    "learnable",
    "samples",
    "budget",
    "orbit_size",
    "expressivity",
    "rank",
    "target_dimension",
    "degree",
    "theorem",
    "rigor",
    "error_bound",
    "seconds",
    "error",
)
_AT_ONCE = 10_000  # rows written to a file together


@dataclass(frozen=True)
class Tally:
    """`rows`, the `allocations` that they stand for, and the seconds they took."""

    rows: int
    allocations: int
    seconds: float


@dataclass(frozen=True, repr=False)
class Summary(Shown):
    """What a sweep found, by class, theorem, degree and budget.

    `classes` counts by expressivity, `theorems` by (expressivity, theorem), `degrees` by
    (expressivity, degree) where a degree is known, `budgets` by (budget, expressivity). Failed
    allocations have the expressivity `failed`; `errors` has their reasons, with how many rows each.
    `pending` allocations are not decided yet, and while `is_complete` is False there are more.
    `error_bound` bounds the probability that any of the verdicts is wrong: the sum of their bounds.
    """

    specification: dict[str, Any]
    versions: list[dict[str, str]]
    classes: dict[str, Tally]
    theorems: dict[tuple[str, str], Tally]
    degrees: dict[tuple[str, int], Tally]
    budgets: dict[tuple[int, str], Tally]
    errors: dict[str, int]
    pending: int
    is_complete: bool
    error_bound: float

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(count.rows for count in self.classes.values())

    @property
    def allocations(self) -> int:
        """How many allocations the rows stand for."""
        return sum(count.allocations for count in self.classes.values())

    def paragraphs(self) -> list[Paragraph]:
        """What was swept, then classes, theorems and degrees with their shares."""
        found = [Paragraph("SWEEP", self.question, "bold")]
        for label, counts in (("", self.classes), ("by", self.theorems), ("degree", self.degrees)):
            for key, count in counts.items():
                name, *more = _tuple(key)
                title = " ".join((name, *([label, str(*more)] if more else [])))
                share = f"{count.allocations / max(self.allocations, 1):.2%}"
                text = f"{count.rows} rows for {count.allocations} allocations, {share}"
                found.append(Paragraph(title, text))
        failed = (Paragraph("failed", f"{rows}: {error}") for error, rows in self.errors.items())
        return [*found, *failed, Paragraph("state", self.state)]

    @property
    def question(self) -> str:
        """What was asked: network, samples, and which allocations."""
        sweep = self.specification["sweep"]
        network = network_from_dict(self.specification["network"])
        budgets = ", ".join(map(str, sweep["budget"]))
        which = "all" if sweep["mode"] == "all" else f"{sweep['count']} random"
        samples = samples_in_words(sweep["samples"])
        return f"{network.describe()}, {samples}; {which} allocations of budget {budgets}"

    @property
    def state(self) -> str:
        """How far it is, and how sure its rows are, in words."""
        counted = f"{self.rows} rows for {self.allocations} allocations"
        bound = f"any of them wrong with probability at most {self.error_bound:.1e}"
        state = "complete" if self.is_complete else "not complete: run the sweep again to go on"
        return "; ".join((counted, state, bound if self.error_bound else "all proved"))

    def to_dict(self) -> dict[str, Any]:
        """The object that `theorycheck summary --json` prints."""

        def listed(counts: dict[Any, Tally], *names: str) -> list[dict[str, Any]]:
            return [
                {**dict(zip(names, _tuple(key), strict=True)), **vars(count)}
                for key, count in counts.items()
            ]

        return {
            "specification": self.specification,
            "rows": self.rows,
            "allocations": self.allocations,
            "pending": self.pending,
            "complete": self.is_complete,
            "error_bound": self.error_bound,
            "classes": listed(self.classes, "expressivity"),
            "theorems": listed(self.theorems, "expressivity", "theorem"),
            "degrees": listed(self.degrees, "expressivity", "degree"),
            "budgets": listed(self.budgets, "budget", "expressivity"),
            "errors": [{"error": error, "rows": rows} for error, rows in self.errors.items()],
            "versions": self.versions,
        }


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def summarize(path: str | Path) -> Summary:
    """Sum up the file of a sweep, which may still be at work.

    Raises `InputError` if it is none.
    """
    with _reading(path) as (connection, meta):

        def counts(columns: str, condition: str = "TRUE") -> dict[Any, Tally]:
            names = columns.replace("class", "COALESCE(expressivity, 'failed')")
            n = columns.count(",") + 1
            found = connection.execute(
                f"SELECT {names}, COUNT(*), SUM(orbit_size), SUM(seconds) FROM allocations "
                f"WHERE {condition} GROUP BY {', '.join(map(str, range(1, n + 1)))} "
                f"ORDER BY {', '.join(map(str, range(1, n + 1)))}"
            )
            return {row[0] if n == 1 else row[:n]: Tally(*row[n:]) for row in found}

        errors = connection.execute(
            "SELECT error, COUNT(*) FROM allocations WHERE error IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        bound = connection.execute("SELECT TOTAL(error_bound) FROM allocations").fetchone()[0]
        pending = connection.execute("SELECT COUNT(*) FROM pending").fetchone()[0]
        n_budgets = len(meta["specification"]["sweep"]["budget"])
        return Summary(
            meta["specification"],
            meta["versions"],
            counts("class"),
            counts("class, theorem", "theorem IS NOT NULL"),
            counts("class, degree", "degree IS NOT NULL"),
            counts("budget, class"),
            dict(errors.fetchall()),
            pending,
            not pending and meta.get("position") == [n_budgets, None],
            min(bound, 1.0),
        )


def sweep_rows(path: str | Path) -> Iterator[dict[str, Any]]:
    """The rows of a sweep's file by key, each a dictionary with the columns' names.

    Raises `InputError` if the file is none of a sweep.
    """
    with _reading(path) as (connection, _):
        query = f"SELECT {', '.join(COLUMNS)} FROM allocations ORDER BY key"
        for values in connection.execute(query):
            yield dict(zip(COLUMNS, values, strict=True))


def export(path: str | Path, out: str | Path) -> int:
    """Write the rows of a sweep's file as CSV or Parquet, by the ending of `out`; how many.

    The file appears whole or not at all. Raises `InputError` for another ending, a file that is
    none of a sweep, and if the extra `parquet` is missing; errors of the system pass through.
    """
    out = Path(out)
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    if out.suffix.lower() not in writers:
        raise InputError(f"{out}: the name of an export must end in .csv or .parquet")
    part = out.with_name(f"{out.name}.part")
    try:
        number = writers[out.suffix.lower()](path, part)
        os.replace(part, out)
    finally:
        part.unlink(missing_ok=True)
    return number


def _write_csv(path: str | Path, out: Path) -> int:
    number = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in sweep_rows(path):
            writer.writerow(row.values())
            number += 1
    return number


def _write_parquet(path: str | Path, out: Path) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        cure = "pip install 'theorycheck[parquet]'"
        raise InputError(f"Parquet needs the extra parquet: {cure}") from None
    integers = ("samples", "budget", "orbit_size", "rank", "target_dimension", "degree")
    types = dict.fromkeys(COLUMNS, pyarrow.string()) | dict.fromkeys(integers, pyarrow.int64())
    types |= {"error_bound": pyarrow.float64(), "seconds": pyarrow.float64()}
    schema = pyarrow.schema(list(types.items()))
    number, source = 0, sweep_rows(path)
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        while some := list(islice(source, _AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema))
            number += len(some)
    return number


@contextlib.contextmanager
def _reading(path: str | Path) -> Iterator[tuple[sqlite3.Connection, dict[str, Any]]]:
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file")
    connection = sqlite3.connect(path, timeout=60)
    try:
        with contextlib.closing(connection), connection:
            connection.execute("BEGIN")  # one state of the file, though a sweep may be at work
            yield connection, read_meta(connection)
    except sqlite3.Error as error:
        raise InputError(f"cannot be read: {error}") from None
