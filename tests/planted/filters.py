"""Wrong theorems about convolutional and residual networks (T11): what is read off their shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from theorycheck import strategies
from theorycheck.problem.allocation import Allocation
from theorycheck.problem.networks.matrices import masks_of_terms
from theorycheck.verification.analytic import Ranks, oracle_ranks, rank_law, true_ranks
from theorycheck.verification.base import Inapplicable
from theorycheck.verification.cases import with_seed

from .base import Planted
from .nonlinear import planted


def of_filters() -> Any:
    """Convolutional networks, about as many learnables as dimensions, dense and sparse."""
    networks = strategies.convolutional_networks(analytic=True)
    kinds = [
        strategies.critical_problems(networks),
        strategies.sparse_problems(networks),
        strategies.rows_problems(networks),
    ]
    return with_seed(st.one_of(kinds))


def of_residual() -> Any:
    """Residual networks, dense and sparse."""
    networks = strategies.residual_networks(analytic=True)
    kinds = [strategies.critical_problems(networks), strategies.sparse_problems(networks)]
    return with_seed(st.one_of(kinds))


def counted_by_places(allocation: Allocation, samples: int, seed: int) -> Ranks:
    """Right: a filter entry is one learnable, wherever the filter is put."""
    masks = masks_of_terms(allocation, "learnable")
    levels = allocation.network.unrolled.levels
    count = sum(int(masks[name].sum()) for level in levels for name, _ in level.terms)
    _, target = true_ranks(allocation, samples, seed)
    return min(count, target), None


def of_another(
    change: Callable[[Any], Any],
) -> Callable[[Allocation, int, int], Ranks]:
    """The ranks of another network with the same masks; only where its weights have the shapes."""

    def rule(allocation: Allocation, samples: int, seed: int) -> Ranks:
        other = change(allocation.network)
        if other == allocation.network or other.weight_shapes != allocation.network.weight_shapes:
            raise Inapplicable
        masks = dict(allocation.masks("learnable"))
        same = Allocation(other, masks, dict(allocation.masks("present")))
        return oracle_ranks(same, samples, seed)

    return rule


def without_residual(network: Any) -> Any:
    """Right: what passes by a unit counts, above all where the unit is 0."""
    return replace(network, skip=False)


def padded_by_inputs(network: Any) -> Any:
    """Right: padding is 0, not one more random input."""
    first, *others = (layer.to_dict() for layer in network.layers)
    padding = network.layers[0].padding
    sizes = [n + 2 * p for n, p in zip(network.input[1:], padding, strict=True)]
    first["padding"] = 0
    return replace(network, input=[network.input[0], *sizes], layers=[first, *others])


def with_one_of_each_window(network: Any) -> Any:
    """Right: an average holds values of all positions of its window, not of the first alone."""
    layers = []
    for layer in network.layers:
        stride = [s * p for s, p in zip(layer.stride, layer.pool, strict=True)]
        layers.append({**layer.to_dict(), "stride": stride, "pool": 1})
    return replace(network, layers=layers)


def _filters(rule: Any, what: str, cases: Any = of_filters) -> Planted:
    return planted(rank_law(rule, what, cases), rank_law(cases=cases))


FILTERS = {
    "a learnable filter entry counts at every position": _filters(
        counted_by_places, "learnables by position"
    ),
    "padding is one more input": _filters(of_another(padded_by_inputs), "inputs for padding"),
    "average pooling is a stride": _filters(of_another(with_one_of_each_window), "strides"),
    "residual layers have the ranks of plain ones": _filters(
        of_another(without_residual), "plain layers", of_residual
    ),
}
