"""Which network a torch module may be: its layers are recognised, the rest is refused by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import InputError, shown
from ..networks.base import Network
from ..networks.kinds import network_from_dict
from .torch_memory import Tensor
from .torch_slots import Module, Slot, from_masks, slot_of

Opened: TypeAlias = Callable[[Module], tuple[str, Module] | None]
SUPPORTED = (
    "supported are chains of nn.Linear, nn.Linear - nn.ReLU - nn.Linear, "
    "and a linear nn.RNN with a readout nn.Linear"
)
_DROPOUTS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")
# What is not read itself, by the name of its class, and what is read instead.
_WRAPPERS = {
    "DistributedDataParallel": "pass the module inside, model.module",
    "FullyShardedDataParallel": "read the module before it is wrapped and sharded",
    "RecursiveScriptModule": "pass the Python module that was compiled",
    "ScriptModule": "pass the Python module that was compiled",
    "TopLevelTracedModule": "pass the Python module that was traced",
}


@dataclass(frozen=True)
class ReadOptions:
    """The arguments of `Allocation.from_torch` that say how a module is to be read."""

    linear: bool = False
    steps: int | None = None
    readout: Any = "final"
    recurrent: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Reading:
    """What the layers of a module suggest: networks that it may be, and where weights live.

    The module is then run: `torch_reading.decide` tells which one it is. `compared` is False where
    its outputs are not to be compared.
    """

    networks: tuple[Network, ...]
    slots: dict[str, Slot]
    batch_first: tuple[bool, ...] = (True,)
    compared: bool = True


@dataclass(frozen=True)
class LinearLayer:
    """One linear layer of a chain: its weight and, unless it has none, its bias."""

    name: str
    weight: Slot
    bias: Slot | None
    inputs: int
    outputs: int


def torch_module() -> Any:
    """The package torch; raises `InputError` where it is missing."""
    try:
        return importlib.import_module("torch")
    except ImportError:
        cure = "pip install 'theorycheck[torch]'"
        raise InputError(f"torch modules need the extra torch: {cure}") from None


def plain_module(module: Module) -> Module:
    """The module, out of `torch.compile`; raises `InputError` for what hides its weights."""
    torch = torch_module()
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"a torch.nn.Module is expected, not {shown(module)}")
    module = getattr(module, "_orig_mod", module)  # of torch.compile, which would compile first
    for part in module.modules():
        for kind in type(part).__mro__:
            if kind.__name__ in _WRAPPERS and kind.__module__.startswith("torch."):
                raise InputError(f"a {kind.__name__} is not read: {_WRAPPERS[kind.__name__]}")
    return module


def has_adapters(module: Module) -> bool:
    """Whether peft has been at work in the module."""
    kinds = (kind for part in module.modules() for kind in type(part).__mro__)
    return any(kind.__module__.split(".")[0] == "peft" for kind in kinds)


def layers_of(module: Module, opened: Opened | None = None) -> list[tuple[str, Module]]:
    """The layers that do something, by name; raises `InputError` for parameters outside them.

    `opened` tells of a submodule what to look at instead (the module itself: it is a layer).
    """
    found = _leaves(module, "", opened)
    layers = [(name, leaf) for name, leaf in found if not _does_nothing(name, leaf)]
    _refuse_sharing(layers)
    return layers


def _leaves(module: Module, name: str, opened: Opened | None) -> Iterator[tuple[str, Module]]:
    """The submodules that have none of their own, in the order in which they were registered."""
    nn = torch_module().nn
    inside = None if opened is None else opened(module)
    if inside is not None and inside[1] is not module:
        yield from _leaves(inside[1], f"{name}.{inside[0]}".strip("."), opened)
        return
    children = [(key, child) for key, child in module._modules.items() if child is not None]
    # nn.Linear and the like are leaves even if something was hung below them.
    is_leaf = isinstance(module, (nn.Linear, nn.RNNBase)) or "parametrizations" in module._modules
    if not children or is_leaf or inside is not None:
        yield name, module
        return
    for key, parameter in module._parameters.items():
        if parameter is not None:
            if key == "_flat_param":
                raise InputError("shards of FSDP are not read: read the model before it is wrapped")
            raise refusal(name, module, f"has a parameter {key!r} outside its layers")
    for key, child in children:
        yield from _leaves(child, f"{name}.{key}" if name else key, opened)


def _does_nothing(name: str, leaf: Module) -> bool:
    nn = torch_module().nn
    kind = type(leaf).__name__ if type(leaf).__module__.startswith("torch.nn.modules.") else ""
    if kind in _DROPOUTS:
        if leaf.training and leaf.p > 0:
            raise InputError(
                f"submodule {name!r} ({kind}) is in training mode: call model.eval() to leave it "
                "out, and model.train() after reading"
            )
        return True
    if not type(leaf).__module__.startswith("torch.") and next(leaf.parameters(), None) is None:
        return True  # a function of one's own: the run of the whole module tells
    is_flattening = type(leaf) is nn.Flatten and (leaf.start_dim, leaf.end_dim) == (1, -1)
    return is_flattening or type(leaf) is nn.Identity


def _refuse_sharing(layers: list[tuple[str, Module]]) -> None:
    seen: dict[int, str] = {}
    for name, layer in layers:
        for parameter in layer.parameters():
            first = seen.setdefault(id(parameter), name)
            if first != name:
                why = f"shares a weight with {first!r}, and there is no theory for tied weights"
                cure = "copy.deepcopy(layer) has weights of its own"
                raise InputError(f"{_place(name, layer)} {why}; {cure}")


def read_stack(layers: list[tuple[str, Module]]) -> Reading:
    """The networks that a chain of nn.Linear, and maybe nn.ReLU, may be."""
    nn = torch_module().nn
    kinds = ["ReLU" if type(layer) is nn.ReLU else "Linear" for _, layer in layers]
    stack = [
        read_layer(name, layer)
        for (name, layer), kind in zip(layers, kinds, strict=True)
        if kind == "Linear"
    ]
    return stack_reading(stack, kinds)


def stack_reading(stack: list[LinearLayer], kinds: list[str]) -> Reading:
    """The networks that a chain of `stack` may be; `kinds` names all layers in their order."""
    if not stack or ("ReLU" in kinds and len(stack) != 2):
        found = ", ".join(kinds) or "no layers"
        raise InputError(f"the module has {found}; {SUPPORTED}; else masks: {from_masks(None)}")
    for layer, lower in zip(stack[1:], stack, strict=False):
        if layer.inputs != lower.outputs:
            raise InputError(
                f"submodule {layer.name!r} takes {layer.inputs} inputs, {lower.name!r} gives "
                f"{lower.outputs}; a chain is read, layers registered in the order of their use; "
                f"else masks: {from_masks(None)}"
            )
    widths = [stack[0].inputs, *(layer.outputs for layer in stack)]
    bias = any(layer.bias is not None for layer in stack)
    # A forward of one's own may apply a ReLU, or not apply one that is there: the run tells.
    order = ["linear_feedforward", "shallow_relu"][: 2 if len(stack) == 2 else 1]
    if "ReLU" in kinds:
        order.reverse()
    networks = [network_from_dict({"kind": k, "widths": widths, "bias": bias}) for k in order]
    slots = {}
    for number, layer in enumerate(stack, start=1):
        slots[f"W{number}"] = layer.weight
        if layer.bias is not None:
            slots[f"b{number}"] = layer.bias
    return Reading(tuple(networks), slots)


def read_layer(name: str, layer: Module) -> LinearLayer:
    """Weight and bias of an nn.Linear, or of a layer of one's own with such parameters."""
    nn = torch_module().nn
    if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        raise InputError(
            f"{_place(name, layer)} has no shape yet: run the module once, model(example)"
        )
    attributes = {key.removesuffix("_orig"): p for key, p in _parameters(layer).items()}
    if isinstance(layer, nn.Linear):
        extra = attributes.keys() - {"weight", "bias"}
        if extra:
            why = f"has a parameter {min(extra)!r}: its weight is computed"
            raise refusal(name, layer, why)
        has_bias = "bias" in attributes
        sizes = layer.in_features, layer.out_features
        return LinearLayer(
            name, *_slots(name, layer, "weight", "bias" if has_bias else None), *sizes
        )
    matrices = [key for key, p in attributes.items() if p is not None and p.dim() == 2]
    others = [key for key in attributes if key not in matrices]
    is_own = not type(layer).__module__.startswith("torch.")
    if not is_own or len(matrices) != 1 or len(others) > 1:
        raise refusal(name, layer, _why_unknown(layer))
    outputs, inputs = attributes[matrices[0]].shape
    return LinearLayer(name, *_slots(name, layer, matrices[0], *others), inputs, outputs)


