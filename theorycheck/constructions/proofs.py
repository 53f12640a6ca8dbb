"""Which proof is executed: the first one of maximality that is a recipe."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import OutOfTimeError, SizeError
from ..theorems import t00_monotonicity
from ..theorems.analysis import Analysis
from ..theorems.base import Finding, Theorem
from ..theorems.registry import THEOREMS
from ..verdict import Expressivity
from .factored import can_factor
from .recipes import RECIPES, Proof


def find_proof(analysis: Analysis, with_teacher: bool) -> Finding | None:
    """The first finding of maximality that can be executed; None if there is none.

    Without the teacher's weights nothing is copied: then the learnables of a layer alone are asked
    about, and at last whether the outputs can be factored; at a bottleneck that comes first, since
    it tells outputs of too large a rank.
    """
    if not with_teacher and can_factor(analysis) and analysis.target.value < analysis.n_equations:
        return t00_monotonicity.THEOREM.ask_count(analysis)
    found = next(_recipes(analysis, with_teacher), None)
    if found is not None or with_teacher:
        return found
    for names in analysis.learnable_layers:
        part = analysis.restricted_to(names)
        for finding in _recipes(part, False):
            what = f"the learnable weights of {' and '.join(names)}"
            return t00_monotonicity.Part(analysis, part, what).of_whole(finding)
    return t00_monotonicity.THEOREM.ask_count(analysis) if can_factor(analysis) else None


def _recipes(analysis: Analysis, with_teacher: bool) -> Iterator[Finding]:
    """Findings that can be executed; they end where one refutes that the allocation is maximal."""
    for ask in (Theorem.ask_count, Theorem.ask):
        for theorem in THEOREMS:
            if theorem.id not in RECIPES:
                continue
            try:
                finding = ask(theorem, analysis)
            except (OutOfTimeError, SizeError, MemoryError):
                if analysis.options.deadline.has_passed:
                    raise
                continue  # another theorem may need less
            if finding is None:
                continue
            if finding.expressivity.refutes_maximal:
                return
            proof = Proof(finding.theorem, finding.kind, finding.evidence)
            is_maximal = finding.expressivity is Expressivity.MAXIMAL
            if is_maximal and proof.is_recipe(with_teacher=with_teacher):
                yield finding
