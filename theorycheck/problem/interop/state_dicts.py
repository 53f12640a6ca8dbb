"""Masks by the names of parameters: what `torch.nn.utils.prune` and others save of a model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from ...errors import InputError, SizeError, shown
from ..networks.base import Network
from ..networks.kinds import LAYERED, RECURRENT, kind_entries, network_from_dict
from .foreign import LARGEST_DENSE, SparseMask, plain

_PARAMETER = re.compile(
    r"(?:(?P<module>.+)\.)?(?P<parameter>weight|bias|(?:weight|bias)_[ih]h_l\d+(?:_reverse)?)"
    r"(?:_(?P<what>mask|orig))?"
)
_BIAS = re.compile(r"(?:(?:learnable|present)[./_])?bias")  # of recurrent networks, as a mask
_RECURRENT = {"weight_ih_l0": "input", "weight_hh_l0": "recurrent"}
_MOST_PERMUTED = 7
_CURE = "Allocation.from_torch(model) reads the model itself"

Masks = dict[str, Any]


@dataclass
class _ModuleTensors:
    """The tensors of one module: parameter -> `mask`, `orig` or `` (the parameter itself)."""

    name: str
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def shape(self, parameter: str) -> tuple[int, ...]:
        """The shape that all parts of a parameter have."""
        shapes = {what: tuple(part.shape) for what, part in self.parts[parameter].items()}
        if len(set(shapes.values())) > 1:
            one, other = list(shapes.values())[:2]
            raise InputError(f"{self.name}.{parameter} has parts of shapes {one} and {other}")
        return next(iter(shapes.values()))


def is_state_dict(names: Sequence[str]) -> bool:
    """Whether these are the names of a module's parameters, and not those of weights.

    >>> is_state_dict(["0.weight_mask"]), is_state_dict(["learnable.W1"])
    (True, False)
    """
    return any(_PARAMETER.fullmatch(name) and not _BIAS.fullmatch(name) for name in names)


def read_state_dict(
    tensors: Mapping[str, Any],
    *,
    kind: str | None = None,
    network: Network | None = None,
    steps: int | None = None,
    readout: str = "final",
    layers: Sequence[str] | None = None,
    activation: str | Sequence[str] | None = None,
) -> tuple[Network, Masks, Masks]:
    """Network, learnable and present masks; see `Allocation.from_state_dict`."""
    if not isinstance(tensors, Mapping) or not tensors:
        raise InputError(f"a state dict of names and tensors is expected, not {shown(tensors)}")
    modules = _modules(tensors, {2} if network is None else _axes(network))
    is_recurrent = any(_is_rnn(module) for module in modules.values())
    if kind is None and network is None and activation is None:
        kinds = " or ".join(RECURRENT if is_recurrent else LAYERED)
        raise InputError(f"a state dict does not tell activations: say the kind, {kinds}")
    if is_recurrent:
        slots = _recurrent(modules, network, kind, activation, steps, readout)
    else:
        slots = _feedforward(_ordered(modules, layers), network, kind, activation)
    found, parameters = slots
    learnable, present = _masks(parameters)
    return found, learnable, present


def _axes(network: Network) -> set[int]:
    """How many axes its weights have, other than biases."""
    return {len(shape) for shape in network.weight_shapes.values()} - {1}


def _modules(tensors: Mapping[str, Any], axes: set[int]) -> dict[str, _ModuleTensors]:
    """The tensors by module; `axes` are the numbers of axes that weights may have."""
    modules: dict[str, _ModuleTensors] = {}
    for name, value in tensors.items():
        match = _PARAMETER.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            what = (
                "only weight and bias of linear layers and of an nn.RNN, and their _mask or _orig"
            )
            raise InputError(f"the state dict has {shown(name)}; {what}, are read: {_CURE}")
        place, value = f"the tensor {shown(name)}", plain(value, f"the tensor {shown(name)}")
        array = value if isinstance(value, SparseMask) else np.asarray(value)
        if math.prod(array.shape) > LARGEST_DENSE:
            raise SizeError(f"{place} of shape {list(array.shape)} is too large")
        expected = {1} if match["parameter"].startswith("bias") else axes
        if len(array.shape) not in expected or 0 in array.shape:
            layers = f"only linear layers and an nn.RNN are read: {_CURE}"
            if len(array.shape) in (3, 4) and match["parameter"] == "weight":
                layers = (
                    "only linear layers and an nn.RNN are read where a state dict tells all, of "
                    "convolutions it tells neither strides nor sizes: say "
                    f"network=tc.Convolutional(...); {_CURE}"
                )
            raise InputError(f"{place} has shape {shown(tuple(array.shape))}; {layers}")
        module = modules.setdefault(
            match["module"] or "", _ModuleTensors(match["module"] or "the module")
        )
        module.parts.setdefault(match["parameter"], {})[match["what"] or ""] = array
    return modules


def _is_rnn(module: _ModuleTensors) -> bool:
    return any("h_l" in parameter for parameter in module.parts)


def _ordered(
    modules: Mapping[str, _ModuleTensors], layers: Sequence[str] | None
) -> list[_ModuleTensors]:
    """The modules from input to output; refused unless names or shapes leave one order only."""
    for name, module in modules.items():
        if "weight" not in module.parts:
            raise InputError(f"the state dict has a bias of {shown(name)}, but no weight: {_CURE}")
    if layers is not None:
        if sorted(map(str, layers)) != sorted(modules):
            listed = ", ".join(map(str, modules))
            raise InputError(f"layers must name each of {listed} once, not {shown(list(layers))}")
        chosen = [modules[str(name)] for name in layers]
        return _chained(chosen)
    if len(modules) == 1:
        return list(modules.values())
    numbers = {name: [int(n) for n in re.findall(r"\d+", name)] for name in modules}
    if len({re.sub(r"\d+", "#", name) for name in modules}) == 1:
        return _chained([modules[name] for name in sorted(modules, key=lambda n: numbers[n])])
    orders = []
    if len(modules) <= _MOST_PERMUTED:
        orders = [order for order in permutations(modules.values()) if _break_of(order) is None]
    if len(orders) == 1:
        return list(orders[0])
    named = ", ".join(map(repr, modules))
    raise InputError(
        f"the order of the layers {named} is open: their names are not numbered, and their shapes "
        f"fit in {'no' if not orders else len(orders)} order{'s' * (len(orders) != 1)}; say "
        "layers=[...] (--layers A,B,...), from input to output"
    )


def _break_of(order: Sequence[_ModuleTensors]) -> int | None:
    """The first layer whose inputs are not as many as the outputs of the one before.

    Behind filters a matrix reads as many inputs for each position, and no filters come behind it.
    """
    shapes = [module.shape("weight") for module in order]
    for i in range(1, len(shapes)):
        (outputs, *filters), inputs = shapes[i - 1], shapes[i][1]
        many = len(filters) > 1 and len(shapes[i]) == 2
        fits = inputs % outputs == 0 if many else inputs == outputs
        if not fits or len(shapes[i]) > len(shapes[i - 1]):
            return i
    return None


def _chained(order: list[_ModuleTensors]) -> list[_ModuleTensors]:
    at = _break_of(order)
    if at is not None:
        one, other = order[at - 1], order[at]
        outputs, inputs = one.shape("weight")[0], other.shape("weight")[1]
        raise InputError(
            f"the layers are no chain: {one.name} has {outputs} outputs, {other.name} behind it "
            f"{inputs} inputs; say layers=[...], from input to output, or read the model itself "
            "(Allocation.from_torch)"
        )
    return order


Parameters = dict[str, tuple[_ModuleTensors, str]]


def _feedforward(
    modules: list[_ModuleTensors], network: Network | None, kind: str | None, activation: object
) -> tuple[Network, Parameters]:
    biased = ["bias" in module.parts for module in modules]
    if any(biased) != all(biased):
        name = modules[biased.index(False)].name
        what = "has no bias, but other layers have one: give all layers one, or none"
        raise InputError(f"{name} {what}")
    if network is None:
        shapes = [module.shape("weight") for module in modules]
        if kind is not None and kind not in LAYERED:
            raise InputError(
                f"kind must be {' or '.join(LAYERED)}, not {shown(kind)}: no module of the state "
                "dict has the weights of an nn.RNN"
            )
        widths = [shapes[0][1], *(shape[0] for shape in shapes)]
        bias = {"bias": True} if biased[0] else {}
        named = kind_entries(kind, activation)
        network = network_from_dict({**named, "widths": widths, **bias})
    parameters: Parameters = {}
    for number, module in enumerate(modules, start=1):
        parameters[f"W{number}"] = (module, "weight")
        if biased[0]:
            parameters[f"b{number}"] = (module, "bias")
    return _fitting(network, parameters)


def _recurrent(
    modules: Mapping[str, _ModuleTensors],
    network: Network | None,
    kind: str | None,
    activation: object,
    steps: int | None,
    readout: str,
) -> tuple[Network, Parameters]:
    rnns = [module for module in modules.values() if _is_rnn(module)]
    others = [module for module in modules.values() if not _is_rnn(module)]
    if len(rnns) != 1 or len(others) != 1 or set(rnns[0].parts) - {"bias"} != set(_RECURRENT):
        raise InputError(
            "recurrent networks are read of one nn.RNN of one layer and one direction and without "
            "biases, and one readout nn.Linear(bias=False); the state dict has other modules"
        )
    if "bias" in others[0].parts or "weight" not in others[0].parts:
        raise InputError(f"{others[0].name} must have a weight and no bias: it is the readout")
    parameters: Parameters = {weight: (rnns[0], key) for key, weight in _RECURRENT.items()}
    parameters["readout"] = (others[0], "weight")
    if network is None:
        if kind is not None and kind not in RECURRENT:
            raise InputError(
                f"kind must be {' or '.join(RECURRENT)} for an nn.RNN, not {shown(kind)}"
            )
        if steps is None:
            raise InputError("steps are missing: how often the nn.RNN is applied")
        hidden, inputs = rnns[0].shape("weight_ih_l0")
        sizes = {"inputs": inputs, "hidden": hidden, "outputs": others[0].shape("weight")[0]}
        named = kind_entries(kind, activation, recurrent=True)
        network = network_from_dict({**named, **sizes, "steps": steps, "readout": readout})
    return _fitting(network, parameters)


def _fitting(network: Network, parameters: Parameters) -> tuple[Network, Parameters]:
    if set(parameters) != set(network.weight_shapes):
        weights, found = ", ".join(network.weight_shapes), ", ".join(parameters)
        raise InputError(f"the network has the weights {weights}, the state dict those of {found}")
    for name, (module, parameter) in parameters.items():
        shape, expected = module.shape(parameter), network.weight_shapes[name]
        if shape != expected:
            what = f"has shape {shape}, the network's {name} {expected}"
            raise InputError(f"{module.name}.{parameter} {what}")
    return network, parameters


def _masks(parameters: Parameters) -> tuple[Masks, Masks]:
    """With masks of pruning these are present, and all that is left learnable; else all are masks.

    A state dict does not tell what is frozen, so tensors that are no masks are refused where none
    is one.
    """
    parts = {name: module.parts[parameter] for name, (module, parameter) in parameters.items()}
    if any("mask" in part for part in parts.values()):
        present = {name: part["mask"] for name, part in parts.items() if "mask" in part}
        shapes = {name: module.shape(parameter) for name, (module, parameter) in parameters.items()}
        full = {name: np.broadcast_to(np.True_, shape) for name, shape in shapes.items()}
        return {**full, **present}, present
    for name, value in _dense(parts):
        if value.dtype.kind not in "biuf" or not ((value == 0) | (value == 1)).all():
            module, parameter = parameters[name]
            raise InputError(
                f"{module.name}.{parameter} holds weights, no mask of 0 and 1, and no tensor is a "
                f"mask of pruning (weight_mask): what is frozen is not in the file; {_CURE}"
            )
    return {name: next(iter(part.values())) for name, part in parts.items()}, {}


def _dense(parts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, part in parts.items():
        value = next(iter(part.values()))
        if not isinstance(value, SparseMask):
            yield name, value
