"""What all pictures share: colours, text, the file formats. Nothing of it is global state."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from ..display.html import escape
from ..display.paragraphs import one_line, printable
from ..errors import InputError, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart by hatch and lightness alone; the colours are safe for the colour-blind (Okabe, Ito).
STYLES: dict[str, dict[str, Any]] = {
    "minimal": {"color": "#D55E00", "hatch": "xx"},
    "intermediate": {"color": "#F0E442", "hatch": "//"},
    "positive": {"color": "#56B4E9", "hatch": ".."},
    "maximal": {"color": "#009E73", "hatch": ""},
    "undecided": {"color": "#FFFFFF", "hatch": ""},
    "failed": {"color": "#000000", "hatch": ""},
}
LEARNABLE, MARK, GREY, PALE = "#0072B2", "#D55E00", "#767676", "#C8C8C8"
FORMATS = (".svg", ".pdf", ".png")
# Whose names are no names for a figure.
_FILES = (".json", ".npz", ".safetensors", ".pt", ".pth", ".sqlite")
_SETTINGS: dict[str, Any] = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Arial", "Helvetica", "sans-serif"],
    "text.usetex": False,
    "text.parse_math": False,  # names of files may have dollars
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "theorycheck",
    "pdf.fonttype": 42,
}
# Without dates and versions, so that the same picture is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": "theorycheck"},
    ".pdf": {"CreationDate": None, "Creator": "theorycheck", "Producer": None},
    ".png": {"Software": None},
}


@contextmanager
def settings() -> Iterator[None]:
    """Our settings of matplotlib in the `with` block, whatever the user's own are.

    Raises `InputError` if the extra `plot` is missing.
    """
    try:
        from matplotlib import rc_context
    except ImportError:
        raise InputError("a figure needs the extra plot: pip install 'theorycheck[plot]'") from None
    with rc_context(dict[Any, Any](_SETTINGS)), warnings.catch_warnings():
        # A name may have characters that the font has not; a reader of the SVG may well have them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def check_ending(path: str | Path) -> Path:
    """The path of a figure; raises `InputError` unless it ends in .svg, .pdf or .png."""
    out = Path(path)
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"{out}: the name of a figure must end in {', '.join(FORMATS)}")
    return out


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure, .svg, .pdf or .png by the ending of `path`; the same figure, the same bytes.

    Raises `InputError` for another ending and if the file cannot be written.
    """
    out = check_ending(path)
    kind = out.suffix.lower()
    buffer = io.BytesIO()
    with settings():
        figure.savefig(buffer, format=kind[1:], dpi=150, metadata=_METADATA[kind])
    with writing():
        out.write_bytes(buffer.getvalue())


def figure_svg(figure: Figure, alternative: str = "") -> str:
    """A figure as an <svg> element for a page, with `alternative` as its text for who cannot see.

    Only ids that the picture itself refers to are kept, and these are the same for the same shape:
    several pictures fit on one page.

    >>> from theorycheck.plots.shown import ShownFigure
    >>> figure_svg(ShownFigure(1, 1), "nothing")[:36]
    '<svg role="img" aria-label="nothing"'
    """
    buffer = io.StringIO()
    with settings():
        figure.savefig(buffer, format="svg", metadata=_METADATA[".svg"])
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    text = re.sub(r' id="([^"]+)"', lambda m: m[0] if m[1] in used else "", text)
    label = escape(one_line(alternative))
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def shortened(text: str, most: int) -> str:
    """At most `most` characters, the middle left out if there are more.

    >>> shortened("a_very_long_name.json", 12)
    'a_ver...json'
    """
    text = printable(one_line(text))
    if len(text) <= most:
        return text
    tail = (most - 3) // 2
    return f"{text[: most - 3 - tail]}...{text[-tail:]}"


def labels(names: Sequence[str]) -> list[str]:
    """Names for figures: those of files without folder and ending, as far as that tells them apart.

    >>> labels(["runs/a.json", "b.pt", "layer.1"])
    ['a', 'b', 'layer.1']
    >>> labels(["old/a.json", "new/a.json", "new/a.npz"])
    ['old/a', 'new/a.json', 'a.npz']
    """
    paths = [PurePath(name) for name in names]
    return [
        _short(path, paths[:k] + paths[k + 1 :]) if path.suffix.lower() in _FILES else names[k]
        for k, path in enumerate(paths)
    ]


def _short(path: PurePath, others: Sequence[PurePath]) -> str:
    for whole in (False, True):
        for n in range(1, len(path.parts) + 1):
            tail, *rest = (
                "/".join(each.parts[-n:]).removesuffix("" if whole else each.suffix)
                for each in (path, *others)
            )
            if tail not in rest:
                return tail
    return str(path)


def wrapped(text: str, inches: float, size: float) -> list[str]:
    """Lines of a text of that font size in points that fit into a width."""
    per_line = max(int(inches * 72 / (0.56 * size)), 20)  # a wide sans-serif's mean letter
    return textwrap.wrap(printable(one_line(text)), per_line) or [""]
