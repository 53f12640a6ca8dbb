"""What is said of the degree where T6 and T7 leave a case open (T1, T11)."""

from __future__ import annotations

from ..degrees.degree import Open
from .analysis import Analysis


def degree_in_words(analysis: Analysis) -> str:
    """What T6 and T7 find, or why they were not asked, though it does not decide here."""
    if not analysis.is_polynomial:
        return ""
    if analysis.allocation.n_learnable > analysis.target.value:
        if not analysis.is_linear:
            return ""
        return "; no basis that was tried is maximal by itself"
    if analysis.weights is not None:
        return "; degrees are sought for random frozen weights only"
    if analysis.given is not None:
        return "; degrees are sought for random inputs only"
    if not analysis.options.effort.seeks_degrees:
        what = "0 seconds" if not analysis.options.effort.seconds else "degree 0"
        return f"; no degree was sought, in an effort of {what}"
    solving = analysis.core.solving if analysis.core is not None else None
    if solving is None:
        return ""
    if solving.degree is None:
        return f"; the degree is open ({solving.open_reason})"
    if solving.degree % 2:
        some = "" if solving.is_met else ", but not all of the solutions could be certified"
        return f"; the degree {solving.degree} is odd{some}"
    if isinstance(solving.witness, Open):
        reason = solving.witness.reason
        return f"; the degree {solving.degree} is even, which decides nothing ({reason})"
    return f"; the degree {solving.degree} is even"
