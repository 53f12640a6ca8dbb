"""Which network a torch module is: its layers are recognised, anything else is refused by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import InputError, shown
from ..networks import LinearFeedforward, LinearRecurrent, Network, ShallowReLU
from .torch_probes import is_recurrence, is_stack

Module: TypeAlias = Any  # torch.nn.Module: torch may be missing

_SUPPORTED = (
    "supported are chains of nn.Linear, nn.Linear - nn.ReLU - nn.Linear, "
    "and a linear nn.RNN with a readout nn.Linear"
)
_LINEAR_NAMES = ("linear", "identity")


@dataclass(frozen=True)
class Slot:
    """Where a weight of the network lives: an attribute of a submodule, pruned or not."""

    owner: Module
    attribute: str
    name: str  # as in `named_parameters` before pruning

    @property
    def parameter(self) -> Any:
        """What is trained: the parameter, or the `..._orig` behind a pruned one."""
        pruned = self.owner._parameters.get(f"{self.attribute}_orig")
        return self.owner._parameters[self.attribute] if pruned is None else pruned

    @property
    def pruning(self) -> Any:
        """The 0/1 tensor of `torch.nn.utils.prune`, or None."""
        return self.owner._buffers.get(f"{self.attribute}_mask")


@dataclass(frozen=True)
class Reading:
    """The network that a module is, and where each of its weights lives."""

    network: Network
    slots: dict[str, Slot]


def torch_module() -> Any:
    """The package torch; raises `InputError` where it is missing."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        cure = "pip install 'theorycheck[torch]'"
        raise InputError(f"torch modules need the extra torch: {cure}") from None


def read_module(module: Module, linear: bool, steps: int | None, readout: Any) -> Reading:
    """The network of `module`; see `Allocation.from_torch` for what is read.

    Raises `InputError` for anything else, naming the submodule and the reason.
    """
    torch = torch_module()
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"a torch.nn.Module is expected, not {shown(module)}")
    module = getattr(module, "_orig_mod", module)  # of torch.compile, which would compile first
    leaves = list(_leaves(module, ""))
    layers = [(name, leaf) for name, leaf in leaves if not _does_nothing(name, leaf)]
    _refuse_sharing(layers)
    for name, layer in layers:
        _check_layer(name, layer)
    if any(isinstance(layer, torch.nn.RNN) for _, layer in layers):
        return _recurrent(module, layers, linear, steps, readout)
    if steps is not None:
        raise InputError("steps are those of an nn.RNN, this module has none")
    return _feedforward(module, layers)


def _leaves(module: Module, name: str) -> Iterator[tuple[str, Module]]:
    nn = torch_module().nn
    children = [(key, child) for key, child in module._modules.items() if child is not None]
    # nn.Linear and the like are leaves even if something was hung below them.
    if not children or isinstance(module, (nn.Linear, nn.RNNBase)):
        yield name, module
        return
    for key, parameter in module._parameters.items():
        if parameter is not None:
            raise _refusal(name, module, f"has a parameter {key!r} outside its layers")
    for key, child in children:
        yield from _leaves(child, f"{name}.{key}" if name else key)


def _does_nothing(name: str, leaf: Module) -> bool:
    nn = torch_module().nn
    if isinstance(leaf, nn.Dropout):
        if leaf.training and leaf.p > 0:
            raise _refusal(name, leaf, "is in training mode: call module.eval() to leave it out")
        return True
    is_flattening = type(leaf) is nn.Flatten and (leaf.start_dim, leaf.end_dim) == (1, -1)
    return is_flattening or type(leaf) is nn.Identity


def _check_layer(name: str, layer: Module) -> None:
    nn = torch_module().nn
    if type(layer) is nn.ReLU:
        return
    if isinstance(layer, nn.RNN):
        _check_recurrent(name, layer)
        attributes = ("weight_ih_l0", "weight_hh_l0")
    elif type(layer) is nn.Linear:
        attributes = ("weight", "bias")
    else:
        raise _refusal(name, layer, _why_unknown(layer))
    known = {f"{attribute}{end}" for attribute in attributes for end in ("", "_orig")}
    for key, parameter in layer._parameters.items():
        is_pruned = key.endswith("_orig") and f"{key[:-5]}_mask" in layer._buffers
        if parameter is not None and (key not in known or key.endswith("_orig") > is_pruned):
            raise _refusal(name, layer, f"has a parameter {key!r}: its weight is computed")
    if layer._modules:
        raise _refusal(name, layer, "has submodules: its weight is parametrised or extended")


def _why_unknown(layer: Module) -> str:
    nn = torch_module().nn
    if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        return "has no shape yet: run the module once"
    if isinstance(layer, nn.modules.conv._ConvNd):
        return "is a convolution, whose weights are shared between places"
    if isinstance(layer, nn.RNNBase):
        return "has gates, which are not linear"
    if isinstance(layer, nn.Linear):
        return "is no plain nn.Linear: its weight is parametrised or its forward is its own"
    if "Norm" in type(layer).__name__:
        return "normalises, which is not linear"
    if any(True for _ in layer.parameters()):
        return "is a layer without theory"
    return "is not known to be linear, and no nn.ReLU"


