"""Torch modules that are not what they look like: refused in one line, which tells the way on."""

import copy
import re
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.problem.interop.test_torch_read import (
    LOOP,
    MASK,
    NET,
    ROWS,
    cut_rows,
    masked_root,
    moved,
    parametrized,
)
from tests.shared import torch_zoo as zoo
from tests.shared.torch_zoo import Case, Loop, Own, Recurrent, chain, changed, freeze, hook, linear

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn
functional: Any = zoo.functional
prune: Any = zoo.prune


def detached(self: Any, x: Any) -> Any:
    return self.two(self.one(x).detach())


def without_gradients(self: Any, x: Any) -> Any:
    with torch.no_grad():
        x = self.one(x)
    return self.two(x)


@torch.no_grad()
def decorated(self: Any, x: Any) -> Any:
    return self.two(self.one(x))


def inferred(self: Any, x: Any) -> Any:
    with torch.inference_mode():
        x = self.one(x)
    return self.two(x.clone())


def switched_off(self: Any, x: Any) -> Any:
    with torch.set_grad_enabled(False):
        x = self.one(x)
    return self.two(x)


def through_data(self: Any, x: Any) -> Any:
    return functional.linear(self.one(x), self.two.weight.data)


def through_numpy(self: Any, x: Any) -> Any:
    return self.two(torch.from_numpy(self.one(x).detach().numpy()))


def through_items(self: Any, x: Any) -> Any:
    weight = torch.tensor(self.two.weight.tolist(), dtype=x.dtype)
    return functional.linear(self.one(x), weight)


def only_in_training(self: Any, x: Any) -> Any:
    hidden = self.one(x)
    return self.two(hidden.detach() if self.training else hidden)


def lying(self: Any, x: Any) -> Any:
    return self.two(zoo.Lying.apply(x, self.one.weight))


def straight_through(self: Any, x: Any) -> Any:
    """Computes two(one(x)), and takes the gradient of something else."""
    hidden = self.one(x)
    other = torch.tanh(hidden)
    return self.two(hidden.detach() + other - other.detach())


def reversed_gradient(self: Any, x: Any) -> Any:
    hidden = self.one(x)
    return self.two(2 * hidden.detach() - hidden)


def toggled(self: Any, x: Any) -> Any:
    self.one.weight.requires_grad_(False)
    return self.two(self.one(x))


def in_place(self: Any, x: Any) -> Any:
    self.one.weight.mul_(1.0)
    return self.two(self.one(x))


def moving(self: Any, x: Any) -> Any:
    """A moving average, say."""
    y = linear(self, x)
    self.one.weight.data.mul_(0.9)
    return y


def mean_of_rows(gradient: Any) -> Any:
    return gradient.mean(0, keepdim=True).expand_as(gradient)


def stepping(module: Any) -> None:
    """The optimizer steps in the backward pass."""
    optimizer = torch.optim.SGD([module[0].weight], lr=0.1)
    module[0].weight.register_post_accumulate_grad_hook(lambda _: optimizer.step())


def tied_memory() -> Any:
    module = chain(3, 4, 3)
    module[1].weight = nn.Parameter(module[0].weight.data.t())
    return module


def tied_views() -> Any:
    module, memory = chain(3, 3, 3), torch.randn(4, 3)
    module[0].weight = nn.Parameter(memory[:3])
    module[1].weight = nn.Parameter(memory[1:])
    return module


def tied_arrays() -> Any:
    module, array = chain(3, 3, 3), np.random.default_rng(0).normal(size=(3, 3))
    module[0].weight = nn.Parameter(torch.from_numpy(array))
    module[1].weight = nn.Parameter(torch.from_numpy(array))
    return module.double()


def tied_and_frozen() -> Any:
    return changed(tied_memory(), freeze("1.weight"))


def same_parameter() -> Any:
    return changed(chain(3, 3, 3), lambda m: setattr(m[1], "weight", m[0].weight))


def same_layer() -> Any:
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, layer)


def computed_weight() -> Any:
    """A decoder that has no weight of its own."""
    module = chain(3, 4, 3)
    del module[1].weight
    module[1].weight = module[0].weight.t()
    return module


