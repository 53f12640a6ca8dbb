"""Systems that are affine in all unknowns but one: their eliminant (T6, special cases)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import sympy
from sympy import Poly, Symbol

from ...problem.networks.base import Network
from ...problem.networks.feedforward import LinearFeedforward
from ...problem.networks.recurrent import LinearRecurrent
from ..shared import exhaustive
from ..shared.polynomial_systems import (
    draw,
    entries_of,
    equations,
    generic_system,
    number_of_solutions,
    solve,
)

_A = Symbol("a")


def affine_but_for(polynomials: Sequence[Any]) -> int | None:
    """The unknown without which the polynomials are affine in the others; None if there is none.

    >>> field, x, y, z = sympy.ring("x, y, z", sympy.QQ)
    >>> affine_but_for([x * y - 1, x**2 * z]), affine_but_for([x * y, y * z, x * z])
    (0, None)
    """
    monomials = [monomial for polynomial in polynomials for monomial in polynomial]
    for place in range(polynomials[0].ring.ngens):
        if all(sum(monomial) - monomial[place] <= 1 for monomial in monomials):
            return place
    return None


def eliminant(polynomials: Sequence[Any], place: int) -> tuple[Poly, Poly]:
    """g(a) = det[J_B(a) | y - c(a)] and h(a), the common divisor of the minors of J_B(a).

    >>> field, x, y = sympy.ring("x, y", sympy.QQ)
    >>> [polynomial.degree() for polynomial in eliminant([x * y - 1, x + 2 * y - 3], 0)]
    [2, 0]
    """
    others = [k for k in range(polynomials[0].ring.ngens) if k != place]
    rows = [[_in_one(p, place, k) for k in others] for p in polynomials]
    constants = [-_in_one(p, place, None) for p in polynomials]
    minors = [_determinant(rows[:i] + rows[i + 1 :]) for i in range(len(rows))]
    signs = [(-1) ** (i + len(rows) - 1) for i in range(len(rows))]
    terms = zip(signs, minors, constants, strict=True)
    g = sum((sign * minor * value for sign, minor, value in terms), _poly(0))
    h = _poly(0)
    for minor in minors:
        h = h.gcd(minor)
    return g, h


def _poly(value: Any) -> Poly:
    return Poly(value, _A, domain=sympy.QQ)


def _in_one(polynomial: Any, place: int, other: int | None) -> Poly:
    """The coefficient of an unknown (None: of 1) as a polynomial in the unknown `place`."""
    terms = {}
    for monomial, coefficient in polynomial.items():
        rest = [k for k, power in enumerate(monomial) if power and k != place]
        if rest == ([] if other is None else [other]):
            terms[(monomial[place],)] = coefficient
    return Poly.from_dict(terms, _A, domain=sympy.QQ) if terms else _poly(0)


def _determinant(rows: list[list[Poly]]) -> Poly:
    """By the first row; the matrices are small."""
    if not rows:
        return _poly(1)
    total = _poly(0)
    for column, entry in enumerate(rows[0]):
        if not entry.is_zero:
            rest = [row[:column] + row[column + 1 :] for row in rows[1:]]
            total += (-1) ** column * entry * _determinant(rest)
    return total


def one_polynomial(claim: Callable[[Poly, Poly, int, int], bool]) -> Iterator[str | None]:
    """claim(g, h, solutions, real ones) at exact draws of all systems of the kind with r = D."""
    networks: list[tuple[Network, int]] = [
        (LinearRecurrent(1, 2, 1, 3), 2),
        (LinearRecurrent(1, 2, 1, 4), 2),
        (LinearRecurrent(2, 2, 1, 3), 3),
        (LinearFeedforward([2, 2, 2]), 2),
        (LinearFeedforward([2, 2, 2, 2]), 2),
    ]
    for network, samples in networks:
        names, budget = list(network.weight_shapes), exhaustive.target(network, samples)
        rng = np.random.default_rng(0)
        for mask in exhaustive.all_masks(network.n_weights, budget):
            instance = draw(network, samples, rng, 999)
            polynomials = equations(network, entries_of(network, mask, names), instance)
            place = affine_but_for(polynomials)
            if place is None:
                continue
            g, h = eliminant(polynomials, place)
            found = solve(polynomials) if not g.is_zero else None
            if found is None or not found.count:
                continue  # the rank is below D
            held = found.simple and claim(g, h, found.count, found.real)
            words = exhaustive.shown(network, samples, names, mask)
            yield None if held else f"{words}: g = {g.as_expr()}, {found}"


def one_outside(claim: tuple[str, int]) -> Iterator[str | None]:
    """At most so many learnables outside the last (or first) layer, r = D = d m: degree 1 or 0."""
    side, most = claim
    for widths, samples in (([2, 2, 2], 2), ([2, 3, 2], 2), ([2, 2, 2, 2], 2), ([3, 2, 2], 3)):
        network = LinearFeedforward(widths)
        names = list(network.weight_shapes)
        edge = names[-1] if side == "last" else names[0]
        for mask in exhaustive.all_masks(network.n_weights, network.outputs * samples):
            entries = entries_of(network, mask, names)
            if sum(name != edge for name, _ in entries) > most:
                continue
            count = number_of_solutions(generic_system(network, samples, entries))
            yield None if count <= 1 else f"{network.describe()}, {entries}: {count} solutions"


def determinant_is_affine(frozen_part: bool) -> Iterator[str | None]:
    """det[H_S + a u v^T; t - a k v^T] is affine in a, symbolic; else the target is not."""
    a = sympy.Symbol("a")
    for size in (2, 3):
        some = iter(sympy.symbols(f"z:{size * size + 3 * size + 2}"))
        matrix = sympy.Matrix(size, size, [next(some) for _ in range(size * size)])
        u = sympy.Matrix(size, 1, [next(some) for _ in range(size)])
        v = sympy.Matrix(1, size, [next(some) for _ in range(size)])
        other = sympy.Matrix(1, size, [next(some) for _ in range(size)])
        changed = matrix + a * u * v
        if not frozen_part:
            changed[size - 1, :] = matrix[size - 1, :] + a * other
        degree = Poly(sympy.expand(changed.det()), a).degree()
        yield None if degree <= 1 else f"m = {size}: degree {degree}"
