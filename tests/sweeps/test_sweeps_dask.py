"""Sweeps on a Dask cluster: a worker that dies costs nothing, a wrong address is told."""

import subprocess
import sys
from pathlib import Path

import pytest

import theorycheck as tc
from tests.shared.patience import HANGS

pytestmark = pytest.mark.long

# Kills a worker once some allocations have been classified by themselves; the first call of
# `tell` is about those that are decided together. Workers import the script, hence the guard.
SCRIPT = """
import os, signal, sys
from distributed import Client, LocalCluster
import theorycheck as tc

def main(spec, out):
    calls = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        victim = next(iter(cluster.workers.values())).pid
        def tell(progress):
            calls.append(progress.found)
            if len(calls) == 4:
                os.kill(victim, signal.SIGKILL)
        summary = tc.sweep(spec, out, dask=cluster.scheduler_address, progress=tell)
        with Client(cluster) as client:
            client.wait_for_workers(2)  # the dead one has been replaced
            assert victim not in {worker.pid for worker in cluster.workers.values()}
    print(summary.is_complete, calls[3], summary.rows)

if __name__ == "__main__":
    main(tc.load_spec(sys.argv[1]), sys.argv[2])
"""
TOML = """
network = { kind = "linear_feedforward", widths = [3, 3, 3] }
sweep = { samples = 3, budget = 9, mode = "random", count = 80, seed = 1 }
"""


def table(path: Path) -> list[dict]:
    """The rows by key, without the time taken."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in tc.sweep_rows(path)]


def test_a_worker_killed_in_the_middle_costs_no_row(tmp_path):
    (tmp_path / "cluster.py").write_text(SCRIPT)
    (tmp_path / "s.toml").write_text(TOML)
    command = [sys.executable, "-W", "error", "cluster.py", "s.toml", "dask.sqlite"]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert result.returncode == 0, result.stderr
    is_complete, at_death, rows = result.stdout.split()
    assert is_complete == "True"
    assert int(at_death) + 5 < int(rows), "the worker must die in the middle"
    tc.sweep(tc.load_spec(tmp_path / "s.toml"), tmp_path / "one.sqlite")
    assert table(tmp_path / "dask.sqlite") == table(tmp_path / "one.sqlite")
    assert {row["expressivity"] for row in table(tmp_path / "one.sqlite")} == {
        "minimal",
        "intermediate",
        "maximal",
    }


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "somewhere"])
def test_a_wrong_address_is_one_line(address, tmp_path):
    (tmp_path / "s.toml").write_text(TOML)
    command = [sys.executable, "-W", "error", "-m", "theorycheck", "sweep", "s.toml"]
    result = subprocess.run(
        [*command, "--out", "r.sqlite", "--dask", address],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert f"no Dask scheduler answers at {address}" in result.stderr
    assert not (tmp_path / "r.sqlite").exists()


def test_a_cluster_without_workers_is_one_line(tmp_path):
    script = """
from distributed import LocalCluster
import theorycheck as tc
from theorycheck.computing import parallel

if __name__ == "__main__":
    parallel._WAIT_FOR_WORKERS = 1
    with LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        try:
            tc.sweep(tc.load_spec("s.toml"), "r.sqlite", dask=cluster.scheduler_address)
        except tc.InputError as error:
            print(error)
"""
    (tmp_path / "cluster.py").write_text(script)
    (tmp_path / "s.toml").write_text(TOML)
    command = [sys.executable, "-W", "error", "cluster.py"]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("has had no workers for 1 s")
    assert tc.summarize(tmp_path / "r.sqlite").pending  # to go on from
