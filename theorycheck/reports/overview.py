"""The table of all allocations at the top of a page; script.js sorts it by `data-key`."""

from __future__ import annotations

from ..display.html import SHAPES, escape
from .entry import PageEntry
from .sections import class_label

_CLASSES = ("minimal", "undecided", "positive", "intermediate", "maximal")
Cell = tuple[str, str | float | None]  # HTML, what it is sorted by (None: last)


def overview(entries: list[PageEntry]) -> str:
    """A row for each entry, linked to its section."""
    is_measured = any(entry.comparison is not None for entry in entries)
    names = ["file", "class", "theorem", "r", "D", "rank", "degree", "estimate"]
    names += ["measured", "outcome"] if is_measured else []
    heads = "".join(_head(name) for name in names)
    rows = "".join(_row(entry, number, is_measured) for number, entry in enumerate(entries, 1))
    return (
        '<nav aria-labelledby="overview">\n<h2 id="overview">Overview</h2>\n'
        f"<p>{_summary(entries)}</p>\n"
        '<div class="scroll" role="group" aria-labelledby="overview">'
        '<table class="overview sortable"><caption class="unseen">All allocations; '
        "the headers sort</caption>"
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
        '<p class="soft">r: learnable weights; D: target dimension; estimate: heuristic match '
        "probability, where a degree is known. Empty: not needed for the verdict.</p>\n"
        '<p id="sorted" class="unseen" role="status"></p>\n</nav>'
    )


def _head(name: str) -> str:
    kind = "" if name in ("file", "class", "theorem", "outcome") else ' class="number"'
    text = " data-text" if name in ("file", "outcome") else ""
    return f'<th scope="col"{kind}{text}>{name}</th>'


def _summary(entries: list[PageEntry]) -> str:
    """How many there are of each class."""
    kinds = [str(e.verdict.expressivity) if e.verdict is not None else "failed" for e in entries]
    counts = [f"{kinds.count(name)} {name}" for name in (*SHAPES, "failed") if name in kinds]
    return escape(f"{len(entries)} allocations: {', '.join(counts)}.")


def _row(entry: PageEntry, number: int, is_measured: bool) -> str:
    name = f'<a href="#f{number}">{escape(entry.name)}</a>'
    cells = [*_cells(entry), *(_measured(entry) if is_measured else [])]
    kinds = ["", "", *[' class="number"'] * 6, ""]
    shown = "".join(
        f"<td{kind}{_key(key)}>{html}</td>" for kind, (html, key) in zip(kinds, cells, strict=False)
    )
    return f'<tr><th scope="row"{_key(entry.name)}>{name}</th>{shown}</tr>'


def _key(key: str | float | None) -> str:
    return "" if key is None else f' data-key="{escape(key)}"'


def _cells(entry: PageEntry) -> list[Cell]:
    verdict = entry.verdict
    if verdict is None:
        return [(class_label("failed"), -1), *[("", None)] * 6]
    name, theorem, guess = str(verdict.expressivity), verdict.theorem, verdict.estimate
    numbers = (verdict.learnable, verdict.target_dimension, verdict.rank, verdict.degree)
    return [
        (class_label(name), _CLASSES.index(name)),
        (escape(theorem or ""), None if theorem is None else int(theorem[1:])),
        *[("" if n is None else str(n), n) for n in numbers],
        ("", None) if guess is None else (f"{guess.estimate:.2f}", guess.estimate),
    ]


def _measured(entry: PageEntry) -> list[Cell]:
    """The share of matches with its interval, and whether it agrees with the verdict."""
    if entry.comparison is None:
        return [("", None)] * 2
    found, outcome = entry.comparison.estimate, entry.comparison.outcome
    low, high = found.interval
    point = "" if found.undecided else f"{found.match_probability:.3f} "
    text = f"{point}({low:.3f} to {high:.3f})"
    label = f'<span class="{outcome}">{escape(outcome)}</span>'
    return [(escape(text), (low + high) / 2), (label, outcome)]
