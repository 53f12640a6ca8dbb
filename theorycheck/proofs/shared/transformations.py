"""What T8 and T9 do to masks, in plain code: permute units, transpose, delete lines.

An operation is a list `source`: entry k of the new vector of weights is entry source[k] of the
old one, both in their network's order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...problem.networks.feedforward import LinearFeedforward
from ...problem.networks.recurrent import LinearRecurrent
from .evaluation import Linear, split

Source = NDArray[np.int64]


def numbered(network: Linear) -> dict[str, Source]:
    """The numbers of all weights, in arrays of the weights' shapes.

    >>> numbered(LinearFeedforward([1, 2]))["W1"].tolist()
    [[0], [1]]
    """
    return split(network, np.arange(network.n_weights))


def joined(arrays: dict[str, Source]) -> Source:
    """Arrays of numbers as one vector.

    >>> joined(numbered(LinearFeedforward([1, 2]))).tolist()
    [0, 1]
    """
    return np.concatenate([array.ravel() for array in arrays.values()])


def groups(network: Linear) -> dict[str, list[tuple[str, int]]]:
    """Groups of units that may be permuted: name -> (weight, axis) that the units number.

    >>> groups(LinearFeedforward([2, 3, 1]))["layer 1"]
    [('W1', 0), ('W2', 1)]
    """
    if isinstance(network, LinearRecurrent):
        hidden = [("input", 0), ("recurrent", 0), ("recurrent", 1), ("readout", 1)]
        return {"inputs": [("input", 1)], "hidden": hidden, "outputs": [("readout", 0)]}
    found = {}
    for layer in range(network.depth + 1):
        ends = [(f"W{layer}", 0), (f"b{layer}", 0), (f"W{layer + 1}", 1)]
        found[f"layer {layer}"] = [end for end in ends if end[0] in network.weight_shapes]
    return found


def swaps(network: Linear, ends_used: slice = slice(None)) -> Iterator[tuple[str, Source]]:
    """(words, source) of every exchange of two neighbouring units; these generate all.

    `ends_used` selects which of a group's (weight, axis) move: all, unless something wrong is
    wanted.

    >>> [(words, source.tolist()) for words, source in swaps(LinearFeedforward([1, 2, 1]))]
    [('units 0, 1 of layer 1', [1, 0, 3, 2])]
    """
    for group, ends in groups(network).items():
        for unit in range(network.weight_shapes[ends[0][0]][ends[0][1]] - 1):
            arrays = numbered(network)
            for name, axis in ends[ends_used]:
                order = np.arange(arrays[name].shape[axis])
                order[[unit, unit + 1]] = order[[unit + 1, unit]]
                arrays[name] = arrays[name].take(order, axis=axis)
            yield f"units {unit}, {unit + 1} of {group}", joined(arrays)


def transposed(network: Linear, inner: bool = True) -> tuple[Linear, Source]:
    """The transposed network (no biases), and which weight each of its weights was.

    If not `inner` the recurrent weights stay as they are, which is wrong.

    >>> network, source = transposed(LinearFeedforward([1, 2, 1]))
    >>> network.widths, source.tolist()
    ((1, 2, 1), [2, 3, 0, 1])
    """
    arrays = numbered(network)
    if isinstance(network, LinearRecurrent):
        other = LinearRecurrent(
            network.outputs, network.hidden, network.inputs, network.steps, network.readout
        )
        names = {"input": "readout", "recurrent": "recurrent", "readout": "input"}
    else:
        other = LinearFeedforward(network.widths[::-1])
        names = {f"W{i}": f"W{network.depth + 1 - i}" for i in range(1, network.depth + 1)}
    return other, joined(
        {
            new: arrays[old].T if inner or new != "recurrent" else arrays[old]
            for new, old in names.items()
        }
    )


def without_output(network: LinearFeedforward, row: int) -> tuple[LinearFeedforward, Source]:
    """The network without one of two or more outputs, and which weight each weight was.

    >>> network, source = without_output(LinearFeedforward([1, 2]), 0)
    >>> network.widths, source.tolist()
    ((1, 1), [1])
    """
    arrays = numbered(network)
    last = f"W{network.depth}"
    arrays[last] = np.delete(arrays[last], row, axis=0)
    return LinearFeedforward((*network.widths[:-1], network.outputs - 1)), joined(arrays)


def without_input(network: LinearFeedforward, column: int) -> tuple[LinearFeedforward, Source]:
    """The network without one of two or more inputs, and which weight each weight was.

    >>> network, source = without_input(LinearFeedforward([2, 1]), 0)
    >>> network.widths, source.tolist()
    ((1, 1), [1])
    """
    arrays = numbered(network)
    arrays["W1"] = np.delete(arrays["W1"], column, axis=1)
    return LinearFeedforward((network.inputs - 1, *network.widths[1:])), joined(arrays)


def codes(masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where masks (count, entries) stand among `exhaustive.all_masks(entries)`.

    >>> codes(np.array([[True, False], [False, True]])).tolist()
    [1, 2]
    """
    return masks @ (1 << np.arange(masks.shape[1]))
