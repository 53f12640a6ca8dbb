"""Adapters of peft on the layers of a model: which are recognised, and what they add to a weight.

peft itself is never imported: its layers are known by their classes' names and attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from .torch_memory import Tensor
from .torch_modules import LinearLayer, read_layer
from .torch_slots import Module

# Initialisations that take the update out of the weight: what is left of it is not random.
_TAKING = ("pissa", "olora", "corda", "mica", "lora_ga")
WAY = (
    "LoRA and SHiRA on nn.Linear are read; model.merge_and_unload() leaves a plain module for "
    "tc.Allocation.from_torch"
)


@dataclass(frozen=True)
class LowRankUpdate:
    """A low-rank update, scale * B A, by the names of its parameters; DoRA has a magnitude."""

    lower: str
    upper: str
    bias: str | None
    scale: float
    magnitude: str | None = None


@dataclass(frozen=True)
class EntryUpdate:
    """An update of single entries, by the name of its parameter."""

    values: str
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    scale: float


@dataclass(frozen=True)
class ScalingUpdate:
    """A scaling of the outputs of a layer, or of its inputs, by the name of its parameter."""

    values: str
    of_inputs: bool


@dataclass
class Adapted:
    """One linear layer with its adapters."""

    layer: LinearLayer
    factors: list[LowRankUpdate] = field(default_factory=list)
    entries: list[EntryUpdate] = field(default_factory=list)
    scalings: list[ScalingUpdate] = field(default_factory=list)


def _is_kind(module: Module, name: str) -> bool:
    return any(
        kind.__name__ == name and kind.__module__.split(".")[0] == "peft"
        for kind in type(module).__mro__
    )


def opened(module: Module) -> tuple[str, Module] | None:
    """What to look at instead of a part of peft's: the saved copy that is in use, or itself."""
    if _is_kind(module, "BaseTunerLayer"):
        return "", module
    if not _is_kind(module, "AuxiliaryTrainingWrapper"):
        return None
    if not _is_kind(module, "ModulesToSaveWrapper"):
        raise InputError(f"a {type(module).__name__} of peft is not read; {WAY}")
    active = [name for name in module.active_adapters if name in module.modules_to_save]
    if module.disable_adapters or not active:
        return "original_module", module.original_module
    return f"modules_to_save.{active[0]}", module.modules_to_save[active[0]]


def refuse_initialisations(model: Module) -> None:
    """Raise `InputError` if an adapter has taken its start out of the frozen weight."""
    for part in model.modules():
        configs = getattr(part, "peft_config", None)
        for name, config in configs.items() if isinstance(configs, dict) else ():
            way = str(getattr(config, "init_lora_weights", "")).lower()
            if way.startswith(_TAKING):
                raise InputError(
                    f"adapter {name!r} is initialised by {way!r}, which takes it out of the frozen "
                    "weight, so what is left is not random as the theory has it; "
                    "init_lora_weights=True or 'gaussian' leaves the weight alone"
                )


def adapted_layer(
    name: str, layer: Module, named: Mapping[str, Tensor], *, scales: bool = False
) -> Adapted:
    """One layer of a chain, with the adapters that are in use; `named` are the parameters.

    With `scales` also those that scale: (IA)3, and DoRA's magnitudes.
    """
    if not _is_kind(layer, "BaseTunerLayer"):
        return Adapted(read_layer(name, layer))
    is_lora, is_shira = _is_kind(layer, "LoraLayer"), _is_kind(layer, "ShiraLayer")
    is_ia3 = scales and _is_kind(layer, "IA3Layer")
    if not (is_lora or is_shira or is_ia3) or type(layer).__name__ != "Linear":
        kind = f"{type(layer).__module__}.{type(layer).__name__}"
        why = "an adapter without theory"
        if _is_kind(layer, "IA3Layer") and not scales:
            why = "no allocation: tc.Parametrization.from_peft(model) reads it"
        raise InputError(f"submodule {name!r} ({kind}) is {why}; {WAY}")
    if layer.merged:
        raise InputError(
            f"the adapters of {name!r} are merged, so that no step moves them: call "
            "model.unmerge_adapter(), or model.merge_and_unload() and tc.Allocation.from_torch"
        )
    if layer.disable_adapters:
        raise InputError(
            f"the adapters of {name!r} are disabled: call model.base_model.enable_adapter_layers(),"
            " or read outside of `with model.disable_adapter()`"
        )
    found = Adapted(read_layer(f"{name}.base_layer", layer.get_base_layer()))
    for adapter in layer.active_adapters:
        if is_lora and adapter in layer.lora_A:
            found.factors.append(_factors(name, layer, adapter, named, scales))
        if is_shira and adapter in layer.shira_weight:
            found.entries.append(_entries(name, layer, adapter, found.layer))
        if is_ia3 and adapter in layer.ia3_l:
            values = f"{name}.ia3_l.{adapter}"
            found.scalings.append(ScalingUpdate(values, bool(layer.is_feedforward)))
    return found


def _factors(
    name: str, layer: Module, adapter: str, named: Mapping[str, Tensor], scales: bool
) -> LowRankUpdate:
    has_magnitude = adapter in layer.lora_magnitude_vector
    if has_magnitude and not scales:
        raise InputError(
            f"adapter {adapter!r} of {name!r} is DoRA, whose learned magnitudes move many weights "
            "each: that is no allocation; use_dora=False gives LoRA, which is read, and "
            "tc.Parametrization.from_peft(model) reads both"
        )
    dropout = layer.lora_dropout[adapter]
    if dropout.training and getattr(dropout, "p", 0) > 0:
        raise InputError(
            f"the dropout of adapter {adapter!r} of {name!r} is in training mode: call "
            "model.eval() to leave it out, and model.train() after reading"
        )
    bias = f"{name}.lora_B.{adapter}.bias"
    return LowRankUpdate(
        f"{name}.lora_A.{adapter}.weight",
        f"{name}.lora_B.{adapter}.weight",
        bias if named.get(bias) is not None else None,
        _scale(name, layer, adapter),
        f"{name}.lora_magnitude_vector.{adapter}.weight" if has_magnitude else None,
    )


def _entries(name: str, layer: Module, adapter: str, base: LinearLayer) -> EntryUpdate:
    values = f"{name}.shira_weight.{adapter}"
    indices = getattr(layer, "shira_indices", {}).get(adapter)
    if indices is None:
        raise InputError(f"{values} has no mask: give the ShiraConfig a mask_fn")
    rows, columns = (side.cpu().numpy().astype(np.int64) for side in indices)
    right = len(rows) == 0 or (
        min(rows.min(), columns.min()) >= 0
        and rows.max() < base.outputs
        and columns.max() < base.inputs
    )
    if not right or len(set(zip(rows.tolist(), columns.tolist(), strict=True))) < len(rows):
        raise InputError(f"the places of {values} are no mask of {base.weight.name}")
    return EntryUpdate(values, rows, columns, _scale(name, layer, adapter))


def _scale(name: str, layer: Module, adapter: str) -> float:
    scale = float(layer.scaling[adapter])
    if scale == 0 or not np.isfinite(scale):
        raise InputError(
            f"adapter {adapter!r} of {name!r} is scaled by {scale:g}, so that it does nothing: "
            f"layer.scaling[{adapter!r}] must not be 0 (lora_alpha > 0)"
        )
    return scale