def _check_recurrent(name: str, layer: Module) -> None:
    if layer.num_layers != 1 or layer.bidirectional:
        raise _refusal(name, layer, "has more than one layer or both directions; one is supported")
    if layer.bias:
        raise _refusal(name, layer, "has biases, the networks of the theory none: bias=False")


def _refuse_sharing(layers: list[tuple[str, Module]]) -> None:
    seen: dict[int, str] = {}
    for name, layer in layers:
        for parameter in layer.parameters():
            first = seen.setdefault(id(parameter), name)
            if first != name:
                raise _refusal(name, layer, f"shares a weight with {first!r}")


def _feedforward(module: Module, layers: list[tuple[str, Module]]) -> Reading:
    nn = torch_module().nn
    stack = [(name, layer) for name, layer in layers if type(layer) is nn.Linear]
    kinds = [type(layer).__name__ for _, layer in layers]
    is_relu = "ReLU" in kinds
    if not stack or (is_relu and kinds != ["Linear", "ReLU", "Linear"]):
        found = ", ".join(kinds) or "no layers"
        raise InputError(f"the module has {found}; {_SUPPORTED}")
    for (name, layer), (below, lower) in zip(stack[1:], stack, strict=False):
        if layer.in_features != lower.out_features:
            what = f"takes {layer.in_features} inputs, {below!r} gives {lower.out_features}"
            raise _refusal(name, layer, what)
    biased = [_has_bias(layer) for _, layer in stack]
    if any(biased) != all(biased):
        name, layer = stack[biased.index(False)]
        what = "has no bias, but other layers have one: give all layers one, or none"
        raise _refusal(name, layer, what)
    if _is_own(module):
        linears = [layer for _, layer in stack]
        readings = (
            [True] if is_relu else [False, True][: len(stack)] if len(stack) == 2 else [False]
        )
        fitting = [relu for relu in readings if is_stack(module, linears, relu)]
        if not fitting:
            names = ", ".join(repr(name) for name, _ in layers)
            raise InputError(
                f"{type(module).__name__}.forward computes something else than {names} one after "
                f"the other; {_SUPPORTED}"
            )
        is_relu = fitting[0]
    widths = [stack[0][1].in_features, *(layer.out_features for _, layer in stack)]
    slots = {}
    for number, (name, layer) in enumerate(stack, start=1):
        slots[f"W{number}"] = _slot(layer, "weight", name)
        if biased[0]:
            slots[f"b{number}"] = _slot(layer, "bias", name)
    kind = ShallowReLU if is_relu else LinearFeedforward
    return Reading(kind(widths, bias=biased[0]), slots)


def _recurrent(
    module: Module, layers: list[tuple[str, Module]], linear: bool, steps: int | None, readout: Any
) -> Reading:
    nn = torch_module().nn
    if [type(layer) is nn.Linear for _, layer in layers] != [False, True]:
        raise InputError(
            "an nn.RNN must be followed by one readout nn.Linear(bias=False), in one module"
        )
    (name, recurrent), (end, final) = layers
    if _has_bias(final):
        raise _refusal(end, final, "has a bias, the networks of the theory none: bias=False")
    if final.in_features != recurrent.hidden_size:
        what = f"takes {final.in_features} inputs, {name!r} gives {recurrent.hidden_size}"
        raise _refusal(end, final, what)
    if steps is None:
        raise InputError(f"how many steps does {name!r} (RNN) run? say steps=T")
    sizes = (recurrent.input_size, recurrent.hidden_size, final.out_features)
    network = LinearRecurrent(*sizes, steps=steps, readout=readout)
    if not linear:
        activation = getattr(recurrent, "nonlinearity", "?")
        declare = "linear=True declares that it is to be read as linear"
        if activation not in _LINEAR_NAMES:
            raise _refusal(name, recurrent, f"has the activation {activation!r}; {declare}")
        if not is_recurrence(module, recurrent, final, network):
            raise InputError(
                f"{type(module).__name__}.forward does not compute the {network.describe()} of "
                f"{name!r} and {end!r}; {declare}"
            )
    slots = {
        "input": _slot(recurrent, "weight_ih_l0", name),
        "recurrent": _slot(recurrent, "weight_hh_l0", name),
        "readout": _slot(final, "weight", end),
    }
    return Reading(network, slots)


def _slot(owner: Module, attribute: str, name: str) -> Slot:
    return Slot(owner, attribute, f"{name}.{attribute}" if name else attribute)


def _has_bias(layer: Module) -> bool:
    return any(layer._parameters.get(key) is not None for key in ("bias", "bias_orig"))


def _is_own(module: Module) -> bool:
    """Whether something but torch's own code of containers and layers is at work."""
    torch = torch_module()
    pruning = importlib.import_module("torch.nn.utils.prune").BasePruningMethod
    for part in module.modules():
        hooks = [*part._forward_hooks.values(), *part._forward_pre_hooks.values()]
        if any(not isinstance(hook, pruning) for hook in hooks):
            return True
        is_known = type(part).__module__.startswith("torch.nn.modules.")
        if not is_known or "forward" in vars(part):
            return True
        if part._modules and type(part) is not torch.nn.Sequential:
            return True
    return False


def _refusal(name: str, module: Module, why: str) -> InputError:
    place = f"submodule {name!r}" if name else "the module"
    return InputError(f"{place} ({type(module).__name__}) {why}; {_SUPPORTED}")
