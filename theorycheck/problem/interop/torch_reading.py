"""Reading a torch module: its network, what is trained, what is absent, checked by running it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import InputError, shown
from ..masks import Mask, both, check_name, masks_of
from ..networks.base import Network
from .torch_claims import claim_of
from .torch_convolutions import has_convolutions, read_convolutions
from .torch_evidence import check_gradients
from .torch_memory import Tensor
from .torch_modules import (
    Reading,
    ReadOptions,
    has_adapters,
    layers_of,
    plain_module,
    read_stack,
    torch_module,
)
from .torch_probes import Probe, probe
from .torch_recurrent import read_loop, read_rnn, why_not_recurrent
from .torch_refusals import LOOP
from .torch_slots import (
    Module,
    Optimizer,
    Slot,
    check_parameter,
    from_masks,
    hooked,
    refuse_overlaps,
    weight_of,
)
from .torch_traces import traced

Masks = dict[str, Mask]


def read_masks(
    module: Module,
    gradient_masks: Mapping[str, Any] | None,
    present: Mapping[str, Any] | None,
    optimizer: Optimizer | None,
    options: ReadOptions,
) -> tuple[Network, Masks, Masks]:
    """Network, learnable and present masks of a module: what `Allocation.from_torch` returns."""
    module = plain_module(module)
    reading = read_module(module, options)
    kept = by_weight(reading, gradient_masks, "gradient_masks")
    given = by_weight(reading, present, "present")
    exists = present_masks(reading, given)
    network, evidence = decide(module, reading, exists)
    trained = trained_by(optimizer, {s.name: s.parameter for s in reading.slots.values()})
    learnable: Masks = {}
    excused: Masks = {}
    for name, slot in reading.slots.items():
        mask = _all_of(slot, exists.get(weight_of(name)))
        if not slot.parameter.requires_grad:
            mask = np.zeros_like(mask)
        for other in hooked(slot.parameter):
            mask = both(mask, other)
        declared = kept.get(name, np.ones_like(mask))
        if id(slot.parameter) not in trained:
            declared = np.zeros_like(mask)
        learnable[name], excused[name] = mask & declared, ~declared
    whole: Masks = {}  # of sums: what is learnable in an addend is so in the sum
    for name, mask in learnable.items():
        weight = weight_of(name)
        whole[weight] = whole[weight] | mask if weight in whole else mask
    for name, mask in whole.items():
        if name not in given:
            slots = [slot for key, slot in reading.slots.items() if weight_of(key) == name]
            refuse_zeros(slots, mask, exists.get(name))
    check_trained(reading, network, evidence, learnable, excused)
    return network, {n: constant(mask) for n, mask in whole.items() if mask.any()}, exists


def read_module(module: Module, options: ReadOptions) -> Reading:
    """What the layers of a plain module suggest, all weights checked but for what moves them.

    Raises `InputError` for anything else, naming the submodule, the reason and the cure.
    """
    if has_adapters(module):
        raise InputError(
            "the module has adapters of peft: tc.Allocation.from_peft(model) reads them"
        )
    if options.recurrent is not None:
        reading = read_loop(module, options)
    else:
        layers = layers_of(module)
        if any(isinstance(layer, torch_module().nn.RNN) for _, layer in layers):
            reading = read_rnn(layers, options)
        elif options.steps is not None:
            raise InputError(f"steps are those of an nn.RNN, this module has none; {LOOP}")
        else:
            reading = _read_layers(module, layers, options)
    shapes = reading.networks[0].weight_shapes
    for name, slot in reading.slots.items():
        check_parameter(slot.name, slot.parameter, shapes[weight_of(name)])
    refuse_overlaps({slot.name: slot.parameter for slot in reading.slots.values()})
    return reading


def _read_layers(module: Module, layers: list[tuple[str, Module]], options: ReadOptions) -> Reading:
    """Of a module that is not recurrent."""
    weighted = {name: layer for name, layer in layers if next(layer.parameters(), None) is not None}
    trace = traced(module, weighted)
    if has_convolutions(layers):
        return read_convolutions(layers, trace, options.image)
    reading = read_stack(layers, trace)
    if options.image is not None:
        raise InputError("input is the size of what convolutions read, this module has none")
    return reading


def by_weight(reading: Reading, given: Mapping[str, Any] | None, place: str) -> Masks:
    """The validated masks by weight name; they come by parameter name, pruned or not."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(f"{place} must map parameter names to masks, not {shown(given)}")
    names = {slot.name: name for name, slot in reading.slots.items()}
    shapes = reading.networks[0].weight_shapes
    found: Masks = {}
    for key, value in given.items():
        plain = key
        if isinstance(key, str):
            plain = key.removesuffix("_orig").removesuffix(".original")
            plain = plain.replace("parametrizations.", "")
        check_name(plain, names, place)
        name = names[plain]
        shape = shapes[weight_of(name)]
        if place == "present" and f"{weight_of(name)}'" in reading.slots:
            raise InputError(f"present: {plain} is one of two biases that are added, not masked")
        mask = masks_of({plain: value}, {plain: shape}, place, default=False)[plain]
        found[name] = both(mask, found[name]) if name in found else mask
    return found


def present_masks(reading: Reading, given: Masks) -> Masks:
    """What pruning has left and `given` keeps; biases that only other layers have are absent."""
    found: Masks = {}
    for name, shape in reading.networks[0].weight_shapes.items():
        slot = reading.slots.get(name)
        mask = np.zeros(shape, dtype=bool) if slot is None else given.get(name)
        if slot is not None and slot.pruning is not None:
            place = {slot.name: slot.pruning}
            pruned = masks_of(place, {slot.name: shape}, "pruning", default=True)[slot.name]
            mask = pruned if mask is None else both(pruned, mask)
        if mask is not None:
            found[name] = mask
    return found


