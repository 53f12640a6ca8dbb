"""The documentation tells the truth: snippets of every page run, links lead somewhere."""

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import theorycheck as tc
from tests.project.test_readme import commands
from theorycheck.statements import STATEMENTS

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"])
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What is not run as it stands, with the reason. Nothing else may be left out.
NOT_RUN = {
    ("index.md", "sh"): "installs: .ci/run does that by the README's commands",
    ("CONTRIBUTING.md", "sh"): "installs, and runs all tests: .ci/run does",
    ("benchmarks.md", "sh"): "takes minutes; .ci/run runs every benchmark once",
    ("interop.md", "sh"): "tests/problem/interop/test_mask_sources.py runs such commands",
    ("report.md", "sh"): "tests/reports/test_report_page.py writes and opens reports",
    ("sweeps.md", "bash"): "needs several machines, or SLURM",
    ("sweeps.md", "sql"): "a query of a file that the page does not write",
}
# Python blocks, by a line of theirs.
NEEDS_A_CLUSTER = {("sweeps.md", "from dask_jobqueue import SLURMCluster"): "needs SLURM"}
# What needs torch or peft, which not every run installs: by these tests.
RUN_ELSEWHERE = {
    "interop.md": "problem/interop/test_torch.py",
    "peft.md": "problem/interop/test_torch_peft.py",
    "measured_rank.md": "measurement/test_measured_rank.py",
}
VARIES = ("verification.md",)  # pages whose commands print times


def blocks(page: Path, *languages: str) -> list[str]:
    """The code blocks of a page in any of these languages."""
    found = _BLOCK.findall(page.read_text())
    return [text for language, text in found if language in languages]


def having(*languages: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, *languages)]


def name(value: object) -> str:
    return value.name if isinstance(value, Path) else ""


def test_every_block_is_run_or_listed():
    known = {"python", "pycon", "console", "json", "toml", "text"}
    for page in PAGES:
        for language, _ in _BLOCK.findall(page.read_text()):
            assert language in known or (page.name, language) in NOT_RUN, (page.name, language)
    for file, language in NOT_RUN:
        page = next(page for page in PAGES if page.name == file)
        assert blocks(page, language), f"{file} has no {language} block any more"
    for file, test in RUN_ELSEWHERE.items():
        assert file in (ROOT / "tests" / test).read_text()
    for file, line in NEEDS_A_CLUSTER:
        assert line in (DOCS / file).read_text()


def prepare_sweeps() -> None:
    """The files that the page on sweeps takes as there: its own specification, few draws."""
    (text,) = blocks(DOCS / "sweeps.md", "toml")
    Path("spec.toml").write_text(text.replace("count = 200 ", "count = 4 "))
    tc.sweep(tc.load_spec("spec.toml"), "results.sqlite", workers=1)
    for budget in (5, 6):
        network = tc.LinearFeedforward([2, 2, 2])
        spec = tc.SweepSpec(network, samples=2, budget=[budget], degree=False)
        tc.sweep(spec, f"budget_{budget}.sqlite", workers=1)


