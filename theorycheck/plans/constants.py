"""Biases as weights of one more unit in each layer, the constant, which comes last.

A layer h -> W h + b is h, 1 -> [W b; 0 1] (h, 1), the last one [W b]. All is invariant under
scaling the constants: the frozen ones may be any numbers that are not 0, so that they are drawn
like all frozen weights, and m_e <= n_0 + 1 samples with their constants are a generic matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..problem.allocation import Allocation, Mask
from .algebra import Matrix


def without_biases(allocation: Allocation) -> Allocation:
    """The same question about a network without biases, one unit wider in all layers but the last.

    An allocation without biases is returned as it is.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 2, 1], bias=True)
    >>> wider = without_biases(Allocation(net, {"W1": np.ones((2, 2)), "b2": [1]}))
    >>> wider.network.widths, wider.mask("W2").astype(int).tolist()
    ((3, 3, 1), [[0, 0, 1]])
    >>> wider.present_mask("W1").astype(int).tolist()
    [[1, 1, 1], [1, 1, 1], [0, 0, 1]]
    """
    network = allocation.network
    if not network.bias:  # type: ignore[attr-defined]
        return allocation
    *inner, last = network.widths
    widths, depth = (*(width + 1 for width in inner), last), len(network.weight_layers)
    wider = replace(network, widths=widths, bias=False)  # type: ignore[type-var]
    known = [
        {
            f"W{layer}": _with_constant(weight, bias, layer < depth, corner)
            for layer, (weight, bias) in enumerate(_layers(allocation, which), start=1)
        }
        for which, corner in (("learnable", False), ("present", True))
    ]
    return Allocation(wider, *known)


def _layers(allocation: Allocation, which: str) -> list[tuple[Mask, Mask]]:
    masks = dict(allocation.masks(which))
    return [(masks[weight], masks[bias]) for weight, bias in allocation.network.weight_layers]


def _with_constant(weight: Matrix, bias: Matrix, goes_on: bool, corner: bool) -> Matrix:
    """[W b], and unless the layer is the last one the row of the constant below it."""
    found = np.column_stack([weight, bias])
    if not goes_on:
        return found
    row = np.zeros((1, found.shape[1]), dtype=found.dtype)
    row[0, -1] = corner
    return np.concatenate([found, row])


def with_constants(weights: Mapping[str, Matrix], depth: int, bias: bool) -> dict[int, Matrix]:
    """The weights of the wider network by layer, of one with `bias` or without.

    >>> with_constants({"W1": np.eye(1), "b1": np.array([3.0])}, 1, bias=True)
    {1: array([[1., 3.]])}
    """
    if not bias:
        return {layer: weights[f"W{layer}"] for layer in range(1, depth + 1)}
    found = {}
    for layer in range(1, depth + 1):
        weight, constant = weights[f"W{layer}"], weights[f"b{layer}"]
        one = weight.dtype.type(1) if weight.dtype != object else constant[0] * 0 + 1
        found[layer] = np.column_stack([weight, constant])
        if layer < depth:
            row = np.array([*[one * 0] * weight.shape[1], one], dtype=weight.dtype)
            found[layer] = np.concatenate([found[layer], row[None]])
    return found


def from_constants(layers: Mapping[int, Matrix], bias: bool) -> dict[str, Matrix]:
    """The weights by name of those that `with_constants` returns.

    >>> from_constants({1: np.array([[1.0, 3.0]])}, bias=True)
    {'W1': array([[1.]]), 'b1': array([3.])}
    """
    if not bias:
        return {f"W{layer}": weight for layer, weight in layers.items()}
    found: dict[str, Matrix] = {}
    for layer, weight in layers.items():
        left = weight[:-1] if layer < max(layers) else weight
        found[f"W{layer}"], found[f"b{layer}"] = left[:, :-1], left[:, -1]
    return found
