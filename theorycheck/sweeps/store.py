"""The results of a sweep in one SQLite file, from which an interrupted sweep goes on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError, shown

_FORMAT = "theorycheck sweep 1"
_PACKAGES = ("theorycheck", "numpy", "scipy", "sympy", "networkx", "python-flint", "igraph")
_WAIT = 60.0  # seconds for another process to finish writing

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE allocations (
    key TEXT PRIMARY KEY, learnable TEXT NOT NULL, samples INTEGER NOT NULL,
    budget INTEGER NOT NULL, orbit_size INTEGER NOT NULL, expressivity TEXT, rank INTEGER,
    target_dimension INTEGER, degree INTEGER, theorem TEXT, rigor TEXT, error_bound REAL,
    seconds REAL, error TEXT
);
CREATE TABLE pending (
    key TEXT PRIMARY KEY, budget INTEGER NOT NULL, orbit_size INTEGER NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class ResultRow:
    """One line of the table `allocations`, without budget and orbit size.

    Where `error` is not None the allocation could not be classified.
    """

    key: str
    learnable: str
    samples: int
    expressivity: str | None = None
    rank: int | None = None
    target_dimension: int | None = None
    degree: int | None = None
    theorem: str | None = None
    rigor: str | None = None
    error_bound: float | None = None
    seconds: float | None = None
    error: str | None = None


_ROW = tuple(field.name for field in fields(ResultRow))
# A row takes the place of its key in `pending`; if another process was faster, nothing happens.
_INSERT = f"""INSERT OR IGNORE INTO allocations ({", ".join(_ROW)}, budget, orbit_size)
    SELECT {", ".join("?" * len(_ROW))}, budget, orbit_size FROM pending WHERE key = ?"""


class Store:
    """The open file of a sweep: what is decided, what is pending, and how far the source is.

    Everything is written in transactions, so that a process may be killed at any time; several
    processes on one file do each other no harm. Raises `InputError` if the file holds something
    else, or another sweep.
    """

    def __init__(self, path: str | Path, specification: dict[str, Any], canonical: str) -> None:
        with _clear():
            self._connection = sqlite3.connect(Path(path), timeout=_WAIT, isolation_level=None)
            try:
                with self._transaction():
                    self._begin(specification, canonical)
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _begin(self, specification: dict[str, Any], canonical: str) -> None:
        """Fill an empty file, or see that a sweep with this specification is in it."""
        own = {"format": _FORMAT, "canonical": canonical, "specification": specification}
        if not self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            for statement in _SCHEMA.split(";\n"):
                self._connection.execute(statement)
            seed = specification["sweep"]["seed"]
            for key, value in {**own, "seed": seed, "versions": [versions()]}.items():
                self._set(key, value)
            return
        meta = read_meta(self._connection)
        if meta["specification"] != specification:
            raise InputError(f"holds another sweep: {_difference(meta, specification)}")
        if meta["canonical"] != canonical:
            raise InputError(
                f"was begun with canonical forms by {meta['canonical']}, and here is {canonical}, "
                "whose forms may differ: install that version, or begin in another file"
            )
        if versions() not in meta["versions"]:
            self._set("versions", [*meta["versions"], versions()])

    def _set(self, key: str, value: Any) -> None:
        self._connection.execute("REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @property
    def position(self) -> list[Any] | None:
        """Behind which place the source goes on; None at the beginning."""
        return self._meta("position")

    def _meta(self, key: str) -> Any:
        found = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return json.loads(found[0]) if found else None

    def add(
        self, counts: Iterable[tuple[str, int, int]], before: list[Any] | None, after: list[Any]
    ) -> int | None:
        """Add allocations (key, budget, orbit size) that the source has between two places.

        A key that is known has its orbit size enlarged; returns by how much those of the rows are
        larger now. None, and nothing is done, if the source of another process was further.
        """
        known = 0
        with _clear(), self._transaction():
            if self.position != before:
                return None
            for key, budget, size in counts:
                done = self._connection.execute(
                    "UPDATE allocations SET orbit_size = orbit_size + ? WHERE key = ?", (size, key)
                )
                known += size * done.rowcount
                if not done.rowcount:
                    self._connection.execute(
                        "INSERT INTO pending VALUES (?, ?, ?) ON CONFLICT (key) "
                        "DO UPDATE SET orbit_size = orbit_size + excluded.orbit_size",
                        (key, budget, size),
                    )
            self._set("position", after)
        return known

    @property
    def n_pending(self) -> int:
        """How many allocations are not decided yet."""
        return self._connection.execute("SELECT COUNT(*) FROM pending").fetchone()[0]

    def pending(self, most: int) -> dict[str, int]:
        """Key -> orbit size of up to `most` allocations not decided yet, the lowest keys first."""
        query = "SELECT key, orbit_size FROM pending ORDER BY key LIMIT ?"
        return dict(self._connection.execute(query, (most,)).fetchall())

    def commit(self, rows: Sequence[ResultRow]) -> None:
        """Write rows in the place of their pending keys."""
        with _clear(), self._transaction():
            self._connection.executemany(_INSERT, ((*astuple(row), row.key) for row in rows))
            keys = ((row.key,) for row in rows)
            self._connection.executemany("DELETE FROM pending WHERE key = ?", keys)

    def retry_errors(self) -> int:
        """Make the allocations that failed pending again; returns how many."""
        with _clear(), self._transaction():
            failed = "FROM allocations WHERE error IS NOT NULL"
            self._connection.execute(f"INSERT INTO pending SELECT key, budget, orbit_size {failed}")
            return self._connection.execute(f"DELETE {failed}").rowcount

    def counted(self) -> dict[int, int]:
        """Budget -> allocations that the rows stand for."""
        query = "SELECT budget, SUM(orbit_size) FROM allocations GROUP BY budget"
        return dict(self._connection.execute(query).fetchall())


def read_meta(connection: sqlite3.Connection) -> dict[str, Any]:
    """The table `meta`; `InputError` if this is not the file of a sweep."""
    try:
        meta = {k: json.loads(v) for k, v in connection.execute("SELECT key, value FROM meta")}
    except (sqlite3.OperationalError, ValueError, TypeError):
        meta = {}
    if meta.get("format") != _FORMAT:
        raise InputError("is no file of a sweep; theorycheck sweep makes one")
    return meta


@contextlib.contextmanager
def _clear() -> Iterator[None]:
    """Errors of SQLite as errors in one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise InputError(f"cannot be used: {error}") from None


def _difference(meta: dict[str, Any], specification: dict[str, Any]) -> str:
    """The first entry in which two specifications differ."""
    for table in ("network", "sweep", "present"):
        there, here = meta["specification"].get(table, {}), specification.get(table, {})
        for key in [*there, *here]:
            if there.get(key) != here.get(key):
                values = f"{shown(there.get(key))} there and {shown(here.get(key))} here"
                return f"{table}.{key} is {values}; choose another file"
    return "choose another file"


def versions() -> dict[str, str]:
    """Name -> version of Python and of the packages that results depend on.

    >>> sorted(versions())[:2]
    ['igraph', 'networkx']
    """
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _PACKAGES
    }
