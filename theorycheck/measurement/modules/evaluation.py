"""A torch module at its own values, in double precision, and what its outputs depend on.

The module is not changed: `torch.func.functional_call` computes with converted copies of its
parameters and buffers, in evaluation mode, and all that torch knows of it is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...errors import InputError, shown
from ...problem.interop.torch_borrowed import Borrowed
from ...problem.interop.torch_memory import Tensor
from ...problem.interop.torch_modules import torch_module
from ...problem.interop.torch_slots import Module
from .precision import Watched, watched
from .selection import Selection

Output = Callable[[Any], Any] | None
_RANDOM = "dropout that forward itself applies in evaluation mode, a state that it keeps?"


@dataclass(frozen=True, eq=False)
class Graph:
    """One run of a module: its outputs, and the parameters (leaves) that they depend on."""

    outputs: Tensor
    leaves: list[Tensor]


class Evaluation:
    """The outputs of a module on given inputs, as a function of its chosen parameters.

    Raises `InputError` for inputs that it does not take, for outputs that are not one tensor of
    finite real numbers, and where two runs differ.
    """

    def __init__(self, module: Module, inputs: Any, selection: Selection, output: Output) -> None:
        torch = torch_module()
        self._module, self._selection, self._output = module, selection, output
        self._parameters = {n: _double(p) for n, p in module.named_parameters()}
        self._buffers = {n: _double(b) for n, b in module.named_buffers()}
        self._arguments, self._named = _arguments(inputs)
        self.device = self._parameters[next(iter(selection.masks))].device
        self._runs = 0
        self.watched: Watched = watched(lambda: self.graph().outputs.detach())
        one, two = self.watched.outputs, self.graph().outputs.detach()
        size = float(one.abs().max()) if one.numel() else 0.0
        if one.shape != two.shape or not torch.allclose(
            one, two, rtol=0.0, atol=size * self.watched.epsilon**0.5
        ):
            raise InputError(f"outputs differ between two runs on the same inputs: {_RANDOM}")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the outputs."""
        return tuple(self.watched.outputs.shape)

    @property
    def samples(self) -> int:
        """The length of the first axis of arguments and outputs; 0 where they do not share one."""
        torch = torch_module()
        tensors = [
            value
            for value in (*self._arguments, *self._named.values())
            if isinstance(value, torch.Tensor)
        ]
        sizes = {value.shape[0] if value.ndim else 0 for value in tensors[:1]}
        return next(iter(sizes)) if sizes == set(self.shape[:1]) else 0

    def graph(
        self, change: Callable[[Tensor], Tensor] | None = None, samples: slice | None = None
    ) -> Graph:
        """A run that can be differentiated, perhaps on some of the samples only.

        `change` is done to all real numbers that go in.
        """
        torch = torch_module()
        change = change or (lambda tensor: tensor)
        parameters = {name: _changed(t, change) for name, t in self._parameters.items()}
        buffers = {name: _changed(t, change) for name, t in self._buffers.items()}
        arguments = [_changed(self._some(t, samples), change) for t in self._arguments]
        named = {n: _changed(self._some(t, samples), change) for n, t in self._named.items()}
        leaves = [parameters[name].requires_grad_() for name in self._selection.masks]
        with torch.enable_grad():
            outputs = self._run(parameters, buffers, arguments, named)
        return Graph(outputs, leaves)

    def outputs_along(self, directions: Mapping[str, Tensor], step: float) -> Tensor:
        """The outputs where the chosen parameters are a step further in some directions."""
        torch = torch_module()
        moved = dict(self._parameters)
        for name, direction in directions.items():
            moved[name] = moved[name] + step * direction
        with torch.no_grad():
            return self._run(moved, self._buffers, self._arguments, self._named)

    def directions(self, generator: Any) -> dict[str, Tensor]:
        """A random direction of the chosen parameters, each about as long as its values are."""
        torch = torch_module()
        found = {}
        for name, mask in self._selection.masks.items():
            value = self._parameters[name]
            normal = torch.randn(value.shape, generator=generator, dtype=torch.float64)
            size = float(value.square().mean().sqrt()) or 1.0
            found[name] = size * (normal * torch.from_numpy(mask.copy())).to(value.device)
        return found

    def _some(self, value: Any, samples: slice | None) -> Any:
        if samples is None or not isinstance(value, torch_module().Tensor) or not value.ndim:
            return value
        return value[samples] if len(value) == self.samples else value

    def _run(self, parameters: Any, buffers: Any, arguments: Any, named: Any) -> Tensor:
        torch = torch_module()
        fresh = {name: buffer.clone() for name, buffer in buffers.items()}  # a forward may write
        self._runs += 1
        with _resting(self._module):
            torch.manual_seed(self._runs)  # what is random differs between runs
            given = {**parameters, **fresh}
            try:
                found = torch.func.functional_call(self._module, given, tuple(arguments), named)
            except (RuntimeError, TypeError, ValueError, IndexError) as error:
                raise InputError(_failed(self._module, error)) from error
            if self._output is not None:
                found = self._output(found)
        return _checked(found)


