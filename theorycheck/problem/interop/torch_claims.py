"""The functions that networks compute, of torch tensors by weight name."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping

from ...errors import InputError
from ..masks import Mask
from ..networks.base import Network
from ..networks.unrolled import CONSTANT, Level, forward
from .torch_memory import Tensor
from .torch_probes import POINTS, ModuleClaim, Tensors
from .torch_slots import from_masks


def claim_of(
    network: Network,
    parameters: Tensors,
    present: Mapping[str, Mask],
    *,
    batch_first: bool = True,
    compared: bool = True,
    zeros: Collection[str] = (),
) -> ModuleClaim:
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

    def outputs(leaves: Tensors, x: Tensor) -> Tensor:
        weights = {
            name: leaf * kept[name] if name in kept else leaf for name, leaf in leaves.items()
        }
        return _computed(network, weights, x, 1 if batch_first else 0)

    if not network.is_recurrent:
        return ModuleClaim(parameters, outputs, (POINTS, network.inputs), compared, kept=zeroed)
    sides = (POINTS, network.steps) if batch_first else (network.steps, POINTS)
    shape = (*sides, network.inputs)
    carried = next(name for name in network.weight_shapes if network.lag(name))
    return ModuleClaim(parameters, outputs, shape, compared, carried, network.steps, zeroed)


def _computed(network: Network, weights: Tensors, x: Tensor, time: int) -> Tensor:
    """The outputs of inputs `x`, (points, inputs); of all steps, their axis is `time`."""
    torch = importlib.import_module("torch")
    steps = iter(x.unbind(time) if network.is_recurrent else [x])
    unrolled = network.unrolled
    inputs = [
        x.new_ones(POINTS, 1) if level.group == CONSTANT else next(steps)
        for level in unrolled.starts
    ]

    def combine(level: Level, terms: list[tuple[str, Tensor]]) -> Tensor:
        # A module may have biases in some layers only.
        found = [(weights[name], value) for name, value in terms if name in weights]
        bias = next((weight for weight, _ in found if weight.dim() == 1), None)
        total = None
        for weight, value in found:
            if weight.dim() == 2:
                addend = torch.nn.functional.linear(value, weight, bias if total is None else None)
                total = addend if total is None else total + addend
        return applied(level.activation, total)

    values = forward(unrolled, inputs, combine)
    read = [values[number] for number in unrolled.read]
    return torch.stack(read, time) if network.reads_every_step else read[0]


def applied(activation: str, x: Tensor) -> Tensor:
    """An activation of a tensor; raises `InputError` for one that no torch module is read with."""
    if activation == "linear":
        return x
    if activation == "relu":
        return importlib.import_module("torch").nn.functional.relu(x)
    raise InputError(f"modules with the activation {activation} are not read: {from_masks(None)}")
