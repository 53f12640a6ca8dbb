"""What all results share: how they show themselves in terminals, `str` and notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from .entries import WARNING, Entry
from .html import framed


class Shown:
    """A result that shows itself: in a line by `repr`, in some by `str`, as HTML in notebooks.

    The first of its entries, warnings aside, says what came out, the others why and how sure that
    is.
    """

    def entries(self) -> Sequence[Entry]:
        """What is to be shown: the result first, or after warnings (labelled so)."""
        raise NotImplementedError

    def __repr__(self) -> str:
        label, text, _ = next(entry for entry in self.entries() if entry.label != WARNING)
        line = " ".join(f"{label}: {text}".split())
        return f"<{type(self).__name__} {line if len(line) <= 100 else f'{line[:97]}...'}>"

    def __str__(self) -> str:
        """The lines that the command line prints of it."""
        return "\n".join(line for entry in self.entries() for line in entry.lines())

    def _repr_html_(self) -> str:
        """The result as a notebook shows it: a fragment of HTML without scripts."""
        entries = self.entries()
        head, *rows = (entry for entry in entries if entry.label != WARNING)
        return framed(head, rows, [entry.text for entry in entries if entry.label == WARNING])
