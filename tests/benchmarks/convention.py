"""What all benchmarks keep to, so that `python -m tests.benchmarks` can make one table of them.

A benchmark is a test with the `benchmark` fixture that calls `measure` once: with what it measures
in words (`case`), the package's own call, and the named references. The module's topic is its
group: ``pytestmark = pytest.mark.benchmark(group="Exact ranks")``. The test asserts that all
results that `measure` returns are the same answer. No time is asserted.

In pytest-benchmark's JSON, `extra_info` then holds `case`, `note`, and `references`: name, median
seconds and rounds of each. Several sizes may share one case if they have no references: the table
shows the range of their medians.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Reference:
    """What the own call is compared with.

    `name` says whose function it is and what its time leaves out. `call` does `share` of the work
    that the own call does (2.0: twice of it), by which its time is divided. `rounds` is at most
    that of the own call.
    """

    name: str
    call: Callable[[], Any]
    share: float = 1.0
    rounds: int = 3


def measure(
    benchmark: Any, case: str, own: Callable[[], Any], *references: Reference, rounds: int = 5
) -> tuple[Any, ...]:
    """The result of `own` and those of the references, after timing all of them.

    Rounds of the references alternate with those of `own`, so that other load on the machine
    weighs on all. Each reference runs once more before, and so does `own` unless its rounds are at
    most 3. With --benchmark-disable everything runs once.
    """
    benchmark.extra_info["case"] = case
    results = [reference.call() for reference in references]
    if benchmark.disabled:
        return benchmark.pedantic(own), *results
    seconds: list[list[float]] = [[] for _ in references]

    def time_references() -> None:
        for reference, times in zip(references, seconds, strict=True):
            if len(times) < reference.rounds:
                start = perf_counter()
                reference.call()
                times.append(perf_counter() - start)

    if rounds > 3:
        own()
    result = benchmark.pedantic(own, setup=time_references, rounds=rounds)
    benchmark.extra_info["references"] = [
        {"name": each.name, "seconds": median(times) / each.share, "rounds": len(times)}
        for each, times in zip(references, seconds, strict=True)
    ]
    return result, *results


def note(benchmark: Any, text: str) -> None:
    """What the table says about the result beside its time."""
    benchmark.extra_info["note"] = text
