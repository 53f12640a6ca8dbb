"""Pictures inside a page: their own ids, and classes in the place of style attributes.

The page's policy allows no style attribute, so that nothing that slips into it can have one.
"""

from __future__ import annotations

import re

from ..display.html import escape
from .entry import Drawing

_STYLE = re.compile(r' style="([^"]*)"')
_INNER_STYLE = re.compile(r"\s*<style\b.*?</style>", re.DOTALL)
_NAMESPACE = re.compile(r' xmlns(:\w+)?="[^"]*"')


class Styles:
    """The rules that all pictures of a page share: one class for each distinct style.

    >>> styles = Styles()
    >>> styles.class_of("fill: none"), styles.class_of("fill: red"), styles.class_of("fill: none")
    ('g0', 'g1', 'g0')
    >>> styles.css()
    '.g0{fill: none}\\n.g1{fill: red}'
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def class_of(self, declarations: str) -> str:
        """The class with these declarations."""
        return self._names.setdefault(declarations, f"g{len(self._names)}")

    def css(self) -> str:
        """The rules."""
        rules = (f".{name}{{{text}}}" for text, name in self._names.items())
        return "\n".join(rules)


def embedded(drawing: Drawing, prefix: str, styles: Styles) -> str:
    """The <svg> element as part of a page, its ids beginning with `prefix`, which no other has."""
    text = _INNER_STYLE.sub("", drawing.svg[drawing.svg.index("<svg") :])
    text = _NAMESPACE.sub("", text).replace("xlink:href=", "href=")
    text = re.sub(r' id="([^"]*)"', rf' id="{prefix}-\1"', text)
    text = re.sub(r"url\(#([^)]*)\)", rf"url(#{prefix}-\1)", text)
    text = re.sub(r' href="#([^"]*)"', rf' href="#{prefix}-\1"', text)
    text = _STYLE.sub(lambda match: f' class="{styles.class_of(match[1])}"', text)
    head, _, rest = text.partition(">")
    size = re.findall(r' (?:width|height|viewBox)="[^"]*"', head)
    return (
        f'<svg role="img" aria-label="{escape(drawing.caption)}" '
        f'aria-describedby="{prefix}-d"{"".join(size)}><title>{escape(drawing.caption)}</title>'
        f'<desc id="{prefix}-d">{escape(drawing.description)}</desc>{rest.strip()}'
    )
