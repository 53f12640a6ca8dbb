"""What is read of torch modules, beside a judge that trains them: which entries a step moves.

The judge knows nothing of the reading: it puts random weights into the module, makes one step of
gradient descent (or of the module's own optimizer), and looks which numbers have changed.
"""

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared import torch_zoo as zoo
from tests.shared.oracles import dual_number_rank
from tests.shared.torch_zoo import (
    BIASED,
    CHAIN,
    CHAIN_AND_BIASES,
    LAYERS,
    LAYERS_AND_BIASES,
    LOOP,
    MASK,
    NET,
    READOUT,
    RELU,
    RNN,
    Case,
    Loop,
    Own,
    chain,
    changed,
    freeze,
    hook,
)

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn
functional: Any = zoo.functional
prune: Any = zoo.prune


def relu_chain(**options: Any) -> Any:
    one, two = chain(3, 4, 2)
    return nn.Sequential(one, nn.ReLU(**options), two)


def pruned(module: Any, attribute: str = "weight", mask: Any = MASK) -> Any:
    return changed(module, lambda m: prune.custom_from_mask(m[0], attribute, mask))


def masked_root(bias: bool = False) -> Any:
    def forward(self: Any, x: Any) -> Any:
        hidden = functional.linear(x, self.one.weight * self.keep, self.one.bias)
        return functional.linear(hidden, self.two.weight, self.two.bias)

    return changed(Own(forward, bias), lambda m: m.register_buffer("keep", MASK.float()))


def parametrized() -> Any:
    module = chain(3, 4, 2)
    zoo.parametrize.register_parametrization(module[0], "weight", zoo.Keep(MASK))
    return module


def late_relu() -> Any:
    """The activation is registered behind both layers, and used between."""
    return changed(
        Own(lambda self, x: self.two(self.act(self.one(x)))),
        lambda m: m.add_module("act", nn.ReLU()),
    )


def lazy() -> Any:
    module = nn.Sequential(nn.LazyLinear(4, bias=False), nn.LazyLinear(2, bias=False))
    module(torch.zeros(1, 3))
    return module


def views() -> Any:
    """Two parameters that interleave in one piece of memory, and share no entry."""
    module, memory = chain(3, 3, 3), torch.randn(3, 6)
    module[0].weight = nn.Parameter(memory[:, :3])
    module[1].weight = nn.Parameter(memory[:, 3:])
    return module


def flat() -> Any:
    """Two parameters that lie one behind the other in one piece of memory."""
    module, memory = chain(3, 4, 2), torch.randn(20)
    module[0].weight = nn.Parameter(memory[:12].view(4, 3))
    module[1].weight = nn.Parameter(memory[12:].view(2, 4))
    return module


def checkpointed() -> Any:
    utils = pytest.importorskip("torch.utils.checkpoint")

    def forward(self: Any, x: Any) -> Any:
        return self.two(utils.checkpoint(self.one, x, use_reentrant=False))

    return Own(forward)


def cut_rows(self: Any, x: Any) -> Any:
    hidden = self.one(x)
    return self.two(torch.cat([hidden[:, :2].detach(), hidden[:, 2:]], 1))


def remove_pruning(module: Any) -> None:
    prune.remove(module[0], "weight")
    module[0].weight.register_hook(lambda gradient: gradient * MASK)


def zero_bias(module: Any) -> None:
    nn.init.zeros_(module[0].bias)
    module[0].bias.requires_grad_(False)


def sgd(module: Any, *names: str, **options: Any) -> Any:
    parameters = [module.get_parameter(name) for name in names]
    return torch.optim.SGD(parameters, **{"lr": 0.1, **options})


