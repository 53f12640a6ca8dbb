"""Network specifications: shapes, dictionary form, and the refusal of everything else."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import theorycheck as tc
from tests.shared.strategies import networks
from theorycheck.problem.networks.base import LARGEST_SIZE, positive_integer
from theorycheck.problem.networks.kinds import network_from_dict

FEEDFORWARD = {"kind": "linear_feedforward", "widths": [3, 4, 2]}
RECURRENT = {"kind": "linear_recurrent", "inputs": 1, "hidden": 2, "outputs": 3, "steps": 4}
RELU = {"kind": "shallow_relu", "widths": [2, 3, 1]}
KINDS = "linear_feedforward, linear_recurrent, shallow_relu, feedforward, recurrent, convolutional"
SIZE = f"must be an integer from 1 to {LARGEST_SIZE}, not"

BAD_SIZES = [
    (0, "0"),
    (-3, "-3"),
    (True, "True"),
    (4.0, "4.0"),
    (float("nan"), "nan"),
    ("4", "'4'"),
    (None, "None"),
    ([4], "[4]"),
    (LARGEST_SIZE + 1, str(LARGEST_SIZE + 1)),
    (10**100, "1" + 59 * "0" + "..."),
    (10**5000, "a value of type int that is too long to show"),
]

BAD_NETWORKS: list[tuple[Any, str]] = [
    (3, "network must be an object, not 3"),
    (None, "network must be an object, not None"),
    ([FEEDFORWARD], "network must be an object, not [{"),
    ({}, f"network.kind is missing; it must be one of {KINDS}"),
    (FEEDFORWARD | {"kind": "mlp"}, f"network.kind must be one of {KINDS}, not 'mlp'"),
    (FEEDFORWARD | {"kind": ["linear_feedforward"]}, f"one of {KINDS}, not ['linear_feedforward']"),
    (FEEDFORWARD | {"kind": {}}, f"network.kind must be one of {KINDS}, not {{}}"),
    (FEEDFORWARD | {"kind": 7}, f"network.kind must be one of {KINDS}, not 7"),
    (FEEDFORWARD | {"kind": None}, f"network.kind must be one of {KINDS}, not None"),
    (
        FEEDFORWARD | {"width": [1]},
        "network has no key 'width' (did you mean 'widths'?); linear_feedforward has widths, bias",
    ),
    (FEEDFORWARD | {"steps": 3}, "network has no key 'steps'"),
    ({"kind": "shallow_relu"}, "network.widths is missing; shallow_relu needs it"),
    (FEEDFORWARD | {"widths": "342"}, "network.widths must be a list of sizes, not '342'"),
    (FEEDFORWARD | {"widths": b"342"}, "network.widths must be a list of sizes, not b'342'"),
    (FEEDFORWARD | {"widths": 3}, "network.widths must be a list of sizes, not 3"),
    (FEEDFORWARD | {"widths": {"0": 3}}, "network.widths must be a list of sizes, not {'0': 3}"),
    (FEEDFORWARD | {"widths": []}, "network.widths must have at least 2 entries, not 0"),
    (FEEDFORWARD | {"widths": [3]}, "network.widths must have at least 2 entries, not 1"),
    (FEEDFORWARD | {"bias": 1}, "network.bias must be true or false, not 1"),
    (FEEDFORWARD | {"bias": "true"}, "network.bias must be true or false, not 'true'"),
    (FEEDFORWARD | {"bias": None}, "network.bias must be true or false, not None"),
    (RELU | {"widths": [2, 3]}, "network.widths must have 3 entries for shallow_relu, not 2"),
    (RELU | {"widths": [2, 3, 1, 1]}, "must have 3 entries for shallow_relu, not 4"),
    (RECURRENT | {"bias": True}, "network has no key 'bias'; linear_recurrent has inputs, hidden"),
    (RECURRENT | {"readout": "last"}, 'network.readout must be "final" or "all", not \'last\''),
    (RECURRENT | {"readout": ["all"]}, 'network.readout must be "final" or "all", not [\'all\']'),
    (RECURRENT | {"readout": None}, 'network.readout must be "final" or "all", not None'),
]


@pytest.mark.parametrize(("data", "message"), BAD_NETWORKS)
def test_a_bad_network_is_refused_with_place_and_value(data: Any, message: str):
    with pytest.raises(tc.InputError) as caught:
        network_from_dict(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(("size", "shown"), BAD_SIZES, ids=[row[1][:30] for row in BAD_SIZES])
def test_a_bad_size_is_refused_wherever_it_stands(size: Any, shown: str):
    for data, place in (
        (FEEDFORWARD | {"widths": [3, size, 2]}, "network.widths[1]"),
        (RELU | {"widths": [3, 4, size]}, "network.widths[2]"),
        *((RECURRENT | {key: size}, f"network.{key}") for key in list(RECURRENT)[1:]),
    ):
        with pytest.raises(tc.InputError) as caught:
            network_from_dict(data)
        assert str(caught.value) == f"{place} {SIZE} {shown}"


@pytest.mark.parametrize("key", ["inputs", "hidden", "outputs", "steps"])
def test_a_missing_size_is_named(key: str):
    data = {name: value for name, value in RECURRENT.items() if name != key}
    with pytest.raises(tc.InputError, match=rf"network\.{key} is missing; linear_recurrent"):
        network_from_dict(data)


def test_sizes_may_be_numpy_integers_and_become_plain_ones():
    network = tc.LinearFeedforward((np.int64(3), np.uint8(2)))  # type: ignore[arg-type]
    assert network == tc.LinearFeedforward([3, 2])
    assert [type(width) for width in network.widths] == [int, int]
    assert positive_integer(np.int32(LARGEST_SIZE), "samples") == LARGEST_SIZE


@given(networks)
def test_the_dictionary_form_is_inverted(network: Any):
    data = network.to_dict()
    assert network_from_dict(data) == network
    assert ("bias" in data) == (getattr(network, "bias", False) is True)


@given(networks)
def test_shapes_are_outputs_by_inputs_in_the_fixed_order(network: Any):
    shapes = network.weight_shapes
    if network.is_recurrent:
        n, inputs, d = network.hidden, network.inputs, network.outputs
        assert list(shapes.items()) == [
            ("input", (n, inputs)),
            ("recurrent", (n, n)),
            *[("bias", (n,))] * network.bias,
            ("readout", (d, n)),
            *[("readout_bias", (d,))] * network.bias,
        ]
    elif network.kind == "convolutional":
        expected, width = [], network.input[0]
        for number, layer in enumerate(network.layers, start=1):
            expected.append((f"W{number}", (layer.channels, width, *layer.kernel)))
            expected += [(f"b{number}", (layer.channels,))] * network.bias
            width = layer.channels
        features, number = width * np.zeros(network.layers[-1].pooled).size, network.depth
        expected.append((f"W{number}", (network.outputs, features)))
        expected += [(f"b{number}", (network.outputs,))] * network.bias
        assert list(shapes.items()) == expected
        assert network.inputs == np.zeros(network.input).size
    else:
        expected = []
        for layer in range(1, len(network.widths)):
            expected.append((f"W{layer}", (network.widths[layer], network.widths[layer - 1])))
            expected += [(f"b{layer}", (network.widths[layer],))] * network.bias
        assert list(shapes.items()) == expected
        assert (network.inputs, network.outputs) == (network.widths[0], network.widths[-1])
    assert network.n_weights == sum(np.zeros(shape).size for shape in shapes.values())


def test_networks_are_values():
    one, same = tc.LinearFeedforward([3, 2]), tc.LinearFeedforward((3, 2), bias=False)
    assert one == same
    assert hash(one) == hash(same)
    assert one != tc.LinearFeedforward([3, 2], bias=True)
    assert tc.LinearFeedforward([2, 3, 1]) != tc.ShallowReLU([2, 3, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.widths = (1, 1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (tc.LinearFeedforward([4, 4, 3]), "linear feed-forward 4-4-3"),
        (tc.LinearFeedforward([4, 3], bias=True), "linear feed-forward 4-3 with biases"),
        (tc.ShallowReLU([2, 3, 1]), "shallow ReLU 2-3-1"),
        (
            tc.LinearRecurrent(1, 2, 3, steps=4, readout="all"),
            "linear recurrent 1-2-3, 4 steps, readout all",
        ),
    ],
)
def test_networks_describe_themselves(network: Any, words: str):
    assert network.describe() == words


def test_a_very_deep_network_describes_itself_in_one_line():
    assert len(tc.LinearFeedforward([2] * 100_000).describe()) < 80


@pytest.mark.parametrize(
    "network", [tc.LinearFeedforward([2, 4, 1, 3]), tc.LinearRecurrent(2, 3, 1, steps=3)]
)
def test_the_transposed_network_computes_the_transposed_matrices(network: Any):
    rng = np.random.default_rng(0)
    weights = {name: rng.integers(-9, 9, shape) for name, shape in network.weight_shapes.items()}
    other, names = network.transposed()
    turned = {names[name]: weight.T for name, weight in weights.items()}
    assert {name: weight.shape for name, weight in turned.items()} == other.weight_shapes
    for one, two in zip(_matrices(weights), _matrices(turned), strict=True):
        np.testing.assert_array_equal(one.T, two)


def _matrices(weights: dict[str, Any]) -> list[Any]:
    """The matrix of all layers, or those that an input meets one, two and three steps before."""
    if "recurrent" in weights:
        powers = (np.linalg.matrix_power(weights["recurrent"], k) for k in range(3))
        return [weights["readout"] @ power @ weights["input"] for power in powers]
    product = np.eye(weights["W1"].shape[1], dtype=int)
    for layer in range(1, len(weights) + 1):
        product = weights[f"W{layer}"] @ product
    return [product]


def test_a_relu_network_is_not_transposed():
    assert tc.ShallowReLU([2, 3, 1]).transposed() is None


def test_which_networks_are_read_at_every_step():
    final, every = (tc.LinearRecurrent(1, 2, 1, 1, readout) for readout in ("final", "all"))
    assert every.reads_every_step
    assert not final.reads_every_step
    assert not tc.LinearFeedforward([1, 2]).reads_every_step
