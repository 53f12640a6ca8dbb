"""T9 Peeling: what can always be fitted afterwards is deleted, then the rest decides."""

from __future__ import annotations

from ..structure.peeling import Peeled
from ..verdict import Expressivity
from . import t01_positivity, t02_dichotomy, t03_rows, t04_one_layer, t06_odd_degree, t07_witness
from .analysis import Analysis
from .base import Finding, Theorem, first_final
from .counts import name_lines
from .obstacles import not_dense_feedforward
from .parts import inner_certificate

# Cheap ones first; T1 only where it settles the class (the rest is then affine).
_INNER = (
    t03_rows.THEOREM,
    t04_one_layer.THEOREM,
    t02_dichotomy.THEOREM,
    t06_odd_degree.THEOREM,
    t07_witness.THEOREM,
)


def obstacle(analysis: Analysis) -> str | None:
    """T9 needs a dense linear feed-forward network without biases, and something to peel."""
    reason = not_dense_feedforward(analysis, biases=False)
    if reason is not None:
        return reason
    if not analysis.peeled.steps:
        return "no output or input has learnables enough to be fitted afterwards"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """The class of what is left, if another theorem settles it; None if none does."""
    return analysis.once(count) or _by_rest(analysis, only_counts=False)


def count(analysis: Analysis) -> Finding | None:
    """The class of what is left, if nothing is, or if counts and graphs settle it."""
    return _by_rest(analysis, only_counts=True)


def _by_rest(analysis: Analysis, *, only_counts: bool) -> Finding | None:
    peeled, part = analysis.peeled, analysis.core
    if part is None:
        reason = f"{_steps_in_words(peeled)} can be fitted one after the other: nothing is left"
        return _finding(peeled, reason, None, None)
    theorems = _INNER if part.conflict is not None else (*_INNER, t01_positivity.THEOREM)
    finding = first_final(theorems, part, lambda a: a.is_final, only_counts=only_counts)
    if finding is None:
        return None
    reason = (
        f"{_steps_in_words(peeled)} can be fitted afterwards; what is left "
        f"({part.network.describe()}, {part.samples} samples) is {finding.expressivity} by "
        f"{finding.theorem}: {finding.reason}"
    )
    return _finding(peeled, reason, part, finding)


def _finding(peeled: Peeled, reason: str, part: Analysis | None, inner: Finding | None) -> Finding:
    certificate = inner_certificate(part, inner) if part and inner else None
    evidence = {
        "steps": [[step.line, step.index] for step in peeled.steps],
        "certificate": certificate,
    }
    return Finding(
        "T9",
        inner.expressivity if inner else Expressivity.MAXIMAL,
        reason,
        "peeled",
        evidence,
        degree=inner.degree if inner else None,
        error_bound=inner.error_bound if inner else 0.0,
    )


def _steps_in_words(peeled: Peeled) -> str:
    parts = []
    for line, lines in (("row", "outputs"), ("column", "inputs")):
        indices = sorted(step.index for step in peeled.steps if step.line == line)
        if indices:
            parts.append(name_lines(lines, indices, len(indices)))
    return " and ".join(parts)


THEOREM = Theorem("T9", obstacle, decide, count=count)
