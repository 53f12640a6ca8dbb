"""The commands measure and compare: output, exit statuses, one line for whatever is wrong."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, problems, run
from tests.shared.device import Device
from theorycheck.measurement import estimate as estimates
from theorycheck.verification import comparison

__all__ = ["problems", "run"]  # fixtures

EXAMPLES = Path(__file__).parents[2] / "examples" / "allocations"
DIAGONALS, CROSS, FOREST = (EXAMPLES / f"{n}.json" for n in ("diagonals", "cross", "forest"))
FAST = ("--backend", "numpy", "--trials", "60")
KEYS = ("file", "matches", "trials", "undecided", "match_probability", "interval", "method")
MORE_KEYS = (
    "backend", "generator", "seed", "law", "rank", "target_dimension", "degree", "seconds",
)  # fmt: skip


def text_of(result: Any, status: int = 0) -> str:
    assert (result.status, result.err) == (status, "")
    return " ".join(result.out.split())


# measure


def test_an_estimate_for_people(run: Any):
    text = text_of(run("measure", DIAGONALS, *FAST))
    counted = tc.measure(*tc.load(DIAGONALS), trials=60, backend="numpy")
    assert f"MATCHED {counted.matches} of 60 draws, 0 undecided" in text
    low, high = counted.interval
    assert f"{counted.match_probability:.4f}; 95 % interval {low:.4f} to {high:.4f}" in text
    assert "method homotopy, 2 complex solutions of each draw rank 4 of 4, as measured" in text
    assert "draws normal, seed 0, numpy," in text


def test_estimate_json_has_the_keys_of_the_contract(run: Any, problems: dict[str, Path]):
    result = run("measure", DIAGONALS, *FAST, "--json", "--seed", 4, "--law", "uniform")
    (line,) = result.out.splitlines()
    data = json.loads(line)
    assert data.keys() == {*KEYS, *MORE_KEYS}
    known = tc.measure(*tc.load(DIAGONALS), trials=60, backend="numpy", seed=4, law="uniform")
    assert {**data, "seconds": 0} == {"file": str(DIAGONALS), **known.to_dict(), "seconds": 0}
    relu = json.loads(run("measure", problems["relu"], *FAST, "--json").out)
    assert relu.keys() == {*KEYS, *MORE_KEYS, "regular"}
    assert relu["regular"].keys() == {"matches", "trials", "undecided", "interval"}


def test_measure_and_compare_say_what_ran_on_a_gpu(run: Any, device: Device):
    options = ("--backend", "cupy", "--trials", 40, "--seed", 3)
    text = text_of(run("measure", CROSS, *options))
    assert "draws normal, seed 3 of cupy's generator, cupy," in text
    data = json.loads(run("compare", CROSS, *options, "--json").out)
    assert (data["estimate"]["backend"], data["estimate"]["generator"]) == ("cupy", "cupy")
    assert data["settings"]["backend"] == "cupy"
    assert data["versions"]["cupy"] == device.__version__


def test_relu_networks_show_their_regular_teachers(run: Any, problems: dict[str, Path]):
    text = text_of(run("measure", problems["relu"], *FAST))
    assert "regular" in text
    assert "undecided; 95 % interval" in text


def test_inputs_width_and_restarts_are_taken(run: Any, tmp_path: Path):
    np.save(tmp_path / "data.npy", np.random.default_rng(0).normal(size=(9, 4)))
    inputs = ("--inputs", tmp_path / "data.npy", "--backend", "numpy", "--restarts", 3)
    text = text_of(run("measure", FOREST, *inputs, "--width", "0.01", "--trials", 10**9))
    assert "MATCHED 500 of 500 draws" in text


class Planted:
    """Unpickling one would leave a trace."""

    def __reduce__(self) -> Any:
        return (Path("unpickled").touch, ())


BAD_DATA: dict[str, Any] = {
    "absent": (None, "no such file"),
    "text": (b"1 2 3\n", "is damaged"),
    "objects": (np.array([[Planted()]], dtype=object), "pickled objects, which are never loaded"),
    "strings": (np.array([["a"]]), "must hold real numbers"),
    "complex": (np.ones((5, 4), dtype=complex), "must hold real numbers"),
    "cube": (np.ones((5, 4, 1)), "of shape (points, 4), not (5, 4, 1)"),
    "hypercube": (np.ones((5, 4, 1, 1)), "not (points, inputs) or (points, steps, inputs)"),
    "shape": (np.ones((5, 3)), "of shape (points, 4), not (5, 3)"),
    "infinite": (np.full((5, 4), np.inf), "must be finite"),
    "few": (np.ones((2, 4)), "3 points or more, not 2"),
}


def test_teachers_and_frozen_weights_are_taken(run: Any, tmp_path: Path):
    weights, masks = tmp_path / "weights.npz", tmp_path / "masks.npz"
    np.savez(weights, W1=np.eye(4))
    np.savez(masks, W1=np.eye(4))
    text = text_of(run("measure", CROSS, *FAST, "--teacher", "sparse:0.5", "--weights", weights))
    assert "teachers sparse:0.5 given frozen weights of W1 draws normal" in text
    assert "as measured" not in text
    data = json.loads(run("measure", CROSS, *FAST, "--json", "--teacher", masks).out)
    assert data["teacher"] == "masks of W1"
    assert (
        data["matches"] == tc.measure(*tc.load(CROSS), trials=60, teacher={"W1": np.eye(4)}).matches
    )


@pytest.mark.parametrize("option", ["--teacher", "--weights"])
def test_bad_teachers_and_weights_are_one_line(run: Any, tmp_path: Path, option: str):
    np.savez(tmp_path / "wrong.npz", W1=np.ones((3, 2)))
    result = run("measure", CROSS, *FAST, option, tmp_path / "wrong.npz")
    check_one_line(result, "must have shape" if option == "--weights" else 'teacher["W1"]')
    check_one_line(run("measure", CROSS, *FAST, option, tmp_path / "none.npz"), "none.npz")


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_inputs_are_one_line(run: Any, tmp_path: Path, monkeypatch: Any, name: str):
    monkeypatch.chdir(tmp_path)
    content, message = BAD_DATA[name]
    if isinstance(content, bytes):
        Path("data.npy").write_bytes(content)
    elif content is not None:
        np.save("data.npy", content, allow_pickle=True)
    check_one_line(run("measure", FOREST, "--inputs", "data.npy", *FAST), message)
    assert not Path("unpickled").exists()


def test_a_header_that_lies_about_its_size_is_refused(run: Any, tmp_path: Path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000, 4), }"
    header = header.ljust(117) + b"\n"
    path = tmp_path / "data.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"12")
    check_one_line(run("measure", FOREST, "--inputs", path, *FAST), "its header promises")


@pytest.mark.parametrize("command", ["measure", "compare"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--trials", "0"], "must be an integer from 1, not '0'"),
        (["--trials", "many"], "must be an integer from 1, not 'many'"),
        (["--restarts", "-1"], "must be an integer from 1, not '-1'"),
        (["--seed", "-1"], "must be an integer from 0, not '-1'"),
        (["--law", "cauchy"], "must be normal or uniform, not 'cauchy'"),
        (["--backend", "torch"], "backend must be auto, numpy or cupy"),
    ],
)
def test_bad_options_are_one_line(run: Any, command: str, options: list[str], message: str):
    check_one_line(run(command, CROSS, *options), message)


@pytest.mark.parametrize("width", ["0", "1", "nan", "narrow"])
def test_a_bad_width_is_one_line(run: Any, width: str):
    check_one_line(run("measure", CROSS, "--width", width), "must be a number between 0 and 1")


@pytest.mark.parametrize("command", ["measure", "compare"])
def test_a_bad_file_is_one_line(run: Any, tmp_path: Path, command: str):
    check_one_line(run(command, tmp_path / "absent.json"), "absent.json: no such file")


def interrupt(monkeypatch: Any, after: int) -> None:
    """Ctrl-C after so many chunks."""
    honest, chunks = estimates._estimate, []

    def impatient(*arguments: Any) -> Any:
        chunks.append(arguments)
        if len(chunks) == after:
            raise KeyboardInterrupt
        return honest(*arguments)

    monkeypatch.setattr(estimates, "_estimate", impatient)


def test_an_interrupt_prints_what_was_done(run: Any, monkeypatch: Any):
    interrupt(monkeypatch, 3)
    result = run("measure", FOREST, "--trials", 10**6, "--backend", "numpy")
    assert "1000 of 1000 draws" in result.out
    check_one_line(result, "interrupted after 1000 of 1000000 draws", status=0)


def test_an_interrupt_ends_a_comparison_with_what_was_done(run: Any, monkeypatch: Any):
    interrupt(monkeypatch, 3)
    result = run("compare", FOREST, CROSS, "--trials", 10**6, "--backend", "numpy", "--json")
    (line,) = [json.loads(line) for line in result.out.splitlines()]
    assert (line["outcome"], line["estimate"]["trials"]) == ("agree", 1000)
    check_one_line(result, "interrupted after 1000 of 1000000 draws", status=0)


# compare


def wrong(monkeypatch: Any, **changes: Any) -> None:
    """Verdicts with an error planted."""
    honest = comparison.classify
    monkeypatch.setattr(
        comparison, "classify", lambda *a, **options: replace(honest(*a, **options), **changes)
    )


def test_comparisons_for_people(run: Any):
    text = text_of(run("compare", DIAGONALS, CROSS, *FAST))
    assert text.count("AGREE") == 2
    assert "verdict INTERMEDIATE, T7:" in text
    assert "verdict MINIMAL, T4:" in text
    assert "measured by homotopy, 60 draws, normal, seed 0, numpy" in text
    assert "repeat" not in text


def test_comparison_json_is_one_line_per_file(run: Any, problems: dict[str, Path]):
    result = run("compare", CROSS, problems["relu"], *FAST, "--json", "--seed", 2)
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert (result.status, result.err) == (0, "")
    assert [line["outcome"] for line in lines] == ["agree", "agree"]
    for line in lines:
        assert line["settings"]["seed"] == line["verdict"]["seed"] == line["estimate"]["seed"] == 2
        assert "command" not in line


def test_a_refutation_has_status_1_and_the_command_that_repeats_it(
    run: Any, monkeypatch: Any, tmp_path: Path
):
    path = tmp_path / "two words.json"
    path.write_text(DIAGONALS.read_text())
    wrong(monkeypatch, expressivity=tc.Expressivity.MAXIMAL)
    monkeypatch.setenv("COLUMNS", "40")
    result = run("compare", path, *FAST, "--seed", 3, "--law", "uniform", "--seconds", 30)
    assert (result.status, result.err) == (1, "")
    assert "REFUTED" in result.out
    (command,) = [line for line in result.out.splitlines() if line.startswith("  repeat")]
    words = shlex.split(command)[1:]
    assert words[:3] == ["theorycheck", "compare", str(path)]
    again = run(*words[1:])
    assert (again.status, again.out) == (1, result.out)
    line = json.loads(run(*words[1:], "--json").out)
    assert shlex.split(line["command"]) == words
    assert {file.name for file in tmp_path.iterdir()} == {path.name}


def test_refuted_allocations_are_saved_only_if_asked(run: Any, monkeypatch: Any, tmp_path: Path):
    wrong(monkeypatch, expressivity=tc.Expressivity.MAXIMAL, rank=None, degree=None)
    out = tmp_path / "new" / "refuted"
    result = run("compare", DIAGONALS, FOREST, *FAST, "--out", out)
    assert (result.status, result.err) == (1, "")
    (saved,) = out.iterdir()
    assert saved.name.startswith("diagonals-")
    kept = tc.load(saved)
    assert kept.samples == tc.load(DIAGONALS).samples
    assert kept.allocation == tc.load(DIAGONALS).allocation
    (tmp_path / "file").write_text("")
    result = run("compare", DIAGONALS, *FAST, "--out", tmp_path / "file")
    check_one_line(result, "cannot be written", status=1)


def test_a_bad_file_stops_no_comparison_and_a_refutation_counts_more(
    run: Any, monkeypatch: Any, tmp_path: Path
):
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    result = run("compare", bad, CROSS, *FAST)
    check_one_line(result, "bad.json: malformed JSON")
    assert "AGREE" in result.out
    wrong(monkeypatch, expressivity=tc.Expressivity.MAXIMAL)
    result = run("compare", bad, DIAGONALS, *FAST)
    check_one_line(result, "bad.json: malformed JSON", status=1)
    assert "REFUTED" in result.out


def test_help_names_the_options(run: Any):
    for command, words in (
        ("measure", ["--inputs", "--width", "--law", "--restarts", "--trials"]),
        ("compare", ["--out", "--law", "--restarts", "--trials", "--most-degree"]),
    ):
        text = text_of(run(command, "--help"))
        assert all(word in text for word in words)
