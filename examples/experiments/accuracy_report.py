"""The figure and the summary of `accuracy.py`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from common import Interval, correlation, pairwise_accuracy, plotting, save_figure

KINDS = ("LFFN", "LRNN")
CLASSES = ("minimal", "intermediate", "positive", "maximal")
PREDICTORS = ("class and estimate", "class alone", "rank alone", "spread over layers")
CLEAR = 0.02  # a larger share of undecided draws is no measured probability


def is_open(row: dict[str, Any]) -> bool:
    """Whether neither 0 nor 1 was proved."""
    return row["class"] in ("intermediate", "positive")


def is_clear(row: dict[str, Any]) -> bool:
    """Whether nearly all draws are decided."""
    return int(row["undecided"]) <= CLEAR * int(row["trials"])


def observed(row: dict[str, Any]) -> str:
    """The class that the counts look like."""
    if not int(row["matches"]):
        return "no match"
    return "some match" if float(row["high"]) < 1 else "none missed"


def score(row: dict[str, Any], predictor: str) -> float:
    """What a predictor ranks an allocation by."""
    if predictor == "class and estimate":
        return float(row["estimate"])
    if predictor == "class alone":
        return {"minimal": 0.0, "maximal": 1.0}.get(row["class"], 0.5)
    return float(row["class"] != "minimal") if predictor == "rank alone" else float(row["layers"])


def pairs(rows: Sequence[dict[str, Any]], predictor: str, within: bool = False) -> Any:
    """Pairwise accuracy of all pairs of one kind, or of those of one family; and how many."""
    if within:
        families = sorted({row["family"] for row in rows})
        parts = [pairs([r for r in rows if r["family"] == name], predictor) for name in families]
        count = sum(number for _, number in parts)
        right = sum(share * number for share, number in parts if number)
        return (right / count if count else math.nan), count
    intervals = [Interval(*(float(row[key]) for key in ("mp", "low", "high"))) for row in rows]
    return pairwise_accuracy([score(row, predictor) for row in rows], intervals)


def classes(rows: Sequence[dict[str, Any]]) -> str:
    """How often a measurement refutes or confirms the class."""
    found = Counter(row["outcome"] for row in rows)
    closed = [row for row in rows if row["class"] in ("minimal", "maximal")]
    wrong = sum(row["outcome"] == "refuted" for row in closed)
    return (
        f"{len(rows)} allocations, classes confirmed {found['confirmed']}, open {found['open']}, "
        f"refuted {found['refuted']} ({wrong} of {len(closed)} minimal or maximal ones)"
    )


def calibration(rows: Sequence[dict[str, Any]]) -> str:
    """RMSE, coverage and rank correlation of the estimates of open allocations."""
    chosen = [row for row in rows if is_open(row) and is_clear(row)]
    if len(chosen) < 3:
        return "too few"
    columns = ("estimate", "mp", "estimate_low", "estimate_high", "low", "high")
    point, mp, below, above, low, high = (np.array([float(r[c]) for r in chosen]) for c in columns)
    rmse = math.sqrt(float(np.mean((point - mp) ** 2)))
    inside = np.mean((below <= mp) & (mp <= above))
    meets = np.mean((below <= high) & (low <= above))
    share, count = pairs(chosen, "class and estimate")
    return (
        f"{len(chosen)} open, decided to {1 - CLEAR:.0%}: RMSE {rmse:.3f}, mean estimate "
        f"{point.mean():.3f} and measured {mp.mean():.3f}; in the range {inside:.0%}, range meets "
        f"the measured interval {meets:.0%}; {share:.1%} of {count} pairs; Spearman "
        f"{correlation(point.tolist(), mp.tolist(), 0)}"
    )


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """What the experiment shows, in lines of text."""
    lines = []
    for kind in KINDS:
        own = [row for row in rows if row["kind"] == kind]
        drawn = [row for row in own if row["source"] != "selected"]
        families = {row["family"] for row in drawn}
        lines.append(f"{kind}, random, {len(families)} networks: {classes(drawn)}")
        for name in CLASSES:
            found = Counter(observed(row) for row in drawn if row["class"] == name)
            lines.append(f"  {name}: " + ", ".join(f"{k} {found[k]}" for k in sorted(found)))
        for text, part in (
            ("all", drawn),
            ("test networks", [row for row in drawn if row["source"] == "test"]),
        ):
            for predictor in PREDICTORS:
                share, count = pairs(part, predictor)
                inside, number = pairs(part, predictor, within=True)
                lines.append(
                    f"  {text}, by {predictor}: {share:.2%} of {count} pairs, "
                    f"{inside:.2%} of {number} pairs of one network"
                )
        mp, estimates = ([float(row[c]) for row in drawn] for c in ("mp", "estimate"))
        lines.append(f"  Spearman of estimate and measured, all: {correlation(estimates, mp, 0)}")
        lines.append(f"  random ones: {calibration(drawn)}")
        test = [row for row in drawn if row["source"] == "test"]
        lines.append(f"  test networks: {calibration(test)}")
        chosen = [row for row in own if row["source"] == "selected"]
        lines.append(f"  selected, even degree, their network left out: {calibration(chosen)}")
    return "\n".join(lines)


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Measured against estimated for open allocations, and the pairwise accuracies."""
    plt = plotting()
    figure, panels = plt.subplots(1, 3, figsize=(13, 4))
    colours = {"LFFN": "tab:blue", "LRNN": "tab:red"}
    for panel, kind in zip(panels, KINDS, strict=False):
        chosen = [r for r in rows if r["kind"] == kind and is_open(r) and is_clear(r)]
        point, mp = (np.array([float(row[c]) for row in chosen]) for c in ("estimate", "mp"))
        panel.plot([0.4, 1], [0.4, 1], color="grey", linewidth=0.7)
        panel.plot(point, mp, ".", color=colours[kind], alpha=0.3, ms=5)
        for part in np.array_split(np.argsort(point, kind="stable"), 8):
            if len(part):
                spread = mp[part].std()
                panel.errorbar(point[part].mean(), mp[part].mean(), spread, fmt="ks", ms=4)
        panel.set(title=f"{kind}, {len(chosen)} open allocations", xlabel="estimated")
        low = min(0.8, *mp, *point) - 0.02 if len(chosen) else 0.4
        panel.set(ylabel="measured match probability", xlim=(low, 1.01), ylim=(low, 1.01))
    for shift, kind in ((-0.2, "LFFN"), (0.2, "LRNN")):
        drawn = [r for r in rows if r["kind"] == kind and r["source"] != "selected"]
        shares = [pairs(drawn, predictor)[0] for predictor in PREDICTORS]
        panels[2].bar(np.arange(4) + shift, shares, 0.38, color=colours[kind], label=kind)
    panels[2].axhline(0.92, color="black", linestyle=":", label="92 % (paper's summary)")
    panels[2].set_xticks(range(4), [name.replace(" ", "\n", 1) for name in PREDICTORS])
    panels[2].set(title="pairs in the right order", ylim=(0.3, 1.12))
    panels[2].legend(fontsize=8, loc="upper center", ncols=3)
    save_figure(figure, path)
