"""Results as fragments of HTML, for notebooks: no scripts, legible on light and dark pages."""

from __future__ import annotations

import html
from collections.abc import Sequence

from .paragraphs import Paragraph, printable

# Shapes that tell the classes apart without colour; as the markers of plots/probability.py.
SHAPES = {
    "minimal": "▼",
    "intermediate": "◆",
    "positive": "▲",
    "maximal": "■",
    "undecided": "○",
}


def escape(text: object) -> str:
    """Any text as content or as a quoted attribute of HTML.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(printable(text), quote=True)


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
