"""`theorycheck new`, comments in files, shell completion, and suggestions in errors."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theorycheck as tc
from tests.cli.test_cli import LINEAR, check_one_line, problems, run
from tests.shared.patience import HANGS
from theorycheck.answers.starting_files import (
    LARGEST,
    needed_learnables,
    starting_allocation,
    template,
)
from theorycheck.cli import options
from theorycheck.cli.commands import new
from theorycheck.computing.backend import BACKENDS
from theorycheck.errors import nearest
from theorycheck.measurement.trials import LAWS
from theorycheck.problem.files import problem_from_dict, save
from theorycheck.problem.networks.kinds import KINDS
from theorycheck.statements import STATEMENTS
from theorycheck.strategies import feedforward_networks, recurrent_networks, relu_networks
from theorycheck.sweeps.spec import spec_from_dict

__all__ = ["problems", "run"]  # fixtures

NETWORKS = st.one_of(feedforward_networks(), recurrent_networks(), relu_networks())


# Templates


@settings(deadline=None, max_examples=40, derandomize=True)
@given(NETWORKS, st.integers(1, 5), st.data())
def test_a_template_is_plain_json_and_reads_as_the_allocation(
    network: Any, samples: int, data: st.DataObject
):
    seed = data.draw(st.integers(0, 2**32))
    budget = data.draw(st.integers(0, network.n_weights))
    allocation = starting_allocation(network, samples, budget, seed)
    assert allocation.n_learnable == budget
    text = template(allocation, samples)
    parsed = json.loads(text)
    assert list(parsed) == ["comment", "network", "samples", "learnable"]
    assert list(parsed["learnable"]) == list(network.weight_shapes)
    assert problem_from_dict(parsed) == (allocation, samples)
    assert all(len(line) <= 90 for line in parsed["comment"])
    del parsed["comment"]  # as by a program that has its own reader
    assert problem_from_dict(parsed) == (allocation, samples)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(NETWORKS, st.integers(1, 4))
def test_the_default_budget_is_what_a_match_needs(network: Any, samples: int):
    needed = needed_learnables(network, samples)
    allocation = starting_allocation(network, samples)
    if needed is None or needed > network.n_weights:
        assert allocation.n_learnable == network.n_weights
        return
    assert allocation.n_learnable == needed
    fewer = starting_allocation(network, samples, needed - 1)
    verdict = tc.classify(fewer, samples, effort=tc.Effort(seconds=0))
    assert verdict.expressivity == tc.Expressivity.MINIMAL


def test_one_mask_row_a_line():
    network = tc.LinearFeedforward([3, 4, 2], bias=True)
    text = template(tc.Allocation.rows(network, {"W1": [2]}), 3)
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    assert lines.count("[1, 1, 1]") == 1
    assert lines.count("[0, 0, 0]") == 3
    assert '"b1": [0, 0, 0, 0]' in lines


def test_comments_tell_the_shapes_and_the_bound():
    def comments(network: Any) -> str:
        return "\n".join(json.loads(template(starting_allocation(network, 3), 3))["comment"])

    linear = comments(tc.LinearFeedforward([3, 4, 1], bias=True))
    for words in ("W1: 4 rows, 3 columns", "W2: 1 row, 4 columns", "b1: 4 biases", "b2: 1 bias\n"):
        assert words in linear
    assert "fewer than 3 match no random teacher" in linear
    assert "fewer than 6 match no regular random teacher" in comments(tc.ShallowReLU([3, 4, 2]))
    deep = comments(tc.LinearFeedforward([2] * 60))
    assert "and so on" in deep
    assert "W59: 2 rows" in deep
    assert len(deep.splitlines()) < 25


def test_a_seed_shuffles_and_none_is_fixed():
    network = tc.LinearFeedforward([6, 6, 6])
    fixed = [starting_allocation(network, 4) for _ in range(2)]
    assert fixed[0] == fixed[1]
    shuffled = [starting_allocation(network, 4, seed=seed) for seed in (1, 1, 2)]
    assert shuffled[0] == shuffled[1] != shuffled[2]
    assert shuffled[0] != fixed[0]


def test_what_nobody_edits_by_hand_is_refused():
    starting_allocation(tc.LinearFeedforward([100, LARGEST // 100]), 1)
    with pytest.raises(tc.InputError, match=r"20100 weights; a file to edit by hand has at most"):
        starting_allocation(tc.LinearFeedforward([100, LARGEST // 100 + 1]), 1)


# Comments in files


@pytest.mark.parametrize("comment", ["mine", [], ["a", "b"], ""])
def test_comments_are_skipped_and_not_written(tmp_path: Path, comment: Any):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**LINEAR, "comment": comment}))
    problem = tc.load(path)
    assert problem == problem_from_dict(LINEAR)
    save(path, *problem)
    assert "comment" not in json.loads(path.read_text())


@pytest.mark.parametrize("comment", [None, 1, {}, ["a", 1], [["a"]]])
def test_a_comment_is_text(comment: Any):
    with pytest.raises(tc.InputError, match="comment must be a text or a list of texts, not"):
        problem_from_dict({**LINEAR, "comment": comment})


# The command


@pytest.mark.parametrize(
    ("arguments", "network", "samples"),
    [
        ([], tc.LinearFeedforward([3, 4, 2]), 3),
        (["--widths", "2, 5,1", "--bias"], tc.LinearFeedforward([2, 5, 1], bias=True), 3),
        (["--kind", "shallow_relu", "--samples", 2], tc.ShallowReLU([3, 4, 2]), 2),
        (["--kind", "linear_recurrent"], tc.LinearRecurrent(1, 3, 1, 4), 3),
        (
            [
                *("--kind", "linear_recurrent", "--inputs", 2, "--hidden", 4, "--outputs", 3),
                *("--steps", 5, "--readout", "all", "--samples", 1, "--budget", 7, "--seed", 2),
            ],
            tc.LinearRecurrent(2, 4, 3, 5, "all"),
            1,
        ),
    ],
)
def test_new_writes_what_the_next_commands_read(
    run: Any, tmp_path: Path, arguments: list[Any], network: Any, samples: int
):
    result = run("new", tmp_path / "my start", *arguments)
    path = tmp_path / "my start.json"
    assert (result.status, result.err) == (0, "")
    assert f"theorycheck classify '{path}'\n" in result.out
    allocation, found = tc.load(path)
    assert (allocation.network, found) == (network, samples)
    if "--budget" in arguments:
        assert allocation.n_learnable == 7
        assert allocation == tc.Allocation.spread(network, 7, np.random.default_rng(2))
    data = json.loads(run("classify", path, "--seconds", 0, "--json").out)
    assert data["rank"] == data["target_dimension"] or "--budget" in arguments
    if not arguments:
        assert run("measure", path, "--trials", 2, "--backend", "numpy").status == 0


def test_new_overwrites_only_by_force(run: Any, tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text("mine")
    check_one_line(run("new", tmp_path / "a"), path, "exists; --force overwrites it")
    check_one_line(run("new", path), "exists; --force overwrites it")
    assert path.read_text() == "mine"
    assert run("new", path, "--force").status == 0
    assert tc.load(path).samples == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "--kind", "linear_recurent"], "(did you mean 'linear_recurrent'?)"),
        (["a", "--steps", "3"], "--steps is for linear_recurrent and recurrent, not for linear_f"),
        (["a", "--activation", "tanh,tahn"], "not 'tahn' (did you mean 'tanh'?)"),
        (["a", "--activation", "tanh", "--kind", "shallow_relu"], "say --kind feedforward"),
        (["a", "--activation", "tanh", "--kind", "linear_recurrent"], "say --kind recurrent"),
        (["a", "--activation", "tanh,relu"], "for each hidden layer, of which there is 1, not 2"),
        (["a", "--activation", "tanh,relu", "--kind", "recurrent"], "must be one of linear, tanh"),
        (["a", "--kind", "shallow_relu", "--readout", "all"], "--readout is for linear_recurrent"),
        (
            ["a", "--kind", "linear_recurrent", "--bias"],
            "for linear_recurrent: say --kind recurrent",
        ),
        (["a", "--kind", "linear_recurrent", "--widths", "2,2"], "--widths is for linear_feedf"),
        (["a", "--widths", "3,x"], "'--widths': it must be an integer from 1, not 'x'"),
        (["a", "--widths", ""], "'--widths': it must be an integer from 1, not ''"),
        (["a", "--widths", "3"], "network.widths must have at least 2 entries"),
        (["a", "--kind", "shallow_relu", "--widths", "3,4"], "network.widths must have 3 entries"),
        (["a", "--widths", f"{2**31},2"], "network.widths[0] must be an integer from 1 to"),
        (["a", "--widths", f"{2**29},{2**29}"], "a file to edit by hand has at most 20000"),
        (["a", "--budget", "99"], "budget must be an integer from 0 to 20, not 99"),
        (["a", "--samples", "0"], "'--samples': it must be an integer from 1, not '0'"),
        (["a", "--samples", f"{2**31}"], "samples must be an integer from 1 to"),
        (["a", "--readout", "last", "--kind", "linear_recurrent"], "must be final or all, not"),
        (["a.npz"], "archives hold no comments"),
        ([""], "'': this is no name for a file"),
        (["."], "this is no name for a file"),
        (["no/a"], "a.json cannot be written: No such file or directory"),
        (["a\0b"], "cannot be written: embedded null"),
        ([], "Missing argument 'NAME'"),
    ],
)
def test_bad_news_are_one_line(
    run: Any, tmp_path: Path, monkeypatch: Any, arguments: list[str], message: str
):
    monkeypatch.chdir(tmp_path)
    result = run("new", *arguments)
    check_one_line(result, message)
    assert result.out == ""
    assert not list(tmp_path.iterdir())


# Suggestions


def test_nearest_knows_case_dashes_and_nothing_far():
    assert nearest("w1", ["W1", "W2"]) == " (did you mean 'W1'?)"
    assert nearest("--sampels", ["--samples", "--seed"]) == " (did you mean '--samples'?)"
    assert nearest("--sampels", ["--instances", "--seed"]) == ""
    assert nearest("x" * 10**6, ["W1"]) == nearest(None, []) == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clasify"], "No such command 'clasify' (did you mean 'classify'?)"),
        (["zzz"], "No such command 'zzz' (theorycheck --help"),
        (["--versoin"], "No such option: --versoin (did you mean '--version'?)"),
        (["design", "a", "--sampels", "3"], "--sampels (did you mean '--samples'?)"),
        (["sweep", "a", "--no-degre"], "--no-degre (did you mean '--no-degree'?)"),
        (["classify", "a", "--backend", "nump"], "not 'nump' (did you mean 'numpy'?)"),
        (
            ["measure", "a", "--law", "normla"],
            "must be normal or uniform, not 'normla' (did you me",
        ),
        (["repair", "a", "--budget", "some"], "must be same or more, not 'some' (did you mean 'sa"),
        (["prove", "T44"], "not 'T44' (did you mean 'T4'?)"),
        (["verify", "T44"], "not 'T44' (did you mean 'T4'?)"),
    ],
)
def test_usage_errors_suggest_the_nearest_name(run: Any, arguments: list[str], message: str):
    check_one_line(run(*arguments), message)


SWEEP = {"network": LINEAR["network"], "sweep": {"samples": 2, "budget": 3}}


@pytest.mark.parametrize(
    ("read", "data", "name"),
    [
        (problem_from_dict, {**LINEAR, "lernable": {}}, "learnable"),
        (problem_from_dict, {**LINEAR, "network": {"kind": "shalow_relu"}}, "shallow_relu"),
        (problem_from_dict, {**LINEAR, "network": {"kind": "shallow_relu", "width": 2}}, "widths"),
        (problem_from_dict, {**LINEAR, "learnable": {"w1": []}}, "W1"),
        (spec_from_dict, {**SWEEP, "presnt": {}}, "present"),
        (spec_from_dict, {**SWEEP, "sweep": {"sample": 2}}, "samples"),
        (spec_from_dict, {**SWEEP, "sweep": {**SWEEP["sweep"], "mode": "randm"}}, "random"),
        (spec_from_dict, {**SWEEP, "sweep": {**SWEEP["sweep"], "weights": ["W11"]}}, "W1"),
    ],
)
def test_keys_suggest_the_nearest_name(read: Any, data: Any, name: str):
    with pytest.raises(tc.InputError, match=rf"did you mean '{name}'\?"):
        read(data)


def test_arrays_of_an_archive_suggest_the_nearest_name(tmp_path: Path):
    path = tmp_path / "a.npz"
    meta = {key: LINEAR[key] for key in ("network", "samples")}
    arrays: Any = {"lernable.W1": np.ones((4, 3), dtype=bool)}
    np.savez(path, meta=np.array(json.dumps(meta)), **arrays)
    with pytest.raises(tc.InputError, match=r"'lernable.W1' \(did you mean 'learnable'\?\)"):
        tc.load(path)


@pytest.mark.parametrize(
    ("call", "arguments", "name"),
    [
        (tc.measure, {"law": "normale"}, "normal"),
        (tc.repair, {"budget": "mor"}, "more"),
        (tc.classify, {"backend": "nunpy"}, "numpy"),
        (tc.prove, {"ids": ["T33"]}, "T3"),
    ],
)
def test_arguments_suggest_the_nearest_name(call: Any, arguments: dict[str, Any], name: str):
    positional = () if call is tc.prove else problem_from_dict(LINEAR)
    with pytest.raises(tc.InputError, match=rf"did you mean '{name}'\?"):
        call(*positional, **arguments)


# Completion


def shell(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a shell's completion runs: the program in an environment that asks."""
    environment = {**os.environ, **variables, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=environment)


