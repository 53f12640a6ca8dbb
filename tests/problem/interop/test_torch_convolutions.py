"""Convolutional torch modules: read as what they compute, refused in words, frozen and trained."""

import itertools
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.problem.interop.test_torch_nonlinear import exact_rank, rank_in_torch
from tests.problem.interop.test_torch_read import moved
from tests.shared import torch_zoo as zoo
from theorycheck.problem.interop.torch_claims import claim_of
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.matrices import matrices_of
from theorycheck.problem.networks.unrolled import forward

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn
functional: Any = zoo.functional
prune: Any = zoo.prune

SIGMAS: dict[str, Any] = {"tanh": nn.Tanh, "gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}


def drawn(seed: int) -> tuple[Any, tc.Convolutional]:
    """A random stack of convolutions with a head, and the network that it is by its settings."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    n_axes = int(rng.integers(1, 3))
    conv, pooling = (nn.Conv1d, nn.AvgPool1d) if n_axes == 1 else (nn.Conv2d, nn.AvgPool2d)
    channels, size = int(rng.integers(1, 3)), [int(n) for n in rng.integers(4, 7, n_axes)]
    layers: list[Any] = []
    described, names, before, image = [], [], channels, [channels, *size]
    for _ in range(int(rng.integers(1, 3))):
        kernel = [int(rng.integers(1, min(n, 3) + 1)) for n in size]
        stride = [int(rng.integers(1, 3)) for _ in size]
        padding = [int(rng.integers(0, k)) for k in kernel]
        after = [
            (n + 2 * p - k) // s + 1
            for n, k, s, p in zip(size, kernel, stride, padding, strict=True)
        ]
        pool = [int(rng.integers(1, min(n, 2) + 1)) for n in after]
        filters, name = int(rng.integers(1, 4)), str(rng.choice(list(SIGMAS)))
        layers += [conv(before, filters, kernel, stride, padding, bias=bool(rng.integers(2)))]
        layers += [SIGMAS[name](), pooling(tuple(pool) if n_axes == 2 else pool[0])]
        described.append(
            {"channels": filters, "kernel": kernel, "stride": stride, "padding": padding}
            | {"pool": pool}
        )
        names.append(name)
        before, size = filters, [n // p for n, p in zip(after, pool, strict=True)]
    outputs, has_bias = int(rng.integers(1, 4)), bool(rng.integers(2))
    head = nn.Linear(before * int(np.prod(size)), outputs, bias=has_bias)
    bias = has_bias or any(one.bias is not None for one in layers[::3])
    network = tc.Convolutional(image, described, outputs, activation=names, bias=bias)
    return nn.Sequential(*layers, nn.Flatten(), head), network


def weights_in(module: Any) -> dict[str, Any]:
    """Weight name -> parameter, of the layers of a chain in their order."""
    layers = [layer for layer in module if next(layer.parameters(), None) is not None]
    found = {}
    for number, layer in enumerate(layers, start=1):
        found[f"W{number}"] = layer.weight
        if layer.bias is not None:
            found[f"b{number}"] = layer.bias
    return found


def defined(network: Any, weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """What a network is defined to compute of points, from its unrolled levels in NumPy."""
    unrolled = network.unrolled
    whole = {
        name: weights.get(name, np.zeros(shape)) for name, shape in network.weight_shapes.items()
    }
    matrices = matrices_of(unrolled, whole, lambda c, n: float(c) * np.eye(n))
    rows = network.rows_of_points(x).T
    rows = np.vstack([rows, np.ones((int(network.bias), len(x)))])

    def combine(level: Any, terms: list[tuple[str, np.ndarray]]) -> np.ndarray:
        z = np.sum([matrices[name] @ value for name, value in terms], axis=0)
        return ACTIVATIONS[level.activation].value(z, np)

    values = forward(unrolled, unrolled.split(rows), combine)
    return values[unrolled.read[0]].T


@pytest.mark.parametrize("seed", range(25))
def test_a_random_stack_is_read_as_the_network_that_it_computes(seed: int):
    module, network = drawn(seed)
    allocation = tc.Allocation.from_torch(module, input=network.input)
    assert allocation.network == network
    parameters = weights_in(module.double())
    absent = network.weight_shapes.keys() - parameters.keys()
    assert allocation.counts == {name: p.numel() for name, p in parameters.items()}
    assert not any(allocation.present_mask(name).any() for name in absent)
    # The definition, in NumPy and as the claim that the module was compared with.
    x = torch.randn(32, *network.input, dtype=torch.float64)
    wanted = module(x).detach().numpy()
    values = {name: p.detach().numpy() for name, p in parameters.items()}
    np.testing.assert_allclose(defined(network, values, x.numpy()), wanted, atol=1e-12)
    claimed = claim_of(network, parameters, {}, point=tuple(network.input)).outputs(parameters, x)
    np.testing.assert_allclose(claimed.detach().numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_step_moves_just_what_an_applied_allocation_says(seed: int):
    module, network = drawn(seed)
    full = tc.Allocation.from_torch(module, input=network.input)
    rng = np.random.default_rng(seed)
    masks = {
        n: (rng.random(m.shape) < 0.5) & full.present_mask(n) for n, m in full.masks("present")
    }
    some = tc.Allocation(full.network, masks, full.given_present())
    with some.apply_to_torch(module) as freeze:
        assert tc.Allocation.from_torch(module, input=network.input) == some
        places = {id(p): name for name, p in module.named_parameters()}
        names = {weight: places[id(p)] for weight, p in weights_in(module).items()}
        changes = moved(module, network, "")
        for weight, name in names.items():
            # With ReLU some entries may have no gradient at the points of the judge.
            assert not (changes[name] & ~some.mask(weight)).any()
            if "relu" not in network.activations:
                assert np.array_equal(changes[name], some.mask(weight))
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1, weight_decay=0.1)
        freeze.guard(optimizer)
        before = {weight: p.detach().clone() for weight, p in weights_in(module).items()}
        module(torch.randn(4, *network.input, dtype=torch.float64)).square().sum().backward()
        optimizer.step()
        for weight, p in weights_in(module).items():
            assert torch.equal(p[~torch.tensor(masks[weight])], before[weight][~masks[weight]])
    assert tc.Allocation.from_torch(module, input=network.input) == full


def test_the_rank_is_that_of_the_module_itself():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 2, 2), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 2)
    )
    module[0].bias.requires_grad_(False)
    allocation = tc.Allocation.from_torch(module, input=[1, 3, 3])
    assert allocation.counts == {"W1": 8, "W2": 4, "b2": 2}
    changes = moved(module, allocation.network, "")
    for samples in (2, 5, 9):
        wanted = rank_in_torch(module, allocation.network, changes, samples)
        assert exact_rank(allocation, samples) == wanted


def stack(*behind: Any, last: int = 32, kernel: int = 3) -> Any:
    """Filters on images of 6 x 6, what is behind them, and a head of `last` inputs."""
    return nn.Sequential(nn.Conv2d(1, 2, kernel), *behind, nn.Flatten(), nn.Linear(last, 1))


WHOLE = tc.Convolutional([1, 6, 6], [{"channels": 2, "kernel": 3}], 1, activation="tanh", bias=True)


def test_pruned_filters_hooks_and_masks_in_a_forward():
    mask = torch.rand(2, 1, 3, 3) < 0.5
    pruned = stack(nn.Tanh())
    prune.custom_from_mask(pruned[0], "weight", mask)
    wanted = tc.Allocation.full(WHOLE, present={"W1": mask})
    assert tc.Allocation.from_torch(pruned, input=[1, 6, 6]) == wanted
    state = pruned.state_dict()
    assert tc.Allocation.from_state_dict(state, network=WHOLE) == wanted
    hooked = stack(nn.Tanh())
    hooked[0].weight.register_hook(lambda gradient: gradient * mask)
    masks = {"0.weight": mask}
    found = tc.Allocation.from_torch(hooked, masks, input=[1, 6, 6])
    assert np.array_equal(found.mask("W1"), mask.numpy())
    assert found.n_present == WHOLE.n_weights
    with pytest.raises(tc.InputError, match=r"entries of 0\.weight.*no gradient reaches"):
        tc.Allocation.from_torch(hooked, input=[1, 6, 6])

    class Masked(nn.Conv2d):
        def forward(self, x: Any) -> Any:
            return functional.conv2d(x, self.weight * mask, self.bias)

    own = stack(nn.Tanh())
    own[0] = Masked(1, 2, 3)
    assert tc.Allocation.from_torch(own, present=masks, input=[1, 6, 6]) == wanted
    with pytest.raises(tc.InputError, match="something else"):
        tc.Allocation.from_torch(own, input=[1, 6, 6])


class Own(nn.Module):
    """Two convolutions and a head, registered backwards, and a forward of one's own."""

    def __init__(self, way: Any, **options: Any) -> None:
        super().__init__()
        self.head = nn.Linear(8, 2)
        self.late = nn.Conv2d(3, 2, 2)
        self.first = nn.Conv2d(1, 3, 3, padding="same", **options)
        self.way = way

    def forward(self, x: Any) -> Any:
        return self.way(self, x)


def pooled(self: Any, x: Any) -> Any:
    x = functional.avg_pool2d(torch.sin(self.first(x)), kernel_size=2)
    return self.head(torch.erf(self.late(x)).flatten(1))


def by_mean(self: Any, x: Any) -> Any:
    return self.head[0](torch.exp(self.late(x)).mean((2, 3)))


def with_length(self: Any, x: Any) -> Any:
    x = functional.avg_pool2d(torch.square(self.first(x)), 2, 2)
    return self.head(self.late(x).pow(3).reshape(len(x), -1))


def flat(self: Any, x: Any) -> Any:
    return pooled(self, x.view(-1, 1, 6, 6))


LAYERS = [
    {"channels": 3, "kernel": 3, "padding": 1, "pool": 2},
    {"channels": 2, "kernel": 2},
]


@pytest.mark.parametrize(
    ("way", "names"),
    [(pooled, ["sin", "erf"]), (flat, ["sin", "erf"]), (with_length, ["square", "cube"])],
)
def test_functions_in_a_forward_are_followed(way: Any, names: list[str]):
    found = tc.Allocation.from_torch(Own(way), input=[1, 6, 6])
    wanted = tc.Convolutional([1, 6, 6], LAYERS, 2, activation=names, bias=True)
    assert found == tc.Allocation.full(wanted)


def test_a_mean_over_all_positions_is_a_pooling():
    module = Own(by_mean)
    module.head, module.late = nn.ModuleList([nn.Linear(2, 1)]), nn.Conv2d(1, 2, 2)
    del module.first
    wanted = [{"channels": 2, "kernel": 2, "pool": [3, 2]}]
    network = tc.Convolutional([1, 4, 3], wanted, 1, activation="exp", bias=True)
    assert tc.Allocation.from_torch(module, input=[1, 4, 3]).network == network
    with pytest.raises(tc.InputError, match=r"does not tell the size .* say input=\[channels, h"):
        tc.Allocation.from_torch(module)
    adaptive = nn.Sequential(
        nn.Conv1d(2, 3, 2), nn.Tanh(), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(6, 1)
    )
    found = tc.Allocation.from_torch(adaptive, input=[2, 7]).network
    layers = [{"channels": 3, "kernel": 2, "pool": 3}]
    assert found == tc.Convolutional([2, 7], layers, 1, activation="tanh", bias=True)
    with pytest.raises(tc.InputError, match="leave none, or windows of different sizes"):
        tc.Allocation.from_torch(adaptive, input=[2, 8])


def test_a_forward_that_cannot_be_followed_is_tried_with_one_activation():
    def branching(self: Any, x: Any) -> Any:
        if x.abs().sum() > 0:  # torch.fx cannot know
            return self[4](torch.tanh(self[0](x)).flatten(1))
        return x

    class Branching(nn.Sequential):
        def forward(self, x: Any) -> Any:
            return branching(self, x)

    module = Branching(*stack(nn.Identity(), nn.Identity()))
    assert tc.Allocation.from_torch(module, input=[1, 6, 6]).network == WHOLE


def test_the_trace_suggests_and_the_run_decides():
    module = Own(pooled)
    module.first.register_forward_hook(lambda _, __, y: 2 * y)
    with pytest.raises(tc.InputError, match=r"Own\.forward computes something else"):
        tc.Allocation.from_torch(module, input=[1, 6, 6])


class Counting(Own):
    """A forward that leaves traces in buffers and attributes."""

    def __init__(self) -> None:
        super().__init__(pooled)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x: Any) -> Any:
        self.calls += 1
        self.last = x
        return super().forward(x)


