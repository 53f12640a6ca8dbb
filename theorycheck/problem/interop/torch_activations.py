"""Activations of torch modules: which are read, and the function that each stands for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ...errors import InputError
from .torch_memory import Tensor
from .torch_slots import Module, from_masks

# Modules by the name of their class, with what their settings must be.
_MODULES: dict[str, tuple[str, dict[str, Any]]] = {
    "Tanh": ("tanh", {}),
    "Sigmoid": ("sigmoid", {}),
    "Softplus": ("softplus", {"beta": 1, "threshold": 20}),
    "SiLU": ("silu", {}),
    "GELU": ("gelu", {"approximate": "none"}),
    "ReLU": ("relu", {}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.01}),
    "Hardtanh": ("hardtanh", {"min_val": -1, "max_val": 1}),
}
# What is not read, and what is most like it.
_NEAREST = {
    "ELU": "nn.Softplus or nn.SiLU",
    "CELU": "nn.Softplus or nn.SiLU",
    "SELU": "nn.Softplus or nn.SiLU",
    "Mish": "nn.SiLU",
    "Hardswish": "nn.SiLU",
    "LogSigmoid": "nn.Softplus",
    "Softsign": "nn.Tanh",
    "Hardsigmoid": "nn.Sigmoid",
    "Tanhshrink": "nn.Tanh",
    "ReLU6": "nn.ReLU",
    "PReLU": "nn.LeakyReLU(0.01), whose slope is not learned",
    "RReLU": "nn.LeakyReLU(0.01)",
    "Threshold": "nn.ReLU",
}
# As torch functions, in the order in which they are tried where no module tells.
_FUNCTIONS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "linear": lambda torch, x: x,
    "relu": lambda torch, x: torch.relu(x),
    "tanh": lambda torch, x: torch.tanh(x),
    "sigmoid": lambda torch, x: torch.sigmoid(x),
    "gelu": lambda torch, x: torch.nn.functional.gelu(x),
    "silu": lambda torch, x: torch.nn.functional.silu(x),
    "softplus": lambda torch, x: torch.nn.functional.softplus(x),
    "leaky_relu": lambda torch, x: torch.nn.functional.leaky_relu(x),
    "hardtanh": lambda torch, x: torch.nn.functional.hardtanh(x),
    "erf": lambda torch, x: torch.erf(x),
    "sin": lambda torch, x: torch.sin(x),
    "exp": lambda torch, x: torch.exp(x),
    "arctan": lambda torch, x: torch.atan(x),
    "square": lambda torch, x: x * x,
    "cube": lambda torch, x: x * x * x,
}
# The names of torch's functions and methods, where they are not those of the activations.
FUNCTION_NAMES = {name: name for name in _FUNCTIONS if name not in ("linear", "cube")} | {
    "atan": "arctan",
}
# Of the functions that are tried, exp overflows at the large inputs that show clamps.
TRIED = tuple(name for name in _FUNCTIONS if name != "exp")


def applied(activation: str, x: Tensor) -> Tensor:
    """An activation of a tensor; raises `InputError` for one that no torch module is read with."""
    if activation not in _FUNCTIONS:
        what = f"modules with the activation {activation} are not read"
        raise InputError(f"{what}: {from_masks(None)}")
    return _FUNCTIONS[activation](importlib.import_module("torch"), x)


def _kind(module: Module) -> str:
    """The name of a class of torch's own activations, '' for all else."""
    kind = type(module)
    return kind.__name__ if kind.__module__ == "torch.nn.modules.activation" else ""


def activation_of(module: Module) -> str | None:
    """The name of the activation that a torch module is; None for one that is not read."""
    name, settings = _MODULES.get(_kind(module), (None, {}))
    fits = all(getattr(module, key) == value for key, value in settings.items())
    return name if fits else None


def most_like(function: str) -> str:
    """What is most like a function of torch that is not read, by its name; '' for unknown ones.

    >>> most_like("log_sigmoid")
    'nn.Softplus'
    """
    names = {name.lower(): nearest for name, nearest in _NEAREST.items()}
    return names.get(function.replace("_", ""), "")


def why_no_activation(module: Module) -> str | None:
    """Why a torch activation is not read, with what to take instead; None for what is none."""
    kind = _kind(module)
    if kind in _MODULES:
        wanted = ", ".join(f"{key}={value!r}" for key, value in _MODULES[kind][1].items())
        return f"has other settings than nn.{kind}({wanted}), which is read"
    if kind in _NEAREST:
        return f"is no activation of the theory; the one most like it is {_NEAREST[kind]}"
    return None
