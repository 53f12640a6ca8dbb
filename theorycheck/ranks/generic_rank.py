"""Generic rank of an allocation's Jacobian by random (prime, point) trials.

The rank at a point modulo a prime never exceeds the generic rank, so every trial proves a lower
bound by its non-singular minor. It falls short only if a non-zero minor polynomial vanishes, which
`trial_error` bounds; independent trials multiply the bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.networks.base import Network
from .arguments import has_formal_arguments
from .given_inputs import GivenInputs
from .given_points import GivenPoints
from .given_weights import GivenWeights
from .jacobian import Jacobian, entries
from .oracle import oracle_point, oracle_prime
from .oracle_jacobian import OracleJacobian
from .point import LOWEST_PRIME, draw_point, draw_prime
from .sizes import EntrySize, collision_sizes, entry_size

Given: TypeAlias = GivenInputs | GivenPoints

N_PRIMES = 268_216  # primes between 2^22 and 2^23
N_ORACLE_PRIMES = 134_241  # those of them that leave 3 when divided by 4
BLOCK = 512  # columns that enter the elimination together
MOST_TRIALS = 64


@dataclass(frozen=True)
class Trial:
    """One rank modulo a random prime at a random point, with the minor that proves it.

    `rows` (equations) and `columns` (learnables, in the order of `entries`) index a minor whose
    `determinant` is non-zero modulo `prime`; `error` bounds the probability that `rank` is below
    the generic rank.
    """

    index: int
    prime: int
    rank: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    determinant: int
    error: float


@dataclass(frozen=True)
class GenericRank:
    """A generic rank: `value` is proved from below; `error_bound` is 0 if also from above."""

    value: int
    error_bound: float
    seed: int
    trials: tuple[Trial, ...]

    @property
    def best(self) -> Trial:
        """The first trial that reached `value`."""
        return next(trial for trial in self.trials if trial.rank == self.value)


def trial_error(
    allocation: Allocation,
    samples: int,
    size: int,
    given: Given | None = None,
    frozen: GivenWeights | None = None,
) -> float:
    """Bound on the probability that one trial misses a generic rank of at most `size`.

    A fixed non-zero minor of that size has degree at most size x entry degree (Schwartz-Zippel
    at a point uniform modulo p > 2^22), and one of its coefficients is an integer of at most
    size x log2(size x entry norm) bits, which at most bits / 22 of the primes can divide. Inputs
    that are `given` are no variables but factors of the coefficients, and so are `frozen` weights,
    each in every degree at most. Of a nonlinear network the
    rank is that of its oracle (T11), whose entries `ranks.sizes` bounds; where residues tell its
    pre-activations apart, it may also be missed because some that differ are taken to be the same.
    """
    if size == 0:
        return 0.0
    network = allocation.network
    if network.is_linear:
        degree, log_norm = network.path_bounds
        log_norm += given.log_norm if given is not None else 0.0
        log_norm += degree * _log_frozen(network, frozen)
    else:
        both_signs = given is not None or frozen is not None
        entry = entry_size(network, is_given=both_signs)
        degree, log_norm = _with_given(network, entry, given, frozen)
    n_primes = N_PRIMES if network.is_linear else N_ORACLE_PRIMES
    error = _vanishes(size * degree, size * (math.log2(size) + log_norm), n_primes)
    if not network.is_linear and (frozen is not None or not has_formal_arguments(network)):
        error += _collision_error(network, samples, given, frozen)
    return min(error, 1.0)


def _vanishes(degree: float, log_norm: float, n_primes: int) -> float:
    """Bound on the probability that a non-zero polynomial is 0 at a random point modulo a prime."""
    # Words modulo p are uniform up to a factor 1 + 2^-41; the last factor covers float rounding.
    return (degree / LOWEST_PRIME + log_norm / 22 / n_primes) * (1 + 1e-9)


def _with_given(
    network: Network, size: EntrySize, given: Given | None, frozen: GivenWeights | None
) -> EntrySize:
    """A size with given inputs and weights: factors of coefficients, one of each a degree."""
    per_degree = _log_frozen(network, frozen) + (0.0 if given is None else given.log_norm)
    return EntrySize(size.degree, size.log_norm + (size.degree * per_degree if per_degree else 0))


def _log_frozen(network: Network, frozen: GivenWeights | None) -> float:
    """log2 of what a given weight adds to a norm, with a mean over a window that it may follow.

    Random weights take up the factor of a mean: `ranks.sizes` leaves it out.
    """
    if frozen is None:
        return 0.0
    factors = [factor for factor, _ in network.unrolled.multiples.values()]
    largest = max((max(f.numerator, f.denominator) for f in factors), default=1)
    return frozen.log_norm + math.log2(largest)


def _collision_error(
    network: Network, samples: int, given: Given | None, frozen: GivenWeights | None
) -> float:
    """Bound on the probability that pre-activations that differ agree modulo both primes.

    Or are opposite, or that one is 0: for each pair of units and samples two polynomials of the
    size that `collision_sizes` tells, each modulo two independent primes; for each alone one.
    """
    total = before = 0.0
    both_signs = given is not None or frozen is not None
    for units, drawn in collision_sizes(network, is_given=both_signs):
        count, size = units * samples, _with_given(network, drawn, given, frozen)
        total += count * (count + 2 * before) * _vanishes(*size, N_ORACLE_PRIMES) ** 2
        before += count
    return total


def required_bytes(allocation: Allocation, samples: int, n_columns: int) -> int:
    """Memory in bytes that one trial needs, up to a small factor: point, elimination and blocks."""
    network = allocation.network
    equations = network.n_equations(samples)
    units = network.n_units
    if network.is_linear:
        # What lies behind the units of a recurrent network is little beside their values.
        behind = 0 if network.is_recurrent else network.outputs
        states = units * (network.effective_samples(samples) + behind)
    else:
        # Values and slopes modulo two primes; what lies behind a unit differs between samples.
        states = units * samples * (8 + network.outputs * network.n_reads)
    block = min(n_columns, BLOCK)
    matrix = equations * (min(equations, n_columns) + 4 * block)
    return 8 * (2 * network.n_weights + states + matrix)


def jacobian_of_trial(
    allocation: Allocation,
    samples: int,
    seed: int,
    index: int,
    xp: ModuleType = np,
    given: Given | None = None,
    deadline: Deadline = NEVER,
    frozen: GivenWeights | None = None,
) -> tuple[int, Jacobian | OracleJacobian]:
    """The prime of a trial, and the Jacobian of all weights at its point.

    Raises `OutOfTimeError` after the deadline.
    """
    network = allocation.network
    if not network.is_linear:
        prime = oracle_prime(seed, index)
        assert not isinstance(given, GivenInputs), "these are inputs of linear networks"
        point = oracle_point(allocation, samples, seed, index, xp, deadline, given, frozen)
        return prime, OracleJacobian(network, point, xp, deadline)
    prime = draw_prime(seed, index)
    inputs = None if given is None else given.modulo(prime)
    linear = draw_point(allocation, samples, prime, seed, index, xp, inputs, deadline, frozen)
    return prime, Jacobian(network, linear, xp, deadline)


def rank_trial(
    allocation: Allocation,
    samples: int,
    which: str,
    *,
    upper: int,
    seed: int,
    index: int,
    xp: ModuleType = np,
    given: Given | None = None,
    deadline: Deadline = NEVER,
    frozen: GivenWeights | None = None,
) -> Trial:
    """Rank of the Jacobian of all `which` ("learnable" or "present") weights in one trial.

    Stops as soon as `upper`, a proved upper bound, is reached. Raises `OutOfTimeError` after the
    deadline.
    """
    prime, source = jacobian_of_trial(allocation, samples, seed, index, xp, given, deadline, frozen)
    elimination = Elimination(source.n_equations, prime, xp, deadline)
    for name, block in entries(allocation, which, BLOCK):
        if elimination.rank >= upper:
            break
        elimination.extend(source.columns(name, block))
    rank = elimination.rank
    return Trial(
        index,
        prime,
        rank,
        tuple(elimination.pivot_rows),
        tuple(elimination.pivot_columns),
        elimination.determinant,
        0.0 if rank == upper else trial_error(allocation, samples, upper, given, frozen),
    )


def generic_rank(
    allocation: Allocation,
    samples: int,
    *,
    upper: int,
    which: str = "learnable",
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    xp: ModuleType = np,
    given: Given | None = None,
    deadline: Deadline = NEVER,
    frozen: GivenWeights | None = None,
) -> GenericRank:
    """Generic rank of the Jacobian of the `which` weights; `upper` is a proved upper bound.

    Reaching `upper` in one trial is a proof. Otherwise independent trials go on until the bound on
    the probability of error is at most `error_bound`; if that is out of reach (a trial bounds
    nothing, or 64 trials are done) the returned `error_bound` is larger than asked. With `given`
    inputs only the weights are generic; `samples` is their rank, or number if the network is not
    linear. `frozen` weights that are given are not generic either. Raises `SizeError` if a trial
    needs more than `memory_limit` bytes, `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> allocation = Allocation.rows(LinearFeedforward([2, 3, 2]), {"W2": [0]})
    >>> result = generic_rank(allocation, 2, upper=3)
    >>> result.value, 0 < result.error_bound < 1e-9, len(result.trials)
    (2, True, 2)
    """
    if upper == 0:
        return GenericRank(0, 0.0, seed, (Trial(0, draw_prime(seed, 0), 0, (), (), 1, 0.0),))
    n_columns = getattr(allocation, f"n_{which}")
    needed = required_bytes(allocation, samples, n_columns)
    if needed > memory_limit:
        raise SizeError(_too_large(allocation, samples, n_columns, needed, memory_limit))
    trials: list[Trial] = []
    bound = 1.0
    for index in range(MOST_TRIALS):
        trial = rank_trial(
            allocation,
            samples,
            which,
            upper=upper,
            seed=seed,
            index=index,
            xp=xp,
            given=given,
            deadline=deadline,
            frozen=frozen,
        )
        trials.append(trial)
        bound *= trial.error
        if bound <= error_bound or trial.error == 1.0:
            break
    value = max(trial.rank for trial in trials)
    return GenericRank(value, 0.0 if value == upper else bound, seed, tuple(trials))


def _too_large(
    allocation: Allocation, samples: int, n_columns: int, needed: int, limit: int
) -> str:
    equations = allocation.network.n_equations(samples)
    counts = (
        "all learnables in one layer of a dense network (T3, T4, T5), perhaps after what peeling "
        "and freezing leave out (T9, T13), or fewer learnables than the target dimension (T1)"
        if allocation.network.is_linear
        else "every weight learnable (T0)"
    )
    return (
        f"the Jacobian ({equations} equations x {n_columns} weights, {allocation.network.n_weights}"
        f" weights in all) needs about {needed / 2**30:.3g} GiB, more than the limit of "
        f"{limit / 2**30:.3g} GiB; --memory-limit (memory_limit=...) allows more; without "
        f"it only counts decide: {counts}"
    )
