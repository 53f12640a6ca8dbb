"""The number of solutions of polynomial equations modulo a prime, with multiplicity.

A polynomial is a dict from exponents to coefficients.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tests.page_checker.problem import Semiring, need

Monomial = tuple[int, ...]
Polynomial = dict[Monomial, int]


def is_large_prime(n: int) -> bool:
    """Miller and Rabin; with these bases it is proved below 2^64."""
    odd, twos = n - 1, 0
    if n % 2 == 0:
        return False
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, n)
        powers = [x := (x if k == 0 else x * x % n) for k in range(twos)]
        if powers[0] != 1 and n - 1 not in powers:
            return False
    return True


def polynomials(q: int, n: int) -> Semiring:
    def add(f: Polynomial, g: Polynomial) -> Polynomial:
        total = {m: (f.get(m, 0) + g.get(m, 0)) % q for m in f.keys() | g.keys()}
        return {m: c for m, c in total.items() if c}

    def mul(f: Polynomial, g: Polynomial) -> Polynomial:
        total: Polynomial = {}
        for (m, a), (k, b) in itertools.product(f.items(), g.items()):
            key = tuple(map(int.__add__, m, k))
            total[key] = (total.get(key, 0) + a * b) % q
        return {m: c for m, c in total.items() if c}

    return Semiring({}, {(0,) * n: 1}, add, mul)


def order(m: Monomial) -> tuple[int, ...]:
    """Degrees first, then reverse lexicographic."""
    return (sum(m), *(-x for x in reversed(m)))


def divides(m: Monomial, k: Monomial) -> bool:
    return all(map(int.__le__, m, k))


def reduced(f: Polynomial, basis: list[Polynomial], leads: list[Monomial], q: int) -> Polynomial:
    """The remainder of its leading terms, monic."""
    f = dict(f)
    while f:
        lead = max(f, key=order)
        k = next((k for k, m in enumerate(leads) if divides(m, lead)), None)
        if k is None:
            inverse = pow(f[lead], -1, q)
            return {m: c * inverse % q for m, c in f.items()}
        factor, shift = f[lead], tuple(map(int.__sub__, lead, leads[k]))
        for m, c in basis[k].items():
            key = tuple(map(int.__add__, m, shift))
            value = (f.get(key, 0) - factor * c) % q
            if value:
                f[key] = value
            else:
                f.pop(key, None)
    return f


def n_solutions(equations: list[Polynomial], n: int, q: int) -> int:
    """The monomials that lead no member of the ideal (Buchberger)."""
    basis: list[Polynomial] = []
    leads: list[Monomial] = []
    todo = [(order(max(f, key=order)), f) for f in equations]
    pairs: list[tuple[tuple[int, ...], int, int]] = []
    while todo or pairs:
        if todo:
            _, f = todo.pop(0)
        else:
            pairs.sort(reverse=True)
            _, i, j = pairs.pop()
            top = tuple(map(max, leads[i], leads[j]))
            f = {}
            for k, sign in ((i, 1), (j, -1)):
                shift = tuple(map(int.__sub__, top, leads[k]))
                for m, c in basis[k].items():
                    key = tuple(map(int.__add__, m, shift))
                    f[key] = (f.get(key, 0) + sign * c) % q
            f = {m: c for m, c in f.items() if c}
        f = reduced(f, basis, leads, q)
        if not f:
            continue
        lead = max(f, key=order)
        for k, other in enumerate(leads):
            top = tuple(map(max, other, lead))
            if any(map(min, other, lead)):  # else the leading terms are coprime
                pairs.append((order(top), k, len(leads)))
        basis.append(f)
        leads.append(lead)
    return len(list(standard(leads, n)))


def standard(leads: list[Monomial], n: int) -> Iterator[Monomial]:
    """The monomials that none of these divides; there must be finitely many."""
    if any(not any(m) for m in leads):
        return
    powers = [[sum(m) for m in leads if sum(m) == m[k]] for k in range(n)]
    need(all(powers), "infinitely many solutions")
    for m in itertools.product(*(range(min(own)) for own in powers)):
        if not any(divides(lead, m) for lead in leads):
            yield m
