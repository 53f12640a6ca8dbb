"""The figure and the summary of `relu_concentration.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import (
    Correlation,
    Interval,
    correlation,
    forest,
    pairwise_accuracy,
    plotting,
    save_figure,
)

KEYS = ("units", "inputs", "layers")


def groups(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows by family, budget and kind of draw."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        draw = {"free": ", no conflicts", "uniform": ", random"}.get(row["draw"], "")
        found.setdefault(f"{row['family']}, r = {row['budget']}{draw}", []).append(row)
    return found


def correlations(rows: Sequence[dict[str, Any]], seed: int) -> dict[str, Correlation]:
    """Spearman's correlation of MP_reg with the spread over hidden units, inputs, layers.

    For the inputs, of those with learnables in W1.
    """
    found = {}
    for key in KEYS:
        pairs = [(float(row[key]), float(row["mp"])) for row in rows if float(row[key])]
        found[key] = correlation([x for x, _ in pairs], [y for _, y in pairs], seed)
    return found


def linear_maximal(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose masks are maximal in a linear network."""
    return [row for row in rows if row["linear_class"] == "maximal"]


def ranking(rows: Sequence[dict[str, Any]], key: str) -> tuple[float, int]:
    """Pairwise accuracy of one column; orbits count once, lower bounds are left out."""
    distinct = {row["orbit"]: row for row in rows}.values()
    exact = [row for row in distinct if int(row["undecided"]) < 5]
    intervals = [Interval(*(float(row[name]) for name in ("mp", "low", "high"))) for row in exact]
    return pairwise_accuracy([float(row[key]) for row in exact], intervals)


def is_critical(row: dict[str, Any]) -> bool:
    """Whether there are as many learnables as equations."""
    _, widths, samples = row["family"].split()[:3]
    return int(row["budget"]) == int(widths.split("-")[-1]) * int(samples[1:])


def summary(rows: Sequence[dict[str, Any]], seed: int) -> str:
    """The correlations of each group, and how well the soft rank and the spread rank pairs."""
    lines: list[str] = []
    right, count = defaultdict[Any, float](float), defaultdict[Any, int](int)
    for name, group in groups(rows).items():
        mp = np.array([float(row["mp"]) for row in group])
        bound = " (lower bounds)" if any(int(row["undecided"]) > 5 for row in group) else ""
        share, number = ranking(group, "soft_rank")
        soft = f"soft rank orders {share:.3f} of {number} pairs" if number else "no pairs"
        span = f"MP_reg {mp.min():.2f} to {mp.max():.2f}, mean {mp.mean():.2f}"
        lines.append(f"{name}: {span}{bound}; {soft}")
        for part, text in ((group, "all"), (linear_maximal(group), "linear maximal")):
            found = correlations(part, seed)
            lines.append(f"  {text}: " + ", ".join(f"{key} {found[key]}" for key in KEYS))
        for key in ("soft_rank", *KEYS):
            share, number = ranking(group, key)
            if number:
                right[is_critical(group[0]), key] += share * number
                count[is_critical(group[0]), key] += number
    for critical, text in ((True, "r = d m"), (False, "r > d m")):
        lines.append(f"{text}: pairs of one family with separate intervals, in order (ties half):")
        for key in ("soft_rank", *KEYS):
            if number := count[critical, key]:
                share = right[critical, key] / number
                lines.append(f"  by {key}: {share:.3f} of {number}")
    return "\n".join(lines)


def draw(rows: Sequence[dict[str, Any]], path: Path, seed: int) -> None:
    """Correlations with their intervals; and every mask of W1 of the network 4-4-1."""
    plt = plotting()
    found = groups(rows)
    figure, panels = plt.subplots(1, 4, figsize=(14, 1.8 + 0.27 * len(found)))
    places = np.arange(len(found))[::-1]
    titles = ("hidden units", "inputs (columns of W1)", "layers")
    for panel, key, title in zip(panels, KEYS, titles, strict=False):
        for place, group in zip(places, found.values(), strict=True):
            forest(panel, place, correlations(group, seed)[key], "tab:blue")
            part = linear_maximal(group)
            forest(panel, place, correlations(part, seed)[key], "tab:orange", hollow=True)
        panel.axvline(0, color="grey", linewidth=0.7)
        panel.set(title=f"spread over {title}", xlim=(-1.05, 1.05), xlabel="Spearman with MP_reg")
        panel.set_yticks(places, list(found) if panel is panels[0] else [""] * len(found))
        panel.set_ylim(-0.6, len(found) - 0.4)
    shown = [row for row in rows if row["family"] == "ReLU 4-4-1 m4 W1"]
    units, inputs, mp = ([float(row[key]) for row in shown] for key in ("units", "inputs", "mp"))
    points = panels[3].scatter(units, mp, c=inputs, cmap="viridis", s=25)
    figure.colorbar(points, ax=panels[3], label="effective number of inputs")
    panels[3].set(title="4-4-1, m = 4, W1 only", xlabel="effective number of units")
    panels[3].set_ylabel("MP_reg")
    figure.suptitle("full: all allocations, hollow: maximal in the linear network")
    save_figure(figure, path)
