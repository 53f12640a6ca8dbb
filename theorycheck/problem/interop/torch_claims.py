"""The functions that networks compute, of torch tensors by weight name."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..masks import Mask
from ..networks.base import Network
from ..networks.matrices import matrices_of
from ..networks.unrolled import CONSTANT, Level, forward
from .torch_activations import applied
from .torch_memory import Tensor
from .torch_probes import POINTS, ModuleClaim, Tensors
from .torch_slots import weight_of

_FEW = 2  # matrices of one sum: those of a recurrence


def claim_of(
    network: Network,
    parameters: Tensors,
    present: Mapping[str, Mask],
    *,
    batch_first: bool = True,
    compared: bool = True,
    zeros: Collection[str] = (),
    point: tuple[int, ...] = (),
) -> ModuleClaim:
    """That a module computes `network` of its `parameters`, by weight name, those `present`.

    `point` is the shape of one input, unless it is the network's number of inputs. A weight may be
    the sum of several parameters (`torch_slots.weight_of`).
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
        weights: dict[str, Tensor] = {}
        for name, leaf in leaves.items():
            part, weight = leaf * kept[name] if name in kept else leaf, weight_of(name)
            weights[weight] = weights[weight] + part if weight in weights else part
        return _computed(network, weights, x, 1 if batch_first else 0)

    rests = bool({"relu", "hardtanh"} & {*network.activations})
    if not network.is_recurrent:
        shape = (POINTS, *(point or (network.inputs,)))
        return ModuleClaim(
            parameters, outputs, shape, compared, kept=zeroed, may_rest=rests, **_sizes(network)
        )
    sides = (POINTS, network.steps) if batch_first else (network.steps, POINTS)
    shape = (*sides, network.inputs)
    carried = next(name for name in network.weight_shapes if network.lag(name))
    return ModuleClaim(
        parameters, outputs, shape, compared, carried, network.steps, zeroed, may_rest=rests
    )


def _sizes(network: Network) -> dict[str, Any]:
    """How large inputs may be, and by which factor weights may differ, for outputs to be compared.

    Exponentials overflow. The sine of a large number shows in which order it was summed up, which
    is that of torch's own layers but for filters.
    """
    names = {*network.activations}
    if "exp" in names:
        return {"largest": 1.0, "spread": 1.0, "is_growing": "sin" not in names}
    if "sin" not in names or not network.unrolled.parts:
        return {}
    largest, spread = (1.0, 1.0) if names & {"square", "cube"} else (1e3, 10.0)
    return {"largest": largest, "spread": spread}


def _computed(network: Network, weights: Tensors, x: Tensor, time: int) -> Tensor:
    """The outputs of inputs `x`, (points, inputs); of all steps, their axis is `time`.

    Images, (points, channels, ...) or flat, are read position by position.
    """
    torch = importlib.import_module("torch")
    unrolled = network.unrolled
    if network.is_recurrent:
        parts = iter(x.unbind(time))
    else:
        parts = iter(x.reshape(POINTS, unrolled.starts[0].size, -1).unbind(-1))
    inputs = [
        x.new_ones(POINTS, 1) if level.group == CONSTANT else next(parts)
        for level in unrolled.starts
    ]
    sums = _Sums(matrices_of(unrolled, weights, lambda c, _: float(c), lambda weight: weight))

    def combine(level: Level, terms: list[tuple[str, Tensor]]) -> Tensor:
        return applied(level.activation, sums.of(terms))

    values = forward(unrolled, inputs, combine)
    read = [values[number] for number in unrolled.read]
    return torch.stack(read, time) if network.reads_every_step else read[0]


class _Sums:
    """The sums of terms, by the matrices that they name: numbers are multiples of the identity.

    A module may have biases in some layers only: terms whose matrices are not there are left out.
    """

    def __init__(self, matrices: Mapping[str, Any]) -> None:
        self._matrices = matrices
        self._joined: dict[tuple[str, ...], Tensor] = {}  # of levels that are made alike

    def of(self, terms: list[tuple[str, Tensor]]) -> Tensor:
        """The sum of matrices times values."""
        functional = importlib.import_module("torch.nn.functional")
        found = [(n, self._matrices[n], value) for n, value in terms if n in self._matrices]
        total: Any = sum(m * value for _, m, value in found if isinstance(m, float))
        own = [term for term in found if not isinstance(term[1], float)]
        bias = next((matrix for _, matrix, _ in own if matrix.dim() == 1), None)
        for matrix, value in self._blocks([term for term in own if term[1].dim() == 2]):
            total = total + functional.linear(value, matrix, bias)
            bias = None
        return total

    def _blocks(self, terms: list[tuple[str, Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Matrices and values: few as they are, as torch's own layers add them, many as one."""
        if len(terms) <= _FEW:
            yield from ((matrix, value) for _, matrix, value in terms)
            return
        torch = importlib.import_module("torch")
        names = tuple(name for name, _, _ in terms)
        if names not in self._joined:
            self._joined[names] = torch.cat([matrix for _, matrix, _ in terms], 1)
        yield self._joined[names], torch.cat([value for _, _, value in terms], 1)
