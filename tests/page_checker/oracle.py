"""The oracle of nonlinear networks: its Jacobian modulo a prime, and the bound of a trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from tests.page_checker.arguments import Arguments, Level, by_structure, need_separated
from tests.page_checker.problem import Cell, Matrix, Problem, need

# activation -> number of variables; value and slope of z, its variables and the inverse modulo p;
# the variables at -z; value and slope at 0, as (numerator, denominator), "c" for a variable.
Inverse = Callable[[int], int]
TABLE: dict[str, tuple[int, Any, Any, Any]] = {
    "linear": (0, lambda z, inv: (z, 1), lambda z, inv: (), ((0, 1), (1, 1))),
    "square": (0, lambda z, inv: (z**2, 2 * z), lambda z, inv: (), ((0, 1), (0, 1))),
    "cube": (0, lambda z, inv: (z**3, 3 * z**2), lambda z, inv: (), ((0, 1), (0, 1))),
    "tanh": (1, lambda z, inv, a: (a, 1 - a**2), lambda z, inv, a: (-a,), ((0, 1), (1, 1))),
    "sigmoid": (1, lambda z, inv, a: (a, a - a**2), lambda z, inv, a: (1 - a,), ((1, 2), (1, 4))),
    "softplus": (2, lambda z, inv, a, s: (a, s), lambda z, inv, a, s: (a - z, 1 - s),
                 ("c", (1, 2))),
    "silu": (1, lambda z, inv, s: (z * s, s + z * (s - s**2)), lambda z, inv, s: (1 - s,),
             ((0, 1), (1, 2))),
    "gelu": (2, lambda z, inv, f, g: (z * f, f + z * g), lambda z, inv, f, g: (1 - f, g),
             ((0, 1), (1, 2))),
    "erf": (2, lambda z, inv, a, g: (a, g), lambda z, inv, a, g: (-a, g), ((0, 1), "c")),
    "sin": (1, lambda z, inv, t: (2 * t * inv(1 + t**2), (1 - t**2) * inv(1 + t**2)),
            lambda z, inv, t: (-t,), ((0, 1), (1, 1))),
    "exp": (1, lambda z, inv, a: (a, a), lambda z, inv, a: (inv(a),), ((1, 1), (1, 1))),
    "arctan": (1, lambda z, inv, a: (a, inv(1 + z**2)), lambda z, inv, a: (-a,), ((0, 1), (1, 1))),
}  # fmt: skip
FAMILIES = ({"tanh", "sigmoid", "softplus", "silu", "sin", "exp"}, {"gelu", "erf"}, {"arctan"})
POLYNOMIALS = {"linear", "square", "cube"}
READING = {"silu", "gelu", "arctan", "square", "cube"}
HALVES = {"sigmoid", "softplus", "silu", "gelu"}


def need_exact(problem: Problem, rank: Callable[[int, Matrix], int]) -> None:
    """That T11 gives the rank of this network; `rank` is that of a matrix in a trial."""
    names = set(problem.activations) - POLYNOMIALS
    family = next((family for family in FAMILIES if names <= family), None)
    need(family is not None, "activations of several families, or not analytic")
    need(problem.given is None or 1 not in problem.residual, "given inputs that layer 1 adds")
    if problem.given is not None and names:
        need(problem.kind in ("NF", "NR"), "given inputs of another network")
        if not sees_independent(problem, rank):
            need_separated(problem, levels(problem)[0], rank)
    if problem.kind == "NR" and names and names <= {"gelu", "erf"}:
        need(all(map(any, problem.present["input"])), "a hidden unit that reads no input")
    if problem.layers and names:
        plain = not names & {"gelu", "erf"} and not {"square", "cube"} & set(problem.activations)
        need(plain, "activations of NC")
        need_reading(problem)


def need_reading(problem: Problem) -> None:
    """Every unit of NC reads the sample, or is fed 0."""
    depends, zero = [True] * problem.widths[0], [False] * problem.widths[0]
    for number, layer in enumerate(problem.layers, start=1):
        terms, windows = layer.lists()
        at_zero = problem.activations[number - 1] not in ("sigmoid", "softplus", "exp")
        moving, silent = [], []
        for unit, pairs in enumerate(terms):
            channel = unit // layer.positions
            row = problem.present[f"W{number}"][channel]
            read = [source for column, source in pairs if row[column]]
            bias = problem.bias and problem.present[f"b{number}"][channel][0]
            moving.append(any(depends[source] for source in read))
            fed_zero = not bias and all(zero[source] for source in read)
            linear = problem.activations[number - 1] == "linear"
            need(moving[-1] or fed_zero or linear, "a unit that does not read the sample")
            silent.append(fed_zero and at_zero)
        depends = [any(moving[unit] for unit in window) for window in windows]
        zero = [all(silent[unit] for unit in window) for window in windows]


def sees_independent(problem: Problem, rank: Callable[[int, Matrix], int]) -> bool:
    """Whether every unit of the first layer sees independent samples."""
    if problem.kind != "NF":
        return False
    for k, bits in enumerate(problem.present["W1"]):
        rows = [row for row, bit in zip(problem.given or [], bits, strict=True) if bit]
        if rows:
            rows += [[1] * problem.samples] * (problem.bias and problem.present["b1"][k][0])
            if all(rank(trial, rows) < problem.samples for trial in range(8)):
                return False
    return True


def levels(problem: Problem) -> tuple[list[Level], list[int]]:
    """The constant, the inputs (of all steps), and what is computed; and which are outputs."""
    w, bias = problem.widths, problem.bias
    found = [Level(1, [])]
    if problem.kind in ("NF", "NS"):
        found.append(Level(w[0], []))
        for layer in range(1, len(w)):
            terms = [(f"W{layer}", layer), *[(f"b{layer}", 0)] * bias]
            hidden = layer < len(w) - 1
            name = problem.activations[layer - 1] if hidden else "linear"
            around = layer if layer in problem.residual else 0
            found.append(Level(w[layer], terms, layer if hidden else 0, name, around))
        return found, [len(found) - 1]
    found += [Level(w[0], [])] * problem.steps
    for step in range(1, problem.steps + 1):
        terms = [("input", step), *[("bias", 0)] * bias]
        if step > 1:
            terms.append(("recurrent", problem.steps + step - 1))
        found.append(Level(w[1], terms, step, problem.activations[0]))
    steps = range(1, problem.steps + 1) if problem.readout == "all" else [problem.steps]
    reads = []
    for step in steps:
        terms = [("readout", problem.steps + step), *[("readout_bias", 0)] * bias]
        reads.append(len(found))
        found.append(Level(w[2], terms))
    return found, reads


class Oracle:
    """Values and slopes of all units on all samples in a trial, modulo its first prime."""

    def __init__(self, problem: Problem, draws: Any, trial: int) -> None:
        self.problem, self.draws, self.trial = problem, draws, trial
        prefixes = ("",) if by_structure(problem) else ("", "second/")
        self.primes = [draws.oracle_prime(trial, prefix) for prefix in prefixes]
        self.p, self.seen = self.primes[0], {}
        weights = [draws.weights(problem, trial, p, prefix) for prefix, p in self.both()]
        self.weights = weights[0]
        m, n = problem.samples, problem.widths[0]
        rows = [draws.matrix(trial, f"{prefix}inputs", (n * problem.steps, m), p)
                for prefix, p in self.both()]  # fmt: skip
        if problem.given is not None:
            scale = problem.scale if problem.is_student else 1
            rows = [[[x * pow(scale, -1, p) % p for x in row] for row in problem.given]
                    for p in self.primes]  # fmt: skip
        self.evaluate(weights, rows)

    def evaluate(self, weights: list[Any], rows: list[Matrix]) -> None:
        """All values and slopes, of weights and inputs modulo each prime."""
        problem, self.levels = self.problem, levels(self.problem)
        by_sums = by_structure(problem)
        self.arguments = Arguments(problem, self.levels[0]) if by_sums else None
        m, n = problem.samples, problem.widths[0]
        values: list[list[Matrix]] = [[[[1] * m]] for _ in self.primes]
        for k in range(len(values)):
            values[k] += [rows[k][t : t + n] for t in range(0, len(rows[k]), n)]
        self.slopes: dict[int, Matrix] = {}
        for number, level in enumerate(self.levels[0]):
            if not level.terms:
                continue
            z = [[[sum(x * values[k][source][j][s] for name, source in level.terms
                       for j, x in enumerate(weights[k][name][i])) % p for s in range(m)]
                  for i in range(level.size)] for k, p in enumerate(self.primes)]  # fmt: skip
            found = [[self.evaluated(number, i, s, tuple(part[i][s] for part in z))
                      for s in range(m)] for i in range(level.size)]  # fmt: skip
            for k, p in enumerate(self.primes):
                own = [[unit[k][0] for unit in row] for row in found]
                if level.around:
                    own = [[(x + y) % p for x, y in zip(*rows, strict=True)] for rows in
                           zip(own, values[k][level.around], strict=True)]  # fmt: skip
                values[k].append(own)
            self.slopes[number] = [[unit[0][1] for unit in row] for row in found]
        self.values = values[0]

    def both(self) -> list[tuple[str, int]]:
        return list(zip(("", "second/"), self.primes, strict=False))

    def word(self, name: str, number: int, k: int) -> int:
        prefix, p = self.both()[k]
        return 1 + self.draws.words(self.trial, prefix + name, number + 1)[number] % (p - 1)

    def evaluated(self, number: int, i: int, s: int, z: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Value and slope modulo each prime."""
        level, word = self.levels[0][number], i * self.problem.samples + s
        if self.arguments is None or not level.place:
            return self.by_residues(level, word, z)
        what, sign = self.arguments.z[number][i][s]
        if not sign:
            return self.at_zero(level.activation)
        key = "unit", number if self.problem.kind == "NF" else 0, i, what
        return self.at(level, word, z, key, sign > 0)

    def by_residues(self, level: Level, word: int, z: tuple[int, ...]) -> list[tuple[int, ...]]:
        if level.place and not any(z):
            return self.at_zero(level.activation)
        is_plus = 0 < z[0] <= (self.primes[0] - 1) // 2 or (
            z[0] == 0 and 0 < z[-1] <= (self.primes[-1] - 1) // 2)  # fmt: skip
        key = z if is_plus else tuple(-x % p for x, p in zip(z, self.primes, strict=True))
        return self.at(level, word, z, (level.activation, key), is_plus)

    def at(self, level: Level, word: int, z: tuple[int, ...], key: Any, is_plus: bool
           ) -> list[tuple[int, ...]]:  # fmt: skip
        n_variables, parts, mirrored, _ = TABLE[level.activation]
        if key not in self.seen:
            self.seen[key] = [
                [self.word(f"oracle/{level.place}/{v}", word, k) for v in range(n_variables)]
                for k in range(len(self.primes))
            ]
        found = []
        for k, p in enumerate(self.primes):
            inverse = lambda x, p=p: pow(x, -1, p)  # noqa: E731
            variables = self.seen[key][k]
            if not is_plus:
                variables = mirrored(-z[k] % p, inverse, *variables)
            value, slope = parts(z[k], inverse, *variables)
            found.append((value % p, slope % p))
        return found

    def at_zero(self, name: str) -> list[tuple[int, ...]]:
        return [
            tuple(self.word(f"constant/{name}", 0, k) if x == "c" else x[0] * pow(x[1], -1, p) % p
                  for x in TABLE[name][3])
            for k, p in enumerate(self.primes)
        ]  # fmt: skip

    def jacobian(self, cells: list[Cell]) -> Matrix:
        """Its columns."""
        d, m = self.problem.d, self.problem.samples
        equations = [self.equation(read, o, s, cells)
                     for read in self.levels[1] for o in range(d) for s in range(m)]  # fmt: skip
        return [list(column) for column in zip(*equations, strict=True)] if cells else []

    def equation(self, read: int, output: int, sample: int, cells: list[Cell]) -> list[int]:
        """The derivatives of one output on one sample, from the output back."""
        behind = {read: [int(i == output) for i in range(self.problem.d)]}
        total: dict[Cell, int] = {}
        for number in range(read, -1, -1):
            level = self.levels[0][number]
            if number not in behind:
                continue
            if level.around:
                into = behind.setdefault(level.around, [0] * level.size)
                for i, x in enumerate(behind[number]):
                    into[i] = (into[i] + x) % self.p
            for name, source in level.terms:
                size = len(self.values[source])
                into = behind.setdefault(source, [0] * size)
                for i, x in enumerate(behind[number]):
                    x = x * self.slopes[number][i][sample] % self.p
                    for j in range(size):
                        cell = name, i, j
                        total[cell] = total.get(cell, 0) + x * self.values[source][j][sample]
                        into[j] = (into[j] + x * self.weights[name][i][j]) % self.p
        return [total.get(cell, 0) % self.p for cell in cells]


