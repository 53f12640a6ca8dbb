"""Which learnables act on which outputs at all: the support of the Jacobian, from paths alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Allocation
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent

Support = NDArray[np.bool_]

_WHAT = "the pattern of the Jacobian"


def jacobian_support(
    allocation: Allocation,
    samples: int,
    spanning: bool,
    inputs: Support | None = None,
    deadline: Deadline = NEVER,
) -> Support:
    """Boolean matrix (equations x learnables): true where the entry is not identically zero.

    `samples` is the effective number; `spanning` tells whether they span the inputs and have been
    turned into unit vectors; `inputs`, for given ones, which entries of them are not 0. Equations
    and learnables are numbered as in `ranks.jacobian`. An entry is a sum of products over paths,
    each a monomial of its own, so it vanishes only without a path. Raises `OutOfTimeError` after
    the deadline.

    >>> net = LinearFeedforward([1, 2, 2])
    >>> allocation = Allocation(net, {"W1": [[1], [0]], "W2": [[0, 1], [0, 0]]})
    >>> jacobian_support(allocation, 1, True).tolist()
    [[True, True], [True, False]]
    """
    if isinstance(allocation.network, LinearFeedforward):
        return _feedforward(allocation, samples, spanning, inputs, deadline)
    return _recurrent(allocation, samples, spanning, deadline)


def _product(one: Support, other: Support) -> Support:
    return (one.astype(np.float32) @ other.astype(np.float32)) > 0


def _outer(behind: Support, ahead: Support, mask: Support) -> Support:
    """For every learnable (i, j): behind[:, i] (x) ahead[j, :], shape (outputs, samples, n)."""
    entries = np.argwhere(mask)
    return behind[:, None, entries[:, 0]] & ahead.T[None, :, entries[:, -1]]


def _feedforward(
    allocation: Allocation,
    samples: int,
    spanning: bool,
    inputs: Support | None,
    deadline: Deadline,
) -> Support:
    network = allocation.network
    assert isinstance(network, LinearFeedforward)
    size = network.inputs + network.bias
    ahead = np.eye(size, dtype=bool) if spanning else np.ones((size, samples), dtype=bool)
    ahead = ahead if inputs is None else inputs
    constant = ahead[network.inputs :]
    layers = range(1, network.depth + 1)
    present = {layer: allocation.present_mask(f"W{layer}") for layer in layers}
    behind = {network.depth: np.eye(network.outputs, dtype=bool)}
    for layer in reversed(layers[1:]):
        deadline.check(_WHAT)
        behind[layer - 1] = _product(behind[layer], present[layer])
    blocks: list[Support] = []
    for layer in layers:
        deadline.check(_WHAT)
        if f"W{layer}" in allocation.counts:
            blocks.append(_outer(behind[layer], ahead, allocation.mask(f"W{layer}")))
        if f"b{layer}" in allocation.counts:
            bias = allocation.mask(f"b{layer}")[:, None]
            blocks.append(_outer(behind[layer], constant, bias))
        hidden = _product(present[layer], ahead[: present[layer].shape[1]])
        if network.bias:
            biases = allocation.present_mask(f"b{layer}")[:, None]
            hidden = np.concatenate([hidden | (biases & constant), constant])
        ahead = hidden
    n_equations = network.outputs * samples
    return np.concatenate(blocks, axis=2).reshape(n_equations, -1) if blocks else _none(n_equations)


def _recurrent(allocation: Allocation, samples: int, spanning: bool, deadline: Deadline) -> Support:
    network = allocation.network
    assert isinstance(network, LinearRecurrent)
    shape = (network.steps, network.inputs, samples)
    inputs = np.ones(shape, dtype=bool)
    if spanning:
        inputs = np.eye(network.steps * network.inputs, samples, dtype=bool).reshape(shape)
    recurrent, readout = allocation.present_mask("recurrent"), allocation.present_mask("readout")
    states = [np.zeros((network.hidden, samples), dtype=bool)]
    behind = [readout]
    for step in inputs:
        deadline.check(_WHAT)
        drive = _product(allocation.present_mask("input"), step)
        states.append(_product(recurrent, states[-1]) | drive)
        behind.append(_product(behind[-1], recurrent))
    is_final = network.readout == "final"
    times = [network.steps] if is_final else range(1, network.steps + 1)
    ahead = {"input": list(inputs), "recurrent": states}
    rows: list[Support] = []
    for time in times:
        blocks = []
        for name in allocation.counts:
            mask = allocation.mask(name)
            if name == "readout":
                unit = np.eye(network.outputs, dtype=bool)
                blocks.append(_outer(unit, states[time], mask))
                continue
            block = np.zeros((network.outputs, samples, np.count_nonzero(mask)), dtype=bool)
            for step in range(1, time + 1):
                deadline.check(_WHAT)
                block |= _outer(behind[time - step], ahead[name][step - 1], mask)
                if block.all():
                    break
            blocks.append(block)
        rows.append(np.concatenate(blocks, axis=2) if blocks else _none(1)[None])
    n_equations = network.outputs * samples * len(times)
    return np.stack(rows).reshape(n_equations, -1) if allocation.counts else _none(n_equations)


def _none(n_equations: int) -> Support:
    return np.zeros((n_equations, 0), dtype=bool)
