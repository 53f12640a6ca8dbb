"""Figures of the package's house, of any revision: what a redesign should make smaller.

python -m tests.project.figures [REVISION ...] prints a table with one column for each revision;
without one, for the files as they are.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from statistics import median

import networkx as nx

from .house import House, circles, lines, long_functions, room_of, unlisted, upward
from .kinds import asking, naming

REPOSITORY = Path(__file__).parents[2]
ORDERS = ("tests/project/test_layers.py", "tests/test_layers.py")


def figures(folder: Path) -> dict[str, str]:
    """What there is to count in a checkout, by name."""
    house = House(folder / "theorycheck")
    order = order_of(folder)
    sizes = {name: lines(path) for name, path in house.modules.items() if is_module(path)}
    loose = [path for path in house.root.glob("*.py") if is_module(path)]
    tangles = {"": circles(house.imports), " (with what type checkers see)": typed_circles(house)}
    longest = max(sizes, key=lambda name: sizes[name])
    tests = [path for path in (folder / "tests").rglob("*.py") if is_module(path)]
    return {
        "modules": str(len(sizes)),
        "rooms": str(len({room_of(name) for name in house.modules} - {""})),
        "loose modules": str(len(loose)),
        **{
            f"circles{kind}": f"{len(found)} of {sum(map(len, found))} modules"
            for kind, found in tangles.items()
        },
        "imports": str(len(house.typed_imports)),
        "imports upward": str(len(upward(house, order))),
        "floors of imports": str(floors(house)),
        "rooms without a place": str(len(unlisted(house, order))),
        "modules naming a kind of network": str(len(naming(house))),
        "isinstance on networks": str(sum(asking(house).values())),
        "modules asking so": str(len(asking(house))),
        "lines in all": str(sum(map(lines, house.modules.values()))),
        "median module": str(round(median(sizes.values()))),
        "longest module": f"{sizes[longest]} ({longest.removeprefix('theorycheck.')})",
        "modules over 300 lines": str(sum(size > 300 for size in sizes.values())),
        "functions over 40 lines": str(len(long_functions(house, 40))),
        "lines saying Any": str(sum(map(saying_any, house.modules.values()))),
        "modules of tests": str(len(tests)),
        "lines of tests": str(sum(map(lines, tests))),
    }


def is_module(path: Path) -> bool:
    """Whether a file is more than the mark of a package."""
    return path.name != "__init__.py"


def typed_circles(house: House) -> list[list[str]]:
    """Circles of all imports but those of the package itself, which lists its public names."""
    return circles({pair for pair in house.typed_imports if house.top not in pair})


def floors(house: House) -> int:
    """How many modules the longest chain of imports has, a circle counting once."""
    graph = nx.condensation(nx.DiGraph(house.imports))
    return nx.dag_longest_path_length(graph) + 1


def saying_any(path: Path) -> int:
    """In how many lines `Any` is said as a type, imports left out."""
    found = path.read_text().splitlines()
    return sum(bool(re.search(r"\bAny\b", line)) and "import" not in line for line in found)


def order_of(folder: Path) -> list[str]:
    """The order of rooms as the revision's own test has it."""
    for name in ORDERS:
        if (folder / name).is_file():
            found = re.search(r'^ORDER = """(.*?)"""', (folder / name).read_text(), re.M | re.S)
            if found:
                return found[1].split()
    return []


def checkout(revision: str, folder: Path) -> Path:
    """Unpack the package and the tests of a revision into a folder."""
    command = ["git", "-C", str(REPOSITORY), "archive", revision, "theorycheck", "tests"]
    packed = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("revisions", nargs="*", metavar="REVISION")
    revisions = parser.parse_args().revisions
    with tempfile.TemporaryDirectory() as folder:
        columns = {name: figures(checkout(name, Path(folder, name))) for name in revisions}
    columns = columns or {"now": figures(REPOSITORY)}
    print(f"| | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for row in next(iter(columns.values())):
        print(f"| {row} | {' | '.join(column[row] for column in columns.values())} |")


if __name__ == "__main__":
    main()
