"""Measured match probabilities with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..certificates import Certificate
from ..errors import InputError
from ..measurement.estimate import Estimate
from ..verdict import Verdict
from .picture import Canvas, Part, Picture
from .style import settings, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by their shapes alone; the colours are those of the classes elsewhere.
MARKERS: dict[str, dict[str, Any]] = {
    "minimal": {"marker": "v", "mfc": "#D55E00"},
    "intermediate": {"marker": "D", "mfc": "#F0E442"},
    "positive": {"marker": "^", "mfc": "#56B4E9"},
    "maximal": {"marker": "s", "mfc": "#009E73"},
    "undecided": {"marker": "o", "mfc": "white"},
}
_MOST_ENTRIES = 200
_ROW = 0.26  # inches
Entry = tuple[str, Estimate, Verdict | Certificate | None]


def plot_probability(entries: Sequence[Entry], title: str = "") -> Figure:
    """Measured match probabilities, one row each, sorted, as a figure of matplotlib.

    `entries` are (name, estimate, verdict or None): a mark at the share of matches among the
    decided draws, its shape the class of the verdict, and the 95 % interval. Draws that stayed
    undecided widen the interval and are told beside it.

    Raises `InputError` for none or more than 200 entries, and without the extra `plot`.
    """
    if not 0 < len(entries) <= _MOST_ENTRIES:
        raise InputError(f"a figure shows 1 to {_MOST_ENTRIES} estimates, not {len(entries)}")
    with settings():
        picture = Picture()
        if title:
            picture.text(shortened(title, 70), 11, weight="bold")
        picture.add(probability_part(entries))
        return picture.figure()


def probability_part(entries: Sequence[Entry]) -> Part:
    """The dots and whiskers as part of a picture."""
    ordered = sorted(entries, key=lambda entry: (_centre(entry[1]), entry[0]))
    names = [shortened(name, 40) for name, _, _ in ordered]
    notes = [_note(estimate) for _, estimate, _ in ordered]
    before = 0.15 + 0.075 * max(map(len, names))
    behind = 0.15 + 0.07 * max(map(len, notes))
    height = _ROW * len(ordered) + 0.1

    def draw(canvas: Canvas, left: float, top: float) -> None:
        axes = canvas.axes(left + before, top + 0.55, 4, height)
        _draw(axes, ordered, names, notes)

    return Part(before + 4 + behind, height + 1.05, draw)


def _centre(estimate: Estimate) -> float:
    if estimate.match_probability is None:
        return sum(estimate.interval) / 2
    return estimate.match_probability


def _note(estimate: Estimate) -> str:
    text = f"{estimate.matches} of {estimate.trials} draws"
    return f"{text}, {estimate.undecided} undecided" if estimate.undecided else text


def class_of(verdict: Verdict | Certificate | None) -> str:
    """The class that a marker shows; without a verdict there is none."""
    return "not classified" if verdict is None else str(verdict.expressivity)


def _draw(axes: Axes, entries: Sequence[Entry], names: list[str], notes: list[str]) -> None:
    rows = range(len(entries))
    shown = set()
    for row, (_, estimate, verdict) in zip(rows, entries, strict=True):
        low, high = estimate.interval
        axes.plot([low, high], [row, row], color="black", lw=1.2, zorder=2)
        axes.plot([low, high], [row, row], "|", color="black", ms=8, mew=1.2, zorder=2)
        name = class_of(verdict)
        style = MARKERS.get(name, {"marker": "x", "mfc": "black"})
        if estimate.match_probability is not None:
            label = "_" if name in shown else name
            axes.plot([estimate.match_probability], [row], ls="none", ms=7, mec="black", mew=0.9,
                      label=label, zorder=3, clip_on=False, **style)  # fmt: skip
            shown.add(name)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.6, len(entries) - 0.4)
    axes.set_yticks(list(rows), names, fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("match probability, 95 % interval", fontsize=8)
    axes.grid(axis="x", color="#D8D8D8", lw=0.6)
    axes.set_axisbelow(True)
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)
    for row, note in zip(rows, notes, strict=True):
        axes.text(1.05, row, note, fontsize=7.5, va="center", color="#404040")
    if shown:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, frameon=False,
                    borderaxespad=0.2, handletextpad=0.2)  # fmt: skip
