"""T4 One learnable layer: the frozen weights must be independent in a rigidity matroid.

With mask p x q of the learnable layer, a = p - d and b = q - m_e, the allocation is maximal iff the
frozen cells F, as a bipartite graph, are independent in B_(p,q)(a, b). Decided here: bottlenecks,
a = 0 or b = 0 (degrees), d = 1 or m_e = 1 (support), a = b = 1 (forest).
"""

from __future__ import annotations

from ..analysis import Analysis
from ..networks import LinearFeedforward
from ..verdict import Expressivity
from .base import Finding, Theorem
from .counts import bottleneck, by_degrees, by_support, name_lines
from .forest import find_cycle, frozen_edges


def obstacle(analysis: Analysis) -> str | None:
    """T4 needs a dense linear feed-forward network with learnables in exactly one layer."""
    if not isinstance(analysis.network, LinearFeedforward):
        return "the network is not linear feed-forward"
    if not analysis.allocation.is_dense:
        return "the network is sparse, where T4 fails"
    layers = analysis.learnable_layers
    if len(layers) != 1:
        return f"{len(layers)} layers have learnable weights, T4 is about exactly one"
    return None


def decide(analysis: Analysis) -> Finding | None:
    """The cheapest of the special cases that decides; None where only other cases of T4 would."""
    network = analysis.network
    assert isinstance(network, LinearFeedforward)
    layer = int(analysis.learnable_layers[0][0][1:])
    narrow = _bottleneck(network, layer, analysis.effective_samples)
    if narrow is not None:
        return narrow
    mask = analysis.layer_mask(layer)
    outputs, samples = network.outputs, analysis.effective_samples
    place = f"[W{layer} b{layer}]" if network.bias else f"W{layer}"
    a, b = mask.shape[0] - outputs, mask.shape[1] - samples
    if a == 0:
        return by_degrees("T4", place, mask, 0, samples)
    if b == 0:
        return by_degrees("T4", place, mask, 1, outputs)
    if outputs == 1:
        return by_support("T4", place, mask, 1, samples)
    if samples == 1:
        return by_support("T4", place, mask, 0, outputs)
    return _forest(place, analysis, layer) if a == b == 1 else None


def _bottleneck(network: LinearFeedforward, layer: int, samples: int) -> Finding | None:
    for index, width in enumerate(network.widths[:-1]):
        # Above the learnable layer the outputs must get through, below it the samples.
        if index >= layer and width < network.outputs:
            place = f"hidden layer {index}"
            return bottleneck("T4", place, "units", width, network.outputs)
        if 1 <= index < layer and width + network.bias < samples:
            unit = "units and the constant" if network.bias else "units"
            return bottleneck("T4", f"hidden layer {index}", unit, width + network.bias, samples)
    return None


def _forest(place: str, analysis: Analysis, layer: int) -> Finding:
    edges, n_frozen = frozen_edges(analysis.layer_mask(layer))
    cycle = find_cycle(edges)
    if cycle is None:
        reason = (
            f"the {n_frozen} frozen weights of {place} form a forest between its rows and columns"
        )
        evidence = {"place": place, "frozen": edges}
        return Finding("T4", Expressivity.MAXIMAL, reason, "forest", evidence)
    rows = sorted({i for i, _ in cycle})
    columns = sorted({j for _, j in cycle})
    reason = (
        f"the {n_frozen} frozen weights of {place} must form a forest, but "
        f"{name_lines('rows', rows, len(rows))} and "
        f"{name_lines('columns', columns, len(columns))} form a cycle"
    )
    evidence = {"place": place, "cycle": cycle}
    return Finding("T4", Expressivity.MINIMAL, reason, "cycle", evidence)


THEOREM = Theorem(
    id="T4",
    name="One learnable layer",
    statement=(
        "Dense linear feed-forward network, learnables in layer l only (a bias is one more "
        "column), mask p x q: with a width below d behind the layer or below m_e before it the "
        "allocation is minimal. Else let a = p - d, b = q - m_e: it is maximal if the frozen cells "
        "are independent in the bipartite rigidity matroid B_(p,q)(a, b), and minimal if not. "
        "a = 0: every row has m_e learnables; b = 0: every column has d; d = 1: m_e columns have "
        "one; m_e = 1: d rows have one; a = b = 1: the frozen cells form a forest."
    ),
    source="theory.md T4; Kalai, Nevo, Novik, Bipartite rigidity (2016)",
    obstacle=obstacle,
    decide=decide,
)
