"""Models with adapters of peft, beside a judge that trains them; skipped without torch or peft."""

import doctest
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.problem.interop.test_torch_refused import CURES
from tests.shared import torch_zoo as zoo
from tests.shared.oracles import dual_number_rank
from tests.shared.torch_zoo import MASK, READOUT, Case, Own, chain, changed, freeze

pytestmark = pytest.mark.torch

torch: Any = zoo.torch
nn: Any = zoo.nn
peft: Any = pytest.importorskip("peft", reason="peft is missing (extra peft)")


def lora(module: Any, *targets: str, **options: Any) -> Any:
    config = peft.LoraConfig(target_modules=list(targets), **{"r": 1, **options})
    return peft.get_peft_model(module, config)


def shira(module: Any, *targets: str, mask: Any = None, **options: Any) -> Any:
    """Adapters of as many entries as SHiRA asks for, random or those of a mask."""
    given = {"r": 1, "random_seed": 0, **options}
    config = peft.ShiraConfig(target_modules=list(targets), **given)
    if mask is not None:
        config.mask_fn = lambda layer, r, **_: mask.float()
    return peft.get_peft_model(module, config)


def two_adapters(module: Any, active: Any) -> Any:
    model = lora(module, "0")
    model.add_adapter("other", peft.LoraConfig(r=2, target_modules=["0", "1"]))
    model.base_model.set_adapter(active)
    return model


def injected() -> Any:
    config = peft.LoraConfig(r=2, target_modules=["1"])
    return peft.inject_adapter_in_model(config, chain(3, 4, 2))


def relu_chain(bias: bool = False) -> Any:
    one, two = chain(3, 4, 2, bias=bias)
    return nn.Sequential(one, nn.ReLU(), two)


def only(*names: str) -> Callable[[Any], None]:
    """A change: of all parameters only these are trained."""

    def change(model: Any) -> None:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(any(part in name for part in names))

    return change


def sgd(model: Any, *parts: str) -> Any:
    chosen = [p for name, p in model.named_parameters() if any(part in name for part in parts)]
    return torch.optim.SGD(chosen, lr=0.1)


SEVEN = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1]])  # r (m + n) entries


def ff(*widths: int, bias: bool = False) -> tc.LinearFeedforward:
    return tc.LinearFeedforward(widths, bias=bias)


NET, BIASED, RELU = ff(3, 4, 2), ff(3, 4, 2, bias=True), tc.ShallowReLU([3, 4, 2])

