"""Where learnables act: their places in the matrices that the terms of a network name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...numeric.forward import Entries
from ...problem.networks.base import Network
from ...problem.networks.matrices import places_of

Indices: TypeAlias = NDArray[np.int64]


def by_weight(entries: Entries) -> Iterator[tuple[str, Indices, Indices]]:
    """Each weight that has some of the entries: their positions among all, and their indices.

    >>> [(name, k.tolist()) for name, k, _ in by_weight([("W1", (0, 0)), ("W1", (0, 1))])]
    [('W1', [0, 1])]
    """
    for weight in dict(entries):
        own = [(k, index) for k, (name, index) in enumerate(entries) if name == weight]
        yield weight, np.array([k for k, _ in own]), np.array([index for _, index in own])


def acting(network: Network, entries: Entries) -> dict[str, tuple[Indices, Indices, Indices]]:
    """Names of matrices -> positions of the entries that act there, their rows and columns.

    What no position of a convolution reads acts nowhere.

    >>> from theorycheck import Convolutional
    >>> network = Convolutional([1, 3], [{"channels": 2, "kernel": 2}], 1, activation="tanh")
    >>> entries = [("W1", (1, 0, 0)), ("W1", (1, 0, 1)), ("W2", (0, 3))]
    >>> {name: [k.tolist() for k in place] for name, place in acting(network, entries).items()}
    {'W1[:,:,0]': [[0], [1], [0]], 'W1[:,:,1]': [[1], [1], [0]], 'W2[:,1::2]': [[2], [0], [1]]}
    """
    found = {}
    for weight, positions, indices in by_weight(entries):
        shape = network.weight_shapes[weight]
        for place in places_of(network.unrolled, shape, weight, indices):
            found[place.name] = positions[place.positions], place.rows, place.columns
    return found
