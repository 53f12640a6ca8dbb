"""What a refusal says of a layer that is not read: why, and the nearest thing that is."""

from __future__ import annotations

import importlib
from typing import Any

from ...errors import InputError, shown
from .torch_activations import why_no_activation
from .torch_slots import Module, from_masks

LOOP = (
    'a loop of your own is read with steps=T and recurrent={"input": NAME, "recurrent": NAME, '
    '"readout": NAME}'
)
SUPPORTED = (
    "supported are chains of nn.Linear, activations between them (nn.Tanh, Sigmoid, Softplus, "
    "SiLU, GELU, ReLU, LeakyReLU, Hardtanh), nn.Conv1d or Conv2d with activations and nn.AvgPool "
    "and one nn.Linear behind them, and an nn.RNN with a readout nn.Linear"
)


def place_of(name: str, module: Module) -> str:
    """A submodule in words."""
    place = f"submodule {name!r}" if name else "the module"
    return f"{place} ({type(module).__name__})"


def refusal(name: str, module: Module, why: str) -> InputError:
    """The error that names a submodule, why it is not read, and what is."""
    return InputError(
        f"{place_of(name, module)} {why}; {SUPPORTED}; else masks: {from_masks(None)}"
    )


def why_unknown(layer: Module) -> str:
    """Why a layer is none that is read, and what to take instead."""
    nn: Any = importlib.import_module("torch.nn")
    kind = type(layer).__name__
    if ".quantized" in type(layer).__module__ or "quantiz" in type(layer).__module__:
        return "is quantised: read the model before it is quantised"
    if isinstance(layer, nn.modules.conv._ConvTransposeNd):
        return "is a transposed convolution: nn.Conv1d and nn.Conv2d are read"
    if isinstance(layer, nn.Conv3d):
        return "is a convolution in three dimensions: nn.Conv1d and nn.Conv2d are read"
    if isinstance(layer, nn.modules.conv._ConvNd):
        return "is a convolution where an nn.Linear is expected: convolutions come first"
    if isinstance(layer, nn.RNN):
        return "is an nn.RNN: one of them and one readout nn.Linear are read"
    if isinstance(layer, nn.RNNCell):
        return "is one step of a loop: name its weights, from_torch(module, recurrent=..., steps=T)"
    if isinstance(layer, (nn.RNNBase, nn.LSTMCell, nn.GRUCell)):
        return "has gates, which are not linear: the nearest that is read is nn.RNN"
    if "BatchNorm" in kind:
        return (
            "normalises, which is not linear: torch.nn.utils.fusion.fuse_conv_bn_eval(layer, norm),"
            " or fuse_linear_bn_eval, gives one layer of both in evaluation mode, which is read"
        )
    if "Norm" in kind:
        return "normalises, which is not linear: leave it out"
    return _why_without_weights(layer)


def _why_without_weights(layer: Module) -> str:
    kind = type(layer).__name__
    own = [name for name, _ in layer.named_parameters()]
    if own and why_no_activation(layer) is None:
        return f"is a layer without theory, with the parameters {shown(own)}"
    if kind.startswith(("MaxPool", "AdaptiveMaxPool", "FractionalMaxPool", "LPPool")):
        nearest = "AdaptiveAvgPool" if kind.startswith("Adaptive") else "AvgPool"
        return f"pools without averaging: the nearest that is read is nn.{nearest}{kind[-2:]}"
    if kind.startswith(("AvgPool", "AdaptiveAvgPool")):
        return "is a pooling without a convolution before it: it is read behind nn.Conv1d or Conv2d"
    return why_no_activation(layer) or "is not known to be linear, and no activation that is read"
