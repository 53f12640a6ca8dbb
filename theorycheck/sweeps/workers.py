"""What the processes of a sweep do: decide many allocations at once, or classify each by itself."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np

from ..answers.classification import classify
from ..computing.backend import array_module
from ..degrees.reuse import Reuse
from ..errors import ContradictionError, TheorycheckError
from ..problem.allocation import Allocation
from ..verdict import Verdict
from .batch.classify import UNDECIDED, Batch, BatchDecisions
from .mask_space import Masks
from .spec import SweepSpec
from .store import ResultRow

_MOST_IN_CHUNK = 4096  # allocations decided together
_CHUNK_WORK = 1e10  # additions, more than it takes to reduce one Jacobian
CONTRADICTION = "contradiction: "  # how the error of theorems that disagree begins


def decide_many(
    spec: SweepSpec, backend: str, keys: Sequence[str]
) -> tuple[list[ResultRow], list[str]]:
    """Rows for what counts, ranks and graphs decide, and the keys that need `classify`.

    Without degrees every allocation gets a row, the open ones as `positive`.
    """
    if not spec.network.is_linear:
        return [], list(keys)
    start = time.perf_counter()
    masks = spec.space.masks(keys)
    batch = Batch(spec.space, spec.samples, spec.seed, spec.error_bound, xp=array_module(backend))
    try:
        found = batch.decide(masks)
    except Exception as error:
        return _one_by_one(spec, backend, keys, error)
    is_final = found.is_final
    kept = is_final if spec.degree else is_final | (found.rule != UNDECIDED)
    where = np.flatnonzero(kept)
    left = [key for key, is_kept in zip(keys, kept.tolist(), strict=True) if not is_kept]
    each = (time.perf_counter() - start) / max(len(keys), 1)
    return _rows(spec, masks[where], found.at(where), each), left


def _one_by_one(
    spec: SweepSpec, backend: str, keys: Sequence[str], error: Exception
) -> tuple[list[ResultRow], list[str]]:
    """What an error among many leaves: it is part of the row that it belongs to."""
    if len(keys) > 1:
        parts = [decide_many(spec, backend, [key]) for key in keys]
        return [row for rows, _ in parts for row in rows], [key for _, own in parts for key in own]
    if not isinstance(error, ContradictionError):
        return [], list(keys)  # `classify` may do without what has failed
    learnable = spec.space.learnable(spec.space.masks(keys))[0]
    return [ResultRow(keys[0], learnable, spec.samples, seconds=0.0, error=_in_words(error))], []


def _rows(spec: SweepSpec, masks: Masks, found: BatchDecisions, seconds: float) -> list[ResultRow]:
    """Rows of decisions, column by column: millions of them have to be made."""
    columns = zip(
        spec.space.keys(masks),
        spec.space.learnable(masks),
        map(str, found.expressivity),
        found.theorem,
        found.rank.tolist(),
        found.degree.tolist(),
        found.error_bound.tolist(),
        strict=True,
    )
    target = found.target_dimension
    return [
        ResultRow(
            key,
            learnable,
            spec.samples,
            expressivity,
            None if rank < 0 else rank,
            target,
            None if degree < 0 else degree,
            theorem,
            "probabilistic" if error_bound else "proved",
            error_bound,
            seconds,
        )
        for key, learnable, expressivity, theorem, rank, degree, error_bound in columns
    ]


def classify_each(spec: SweepSpec, backend: str, keys: Sequence[str]) -> list[ResultRow]:
    """A row for each allocation; an error becomes part of its row."""
    masks = spec.space.masks(keys)
    learnable = spec.space.learnable(masks)
    reuse = Reuse()  # allocations may share blocks of equations
    return [
        _classified(spec, backend, key, text, spec.space.allocation(mask), reuse)
        for key, text, mask in zip(keys, learnable, masks, strict=True)
    ]


def _classified(
    spec: SweepSpec, backend: str, key: str, learnable: str, allocation: Allocation, reuse: Reuse
) -> ResultRow:
    start = time.perf_counter()
    try:
        verdict = classify(
            allocation,
            spec.samples,
            seed=spec.seed,
            error_bound=spec.error_bound,
            backend=backend,
            effort=spec.effort,
            reuse=reuse,
        )
    except Exception as error:  # whatever it is, the other allocations go on
        return ResultRow(
            key,
            learnable,
            spec.samples,
            seconds=time.perf_counter() - start,
            error=_in_words(error),
        )
    return _row(spec, key, learnable, verdict)


def _row(spec: SweepSpec, key: str, learnable: str, verdict: Verdict) -> ResultRow:
    return ResultRow(
        key,
        learnable,
        spec.samples,
        str(verdict.expressivity),
        verdict.rank,
        verdict.target_dimension,
        verdict.degree,
        verdict.theorem,
        verdict.rigor,
        verdict.error_bound,
        verdict.seconds,
    )


def _in_words(error: Exception) -> str:
    if isinstance(error, ContradictionError):
        return f"{CONTRADICTION}{error}"
    if isinstance(error, MemoryError):
        return "not enough memory"
    known = isinstance(error, TheorycheckError)
    return str(error) if known else f"internal error ({type(error).__name__}: {error})"


def chunk_size(spec: SweepSpec) -> int:
    """How many allocations are decided together: about half a second's work."""
    if not spec.network.is_linear:
        return _MOST_IN_CHUNK
    rank = min(spec.network.n_equations(spec.samples), max(spec.budgets))
    work = float(rank) ** 2 * max(spec.budgets) + spec.space.n_entries
    return max(1, min(_MOST_IN_CHUNK, int(_CHUNK_WORK / work)))


def split(keys: Sequence[str], size: int) -> Iterable[list[str]]:
    """Keys in lists of `size`."""
    return (list(keys[start : start + size]) for start in range(0, len(keys), size))
