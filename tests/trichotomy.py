"""Random allocations at critical budget of a family: their classes, degrees and times.

python -m tests.trichotomy --family 333 --count 200 prints a table; with --msolve every degree is
compared with exact elimination. Exit status 1 if a certificate is refused or a degree differs.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import numpy as np

import theorycheck as tc
from theorycheck.answers.classification import verdict_of
from theorycheck.computing.deadline import Deadline
from theorycheck.computing.effort import Effort
from theorycheck.computing.options import Options
from theorycheck.degrees.degree import Degree
from theorycheck.degrees.elimination import degree_by_elimination
from theorycheck.degrees.system import SquareSystem
from theorycheck.problem.files import problem_from_dict, problem_to_dict
from theorycheck.problem.masks import Entry, entries_of
from theorycheck.ranks.bases import masks_with
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.asking import ask_all
from theorycheck.theorems.registry import THEOREMS

Network = tc.LinearFeedforward | tc.LinearRecurrent
RECURRENT = tc.LinearRecurrent(inputs=1, hidden=3, outputs=1, steps=4)
ELIMINATION_SECONDS = 120.0


@dataclass(frozen=True)
class Family:
    """Allocations of `budget` among `weights` (default: all) of a dense network."""

    network: Network
    samples: int
    budget: int
    weights: Sequence[str] = ()

    @property
    def entries(self) -> list[Entry]:
        """The weights that may be learnable."""
        shapes = self.network.weight_shapes
        return entries_of({n: np.ones(shapes[n], bool) for n in self.weights or shapes})

    def draw(self, rng: np.random.Generator, count: int) -> Iterator[tc.Allocation]:
        """`count` different allocations, or as many as there are."""
        entries, seen = self.entries, set()
        while len(seen) < min(count, math.comb(len(entries), self.budget)):
            chosen = tuple(sorted(rng.choice(len(entries), self.budget, replace=False).tolist()))
            if chosen not in seen:
                seen.add(chosen)
                basis = [entries[number] for number in chosen]
                yield tc.Allocation(self.network, masks_with(self.network, basis))


FAMILIES = {
    "222": Family(tc.LinearFeedforward([2, 2, 2]), 2, 4),
    "2222": Family(tc.LinearFeedforward([2, 2, 2, 2]), 2, 4),
    "333": Family(tc.LinearFeedforward([3, 3, 3]), 3, 9),
    "242": Family(tc.LinearFeedforward([2, 4, 2]), 2, 4),
    "lrnn-recurrent": Family(RECURRENT, 3, 3, ["recurrent"]),
    "lrnn-all": Family(RECURRENT, 3, 3),
}


@dataclass
class Row:
    """What became of one allocation; `wrong` says what should not be, `open` what stays open."""

    expressivity: str = "error"
    theorem: str = ""
    degree: int | None = None
    seconds: float = 0.0
    proofs: list[str] = field(default_factory=list)  # how the degree of each system is known
    open: str = ""
    compared: int = 0
    unanswered: int = 0
    wrong: str = ""


def examine(problem: dict[str, Any], effort: Effort, seed: int = 0, exactly: bool = False) -> Row:
    """Classify the allocation of a file and check its certificate, read back from JSON.

    With `exactly` all degrees are compared with elimination as well.
    """
    row = Row()
    allocation, samples = problem_from_dict(problem)
    try:
        analysis = Analysis(allocation, samples, Options(seed=seed, effort=effort))
        start = time.perf_counter()
        verdict = verdict_of(analysis, ask_all(analysis, THEOREMS), start)
        row.seconds = time.perf_counter() - start
        row.expressivity, row.theorem = str(verdict.expressivity), verdict.theorem or "none"
        row.degree = verdict.degree
        known = _degrees(analysis, verdict)
        row.proofs = [by for _, _, by in known]
        if not verdict.expressivity.is_final:
            row.open = verdict.reason
        text = json.dumps(verdict.certificate.to_dict() if verdict.certificate else None)
        result = tc.check(json.loads(text))
        if not result:
            row.wrong = f"the certificate is refused: {result.reason}"
        for system, value, by in known if exactly else ():
            _compare(row, system, value, by)
    except tc.TheorycheckError as error:
        row.wrong = str(error)
    if row.wrong:
        row.wrong += f"\n{json.dumps(problem)}"
    return row


def _degrees(analysis: Analysis, verdict: tc.Verdict) -> list[tuple[SquareSystem, int, str]]:
    """The degrees that were found on the way: of the blocks, or the number 1 of the whole core."""
    core = analysis.core
    if core is None or verdict.expressivity == "minimal":
        return []
    solving = core.__dict__.get("solving")
    if solving is not None:
        known = [degree for degree in solving.degrees if isinstance(degree, Degree)]
        return [(degree.system, degree.value, degree.by["by"]) for degree in known]
    if verdict.degree is None or core.solving is None or not core.solving.is_faithful:
        return []
    return [(core.solving.system, verdict.degree, "bound of one")]


def _compare(row: Row, system: SquareSystem, value: int, by: str) -> None:
    if by == "elimination":
        return
    exact = degree_by_elimination(system, 1, deadline=Deadline(ELIMINATION_SECONDS))
    if exact is None:
        row.unanswered += 1
        return
    row.compared += 1
    if exact.degree != value:
        row.wrong = f"the degree is {value} by {by}, {exact.degree} by elimination"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Counts by class and degree, shares, times and ways."""
    n = len(rows)
    counts = Counter((row.expressivity, row.degree) for row in rows)
    yield f"{'class':<14}{'degree':>7}{'count':>7}"
    for (name, degree), count in sorted(counts.items(), key=lambda item: str(item[0])):
        yield f"{name:<14}{degree if degree is not None else '-':>7}{count:>7}"
    yield f"\n{'class':<14}{'count':>7}{'share':>8}{'median s':>10}{'max s':>8}  theorems"
    for name in sorted({row.expressivity for row in rows}):
        own = [row for row in rows if row.expressivity == name]
        times = [row.seconds for row in own]
        theorems = Counter(row.theorem for row in own)
        names = ", ".join(f"{theorem} {count}" for theorem, count in sorted(theorems.items()))
        yield (
            f"{name:<14}{len(own):>7}{len(own) / n:>8.1%}{median(times):>10.2f}{max(times):>8.2f}"
            f"  {names}"
        )
    decided = sum(row.expressivity in ("minimal", "maximal", "intermediate") for row in rows)
    positive = sum(row.expressivity == "positive" for row in rows)
    yield f"\ndecided {decided / n:.1%}, positive {positive / n:.1%}"
    proofs = Counter(by for row in rows for by in row.proofs)
    ways = ", ".join(f"{by} {count}" for by, count in sorted(proofs.items()))
    yield f"degrees of systems: {ways or 'none'}"
    compared, unanswered = (sum(getattr(r, k) for r in rows) for k in ("compared", "unanswered"))
    if compared or unanswered:
        yield f"compared with elimination: {compared} degrees, {unanswered} without an answer"
    for reason, count in Counter(row.open for row in rows if row.open).most_common(5):
        yield f"open {count}: {reason}"


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=[*FAMILIES, "all"], default="all")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60.0, help="effort for one allocation")
    parser.add_argument("--msolve", action="store_true", help="compare degrees with elimination")
    return parser.parse_args()


def main() -> int:
    """Run in parallel; the seed fixes the allocations and every verdict that time does not cut."""
    arguments = parsed()
    wrong = 0
    names = list(FAMILIES) if arguments.family == "all" else [arguments.family]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for name in names:
            family = FAMILIES[name]
            drawn = family.draw(np.random.default_rng(arguments.seed), arguments.count)
            problems = [problem_to_dict(allocation, family.samples) for allocation in drawn]
            effort = Effort(seconds=arguments.seconds)
            work = partial(examine, effort=effort, seed=arguments.seed, exactly=arguments.msolve)
            start = time.perf_counter()
            rows = list(pool.map(work, problems))
            spent = time.perf_counter() - start
            title = f"{family.network.describe()}, m = {family.samples}, r = {family.budget}"
            print(f"\n{name}: {title}; {len(rows)} allocations in {spent:.0f} s\n")
            print("\n".join(table(rows)))
            messages = [row.wrong for row in rows if row.wrong]
            wrong += len(messages)
            print("\n".join([f"{len(messages)} wrong", *messages[:10]]), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
