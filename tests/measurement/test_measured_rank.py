"""The measured rank of torch modules: known ranks, other judges, refusals and warnings."""

import copy
import doctest
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared import torch_zoo as zoo

pytestmark = pytest.mark.torch

torch, nn = zoo.torch, zoo.nn
RNG = np.random.default_rng(0)


class Calls(nn.Module):
    """Parts, and a forward that is a function of them and the inputs."""

    def __init__(self, forward: Any, **parts: Any) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.way = forward

    def forward(self, *args: Any, **named: Any) -> Any:
        return self.way(self, *args, **named)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def compared(module: Any, inputs: Any, *args: Any, **options: Any) -> Any:
    """What is measured, beside the exact rank; as `Any`, since much of it may be None."""
    return tc.measured_rank(module, inputs, *args, **options)


def measured(module: Any, inputs: Any, *args: Any, **options: Any) -> Any:
    """The same, without a comparison."""
    return compared(module, inputs, *args, **{"compare": False, **options})


def looped(module: Any, inputs: Any, names: list[str]) -> np.ndarray:
    """The Jacobian by another way: one backward pass for every output of a converted module."""
    twin = copy.deepcopy(module).double().eval()
    given = twin(inputs.double() if inputs.dtype.is_floating_point else inputs).reshape(-1)
    parameters = [dict(twin.named_parameters())[name] for name in names]
    rows = []
    for value in given:
        twin.zero_grad()
        value.backward(retain_graph=True)
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        rows.append(torch.cat([part.reshape(-1) for part in parts]).numpy().copy())
    return np.array(rows)


@settings(max_examples=15)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.booleans())
def test_a_linear_layer_has_the_rank_of_its_inputs_for_each_output(n: int, d: int, m: int, b: bool):
    found = compared(nn.Linear(n, d, bias=b), torch.randn(m, n))
    assert found.rank == d * min(m, n + b)
    assert found.exact is not None
    assert found.exact.value == found.rank
    assert (found.parameters, found.equations) == (d * (n + b), d * m)


@pytest.mark.parametrize(("a", "b", "c"), [(4, 3, 5), (2, 2, 2), (5, 1, 3)])
def test_a_product_of_two_layers_lacks_the_change_of_basis_between_them(a: int, b: int, c: int):
    module = zoo.chain(a, b, c)
    found = compared(module, torch.randn(a + 2, a))
    assert found.rank == a * b + b * c - b * b == found.exact.value
    assert all(mask.all() for mask in found.redundant.values())


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from([nn.Tanh, nn.Sigmoid, nn.GELU]), st.integers(1, 12))
def test_masked_networks_have_the_exact_rank(seed: int, activation: Any, samples: int):
    rng = np.random.default_rng(seed)
    module = nn.Sequential(nn.Linear(3, 4), activation(), nn.Linear(4, 2))
    masks = {n: rng.random(tuple(p.shape)) < 0.6 for n, p in module.named_parameters()}
    if not any(mask.any() for mask in masks.values()):
        return
    found = compared(module, torch.randn(samples, 3), masks)
    assert found.exact is not None, found.not_compared
    assert found.rank in (found.exact.value, None)


def test_ranks_are_mostly_clear():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    found = [compared(module, torch.randn(m, 3)) for m in range(1, 16)]
    assert [one.rank for one in found] == [min(2 * m, 26) for m in range(1, 16)]
    assert all(one.exact.value == one.rank for one in found)


def test_a_residual_block_with_normalisation_agrees_with_passes_one_by_one():
    block = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.SiLU(), nn.Linear(6, 4))
    module = Calls(lambda self, x: x + self.block(x), block=block)
    inputs = torch.randn(9, 4)
    names = [name for name, _ in module.named_parameters()]
    matrix = looped(module, inputs, names)
    found = measured(module, inputs)
    assert found.rank == np.linalg.matrix_rank(matrix)
    values = np.linalg.svd(matrix, compute_uv=False)
    for place, value in found.spectrum.around.items():
        assert value == pytest.approx(values[place], rel=1e-6, abs=1e-12)


