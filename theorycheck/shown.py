"""What all results share: how they show themselves in terminals, `str` and notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from .entries import Entry
from .fragment import framed


class Shown:
    """A result that shows itself: in a line by `repr`, in some by `str`, as HTML in notebooks.

    The first of its entries says what came out, the others why and how sure that is.
    """

    def entries(self) -> Sequence[Entry]:
        """What is to be shown, the result first."""
        raise NotImplementedError

    def __repr__(self) -> str:
        label, text, _ = self.entries()[0]
        line = " ".join(f"{label}: {text}".split())
        return f"<{type(self).__name__} {line if len(line) <= 100 else f'{line[:97]}...'}>"

    def __str__(self) -> str:
        """The lines that the command line prints of it."""
        return "\n".join(line for entry in self.entries() for line in entry.lines())

    def _repr_html_(self) -> str:
        """The result as a notebook shows it: a fragment of HTML without scripts."""
        head, *rows = self.entries()
        return framed(head, rows)
