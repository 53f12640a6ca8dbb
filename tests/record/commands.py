"""The command line in this process: what it prints, its exit status, the files it writes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

# The program itself, as `theorycheck` and `python -m theorycheck` call it.
from theorycheck.__main__ import main as program

from .plain import LONGEST, markup, plain, scrubbed, sha256

_REPOSITORY = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {"COLUMNS": "100", "LINES": "40", "TERM": "dumb", "NO_COLOR": "1"}
_CLASSIFY = "--seconds inf --paths 5000 --most-degree 16"
_LIMITS = "--seconds inf --most-degree 16 --instances 60"
_NAMES = ("biased", "cross", "diagonals", "forest", "recurrent_all", "recurrent_readout")
_NAMES += ("recurrent_row", "relu", "sparse")
_COMMANDS = "new classify explain check capacity design repair measure plot report compare estimate"
_COMMANDS += " prove verify sweep summary export"
_SPEC = """[network]
kind = "linear_feedforward"
widths = [2, 2, 2]
[sweep]
samples = 2
budget = [3, 4]
"""
_RECURRENT = """[network]
kind = "linear_recurrent"
inputs = 1
hidden = 2
outputs = 1
steps = 3
[sweep]
samples = 2
budget = 2
weights = ["recurrent", "readout"]
"""
_RANDOM = """[network]
kind = "linear_feedforward"
widths = [3, 2, 3]
[sweep]
samples = 3
budget = [7, 8]
mode = "random"
count = 20
symmetry = false
degree = false
seed = 1
"""


def command_cases() -> dict[str, Callable[[], Any]]:
    """Name -> what runs its command lines in a folder of its own."""
    lines = dict(_lines())
    return {f"command/{name}": partial(session, *given) for name, given in lines.items()}


def _lines() -> Iterator[tuple[str, list[str]]]:
    yield "help", ["--help", *(f"{name} --help" for name in _COMMANDS.split())]
    for name in _NAMES:
        yield f"on/{name}", _on(f"{name}.json")
    every = " ".join(f"{name}.json" for name in _NAMES)
    yield "several", [f"classify {every} {_CLASSIFY}", f"explain {every} {_CLASSIFY} --json"]
    yield "page/linear", [f"report {every} --out page.html --title Mine {_LIMITS} --measure 40"]
    yield "page/one", [f"report cross.json --out page.html {_LIMITS}"]
    yield (
        "pictures",
        [
            "plot diagonals.json --out a.svg --what all --measure 60 --seconds inf",
            "plot cross.json forest.json relu.json --out b.svg --measure 60 --seconds inf",
            "plot biased.json --out c.svg --what network --seconds inf",
            "classify cross.json --certificate cross_certificate.json",
            "plot cross_certificate.json --out d.svg",
        ],
    )
    yield (
        "inputs",
        [
            f"classify cross.json --inputs points.npy {_CLASSIFY}",
            f"classify cross.json --inputs points.npy --json --certificate it.json {_CLASSIFY}",
            "check it.json --seed 1",
            "measure cross.json --inputs points.npy --backend numpy --trials 50",
            f"classify relu.json --inputs points.npy {_CLASSIFY}",
        ],
    )
    yield (
        "design",
        [
            "design cross.json --samples 2 --budget 6 --seconds 0",
            "design cross.json --samples 2 --budget 3 --seconds 0",
            "design cross.json --samples 3 --budget 9 --within forest.json --json --seconds 0",
            "design network.json --samples 3 --budget 9 --prefer few-layers"
            " --seconds 0 --out made.json",
            "design sparse.json --samples 2 --budget 6 --seconds 0",
            "design relu.json --samples 2 --budget 3 --seconds 0",
        ],
    )
    yield "new", _new()
    for name in ("plain", "recurrent", "random"):
        yield f"sweep/{name}", _swept(name)
    yield "proofs", ["prove T3 --workers 1", "prove T5 --workers 1 --json", "prove T99"]
    yield (
        "verify",
        [f"verify T3 T4 T5 T10 --examples 12 --seed {seed} --workers 1" for seed in (1, 2)],
    )
    yield "errors", _wrong()


def _on(file: str) -> list[str]:
    """Every question about one file."""
    return [
        f"classify {file} {_CLASSIFY}",
        f"classify {file} {_CLASSIFY} --json --diagnose --certificate it.json",
        "check it.json --seed 3",
        "check it.json --seed 3 --json",
        f"explain {file} {_CLASSIFY}",
        f"capacity {file} --seconds 0",  # a degree would be sought for so many seconds
        f"repair {file} --seconds 0 --out repaired.json",
        f"repair {file} --seconds 0 --budget more --json",
        f"measure {file} --backend numpy --trials 60 --restarts 3",
        f"measure {file} --backend numpy --trials 30 --restarts 3 --law uniform --json",
        f"compare {file} --backend numpy --trials 60 --restarts 3 {_LIMITS}",
        f"compare {file} --backend numpy --trials 30 --restarts 3 {_LIMITS} --json",
        f"estimate {file}",
        f"plot {file} --out picture.svg --seconds inf",
    ]


def _new() -> list[str]:
    return [
        "new plain",
        "new biased --widths 3,4,2 --bias --samples 4 --budget 7 --seed 2",
        "new deep --widths 2,3,3,2",
        "new memory --kind linear_recurrent --inputs 2 --hidden 3 --outputs 2 --steps 4",
        "new all --kind linear_recurrent --readout all",
        "new units --kind shallow_relu --widths 2,3,1",
        "new units --kind shallow_relu --widths 2,3,1",
        "new units --kind shallow_relu --widths 2,4,1 --force",
        "new masks --masks masks.npz --widths 3,4,2",
        "new escape --edges escape.csv --inputs touch,sight --outputs left --steps 4",
        "new escape2 --edges escape.csv --inputs nobody --outputs left --steps 4",
        "new bad --kind linear_recurrent --widths 2,2",
    ]


def _swept(name: str) -> list[str]:
    return [
        f"sweep {name}.toml --out it.sqlite --workers 1",
        f"sweep {name}.toml --out it.sqlite --workers 1 --json",
        "summary it.sqlite",
        "summary it.sqlite --json --plot it.svg",
        "export it.sqlite it.csv",
        "export it.sqlite --out it.csv",
        "plot it.sqlite --out summary.svg",
    ]


def _wrong() -> list[str]:
    return [
        "classfy cross.json",
        "classify",
        "classify none.json cross.json",
        "classify cross.json --secnds 3",
        "classify cross.json --seconds -1",
        "classify cross.json --error-bound 2",
        "classify cross.json --backend nump",
        "classify bad.json",
        "classify network.json",
        "explain escape.csv",
        "check cross.json",
        "check bad.json",
        "plot cross.json --out a.gif",
        "plot cross.json --out a.svg --what mask",
        "measure cross.json --trials 0",
        "measure cross.json --law norm",
        "repair cross.json forest.json --out a.json",
        "design cross.json --samples 2",
        "design cross.json --samples 2 --budget 2 --prefer spred",
        "sweep bad.json --out it.sqlite",
        "sweep wrong.toml --out it.sqlite",
        "summary none.sqlite",
        "prove T11",
        "verify X",
    ]


def session(*lines: str) -> dict[str, Any]:
    """Run command lines one after the other: what each says, and the files in the end."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _prepare(Path())
        before = {path.name: path.read_bytes() for path in Path().iterdir()}
        said = {f"{number}: {line}": run(line.split()) for number, line in enumerate(lines)}
        after = sorted(path for path in Path().iterdir())
        written = [path for path in after if before.get(path.name) != path.read_bytes()]
        return {"said": said, "files": {path.name: _content(path) for path in written}}