def test_tiny_attention_agrees_with_differences_in_many_digits():
    """Another judge without torch: a forward in mpmath, differences with 60 digits."""
    import mpmath as mp

    module = nn.MultiheadAttention(2, 1, batch_first=True)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(5, 2, 2)
    found = measured(module, (x, x, x), output=lambda pair: pair[0])
    with mp.workdps(60):
        flat = [mp.mpf(float(v)) for p in module.parameters() for v in p.detach().reshape(-1)]

        def outputs(values: list[Any]) -> list[Any]:
            weight, bias = mp.matrix(6, 2), values[12:18]
            out, shift = mp.matrix(2, 2), values[22:24]
            for k in range(12):
                weight[k // 2, k % 2] = values[k]
            for k in range(4):
                out[k // 2, k % 2] = values[18 + k]
            result = []
            for sample in x.double().tolist():
                sums = [weight * mp.matrix(token) + mp.matrix(bias) for token in sample]
                for one in sums:
                    scores = [mp.exp((one[0] * s[2] + one[1] * s[3]) / mp.sqrt(2)) for s in sums]
                    mixed = [
                        sum(w * s[4 + k] for w, s in zip(scores, sums, strict=True)) / sum(scores)
                        for k in range(2)
                    ]
                    result += list(out * mp.matrix(mixed) + mp.matrix(shift))
            return result

        step, rows = mp.mpf(10) ** -25, []
        for k in range(len(flat)):
            ahead, behind = list(flat), list(flat)
            ahead[k] += step
            behind[k] -= step
            pairs = zip(outputs(ahead), outputs(behind), strict=True)
            rows.append([(a - b) / (2 * step) for a, b in pairs])
        values = sorted(mp.svd_r(mp.matrix(rows), compute_uv=False), reverse=True)
        rank = sum(value > mp.mpf(10) ** -20 for value in values)
        moved = [any(abs(v) > mp.mpf(10) ** -20 for v in row) for row in rows]
    assert found.rank == rank < 24
    for place, value in found.spectrum.around.items():
        assert value == pytest.approx(float(values[place]), rel=1e-9, abs=1e-12)
    assert [bool(v) for mask in found.idle.values() for v in mask.ravel()] == [not m for m in moved]


def test_the_bias_of_keys_moves_nothing_and_is_no_rank_of_its_own():
    module = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(6, 5, 8)
    keys = np.repeat([False, True, False], 8)
    found = measured(module, (x, x, x), output=lambda pair: pair[0])
    assert np.array_equal(found.idle["in_proj_bias"], keys)
    assert not any(mask.any() for name, mask in found.idle.items() if name != "in_proj_bias")
    alone = measured(module, (x, x, x), {"in_proj_bias": keys}, output=lambda pair: pair[0])
    assert alone.rank == 0  # its Jacobian is nothing but rounding
    assert len(alone.unreached) == alone.equations == 240


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_a_transformer_layer_lacks_exactly_its_invariances(activation: str):
    d, heads, hidden = 8, 2, 16
    options = {"batch_first": True, "activation": activation}
    module = nn.TransformerEncoderLayer(d, heads, hidden, **options).eval()
    found = measured(module, torch.randn(50, 4, d))
    # Changes of basis of queries and keys, of values and outputs; biases of keys and values.
    attention = 2 * heads * (d // heads) ** 2 + 2 * d
    # What is normalised loses its mean; after that the mean of what enters is known; a shift.
    normalised = (d + 1) + (hidden + 1) + hidden + d
    scaled = hidden if activation == "relu" else 0
    assert found.rank == found.parameters - attention - normalised - scaled


@pytest.mark.parametrize("eps", [0.0, 1e-2])
def test_what_is_normalised_loses_mean_and_scale(eps: float):
    k, n = 3, 5
    module = nn.Sequential(nn.Linear(k, n), nn.LayerNorm(n, elementwise_affine=False, eps=eps))
    found = measured(module, torch.randn(20, k))
    assert found.rank == n * (k + 1) - (k + 1) - (eps == 0)  # eps keeps a scale


def test_batch_normalisation_is_that_of_its_running_statistics():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
    module(torch.randn(50, 3))  # statistics
    before = copy.deepcopy(module.state_dict())
    inputs = torch.randn(40, 3)
    found = measured(module, inputs)
    # A unit's weights, its bias and both of the normalisation's: scale and shift are there twice.
    assert found.rank == found.parameters - 2 * 4
    assert module.training
    assert "'1' in training mode: measured in evaluation mode" in found.warnings[0]
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert not measured(module.eval(), inputs).warnings


def test_embeddings_take_indices_and_what_is_not_looked_up_is_idle():
    module = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    found = measured(module, torch.tensor([0, 1, 1, 3]))
    assert found.idle["0.weight"].all(axis=1).tolist() == [False, False, True, False, True]
    assert found.rank == np.linalg.matrix_rank(
        looped(module, torch.tensor([0, 1, 1, 3]), list(dict(module.named_parameters())))
    )


def test_a_parameter_in_two_places_is_one():
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = (nn.Linear(3, 3, bias=False) for _ in range(2))
            self.two.weight = self.one.weight

        def forward(self, x: Any) -> Any:
            return self.two(torch.tanh(self.one(x)))

    found = measured(Tied(), torch.randn(10, 3))
    assert found.parameters == found.rank == 9
    mask = np.eye(3, dtype=int)
    some = measured(Tied(), torch.randn(10, 3), {"two.weight": mask, "one.weight": mask[::-1]})
    assert list(some.idle) == ["one.weight"]
    assert some.parameters == 5  # of both diagonals


def test_what_nothing_reads_is_idle_and_what_nothing_moves_unreached():
    module = Calls(
        lambda self, x: torch.stack([self.one(x)[:, 0], x[:, 0] * 2], dim=1),
        one=nn.Linear(3, 2),
        unused=nn.Linear(2, 2),
    )
    found = measured(module, torch.randn(4, 3))
    assert found.idle["unused.weight"].all()
    assert found.idle["one.weight"].tolist() == [[False] * 3, [True] * 3]
    assert found.unreached == tuple((sample, 1) for sample in range(4))
    assert found.rank == 4
    frozen = Calls(lambda self, x: 2 * x, unused=nn.Linear(2, 2))
    assert measured(frozen, torch.randn(4, 3)).rank == 0


def test_what_is_merely_small_is_neither_idle_nor_unreached():
    inputs = torch.randn(20, 2).double() * torch.tensor([1.0, 1e-15])
    inputs[0] *= 5e-15
    found = measured(nn.Linear(2, 1, bias=False), inputs)
    assert found.spectrum.tolerance > 1e-15 * found.spectrum.largest
    assert not found.idle["weight"].any()
    assert found.unreached == ()


def test_redundant_entries_and_the_basis_are_what_they_are_said_to_be():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    masks = {"0.weight": np.array([[1, 1], [1, 0], [0, 0]]), "2.weight": np.array([[1, 0, 1]])}
    inputs = torch.randn(4, 2)
    inputs[:, 1] = 2 * inputs[:, 0]  # so the entries of the first row are the same direction
    found = measured(module, inputs, masks)
    assert found.rank == 4
    for name, mask in masks.items():
        for index in np.argwhere(mask).tolist():
            less = {key: value.copy() for key, value in masks.items()}
            less[name][tuple(index)] = 0
            rank = measured(module, inputs, less).rank
            assert found.redundant[name][tuple(index)] == (rank == found.rank), (name, index)
    assert measured(module, inputs, found.basis).rank == found.rank
    assert sum(mask.sum() for mask in found.basis.values()) == found.rank


def test_a_decay_without_a_gap_is_not_called_a_rank():
    inputs = torch.diag(10.0 ** -torch.arange(0, 20, 4).double())
    found = measured(nn.Linear(5, 1, bias=False), inputs)
    assert found.rank is None
    assert not found.is_clear
    assert (found.redundant, found.basis) == (None, None)
    assert "not clear: 4 singular values are above the tolerance" in str(found)
    assert found.to_dict()["rank"] is None


def test_a_sketch_never_shows_more_and_mostly_the_rank_itself():
    module = nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 4), nn.Linear(4, 3))
    inputs = torch.randn(40, 6)
    whole = measured(module, inputs)
    assert whole.sketch is None
    for size in (1, 10, 30, whole.rank - 1, whole.rank, whole.rank + 5, 1000):
        found = measured(module, inputs, sketch=size)
        assert found.rank == min(size, whole.rank), size
        assert found.is_saturated == (size <= whole.rank)
    assert "at least 10 of" in str(measured(module, inputs, sketch=10))


def test_a_jacobian_larger_than_memory_is_compressed():
    module = nn.Sequential(nn.Linear(30, 400), nn.Tanh(), nn.Linear(400, 2))
    found = measured(module, torch.randn(12, 30), memory_limit=2**20)
    assert found.rank == 24
    assert found.sketch == (24, 48)
    assert not found.is_saturated
    assert found.unreached == ()
    assert found.redundant is None


def test_idle_parameters_are_known_of_a_sketch():
    module = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(6, 5, 8)
    found = measured(module, (x, x, x), output=lambda pair: pair[0], sketch=20)
    assert np.array_equal(found.idle["in_proj_bias"], np.repeat([False, True, False], 8))
    assert found.unreached is None


def test_forwards_of_all_kinds_are_run():
    def own(self: Any, x: Any) -> Any:
        x = self.one(x)
        x.mul_(2)
        if x.sum().item() > 1e9:
            raise RuntimeError
        self.last = x.detach()
        self.count.add_(1)
        return torch.relu_(x)

    module = Calls(own, one=nn.Linear(3, 2))
    module.register_buffer("count", torch.zeros(1))
    inputs = torch.randn(5, 3)
    found = measured(module, inputs)
    assert found.rank == np.linalg.matrix_rank(looped(module, inputs, ["one.weight", "one.bias"]))
    assert float(module.count) == 0
    assert not hasattr(module, "last")


def test_nothing_of_the_module_changes():
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2)).bfloat16()
    module[0].weight.grad = torch.ones_like(module[0].weight)
    module[2].bias.requires_grad_(False)
    module[2].eval()
    before = copy.deepcopy(module.state_dict())
    state = torch.random.get_rng_state()
    found = compared(module, torch.randn(4, 3, generator=torch.Generator()))
    assert found.parameters == 24
    assert torch.equal(state, torch.random.get_rng_state())
    assert [part.training for part in module] == [True, True, False]
    assert module[0].weight.dtype == torch.bfloat16
    assert module[0].weight.grad is not None
    assert not module[2].bias.requires_grad
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_what_apply_to_torch_has_frozen_is_not_chosen():
    module = zoo.chain(3, 4, 2)
    masks = {"W1": RNG.random((4, 3)) < 0.5, "W2": RNG.random((2, 4)) < 0.5}
    allocation = tc.Allocation(tc.LinearFeedforward([3, 4, 2]), masks)
    with allocation.apply_to_torch(module):
        found = compared(module, torch.randn(6, 3))
    assert found.parameters == allocation.n_learnable
    assert found.rank == found.exact.value


