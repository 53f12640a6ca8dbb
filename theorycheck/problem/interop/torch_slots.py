"""The weights of a torch module: where each lives, and whether it can be one of a network's."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ...errors import InputError
from ..masks import Mask
from ..networks.base import Network
from .torch_memory import Tensor, overlap, overlaps_itself

Module: TypeAlias = Any  # torch.nn.Module: torch may be missing
Optimizer: TypeAlias = Any
_SIZES = ("widths", "input", "layers", "inputs", "hidden", "outputs")
_FLOATS = ("torch.float64", "torch.float32", "torch.float16", "torch.bfloat16")


@dataclass(frozen=True)
class Slot:
    """Where a weight of the network lives: an attribute of a submodule, pruned or not."""

    owner: Module
    attribute: str
    name: str  # as in `named_parameters` before pruning

    @property
    def parameter(self) -> Tensor:
        """What is trained: the parameter, or what stands behind a pruned or parametrised one."""
        own = self.owner._parameters
        if own.get(f"{self.attribute}_orig") is not None:
            return own[f"{self.attribute}_orig"]
        if own.get(self.attribute) is not None:
            return own[self.attribute]
        computed = self.owner._modules.get("parametrizations") or {}
        if self.attribute in computed:
            return getattr(computed[self.attribute], "original", None)
        return None

    @property
    def full_name(self) -> str:
        """As in `named_parameters` now."""
        if self.is_pruned:
            return f"{self.name}_orig"
        if self.owner._parameters.get(self.attribute) is not None:
            return self.name
        place = self.name.removesuffix(self.attribute)
        return f"{place}parametrizations.{self.attribute}.original"

    @property
    def pruning(self) -> Tensor | None:
        """The 0/1 tensor of `torch.nn.utils.prune`, or None."""
        return self.owner._buffers.get(f"{self.attribute}_mask") if self.is_pruned else None

    @property
    def is_pruned(self) -> bool:
        """Whether `torch.nn.utils.prune` computes the weight."""
        return self.owner._parameters.get(f"{self.attribute}_orig") is not None


def weight_of(slot: str) -> str:
    """The weight that a slot is, or is an addend of: `bias'` is the second addend of `bias`.

    >>> weight_of("bias'")
    'bias'
    """
    return slot.rstrip("'")


def slot_of(owner: Module, attribute: str, name: str) -> Slot:
    """The slot of an attribute of the submodule `name`."""
    return Slot(owner, attribute, f"{name}.{attribute}" if name else attribute)


class GradientMask:
    """A gradient hook: 0 at frozen entries, even where the gradient is infinite or no number."""

    def __init__(self, learnable: Mask, device: Any) -> None:
        self.learnable = learnable
        self.frozen = importlib.import_module("torch").from_numpy(~learnable).to(device)

    def __call__(self, gradient: Tensor) -> Tensor:
        if self.frozen.device != gradient.device:  # the module has moved
            self.frozen = self.frozen.to(gradient.device)
        return gradient.masked_fill(self.frozen, 0)


def hooked(parameter: Tensor) -> list[Mask]:
    """The masks that `Freeze` has hung on a parameter: the hooks themselves tell."""
    hooks = parameter._backward_hooks or {}
    return [hook.learnable for hook in hooks.values() if isinstance(hook, GradientMask)]


def from_masks(network: Network | None, names: Sequence[str] = ()) -> str:
    """The call that gives an allocation by its masks alone, as a refusal shows it.

    >>> from theorycheck import LinearFeedforward
    >>> from_masks(LinearFeedforward([2, 2]))
    "tc.Allocation.from_masks(tc.LinearFeedforward([2, 2]), {'W1': mask})"
    """
    if network is None:
        return 'tc.Allocation.from_masks(network, {"W1": mask, ...})'
    values = {key: value for key, value in network.to_dict().items() if key != "kind"}
    sizes = [str(values.pop(key)) for key in _SIZES if key in values]
    others = [f"{key}={value!r}" for key, value in values.items()]
    made = f"tc.{type(network).__name__}({', '.join([*sizes, *others])})"
    first, *more = names or list(network.weight_shapes)
    masks = f"{{{first!r}: mask{', ...' if more else ''}}}"
    return f"tc.Allocation.from_masks({made}, {masks})"


def check_parameter(name: str, parameter: Tensor, shape: tuple[int, ...]) -> None:
    """Raise `InputError`, with the cure, unless `parameter` is a real dense weight of `shape`."""
    if parameter is None:
        raise InputError(
            f"{name} is no parameter but a buffer, or computed from others: make it one, "
            f"nn.Parameter(weight, requires_grad=False), or give masks, {from_masks(None)}"
        )
    why = _flaw(parameter) or _wrong_shape(parameter, shape)
    if why:
        raise InputError(f"{name} {why}")
    if parameter.requires_grad and getattr(parameter, "_post_accumulate_grad_hooks", None):
        raise InputError(
            f"{name} has a hook that acts when its gradient is there (an optimizer in the backward "
            "pass?), and reading needs such a pass: read the module before the hook is registered"
        )


def _flaw(parameter: Tensor) -> str:
    torch = importlib.import_module("torch")
    if hasattr(parameter, "full_tensor"):
        return "is a DTensor, a shard: read the module before it is distributed"
    if parameter.is_meta:
        return (
            "is on the meta device, where nothing can be run: model.to_empty(device='cpu') gives "
            "it memory, and the values do not matter"
        )
    if parameter.is_quantized or str(parameter.dtype) not in _FLOATS:
        return (
            f"is of the type {parameter.dtype}: real weights in floating point are read, so read "
            "the model before it is quantised or cast, or model.float()"
        )
    if type(parameter) is not torch.nn.Parameter:
        kind = type(parameter).__name__
        return f"is a {kind}, no plain nn.Parameter: read the model before it is converted"
    if parameter.layout != torch.strided:
        return (
            f"has the layout {parameter.layout}: keep it dense and prune it, "
            "torch.nn.utils.prune.custom_from_mask(layer, 'weight', mask)"
        )
    again = "layer.weight = nn.Parameter(layer.weight.detach().clone())"
    if parameter.is_inference():
        return f"was made in inference_mode, no step can train it: outside of it {again}"
    if parameter.is_neg() or parameter.is_conj():
        return f"is a view of other values (negative or conjugate): {again}"
    if overlaps_itself(parameter):
        return (
            "has entries that share memory (expand, as_strided): one learned number moves many "
            f"weights, for which there is no theory; {again} makes them independent"
        )
    return ""


def _wrong_shape(parameter: Tensor, shape: tuple[int, ...]) -> str:
    found = tuple(parameter.shape)
    if found == shape:
        return ""
    if parameter.numel() == 0 or len(found) != len(shape):
        return (
            f"has the shape {found}, not {shape}, as shards of FSDP have: read the model before it "
            "is wrapped, or inside FSDP.summon_full_params(model)"
        )
    return f"has the shape {found}, not {shape}: rows are outputs, columns inputs"


def refuse_overlaps(parameters: Mapping[str, Tensor]) -> None:
    """Raise `InputError` where two parameters share memory; by name as in `named_parameters`."""
    pair = overlap(parameters)
    if pair:
        one, other = pair
        raise InputError(
            f"{other} lies in the memory of {one}, so a step of one moves the other, and there is "
            "no theory for tied weights; to train them apart: "
            "layer.weight = nn.Parameter(layer.weight.detach().clone())"
        )
