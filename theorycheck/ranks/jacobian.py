"""Jacobians of linear networks modulo a prime, column by column on demand.

A weight w[i, j] acts on the outputs through everything behind unit i (the rows of `behind`) and
through the activation of unit j: dY/dw[i, j] = behind[:, i] (x) activation[j, :], summed over the
time steps for a recurrent network. Equation (o, s) has number o * samples + s; with readout `all`
equation (t, o, s), t = 0 for y_1, has number (t * outputs + o) * samples + s.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import matmul, reduce
from ..problem.allocation import Allocation
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .point import Point

# Unreduced products of balanced residues that float64 adds exactly, with room for the first term.
_EXACT_TERMS = 500
_CELLS_AT_ONCE = 2**22
_FORWARD, _COLUMNS = "a pass through the network", "the columns of a Jacobian"


class FeedforwardJacobian:
    """Columns dY/dw of a linear feed-forward network at a point.

    `n_equations` is outputs x effective samples. Raises `OutOfTimeError` after the deadline.
    """

    def __init__(
        self,
        network: LinearFeedforward,
        point: Point,
        xp: ModuleType,
        deadline: Deadline = NEVER,
    ) -> None:
        self._prime, self._xp, self._deadline = point.prime, xp, deadline
        self._bias = network.bias
        constant = point.inputs[network.inputs :]  # one row if there are biases, else none
        activations = [point.inputs]
        for layer in range(1, network.depth):
            deadline.check(_FORWARD)
            hidden = matmul(_augmented(point, layer, xp), activations[-1], point.prime)
            activations.append(xp.concatenate([hidden, constant]))
        behind = [xp.eye(network.outputs)]
        for layer in range(network.depth, 1, -1):
            deadline.check(_FORWARD)
            behind.append(matmul(behind[-1], point.weights[f"W{layer}"], point.prime))
        self._activations, self._behind = activations, behind[::-1]
        self.n_equations = network.outputs * point.inputs.shape[1]

    def columns(self, name: str, entries: NDArray[np.int64]) -> Any:
        """The columns of weights `name`[entries], shape (n_equations, len(entries)), reduced.

        `entries` has one row (i, j) per weight, (i,) for a bias.
        """
        self._deadline.check(_COLUMNS)
        layer = int(name[1:]) - 1
        sources = entries[:, 1] if name[0] == "W" else np.full(len(entries), -1)
        entries_xp, sources_xp = self._xp.asarray(entries[:, 0]), self._xp.asarray(sources)
        behind = self._behind[layer][:, entries_xp]
        activations = self._activations[layer][sources_xp].T
        block = behind[:, None, :] * activations[None, :, :]
        return reduce(block.reshape(self.n_equations, len(entries)), self._prime)


def _augmented(point: Point, layer: int, xp: ModuleType) -> Any:
    """The weight matrix of a layer with its bias, if any, as one more column."""
    bias = point.weights.get(f"b{layer}")
    weight = point.weights[f"W{layer}"]
    return weight if bias is None else xp.concatenate([weight, bias[:, None]], axis=1)


class RecurrentJacobian:
    """Columns dY/dw of a linear recurrent network at a point.

    `n_equations` is outputs x effective samples, times steps for readout `all`. Raises
    `OutOfTimeError` after the deadline.
    """

    def __init__(
        self, network: LinearRecurrent, point: Point, xp: ModuleType, deadline: Deadline = NEVER
    ) -> None:
        self._xp, self._network, self._prime = xp, network, point.prime
        self._deadline = deadline
        weights, prime = point.weights, point.prime
        states = [xp.zeros((network.hidden, point.inputs.shape[2]))]
        for inputs in point.inputs:
            deadline.check(_FORWARD)
            drive = matmul(weights["input"], inputs, prime)
            states.append(reduce(matmul(weights["recurrent"], states[-1], prime) + drive, prime))
        behind = [weights["readout"]]
        for _ in range(network.steps - 1):
            deadline.check(_FORWARD)
            behind.append(matmul(behind[-1], weights["recurrent"], prime))
        self._inputs, self._states, self._behind = point.inputs, states, behind
        self._times = [network.steps] if network.readout == "final" else range(1, network.steps + 1)
        self.n_equations = len(self._times) * network.outputs * point.inputs.shape[2]

    def columns(self, name: str, entries: NDArray[np.int64]) -> Any:
        """The columns of weights `name`[entries], shape (n_equations, len(entries))."""
        rows, sources = self._xp.asarray(entries[:, 0]), self._xp.asarray(entries[:, 1])
        blocks = [self._block(time, name, rows, sources) for time in self._times]
        return self._xp.stack(blocks).reshape(self.n_equations, len(entries))

    def _block(self, time: int, name: str, rows: Any, sources: Any) -> Any:
        """dy_time/dw, shape (outputs, samples, entries)."""
        if name == "readout":
            unit = self._xp.eye(self._network.outputs)[:, rows]
            return unit[:, None, :] * self._states[time][sources].T[None, :, :]
        total: Any = 0.0
        for step in range(1, time + 1):
            self._deadline.check(_COLUMNS)
            source = self._inputs[step - 1] if name == "input" else self._states[step - 1]
            total = total + (
                self._behind[time - step][:, rows][:, None, :] * source[sources].T[None, :, :]
            )
            if step % _EXACT_TERMS == 0:
                total = reduce(total, self._prime)
        return reduce(total, self._prime)


def jacobian(
    allocation: Allocation, point: Point, xp: ModuleType, deadline: Deadline = NEVER
) -> FeedforwardJacobian | RecurrentJacobian:
    """The Jacobian of the allocation's network at `point`, before the deadline."""
    network = allocation.network
    if isinstance(network, LinearFeedforward):
        return FeedforwardJacobian(network, point, xp, deadline)
    assert isinstance(network, LinearRecurrent)
    return RecurrentJacobian(network, point, xp, deadline)


def entries(
    allocation: Allocation, which: str, chunk: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield (name, indices) of the set entries of the `which` masks, at most `chunk` at a time.

    The order (weight by weight, row-major) numbers the columns of a Jacobian.

    >>> allocation = Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]})
    >>> [(name, block.tolist()) for name, block in entries(allocation, "learnable", 10)]
    [('W1', [[0, 1]])]
    """
    for name, mask in allocation.masks(which):
        if which == "learnable" and name not in allocation.counts:
            continue
        # Bounded pieces: a fully present weight may have far more entries than memory holds.
        rows_at_once = max(_CELLS_AT_ONCE // mask[0].size, 1)
        for start in range(0, len(mask), rows_at_once):
            block = np.argwhere(mask[start : start + rows_at_once])
            block[:, 0] += start
            for first in range(0, len(block), chunk):
                yield name, block[first : first + chunk]
