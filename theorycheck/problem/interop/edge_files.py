"""Connectomes in text files: lists of edges and labelled adjacency matrices, as CSV."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InputError, shown
from ..archives import LARGEST_FILE, read_limited

SOURCES = ("source", "src", "from", "pre", "presynaptic", "sender")
TARGETS = ("target", "tgt", "dst", "to", "post", "postsynaptic", "receiver")
LEARNABLE = ("learnable", "plastic", "trainable")
STRENGTHS = ("weight", "weights", "count", "syncount", "synapses", "nsynapses", "strength", "nbr")
_NAMES = ("id", "rootid", "bodyid", "name", "neuron", "unit", "node", "cell", "label")
_TRUE, _FALSE = ("1", "true", "yes", "1.0"), ("0", "false", "no", "0.0")
_HEADER = "the first line must name the columns source, target and, if it is told, learnable"


class EdgeTable(NamedTuple):
    """`edges`: pairs or triples; or a `matrix` with the `labels` of its rows and columns.

    `unused` names the columns that were not looked at.
    """

    edges: list[tuple[Any, ...]] | None
    matrix: list[list[float]] | None
    labels: list[str] | None
    unused: list[str]


def column_of(names: Sequence[Any], known: Sequence[str]) -> int | None:
    """Which column has one of the known names, alone or with a word such as `id`.

    Raises `InputError` where two have.

    >>> column_of(["pre_root_id", "Post"], SOURCES), column_of(["bodyId_post"], TARGETS)
    (0, 0)
    """
    found = [i for i, name in enumerate(names) if _plain(name) in known]
    if len(found) > 1:
        both = " and ".join(shown(names[i]) for i in found[:2])
        raise InputError(f"the columns {both} mean the same; rename one")
    return found[0] if found else None


def _plain(name: Any) -> str:
    """A column's name without case, signs, and words that say it holds names."""
    parts = re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name)).lower())
    left = [part for part in parts if part not in (*_NAMES, "root", "body")]
    return "".join(left)


def read_edge_file(path: str | Path) -> EdgeTable:
    """The edges, or the adjacency matrix, in a CSV file (comma, semicolon or tab).

    A list of edges has a first line that names its columns, `source` (or pre, from), `target` (or
    post, to) and `learnable`; a matrix has the units' names in the first line and in the first
    column, the same on both sides. Raises `InputError` with the line for every flaw.
    """
    try:
        return _table(read_limited(Path(path), LARGEST_FILE))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _table(data: bytes) -> EdgeTable:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start}); save it as CSV in UTF-8") from None
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    try:
        lines = [(reader.line_num, [entry.strip() for entry in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: no CSV ({error})") from None
    lines = [(number, row) for number, row in lines if any(row)]
    if len(lines) < 2:
        raise InputError(f"there are no edges in this file; {_HEADER}")
    header, body = lines[0][1], lines[1:]
    for number, row in body:
        if len(row) != len(header):
            what = f"{len(row)} cells, the first line has {len(header)}"
            raise InputError(f"line {number} has {what}")
    source, target = column_of(header, SOURCES), column_of(header, TARGETS)
    if source is not None and target is not None:
        return _edges(header, body, source, target)
    if set(header[1:]) == {row[0] for _, row in body} and len(header) > 2:  # no headless edges
        return _matrix(header[1:], body)
    raise InputError(
        f"{_HEADER}, not {shown(header)}; a matrix has the same unit names in its first line and "
        "its first column"
    )


def _edges(
    header: list[str], body: list[tuple[int, list[str]]], source: int, target: int
) -> EdgeTable:
    learnable, strength = column_of(header, LEARNABLE), column_of(header, STRENGTHS)
    edges: list[tuple[Any, ...]] = []
    for number, row in body:
        for column in (source, target):
            if not row[column]:
                raise InputError(f"line {number} has no {header[column]}")
        if strength is not None and _number(row[strength]) == 0:
            zero = f"{header[strength]} is 0: leave out connections that do not exist"
            raise InputError(f"line {number}: {zero}")
        edge: tuple[Any, ...] = (row[source], row[target])
        if learnable is not None:
            text = row[learnable].lower()
            if text not in (*_TRUE, *_FALSE):
                wrong = f"{header[learnable]} must be 1 or 0, not {shown(row[learnable])}"
                raise InputError(f"line {number}: {wrong}")
            edge = (*edge, text in _TRUE)
        edges.append(edge)
    used = (source, target, learnable)
    unused = [name for column, name in enumerate(header) if column not in used]
    return EdgeTable(edges, None, None, unused)


def _matrix(labels: list[str], body: list[tuple[int, list[str]]]) -> EdgeTable:
    """Rows in the order of the columns; an empty entry is no connection."""
    for names in (labels, [row[0] for _, row in body]):
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"the unit {shown(twice)} comes twice in the matrix")
    rows: dict[str, list[float]] = {}
    for number, row in body:
        values = [_number(entry) if entry else 0.0 for entry in row[1:]]
        if None in values:
            entry = row[1 + values.index(None)]
            raise InputError(f"line {number}: {shown(entry)} is no number")
        rows[row[0]] = values  # type: ignore[assignment]
    return EdgeTable(None, [rows[label] for label in labels], labels, [])


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
