"""Degrees counted by the checker: the solutions at points of its own, modulo large primes."""

from __future__ import annotations

import math

from ..errors import SizeError
from . import plain
from .bezout import path_degrees
from .budget import STEP
from .claim import Claim
from .context import n_trials
from .oracle_bounds import output_size
from .rank import path_bounds
from .solution_ideal import count_solutions
from .solution_polynomials import block_polynomials

_BITS = 59  # the primes are between 2^59 and 2^60
_LEAST_PRIMES = 2**53  # of which there are more, about 1.39 10^16
_BASES = (
    2,
    3,
    5,
    7,
    11,
    13,
    17,
    19,
    23,
    29,
    31,
    37,
)  # for numbers below 3.1 10^23 (Sorenson, Webster)
_SHARE_ON_TRUST = 0.25  # of what is left of the budget: what cannot be counted is taken as given


def require_count(
    claim: Claim, equations: list[int], unknowns: list[int], degree: int, stated: float
) -> float:
    """The degree is the most that trials count; returns the bound on the error that they reach.

    Trials are as many as the `stated` bound needs, nearly always one. Where finitely many solutions
    are there, they are never more than generic data have. Raises `SizeError` if counting them takes
    too much.
    """
    what = f"a count of the solutions of {len(equations)} equations"
    budget = claim.context.budget
    share = _SHARE_ON_TRUST if claim.context.trusts_degrees else 1.0
    ends = budget.spent + share * (budget.operations - budget.spent)

    def spend(operations: float, n_bytes: float) -> None:
        claim.foresee(operations, n_bytes, what)
        if budget.spent + operations > ends:
            raise SizeError(f"{what} takes more operations than its share of the budget")
        claim.charge(operations, what)

    bound = count_error(claim, equations, unknowns)
    if bound >= 1:
        raise SizeError(f"{what} bounds no error, so large are they")
    count, best = n_trials(bound, stated), 0
    for trial in range(count):
        spend(1e4 * STEP, 0)
        p = large_prime(claim.context.key, trial)
        polynomials = block_polynomials(claim, equations, unknowns, trial, p)
        found = count_solutions(polynomials, len(unknowns), p, spend)
        claim.require(found <= degree, f"there are {found} solutions, not {degree} at most")
        best = max(best, found)
    claim.require(best == degree, f"the trials count {best} solutions, not {degree}")
    return bound**count


def count_error(claim: Claim, equations: list[int], unknowns: list[int]) -> float:
    """Probability that one trial counts fewer solutions than generic data have, at most.

    It is where the leading coefficient of one of n polynomials vanishes at a random point modulo a
    random prime: a polynomial of degree at most B, with integers of `bits` bits
    (docs/certificates.md).
    """
    n = len(unknowns)
    degrees = [max(most, 1) for (most,) in path_degrees(claim, equations, [unknowns])]
    product = math.prod(degrees)
    if product > 2**_BITS or n > 1000:
        return 1.0
    degree, log_norm = _output_bounds(claim)
    leading = degree * sum(product // d for d in degrees)  # B
    parameters = claim.allocation.n_present + _n_inputs(claim)
    height = 8 * (n + 1) * product * math.exp(1 / 8 + n / (16 * product)) + 1
    in_parameters = (8 * parameters + 1) * height * degree
    monomials = n * math.log2(height + n + 1)
    monomials += parameters * math.log2(in_parameters + parameters + 1)
    bits = (3 + monomials + height * log_norm) / 7
    one = leading / 2 ** (_BITS - 1) + bits / _BITS / _LEAST_PRIMES
    return min((1 + 1e-9) * n * one, 1.0)


def _output_bounds(claim: Claim) -> tuple[float, float]:
    """Degree of an output in weights and inputs, and log2 of the sum of its |coefficients|."""
    if claim.is_nonlinear:
        return output_size(claim)
    entry, log_paths = path_bounds(claim)
    return entry + 1, log_paths


def _n_inputs(claim: Claim) -> int:
    """Number of entries of the inputs."""
    return claim.network.inputs * claim.network.steps * claim.effective_samples()


def large_prime(key: str, trial: int) -> int:
    """The prime of a count: the first among 2^59 + (word mod 2^59) of the stream `large prime`.

    >>> large_prime("key", 0)
    592936414459244629
    """
    words = plain.words(key, trial, "large prime", 4096)
    candidates = (2**_BITS + word % 2**_BITS for word in words)
    return next(filter(_is_prime, candidates))


def _is_prime(n: int) -> bool:
    """Whether n, above 37 and below 2^64, is prime (Miller and Rabin)."""
    if any(n % base == 0 for base in _BASES):
        return False
    twos = ((n - 1) & -(n - 1)).bit_length() - 1
    for base in _BASES:
        power = pow(base, (n - 1) >> twos, n)
        if power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True
