"""Write the record: one line of JSON for each case, in their order, whatever process says it."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import util
from pathlib import Path
from typing import Any

from .commands import command_cases
from .conversions import conversion_cases
from .problems import problem_cases

Case = Callable[[], Any]
_SLOWEST = 8  # cases whose time is told


@cache
def all_cases() -> dict[str, Case]:
    """Name -> what records the case; the slow ones of the command line first."""
    cases: dict[str, Case] = {}
    for source in (command_cases(), conversion_cases(), problem_cases()):
        assert not cases.keys() & source.keys()
        cases |= source
    return cases


def recorded(name: str) -> tuple[str, float]:
    """The line of one case, and the seconds that it took."""
    start = time.perf_counter()
    line = json.dumps({"case": name, "says": all_cases()[name]()})
    return line, time.perf_counter() - start


def write_record(file: Path, jobs: int = 2, only: str = "") -> None:
    """Record all cases whose names begin with `only`; tell what took long."""
    names = [name for name in all_cases() if name.startswith(only)]
    start = time.perf_counter()
    # Not forked: no case may lean on what was loaded before it.
    context = multiprocessing.get_context("spawn")
    took: list[float] = []
    workers = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_helpers_at_exit)
    with workers as pool, file.open("w", encoding="utf-8") as out:
        for line, seconds in pool.map(recorded, names, chunksize=4 if len(names) > 100 else 1):
            out.write(f"{line}\n")
            out.flush()  # who interrupts this has what was done
            took.append(seconds)
    _tell(names, took, time.perf_counter() - start)


def _end_helpers_at_exit() -> None:
    """Else a worker that has run a parallel command waits minutes for joblib's idle processes."""
    util.Finalize(None, _end_helpers, exitpriority=100)


def _end_helpers() -> None:
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


def _tell(names: list[str], took: list[float], wall: float) -> None:
    times = sorted(zip(took, names, strict=True), reverse=True)
    families: Counter[str] = Counter()
    for seconds, name in times:
        families[name.split("/")[0]] += seconds  # type: ignore[assignment]
    total = sum(seconds for seconds, _ in times)
    print(f"{len(names)} cases, {wall:.0f} s, {total:.0f} s of work", file=sys.stderr)
    for family, seconds in families.most_common():
        count = sum(name.split("/")[0] == family for name in names)
        print(f"  {family}: {count} cases, {seconds:.1f} s", file=sys.stderr)
    for seconds, name in times[:_SLOWEST]:
        print(f"  {seconds:6.1f} s  {name}", file=sys.stderr)
