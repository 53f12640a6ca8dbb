"""The whole page: one text of HTML that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from ..display.html import escape
from ..display.paragraphs import printable
from ..errors import InputError
from .entry import PageEntry, certificate_names
from .figures import all_estimates, drawings
from .overview import overview
from .sections import picture, section
from .svg import Styles

_PACKAGES = ("numpy", "scipy", "networkx", "sympy", "python-flint", "matplotlib")


def page(entries: Iterable[PageEntry], *, title: str = "", date: datetime | None = None) -> str:
    """A report on allocations as the text of a self-contained HTML page.

    It loads nothing from anywhere, and its content security policy allows no script and no style
    but its own. Two entries or more begin with a table that can be sorted. `date` is now, in UTC,
    by default. Without the extra `plot` the page has no pictures.

    Raises `InputError` if there is no entry.

    >>> from theorycheck import Allocation, LinearFeedforward, classify
    >>> allocation = Allocation.layer(LinearFeedforward([2, 3, 2]), "W2")
    >>> entry = PageEntry("readout", allocation, 2, classify(allocation, 2))
    >>> text = page([entry], title="My layers")
    >>> text.startswith("<!DOCTYPE html>"), "<h1>My layers</h1>" in text, "maximal" in text
    (True, True, True)
    """
    found = list(entries)
    if not found:
        raise InputError("a page needs an entry or more")
    found, missing = _drawn(found)
    styles = Styles()
    names = certificate_names(found)
    sections = [section(e, n, names[n - 1], styles) for n, e in enumerate(found, 1)]
    top = overview(found) if len(found) > 1 else ""
    estimates = None if missing else all_estimates(found)
    if estimates is not None:
        top += f'\n<div class="pictures">{picture(estimates, "all", styles)}</div>'
    if missing:
        top += f'\n<p class="soft">No pictures: {escape(missing)}</p>'
    if not printable(title).strip():
        title = "theorycheck report" + (f": {found[0].name}" if len(found) == 1 else "")
    body = "\n".join(part for part in (top, *sections) if part)
    return _document(title, body, styles, date or datetime.now(UTC))


def _drawn(entries: list[PageEntry]) -> tuple[list[PageEntry], str]:
    """The entries with their pictures, and why there are none, if there are none."""
    result, missing = [], ""
    for entry in entries:
        allocation, verdict = entry.allocation, entry.verdict
        if entry.drawings is None and allocation is not None and verdict is not None:
            try:
                pictures = drawings(allocation, entry.samples, verdict, entry.comparison)
            except InputError as error:
                pictures, missing = (), str(error)
            entry = replace(entry, drawings=pictures)
        result.append(entry)
    return result, missing


def _document(title: str, body: str, styles: Styles, date: datetime) -> str:
    own = files(__package__ or "theorycheck.reports")
    style = own.joinpath("style.css").read_text(encoding="utf-8") + styles.css()
    script = own.joinpath("script.js").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    day = date.isoformat(timespec="seconds")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header id="top">
<h1>{escape(title)}</h1>
<p class="soft">Is this choice of learnable weights any good? Answered without training.</p>
</header>
<main id="main" tabindex="-1">
{body}
</main>
<footer>
<p>Written <time datetime="{day}">{date:%Y-%m-%d %H:%M} {escape(date.tzname() or "")}</time> by
{escape(_versions())}.</p>
</footer>
<script>{script}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _versions() -> str:
    from ..version import __version__

    found = [f"theorycheck {__version__}", f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
