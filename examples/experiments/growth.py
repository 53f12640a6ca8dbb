"""How the time of a sweep grows with the width of a network and with the number of allocations.

    python examples/experiments/growth.py --out growth [--quick] [--seed S]

Random distinct allocations of linear networks n-n-n, m = n, with n^2 learnables, without symmetry,
in one process. (a) Time per allocation of each stage for n = 2, 3, ...; degrees as far as the
median allocation that needs one takes less than 2 s. (b) Whole sweeps without degrees into a file:
time, largest memory of the process, size of the file. Rows of an earlier run are kept. Writes
growth.csv, growth.svg, prints a table.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from common import Family, Table, options_parser
from growth_report import draw, summary

import theorycheck as tc
from theorycheck.sweeps.batch.classify import Batch
from theorycheck.sweeps.enumeration.draws import RandomMasks
from theorycheck.sweeps.workers import classify_each, decide_many

FIELDS = ("part", "family", "budget", "allocations", "stage", "seconds", "median", "high")
FIELDS += ("needed", "open", "peak_mb", "file_mb")
MEDIAN = 2.0  # seconds; wider networks take longer still
EACH = 20.0  # seconds for one degree
REPEATS = 7


class Setting(NamedTuple):
    """What is measured: `ranked` allocations of each width, `classified` of them with degrees."""

    widths: Sequence[int]
    ranked: int
    classified: int
    most_seconds: float  # for the degrees of one width
    sizes: dict[int, Sequence[int]]  # width -> numbers of allocations


FULL = Setting(
    (2, 3, 4, 5, 6),
    4096,
    200,
    80.0,
    {3: (10**3, 10**4, 48620), 4: (10**3, 10**4, 10**5, 10**6)},
)
QUICK = Setting((2, 3), 200, 30, 5.0, {3: (1000, 4000)})


def family(width: int) -> Family:
    """LFFN n-n-n, m = n."""
    return Family("LFFN", (width, width, width), width)


def spec_of(width: int, count: int, seed: int, degree: bool) -> tc.SweepSpec:
    """A sweep of random allocations with n^2 learnables."""
    return tc.SweepSpec(
        family(width).network,
        samples=width,
        budget=width**2,
        mode="random",
        count=count,
        seed=seed,
        symmetry=False,
        degree=degree,
        seconds=EACH,
    )


def best(functions: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Seconds of each, the fastest of some calls in turn: the others were disturbed."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(REPEATS):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: min(own) for name, own in times.items()}


def stages(width: int, count: int, seed: int) -> tuple[int, dict[str, float]]:
    """How many allocations, and seconds for each of them by what a sweep without degrees does.

    `set-up` is what a task does once, in all.
    """
    spec = spec_of(width, count, seed, degree=False)
    number = spec.totals[width**2]
    draws = RandomMasks(spec.space.n_entries, width**2, seed)
    masks = draws.masks(0, number)
    keys = spec.space.keys(masks)
    batch = Batch(spec.space, spec.samples, seed)

    batch.decide(masks[:1])

    def set_up() -> None:
        fresh = Batch(spec.space, spec.samples, seed)
        assert fresh.target is not None
        fresh.ranks(masks[:1])

    found = best(
        {
            "set-up": set_up,
            "draw": lambda: spec.space.keys(draws.masks(0, number)),
            "rank": lambda: batch.ranks(masks),
            "decide": lambda: batch.decide(masks),
            "rows": lambda: decide_many(spec, "numpy", keys),
        }
    )
    each = {stage: seconds / number for stage, seconds in found.items()}
    return number, {
        "set-up": found["set-up"],
        "draw": each["draw"],
        "rank": each["rank"],
        # Ranks are part of deciding; the difference may be below what can be seen.
        "theorems": max(each["decide"] - each["rank"], 0.0),
        "all but the file": each["draw"] + each["rows"],
    }


class Degrees(NamedTuple):
    """Seconds of the allocations that need a degree, how many were drawn, how many stay open."""

    seconds: list[float]
    drawn: int
    open: int


def degrees(width: int, setting: Setting, seed: int) -> Degrees:
    """Classify what ranks and theorems leave open, one by one, as long as `most_seconds` last."""
    spec = spec_of(width, setting.classified, seed, degree=True)
    number = spec.totals[width**2]
    keys = spec.space.keys(RandomMasks(spec.space.n_entries, width**2, seed).masks(0, number))
    left = set(decide_many(spec, "numpy", keys)[1])
    end, found, drawn = time.monotonic() + setting.most_seconds, Degrees([], 0, 0), 0
    for drawn, key in enumerate(keys, start=1):
        if key in left:
            row = classify_each(spec, "numpy", [key])[0]
            assert row.error is None
            assert row.seconds is not None
            is_open = row.expressivity == "positive"
            found = Degrees([*found.seconds, row.seconds], drawn, found.open + is_open)
        if time.monotonic() > end:
            break
    return found._replace(drawn=drawn)


def whole(width: int, count: int, seed: int) -> dict[str, float]:
    """One sweep without degrees into a file, in this process: what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        # What is imported on first use is not part of the growth.
        tc.sweep(spec_of(2, 10, seed, degree=False), Path(folder) / "first.sqlite")
        path = Path(folder) / "growth.sqlite"
        start = time.perf_counter()
        summary = tc.sweep(spec_of(width, count, seed, degree=False), path)
        seconds = time.perf_counter() - start
        assert summary.is_complete
        assert summary.rows == count
        return {
            "seconds": seconds,
            "peak_mb": peak_bytes() / 1e6,
            "file_mb": path.stat().st_size / 1e6,
        }


