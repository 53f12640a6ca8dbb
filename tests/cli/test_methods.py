"""`theorycheck methods`: the table, JSON, files that it writes, one line for whatever is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, run

pytestmark = pytest.mark.long  # it hangs on no version

__all__ = ["run"]  # a fixture

TANH = Path(__file__).parents[2] / "examples" / "allocations" / "tanh.json"
NETWORK = {"kind": "linear_feedforward", "widths": [4, 6, 3]}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(NETWORK))
    return path


def rows_of(result: Any) -> dict[str, list[str]]:
    """The lines of the table, by the method."""
    assert (result.status, result.err) == (0, "")
    lines = result.out.split("\n\n")[1].splitlines()
    return {line[:12].strip(): line[12:].split() for line in lines}


def test_the_table_has_the_numbers_of_the_answer(run: Any):
    result = run("methods", TANH, "--budget", 12)
    title = "tanh.json: tanh feed-forward 3-4-4-2 with biases, 4 samples; budget 12 of 46 weights"
    assert result.out.splitlines()[0] == title
    table = rows_of(result)
    allocation, samples = tc.load(TANH)
    for row in tc.compare_methods(allocation, 12, samples).rows:
        if row.median is None:
            assert row.method not in table
            assert row.method in result.out
            continue
        verdict, cells = row.median.verdict, table[row.method]
        assert verdict is not None
        assert cells[:2] == [str(row.median.learnable), str(verdict.expressivity)]
        assert cells[2] == f"{row.median.rank}/{row.median.target_dimension}"
        assert cells[-1] == verdict.theorem
    assert table["full"][3:5] == ["any", "any"]
    assert "entries at random (SHiRA); the median of 3 draws, seeds 0 to 2" in result.out


def test_json_has_the_keys_of_a_row(run: Any, network: Path):
    result = run("methods", network, "--budget", 18, "--samples", 3, "--json", "--budgets", "6,20")
    data = json.loads(result.out)
    assert (result.status, result.err) == (0, "")
    keys = ["file", "network", "samples", "budget", "size", "rows", "others"]
    keys += ["error_bound", "conditioned_on", "limited_by"]
    assert list(data) == keys
    assert data["file"] == str(network)
    assert {row["budget"] for row in data["others"]} == {6, 20}
    for row in data["rows"]:
        assert list(row) == ["method", "what", "budget", "keeps_budget", "median", "draws"]
        for draw in row["draws"]:
            wanted = {"learnable", "expressivity", "theorem", "rank", "target_dimension", "seconds"}
            assert wanted <= draw.keys()
            assert {"positive", "maximal"} <= draw["capacity"].keys()
    seeds = [
        draw["seed"] for row in data["rows"] for draw in row["draws"] if row["method"] == "random"
    ]
    assert seeds == [0, 1, 2]


def test_files_are_written(run: Any, tmp_path: Path, network: Path):
    pytest.importorskip("matplotlib")
    figure, folder = tmp_path / "figure.svg", tmp_path / "chosen"
    common = ("--budget", 18, "--samples", 3, "--draws", 1, "--budgets", "6,20")
    result = run("methods", network, *common, "--out", figure, "--save", folder)
    assert (result.status, result.err) == (0, "")
    text = figure.read_text()
    assert text.startswith("<?xml")
    for words in ("LoRA of W1", "spread", "numbers trained, of 42"):
        assert words in text
    names = {path.stem for path in folder.iterdir()}
    assert names == {"full", "last-layers", "random", "spread", "rows", "columns"} | {
        "LoRA-of-W1",
        "LoRA-of-W2",
        "scalings",
    }
    parameters = json.loads((folder / "scalings.json").read_text())["parameters"]
    assert parameters == {"W1": {"rows": True}, "W2": {"rows": True}}
    again = rows_of(run("methods", network, *common[:6], "--mask", folder / "scalings.json"))
    assert again["scalings"][0] == "9"
    allocation, samples = tc.load(folder / "last-layers.json")
    assert allocation == tc.Allocation.layer(tc.LinearFeedforward([4, 6, 3]), "W2")
    assert samples == 3


def test_own_masks_and_values_are_rows(run: Any, tmp_path: Path, network: Path):
    mine, values = tmp_path / "mine.json", tmp_path / "values.npz"
    linear = tc.LinearFeedforward([4, 6, 3])
    tc.save(mine, tc.Allocation.rows(linear, {"W1": [0, 2]}), 3)
    rng = np.random.default_rng(0)
    np.savez(values, W1=rng.normal(size=(6, 4)), W2=rng.normal(size=(3, 6)))
    common = ("--budget", 18, "--samples", 3, "--draws", 1)
    table = rows_of(run("methods", network, *common, "--mask", mine, "--weights", values))
    assert table["mine"][0] == "8"
    assert table["magnitude"][0] == "18"
    assert "yours" in rows_of(run("methods", mine, "--budget", 18, "--draws", 1))


def test_rows_that_the_time_did_not_reach_say_so(run: Any):
    result = run("methods", TANH, "--budget", 16, "--seconds", "1e-9")
    assert rows_of(result)["spread"][:3] == ["16", "not", "reached"]
    assert "the time was up before all was known" in " ".join(result.out.split())


def test_whatever_is_wrong_is_one_line(run: Any, tmp_path: Path, network: Path):
    common = ("--budget", 18, "--samples", 3)
    check_one_line(run("methods", network, "--budget", 18), network, "--samples M")
    check_one_line(run("methods", network, "--budget", 43, "--samples", 3), network, "1 to 42")
    check_one_line(run("methods", network, *common, "--mask", TANH), TANH, "the mask is one of")
    check_one_line(run("methods", network, *common, "--budgets", "5;6"), "--budgets", "50,100,200")
    check_one_line(run("methods", network, *common, "--out", tmp_path / "a.txt"), "--out", ".svg")
    check_one_line(run("methods", network, *common, "--weights", TANH), TANH, "must end in .npz")
    check_one_line(run("methods", tmp_path / "none.json", *common), "none.json", "no such file")
    check_one_line(run("methods", network, "--samples", 3), "--budget")
