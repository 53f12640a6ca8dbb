"""The figure and the summary of `digits.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLOURS = {
    "minimal": "tab:red",
    "unlikely": "tab:red",
    "positive": "tab:orange",
    "maximal": "tab:green",
}


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """What the experiment shows, in lines of text."""
    lines: list[str] = []
    for kind in ("linear", "relu"):
        chosen = [row for row in rows if row["kind"] == kind]
        by_data = dict.fromkeys((row["data"], row["samples"]) for row in chosen)
        groups = [("all", chosen)]
        groups += [
            (
                f"{samples} {data}",
                [r for r in chosen if (r["data"], r["samples"]) == (data, samples)],
            )
            for data, samples in by_data
        ]
        lines += [_line(kind, name, part) for name, part in groups if part]
    lines += _shares([row for row in rows if row["kind"] == "relu"])
    hopeful = [r for r in rows if r["kind"] == "linear" and r["generic"] in ("positive", "maximal")]
    lost = sum(row["given"] == "minimal" for row in hopeful)
    lines.append(
        f"linear, matched on random inputs: {len(hopeful)}; of these {lost} not on the data"
    )
    checked = [row["checked"] for row in rows if "checked" in row]
    lines.append(f"certificates for the data: {sum(checked)} of {len(checked)} hold")
    wrong = sum(_is_wrong_rank(row) for row in rows if row["kind"] == "linear")
    lines.append(f"exact ranks that contradict the verdict for the data: {wrong}")
    lines.append("median residual of Adam: " + _trained(rows))
    return "\n".join(lines)


def _line(kind: str, name: str, rows: Sequence[dict[str, Any]]) -> str:
    differ = [row for row in rows if row["given"] != row["generic"]]
    excluded = [row for row in rows if row["excluded"]]
    sides = Counter(row["fits_agree"] for row in excluded)
    every = Counter(row["fits_agree"] for row in rows)
    return (
        f"{kind}, {name}: {len(rows)} allocations; class differs in {len(differ)} "
        f"({len(differ) / len(rows):.0%}), excludes the generic one in {len(excluded)} "
        f"({len(excluded) / len(rows):.0%}); there fits side with the data {sides['yes']}, against "
        f"{sides['no']}, open {sides['open']}; everywhere {every['yes']}, {every['no']}, "
        f"{every['open']}"
    )


def _shares(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for data in dict.fromkeys(row["data"] for row in rows):
        part = [row for row in rows if row["data"] == data]
        given, generic = (
            sum(row[f"{name}_share"] for row in part) / len(part) for name in ("given", "generic")
        )
        matched = sum(row["matches"] for row in part) / sum(row["teachers"] for row in part)
        lines.append(
            f"relu, {data}: {given:.0%} of the patterns have full rank ({generic:.0%} on Gaussian "
            f"inputs), {matched:.0%} of the teachers are matched"
        )
    return lines


def _is_wrong_rank(row: dict[str, Any]) -> bool:
    return (row["rank"] < row["given_target"]) != (row["given"] == "minimal")


def _trained(rows: Sequence[dict[str, Any]]) -> str:
    parts = []
    for kind in ("linear", "relu"):
        for name in COLOURS:
            values = sorted(
                r["adam_residual"] for r in rows if r["given"] == name and r["kind"] == kind
            )
            if values:
                parts.append(f"{kind} {name} {values[len(values) // 2]:.1e}")
    return ", ".join(parts)


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Residuals of fits by the class for the data; rings where the generic class is excluded."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 3, figsize=(13, 4), sharey=True)
    linear = [row for row in rows if row["kind"] == "linear"]
    relu = [row for row in rows if row["kind"] == "relu"]
    titles = ("linear: least squares, Levenberg-Marquardt", "linear: Adam", "ReLU: L.-M.")
    keys = ("median_residual", "adam_residual", "median_residual")
    for panel, title, key, part in zip(panels, titles, keys, (linear, linear, relu), strict=True):
        for name, colour in COLOURS.items():
            for excluded in (False, True):
                chosen = [r for r in part if r["given"] == name and r["excluded"] == excluded]
                panel.scatter(
                    [row["rank"] / row["given_target"] for row in chosen],
                    [max(row[key], 1e-32) for row in chosen],
                    s=45 if excluded else 14,
                    facecolors="none" if excluded else colour,
                    edgecolors=colour,
                    label=f"{name}{', generic class excluded' if excluded else ''}",
                )
        panel.axhline(1e-12, color="grey", linewidth=0.5)
        panel.set(title=title, yscale="log", xlabel="exact rank on the data / target dimension")
    panels[0].set_ylabel("squared residual / squared norm\nof the outputs (median)")
    panels[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