def test_less_precise_forwards_are_measured_with_less_precision():
    def own(self: Any, x: Any) -> Any:
        return self.two(torch.tanh(self.one(x)).float().to(x.dtype))

    module = Calls(own, one=nn.Linear(3, 3), two=nn.Linear(3, 3))
    found = measured(module, torch.randn(9, 3))
    assert found.epsilon == 2.0**-23
    assert "precision 1e-07" in found.warnings[0]
    assert found.spectrum.tolerance > 1e-6
    assert found.rank in (24, None)


def test_gradients_that_are_no_derivatives_are_told():
    module = Calls(
        lambda self, x: self.two(torch.tanh(self.one(x)).detach()),
        one=nn.Linear(3, 3),
        two=nn.Linear(3, 3),
    )
    found = measured(module, torch.randn(9, 3))
    assert "the gradient is not the derivative of the outputs" in found.warnings[0]


def test_a_backward_that_torch_cannot_do_at_once_is_done_row_by_row():
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            context.save_for_backward(x)
            return torch.from_numpy(np.tanh(x.detach().numpy()))

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            (x,) = context.saved_tensors
            return torch.from_numpy(gradient.numpy() / np.cosh(x.detach().numpy()) ** 2)

    one = Calls(lambda self, x: Own.apply(self.one(x)), one=nn.Linear(3, 2))
    twin = Calls(lambda self, x: torch.tanh(self.one(x)), one=one.one)
    inputs = torch.randn(6, 3)
    found, other = measured(one, inputs), measured(twin, inputs)
    assert "backward passes are done one by one" in found.warnings[0]
    assert found.rank == other.rank == 8
    assert found.spectrum.largest == pytest.approx(other.spectrum.largest)


