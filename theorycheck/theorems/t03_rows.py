"""T3 Rows: learnables in the last layer of a dense linear feed-forward network."""

from __future__ import annotations

from .analysis import Analysis
from .base import Finding, Theorem, not_dense_layers
from .counts import bottleneck, by_degrees


def why_not(analysis: Analysis) -> str | None:
    """T3 needs a dense linear feed-forward network without biases, learnable in W_L only."""
    reason = not_dense_layers(analysis, biases=False)
    if reason is not None:
        return reason
    last = analysis.network.weight_layers[-1][0]
    if set(analysis.allocation.counts) != {last}:
        return f"the learnable weights are not all in {last}"
    return None


def decide(analysis: Analysis) -> Finding:
    """Minimal by a hidden width below m_e, else by the rows of W_L; source: the paper's theorem."""
    network = analysis.network
    needed = analysis.effective_samples
    for layer, width in enumerate(network.widths[1:-1], start=1):
        if width < needed:
            return bottleneck("T3", f"hidden layer {layer}", "units", width, needed)
    last = network.weight_layers[-1][0]
    return by_degrees("T3", last, analysis.allocation.mask(last), 0, needed)


THEOREM = Theorem("T3", why_not, decide, only_counts=True)
