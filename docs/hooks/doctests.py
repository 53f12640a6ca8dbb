"""Extension of griffe: docstrings of the API with their doctests as code."""

from __future__ import annotations

from typing import Any

import griffe
from dialect import blocks, doctests


class Doctests(griffe.Extension):
    """Rewrites each docstring as soon as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the doctests of one object."""
        if obj.docstring:
            obj.docstring.value = blocks(doctests(obj.docstring.value))
