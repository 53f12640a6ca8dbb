"""Measure match probabilities of random allocations: the data that the heuristic is fitted on.

    python examples/experiments/heuristic_data.py intermediate --count 30 --trials 1000
    python examples/experiments/heuristic_data.py mixed --count 30 --trials 500

`intermediate` keeps allocations with r = D of even degree, `over` those with r = D + 1 that stay
open, and `mixed` takes any, with D - 1 to D + 1 learnables. Rows are appended to data/NAME.csv;
a family that is there with `count` rows is left alone, so the program can be stopped and started
again. Candidate k of family f comes from the seed [seed, f, k]; the measurement has the seed 1.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import theorycheck as tc
from theorycheck.computing.options import Options
from theorycheck.heuristics.features import BlockFeatures
from theorycheck.heuristics.linear import open_blocks
from theorycheck.problem.networks.feedforward import LinearFeedforward
from theorycheck.problem.networks.recurrent import LinearRecurrent
from theorycheck.theorems.analysis import Analysis

DATA = Path(__file__).parent / "data"
FIELDS = [
    *("family", "part", "samples", "number", "learnable", "class", "degree"),
    *("blocks", "matches", "trials", "undecided"),
]
EFFORT = tc.Effort(seconds=6, degree=30, instances=200, bases=2)


class Family(NamedTuple):
    """A network and a number of samples; `part` is `train` or `held-out`."""

    widths: tuple[int, ...]
    samples: int
    part: str
    is_recurrent: bool

    @property
    def name(self) -> str:
        """`lffn 2-2-2`, or `lrnn 1-2-1-4` for inputs, hidden, outputs and steps."""
        kind = "lrnn" if self.is_recurrent else "lffn"
        return f"{kind} {'-'.join(map(str, self.widths))} m{self.samples}"

    @property
    def network(self) -> LinearFeedforward | LinearRecurrent:
        """The network."""
        if not self.is_recurrent:
            return tc.LinearFeedforward(self.widths)
        inputs, hidden, outputs, steps = self.widths
        return tc.LinearRecurrent(inputs, hidden, outputs, steps)


def _families(text: str, is_recurrent: bool) -> list[Family]:
    """Families from words like `2-2-2/2`; a `*` marks those that are held out."""
    found = []
    for word in text.split():
        widths, samples = word.rstrip("*").split("/")
        part = "held-out" if word.endswith("*") else "train"
        found.append(Family(tuple(map(int, widths.split("-"))), int(samples), part, is_recurrent))
    return found


FAMILIES = [
    *_families("2-2-2/2 3-3-3/3 2-2-2-2/2* 2-3-2/2* 2-4-2/2 3-2-3/3 3-3-2/3 2-3-3/2*", False),
    *_families("2-2-2-2-2/2 3-4-3/3* 2-3-3-2/2", False),
    *_families("1-2-1-4/2 1-2-1-5/2 1-3-1-4/3* 1-2-2-3/2 2-2-1-3/3 2-2-2-3/2* 1-3-1-5/3", True),
    *_families("1-3-2-4/2* 2-3-1-3/3 1-3-3-3/2* 1-4-1-4/3 1-2-1-6/2* 1-2-2-4/2 1-3-1-4/2", True),
    *_families("2-2-1-4/2 3-2-1-3/3* 1-3-2-3/2 2-2-2-3/3 2-3-2-3/2", True),
]


def mask_text(allocation: tc.Allocation) -> str:
    """The learnable masks in short: `W1=10/01 W2=11/00`.

    >>> mask_text(tc.Allocation(tc.LinearFeedforward([2, 2]), {"W1": [[1, 0], [0, 1]]}))
    'W1=10/01'
    """
    words = []
    for name in allocation.counts:
        rows = ("".join(map(str, row)) for row in allocation.mask(name).astype(int).tolist())
        words.append(f"{name}={'/'.join(rows)}")
    return " ".join(words)


def allocation_of(family: Family, text: str) -> tc.Allocation:
    """The allocation that `mask_text` gave."""
    masks = {}
    for word in text.split():
        name, rows = word.split("=")
        masks[name] = np.array([[digit == "1" for digit in row] for row in rows.split("/")])
    return tc.Allocation(family.network, masks)


def blocks_text(allocation: tc.Allocation, samples: int, verdict: tc.Verdict) -> str:
    """What the estimate rests on, as `degree:unknowns:diagonal` of each block of even degree.

    `-` if there is no such block, empty for extremal allocations and where no degree is known.
    """
    if verdict.expressivity not in ("intermediate", "positive"):
        return ""
    analysis = Analysis(allocation, samples, Options(effort=EFFORT))
    if analysis.core is not None and allocation.n_learnable == analysis.target.value:
        _ = analysis.core.solving and analysis.core.solving.known
    blocks = open_blocks(analysis)
    if blocks is None:
        return ""
    return ";".join(":".join(map(str, block)) for block in blocks) or "-"


def blocks_of(text: str) -> tuple[BlockFeatures, ...]:
    """The blocks that `blocks_text` gave.

    >>> blocks_of("2:4:0")
    (BlockFeatures(degree=2, unknowns=4, diagonal=0),)
    """
    parts = [] if text in ("", "-") else text.split(";")
    return tuple(BlockFeatures(*map(int, part.split(":"))) for part in parts)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a data file, none if it is not there yet."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def candidates(
    family: Family, what: str, index: int, start: int, seed: int
) -> Iterator[tuple[int, tc.Allocation]]:
    """Numbered random allocations; half of the recurrent ones learn recurrent weights only."""
    network = family.network
    target = Analysis(tc.Allocation.none(network), family.samples).target.value
    for number in range(start, start + 4000):
        rng = np.random.default_rng([seed, index, number])
        budget = target + int(what == "over")
        if what == "mixed":
            budget = target + int(rng.choice([-1, 0, 0, 0, 1]))
        within = None
        if family.is_recurrent and rng.random() < 0.5:
            within = {"recurrent": np.ones(network.weight_shapes["recurrent"])}
        try:
            yield number, tc.Allocation.random(network, budget, rng, within=within)
        except tc.InputError:  # fewer weights than the budget
            continue


def is_wanted(what: str, verdict: tc.Verdict) -> bool:
    """Whether a verdict is of the kind that is collected."""
    if what == "mixed":
        return True
    if what == "over":
        return verdict.expressivity == "positive"
    is_open = verdict.expressivity in ("intermediate", "positive")
    return is_open and verdict.degree is not None and verdict.degree % 2 == 0


def may_be_wanted(what: str, allocation: tc.Allocation, samples: int) -> bool:
    """A cheap look before the verdict: full rank and a conflict."""
    analysis = Analysis(allocation, samples)
    if what == "mixed":
        return True
    return analysis.conflict is not None and analysis.rank.value == analysis.target.value


def row_of(family: Family, number: int, allocation: tc.Allocation) -> dict[str, Any]:
    """The verdict and the measurement of one allocation."""
    verdict = tc.classify(allocation, family.samples, effort=EFFORT)
    row = {
        "family": family.name,
        "part": family.part,
        "samples": family.samples,
        "number": number,
        "learnable": mask_text(allocation),
        "class": str(verdict.expressivity),
        "degree": verdict.degree or "",
        "blocks": blocks_text(allocation, family.samples, verdict),
    }
    return row | {"verdict": verdict}


def measured(row: dict[str, Any], allocation: tc.Allocation, trials: int) -> dict[str, Any]:
    """The row with what was measured."""
    estimate = tc.measure(allocation, row["samples"], trials=trials, seed=1, backend="numpy")
    counts = {name: getattr(estimate, name) for name in ("matches", "trials", "undecided")}
    return {key: value for key, value in row.items() if key in FIELDS} | counts


def collect(family: Family, what: str, options: argparse.Namespace, path: Path) -> int:
    """Append the rows of one family that are missing; returns how many the file has then."""
    index, start = FAMILIES.index(family), time.monotonic()
    old = [row for row in read_rows(path) if row["family"] == family.name]
    seen = {row["learnable"] for row in old}
    first = max((int(row["number"] or -1) for row in old), default=-1) + 1
    found = len(old)
    for number, allocation in candidates(family, what, index, first, options.seed):
        if found >= options.count or time.monotonic() - start > options.seconds:
            break
        text = mask_text(allocation)
        if text in seen or not may_be_wanted(what, allocation, family.samples):
            continue
        seen.add(text)
        row = row_of(family, number, allocation)
        if not is_wanted(what, row["verdict"]):
            continue
        append(path, measured(row, allocation, options.trials))
        found += 1
    return found


def append(path: Path, row: dict[str, Any]) -> None:
    """Write one row, after the header if the file is new."""
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    """Collect the data of all families, or of some."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["intermediate", "over", "mixed"])
    parser.add_argument("--count", type=int, default=30, help="rows of each family")
    parser.add_argument("--trials", type=int, default=1000, help="draws of each allocation")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--seconds", type=float, default=600, help="time for each family")
    parser.add_argument("--only", default="", help="families whose name holds this text")
    parser.add_argument("--out", type=Path, help="default: data/WHAT.csv")
    options = parser.parse_args()
    path = options.out or DATA / f"{options.what}.csv"
    for family in FAMILIES:
        if options.only in family.name:
            found = collect(family, options.what, options, path)
            print(f"{family.name}: {found} of {options.count}", flush=True)


if __name__ == "__main__":
    main()
