"""The figure that every picture is: one of matplotlib that a notebook shows by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Settings: TypeAlias = Callable[[], AbstractContextManager[None]]  # of matplotlib, while it draws


class ShownFigure(Figure):
    """A figure that pyplot does not know of; a notebook shows it all the same."""

    def __init__(self, width: float, height: float, settings: Settings) -> None:
        self._settings = settings
        super().__init__(figsize=(width, height), dpi=100, facecolor="white")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with self._settings():
            self.savefig(buffer, format="png")
        return buffer.getvalue()
