"""Who may import whom, what stays lazy, and ids that agree everywhere."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import theorycheck
from theorycheck.theorems.registry import THEOREMS

ROOT = Path(theorycheck.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def imports_of(file: Path) -> set[str]:
    """Absolute names of the package's modules that a file imports anywhere in it."""
    package = ["theorycheck", *file.relative_to(ROOT).parts[:-1]]
    found = set()
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):  # what only the type checker sees is no import
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("theorycheck")}


def reachable(file: Path) -> set[str]:
    """Modules that a file imports, directly or not."""
    by_name = {module_name(path): path for path in MODULES}
    seen: set[str] = set()
    queue = [file]
    while queue:
        for name in imports_of(queue.pop()) & by_name.keys() - seen:
            seen.add(name)
            queue.append(by_name[name])
    return seen - {"theorycheck"}


def module_name(path: Path) -> str:
    parts = ["theorycheck", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FINDERS = ("theorems", "ranks", "field", "degrees", "answers", "structure")


CHECKER = sorted(path.name for path in (ROOT / "checker").glob("*.py"))


@pytest.mark.parametrize("start", CHECKER)
def test_the_checker_shares_no_code_with_the_finders(start):
    used = reachable(ROOT / "checker" / start)
    assert not {name for name in used if name.split(".")[1] in (*FINDERS, "numeric")}


def test_floating_point_knows_no_finder():
    files = list((ROOT / "numeric").glob("*.py"))
    assert len(files) > 3
    for file in files:
        assert not {name for name in reachable(file) if name.split(".")[1] in FINDERS}


def test_the_search_for_imports_sees_what_it_should():
    assert "theorycheck.problem.allocation" in reachable(ROOT / "checker" / "check.py")
    assert "theorycheck.field.elimination" in reachable(ROOT / "answers" / "classification.py")


def test_measurement_does_not_see_the_theory():
    files = list((ROOT / "measurement").rglob("*.py"))
    assert len(files) > 3
    for file in files:
        assert not {name for name in reachable(file) if name.split(".")[1] in FINDERS}


# From the bottom up: a module imports only from those before it.
ORDER = """
errors computing bibliography statements display problem certificates
structure field ranks numeric measurement degrees verdict theorems heuristics answers
proofs strategies verification sweeps plots checker reports cli
"""


def test_imports_flow_in_one_direction():
    layers = ORDER.split()
    for file in MODULES:
        own = module_name(file).split(".")[1:2]
        if not own or own[0] not in layers:
            continue
        for name in imports_of(file):
            other = name.split(".")[1:2]
            if other and other[0] in layers:
                assert layers.index(other[0]) <= layers.index(own[0]), f"{own[0]} imports {name}"


def test_exact_arithmetic_knows_no_theorem():
    for file in (ROOT / "ranks").glob("*.py"):
        assert not {name for name in reachable(file) if ".theorems" in name}


def printed_by(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_help_and_import_load_nothing_heavy():
    heavy = "{'numpy', 'scipy', 'sympy', 'networkx', 'flint', 'cupy', 'matplotlib', 'hypothesis'}"
    code = (
        f"import sys, theorycheck, theorycheck.cli.app; print(sorted({heavy} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_classifying_by_counts_loads_only_numpy():
    heavy = "{'scipy', 'sympy', 'networkx', 'flint', 'cupy', 'matplotlib', 'hypothesis'}"
    code = (
        "import sys, theorycheck as tc; net = tc.LinearFeedforward([2, 2]);"
        "tc.classify(tc.Allocation.layer(net, 'W1'), 2);"
        f"print(sorted({heavy} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_public_names_resolve_and_do_not_hide_modules():
    modules = {path.stem for path in ROOT.glob("*.py")} | {path.name for path in ROOT.glob("*/")}
    for name in dir(theorycheck):
        assert getattr(theorycheck, name).__name__ == name
        assert name not in modules


def test_theorem_ids_agree_with_files_and_tests():
    ids = [theorem.id for theorem in THEOREMS]
    assert len(set(ids)) == len(ids)
    files = {path.stem for path in (ROOT / "theorems").glob("t[0-9]*.py")}
    assert {int(id[1:]) for id in ids} == {int(stem[1:3]) for stem in files}
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    for theorem in THEOREMS:
        stem = next(s for s in files if int(s[1:3]) == int(theorem.id[1:]))
        module = importlib.import_module(f"theorycheck.theorems.{stem}")
        assert module.THEOREM is theorem
        assert (module.__doc__ or "").startswith(f"{theorem.id} {theorem.statement.name}")
        assert f"def test_{theorem.id.lower()}_" in tests


def test_modules_and_functions_stay_small():
    for file in MODULES:
        text = file.read_text()
        assert len(text.splitlines()) <= 400, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.col_offset == 0:
                assert node.name.startswith("_") or ast.get_docstring(node), f"{file}:{node.name}"
            if isinstance(node, ast.FunctionDef):
                docs = len((ast.get_docstring(node) or "").splitlines())
                size = (node.end_lineno or 0) - node.lineno + 1 - docs
                assert size <= 45, f"{file}:{node.name} has {size} lines"
