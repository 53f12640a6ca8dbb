"""Every command on files of nonlinear networks: an answer, or one line that says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run

__all__ = ["run"]  # a fixture

MADE = {
    "tanh": ["--activation", "tanh", "--bias", "--widths", "2,3,2"],
    "rnn": ["--kind", "recurrent", "--activation", "sigmoid", "--bias", "--hidden", "2"],
    "deep": ["--activation", "relu,silu", "--widths", "2,3,3,2", "--budget", "7"],
    "mixed": ["--activation", "tanh,erf", "--widths", "2,3,3,2", "--budget", "7"],
}
DECIDED = ("tanh", "rnn")  # by ranks


@pytest.fixture
def files(run: Any, tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, options in MADE.items():
        result = run("new", name, *options)
        assert (result.status, result.err) == (0, "")
    return tmp_path


def test_new_makes_both_kinds_with_as_many_learnables_as_needed(files: Path):
    allocation, samples = tc.load(files / "tanh.json")
    assert allocation.network == tc.Feedforward([2, 3, 2], activation="tanh", bias=True)
    assert (samples, allocation.n_learnable) == (3, 6)
    allocation, _ = tc.load(files / "rnn.json")
    network = tc.Recurrent(1, 2, 1, steps=4, activation="sigmoid", bias=True)
    assert allocation.network == network
    assert json.loads((files / "deep.json").read_text())["network"]["activation"] == [
        "relu",
        "silu",
    ]


def test_defaults_of_new(run: Any, tmp_path: Path, monkeypatch: Any):
    monkeypatch.chdir(tmp_path)
    for options, network in (
        (["--kind", "feedforward"], tc.Feedforward([3, 4, 2], activation="tanh")),
        (["--activation", "sin"], tc.Feedforward([3, 4, 2], activation="sin")),
        (["--activation", "relu"], tc.ShallowReLU([3, 4, 2])),
        (["--activation", "linear"], tc.LinearFeedforward([3, 4, 2])),
        (["--kind", "recurrent"], tc.Recurrent(1, 3, 1, steps=4, activation="tanh")),
    ):
        assert run("new", "a", "--force", *options).status == 0
        assert tc.load("a.json").allocation.network == network


def test_the_file_of_a_network_without_theorem_has_as_many_learnables_as_equations(
    run: Any, tmp_path: Path, monkeypatch: Any
):
    monkeypatch.chdir(tmp_path)
    assert run("new", "a", "--activation", "relu", "--widths", "3,5,5,2").status == 0
    assert tc.load("a.json").allocation.n_learnable == 6  # of 50


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("command", [["classify", "--diagnose"], ["explain"], ["estimate"]])
def test_what_is_always_answered(run: Any, files: Path, name: str, command: list[str]):
    first, *options = command
    result = run(first, f"{name}.json", *options)
    assert (result.status, result.err) == (0, "")
    assert f"{name}.json" in result.out
    found = json.loads(run(first, f"{name}.json", *options, "--json").out)
    if first == "classify":
        assert (found["expressivity"] in ("positive", "intermediate")) == (name != "deep")
        assert found.get("conditioned_on") == ("regular teacher" if name == "deep" else None)
        assert ("diagnostics" in found) == (name in DECIDED)
    elif first == "explain":
        says = next(t for t in found["theorems"] if t["theorem"] == "T11")
        assert (says["obstacle"] is None) == (name != "deep")


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    "command", [["capacity"], ["repair"], ["design", "--samples", "2", "--budget", "6"]]
)
def test_what_needs_exact_ranks_is_refused_without_them(
    run: Any, files: Path, name: str, command: list[str]
):
    first, *options = command
    result = run(first, f"{name}.json", *options)
    if name in DECIDED:
        assert (result.status, result.err) == (0, "")
        assert any(word in result.out for word in ("POSITIVE", "INTERMEDIATE", "MAXIMAL"))
    else:
        check_one_line(result, "where the rank decides")
        assert "classify" in result.err


def test_given_inputs(run: Any, files: Path):
    import numpy as np

    np.save("data.npy", np.ones((3, 2)))
    result = run("classify", "tanh.json", "--inputs", "data.npy", "--json")
    assert json.loads(result.out)["expressivity"] == "maximal"  # one sample, three times
    np.save("data.npy", [[0, 0], [1, 1], [2, 2]])
    result = run("classify", "tanh.json", "--inputs", "data.npy", "--json")
    assert "at a real point" in json.loads(result.out)["reason"]  # they have short relations
    np.save("data.npy", [[1, 0], [0, 1], [2, 2]])
    result = run("classify", "tanh.json", "--inputs", "data.npy", "--json")
    assert json.loads(result.out)["expressivity"] in ("positive", "intermediate")
    np.save("data.npy", np.ones((3, 2)))
    result = run("classify", "rnn.json", "--inputs", "data.npy")
    check_one_line(result, "(points, 4), the inputs of 4 steps, 1 each, not (3, 2)")
    steps = np.random.default_rng(0).normal(size=(3, 4, 1))
    for array in (steps, steps.reshape(3, 4)):
        np.save("data.npy", array)
        result = run("classify", "rnn.json", "--inputs", "data.npy", "--certificate", "c.json")
        assert (result.status, result.err) == (0, "")
        assert run("check", "c.json").status == 0
    np.save("data.npy", np.ones((3, 5, 1)))
    check_one_line(run("classify", "rnn.json", "--inputs", "data.npy"), "not (3, 5, 1)")


@pytest.mark.parametrize("name", MADE)
def test_pictures_and_reports(run: Any, files: Path, name: str):
    pytest.importorskip("matplotlib")
    assert run("plot", f"{name}.json", "--out", "a.svg").status == 0
    result = run("plot", f"{name}.json", "--out", "b.svg", "--what", "network")
    if name == "rnn":
        check_one_line(result, "one hidden state without biases")
    else:
        assert result.status == 0
    result = run("report", f"{name}.json", "--out", "page.html")
    assert result.status == 0
    assert "T11" in (files / "page.html").read_text() or name not in DECIDED


SWEEP = """
[network]
{network}
[sweep]
samples = {samples}
budget = {budget}
"""
FEEDFORWARD = 'kind = "feedforward"\nwidths = [2, 2, 2]\nactivation = "tanh"\nbias = true'
RECURRENT = (
    'kind = "recurrent"\ninputs = 1\nhidden = 2\noutputs = 2\nsteps = 2\nactivation = "sigmoid"\n'
    "bias = true"
)


@pytest.mark.parametrize(
    ("network", "samples", "budget"),
    [pytest.param(FEEDFORWARD, 3, 7, marks=pytest.mark.long), (RECURRENT, 1, 2)],
)
def test_a_sweep_decides_what_classify_does_one_by_one(
    run: Any, tmp_path: Path, monkeypatch: Any, network: str, samples: int, budget: int
):
    """Orbits under permutations of units with what is learnable of their biases, too."""
    from itertools import combinations

    import numpy as np

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(SWEEP.format(network=network, samples=samples, budget=budget))
    assert run("sweep", "s.toml", "--out", "s.sqlite", "--workers", "1").status == 0
    spec = tc.load_spec("s.toml")
    n = spec.space.n_entries
    classes: dict[str, int] = {}
    for chosen in combinations(range(n), budget):
        mask = np.zeros(n, dtype=bool)
        mask[list(chosen)] = True
        found = str(tc.classify(spec.space.allocation(mask), samples).expressivity)
        classes[found] = classes.get(found, 0) + 1
    summary = json.loads(run("summary", "s.sqlite", "--json").out)
    assert classes == totals(summary)
    assert len(classes) > 1


def totals(summary: dict[str, Any]) -> dict[str, int]:
    """Class -> allocations, of what `summary --json` prints."""
    return {row["expressivity"]: row["allocations"] for row in summary["classes"]}
