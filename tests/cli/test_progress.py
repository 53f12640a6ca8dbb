"""Progress from Python, on terminals, in notebooks; interrupts end soon and keep what is done."""

import inspect
import os
import signal
import subprocess
import sys
import threading
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.strategies import WORK_ONLY
from theorycheck.cli.interrupts import noticed_soon
from theorycheck.computing.progress import Progress, nobody, watching
from theorycheck.measurement import estimate
from theorycheck.proofs.registry import steps_of
from theorycheck.sweeps.spec import SweepSpec

EXAMPLES = Path(__file__).parents[2] / "examples" / "allocations"
NETWORK = tc.LinearFeedforward([2, 2, 2])
DIAGONALS = tc.Allocation(NETWORK, {"W1": np.eye(2), "W2": np.eye(2)})
ROWS = tc.Allocation(tc.LinearFeedforward([3, 2]), {"W1": [[1, 0, 0], [1, 1, 1]]})
SPEC = SweepSpec(NETWORK, 2, 3)

LONG: dict[str, Any] = {
    "classify": lambda **p: tc.classify(DIAGONALS, 2, effort=WORK_ONLY, **p),
    "explain": lambda **p: tc.explain(DIAGONALS, 2, effort=WORK_ONLY, **p),
    "measure": lambda **p: tc.measure(DIAGONALS, 2, trials=20, **p),
    "compare": lambda **p: tc.compare(DIAGONALS, 2, trials=20, effort=WORK_ONLY, **p),
    "estimate": lambda **p: tc.estimate(DIAGONALS, 2, effort=WORK_ONLY, **p),
    "capacity": lambda **p: tc.capacity(ROWS, **p),
    "design": lambda **p: tc.design(NETWORK, 2, 6, **p),
    "compare_methods": lambda **p: tc.compare_methods(NETWORK, 4, 2, draws=1, **p),
    "repair": lambda **p: tc.repair(ROWS, 2, **p),
    "construct": lambda **p: tc.construct(tc.Allocation.full(NETWORK), 2, **p),
    "prove": lambda **p: tc.prove(["T3"], **p),
    "verify": lambda **p: tc.verify(["T3"], examples=5, **p),
    "sweep": lambda **p: tc.sweep(SPEC, p.pop("out"), **p),
}


def call(name: str, tmp_path: Path, progress: Any) -> Any:
    more = {"out": tmp_path / "s.sqlite"} if name == "sweep" else {}
    return LONG[name](progress=progress, **more)


@pytest.mark.parametrize("name", LONG)
def test_every_long_function_tells_a_function_how_far_it_is(name, tmp_path):
    told: list[Progress] = []
    call(name, tmp_path, told.append)
    assert told
    assert all(isinstance(now, Progress) and now.what for now in told)
    assert all(now.total is None or 0 <= (now.done or 0) <= now.total for now in told)


def test_what_there_is_so_far_is_told(tmp_path):
    seen: dict[str, list[Any]] = {}
    for name in ("measure", "prove", "verify", "sweep"):
        told: list[Progress] = []
        result = call(name, tmp_path, told.append)
        seen[name] = [now.found for now in told]
        if name == "measure":
            assert seen[name][-1] == result
    assert [step.id for step in seen["prove"]] == ["T3"] * len(seen["prove"])
    assert all(item.passed for item in seen["verify"])
    assert seen["sweep"][-1] == tc.summarize(tmp_path / "s.sqlite").rows


@pytest.mark.parametrize("name", LONG)
def test_the_argument_is_the_same_everywhere(name, tmp_path):
    parameter = inspect.signature(getattr(tc, name)).parameters["progress"]
    assert parameter.default is False
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    with pytest.raises(tc.InputError, match="must be True, False or a function, not 'yes'"):
        call(name, tmp_path, "yes")


def test_nothing_is_shown_where_nobody_looks(capfd):
    tc.classify(DIAGONALS, 2, effort=WORK_ONLY, progress=True)
    assert capfd.readouterr() == ("", "")
    with watching(False, "x") as tell:
        assert tell is nobody