def test_equal_units_are_special_weights():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with torch.no_grad():
        module[0].weight[1], module[0].bias[1] = module[0].weight[0], module[0].bias[0]
        module[2].weight[:, 1] = 3 * module[2].weight[:, 0]
    found = compared(module, torch.randn(20, 3))
    assert found.rank < found.exact.value == 26
    assert "these weights are special" in " ".join(str(found).split())


def test_a_rank_above_the_exact_one_is_a_contradiction(monkeypatch: Any):
    from theorycheck.answers import measured_ranks

    def less(*args: Any, **options: Any) -> Any:
        found = generic_rank(*args, **options)
        return type(found)(found.value - 1, found.error_bound, found.seed, found.trials)

    generic_rank = measured_ranks.generic_rank
    monkeypatch.setattr(measured_ranks, "generic_rank", less)
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    with pytest.raises(tc.ContradictionError, match=r"measured rank 10 is above 9, the exact rank"):
        compared(module, torch.randn(5, 3))


def test_recurrent_and_convolutional_modules_are_compared():
    module = zoo.Recurrent(nn.RNN(2, 3, batch_first=True))
    found = compared(module, torch.randn(40, 4, 2), compare={"steps": 4})
    assert found.rank == found.exact.value == 21  # two biases are one
    filters = Calls(
        lambda self, x: self.head(torch.tanh(self.filters(x)).flatten(1)),
        filters=nn.Conv2d(1, 2, 2),
        head=nn.Linear(8, 1),
    )
    found = compared(filters, torch.randn(9, 1, 3, 3), compare={"input": [1, 3, 3]})
    assert found.rank == found.exact.value == 9


