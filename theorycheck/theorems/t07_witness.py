"""T7 Intermediate, by witness: one instance has non-real solutions only, and none is lost.

An even degree alone decides nothing, and neither does an instance some of whose solutions have
escaped to infinity: a witness has certified solutions, exactly as many as the degree.
"""

from __future__ import annotations

from ..degrees.evidence import Certified, block_evidence
from ..verdict import Expressivity
from .analysis import Analysis
from .base import Finding, Theorem, not_random_inputs
from .evidence import at_full_rank


def why_not(analysis: Analysis) -> str | None:
    """T7 needs a network of polynomials with exactly D learnables, and nothing to peel off."""
    if not analysis.is_polynomial:
        return "the network is not linear, nor are its activations polynomials"
    if analysis.allocation.n_learnable != analysis.target.value:
        return "the number of learnable weights is not the target dimension"
    if analysis.core is not analysis:
        return "T9 asks about what peeling leaves"
    return not_random_inputs(analysis)


def decide(analysis: Analysis) -> Finding | None:
    """Intermediate if a witness is found; None otherwise, which says nothing."""
    if analysis.target.error_bound > analysis.options.error_bound:
        return None
    solving = analysis.solving
    if solving is None:
        return None
    witness = solving.witness
    if not isinstance(witness, Certified):
        return None
    degree = witness.degree
    part = "" if degree.value == solving.degree else f"{len(degree.system.equations)} of "
    reason = (
        f"a rational instance of {part}the equations has exactly {degree.value} solutions, as many "
        f"as generic ones (by {degree.by['by']}), and none is real: teachers near it are not "
        "matched, others are"
    )
    return at_full_rank(
        "T7",
        Expressivity.INTERMEDIATE,
        analysis,
        reason,
        "witness",
        {"block": block_evidence(degree, witness)},
        degree=solving.degree,
        error_bound=degree.error_bound,
    )


THEOREM = Theorem("T7", why_not, decide)
