"""Independent tasks, one after the other, on several processes, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ..errors import InputError

Task: TypeAlias = tuple[str, int]  # the id of a statement, and the number of its part
Call: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]  # a function and its arguments
Result = TypeVar("Result")

_WAIT_FOR_WORKERS = 600  # seconds; those of a cluster may be gone for a while


@dataclass(frozen=True)
class Pool:
    """Where calls run: here (one worker), on `workers` processes, or on a Dask cluster.

    `dask` is the address of a scheduler; then `workers` does not count.

    >>> list(Pool().run([(max, (1, 2)), (min, (1, 2))]))
    [2, 1]
    """

    workers: int = 1
    dask: str | None = None

    @property
    def width(self) -> int:
        """Roughly how many calls run at once; a cluster's size may change."""
        return 64 if self.dask else self.workers

    def run(self, calls: Sequence[Call]) -> Iterator[Any]:
        """The results of all calls, in the order in which they come.

        With more than one process functions, arguments and results must be ones to be pickled.
        Raises `InputError` if a cluster has no workers for long.
        """
        if self.dask is None and (self.workers == 1 or len(calls) <= 1):
            yield from (function(*arguments) for function, arguments in calls)
            return
        import joblib

        n_jobs = -1 if self.dask else self.workers
        with self._backend():
            # One call at a time: what they cost differs by decades.
            parallel: Any = joblib.Parallel(
                n_jobs,
                batch_size=1,  # type: ignore[arg-type]
                return_as="generator_unordered",
            )
            try:
                yield from parallel(
                    joblib.delayed(call)(*arguments) for call, arguments in self._placed(calls)
                )
            except TimeoutError:
                raise InputError(
                    f"the Dask scheduler at {self.dask} has had no workers for "
                    f"{_WAIT_FOR_WORKERS} s"
                ) from None

    def _placed(self, calls: Sequence[Call]) -> Iterator[Call]:
        """The calls, on this machine's processes each from the directory that is the caller's now.

        Processes are used again: one that was started elsewhere would read relative paths there,
        and could not even import Hypothesis where that directory is gone.
        """
        if self.dask is not None:
            yield from calls
            return
        here = os.getcwd()
        yield from ((_from_directory, (here, function, arguments)) for function, arguments in calls)

    def _backend(self) -> AbstractContextManager[Any]:
        import joblib

        if self.dask is None:
            return joblib.parallel_config("loky", inner_max_num_threads=1)
        return joblib.parallel_config("dask", wait_for_workers_timeout=_WAIT_FOR_WORKERS)

    def cluster(self) -> AbstractContextManager[Any]:
        """The connection to the cluster, if there is one, to be held while calls run.

        Raises `InputError` if the extra `dask` is missing or no scheduler answers.
        """
        if self.dask is None:
            return nullcontext()
        try:
            from distributed import Client
        except ImportError:
            cure = "pip install 'theorycheck[dask]'"
            raise InputError(f"a cluster needs the extra dask: {cure}") from None
        try:
            return Client(self.dask, timeout=20)
        except (OSError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers at {self.dask}: {error}") from None


def run_all(
    function: Callable[[str, int], Result],
    tasks: Sequence[Task],
    workers: int,
    on_result: Callable[[Result, int, int], None],
) -> dict[Task, Result]:
    """The result of `function` for every task; `workers` processes share them.

    `on_result` is told each result as it comes, how many are done and of how many. With more than
    one process the function must be one that can be pickled. An interrupt ends the work with the
    results that there are by then; it is passed on only if there are none.

    >>> run_all(lambda id, number: id * number, [("T", 1), ("T", 2)], 1, print)
    T 1 2
    TT 2 2
    {('T', 1): 'T', ('T', 2): 'TT'}
    """
    results: dict[Task, Result] = {}
    try:
        for task, result in Pool(workers).run([(_named, (function, task)) for task in tasks]):
            results[task] = result
            on_result(result, len(results), len(tasks))
    except KeyboardInterrupt:
        if not results:
            raise
    return results


def of_statement(
    id: str, tasks: Sequence[Task], results: Mapping[Task, Result]
) -> tuple[tuple[Result, ...], int]:
    """The results of the tasks of one statement, in order, and how many an interrupt left out.

    >>> of_statement("T", [("T", 1), ("T", 2), ("U", 1)], {("T", 2): "TT"})
    (('TT',), 1)
    """
    own = [task for task in tasks if task[0] == id]
    found = tuple(results[task] for task in own if task in results)
    return found, len(own) - len(found)


def _from_directory(
    directory: str, function: Callable[..., Result], arguments: tuple[Any, ...]
) -> Result:
    os.chdir(directory)
    return function(*arguments)


def _named(function: Callable[[str, int], Result], task: Task) -> tuple[Task, Result]:
    return task, function(*task)
