"""T12 (a): all learnables in the readout, in which outputs are affine.

A draw matches if and only if its targets, less the frozen part, lie in the span of features. That
they do not is, in all weights and inputs, an analytic condition on a connected domain: it holds
almost always or never. So the match probability is 0 or 1, and by T11 it is 1 if rank(A) = D.
"""

from __future__ import annotations

from ...verdict import Expressivity
from ..analysis import Analysis
from ..base import Finding
from ..evidence import at_full_rank
from ..t11 import real


def decide(analysis: Analysis) -> Finding | None:
    """Maximal if nothing but the readout is learnable and the rank reaches the target."""
    readout = set(analysis.network.weight_layers[-1])
    if not analysis.allocation.counts.keys() <= readout:
        return None
    if not analysis.reaches_target:
        return None  # T11 carries the proof
    reason = (
        f"all learnable weights are in the readout, in which outputs are affine, and the rank "
        f"{analysis.rank.value} reaches the target dimension"
    )
    if analysis.why_not_exact is not None or analysis.why_only_a_bound is not None:
        maximal = Expressivity.MAXIMAL
        return real.at_real_point("T12", maximal, analysis, reason, "real_readout_rank")
    return at_full_rank("T12", Expressivity.MAXIMAL, analysis, reason, "readout_rank")