def test_a_module_is_left_as_it_was():
    module = Counting()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    attributes = vars(module).keys()
    tc.Allocation.from_torch(module, input=[1, 6, 6])
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert vars(module).keys() == attributes
    assert not hasattr(module, "last")
    assert module(torch.zeros(1, 1, 6, 6)).shape == (1, 2)


# The size of the inputs.


def test_the_head_tells_the_size_of_inputs_where_only_one_fits():
    line = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1))
    assert tc.Allocation.from_torch(line).network.inputs == 2 * 6
    one = nn.Sequential(nn.Conv2d(1, 3, (2, 3)), nn.Tanh(), nn.Flatten(), nn.Linear(3, 1))
    assert tc.Allocation.from_torch(one).network.to_dict()["input"] == [1, 2, 3]
    made = nn.Sequential(nn.Unflatten(1, (1, 6, 6)), *stack(nn.Tanh()))
    assert tc.Allocation.from_torch(made).network == WHOLE
    with pytest.raises(tc.InputError, match=r"input=\[1, 5, 5\] is not what '0' gives"):
        tc.Allocation.from_torch(made, input=[1, 5, 5])


@pytest.mark.parametrize(
    ("module", "given", "match"),
    [
        (stack(nn.Tanh()), None, r"of 5 sizes fit .*input=\[1, 6, 6\] or input=\[1, 3, 18\] or"),
        (stack(nn.Tanh(), nn.AvgPool2d(2), last=2), None, r"4 sizes .*input=\[1, 4, 4\] or input="),
        (stack(nn.Tanh()), [1, 5, 5], "16 positions of 2 channels, but they leave 9"),
        (stack(nn.Tanh()), [2, 6, 6], r"input=\[1, height, width\] is the size of one .*\[2, 6"),
        (stack(nn.Tanh()), [1, 36], r"input=\[1, height, width\] is the size"),
        (stack(nn.Tanh()), [1, 6, 2], "but they leave none"),
        (stack(nn.Tanh(), last=33), None, "takes 33 inputs, which 2 channels cannot give"),
        (
            nn.Sequential(nn.Conv1d(1, 2, 3, 2, 1), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(4, 1)),
            None,
            r"of 4 sizes fit .*input=\[1, 7\] or input=\[1, 8\] or input=\[1, 9\] or \.\.\.",
        ),
    ],
)
def test_a_size_that_does_not_fit_or_is_open_is_asked_for(module: Any, given: Any, match: str):
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_torch(module, input=given)
    assert "\n" not in str(caught.value)


