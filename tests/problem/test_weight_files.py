"""Weights files are read and written, and what is none is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from theorycheck.problem.weight_files import checked_weights, read_weights, write_weights

WEIGHTS = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.array([0.5, -1.0])}
SPARSE = tc.Allocation.full(tc.LinearFeedforward([2, 2]), {"W1": [[1, 0], [1, 1]]})


@pytest.mark.parametrize("ending", [".npz", ".safetensors", ".NPZ"])
def test_what_is_written_is_read(tmp_path: Path, ending: str):
    if ending == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"weights{ending}"
    write_weights(path, WEIGHTS)
    found = read_weights(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(np.array_equal(found[name], array) for name, array in WEIGHTS.items())


@pytest.mark.torch
def test_tensors_of_torch_are_read(tmp_path: Path):
    torch = pytest.importorskip("torch")
    tensors = {name: torch.tensor(array) for name, array in WEIGHTS.items()}
    torch.save(tensors, tmp_path / "weights.pt")
    found = read_weights(tmp_path / "weights.pt")
    assert all(np.array_equal(found[name], array) for name, array in WEIGHTS.items())


def test_files_that_are_none_are_named(tmp_path: Path):
    for name, content in (("a.npz", b"text"), ("a.txt", b"text"), ("a.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(tc.InputError, match=rf"{name}: \w+"):
            read_weights(tmp_path / name)
    with pytest.raises(tc.InputError, match="larger than the limit"):
        read_weights(tmp_path / "a.txt", largest=2)
    with pytest.raises(tc.InputError, match=r"must end in .npz or .safetensors"):
        write_weights(tmp_path / "a.csv", WEIGHTS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"W2": [[1]]}, "has no weight 'W2'"),
        ({"W1": [[1, 2, 3]]}, r"shape \(2, 2\), not \(1, 3\)"),
        ({"W1": [[1, 0], [np.inf, 0]]}, r"\[1, 0\] is inf"),
        ({"W1": [[1, 2], [3, 4]]}, r"\[0, 1\] is 2.0; but this connection is absent"),
        ({"W1": [[1j, 0], [0, 1]]}, "must hold real numbers"),
        ([], "must map weight names"),
    ],
)
def test_weights_that_do_not_fit_are_refused(given: Any, message: str):
    with pytest.raises(tc.InputError, match=f"teacher.*{message}"):
        checked_weights(SPARSE, given, "teacher")
    assert checked_weights(SPARSE, {"W1": [[1, 0], [3, 4]]}, "teacher")["W1"].tolist()[1] == [3, 4]