@pytest.mark.parametrize(
    "page", [p for p in having("python", "pycon") if p.name not in RUN_ELSEWHERE], ids=name
)
def test_python_runs_as_shown(page, monkeypatch, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    if page.name == "sweeps.md":
        prepare_sweeps()
    namespace: dict[str, object] = {}
    for text in blocks(page, "python", "pycon"):
        if any((page.name, line) in NEEDS_A_CLUSTER for line in text.splitlines()):
            continue
        if ">>> " in text:
            test = doctest.DocTestParser().get_doctest(text, namespace, page.name, None, 0)
            results = doctest.DocTestRunner().run(test, clear_globs=False)
            assert results.failed == 0
            namespace = test.globs
        else:
            exec(compile(text, page.name, "exec"), namespace)


@pytest.mark.parametrize("page", having("console"), ids=name)
def test_commands_print_what_is_shown(page, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1"}
    for block in blocks(page, "console"):
        for command, shown in commands(block):
            result = subprocess.run(
                command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert result.stderr == ""
            printed = result.stdout
            if page.name in VARIES:
                printed, shown = (re.sub(r" +\d+\.\d  ", " s ", t) for t in (printed, shown))
                printed = re.sub(r" +$", "", printed, flags=re.MULTILINE)
            assert printed == shown


@pytest.mark.parametrize("page", having("json", "toml"), ids=name)
def test_files_shown_are_files_of_their_kind(page, tmp_path):
    for text in blocks(page, "json"):
        json.loads(text)
    for text in blocks(page, "toml"):
        tomllib.loads(text)


def test_the_first_allocation_shown_is_the_example():
    (shown,) = blocks(DOCS / "index.md", "json")
    file = ROOT / "examples" / "allocations" / "cross.json"
    assert json.loads(shown) == json.loads(file.read_text())


@pytest.fixture(scope="module")
def hooks():
    """The modules that generate pages: they need no MkDocs."""
    sys.path.insert(0, str(DOCS / "hooks"))
    try:
        yield {key: importlib.import_module(key) for key in ("dialect", "pages", "pictures")}
    finally:
        sys.path.remove(str(DOCS / "hooks"))
        for key in ("dialect", "pages", "pictures"):
            sys.modules.pop(key, None)


def test_doctests_of_the_generators(hooks):
    pytest.importorskip("latex2mathml", reason="the extra docs is not installed")
    for module in hooks.values():
        assert doctest.testmod(module).failed == 0


def test_every_theorem_has_a_page_with_all_its_steps(hooks):
    from theorycheck.proofs.registry import steps_of

    pages = hooks["pages"].theorem_pages()
    assert len(pages) == len(STATEMENTS) + 1
    for id, statement in STATEMENTS.items():
        page = pages[f"theorems/{id.lower()}.md"]
        assert page.startswith(f"# {id} {statement.name}\n")
        assert "\n## Source\n" in page
        assert ("\n## Proof\n" in page) != statement.is_conjecture
        assert f"({id.lower()}.md)" in pages["theorems/index.md"]
        for step in steps_of(id):
            assert step.title.replace("|", "\\|") in page


def test_every_public_name_is_on_one_page_of_the_api(hooks):
    text = "\n".join(hooks["pages"].api_pages().values())
    for public in dir(tc):
        home = getattr(tc, public).__module__.removeprefix("theorycheck.")
        assert len(re.findall(rf"^::: theorycheck\.{home}\.{public}$", text, re.MULTILINE)) == 1


def test_every_command_and_option_is_on_the_page(hooks):
    from typer.main import get_command

    from theorycheck.cli.app import app

    page = hooks["pages"].command_line()
    program = get_command(app)
    for command, parsed in program.commands.items():  # type: ignore[attr-defined]
        section = page.split(f"\n## theorycheck {command}\n")[1].split("\n## ")[0]
        for option in parsed.params:
            if option.param_type_name == "option" and not option.hidden:
                assert all(f"`{text}`" in section for text in option.opts)


def test_lists_are_told_from_text_as_on_github(hooks):
    blocks = hooks["dialect"].blocks
    assert blocks("Two:\n- a\n- b\n") == "Two:\n\n- a\n- b\n"
    assert blocks("In\n2025. Then\n") == "In\n2025\\. Then\n"
    assert blocks("1. x is\n   0. So\n2. y\n") == "1. x is\n   0\\. So\n2. y\n"
    assert blocks("```\nx\n- y\n```\n") == "```\nx\n- y\n```\n"
    assert blocks("Table:\n| a |\n| - |\n") == "Table:\n\n| a |\n| - |\n"


def test_no_page_loads_anything_from_the_network(hooks):
    for file in [ROOT / "mkdocs.yml", *DOCS.rglob("assets/**/*.*")]:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text, file
    assert "font: false" in (ROOT / "mkdocs.yml").read_text()
    for picture in hooks["pictures"].all_pictures().values():
        assert "<title>" in picture or "aria-label=" in picture
        assert not re.search(r'href="[^#]', picture)


def test_version_of_the_citation_is_that_of_the_package():
    text = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {tc.__version__}\n" in text
