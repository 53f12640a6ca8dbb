"""Networks against torch's own layers: another judge of the unrolled network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.problem.test_unrolled import Weights, drawn, evaluated, rows_of
from tests.shared.strategies import networks
from theorycheck.problem.networks.matrices import matrices_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def torch_sigma(name: str) -> Any:
    """The activation in torch: a layer of its own, where it has one."""
    nn = torch.nn
    own: dict[str, Any] = {
        "linear": nn.Identity(),
        "relu": nn.ReLU(),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
        "softplus": nn.Softplus(),
        "silu": nn.SiLU(),
        "gelu": nn.GELU(),
        "leaky_relu": nn.LeakyReLU(),
        "hardtanh": nn.Hardtanh(),
        "square": torch.square,
        "cube": lambda h: h**3,
    }
    return own[name] if name in own else getattr(torch, name)


def torch_outputs(network: Any, weights: Weights, inputs: np.ndarray) -> np.ndarray:
    """All outputs by torch's own layers, one row each."""
    nn = torch.nn

    def tensor(values: np.ndarray) -> Any:
        return torch.tensor(values, dtype=torch.float64)

    def linear_layer(weight: str, bias: str) -> Any:
        size, before = weights[weight].shape
        layer = nn.Linear(before, size, bias=bias in weights, dtype=torch.float64)
        layer.weight.data = tensor(weights[weight])
        if bias in weights:
            layer.bias.data = tensor(weights[bias])
        return layer

    if network.kind == "convolutional":
        values = convolved(network, weights, tensor(inputs.T)).flatten(1)
        return linear_layer(f"W{network.depth}", f"b{network.depth}")(values).T.detach().numpy()
    if not network.is_recurrent:
        values = tensor(inputs.T)
        for k, name in enumerate((*network.activations, "linear"), start=1):
            new = torch_sigma(name)(linear_layer(f"W{k}", f"b{k}")(values))
            values = new + values if k in getattr(network, "residual", ()) else new
        return values.T.detach().numpy()
    states = hidden_states(network, weights, tensor(inputs.transpose(2, 0, 1)), linear_layer)
    outputs = linear_layer("readout", "readout_bias")(states)  # (samples, steps, outputs)
    outputs = outputs if network.readout == "all" else outputs[:, -1:]
    return outputs.permute(1, 2, 0).reshape(-1, inputs.shape[-1]).detach().numpy()


def convolved(network: Any, weights: Weights, rows: Any) -> Any:
    """What torch's Conv1d, Conv2d and average pooling make of inputs, position by position."""
    nn, axes = torch.nn, len(network.input) - 1
    conv, average = ((nn.Conv1d, nn.AvgPool1d), (nn.Conv2d, nn.AvgPool2d))[axes - 1]
    values = rows.reshape(len(rows), *network.input[1:], network.input[0]).movedim(-1, 1)
    for k, (layer, name) in enumerate(zip(network.layers, network.activations, strict=True), 1):
        filters = torch.tensor(weights[f"W{k}"], dtype=torch.float64)
        made = conv(
            filters.shape[1], layer.channels, layer.kernel, layer.stride, layer.padding,
            bias=network.bias, dtype=torch.float64,
        )  # fmt: skip
        made.weight.data = filters
        if network.bias:
            made.bias.data = torch.tensor(weights[f"b{k}"], dtype=torch.float64)
        values = average(layer.pool)(torch_sigma(name)(made(values)))
    return values


def hidden_states(network: Any, weights: Weights, x: Any, linear_layer: Any) -> Any:
    """The states (samples, steps, hidden): tanh and ReLU, all that torch's RNN has, by it."""
    (name,) = network.activations
    if name not in ("tanh", "relu"):
        enter, carry = linear_layer("input", "bias"), linear_layer("recurrent", "none")
        state, states = torch.zeros(len(x), network.hidden, dtype=torch.float64), []
        for step in range(network.steps):
            state = torch_sigma(name)(enter(x[:, step]) + carry(state))
            states.append(state)
        return torch.stack(states, dim=1)
    rnn = torch.nn.RNN(
        network.inputs, network.hidden, nonlinearity=name, batch_first=True, dtype=torch.float64
    )
    rnn.weight_ih_l0.data = torch.tensor(weights["input"], dtype=torch.float64)
    rnn.weight_hh_l0.data = torch.tensor(weights["recurrent"], dtype=torch.float64)
    bias = weights.get("bias", np.zeros(network.hidden))
    rnn.bias_ih_l0.data = torch.tensor(bias, dtype=torch.float64)
    rnn.bias_hh_l0.data.zero_()
    return rnn(x)[0]


@given(networks, st.integers(0, 2**32 - 1))
def test_torch_computes_the_same(network: Any, seed: int):
    weights, inputs = drawn(network, 3, seed)
    weights = {name: value / 16 for name, value in weights.items()}
    inputs = inputs / 16
    wanted = torch_outputs(network, weights, inputs)

    matrices = matrices_of(
        network.unrolled, weights, lambda factor, size: float(factor) * np.eye(size)
    )

    def combine(terms: list[tuple[str, np.ndarray]]) -> Any:
        return sum(matrices[name] @ value for name, value in terms)

    found = evaluated(network, network.unrolled, rows_of(network, inputs), combine)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)
