"""Models with adapters of peft: LoRA and SHiRA on a chain of nn.Linear, and saved modules."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ...errors import InputError
from ..masks import Mask, both
from ..networks.base import Network
from ..networks.kinds import changed
from ..placement import updated_masks
from .torch_activations import activation_of, applied
from .torch_adapters import (
    WAY,
    Adapted,
    LowRankUpdate,
    adapted_layer,
    opened,
    refuse_initialisations,
)
from .torch_evidence import check_gradients
from .torch_memory import Tensor
from .torch_modules import layers_of, plain_module, stack_reading, torch_module
from .torch_probes import POINTS, ModuleClaim, Probe, Tensors, probe
from .torch_reading import constant, trained_by
from .torch_slots import Module, Optimizer, check_parameter, from_masks, hooked, refuse_overlaps


def read_adapters(
    model: Module, optimizer: Optimizer | None
) -> tuple[Network, Mapping[str, Mask], Mapping[str, Mask]]:
    """Network, learnable and present masks: what `Allocation.from_peft` returns."""
    network, stack, learnable = read_stack(model, optimizer)
    return _masks(network, stack, learnable)


def read_stack(
    model: Module, optimizer: Optimizer | None, *, scales: bool = False
) -> tuple[Network, list[Adapted], dict[str, Mask]]:
    """Network, layers and what a step moves, by parameter name; with `scales` of scalings, too."""
    model = plain_module(model)
    refuse_initialisations(model)
    layers = layers_of(model, opened)
    if any(isinstance(layer, torch_module().nn.RNNBase) for _, layer in layers):
        raise InputError(f"the model is recurrent, adapters are read on chains of nn.Linear; {WAY}")
    kinds = [activation_of(leaf) for _, leaf in layers]
    named = dict(model.named_parameters(remove_duplicate=False))
    stack = [
        adapted_layer(name, leaf, named, scales=scales)
        for (name, leaf), kind in zip(layers, kinds, strict=True)
        if kind is None
    ]
    networks = stack_reading([adapted.layer for adapted in stack], kinds).networks
    parameters = _parameters(stack, named)
    network, evidence = _decide(model, networks, stack, parameters)
    return network, stack, _learnable(parameters, evidence, optimizer)


def _parameters(stack: list[Adapted], named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All parameters that take part, by their full names, checked."""
    found: dict[str, Tensor] = {}
    for adapted in stack:
        layer = adapted.layer
        outputs, inputs = layer.outputs, layer.inputs
        shapes: dict[str, tuple[int, ...]] = {layer.weight.name: (outputs, inputs)}
        found[layer.weight.name] = layer.weight.parameter
        if layer.weight.is_pruned or (layer.bias is not None and layer.bias.is_pruned):
            raise InputError(
                f"{layer.weight.name} is pruned below adapters: torch.nn.utils.prune.remove(layer, "
                f"'weight') first; else masks: {from_masks(None)}"
            )
        if layer.bias is not None:
            found[layer.bias.name] = layer.bias.parameter
            shapes[layer.bias.name] = (outputs,)
        for update in adapted.factors:
            rank = len(named[update.lower])
            shapes |= {update.lower: (rank, inputs), update.upper: (outputs, rank)}
            shapes |= {update.bias: (outputs,)} if update.bias else {}
            shapes |= {update.magnitude: (outputs,)} if update.magnitude else {}
        shapes |= {entries.values: (len(entries.rows),) for entries in adapted.entries}
        for scaling in adapted.scalings:
            shapes[scaling.values] = (1, inputs) if scaling.of_inputs else (outputs, 1)
        for name, shape in shapes.items():
            found.setdefault(name, named.get(name))
            check_parameter(name, found[name], shape)
    refuse_overlaps(found)
    return found


def _decide(
    model: Module, networks: tuple[Network, ...], stack: list[Adapted], parameters: Tensors
) -> tuple[Network, Probe]:
    shape = (POINTS, stack[0].layer.inputs)
    claims = [
        ModuleClaim(parameters, partial(_outputs, stack, network.activations), shape)
        for network in networks
    ]
    number, result = probe(model, claims)
    if result.why:
        names = ", ".join(repr(adapted.layer.name) for adapted in stack[:8])
        raise InputError(
            f"the model computes something else than {names} one after the other, each with its "
            f"adapters ({result.why}); {WAY}"
        )
    return networks[number], result


def _outputs(
    stack: list[Adapted], activations: Sequence[str], leaves: Tensors, x: Tensor
) -> Tensor:
    functional = importlib.import_module("torch.nn.functional")
    for number, adapted in enumerate(stack):
        x = applied(activations[number - 1], x) if number else x
        weight = leaves[adapted.layer.weight.name]
        bias = None if adapted.layer.bias is None else leaves[adapted.layer.bias.name]
        for entries in adapted.entries:
            full = x.new_zeros(weight.shape)
            indices = tuple(
                importlib.import_module("torch").from_numpy(side).to(x.device)
                for side in (entries.rows, entries.columns)
            )
            values = leaves[entries.values] * entries.scale
            weight = weight + full.index_put(indices, values.to(full.dtype))
        for scaling in adapted.scalings:
            x = x * leaves[scaling.values].flatten() if scaling.of_inputs else x
        y = functional.linear(x, weight, bias)
        for update in adapted.factors:
            if update.magnitude is not None:
                plain = y if bias is None else y - bias
                y = y + _with_magnitude(weight, update, leaves, x, plain)
                continue
            low = functional.linear(x, leaves[update.lower])
            own = None if update.bias is None else leaves[update.bias]
            y = y + update.scale * functional.linear(low, leaves[update.upper], own)
        for scaling in adapted.scalings:
            y = y if scaling.of_inputs else y * leaves[scaling.values].flatten()
        x = y
    return x


