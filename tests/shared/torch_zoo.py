"""Torch modules as people have them, for tests: what they are read as, or why they are refused."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import theorycheck as tc

torch: Any = pytest.importorskip("torch", reason="torch is missing (extra torch)")
torch.set_num_threads(1)  # small operations on cores that are busy with other tests
nn: Any = torch.nn
functional: Any = pytest.importorskip("torch.nn.functional")
prune: Any = pytest.importorskip("torch.nn.utils.prune")
parametrize: Any = pytest.importorskip("torch.nn.utils.parametrize")

MASK = torch.tensor([[1, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 0]], dtype=torch.bool)
READOUT = torch.tensor([[1, 0, 1, 1], [0, 1, 1, 0]], dtype=torch.bool)


@dataclass
class Case:
    """A module, how it is read, and what that must give: a network, or a refusal's words."""

    make: Callable[[], Any]
    network: Any = None
    places: dict[str, str] = field(default_factory=dict)  # weight -> parameter; W1 -> 0.weight
    refused: str = ""
    options: Callable[[Any], dict[str, Any]] = lambda module: {}
    cured: Callable[[Any], tc.Allocation] | None = None
    input: tuple[int, ...] = ()


def chain(*widths: int, bias: bool = False) -> Any:
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(widths)]
    return nn.Sequential(*layers)


def changed(module: Any, *changes: Callable[[Any], Any]) -> Any:
    """The module after some changes of it."""
    for change in changes:
        change(module)
    return module


class Own(nn.Module):
    """Two layers, 3-4-2, and a forward of one's own."""

    def __init__(self, forward: Any, bias: bool = False) -> None:
        super().__init__()
        self.one = nn.Linear(3, 4, bias=bias)
        self.two = nn.Linear(4, 2, bias=bias)
        self.way = forward

    def forward(self, x: Any) -> Any:
        return self.way(self, x)


class Masked(nn.Linear):
    """A linear layer that masks its weight, as a subclass."""

    def __init__(self, inputs: int, outputs: int, mask: Any, bias: bool = False) -> None:
        super().__init__(inputs, outputs, bias=bias)
        self.register_buffer("mask", mask.float())

    def forward(self, x: Any) -> Any:
        return functional.linear(x, self.weight * self.mask, self.bias)


class Partial(nn.Linear):
    """A linear layer that trains some entries only: the others are cut from the graph."""

    def __init__(self, inputs: int, outputs: int, mask: Any) -> None:
        super().__init__(inputs, outputs, bias=False)
        self.register_buffer("kept", mask.float())

    def forward(self, x: Any) -> Any:
        frozen = (self.weight * (1 - self.kept)).detach()
        return functional.linear(x, self.weight * self.kept + frozen)


class Scratch(nn.Module):
    """A linear layer from scratch, with names of its own, masked or not."""

    def __init__(self, inputs: int, outputs: int, mask: Any = None, bias: bool = False) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(outputs, inputs))
        self.shift = nn.Parameter(torch.randn(outputs)) if bias else None
        self.mask = mask  # a plain attribute

    def forward(self, x: Any) -> Any:
        kernel = self.kernel if self.mask is None else self.kernel * self.mask
        y = torch.einsum("oi,bi->bo", kernel, x)
        return y if self.shift is None else y + self.shift


class Inwards(nn.Module):
    """A linear layer whose rows are inputs."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(inputs, outputs))

    def forward(self, x: Any) -> Any:
        return x @ self.kernel


class Keep(nn.Module):
    """A parametrisation that masks."""

    def __init__(self, mask: Any) -> None:
        super().__init__()
        self.register_buffer("mask", mask.float())

    def forward(self, weight: Any) -> Any:
        return weight * self.mask


class LinearRNN(nn.RNN):
    """An nn.RNN without its activation, batch first."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes, bias=False, batch_first=True)
        self.nonlinearity = "linear"

    def forward(self, x: Any) -> Any:
        state, states = x.new_zeros(len(x), self.hidden_size), []
        for step in x.unbind(1):
            state = step @ self.weight_ih_l0.T + state @ self.weight_hh_l0.T
            states.append(state)
        return torch.stack(states, 1), state


class Recurrent(nn.Module):
    """An RNN and a readout, of the last state or of all."""

    def __init__(self, rnn: Any, last: bool = True, bias: bool = False) -> None:
        super().__init__()
        self.rnn = rnn
        self.out = nn.Linear(rnn.hidden_size, 1, bias=bias)
        self.last = last

    def forward(self, x: Any) -> Any:
        states, _ = self.rnn(x)
        return self.out(states[:, -1] if self.last else states)


class Loop(nn.Module):
    """A recurrence written by hand, 2-3-1; `way` says what becomes of states and outputs."""

    def __init__(self, way: str = "final", time: int = 1, activation: Any = None) -> None:
        super().__init__()
        self.wx = nn.Linear(2, 3, bias=False)
        self.wh = nn.Linear(3, 3, bias=False)
        self.out = nn.Linear(3, 1, bias=False)
        self.way, self.time, self.activation = way, time, activation

    def forward(self, x: Any) -> Any:
        state, outputs = x.new_zeros(x.shape[1 - self.time], 3), []
        for number, step in enumerate(x.unbind(self.time)):
            if self.way == "truncated" and number == 2:
                state = state.detach()
            state = self.wx(step) + self.wh(state)
            state = state if self.activation is None else self.activation(state)
            outputs.append(self.out(state))
        if self.way == "list":
            return outputs
        return torch.stack(outputs, self.time) if self.way == "all" else outputs[-1]


class Cell(nn.Module):
    """A loop over nn.RNNCell, 2-3-1."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.RNNCell(2, 3, bias=False)
        self.out = nn.Linear(3, 1, bias=False)

    def forward(self, x: Any) -> Any:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.out(state)


class Lying(torch.autograd.Function):
    """A linear map whose backward is not its own."""

    way = ""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any) -> Any:
        ctx.save_for_backward(x, weight)
        return x @ weight.T

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        return gradient @ weight, lie(gradient.T @ x)


def lie(gradient: Any) -> Any:
    """Rows shifted: entries move by what others should."""
    return gradient.roll(1, 0)


LAYERS = {"W1": "one.weight", "W2": "two.weight"}
LAYERS_AND_BIASES = {"W1": "one.weight", "b1": "one.bias", "W2": "two.weight", "b2": "two.bias"}
CHAIN = {"W1": "0.weight", "W2": "1.weight"}
CHAIN_AND_BIASES = {"W1": "0.weight", "b1": "0.bias", "W2": "1.weight", "b2": "1.bias"}
LOOP = {"input": "wx.weight", "recurrent": "wh.weight", "readout": "out.weight"}
RNN = {"input": "rnn.weight_ih_l0", "recurrent": "rnn.weight_hh_l0", "readout": "out.weight"}
NET = tc.LinearFeedforward([3, 4, 2])
BIASED = tc.LinearFeedforward([3, 4, 2], bias=True)
RELU = tc.ShallowReLU([3, 4, 2])


def linear(self: Any, x: Any) -> Any:
    return self.two(self.one(x))


def freeze(*names: str) -> Callable[[Any], None]:
    """A change: these parameters are frozen."""

    def change(module: Any) -> None:
        for name in names:
            module.get_parameter(name).requires_grad_(False)

    return change


def hook(name: str, way: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change: a hook on a parameter's gradient."""
    return lambda module: module.get_parameter(name).register_hook(way)
