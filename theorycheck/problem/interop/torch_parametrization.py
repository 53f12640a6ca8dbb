"""Models with adapters of peft as parametrised weights: LoRA, DoRA, (IA)3, SHiRA, saved modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...errors import InputError
from ..masks import Mask
from ..networks.base import Network
from ..networks.kinds import changed
from .torch_adapters import Adapted
from .torch_peft import read_stack
from .torch_slots import Module, Optimizer


class Read(NamedTuple):
    """What is trained of each weight, by what `Parametrization` calls it.

    `entries` are masks; `ranks` the sizes of low-rank updates, with the factors that are trained;
    `scalings` pairs of an axis and a name.
    """

    network: Network
    entries: dict[str, Mask]
    ranks: dict[str, tuple[int, tuple[str, ...]]]
    scalings: dict[str, list[tuple[str, str]]]
    present: dict[str, Mask]


def read_parametrization(model: Module, optimizer: Optimizer | None) -> Read:
    """What the model trains; raises `InputError` for what is no parametrisation."""
    network, stack, learnable = read_stack(model, optimizer, scales=True)
    has_bias = {
        number: adapted.layer.bias is not None or any(update.bias for update in adapted.factors)
        for number, adapted in enumerate(stack, start=1)
    }
    network = changed(network, bias=any(has_bias.values()))
    found = Read(network, {}, {}, {}, {})
    for number, adapted in enumerate(stack, start=1):
        if network.bias and not has_bias[number]:
            found.present[f"b{number}"] = np.zeros(network.weight_shapes[f"b{number}"], dtype=bool)
        _read_entries(found, number, adapted, learnable)
        _read_factors(found, number, adapted, learnable)
        _read_scalings(found, number, adapted, learnable, has_bias[number])
    return found


def _read_entries(
    found: Read, number: int, adapted: Adapted, learnable: Mapping[str, Mask]
) -> None:
    layer = adapted.layer
    own = learnable[layer.weight.name].copy()
    for update in adapted.entries:
        own[update.rows, update.columns] |= learnable[update.values]
    if own.any():
        found.entries[f"W{number}"] = own
    biases = [] if layer.bias is None else [learnable[layer.bias.name]]
    biases += [learnable[update.bias] for update in adapted.factors if update.bias]
    if biases and np.any(biases):
        found.entries[f"b{number}"] = np.any(biases, axis=0)


def _read_factors(
    found: Read, number: int, adapted: Adapted, learnable: Mapping[str, Mask]
) -> None:
    """Several updates are one, of the sum of their ranks, if the same factors are trained."""
    ranks: dict[tuple[str, ...], int] = {}
    for update in adapted.factors:
        names = (("A", update.lower), ("B", update.upper))
        train = tuple(factor for factor, name in names if _whole(name, learnable))
        if train:  # a frozen product is part of the frozen weight
            ranks[train] = ranks.get(train, 0) + len(learnable[update.lower])
    if len(ranks) > 1:
        raise InputError(
            f"the adapters of {adapted.layer.name!r} train different factors: leave one active"
        )
    for train, rank in ranks.items():
        found.ranks[f"W{number}"] = rank, train


def _read_scalings(
    found: Read, number: int, adapted: Adapted, learnable: Mapping[str, Mask], has_bias: bool
) -> None:
    scaled: dict[str, list[str]] = {"rows": [], "columns": []}
    both = [update.magnitude for update in adapted.factors if update.magnitude]
    if both and len(adapted.factors) > 1:
        raise InputError(f"{adapted.layer.name!r} has adapters beside DoRA: leave one active")
    scaled["rows"] += [name for name in both if _whole(name, learnable)]
    outputs = [each.values for each in adapted.scalings if not each.of_inputs]
    inputs = [each.values for each in adapted.scalings if each.of_inputs]
    scaled["rows"] += [name for name in outputs if _whole(name, learnable)]
    scaled["columns"] += [name for name in inputs if _whole(name, learnable)]
    for axis, names in scaled.items():
        if not names:
            continue
        # Several factors of one line are as good as one of them.
        scaling = (axis, f"{axis} of layer {number}")
        found.scalings.setdefault(f"W{number}", []).append(scaling)
        if axis == "rows" and has_bias and not both:  # DoRA leaves biases alone
            found.scalings.setdefault(f"b{number}", []).append(scaling)


def _whole(name: str, learnable: Mapping[str, Mask]) -> bool:
    """Whether a factor or scaling is trained; raises `InputError` where it is in part."""
    mask: Any = learnable[name]
    if mask.any() and not mask.all():
        raise InputError(f"{name} is trained in part: train all of it, or nothing")
    return bool(mask.any())
