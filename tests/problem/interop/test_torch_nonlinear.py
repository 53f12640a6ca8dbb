"""Torch modules with activations: what they are read as, beside torch's own layers as the judge."""

import itertools
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.problem.interop.test_torch_read import inputs_of, moved
from tests.shared import torch_zoo as zoo
from tests.shared.torch_zoo import LOOP, MASK, Loop, Own, chain
from theorycheck.problem.interop.torch_activations import TRIED, applied
from theorycheck.problem.interop.torch_claims import claim_of
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.ranks.generic_rank import generic_rank

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn

MODULES = {
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softplus": nn.Softplus,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "hardtanh": nn.Hardtanh,
}
FUNCTIONS = {
    "erf": torch.erf,
    "sin": torch.sin,
    "arctan": torch.atan,
    "square": torch.square,
    "cube": lambda x: x**3,
    "tanh": torch.tanh,
}


def deep(*activations: Any, widths: tuple[int, ...] = (3, 4, 4, 2), bias: bool = True) -> Any:
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(widths)]
    between = [[layer, act] for layer, act in zip(layers, activations, strict=False)]
    return nn.Sequential(*itertools.chain(*between), layers[-1])


class Memory(nn.Module):
    """An nn.RNN and a readout, 2-3-2, of the last state or of all."""

    def __init__(self, last: bool = True, readout_bias: bool = True, **options: Any) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, 3, batch_first=True, **options)
        self.out = nn.Linear(3, 2, bias=readout_bias)
        self.last = last

    def forward(self, x: Any) -> Any:
        states, _ = self.rnn(x)
        return self.out(states[:, -1] if self.last else states)


def rank_in_torch(module: Any, network: Any, trained: dict[str, Any], samples: int) -> int:
    """The rank of the module's Jacobian in the entries that a step moves, in double precision."""
    x = inputs_of(network, "", samples, torch.Generator().manual_seed(3))
    parts = {name: p.detach() for name, p in module.double().named_parameters()}

    def outputs(*values: Any) -> Any:
        return torch.func.functional_call(module, dict(zip(parts, values, strict=True)), x)

    jacobian = torch.autograd.functional.jacobian(outputs, tuple(parts.values()))
    columns = [
        part.reshape(-1, parts[name].numel())[:, trained[name].ravel()]
        for name, part in zip(parts, jacobian, strict=True)
    ]
    matrix = torch.cat(columns, 1).numpy()
    return int(np.linalg.matrix_rank(matrix, tol=1e-9 * np.abs(matrix).max(initial=1e-30)))


def exact_rank(allocation: tc.Allocation, samples: int) -> int:
    most = min(allocation.n_learnable, allocation.network.n_equations(samples))
    return generic_rank(allocation, samples, upper=most).value


def test_every_activation_is_evaluated_as_it_is_defined():
    x = torch.linspace(-3, 3, 41, dtype=torch.float64)
    assert set(TRIED) == set(ACTIVATIONS) - {"exp"}
    for name, row in ACTIVATIONS.items():
        assert np.allclose(applied(name, x).numpy(), row.value(x.numpy(), np), atol=1e-12), name


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("name", MODULES)
def test_a_chain_with_one_activation(name: str, bias: bool):
    torch.manual_seed(1)
    module = deep(MODULES[name](), MODULES[name](), bias=bias)
    module[0].weight.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module)
    assert allocation.network == tc.Feedforward([3, 4, 4, 2], activation=name, bias=bias)
    changes = moved(module, allocation.network, name)
    places = {"W1": "0", "W2": "2", "W3": "4"}
    for weight in allocation.network.weight_shapes:
        part = "weight" if weight[0] == "W" else "bias"
        wanted = changes[f"{places['W' + weight[1:]]}.{part}"]
        assert np.array_equal(allocation.mask(weight), wanted)
    if ACTIVATIONS[name].is_analytic:
        assert exact_rank(allocation, 9) == rank_in_torch(module, allocation.network, changes, 9)


