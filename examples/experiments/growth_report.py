"""The figure and the summary of `growth.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import plotting

Rows = Sequence[dict[str, str]]

# Told apart by marker and line as well; the colours are safe for the colour-blind (Okabe, Ito).
STYLES: dict[str, dict[str, Any]] = {
    "set-up": {"color": "#999999", "marker": "v", "ls": ":"},
    "draw": {"color": "#E69F00", "marker": "^", "ls": "--"},
    "rank": {"color": "#56B4E9", "marker": "s", "ls": "--"},
    "theorems": {"color": "#009E73", "marker": "D", "ls": "--"},
    "all but the file": {"color": "#000000", "marker": "o", "ls": "-"},
    "degree": {"color": "#D55E00", "marker": "*", "ls": "-"},
}
_NAMES = {"set-up": "set-up of a task", "degree": "degree, where one is needed"}


def selected(rows: Rows, **wanted: str) -> list[dict[str, str]]:
    """The rows with these entries."""
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def families(rows: Rows) -> list[str]:
    """The names of the families, in order."""
    return list(dict.fromkeys(row["family"] for row in rows))


def numbers(rows: Rows, name: str) -> list[float]:
    """One column."""
    return [float(row[name]) for row in rows]


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The exponent b of the power law y = a x^b that fits best in logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def summary(rows: Rows) -> str:
    """Two tables as Markdown, and the exponents of the growth with the number of allocations."""
    stages = [stage for stage in STYLES if stage != "degree"]
    head = [*stages, "need a degree", "median", "90 %", "still open"]
    lines = [
        f"| microseconds an allocation | {' | '.join(head)} |",
        "| --- |" + " --- |" * len(head),
    ]
    parts = selected(rows, part="width")
    for name in families(parts):
        own = {row["stage"]: row for row in selected(parts, family=name)}
        entries = [f"{1e6 * float(own[stage]['seconds']):,.3g}" for stage in stages]
        last = own.get("degree")
        if last:
            entries += [f"{float(last['needed']):.0%} of {last['allocations']}"]
            entries += [f"{float(last[key]):.2g} s" for key in ("median", "high")]
            entries += [f"{float(last['open']):.0%}"]
        else:
            entries += [""] * 4
        lines.append(f"| {name} | {' | '.join(entries)} |")
    lines += [
        "",
        "| whole sweeps | allocations | seconds | each, \u00b5s | memory, MB | file, MB |",
    ]
    lines.append("| --- |" + " --- |" * 5)
    for row in selected(rows, part="count"):
        count, seconds = int(row["allocations"]), float(row["seconds"])
        sizes = " | ".join(f"{float(row[key]):.3g}" for key in ("peak_mb", "file_mb"))
        each = f"{1e6 * seconds / count:.3g}"
        lines.append(f"| {row['family']} | {count:,} | {seconds:.3g} | {each} | {sizes} |")
    lines.append("")
    for name in families(selected(rows, part="count")):
        own = selected(rows, part="count", family=name)
        grown = slope(numbers(own, "allocations"), numbers(own, "seconds"))
        lines.append(f"{name}: time grows with the number of allocations to the power {grown:.2f}")
    return "\n".join(lines)


def draw(rows: Rows, path: Path) -> None:
    """Time by width and stage; time and memory by the number of allocations."""
    plt = plotting()
    # The same small file for the same numbers.
    plt.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none"})
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(11, 4.2), width_ratios=(1.4, 1, 1), layout="constrained"
    )
    _widths(left, selected(rows, part="width"))
    for name, colour in zip(
        families(selected(rows, part="count")), ("#0072B2", "#D55E00"), strict=False
    ):
        own = selected(rows, part="count", family=name)
        counts = numbers(own, "allocations")
        middle.plot(counts, numbers(own, "seconds"), "o-", color=colour, label=name)
        right.plot(counts, numbers(own, "peak_mb"), "o-", color=colour, label=f"memory, {name}")
        files = numbers(own, "file_mb")
        right.plot(counts, files, "o:", color=colour, mfc="w", label=f"file, {name}")
    for axes, title, label in (
        (middle, "(b) a whole sweep, ranks only", "seconds"),
        (right, "(b) memory and file", "MB"),
    ):
        axes.set(xscale="log", yscale="log", xlabel="allocations", ylabel=label, title=title)
        axes.grid(alpha=0.3)
    middle.legend(fontsize=8)
    right.legend(fontsize=8, loc="lower right")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _widths(axes: Any, rows: Rows) -> None:
    """Seconds per allocation by width, a line for each stage."""
    ticks = [width_of(name) for name in families(rows)]
    for stage, style in STYLES.items():
        own = selected(rows, stage=stage)
        widths = [width_of(row["family"]) for row in own]
        key = "median" if stage == "degree" else "seconds"
        # A difference of times may be 0: no point.
        values = [value if value > 0 else np.nan for value in numbers(own, key)]
        axes.plot(widths, values, label=_NAMES.get(stage, stage), ms=5, **style)
        if stage == "degree":
            axes.fill_between(
                widths, values, numbers(own, "high"), color=style["color"], alpha=0.15
            )
    axes.set(xscale="log", yscale="log", xlabel="width n", ylabel="seconds an allocation")
    axes.set_title("(a) LFFN n-n-n, m = n, budget n\u00b2")
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.set_xticks([], minor=True)
    axes.figure.legend(fontsize=8, loc="outside lower left", ncols=6)
    axes.grid(alpha=0.3)


def width_of(name: str) -> int:
    """n, of `LFFN n-n-n m n`."""
    return int(name.split()[1].split("-")[0])