@contextmanager
def _resting(module: Module) -> Iterator[None]:
    """Evaluation mode, and afterwards all as before, random numbers too."""
    torch = torch_module()
    devices = {p.device.index for p in module.parameters() if p.is_cuda}
    with Borrowed(module), torch.random.fork_rng(devices=sorted(devices)):
        for part in module.modules():
            part.training = False
        yield


def _double(tensor: Tensor) -> Tensor:
    """A copy of its own, of real (complex) numbers in double precision."""
    torch = torch_module()
    if tensor.dtype.is_floating_point:
        return tensor.detach().to(torch.float64, copy=True)
    if tensor.dtype.is_complex:
        return tensor.detach().to(torch.complex128, copy=True)
    return tensor.detach().clone()


def _changed(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if not isinstance(value, torch_module().Tensor):
        return value
    is_real = value.dtype.is_floating_point
    return change(value).detach().clone() if is_real else value.clone()


def _arguments(inputs: Any) -> tuple[list[Any], dict[str, Any]]:
    """What a module is called with: a tensor or array, a tuple of arguments, or named ones."""
    if isinstance(inputs, Mapping):
        return [], {str(name): _argument(value) for name, value in inputs.items()}
    if isinstance(inputs, tuple):
        return [_argument(value) for value in inputs], {}
    return [_argument(inputs)], {}


def _argument(value: Any) -> Any:
    """An argument in double precision, if it has real numbers; None and settings are kept."""
    torch = torch_module()
    if value is None or isinstance(value, (bool, str)):
        return value
    try:
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        what = "inputs must be a tensor or array, a tuple of arguments, or a dict of named ones"
        raise InputError(f"{what}, not {shown(value)}") from None
    if tensor.dtype.is_floating_point and not bool(tensor.isfinite().all()):
        raise InputError("inputs must be finite: one is infinite or no number")
    return _double(tensor)


def _failed(module: Module, error: Exception) -> str:
    text = " ".join(str(error).split())
    kind = type(module).__name__
    hint = ""
    if "dtype" in text or "Float" in text or "Half" in text:
        hint = (
            "; it is run in double precision, so tensors that forward uses must be parameters or "
            "buffers (register_buffer), or follow the type of its inputs"
        )
    return f"{kind}.forward fails on these inputs: {text[:200]}{hint}"


def _checked(found: Any) -> Tensor:
    """The outputs, flat or not; raises `InputError`, with the cure, for what is not one tensor."""
    torch = torch_module()
    if not isinstance(found, torch.Tensor):
        kind = type(found).__name__
        which = "found[0]"
        if isinstance(found, Mapping):
            which = f"found[{next(iter(found), 'name')!r}]"
        raise InputError(
            f"the module returns a {kind}, and one tensor is measured: say which, "
            f"output=lambda found: {which}"
        )
    if found.dtype.is_complex:
        raise InputError("outputs are complex: output=torch.view_as_real makes them real")
    if not found.dtype.is_floating_point:
        raise InputError(
            f"outputs are of the type {found.dtype}, which no parameter moves smoothly: "
            "output=lambda found: ... can choose another tensor"
        )
    if not found.numel():
        raise InputError("there is no output: give at least one input")
    if not bool(found.isfinite().all()):
        raise InputError("outputs are not finite on these inputs: one is infinite or no number")
    return found