Size = tuple[float, float]
NONE: Size = (0, 0)


def plus(*sizes: Size) -> Size:
    return sum(size[0] for size in sizes), sum(size[1] for size in sizes)


def summed(one: Size, other: Size) -> Size:
    return max(one[0], other[0]), log2_of(one[1], other[1])


def largest(sizes: Sequence[Size]) -> Size:
    return max(size[0] for size in sizes), max(size[1] for size in sizes)


def log2_of(*logs: float) -> float:
    """log2 of a sum of powers of 2."""
    top = max(logs)
    return top + math.log2(sum(2 ** (log - top) for log in logs))


def parts_of(name: str, z: Size) -> tuple[Size, Size, Size]:
    """val, slo and div of the table."""
    u, w = z
    return {
        "linear": (z, NONE, NONE),
        "tanh": ((1, 0), (2, 1), NONE),
        "sigmoid": ((1, 0), (2, 1), NONE),
        "softplus": ((1, 0), (1, 0), NONE),
        "erf": ((1, 0), (1, 0), NONE),
        "exp": ((1, 0), (1, 0), NONE),
        "silu": ((u + 1, w), (u + 2, log2_of(0, 1 + w)), NONE),
        "gelu": ((u + 1, w), (u + 1, log2_of(0, w)), NONE),
        "sin": ((1, 1), (2, 1), (2, 1)),
        "arctan": ((1, 0), NONE, (2 * u, log2_of(0, 2 * w))),
        "square": ((2 * u, 2 * w), (u, w + 1), NONE),
        "cube": ((3 * u, 3 * w), (2 * u, 2 * w + math.log2(3)), NONE),
    }[name]  # type: ignore[return-value]