def test_linear_and_shallow_relu_chains_stay_what_they_were():
    assert tc.Allocation.from_torch(chain(3, 4, 2)).network == tc.LinearFeedforward([3, 4, 2])
    shallow = deep(nn.ReLU(), widths=(3, 4, 2), bias=False)
    assert tc.Allocation.from_torch(shallow).network == tc.ShallowReLU([3, 4, 2])


def test_different_activations_are_read_in_their_order():
    module = deep(nn.Tanh(), nn.GELU())
    network = tc.Allocation.from_torch(module).network
    assert network == tc.Feedforward([3, 4, 4, 2], activation=["tanh", "gelu"], bias=True)
    some = nn.Sequential(*chain(3, 4, 4), nn.Sigmoid(), *chain(4, 2))
    network = tc.Allocation.from_torch(some).network
    assert network == tc.Feedforward([3, 4, 4, 2], activation=["linear", "sigmoid"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_that_are_functions_are_recognised_by_the_run(name: str):
    module = Own(lambda self, x: self.two(FUNCTIONS[name](self.one(x))))
    network = tc.Allocation.from_torch(module).network
    assert network == tc.Feedforward([3, 4, 2], activation=name)


def test_an_activation_that_is_registered_late_or_not_used():
    late = Own(lambda self, x: self.two(self.act(self.one(x))))
    late.add_module("act", nn.Tanh())
    assert tc.Allocation.from_torch(late).network == tc.Feedforward([3, 4, 2], activation="tanh")
    unused = Own(lambda self, x: self.two(self.one(x)))
    unused.add_module("act", nn.Tanh())
    assert tc.Allocation.from_torch(unused).network == tc.LinearFeedforward([3, 4, 2])


def test_a_bias_of_some_layers_and_pruned_entries_are_absent_elsewhere():
    module = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2))
    zoo.prune.custom_from_mask(module[0], "weight", MASK)
    allocation = tc.Allocation.from_torch(module)
    assert not allocation.present_mask("b1").any()
    assert np.array_equal(allocation.present_mask("W1"), MASK.numpy())