def test_adapters_of_peft():
    peft = pytest.importorskip("peft", reason="peft is missing (extra peft)")
    base = zoo.chain(4, 5, 3)
    model = peft.get_peft_model(base, peft.LoraConfig(r=1, target_modules=["0"]))
    inputs = torch.randn(8, 4)
    first = compared(model, inputs)
    assert first.rank == 3  # B begins at 0, so A moves nothing, and three outputs read B
    assert first.exact.value == 4 + 3 - 1
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter)
    assert compared(model, inputs).rank == first.exact.value
    assert any(mask.all() for name, mask in first.idle.items() if "lora_A" in name)


X = torch.zeros(2, 3)
LINEAR = nn.Linear(3, 3)
REFUSED = {
    "no module": (lambda: measured("model", X), "torch.nn.Module is expected"),
    "a tuple": (
        lambda: measured(nn.LSTM(3, 2), X),
        "returns a tuple, .* output=lambda found: found",
    ),
    "a dictionary": (
        lambda: measured(Calls(lambda self, x: {"logits": self.a(x)}, a=LINEAR), X),
        r"output=lambda found: found\['logits'\]",
    ),
    "integers": (lambda: measured(LINEAR, X, output=lambda y: y.argmax(1)), "type torch.int64"),
    "complex outputs": (lambda: measured(LINEAR, X, output=torch.fft.fft), "view_as_real"),
    "random": (
        lambda: measured(
            Calls(lambda self, x: nn.functional.dropout(self.a(x + 1), 0.5), a=LINEAR), X
        ),
        "outputs differ between two runs",
    ),
    "infinite": (lambda: measured(LINEAR, X, output=lambda y: y / 0), "outputs are not finite"),
    "infinite inputs": (lambda: measured(LINEAR, X / 0), "inputs must be finite"),
    "no tensor": (lambda: measured(LINEAR, object()), "inputs must be a tensor or array"),
    "no sample": (lambda: measured(LINEAR, X[:0]), "give at least one input"),
    "another width": (lambda: measured(LINEAR, X[:, :2]), "Linear.forward fails"),
    "a plain tensor": (
        lambda: measured(Calls(lambda self, x: self.a(x) @ torch.ones(3, 3), a=LINEAR), X),
        "must be parameters or buffers",
    ),
    "unknown name": (lambda: measured(LINEAR, X, ["weigt"]), r"did you mean 'weight'\?"),
    "one name": (lambda: measured(LINEAR, X, "weight"), r"as in \['0.weight'\]"),
    "a mask of another shape": (
        lambda: measured(LINEAR, X, {"bias": [1, 0]}),
        r'parameters\["bias"\]',
    ),
    "nothing chosen": (lambda: measured(LINEAR, X, {"bias": [0, 0, 0]}), "chooses no entry"),
    "nothing learnable": (
        lambda: measured(nn.Linear(3, 3).requires_grad_(False), X),
        "no parameter has requires_grad",
    ),
    "meta": (lambda: measured(nn.Linear(3, 3, device="meta"), X), "meta device"),
    "a view": (
        lambda: measured(viewed(), X),
        "b.weight lies in the memory of a.weight",
    ),
    "options": (lambda: measured(LINEAR, X, compare={"step": 3}), "compare must be"),
    "an output": (lambda: measured(LINEAR, X, output="logits"), "output must be a function"),
    "a sketch": (lambda: measured(LINEAR, X, sketch=0), "sketch"),
}


