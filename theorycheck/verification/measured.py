"""What floating point says of an allocation, without any theory: ranks and matched draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..measurement.batched_linalg import measured_rank
from ..measurement.estimate import Estimate, measure
from ..measurement.trials import LinearTrials, Source
from ..numeric.instances import Equations
from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..ranks.generic_rank import generic_rank
from ..structure.conflicts import find_conflict
from .analytic import true_ranks
from .base import Inapplicable

AFFINE_TRIALS = 200
OTHER_TRIALS = 60
RESTARTS = 3
_RANK_TRIALS = 3
# An example must take well below a second: solutions are followed in small systems only, the more
# steps a recurrent network has the smaller.
_MOST_UNKNOWNS = 6
_MOST_RECURRENT = {1: 6, 2: 5, 3: 4, 4: 2, 5: 2}


def exact_ranks(allocation: Allocation, samples: int, seed: int) -> tuple[int, int]:
    """The rank of the learnables and of all weights, without any formula for D.

    Modulo primes; of nonlinear networks at real points in many digits.

    >>> from theorycheck import LinearFeedforward
    >>> exact_ranks(Allocation.rows(LinearFeedforward([2, 3, 2]), {"W2": [0]}), 2, seed=0)
    (2, 4)
    """
    network = allocation.network
    if not network.is_linear and network.is_analytic:
        return true_ranks(allocation, samples, seed)
    if not network.is_linear:
        raise Inapplicable("exact ranks are those of analytic networks")
    equations = network.n_equations(samples)
    rank, target = (
        generic_rank(allocation, samples, upper=min(number, equations), which=which, seed=seed)
        for which, number in (
            ("learnable", allocation.n_learnable),
            ("present", allocation.n_present),
        )
    )
    return rank.value, target.value


def measured_ranks(
    allocation: Allocation, samples: int, seed: int
) -> tuple[int | None, int | None]:
    """The same two ranks in floating point, by singular values; None where they are unclear.

    >>> from theorycheck import LinearFeedforward
    >>> measured_ranks(Allocation.rows(LinearFeedforward([2, 3, 2]), {"W2": [0]}), 2, seed=0)
    (2, 4)
    """
    if not allocation.network.is_linear:
        raise Inapplicable("measured ranks are those of linear networks")
    trials = LinearTrials(Source(allocation, samples))
    rng = np.random.default_rng([seed, 10])
    drawn = trials.draw(rng, _RANK_TRIALS)
    ranks = []
    for which in ("learnable", "present"):
        unknowns = entries_of(dict(allocation.masks(which)))
        system = Equations(trials.network, trials.n_samples, unknowns, range(trials.n_equations))
        theta = rng.normal(size=(_RANK_TRIALS, len(unknowns)))
        ranks.append(_agreed(system.residual(theta, drawn.instance)[1]))
    return ranks[0], ranks[1]


def _agreed(jacobians: NDArray[np.float64]) -> int | None:
    """The numerical rank that all trials show, None if one is unclear or they differ.

    `jacobians` have shape (trials, equations, entries).
    """
    ranks = measured_rank(jacobians)
    found = {ranks[k] for k in range(len(ranks))}
    return found.pop() if len(found) == 1 else None


def trials_of(allocation: Allocation, samples: int) -> int:
    """How many draws tell something within a fraction of a second; 0 if that takes too long.

    All solutions are followed where there are as many learnables as equations, and few; with more
    learnables matches are searched.

    >>> from theorycheck import LinearFeedforward
    >>> trials_of(Allocation.layer(LinearFeedforward([2, 3, 2]), "W2"), samples=2)
    200
    """
    network = allocation.network
    if not network.is_linear:
        is_affine = set(allocation.counts) <= set(network.weight_layers[-1])
        return AFFINE_TRIALS if is_affine else OTHER_TRIALS
    if find_conflict(allocation) is None:
        return AFFINE_TRIALS
    most = _MOST_RECURRENT.get(network.steps, 0) if network.is_recurrent else _MOST_UNKNOWNS
    is_small = network.n_equations(samples) <= allocation.n_learnable <= most
    return OTHER_TRIALS if is_small else 0


def matched(allocation: Allocation, samples: int, seed: int) -> Estimate:
    """The measured match probability; raises `Inapplicable` where it would take too long."""
    trials = trials_of(allocation, samples)
    if not trials:
        raise Inapplicable("too many solutions to follow")
    return measure(
        allocation, samples, trials=trials, seed=seed, backend="numpy", restarts=RESTARTS
    )