def with_weight(weight: Any, **options: Any) -> Any:
    return changed(
        chain(3, 4, 2), lambda m: setattr(m[0], "weight", nn.Parameter(weight, **options))
    )


def in_inference_mode() -> Any:
    with torch.inference_mode():
        return chain(3, 4, 2)


def conjugate() -> Any:
    return torch.imag(torch.randn(4, 3, dtype=torch.complex64).conj())


def untied(module: Any) -> tc.Allocation:
    module[1].weight = nn.Parameter(module[1].weight.detach().clone())
    return tc.Allocation.from_torch(module)


def of_another_copy(module: Any) -> dict[str, Any]:
    return {"optimizer": torch.optim.SGD(copy.deepcopy(module).parameters(), lr=0.1)}


def zero_rows(module: Any) -> None:
    with torch.no_grad():
        module[0].weight[:2] = 0
    module[0].weight.requires_grad_(False)


def zero_entries(module: Any) -> None:
    with torch.no_grad():
        module[0].weight.mul_(MASK)


def declare_zeros(module: Any) -> tc.Allocation:
    mask = module.get_parameter("0.weight") != 0
    return tc.Allocation.from_torch(module, present={"0.weight": mask})


def frozen(*names: str) -> Any:
    def cured(module: Any) -> tc.Allocation:
        freeze(*names)(module)
        return tc.Allocation.from_torch(module)

    return cured


def read_with(**options: Any) -> Any:
    return lambda module: tc.Allocation.from_torch(module, **options)


def with_scale() -> Any:
    return changed(chain(3, 4, 2), lambda m: setattr(m, "scale", nn.Parameter(torch.ones(1))))


def quantised() -> Any:
    module = nn.Sequential(nn.Linear(3, 4))
    kind = type("Linear", (nn.Module,), {"__module__": "torch.ao.nn.quantized.modules.linear"})
    module[0] = kind()
    return module


def wrapped(name: str, place: str) -> Any:
    kind = type(name, (nn.Sequential,), {"__module__": place})
    return kind(nn.Linear(3, 2))


def attention() -> Any:
    return nn.MultiheadAttention(4, 2)


NO_GRADIENT = (
    r"one.weight is read as learnable, but no gradient reaches it .*requires_grad_\(False\)"
)
OTHER = r"the gradient of .* is not that of what the module computes .*tc.Allocation.from_masks\("
ONE = {"one.weight": MASK}

