"""T4 One learnable layer: the frozen weights must be independent in a rigidity matroid.

With mask p x q of the learnable layer, a = p - d and b = q - m_e, the allocation is maximal iff the
frozen entries F, as a bipartite graph, are independent in B_(p,q)(a, b). Bottlenecks are found
here, the cases of the mask alone in `one_layer`. Where min(a, b) >= 2 and min(d, m_e) >= 3 they may
leave it open; then the exact rank decides (T1, T2).
"""

from __future__ import annotations

from ..problem.networks.base import Network
from .analysis import Analysis
from .base import Finding, Theorem, not_dense_layers
from .counts import bottleneck
from .one_layer import decide_mask


def why_not(analysis: Analysis) -> str | None:
    """T4 needs a dense linear feed-forward network with learnables in exactly one layer."""
    reason = not_dense_layers(analysis, biases=True)
    if reason is not None:
        return reason
    layers = analysis.learnable_layers
    if len(layers) != 1:
        return f"{len(layers)} layers have learnable weights, T4 is about exactly one"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """Minimal by a bottleneck, else by the cheapest case of T4 that decides; None if none does."""
    network = analysis.network
    learnable = set(analysis.allocation.counts)
    layer = next(
        k for k, names in enumerate(network.weight_layers, start=1) if learnable <= {*names}
    )
    narrow = _bottleneck(network, layer, analysis.effective_samples)
    if narrow is not None:
        return narrow
    mask = analysis.layer_mask(layer)
    outputs, samples = network.outputs, analysis.effective_samples
    names = " ".join(network.weight_layers[layer - 1])
    place = f"[{names}]" if network.bias else names
    return decide_mask("T4", place, mask, outputs, samples, analysis.options.deadline)


def _bottleneck(network: Network, layer: int, samples: int) -> Finding | None:
    for index, width in enumerate(network.widths[:-1]):
        # Above the learnable layer the outputs must get through, below it the samples.
        if index >= layer and width < network.outputs:
            place = f"hidden layer {index}"
            return bottleneck("T4", place, "units", width, network.outputs)
        if 1 <= index < layer and width + network.bias < samples:
            unit = "units and the constant" if network.bias else "units"
            return bottleneck("T4", f"hidden layer {index}", unit, width + network.bias, samples)
    return None


THEOREM = Theorem("T4", why_not, decide, only_counts=True)