def viewed() -> Any:
    module = Calls(lambda self, x: self.b(self.a(x)), a=nn.Linear(3, 3), b=nn.Linear(3, 3))
    module.b.weight = nn.Parameter(module.a.weight.data.t())
    return module


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_measured_is_refused_with_the_cure(name: str):
    call, words = REFUSED[name]
    with pytest.raises(tc.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_results_are_plain_and_the_same_again():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    one, two = (measured(module, np.eye(3)) for _ in range(2))
    known = json.loads(json.dumps(one.to_dict()))
    assert {**known, "seconds": 0} == {**json.loads(json.dumps(two.to_dict())), "seconds": 0}
    assert known["rigor"] == "measured"
    assert re.match("<MeasuredRank RANK: 6 of 26 parameters", repr(one))
    assert "no proof" in one._repr_html_()


def test_rows_are_told_as_they_are_done():
    told: list[Any] = []
    measured(zoo.chain(3, 4, 2), torch.randn(5, 3), progress=told.append)
    assert (told[-1].done, told[-1].total) == (10, 10)


@pytest.mark.parametrize("mixes", [False, True])
def test_samples_are_run_apart_only_where_they_do_not_mix(mixes: bool):
    """Outputs that see the mean of the samples, in value or in the derivative alone."""

    def own(self: Any, x: Any) -> Any:
        y = self.one(x)
        mean = y.mean(dim=0)
        return torch.tanh(y) + (mean if mixes else mean - mean.detach())

    module = Calls(own, one=nn.Linear(3, 40))
    inputs = torch.randn(10, 3)
    found = measured(module, inputs)
    matrix = looped(module, inputs, ["one.weight", "one.bias"])
    values = np.linalg.svd(matrix, compute_uv=False)
    assert found.spectrum.largest == pytest.approx(values[0])
    assert found.rank == np.linalg.matrix_rank(matrix) == 160


def test_the_page_on_measured_ranks_runs_as_shown():
    pytest.importorskip("peft", reason="peft is missing (extra peft)")
    page = Path(__file__).parents[2] / "docs" / "measured_rank.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.failed == 0
    assert result.attempted > 20
