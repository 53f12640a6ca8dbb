"""What a page tells about: one allocation with verdict and measurement, or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from ..display.paragraphs import printable
from ..problem.allocation import Allocation
from ..verdict import Verdict
from ..verification.comparison import Comparison


@dataclass(frozen=True)
class Drawing:
    """A picture: the <svg> element, a caption, and what is drawn in words."""

    svg: str
    caption: str
    description: str


@dataclass(frozen=True)
class PageEntry:
    """One section of a page.

    `name` is that of a file or any other; `comparison` that of `compare`, where it was measured;
    `commands` repeat the results; `error` is told where something failed. `drawings` None are
    drawn when the page is written.

    >>> PageEntry("missing.json", error="no such file").verdict is None
    True
    """

    name: str
    allocation: Allocation | None = None
    samples: int = 0
    verdict: Verdict | None = None
    comparison: Comparison | None = None
    commands: tuple[str, ...] = ()
    error: str = ""
    drawings: tuple[Drawing, ...] | None = None


def certificate_names(entries: list[PageEntry]) -> list[str]:
    """A file name for the certificate of each entry: of plain characters, and each only once.

    >>> names = certificate_names([PageEntry(name) for name in ("a/x.json", "x.npz", "x", "<é>")])
    >>> [name.removesuffix(".certificate.json") for name in names]
    ['x', 'x-2', 'x-3', 'allocation']
    """
    names: list[str] = []
    for entry in entries:
        stem = PurePath(printable(entry.name)).stem
        stem = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._-")[:80] or "allocation"
        number, name = 1, stem
        while f"{name}.certificate.json" in names:
            number += 1
            name = f"{stem}-{number}"
        names.append(f"{name}.certificate.json")
    return names