def _slots(
    name: str, layer: Module, weight: str, bias: str | None = None
) -> tuple[Slot, Slot | None]:
    return slot_of(layer, weight, name), slot_of(layer, bias, name) if bias else None


def _parameters(layer: Module) -> dict[str, Tensor]:
    """The parameters of one layer, also those that are pruned or parametrised, by attribute."""
    found = {key: p for key, p in layer._parameters.items() if p is not None}
    for key, computed in (layer._modules.get("parametrizations") or {}).items():
        found[key] = getattr(computed, "original", None)
        more = [name for name, _ in computed.named_parameters() if name != "original"]
        if more or found[key] is None:
            raise InputError(
                f"{type(layer).__name__} computes its {key} from other parameters: call "
                f"torch.nn.utils.parametrize.remove_parametrizations(layer, {key!r}) and read "
                f"what is left, or give masks: {from_masks(None)}"
            )
    return found


def _why_unknown(layer: Module) -> str:
    nn = torch_module().nn
    if ".quantized" in type(layer).__module__ or "quantiz" in type(layer).__module__:
        return "is quantised: read the model before it is quantised"
    if isinstance(layer, nn.modules.conv._ConvNd):
        return "is a convolution, whose weights are shared between places"
    if isinstance(layer, nn.RNN):
        return "is an nn.RNN: one of them and one readout nn.Linear(bias=False) are read"
    if isinstance(layer, nn.RNNCell):
        return "is one step of a loop: name its weights, from_torch(module, recurrent=..., steps=T)"
    if isinstance(layer, (nn.RNNBase, nn.LSTMCell, nn.GRUCell)):
        return "has gates, which are not linear"
    if "Norm" in type(layer).__name__:
        return "normalises, which is not linear"
    own = [name for name, _ in layer.named_parameters()]
    if own:
        return f"is a layer without theory, with the parameters {shown(own)}"
    return "is not known to be linear, and no nn.ReLU"


def _place(name: str, module: Module) -> str:
    place = f"submodule {name!r}" if name else "the module"
    return f"{place} ({type(module).__name__})"


def refusal(name: str, module: Module, why: str) -> InputError:
    """The error that names a submodule, why it is not read, and what is."""
    return InputError(f"{_place(name, module)} {why}; {SUPPORTED}; else masks: {from_masks(None)}")