RUN = "import sys; sys.argv = ['theorycheck', *{}]; from theorycheck.cli.app import main; main()"


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_show_completion_prints_the_script_of_a_shell(name: str):
    result = shell(RUN.format(["--show-completion", name]))
    assert (result.returncode, result.stderr) == (0, "")
    assert f"_THEORYCHECK_COMPLETE=complete_{name}" in result.stdout
    assert "theorycheck" in result.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["cl"], ["classify"]),
        (["prove", "T1"], sorted(id for id in STATEMENTS if id.startswith("T1"))),
        (["new", "a", "--activation", "s"], ["sigmoid", "silu", "sin", "softplus", "square"]),
        (["verify", "t4", "c"], ["c1", "c2"]),
        (["new", "a", "--kind", "linear_"], ["linear_feedforward", "linear_recurrent"]),
        (["classify", "--backend", ""], ["auto", "cupy", "numpy"]),
        (["measure", "a", "--law", "u"], ["uniform"]),
        (["classify", "exam"], []),  # the shell itself completes file names then
    ],
)
def test_bash_completes(words: list[str], offered: list[str]):
    line = " ".join(["theorycheck", *words])
    asked = {"COMP_WORDS": line.replace(" ", "\n"), "COMP_CWORD": str(len(words))}
    result = shell(RUN.format([]), _THEORYCHECK_COMPLETE="complete_bash", **asked)
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(result.stdout.split()) == offered


