"""Degrees by a polynomial in one unknown that lies in every conflict, computed again in Python."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from ..networks import LinearFeedforward
from . import plain
from .bezout import path_degrees
from .claim import Claim
from .rank import N_PRIMES, entries_at, learnable_cells, require_prime

Poly: TypeAlias = list[int]  # coefficients modulo p, the constant first; no zeros at the end


def require_univariate(
    claim: Claim,
    equations: list[int],
    unknowns: list[int],
    degree: int,
    evidence: dict[str, Any],
) -> float:
    """The degree is the most that a draw counts; returns the bound on the error."""
    names = {"by", "unknown", "draws", "error_bound"}
    claim.require(set(evidence) == names, "univariate needs its keys")
    unknown, draws = evidence["unknown"], evidence["draws"]
    inside = type(unknown) is int and unknown in unknowns
    claim.require(inside, "the one unknown must be in the block")
    others = [number for number in unknowns if number != unknown]
    if others:
        rows = path_degrees(claim, equations, [others])
        text = f"a path runs through two unknowns, neither of them {unknown}"
        claim.require(max(most for (most,) in rows) <= 1, text)
    most_degree = sum(most for (most,) in path_degrees(claim, equations, [[unknown]]))
    points = {(draw["seed"], draw["trial"]) for draw in draws}
    claim.require(len(points) == len(draws) > 0, "draws must be independent")
    for draw in draws:
        keys = set(draw) == {"seed", "trial", "prime", "count"}
        claim.require(keys, "a draw by univariate needs its keys")
        count = _count(claim, equations, unknown, others, most_degree, draw)
        fits = type(draw["count"]) is int and draw["count"] == count <= degree
        claim.require(fits, f"a draw counts {count} solutions")
    most = max(draw["count"] for draw in draws)
    claim.require(most == degree, f"the draws count {most} solutions, not {degree}")
    bound = _draw_error(claim, len(unknowns), most_degree) ** len(draws)
    claim.require(bound < 1, "the draws bound nothing")
    claim.require_bound(evidence["error_bound"], bound)
    return bound


def _draw_error(claim: Claim, n: int, most_degree: int) -> float:
    """Probability that a leading coefficient times a Sylvester minor vanishes at (prime, point)."""
    network = claim.network
    if isinstance(network, LinearFeedforward):
        length, paths = network.depth, math.prod(width + 1 for width in network.widths[:-1])
    else:
        length = network.steps + 1
        paths = network.steps**2 * network.hidden**network.steps * network.inputs
    factors = 2 * most_degree + 1
    bits = factors * n * math.log2(n * (paths + 1))
    return min(1.0, factors * (n * length + 1) / 2**22 + bits / 22 / N_PRIMES)


def _count(
    claim: Claim,
    equations: list[int],
    unknown: int,
    others: list[int],
    most_degree: int,
    draw: dict[str, Any],
) -> int:
    """The degree of g(y1) less that of its common factor with g(y2), modulo the prime."""
    seed, trial, p = require_prime(claim, draw["seed"], draw)
    cells = learnable_cells(claim)
    first, second = (
        [plain.words(seed, trial, name, max(equations) + 1)[e] % p for e in equations]
        for name in ("outputs", "outputs2")
    )
    values: tuple[Poly, Poly] = [], []
    zeros = {cells[number]: 0 for number in others}
    chosen = [cells[number] for number in others]
    for a in range(most_degree + 1):
        at = entries_at(claim, seed, trial, p, {**zeros, cells[unknown]: a % p})
        rows = [at.row(equation, chosen) for equation in equations]
        constants = [at.output(equation) for equation in equations]
        for outputs, found in zip((first, second), values, strict=True):
            matrix = [
                [*row, (y - c) % p] for row, y, c in zip(rows, outputs, constants, strict=True)
            ]
            found.append(plain.eliminate(matrix, p)[1])
    one, two = (_interpolated(found, p) for found in values)
    return len(one) - len(_common(one, two, p))


def _interpolated(values: list[int], p: int) -> Poly:
    """The polynomial of degree below n with these values at 0..n-1 (Lagrange)."""
    n = len(values)
    every: Poly = [1]
    for a in range(n):
        every = _times_root(every, a, p)
    total = [0] * n
    for a, value in enumerate(values):
        basis, carry = [0] * n, 0
        for k in range(n, 0, -1):  # divided by x - a
            carry = (every[k] + carry * a) % p
            basis[k - 1] = carry
        at = math.factorial(a) * math.factorial(n - 1 - a) * (-1) ** (n - 1 - a)
        factor = value * pow(at, -1, p) % p
        total = [(x + factor * y) % p for x, y in zip(total, basis, strict=True)]
    return _trimmed(total)


def _times_root(poly: Poly, a: int, p: int) -> Poly:
    return [(x - a * y) % p for x, y in zip([0, *poly], [*poly, 0], strict=True)]


def _common(one: Poly, two: Poly, p: int) -> Poly:
    """The greatest common divisor, by Euclid."""
    while two:
        inverse = pow(two[-1], -1, p)
        while len(one) >= len(two):
            factor, shift = one[-1] * inverse % p, len(one) - len(two)
            low = [(x - factor * y) % p for x, y in zip(one[shift:], two, strict=True)]
            one = _trimmed(one[:shift] + low)
        one, two = two, one
    return one


def _trimmed(poly: Poly) -> Poly:
    while poly and not poly[-1]:
        poly = poly[:-1]
    return poly
