"""Answers as JSON that is the same for the same code: without times, dates and versions."""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import Any

LONGEST = 20_000  # characters of a list or text that is written down; of a longer one its hash
_CLOCK = frozenset({"seconds", "versions"})
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_SCRUBBED = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?:\+00:00)?"), "DATE"),
    (re.compile(rf"\b{_NUMBER} (s|ms|min|seconds|minutes)\b"), r"TIME \1"),
    (
        re.compile(
            r"\b(theorycheck|Python|numpy|scipy|networkx|sympy|python-flint|matplotlib|igraph)"
            r" \d+(?:\.\w+)+"
        ),
        r"\1 VERSION",
    ),
)


def plain(value: Any) -> Any:
    """JSON without what a clock or an installation says; long lists and texts as their hash.

    >>> plain({"rank": 2, "seconds": 0.3, "rows": (0, 1)})
    {'rank': 2, 'rows': [0, 1]}
    """
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items() if key not in _CLOCK}
    if isinstance(value, (list, tuple)):
        return shortened([plain(inner) for inner in value])
    if isinstance(value, str):
        return shortened(scrubbed(value))
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} is not JSON")


def shortened(value: Any) -> Any:
    """The value, or the hash of its JSON text if that is long."""
    text = json.dumps(value)
    return value if len(text) <= LONGEST else {"length": len(text), "sha256": sha256(text)}


def sha256(text: str) -> str:
    """The hash of a text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def scrubbed(text: str) -> str:
    """A text without times, dates and versions.

    >>> scrubbed("numpy 2.1.0, 0.35 s, seed 3")
    'numpy VERSION, TIME s, seed 3'
    """
    for pattern, word in _SCRUBBED:
        text = pattern.sub(word, text)
    return text


def markup(text: str) -> dict[str, Any]:
    """A page or picture: its words, to see what differs, and the hash of all of it.

    >>> markup("<b>r &lt; D</b><i>T1</i>")["words"]
    ['r < D', 'T1']
    """
    text = scrubbed(text)
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", text, flags=re.DOTALL)
    words = [html.unescape(part).strip() for part in re.split(r"<[^>]*>", body)]
    words = [" ".join(word.split()) for word in words if word]
    return {"words": words, "length": len(text), "sha256": sha256(text)}
