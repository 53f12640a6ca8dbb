"""Does a module's `forward` compute what its layers suggest? It is run with random weights.

The outputs of a module and of the network it is taken for are compared on random inputs, with
random weights in place of the module's own. Two functions that differ on an open set of weights and
inputs differ there with probability 1 (in exact arithmetic, for the piecewise polynomial functions
that modules of these layers compute).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InputError
from ..networks import LinearRecurrent

_POINTS = 8
_TOLERANCE = {"torch.float64": 1e-9, "torch.float32": 1e-3}


def is_stack(module: Any, layers: list[Any], relu: bool) -> bool:
    """Whether `module(x)` is the nn.Linear `layers` in turn, with a ReLU between if `relu`."""
    functional = importlib.import_module("torch.nn.functional")

    def expected(x: Any) -> list[Any]:
        for number, layer in enumerate(layers):
            x = functional.relu(x) if relu and number else x
            x = functional.linear(x, layer.weight, layer.bias)
        return [x]

    return _agrees(module, (_POINTS, layers[0].in_features), expected)


def is_recurrence(module: Any, recurrent: Any, readout: Any, network: LinearRecurrent) -> bool:
    """Whether `module(x)` is the linear recurrence of an nn.RNN, from 0, and the readout."""
    torch = importlib.import_module("torch")

    def expected(x: Any) -> list[Any]:
        steps = x.unbind(1 if recurrent.batch_first else 0)
        state = torch.zeros(_POINTS, network.hidden, dtype=x.dtype, device=x.device)
        outputs = []
        for step in steps:
            state = state @ recurrent.weight_hh_l0.T + step @ recurrent.weight_ih_l0.T
            outputs.append(state @ readout.weight.T)
        if network.readout == "final":
            return [outputs[-1]]
        return [torch.stack(outputs, 1 if recurrent.batch_first else 0)]

    sides = (_POINTS, network.steps) if recurrent.batch_first else (network.steps, _POINTS)
    return _agrees(module, (*sides, network.inputs), expected)


def _agrees(module: Any, shape: tuple[int, ...], expected: Callable[[Any], list[Any]]) -> bool:
    """Compare in double precision, or in single where the module cannot be run in double."""
    torch = importlib.import_module("torch")
    if next(module.parameters()).is_meta:
        raise InputError("the module is on the meta device: its own forward cannot be run")
    for dtype in (torch.float64, torch.float32):
        with _random_weights(module, dtype) as draw:
            x = draw(shape)
            try:
                found = module(x)
            except Exception:  # of any kind: forward is anyone's code
                continue
            wanted = expected(x)[0]
            if not isinstance(found, torch.Tensor) or found.shape != wanted.shape:
                return False
            scale = wanted.abs().max()
            return bool((found - wanted).abs().max() <= _TOLERANCE[str(dtype)] * scale)
    return False


@contextmanager
def _random_weights(module: Any, dtype: Any) -> Iterator[Callable[[tuple[int, ...]], Any]]:
    """Random values in all parameters until the block ends; yields how to draw an input."""
    torch = importlib.import_module("torch")
    generator = torch.Generator().manual_seed(0)
    device = next(module.parameters()).device

    def draw(shape: tuple[int, ...]) -> Any:
        value = torch.randn(shape, generator=generator, dtype=dtype)
        return (value / max(shape[-1], 1) ** 0.5).to(device)

    own = {p: p.data for p in module.parameters()}
    # Pruning keeps what it computes from parameters as plain attributes.
    computed = [(part, dict(vars(part))) for part in module.modules()]
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            for parameter in own:
                parameter.data = draw(tuple(parameter.shape))
            yield draw
    finally:
        for parameter, data in own.items():
            parameter.data = data
        for part, attributes in computed:
            for key in ("weight", "bias", "weight_ih_l0", "weight_hh_l0"):
                if key in attributes:
                    part.__dict__[key] = attributes[key]
