"""The pictures of a page: masks with certificate, network, match probability."""

from __future__ import annotations

from collections.abc import Sequence

from ..display.paragraphs import printable
from ..errors import InputError
from ..plots.figure import plot
from ..plots.marks.base import Marks
from ..plots.marks.registry import certificate_marks
from ..plots.network import check_drawable
from ..plots.probability import plot_probability
from ..plots.style import figure_svg, labels
from ..problem.allocation import Allocation
from ..verdict import Verdict
from ..verification.comparison import Comparison
from .entry import Drawing, PageEntry
from .words import estimate_in_words, masks_in_words, network_in_words

_MOST_DRAWN, _MOST_ESTIMATES = 24, 200  # units of a level; rows of a figure


def drawings(
    allocation: Allocation, samples: int, verdict: Verdict, comparison: Comparison | None = None
) -> tuple[Drawing, ...]:
    """The pictures of one allocation; the network only while it is small.

    Raises `InputError` without the extra `plot`.
    """
    certificate, marks = verdict.certificate, Marks()
    caption, kind = "Learnable and frozen weights", ""
    if certificate is not None:
        marks, kind = certificate_marks(allocation, samples, certificate), certificate.kind
        if not marks.is_empty:
            caption += f", with the certificate ({kind}) marked"
    words = {"masks": (caption, masks_in_words(allocation, marks, kind))}
    if _is_small(allocation):
        path = ", with the path of the certificate" if marks.path else ""
        caption = f"The network: learnable connections thick, frozen ones thin{path}"
        words["network"] = (caption, network_in_words(allocation, marks))
    found = []
    for what, (caption, description) in words.items():
        figure = plot(allocation, samples, verdict, what=(what,), headline=False)
        found.append(Drawing(figure_svg(figure, caption), caption, description))
    if comparison is not None:
        estimate = comparison.estimate
        figure = plot_probability([("this allocation", estimate, verdict)])
        caption = "Match probability as measured, with its 95 % interval"
        found.append(Drawing(figure_svg(figure, caption), caption, estimate_in_words(estimate)))
    return tuple(found)


def _is_small(allocation: Allocation) -> bool:
    try:
        check_drawable(allocation, _MOST_DRAWN)
    except InputError:
        return False
    return True


def all_estimates(entries: Sequence[PageEntry]) -> Drawing | None:
    """All measured match probabilities in one picture; None for fewer than two or very many."""
    names = labels([entry.name for entry in entries])
    measured = [
        (printable(name), entry.comparison.estimate, entry.verdict)
        for name, entry in zip(names, entries, strict=True)
        if entry.comparison is not None
    ]
    if not 2 <= len(measured) <= _MOST_ESTIMATES:
        return None
    caption = "Match probabilities as measured, with their 95 % intervals, sorted"
    words = [f"{name}: {estimate_in_words(estimate)}" for name, estimate, _ in measured]
    return Drawing(figure_svg(plot_probability(measured), caption), caption, ". ".join(words))
