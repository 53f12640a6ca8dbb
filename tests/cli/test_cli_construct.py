"""The command construct: output, weights files, and one line for whatever is wrong."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.cli.test_cli import check_one_line, problems, run
from theorycheck.problem.weight_files import read_weights, write_weights

__all__ = ["problems", "run"]  # fixtures

EXAMPLES = Path(__file__).parents[2] / "examples" / "allocations"
FOREST, CROSS, DIAGONALS, RELU = (
    EXAMPLES / f"{n}.json" for n in ("forest", "cross", "diagonals", "relu")
)
KEYS = ("file", "matched", "residual", "rigor", "theorem", "reason", "steps", "weights", "teacher")
MORE_KEYS = ("inputs", "outputs", "drawn", "seed", "seconds")


def test_a_construction_for_people(run: Any):
    result = run("construct", FOREST, "--rational")
    assert (result.status, result.err) == (0, "")
    text = " ".join(result.out.split())
    assert "MATCHED the outputs are equal, as rational numbers by T4: the 6 frozen weights" in text
    assert "step 1 solve 9 linear equations for 10 weights of W1 learned" in text
    assert "drawn teacher, frozen weights, inputs; normal, seed 0" in text
    floats = " ".join(run("construct", FOREST, "--seed", 5).out.split())
    assert "MATCHED relative difference of the outputs" in floats
    assert "seed 5" in floats


def test_json_has_the_student_in_full(run: Any):
    (line,) = run("construct", FOREST, "--json", "--rational", "--seed", 2).out.splitlines()
    data = json.loads(line)
    assert data.keys() == {*KEYS, *MORE_KEYS}
    known = tc.construct(*tc.load(FOREST), rational=True, seed=2)
    assert {**data, "seconds": 0} == {"file": str(FOREST), **known.to_dict(), "seconds": 0}
    values = np.vectorize(Fraction)
    matrices = [data["weights"], data["teacher"]]
    student, teacher = ({n: values(np.array(w)) for n, w in each.items()} for each in matrices)
    x = values(np.array(data["inputs"])).T
    assert (student["W2"] @ student["W1"] @ x == teacher["W2"] @ teacher["W1"] @ x).all()


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_weights_come_from_files_and_go_into_one(run: Any, tmp_path: Path, ending: str):
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    rng, network = np.random.default_rng(0), tc.load(FOREST).allocation.network
    shapes = network.weight_shapes.items()
    teacher, frozen = ({n: rng.normal(size=shape) for n, shape in shapes} for _ in range(2))
    points = rng.normal(size=(3, 4))
    write_weights(tmp_path / "teacher.npz", teacher)
    write_weights(tmp_path / "frozen.npz", frozen)
    np.save(tmp_path / "points.npy", points)
    out = tmp_path / f"student.{ending}"
    files = ("--teacher", tmp_path / "teacher.npz", "--frozen", tmp_path / "frozen.npz")
    inputs = ("--inputs", tmp_path / "points.npy")
    result = run("construct", FOREST, *files, *inputs, "--out", out)
    assert (result.status, result.err) == (0, "")
    assert "drawn" not in result.out
    student, learnable = read_weights(out), tc.load(FOREST).allocation.mask("W1")
    assert np.array_equal(student["W2"], frozen["W2"])
    assert np.array_equal(student["W1"][~learnable], frozen["W1"][~learnable])
    wanted = points @ teacher["W1"].T @ teacher["W2"].T
    assert np.allclose(points @ student["W1"].T @ student["W2"].T, wanted, atol=1e-9)


def test_what_has_no_construction_is_one_line(run: Any, problems: dict[str, Path]):
    check_one_line(run("construct", CROSS), "it is minimal", "theorycheck repair", "cross.json")
    check_one_line(run("construct", DIAGONALS), "no proof of maximality", "theorycheck measure")
    check_one_line(run("construct", problems["relu"]), "regular random teacher", "match possible")
    check_one_line(run("construct", RELU), "it is intermediate", "theorycheck measure")


def test_data_that_are_not_generic_end_with_1(run: Any, tmp_path: Path):
    np.savez(tmp_path / "frozen.npz", W2=np.zeros((3, 4)))
    result = run("construct", FOREST, "--frozen", tmp_path / "frozen.npz")
    assert "NOT MATCHED" in result.out
    check_one_line(result, "not matched: the data are not generic", status=1)


BAD: dict[str, tuple[Any, str, str]] = {
    "absent": (None, "absent.npz", "absent.npz: no such file"),
    "text": (b"1 2 3", "text.npz", "not an .npz archive"),
    "ending": (b"1 2 3", "weights.txt", "must end in .npz or .safetensors, or in .pt"),
    "shape": ({"W1": np.ones((4, 4)), "W2": np.ones((4, 3))}, "a.npz", "must have shape (3, 4)"),
    "lacks": ({"W1": np.ones((4, 4))}, "a.npz", "teacher lacks the weight 'W2'"),
    "unknown": ({"W9": np.ones((4, 4))}, "a.npz", "teacher has no weight 'W9'"),
    "texts": ({"W1": np.array(["a"])}, "a.npz", "must hold real numbers"),
    "objects": ({"W1": np.array([{}])}, "a.npz", "holds pickled objects"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_weights_are_one_line(run: Any, tmp_path: Path, monkeypatch: Any, name: str):
    monkeypatch.chdir(tmp_path)
    content, file, message = BAD[name]
    if isinstance(content, bytes):
        Path(file).write_bytes(content)
    elif content is not None:
        np.savez(file, **content)
    check_one_line(run("construct", FOREST, "--teacher", file), message)


def test_what_cannot_be_written_is_one_line(run: Any, tmp_path: Path):
    out = tmp_path / "student.csv"
    check_one_line(run("construct", FOREST, "--out", out), "must end in .npz or .safetensors")
    out = tmp_path / "no" / "student.npz"
    check_one_line(run("construct", FOREST, "--out", out), "cannot be written: No such file")
    np.save(tmp_path / "points.npy", np.ones((3, 5)))
    result = run("construct", FOREST, "--inputs", tmp_path / "points.npy")
    check_one_line(result, "inputs must have shape (points, 4)")
    check_one_line(run("construct", FOREST, "--seed", "-1"), "must be an integer from 0")


def test_a_certificate_of_classify_is_executed(run: Any, tmp_path: Path):
    path = tmp_path / "forest_certificate.json"
    assert run("classify", FOREST, "--certificate", path).status == 0
    result = run("construct", FOREST, "--certificate", path, "--seed", 3, "--rational")
    assert (result.status, result.err) == (0, "")
    assert "as the certificate given (kind" in " ".join(result.out.split())
    other = run("construct", EXAMPLES / "recurrent_readout.json", "--certificate", path)
    check_one_line(other, "another problem", "recurrent_readout.json")
    path.write_text(json.dumps([json.loads(path.read_text())] * 2))
    two = run("construct", FOREST, "--certificate", path)
    check_one_line(two, "one certificate is expected, not 2", path.name)
