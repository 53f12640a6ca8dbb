"""Drawing the network: learnable connections thick, frozen ones thin, absent ones not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InputError
from ..problem.allocation import Allocation
from ..problem.networks.unrolled import Group
from .layout import Layout, layout, path_edges
from .marks.base import Marks
from .picture import MOST_WIDTH, Canvas, Part
from .style import GREY, LEARNABLE, MARK, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_UNITS, MOST_LEVELS = 60, 20
_TALLEST = 8.0  # inches
Curve = list[tuple[float, float]]


def check_drawable(allocation: Allocation, most: int = MOST_UNITS) -> None:
    """Raise `InputError` for a network that no drawing would show.

    A level has more than `most` units, there are too many levels, or it is of another form.
    """
    network = allocation.network
    if not (network.is_layered or network.has_one_state):
        raise InputError(
            "a drawing of the network shows fully connected layers, or one hidden state without "
            "biases; a picture of the masks has no such limit"
        )
    sizes = [size for shape in network.weight_shapes.values() for size in shape]
    if max(sizes) > most:
        raise InputError(
            f"a drawing of the network shows up to {most} units a level, here are {max(sizes)}; "
            "a picture of the masks has no such limit"
        )
    n_levels = 1 + sum(len(shape) == 2 for shape in network.weight_shapes.values())
    if n_levels > MOST_LEVELS:
        raise InputError(f"a drawing of the network shows up to {MOST_LEVELS} levels of units")


def network_part(allocation: Allocation, marks: Marks) -> Part:
    """The network as part of a picture."""
    found = layout(allocation)
    down = min(0.42, _TALLEST / max(found.height, 1))
    across = min(1.7, (MOST_WIDTH - 1) / max(found.width, 1))
    width, height = found.width * across + 1.2, found.height * down + 0.6

    def draw(canvas: Canvas, left: float, top: float) -> None:
        axes = canvas.axes(left, top + 0.25, width, height)
        _draw(axes, found, marks, (across, down))

    return Part(max(width, 4.2), height + 0.35, draw)


def _draw(axes: Axes, found: Layout, marks: Marks, step: tuple[float, float]) -> None:
    across, down = step
    axes.set_axis_off()
    lows = [y for _, y, _ in found.units.values()]
    axes.set_xlim(-0.6, found.width * across + 0.6)
    axes.set_ylim(min(lows) * down - 0.3, max(lows) * down + 0.3)
    size = min(13.0, 0.72 * down * 72)
    _edges(axes, found, marks, step)
    _units(axes, found, step, size)
    top = max(lows) * down + 0.3
    for x, name in found.names:
        axes.text(x * across, top, name, fontsize=8, ha="center", va="bottom")
    for group, text in marks.groups.items():
        _outline(axes, found, group, text, step)


def _units(axes: Axes, found: Layout, step: tuple[float, float], size: float) -> None:
    across, down = step
    for marker, is_constant in (("o", False), ("s", True)):
        places = [
            (x * across, y * down)
            for key, (x, y, _) in found.units.items()
            if found.is_constant(key) == is_constant
        ]
        if places:
            axes.plot(*zip(*places, strict=True), ls="none", marker=marker, ms=size, mfc="white",
                      mec="black", mew=1, zorder=5, clip_on=False)  # fmt: skip
    if size < 6:
        return
    for x, y, text in found.units.values():
        axes.text(x * across, y * down, text, fontsize=size * 0.55, ha="center",
                  va="center_baseline", zorder=6)  # fmt: skip


def _edges(axes: Axes, found: Layout, marks: Marks, step: tuple[float, float]) -> None:
    from matplotlib.collections import LineCollection

    on_path = path_edges(found, marks.path)
    curves: dict[str, list[Curve]] = {"frozen": [], "learnable": [], "path": []}
    for number, (_, tail, head, learnable) in enumerate(found.edges):
        ends = (found.units[tail][:2], found.units[head][:2])
        curve = [(x * step[0], y * step[1]) for x, y in ends]
        curves["learnable" if learnable else "frozen"].append(curve)
        if number in on_path:
            curves["path"].append(curve)
    # The more connections cross between two levels, the thinner, or nothing would be seen of them.
    usual = 150 * len(found.allocation.network.weight_shapes)
    thin = min(max((usual / max(len(found.edges), 1)) ** 0.5, 0.2), 1.0)
    styles = {
        "path": (7, "#F2B48C", 2),
        "frozen": (0.7 * thin, GREY if thin > 0.5 else PALE, 3),
        "learnable": (2.4 * thin, LEARNABLE, 4),
    }
    for name, (width, colour, order) in styles.items():
        if curves[name]:
            lines = LineCollection(
                curves[name],  # type: ignore[arg-type]
                colors=colour,
                linewidths=width,
                zorder=order,
                capstyle="round",
            )
            lines.set_gid(name)
            axes.add_collection(lines)


def _outline(axes: Axes, found: Layout, group: Group, text: str, step: tuple[float, float]) -> None:
    """Outline a group of units."""
    from matplotlib.patches import Rectangle

    across, down = step
    places = [found.units[key] for key in found.groups.get(group, [])]
    left, right = (f(x for x, _, _ in places) * across for f in (min, max))
    low, high = (f(y for _, y, _ in places) * down for f in (min, max))
    box = Rectangle((left - 0.17, low - 0.17), right - left + 0.34, high - low + 0.34, fill=False,
                    edgecolor=MARK, lw=2, zorder=7, clip_on=False)  # fmt: skip
    axes.add_patch(box)
    axes.text((left + right) / 2, low - 0.2, text, fontsize=8, ha="center", va="top")