def vanishing(size: Size) -> float:
    return (1 + 1e-9) * (size[0] / 2**22 + size[1] / 22 / 134241)


class Form(NamedTuple):
    """A hidden layer (step), as on the page: n, q, r, P, pool."""

    n: int
    q: int = 1
    r: int = 1
    uses: int = 1
    pool: int = 1
    is_residual: bool = False


def forms(problem: Problem) -> list[Form]:
    w = problem.widths
    if problem.kind == "NR":
        return [Form(w[1], r=w[1])] * problem.steps
    if problem.layers:
        return [Form(x.units, x.columns, x.channels * x.columns // x.before, x.positions, x.pool)
                for x in problem.layers]  # fmt: skip
    return [
        Form(w[k], w[k - 1], w[k], is_residual=k in problem.residual) for k in range(1, len(w) - 1)
    ]


class Bounds:
    """val, slo, div, z and low of all layers (steps)."""

    def __init__(self, problem: Problem, entering: Size) -> None:
        w, bias = problem.widths, [0.0] * problem.bias
        self.val: list[Size] = [entering]
        self.low: list[Size] = [NONE]
        self.z: list[Size] = []
        self.slo: list[Size] = []
        self.div: list[Size] = []
        for k, (form, name) in enumerate(zip(forms(problem), names_of(problem), strict=True)):
            u, v = self.val[k]
            if problem.kind == "NR":
                logs = [math.log2(w[0]) + entering[1], *[math.log2(w[1]) + v] * (k > 0)]
                self.z.append((1 + max(u, entering[0]), log2_of(*logs, *bias)))
            else:
                self.z.append((1 + u, log2_of(math.log2(form.q) + v, *bias)))
            value, slope, divisor = parts_of(name, self.z[k])
            low, more = self.low[k], self.low[k] if form.is_residual else NONE
            need(low == NONE or name not in READING, "a trial bounds nothing")
            self.slo.append(slope)
            self.div.append((form.n * divisor[0], form.n * divisor[1]))
            value = plus(value, (0, math.log2(form.pool)))
            self.val.append(summed(value, self.val[k]) if form.is_residual else value)
            own = self.div[k] if name == "sin" else NONE
            self.low.append(low if name == "linear" else plus(own, more))


def names_of(problem: Problem) -> list[str]:
    return problem.activations * problem.steps


def rank_bound(problem: Problem, g: int) -> float:
    """The probability that one trial finds a smaller rank than there is."""
    entering: Size = (1, 0)
    if problem.given is not None:
        entering = (0, math.log2(max(1, *(abs(x) for row in problem.given for x in row))))
    found, layers = Bounds(problem, entering), forms(problem)
    count, val = len(layers), found.val
    thr: list[Size] = [(1, math.log2(problem.d))] * count
    back: list[Size] = [NONE] * count
    for k in range(count - 1, -1, -1):
        if k < count - 1:
            thr[k] = plus((1, math.log2(layers[k + 1].r)), back[k + 1])
            thr[k] = summed(thr[k], thr[k + 1]) if layers[k + 1].is_residual else thr[k]
        back[k] = plus(found.slo[k], thr[k])
    if problem.kind == "NR":
        groups = [[plus(back[k], val[k]) for k in range(1, count)],
                  [plus(back[k], entering) for k in range(count)]]  # fmt: skip
        sums = [
            (max(x for x, _ in some), log2_of(*(y for _, y in some))) for some in groups if some
        ]
        entry = largest([val[-1], *sums])
    else:
        entry = largest([val[-1], *(plus(back[k], val[k], (0, math.log2(layers[k].uses)))
                                    for k in range(count))])  # fmt: skip
    degree, norm = plus(entry, *found.div)
    norm += degree * (bool(HALVES & set(problem.activations)) + added_by_weights(problem))
    return vanishing((g * degree, g * (math.log2(g) + norm))) + collisions(problem, found)


def added_by_weights(problem: Problem) -> float:
    """The number W' of the page."""
    if not problem.is_student:
        return 0.0
    need(not {"exp", "softplus"} & set(problem.activations), "a trial of exp or softplus")
    pool = max((layer.pool for layer in problem.layers), default=1)
    return 1 + problem.given_size + math.log2(pool) + math.log2(problem.scale)


def collisions(problem: Problem, found: Bounds) -> float:
    """The number C."""
    has_halves, layers = bool(HALVES & set(problem.activations)), forms(problem)
    drawn = [k for k, name in enumerate(names_of(problem)) if TABLE[name][0]]
    more = added_by_weights(problem)
    sizes = [(u, w + u * (has_halves + more)) for u, w in (found.z[k] for k in drawn)]
    under_ = [(u, w + u * more) for u, w in (found.low[k] for k in drawn)]
    tops, lows = (list(accumulate(some, lambda a, b: largest([a, b])))
                  for some in (sizes, under_))  # fmt: skip
    before, total = [0, *accumulate(layers[k].n * problem.samples for k in drawn)], 0.0
    for (earlier, here), top, under in zip(pairwise(before), tops, lows, strict=True):
        number = here - earlier
        total += number * (number + 2 * earlier) * vanishing(
            plus(top, under, under, (0, 1))) ** 2  # fmt: skip
    return total * (not by_structure(problem))
