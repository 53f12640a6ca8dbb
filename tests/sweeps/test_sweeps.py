"""Sweeps as a whole: every allocation once, resumed after anything, the same for any workers."""

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.patience import HANGS
from theorycheck.errors import ContradictionError, InputError
from theorycheck.sweeps import run, workers
from theorycheck.sweeps.enumeration import source
from theorycheck.sweeps.spec import SweepSpec, load_spec, spec_from_dict

NETWORK = tc.LinearFeedforward([2, 2, 2])
SMALL = SweepSpec(NETWORK, samples=2, budget=4)
TOML = """
[network]
kind = "linear_feedforward"
widths = [3, 3, 3]
[sweep]
samples = 3
budget = 9
"""


def table(path) -> dict[str, tuple]:
    """Key -> all else but the time taken."""
    return {
        row["key"]: tuple(v for k, v in row.items() if k not in ("key", "seconds"))
        for row in tc.sweep_rows(path)
    }


def test_all_allocations_of_a_budget_by_class(tmp_path):
    summary = tc.sweep(SMALL, tmp_path / "r.sqlite")
    counts = {name: count.allocations for name, count in summary.classes.items()}
    assert counts == {"minimal": 8, "maximal": 58, "intermediate": 4}
    assert summary.is_complete
    assert summary.allocations == 70 > summary.rows


@pytest.mark.parametrize(
    "spec",
    [
        SMALL,
        SweepSpec(NETWORK, samples=1, budget=(2, 3, 5)),
        SweepSpec(NETWORK, 2, (4, 5), present={"W1": [[1, 1], [0, 1]]}),
        SweepSpec(tc.LinearRecurrent(1, 2, 1, 3), 3, 3, weights=["recurrent", "readout"]),
        SweepSpec(tc.LinearFeedforward([1, 2, 1], bias=True), 3, (2, 4)),
        SweepSpec(tc.ShallowReLU([2, 2, 1]), 2, 2),
    ],
)
def test_rows_are_what_classify_says(spec, tmp_path):
    spec = replace(spec, symmetry=False)
    tc.sweep(spec, tmp_path / "plain.sqlite")
    tc.sweep(replace(spec, symmetry=True), tmp_path / "orbits.sqlite")
    classes: dict = {}
    for row in tc.sweep_rows(tmp_path / "plain.sqlite"):
        learnable = json.loads(row["learnable"])
        allocation = tc.Allocation(spec.network, learnable, spec.present)
        verdict = tc.classify(allocation, spec.samples)
        assert row["expressivity"] == verdict.expressivity
        assert row["error"] is None
        for name in ("rank", "target_dimension", "degree"):
            one, other = row[name], getattr(verdict, name)
            assert one is None or other is None or one == other
        assert row["budget"] == verdict.learnable
        key = (row["budget"], row["expressivity"])
        classes[key] = classes.get(key, 0) + 1
    found = tc.summarize(tmp_path / "orbits.sqlite").budgets
    assert {key: count.allocations for key, count in found.items()} == classes