def test_input_is_for_convolutions_alone():
    with pytest.raises(tc.InputError, match="what convolutions read, this module has none"):
        tc.Allocation.from_torch(zoo.chain(3, 2), input=[1, 3])


# Refusals.

HEAD = (nn.Flatten(), nn.Linear(8, 1))


def filters(*settings: Any, **options: Any) -> Any:
    return nn.Sequential(nn.Conv2d(*settings, **options), nn.Tanh(), *HEAD)


def behind(*layers: Any) -> Any:
    return nn.Sequential(nn.Conv2d(1, 2, 3), *layers, *HEAD)


def with_function(function: Any) -> Any:
    return Own(lambda s, x: s.head(s.late(function(s.first(x))).flatten(1)))


REFUSED: dict[str, tuple[Any, str]] = {
    "groups": (filters(2, 2, 3, groups=2), r"'0' \(Conv2d\) has groups=2: groups=1 is read"),
    "dilation": (filters(1, 2, 3, dilation=2), r"has dilation=\(2, 2\): dilation=1 is read"),
    "padding mode": (
        filters(1, 2, 3, padding=1, padding_mode="circular"),
        "has padding_mode='circular': padding_mode='zeros' is read",
    ),
    "uneven padding": (filters(1, 2, 2, padding="same"), "pads one side more .*odd kernel is read"),
    "much padding": (filters(1, 2, 1, padding=1), r"padding \[1, 1\] with kernel \[1, 1\]: less"),
    "three dimensions": (nn.Sequential(nn.Conv3d(1, 1, 1), *HEAD), "Conv1d and nn.Conv2d are read"),
    "transposed": (
        nn.Sequential(nn.ConvTranspose2d(1, 1, 1), *HEAD),
        "transposed convolution: nn.Conv1d and",
    ),
    "lazy": (nn.Sequential(nn.LazyConv2d(1, 1), *HEAD), r"run the module once, model\(example\)"),
    "max pooling": (behind(nn.Tanh(), nn.MaxPool2d(2)), "the nearest that is read is nn.AvgPool2d"),
    "adaptive max pooling": (
        behind(nn.Tanh(), nn.AdaptiveMaxPool2d(2)),
        "the nearest that is read is nn.AdaptiveAvgPool2d",
    ),
    "overlapping": (
        behind(nn.Tanh(), nn.AvgPool2d(3, 2)),
        r"'2' \(AvgPool2d\) pools windows of size 3 at stride 2: stride=3 is read, windows side",
    ),
    "padded pooling": (behind(nn.Tanh(), nn.AvgPool2d(2, padding=1)), "padding=0 is read"),
    "cut windows": (behind(nn.Tanh(), nn.AvgPool2d(2, ceil_mode=True)), "ceil_mode=False is read"),
    "another divisor": (
        behind(nn.Tanh(), nn.AvgPool2d(2, divisor_override=3)),
        "divisor_override=None is read",
    ),
    "batch norm": (behind(nn.BatchNorm2d(2), nn.Tanh()), "normalises.*fusion.fuse_conv_bn_eval"),
    "group norm": (behind(nn.GroupNorm(1, 2), nn.Tanh()), "normalises.*leave it out"),
    "dropout": (behind(nn.Tanh(), nn.Dropout()), r"training mode: call model.eval\(\)"),
    "dense layers": (
        behind(nn.Tanh(), nn.Flatten(), nn.Linear(8, 8), nn.Tanh()),
        r"not the last layer, the head: nn\.Conv2d\(2, 8, kernel\)",
    ),
    "dense first": (nn.Sequential(nn.Linear(6, 6), *behind(nn.Tanh())), "convolutions come first"),
    "activation first": (nn.Sequential(nn.Tanh(), *behind()), "before the first convolution"),
    "pooling first": (nn.Sequential(nn.AvgPool2d(2), *behind()), "pools before the first"),
    "activation behind pooling": (
        behind(nn.AvgPool2d(2), nn.Tanh()),
        "followed by an activation behind a pooling",
    ),
    "two activations": (behind(nn.Tanh(), nn.Tanh()), "or by two: one activation is read"),
    "activation behind the head": (
        nn.Sequential(*behind(nn.Tanh()), nn.Tanh()),
        "is the head, and is followed by something: outputs are linear",
    ),
    "other settings": (behind(nn.GELU("tanh")), r"other settings than nn\.GELU\(approximate='none"),
    "softplus": (behind(nn.Softplus(2.0)), r"settings than nn\.Softplus\(beta=1, threshold=20\)"),
    "learned slope": (behind(nn.PReLU()), "nn.LeakyReLU.* whose slope is not learned"),
    "gates": (behind(nn.LSTM(2, 2)), "has gates, .*nearest that is read is nn.RNN"),
    "no head": (nn.Sequential(nn.Conv2d(1, 2, 3)), r"without a head behind it: nn\.Flatten\(\)"),
    "channels": (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(3, 2, 1), *HEAD),
        "'1' .* does not take what '0' gives",
    ),
    "a function that breaks": (with_function(torch.cumsum), "cannot be followed by torch.fx"),
    "max pooling as a function": (
        with_function(lambda x: functional.max_pool2d(x, 2)),
        r"its forward applies max_pool2d \(what is most like it and read is avg_pool2d\)",
    ),
    "overlapping as a function": (
        with_function(lambda x: functional.avg_pool2d(x, 2, 1)),
        "its forward pools windows of size 2 at stride 1: stride=2 is read",
    ),
    "elu as a function": (
        with_function(functional.elu),
        r"applies elu \(what is most like it and read is nn\.Softplus or nn\.SiLU\)",
    ),
    "residual": (
        Own(lambda s, x: s.head(s.late(x.mean(1) + torch.tanh(s.first(x))).flatten(1))),
        "its forward applies ",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named_with_the_nearest_that_is(name: str):
    module, match = REFUSED[name]
    image = [module[0].in_channels, 4, 4] if name in ("groups",) else [1, 4, 4]
    with pytest.raises(tc.InputError, match=match) as caught:
        tc.Allocation.from_torch(module, input=image)
    assert "\n" not in str(caught.value)


def test_an_allocation_of_another_network_is_refused():
    module = stack(nn.Tanh())
    for other in (
        tc.Convolutional([1, 6, 6], [{"channels": 2, "kernel": 3}], 1, activation="sin", bias=True),
        tc.Convolutional(
            [1, 4, 10], [{"channels": 2, "kernel": 3}], 1, activation="sin", bias=True
        ),
    ):
        with pytest.raises(tc.InputError, match="computes something else"):
            tc.Allocation.full(other).apply_to_torch(module)
    wider = tc.Convolutional(
        [1, 6, 6], [{"channels": 1, "kernel": 3}], 1, activation="tanh", bias=True
    )
    with pytest.raises(tc.InputError, match=r"the module is tanh convolutional .*, the allocation"):
        tc.Allocation.full(wider).apply_to_torch(module)
    assert all(p.requires_grad and not p._backward_hooks for p in module.parameters())


# Masks of filters from files and state dicts.


def test_masks_of_filters_are_read_from_files(tmp_path: Any):
    allocation = tc.Allocation.random(WHOLE, 9, np.random.default_rng(0))
    for ending in ("json", "npz", "safetensors"):
        if ending == "safetensors":
            pytest.importorskip("safetensors")
        tc.save(tmp_path / f"a.{ending}", allocation, 3)
        assert tc.load(tmp_path / f"a.{ending}").allocation == allocation
    masks: dict[str, Any] = dict(allocation.masks("learnable"))
    np.savez(tmp_path / "masks.npz", **masks)
    assert tc.load_masks(tmp_path / "masks.npz", network=WHOLE) == allocation
    torch.save({name: torch.tensor(mask) for name, mask in masks.items()}, tmp_path / "masks.pt")
    assert tc.load_masks(tmp_path / "masks.pt", network=WHOLE) == allocation
    with pytest.raises(tc.InputError, match=r"W1 of shape .* is one of filters: say network=tc"):
        tc.load_masks(tmp_path / "masks.npz")


def test_state_dicts_of_filters_need_the_network():
    module, network = drawn(3)
    state = {
        name: torch.ones_like(value)
        for name, value in module.state_dict().items()
        if "bias" not in name
    }
    plain = tc.Convolutional(
        network.input, network.layers, network.outputs, activation=network.activation
    )
    assert tc.Allocation.from_state_dict(state, network=plain) == tc.Allocation.full(plain)
    with pytest.raises(tc.InputError, match=r"tells neither strides nor sizes: say network=tc\.C"):
        tc.Allocation.from_state_dict(state, activation="tanh")
    named = {f"{'abc'[n]}.weight": value for n, value in enumerate(state.values())}
    swapped = dict(itertools.islice(reversed(named.items()), 9))
    assert tc.Allocation.from_state_dict(swapped, network=plain) == tc.Allocation.full(plain)


def test_filters_are_no_graph_of_units():
    with pytest.raises(tc.InputError, match="no graph of units has one edge for each"):
        tc.Allocation.full(WHOLE).to_networkx()


def test_units_that_rest_at_most_draws_hide_nothing():
    """Behind a ReLU one unit may rest at all points of several draws: no outputs show it."""
    for seed in range(12):
        torch.manual_seed(seed)
        module = nn.Sequential(
            *(nn.Conv1d(1, 1, 1), nn.ReLU(), nn.Conv1d(1, 1, 1), nn.ReLU(), nn.Conv1d(1, 1, 1)),
            *(nn.ReLU(), nn.Flatten(), nn.Linear(2, 1)),
        )
        module[5].register_forward_hook(lambda _, __, y: functional.dropout(y, 0.5, True))
        with pytest.raises(tc.InputError, match="something else"):
            tc.Allocation.from_torch(module)
