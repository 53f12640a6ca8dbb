"""Allocations of torch modules: read, refused with the reason, applied; skipped without torch."""

import copy
import doctest
import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared import torch_zoo as zoo
from tests.shared.torch_zoo import LinearRNN, Own, Recurrent
from theorycheck.problem.interop.torch_claims import claim_of
from theorycheck.problem.interop.torch_probes import POINTS
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.problem.networks.kinds import network_from_dict

pytestmark = pytest.mark.torch

torch: Any = pytest.importorskip("torch", reason="torch is missing (extra torch)")
nn: Any = torch.nn
prune: Any = pytest.importorskip("torch.nn.utils.prune")


def chain(*widths: int, bias: bool = False) -> Any:
    layers = [nn.Linear(a, b, bias=bias) for a, b in itertools.pairwise(widths)]
    return nn.Sequential(*layers)


def tanh_rnn(**options: Any) -> Any:
    return nn.RNN(2, 4, **{"bias": False, "batch_first": True, **options})


@pytest.mark.parametrize("bias", [False, True])
def test_a_chain_is_a_linear_feedforward_network(bias: bool):
    module = nn.Sequential(nn.Flatten(), chain(3, 4, bias=bias), nn.Identity(), chain(4, 2, 1)[0])
    module[3] = nn.Linear(4, 2, bias=bias)
    allocation = tc.Allocation.from_torch(module)
    assert allocation == tc.Allocation.full(tc.LinearFeedforward([3, 4, 2], bias=bias))


def test_one_hidden_relu_layer_is_a_shallow_relu_network():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    module[0].weight.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module)
    assert allocation.network == tc.ShallowReLU([3, 4, 2], bias=True)
    assert allocation.counts == {"b1": 4, "W2": 8, "b2": 2}


def test_a_forward_of_ones_own_is_run_to_see_what_it_computes():
    relu = Own(lambda self, x: self.two(nn.functional.relu(self.one(x))))
    linear = Own(lambda self, x: self.two(self.one(x)), bias=True)
    before = copy.deepcopy(linear.state_dict())
    state = torch.random.get_rng_state()
    assert tc.Allocation.from_torch(relu).network == tc.ShallowReLU([3, 4, 2])
    network = tc.Allocation.from_torch(linear).network
    assert network == tc.LinearFeedforward([3, 4, 2], bias=True)
    assert all(torch.equal(value, before[key]) for key, value in linear.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), state)


FORWARDS = {
    "steeper": lambda self, x: self.two(torch.tanh(2 * self.one(x))),
    "elu": lambda self, x: self.two(nn.functional.elu(self.one(x))),
    "tanh gelu": lambda self, x: self.two(nn.functional.gelu(self.one(x), approximate="tanh")),
    "residual": lambda self, x: self.two(self.one(x)) + x[:, :2],
    "scaled": lambda self, x: 1.001 * self.two(self.one(x)),
    "leaky": lambda self, x: self.two(nn.functional.leaky_relu(self.one(x), 0.2)),
    "skipped": lambda self, x: self.one(x)[:, :2],
    "constant": lambda self, x: self.two(self.one(x)).detach() * 0,
    "broken": lambda self, x: self.one(self.two(x)),
    "dropout": lambda self, x: nn.functional.dropout(self.two(self.one(x)), training=True),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_a_forward_that_computes_something_else_is_refused(name: str):
    with pytest.raises(tc.InputError, match=r"Own.forward computes something else"):
        tc.Allocation.from_torch(Own(FORWARDS[name]))


def test_hooks_are_run_as_well():
    module = chain(3, 4, 2)
    module[0].register_forward_hook(lambda _, __, output: output.abs())
    with pytest.raises(tc.InputError, match="something else"):
        tc.Allocation.from_torch(module)


def test_a_linear_recurrent_network():
    cases: Any = ((True, "final", "all"), (False, "all", "final"))
    for last, readout, wrong in cases:
        module = Recurrent(LinearRNN(2, 4), last)
        allocation = tc.Allocation.from_torch(module, steps=3, readout=readout)
        network = tc.LinearRecurrent(2, 4, 1, steps=3, readout=readout)
        assert allocation == tc.Allocation.full(network)
        with pytest.raises(tc.InputError, match=r"forward does not compute"):
            tc.Allocation.from_torch(module, steps=3, readout=wrong)


def test_an_rnn_with_tanh_is_read_as_linear_only_if_so_declared():
    module = Recurrent(tanh_rnn())
    network = tc.Allocation.from_torch(module, steps=3).network
    assert network == tc.Recurrent(2, 4, 1, steps=3, activation="tanh")
    module.rnn.weight_hh_l0.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module, linear=True, steps=3)
    assert allocation.counts == {"input": 8, "readout": 4}
    module.rnn.nonlinearity = "linear"  # says so, and still computes tanh
    with pytest.raises(tc.InputError, match="forward does not compute"):
        tc.Allocation.from_torch(module, steps=3)


