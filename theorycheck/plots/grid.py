"""Drawing one grid with the marks on it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..problem.masks import Mask
from .marks.base import EntryBlock, Line, Mark, Spot, Walk
from .panels import Counts, Panel
from .style import GREY, MARK, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NUMBERED = 32  # lines that are all numbered
_SHADES = 8
Rectangle = tuple[float, float, float, float]  # x, y, width, height


def draw_grid(
    axes: Axes, panel: Panel, marks: Iterable[Mark], side: float, texts_below: float
) -> None:
    """Draw a panel whose blocks are `side` inches wide, then its marks.

    `texts_below` is the distance in inches at which it tells what rows and columns are.
    """
    rows, columns = panel.learnable.shape
    axes.set_xlim(-0.02, columns + 0.02)
    axes.set_ylim(rows + 0.02, -0.02)
    for spine in axes.spines.values():
        spine.set_visible(False)
    below = f"columns: {panel.column_label}\nrows: {panel.row_label}"
    style = {"ha": "left", "va": "top", "fontsize": 7, "color": "#404040"}
    axes.text(0, rows + texts_below / side, below, **style)
    axes.set_title(panel.title, fontsize=9, loc="left", pad=14 if side > 0.1 else 10)
    _numbers(axes, panel, side)
    if panel.present is None:
        _plain_blocks(axes, panel)
    else:
        _blocks(axes, panel)
    own = [mark for mark in marks if mark.grid == panel.name]
    _lines(axes, panel, [m for m in own if isinstance(m, Line)], side)
    for block in (m for m in own if isinstance(m, EntryBlock)):
        _block(axes, panel, block)
    _walks(axes, panel, [m for m in own if isinstance(m, Walk)], side)
    _spots(axes, panel, [m for m in own if isinstance(m, Spot)], side)


def rectangles(axes: Axes, places: Iterable[Rectangle], **style: Any) -> None:
    """Many rectangles as one shape."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    vertices, codes = [], []
    for x, y, width, height in places:
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
        vertices += corners
        codes += [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    if vertices:
        axes.add_patch(PathPatch(Path(vertices, codes), clip_on=False, **style))


def fill_of(share: float) -> dict[str, Any]:
    """How a block is filled of whose present weights this share (0 to 1) is learnable."""
    if share == 0:
        return {"facecolor": "#F4F4F4", "edgecolor": "#A8A8A8", "hatch": "/////", "lw": 0}
    # From a pale blue to the full one: also in grey, darker is more.
    full, pale = np.array([0, 114, 178]), np.array([204, 226, 240])
    red, green, blue = (pale + (full - pale) * share).round().astype(int)
    return {"facecolor": f"#{red:02x}{green:02x}{blue:02x}", "edgecolor": "none", "lw": 0}


def shades(panel: Panel) -> tuple[Counts, float]:
    """The shade of each block from 0 (all frozen) to 8, -1 without weights; the largest share."""
    assert panel.present is not None
    share = panel.learnable / np.maximum(panel.present, 1)
    largest = float(share.max()) or 1.0
    level = np.ceil(share / largest * _SHADES - 1e-9).astype(int)
    return np.where(panel.present == 0, -1, level), largest


def _blocks(axes: Axes, panel: Panel) -> None:
    levels, _ = shades(panel)
    for level in range(_SHADES + 1):
        rectangles(axes, _strips(levels == level), zorder=1, **fill_of(level / _SHADES))
    height, width = levels.shape
    style = {"colors": "white", "linewidth": 0.7, "zorder": 1.5}
    axes.vlines(range(1, width), 0, height, **style)
    axes.hlines(range(1, height), 0, width, **style)
    axes.plot([0, width, width, 0, 0], [0, 0, len(levels), len(levels), 0], lw=0.8, color=GREY,
              zorder=2, clip_on=False)  # fmt: skip
    if panel.has_bias:
        axes.plot([width - 1] * 2, [0, len(levels)], lw=1.5, color="black", zorder=2)


def _strips(chosen: Mask) -> list[Rectangle]:
    """The chosen blocks, neighbours in a row as one rectangle: large grids stay small files."""
    edges = np.diff(chosen.astype(np.int8), axis=1, prepend=0, append=0)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [(a, i, b - a, 1) for (i, a), (_, b) in zip(starts.tolist(), ends.tolist(), strict=True)]


def _plain_blocks(axes: Axes, panel: Panel) -> None:
    rows, columns = panel.learnable.shape
    places = [(j, i, 1, 1) for i in range(rows) for j in range(columns)]
    rectangles(axes, places, zorder=1, facecolor="white", edgecolor=PALE, lw=0.6)
    active = [(j + 0.1, i + 0.1, 0.8, 0.8) for i, j in np.argwhere(panel.learnable).tolist()]
    rectangles(axes, active, zorder=1.5, facecolor=GREY, edgecolor="none")


def _numbers(axes: Axes, panel: Panel, side: float) -> None:
    """Numbers of rows on the left and of columns above, not more than fit."""
    size = min(7.5, max(side * 72 * 0.75, 5))
    rows, columns = panel.learnable.shape
    for is_row, n_blocks, step in (
        (True, rows, panel.row_step),
        (False, columns - panel.has_bias, panel.column_step),
    ):
        every = max(-(-n_blocks // _MOST_NUMBERED), 1)
        widest = len(str(n_blocks * step)) if not is_row else 1
        while every * side * 72 < widest * size * 0.75:
            every *= 2
        blocks = list(range(0, n_blocks, every))
        names = [str(block * step) for block in blocks]
        if is_row and panel.row_names is not None:
            names = [panel.row_names[block * step] for block in blocks]
        if not is_row and panel.has_bias:
            blocks, names = [*blocks, columns - 1], [*names, "b"]
        axis = axes.yaxis if is_row else axes.xaxis
        axis.set_ticks([block + 0.5 for block in blocks], names)
    axes.tick_params(length=0, pad=2, labelsize=size, top=True, labeltop=True, labelbottom=False)


def _lines(axes: Axes, panel: Panel, lines: list[Line], side: float) -> None:
    rows, columns = panel.learnable.shape
    size = min(8, side * 72 * 0.8)
    places = _outlines(panel, lines)
    texts: dict[tuple[str, int], list[str]] = {}
    for line in lines:
        if line.text and line.text not in texts.setdefault((line.axis, line.index), []):
            texts[line.axis, line.index].append(line.text)
    rectangles(axes, places, fill=False, edgecolor="white", lw=3.2, zorder=3)
    rectangles(axes, places, fill=False, edgecolor=MARK, lw=1.6, zorder=3.1)
    _strike(axes, panel, [line for line in lines if line.struck])
    if panel.is_coarse:  # numbers of single lines would cover each other
        return
    bold = {(line.axis, line.index) for line in lines if line.outlined}
    gap = 4 / 72 / side
    for (axis, index), words in texts.items():
        weight = "bold" if (axis, index) in bold else "normal"
        style: dict[str, Any] = {"fontsize": size, "weight": weight, "color": "black"}
        if axis == "rows":
            where = columns + gap, sum(panel.y(index)) / 2
            axes.text(*where, ", ".join(words), ha="left", va="center", **style)
        else:
            where = sum(panel.x(index)) / 2, rows + gap * 0.6
            axes.text(*where, "\n".join(words), ha="center", va="top", **style)


def _outlines(panel: Panel, lines: list[Line]) -> list[Rectangle]:
    """Outlines of lines; in a coarse grid neighbours have one in common."""
    rows, columns = panel.learnable.shape
    places: list[Rectangle] = []
    for axis in ("rows", "columns"):
        chosen = sorted({line.index for line in lines if line.axis == axis and line.outlined})
        runs = _runs(tuple(chosen)) if panel.is_coarse else [(i, i) for i in chosen]
        for first, last in runs:
            if axis == "rows":
                low, high = panel.y(first)[0], panel.y(last)[1]
                places.append((-0.04, low, columns + 0.08, high - low))
            else:
                low, high = panel.x(first)[0], panel.x(last)[1]
                places.append((low, -0.04, high - low, rows + 0.08))
    return places


def _strike(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    """A stroke through each of the lines."""
    rows, columns = panel.learnable.shape
    for line in lines:
        if line.axis == "rows":
            x, y = [0, columns + 0.05], [sum(panel.y(line.index)) / 2] * 2
        else:
            x, y = [sum(panel.x(line.index)) / 2] * 2, [0, rows + 0.05]
        axes.plot(x, y, color="white", lw=4, zorder=3, clip_on=False)
        axes.plot(x, y, color=MARK, lw=2, zorder=3.1, clip_on=False)


def _block(axes: Axes, panel: Panel, block: EntryBlock) -> None:
    """One outline around each run of neighbouring rows and columns."""
    places = []
    for top, bottom in _runs(block.rows):
        for left, right in _runs(block.columns):
            x, y = panel.x(left)[0], panel.y(top)[0]
            places.append((x, y, panel.x(right)[1] - x, panel.y(bottom)[1] - y))
    rectangles(axes, places, fill=False, edgecolor="white", lw=3.6, zorder=3)
    rectangles(axes, places, fill=False, edgecolor=MARK, lw=2, zorder=3.1)


def _runs(indices: tuple[int, ...]) -> list[tuple[int, int]]:
    """First and last of each run of consecutive indices."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indices):
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def _walks(axes: Axes, panel: Panel, walks: list[Walk], side: float) -> None:
    from matplotlib.collections import LineCollection

    size = min(max(side * 72 * 0.35, 2), 7)
    for dashed in (False, True):
        own = [walk for walk in walks if walk.dashed == dashed]
        points = sorted({panel.centre(*c) for walk in own for c in walk.entries})
        pairs = [
            (panel.centre(*a), panel.centre(*b)) for walk in own for a, b in pairwise(walk.entries)
        ]
        dashes = (0, (2.5, 1.5)) if dashed else "solid"
        if pairs:
            axes.add_collection(LineCollection(pairs, colors="white", linewidths=3.6, zorder=4))
            lines = LineCollection(
                pairs, colors=MARK, linewidths=1.8, linestyles=[dashes], zorder=4.1
            )
            axes.add_collection(lines)
        if points:
            axes.plot(*zip(*points, strict=True), ls="none", marker="s" if dashed else "o",
                      ms=size, mfc="white" if dashed else MARK, mec=MARK, mew=1.2, zorder=4.2,
                      clip_on=False)  # fmt: skip


_MARKERS: dict[str, dict[str, Any]] = {
    "ring": {"marker": "o", "mfc": "white", "mec": MARK},
    "dot": {"marker": "o", "mfc": "white", "mec": "black"},
    "text": {"marker": "o", "mfc": "white", "mec": "none"},
    "row": {"marker": "_", "mec": MARK},
    "column": {"marker": "|", "mec": "black"},
}
_SIZES = {"ring": 0.55, "dot": 0.28, "text": 0.78, "row": 0.6, "column": 0.6}


def _spots(axes: Axes, panel: Panel, spots: list[Spot], side: float) -> None:
    points = side * 72
    named = {(spot.row, spot.column) for spot in spots if spot.shape == "text"}
    for shape, style in _MARKERS.items():
        own = [spot for spot in spots if spot.shape == shape]
        if shape == "dot" and not panel.is_coarse:  # it would cover the text
            own = [spot for spot in own if (spot.row, spot.column) not in named]
        places = sorted({panel.centre(spot.row, spot.column) for spot in own})
        if not places or (shape == "text" and panel.is_coarse):
            continue
        size = max(points * _SIZES[shape], 2)
        edge = min(max(size * 0.22, 0.8), 2.4) if shape != "dot" else 0.8
        order = 4.5 if shape == "dot" else 4.4
        axes.plot(*zip(*places, strict=True), ls="none", ms=size, mew=edge, zorder=order,
                  clip_on=False, **style)  # fmt: skip
    texts: dict[tuple[int, int], list[str]] = {}
    for spot in spots if not panel.is_coarse else []:
        if spot.shape == "text":
            texts.setdefault((spot.row, spot.column), []).append(spot.text)
    for place, words in texts.items():
        text = ",".join(dict.fromkeys(words))
        size = min(8, points * 0.55 / max(len(text) * 0.55, 1))
        axes.text(*panel.centre(*place), text, ha="center", va="center_baseline",
                  fontsize=max(size, 2.5), zorder=5)  # fmt: skip