def run(arguments: list[str]) -> dict[str, Any]:
    """One command line: its exit status and what it prints."""
    out, err, status = io.StringIO(), io.StringIO(), None
    with (
        mock.patch.object(sys, "argv", ["theorycheck", *arguments]),
        mock.patch.dict(os.environ, _ENVIRONMENT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            program()
        except SystemExit as end:
            status = end.code
    return {"status": status, "out": printed(out.getvalue()), "err": printed(err.getvalue())}


def printed(text: str) -> Any:
    """Lines of text, and those that are JSON as such."""
    found, timed = [], slice(0, 0)
    for line in text.splitlines():
        if line.startswith("{") and line.endswith("}"):
            found.append(plain(json.loads(line)))
            continue
        column = re.search(r"\bseconds\b", line)
        if column and re.fullmatch(r"[a-z]+( {2,}[a-z]+)+", line.strip()):  # heads a table
            timed = slice(*column.span())
        elif not line.strip():
            timed = slice(0, 0)
        elif re.fullmatch(r" *\d+\.\d", line[timed]):
            line = line[: timed.start] + "TIME".rjust(len("seconds")) + line[timed.stop :]
        found.append(scrubbed(line).rstrip())
    return found


def _prepare(folder: Path) -> None:
    """The files that the command lines name."""
    for name in _NAMES:
        shutil.copy(_REPOSITORY / "examples" / "allocations" / f"{name}.json", folder)
    shutil.copy(_REPOSITORY / "examples" / "wiring" / "escape.csv", folder)
    specs = {"plain": _SPEC, "recurrent": _RECURRENT, "random": _RANDOM}
    specs["wrong"] = _SPEC.replace("budget", "bugdet")
    for name, text in specs.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (folder / "bad.json").write_text('{"network": [', encoding="utf-8")
    network = '{"kind": "linear_feedforward", "widths": [4, 4, 3]}'
    (folder / "network.json").write_text(network, encoding="utf-8")
    np.save(folder / "points.npy", [[1.0, 0, 2, 1], [0, 0, 1, 1], [2, 0, 3, 1]])
    masks = {"W1": np.eye(4, 3, dtype=int), "W2": np.ones((2, 4), dtype=int)}
    np.savez(folder / "masks.npz", **masks)  # type: ignore[arg-type]


def _content(path: Path) -> Any:
    """What a file holds, without times; of a database nothing."""
    kind = path.suffix
    if kind == ".sqlite":
        return "a database"
    text = path.read_text(encoding="utf-8")
    if kind in (".svg", ".html"):
        return markup(text)
    if kind == ".csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        return plain([{key: str(value) for key, value in row.items()} for row in rows])
    if kind == ".json" and len(text) <= LONGEST:
        return {"text": scrubbed(text), "json": plain(json.loads(text))}
    return {"length": len(text), "sha256": sha256(scrubbed(text))}
