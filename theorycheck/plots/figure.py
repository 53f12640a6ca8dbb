"""The picture of an allocation: masks, network and match probability on one figure."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..certificates import Certificate
from ..errors import InputError, shown
from ..measurement.estimate import Estimate
from ..problem.allocation import Allocation
from ..problem.arguments import check_allocation
from ..problem.networks.base import positive_integer
from ..statements import STATEMENTS
from ..verdict import Verdict
from .grid import draw_grid, fill_of, rectangles, shades
from .marks.base import Line, Marks
from .marks.registry import certificate_marks
from .network import check_drawable, network_part
from .panels import Panel, chosen_layers, extra_panels, layer_panel
from .picture import Canvas, Part, Picture
from .probability import probability_part
from .style import GREY, settings, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONTENTS = ("masks", "network", "probability")
_MOST_LAYERS = 12  # weight matrices in one picture
_LONGEST_SIDE, _SHORTEST_SIDE, _LONGEST_GRID = 0.32, 0.085, 5.6  # inches


def plot(
    allocation: Allocation,
    samples: int,
    verdict: Verdict | Certificate | None = None,
    *,
    estimate: Estimate | None = None,
    what: Collection[str] | None = None,
    title: str = "",
    headline: bool = True,
) -> Figure:
    """The picture of an allocation as a figure of matplotlib, which pyplot does not know of.

    `what` are some of `masks` (a grid for every weight, with what the certificate of the `verdict`
    points at), `network` (units and connections) and `probability` (the measured `estimate`); by
    default all that there is, the network up to 24 units a level. Without
    `headline` question, class and reason are left out. Write it with
    `theorycheck.save_figure` or `Figure.savefig`. A certificate is drawn as it is, unchecked.

    Raises `InputError` for unknown parts, for a network of more than 60 units a level if it is
    asked for, and without the extra `plot`.

    >>> from theorycheck import LinearFeedforward, classify
    >>> allocation = Allocation.rows(LinearFeedforward([2, 3, 2]), {"W2": [0]})
    >>> figure = plot(allocation, 2, classify(allocation, 2))
    >>> [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")][:2]
    ['W1, 3 x 2', 'W2, 2 x 3']
    """
    check_allocation(allocation)
    samples = positive_integer(samples, "samples")
    parts = _parts(allocation, estimate, what)
    marks = _marks(allocation, samples, verdict)
    with settings():
        picture = Picture()
        if headline:
            _headline(picture, allocation, samples, verdict, title)
        if "masks" in parts:
            _masks(picture, allocation, samples, marks)
        if "network" in parts:
            picture.add(network_part(allocation, marks))
            path = "; wide: the path of the certificate" if marks.path else ""
            picture.text(f"Connections: learnable thick, frozen thin, absent missing{path}", 8)
        if estimate is not None and "probability" in parts:
            name = shortened(title, 40) or "this allocation"
            picture.add(probability_part([(name, estimate, verdict)]))
        return picture.figure(6.0 if headline else 3.0)


def _parts(
    allocation: Allocation, estimate: Estimate | None, what: Collection[str] | None
) -> Collection[str]:
    if what is None:
        try:
            check_drawable(allocation, 24)
        except InputError:
            return ("masks", "probability")
        return CONTENTS
    what = (what,) if isinstance(what, str) else what
    for part in what:
        if part not in CONTENTS:
            raise InputError(f"what must be some of {', '.join(CONTENTS)}, not {shown(part)}")
    if "probability" in what and estimate is None:
        raise InputError("the match probability needs an estimate of tc.measure")
    if "network" in what:
        check_drawable(allocation)
    return what


def _marks(allocation: Allocation, samples: int, verdict: Verdict | Certificate | None) -> Marks:
    certificate = verdict.certificate if isinstance(verdict, Verdict) else verdict
    if certificate is None:
        return Marks()
    return certificate_marks(allocation, samples, certificate)


def _headline(
    picture: Picture,
    allocation: Allocation,
    samples: int,
    verdict: Verdict | Certificate | None,
    title: str,
) -> None:
    """What is asked, the class, and why."""
    if title:
        picture.text(shortened(title, 70), 11, weight="bold")
    plural = "s" if samples > 1 else ""
    n_learnable, n_present = allocation.n_learnable, allocation.n_present
    picture.text(
        f"{allocation.network.describe()}, {samples} sample{plural}; {n_learnable} of {n_present} "
        "weights learnable"
    )
    if verdict is None:
        return
    label, theorem = str(verdict.expressivity).upper(), verdict.theorem
    reason = verdict.reason if isinstance(verdict, Verdict) else f"certificate {verdict.kind}"
    name = f" by {theorem} ({STATEMENTS[theorem].name})" if theorem in STATEMENTS else ""
    bound = verdict.error_bound
    rigor = f"; wrong with probability {bound:.1g} at most" if bound else "; proved"
    rigor = rigor if theorem else ""
    picture.text(f"{label}{name}{rigor}", 9.5, weight="bold")
    picture.text(reason[0].upper() + reason[1:] if reason else "")


def _masks(picture: Picture, allocation: Allocation, samples: int, marks: Marks) -> None:
    names, left_out = chosen_layers(allocation, marks, _MOST_LAYERS)
    layers = [layer_panel(allocation, name) for name in names]
    panels = [*layers, *extra_panels(allocation, samples, marks)]
    picture.row([_grid_part(panel, marks) for panel in panels])
    picture.add(_legend(layers))
    for note in marks.notes:
        picture.text(note[0].upper() + note[1:], 8)
    if left_out:
        picture.text(f"{left_out} more weight matrices are not drawn", 8)


def _grid_part(panel: Panel, marks: Marks) -> Part:
    rows, columns = panel.learnable.shape
    side = min(max(_LONGEST_GRID / max(rows, columns), _SHORTEST_SIDE), _LONGEST_SIDE)
    names = panel.row_names or (str(panel.shape[0]),)
    before = 0.12 + 0.075 * max(map(len, names))
    behind, above, below = _room(panel, marks)
    labels = 0.06 * (9 + max(len(panel.column_label), len(panel.row_label) - 3))
    width = max(columns * side + behind, 0.082 * len(panel.title), labels)

    def draw(canvas: Canvas, left: float, top: float) -> None:
        axes = canvas.axes(left + before, top + above, columns * side, rows * side)
        draw_grid(axes, panel, marks.marks, side, below)

    return Part(before + width, above + rows * side + below + 0.34, draw)


def _room(panel: Panel, marks: Marks) -> tuple[float, float, float]:
    """Inches behind, above and below a grid for the texts of its lines."""
    texts: dict[str, dict[int, str]] = {"rows": {}, "columns": {}}
    for mark in marks.marks:
        if isinstance(mark, Line) and mark.grid == panel.name and not panel.is_coarse:
            own = texts[mark.axis]
            own[mark.index] = own.get(mark.index, "") + mark.text + "  "
    behind = 0.08 * max((len(text) for text in texts["rows"].values()), default=0)
    lines = max((len(text.split()) for text in texts["columns"].values()), default=0)
    return behind, 0.42, 0.06 + 0.14 * lines


def _legend(layers: list[Panel]) -> Part:
    """What filled, hatched and blank squares are."""
    largest = max((shades(panel)[1] for panel in layers if panel.is_coarse), default=1.0)
    entries: list[tuple[str, dict[str, Any] | None]] = [("learnable", fill_of(1))]
    if any(panel.is_coarse for panel in layers):
        entries = [
            ("few learnable", fill_of(0.125)),
            (f"up to {largest:.2g} of a block", fill_of(1)),
        ]
    entries.append(("frozen", fill_of(0)))
    if any(panel.present is not None and (panel.present == 0).any() for panel in layers):
        entries.append(("absent", None))

    def draw(canvas: Canvas, left: float, top: float) -> None:
        axes = canvas.axes(left, top + 0.02, 6, 0.2)
        axes.set_xlim(0, 6)
        axes.set_ylim(0, 0.2)
        axes.set_axis_off()
        x = 0.02
        for name, style in entries:
            style = style or {"facecolor": "white", "edgecolor": GREY, "ls": ":", "lw": 0.8}
            rectangles(axes, [(x, 0.02, 0.16, 0.16)], **style)
            axes.text(x + 0.22, 0.1, name, va="center", fontsize=8)
            x += 0.5 + 0.075 * len(name)

    return Part(6, 0.28, draw)
