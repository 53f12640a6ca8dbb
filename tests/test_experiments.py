"""The experiments of `examples/experiments` in their quick mode."""

import csv
import subprocess
import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[1] / "examples" / "experiments"


def run_quick(name: str, out: Path, *options: str) -> tuple[str, list[dict[str, str]]]:
    """Standard output and the rows of the table; the figure must be there as well."""
    command = [sys.executable, str(EXPERIMENTS / f"{name}.py"), "--quick", "--out", str(out)]
    result = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
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
