"""What convolutional and residual networks compute, from their definitions, over any numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

Sigma = Callable[[Any], Any]
Weights = dict[str, np.ndarray]


def residual(network: Any, weights: Weights, x: np.ndarray, sigmas: Sequence[Sigma]) -> np.ndarray:
    """h + sigma(W h + b) where as many units come out as go in, else sigma(W h + b)."""
    h = x
    for layer, sigma in enumerate((*sigmas, lambda z: z), start=1):
        z = weights[f"W{layer}"] @ h
        if network.bias:
            z = z + weights[f"b{layer}"][:, None]
        is_last = layer == network.depth
        h = sigma(z) + h if network.skip and not is_last and len(z) == len(h) else sigma(z)
    return h


def convolved(network: Any, weights: Weights, x: np.ndarray, sigmas: Sequence[Sigma]) -> np.ndarray:
    """Filters put at every position, averages over windows, and a dense head; x (inputs, samples).

    Rows of x are the channels of the first position, then those of the next, and so on.
    """
    channels, *size = network.input
    m = x.shape[1]
    h = np.moveaxis(x.reshape(*size, channels, m), -2, 0)
    for number, (layer, sigma) in enumerate(zip(network.layers, sigmas, strict=True), start=1):
        filters, before = weights[f"W{number}"], h.shape[1:-1]
        wide = np.zeros((len(h), *(n + 2 * p for n, p in zip(before, layer.padding, strict=True)),
                         m), dtype=h.dtype)  # fmt: skip
        inner = tuple(slice(p, p + n) for n, p in zip(before, layer.padding, strict=True))
        wide[(slice(None), *inner)] = h
        axes = zip(wide.shape[1:-1], layer.kernel, layer.stride, strict=True)
        starts = [range(0, n - k + 1, step) for n, k, step in axes]
        found = np.empty((len(filters), *map(len, starts), m), dtype=h.dtype)
        for at in product(*(range(len(one)) for one in starts)):
            window = tuple(
                slice(one[i], one[i] + k)
                for one, i, k in zip(starts, at, layer.kernel, strict=True)
            )
            seen = wide[(slice(None), *window)].reshape(-1, m)
            z = filters.reshape(len(filters), -1) @ seen
            found[(slice(None), *at)] = z + weights[f"b{number}"][:, None] if network.bias else z
        h = averaged(sigma(found), layer.pool)
    out = weights[f"W{network.depth}"] @ h.reshape(-1, m)
    return out + weights[f"b{network.depth}"][:, None] if network.bias else out


def averaged(h: np.ndarray, pool: Sequence[int]) -> np.ndarray:
    """Averages over windows side by side of (channels, *positions, samples), the rest dropped."""
    sizes = [n // p for n, p in zip(h.shape[1:-1], pool, strict=True)]
    found = np.empty((len(h), *sizes, h.shape[-1]), dtype=h.dtype)
    for at in product(*map(range, sizes)):
        windows = product(*(range(i * p, (i + 1) * p) for i, p in zip(at, pool, strict=True)))
        values = [h[(slice(None), *one)] for one in windows]
        found[(slice(None), *at)] = sum(values[1:], values[0]) / len(values)
    return found
