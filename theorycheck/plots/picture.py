"""A picture of parts below each other, each of the size that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .style import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 0.2
MOST_WIDTH = 10.5


@dataclass
class Part:
    """Something `width` x `height` inches large; `draw(canvas, left, top)` puts it there."""

    width: float
    height: float
    draw: Callable[[Canvas, float, float], None]


@dataclass
class Canvas:
    """A figure that is measured in inches, from its upper left corner."""

    figure: Figure
    width: float
    height: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes of that place and size."""
        bottom = self.height - top - height
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place)

    def text(self, left: float, top: float, text: str, **style: Any) -> None:
        """One line of text, its upper left corner given."""
        x, y = left / self.width, 1 - top / self.height
        self.figure.text(x, y, text, ha="left", va="top", **style)


@dataclass
class Picture:
    """Collects parts; `width` is at least that of the texts."""

    parts: list[Part] = field(default_factory=list)
    texts: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)

    def text(self, text: str, size: float = 8.5, **style: Any) -> None:
        """A paragraph, broken into lines when the width is known."""
        self.texts.append((len(self.parts), text, {"fontsize": size, **style}))

    def add(self, part: Part) -> None:
        """A part below what is there."""
        self.parts.append(part)

    def row(self, parts: list[Part], gap: float = 0.35) -> None:
        """Parts beside each other, in as many rows as they need."""
        rows: list[list[Part]] = []
        for part in parts:
            taken = sum(p.width + gap for p in rows[-1]) if rows else 0
            if rows and taken + part.width <= MOST_WIDTH:
                rows[-1].append(part)
            else:
                rows.append([part])
        for row in rows:
            self.add(_beside(row, gap))

    def figure(self, least: float = 6.0) -> Figure:
        """The figure with all of it."""
        from .shown import ShownFigure

        width = max([least, *(part.width for part in self.parts)])
        placed: list[tuple[float, Part]] = []
        top = MARGIN
        for number in range(len(self.parts) + 1):
            for place, text, style in self.texts:
                if place == number:
                    part = _paragraph(text, width, style)
                    placed.append((top, part))
                    top += part.height
            if number < len(self.parts):
                placed.append((top, self.parts[number]))
                top += self.parts[number].height
        total = width + 2 * MARGIN, top + MARGIN
        canvas = Canvas(ShownFigure(*total), *total)
        for top, part in placed:
            part.draw(canvas, MARGIN, top)
        return canvas.figure


def _paragraph(text: str, width: float, style: dict[str, Any]) -> Part:
    broad = 1.3 if style.get("weight") == "bold" else 1
    lines = wrapped(text, width, style["fontsize"] * broad)
    step = style["fontsize"] * 1.3 / 72

    def draw(canvas: Canvas, left: float, top: float) -> None:
        for number, line in enumerate(lines):
            canvas.text(left, top + number * step, line, **style)

    return Part(width, len(lines) * step + 0.04, draw)


def _beside(row: list[Part], gap: float) -> Part:
    def draw(canvas: Canvas, left: float, top: float) -> None:
        for part in row:
            part.draw(canvas, left, top)
            left += part.width + gap

    width = sum(part.width for part in row) + gap * (len(row) - 1)
    return Part(width, max(part.height for part in row), draw)
