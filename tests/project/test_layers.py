"""Who may import whom, what stays lazy, how long a module is, and ids that agree everywhere.

What is asked of the real package is asked of small made-up ones too, which break every rule once.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import theorycheck
from tests.project import house as look
from tests.project.house import House
from tests.project.kinds import asking, naming, still_listed
from theorycheck.theorems.registry import THEOREMS

ROOT = Path(theorycheck.__file__).parent
HOUSE = House(ROOT)

# From the bottom up: a module imports only from its own room and from those before it. Whoever
# adds a room says here where it stands.
ORDER = """
errors version computing bibliography statements display problem certificates certificate_kinds
structure field ranks plans numeric measurement degrees verdict theorems heuristics answers
constructions proofs strategies verification sweeps plots checker reports cli
"""

FINDERS = ("theorems", "ranks", "field", "plans", "degrees", "answers", "structure")
# Who judges or measures shares no code, not even by a detour, with what it judges.
STRANGERS = {
    "checker": (*FINDERS, "numeric", "heuristics", "measurement", "verification"),
    "measurement": (*FINDERS, "verdict", "heuristics", "certificates", "checker"),
    "numeric": FINDERS,
    "proofs": (
        "theorems",
        "plans",
        "degrees",
        "answers",
        "structure",
        "numeric",
        "checker",
        "verdict",
    ),
    "ranks": ("theorems", "plans", "degrees", "verdict"),
    "field": ("problem",),
}


def test_every_room_has_its_place():
    assert not look.unlisted(HOUSE, ORDER.split())


def test_imports_flow_in_one_direction():
    assert not look.upward(HOUSE, ORDER.split())


def test_no_modules_import_each_other():
    assert not look.circles(HOUSE.typed_imports)


@pytest.mark.parametrize("room", STRANGERS)
def test_strangers_do_not_meet(room):
    assert len(HOUSE.inside(room)) > 3
    assert not look.strangers_met(HOUSE, [room], STRANGERS[room])


def test_the_search_for_imports_sees_what_it_should():
    name = "theorycheck.{}".format
    used = HOUSE.reachable([name("checker.check")])
    assert {name("problem.allocation"), name("problem.networks.base"), name("errors")} <= used
    assert name("field.elimination") in HOUSE.reachable([name("answers.classification")])


def test_the_checker_computes_in_its_own_way():
    """It may ask a network for its sizes and names, but never for what it computes."""
    for name in HOUSE.inside("checker"):
        assert not look.kind_names(HOUSE.trees[name], ["unrolled", "Unrolled"]), name


def test_who_still_names_a_kind_of_network():
    """Ask the network for a fact, or walk what it unrolls to; and shorten the list, if you did."""
    listed = still_listed()
    assert naming(HOUSE) | asking(HOUSE).keys() == listed.keys()
    assert asking(HOUSE) == {name: count for name, count in listed.items() if count}


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


LINES, FUNCTION = 400, 45


def test_modules_and_functions_stay_small():
    assert not look.long_modules(HOUSE, LINES)
    assert not look.long_functions(HOUSE, FUNCTION)


def test_public_functions_and_classes_have_docstrings():
    assert not look.undocumented(HOUSE)


# A small house in which everything is right; the tests below plant one fault each.
SOUND = {
    "__init__.py": "if TYPE_CHECKING:\n    from .cli.app import main",
    "__main__.py": "from .cli.app import main",
    "errors.py": "",
    "problem/__init__.py": "",
    "problem/files.py": "from ..errors import InputError",
    "problem/masks.py": "from . import files",
    "theorems/__init__.py": "",
    "theorems/rows.py": "from ..problem.masks import entries_of",
    "checker/__init__.py": "",
    "checker/check.py": "def check():\n    from ..problem import files",
    "cli/__init__.py": "",
    "cli/app.py": "from ..theorems import rows\nimport theorycheck.checker.check",
}
SMALL_ORDER = ["errors", "problem", "theorems", "checker", "cli"]


def made_up(folder: Path, **changes: str) -> House:
    root = folder / "theorycheck"
    files = SOUND | {key.replace("__", "/", 1) + ".py": text for key, text in changes.items()}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return House(root)


def test_a_sound_house_is_sound(tmp_path):
    house = made_up(tmp_path)
    assert not look.unlisted(house, SMALL_ORDER)
    assert not look.upward(house, SMALL_ORDER)
    assert not look.circles(house.imports)
    assert not look.strangers_met(house, ["checker"], ["theorems"])
    met = look.strangers_met(house, ["cli"], ["theorems"])
    assert met == {"theorycheck.theorems", "theorycheck.theorems.rows"}
    assert not naming(house)
    assert not asking(house)
    assert not look.undocumented(made_up(tmp_path, checker__check="def _check(): pass"))


@pytest.mark.parametrize("room", ["news", "extra__page"])
def test_an_unknown_room_is_found(tmp_path, room):
    assert look.unlisted(made_up(tmp_path, **{room: ""}), SMALL_ORDER) == {room.split("__")[0]}


def test_a_room_that_is_gone_is_found(tmp_path):
    assert look.unlisted(made_up(tmp_path), [*SMALL_ORDER, "exact"]) == {"exact"}


@pytest.mark.parametrize(
    "text",
    [
        "from ..cli import app",
        "from ..cli.app import main",
        "import theorycheck.cli.app",
        "from theorycheck.cli.app import main as run",
        "def late():\n    from ..cli import app",
        "if TYPE_CHECKING:\n    from ..cli.app import main",
    ],
)
def test_an_import_that_runs_upward_is_found(tmp_path, text):
    found = look.upward(made_up(tmp_path, problem__files=text), SMALL_ORDER)
    assert found == [("theorycheck.problem.files", "theorycheck.cli.app")]


@pytest.mark.parametrize("text", ["from .. import __version__", "import theorycheck as tc"])
def test_an_import_of_the_package_from_inside_runs_upward(tmp_path, text):
    found = look.upward(made_up(tmp_path, cli__app=text), SMALL_ORDER)
    assert found == [("theorycheck.cli.app", "theorycheck")]


@pytest.mark.parametrize("detour", ["from .masks import x", "from . import masks"])
def test_a_circle_is_found(tmp_path, detour):
    circle = ["theorycheck.problem.files", "theorycheck.problem.masks"]
    house = made_up(tmp_path, problem__files=detour)
    assert look.circles(house.imports) == [circle]
    house = made_up(tmp_path, problem__files=f"if TYPE_CHECKING:\n    {detour}")
    assert (look.circles(house.imports), look.circles(house.typed_imports)) == ([], [circle])


@pytest.mark.parametrize(
    "changes",
    [
        {"checker__check": "from ..theorems import rows"},
        {"problem__files": "def late():\n    from ..theorems.rows import x"},
        {"problem____init__": "import theorycheck.theorems.rows"},
    ],
)
def test_strangers_that_meet_are_found_also_by_a_detour(tmp_path, changes):
    house = made_up(tmp_path, **changes)
    assert "theorycheck.theorems.rows" in look.strangers_met(house, ["checker"], ["theorems"])


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("from ..problem.networks.feedforward import ShallowReLU as S", 0),
        ("def ask(network):\n    return isinstance(network, tc.LinearRecurrent)", 1),
        ("def ask(network):\n    return isinstance(network, str | Network)", 1),
        ("def ask(network):\n    return network.kind == 'shallow_relu'", 0),
        ("match network:\n    case LinearFeedforward():\n        pass", 0),
    ],
)
def test_who_names_or_asks_for_a_kind_is_found(tmp_path, text, asked):
    name = "theorycheck.theorems.rows"
    house = made_up(tmp_path, theorems__rows=text)
    assert naming(house) == ({name} if "Network)" not in text else set())
    assert asking(house) == ({name: asked} if asked else {})
    for room in ("checker__check", "problem__networks"):
        assert not naming(made_up(tmp_path / room, **{room: text}))
    assert not naming(made_up(tmp_path / "words", theorems__rows='"""Not ShallowReLU."""'))


def test_what_is_long_or_undocumented_is_found(tmp_path):
    long = "def act():\n    'Act.'\n" + "    x = 1\n" * 6
    house = made_up(tmp_path, theorems__rows=long)
    assert look.long_modules(house, 7) == {"theorycheck.theorems.rows": 8}
    assert look.long_functions(house, 6) == {"theorycheck.theorems.rows.act": 7}
    assert not look.long_modules(house, 8)
    assert not look.long_functions(house, 7)
    assert look.undocumented(house) == ["theorycheck.checker.check.check"]
