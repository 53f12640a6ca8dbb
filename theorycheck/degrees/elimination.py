"""The degree of a square system: its solutions at random points modulo random primes, counted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count as count_from
from pathlib import Path

from ..computing.deadline import NEVER, Deadline
from ..errors import OutOfTimeError, SizeError
from ..ranks.generic_rank import N_PRIMES
from ..ranks.point import LOWEST_PRIME, draw_prime
from .counting import Count, Counted, drawn
from .groebner import Problem, find_msolve, leading_monomials, standard_monomials
from .polynomials import Bound, bounds, equations
from .system import SquareSystem

ENOUGH = 1e-6  # an error bound that needs no further draws: larger ones no check accepts
MOST_DRAWS = 8


def degree_by_elimination(
    system: SquareSystem,
    seed: int = 0,
    *,
    draws: int = 2,
    deadline: Deadline = NEVER,
    memory_limit: int = 8 * 2**30,
) -> Counted | None:
    """The number of solutions of a generic instance, if `draws` random ones agree on it.

    More draws follow, up to 8, while the bound on the probability of error (see `draw_error`)
    exceeds 1e-6; the bound returned can still be larger, up to 1. None if counts differ, or if an
    instance has infinitely many solutions or exceeds memory or time.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> net = LinearFeedforward([2, 2, 2])
    >>> diagonals = Allocation(net, {"W1": [[1, 0], [0, 1]], "W2": [[1, 0], [0, 1]]})
    >>> found = degree_by_elimination(SquareSystem(diagonals, 2, (0, 1, 2, 3), (0, 1, 2, 3)))
    >>> found.degree, len(found.draws), found.error_bound < 1e-6
    (2, 2, True)
    """
    program, error = find_msolve(), draw_error(system)

    def counts() -> Iterator[Count | None]:
        first: Count | None = None
        primes: set[int] = set()
        for trial in count_from():
            if draw_prime(seed, trial) in primes:
                continue
            primes.add(draw_prime(seed, trial))
            new = count_solutions(
                system, seed, trial, program=program, deadline=deadline, memory_limit=memory_limit
            )
            first = first or new
            yield new if new and first and new.count == first.count else None

    found = drawn(counts(), error, least=draws, most=MOST_DRAWS, enough=ENOUGH)
    if found is None:
        return None
    return Counted("elimination", found[0].count, error ** len(found), found)


def draw_error(system: SquareSystem) -> float:
    """Bound on the probability that the count of one draw is finite but not the generic number.

    Let x be the n unknowns, c the k parameters that occur, y the values of the phi_e, which have
    degree d_e in x and g_e in c (at least 1). The relations between x_i, c and the phi_e form a
    prime ideal of height 1 of Z[t, c, y]: the multiples of one primitive polynomial P_i. Where no
    leading coefficient of a P_i in t vanishes, Z[x, c] is finite over the local ring of Z[c, y];
    both are regular of the same dimension, so it is free, and the count with multiplicity is the
    generic one. (Where just the fibre is finite it is flat: the count is never too large.)

    That leading coefficient has degree at most B: the degree of P_i in (c, y) counts points of the
    graph {y = phi} with x_i = t on a line of (c, y), so B is the Bezout number in (x, line),
    sum_e g_e prod_(f != e) d_f, or that in all together, prod_e deg phi_e. So it vanishes at a
    uniform point modulo p with probability at most B / p (Schwartz-Zippel), unless p divides it,
    and then the leading coefficient of every relation. Siegel's lemma gives one with coefficients
    of at most (log2(8 M) + H h) / 7 bits, bits / 22 primes divide one of them at most: there are
    N >= 8 M monomials t^a y^b c^q with a + sum_e d_e b_e <= H and |q| <= G, of which M is the
    number of monomials in x and c that phi makes of them, and 2^(h d_e) the sum of phi_e's
    coefficients. N >= 8 M holds for H = 8 (n + 1) D exp(1/8 + n / 16 D), D = prod_e d_e, and
    G = 8 k H max_e g_e / d_e.

    If the phi_e are dependent, the same holds of a relation without t, and the generic number is 0.
    """
    sizes = bounds(system)
    if not sizes:
        return 0.0
    vanishes = min(_leading_degree(sizes), LOWEST_PRIME) / LOWEST_PRIME
    divides = _leading_bits(sizes) / 22 / N_PRIMES
    # The last factor covers float rounding, the bias of the residues, and distinct primes.
    return min(len(sizes) * (vanishes + divides) * (1 + 1e-4), 1.0)


def _leading_degree(sizes: Sequence[Bound]) -> int:
    """B of `draw_error`."""
    degrees = [max(size.in_unknowns, 1) for size in sizes]
    product = math.prod(degrees)
    shares = [
        max(size.in_parameters, 1) * (product // d) for size, d in zip(sizes, degrees, strict=True)
    ]
    return min(sum(shares), math.prod(max(size.degree, 1) for size in sizes))


def _leading_bits(sizes: Sequence[Bound]) -> float:
    """The number of bits of `draw_error`; infinite if far too many."""
    degrees = [max(size.in_unknowns, 1) for size in sizes]
    n, product = len(sizes), math.prod(degrees)
    k = len(set().union(*(size.parameters for size in sizes)))
    exponent = 1 / 8 + n / (16 * product)
    if product > LOWEST_PRIME or exponent > 100:
        return math.inf
    height = 8 * (n + 1) * product * math.exp(exponent) + 1
    pairs = list(zip(sizes, degrees, strict=True))
    growth = max(math.log2(max(size.norm, 1)) / d for size, d in pairs)
    degree = (8 * k + 1) * height * max(size.in_parameters / d for size, d in pairs)
    log_m = n * math.log2(height + n + 1) + k * math.log2(degree + k + 1)
    return (3 + log_m + height * growth) / 7


def count_solutions(
    system: SquareSystem,
    seed: int,
    trial: int,
    *,
    program: Path | None,
    deadline: Deadline = NEVER,
    memory_limit: int = 8 * 2**30,
) -> Count | None:
    """Solutions of the instance (`seed`, `trial`), counted by msolve at `program`, or by sympy.

    None if there are infinitely many, or if memory or time do not suffice, or `program` fails.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> system = SquareSystem(Allocation.layer(LinearFeedforward([1, 1]), "W1"), 1, (0,), (0,))
    >>> count_solutions(system, 0, 0, program=None).count
    1
    """
    try:
        polynomials = equations(system, seed, trial, deadline=deadline)
    except (OutOfTimeError, SizeError):
        return None
    prime, n = draw_prime(seed, trial), len(system.unknowns)
    problem = Problem(polynomials, prime, n, deadline, memory_limit)
    leading = leading_monomials(problem, program)
    number = None if leading is None else standard_monomials(leading, n)
    name = "sympy" if program is None else "msolve"
    return None if number is None else Count(number, prime, name, seed, trial)
