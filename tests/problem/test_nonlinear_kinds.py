"""Files, masks, selections, graphs and wiring diagrams of nonlinear networks, biases included."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run
from theorycheck.problem.files import problem_from_dict, problem_to_dict
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.kinds import ACTIVATED, KINDS, kind_entries, network_from_dict

__all__ = ["run"]  # a fixture

RNN = tc.Recurrent(2, 3, 2, steps=3, readout="all", activation="tanh", bias=True)
MIXED = tc.Feedforward([2, 3, 4, 2], activation=["sigmoid", "relu"], bias=True)
RESIDUAL = tc.Feedforward([2, 2, 3, 3, 1], activation="tanh", bias=True, skip=True)
IMAGE = tc.Convolutional(
    [2, 4, 3],
    [{"channels": 3, "kernel": [3, 2], "padding": 1, "pool": 2}, {"channels": 2, "kernel": 1}],
    2,
    activation=["tanh", "sin"],
    bias=True,
)
SIGNAL = tc.Convolutional([1, 5], [{"channels": 2, "kernel": 2, "stride": 2}], 1, activation="exp")
NETWORKS = [RNN, MIXED, tc.Feedforward([3, 2, 1], activation="gelu"), RESIDUAL, IMAGE, SIGNAL]


CONVOLUTION: dict[str, Any] = {
    "kind": "convolutional",
    "input": [1, 5],
    "layers": [{"channels": 2, "kernel": 2}],
    "outputs": 1,
    "activation": "tanh",
}


def drawn(network: Any, seed: int = 0) -> tc.Allocation:
    rng = np.random.default_rng(seed)
    present = {n: rng.random(s) < 0.8 for n, s in network.weight_shapes.items()}
    room = sum(int(mask.sum()) for mask in present.values())
    return tc.Allocation.random(network, room // 2, rng, present=present)


def written(network: dict[str, Any]) -> str:
    return json.dumps({"network": network, "samples": 1, "learnable": {}})


@pytest.mark.parametrize("network", NETWORKS, ids=str)
@pytest.mark.parametrize("ending", ["json", "npz", "safetensors"])
def test_files_keep_everything(network: Any, ending: str, tmp_path: Path):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    allocation = drawn(network)
    tc.save(tmp_path / f"a.{ending}", allocation, 5)
    assert tc.load(tmp_path / f"a.{ending}") == (allocation, 5)
    assert problem_from_dict(json.loads(json.dumps(problem_to_dict(allocation, 5)))) == (
        allocation,
        5,
    )


def test_linear_and_shallow_ones_are_read_as_the_kinds_that_they_are(tmp_path: Path):
    for data, network in (
        ({"kind": "feedforward", "widths": [2, 2], "activation": "tanh"}, tc.LinearFeedforward),
        ({"kind": "feedforward", "widths": [2, 3, 2], "activation": "relu"}, tc.ShallowReLU),
        ({"kind": "feedforward", "widths": [2, 3, 2], "activation": ["linear"]},
         tc.LinearFeedforward),
        ({"kind": "recurrent", "inputs": 1, "hidden": 2, "outputs": 1, "steps": 2,
          "activation": "linear"}, tc.LinearRecurrent),
    ):  # fmt: skip
        (tmp_path / "a.json").write_text(written(data))
        assert isinstance(tc.load(tmp_path / "a.json").allocation.network, network)


@pytest.mark.parametrize(
    ("network", "wrong"),
    [
        ({"kind": "feedforward", "widths": [2, 3, 1]}, "network.activation is missing; feedf"),
        ({"kind": "feedforward", "widths": [2, 3, 1], "activation": "tahn"}, "mean 'tanh'?"),
        ({"kind": "feedforward", "widths": [2, 3, 1], "activation": 3}, "must be one of linear"),
        ({"kind": "feedforward", "widths": [2, 3, 1], "activation": []}, "there is 1, not 0 names"),
        ({"kind": "feedforward", "widths": [2, 3, 3, 1], "activation": ["tanh"]}, "are 2, not 1"),
        ({"kind": "feedforward", "widths": [2, 3, 3, 1], "activation": ["tanh", None]},
         "network.activation[1] must be one of"),
        ({"kind": "feedforward", "widths": [2, 3, 1], "activation": "tanh", "bias": 1},
         "network.bias must be true or false, not 1"),
        ({"kind": "feedforward", "widths": [2, 3, 1], "activations": "tanh"}, "mean 'activation'?"),
        ({"kind": "linear_feedforward", "widths": [2, 3, 1], "activation": "tanh"}, "has no key"),
        ({"kind": "recurrent", "inputs": 1, "hidden": 1, "outputs": 1, "steps": 1,
          "activation": ["tanh"]}, "must be one of linear"),
        ({"kind": "feedforward", "widths": [2, 2], "activation": "tanh", "skip": 1},
         "network.skip must be true or false, not 1"),
        ({**CONVOLUTION, "input": [1]}, "network.input must have 2 or 3 entries, not 1"),
        ({**CONVOLUTION, "input": 5}, "network.input must be a list of sizes, not 5"),
        ({**CONVOLUTION, "input": [1, 0]}, "network.input[1] must be an integer from 1"),
        ({**CONVOLUTION, "layers": []}, "network.layers must have at least one convolution"),
        ({**CONVOLUTION, "layers": {}}, "network.layers must be a list of objects, not {}"),
        ({**CONVOLUTION, "layers": [3]}, "network.layers[0] must be an object, not 3"),
        ({**CONVOLUTION, "layers": [{"channels": 2}]}, "network.layers[0].kernel is missing"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernal": 2}]}, "did you mean 'kernel'?"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernel": [2, 2]}]},
         "network.layers[0].kernel must be one integer, or 1, not 2"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernel": 2, "padding": 2}]},
         "network.layers[0].padding must be below the kernel, 2, not 2"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernel": 2, "padding": -1}]},
         "network.layers[0].padding must be an integer from 0"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernel": 6}]},
         "network.layers[0].kernel must be at most 5, the size of what it reads"),
        ({**CONVOLUTION, "layers": [{"channels": 2, "kernel": 2, "pool": 5}]},
         "network.layers[0].pool must be at most 4, the positions behind the convolution"),
        ({**CONVOLUTION, "outputs": 0}, "network.outputs must be an integer from 1"),
        ({**CONVOLUTION, "activation": ["tanh"] * 2}, "of which there is 1, not 2 names"),
        ({**CONVOLUTION, "bias": 0}, "network.bias must be true or false, not 0"),
        ({"kind": "recurrent", "inputs": 1, "hidden": 1, "outputs": 1, "steps": 1,
          "activation": "tanh", "bias": "yes"}, "network.bias must be true or false, not 'yes'"),
    ],
)  # fmt: skip
def test_mistakes_in_a_file_are_told_in_one_line(
    run: Any, tmp_path: Path, network: dict[str, Any], wrong: str
):
    (tmp_path / "a.json").write_text(written(network))
    result = run("classify", str(tmp_path / "a.json"))
    check_one_line(result, wrong)


@pytest.mark.parametrize(
    ("learnable", "wrong"),
    [
        (
            {"b1": [1, 1, 1]},
            "'b1'; this network has W1, W2; with bias true it has biases, too",
        ),
        ({"bias": [1, 1, 1]}, "with bias true it has biases"),
        ({"W1": "w1.npy"}, 'of shape (3, 2), or a file: {"file": "w1.npy"}, not \'w1.npy\''),
    ],
)
def test_a_mistake_in_a_mask_is_told_with_its_cure(
    run: Any, tmp_path: Path, learnable: dict[str, Any], wrong: str
):
    network = {"kind": "feedforward", "widths": [2, 3, 1], "activation": "tanh"}
    data = {"network": network, "samples": 2, "learnable": learnable}
    (tmp_path / "a.json").write_text(json.dumps(data))
    check_one_line(run("classify", str(tmp_path / "a.json")), wrong)


def test_a_name_that_is_no_bias_is_told_without_biases():
    network = tc.Feedforward([2, 3, 1], activation="tanh")
    with pytest.raises(tc.InputError, match=r"this network has W1, W2$"):
        tc.Allocation(network, {"W3": [[1]]})
    network = tc.Feedforward([2, 3, 1], activation="tanh", bias=True)
    with pytest.raises(tc.InputError, match=r"this network has W1, b1, W2, b2$"):
        tc.Allocation(network, {"b3": [1]})


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_selections_know_the_biases(network: Any):
    full = tc.Allocation.full(network)
    assert full.n_learnable == network.n_weights
    biases = [name for name, shape in network.weight_shapes.items() if len(shape) == 1]
    if biases:
        assert list(tc.Allocation.biases(network).counts) == biases
    else:
        with pytest.raises(tc.InputError, match="the network has no biases"):
            tc.Allocation.biases(network)
    for budget in range(network.n_weights + 1):
        spread = tc.Allocation.spread(network, budget)
        assert spread.n_learnable == budget
        layers = [sum(spread.counts.get(n, 0) for n in names) for names in network.weight_layers]
        room = [sum(full.counts[n] for n in names) for names in network.weight_layers]
        assert all(
            a >= b - 1 or a == most for a, most in zip(layers, room, strict=True) for b in layers
        )
    for name, shape in network.weight_shapes.items():
        if len(shape) > 1:
            assert tc.Allocation.rows(network, {name: [0]}).n_learnable == math.prod(shape[1:])
            columns = tc.Allocation.columns(network, {name: [0]})
            assert columns.n_learnable == math.prod(shape) // shape[1]
        else:
            with pytest.raises(tc.InputError, match="a bias has no columns"):
                tc.Allocation.columns(network, {name: [0]})
    with pytest.raises(tc.InputError, match="low-rank updates are allocations of linear"):
        tc.Allocation.low_rank(network, {next(iter(network.weight_shapes)): 1})


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_graphs_keep_every_weight(network: Any):
    allocation = drawn(network, 1)
    if network.kind == "convolutional":
        with pytest.raises(tc.InputError, match="filters act at many positions"):
            allocation.to_networkx()
        return
    graph = allocation.to_networkx()
    assert graph.number_of_edges() == allocation.n_present
    assert tc.Allocation.from_networkx(graph) == allocation


def test_residual_networks_are_written_as_such():
    assert RESIDUAL.residual == (1, 3)
    assert RESIDUAL.to_dict()["skip"] is True
    assert "skip" not in MIXED.to_dict()
    # Where no widths agree nothing is skipped, and the network is one without.
    plain = tc.Allocation.none(tc.Feedforward([2, 3, 1], activation="relu", skip=True)).network
    assert plain == tc.ShallowReLU([2, 3, 1])
    linear = tc.Allocation.none(tc.Feedforward([2, 2, 1], activation="linear", skip=True)).network
    assert linear.kind == "feedforward"
    assert not linear.is_linear
    assert not linear.is_layered
    assert RESIDUAL.describe() == "residual tanh feed-forward 2-2-3-3-1 with biases"


def test_convolutional_networks_are_written_with_the_least_words():
    assert IMAGE.to_dict() == {
        "kind": "convolutional",
        "input": [2, 4, 3],
        "layers": [
            {"channels": 3, "kernel": [3, 2], "padding": 1, "pool": 2},
            {"channels": 2, "kernel": 1},
        ],
        "outputs": 2,
        "activation": ["tanh", "sin"],
        "bias": True,
    }
    assert network_from_dict(IMAGE.to_dict()) == IMAGE
    assert [layer.pooled for layer in IMAGE.layers] == [(2, 2), (2, 2)]
    assert IMAGE.weight_shapes == {
        "W1": (3, 2, 3, 2), "b1": (3,), "W2": (2, 3, 1, 1), "b2": (2,), "W3": (2, 8), "b3": (2,),
    }  # fmt: skip
    assert SIGNAL.describe() == "exp convolutional 1 x 5, 2 filters 2, stride 2, 1 output"
    assert SIGNAL.resized(outputs=3).outputs == 3
    with pytest.raises(tc.InputError, match="cannot have another number of inputs"):
        SIGNAL.resized(inputs=3)


def test_masks_of_files_with_an_activation(tmp_path: Path):
    masks = {n: m for n, m in drawn(RNN).masks("learnable")}
    np.savez(tmp_path / "rnn.npz", **masks)  # type: ignore[arg-type]
    found = tc.load_masks(tmp_path / "rnn.npz", activation="tanh", steps=3, readout="all")
    assert found == tc.Allocation(RNN, masks)
    masks = {n: m for n, m in drawn(MIXED).masks("learnable")}
    np.savez(tmp_path / "ff.npz", **masks)  # type: ignore[arg-type]
    found = tc.load_masks(tmp_path / "ff.npz", activation=["sigmoid", "relu"])
    assert found == tc.Allocation(MIXED, masks)
    for name, mask in masks.items():
        np.save(tmp_path / f"{name}.npy", mask)
    paths = [tmp_path / f"{name}.npy" for name in masks]
    assert tc.load_masks(*paths, activation=["sigmoid", "relu"]) == found
    assert tc.load_masks(*paths).network == tc.LinearFeedforward(MIXED.widths, bias=True)
    with pytest.raises(tc.InputError, match="an activation is for feedforward and recurrent"):
        tc.load_masks(*paths, activation="tanh", kind="linear_feedforward")
    with pytest.raises(tc.InputError, match=r"network\.activation is missing; feedforward needs"):
        tc.load_masks(*paths, kind="feedforward")


def test_a_bias_of_one_mask_is_not_read_as_a_matrix(tmp_path: Path):
    np.savez(tmp_path / "a.npz", input=np.eye(2), recurrent=np.eye(2), readout=np.eye(2),
             readout_bias=np.eye(2))  # fmt: skip
    with pytest.raises(tc.InputError, match="the mask readout_bias has shape"):
        tc.load_masks(tmp_path / "a.npz", activation="tanh", steps=2)


def test_state_dicts_with_an_activation(run: Any, tmp_path: Path):
    state = {"0.weight": [[1, 0], [0, 1], [1, 1]], "2.weight": [[1, 0, 1]]}
    found = tc.Allocation.from_state_dict(state, activation="silu")
    assert found.network == tc.Feedforward([2, 3, 1], activation="silu")
    with pytest.raises(tc.InputError, match="does not tell activations: say the kind"):
        tc.Allocation.from_state_dict(state)
    recurrent = {"r.weight_ih_l0": np.eye(2), "r.weight_hh_l0": np.eye(2), "o.weight": [[1, 1]]}
    found = tc.Allocation.from_state_dict(recurrent, activation="tanh", steps=4)
    assert found.network == tc.Recurrent(2, 2, 1, steps=4, activation="tanh")
    np.savez(tmp_path / "a.npz", **{k: np.array(v) for k, v in state.items()})  # type: ignore
    out = str(tmp_path / "a.json")
    made = run("new", out, "--masks", str(tmp_path / "a.npz"), "--activation", "silu")
    assert made.status == 0
    assert tc.load(out).allocation.network == tc.Feedforward([2, 3, 1], activation="silu")
    sized = run("new", out, "--force", "--masks", str(tmp_path / "a.npz"), "--activation", "sin",
                "--widths", "2,3,1")  # fmt: skip
    assert sized.status == 0


def test_wiring_diagrams_with_an_activation(run: Any, tmp_path: Path):
    edges = [("a", "b", True), ("b", "c", False), ("c", "b", True)]
    ends: dict[str, Any] = {"inputs": ["a"], "outputs": ["c"], "steps": 4}
    found = tc.Allocation.from_edges(edges, **ends, activation="tanh")
    plain = tc.Allocation.from_edges(edges, **ends)
    assert found.network == tc.Recurrent(1, 3, 1, steps=4, activation="tanh")
    assert plain.network == tc.LinearRecurrent(1, 3, 1, steps=4)
    assert dict(found.counts) == dict(plain.counts)
    assert tc.unit_names(edges, **ends, activation="tanh") == tc.unit_names(edges, **ends)
    layered = tc.Allocation.from_edges(
        [("a", "b"), ("b", "c")], inputs=["a"], outputs=["c"], activation="gelu"
    )
    assert layered.network == tc.Feedforward([1, 1, 1], activation="gelu")
    with pytest.raises(tc.InputError, match="activation is for feedforward and recurrent"):
        tc.Allocation.from_edges(
            [("a", "b")], inputs=["a"], outputs=["b"], activation="tanh", kind="shallow_relu"
        )
    (tmp_path / "a.csv").write_text("source,target\na,b\nb,c\nc,b\n")
    out = str(tmp_path / "a.json")
    made = run("new", out, "--edges", str(tmp_path / "a.csv"), "--inputs", "a", "--outputs", "c",
               "--steps", "4", "--activation", "tanh")  # fmt: skip
    assert (made.status, made.err) == (0, "")
    assert tc.load(out).allocation.network == found.network


def test_entries_of_a_kind():
    assert set(ACTIVATED) == {kind for kind in KINDS if kind in ("feedforward", "recurrent")}
    for name in ACTIVATIONS:
        network = network_from_dict({**kind_entries(None, name), "widths": [2, 3, 1]})
        assert network.activations == (name,)
    assert kind_entries(None) == {"kind": "linear_feedforward"}
    assert kind_entries(None, recurrent=True) == {"kind": "linear_recurrent"}
    assert kind_entries("shallow_relu") == {"kind": "shallow_relu"}
    with pytest.raises(tc.InputError, match="an activation is for"):
        kind_entries("linear_recurrent", "tanh")