READ: dict[str, Case] = {
    "lora": Case(lambda: lora(chain(3, 4), "0"), ff(3, 4, 4)),
    "lora of the first layer": Case(lambda: lora(chain(3, 4, 2), "0"), ff(3, 4, 4, 2)),
    "lora of both layers": Case(lambda: lora(chain(3, 4, 2), "0", "1", r=2), ff(3, 5, 4, 6, 2)),
    "lora, own forward": Case(lambda: lora(Own(zoo.linear), "two", r=2), ff(3, 4, 6, 2)),
    "lora beside biases": Case(
        lambda: lora(chain(3, 4, 2, bias=True), "0"), ff(3, 4, 4, 2, bias=True)
    ),
    "lora, its biases": Case(
        lambda: lora(chain(3, 4, 2, bias=True), "0", bias="lora_only"), ff(3, 4, 4, 2, bias=True)
    ),
    "lora, all biases": Case(
        lambda: lora(chain(3, 4, 2, bias=True), "1", bias="all"), ff(3, 4, 5, 2, bias=True)
    ),
    "lora with a bias of its own": Case(
        lambda: lora(chain(3, 4, 2, bias=True), "0", lora_bias=True), ff(3, 4, 4, 2, bias=True)
    ),
    "lora, some biases": Case(
        lambda: lora(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False)), "1", bias="all"),
        ff(3, 4, 5, 2, bias=True),
    ),
    "lora and a saved head": Case(
        lambda: lora(chain(3, 4, 2), "0", modules_to_save=["1"]), ff(3, 4, 4, 2)
    ),
    "lora and a saved head with biases": Case(
        lambda: lora(chain(3, 4, 2, bias=True), "0", modules_to_save=["1"]),
        ff(3, 4, 4, 2, bias=True),
    ),
    "rank-stabilised lora": Case(
        lambda: lora(chain(3, 4, 2), "0", use_rslora=True, r=2), ff(3, 5, 4, 2)
    ),
    "lora of a large alpha": Case(lambda: lora(chain(3, 4, 2), "0", lora_alpha=64), ff(3, 4, 4, 2)),
    "gaussian lora": Case(
        lambda: lora(chain(3, 4, 2), "0", init_lora_weights="gaussian"), ff(3, 4, 4, 2)
    ),
    "orthogonal lora": Case(
        lambda: lora(chain(3, 4, 2), "0", r=2, init_lora_weights="orthogonal"), ff(3, 5, 4, 2)
    ),
    "lora, dropout at rest": Case(
        lambda: lora(chain(3, 4, 2), "0", lora_dropout=0.5).eval(), ff(3, 4, 4, 2)
    ),
    "lora, lower factor frozen": Case(
        lambda: changed(lora(chain(3, 4, 2), "0", r=2), only("lora_B")), ff(3, 5, 4, 2)
    ),
    "lora, upper factor frozen": Case(
        lambda: changed(lora(chain(3, 4, 2), "0", r=2, init_lora_weights=False), only("lora_A")),
        ff(3, 5, 4, 2),
    ),
    "lora over a trained weight": Case(
        lambda: changed(lora(chain(3, 4, 2), "0"), only("0.base_layer.weight", "lora_")),
        ff(3, 4, 4, 2),
    ),
    "one of two adapters": Case(lambda: two_adapters(chain(3, 4, 2), "default"), ff(3, 4, 4, 2)),
    "the other of two adapters": Case(
        lambda: two_adapters(chain(3, 4, 2), "other"), ff(3, 5, 4, 6, 2)
    ),
    "two adapters": Case(
        lambda: two_adapters(chain(3, 4, 2), ["default", "other"]), ff(3, 6, 4, 6, 2)
    ),
    "a frozen adapter": Case(
        lambda: changed(lora(chain(3, 4, 2), "0", "1", init_lora_weights=False), only("1.lora_")),
        ff(3, 4, 5, 2),
    ),
    "lora, some not in the optimizer": Case(
        lambda: lora(chain(3, 4, 2), "0", "1", init_lora_weights=False),
        ff(3, 4, 5, 2),
        options=lambda m: {"optimizer": sgd(m, "1.lora_")},
    ),
    "injected": Case(injected, ff(3, 4, 6, 2)),
    "four layers": Case(lambda: lora(chain(2, 3, 2, 3, 2), "1", "3"), ff(2, 3, 4, 2, 3, 4, 2)),
    "lora of full rank under relu": Case(lambda: lora(relu_chain(), "2", r=2), RELU),
    "shira": Case(lambda: shira(chain(3, 4, 2), "0"), NET),
    "shira of both layers": Case(lambda: shira(chain(3, 4, 2), "0", "1", random_seed=3), NET),
    "shira of a mask": Case(lambda: shira(chain(3, 4, 2), "0", mask=SEVEN), NET),
    "shira beside biases": Case(lambda: shira(chain(3, 4, 2, bias=True), "0"), BIASED),
    "shira and a saved head": Case(lambda: shira(chain(3, 4, 2), "0", modules_to_save=["1"]), NET),
    "shira under relu": Case(lambda: shira(relu_chain(), "0"), RELU),
    "shira over relu, biases": Case(
        lambda: changed(shira(relu_chain(True), "2", random_seed=1), only("shira_", "bias")),
        tc.ShallowReLU([3, 4, 2], bias=True),
    ),
    "bitfit, no adapters": Case(lambda: changed(chain(3, 4, 2, bias=True), only("bias")), BIASED),
    "last layer, no adapters": Case(lambda: changed(chain(3, 4, 2), freeze("0.weight")), NET),
    "relu, no adapters": Case(
        lambda: changed(relu_chain(True), only("2.")), tc.ShallowReLU([3, 4, 2], bias=True)
    ),
    "merged and unloaded": Case(
        lambda: changed(lora(chain(3, 4, 2), "0").merge_and_unload(), only("1.")), NET
    ),
}