# What is a lie: the layers suggest more, or less, than a step moves. The judge says so.
LIES: dict[str, Case] = {
    "detach": Case(lambda: Own(detached), NET, refused=NO_GRADIENT, cured=frozen("one.weight")),
    "no_grad": Case(
        lambda: Own(without_gradients), NET, refused=NO_GRADIENT, cured=frozen("one.weight")
    ),
    "no_grad, decorator": Case(
        lambda: Own(decorated), NET, refused=NO_GRADIENT, cured=frozen("one.weight", "two.weight")
    ),
    "inference_mode": Case(
        lambda: Own(inferred), NET, refused=NO_GRADIENT, cured=frozen("one.weight")
    ),
    "set_grad_enabled": Case(
        lambda: Own(switched_off), NET, refused=NO_GRADIENT, cured=frozen("one.weight")
    ),
    "numpy": Case(lambda: Own(through_numpy), NET, refused=NO_GRADIENT, cured=frozen("one.weight")),
    "data": Case(
        lambda: Own(through_data),
        NET,
        refused="two.weight is read as learnable, but no gradient",
        cured=frozen("two.weight"),
    ),
    "items": Case(
        lambda: Own(through_items),
        NET,
        refused="two.weight is read as learnable, but no gradient",
        cured=frozen("two.weight"),
    ),
    "detach in training": Case(
        lambda: Own(only_in_training).eval(),
        NET,
        refused=r"no gradient reaches it in training mode .*requires_grad_\(False\)",
        cured=frozen("one.weight"),
    ),
    "a detached frozen head": Case(
        lambda: changed(Own(detached), freeze("two.weight")),
        NET,
        refused=NO_GRADIENT,
        cured=frozen("one.weight"),
    ),
    "cut rows": Case(
        lambda: Own(cut_rows),
        NET,
        refused=r"6 entries of one.weight, \[0, 0\] the first, are read as learnable, but no .*"
        r"gradient_masks=\{'one.weight': mask\}",
        cured=read_with(gradient_masks={"one.weight": ROWS}),
    ),
    "a hook that masks": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g * MASK)),
        NET,
        refused=r"4 entries of 0.weight.*gradient_masks=\{'0.weight': mask\}",
        cured=read_with(gradient_masks={"0.weight": MASK}),
    ),
    "a hook that masks, declared too large": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g * ROWS)),
        NET,
        options=lambda m: {"gradient_masks": {"0.weight": MASK}},
        refused=r"entries of 0.weight.*no gradient",
        cured=read_with(gradient_masks={"0.weight": ROWS}),
    ),
    "a partly cut weight": Case(
        lambda: nn.Sequential(zoo.Partial(3, 4, MASK), *chain(4, 2)),
        NET,
        refused=r"4 entries of 0.weight.*gradient_masks=",
        cured=read_with(gradient_masks={"0.weight": MASK}),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_a_module_that_does_not_train_what_it_shows_is_refused_with_the_cure(name: str):
    torch.manual_seed(0)
    case = LIES[name]
    module = case.make()
    with pytest.raises(tc.InputError, match=case.refused) as caught:
        tc.Allocation.from_torch(module, **case.options(module))
    assert "\n" not in str(caught.value)
    assert case.cured is not None
    cured = case.cured(module)
    assert cured.network == NET
    # The judge: what asks for gradients is not what a step moves; what is read now is.
    judged = case.make()
    asking = {n: p.requires_grad for n, p in judged.named_parameters()}
    changes = moved(judged, NET, name)
    assert any((changes[n] != asks).any() for n, asks in asking.items())
    for weight, parameter in zip(("W1", "W2"), changes, strict=True):
        assert np.array_equal(cured.mask(weight), changes[parameter])


REFUSED: dict[str, Case] = {
    # Gradients that are not those of the function.
    "a backward of its own": Case(lambda: Own(lying), refused=OTHER),
    "straight-through": Case(lambda: Own(straight_through), refused=OTHER),
    "reversed gradients": Case(lambda: Own(reversed_gradient), refused=OTHER),
    "a hook that mixes": Case(
        lambda: changed(chain(3, 4, 2), hook("1.weight", mean_of_rows)), refused=OTHER
    ),
    "a hook that negates": Case(
        lambda: changed(chain(3, 4, 2), hook("1.weight", lambda g: -g)), refused=OTHER
    ),
    "truncated backpropagation": Case(
        lambda: Loop("truncated"), refused=OTHER, options=lambda m: {"recurrent": LOOP, "steps": 4}
    ),
    "frozen in the forward": Case(
        lambda: Own(toggled), refused="it sets requires_grad of 'one.weight' itself"
    ),
    "an optimizer in the backward": Case(
        lambda: changed(chain(3, 4, 2), stepping),
        refused="0.weight has a hook that acts .* before the hook",
    ),
    "changed in place": Case(
        lambda: Own(in_place), refused=r"it raises RuntimeError: a leaf .*from_masks\("
    ),
    # Memory that is shared.
    "tied by memory": Case(
        tied_memory,
        refused=r"1.weight lies in the memory of 0.weight.*nn.Parameter\(",
        cured=untied,
    ),
    "tied and frozen": Case(
        tied_and_frozen, refused="1.weight lies in the memory of 0.weight", cured=untied
    ),
    "tied by views": Case(
        tied_views, refused="1.weight lies in the memory of 0.weight", cured=untied
    ),
    "tied by arrays": Case(
        tied_arrays, refused="1.weight lies in the memory of 0.weight", cured=untied
    ),
    "expanded": Case(
        lambda: with_weight(torch.randn(1, 3).expand(4, 3)),
        refused=r"0.weight has entries that share memory \(expand.*nn.Parameter\(",
    ),
    "strided onto itself": Case(
        lambda: with_weight(torch.randn(6).as_strided((4, 3), (1, 1))),
        refused="0.weight has entries that share memory",
    ),
    "the same parameter": Case(
        same_parameter, refused=r"'1' \(Linear\) shares a weight with '0'.*deepcopy"
    ),
    "the same layer": Case(same_layer, refused=r"'1' \(Linear\) shares a weight with '0'"),
    "a computed weight": Case(
        computed_weight, refused=r"1.weight is no parameter but a buffer, or computed.*from_masks\("
    ),
    # Tensors of other kinds.
    "an empty shard": Case(
        lambda: with_weight(torch.zeros(0)), refused=r"shape \(0,\), not \(4, 3\).*FSDP"
    ),
    "a flat shard": Case(
        lambda: with_weight(torch.randn(12)), refused=r"shape \(12,\), not \(4, 3\).*FSDP"
    ),
    "half a shard": Case(
        lambda: with_weight(torch.randn(2, 3)), refused=r"0.weight has the shape \(2, 3\)"
    ),
    "transposed": Case(
        lambda: with_weight(torch.randn(3, 4)), refused="0.weight has the shape .*rows are outputs"
    ),
    "meta": Case(
        lambda: chain(3, 4, 2).to("meta"), refused=r"0.weight is on the meta device.*to_empty"
    ),
    "integers": Case(
        lambda: with_weight(torch.ones(4, 3, dtype=torch.int8), requires_grad=False),
        refused=r"0.weight is of the type torch.int8: .*model.float\(\)",
    ),
    "complex": Case(
        lambda: with_weight(torch.randn(4, 3, dtype=torch.complex64)),
        refused="0.weight is of the type torch.complex64",
    ),
    "float8": Case(
        lambda: with_weight(torch.randn(4, 3).to(torch.float8_e4m3fn), requires_grad=False),
        refused="0.weight is of the type torch.float8_e4m3fn",
    ),
    "sparse": Case(
        lambda: with_weight(torch.randn(4, 3).to_sparse()),
        refused=r"0.weight has the layout torch.sparse_coo: .*custom_from_mask",
    ),
    "a negative view": Case(lambda: with_weight(conjugate()), refused="0.weight is a view .*clone"),
    "made in inference mode": Case(
        in_inference_mode, refused="0.weight was made in inference_mode.*clone"
    ),
    "quantised": Case(quantised, refused=r"'0' \(Linear\) is quantised: read the model before"),
    "distributed": Case(
        lambda: wrapped("DistributedDataParallel", "torch.nn.parallel.distributed"),
        refused="DistributedDataParallel is not read: pass the module inside, model.module",
    ),
    "sharded": Case(
        lambda: wrapped("FullyShardedDataParallel", "torch.distributed.fsdp.api"),
        refused="FullyShardedDataParallel is not read: read the module before it is wrapped",
    ),
    "frozen zeros": Case(
        lambda: changed(chain(3, 4, 2), zero_rows),
        refused=r"6 frozen entries of 0.weight are 0.*present=\{'0.weight': model.get_parameter",
        cured=declare_zeros,
    ),
    "absent zeros that train": Case(
        lambda: changed(chain(3, 4, 2), zero_entries),
        refused=r"4 entries of 0.weight, .* a gradient reaches them.*gradient_masks=",
        options=lambda m: {"present": {"0.weight": MASK}},
        cured=read_with(present={"0.weight": MASK}, gradient_masks={"0.weight": MASK}),
    ),
    # Masks in the forward.
    "a masked layer": Case(
        lambda: nn.Sequential(zoo.Masked(3, 4, MASK), *chain(4, 2)),
        refused=r"present=\{'0.weight': model.get_submodule\('0'\).mask\}",
        cured=read_with(present={"0.weight": MASK}),
    ),
    "a masked layer from scratch": Case(
        lambda: nn.Sequential(zoo.Scratch(3, 4, MASK), *chain(4, 2)),
        refused=r"present=\{'0.kernel': model.get_submodule\('0'\).mask\}",
        cured=read_with(present={"0.kernel": MASK}),
    ),
    "masked in the forward": Case(
        masked_root, refused=r"present=\{'one.weight': mask\}", cured=read_with(present=ONE)
    ),
    "masked by a parametrisation": Case(
        parametrized, refused=r"present=\{'0.weight'", cured=read_with(present={"0.weight": MASK})
    ),
    "another mask": Case(
        masked_root,
        refused="Own.forward computes something else",
        options=lambda m: {"present": {"one.weight": ~MASK}},
    ),
    "a mask that is not there": Case(
        lambda: chain(3, 4, 2),
        refused="computes something else",
        options=lambda m: {"present": {"0.weight": MASK}},
    ),
    "a mask of no weight": Case(
        lambda: chain(3, 4, 2),
        refused=r"present has no weight '0.weigth' \(did you",
        options=lambda m: {"present": {"0.weigth": MASK}},
    ),
    # Optimizers.
    "an optimizer of a copy": Case(
        lambda: chain(3, 4, 2),
        refused=r"holds none of .*model.parameters\(\)",
        options=of_another_copy,
    ),
    "no optimizer": Case(
        lambda: chain(3, 4, 2),
        refused="a torch.optim.Optimizer is expected",
        options=lambda m: {"optimizer": "sgd"},
    ),
    # Loops.
    "a loop without names": Case(
        Loop,
        refused="computes something else|takes 2 inputs",
        cured=read_with(recurrent=LOOP, steps=3),
    ),
    "a loop with steps only": Case(
        Loop,
        refused='recurrent={"input": NAME',
        options=lambda m: {"steps": 3},
        cured=read_with(recurrent=LOOP, steps=3),
    ),
    "a loop without steps": Case(
        Loop,
        refused="how many steps does wh.weight run.*steps=T",
        options=lambda m: {"recurrent": LOOP},
    ),
    "a loop with an elu": Case(
        lambda: Loop(activation=functional.elu),
        refused=r"linear=True declares.*from_masks\(",
        options=lambda m: {"recurrent": LOOP, "steps": 3},
        cured=read_with(recurrent=LOOP, steps=3, linear=True),
    ),
    "a loop with other outputs": Case(
        lambda: Loop("all"),
        refused="readout='all' another readout",
        options=lambda m: {"recurrent": LOOP, "steps": 3},
        cured=read_with(recurrent=LOOP, steps=3, readout="all"),
    ),
    "a loop, names missing": Case(
        Loop,
        refused="recurrent must name three parameters",
        options=lambda m: {"recurrent": {"input": "wx.weight"}, "steps": 3},
    ),
    "a loop, wrong name": Case(
        Loop,
        refused=r"names no parameter .*'wx.weigh' \(did you mean 'wx.weight'",
        options=lambda m: {"recurrent": {**LOOP, "input": "wx.weigh"}, "steps": 3},
    ),
    "a loop, exchanged names": Case(
        Loop,
        refused=r"out.weight has the shape \(1, 3\), not \(3, 3\)",
        options=lambda m: {
            "recurrent": {**LOOP, "recurrent": "out.weight", "readout": "wh.weight"},
            "steps": 3,
        },
    ),
    "cells without names": Case(
        zoo.Cell, refused=r"RNNCell\) is one step of a loop.*recurrent=..., steps=T"
    ),
    "rnn of two layers": Case(
        lambda: Recurrent(nn.RNN(2, 4, 2, bias=False)),
        refused="more than one layer",
        options=lambda m: {"steps": 3},
    ),
    "rnn in both directions": Case(
        lambda: Recurrent(nn.RNN(2, 4, bias=False, bidirectional=True)),
        refused="both directions",
        options=lambda m: {"steps": 3},
    ),
    "rnn alone": Case(
        lambda: nn.RNN(2, 4, bias=False),
        refused="one readout .*recurrent=",
        options=lambda m: {"steps": 3},
    ),
    "a declared rnn that does not run": Case(
        lambda: nn.Sequential(nn.RNN(2, 4, bias=False), nn.Linear(4, 1, bias=False)),
        refused=r"raises TypeError.*|from_masks\(",
        options=lambda m: {"steps": 3, "linear": True},
    ),
    # Other functions and layers.
    "residual": Case(
        lambda: Own(lambda s, x: linear(s, x) + x[:, :2]), refused=r"something else.*from_masks\("
    ),
    "relu up to 6": Case(
        lambda: Own(lambda s, x: s.two(functional.relu6(s.one(x)))), refused="something else"
    ),
    "clamped far away": Case(
        lambda: Own(lambda s, x: linear(s, x).clamp(-50, 50)), refused="something else"
    ),
    "clamped weights": Case(
        lambda: Own(lambda s, x: functional.linear(s.one(x), s.two.weight.clamp(-9, 9))),
        refused="something else",
    ),
    "a hook that nearly freezes": Case(
        lambda: changed(chain(3, 4, 2), hook("0.weight", lambda g: g * (MASK + 1e-12))),
        refused="4 entries of 0.weight",
    ),
    "weights that move by themselves": Case(
        lambda: Own(moving), refused="running it changes its weights"
    ),
    "scaled": Case(lambda: Own(lambda s, x: 1.001 * linear(s, x)), refused="something else"),
    "other order": Case(
        lambda: Own(lambda s, x: s.one(s.two(x))), refused=r"raises RuntimeError.*from_masks\("
    ),
    "dropout as a function": Case(
        lambda: Own(lambda s, x: functional.dropout(linear(s, x), 0.5, s.training)),
        refused="something else",
        cured=lambda m: tc.Allocation.from_torch(m.eval()),
    ),
    "dropout": Case(
        lambda: nn.Sequential(*chain(3, 4, 2), nn.Dropout()),
        refused=r"model.eval\(\)",
        cured=lambda m: tc.Allocation.from_torch(m.eval()),
    ),
    "rows are inputs": Case(
        lambda: nn.Sequential(zoo.Inwards(3, 3)), refused=r"something else.*from_masks\("
    ),
    "weight norm": Case(
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
        refused="computes its weight from other parameters.*remove_parametrizations",
    ),
    "spectral norm": Case(
        lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2)),
        refused=r"something else.*from_masks\(",
    ),
    "convolution": Case(
        lambda: nn.Sequential(nn.Conv1d(1, 1, 1)), refused=r"is a convolution.*from_masks\("
    ),
    "batch norm": Case(
        lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), refused="normalises"
    ),
    "layer norm": Case(
        lambda: nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)), refused="normalises"
    ),
    "embedding": Case(
        lambda: nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 2)), refused="layer without theory"
    ),
    "bilinear": Case(lambda: nn.Bilinear(3, 2, 2), refused="layer without theory"),
    "lstm": Case(lambda: nn.LSTM(3, 2), refused=r"\(LSTM\) has gates"),
    "gru": Case(lambda: nn.Sequential(nn.GRU(3, 2), nn.Linear(2, 2)), refused=r"\(GRU\) has gates"),
    "attention": Case(attention, refused="parameter 'in_proj_weight' outside its layers"),
    "transformer": Case(lambda: nn.TransformerEncoderLayer(4, 2), refused="outside its layers"),
    "gelu": Case(
        lambda: nn.Sequential(nn.Linear(3, 2), nn.GELU()),
        refused="gelu is read between two layers only",
    ),
    "mish": Case(
        lambda: nn.Sequential(*chain(3, 4), nn.Mish(), nn.Linear(4, 2)),
        refused="like it is nn.SiLU",
    ),
    "relu last": Case(lambda: nn.Sequential(*chain(3, 4, 2), nn.ReLU()), refused="something else"),
    "lazy": Case(
        lambda: nn.LazyLinear(2), refused=r"has no shape yet: run the module once, model\("
    ),
    "a parameter of its own": Case(
        with_scale, refused=r"has a parameter 'scale' outside.*from_masks\("
    ),
    "a scaled layer": Case(
        lambda: changed(
            chain(3, 4, 2), lambda m: m[0].register_parameter("gain", nn.Parameter(torch.ones(1)))
        ),
        refused="has a parameter 'gain': its weight is computed",
    ),
    "no module": Case(lambda: {"0.weight": MASK}, refused="a torch.nn.Module is expected"),
}

# Words of which every refusal has one: what to call, change or give instead.
CURES = re.compile(
    r"tc\.Allocation\.from_|present=|gradient_masks=|requires_grad_\(False\)|steps=T|recurrent=|model\.|"
    r"nn\.Parameter\(|read the mod|deepcopy|custom_from_mask|bias=False|is expected|did you mean|"
    r"must name three|rows are outputs|pass the module|model\("
)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line_with_a_way_on(name: str):
    torch.manual_seed(0)
    case = REFUSED[name]
    module = case.make()
    with pytest.raises(tc.InputError, match=case.refused) as caught:
        tc.Allocation.from_torch(module, **case.options(module))
    text = str(caught.value)
    assert "\n" not in text
    assert CURES.search(text), text
    if case.cured is not None:
        assert case.cured(module).n_learnable
