"""What torch.fx suggests of a forward of one's own: orders, functions, residual layers."""

import itertools
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.problem.interop.test_torch_nonlinear import exact_rank, rank_in_torch
from tests.problem.interop.test_torch_read import moved
from tests.shared import torch_zoo as zoo
from theorycheck.problem.interop.torch_claims import claim_of
from theorycheck.problem.interop.torch_modules import layers_of
from theorycheck.problem.interop.torch_traces import Trace, traced

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn
functional: Any = zoo.functional


class Chain(nn.Module):
    """Linear layers `a`, `b`, ... and a forward of one's own, which is given them."""

    def __init__(self, way: Any, *widths: int) -> None:
        super().__init__()
        for number, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
            self.add_module("abcdef"[number], nn.Linear(inputs, outputs))
        self.way = way

    def forward(self, x: Any) -> Any:
        return self.way(x, *self._modules.values())


def residual(sigma: Any) -> Any:
    """h + sigma(W h) in all hidden layers."""

    def way(x: Any, *layers: Any) -> Any:
        for layer in layers[:-1]:
            x = x + sigma(layer(x))
        return layers[-1](x)

    return way


def some_added(x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    x = torch.tanh(a(x))
    x = torch.tanh(b(x)) + x
    return d(torch.tanh(c(x)))


def by_place(x: Any, a: Any, b: Any, c: Any) -> Any:
    x = torch.tanh(a(x))
    y = functional.silu(b(x))
    y += x
    return c(y)


def by_weight(x: Any, a: Any, b: Any, c: Any) -> Any:
    hidden = functional.linear(x, a.weight, a.bias)
    return c(torch.erf(functional.linear(hidden * torch.sigmoid(hidden), b.weight, bias=b.bias)))


WAYS: dict[str, tuple[Any, tuple[int, ...], Any]] = {
    "mixed": (
        lambda x, a, b, c: c(functional.gelu(b(torch.sin(a(x))))),
        (3, 4, 4, 2),
        {"activation": ["sin", "gelu"]},
    ),
    "methods": (
        lambda x, a, b, c: c(b(a(x).tanh()).sigmoid()),
        (3, 4, 4, 2),
        {"activation": ["tanh", "sigmoid"]},
    ),
    "settings of torch": (
        lambda x, a, b, c: c(functional.hardtanh(b(functional.leaky_relu(a(x))))),
        (3, 4, 4, 2),
        {"activation": ["leaky_relu", "hardtanh"]},
    ),
    "exp": (
        lambda x, a, b, c: c(torch.atan(b(torch.exp(a(x))))),
        (3, 40, 40, 2),
        {"activation": ["exp", "arctan"]},
    ),
    "exp of exp": (
        lambda x, a, b, c: c(torch.exp(b(torch.exp(a(x))))),
        (3, 200, 200, 2),
        {"activation": "exp"},
    ),
    "exp and sin": (
        lambda x, a, b, c: c(torch.sin(b(torch.exp(a(x))))),
        (3, 4, 4, 2),
        {"activation": ["exp", "sin"]},
    ),
    "powers": (
        lambda x, a, b, c: c((b(a(x) ** 2)).pow(3)),
        (3, 4, 4, 2),
        {"activation": ["square", "cube"]},
    ),
    "products": (
        lambda x, a, b, c: c((lambda u: u * u * u)(b((lambda u: u * u)(a(x))))),
        (3, 4, 4, 2),
        {"activation": ["square", "cube"]},
    ),
    "weights of layers": (by_weight, (3, 4, 4, 2), {"activation": ["silu", "erf"]}),
    "another order": (
        lambda x, a, b, c: b(torch.tanh(a(functional.softplus(c(x))))),
        (3, 3, 3, 3),
        {"activation": ["softplus", "tanh"]},
    ),
    "residual": (residual(torch.tanh), (3, 3, 3, 2), {"activation": "tanh", "skip": True}),
    "residual, polynomial": (
        residual(torch.square),
        (3, 3, 3, 2),
        {"activation": "square", "skip": True},
    ),
    "residual, linear": (residual(lambda x: x), (3, 3, 2), {"activation": "linear", "skip": True}),
    "residual, in place": (
        by_place,
        (3, 4, 4, 2),
        {"activation": ["tanh", "silu"], "skip": True},
    ),
    "residual where widths agree": (
        lambda x, a, b, c: c((lambda h: torch.sin(b(h)) + h)(torch.exp(a(x)))),
        (3, 4, 4, 2),
        {"activation": ["exp", "sin"], "skip": True},
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_forward_is_read_as_what_it_computes(name: str):
    torch.manual_seed(0)
    way, widths, options = WAYS[name]
    module = Chain(way, *widths)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    allocation = tc.Allocation.from_torch(module)
    network = tc.Feedforward(widths, bias=True, **options)
    assert allocation == tc.Allocation.full(network)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    # The judge: torch's forward, in double precision, beside the network's own levels.
    order = "cab" if name == "another order" else "abc"
    module.double()
    layers = [module.get_submodule(key) for key in order[: len(widths) - 1]]
    parameters = {f"W{n}": layer.weight for n, layer in enumerate(layers, start=1)}
    parameters |= {f"b{n}": layer.bias for n, layer in enumerate(layers, start=1)}
    x = torch.randn(32, widths[0], dtype=torch.float64)
    claimed = claim_of(network, parameters, {}).outputs(parameters, x)
    assert torch.allclose(claimed, module(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["residual", "residual, in place"])
def test_a_residual_allocation_goes_to_torch_and_back(name: str):
    torch.manual_seed(1)
    way, widths, _ = WAYS[name]
    module = Chain(way, *widths)
    whole = tc.Allocation.from_torch(module)
    some = tc.Allocation.random(whole.network, 13, np.random.default_rng(1))
    with some.apply_to_torch(module):
        assert tc.Allocation.from_torch(module) == some
        changes = moved(module, some.network, "")
        for number, layer in enumerate("abc", start=1):
            assert np.array_equal(changes[f"{layer}.weight"], some.mask(f"W{number}"))
            assert np.array_equal(changes[f"{layer}.bias"], some.mask(f"b{number}"))
        assert exact_rank(some, 5) == rank_in_torch(module, some.network, changes, 5)
    assert tc.Allocation.from_torch(module.float()) == whole
    plain = tc.Allocation.full(tc.Feedforward(widths, activation="tanh", bias=True))
    with pytest.raises(tc.InputError, match="something else"):
        plain.apply_to_torch(module)


class Stepping(nn.Module):
    """A residual block with a name of its own, which is called as a module."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner, self.act = nn.Linear(width, width), nn.Tanh()

    def forward(self, h: Any, scale: Any = None) -> Any:
        return h + self.act(self.inner(h)) if scale is None else h


def test_residual_blocks_in_a_sequential():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), Stepping(3), Stepping(3), nn.Linear(3, 1))
    network = tc.Feedforward([2, 3, 3, 3, 1], activation="tanh", skip=True, bias=True)
    assert tc.Allocation.from_torch(module) == tc.Allocation.full(network)


def test_a_residual_forward_that_cannot_be_followed_is_tried_all_the_same():
    def way(x: Any, *layers: Any) -> Any:
        if x.shape[0] > 0:  # torch.fx cannot know
            x = x + torch.tanh(layers[0](x))
        return layers[1](x)

    module = Chain(way, 3, 3, 2)
    network = tc.Feedforward([3, 3, 2], activation="tanh", skip=True, bias=True)
    assert tc.Allocation.from_torch(module).network == network


REFUSED: dict[str, tuple[Any, str]] = {
    "partly residual": (
        Chain(some_added, 3, 4, 4, 4, 2),
        r"'c' does not add what it reads, and others do: residual are all hidden layers as wide",
    ),
    "scaled residual": (Chain(residual(lambda x: 0.5 * x.tanh()), 3, 3, 2), "its forward applies"),
    "residual over two layers": (
        Chain(lambda x, a, b, c: c(x + torch.tanh(b(torch.tanh(a(x))))), 3, 3, 3, 2),
        "its forward applies add",
    ),
    "elu": (
        Chain(lambda x, a, b: b(functional.elu(a(x))), 3, 4, 2),
        r"applies elu \(what is most like it and read is nn\.Softplus or nn\.SiLU\)",
    ),
    "softplus with beta": (
        Chain(lambda x, a, b: b(functional.softplus(a(x), 2.0)), 3, 4, 2),
        "computes something else",
    ),
    "gelu by tanh": (
        Chain(lambda x, a, b: b(functional.gelu(a(x), approximate="tanh")), 3, 4, 2),
        "computes something else",
    ),
    "clamped exponent": (
        Chain(lambda x, a, b: b(torch.exp(a(x).clamp(max=20))), 3, 4, 2),
        "its forward applies clamp",
    ),
    "a layer twice": (
        Chain(lambda x, a, b: b(torch.tanh(a(torch.tanh(a(x))))), 3, 3, 2),
        "its forward uses a more than once",
    ),
    "branches": (
        Chain(lambda x, a, b: torch.tanh(a(x)) + torch.tanh(b(x)), 3, 3, 3),
        "its forward is no chain: b does not read the layer before it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_forward_does_that_is_not_read_is_named(name: str):
    module, match = REFUSED[name]
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_torch(module)
    assert "\n" not in str(caught.value)


class Clamped(nn.Linear):
    """Clamps within a layer, where no trace looks."""

    def forward(self, x: Any) -> Any:
        return super().forward(x).clamp(max=20)


def test_a_clamp_that_no_trace_sees_shows_in_the_run():
    module = Chain(lambda x, a, b: b(torch.exp(a(x))), 3, 4, 2)
    assert tc.Allocation.from_torch(module).network.activations == ("exp",)
    module.a = Clamped(3, 4)
    with pytest.raises(tc.InputError, match="something else"):
        tc.Allocation.from_torch(module)


@pytest.mark.parametrize("sigma", [torch.tanh, torch.exp, torch.sin, torch.square])
def test_hooks_that_no_trace_sees_show_in_the_run(sigma: Any):
    module = Chain(residual(sigma), 3, 3, 2)
    tc.Allocation.from_torch(module)
    module.a.register_forward_hook(lambda _, __, y: 1.001 * y)
    with pytest.raises(tc.InputError, match="something else"):
        tc.Allocation.from_torch(module)


def test_what_is_torchs_own_is_not_traced():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    assert traced(module, dict(layers_of(module))) is None
    broken = Chain(lambda x, a: x.to_bytes(), 3, 2)
    layers = dict(layers_of(broken))
    assert traced(broken, layers) == Trace(unknown="applies to_bytes")
    broken.way = lambda x, a: [][0]
    assert traced(broken, layers) == Trace(unknown="cannot be followed by torch.fx")
