"""The experiments of `examples/experiments` in their quick mode."""

import csv
import importlib
import subprocess
import sys
from collections import Counter
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import theorycheck as tc
from tests.shared.patience import HANGS

pytestmark = pytest.mark.long

EXPERIMENTS = Path(__file__).parents[2] / "examples" / "experiments"


def run_quick(
    name: str, out: Path, *options: str, figure: str = ".png"
) -> tuple[str, list[dict[str, str]]]:
    """Standard output and the rows of the table; the figure must be there as well."""
    command = [sys.executable, str(EXPERIMENTS / f"{name}.py"), "--quick", "--out", str(out)]
    result = subprocess.run([*command, *options], capture_output=True, text=True, timeout=HANGS)
    assert result.returncode == 0, result.stderr
    start = {".png": b"\x89PNG", ".svg": b"<?xml"}[figure]
    assert (out / f"{name}{figure}").read_bytes().startswith(start)
    with (out / f"{name}.csv").open(newline="") as file:
        return result.stdout, list(csv.DictReader(file))


def test_digits_quick(tmp_path: Path):
    text, rows = run_quick("digits", tmp_path, "--seed", "1")
    linear = [row for row in rows if row["kind"] == "linear"]
    assert len(linear) > 50
    assert {row["method"] for row in rows} == {"least squares", "Levenberg-Marquardt"}
    for row in linear:
        assert row["checked"] == "True"
        assert (int(row["rank"]) < int(row["given_target"])) == (row["given"] == "minimal")
        assert row["fits_agree"] != "no"
    differ = [row for row in linear if row["excluded"] == "True"]
    assert differ, "pixels that are always 0 must kill learnables somewhere"
    assert any(row["kind"] == "relu" for row in rows)
    assert f"linear, all: {len(linear)} allocations; class differs in" in text
    assert f"certificates for the data: {len(linear)} of {len(linear)} hold" in text


