"""A figure of methods by budget: for how many samples they serve, and their ranks on some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..answers.method_comparison import MethodComparison
from ..answers.method_rows import MethodDraw, most_matched
from ..display.paragraphs import samples_in_words
from ..errors import InputError
from .style import GREY, check_ending, save_figure, settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by marks and dashes alone; the colours are safe for the colour-blind (Okabe, Ito).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKS = "osD^vPX<>*"
_DASHES = ("-", "--", ":")
_TICKS = [digit * 10**power for power in range(12) for digit in (1, 2, 5)]


def plot_methods(found: MethodComparison, out: str | Path | None = None) -> Figure:
    """Draw for how many samples each method makes a match possible, and its rank, by budget.

    Left the samples, right the rank as a share of the target dimension on the samples asked about,
    both against the number of weights that the method spends; a hollow mark is a number that is
    only known from below, one on the upper edge is any number. The figure is written to the file
    `out`, if one is given. Raises `InputError` for an ending other than .svg,
    .pdf, .png, if nothing is known yet, if the file cannot be written, and if the extra `plot` is
    missing.
    """
    if out is not None:
        check_ending(out)
    with settings():
        figure = _draw(found)
    if out is not None:
        save_figure(figure, out)
    return figure


def _draw(found: MethodComparison) -> Figure:
    from .shown import ShownFigure

    lines = _lines(found)
    if not lines:
        raise InputError("nothing is known yet, so there is nothing to draw")
    figure = ShownFigure(10, 4.2)
    figure.set_layout_engine("constrained")
    left, right = figure.subplots(1, 2)
    for number, (name, draws) in enumerate(lines.items()):
        style = {
            "color": _COLOURS[number % len(_COLOURS)],
            "marker": _MARKS[number % len(_MARKS)],
            "ls": _DASHES[number // len(_COLOURS) % len(_DASHES)],
            "ms": max(9.0 - number, 4.0),  # so that equal ones are seen behind each other
        }
        _samples(left, name, draws, style)
        _ranks(right, draws, style)
    _any_number(left, [draw for draws in lines.values() for draw in draws])
    left.set_ylabel("samples on which a match is possible")
    right.set_ylabel(f"rank / target dimension on {samples_in_words(found.samples)}")
    right.set_ylim(-0.03, 1.06)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.minorticks_off()
        ticks = [tick for tick in _TICKS if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
        axes.set_xticks(ticks, list(map(str, ticks)))
        axes.set_xlabel(f"numbers trained, of {found.size}")
        axes.axvline(found.budget, color=GREY, lw=0.8, ls=":", zorder=1)
        axes.grid(color="#D8D8D8", lw=0.6)
        axes.set_axisbelow(True)
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", fontsize=8)
    return figure


def _lines(found: MethodComparison) -> dict[str, list[MethodDraw]]:
    """The draws that count of each method with capacities, by how much they spend."""
    lines: dict[str, dict[int, MethodDraw]] = {row.method: {} for row in found.rows}
    for row in (*found.others, *found.rows):  # at the budget itself more has been asked
        if row.median is not None and row.median.capacity is not None:
            lines[row.method][row.median.learnable] = row.median
    return {name: [own[spent] for spent in sorted(own)] for name, own in lines.items() if own}


def _samples(axes: Axes, name: str, draws: Sequence[MethodDraw], style: dict[str, Any]) -> None:
    """The line of a method: what is only known from below has a hollow mark."""
    points = [
        (draw.learnable, draw.capacity.positive, most_matched(draw.capacity))
        for draw in draws
        if draw.capacity is not None
    ]
    places = [(spent, number) for spent, number, _ in points if number is not None]
    axes.plot(*zip(*places, strict=True) if places else ([], []), lw=1.2, label=name, **style)
    below = [(spent, number) for spent, number, text in points if text.endswith("+")]
    if below:
        hollow = {**style, "ls": "none", "mfc": "white"}
        axes.plot(*zip(*below, strict=True), **hollow)
    spent = [spent for spent, number, _ in points if number is None]
    axes.plot(spent, [1] * len(spent), transform=axes.get_xaxis_transform(), clip_on=False,
              **{**style, "ls": "none"})  # fmt: skip


def _any_number(axes: Axes, draws: Iterable[MethodDraw]) -> None:
    """The upper edge stands for any number of samples, where some serve on any."""
    numbers = [draw.capacity.positive for draw in draws if draw.capacity is not None]
    largest = max((number for number in numbers if number is not None), default=0)
    axes.set_ylim(-0.02 * max(largest, 1), 1.12 * max(largest, 1))
    if None in numbers:
        axes.set_title("upper edge: any number of samples", fontsize=8, loc="left")


def _ranks(axes: Axes, draws: Iterable[MethodDraw], style: dict[str, Any]) -> None:
    """The ranks of a method as shares of the target dimension."""
    shares = [
        (draw.learnable, draw.rank / draw.target_dimension)
        for draw in draws
        if draw.rank is not None and draw.target_dimension
    ]
    if shares:
        axes.plot(*zip(*shares, strict=True), lw=1.2, **style)