def drawn(model: Any, count: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Inputs and parameters, both random, in double precision."""
    model = model.double()
    generator = torch.Generator().manual_seed(seed)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            draw = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(draw / 2)
    inputs = next(m for m in model.modules() if isinstance(m, nn.Linear)).in_features
    return torch.randn(count, inputs, generator=generator, dtype=torch.float64), parameters


def moved(model: Any, optimizer: Any) -> dict[str, Any]:
    """Parameter name -> entries that a step changes, over several random weights and inputs."""
    found: dict[str, Any] = {}
    for seed in range(4):
        x, parameters = drawn(model, 8, seed)
        before = {name: p.detach().clone() for name, p in parameters.items()}
        model.zero_grad()
        (model(x) ** 2).sum().backward()
        step = optimizer or torch.optim.SGD(model.parameters(), lr=1e-3)
        step.step()
        for name, p in parameters.items():
            found[name] = found.get(name, False) | (p.detach() != before[name]).numpy()
    return found


def rank_of(model: Any, chosen: dict[str, Any]) -> int:
    """Of the model's Jacobian to some entries of its parameters, on two samples."""
    x, parameters = drawn(model, 2, 1)
    jacobian = torch.autograd.functional.jacobian(
        lambda *values: torch.func.functional_call(
            model, dict(zip(parameters, values, strict=True)), (x,)
        ),
        tuple(p.detach() for p in parameters.values()),
    )
    columns = [
        part.reshape(-1, p.numel())[:, chosen[name].ravel()]
        for (name, p), part in zip(parameters.items(), jacobian, strict=True)
        if name in chosen
    ]
    matrix = torch.cat(columns, 1).numpy()
    return int(np.linalg.matrix_rank(matrix, tol=1e-8 * np.abs(matrix).max(initial=1e-30)))


def base_entries(model: Any) -> dict[str, Any]:
    """All entries of weights and biases without adapters, as teachers have them."""
    return {
        name: np.ones(tuple(p.shape), dtype=bool)
        for name, p in model.named_parameters()
        if not any(part in name for part in ("lora_A", "lora_B", "shira_", "original_module"))
    }


def effective(model: Any) -> list[Any]:
    """The matrices that the layers apply, adapters added."""
    found = []
    for part in model.modules():
        if hasattr(part, "get_delta_weight"):
            weight = part.get_base_layer().weight.detach().clone()
            for adapter in part.active_adapters:
                delta = part.get_delta_weight(adapter).detach()
                weight = weight + (delta.to_dense() if delta.is_sparse else delta)
            found.append(weight)
    return found


@pytest.mark.filterwarnings("ignore:Careful, disabling adapter layers:UserWarning")
@pytest.mark.parametrize("name", READ)
def test_adapters_are_read_as_what_a_step_moves(name: str):
    torch.manual_seed(0)
    case = READ[name]
    model = case.make()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    options = case.options(model)
    allocation = tc.Allocation.from_peft(model, **options)
    assert allocation.network == case.network
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    assert all(p.grad is None for p in model.parameters())
    changes = moved(model, options.get("optimizer"))
    if name not in ("lora of full rank under relu", "lora with a bias of its own"):
        n_moved = sum(int(change.sum()) for change in changes.values())
        assert allocation.n_learnable == n_moved
    if isinstance(case.network, tc.LinearFeedforward):
        assert rank_of(model, changes) == dual_number_rank(allocation, 2, "learnable")
        # Teachers: all that the model without adapters can be.
        with model.disable_adapter() if hasattr(model, "disable_adapter") else nullcontext():
            rank = rank_of(model, base_entries(model))
        assert rank == dual_number_rank(allocation, 2, "present")


@pytest.mark.parametrize("name", [name for name in READ if name.startswith("shira")])
def test_shira_moves_just_the_entries_that_are_read(name: str):
    torch.manual_seed(0)
    model = READ[name].make()
    allocation = tc.Allocation.from_peft(model)
    layers = [n for n, part in model.named_modules() if hasattr(part, "get_delta_weight")]
    weights = ["W1" if layer.endswith("0") else "W2" for layer in layers]
    found = [np.zeros(tuple(w.shape), dtype=bool) for w in effective(model)]
    for seed in range(4):
        x, _ = drawn(model, 8, seed)
        before = effective(model)
        model.zero_grad()
        (model(x) ** 2).sum().backward()
        torch.optim.SGD(model.parameters(), lr=1e-2).step()
        for mask, new, old in zip(found, effective(model), before, strict=True):
            mask |= (new != old).numpy()
    for weight, mask in zip(weights, found, strict=True):
        assert np.array_equal(allocation.mask(weight), mask)


def test_no_adapters_are_read_as_a_torch_module():
    for name in ("bitfit, no adapters", "last layer, no adapters", "relu, no adapters"):
        module = READ[name].make()
        assert tc.Allocation.from_peft(module) == tc.Allocation.from_torch(module)


def test_apply_to_torch_says_how_a_model_with_adapters_is_frozen():
    model = shira(chain(3, 3, 2), "1")
    allocation = tc.Allocation.from_peft(model)
    with pytest.raises(tc.InputError, match=r"adapters of peft.*SHiRA: config\.mask_fn"):
        allocation.apply_to_torch(model)


def test_low_rank_is_what_peft_makes():
    for bias in (False, True):
        model = lora(chain(3, 4, 2, bias=bias), "0", "1", r=2)
        wanted = tc.Allocation.low_rank(ff(3, 4, 2, bias=bias), {"W1": 2, "W2": 2})
        assert tc.Allocation.from_peft(model) == wanted
        if bias:  # the added units have none
            absent = [not wanted.present_mask(f"b{n}").any() for n in (1, 2, 3, 4)]
            assert absent == [True, False, True, False]


def merged(model: Any) -> None:
    model.merge_adapter()


def unmerge(model: Any) -> tc.Allocation:
    model.unmerge_adapter()
    return tc.Allocation.from_peft(model)


def enable(model: Any) -> tc.Allocation:
    model.base_model.enable_adapter_layers()
    return tc.Allocation.from_peft(model)


def scaled_away(model: Any) -> None:
    model.base_model.model[0].scaling["default"] = 0.0


def with_config(name: str, module: Any, **options: Any) -> Any:
    return peft.get_peft_model(module, getattr(peft, name)(**options))


def detached(self: Any, x: Any) -> Any:
    return self.two(self.one(x).detach())


def upper_frozen(model: Any) -> None:
    only("lora_A")(model)


def tied(model: Any) -> None:
    layers = model.base_model.model
    layers[1].base_layer.weight = nn.Parameter(
        layers[0].base_layer.weight.data[:2].t().reshape(2, 3)
    )


REFUSED: dict[str, Case] = {
    "dora": Case(
        lambda: lora(chain(3, 4, 2), "0", use_dora=True), refused="is DoRA.*use_dora=False"
    ),
    "dropout in training": Case(
        lambda: lora(chain(3, 4, 2), "0", lora_dropout=0.1),
        refused=r"'default' of .* in training mode.*eval\(\)",
        cured=lambda m: tc.Allocation.from_peft(m.eval()),
    ),
    "merged": Case(
        lambda: changed(lora(chain(3, 4, 2), "0"), merged),
        refused=r"are merged.*unmerge_adapter\(\)",
        cured=unmerge,
    ),
    "merged shira": Case(
        lambda: changed(shira(chain(3, 4, 2), "0"), merged), refused="are merged", cured=unmerge
    ),
    "disabled": Case(
        lambda: changed(lora(chain(3, 4, 2), "0"), lambda m: m.base_model.disable_adapter_layers()),
        refused=r"are disabled.*enable_adapter_layers\(\)",
        cured=enable,
    ),
    "scaled away": Case(
        lambda: changed(lora(chain(3, 4, 2), "0"), scaled_away), refused="is scaled by 0"
    ),
    "zero alpha": Case(
        lambda: lora(chain(3, 4, 2), "0", lora_alpha=0), refused="is scaled by 0.*lora_alpha"
    ),
    "upper factor frozen at 0": Case(
        lambda: changed(lora(chain(3, 4, 2), "0"), upper_frozen),
        refused="4 frozen entries of .*lora_B.default.weight are 0",
    ),
    "lora under relu": Case(
        lambda: lora(relu_chain(), "0"), refused="low-rank update beside relu.*SHiRA"
    ),
    "pissa": Case(
        lambda: lora(chain(3, 4, 2), "0", init_lora_weights="pissa"),
        refused="'pissa', which takes it out of .*init_lora_weights=True",
    ),
    "olora": Case(
        lambda: lora(chain(3, 4, 2), "0", init_lora_weights="olora"), refused="'olora', which takes"
    ),
    "ia3": Case(
        lambda: with_config(
            "IA3Config", chain(3, 4, 2), target_modules=["0"], feedforward_modules=[]
        ),
        refused="is no allocation: tc.Parametrization.from_peft",
    ),
    "vera": Case(
        lambda: with_config("VeraConfig", chain(3, 3), target_modules=["0"], r=2),
        refused="is an adapter without theory|outside",
    ),
    "loha": Case(
        lambda: with_config("LoHaConfig", chain(3, 4, 2), target_modules=["0"], r=1),
        refused="is an adapter without theory",
    ),
    "oft": Case(
        lambda: with_config("OFTConfig", chain(4, 4), target_modules=["0"], r=2, oft_block_size=0),
        refused="is an adapter without theory",
    ),
    "adalora": Case(
        lambda: with_config("AdaLoraConfig", chain(3, 4, 2), target_modules=["0"], total_step=9),
        refused="is an adapter without theory",
    ),
    "lora of an embedding": Case(
        lambda: lora(nn.Sequential(nn.Embedding(3, 4), nn.Linear(4, 2)), "0"),
        refused=r"Embedding\) is an adapter without theory",
    ),
    "lora of a convolution": Case(
        lambda: lora(nn.Sequential(nn.Conv1d(3, 3, 1)), "0"),
        refused=r"Conv1d\) is an adapter without theory",
    ),
    "lora below a norm": Case(
        lambda: lora(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), "0"), refused="normalises"
    ),
    "lora in a residual": Case(
        lambda: lora(Own(lambda s, x: s.two(s.one(x)) + x[:, :2]), "one"),
        refused="computes something else .*merge_and_unload",
    ),
    "lora over a detached backbone": Case(
        lambda: lora(Own(detached), "one"),
        refused="lora_A.default.weight is read as learnable, but no gradient",
    ),
    "recurrent": Case(
        lambda: lora(zoo.Recurrent(nn.RNN(2, 3, bias=False)), "out"), refused="is recurrent"
    ),
    "pruned base": Case(
        lambda: lora(
            changed(chain(3, 4, 2), lambda m: zoo.prune.custom_from_mask(m[1], "weight", READOUT)),
            "0",
        ),
        refused="is pruned below adapters.*prune.remove",
    ),
    "frozen zero biases": Case(
        lambda: lora(changed(chain(3, 4, 2, bias=True), lambda m: nn.init.zeros_(m[0].bias)), "0"),
        refused="4 frozen entries of .*bias are 0",
    ),
    "single entries and a low-rank update": Case(
        lambda: changed(
            lora(chain(3, 4, 2), "0"),
            only("0.base_layer.weight", "lora_"),
            lambda m: masked(m.base_model.model[0].base_layer.weight),
        ),
        refused="single learnable entries and a low-rank update",
    ),
    "a hook that is not declared": Case(
        lambda: changed(
            lora(chain(3, 4), "0", r=3),
            zoo.hook("base_model.model.0.lora_A.default.weight", lambda g: g * MASK[:3]),
        ),
        refused="lora_A.default.weight, .* read as learnable, but no gradient",
    ),
    "no module": Case(lambda: "model", refused="a torch.nn.Module is expected"),
}


