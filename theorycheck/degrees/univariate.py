"""The degree of a square system where one unknown lies in every conflict: that of one polynomial.

Given that unknown a, the others b enter jointly affinely: J_B(a) b + c(a) = y are n equations in
n - 1 unknowns, solvable where g(a) = det[J_B(a) | y - c(a)] is 0 (T6, Sturm form).
"""

from __future__ import annotations

import math
from itertools import count as count_from

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import OutOfTimeError, SizeError
from ..ranks.generic_rank import N_PRIMES
from ..ranks.point import LOWEST_PRIME, draw_prime, words
from .bezout import path_degrees
from .counting import Count, Counted, drawn
from .polynomials import Polynomial, equations
from .system import SquareSystem

ENOUGH = 1e-9  # an error bound that needs no further draws
MOST_DRAWS = 4
MOST_ROOTS = 2000  # of a polynomial that is interpolated: a linear system of that size


def cover_of(system: SquareSystem, deadline: Deadline = NEVER) -> int | None:
    """The place of an unknown without which no path to an equation runs through two unknowns.

    Of several the one with the least degrees; None if there is none. Raises `OutOfTimeError` after
    the deadline.

    >>> from theorycheck import Allocation, LinearRecurrent
    >>> row = Allocation.rows(LinearRecurrent(1, 2, 1, 3), {"recurrent": [0]})
    >>> cover_of(SquareSystem(row, 2, (0, 1), (0, 1)))
    0
    """
    places = frozenset(range(len(system.unknowns)))
    covers = [a for a in places if max(path_degrees(system, places - {a}, deadline)) <= 1]
    return min(covers, key=lambda a: (_most_degree(system, a, deadline), a), default=None)


def degree_by_univariate(
    system: SquareSystem, seed: int = 0, *, deadline: Deadline = NEVER
) -> Counted | None:
    """The generic number of solutions if one unknown covers all conflicts, else None.

    Generic y lies in no [image of J_B(a)] + c(a) with J_B(a) of rank below n - 1, for these a are
    finitely many: every solution is a root of g = h g^, h its factor without y, but not of h. At
    the roots of g^ alone J_B(a) has a kernel of 0 and b is unique. As g^ is of degree 1 in y and
    primitive, it is irreducible, so its roots are simple: their number is delta = deg g^. For two
    independent y the g^ are coprime (at a root of one, the other is no constant in y), so
    h = gcd(g(y1), g(y2)).

    A draw counts deg g(y1) - deg gcd(g(y1), g(y2)) at a random point modulo a random prime. If
    g(y1) is not 0 there, h specialises (Gauss: it divides g over the integers) to a factor of both,
    so the count is at most deg g^(y1) <= delta: a proved lower bound. When it falls short is the
    matter of `draw_error`. There are 2 draws, or up to 4 while the bound exceeds 1e-9. None also if
    there is no time.

    >>> from theorycheck import Allocation, LinearRecurrent
    >>> cubic = Allocation.layer(LinearRecurrent(1, 1, 1, 4), "recurrent")
    >>> found = degree_by_univariate(SquareSystem(cubic, 1, (0,), (0,)))
    >>> found.degree, found.unknown, found.error_bound < 1e-9
    (3, 0, True)
    """
    try:
        place = cover_of(system, deadline)
        if place is None:
            return None
        error = draw_error(system, place)
        counts = (count_roots(system, place, seed, k, deadline=deadline) for k in count_from())
        found = drawn(counts, error, most=MOST_DRAWS, enough=ENOUGH)
    except (OutOfTimeError, SizeError):
        return None
    assert found is not None
    degree, unknown = max(draw.count for draw in found), system.unknowns[place]
    return Counted("univariate", degree, error ** len(found), found, unknown)


