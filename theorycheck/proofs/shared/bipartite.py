"""Which equations a weight acts on, matchings of these graphs, and permanents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...problem.networks.base import Network

Bits: TypeAlias = NDArray[np.bool_]


def matching_number(graph: ArrayLike) -> int:
    """Size of a largest matching of rows and columns, by augmenting paths.

    >>> matching_number([[1, 1], [1, 0]]), matching_number([[1, 1], [0, 0]])
    (2, 1)
    """
    rows = [np.flatnonzero(row).tolist() for row in np.asarray(graph, dtype=bool)]
    owner: dict[int, int] = {}

    def augment(row: int, seen: set[int]) -> bool:
        for column in rows[row]:
            if column not in seen:
                seen.add(column)
                if column not in owner or augment(owner[column], seen):
                    owner[column] = row
                    return True
        return False

    return sum(augment(row, set()) for row in range(len(rows)))


def permanent(matrix: Sequence[Sequence[int]]) -> int:
    """The permanent of a square matrix: of a 0/1 matrix, the number of perfect matchings.

    >>> permanent([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    3
    """
    ways = {0: 1}  # sets of columns in use, as bits
    for row in matrix:
        after: dict[int, int] = {}
        for used, number in ways.items():
            for column, entry in enumerate(row):
                if entry and not used >> column & 1:
                    new = used | 1 << column
                    after[new] = after.get(new, 0) + number * entry
        ways = after
    return ways.get((1 << len(matrix)) - 1, 0)


def by_name(network: Network, mask: Bits) -> dict[str, Bits]:
    """A 0/1 vector over all weights, as `exhaustive.all_masks` makes them, cut into matrices.

    >>> from theorycheck import LinearFeedforward
    >>> by_name(LinearFeedforward([1, 2]), np.array([True, False]))["W1"].astype(int).tolist()
    [[1], [0]]
    """
    found, start = {}, 0
    for name, shape in network.weight_shapes.items():
        size = shape[0] * shape[1]
        found[name] = mask[start : start + size].reshape(shape)
        start += size
    return found


def support(network: Network, samples: int, present: Mapping[str, Bits]) -> Bits:
    """Which outputs on which samples each weight acts on by a path, (d m, weights).

    As many samples as inputs are taken to be unit vectors, others to be generic; readout at the
    end.

    >>> from theorycheck import LinearFeedforward
    >>> support(LinearFeedforward([2, 1]), 2, {"W1": np.ones((1, 2), dtype=bool)}).astype(int)
    array([[1, 0],
           [0, 1]])
    """
    if not network.is_recurrent:
        uses = _feedforward_uses(network, _inputs(network.inputs, samples), present)
    else:
        inputs = _inputs(network.steps * network.inputs, samples)
        uses = _recurrent_uses(network, inputs.reshape(network.steps, -1, samples), present)
    columns = []
    for name, shape in network.weight_shapes.items():
        for i, j in np.ndindex(*shape):
            parts = [behind[:, i, None] & ahead[None, j] for behind, ahead in uses[name]]
            columns.append(np.logical_or.reduce(parts).ravel())
    return np.stack(columns, axis=1)


def _inputs(size: int, samples: int) -> Bits:
    return np.eye(size, dtype=bool) if samples == size else np.ones((size, samples), dtype=bool)


def _feedforward_uses(network: Network, inputs: Bits, present: Any) -> Any:
    ahead = [inputs]
    names = [matrix for matrix, *_ in network.weight_layers]
    for name in names[:-1]:
        ahead.append(present[name] @ ahead[-1])
    behind = np.eye(network.outputs, dtype=bool)
    uses = {}
    for name, before in zip(reversed(names), reversed(ahead), strict=True):
        uses[name] = [(behind, before)]
        behind = behind @ present[name]
    return uses


def _recurrent_uses(network: Network, inputs: Bits, present: Any) -> Any:
    states = [np.zeros((network.widths[1], inputs.shape[2]), dtype=bool)]
    for shown in inputs:
        states.append(present["recurrent"] @ states[-1] | present["input"] @ shown)
    uses: Any = {"readout": [(np.eye(network.outputs, dtype=bool), states[-1])]}
    uses |= {"input": [], "recurrent": []}
    behind = present["readout"]
    for step in range(network.steps - 1, -1, -1):
        uses["input"].append((behind, inputs[step]))
        uses["recurrent"].append((behind, states[step]))
        behind = behind @ present["recurrent"]
    return uses