def peak_bytes() -> int:
    """The largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's memory at the fork
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def row_of(part: str, width: int, number: int, stage: str, **numbers: float) -> dict[str, Any]:
    """One row; numbers with four digits."""
    own = {"part": part, "family": family(width).name, "budget": width**2, "stage": stage}
    told = {name: f"{value:.4g}" for name, value in numbers.items()}
    return {**dict.fromkeys(FIELDS, ""), **own, "allocations": number, **told}


def known(table: Table, part: str, width: int, stage: str, count: int | None = None) -> Any:
    """The row of an earlier run, or None."""
    for row in table.rows:
        same = (row["part"], row["family"], row["stage"]) == (part, family(width).name, stage)
        if same and count in (None, int(row["allocations"])):
            return row
    return None


def add_stages(table: Table, setting: Setting, seed: int) -> None:
    """Time each stage for each width."""
    for width in setting.widths:
        if known(table, "width", width, "all but the file") is None:
            table.progress(family(width).name)
            number, found = stages(width, setting.ranked, seed)
            for stage, seconds in found.items():
                table.add(row_of("width", width, number, stage, seconds=seconds))


def add_degrees(table: Table, setting: Setting, seed: int) -> None:
    """Time degrees, up to the first width whose median is above the limit."""
    for width in setting.widths:
        row = known(table, "width", width, "degree")
        if row is None:
            table.progress(f"{family(width).name}, degrees")
            found = degrees(width, setting, seed)
            middle, high = np.quantile(found.seconds, [0.5, 0.9])
            total, needed = sum(found.seconds), len(found.seconds)
            row = row_of(
                *("width", width, found.drawn, "degree"),
                seconds=total / found.drawn,
                median=middle,
                high=high,
                needed=needed / found.drawn,
                open=found.open / found.drawn,
            )
            table.add(row)
        if float(row["median"]) > MEDIAN:
            return


def add_sweeps(table: Table, setting: Setting, seed: int) -> None:
    """Time whole sweeps, each in a process of its own."""
    for width, sizes in setting.sizes.items():
        for count in sizes:
            if known(table, "count", width, "sweep", count) is None:
                table.progress(f"{family(width).name}, {count:,} allocations")
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    found = pool.submit(whole, width, count, seed).result()
                table.add(row_of("count", width, count, "sweep", **found))


def main() -> None:
    """Measure what is missing, draw, tell."""
    options = options_parser(__doc__, "growth").parse_args()
    setting = QUICK if options.quick else FULL
    run = {"seed": options.seed, "mode": "quick" if options.quick else "full"}
    table = Table(options.out / "growth.csv", FIELDS, run)
    for add in (add_stages, add_degrees, add_sweeps):
        add(table, setting, options.seed)
    draw(table.rows, options.out / "growth.svg")
    print(file=sys.stderr)
    print(summary(table.rows))


if __name__ == "__main__":
    main()
