"""What an allocation wastes and what it cannot reach: redundant weights, equations left alone."""

from __future__ import annotations

import numpy as np

from ..errors import OutOfTimeError, SizeError
from ..problem.masks import entries_of
from ..ranks.jacobian import Jacobian, entries
from ..ranks.point import draw_point, draw_prime
from ..theorems.analysis import Analysis
from ..verdict import Diagnostics

_MOST_ENTRIES = 4_000_000
# What the echelon form costs, which nothing interrupts.
_TERM_SECONDS, _ENTRY_SECONDS = 1e-9, 3e-7


def diagnose(analysis: Analysis) -> Diagnostics:
    """Redundant and idle learnables, unreached equations, of a linear network.

    Raises `SizeError` if the Jacobian has more than four million entries.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation.rows(LinearFeedforward([1, 2, 2]), {"W2": [0]})
    >>> found = diagnose(Analysis(allocation, samples=1))
    >>> found.missing, found.redundant, found.unreached
    (1, (('W2', (0, 0)), ('W2', (0, 1))), ((1, 0),))
    """
    allocation = analysis.allocation
    n_entries = analysis.n_equations * allocation.n_learnable
    if n_entries > _MOST_ENTRIES:
        raise SizeError(f"diagnostics need {n_entries} entries, more than {_MOST_ENTRIES}")
    names = entries_of({name: allocation.mask(name) for name in allocation.counts})
    rank, redundant = _redundant(analysis)
    support = analysis.support
    return Diagnostics(
        rank=rank,
        missing=max(analysis.target.value - rank, 0),
        redundant=tuple(names[column] for column in redundant),
        idle=tuple(names[column] for column in np.flatnonzero(~support.any(axis=0))),
        unreached=tuple(_equation(analysis, int(e)) for e in np.flatnonzero(~support.any(axis=1))),
        seed=analysis.options.seed,
    )


def diagnostics_of(analysis: Analysis) -> Diagnostics | None:
    """As `diagnose`; None for networks that are not linear or too large, or without time."""
    if not analysis.is_linear:
        return None
    try:
        return diagnose(analysis)
    except (OutOfTimeError, SizeError):
        return None


def _redundant(analysis: Analysis) -> tuple[int, list[int]]:
    """Rank in one trial, and the columns that some dependence of the columns involves."""
    from flint import nmod_mat

    allocation = analysis.allocation
    if not allocation.n_learnable:
        return 0, []
    seed, deadline = analysis.options.seed, analysis.options.deadline
    prime = draw_prime(seed, 0)
    point = draw_point(allocation, analysis.samples, prime, seed, 0, np, deadline=deadline)
    source = Jacobian(allocation.network, point, np, deadline)
    blocks = [source.columns(name, block) for name, block in entries(allocation, "learnable", 4096)]
    columns = np.concatenate(blocks, axis=1).astype(np.int64)
    n_rows, n_columns = columns.shape
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
