"""Degrees by a polynomial in one unknown that lies in every conflict, computed again in Python."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from . import plain
from .bezout import path_degrees
from .budget import STEP
from .claim import Claim
from .points import entries_at, rows_of
from .rank import path_bounds

Poly: TypeAlias = list[int]  # coefficients modulo p, the constant first; no zeros at the end


def require_univariate(
    claim: Claim,
    equations: list[int],
    unknowns: list[int],
    degree: int,
    evidence: dict[str, Any],
) -> None:
    """The degree is the most that a trial counts."""
    names = {"by", "unknown", "error_bound"}
    claim.require(set(evidence) == names, "univariate needs its keys")
    unknown = evidence["unknown"]
    inside = type(unknown) is int and unknown in unknowns
    claim.require(inside, "the one unknown must be in the block")
    others = [number for number in unknowns if number != unknown]
    if others:
        rows = path_degrees(claim, equations, [others])
        text = f"a path runs through two unknowns, neither of them {unknown}"
        claim.require(max(most for (most,) in rows) <= 1, text)
    most_degree = sum(most for (most,) in path_degrees(claim, equations, [[unknown]]))
    best = 0
    bound = _trial_error(claim, len(unknowns), most_degree)
    for trial in claim.trials(evidence["error_bound"], bound):
        count = _count(claim, equations, unknown, others, most_degree, trial)
        claim.require(count <= degree, f"there are {count} solutions, not {degree} at most")
        best = max(best, count)
    claim.require(best == degree, f"the trials count {best} solutions, not {degree}")


def _trial_error(claim: Claim, n: int, most_degree: int) -> float:
    """Probability that a leading coefficient times a Sylvester minor vanishes at (prime, point)."""
    length, log_paths = path_bounds(claim)
    paths = 2.0**log_paths if log_paths < 1000 else math.inf
    factors = 2 * most_degree + 1
    bits = factors * n * math.log2(n * (paths + 1))
    return (1 + 1e-9) * (factors * (n * length + 1) / 2**22 + bits / 22 / plain.N_PRIMES)


def _count(
    claim: Claim,
    equations: list[int],
    unknown: int,
    others: list[int],
    most_degree: int,
    trial: int,
) -> int:
    """The degree of g(y1) less that of its common factor with g(y2), modulo the prime."""
    key, p = claim.context.key, claim.context.prime(trial)
    entries, size = claim.entries("learnable"), most_degree + 1
    claim.foresee(0, 70 * max(equations), "a count of solutions")
    claim.charge(STEP * (6 * max(equations) + 10 * size**2), "a count of solutions")
    first, second = (
        [plain.words(key, trial, name, max(equations) + 1)[e] % p for e in equations]
        for name in ("outputs", "outputs2")
    )
    values: tuple[Poly, Poly] = [], []
    zeros = {entries[number]: 0 for number in others}
    chosen = [entries[number] for number in others]
    for a in range(size):
        at = entries_at(claim, trial, {**zeros, entries[unknown]: a % p})
        rows = list(rows_of(claim, at, equations, chosen))
        constants = [at.output(equation) for equation in equations]
        for outputs, found in zip((first, second), values, strict=True):
            matrix = (
                [*row, (y - c) % p] for row, y, c in zip(rows, outputs, constants, strict=True)
            )
            found.append(plain.eliminate(matrix, p, claim.context.budget)[1])
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
