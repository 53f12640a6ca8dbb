"""Parametrised weights (T19): the problem, weights at a point, and each kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.page_checker import oracle
from tests.page_checker.arguments import by_structure
from tests.page_checker.problem import (
    Matrix,
    Problem,
    integer,
    is_bias,
    listed,
    need,
    numbers,
    read_mask,
    read_problem,
)
from tests.page_checker.ranks import N_PRIMES, Draws, degree, eliminate, in_trials, log_paths

KINDS = {"free_weights", "parameter_count", "deficient_parameters", "full_parameters",
         "affine_parameters"}  # fmt: skip


@dataclass
class Weight:
    entries: Matrix
    k: int = 0
    train: str = ""
    rows: str = ""
    columns: str = ""


@dataclass
class Own:
    """What is trained: the weights that are not tied, the ties, the base."""

    problem: Problem
    weights: dict[str, Weight] = field(default_factory=dict)
    ties: dict[str, tuple[str, bool]] = field(default_factory=dict)
    base: dict[str, list[list[Fraction]]] = field(default_factory=dict)
    tied_teacher: bool = False

    def blocks(self) -> dict[str, list[tuple[int, int]]]:
        """The indices of parameters, block by block."""
        found: dict[str, list[tuple[int, int]]] = {}
        for name, weight in self.weights.items():
            p, q = self.problem.shapes[name]
            cells = [(i, j) for i in range(p) for j in range(q) if weight.entries[i][j]]
            if cells:
                found[f"{name}.entries"] = cells
            for factor, (rows, columns) in (("A", (weight.k, q)), ("B", (p, weight.k))):
                if factor in weight.train:
                    found[f"{name}.{factor}"] = [
                        (i, j) for i in range(rows) for j in range(columns)
                    ]
            for block, size in ((weight.rows, p), (weight.columns, q)):
                if block:
                    found.setdefault(block, [(i, 0) for i in range(size)])
        return found

    @property
    def parameters(self) -> list[tuple[str, int, int]]:
        return [(block, i, j) for block, cells in self.blocks().items() for i, j in cells]

    @property
    def teacher(self) -> Own:
        weights = {name: Weight(self.problem.present[name]) for name in self.weights}
        return Own(self.problem, weights, self.ties)

    @property
    def moving(self) -> int:
        total, scalings = 0, {}
        for name, weight in self.weights.items():
            p, q = self.problem.shapes[name]
            r, f = min(weight.k, p, q), sum(map(sum, weight.entries))
            f += min(r * (p + q - r), weight.k * (q * ("A" in weight.train) + p * (
                "B" in weight.train)))  # fmt: skip
            total += min(f, sum(map(sum, self.problem.present[name])))
            scalings |= {weight.rows: p} if weight.rows else {}
            scalings |= {weight.columns: q} if weight.columns else {}
        return total + sum(scalings.values())

    def at(self, draws: Draws, trial: int, p: int, moved: Any = None) -> dict[str, Matrix]:
        """The weights in a trial; one parameter larger by 1."""
        found = {}
        for name, weight in self.weights.items():
            n, q = shape = self.problem.shapes[name]

            def stream(what: str, shape: tuple[int, int]) -> Matrix:
                rows = draws.matrix(trial, f"parameter/{what}", shape, p)
                if moved and moved[0] == what:
                    rows[moved[1]][moved[2]] += 1
                return rows

            if name in self.base:
                f = [[x.numerator * pow(x.denominator, -1, p) for x in row]
                     for row in self.base[name]]  # fmt: skip
            else:
                f = draws.matrix(trial, name, shape, p)
            e = stream(f"{name}.entries", shape)
            a, b = stream(f"{name}.A", (weight.k, q)), stream(f"{name}.B", (n, weight.k))
            s, c = ([x for (x,) in stream(block, (size, 1))] if block else [1] * size
                    for block, size in ((weight.rows, n), (weight.columns, q)))  # fmt: skip
            found[name] = [
                [s[i] * c[j] * (f[i][j] * self.problem.present[name][i][j]
                                + e[i][j] * weight.entries[i][j]
                                + sum(b[i][k] * a[k][j] for k in range(weight.k))) % p
                 for j in range(q)] for i in range(n)
            ]  # fmt: skip
        return self.tie(found)

    def tie(self, found: dict[str, Matrix]) -> dict[str, Matrix]:
        for name, (to, transposed) in self.ties.items():
            rows = found[to]
            found[name] = [list(row) for row in zip(*rows, strict=True)] if transposed else rows
        return {name: found[name] for name in self.problem.shapes}

    def jacobian(self, draws: Draws, trial: int, chosen: list[tuple[str, int, int]]) -> Matrix:
        """Its columns: weights are linear in each parameter."""
        p = draws.prime_for(self.problem, trial)
        start = self.at(draws, trial, p)
        cells = [(name, i, j) for name, rows in start.items() for i, row in enumerate(rows)
                 for j in range(len(row))]  # fmt: skip
        columns = AtWeights(draws.key, start).jacobian(self.problem, trial, cells)
        result = []
        for parameter in chosen:
            after = self.at(draws, trial, p, parameter)
            total = [0] * self.problem.n_equations
            for (name, i, j), column in zip(cells, columns, strict=True):
                slope = after[name][i][j] - start[name][i][j]
                if slope:
                    total = [(x + slope * y) % p for x, y in zip(total, column, strict=True)]
            result.append(total)
        return result

    def bound(self, g: int) -> float:
        """That of a trial."""
        need(g > 0, "a rank of 0 needs no trials")
        base = [x for rows in self.base.values() for row in rows for x in row]
        lcm = math.lcm(*(x.denominator for x in base))
        n = math.log2(lcm) + math.log2(max([1, *map(abs, base)]))
        n += math.log2(2 + max(weight.k for weight in self.weights.values()))
        e = max(1 + (weight.k > 0) + bool(weight.rows) + bool(weight.columns)
                for weight in self.weights.values())  # fmt: skip
        problem = self.problem
        more = math.log2(sum(p * q for p, q in problem.shapes.values())) + n
        if problem.is_nonlinear:
            deg, norm = oracle.entry_size(problem)
            deg, norm = e * (deg + 1), norm + deg * n + more
            return oracle.vanishing((g * deg, g * (math.log2(g) + norm)))
        deg, norm = degree(problem), log_paths(problem)
        deg, norm = e * (deg + 1), norm + deg * n + more
        return (1 + 1e-9) * (g * deg / 2**22 + g * (math.log2(g) + norm) / 22 / N_PRIMES)

    def prove_minor(self, draws: Draws, minor: Any, size: int) -> list[tuple[str, int, int]]:
        parameters = self.parameters
        draws.prove_minor(minor, size, self.problem.n_equations, parameters,
                          lambda t, chosen: self.jacobian(draws, t, chosen),
                          self.problem)  # fmt: skip
        return [parameters[k] for k in minor["columns"]]

    def rank_at_most(self, draws: Draws, rank: Any, g: int, stated: Any) -> float:
        def rank_in(t: int) -> int:
            columns = self.jacobian(draws, t, self.parameters)
            return eliminate(columns, draws.prime_for(self.problem, t))[0]

        return in_trials(self.bound(g), stated, rank, rank_in)


class AtWeights(Draws):
    """Draws with other weights."""

    def __init__(self, key: str, own: dict[str, Matrix]) -> None:
        super().__init__(key)
        self.own = own

    def weights(self, problem: Problem, trial: int, prime: int = 0, prefix: str = "") -> Any:
        return self.own


def read(*, parameters: Any, base: Any = (), tied_teacher: Any = False, **data: Any) -> Problem:
    """A problem with what is trained."""
    problem = read_problem(learnable={}, **data)
    own = Own(problem, tied_teacher=tied_teacher)
    need(type(tied_teacher) is bool, "tied_teacher")
    need(parameters.keys() <= problem.shapes.keys(), "parameters of unknown weights")
    for name in problem.shapes:
        given = parameters.get(name, {})
        if "tied" in given:
            tied = {"transposed": False, **given["tied"]}
            need(given.keys() == {"tied"} and tied.keys() == {"to", "transposed"}, "a tie")
            need(type(tied["transposed"]) is bool, "transposed")
            own.ties[name] = tied["to"], tied["transposed"]
        else:
            own.weights[name] = read_weight(problem, name, given)
    for name, (to, transposed) in own.ties.items():
        need(to in own.weights, "a tie of a tie")
        rows = problem.present[to]
        turned = [list(row) for row in zip(*rows, strict=True)] if transposed else rows
        need(problem.present[name] == turned, "shape or connections of a tie")
        axes = problem.axes[to][::-1] if transposed else problem.axes[to]
        need(problem.axes[name] == axes, "shape of a tie")
    sizes: dict[str, int] = {}
    for name, weight in own.weights.items():
        for block, size in zip((weight.rows, weight.columns), problem.shapes[name], strict=True):
            need(not block or sizes.setdefault(block, size) == size, "sizes of a scaling")
    for name, rows in () if base == () else base.items():
        need(name in own.weights, "base of no weight, or a tied one")
        own.base[name] = read_base(problem, name, rows)
    problem.own = own
    return problem


def read_weight(problem: Problem, name: str, given: Any) -> Weight:
    p, q = problem.shapes[name]
    need(given.keys() <= {"entries", "low_rank", "rows", "columns"}, "keys of parameters")
    weight = Weight([[0] * q for _ in range(p)])
    if "entries" in given:
        weight.entries = read_mask(given["entries"], p, q, problem.axes[name])
        pairs = zip(weight.entries, problem.present[name], strict=True)
        need(all(x <= y for rows in pairs for x, y in zip(*rows, strict=True)), "absent entries")
    if "low_rank" in given:
        update = {"train": ["A", "B"], **given["low_rank"]}
        need(update.keys() == {"rank", "train"} and not is_bias(name), "low_rank")
        need(all(map(all, problem.present[name])), "low_rank of a sparse weight")
        weight.k, train = integer(update["rank"], 1, 2**30 + 1), listed(update["train"])
        need((p + q) * weight.k <= 10**6, "this checker gives up on factors of this size")
        need(train and set(train) <= {"A", "B"} and len(set(train)) == len(train), "train")
        weight.train = "".join(train)
    for axis in ("rows", "columns"):
        block = given.get(axis, "")
        need(axis not in given or block is True or (type(block) is str and block), "a scaling")
        need(block is True or "." not in block, "the name of a scaling")
        setattr(weight, axis, f"{name}.{axis}" if block is True else block)
    need(not weight.columns or not is_bias(name), "columns of a bias")
    need(not weight.rows or weight.rows != weight.columns, "one scaling twice")
    return weight


def read_base(problem: Problem, name: str, rows: Any) -> list[list[Fraction]]:
    rows = [[x] for x in listed(rows)] if is_bias(name) else listed(rows)
    present = problem.present[name]
    need(len(rows) == len(present), "rows of the base")
    for row, bits in zip(rows, present, strict=True):
        need(len(listed(row)) == len(bits), "columns of the base")
        need(all(type(x) in (int, float) and math.isfinite(x) for x in row), "numbers of the base")
        need(all(bit or not x for x, bit in zip(row, bits, strict=True)), "base where absent")
    return [[Fraction(float(x)) for x in row] for row in rows]


def is_polynomial(problem: Problem) -> bool:
    return set(problem.activations) <= oracle.POLYNOMIALS


def has_tied_teacher(own: Own) -> bool:
    return own.tied_teacher and bool(own.ties)


def need_teacher(claim: Any, own: Own) -> None:
    problem = own.problem
    if problem.is_nonlinear:
        need(by_structure(problem), "equal arguments are not known by structure")
        need(not has_tied_teacher(own) or is_polynomial(problem), "tied teachers")
        oracle.need_exact(problem, lambda t, x: eliminate(x, claim.draws.oracle_prime(t))[0])


def lower(claim: Any, target: Any) -> None:
    own = claim.problem.own
    need_teacher(claim, own)
    if not has_tied_teacher(own):
        claim.lower(target)
        return
    need(target.keys() == {"by", "minor"} and target["by"] == "minor", "target_lower")
    own.teacher.prove_minor(claim.draws, target["minor"], claim.D)


def upper(claim: Any, target: Any) -> float:
    own = claim.problem.own
    if not has_tied_teacher(own):
        return claim.upper(target)
    teacher, target = own.teacher, dict(target)
    way = target.pop("by")
    bounds = {"equations": claim.problem.n_equations, "weights": len(teacher.parameters)}
    if way == "trials":
        need(target.keys() == {"error_bound"}, "keys of target_upper")
        g = min(bounds.values())
        return teacher.rank_at_most(claim.draws, claim.D, g, target["error_bound"])
    need(not target and bounds[way] == claim.D, "target_upper")
    return 0.0


def free_weights(claim: Any) -> float:
    own = claim.problem.own
    need(not own.ties or own.tied_teacher, "tied students of free teachers")
    for name, weight in own.weights.items():
        p, q = claim.problem.shapes[name]
        full = len(weight.train) == 2 and weight.k >= min(p, q)
        need(full or weight.entries == claim.problem.present[name], "a weight that is not free")
    return 0.0


def parameter_count(claim: Any, *, target_lower: Any) -> float:
    need(claim.problem.own.moving < claim.D, "enough dimensions")
    lower(claim, target_lower)
    return 0.0


def deficient_parameters(claim: Any, *, target_lower: Any) -> float:
    data, own = claim.data, claim.problem.own
    need(data["rank"] < claim.D, "rank D")
    lower(claim, target_lower)
    g = min(claim.D, own.moving)
    return own.rank_at_most(claim.draws, data["rank"], g, data["error_bound"])


def full_parameters(claim: Any, *, minor: Any, target_upper: Any, blocks: Any = None) -> float:
    own = claim.problem.own
    need_teacher(claim, own)
    if not is_polynomial(claim.problem):
        need(not own.ties, "ties")
        given = (own.weights[name].entries == claim.problem.present[name] for name in own.base)
        need(all(given), "a given base")
    chosen = own.prove_minor(claim.draws, minor, claim.D)
    need(blocks is None or all(block in blocks for block, _, _ in chosen), "other blocks")
    return upper(claim, target_upper)


def affine_parameters(claim: Any, *, blocks: Any, minor: Any, target_upper: Any) -> float:
    known = claim.problem.own.blocks()
    need(all(type(block) is str and block in known for block in listed(blocks)), "blocks")
    numbers([list(known).index(block) for block in blocks])
    need(max(degrees(claim.problem, blocks)) <= 1, "not affine")
    return full_parameters(claim, minor=minor, target_upper=target_upper, blocks=blocks)


def degrees(problem: Problem, blocks: list[str]) -> Iterator[int]:
    """Those of all outputs."""
    own, found = problem.own, {}
    for name, weight in own.weights.items():
        scalings = (weight.rows in blocks) + (weight.columns in blocks)
        factors = sum(f"{name}.{factor}" in blocks for factor in weight.train)
        entries = f"{name}.entries" in blocks
        found[name] = [
            [max(factors, entries and e) + scalings if there else -1
             for e, there in zip(*rows, strict=True)]
            for rows in zip(weight.entries, problem.present[name], strict=True)
        ]  # fmt: skip
    weights = own.tie(found)

    def fed(*terms: tuple[str, list[int]]) -> list[int]:
        sums = [0] * len(weights[terms[0][0]])
        for name, values in terms:
            for i, row in enumerate(weights[name]):
                pairs = zip(row, values, strict=True)
                sums[i] = max([sums[i], *(x + y for x, y in pairs if x >= 0)])
        return sums

    def activated(values: list[int], name: str) -> list[int]:
        return [2 if x and name != "linear" else min(x, 2) for x in values]

    w, bias = problem.widths, problem.bias
    if problem.is_recurrent:
        state, name = [0] * w[1], (problem.activations or ["linear"])[0]
        for step in range(problem.steps):
            before = [("recurrent", state)] * (step > 0)
            terms = [("input", [0] * w[0]), *[("bias", [0])] * bias]
            state = activated(fed(*before, *terms), name)
            yield from fed(("readout", state), *[("readout_bias", [0])] * bias)
        return
    values, names = [0] * w[0], problem.activations or ["linear"] * (len(w) - 2)
    for layer, name in enumerate([*names, "linear"], start=1):
        values = activated(fed((f"W{layer}", values), *[(f"b{layer}", [0])] * bias), name)
    yield from values
