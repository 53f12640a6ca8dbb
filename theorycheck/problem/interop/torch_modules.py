"""Which network a torch module may be: its layers are recognised, the rest is refused by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from ...errors import InputError, shown
from ..networks.base import Network
from ..networks.kinds import kind_entries, network_from_dict
from .torch_activations import TRIED, activation_of
from .torch_memory import Tensor
from .torch_refusals import LOOP, SUPPORTED, place_of, refusal, why_unknown
from .torch_slots import Module, Slot, from_masks, slot_of
from .torch_steps import Link
from .torch_traces import Trace

Opened: TypeAlias = Callable[[Module], tuple[str, Module] | None]
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
    image: Sequence[int] | None = None


@dataclass(frozen=True)
class Reading:
    """What the layers of a module suggest: networks that it may be, and where weights live.

    The module is then run: `torch_reading.decide` tells which one it is. `compared` is False where
    its outputs are not to be compared; `points` are the shapes that one input may have, the
    network's where there are none. `hint` says what may be wrong, if the run finds it is.
    """

    networks: tuple[Network, ...]
    slots: dict[str, Slot]
    batch_first: tuple[bool, ...] = (True,)
    compared: bool = True
    hint: str = ""
    points: tuple[tuple[int, ...], ...] = ()


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
            raise refusal(name, module, f"has a parameter {key!r} outside its layers; {LOOP}")
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
                raise InputError(f"{place_of(name, layer)} {why}; {cure}")


def read_stack(layers: list[tuple[str, Module]], trace: Trace | None) -> Reading:
    """The networks that a chain of nn.Linear, and maybe activations, may be, residual or not.

    What a trace tells of the order of layers and of what is between them comes first.
    """
    kinds = [activation_of(layer) for _, layer in layers]
    stack = {
        name: read_layer(name, layer)
        for (name, layer), kind in zip(layers, kinds, strict=True)
        if kind is None
    }
    if trace is None:
        return stack_reading(list(stack.values()), kinds)
    links = [link for link in trace.links if link.name in stack]
    order = [stack[link.name] for link in links]
    fits = all(one.outputs == other.inputs for one, other in pairwise(order))
    if not fits or len(links) < len(stack) or len(links) < len(trace.links):
        links, order = [], []
    reading = stack_reading(order or list(stack.values()), kinds)
    if not links:
        skipping = [skipped for one in reading.networks for skipped in _skipping(one)]
        hint = f"; its forward {trace.unknown}" if trace.unknown else ""
        return replace(reading, networks=(*reading.networks, *skipping), hint=reading.hint + hint)
    names = [[step.activation for step in link.steps] for link in links]
    around = [number for number, link in enumerate(links, start=1) if link.around]
    if trace.before or names[-1] or not all(len(own) < 2 and all(own) for own in names):
        return reading
    told = [(own or ["linear"])[0] for own in names[:-1]]
    first = _network(reading.networks[0], told)
    residual = [n for n in _skipping(first) if around] or [first]
    hint = _partly_residual(first, links) if around else ""
    networks = dict.fromkeys([*residual, *reading.networks])
    return replace(reading, networks=tuple(networks), hint=reading.hint + hint)


def _network(like: Network, activations: list[str], **more: object) -> Network:
    """The feed-forward network with other activations."""
    sizes = {"widths": list(like.widths), "bias": like.bias}
    return network_from_dict({**kind_entries(None, activations), **sizes, **more}).plainest


def _skipping(network: Network) -> list[Network]:
    """The same network with residual layers; none where no layer is as wide as what it reads."""
    other = _network(network, list(network.activations), skip=True)
    return [] if other.is_layered else [other]


def _partly_residual(network: Network, links: Sequence[Link]) -> str:
    """What is wrong where only some layers are residual, of those that may be."""
    widths = network.widths[:-1]
    for number, link in enumerate(links[:-1], start=1):
        if not link.around and widths[number] == widths[number - 1]:
            return (
                f"; {link.name!r} does not add what it reads, and others do: residual are all "
                "hidden layers as wide as what they read, or none"
            )
    return ""


def stack_reading(stack: list[LinearLayer], kinds: list[str | None]) -> Reading:
    """The networks that a chain of `stack` may be.

    `kinds` are all layers in their order: the name of an activation, None for a linear layer.
    """
    if not stack:
        found = ", ".join(map(str, kinds)) or "no layers"
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
    networks = [
        network_from_dict({**kind_entries(None, names), **sizes}).plainest
        for sizes in [{"widths": widths, "bias": bias}]
        for names in _activations(kinds, len(stack) - 1)
    ]
    outside = kinds[0] or kinds[-1]
    hint = f"; {outside} is read between two layers only: outputs are linear" if outside else ""
    return Reading(tuple(dict.fromkeys(networks)), slots_of(stack), hint=hint)


def slots_of(layers: Sequence[LinearLayer]) -> dict[str, Slot]:
    """Where the weights of layers one behind the other live, by weight name."""
    slots = {}
    for number, layer in enumerate(layers, start=1):
        slots[f"W{number}"] = layer.weight
        if layer.bias is not None:
            slots[f"b{number}"] = layer.bias
    return slots


def _activations(kinds: list[str | None], n_hidden: int) -> list[list[str]]:
    """What the hidden layers may apply: what is registered between the layers, then one for all.

    A forward of one's own may apply a function, or not apply a module that is there: the run tells.
    """
    behind: list[list[str]] = []
    for kind in kinds:
        if kind is None:
            behind.append([])
        elif behind:
            behind[-1].append(kind)
    between = behind[:-1]
    registered = []
    if kinds[0] is None and not behind[-1] and all(len(names) < 2 for names in between):
        registered = [[names[0] if names else "linear" for names in between]]
    named = [kind for kind in kinds if kind is not None]
    every = dict.fromkeys([*named, *TRIED])
    return registered + [[name] * n_hidden for name in every]


def read_layer(name: str, layer: Module) -> LinearLayer:
    """Weight and bias of an nn.Linear, or of a layer of one's own with such parameters."""
    nn = torch_module().nn
    if isinstance(layer, nn.modules.lazy.LazyModuleMixin):
        raise InputError(
            f"{place_of(name, layer)} has no shape yet: run the module once, model(example)"
        )
    if isinstance(layer, nn.Linear):
        return linear_layer(name, layer, layer.in_features, layer.out_features)
    attributes = {key.removesuffix("_orig"): p for key, p in _parameters(layer).items()}
    matrices = [key for key, p in attributes.items() if p is not None and p.dim() == 2]
    others = [key for key in attributes if key not in matrices]
    is_own = not type(layer).__module__.startswith("torch.")
    if not is_own or len(matrices) != 1 or len(others) > 1:
        raise refusal(name, layer, why_unknown(layer))
    outputs, inputs = attributes[matrices[0]].shape
    return LinearLayer(name, *_slots(name, layer, matrices[0], *others), inputs, outputs)


def linear_layer(name: str, layer: Module, inputs: int, outputs: int) -> LinearLayer:
    """Weight and bias of one of torch's own layers, of inputs and outputs (channels) so many."""
    attributes = {key.removesuffix("_orig") for key in _parameters(layer)}
    extra = attributes - {"weight", "bias"}
    if extra:
        why = f"has a parameter {min(extra)!r}: its weight is computed"
        raise refusal(name, layer, why)
    bias = "bias" if "bias" in attributes else None
    return LinearLayer(name, *_slots(name, layer, "weight", bias), inputs, outputs)


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