@pytest.mark.parametrize("readout", ["final", "all"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_an_rnn_with_its_activation(activation: str, bias: bool, readout: Any):
    torch.manual_seed(2)
    module = Memory(readout == "final", bias, bias=bias, nonlinearity=activation)
    module.rnn.weight_ih_l0.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module, steps=3, readout=readout)
    wanted = tc.Recurrent(2, 3, 2, steps=3, readout=readout, activation=activation, bias=bias)
    assert allocation.network == wanted
    biases = {"bias": 3, "readout_bias": 2} if bias else {}
    assert allocation.counts == {"recurrent": 9, "readout": 6, **biases}
    if activation == "tanh":
        changes = moved(module, allocation.network, "")
        if bias:  # the sum of the two biases is one weight
            changes["rnn.bias_hh_l0"] = np.zeros(3, dtype=bool)
        assert exact_rank(allocation, 4) == rank_in_torch(module, allocation.network, changes, 4)


def test_the_two_biases_of_an_rnn_are_one_that_is_learnable_where_either_is():
    module = Memory()
    module.rnn.bias_ih_l0.requires_grad_(False)
    half = torch.tensor([True, False, False])
    module.rnn.bias_hh_l0.register_hook(lambda gradient: gradient * half)
    masks = {"rnn.bias_hh_l0": half}
    allocation = tc.Allocation.from_torch(module, masks, steps=2)
    assert allocation.mask("bias").tolist() == [True, False, False]
    with pytest.raises(tc.InputError, match="one of two biases that are added"):
        tc.Allocation.from_torch(module, present=masks, steps=2)
    nn.init.zeros_(module.rnn.bias_ih_l0)  # frozen, but the other one is not 0
    assert tc.Allocation.from_torch(module, masks, steps=2) == allocation
    nn.init.zeros_(module.rnn.bias_hh_l0)
    with pytest.raises(tc.InputError, match=r"2 frozen entries of rnn\.bias_.._l0 are 0"):
        tc.Allocation.from_torch(module, masks, steps=2)


def test_a_readout_bias_alone_leaves_the_other_absent():
    allocation = tc.Allocation.from_torch(Memory(bias=False), steps=2)
    assert not allocation.present_mask("bias").any()
    assert allocation.mask("readout_bias").all()


def test_loops_of_ones_own_with_an_activation():
    for activation, name in ((torch.tanh, "tanh"), (torch.sin, "sin"), (torch.relu, "relu")):
        loop = Loop(activation=activation)
        allocation = tc.Allocation.from_torch(loop, recurrent=LOOP, steps=3)
        assert allocation.network == tc.Recurrent(2, 3, 1, steps=3, activation=name)
    linear = tc.Allocation.from_torch(Loop(), recurrent=LOOP, steps=3)
    assert linear.network == tc.LinearRecurrent(2, 3, 1, steps=3)
    biased = Loop(activation=torch.tanh)
    biased.wh, biased.out = nn.Linear(3, 3), nn.Linear(3, 1)
    names = {**LOOP, "bias": "wh.bias", "readout_bias": "out.bias"}
    allocation = tc.Allocation.from_torch(biased, recurrent=names, steps=3)
    assert allocation == tc.Allocation.full(
        tc.Recurrent(2, 3, 1, steps=3, activation="tanh", bias=True)
    )
    with pytest.raises(tc.InputError, match=r"leaves out wh\.bias, out\.bias \(biases: bias,"):
        tc.Allocation.from_torch(biased, recurrent=LOOP, steps=3)
    with pytest.raises(tc.InputError, match="may name bias and readout_bias"):
        tc.Allocation.from_torch(biased, recurrent={**names, "gate": "out.bias"}, steps=3)


def test_an_rnn_declared_linear_has_its_biases():
    allocation = tc.Allocation.from_torch(Memory(), steps=2, linear=True)
    assert allocation.network == tc.Recurrent(2, 3, 2, steps=2, activation="linear", bias=True)


@pytest.mark.parametrize("make", [lambda: deep(nn.Tanh(), nn.SiLU()), Memory], ids=["mlp", "rnn"])
def test_an_allocation_goes_to_torch_and_back(make: Any):
    torch.manual_seed(3)
    module = make()
    options: dict[str, Any] = {"steps": 2} if isinstance(module, Memory) else {}
    whole = tc.Allocation.from_torch(module, **options)
    some = tc.Allocation.random(whole.network, 9, np.random.default_rng(0))
    with some.apply_to_torch(module):
        assert tc.Allocation.from_torch(module, **options) == some
        changes = moved(module, some.network, "")
        assert sum(int(c.sum()) for c in changes.values()) == some.n_learnable + (
            int(some.mask("bias").sum()) if options else 0  # which both biases share
        )
    assert tc.Allocation.from_torch(module.float(), **options) == whole


def test_the_activation_of_an_allocation_must_be_that_of_the_module():
    module = deep(nn.Tanh(), nn.Tanh())
    other = tc.Allocation.full(tc.Feedforward([3, 4, 4, 2], activation="sigmoid", bias=True))
    with pytest.raises(tc.InputError, match="computes something else"):
        other.apply_to_torch(module)
    assert all(parameter.requires_grad for parameter in module.parameters())
    recurrent = tc.Allocation.full(tc.Recurrent(2, 3, 2, steps=2, activation="sigmoid", bias=True))
    with pytest.raises(tc.InputError, match="the module is tanh recurrent"):
        recurrent.apply_to_torch(Memory())


def test_a_claim_of_an_rnn_is_what_torch_computes():
    module = Memory(False).double()
    network = tc.Recurrent(2, 3, 2, steps=3, readout="all", activation="tanh", bias=True)
    parameters = {
        "input": module.rnn.weight_ih_l0,
        "recurrent": module.rnn.weight_hh_l0,
        "bias": module.rnn.bias_ih_l0,
        "bias'": module.rnn.bias_hh_l0,
        "readout": module.out.weight,
        "readout_bias": module.out.bias,
    }
    claim = claim_of(network, parameters, {})
    x = torch.randn(claim.shape, dtype=torch.float64)
    assert torch.allclose(claim.outputs(parameters, x), module(x), atol=1e-12)
