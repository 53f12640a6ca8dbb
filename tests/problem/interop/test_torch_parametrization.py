"""`Parametrization.from_peft`: adapters on chains of nn.Linear, with and without activations."""

from __future__ import annotations

from typing import Any

import pytest

import theorycheck as tc
from theorycheck.problem.parametrization import Entries, LowRank, Scaling

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")
pytestmark = [pytest.mark.torch, pytest.mark.long]

NN = torch.nn


def model(bias: bool = True) -> Any:
    return NN.Sequential(NN.Linear(6, 5, bias=bias), NN.Tanh(), NN.Linear(5, 4, bias=bias))


def read(config, bias: bool = True) -> tc.Parametrization:
    return tc.Parametrization.from_peft(peft.get_peft_model(model(bias), config))


def kinds(own: tc.Parametrization) -> dict[str, list[type]]:
    return {name: [type(term) for term in terms] for name, terms in own.terms.items()}


def test_lora_beside_an_activation():
    own = read(peft.LoraConfig(r=2, target_modules=["0", "2"], lora_alpha=5, use_rslora=True))
    assert own.network == tc.Feedforward([6, 5, 4], activation="tanh", bias=True)
    assert own.terms == {"W1": (LowRank(2),), "W2": (LowRank(2),)}
    assert own.n_parameters == 40
    assert tc.classify(own, 9).expressivity is tc.Expressivity.MINIMAL
    with pytest.raises(tc.InputError, match=r"Parametrization\.from_peft"):
        tc.Allocation.from_peft(peft.get_peft_model(model(), peft.LoraConfig(
            r=2, target_modules=["0"])))  # fmt: skip


def test_a_frozen_factor_and_frozen_adapters():
    lora = peft.get_peft_model(model(), peft.LoraConfig(r=2, target_modules=["0", "2"]))
    for name, parameter in lora.named_parameters():
        if "0.lora_A" in name or "2.lora" in name:
            parameter.requires_grad_(False)
        if "2.lora_B" in name:
            torch.nn.init.normal_(parameter)
    own = tc.Parametrization.from_peft(lora)
    assert own.terms == {"W1": (LowRank(2, ("B",)),)}


def test_dora_scales_rows_and_leaves_biases_alone():
    own = read(peft.LoraConfig(r=2, target_modules=["0"], use_dora=True, bias="all"))
    assert kinds(own) == {"W1": [LowRank, Scaling], "b1": [Entries], "b2": [Entries]}
    assert own.n_parameters == 22 + 5 + 5 + 4


def test_ia3_scales_outputs_with_their_bias_and_inputs():
    own = read(peft.IA3Config(target_modules=["0", "2"], feedforward_modules=["2"]))
    assert kinds(own) == {"W1": [Scaling], "b1": [Scaling], "W2": [Scaling]}
    assert own.terms["W1"] == own.terms["b1"]  # the same numbers
    assert own.terms["W2"] == (Scaling("columns", "columns of layer 2"),)
    assert own.n_parameters == 10
    without = read(peft.IA3Config(target_modules=["0"], feedforward_modules=[]), bias=False)
    assert kinds(without) == {"W1": [Scaling]}


def test_outputs_are_those_of_the_weights_that_are_read():
    """IA3 and DoRA: the outputs of the model are those of the network with the weights made."""
    torch.manual_seed(0)
    x = torch.randn(7, 6)
    plain = model()
    first, _, last = plain
    w1, b1, w2, b2 = (
        p.detach().clone() for p in (first.weight, first.bias, last.weight, last.bias)
    )
    config = peft.IA3Config(
        target_modules=["0", "2"], feedforward_modules=["2"], init_ia3_weights=False
    )
    ia3 = peft.get_peft_model(plain, config)
    named = dict(ia3.named_parameters())
    rows, columns = (named[f"base_model.model.{k}.ia3_l.default"].detach() for k in (0, 2))
    hidden = torch.tanh(x @ (rows * w1).T + rows.flatten() * b1)
    wanted = hidden @ (w2 * columns).T + b2
    assert torch.allclose(ia3(x), wanted, atol=1e-5)


def test_other_adapters_are_refused():
    with pytest.raises(tc.InputError, match="adapter without theory"):
        read(peft.LoHaConfig(r=2, target_modules=["0"]))