def shared() -> Any:
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, layer)


def tied() -> Any:
    module = chain(3, 3, 3)
    module[1].weight = module[0].weight
    return module


def with_parameter() -> Any:
    module = chain(3, 3)
    module.scale = nn.Parameter(torch.ones(1))
    return module


REFUSED = {
    "conv": (lambda: nn.Sequential(nn.Conv2d(1, 1, 1)), r"'0' \(Conv2d\) is a convolution"),
    "norm": (lambda: nn.Sequential(chain(2, 2), nn.BatchNorm1d(2)), r"'1' \(BatchNorm1d\) normal"),
    "dropout": (lambda: nn.Sequential(chain(2, 2), nn.Dropout()), r"'1' \(Dropout\) is in train"),
    "gelu": (lambda: nn.Sequential(chain(2, 2), nn.GELU()), "gelu is read between two layers"),
    "elu": (lambda: nn.Sequential(*chain(2, 2), nn.ELU()), r"\(ELU\) is no activation of the th"),
    "slope": (
        lambda: nn.Sequential(*chain(2, 2), nn.LeakyReLU(0.2), *chain(2, 2)),
        r"\(LeakyReLU\) has other settings than nn.LeakyReLU\(negative_slope=0.01\)",
    ),
    "embedding": (lambda: nn.Embedding(2, 2), r"\(Embedding\) is a layer without theory"),
    "lstm": (lambda: nn.LSTM(2, 2), r"\(LSTM\) has gates"),
    "lazy": (lambda: nn.LazyLinear(2), r"\(LazyLinear\) has no shape yet: run the module once"),
    "widths": (
        lambda: nn.Sequential(chain(2, 3), chain(4, 2)),
        r"'1.0' .* 4 inputs, '0.0' gives 3",
    ),
    "relu first": (lambda: nn.Sequential(nn.ReLU(), *chain(2, 2)), "relu is read between two lay"),
    "twice": (lambda: nn.Sequential(*chain(2, 2), nn.Tanh(), nn.Tanh(), *chain(2, 2)), "something"),
    "no layers": (lambda: nn.Sequential(nn.Identity()), "the module has no layers"),
    "shared": (shared, "computes|shares"),
    "tied": (tied, r"'1' \(Linear\) shares a weight with '0'"),
    "own parameter": (with_parameter, r"\(Sequential\) has a parameter 'scale' outside"),
    "list": (lambda: nn.ModuleList(chain(2, 2)), "ModuleList.forward computes something else"),
    "meta": (lambda: Own(FORWARDS["elu"]).to("meta"), "meta device"),
    "weight norm": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)),
        r"ParametrizedLinear computes its weight from other parameters: call .*remove_param",
    ),
    "two layers": (lambda: Recurrent(tanh_rnn(num_layers=2)), "more than one layer"),
    "no readout": (lambda: tanh_rnn(), "followed by one readout"),
    "no steps": (lambda: Recurrent(tanh_rnn()), r"how many steps does 'rnn' \(RNN\) run"),
    "no module": (lambda: "module", "a torch.nn.Module is expected, not 'module'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused_with_the_reason(name: str):
    make, reason = REFUSED[name]
    with pytest.raises(tc.InputError, match=reason):
        tc.Allocation.from_torch(make())


def test_two_layers_that_are_one_are_refused():
    with pytest.raises(tc.InputError, match=r"'1' \(Linear\) shares a weight with '0'"):
        tc.Allocation.from_torch(shared())


def test_steps_belong_to_recurrent_modules():
    with pytest.raises(tc.InputError, match=r"steps are those of an nn.RNN"):
        tc.Allocation.from_torch(chain(2, 2), steps=3)


def test_pruned_entries_are_absent():
    module = chain(3, 4, 2, bias=True)
    mask = torch.tensor([[1, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 0]])
    prune.custom_from_mask(module[0], "weight", mask)
    prune.custom_from_mask(module[1], "bias", torch.tensor([0, 1]))
    module[1].weight.requires_grad_(False)
    computed = module[0].weight
    allocation = tc.Allocation.from_torch(module)
    assert allocation.present_mask("W1").tolist() == mask.bool().tolist()
    assert allocation.mask("W1").tolist() == mask.bool().tolist()
    assert allocation.present_mask("b2").tolist() == [False, True]
    assert allocation.counts == {"W1": 8, "b1": 4, "b2": 1}
    # In a module of one's own the pruned weights are run, and left as they were.
    own = Own(lambda self, x: self.two(self.one(x)))
    own.one, own.two = module
    assert tc.Allocation.from_torch(own) == allocation
    assert module[0].weight is computed


def test_gradient_masks_narrow_what_is_learnable():
    module = chain(3, 4, 2)
    masks = {"0.weight": torch.eye(4, 3), "1.weight": [[0, 0, 1, 0], [1, 0, 0, 0]]}
    allocation = tc.Allocation.from_torch(module, masks)
    assert np.array_equal(allocation.mask("W1"), np.eye(4, 3))
    assert allocation.counts == {"W1": 3, "W2": 2}
    with pytest.raises(tc.InputError, match=r"gradient_masks has no weight '0.weights' \(did you"):
        tc.Allocation.from_torch(module, {"0.weights": torch.ones(4, 3)})
    with pytest.raises(tc.InputError, match=r'gradient_masks\["0.weight"\] must have shape'):
        tc.Allocation.from_torch(module, {"0.weight": torch.ones(3, 4)})
    with pytest.raises(tc.InputError, match="0 or 1"):
        tc.Allocation.from_torch(module, {"0.weight": torch.full((4, 3), 0.5)})


def module_of(network: Any, present: dict[str, Any]) -> Any:
    """A module of `network`, pruned to `present`."""
    if isinstance(network, tc.LinearRecurrent):
        rnn = nn.RNN(network.inputs, network.hidden, bias=False, batch_first=True)
        module: Any = Recurrent(rnn)
        module.out = nn.Linear(network.hidden, network.outputs, bias=False)
        return module
    module = chain(*network.widths, bias=network.bias)
    for name, mask in present.items():
        part = {"W": "weight", "b": "bias"}[name[0]]
        prune.custom_from_mask(module[int(name[1:]) - 1], part, torch.from_numpy(mask.copy()))
    if isinstance(network, tc.ShallowReLU):
        return nn.Sequential(module[0], nn.ReLU(), module[1])
    return module


def read_again(module: Any, network: Any) -> tc.Allocation:
    if isinstance(network, tc.LinearRecurrent):
        options: Any = {"steps": network.steps, "readout": network.readout}
        return tc.Allocation.from_torch(module, linear=True, **options)
    return tc.Allocation.from_torch(module)


NETWORKS = [
    tc.LinearFeedforward([3, 2]),
    tc.LinearFeedforward([2, 3, 2], bias=True),
    tc.ShallowReLU([2, 3, 1]),
    tc.LinearRecurrent(2, 3, 1, steps=4),
]


@given(st.sampled_from(NETWORKS), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=40)
def test_what_is_applied_is_read_again_and_undone(network: Any, seed: int, sparse: bool):
    rng = np.random.default_rng(seed)
    present = {}
    if sparse and not isinstance(network, tc.LinearRecurrent):
        present = {n: rng.random(shape) < 0.7 for n, shape in network.weight_shapes.items()}
    available = tc.Allocation.full(network, present).n_learnable
    budget = int(rng.integers(available + 1))
    allocation = tc.Allocation.random(network, budget, rng, present=present)
    module = module_of(network, present)
    before = read_again(module, network)
    with allocation.apply_to_torch(module):
        assert read_again(module, network) == allocation
    assert read_again(module, network) == before


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum, decay": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1),
    "adam, decay": lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.1),
}


