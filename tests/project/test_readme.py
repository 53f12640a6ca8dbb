"""The README tells the truth: its snippets run, its commands print what it shows."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from theorycheck.statements import STATEMENTS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that follows it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def test_python_snippets_run_as_shown(monkeypatch):
    monkeypatch.chdir(ROOT)
    test = doctest.DocTestParser().get_doctest(README, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 10
    results = doctest.DocTestRunner().run(test)
    assert results.failed == 0


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.splitlines()[0])
def test_console_commands_print_what_is_shown(block, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1"}
    for command, shown in commands(block):
        result = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.stderr == ""
        assert result.stdout == shown


def test_two_commands_set_up_and_run():
    blocks = re.findall(r"^```sh\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    assert "theorycheck classify examples/allocations/cross.json" in blocks[0]
    assert "pytest" in blocks[1]


def test_table_of_theorems_is_that_of_the_statements():
    rows = re.findall(r"^\| ([TC]\d+) ([^|]*) \| ([^|]*) \|$", README, re.MULTILINE)
    assert rows == [(t.id, t.name, t.brief) for t in STATEMENTS.values()]


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_example_scripts_run(script):
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_example_allocations_are_classified(capsys, monkeypatch):
    from theorycheck.cli.app import main

    files = sorted(str(file) for file in (ROOT / "examples" / "allocations").glob("*"))
    for options, least in (([], "INTERMEDIATE"), (["--seconds", "0"], "POSITIVE")):
        monkeypatch.setattr(sys, "argv", ["theorycheck", "classify", *files, *options])
        with pytest.raises(SystemExit) as stop:
            main()
        assert stop.value.code == 0
        kinds = {"MINIMAL", "MAXIMAL", least}  # UNDECIDED is in test_cli: no example should be
        assert kinds <= set(re.findall(r"[A-Z]{5,}", capsys.readouterr().out))
