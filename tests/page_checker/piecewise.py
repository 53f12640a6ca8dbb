"""T11, T12: piecewise linear networks. A function for each kind, like it without `piecewise_`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.page_checker.problem import (
    Cell,
    Masks,
    Matrix,
    Problem,
    integer,
    is_bias,
    listed,
    need,
    numbers,
    pairs,
    table,
)
from tests.page_checker.ranks import Draws

KINKS = {"linear": [], "relu": [0], "leaky_relu": [0], "hardtanh": [-1, 1]}
SLOPES = {"linear": [1], "relu": [0, 1], "leaky_relu": [Fraction(1, 100), 1], "hardtanh": [0, 1, 0]}
Node = tuple[str, int, int]  # kind of place (x, one, h, y), layer or step, unit
Leads = list[tuple[Cell, Node]]
ONE = ("one", 0, 0)


def leads_of(problem: Problem) -> dict[Node, Leads]:
    """What leads to each unit and output, by which weight, present or not; in order."""
    w, into, bias = problem.widths, {}, problem.bias
    if not problem.is_recurrent:
        for a in range(1, len(w)):
            for i in range(w[a]):
                source, here = "h" if a > 1 else "x", "h" if a < len(w) - 1 else "y"
                leads: Leads = [((f"W{a}", i, j), (source, a - 1, j)) for j in range(w[a - 1])]
                into[here, a, i] = leads + [((f"b{a}", i, 0), ONE)] * bias
        return into
    for t in range(1, problem.steps + 1):
        for i in range(w[1]):
            leads = [(("input", i, j), ("x", t, j)) for j in range(w[0])]
            if t > 1:
                leads += [(("recurrent", i, j), ("h", t - 1, j)) for j in range(w[1])]
            into["h", t, i] = leads + [(("bias", i, 0), ONE)] * bias
    for t in range(1 if problem.readout == "all" else problem.steps, problem.steps + 1):
        for o in range(w[2]):
            leads = [(("readout", o, j), ("h", t, j)) for j in range(w[1])]
            into["y", t, o] = leads + [(("readout_bias", o, 0), ONE)] * bias
    return into


class Piecewise:
    """The network as a graph: what leads to each unit."""

    def __init__(self, problem: Problem, draws: Draws, claim: dict[str, Any]) -> None:
        self.problem, self.draws, self.claim, self.m = problem, draws, claim, problem.samples
        names, present = problem.activations, problem.present
        need(set(names) <= KINKS.keys() and set(names) - {"linear"}, "not piecewise linear")
        self.into = {
            node: [(cell, source) for cell, source in leads if present[cell[0]][cell[1]][cell[2]]]
            for node, leads in leads_of(problem).items()
        }
        self.name = {
            node: names[0 if problem.is_recurrent else node[1] - 1]
            for node in self.into
            if node[0] == "h"
        }
        self.reads = sorted({node[1] for node in self.into if node[0] == "y"})
        self.live: set[Node] = set()
        for node, leads in self.into.items():
            if any(self.is_live(source) for _, source in leads):
                self.live.add(node)
        self.useful = {node for node in self.live if node[0] == "y"}
        for node in reversed(self.into):
            if node in self.useful:
                self.useful |= {source for _, source in self.into[node] if source in self.live}
        self.acting = {
            cell for node, leads in self.into.items() if node in self.useful
            for cell, source in leads if self.is_live(source)
        }  # fmt: skip
        units = {node for node in self.useful & self.name.keys() if self.name[node] != "hardtanh"}
        self.homogeneous = {self.unit(node) for node in units}

    def is_live(self, node: Node) -> bool:
        return node[0] in ("x", "one") or node in self.live

    def unit(self, node: Node) -> tuple[int, int]:
        """The states of all steps share their weights."""
        return (0 if self.problem.is_recurrent else node[1]), node[2]

    def bound(self) -> int:
        problem, m = self.problem, self.m
        biased = any(is_bias(name) for name, _, _ in self.acting)
        if "hardtanh" not in problem.activations and not biased:
            m = min(m, 2) if problem.widths[0] * problem.steps == 1 else m
        bounds = [problem.d * m * len(self.reads), len(self.acting) - len(self.homogeneous)]
        if problem.is_recurrent:
            return min(bounds)
        reached = 0
        for a in range(1, len(problem.widths)):
            units, before = ([node for node in self.useful if node[1] == k] for k in (a, a - 1))
            cells, n = [cell for cell in self.acting if cell[0][1:] == str(a)], len(units)
            if a == 1:
                reached = sum(min(m, sum(i == node[2] for _, i, _ in cells)) for node in units)
                continue
            b = int(any(is_bias(name) for name, _, _ in cells))
            g = 0 if problem.activations[a - 2] == "hardtanh" else len(before)
            k = min(n, len(before), m - b)
            reached = min(reached + len(cells) - g, b * n + k * (n + m - b - k))
        return min(*bounds, reached)

    def moved(self, without: set[Cell], cut: set[Node]) -> set[Node]:
        learnable, moved = set(self.problem.learnables) - without, set()
        for node, leads in self.into.items():
            own = any(cell in learnable and self.is_live(source) for cell, source in leads)
            if node not in cut and (own or any(source in moved for _, source in leads)):
                moved.add(node)
        return moved

    def point(self, point: Any, cells: list[Cell], size: int | None = None) -> dict[Node, Any]:
        """The values at a point, at which these weights have a minor (of this size)."""
        problem, point = self.problem, dict(point)
        scale, data = integer(point.pop("scale"), 1, 2**22), point.pop("weights")
        need(data.keys() == problem.shapes.keys(), "weights of a point")
        w = {name: table(data[name], s, is_bias(name)) for name, s in problem.shapes.items()}
        need(set(problem.cells(w)) <= set(problem.presents), "an absent connection is not 0")
        x = table(point.pop("inputs"), (problem.widths[0] * problem.steps, self.m))
        values, pieces = self.evaluated(w, x, scale)
        shown = len(listed(point["rows"]))
        need(size in (None, shown), "size of the minor")
        n_rows, of_f = problem.d * self.m * len(self.reads), Problem("F", [1, 1], 1)

        def columns(trial: int, chosen: list[Cell]) -> Matrix:
            p = self.draws.prime(trial)
            return self.jacobian(w, scale, values, pieces, chosen, p)

        self.draws.prove_minor(point, shown, n_rows, cells, columns, of_f)
        return values

    def evaluated(self, w: Masks, x: Matrix, scale: int) -> tuple[dict[Node, Any], dict[Node, Any]]:
        n0, values = self.problem.widths[0], dict[Node, Any]()
        values[ONE] = [Fraction(1)] * self.m
        for row, numbers_ in enumerate(x):
            t, j = divmod(row, n0)
            values["x", t + int(self.problem.is_recurrent), j] = [Fraction(v) for v in numbers_]
        pieces: dict[Node, list[int]] = {}
        always: set[tuple[Node, int]] = set()
        for node, leads in self.into.items():
            sums = [sum((w[c[0]][c[1]][c[2]] * values[source][s] for c, source in leads),
                        Fraction(0)) / scale for s in range(self.m)]  # fmt: skip
            if node[0] == "y":
                values[node] = sums
                continue
            name, zero = self.name[node], [
                all((source, s) in always for _, source in leads) for s in range(self.m)
            ]  # fmt: skip
            at_kink = [z in KINKS[name] and not a for z, a in zip(sums, zero, strict=True)]
            need(not any(at_kink), "a sum is at a kink")
            pieces[node] = [sum(z > kink for kink in KINKS[name]) for z in sums]
            values[node] = [
                max(-1, min(1, z)) if name == "hardtanh" else SLOPES[name][k] * z
                for z, k in zip(sums, pieces[node], strict=True)
            ]
            dead = (s for s in range(self.m) if zero[s] or (name == "relu" and sums[s] < 0))
            always |= {(node, s) for s in dead}
        return values, pieces

    def jacobian(self, w: Masks, scale: int, values: Any, pieces: Any, cells: list[Cell], p: int
                 ) -> Matrix:  # fmt: skip
        """Its columns modulo p, by what lies behind each unit for every equation."""

        def residue(v: Any) -> int:
            return Fraction(v).numerator * pow(Fraction(v).denominator, -1, p) % p

        known = {node: [residue(v) for v in row] for node, row in values.items()}
        slopes = {name: [residue(v) for v in row] for name, row in SLOPES.items()}
        inverse, number = pow(scale, -1, p), {cell: k for k, cell in enumerate(cells)}
        columns: Matrix = [[] for _ in cells]
        for t in self.reads:
            for o in range(self.problem.d):
                for s in range(self.m):
                    behind, row = {("y", t, o): 1}, [0] * len(cells)
                    for node in reversed(self.into):
                        here = behind.pop(node, 0)
                        if node[0] == "h":
                            here = here * slopes[self.name[node]][pieces[node][s]] % p
                        for cell, source in self.into[node] if here else ():
                            if cell in number:
                                row[number[cell]] += here * known[source][s]
                            more = here * w[cell[0]][cell[1]][cell[2]] * inverse
                            behind[source] = (behind.get(source, 0) + more) % p
                    for column, value in zip(columns, row, strict=True):
                        column.append(value)
        return columns


def full_rank(net: Piecewise, point: Any) -> dict[Node, Any]:
    size = net.bound()
    need(net.claim["target_dimension"] == size > 0, "target dimension")
    return net.point(point, net.problem.learnables, size)


def point(net: Piecewise, *, point: Any) -> None:
    full_rank(net, point)


def output(net: Piecewise, *, output: Any, point: Any) -> None:
    integer(output, 0, net.problem.d)
    leads = [pair for t in net.reads for pair in net.into["y", t, output]]
    learnable = net.problem.learnables
    need(not any(cell in learnable for cell, _ in leads), "a learnable readout weight")
    moves = net.moved(set(), set()) & {source for _, source in leads}
    need(net.problem.activations[-1] in ("relu", "hardtanh") or not moves, "units without bound")
    values = full_rank(net, point)
    need(any(any(values["y", t, output]) for t in net.reads), "the output is 0 at the point")


def cover(net: Piecewise, *, outputs: Any, units: Any, learnables: Any, regular: Any) -> None:
    problem, cells = net.problem, net.problem.learnables
    numbers(outputs, problem.d * len(net.reads), ascending=True)
    numbers(learnables, len(cells), ascending=True)
    cut = {("h", integer(a), integer(k)) for a, k in pairs(units)}
    need(cut <= net.name.keys() and units == sorted([a, k] for _, a, k in cut), "units")
    kept = {cells[k] for k in learnables}
    for _, t, o in (node for node in net.moved(kept, cut) if node[0] == "y"):
        need(net.reads.index(t) * problem.d + o in outputs, "an output outside is moved")
    left = [(node, source) for node, leads in net.into.items()
            for cell, source in leads if cell in net.acting - kept]  # fmt: skip
    bound = {net.unit(node) for pair in left for node in pair if node[0] == "h"}
    size = net.m * (len(outputs) + len(units)) + len(kept) - len(net.homogeneous - bound)
    net.point(regular, problem.presents)
    need(size < len(regular["rows"]), "the cover is too large")
