"""Masks drawn entry by entry, so that Hypothesis can freeze one entry after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from ..problem.allocation import Allocation
from ..problem.masks import Mask, entries_of
from ..problem.networks.base import Network

T = TypeVar("T")

# An entry is set if a number from 0 to 99 reaches the threshold: 99, 85, 50 or 20 % of the entries.
# At every threshold 0 means not set, and the first threshold is the one a mask shrinks to.
_THRESHOLDS = (1, 15, 50, 80)


def drawn_mask(draw: st.DrawFn, shape: tuple[int, ...]) -> Mask:
    """A mask with few, half, most or nearly all entries set; it shrinks to none."""
    threshold = draw(st.sampled_from(_THRESHOLDS))
    values = [draw(st.integers(0, 99)) for _ in range(math.prod(shape))]
    return np.array(values, dtype=int).reshape(shape) >= threshold


def chosen(draw: st.DrawFn, items: Sequence[T], count: int) -> list[T]:
    """`count` different items, or all if there are fewer; they shrink to the first ones."""
    rest = list(items)
    return [rest.pop(draw(st.integers(0, len(rest) - 1))) for _ in range(min(count, len(rest)))]


@st.composite
def present_masks(draw: st.DrawFn, network: Network) -> dict[str, Mask] | None:
    """Masks of present connections for some weights of `network`, or None: it is dense.

    About a quarter of the connections of a weight with a mask are absent. Shrinks to None, and
    otherwise to masks with few absent connections.

    >>> from theorycheck.strategies import smallest
    >>> from theorycheck import LinearFeedforward
    >>> smallest(present_masks(LinearFeedforward([2, 2])), lambda masks: masks is not None)
    {'W1': array([[ True,  True],
           [ True,  True]])}
    """
    if not draw(st.booleans()):
        return None
    masks = {
        name: present_mask(draw, shape)
        for name, shape in network.weight_shapes.items()
        if draw(st.booleans())
    }
    return masks or None


def present_mask(draw: st.DrawFn, shape: tuple[int, ...]) -> Mask:
    """A mask of present connections, a quarter of them absent; it shrinks to all present."""
    values = [draw(st.integers(0, 99)) for _ in range(math.prod(shape))]
    return np.array(values, dtype=int).reshape(shape) < 75


def learnable_masks(draw: st.DrawFn, empty: Allocation) -> dict[str, Mask]:
    """Masks for some weights, inside the present connections of `empty`; the others are frozen."""
    return {
        name: drawn_mask(draw, mask.shape) & mask
        for name, mask in empty.masks("present")
        if draw(st.booleans())
    }


def with_budget(draw: st.DrawFn, empty: Allocation, budget: int) -> Allocation:
    """Exactly `budget` learnables among the present weights of `empty`, at times in few layers."""
    entries = entries_of(dict(empty.masks("present")))
    names = list(empty.network.weight_shapes)
    kept = set(chosen(draw, names, len(names) - draw(st.integers(0, len(names) - 1))))
    inside = [entry for entry in entries if entry[0] in kept]
    picked = chosen(draw, inside if len(inside) >= budget else entries, budget)
    masks = {name: np.zeros(shape, bool) for name, shape in empty.network.weight_shapes.items()}
    for name, index in picked:
        masks[name][index] = True
    return Allocation(empty.network, masks, empty.given_present())


@dataclass(frozen=True)
class LayerWithBias:
    """A weight, a filter as one row, with its bias, if any, as one more column."""

    weight: str
    bias: str | None
    shape: tuple[int, int]
    weight_shape: tuple[int, ...]

    def masks(self, entries: Mask) -> dict[str, Mask]:
        """The masks of the weight and its bias from one with a column for the bias."""
        if self.bias is None:
            return {self.weight: entries.reshape(self.weight_shape)}
        weight = entries[:, :-1].reshape(self.weight_shape)
        return {self.weight: weight, self.bias: entries[:, -1]}


def layers(network: Network) -> list[LayerWithBias]:
    """The weight matrices and filters of a network, each with its bias.

    >>> from theorycheck import LinearFeedforward
    >>> layers(LinearFeedforward([2, 3], bias=True))
    [LayerWithBias(weight='W1', bias='b1', shape=(3, 3), weight_shape=(3, 2))]
    """
    found = []
    for weight, *biases in network.weight_layers:
        rows, *columns = shape = network.weight_shapes[weight]
        bias = biases[0] if biases else None
        whole = rows, math.prod(columns) + len(biases)
        found.append(LayerWithBias(weight, bias, whole, shape))
    return found
