"""What the sources say about the package's house: who imports whom, who names a kind of network.

All of it is read, nothing imported, so that any revision and any made-up tree can be looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import networkx as nx

Import = tuple[str, str]  # who imports whom


@dataclass(frozen=True)
class House:
    """A package in a folder; its modules are called by their full names.

    A *room* is what lies directly in it: a folder or a module of its own.
    """

    root: Path

    @cached_property
    def modules(self) -> dict[str, Path]:
        """Name -> file of every module; packages have the names of their folders."""
        return {self._name(path): path for path in sorted(self.root.rglob("*.py"))}

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """Name -> syntax tree of every module."""
        return {name: ast.parse(path.read_text()) for name, path in self.modules.items()}

    @property
    def top(self) -> str:
        """The name of the package itself."""
        return self.root.name

    @cached_property
    def rooms(self) -> set[str]:
        """The names of all rooms."""
        return {room_of(name) for name in self.modules} - {""}

    @cached_property
    def typed_imports(self) -> set[Import]:
        """Every import, also inside functions and also what only type checkers see."""
        return {pair for name in self.modules for pair in self._imports(name, self.trees[name])}

    @cached_property
    def imports(self) -> set[Import]:
        """Every import that can happen, also inside functions."""
        return {
            pair for name in self.modules for pair in self._imports(name, running(self.trees[name]))
        }

    def reachable(self, start: Iterable[str]) -> set[str]:
        """All modules that some modules import, directly or not, without the package itself.

        A module brings the `__init__` of its folder along.
        """
        graph = nx.DiGraph(self.imports)
        for name in self.modules:
            parent = name.rpartition(".")[0]
            if parent not in ("", self.top):
                graph.add_edge(name, parent)
        graph.remove_nodes_from([self.top])
        starts = [name for name in start if name in graph]
        return {other for name in starts for other in nx.descendants(graph, name)}

    def inside(self, *rooms: str) -> list[str]:
        """The modules of some rooms, or of folders in them, for example `problem.networks`."""
        heads = [f"{self.top}.{room}" for room in rooms]
        return [
            name
            for name in self.modules
            if any(name == head or name.startswith(f"{head}.") for head in heads)
        ]

    def _name(self, path: Path) -> str:
        parts = [self.top, *path.relative_to(self.root).with_suffix("").parts]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _imports(self, importer: str, tree: ast.AST) -> Iterator[Import]:
        package = importer.split(".")
        if self.modules[importer].name != "__init__.py":
            package = package[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                found = [f"{module}.{alias.name}" for alias in node.names]
            else:
                continue
            for name in found:
                while name and name not in self.modules:
                    name = name.rpartition(".")[0]  # something in a module
                if name and name != importer:
                    yield importer, name


def room_of(name: str) -> str:
    """The room of a module; the package itself is in none.

    >>> room_of("theorycheck.problem.networks.base")
    'problem'
    """
    return [*name.split("."), ""][1]


def running(tree: ast.Module) -> ast.Module:
    """The same module without what only type checkers see."""
    rest = ast.Module(body=list(tree.body), type_ignores=[])
    rest.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return rest


def upward(house: House, order: Sequence[str]) -> list[Import]:
    """Imports of a room by one before it, and of the package by anything but its program.

    Rooms that the order does not list are left out; `unlisted` tells them.
    """
    place = {room: number for number, room in enumerate([*order, "__main__"])}
    place[""] = len(place)
    listed = [pair for pair in house.typed_imports if {room_of(name) for name in pair} <= {*place}]
    return sorted((a, b) for a, b in listed if place[room_of(a)] < place[room_of(b)])


def unlisted(house: House, order: Sequence[str]) -> set[str]:
    """Rooms that the order lacks, and what it lists that is no room."""
    return (house.rooms - {"__main__"}) ^ set(order)


def circles(imports: set[Import]) -> list[list[str]]:
    """Modules that import each other, directly or not: one list for each tangle."""
    found = nx.strongly_connected_components(nx.DiGraph(imports))
    return sorted(sorted(names) for names in found if len(names) > 1)


def strangers_met(house: House, rooms: Iterable[str], strangers: Iterable[str]) -> set[str]:
    """Modules in the rooms of strangers that some rooms reach, directly or not."""
    return house.reachable(house.inside(*rooms)) & set(house.inside(*strangers))


def kind_names(tree: ast.AST, words: Iterable[str]) -> int:
    """How often a module names one of the words: as a name, an attribute, an import or a string.

    >>> kind_names(ast.parse("if kind == 'relu': ShallowReLU(x)"), ["relu", "ShallowReLU"])
    2
    """
    wanted, count = set(words), 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                count += word in wanted
            case ast.Constant(value=str(word)):
                count += word in wanted
    return count


def kind_checks(tree: ast.AST, words: Iterable[str]) -> int:
    """How many calls of isinstance or issubclass ask for one of the words.

    >>> kind_checks(ast.parse("isinstance(network, (tc.ShallowReLU, str))"), ["ShallowReLU"])
    1
    """
    return sum(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
        and len(node.args) > 1
        and kind_names(node.args[1], words) > 0
        for node in ast.walk(tree)
    )


def long_modules(house: House, most: int) -> dict[str, int]:
    """Modules that have more lines than that, and how many."""
    sizes = {name: lines(path) for name, path in house.modules.items()}
    return {name: size for name, size in sizes.items() if size > most}


def lines(path: Path) -> int:
    """The number of lines of a file."""
    return len(path.read_text().splitlines())


def long_functions(house: House, most: int) -> dict[str, int]:
    """Functions that have more lines than that without their docstrings, and how many."""
    found = {}
    for name, tree in house.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docs = len((ast.get_docstring(node) or "").splitlines())
                size = (node.end_lineno or 0) - node.lineno + 1 - docs
                if size > most:
                    found[f"{name}.{node.name}"] = size
    return found


def undocumented(house: House) -> list[str]:
    """Functions and classes at the top of a module that lack a docstring and are not private."""
    return [
        f"{name}.{node.name}"
        for name, tree in house.trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
