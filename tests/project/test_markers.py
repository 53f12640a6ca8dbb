"""Markers: what the runs of `.ci/run` choose by them is all there, and enough of it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
APART = ("benchmarks", "shared", "known")  # not chosen by markers, or no tests
FILES = [path for path in TESTS.rglob("test_*.py") if path.parent.name not in APART]
ROOMS = sorted({path.relative_to(TESTS).parts[0] for path in FILES})


def marks(node: ast.AST) -> set[str]:
    """The names behind `pytest.mark.` in some code."""
    return {
        part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "pytest.mark"
    }


def unmarked_tests(tree: ast.Module, mark: str) -> list[str]:
    """The tests of a module that do not have a mark, of their own or of their module."""
    of_all = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    if any(mark in marks(node.value) for node in of_all):
        return []
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and not any(mark in marks(decorator) for decorator in node.decorator_list)
    ]


def wants_torch(tree: ast.AST) -> bool:
    """Whether some code skips without torch, or takes the modules that tests share."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(name)) if name.endswith("torch_zoo"):
                return True
            case ast.alias(name="torch_zoo"):
                return True
            case ast.Call(args=[ast.Constant(value=str(name)), *_]):
                if ast.unparse(node.func) == "pytest.importorskip" and name.startswith("torch"):
                    return True
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_needs_torch_is_run_where_torch_is(path):
    tree = ast.parse(path.read_text())
    without = unmarked_tests(tree, "torch")
    for node in tree.body:
        if wants_torch(node):  # anything but a test serves all tests of its module
            assert getattr(node, "name", "") not in without, "mark it with pytest.mark.torch"
            is_test = getattr(node, "name", "").startswith("test_")
            assert is_test or not without, "mark the module: pytestmark = pytest.mark.torch"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_tested_with_all_versions(room):
    trees = [ast.parse(path.read_text()) for path in (TESTS / room).rglob("test_*.py")]
    every, short = (
        [name for tree in trees for name in unmarked_tests(tree, mark)] for mark in ("", "long")
    )
    assert short
    assert len(short) > 2 or short == every


def test_marks_are_seen():
    tree = ast.parse(
        "@pytest.mark.long\n@pytest.mark.skipif(x)\ndef test_a(): pass\n"
        "def test_b(): torch = pytest.importorskip('torch', reason='missing')\n"
        "def helper(): pass"
    )
    assert unmarked_tests(tree, "long") == ["test_b"]
    assert [wants_torch(node) for node in tree.body] == [False, True, False]
    assert not unmarked_tests(
        ast.parse("pytestmark = pytest.mark.long\ndef test_a(): pass"), "long"
    )