@pytest.mark.parametrize(("line", "status"), [("classify ", 1), ("prove T", 0)])
def test_fish_is_told_by_the_status_whether_to_complete_files(line: str, status: int):
    asked = {
        "_TYPER_COMPLETE_FISH_ACTION": "is-args",
        "_TYPER_COMPLETE_ARGS": f"theorycheck {line}",
    }
    result = shell(RUN.format([]), _THEORYCHECK_COMPLETE="complete_fish", **asked)
    assert result.returncode == status


def test_completion_loads_nothing_heavy():
    code = RUN.format([]).replace("main()", "\ntry: main()\nfinally: print('numpy' in sys.modules)")
    asked = {"COMP_WORDS": "theorycheck\nmeasure\na\n--backend\n", "COMP_CWORD": "4"}
    result = shell(code, _THEORYCHECK_COMPLETE="complete_bash", **asked)
    assert result.stdout.split() == ["numpy", "cupy", "auto", "False"]


def test_names_that_completion_repeats_are_those_in_use():
    assert sorted(options.BACKENDS) == sorted(BACKENDS)
    assert options.LAWS == LAWS
    assert sorted(new._KINDS) == sorted(KINDS)
    assert options._offered_theorems("") == list(STATEMENTS)


# Examples (they run in test_readme)

EXAMPLES = Path(__file__).parents[2] / "examples"
WALKS = ["classify_without_training", "property_test", "library_call", "connectome"]


def test_the_list_of_examples_leads_to_them():
    text = (EXAMPLES / "README.md").read_text()
    links = re.findall(r"^- \[([^]]*)\]\(([^)]*)\): .+\.$", text, re.MULTILINE)
    assert len(links) == text.count("\n- ")
    assert all((EXAMPLES / target).exists() for _, target in links)
    assert {f"{name}.py" for name in WALKS} <= {target for _, target in links}


@pytest.mark.parametrize("name", WALKS)
def test_walk_throughs_are_cells_with_prose(name: str):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert text.startswith("# %% [markdown]\n# # ")
    assert text.count("# %% [markdown]\n") >= 4
    for entry in text.split("# %% [markdown]\n")[1:]:
        prose = entry.split("# %%\n")[0].strip()
        assert all(line.startswith("#") for line in prose.splitlines())
