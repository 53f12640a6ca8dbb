"""A figure of what a sweep found: classes by budget, theorem and degree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..sweeps.results import Summary, Tally
from .style import STYLES, check_ending, save_figure, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_summary(summary: Summary, out: str | Path | None = None) -> Figure:
    """Draw shares of allocations in each class, by budget, by theorem and by degree.

    The figure is written to the file `out`, if one is given. Raises `InputError` for an ending
    other than .svg, .pdf, .png, if nothing is decided yet, if the file cannot be written, and if
    the extra `plot` is missing.
    """
    if out is not None:
        check_ending(out)
    figure = summary_figure(summary)
    if out is not None:
        save_figure(figure, out)
    return figure


def summary_figure(summary: Summary) -> Figure:
    """The figure of `plot_summary`; raises `InputError` if nothing is decided yet."""
    if not summary.allocations:
        raise InputError("nothing is decided yet, so there is nothing to draw")
    with settings():
        return _draw(summary)


def _draw(summary: Summary) -> Figure:
    from .shown import ShownFigure

    panels: list[tuple[str, Mapping[Any, Tally]]] = [("budget", summary.budgets)]
    panels += [("theorem", {(b, a): n for (a, b), n in summary.theorems.items()})]
    panels += [("degree", {(b, a): n for (a, b), n in summary.degrees.items()})]
    panels = [(title, counts) for title, counts in panels if counts]
    figure = ShownFigure(3.4 * len(panels) + 0.8, 3.4)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, counts) in zip(axes, panels, strict=True):
        _stack(axis, title, counts, summary.allocations)
    axes[0].set_ylabel("share of allocations")
    handles = {}
    for axis in axes:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=len(handles))
    return figure


def _stack(axis: Axes, title: str, counts: Mapping[Any, Tally], total: int) -> None:
    """Bars of the shares, one for every value of what `title` names, stacked by class."""
    values = sorted({value for value, _ in counts})
    if title == "budget":  # each budget by itself: their numbers of allocations differ by decades
        totals = {v: sum(n.allocations for (b, _), n in counts.items() if b == v) for v in values}
    else:
        totals = dict.fromkeys(values, total)
    base = dict.fromkeys(values, 0.0)
    for name, style in STYLES.items():
        own = {value: counts[value, name] for value in values if (value, name) in counts}
        if not own:
            continue
        heights = [count.allocations / totals[value] for value, count in own.items()]
        places = [values.index(value) for value in own]
        bottoms = [base[value] for value in own]
        axis.bar(places, heights, 0.8, bottoms, label=name, edgecolor="black", lw=0.6, **style)
        for value, height in zip(own, heights, strict=True):
            base[value] += height
    axis.set_xticks(range(len(values)), list(map(str, values)))
    axis.set_xlabel(title)
    axis.set_ylim(0, max(base.values()) * 1.05)