def draw_error(system: SquareSystem, place: int) -> float:
    """Bound on the probability that the count of one draw is below the degree.

    It is the degree unless the leading coefficient of g(y1) in a vanishes, or a certain minor of
    the Sylvester matrix of g(y1) and g(y2), of its generic rank deg g + delta: where neither does,
    the rank and deg g(y1) are the generic ones, and rank - deg g(y1) is the count.

    Let A >= deg g. An entry of J_B has degree at most L (recurrent: T + 1) in the parameters, one
    of y - c one more, so a coefficient of g has at most G = n L + 1; the integers in g sum up to at
    most (n (paths + 1))^n = 2^H. So both together are a polynomial of degree (2 A + 1) G with
    integers of at most (2 A + 1) H bits. It vanishes with probability at most its degree / 2^22
    (Schwartz-Zippel), unless all of them do: at most bits / 22 primes divide one that is not 0.
    """
    n = len(system.unknowns)
    length, log_paths = system.network.path_bounds
    log_terms = math.log2(n) + log_paths  # of n (paths + 1), exactly where that is another number
    if log_paths < 50:
        log_terms = math.log2(n * (round(2.0**log_paths) + 1))
    size = 2 * _most_degree(system, place) + 1
    vanishes = size * (n * length + 1) / LOWEST_PRIME
    divides = size * n * log_terms / 22 / N_PRIMES
    # Words modulo p are uniform up to a factor 1 + 2^-41; the last factor covers float rounding.
    return min((vanishes + divides) * (1 + 1e-9), 1.0)


def _most_degree(system: SquareSystem, place: int, deadline: Deadline = NEVER) -> int:
    """A of `draw_error`: each term of g has one factor from every equation."""
    return sum(path_degrees(system, frozenset({place}), deadline))


def count_roots(
    system: SquareSystem, place: int, seed: int, trial: int, *, deadline: Deadline = NEVER
) -> Count:
    """Roots of g that move with y, at the point (`seed`, `trial`); `place` as by `cover_of`.

    The second y is that of the stream "outputs2".
    """
    from flint import nmod_mat, nmod_poly

    prime, n = draw_prime(seed, trial), len(system.unknowns)
    places = np.arange(_most_degree(system, place, deadline) + 1)
    if len(places) > MOST_ROOTS:
        raise SizeError(f"a polynomial may have {len(places) - 1} roots, more than {MOST_ROOTS}")
    polynomials = equations(system, seed, trial, deadline=deadline)
    values = _at(_coefficients(polynomials, place), places, prime)
    first, second = (
        words(seed, trial, name, max(system.equations) + 1)[list(system.equations)]
        % np.uint64(prime)
        for name in ("outputs", "outputs2")
    )
    other = values.copy()
    other[:, :, -1] = (other[:, :, -1] + first.astype(np.int64) - second.astype(np.int64)) % prime
    determinants = []
    for pair in zip(values, other, strict=True):
        deadline.check("determinants")
        for matrix in pair:
            determinants.append(int(nmod_mat(n, n, matrix.ravel().tolist(), prime).det()))
    count = len(places)
    powers = [pow(a, k, prime) for a in range(count) for k in range(count)]
    solved = nmod_mat(count, count, powers, prime).solve(nmod_mat(count, 2, determinants, prime))
    one, two = (nmod_poly([int(solved[k, i]) for k in range(count)], prime) for i in (0, 1))
    common = one.gcd(two).degree() if one else 0
    return Count(max(one.degree(), 0) - common, prime, "flint", seed, trial)


def _coefficients(polynomials: list[Polynomial], place: int) -> NDArray[np.int64]:
    """[J_B | c - y] by powers of a: an array (powers, n, n)."""
    n = len(polynomials)
    most = max((key[place] for terms in polynomials for key in terms), default=0)
    table = np.zeros((most + 1, n, n), dtype=np.int64)
    for row, terms in enumerate(polynomials):
        for key, value in terms.items():
            rest = key[:place] + key[place + 1 :]
            assert sum(rest) <= 1, "the other unknowns enter jointly affinely"
            table[key[place], row, rest.index(1) if any(rest) else n - 1] = value
    return table


def _at(table: NDArray[np.int64], places: NDArray[np.int64], prime: int) -> NDArray[np.int64]:
    """The matrices (places, n, n) at each of `places`, by Horner's rule."""
    values = np.zeros((len(places), *table.shape[1:]), dtype=np.int64)
    for coefficient in table[::-1]:
        values = (values * places[:, None, None] + coefficient) % prime
    return values
