"""Results as fragments of HTML, for notebooks: no scripts, legible on light and dark pages."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..statements import STATEMENTS
from .paragraphs import Paragraph

if TYPE_CHECKING:
    from ..verdict import Verdict

# Shapes that tell the classes apart without colour; as the markers of plots/probability.py.
SHAPES = {
    "minimal": "▼",
    "intermediate": "◆",
    "positive": "▲",
    "maximal": "■",
    "undecided": "○",
}


def printable(text: object) -> str:
    """Text that HTML, JSON and UTF-8 can hold; what no page may show becomes a question mark.

    >>> printable("a\\nb\\x00\\udcff")
    'a b??'
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in str(text))


def escape(text: object) -> str:
    """Any text as content or as a quoted attribute of HTML.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(printable(text), quote=True)


def verdict_fragment(verdict: Verdict) -> str:
    """What a notebook shows of a verdict: class, theorem, reason, numbers and rigor."""
    name = str(verdict.expressivity)
    by = ""
    if verdict.theorem is not None:
        title = STATEMENTS[verdict.theorem].name if verdict.theorem in STATEMENTS else ""
        by = f"{verdict.theorem} ({title})" if title else verdict.theorem
    numbers = [
        f"{label} {value}"
        for label, value in (
            ("learnable", verdict.learnable),
            ("rank", verdict.rank),
            ("target dimension", verdict.target_dimension),
            ("degree", verdict.degree),
        )
        if value is not None
    ]
    rows = [
        ("because", verdict.reason),
        ("theorem", by),
        ("numbers", ", ".join(numbers)),
        ("rigor", verdict.rigor_in_words),
        ("estimate", "" if verdict.estimate is None else str(verdict.estimate)),
    ]
    head = Paragraph(name.upper(), verdict.meaning)
    return framed(head, [Paragraph(label, text) for label, text in rows if text], verdict.warnings)


def framed(head: Paragraph, rows: Sequence[Paragraph], warnings: Sequence[str] = ()) -> str:
    """A heading, with the shape of its class if it names one, and a table of labelled rows.

    `warnings` come first. Colours are those of the surrounding page (`currentColor`), so that both
    themes are legible.
    """
    warned = "".join(
        f"<div><strong>Warning:</strong> {escape(sentence)}</div>" for sentence in warnings
    )
    shape = SHAPES.get(head.label.lower(), "")
    mark = f'<span aria-hidden="true">{shape}</span> ' if shape else ""
    cell = "text-align:left;vertical-align:top;padding:.1em .8em .1em 0"
    body = "".join(
        f'<tr><th scope="row" style="{cell};font-weight:normal;opacity:.8">{escape(label)}</th>'
        f'<td style="{cell}">{escape(text)}</td></tr>'
        for label, text, _ in rows
    )
    table = '<table style="border-collapse:collapse;margin:.3em 0 0;color:inherit;font:inherit">'
    return (
        '<div style="border:1px solid currentColor;border-radius:4px;padding:.5em .8em;'
        'max-width:60em;color:inherit;background:transparent">'
        f"{warned}<div>{mark}<strong>{escape(head.label)}</strong>: {escape(head.text)}</div>"
        f"{table}{body}</table></div>"
    )