@pytest.mark.long
def test_killed_three_times_and_resumed_it_is_the_same_table(tmp_path):
    (tmp_path / "s.toml").write_text(TOML)
    whole, killed = tmp_path / "whole.sqlite", tmp_path / "killed.sqlite"
    # Without degrees: ranks only, so that both sweeps take seconds; one row an allocation.
    spec = replace(load_spec(tmp_path / "s.toml"), budget=8, symmetry=False, degree=False)
    (tmp_path / "s.toml").write_text(TOML.replace("= 9", "= 8\nsymmetry = false\ndegree = false"))
    tc.sweep(spec, whole)
    command = [sys.executable, "-m", "theorycheck", "sweep", "s.toml", "--out", str(killed)]
    command += ["--workers", "1"]
    left = []
    for target in (1, 9000, 20_000):
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
        _wait_for_rows(killed, target, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left.append(_n_rows(killed))
    assert left == sorted(left)
    assert left[0] > 0
    assert left[-1] < 43_758
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert table(killed) == table(whole)
    assert tc.summarize(killed).is_complete


def _n_rows(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM allocations").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def _wait_for_rows(path: Path, number: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + HANGS
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and _n_rows(path) >= number:
            return
        time.sleep(0.002)  # so that there is time for the other process
    raise AssertionError(f"{number} rows were not seen")


@pytest.mark.long
def test_interrupted_the_command_says_that_all_is_kept(tmp_path):
    (tmp_path / "s.toml").write_text(TOML)
    command = [sys.executable, "-m", "theorycheck", "sweep", "s.toml", "--out", "r.sqlite"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    _wait_for_rows(tmp_path / "r.sqlite", 119, process)  # more than ranks alone decide
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "the same command goes on from there" in errors
    summary = tc.summarize(tmp_path / "r.sqlite")
    assert not summary.is_complete
    assert 119 <= summary.rows < 231


def test_any_number_of_workers_gives_the_same_rows(tmp_path):
    spec = SweepSpec(tc.LinearFeedforward([2, 2, 2, 2]), 2, 4, mode="random", count=30, seed=1)
    for number in (1, 2, 3):
        tc.sweep(spec, tmp_path / f"{number}.sqlite", workers=number)
    first = table(tmp_path / "1.sqlite")
    assert first == table(tmp_path / "2.sqlite") == table(tmp_path / "3.sqlite")
    assert {row[4] for row in first.values()} >= {"maximal", "intermediate"}


@pytest.mark.parametrize("symmetry", [True, False])
def test_random_draws_are_distinct_and_all_of_them_are_the_whole(symmetry, tmp_path):
    spec = replace(SMALL, mode="random", count=33, symmetry=symmetry, degree=False)
    summary = tc.sweep(spec, tmp_path / "some.sqlite")
    assert summary.allocations == 33
    assert (summary.rows == 33) is not symmetry
    tc.sweep(replace(spec, count=1000), tmp_path / "all.sqlite")
    tc.sweep(SweepSpec(NETWORK, 2, 4, symmetry=symmetry, degree=False), tmp_path / "whole.sqlite")
    assert table(tmp_path / "all.sqlite") == table(tmp_path / "whole.sqlite")


def test_orbits_that_are_drawn_again_in_a_later_run_are_counted_once_each(tmp_path, monkeypatch):
    spec = replace(SMALL, mode="random", count=70, degree=False)
    monkeypatch.setattr("theorycheck.sweeps.enumeration.source._DRAWS", 7)
    monkeypatch.setattr(run, "_WINDOW", 3)
    tc.sweep(spec, tmp_path / "pieces.sqlite")
    monkeypatch.undo()
    tc.sweep(spec, tmp_path / "whole.sqlite")
    assert table(tmp_path / "pieces.sqlite") == table(tmp_path / "whole.sqlite")


def test_one_bad_allocation_is_recorded_and_the_others_go_on(tmp_path, monkeypatch):
    bad = {"W1": [[1, 0], [0, 1]], "W2": [[1, 0], [0, 1]]}
    really = workers.classify

    def failing(allocation, samples, **options):
        if allocation == tc.Allocation(NETWORK, bad):
            raise RuntimeError("planted")
        return really(allocation, samples, **options)

    spec, out = replace(SMALL, symmetry=False), tmp_path / "r.sqlite"
    monkeypatch.setattr(workers, "classify", failing)
    summary = tc.sweep(spec, out)
    assert summary.errors == {"internal error (RuntimeError: planted)": 1}
    assert summary.allocations == 70
    failed = [row for row in tc.sweep_rows(out) if row["error"]]
    assert [json.loads(row["learnable"]) for row in failed] == [bad]
    assert failed[0]["expressivity"] is None
    monkeypatch.undo()
    assert tc.sweep(spec, out).errors  # what failed is not tried again unless asked
    assert not tc.sweep(spec, out, retry_errors=True).errors
    tc.sweep(spec, tmp_path / "fresh.sqlite")
    assert table(out) == table(tmp_path / "fresh.sqlite")


def test_an_error_of_many_at_once_falls_to_its_own_allocation(tmp_path, monkeypatch):
    def failing(self, masks):
        raise MemoryError

    monkeypatch.setattr(workers.Batch, "decide", failing)
    tc.sweep(SMALL, tmp_path / "r.sqlite")
    monkeypatch.undo()
    tc.sweep(SMALL, tmp_path / "fresh.sqlite")
    one, other = (
        {row["key"]: row["expressivity"] for row in tc.sweep_rows(tmp_path / name)}
        for name in ("r.sqlite", "fresh.sqlite")
    )
    assert one == other


def test_a_contradiction_among_many_is_recorded_with_its_allocation(tmp_path, monkeypatch):
    really = workers.Batch.decide

    def contradicted(self, masks):
        if masks[:, :3].all(axis=1).any():
            raise ContradictionError("T1 says minimal, but T9 says maximal")
        return really(self, masks)

    monkeypatch.setattr(workers.Batch, "decide", contradicted)
    tc.sweep(replace(SMALL, symmetry=False), tmp_path / "r.sqlite")
    rows = list(tc.sweep_rows(tmp_path / "r.sqlite"))
    failed = [row for row in rows if row["error"]]
    assert len(rows) == 70
    assert len(failed) == 5  # those with the first three entries and one more
    assert all("T9 says maximal" in row["error"] for row in failed)


def test_theorems_that_disagree_end_with_status_1(tmp_path, monkeypatch, capsys):
    def contradicted(*_, **__):
        raise ContradictionError("T2 says maximal, but T6 says minimal")

    monkeypatch.setattr(workers, "classify", contradicted)
    (tmp_path / "s.toml").write_text(TOML.replace("3, 3, 3", "2, 2, 2").replace("= 9", "= 4"))
    status = command("sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "r.sqlite"))
    assert status == 1
    assert "T2 says maximal, but T6 says minimal" in capsys.readouterr().err


def command(*words: str) -> int:
    """The exit status of a command in this process, with one worker."""
    from theorycheck.cli import app as cli

    more = ["--workers", "1"] if words[0] == "sweep" else []
    arguments, sys.argv = sys.argv, ["theorycheck", *words, *more]
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = arguments
    raise AssertionError("main returned")


def test_orbit_sizes_that_do_not_sum_up_are_an_error(tmp_path, monkeypatch):
    found = source.orbits
    monkeypatch.setattr(source, "orbits", lambda *a, **k: islice(found(*a, **k), 1, None))
    with pytest.raises(tc.TheorycheckError, match=r"stand for \d+ allocations, but there are 70"):
        tc.sweep(replace(SMALL, degree=False), tmp_path / "r.sqlite")


def test_another_specification_is_refused(tmp_path):
    out = tmp_path / "r.sqlite"
    tc.sweep(replace(SMALL, degree=False), out)
    before = table(out)
    for other, message in (
        (SMALL, "sweep.degree is False there and True here"),
        (replace(SMALL, degree=False, budget=3), r"sweep.budget is \[4\] there and \[3\] here"),
        (replace(SMALL, degree=False, seed=1), "sweep.seed is 0 there and 1 here"),
        (replace(SMALL, degree=False, symmetry=False), "sweep.symmetry"),
        (SweepSpec(tc.LinearFeedforward([2, 3, 2]), 2, 4, degree=False), "network.widths"),
    ):
        with pytest.raises(InputError, match=message):
            tc.sweep(other, out)
    assert table(out) == before
    tc.sweep(replace(SMALL, degree=False), out)


def test_other_files_are_refused_and_left_alone(tmp_path):
    text, foreign = tmp_path / "notes.txt", tmp_path / "foreign.sqlite"
    text.write_text("notes, " * 1000)
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    for path in (text, foreign):
        before = path.read_bytes()
        with pytest.raises(InputError):
            tc.sweep(SMALL, path)
        with pytest.raises(InputError):
            tc.summarize(path)
        assert path.read_bytes() == before
    with pytest.raises(InputError, match="no such file"):
        tc.summarize(tmp_path / "none.sqlite")
    with pytest.raises(InputError, match="cannot be used"):
        tc.sweep(SMALL, tmp_path / "no" / "folder.sqlite")


def test_another_igraph_is_refused_in_the_middle(tmp_path, monkeypatch):
    tc.sweep(replace(SMALL, degree=False), tmp_path / "r.sqlite")
    monkeypatch.setattr(run, "versions", lambda: {"igraph": "0.0"})
    with pytest.raises(InputError, match=r"canonical forms by igraph .* here is igraph 0\.0"):
        tc.sweep(replace(SMALL, degree=False), tmp_path / "r.sqlite")


@pytest.mark.long
def test_two_sweeps_on_one_file_do_each_other_no_harm(tmp_path, monkeypatch):
    (tmp_path / "s.toml").write_text(TOML.replace("= 9", "= [6, 7]\ndegree = false"))
    command = [sys.executable, "-m", "theorycheck", "sweep", "s.toml", "--out", "both.sqlite"]
    both = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    tc.sweep(load_spec(tmp_path / "s.toml"), tmp_path / "one.sqlite")
    assert table(tmp_path / "both.sqlite") == table(tmp_path / "one.sqlite")


def test_meta_tells_what_was_done_with_which_versions(tmp_path):
    spec = replace(SMALL, degree=False, seed=5)
    tc.sweep(spec, tmp_path / "r.sqlite")
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as connection, connection:
        meta = {k: json.loads(v) for k, v in connection.execute("SELECT * FROM meta")}
        columns = [row[1] for row in connection.execute("PRAGMA table_info(allocations)")]
    assert spec_from_dict(meta["specification"]) == spec
    assert meta["seed"] == 5
    assert meta["versions"][0]["theorycheck"] == tc.__version__
    assert meta["versions"][0]["numpy"] == np.__version__
    names = "key learnable samples budget orbit_size expressivity rank target_dimension degree"
    names += " theorem rigor error_bound seconds error"
    assert sorted(columns) == sorted(names.split())


@pytest.mark.long
def test_exports_hold_every_row(tmp_path):
    import pyarrow.parquet

    tc.sweep(SMALL, tmp_path / "r.sqlite")
    rows = list(tc.sweep_rows(tmp_path / "r.sqlite"))
    assert tc.export(tmp_path / "r.sqlite", tmp_path / "r.parquet") == len(rows)
    assert pyarrow.parquet.read_table(tmp_path / "r.parquet").to_pylist() == rows
    assert tc.export(tmp_path / "r.sqlite", tmp_path / "r.csv") == len(rows)
    with (tmp_path / "r.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert read == text
    with pytest.raises(InputError, match=r"must end in \.csv or \.parquet"):
        tc.export(tmp_path / "r.sqlite", tmp_path / "r.xlsx")
    assert {path.suffix for path in tmp_path.iterdir()} == {".sqlite", ".parquet", ".csv"}


def test_the_commands_tell_the_counts(tmp_path, capsys):
    (tmp_path / "s.toml").write_text(TOML.replace("3, 3, 3", "2, 2, 2").replace("= 9", "= [4, 5]"))
    out = str(tmp_path / "r.sqlite")
    assert command("sweep", str(tmp_path / "s.toml"), "--out", out, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["complete"]
    assert found["allocations"] == 70 + 56
    assert command("summary", out, "--plot", str(tmp_path / "f.svg")) == 0
    text = capsys.readouterr().out
    assert "intermediate  T7" in text
    assert "for 126 allocations; complete" in text
    drawn = (tmp_path / "f.svg").read_text()
    assert drawn.startswith("<?xml")
    assert command("export", out, str(tmp_path / "r.csv")) == 0
    assert capsys.readouterr().out.strip().endswith(f"{found['rows']} rows")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("samples = 3", ""), "sweep.samples is missing"),
        (("budget = 9", "budget = 19"), "sweep.budget must be an integer from 0 to 18"),
        (("budget = 9", 'budget = "9"'), "not '9'"),
        (("budget = 9", "budget = [1, -1]"), r"sweep.budget\[1\] must be"),
        (("budget = 9", "budget = []"), "must not be an empty list"),
        (("budget = 9", 'budget = 9\nmode = "random"'), "sweep.count is missing"),
        (("budget = 9", "budget = 9\ncount = 3"), "leave it out, or change mode"),
        (("budget = 9", 'budget = 9\nmode = "some"'), 'must be "all" or "random"'),
        (("budget = 9", 'budget = 9\nweights = ["W3"]'), "no weight 'W3'"),
        (("budget = 9", 'budget = 9\nweights = "W1"'), "must be a list of weight names"),
        (("budget = 9", "budget = 9\nseed = -1"), "sweep.seed"),
        (("budget = 9", "budget = 9\nsymetry = true"), "no key 'symetry'"),
        (("budget = 9", 'budget = 9\ndegree = "no"'), "sweep.degree must be true or false"),
        (("budget = 9", "budget = 9\nseconds = -1"), "seconds must be a number from 0"),
        (("[sweep]", "[swep]"), "no table 'swep'"),
        (("[network]", "[network"), "not valid TOML"),
        (("linear_feedforward", "linear"), "network.kind must be one of"),
        (("[3, 3, 3]", "[90, 90, 90]"), 'draw some of them with mode = "random"'),
    ],
)
def test_a_wrong_specification_is_one_line(change, message, tmp_path, capsys):
    (tmp_path / "s.toml").write_text(TOML.replace(*change))
    status = command("sweep", str(tmp_path / "s.toml"), "--out", str(tmp_path / "r.sqlite"))
    assert status == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    with pytest.raises(InputError, match=message):
        load_spec(tmp_path / "s.toml")
    assert not (tmp_path / "r.sqlite").exists()


def test_the_specification_survives_its_dictionary():
    present = {"W1": [[1, 1], [0, 1]]}
    spec = SweepSpec(
        NETWORK, 2, [3, 2], "random", 10, 7, ["W2", "W1"], present, False, False, 1.5, 20, 30, 1e-6
    )
    again = spec_from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again.to_dict() == spec.to_dict()
    assert again.budgets == (2, 3)
    assert again.weights == ("W1", "W2")


def test_frames_number_cells_in_keys_and_json():
    space = SweepSpec(NETWORK, 2, 3, present={"W1": [[1, 0], [1, 1]]}, weights=["W1"]).space
    masks = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    assert (space.masks(space.keys(masks)) == masks).all()
    texts = [json.loads(text) for text in space.learnable(masks)]
    assert texts == [{"W1": [[1, 0], [0, 1]]}, {"W1": [[0, 0], [1, 1]]}]
    for mask, text in zip(masks, texts, strict=True):
        allocation = space.allocation(mask)
        assert allocation == tc.Allocation(NETWORK, text, {"W1": [[1, 0], [1, 1]]})
        assert (space.masks_of([allocation]) == mask).all()