def test_a_terminal_sees_a_bar_that_is_gone_at_the_end(monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    tc.measure(DIAGONALS, 2, trials=20, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "measure: draws: 20 of 20, matched 0." in err
    assert err.endswith("\x1b[2K")  # the line is cleared


def test_results_are_printed_to_standard_output_while_a_terminal_sees_a_bar(monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with watching(True, "x"):
        print("a result")
    out, err = capfd.readouterr()
    assert out == "a result\n"
    assert "a result" not in err


class FakeDisplay:
    """What IPython shows of an output that is updated: all its states."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def module(self) -> types.ModuleType:
        module: Any = types.ModuleType("IPython.display")
        module.HTML = str
        module.display = self.display
        return module

    def display(self, content: str, display_id: bool) -> "FakeDisplay":
        assert display_id
        self.update(content)
        return self

    def update(self, content: str) -> None:
        self.shown.append(content)


def test_a_notebook_sees_a_bar_without_widgets(monkeypatch, capfd):
    display = FakeDisplay()
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display.module())
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    with watching(True, "<me>") as tell:
        tell(Progress("draws", 5, 10, "so <far>"))
        tell(Progress("a step"))
    first, counted, step, last = display.shown
    assert first == "<progress></progress> &lt;me&gt;"
    assert counted.startswith('<progress value="5" max="10"></progress> ')
    assert counted.endswith("&lt;me&gt;: draws: 5 of 10, so &lt;far&gt;")
    assert step == "<progress></progress> &lt;me&gt;: a step"
    assert last == ""
    assert capfd.readouterr() == ("", "")


def stopping(after: int) -> Any:
    told: list[Progress] = []

    def tell(now: Progress) -> None:
        told.append(now)
        if len(told) == after:
            raise KeyboardInterrupt

    return tell


def test_interrupted_proofs_keep_their_steps_and_have_not_passed():
    started, none = tc.prove(["T3", "T9"], progress=stopping(1))
    assert len(started.steps) == 1
    assert started.steps[0].passed
    assert started.missing == len(steps_of("T3")) - 1
    assert (none.steps, none.missing) == ((), len(steps_of("T9")))
    assert not started.passed
    assert not none.passed
    assert started.to_dict()["missing"] == started.missing > 0
    assert "missing" not in replace(started, missing=0).to_dict()


def test_an_interrupted_verification_keeps_its_properties_and_has_not_passed():
    (some,) = tc.verify(["T3"], examples=5, progress=stopping(1))
    assert (len(some.properties), some.passed, some.failed) == (1, False, False)
    assert some.missing > 0
    assert some.to_dict()["missing"] == some.missing


@pytest.mark.parametrize("name", sorted(set(LONG) - {"measure", "prove", "verify"}))
def test_an_interrupt_of_a_function_ends_the_work(name, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        call(name, tmp_path, stopping(1))


def test_an_interrupted_sweep_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        tc.sweep(SPEC, tmp_path / "s.sqlite", progress=stopping(1))
    kept = tc.summarize(tmp_path / "s.sqlite").rows
    assert kept > 0
    assert tc.sweep(SPEC, tmp_path / "s.sqlite").allocations == 56


# The command line


def cli(monkeypatch: Any, *arguments: object) -> int:
    from theorycheck.cli.app import main

    monkeypatch.setattr(sys, "argv", ["theorycheck", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def test_an_interrupted_proof_is_told_with_its_table(monkeypatch, capsys):
    from theorycheck.proofs import run as proofs

    honest, steps = proofs.run_numbered, []

    def impatient(*task: Any) -> Any:
        if len(steps) == 1:
            raise KeyboardInterrupt
        steps.append(task)
        return honest(*task)

    monkeypatch.setattr(proofs, "run_numbered", impatient)
    assert cli(monkeypatch, "prove", "T3", "T9", "--workers", 1) == 130
    out, err = capsys.readouterr()
    assert out.count("holds") == 1
    total = len(steps_of("T3")) + len(steps_of("T9"))
    assert f"2 theorems: 1 of {total} steps hold" in out
    assert err == f"theorycheck: prove: interrupted after 1 of {total} steps\n"


def test_certificates_of_what_was_done_are_kept(monkeypatch, capsys, tmp_path):
    honest, seen = tc.classify, []

    def impatient(*arguments: Any, **options: Any) -> Any:
        if seen:
            raise KeyboardInterrupt
        seen.append(arguments)
        return honest(*arguments, **options)

    monkeypatch.setattr("theorycheck.answers.classification.classify", impatient)
    out, file = tmp_path / "kept.json", EXAMPLES / "cross.json"
    assert cli(monkeypatch, "classify", file, file, "--certificate", out) == 130
    assert capsys.readouterr().err == "theorycheck: interrupted\n"
    monkeypatch.undo()
    assert cli(monkeypatch, "check", out) == 0


def test_an_interrupted_report_is_written(monkeypatch, capsys, tmp_path):
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("theorycheck.answers.classification.classify", stop)
    out = tmp_path / "r.html"
    files = [EXAMPLES / f"{name}.json" for name in ("cross", "forest")]
    assert cli(monkeypatch, "report", *files, "--out", out) == 130  # what is there is written
    assert capsys.readouterr().err == f"theorycheck: {files[0]}: interrupted\n"
    text = out.read_text()
    assert "not looked at: interrupted" in text


INTERRUPTED_START = """
import sys

class Stop:
    def find_spec(name, *_):
        if name == "theorycheck.cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Stop)
from theorycheck.__main__ import main
main()
"""


def test_an_interrupt_while_the_program_loads_is_one_line():
    command = [sys.executable, "-c", INTERRUPTED_START]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (130, "theorycheck: interrupted\n")


def test_a_drawn_measurement_that_was_not_asked_for_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("theorycheck.cli.commands.plot._TRIALS", 20)
    files = [EXAMPLES / f"{name}.json" for name in ("cross", "forest")]
    assert cli(monkeypatch, "plot", *files, "--out", tmp_path / "p.svg") == 0
    lines = capsys.readouterr().err.splitlines()
    told = "measuring with 20 draws, --measure takes another number"
    assert lines == [f"theorycheck: {file}: {told}" for file in files]
    assert cli(monkeypatch, "plot", *files, "--measure", 20, "--out", tmp_path / "p.svg") == 0
    assert capsys.readouterr().err == ""


def test_a_drawn_measurement_ends_with_the_seconds_of_its_verdict(monkeypatch, capsys, tmp_path):
    """The clock stands still until a chunk of draws is done, and is then past the end."""
    ticks = [0.0]
    honest, chunk = tc.Effort.start, estimate._estimate

    def slow(*arguments: Any) -> Any:
        ticks[0] = 100.0
        return chunk(*arguments)

    monkeypatch.setattr(
        tc.Effort, "start", lambda self, *w: honest(replace(self, clock=lambda: ticks[0]), *w)
    )
    monkeypatch.setattr("theorycheck.measurement.estimate._estimate", slow)
    file, out = EXAMPLES / "forest.json", tmp_path / "p.svg"
    assert cli(monkeypatch, "plot", file, "--measure", 1200, "--seconds", 5, "--out", out) == 0
    late = "the time was up after 500 of 1200 draws"
    assert capsys.readouterr().err == f"theorycheck: {file}: {late}\n"


def test_an_interrupt_that_python_notices_is_a_usual_one():
    def interrupted() -> None:
        with noticed_soon():
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait()

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert signal.getsignal(signal.SIGINT) is before


STUCK = """
import ctypes, os, signal
from collections import deque
from functools import partial
from operator import call
import theorycheck.answers.classification
from theorycheck.cli import app as cli
from theorycheck.cli import interrupts

def stuck(*_, **__):
    everything = ctypes.create_string_buffer(128)
    libc = ctypes.CDLL(None)
    libc.sigfillset(everything)
    interrupt = partial(libc.kill, os.getpid(), int(signal.SIGINT))
    for_ever = partial(libc.sigsuspend, everything)  # like LAPACK it lets other threads run
    deque(map(call, (interrupt, for_ever)), 0)  # one step of Python's

interrupts.PATIENCE = 0.1
theorycheck.answers.classification.classify = stuck
cli.main()
"""


def test_an_interrupt_ends_a_call_that_does_not_return():
    command = [sys.executable, "-c", STUCK, "classify", str(EXAMPLES / "cross.json")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr == (
        "theorycheck: interrupted in the middle of a long step; what it had is lost\n"
    )
