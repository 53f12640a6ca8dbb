"""What T8 and T9 do to masks, in plain code: permute units, transpose, delete lines.

An operation is a list `source`: entry k of the new vector of weights is entry source[k] of the
old one, both in their network's order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...problem.networks.base import Network
from ...problem.networks.feedforward import LinearFeedforward
from ...problem.networks.unrolled import Group
from .evaluation import split

Source = NDArray[np.int64]


def numbered(network: Network) -> dict[str, Source]:
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


def groups(network: Network) -> dict[str, list[tuple[str, int]]]:
    """Groups of units that may be permuted: name -> (weight, axis) that the units number.

    >>> groups(LinearFeedforward([2, 3, 1]))["layer 1"]
    [('W1', 0), ('W2', 1)]
    """
    found: dict[Group, list[tuple[str, int]]] = {group: [] for group in network.groups}
    for name, shape in network.weight_shapes.items():
        source, target = network.ends(name)
        found[target].append((name, 0))
        if len(shape) == 2:
            found[source].append((name, 1))
    return {f"layer {group}": ends for group, ends in found.items()}


def swaps(network: Network, ends_used: slice = slice(None)) -> Iterator[tuple[str, Source]]:
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


def transposed(network: Network, inner: bool = True) -> tuple[Network, Source]:
    """The transposed network (no biases), and which weight each of its weights was.

    If not `inner` the recurrent weights stay as they are, which is wrong.

    >>> network, source = transposed(LinearFeedforward([1, 2, 1]))
    >>> network.widths, source.tolist()
    ((1, 2, 1), [2, 3, 0, 1])
    """
    arrays = numbered(network)
    found = network.transposed()
    assert found is not None
    other, names = found
    old = {new: name for name, new in names.items()}
    turned = {new: arrays[old[new]] for new in other.weight_shapes}
    return other, joined(
        {new: array.T if inner or old[new] != new else array for new, array in turned.items()}
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
