"""The sweep itself: fill the file with pending allocations, decide many at once, then the rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ..computing.backend import array_module
from ..computing.parallel import Pool
from ..computing.progress import Progress, Watch, watching
from ..errors import TheorycheckError
from .enumeration.source import pieces
from .enumeration.symmetry import Symmetry
from .results import Summary, summarize
from .spec import SweepSpec
from .store import ResultRow, Store, versions
from .workers import chunk_size, classify_each, decide_many, split

_WINDOW = 8192  # pending allocations that are taken up together
_MOST_TOGETHER = 16  # allocations that one task classifies one by one


def sweep(
    spec: SweepSpec,
    out: str | Path,
    *,
    workers: int = 1,
    dask: str | None = None,
    backend: str = "numpy",
    retry_errors: bool = False,
    progress: Watch = False,
) -> Summary:
    """Classify the allocations of `spec` into the SQLite file `out`, and sum them up.

    A file with the same specification is gone on with: nothing in it is computed again, but with
    `retry_errors` what failed. `workers` processes share the work on this machine, or with `dask`,
    the address of a scheduler, those of a cluster; the rows are the same for any number of them.
    `backend` computes the ranks. An allocation that fails has the reason in its row, and the sweep
    goes on. Orbits are those of T8 (Symmetry); at the end their sizes are checked against the
    number of allocations.

    Raises `InputError` if the file holds something else or cannot be used, and `TheorycheckError`
    if the orbit sizes do not sum up.

    >>> import tempfile
    >>> from theorycheck import LinearFeedforward
    >>> spec = SweepSpec(LinearFeedforward([2, 2, 2]), samples=2, budget=3)
    >>> summary = sweep(spec, Path(tempfile.mkdtemp()) / "results.sqlite")
    >>> summary.classes["minimal"].allocations
    56
    """
    array_module(backend)
    pool = Pool(workers, dask)
    symmetry = Symmetry(spec.space, spec.samples) if spec.symmetry else None
    canonical = f"igraph {versions()['igraph']}" if symmetry else "the masks themselves"
    with (
        pool.cluster(),
        Store(out, spec.to_dict(), canonical) as store,
        watching(progress, "sweep") as tell,
    ):
        if retry_errors:
            store.retry_errors()
        for now in _Run(spec, store, pool, backend).all(symmetry):
            tell(now)
        _check_totals(spec, store)
    return summarize(out)


class _Run:
    """One run of a sweep on its open file."""

    def __init__(self, spec: SweepSpec, store: Store, pool: Pool, backend: str) -> None:
        self._spec, self._store, self._pool, self._backend = spec, store, pool, backend
        self._start, self._rows = time.perf_counter(), 0
        self._done, self._total = sum(store.counted().values()), sum(spec.totals.values())

    def all(self, symmetry: Symmetry | None) -> Iterator[Progress]:
        """Go through the source; what a window of it leaves pending is decided before the next."""
        place = self._store.position
        source = pieces(self._spec, symmetry, place)
        while True:
            while self._store.n_pending < _WINDOW and (piece := next(source, None)) is not None:
                known = self._store.add(piece.counts, place, piece.after)
                if known is None:  # another process has gone on: from where it is
                    place = self._store.position
                    source = pieces(self._spec, symmetry, place)
                    continue
                place = piece.after
                self._done += known
            sizes = self._store.pending(_WINDOW)
            if not sizes:
                return
            for rows in self._decided(list(sizes)):
                self._store.commit(rows)
                self._rows += len(rows)
                self._done += sum(sizes[row.key] for row in rows)
                rate = self._rows / max(time.perf_counter() - self._start, 1e-9)
                note = f"{self._rows} rows, {rate:.3g}/s"
                yield Progress("allocations", self._done, self._total, note, self._rows)

    def _decided(self, keys: list[str]) -> Iterator[list[ResultRow]]:
        """Rows for all keys, in pieces, as they come: first what many at once can have."""
        spec, backend = self._spec, self._backend
        left: list[str] = []
        size = chunk_size(spec)
        chunks = [(decide_many, (spec, backend, part)) for part in split(keys, size)]
        for rows, others in self._pool.run(chunks):
            left += others
            yield rows
        left.sort()  # the order in which workers answer must not matter
        size = max(1, min(_MOST_TOGETHER, len(left) // (8 * self._pool.width)))
        tasks = [(classify_each, (spec, backend, part)) for part in split(left, size)]
        yield from self._pool.run(tasks)


def _check_totals(spec: SweepSpec, store: Store) -> None:
    counted = store.counted()
    for budget, total in spec.totals.items():
        if counted.get(budget, 0) != total:
            raise TheorycheckError(
                f"the rows of budget {budget} stand for {counted.get(budget, 0)} allocations, but "
                f"there are {total}: please report this"
            )
