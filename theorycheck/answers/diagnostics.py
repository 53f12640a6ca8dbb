"""What an allocation wastes and what it cannot reach: redundant weights, equations left alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, OutOfTimeError, SizeError
from ..problem.allocation import Allocation
from ..problem.masks import entries_of
from ..ranks.exactness import why_undecided_by_ranks
from ..ranks.generic_rank import jacobian_of_trial
from ..ranks.jacobian import Jacobian, entries
from ..ranks.oracle_jacobian import OracleJacobian
from ..structure.support import Support
from ..theorems.analysis import Analysis
from ..verdict import Diagnostics

_MOST_ENTRIES = 4_000_000
# What the echelon form costs, which nothing interrupts.
_TERM_SECONDS, _ENTRY_SECONDS = 1e-9, 3e-7


def diagnose(analysis: Analysis) -> Diagnostics:
    """Redundant and idle learnables, unreached equations, of a network whose ranks decide.

    Of piecewise linear networks `redundant` speaks of the pattern in which the learnables were
    found to have the largest rank. Raises `InputError` for other networks and where the target
    dimension is not known, `SizeError` if the Jacobian has more than four million entries.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation.rows(LinearFeedforward([1, 2, 2]), {"W2": [0]})
    >>> found = diagnose(Analysis(allocation, samples=1))
    >>> found.missing, found.redundant, found.unreached
    (1, (('W2', (0, 0)), ('W2', (0, 1))), ((1, 0),))
    """
    allocation = analysis.allocation
    obstacle = why_undecided_by_ranks(allocation)
    if obstacle is not None:
        raise InputError(f"nothing tells redundant weights: {obstacle}")
    n_entries = analysis.n_equations * allocation.n_learnable
    if n_entries > _MOST_ENTRIES:
        raise SizeError(f"diagnostics need {n_entries} entries, more than {_MOST_ENTRIES}")
    names = entries_of({name: allocation.mask(name) for name in allocation.counts})
    in_pattern = analysis.network.is_piecewise_linear
    target = analysis.piecewise.target if in_pattern else analysis.target.value
    if target is None:
        raise InputError("nothing tells redundant weights: the target dimension is not known")
    prime, columns = _in_pattern(analysis) if in_pattern else _jacobian(analysis)
    rank, redundant = _redundant(analysis, prime, columns)
    # In a pattern some units are off that are on in others.
    by_paths = analysis.is_linear or in_pattern
    support: Support = analysis.support if by_paths else columns != 0
    return Diagnostics(
        rank=rank,
        missing=max(target - rank, 0),
        redundant=tuple(names[column] for column in redundant),
        idle=tuple(names[column] for column in np.flatnonzero(~support.any(axis=0))),
        unreached=tuple(_equation(analysis, int(e)) for e in np.flatnonzero(~support.any(axis=1))),
        seed=analysis.options.seed,
        in_pattern=in_pattern,
    )


def diagnostics_of(analysis: Analysis) -> Diagnostics | None:
    """As `diagnose`; None where ranks do not decide, the network is too large, or time is up."""
    try:
        return diagnose(analysis)
    except (InputError, OutOfTimeError, SizeError):
        return None


def _jacobian(analysis: Analysis) -> tuple[int, NDArray[np.int64]]:
    """A random prime, and the Jacobian of the learnables at a random point modulo it."""
    allocation, options = analysis.allocation, analysis.options
    prime, source = jacobian_of_trial(
        allocation, analysis.samples, options.seed, 0, np, deadline=options.deadline
    )
    return prime, _columns(allocation, source)


def _in_pattern(analysis: Analysis) -> tuple[int, NDArray[np.int64]]:
    """As `_jacobian`, at the point where the learnables have the largest rank that was found.

    Any point on a piece will do where no learnable acts.
    """
    search = analysis.piecewise
    point = search.point or search.regular_point
    assert point is not None, "a point has shown the target dimension"
    return point.prime, _columns(analysis.allocation, search.jacobian(point))


def _columns(allocation: Allocation, source: Jacobian | OracleJacobian) -> NDArray[np.int64]:
    blocks = [source.columns(name, block) for name, block in entries(allocation, "learnable", 4096)]
    nothing = np.zeros((source.n_equations, 0))
    return np.concatenate([nothing, *blocks], axis=1).astype(np.int64)


def _redundant(analysis: Analysis, prime: int, columns: NDArray[np.int64]) -> tuple[int, list[int]]:
    """The rank of the columns, and those that some dependence of them involves."""
    from flint import nmod_mat

    n_rows, n_columns = columns.shape
    if not n_columns:
        return 0, []
    deadline = analysis.options.deadline
    work = n_rows * n_columns * (min(n_rows, n_columns) * _TERM_SECONDS + _ENTRY_SECONDS)
    deadline.afford(work, "the redundant weights")
    echelon, rank = nmod_mat(n_rows, n_columns, columns.ravel().tolist(), prime).rref()
    residues = [int(residue) for residue in echelon.entries()][: rank * n_columns]
    reduced = np.array(residues, dtype=np.int64).reshape(rank, n_columns) != 0
    pivots = reduced.argmax(axis=1)
    # A pivot column is needed if its row is zero elsewhere: no dependence involves it.
    needed = pivots[reduced.sum(axis=1) == 1]
    return rank, sorted(set(range(n_columns)) - set(needed.tolist()))


def _equation(analysis: Analysis, number: int) -> tuple[int, ...]:
    first, sample = divmod(number, analysis.effective_samples)
    network = analysis.network
    if network.reads_every_step:
        return (*divmod(first, network.outputs), sample)
    return (first, sample)
