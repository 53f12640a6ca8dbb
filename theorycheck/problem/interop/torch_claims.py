"""The functions that networks compute, of torch tensors by weight name."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from typing import Any

from ..masks import Mask
from ..networks.base import Network
from ..networks.feedforward import ShallowReLU
from ..networks.recurrent import LinearRecurrent
from .torch_probes import POINTS, Claim, Tensors


def claim_of(
    network: Network,
    parameters: Tensors,
    present: Mapping[str, Mask],
    *,
    batch_first: bool = True,
    compared: bool = True,
    zeros: Collection[str] = (),
) -> Claim:
    """That a module computes `network` of its `parameters`, by weight name, those `present`.

    Absent entries of weights in `zeros` are 0 and stay so; those of others are masked in `forward`.
    """
    torch = importlib.import_module("torch")
    kept = {
        name: torch.tensor(present[name], device=parameter.device)
        for name, parameter in parameters.items()
        if name in present
    }
    zeroed = {name: kept[name] for name in zeros}

    def outputs(leaves: Tensors, x: Any) -> Any:
        weights = {
            name: leaf * kept[name] if name in kept else leaf for name, leaf in leaves.items()
        }
        if isinstance(network, LinearRecurrent):
            return _recurrence(network, weights, x, 1 if batch_first else 0)
        return _stack(network, weights, x)

    if not isinstance(network, LinearRecurrent):
        return Claim(parameters, outputs, (POINTS, network.inputs), compared, kept=zeroed)
    sides = (POINTS, network.steps) if batch_first else (network.steps, POINTS)
    shape = (*sides, network.inputs)
    return Claim(parameters, outputs, shape, compared, "recurrent", network.steps, zeroed)


def _stack(network: Any, weights: Tensors, x: Any) -> Any:
    functional = importlib.import_module("torch.nn.functional")
    for layer in range(1, network.depth + 1):
        x = functional.relu(x) if isinstance(network, ShallowReLU) and layer > 1 else x
        x = functional.linear(x, weights[f"W{layer}"], weights.get(f"b{layer}"))
    return x


def _recurrence(network: LinearRecurrent, weights: Tensors, x: Any, time: int) -> Any:
    torch = importlib.import_module("torch")
    state = torch.zeros(POINTS, network.hidden, dtype=x.dtype, device=x.device)
    outputs = []
    for step in x.unbind(time):
        state = state @ weights["recurrent"].T + step @ weights["input"].T
        if network.readout == "all":
            outputs.append(state @ weights["readout"].T)
    return torch.stack(outputs, time) if outputs else state @ weights["readout"].T