def decide(module: Module, reading: Reading, present: Masks) -> tuple[Network, Probe]:
    """The network that the module computes, run with random weights, and what moves in it.

    Raises `InputError` if it computes none of those that its layers suggest.
    """
    parameters = {name: slot.parameter for name, slot in reading.slots.items()}
    choices = [
        (network, first, point)
        for network in reading.networks
        for first in reading.batch_first
        for point in reading.points or ((network.inputs,),)
    ]
    zeros = [
        name
        for name, slot in reading.slots.items()
        if name in present
        and not slot.is_pruned
        and not (~zero_entries(slot) & ~present[name]).any()
    ]
    claims = [
        claim_of(
            network,
            parameters,
            present,
            batch_first=first,
            compared=reading.compared,
            zeros=zeros,
            point=point,
        )
        for network, first, point in choices
    ]
    number, result = probe(module, claims)
    if result.why:
        raise _something_else(module, reading, result.why, present)
    return choices[number][0], result


def check_trained(
    reading: Reading,
    network: Network,
    evidence: Probe,
    learnable: Mapping[str, Mask],
    excused: Mapping[str, Mask],
) -> None:
    """Raise `InputError` unless a step moves just what is learnable, in training mode as well."""
    for name, slot in reading.slots.items():
        cure = from_masks(network, (weight_of(name), "..."))
        free = excused.get(name)
        exact = reading.compared
        check_gradients(evidence.as_is, name, slot.full_name, learnable[name], free, exact, cure)
        mode = " in training mode"
        check_gradients(
            evidence.training, name, slot.full_name, learnable[name], free, False, cure, mode
        )


def trained_by(optimizer: Optimizer | None, parameters: Mapping[str, Tensor]) -> set[int]:
    """The ids of the parameters that an optimizer moves: all if there is none.

    What it does not hold is frozen, and what it holds at learning rate 0, unless a scheduler has
    begun there and will raise it. Raises `InputError` if it holds none of those that ask for it.
    """
    if optimizer is None:
        return {id(parameter) for parameter in parameters.values()}
    torch = importlib.import_module("torch")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise InputError(f"a torch.optim.Optimizer is expected, not {shown(optimizer)}")
    held, moved = set(), set()
    for group in optimizer.param_groups:
        held |= {id(parameter) for parameter in group["params"]}
        rates = [float(group.get(key, 0)) for key in ("lr", "initial_lr")]
        if "lr" not in group or any(rate != 0 for rate in rates):
            moved |= {id(parameter) for parameter in group["params"]}
    asking = {id(parameter) for parameter in parameters.values() if parameter.requires_grad}
    if asking and not asking & held:
        raise InputError(
            "the optimizer holds none of the module's parameters: it was made for another copy of "
            "them; make it from model.parameters() after the last change of the model"
        )
    return moved


def _all_of(slot: Slot, exists: Mask | None) -> Mask:
    return np.ones(tuple(slot.parameter.shape), dtype=bool) if exists is None else exists


def zero_entries(slot: Slot) -> Mask:
    """Where the parameter is exactly 0."""
    return (slot.parameter.detach() == 0).cpu().numpy()


def refuse_zeros(slots: Sequence[Slot], learnable: Mask, exists: Mask | None) -> None:
    """Raise `InputError` if frozen entries of a weight, the sum of `slots`, are 0: not random.

    A few of very many may be 0 by rounding.
    """
    slot, zeros = slots[0], ~learnable
    for addend in slots:
        zeros = zeros & zero_entries(addend)
    zeros = zeros if exists is None else zeros & exists
    n_zeros = int(zeros.sum())
    if n_zeros > zeros.size / 10_000:
        raise InputError(
            f"{n_zeros} frozen entries of {slot.name} are 0, and the theory takes frozen weights "
            f"as random: present={{{slot.name!r}: model.get_parameter({slot.full_name!r}) != 0}} "
            "says that they stay 0, a mask of ones that any values may stand there"
        )


def constant(mask: Mask) -> Mask:
    """The mask, without memory of its own if all of it is learnable."""
    return np.broadcast_to(np.bool_(True), mask.shape) if mask.all() else mask


def _something_else(module: Module, reading: Reading, why: str, present: Masks) -> InputError:
    network = reading.networks[0]
    kind = type(module).__name__
    if network.is_recurrent:
        hint = _present_hint(reading, present)
        return InputError(f"{why_not_recurrent(module, reading)} ({why}); {hint}")
    names = ", ".join([repr(slot.name) for slot in reading.slots.values()][:8])
    return InputError(
        f"{kind}.forward computes something else than the layers of {names} one after the other "
        f"({why}){reading.hint}; {_present_hint(reading, present)}; else masks: "
        f"{from_masks(network)}"
    )


def _present_hint(reading: Reading, present: Masks) -> str:
    """How masks inside a forward are told: with the module's own, where it has some."""
    for name, slot in reading.slots.items():
        for key, value in {**slot.owner._buffers, **vars(slot.owner)}.items():
            is_mask = getattr(value, "shape", None) == slot.parameter.shape
            if is_mask and name not in present and key != slot.attribute:
                owner = slot.name.rpartition(".")[0]
                found = f"model.get_submodule({owner!r}).{key}" if owner else f"model.{key}"
                return f"if it masks weights, say so: present={{{slot.name!r}: {found}}}"
    first = reading.slots.get("recurrent", next(iter(reading.slots.values()))).name
    return f"if it masks weights, say so: present={{{first!r}: mask}}"
