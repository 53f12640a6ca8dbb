"""T6 and T7: degrees of blocks, and their solutions in complex balls."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import flint
from flint import acb, acb_mat, arb, fmpq

from tests.page_checker.groebner import is_large_prime, n_solutions, polynomials
from tests.page_checker.powers import POWERS, output_size, power_paths, powers
from tests.page_checker.problem import (
    NO_PATH,
    Cell,
    Matrix,
    Problem,
    Semiring,
    by_steps,
    integer,
    is_bias,
    linear,
    listed,
    modulo,
    need,
    numbers,
    paths,
    table,
    unit_inputs,
)
from tests.page_checker.ranks import (
    N_PRIMES,
    Draws,
    degree,
    eliminate,
    in_trials,
    log_paths,
)


def evaluated(problem: Problem, *arguments: Any) -> tuple[list[Any], Callable[[Cell], list[Any]]]:
    return (linear if problem.is_linear else powers)(problem, *arguments)


def paths_of(problem: Problem, counted: Any) -> tuple[list[Any], Callable[[Cell], list[Any]]]:
    return (paths if problem.is_linear else power_paths)(problem, counted)


BALLS = Semiring(acb(0), acb(1), lambda x, y: x + y, lambda x, y: x * y)


class Block:
    """Some equations and as many unknowns of a problem. A method for each way to a degree."""

    def __init__(self, draws: Draws, problem: Problem, data: dict[str, Any], real: bool) -> None:
        data, self.draws, self.problem = dict(data), draws, problem
        need(set(problem.activations) <= set(POWERS), "equations that are no polynomials")
        self.equations = numbers(data.pop("equations"), problem.n_equations, ascending=True)
        self.unknowns = numbers(data.pop("unknowns"), len(problem.learnables), ascending=True)
        self.cells = [problem.learnables[k] for k in self.unknowns]
        self.degree = integer(data.pop("degree"), 1)
        need(len(self.equations) == len(self.unknowns) >= 1, "as many equations as unknowns")
        by = dict(data.pop("degree_by"))
        way = by.pop("by")
        need(way in ("bezout", "univariate", "monodromy", "elimination"), "degree_by")
        self.error = getattr(self, way)(**by)
        instance: Any = data.pop("instance")
        solutions: Any = data.pop("solutions")
        need(not data, "keys of a block")
        if (instance, solutions) == (None, None):
            need(real and (way != "bezout" or self.degree == 1), "an instance is needed")
        else:
            self.read_instance(**instance)
            self.solve(real, **solutions)

    def most(self, counted: set[Cell]) -> list[int]:
        """For each equation the most of these weights on a path to it."""
        outputs, _ = paths_of(self.problem, counted)
        return [int(max(outputs[e], 0)) for e in self.equations]

    def bezout(self, *, groups: Any) -> float:
        groups = [numbers(group) for group in listed(groups)]
        need(sorted(itertools.chain(*groups)) == self.unknowns and all(groups), "groups")
        degrees = [self.most({self.problem.learnables[k] for k in group}) for group in groups]
        terms = {tuple(map(len, groups)): 1}  # what is left of the exponents
        for factors in zip(*degrees, strict=True):
            after: dict[tuple[int, ...], int] = {}
            for left, count in terms.items():
                for g, factor in enumerate(factors):
                    if left[g] and factor:
                        key = (*left[:g], left[g] - 1, *left[g + 1 :])
                        after[key] = after.get(key, 0) + count * factor
            terms = after
            need(len(terms) <= 2**18, "more than 2^18 terms")
        need(sum(terms.values()) == self.degree, "coefficient")
        return 0.0

    def univariate(self, *, unknown: Any, error_bound: Any) -> float:
        need(integer(unknown) in self.unknowns, "unknown")
        need(self.problem.is_linear, "a polynomial in one unknown of a nonlinear network")
        problem, draws, (name, i, j) = self.problem, self.draws, self.problem.learnables[unknown]
        others = [cell for cell in self.cells if cell != (name, i, j)]
        need(max(self.most(set(others))) <= 1, "not affine in the other unknowns")
        most = sum(self.most({(name, i, j)}))

        def count(trial: int) -> int:
            p, weights = draws.prime(trial), draws.weights(problem, trial)
            for other, k, h in others:
                weights[other][k][h] = 0
            streams = [draws.words(trial, stream, problem.n_equations)
                       for stream in ("outputs", "outputs2")]  # fmt: skip
            values: list[list[int]] = [[], []]
            for value in range(most + 1):
                weights[name][i][j] = value
                outputs, column = linear(problem, weights, draws.inputs(problem, trial), modulo(p))
                columns = [[column(cell)[e] for e in self.equations] for cell in others]
                for y, sink in zip(streams, values, strict=True):
                    last = [y[e] - outputs[e] for e in self.equations]
                    sink.append(eliminate([*columns, last], p)[1])
            g1, g2 = (interpolate(sink, p) for sink in values)
            return len(g1) - len(gcd(g1, g2, p)) if g1 else 0

        n = len(self.equations)
        bits = n * (math.log2(n) + math.log2(1 + 2 ** log_paths(problem)))
        one = (n * degree(problem) + 1) / 2**22 + bits / 22 / N_PRIMES
        return in_trials((1 + 1e-9) * (2 * most + 1) * one, error_bound, self.degree, count)

    def monodromy(self, *, error_bound: Any) -> float:
        """Solutions are counted modulo a large prime, from a Groebner basis."""
        problem, n = self.problem, len(self.equations)
        degrees = [max(x, 1) for x in self.most(set(self.cells))]
        product, steps = math.prod(degrees), problem.steps
        g, log_norm = degree(problem) + 1, log_paths(problem)
        if not problem.is_linear:
            g, log_norm = output_size(problem)
        c = len(problem.presents) + problem.widths[0] * steps * problem.m_e
        high = 8 * (n + 1) * product * math.exp(1 / 8 + n / (16 * product)) + 1
        bits = 3 + n * math.log2(high + n + 1) + high * log_norm
        bits = (bits + c * math.log2((8 * c + 1) * high * g + c + 1)) / 7
        bound = g * sum(product // d for d in degrees) / 2**58 + bits / 59 / 2**53
        need(product <= 2**59 and n <= 1000, "no count of so many solutions")
        return in_trials((1 + 1e-9) * n * bound, error_bound, self.degree, self.count)

    elimination = monodromy

    def count(self, trial: int) -> int:
        problem, draws = self.problem, self.draws
        q = next(x for word in draws.words(trial, "large prime", 4000)
                 if is_large_prime(x := 2**59 + word % 2**59))  # fmt: skip
        n, ring = len(self.cells), polynomials(q, len(self.cells))
        constant = (0,) * n

        def constants(rows: Matrix) -> Matrix:
            return [[{constant: x} if x else {} for x in row] for row in rows]

        weights = {k: constants(rows) for k, rows in draws.weights(problem, trial, q).items()}
        inputs = [constants(rows) for rows in draws.inputs(problem, trial, q)]
        for k, (name, i, j) in enumerate(self.cells):
            weights[name][i][j] = {tuple(int(h == k) for h in range(n)): 1}
        outputs, _ = evaluated(problem, weights, inputs, ring)
        values = draws.words(trial, "outputs", problem.n_equations)
        return n_solutions(
            [ring.add(outputs[e], {constant: -values[e] % q}) for e in self.equations], n, q
        )

    def read_instance(self, *, scale: Any, teacher: Any, student: Any, inputs: Any) -> None:
        problem, q = self.problem, integer(scale, 1)
        self.networks: list[dict[str, Matrix]] = []

        def scaled(rows: Matrix) -> Matrix:
            return [[fmpq(x, q) for x in row] for row in rows]

        for data in (teacher, student):
            need(data.keys() == problem.shapes.keys(), "weights of an instance")
            w = {k: table(data[k], shape, is_bias(k)) for k, shape in problem.shapes.items()}
            need(set(problem.cells(w)) <= set(problem.presents), "an absent connection is not 0")
            self.networks.append({name: scaled(rows) for name, rows in w.items()})
        need((inputs is None) == problem.spans, "inputs of an instance")
        self.inputs = unit_inputs(problem, Semiring(fmpq(0), fmpq(1), max, min))
        if inputs is not None:
            shape = (problem.widths[0] * problem.steps, problem.m_e)
            rows = scaled(table(inputs, shape)) + [[fmpq(1)] * problem.m_e] * problem.bias
            self.inputs = by_steps(problem, rows)

    def solve(self, real: bool, *, centres: Any, radii: Any) -> None:
        """The instance has exactly `degree` simple solutions in disjoint boxes."""
        boxes = [([(decimal(re), decimal(im)) for re, im in listed(z)], decimal(r))
                 for z, r in zip(listed(centres), listed(radii), strict=True)]  # fmt: skip
        need(len(boxes) == self.degree, "number of solutions")
        precision = flint.ctx.prec
        for k, (z, r) in enumerate(boxes):
            need(len(z) == len(self.cells) and r > 0, "a ball")
            need(not any(meets((z, r), other) for other in boxes[:k]), "two balls meet")
            conjugate = [(re, -im) for re, im in z], r
            need(any(meets(conjugate, other) for other in boxes), "a conjugate is missing")
            need(real or any(abs(im) > r for _, im in z), "a solution may be real")
            try:
                tests = (self.krawczyk(z, r, bits) for bits in (128, 256, 512, 1024))
                need(any(tests), "no solution is proved in a ball")
            finally:
                flint.ctx.prec = precision

    def krawczyk(
        self, centre: list[tuple[Fraction, Fraction]], radius: Fraction, bits: int
    ) -> bool:
        flint.ctx.prec = bits
        teacher, student = (
            {name: [list(map(acb, row)) for row in rows] for name, rows in network.items()}
            for network in self.networks
        )
        inputs = [[list(map(acb, row)) for row in step] for step in self.inputs]
        wanted, _ = evaluated(self.problem, teacher, inputs, BALLS)

        def system(values: list[acb]) -> tuple[acb_mat, acb_mat]:
            for (name, i, j), value in zip(self.cells, values, strict=True):
                student[name][i][j] = value
            outputs, column = evaluated(self.problem, student, inputs, BALLS)
            columns = [column(cell) for cell in self.cells]
            f = acb_mat([[outputs[e] - wanted[e]] for e in self.equations])
            return f, acb_mat([[c[e] for c in columns] for e in self.equations])

        n, r = len(self.cells), arb(ratio(radius))
        z = [acb(arb(ratio(re)), arb(ratio(im))) for re, im in centre]
        ball = acb(arb(0, r), arb(0, r))
        f, at_centre = system(z)
        _, in_box = system([x + ball for x in z])
        try:
            y = at_centre.inv()
        except ZeroDivisionError:
            return False
        one = acb_mat([[int(i == j) for j in range(n)] for i in range(n)])
        moved = (one - y * in_box) * acb_mat([[ball]] * n) - y * f
        return all(abs(moved[i, 0].real) < r and abs(moved[i, 0].imag) < r for i in range(n))

    def depends_on(self, known: set[int]) -> bool:
        """Whether all learnables that act on the equations are known."""
        _, column = paths_of(self.problem, ())
        return all(k in known or all(column(cell)[e] == NO_PATH for e in self.equations)
                   for k, cell in enumerate(self.problem.learnables))  # fmt: skip


def decimal(text: Any) -> Fraction:
    need(type(text) is str and len(text) <= 1000, "a number is no short string")
    is_decimal = re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?", text)
    need(is_decimal, "no decimal number")
    return Fraction(text)


def ratio(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def meets(one: Any, other: Any) -> bool:
    return all(abs(x - y) <= one[1] + other[1] for z, w in zip(one[0], other[0], strict=True)
               for x, y in zip(z, w, strict=True))  # fmt: skip


def strip(f: list[int]) -> list[int]:
    while f and not f[-1]:
        f = f[:-1]
    return f


def interpolate(values: list[int], p: int) -> list[int]:
    """The polynomial, lowest coefficient first, with these values at 0, 1, 2, ..."""
    total = [0] * len(values)
    for k, value in enumerate(values):
        basis, scale = [1], value
        for j in range(len(values)):
            if j != k:
                shifted = zip([0, *basis], [*basis, 0], strict=True)
                basis = [(x - j * y) % p for x, y in shifted]
                scale = scale * pow(k - j, -1, p) % p
        total = [(t + scale * x) % p for t, x in zip(total, basis, strict=True)]
    return strip(total)


def gcd(f: list[int], g: list[int], p: int) -> list[int]:
    while g:
        while len(f) >= len(g):
            q, low = f[-1] * pow(g[-1], -1, p), [0] * (len(f) - len(g))
            f = strip([(x - q * y) % p for x, y in zip(f, low + g, strict=True)])
        f, g = g, f
    return f


def witness(draws: Draws, problem: Problem, data: Any) -> float:
    block = Block(draws, problem, data, real=False)
    need(block.depends_on(set(block.unknowns)), "another learnable acts on the block")
    return block.error


def odd_degree(draws: Draws, problem: Problem, data: Any) -> float:
    blocks = [Block(draws, problem, block, real=True) for block in listed(data)]
    known: list[int] = []
    for block in blocks:
        known += block.unknowns
        need(block.degree % 2 == 1, "an even degree")
        need(block.depends_on(set(known)), "a later unknown acts on a block")
    solved = numbers([e for block in blocks for e in block.equations])
    need(sorted(known) == list(range(len(problem.learnables))), "every learnable in one block")
    if len(solved) < problem.n_equations:
        d, m = problem.d, problem.m_e
        need(problem.kind == "F" and not problem.bias, "equations are missing")
        rows = [o for o in range(d) if all(o * m + s in solved for s in range(m))]
        columns = [s for s in range(m) if all(o * m + s in solved for o in range(d))]
        need(len(rows) == len(columns) == min(d, m, *problem.widths[1:]), "k outputs, k samples")
        need(all(e // m in rows or e % m in columns for e in solved), "other equations")
    return sum(block.error for block in blocks)