def warming(module: Any) -> Any:
    """An optimizer whose learning rate begins at 0."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 10)
    assert optimizer.param_groups[0]["lr"] == 0
    return optimizer


def groups(module: Any) -> Any:
    rates = [{"params": [module[0].weight], "lr": 0.0}, {"params": [module[1].weight]}]
    return torch.optim.Adam(rates, lr=0.1)


ROWS = torch.tensor([[False] * 3, [False] * 3, [True] * 3, [True] * 3])

READ: dict[str, Case] = {
    "chain": Case(lambda: chain(3, 4, 2), NET, CHAIN),
    "chain with biases": Case(lambda: chain(3, 4, 2, bias=True), BIASED, CHAIN_AND_BIASES),
    "one layer": Case(
        lambda: nn.Linear(3, 4),
        tc.LinearFeedforward([3, 4], bias=True),
        {"W1": "weight", "b1": "bias"},
    ),
    "four layers": Case(
        lambda: chain(3, 4, 2, 3, 2),
        tc.LinearFeedforward([3, 4, 2, 3, 2]),
        {f"W{n + 1}": f"{n}.weight" for n in range(4)},
    ),
    "nested, flattened, dropped": Case(
        lambda: nn.Sequential(
            nn.Flatten(), chain(3, 4), nn.Identity(), nn.Dropout(), chain(4, 2)
        ).eval(),
        NET,
        {"W1": "1.0.weight", "W2": "4.0.weight"},
    ),
    "alpha dropout": Case(
        lambda: nn.Sequential(*chain(3, 4, 2), nn.AlphaDropout()).eval(), NET, CHAIN
    ),
    "bias in one layer": Case(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False)),
        BIASED,
        {"W1": "0.weight", "b1": "0.bias", "W2": "1.weight"},
    ),
    "relu": Case(relu_chain, RELU, {"W1": "0.weight", "W2": "2.weight"}),
    "relu in place": Case(
        lambda: relu_chain(inplace=True), RELU, {"W1": "0.weight", "W2": "2.weight"}
    ),
    "relu registered late": Case(late_relu, RELU, LAYERS),
    "relu as a function": Case(
        lambda: Own(lambda s, x: s.two(functional.relu(s.one(x)))), RELU, LAYERS
    ),
    "relu as clamp": Case(lambda: Own(lambda s, x: s.two(s.one(x).clamp(min=0))), RELU, LAYERS),
    "own forward": Case(lambda: Own(zoo.linear), NET, LAYERS),
    "own forward, biases": Case(lambda: Own(zoo.linear, True), BIASED, LAYERS_AND_BIASES),
    "own forward, matrices": Case(
        lambda: Own(lambda s, x: (s.two.weight @ (s.one.weight @ x.T)).T), NET, LAYERS
    ),
    "own forward, flattened": Case(
        lambda: Own(lambda s, x: s.two(s.one(x.view(len(x), -1)))), NET, LAYERS
    ),
    "own forward, dropout as a function": Case(
        lambda: Own(lambda s, x: s.two(functional.dropout(s.one(x), 0.5, s.training))).eval(),
        NET,
        LAYERS,
    ),
    "own forward, noise in training": Case(
        lambda: Own(lambda s, x: s.two(s.one(x + 0.1 * torch.randn_like(x) * s.training))).eval(),
        NET,
        LAYERS,
    ),
    "checkpointing": Case(checkpointed, NET, LAYERS),
    "list": Case(
        lambda: changed(
            Own(lambda s, x: s.parts[1](s.parts[0](x))),
            lambda m: (
                m.add_module("parts", nn.ModuleList(chain(3, 4, 2))),
                delattr(m, "one"),
                delattr(m, "two"),
            ),
        ),
        NET,
        {"W1": "parts.0.weight", "W2": "parts.1.weight"},
    ),
    "bitfit": Case(
        lambda: changed(chain(3, 4, 2, bias=True), freeze("0.weight", "1.weight")),
        BIASED,
        CHAIN_AND_BIASES,
    ),
    "last layer": Case(lambda: changed(chain(3, 4, 2), freeze("0.weight")), NET, CHAIN),
    "nothing": Case(lambda: changed(chain(3, 4, 2), freeze("0.weight", "1.weight")), NET, CHAIN),
    "frozen backbone without gradients": Case(
        lambda: changed(Own(lambda s, x: s.two(s.one(x).detach())), freeze("one.weight")),
        NET,
        LAYERS,
    ),
    "frozen head": Case(
        lambda: changed(relu_chain(), freeze("2.weight")),
        RELU,
        {"W1": "0.weight", "W2": "2.weight"},
    ),
    "pruned": Case(lambda: pruned(chain(3, 4, 2)), NET, {"W1": "0.weight_orig", "W2": "1.weight"}),
    "pruned relu": Case(
        lambda: pruned(relu_chain()), RELU, {"W1": "0.weight_orig", "W2": "2.weight"}
    ),
    "pruned bias": Case(
        lambda: pruned(chain(3, 4, 2, bias=True), "bias", torch.tensor([1, 0, 1, 1])),
        BIASED,
        {**CHAIN_AND_BIASES, "b1": "0.bias_orig"},
    ),
    "pruned by magnitude, twice": Case(
        lambda: changed(
            chain(3, 4, 2),
            lambda m: prune.l1_unstructured(m[0], "weight", 0.3),
            lambda m: prune.random_unstructured(m[0], "weight", 0.3),
        ),
        NET,
        {"W1": "0.weight_orig", "W2": "1.weight"},
    ),
    "pruned by rows": Case(
        lambda: changed(
            chain(3, 4, 2), lambda m: prune.random_structured(m[1], "weight", 1, dim=0)
        ),
        NET,
        {"W1": "0.weight", "W2": "1.weight_orig"},
    ),
    "pruned and frozen": Case(
        lambda: changed(pruned(chain(3, 4, 2)), freeze("0.weight_orig")),
        NET,
        {"W1": "0.weight_orig", "W2": "1.weight"},
    ),
    "pruned for good": Case(
        lambda: changed(pruned(chain(3, 4, 2)), remove_pruning),
        NET,
        CHAIN,
        options=lambda m: {"gradient_masks": {"0.weight": MASK}, "present": {"0.weight": MASK}},
    ),
    "bias frozen at 0": Case(
        lambda: changed(chain(3, 4, 2, bias=True), zero_bias),
        BIASED,
        CHAIN_AND_BIASES,
        options=lambda m: {"present": {"0.bias": torch.zeros(4)}},
    ),
    "frozen by hook, declared": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g * MASK)),
        NET,
        CHAIN,
        options=lambda m: {"gradient_masks": {"0.weight": MASK}},
    ),
    "cut rows, declared": Case(
        lambda: Own(cut_rows),
        NET,
        LAYERS,
        options=lambda m: {"gradient_masks": {"one.weight": ROWS}},
    ),
    "partly cut, declared": Case(
        lambda: nn.Sequential(zoo.Partial(3, 4, MASK), *chain(4, 2)),
        NET,
        CHAIN,
        options=lambda m: {"gradient_masks": {"0.weight": MASK}},
    ),
    "gradients scaled": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: 0.1 * g)), NET, CHAIN
    ),
    "gradients scaled by entry": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g * (1 + MASK.float()))),
        NET,
        CHAIN,
    ),
    "gradients clipped": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g.clamp(-1, 1))), NET, CHAIN
    ),
    "hooks that look": Case(
        lambda: changed(
            chain(3, 4, 2),
            lambda m: m[0].register_forward_hook(lambda *_: None),
            lambda m: m[1].register_full_backward_hook(lambda *_: None),
        ),
        NET,
        CHAIN,
    ),
    "applied": Case(
        lambda: changed(
            chain(3, 4, 2), lambda m: tc.Allocation(NET, {"W1": MASK}).apply_to_torch(m)
        ),
        NET,
        CHAIN,
    ),
    "masked layers": Case(
        lambda: nn.Sequential(zoo.Masked(3, 4, MASK, True), zoo.Masked(4, 2, READOUT, True)),
        BIASED,
        CHAIN_AND_BIASES,
        options=lambda m: {"present": {"0.weight": m[0].mask, "1.weight": m[1].mask}},
    ),
    "masked relu": Case(
        lambda: nn.Sequential(zoo.Masked(3, 4, MASK), nn.ReLU(), nn.Linear(4, 2, bias=False)),
        RELU,
        {"W1": "0.weight", "W2": "2.weight"},
        options=lambda m: {"present": {"0.weight": m[0].mask}},
    ),
    "masked in the forward": Case(
        masked_root, NET, LAYERS, options=lambda m: {"present": {"one.weight": MASK}}
    ),
    "masked from scratch": Case(
        lambda: nn.Sequential(zoo.Scratch(3, 4, MASK), zoo.Scratch(4, 2)),
        NET,
        {"W1": "0.kernel", "W2": "1.kernel"},
        options=lambda m: {"present": {"0.kernel": MASK}},
    ),
    "masked by a parametrisation": Case(
        parametrized,
        NET,
        {"W1": "0.parametrizations.weight.original", "W2": "1.weight"},
        options=lambda m: {"present": {"0.weight": MASK}},
    ),
    "layers from scratch": Case(
        lambda: nn.Sequential(zoo.Scratch(3, 4, bias=True), zoo.Scratch(4, 2, bias=True)),
        BIASED,
        {"W1": "0.kernel", "b1": "0.shift", "W2": "1.kernel", "b2": "1.shift"},
    ),
    "linear of attention": Case(
        lambda: nn.modules.linear.NonDynamicallyQuantizableLinear(3, 2),
        tc.LinearFeedforward([3, 2], bias=True),
        {"W1": "weight", "b1": "bias"},
    ),
    "lazy, run once": Case(lazy, NET, CHAIN),
    "compiled": Case(lambda: torch.compile(chain(3, 4, 2), backend="eager"), NET, CHAIN),
    "traced by fx": Case(lambda: torch.fx.symbolic_trace(chain(3, 4, 2)), NET, CHAIN),
    "bfloat16": Case(lambda: chain(3, 4, 2).bfloat16(), NET, CHAIN),
    "half precision inside": Case(
        lambda: Own(lambda s, x: functional.linear(s.one(x.float()), s.two.weight)), NET, LAYERS
    ),
    "views without common entries": Case(views, tc.LinearFeedforward([3, 3, 3]), CHAIN),
    "pieces of one tensor": Case(flat, NET, CHAIN),
    "optimizer of one layer": Case(
        lambda: chain(3, 4, 2), NET, CHAIN, options=lambda m: {"optimizer": sgd(m, "1.weight")}
    ),
    "optimizer of some, decay": Case(
        lambda: chain(3, 4, 2, bias=True),
        BIASED,
        CHAIN_AND_BIASES,
        options=lambda m: {
            "optimizer": sgd(m, "0.bias", "1.weight", momentum=0.9, weight_decay=0.1)
        },
    ),
    "optimizer with a rate of 0": Case(
        lambda: chain(3, 4, 2), NET, CHAIN, options=lambda m: {"optimizer": groups(m)}
    ),
    "linear rnn": Case(
        lambda: zoo.Recurrent(zoo.LinearRNN(2, 4)),
        tc.LinearRecurrent(2, 4, 1, steps=3),
        RNN,
        options=lambda m: {"steps": 3},
    ),
    "linear rnn, all steps": Case(
        lambda: changed(zoo.Recurrent(zoo.LinearRNN(2, 4), False), freeze("rnn.weight_hh_l0")),
        tc.LinearRecurrent(2, 4, 1, steps=3, readout="all"),
        RNN,
        options=lambda m: {"steps": 3, "readout": "all"},
    ),
    "tanh rnn, declared linear": Case(
        lambda: changed(
            zoo.Recurrent(nn.RNN(2, 4, bias=False, batch_first=True)), freeze("out.weight")
        ),
        tc.LinearRecurrent(2, 4, 1, steps=3),
        RNN,
        options=lambda m: {"steps": 3, "linear": True},
    ),
    "loop": Case(
        Loop,
        tc.LinearRecurrent(2, 3, 1, steps=4),
        LOOP,
        options=lambda m: {"steps": 4, "recurrent": LOOP},
    ),
    "loop, time first, all steps": Case(
        lambda: changed(Loop("all", 0), freeze("wx.weight")),
        tc.LinearRecurrent(2, 3, 1, steps=4, readout="all"),
        LOOP,
        options=lambda m: {"steps": 4, "recurrent": LOOP, "readout": "all"},
    ),
    "loop, a list of outputs": Case(
        lambda: Loop("list"),
        tc.LinearRecurrent(2, 3, 1, steps=4, readout="all"),
        LOOP,
        options=lambda m: {"steps": 4, "recurrent": LOOP, "readout": "all"},
    ),
    "loop, pruned": Case(
        lambda: changed(
            Loop(),
            lambda m: prune.custom_from_mask(
                m.wh, "weight", torch.eye(3).roll(1, 0) + torch.eye(3)
            ),
        ),
        tc.LinearRecurrent(2, 3, 1, steps=4),
        {**LOOP, "recurrent": "wh.weight_orig"},
        options=lambda m: {"steps": 4, "recurrent": LOOP},
    ),
    "loop of many steps": Case(
        Loop,
        tc.LinearRecurrent(2, 3, 1, steps=300),
        LOOP,
        options=lambda m: {"steps": 300, "recurrent": LOOP},
    ),
    "loop over cells, declared linear": Case(
        zoo.Cell,
        tc.LinearRecurrent(2, 3, 1, steps=3),
        {"input": "cell.weight_ih", "recurrent": "cell.weight_hh", "readout": "out.weight"},
        options=lambda m: {
            "steps": 3,
            "linear": True,
            "recurrent": {
                "input": "cell.weight_ih",
                "recurrent": "cell.weight_hh",
                "readout": "out.weight",
            },
        },
    ),
}


def read(case: Case, module: Any) -> tuple[tc.Allocation, dict[str, Any]]:
    options = case.options(module)
    return tc.Allocation.from_torch(module, **options), options


def inputs_of(network: Any, case: str, count: int, generator: Any) -> Any:
    if not network.is_recurrent:
        shape = getattr(network, "input", (network.inputs,))
        return torch.randn(count, *shape, generator=generator, dtype=torch.float64)
    sides = (network.steps, count) if "time first" in case else (count, network.steps)
    return torch.randn(*sides, network.inputs, generator=generator, dtype=torch.float64)


def moved(module: Any, network: Any, case: str, optimizer: Any = None) -> dict[str, Any]:
    """Parameter name -> which entries one training step changes, at random weights: the judge."""
    dtype = torch.float32 if case == "half precision inside" else torch.float64
    module = module.to(dtype).train()
    for part in module.modules():
        part.train(not type(part).__name__.endswith("Dropout"))
    found: dict[str, Any] = {}
    generator = torch.Generator().manual_seed(1)
    for _ in range(4):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=dtype) / 2)
                parameter.grad = None
        before = {name: p.detach().clone() for name, p in module.named_parameters()}
        outputs = module(inputs_of(network, case, 8, generator).to(dtype))
        outputs = torch.stack(outputs) if isinstance(outputs, list) else outputs
        if outputs.requires_grad:
            ((outputs - torch.randn(outputs.shape, generator=generator)) ** 2).sum().backward()
        if optimizer is not None:
            optimizer.step()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if optimizer is None and parameter.requires_grad and parameter.grad is not None:
                    parameter -= 1e-3 * parameter.grad
                change = (parameter.detach() != before[name]).numpy()
                found[name] = found.get(name, False) | change
    return found


@pytest.mark.parametrize("name", READ)
def test_what_is_read_as_learnable_is_what_a_step_moves(name: str):
    torch.manual_seed(0)
    case = READ[name]
    module = case.make()
    state = copy.deepcopy(module.state_dict())
    modes = [part.training for part in module.modules()]
    flags = [p.requires_grad for p in module.parameters()]
    allocation, options = read(case, module)
    assert allocation.network == case.network
    # The module is as it was, with no gradients left behind.
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert [part.training for part in module.modules()] == modes
    assert [p.requires_grad for p in module.parameters()] == flags
    assert all(p.grad is None for p in module.parameters())
    plain = getattr(module, "_orig_mod", module)
    changes = moved(plain, allocation.network, name, options.get("optimizer"))
    for weight in allocation.network.weight_shapes:
        if weight not in case.places:
            assert not allocation.present_mask(weight).any()
            continue
        wanted = changes[case.places[weight]] & allocation.present_mask(weight)
        assert np.array_equal(allocation.mask(weight), wanted), weight
        assert wanted.any() == changes[case.places[weight]].any()


RANKED = [
    name
    for name, case in READ.items()
    if not isinstance(case.network, tc.ShallowReLU)
    and "declared linear" not in name
    and "many" not in name
    and name != "half precision inside"
]


@pytest.mark.parametrize("name", RANKED)
def test_the_rank_is_that_of_the_module_itself(name: str):
    """Of its Jacobian in double precision, to the entries that a step moves."""
    torch.manual_seed(0)
    case = READ[name]
    module = case.make()
    allocation, options = read(case, module)
    plain = getattr(module, "_orig_mod", module)
    changes = moved(plain, allocation.network, name, options.get("optimizer"))
    generator = torch.Generator().manual_seed(2)
    x = inputs_of(allocation.network, name, 2, generator)
    plain.eval()
    parts = {n: p.detach() for n, p in plain.named_parameters()}
    if "bias frozen" in name:
        parts["0.bias"] = torch.zeros(4, dtype=torch.float64)
    if name == "pruned for good":
        parts["0.weight"] = parts["0.weight"] * MASK

    def outputs(values: Any) -> Any:
        y = torch.func.functional_call(plain, values, x)
        return torch.stack(y) if isinstance(y, list) else y

    jacobian = torch.autograd.functional.jacobian(
        lambda *values: outputs(dict(zip(parts, values, strict=True))), tuple(parts.values())
    )
    columns = [
        part.reshape(-1, parts[n].numel())[:, changes[n].ravel()]
        for n, part in zip(parts, jacobian, strict=True)
    ]
    matrix = torch.cat(columns, 1).numpy()
    rank = np.linalg.matrix_rank(matrix, tol=1e-8 * np.abs(matrix).max(initial=1e-30))
    assert rank == dual_number_rank(allocation, 2, "learnable")


def test_a_rate_that_a_scheduler_raises_is_no_freezing():
    module = chain(3, 4, 2)
    assert tc.Allocation.from_torch(module, optimizer=warming(module)) == tc.Allocation.full(NET)


@st.composite
def trained_chains(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    """A chain with layers frozen, cut, pruned, hooked, and maybe an optimizer of some of it."""
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    bias = draw(st.booleans())
    module = chain(*widths, bias=bias)
    torch.manual_seed(draw(st.integers(0, 2**31)))
    gradient_masks = {}
    for number, layer in enumerate(module):
        for attribute in ("weight", "bias")[: 1 + bias]:
            parameter = getattr(layer, attribute)
            mask = torch.rand(parameter.shape) < 0.6
            change = draw(st.sampled_from(["none", "none", "freeze", "prune", "hook", "zeros"]))
            if change == "freeze":
                parameter.requires_grad_(False)
            elif change == "prune":
                prune.custom_from_mask(layer, attribute, mask)
            elif change in ("hook", "zeros"):
                parameter.register_hook(lambda gradient, mask=mask: gradient * mask)
                gradient_masks[f"{number}.{attribute}"] = mask
    cut = draw(st.integers(-2, len(module) - 1))
    if cut >= 0:
        module[cut].register_forward_hook(lambda _, __, y: y.detach())
    options: dict[str, Any] = {"gradient_masks": gradient_masks}
    if draw(st.booleans()):
        parameters = [p for p in module.parameters() if draw(st.booleans())]
        if parameters:
            options["optimizer"] = torch.optim.SGD(parameters, lr=0.1, momentum=0.5)
    return module, options


def outcome(module: Any, options: dict[str, Any]) -> tuple[tc.Allocation | None, str]:
    try:
        return tc.Allocation.from_torch(module, **options), ""
    except tc.InputError as error:
        return None, str(error)


@given(trained_chains())
@settings(max_examples=60)
def test_random_chains_are_read_as_a_step_moves_them_or_refused(drawn: tuple[Any, dict[str, Any]]):
    module, options = drawn
    asking = [name for name, p in module.named_parameters() if p.requires_grad]
    allocation, reason = outcome(module, options)
    widths = [module[0].in_features, *(layer.out_features for layer in module)]
    changes = moved(module, tc.LinearFeedforward(widths), "random", options.get("optimizer"))
    if allocation is None:  # only where something asks for gradients and gets none
        assert "no gradient reaches" in reason or "holds none" in reason
        assert any(not changes[name].any() for name in asking)
        return
    for name, change in changes.items():
        layer, attribute = name.removesuffix("_orig").split(".")
        learnable = allocation.mask(f"{attribute[0].replace('w', 'W')}{int(layer) + 1}")
        # What no path leads to the outputs gets no gradient, and is read all the same.
        assert not (change & ~learnable).any()
        assert not allocation.is_dense or np.array_equal(learnable, change)
