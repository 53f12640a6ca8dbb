"""One certificate: its keys, its kind, its claim."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from tests.page_checker import (
    deep_levels,
    drawn_plans,
    graded,
    graphs,
    levels,
    piecewise,
    plans,
    readout,
    real_points,
    relu,
    resting,
    solutions,
    solving,
)
from tests.page_checker.inputs import with_inputs
from tests.page_checker.oracle import POLYNOMIALS, need_exact
from tests.page_checker.problem import (
    NO_PATH,
    Cell,
    Problem,
    Refused,
    integer,
    listed,
    need,
    numbers,
    pairs,
    paths,
)
from tests.page_checker.ranks import Draws, eliminate, in_trials, rank_bound

CLAIM = {"kind", "theorem", "expressivity", "learnable", "rank", "target_dimension",
         "error_bound", "evidence"}  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "certificates.md"


@cache
def rows() -> dict[str, list[str]]:
    """The table of the page: theorems, classes, sparse, biases, given, states of every kind."""
    section = PAGE.read_text().split("\n## Which kind speaks")[1].split("\n## ")[0]
    lines = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `")]
    table = [[field.strip() for field in line] for line in lines]
    return {kind.strip("`"): fields for kinds, *fields in table for kind in kinds.split(", ")}


@cache
def with_weights() -> set[str]:
    """The kinds that speak about given weights."""
    section = PAGE.read_text().split("\n## Given weights")[1].split("\n## ")[0]
    sentence = section.split("Kinds that speak about given weights are")[1].split(";")[0]
    return set(sentence.split("`")[1::2])


def check(data: Any, randomness: str = "0") -> tuple[bool, str]:
    """Whether a certificate (a JSON value) is valid, and why not."""
    try:
        need(type(data) is dict and data.get("version") == 2, "not of version 2")
        need(data.keys() == CLAIM | {"version", "problem", "digest"}, "keys of a certificate")
        integer(data["version"])
        rest = {key: value for key, value in data.items() if key != "digest"}
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
        need(hashlib.sha256(text.encode()).hexdigest() == data["digest"], "digest")
        draws = Draws(hashlib.sha256(f"{randomness}/{data['digest']}".encode()).hexdigest())
        stated: Any = data["problem"]
        problem, deleted = with_inputs(draws, **stated)
        claim = {key: data[key] for key in CLAIM}
        claim["learnable"] = integer(claim["learnable"]) - deleted
        Claim(draws, problem, claim).check()
    except Refused as refusal:
        return False, str(refusal)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
            ValueError) as error:  # fmt: skip
        return False, f"malformed: {error!r}"
    return True, "verified"


def by_widths(problem: Problem) -> int:
    """What the widths of a dense NF allow."""
    w, m, b = problem.widths, problem.samples, int(problem.bias)
    bound = w[1] * min(m, w[0] + b)
    for n, after in itertools.pairwise(w[1:]):
        k = min(after, n, m - b)
        bound = min(bound + after * (n + b), b * after + k * (after + m - b - k))
    return bound


class Claim:
    """A claim about a problem. A method for each kind; its parameters are the evidence.

    They return the error bound.
    """

    def __init__(self, draws: Draws, problem: Problem, data: Any, depth: int = 1) -> None:
        need(data.keys() == CLAIM and depth <= 4, "keys or depth of a certificate")
        self.draws, self.problem, self.data, self.depth = draws, problem, data, depth
        self.learnables, self.D = problem.learnables, data["target_dimension"]
        self.slow = data["kind"] in ("witness", "odd_degree")  # has the larger limit of errors

    def check(self) -> None:
        data, problem = self.data, self.problem
        kind, theorem, evidence = data["kind"], data["theorem"], data["evidence"]
        theorems, classes, sparse, biases, given, states = rows()[kind]
        networks = dict(line.split(": ") for line in theorems.split("; "))
        need(problem.kind in networks[theorem].split(", "), "theorem and network")
        need(data["expressivity"] in classes.split(", "), "class")
        need(problem.is_dense or sparse == "yes", "a sparse network")
        need(not problem.has_weights or kind in with_weights(), "given weights")
        need(not problem.bias or biases in ("yes", theorem), "biases")
        need(problem.given is None or given == "yes", "given inputs")
        is_piecewise = kind.startswith("piecewise_")
        has_powers = problem.activations and theorem in ("T6", "T7")
        is_counted = kind == "onto_layers" and evidence["layer"] == 1 and problem.given is None
        is_any = is_piecewise or is_counted or kind.startswith("real_")
        if (theorem in ("T11", "T12") or has_powers) and not is_any:
            need_exact(problem, lambda t, x: eliminate(x, self.draws.oracle_prime(t))[0])
        need(integer(data["learnable"]) == len(self.learnables), "number of learnables")
        stated = states.replace(",", "").split()
        for name, state in zip(("rank", "target_dimension"), stated, strict=True):
            need(data[name] is None if state == "-" else integer(data[name]) >= 0, name)
            need(state != "D" or data[name] == self.D, name)
        if "place" in evidence and kind != "outside_count":
            proved = graphs.prove(problem, kind, theorem, evidence)
            need(proved == data["expressivity"], "the evidence proves another class")
            error = 0.0
        elif problem.kind == "S" and kind != "full":
            getattr(relu, kind[5:])(relu.Relu(problem, self.draws, data), **evidence)
            error = data["error_bound"] if kind == "relu_patterns" else 0.0
        elif is_piecewise:
            net = piecewise.Piecewise(problem, self.draws, data)
            getattr(piecewise, kind[10:])(net, **evidence)
            error = 0.0
        elif kind == "drawn_plan":
            error = drawn_plans.drawn_plan(self, **evidence)
        elif kind == "graded_plan":
            error = graded.graded_plan(self, **evidence)
        elif theorem == "T12":
            modules = {"resting_units": resting, "solving_order": solving}
            error = getattr(modules.get(kind, readout), kind)(self, **evidence)
        else:
            error = getattr(self, kind)(**evidence)
        bound, limit = data["error_bound"], 1e-6 if self.slow else 1e-9
        need(type(bound) in (int, float) and bound <= limit, "error bound")
        need(math.isclose(bound, error, rel_tol=1e-6), "another error bound")

    def full(self) -> float:
        need(len(self.learnables) == len(self.problem.presents), "a frozen weight")
        return 0.0

    def inner(self, problem: Problem, data: Any) -> float:
        claim = Claim(self.draws, problem, data, self.depth + 1)
        claim.check()
        self.slow = claim.slow
        need(data["expressivity"] == self.data["expressivity"], "class of the inner certificate")
        return data["error_bound"]

    def sub_allocation(self, *, learnable: Any, certificate: Any, inputs: Any = None) -> float:
        need((inputs is None) == (self.data["theorem"] == "T0"), "inputs are of T18")
        smaller = self.problem.set_masks(learnable)
        need(set(smaller.learnables) <= set(self.learnables), "not learnable here")
        if inputs is None:
            return self.inner(smaller, certificate)
        problem, given, m = self.problem, self.problem.given, self.problem.samples
        need(given is not None and problem.is_dense, "inputs that do not span, a dense network")
        assert given is not None
        chosen = numbers(inputs, problem.widths[0], ascending=True)
        need(len(chosen) == m, "as many inputs as samples")
        rows = [given[j] for j in chosen]
        need(any(eliminate(rows, self.draws.prime(t))[0] == m for t in range(8)), "a basis")
        masks = dict(smaller.learnable)
        others = [j for j in range(problem.widths[0]) if j not in chosen]
        need(not any(row[j] for row in masks["W1"] for j in others), "learnables on other inputs")
        masks["W1"] = [[row[j] for j in chosen] for row in masks["W1"]]
        need(certificate["expressivity"] == "maximal", "what is left is not maximal")
        left = Problem("F", [m, *problem.widths[1:]], m)
        return self.inner(left.set_masks(masks, {}), certificate)

    def peeled(self, *, steps: Any, certificate: Any) -> float:
        problem, mask = self.problem, self.problem.learnable
        hidden, last, m = problem.widths[1:-1], f"W{len(problem.widths) - 1}", problem.m_e
        rows, columns = list(range(problem.d)), list(range(problem.widths[0]))
        for axis, line in pairs(steps):
            if axis == "row":
                at = columns if not hidden else range(problem.shapes[last][1])
                count = sum(mask[last][integer(line)][j] for j in at)
                needed, spare = plans.fittable(len(rows), m, hidden)
                rows.remove(line)
            else:
                at = rows if not hidden else range(problem.shapes["W1"][0])
                count = sum(mask["W1"][i][integer(line)] for i in at)
                needed, spare = plans.fittable(m, len(rows), hidden)
                {"column": columns}[axis].remove(line)
                m -= 1
            need(count >= needed > 0, "too few learnables")
            need(spare, "a bottleneck")
        if m == 0 or not rows:
            done = certificate is None and self.data["expressivity"] == "maximal"
            need(done, "nothing is left")
            return 0.0
        left = Problem("F", [len(columns), *hidden, len(rows)], m)
        masks = {
            name: [[v for j, v in enumerate(row) if name != "W1" or j in columns]
                   for i, row in enumerate(mask[name]) if name != last or i in rows]
            for name in mask
        }  # fmt: skip
        return self.inner(left.set_masks(masks, {}), certificate)

    def plan(self, *, steps: Any, certificate: Any) -> float:
        left, problem = plans.left_by(self.problem, steps)
        if problem is None:
            need(certificate is None, "nothing is left")
            return 0.0
        need(certificate["expressivity"] == "maximal", "what is left is not maximal")
        return self.inner(problem.set_masks(left, {}), certificate)

    def levels(self, **evidence: Any) -> float:
        pair = levels.Pair(self.problem, **evidence)
        need(any(pair.is_solved(self.draws, trial) for trial in range(8)), "levels in 8 trials")
        return 0.0

    def deep_levels(self, **evidence: Any) -> float:
        deep = deep_levels.Deep(self.problem, **evidence)
        need(any(deep.is_solved(self.draws, trial) for trial in range(8)), "levels in 8 trials")
        return 0.0

    def minor(self, minor: Any, cells: list[Cell], problem: Problem | None = None) -> None:
        """By default of the student."""
        of = self.problem.student if problem is None else problem
        if of.is_student and of.is_nonlinear:
            need(set(of.activations) <= POLYNOMIALS, "a minor at given weights")
        self.draws.prove_minor(minor, self.D, self.problem.n_equations, cells,
                               lambda t, chosen: self.draws.jacobian(of, t, chosen),
                               self.problem)  # fmt: skip

    def lower(self, target: dict[str, Any]) -> None:
        """D is at least what is stated."""
        if target == {"by": "closed form"}:
            need(self.closed_form() == self.D, "closed form")
        else:
            need(target.keys() == {"by", "minor"} and target["by"] == "minor", "target_lower")
            self.minor(target["minor"], self.problem.presents, self.problem)

    def closed_form(self) -> int:
        problem, x = self.problem, self.problem.m_e
        need(problem.is_linear, "a closed form of a nonlinear network")
        need(problem.is_dense, "a closed form of a sparse network")
        if problem.kind == "R":
            c = x * (problem.steps if problem.readout == "all" else 1)
            need(problem.widths[1] >= c, "no closed form")
            return problem.d * c
        x = min(problem.samples - 1, problem.widths[0]) if problem.bias else x
        k = min(x, *problem.widths[1:])
        return k * (problem.d + x - k) + problem.d * problem.bias

    def upper(self, target: dict[str, Any]) -> float:
        """D is at most what is stated; the error bound of that."""
        problem, target = self.problem, dict(target)
        way, presents = target.pop("by"), problem.presents
        bounds = {"equations": problem.n_equations, "weights": len(presents)}
        if problem.kind == "R" and problem.is_dense:
            bounds["gauge"] = problem.widths[1] * (problem.d + problem.widths[0])
        if problem.kind == "NF" and problem.is_dense:
            bounds["widths"] = by_widths(problem)
        if way == "trials":
            bound, error = rank_bound(problem, min(bounds.values())), target.pop("error_bound")
            in_trials(bound, error, self.D, self.draws.rank(problem, presents))
        else:
            error = 0.0
            need((self.closed_form() if way == "closed form" else bounds[way]) == self.D, "upper")
        need(not target, "keys of target_upper")
        return error

    def count(self, *, target_lower: Any) -> float:
        need(len(self.learnables) < self.D, "as many learnables as dimensions")
        self.lower(target_lower)
        return 0.0

    def deficient_rank(self, *, target_lower: Any) -> float:
        rank = integer(self.data["rank"], 0, self.D)
        self.lower(target_lower)
        student = self.problem.student
        bound = rank_bound(student, min(len(self.learnables), self.D))
        trial = self.draws.rank(student, self.learnables)
        return in_trials(bound, self.data["error_bound"], rank, trial)

    def full_rank(self, *, minor: Any, target_upper: Any, conflict: Any = ()) -> float:
        if conflict != ():
            self.conflict(**conflict)
        self.minor(minor, self.learnables)
        return self.upper(target_upper)

    def real_deficient_rank(self, *, rank: Any, minor: Any) -> float:
        problem, count = self.problem, len(self.learnables)
        self.need_analytic()
        integer(rank, 0, count + 1)
        real_points.need_minor(self.draws, problem, minor, problem.presents, rank + 1)
        if rank == count:
            return 0.0
        need(problem.scale == 1 or 1 not in problem.residual, "inputs that layer 1 adds")
        trial = self.draws.rank(problem.student, self.learnables)
        bound = rank_bound(problem.student, rank + 1)
        return in_trials(bound, self.data["error_bound"], rank, trial)

    def real_full_rank(self, *, minor: Any, target_upper: Any) -> float:
        self.need_analytic()
        problem = self.problem
        real_points.need_minor(self.draws, problem.student, minor, self.learnables, self.D)
        by_trials = target_upper["by"] == "trials"
        exact = problem.scale == 1 or 1 not in problem.residual
        need(exact or not by_trials, "inputs that layer 1 adds")
        return self.upper(target_upper)

    def need_analytic(self) -> None:
        need({*self.problem.activations} <= {*real_points.VALUES}, "not analytic")

    def conflict(self, *, path: Any, learnable: Any) -> None:
        """A path with two learnables."""
        need(self.problem.is_linear, "a conflict of a nonlinear network")
        problem, cells = self.problem, []
        for name, i, *j in listed(path):
            need(len(j) == (name[0] != "b"), "a weight of the path")
            cells.append((name, integer(i), integer(*(j or [0]))))
        names = [name for name, _, _ in cells]
        expected = [name for name in problem.shapes if name[0] == "W"][-len(names) :]
        if problem.kind == "R":
            need(2 <= len(names) <= problem.steps + 1, "length of the path")
            expected = ["input", *["recurrent"] * (len(names) - 2), "readout"]
        elif names[0][0] == "b":
            expected[0] = "b" + expected[0][1:]
        else:
            need(names[0] == "W1", "start of the path")
        need(names == expected and set(cells) <= set(problem.presents), "weights of the path")
        need(all(b[2] == a[1] for a, b in itertools.pairwise(cells)), "a gap in the path")
        first, second = numbers(learnable, len(cells), ascending=True)
        need({cells[first], cells[second]} <= set(self.learnables), "frozen weights")

    def affine_full_rank(self, *, minor: Any, target_upper: Any) -> float:
        outputs, _ = paths(self.problem, set(self.learnables))
        need(max(outputs) <= 1, "a path with two learnables")
        return self.full_rank(minor=minor, target_upper=target_upper)

    def one_solution(self, minor: Any, target_upper: Any) -> float:
        need(len(self.learnables) == self.D, "r = D")
        return self.full_rank(minor=minor, target_upper=target_upper)

    def structural_cover(self, *, equations: Any, learnables: Any, target_lower: Any) -> float:
        numbers(equations, self.problem.n_equations, ascending=True)
        numbers(learnables, len(self.learnables), ascending=True)
        need(len(equations) + len(learnables) < self.D, "the cover is too large")
        _, column = paths(self.problem, ())
        for k, cell in enumerate(self.learnables):
            acts = {e for e, x in enumerate(column(cell)) if x > NO_PATH}
            need(k in learnables or acts.issubset(equations), f"learnable {k} acts on others")
        self.lower(target_lower)
        return 0.0

    def triangular(self, *, order: Any, minor: Any, target_upper: Any) -> float:
        error, order = self.one_solution(minor, target_upper), pairs(order)
        need(sorted(numbers([e for e, _ in order])) == sorted(minor["rows"]), "equations")
        numbers([k for _, k in order], len(self.learnables))
        _, column = paths(self.problem, ())
        for n, (equation, k) in enumerate(order):
            acts = column(self.learnables[k])
            need(acts[equation] > NO_PATH, "a learnable does not act on its equation")
            need(all(acts[e] == NO_PATH for e, _ in order[:n]), "a learnable acts on earlier ones")
        return error

    def group_bezout(self, *, side: Any, minor: Any, target_upper: Any) -> float:
        error, problem, m = self.one_solution(minor, target_upper), self.problem, self.problem.m_e
        is_rows = {"rows": True, "columns": False}[side]
        need(is_rows or (problem.spans and not problem.bias), "side columns needs unit vectors")
        layer = len(problem.widths) - 1 if is_rows else 1
        cells = [(int(name[1:]), i if is_rows else j) for name, i, j in self.learnables]
        own = [line for k, line in cells if k == layer]
        others = [k for k, _ in cells if k != layer]
        lines = [e // m if is_rows else e % m for e in minor["rows"]]
        number = math.factorial(len(others))
        for k in set(others):
            number //= math.factorial(others.count(k))
        for line in {*lines, *own}:
            number *= math.comb(lines.count(line), own.count(line))
        need(number == 1, "more than one solution")
        return error

    def odd_degree(self, *, minor: Any, target_upper: Any, blocks: Any) -> float:
        error = self.one_solution(minor, target_upper)
        return error + solutions.odd_degree(self.draws, self.problem, blocks)

    def witness(self, *, minor: Any, target_upper: Any, block: Any) -> float:
        error = self.one_solution(minor, target_upper)
        return error + solutions.witness(self.draws, self.problem, block)

    def frozen_direct_path(self, *, samples: Any, delayed_inputs: Any) -> float:
        problem = self.problem
        need({name for name, _, _ in self.learnables} == {"recurrent"}, "recurrent only")
        need(integer(samples) == problem.samples, "samples")
        need(integer(delayed_inputs) == problem.widths[0] * (problem.steps - 1), "delayed inputs")
        always = problem.readout == "all" or problem.steps == 1
        need(always or samples > delayed_inputs, "few samples")
        return 0.0

    def outside_count(self, *, place: Any, rows: Any, columns: Any, found: Any, needed: Any,
                      target_lower: Any) -> float:  # fmt: skip
        problem, k = self.problem, self.problem.steps - (place == "recurrent")
        need(problem.readout == "final" and place in ("input", "recurrent"), "place, readout")
        need({name for name, _, _ in self.learnables} == {place}, "learnables elsewhere")
        numbers(rows, problem.shapes[place][0], ascending=True)
        numbers(columns, problem.shapes[place][1], ascending=True)
        outside = sum(i not in rows and j not in columns for _, i, j in self.learnables)
        sides = problem.d - k * len(rows), problem.m_e - k * len(columns)
        need(min(sides) > 0 and integer(needed) == math.prod(sides), "needed")
        need(integer(found) == outside < needed, "found")
        need(problem.d * problem.m_e == self.D, "target dimension")
        self.lower(target_lower)
        return 0.0