def rank_correlation(x: Any, y: Any) -> float:
    """Spearman's, as SciPy computes it."""
    found: Any = stats.spearmanr(x, y)
    return float(found.statistic)


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module that the experiments share."""
    monkeypatch.syspath_prepend(EXPERIMENTS)
    return importlib.import_module("common")


def test_rank_correlation_is_that_of_scipy(common: Any):
    rng = np.random.default_rng(0)
    x, y = rng.integers(5, size=40), rng.normal(size=40).round(1)
    assert float(common.spearman(x, y)) == pytest.approx(rank_correlation(x, y))
    assert np.isnan(common.spearman(x, np.ones(40)))
    found = common.correlation(x, x + 0.1 * y, seed=1)
    assert found.low <= found.value <= found.high
    assert found == common.correlation(x, x + 0.1 * y, seed=1)


def test_dispersion_counts_effective_layers_rows_and_columns(common: Any):
    network = tc.LinearFeedforward([2, 2, 2])
    diagonal = tc.Allocation(network, {"W1": np.eye(2), "W2": np.eye(2)})
    assert common.dispersion(diagonal) == pytest.approx({"layers": 2, "rows": 2, "columns": 2})
    row = tc.Allocation(network, {"W1": [[1, 1], [0, 0]]})
    assert common.dispersion(row) == pytest.approx({"layers": 1, "rows": 1, "columns": 2})


def test_orbits_of_the_known_networks(common: Any):
    families = [common.Family("LFFN", (2, 2, 2), 2), common.Family("LRNN", (1, 2, 1, 4), 2)]
    for family in families:  # Burnside: the mean number of allocations that permutations fix
        entries, shapes = family.entries, family.network.weight_shapes
        group = list(product([False, True], repeat=3 if family.kind == "LFFN" else 1))
        fixed = 0
        for flips in group:
            where = dict(
                zip(entries, (flipped(entry, family, flips) for entry in entries), strict=True)
            )
            for one in combinations(entries, 3):
                fixed += {where[entry] for entry in one} == set(one)
        allocations = common.allocations(family, 3, "all", 0, 0)
        assert len({common.orbit(one) for one in allocations}) == fixed / len(group)
        assert len(entries) == sum(int(np.prod(shape)) for shape in shapes.values())


def flipped(entry: Any, family: Any, flips: tuple[bool, ...]) -> Any:
    """A weight after hidden units (and inputs and outputs, if there are two) are exchanged."""
    name, (row, column) = entry
    if family.kind == "LFFN":
        inputs, hidden, outputs = flips
        rows, columns = (hidden, inputs) if name == "W1" else (outputs, hidden)
    else:
        rows, columns = name != "readout" and flips[0], name != "input" and flips[0]
    return name, (row ^ rows, column ^ columns)


def test_pairs_are_counted_where_intervals_are_separate(common: Any):
    measured = [common.Interval(0, 0, 0.1), common.Interval(0.5, 0.4, 0.6)]
    measured.append(common.Interval(0.55, 0.45, 0.65))
    assert common.pairwise_accuracy([0, 1, 2], measured) == (1.0, 2)
    assert common.pairwise_accuracy([1, 1, 0], measured) == (0.25, 2)


def test_a_table_is_resumed_by_the_same_run_only(common: Any, tmp_path: Path):
    path = tmp_path / "table.csv"
    common.Table(path, ("a", "b"), {"seed": 1}).add({"a": 1, "b": 2, "c": 3})
    assert common.Table(path, ("a", "b"), {"seed": 1}).rows == [{"a": "1", "b": "2", "seed": "1"}]
    assert common.Table(path, ("a", "b"), {"seed": 2}).rows == []


def test_concentration_quick(tmp_path: Path):
    text, rows = run_quick("concentration", tmp_path)
    small = [row for row in rows if row["family"] == "LFFN 2-2-2 m2" and row["budget"] == "4"]
    assert len(small) == 70
    classes = Counter(row["class"] for row in small)
    assert classes["minimal"] == 8
    below = {row["learnable"] for row in small if 0 < float(row["mp"]) < 1}
    assert len(below) == 4, "the diagonals and antidiagonals"
    layers, mp = ([float(row[key]) for row in small] for key in ("layers", "mp"))
    assert -0.55 < rank_correlation(layers, mp) < -0.35
    assert {float(row["mp"]) for row in rows if row["class"] == "minimal"} == {0.0}
    assert "LRNN 1-2-1-4 m2, D, all" in text


def test_relu_concentration_quick(tmp_path: Path):
    text, rows = run_quick("relu_concentration", tmp_path)
    assert all(int(row["undecided"]) == 0 for row in rows)
    first = [row for row in rows if row["family"] == "ReLU 4-4-1 m4 W1"]
    assert len(first) == 1820
    maximal = [row for row in first if row["linear_class"] == "maximal"]
    assert len(maximal) == 256  # one learnable in every column (T4, d = 1)
    units, mp = ([float(row[key]) for row in maximal] for key in ("units", "mp"))
    assert rank_correlation(units, mp) > 0.9
    assert "by soft_rank" in text


def test_accuracy_quick(tmp_path: Path):
    text, rows = run_quick("accuracy", tmp_path)
    drawn = [row for row in rows if row["source"] != "selected"]
    assert len(drawn) >= 500
    assert "refuted" not in {row["outcome"] for row in drawn}
    assert {row["kind"] for row in drawn} == {"LFFN", "LRNN"}
    assert "predicted anew: 10" in text
    fitted = {row["family"] for row in rows if row["source"] == "selected"}
    assert not fitted & {row["family"] for row in rows if row["source"] == "test"}


def test_growth_quick(tmp_path: Path):
    text, rows = run_quick("growth", tmp_path, figure=".svg")
    stages = Counter(row["stage"] for row in rows if row["part"] == "width")
    assert set(stages) == {"set-up", "draw", "rank", "theorems", "all but the file", "degree"}
    assert set(stages.values()) == {2}
    for row in rows:
        assert float(row["seconds"]) > 0 or row["stage"] == "theorems"  # a difference of two
    for row in rows:
        if row["stage"] == "degree":
            assert 0 < float(row["median"]) <= float(row["high"])
            assert 0 <= float(row["open"]) <= float(row["needed"]) < 1
    small, large = (row for row in rows if row["part"] == "count")
    assert int(large["allocations"]) == 4 * int(small["allocations"])
    assert float(large["file_mb"]) > 2 * float(small["file_mb"])
    assert float(large["peak_mb"]) < 1.5 * float(small["peak_mb"])
    assert "need a degree" in text
    again, _ = run_quick("growth", tmp_path, figure=".svg")
    assert again == text, "rows of an earlier run are kept"


def test_specifications_of_sweeps_are_sound():
    found = sorted((EXPERIMENTS.parent / "sweeps").glob("*.toml"))
    assert len(found) >= 4
    specs = [tc.load_spec(path) for path in found]
    assert {type(spec.network) for spec in specs} == {tc.LinearFeedforward, tc.LinearRecurrent}
    for path in found:  # the command in the comment is the one for this file
        assert f"theorycheck sweep examples/sweeps/{path.name} --out" in path.read_text()