def _with_magnitude(
    weight: Tensor, update: LowRankUpdate, leaves: Tensors, x: Tensor, plain: Tensor
) -> Tensor:
    """What DoRA adds to `plain` = W x: the rows of W + s B A with the magnitudes as their lengths.

    Gradients take the former lengths as constants, as peft's do; in the order in which it computes,
    so that rounding is the same.
    """
    functional = importlib.import_module("torch.nn.functional")
    assert update.magnitude is not None, "asked of DoRA alone"
    upper, lower = leaves[update.upper], leaves[update.lower]
    lengths = (weight + update.scale * (upper @ lower)).detach().norm(dim=1)
    scale = (leaves[update.magnitude] / lengths).view(1, -1)
    low_rank = functional.linear(functional.linear(x, lower), upper)
    return (scale - 1) * plain + scale * low_rank * update.scale


def _learnable(
    parameters: Tensors, evidence: Probe, optimizer: Optimizer | None
) -> dict[str, Mask]:
    """What a step moves, by parameter name, after a look at the gradients that arrive."""
    trained = trained_by(optimizer, parameters)
    found: dict[str, Mask] = {}
    for name, parameter in parameters.items():
        mask = np.full(tuple(parameter.shape), bool(parameter.requires_grad))
        for other in hooked(parameter):
            mask = both(mask, other)
        free = np.full(mask.shape, id(parameter) not in trained)
        found[name] = mask & ~free
        _refuse_zeros(name, parameter, found[name])
        cure = from_masks(None)
        check_gradients(evidence.as_is, name, name, found[name], free, True, cure)
        mode = " in training mode"
        check_gradients(evidence.training, name, name, found[name], free, False, cure, mode)
    return found


def _refuse_zeros(name: str, parameter: Tensor, learnable: Mask) -> None:
    zeros = (parameter.detach() == 0).cpu().numpy() & ~learnable
    if zeros.sum() > zeros.size / 10_000:
        raise InputError(
            f"{int(zeros.sum())} frozen entries of {name} are 0, and the theory takes frozen "
            "weights as random: train it, or torch.nn.init.normal_(parameter)"
        )


def _masks(
    network: Network, stack: list[Adapted], learnable: Mapping[str, Mask]
) -> tuple[Network, Mapping[str, Mask], Mapping[str, Mask]]:
    masks: dict[str, Mask] = {}
    updates: dict[str, tuple[Mask, Mask]] = {}
    for number, adapted in enumerate(stack, start=1):
        layer = adapted.layer
        own = learnable[layer.weight.name].copy()
        for entries in adapted.entries:
            own[entries.rows, entries.columns] |= learnable[entries.values]
        masks[f"W{number}"] = constant(own)
        biases = [] if layer.bias is None else [layer.bias.name]
        biases += [update.bias for update in adapted.factors if update.bias]
        if biases:
            masks[f"b{number}"] = np.any([learnable[name] for name in biases], axis=0)
        # A frozen product is part of the frozen weight.
        factors = [(learnable[u.lower], learnable[u.upper]) for u in adapted.factors]
        factors = [(one, other) for one, other in factors if one.any() or other.any()]
        if factors:
            updates[f"W{number}"] = (
                np.vstack([one for one, _ in factors]),
                np.hstack([other for _, other in factors]),
            )
            if own.any() and not own.all():
                raise InputError(
                    f"{layer.weight.name} has single learnable entries and a low-rank update, "
                    "which is no allocation: use one of them for a weight"
                )
    return _assembled(network, stack, masks, updates)


def _assembled(
    network: Network,
    stack: list[Adapted],
    masks: dict[str, Mask],
    updates: dict[str, tuple[Mask, Mask]],
) -> tuple[Network, Mapping[str, Mask], Mapping[str, Mask]]:
    """The network with a layer more for every low-rank update; biases that are not there absent."""
    bias = any(name.startswith("b") for name in masks)
    missing = [f"b{n}" for n in range(1, len(stack) + 1) if bias and f"b{n}" not in masks]
    if not network.is_linear:
        for name, (one, other) in updates.items():
            full = len(one) >= min(one.shape[1], len(other)) and one.all() and other.all()
            if not full:
                layer = stack[int(name[1:]) - 1].layer
                raise InputError(
                    f"{layer.weight.name} has a low-rank update beside {network.activations[0]}, "
                    f"which is no allocation of a {network.describe()}; SHiRA, modules_to_save "
                    "and biases are; tc.Parametrization.from_peft(model) reads it"
                )
            # Products of that many columns are all matrices.
            masks[name] = np.broadcast_to(np.bool_(True), (len(other), one.shape[1]))
        whole = changed(network, bias=bias)
        return whole, masks, {name: np.zeros(whole.weight_shapes[name], bool) for name in missing}
    return updated_masks(changed(network, bias=bias), masks, updates, missing)
