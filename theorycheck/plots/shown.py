"""The figure that every picture is: one of matplotlib that a notebook shows by itself."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .style import settings


class ShownFigure(Figure):
    """A figure of this size in inches, which pyplot does not know of; a notebook shows it."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), dpi=100, facecolor="white")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with settings():
            self.savefig(buffer, format="png")
        return buffer.getvalue()
