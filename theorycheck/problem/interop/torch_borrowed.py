"""A module on loan: other weights for a while, then all is put back."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .torch_memory import Tensor
from .torch_slots import Module

_LISTS = ("_flat_weights",)  # of an nn.RNN: a list that follows its weights


class Borrowed:
    """A block in which weights, gradients, buffers, modes and attributes of a module may change.

    Everything that torch knows of the module is as before at its end; what its code keeps in
    containers of its own, or elsewhere, is not known here.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._own = [(p, p.data, p.grad, p.requires_grad) for p in module.parameters()]
        self._names = {id(p): name for name, p in module.named_parameters()}
        self._buffers = [(part, dict(part._buffers)) for part in module.modules()]
        self._values = [
            (b, b._version, b.detach().clone()) for b in module.buffers() if not b.is_inference()
        ]
        self._registered = [(part, dict(part._parameters)) for part in module.modules()]
        # Pruning keeps what it computes from parameters as plain attributes, among others.
        self._attributes = [(part, _attributes(part)) for part in module.modules()]

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(self, *_: object) -> None:
        for part, attributes in self._attributes:
            known = vars(part)
            for key in known.keys() - attributes.keys():
                del known[key]
            known.update(attributes)
        for part, parameters in self._registered:
            part._parameters.clear()
            part._parameters.update(parameters)
        for part, buffers in self._buffers:
            part._buffers.clear()
            part._buffers.update(buffers)
        for parameter, data, gradient, required in self._own:
            parameter.requires_grad_(required)
            parameter.grad = None
            parameter.data = data
            parameter.grad = gradient
        with importlib.import_module("torch").no_grad():
            for buffer, version, value in self._values:
                if buffer._version != version:
                    buffer.copy_(value)

    def fill(self, values: Callable[[tuple[int, ...]], Tensor]) -> None:
        """New values, and no gradient, for all parameters."""
        for parameter, data, _, _ in self._own:
            parameter.grad = None
            parameter.data = values(tuple(parameter.shape)).to(data.device)

    def toggled(self) -> str:
        """The name of a parameter whose `requires_grad` has changed meanwhile, or ''."""
        for parameter, _, _, required in self._own:
            if parameter.requires_grad != required:
                return repr(self._names.get(id(parameter), "a parameter"))
        return ""

    def to_training_mode(self) -> bool:
        """Training mode for all but dropout; False if it was in it already."""
        dropout = importlib.import_module("torch").nn.modules.dropout._DropoutNd
        resting = [
            part
            for part in self._module.modules()
            if not part.training and not isinstance(part, dropout)
        ]
        for part in resting:
            part.training = True
        return bool(resting)


def _attributes(part: Module) -> dict[str, Any]:
    known = dict(vars(part))
    for key in _LISTS:
        if key in known:
            known[key] = list(known[key])
    return known
