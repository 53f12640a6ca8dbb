"""Independent tasks, one after the other or on several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeAlias, TypeVar

Task: TypeAlias = tuple[str, int]  # the id of a statement, and the number of its part
Result = TypeVar("Result")


def run_all(
    function: Callable[[str, int], Result],
    tasks: Sequence[Task],
    workers: int,
    on_result: Callable[[Result, int, int], None] | None,
) -> dict[Task, Result]:
    """The result of `function` for every task; `workers` processes share them.

    `on_result` is told each result as it comes, how many are done and of how many. With more than
    one process the function must be one that can be pickled.

    >>> run_all(lambda id, number: id * number, [("T", 1), ("T", 2)], 1, None)
    {('T', 1): 'T', ('T', 2): 'TT'}
    """
    results: dict[Task, Result] = {}
    for task, result in _results(function, tasks, workers):
        results[task] = result
        if on_result is not None:
            on_result(result, len(results), len(tasks))
    return results


def _results(
    function: Callable[[str, int], Any], tasks: Sequence[Task], workers: int
) -> Iterator[tuple[Task, Any]]:
    if workers == 1:
        yield from ((task, function(*task)) for task in tasks)
        return
    # "spawn", since forking a process that has threads (progress bars, BLAS) can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting = {pool.submit(function, *task): task for task in tasks}
        yield from ((waiting[future], future.result()) for future in as_completed(waiting))