def train(module: Any, optimizer: Any, steps: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(5, 3, generator=generator)
    for _ in range(steps):
        optimizer.zero_grad()
        (module(x) ** 2).sum().backward()
        optimizer.step()


def entries(module: Any, allocation: tc.Allocation) -> tuple[Any, Any]:
    """Values of the learnable and of the frozen entries."""
    parts = [
        (getattr(layer, attribute).detach().clone(), torch.tensor(allocation.mask(name).copy()))
        for number, layer in enumerate(module, start=1)
        for name, attribute in ((f"W{number}", "weight"), (f"b{number}", "bias"))
    ]
    return tuple(torch.cat([v[m if keep else ~m] for v, m in parts]) for keep in (True, False))  # type: ignore


def begun(name: str, momentum_before: bool) -> tuple[Any, Any, tc.Allocation]:
    torch.manual_seed(0)
    module = chain(3, 4, 2, bias=True)
    network = tc.LinearFeedforward([3, 4, 2], bias=True)
    masks = {"W1": np.eye(4, 3), "b1": [1, 0, 0, 1], "b2": [1, 1]}  # W2 is frozen as a whole
    optimizer = OPTIMIZERS[name](module.parameters())
    if momentum_before:
        train(module, optimizer, 2)
    return module, optimizer, tc.Allocation(network, masks)


@pytest.mark.parametrize("momentum_before", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_frozen_entries_stay_to_the_bit(name: str, momentum_before: bool):
    module, optimizer, allocation = begun(name, momentum_before)
    freeze = allocation.apply_to_torch(module, optimizer=optimizer)
    learnable, frozen = entries(module, allocation)
    train(module, optimizer, 5)
    assert torch.equal(entries(module, allocation)[1], frozen)
    assert (entries(module, allocation)[0] != learnable).all()
    freeze.remove()
    train(module, optimizer, 1)
    assert (entries(module, allocation)[1] != frozen).all()  # the way back works


@pytest.mark.parametrize(("name", "stays"), [("sgd", True), ("adam", True), ("adamw", False)])
def test_hooks_alone_do_not_stop_weight_decay(name: str, stays: bool):
    module, optimizer, allocation = begun(name, False)
    freeze = allocation.apply_to_torch(module)
    _, frozen = entries(module, allocation)
    train(module, optimizer, 3)
    assert torch.equal(entries(module, allocation)[1], frozen) == stays
    # A block of one's own holds them all the same.
    _, frozen = entries(module, allocation)
    with freeze.held():
        train(module, optimizer, 3)
    assert torch.equal(entries(module, allocation)[1], frozen)


def test_infinite_gradients_do_not_reach_frozen_entries():
    module, optimizer, allocation = begun("sgd", False)
    allocation.apply_to_torch(module)
    _, frozen = entries(module, allocation)
    (module(torch.full((1, 3), torch.inf)) ** 2).sum().backward()
    optimizer.step()
    assert torch.equal(entries(module, allocation)[1], frozen)


def test_what_is_frozen_is_not_frozen_again():
    module, _, allocation = begun("sgd", False)
    allocation.apply_to_torch(module)
    with pytest.raises(tc.InputError, match=r"0.weight is frozen .* remove\(\) that"):
        allocation.apply_to_torch(module)


def test_a_copy_has_no_hooks_and_is_read_without_them():
    module, _, allocation = begun("sgd", False)
    allocation.apply_to_torch(module)
    # torch copies requires_grad, not the hooks: so the copy would train more, and is read so.
    again = tc.Allocation.from_torch(copy.deepcopy(module))
    assert again.counts == {"W1": 12, "b1": 4, "b2": 2}


def test_applying_to_another_network_or_another_pruning_is_refused():
    allocation = tc.Allocation.none(tc.LinearFeedforward([3, 4, 2]))
    with pytest.raises(tc.InputError, match=r"the module is .* 3-2, the allocation of .* 3-4-2"):
        allocation.apply_to_torch(chain(3, 2))
    sparse = tc.Allocation.none(allocation.network, {"W2": [[1, 0, 1, 1], [1, 1, 1, 1]]})
    with pytest.raises(tc.InputError, match=r"1.weight is not pruned .*custom_from_mask"):
        sparse.apply_to_torch(chain(3, 4, 2))
    with pytest.raises(tc.InputError, match="Optimizer is expected"):
        allocation.apply_to_torch(chain(3, 4, 2), optimizer="sgd")  # type: ignore[arg-type]


NETWORK = tc.LinearFeedforward([3, 2])
ROWS = [[1, 0, 0], [0, 1, 1]]
READABLE = (
    torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float32,
    torch.float64, torch.float8_e4m3fn, torch.float8_e5m2,
)  # fmt: skip


@pytest.mark.parametrize("dtype", READABLE, ids=str)
def test_from_masks_takes_tensors(dtype: Any):
    wanted = tc.Allocation(NETWORK, {"W1": ROWS})
    tensor = torch.tensor(ROWS).to(dtype)
    if dtype in (torch.float32, torch.bfloat16):
        tensor = tensor.requires_grad_()
    assert tc.Allocation.from_masks(NETWORK, {"W1": tensor}) == wanted
    if tensor.element_size() > 1 or dtype == torch.bool:
        for way in ("to_sparse", "to_sparse_coo"):
            assert tc.Allocation.from_masks(NETWORK, {"W1": getattr(tensor, way)()}) == wanted


class Wrapped(torch.Tensor):
    """A kind of tensor of one's own."""


def conjugate_view() -> Any:
    """The values of ROWS, as a view that negates."""
    values = torch.complex(torch.zeros(2, 3), -torch.tensor(ROWS).float())
    return torch.imag(values.conj())


def test_from_masks_takes_views_and_tensors_of_ones_own():
    wanted = tc.Allocation(NETWORK, {"W1": ROWS})
    view = conjugate_view()
    assert view.is_neg()
    for tensor in (view, torch.tensor(ROWS).as_subclass(Wrapped), torch.tensor(ROWS).t().t()):
        assert tc.Allocation.from_masks(NETWORK, {"W1": tensor}) == wanted
    row = torch.tensor([[0, 1, 1]]).expand(2, 3)
    assert tc.Allocation.from_masks(NETWORK, {"W1": row}).n_learnable == 4


@pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, on kinds that it will drop
def test_tensors_that_are_no_masks_are_refused_in_one_line():
    ones = torch.ones(2, 3)
    scale = {"scale": 1.0, "zero_point": 0, "dtype": torch.quint8}
    nested = torch.nested.nested_tensor([torch.ones(3), torch.ones(2)])
    cases: dict[str, Any] = {
        r"is on the meta device": torch.empty(2, 3, device="meta"),
        r"quantised tensor: give its 0 and 1, mask.dequantize": torch.quantize_per_tensor(
            ones, **scale
        ),
        r"numbers 0 and 1, not complex64": ones.to(torch.complex64),
        r"numbers 0 and 1, not complex": torch.complex(ones, ones).conj(),
        r"\[0, 0\] must be 0 or 1, not 0.5": ones / 2,
        r"\[0, 0\] must be 0 or 1, not 0.99999": ones.double() - 1e-12,
        r"\[0, 0\] must be 0 or 1, not nan": ones * torch.nan,
        r"must have shape \(2, 3\), not \(3, 2\): rows are outputs": ones.t(),
        r"whose values cannot be read|must have shape": nested,
    }
    for reason, tensor in cases.items():
        with pytest.raises(tc.InputError, match=reason) as caught:
            tc.Allocation.from_masks(NETWORK, {"W1": tensor})
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 300


def test_masks_for_torch_modules_are_read_alike():
    module = chain(3, 4)
    mask = torch.quantize_per_tensor(torch.ones(4, 3), 1.0, 0, torch.quint8)
    with pytest.raises(tc.InputError, match=r'gradient_masks\["0.weight"\] is a quantised tensor'):
        tc.Allocation.from_torch(module, {"0.weight": mask})
    with pytest.raises(tc.InputError, match=r"gradient_masks must map parameter names"):
        tc.Allocation.from_torch(module, [torch.ones(4, 3)])  # type: ignore[arg-type]


class Counting(Own):
    """A forward that leaves traces in buffers and attributes."""

    def __init__(self) -> None:
        super().__init__(lambda self, x: self.two(self.one(x)))
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.calls += 1
        self.last = x
        return super().forward(x)


def test_a_module_is_left_as_it_was():
    module = Counting()
    loss = (module(torch.ones(2, 3)) ** 2).sum()  # a graph that is still needed
    module.one.weight.grad = torch.ones(4, 3)
    del module.last
    state = copy.deepcopy(module.state_dict())
    random = torch.random.get_rng_state()
    assert tc.Allocation.from_torch(module).n_learnable == 20
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert not hasattr(module, "last")
    assert torch.equal(module.one.weight.grad, torch.ones(4, 3))
    assert module.two.weight.grad is None
    assert torch.equal(torch.random.get_rng_state(), random)
    loss.backward()
    assert module.two.weight.grad is not None


@pytest.mark.parametrize("mode", ["no_grad", "inference_mode", "autocast", "enable_grad"])
def test_the_mode_of_the_caller_plays_no_part(mode: str):
    module = chain(3, 4, 2)
    with torch.autocast("cpu") if mode == "autocast" else getattr(torch, mode)():
        assert tc.Allocation.from_torch(module).n_learnable == 20


def test_the_defaults_of_the_caller_play_no_part():
    module, loop = chain(3, 4, 2), zoo.Loop()
    for device, dtype in (("meta", torch.float32), ("cpu", torch.float64), ("cpu", torch.bfloat16)):
        torch.set_default_device(device)
        torch.set_default_dtype(dtype)
        try:
            assert tc.Allocation.from_torch(module).n_learnable == 20
            options: Any = {"recurrent": zoo.LOOP, "steps": 2}
            assert tc.Allocation.from_torch(loop, **options).n_learnable == 18
        finally:
            torch.set_default_device(None)
            torch.set_default_dtype(torch.float32)


def test_masked_layers_and_loops_are_frozen_too():
    mask = torch.tensor([[1, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 0]])
    module = nn.Sequential(zoo.Masked(3, 4, mask), nn.Linear(4, 2, bias=False))
    network = tc.LinearFeedforward([3, 4, 2])
    allocation = tc.Allocation.random(network, 7, np.random.default_rng(0), present={"W1": mask})
    with allocation.apply_to_torch(module):
        assert tc.Allocation.from_torch(module, present={"0.weight": mask}) == allocation
    dense = tc.Allocation.full(network)
    with pytest.raises(tc.InputError, match="computes something else"):
        dense.apply_to_torch(module)
    loop = zoo.Loop()
    recurrent = tc.Allocation.random(
        tc.LinearRecurrent(2, 3, 1, steps=4), 7, np.random.default_rng(0)
    )
    with recurrent.apply_to_torch(loop, recurrent=zoo.LOOP):
        assert tc.Allocation.from_torch(loop, recurrent=zoo.LOOP, steps=4) == recurrent


def test_applying_to_a_module_that_trains_something_else_is_refused_and_undone():
    module = Own(lambda self, x: self.two(self.one(x).detach()))
    allocation = tc.Allocation(tc.LinearFeedforward([3, 4, 2]), {"W1": np.eye(4, 3)})
    with pytest.raises(tc.InputError, match=r"one.weight .* no gradient reaches"):
        allocation.apply_to_torch(module)
    assert all(p.requires_grad and not p._backward_hooks for p in module.parameters())
    head = tc.Allocation.layer(allocation.network, "W2")
    with head.apply_to_torch(module):
        assert tc.Allocation.from_torch(module) == head


def test_the_page_on_interoperability_runs_as_shown(monkeypatch: Any, tmp_path: Any):
    for package in ("safetensors", "pandas"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[3] / "docs" / "interop.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 20


@dataclass(frozen=True)
class Unread(LinearFeedforward):
    """A kind of network that no torch module is read as."""

    @cached_property
    def activations(self) -> tuple[str, ...]:
        return ("mish",) * (self.depth - 1)


def test_an_unknown_activation_is_refused_and_not_taken_for_another():
    """Whoever adds a kind of network is told so, before a module is taken for the wrong one."""
    layers = {"W1": torch.ones(3, 2), "W2": torch.ones(1, 3)}
    claim = claim_of(Unread([2, 3, 1]), layers, {})
    with pytest.raises(tc.InputError, match=r"activation mish are not read: tc\.Allocation"):
        claim.outputs(layers, torch.ones(POINTS, 2))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", ["linear_feedforward", "shallow_relu"])
def test_what_a_module_is_taken_for_is_what_torch_computes(kind: str, bias: bool):
    """The claim walks the unrolled network; torch's own layers are the judge."""
    module = nn.Sequential(nn.Linear(2, 3, bias), nn.ReLU(), nn.Linear(3, 1, bias))
    if kind == "linear_feedforward":
        del module[1]
    first, last = module[0], module[-1]
    weights = {"W1": first.weight, "W2": last.weight, "b1": first.bias, "b2": last.bias}
    given = {name: value for name, value in weights.items() if value is not None}
    network = network_from_dict({"kind": kind, "widths": [2, 3, 1], "bias": bias})
    claim = claim_of(network, given, {})
    x = torch.randn(claim.shape)
    assert torch.allclose(claim.outputs(given, x), module(x), rtol=1e-5)


@pytest.mark.parametrize("readout", ["final", "all"])
@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_recurrence_of_a_claim_is_that_of_a_loop(readout: str, steps: int, batch_first: bool):
    sizes = {"inputs": 2, "hidden": 3, "outputs": 1, "steps": steps, "readout": readout}
    network = network_from_dict({"kind": "linear_recurrent", **sizes})
    weights = {name: torch.randn(shape) for name, shape in network.weight_shapes.items()}
    claim = claim_of(network, weights, {}, batch_first=batch_first)
    assert (claim.recurrent, claim.steps) == ("recurrent", steps)
    x = torch.randn(claim.shape)
    state, outputs = torch.zeros(POINTS, 3), []
    for now in x.unbind(1 if batch_first else 0):
        state = state @ weights["recurrent"].T + now @ weights["input"].T
        outputs.append(state @ weights["readout"].T)
    wanted = outputs[-1] if readout == "final" else torch.stack(outputs, 1 if batch_first else 0)
    assert torch.allclose(claim.outputs(weights, x), wanted, rtol=1e-4, atol=1e-5)
