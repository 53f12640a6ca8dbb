"""What all results share: how they show themselves in terminals, `str` and notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from .html import framed
from .paragraphs import WARNING, Paragraph, one_line


class Shown:
    """A result that shows itself: in a line by `repr`, in some by `str`, as HTML in notebooks.

    The first of its paragraphs, warnings aside, says what came out, the others why and how sure
    that is.
    """

    def paragraphs(self) -> Sequence[Paragraph]:
        """What is to be shown: the result first, or after warnings (labelled so)."""
        raise NotImplementedError

    def __repr__(self) -> str:
        label, text, _ = next(
            paragraph for paragraph in self.paragraphs() if paragraph.label != WARNING
        )
        line = one_line(f"{label}: {text}")
        return f"<{type(self).__name__} {line if len(line) <= 100 else f'{line[:97]}...'}>"

    def __str__(self) -> str:
        """The lines that the command line prints of it."""
        return "\n".join(line for paragraph in self.paragraphs() for line in paragraph.lines())

    def _repr_html_(self) -> str:
        """The result as a notebook shows it: a fragment of HTML without scripts."""
        paragraphs = self.paragraphs()
        head, *rows = (paragraph for paragraph in paragraphs if paragraph.label != WARNING)
        return framed(
            head, rows, [paragraph.text for paragraph in paragraphs if paragraph.label == WARNING]
        )