def masked(parameter: Any) -> None:
    """Frozen in part, as apply_to_torch does it."""
    from theorycheck.problem.interop.torch_slots import GradientMask

    parameter.register_hook(GradientMask(MASK.numpy(), "cpu"))


@pytest.mark.parametrize("name", REFUSED)
def test_adapters_that_are_no_allocation_are_refused_with_a_way_on(name: str):
    torch.manual_seed(0)
    case = REFUSED[name]
    model = case.make()
    with pytest.raises(tc.InputError, match=case.refused) as caught:
        tc.Allocation.from_peft(model)
    text = str(caught.value)
    assert "\n" not in text
    assert CURES.search(text) or "init" in text or "use " in text or "must not be 0" in text, text
    if case.cured is not None:
        assert case.cured(model).n_learnable


def test_a_torch_reading_of_adapters_names_the_other():
    with pytest.raises(tc.InputError, match=r"tc.Allocation.from_peft\(model\) reads them"):
        tc.Allocation.from_torch(lora(chain(3, 4), "0"))


def test_a_merged_model_is_left_merged():
    model = changed(lora(chain(3, 4, 2), "0"), merged)
    with pytest.raises(tc.InputError):
        tc.Allocation.from_peft(model)
    assert model.base_model.model[0].merged


def test_the_page_on_adapters_runs_as_shown():
    page = Path(__file__).parents[3] / "docs" / "peft.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 8
