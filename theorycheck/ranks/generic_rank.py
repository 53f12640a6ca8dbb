"""Generic rank of an allocation's Jacobian by random (prime, point) trials.

The rank at a point modulo a prime never exceeds the generic rank, so every trial proves a lower
bound by its non-singular minor. It falls short only if a non-zero minor polynomial vanishes, which
`trial_error` bounds; independent trials multiply the bounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from .given_inputs import GivenInputs
from .jacobian import Jacobian, entries
from .point import LOWEST_PRIME, draw_point, draw_prime

N_PRIMES = 268_216  # primes between 2^22 and 2^23
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


def trial_error(allocation: Allocation, size: int, given: GivenInputs | None = None) -> float:
    """Bound on the probability that one trial misses a generic rank of at most `size`.

    A fixed non-zero minor of that size has degree at most size x entry degree (Schwartz-Zippel
    at a point uniform modulo p > 2^22), and one of its coefficients is an integer of at most
    size x log2(size x entry norm) bits, which at most bits / 22 of the primes can divide. Inputs
    that are `given` are no variables but factors of the coefficients.
    """
    if size == 0:
        return 0.0
    degree, log_norm = allocation.network.path_bounds
    log_norm += given.log_norm if given is not None else 0.0
    vanishes = size * degree / LOWEST_PRIME
    divides = size * (math.log2(size) + log_norm) / 22 / N_PRIMES
    # Words modulo p are uniform up to a factor 1 + 2^-41; the last factor covers float rounding.
    return min((vanishes + divides) * (1 + 1e-9), 1.0)


def required_bytes(allocation: Allocation, samples: int, n_columns: int) -> int:
    """Memory in bytes that one trial needs, up to a small factor: point, elimination and blocks."""
    network = allocation.network
    equations = network.n_equations(samples)
    # What lies behind the units of a recurrent network is little beside their values.
    behind = 0 if network.is_recurrent else network.outputs
    units = network.steps * sum(network.widths)
    states = units * (network.effective_samples(samples) + behind)
    block = min(n_columns, BLOCK)
    matrix = equations * (min(equations, n_columns) + 4 * block)
    return 8 * (2 * network.n_weights + states + matrix)


def rank_trial(
    allocation: Allocation,
    samples: int,
    which: str,
    *,
    upper: int,
    seed: int,
    index: int,
    xp: ModuleType = np,
    given: GivenInputs | None = None,
    deadline: Deadline = NEVER,
) -> Trial:
    """Rank of the Jacobian of all `which` ("learnable" or "present") weights in one trial.

    Stops as soon as `upper`, a proved upper bound, is reached. Raises `OutOfTimeError` after the
    deadline.
    """
    prime = draw_prime(seed, index)
    inputs = None if given is None else given.modulo(prime)
    point = draw_point(allocation, samples, prime, seed, index, xp, inputs, deadline)
    source = Jacobian(allocation.network, point, xp, deadline)
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
        0.0 if rank == upper else trial_error(allocation, upper, given),
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
    given: GivenInputs | None = None,
    deadline: Deadline = NEVER,
) -> GenericRank:
    """Generic rank of the Jacobian of the `which` weights; `upper` is a proved upper bound.

    Reaching `upper` in one trial is a proof. Otherwise independent trials go on until the bound
    on the probability of error is at most `error_bound`; if that is out of reach (a trial bounds
    nothing, or 64 trials are done) the returned `error_bound` is larger than asked. With `given`
    inputs only the weights are generic, and `samples` is the rank of the inputs. Raises `SizeError`
    if a trial needs more than `memory_limit` bytes, `OutOfTimeError` after the deadline.

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
    return (
        f"the Jacobian ({equations} equations x {n_columns} weights, {allocation.network.n_weights}"
        f" weights in all) needs about {needed / 2**30:.3g} GiB, more than the limit of "
        f"{limit / 2**30:.3g} GiB; --memory-limit (memory_limit=...) allows more; without "
        "it only counts decide: all learnables in one layer of a "
        "dense network (T3, T4, T5), or fewer learnables than the target dimension (T1)"
    )
