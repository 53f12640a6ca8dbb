"""Convolutional networks, read a second time: sizes, and values from the definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Convolved:
    """The channels and positions of the inputs, and each convolution with all of its keys."""

    channels: int
    size: tuple[int, ...]
    layers: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, network: dict[str, Any]) -> Convolved:
        channels, *size = network["input"]
        layers = []
        for given in network["layers"]:
            keys = {"stride": 1, "padding": 0, "pool": 1, **given}
            every = {key: keys[key] if isinstance(keys[key], list) else [keys[key]] * len(size)
                     for key in ("kernel", "stride", "padding", "pool")}  # fmt: skip
            layers.append({"channels": keys["channels"], **every})
        return cls(channels, tuple(size), tuple(layers))

    @property
    def n_inputs(self) -> int:
        return self.channels * int(np.prod(self.size))

    def shapes(self, outputs: int, bias: bool) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        before, size = self.channels, list(self.size)
        for number, layer in enumerate(self.layers, start=1):
            channels = layer["channels"]
            found[f"W{number}"] = (channels, before, *layer["kernel"])
            if bias:
                found[f"b{number}"] = (channels,)
            before = channels
            for axis, n in enumerate(size):
                kernel, stride, padding, pool = (
                    layer[key][axis] for key in ("kernel", "stride", "padding", "pool")
                )
                if padding >= kernel or n + 2 * padding < kernel:
                    raise ValueError("a filter that does not fit")
                size[axis] = ((n + 2 * padding - kernel) // stride + 1) // pool
        found[f"W{len(self.layers) + 1}"] = (outputs, before * int(np.prod(size)))
        if bias:
            found[f"b{len(self.layers) + 1}"] = (outputs,)
        return found

    def values(
        self, weights: dict[str, Any], inputs: Any, activated: Callable[[int, Any], Any]
    ) -> Any:
        """What the head reads, a row for each channel and position; the numbers of any ring."""
        level = inputs.reshape(self.channels, *self.size, -1)
        for number, layer in enumerate(self.layers):
            z = _sums(layer, number + 1, weights, level)
            level = _pooled(layer, activated(number, z))
        return level.reshape(-1, level.shape[-1])


def _sums(layer: dict[str, Any], number: int, weights: dict[str, Any], level: Any) -> Any:
    """The filters put everywhere on (channels, positions, samples)."""
    filters, n_axes = weights[f"W{number}"], len(layer["kernel"])
    size = [n + 2 * more for n, more in zip(level.shape[1:-1], layer["padding"], strict=True)]
    padded = np.full((len(level), *size, level.shape[-1]), 0, dtype=level.dtype)
    inner = [
        slice(more, more + n) for more, n in zip(layer["padding"], level.shape[1:-1], strict=True)
    ]
    padded[(slice(None), *inner)] = level
    z: Any = 0
    for offset in np.ndindex(*layer["kernel"]):
        places = [
            slice(start, size - kernel + start + 1, stride)
            for start, size, kernel, stride in zip(
                offset, padded.shape[1:], layer["kernel"], layer["stride"], strict=False
            )
        ]
        seen = padded[(slice(None), *places)]
        z = z + np.tensordot(filters[(slice(None), slice(None), *offset)], seen, axes=1)
    if f"b{number}" in weights:
        z = z + weights[f"b{number}"].reshape(-1, *[1] * (n_axes + 1))
    return z


def _pooled(layer: dict[str, Any], values: Any) -> Any:
    """Sums over windows.

    An average would do the same to the weights behind, which are generic, divided by a number.
    """
    for axis, pool in enumerate(layer["pool"], start=1):
        n = values.shape[axis] // pool
        kept = np.take(values, range(n * pool), axis=axis)
        parts = kept.reshape(*kept.shape[:axis], n, pool, *kept.shape[axis + 1 :])
        values = parts.sum(axis=axis + 1)
    return values
