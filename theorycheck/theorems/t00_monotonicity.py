"""T0 Monotonicity: more learnable weights never match less."""

from __future__ import annotations

from ..analysis import Analysis
from ..verdict import Expressivity
from . import t03_rows, t04_one_layer, t05_recurrent
from .base import Finding, Theorem
from .parts import through_part


def obstacle(analysis: Analysis) -> str | None:
    """T0 needs a sub-allocation to start from: all weights, or those of one of several layers."""
    if analysis.allocation.n_learnable == analysis.allocation.n_present:
        return None
    if not analysis.is_linear:
        return "not every weight is learnable"
    if len(analysis.learnable_layers) < 2:
        return "there is no smaller sub-allocation of whole layers"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if all weights are learnable, or if those of one layer alone are maximal."""
    if analysis.allocation.n_learnable == analysis.allocation.n_present:
        reason = "every weight is learnable, so the student can copy the teacher"
        return Finding("T0", Expressivity.MAXIMAL, reason, "full")
    for names in analysis.learnable_layers:
        part = analysis.restricted_to(names)
        for theorem in (t03_rows.THEOREM, t04_one_layer.THEOREM, t05_recurrent.THEOREM):
            finding = theorem.decide(part) if theorem.obstacle(part) is None else None
            if finding is not None and finding.expressivity is Expressivity.MAXIMAL:
                reason = f"the learnable weights of {' and '.join(names)} alone suffice "
                reason += f"({theorem.id}: {finding.reason})"
                return through_part(part, finding, reason)
    return None


THEOREM = Theorem(
    id="T0",
    name="Monotonicity",
    statement=(
        "If every learnable weight of A is learnable in A', then MP(A, m) <= MP(A', m); and "
        "MP(A, m) >= MP(A, m + 1)."
    ),
    source="theory.md T0",
    obstacle=obstacle,
    decide=decide,
)
