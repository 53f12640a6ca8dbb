"""Parametrizations: what is refused, numbers of parameters, files and the command line."""

import json

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import run as run
from tests.shared.parametrised import random_parametrization
from theorycheck.problem.parametrization_files import parametrized_from_dict, parametrized_to_dict

NET = tc.LinearFeedforward([3, 2, 3], bias=True)
SPARSE = {"W1": [[1, 1, 0], [1, 1, 1]]}


@pytest.mark.parametrize(
    ("weights", "more", "words"),
    [
        ({"W9": tc.Entries()}, {}, "weights has no weight 'W9'"),
        ({"W1": [tc.Scaling("rows"), tc.Scaling("rows")]}, {}, "rows twice"),
        ({"W1": [tc.Entries(), tc.Tied("W2", True)]}, {}, "nothing else"),
        ({"W1": "rows"}, {}, "must be Entries, LowRank, Scaling or Tied"),
        ({"b1": tc.LowRank(1)}, {}, "is a bias"),
        ({"b1": tc.Scaling("columns")}, {}, "is a bias"),
        ({"W2": tc.Tied("W1")}, {}, "has shape"),
        ({"W2": tc.Tied("W1", True), "W1": tc.Tied("W2", True)}, {}, "tied itself"),
        ({"W1": tc.LowRank(1)}, {"present": SPARSE}, "absent connections"),
        ({"W1": tc.Entries(np.ones((2, 3)))}, {"present": SPARSE}, "absent connection"),
        ({"W2": tc.Tied("W1", True)}, {"present": SPARSE}, "other connections are present"),
        ({"W2": tc.Tied("W1", True)}, {"base": {"W2": np.ones((3, 2))}}, "its base is that of W1"),
        ({"W1": tc.Scaling("rows", "s"), "W2": tc.Scaling("rows", "s")}, {}, "has 2 numbers"),
        ({"W1": [tc.Scaling("rows", "s"), tc.Scaling("columns", "s")]}, {}, "one scaling"),
        ({}, {"base": {"W1": np.ones((3, 3))}}, "must have shape"),
        ({}, {"tied_teacher": 1}, "true or false"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(weights, more, words):
    with pytest.raises(tc.InputError, match=words):
        tc.Parametrization(NET, weights, **more).forms  # noqa: B018


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tc.LowRank(0), "rank must be"),
        (lambda: tc.LowRank(1, train=()), "train must name factors"),
        (lambda: tc.LowRank(1, train="AB"), "train must name factors"),
        (lambda: tc.Scaling("row"), "'rows' or 'columns'"),
        (lambda: tc.Scaling("rows", "a.b"), "without a dot"),
    ],
)
def test_terms_are_checked(make, words):
    with pytest.raises(tc.InputError, match=words):
        make()


def test_networks_with_filters_and_residual_layers_are_refused():
    filters = tc.Convolutional([1, 4], [{"channels": 1, "kernel": 2}], 1, activation="tanh")
    residual = tc.Feedforward([2, 2, 1], activation="tanh", skip=True)
    for network in (filters, residual):
        with pytest.raises(tc.InputError, match="without filters or residual layers"):
            tc.Parametrization(network, {})


def test_numbers_of_parameters():
    own = tc.Parametrization(
        NET,
        {
            "W1": [tc.LowRank(1, ("B",)), tc.Scaling("rows", "gain"), tc.Entries([[1, 0, 0]] * 2)],
            "b1": tc.Scaling("rows", "gain"),
            "W2": tc.LowRank(2),
        },
    )
    sizes = {block.name: block.size for block in own.blocks}
    assert sizes == {"W1.entries": 2, "W1.B": 2, "gain": 2, "W2.A": 4, "W2.B": 6}
    assert own.n_parameters == 16
    assert own.n_moving == 2 + 2 + 2 + 6  # W2 has 6 entries
    assert not own.is_full
    assert tc.Parametrization(NET, {n: tc.Entries() for n in NET.weight_shapes}).is_full


def test_files_hold_what_was_written(tmp_path):
    rng = np.random.default_rng(0)
    networks = [NET, tc.Recurrent(2, 3, 1, 2, activation="tanh", bias=True)]
    for case in range(20):
        own = random_parametrization(networks[case % 2], rng)
        tc.save_parametrization(tmp_path / "own.json", own, 2)
        again, samples = tc.load_parametrization(tmp_path / "own.json")
        assert samples == 2
        assert parametrized_to_dict(again, 2) == parametrized_to_dict(own, 2)
        assert again.blocks == own.blocks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"parameters": {"W1": {"rank": 1}}}, "unknown key 'rank'"),
        ({"parameters": {"W1": {"low_rank": 1}}}, "must be an object with rank, train"),
        ({"parameters": {"W1": {"rows": 1}}}, "true or a name"),
        ({"parameters": {"W1": {"tied": {}}}}, "has a name `to`"),
        ({"parameters": []}, "parameters must be an object"),
        ({"samples": 0}, "samples must be"),
        ({"inputs": []}, "unknown key 'inputs'"),
    ],
)
def test_wrong_files_are_refused(change, words):
    data = {"network": NET.to_dict(), "samples": 1, "parameters": {}}
    with pytest.raises(tc.InputError, match=words):
        parametrized_from_dict({**data, **change})


def test_the_command_line_classifies_files_with_parameters(tmp_path, run):
    file = tmp_path / "lora.json"
    own = tc.Parametrization(tc.LinearFeedforward([4, 3]), {"W1": tc.LowRank(1)})
    tc.save_parametrization(file, own, 2)
    found = run("classify", file, "--certificate", tmp_path / "c.json")
    assert found.status == 0
    assert "7 parameters of 12 weights, 6 needed" in found.out
    assert "MINIMAL" in found.out
    assert run("check", tmp_path / "c.json").status == 0
    assert json.loads(run("classify", file, "--json").out)["theorem"] == "T19"
    refused = run("explain", file)
    assert refused.status == 2
    assert "classify reads it" in refused.err


def test_only_classify_takes_them():
    own = tc.Parametrization(NET, {"W1": tc.LowRank(1)})
    with pytest.raises(tc.InputError, match=r"only tc\.classify speaks"):
        tc.explain(own, 2)  # type: ignore[arg-type]
    with pytest.raises(tc.InputError, match="leave inputs"):
        tc.classify(own, 2, inputs=np.eye(3))
