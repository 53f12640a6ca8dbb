"""How well classes and estimates predict measured match probabilities, on networks not fitted on.

    python examples/experiments/accuracy.py --out accuracy [--quick] [--fresh] [--seed S]

Random allocations with D - 1 to D + 1 learnables of 42 network families, from data/mixed.csv and
data/test.csv. The networks of test.csv are in none of the data that the law is fitted on; for one
of mixed.csv it is fitted anew without that network, whatever the samples. Compares class and
estimate with what was measured. Missing rows of test.csv are measured, with `--fresh` all of them,
into the folder. The quick mode predicts some rows anew instead. Writes accuracy.csv, accuracy.png,
prints a summary.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from accuracy_report import draw, summary
from common import Table, dispersion, options_parser
from fit_heuristic import Row, by_class, fit, held_out, rows_of, spread
from heuristic_data import (
    DATA,
    FAMILIES,
    Family,
    allocation_of,
    append,
    blocks_of,
    candidates,
    mask_text,
    measured,
    read_rows,
    row_of,
)

from theorycheck.heuristics.law import FEEDFORWARD, RECURRENT, Law
from theorycheck.measurement.intervals import clopper_pearson

FIELDS = (
    *("source", "kind", "family", "learnable", "class", "estimate", "estimate_low"),
    *("estimate_high", "mp", "low", "high", "matches", "trials", "undecided", "outcome", "layers"),
)


def _test(*widths: int, samples: int, is_recurrent: bool = False) -> Family:
    return Family(widths, samples, "test", is_recurrent)


TEST = [
    _test(3, 5, 3, samples=3),
    _test(2, 5, 2, samples=2),
    _test(2, 2, 3, samples=2),
    _test(4, 2, 3, samples=3),
    _test(2, 3, 2, 2, samples=2),
    _test(3, 2, 2, 3, samples=3),
    _test(1, 3, 1, 3, samples=2, is_recurrent=True),
    _test(1, 2, 3, 3, samples=2, is_recurrent=True),
    _test(3, 3, 1, 3, samples=2, is_recurrent=True),
    _test(1, 5, 1, 4, samples=2, is_recurrent=True),
    _test(2, 2, 1, 5, samples=2, is_recurrent=True),
    _test(2, 4, 1, 3, samples=3, is_recurrent=True),
]
COUNT, TRIALS = 20, 400  # allocations of each of these networks, draws of each


class Laws(NamedTuple):
    """The shipped law of one kind of network, and those fitted without one network."""

    shipped: Law
    without: dict[str, Law]


def network_of(family: Family) -> str:
    """The name without the number of samples: all of these are left out together."""
    return family.name.split(" m")[0]


def laws(is_recurrent: bool) -> Laws:
    """Laws that never saw the network that they are asked about."""
    rows = [row for row in rows_of("intermediate", is_recurrent) if row.blocks]
    without = {}
    for name in {network_of(row.family) for row in rows}:
        others = [row for row in rows if network_of(row.family) != name]
        without[name] = Law(fit(others), spread(others, held_out(others)))
    return Laws(RECURRENT if is_recurrent else FEEDFORWARD, without)


def collect(path: Path, seed: int) -> None:
    """Measure the allocations of TEST that the file does not have yet."""
    rows, start = read_rows(path), time.perf_counter()
    for index, family in enumerate(TEST):
        old = [row for row in rows if row["family"] == family.name]
        seen = {row["learnable"] for row in old}
        first = max((int(row["number"]) for row in old), default=-1) + 1
        for number, allocation in candidates(family, "mixed", 1000 + index, first, seed):
            if len(seen) >= COUNT:
                break
            text = mask_text(allocation)
            if text in seen:
                continue
            seen.add(text)
            append(path, measured(row_of(family, number, allocation), allocation, TRIALS))
            seconds = time.perf_counter() - start
            told = f"{family.name}: {len(seen)} of {COUNT}"
            print(f"\r{seconds:.0f} s, {told:40}", end="", file=sys.stderr)


def outcome(row: dict[str, Any], high: float) -> str:
    """What the measurement makes of the class: `refuted`, `confirmed` or `open`."""
    matches, misses = int(row["matches"]), high < 1
    answers = {
        "minimal": "refuted" if matches else "confirmed" if misses else "open",
        "maximal": "refuted" if misses else "confirmed",
        "intermediate": "confirmed" if matches and misses else "open",
        "positive": "confirmed" if matches else "open",
    }
    return answers.get(row["class"], "open")


def predictions(source: str, raw: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of a data file with estimate, range, measured interval and what becomes of the class."""
    by_name = {family.name: family for family in [*FAMILIES, *TEST]}
    known = {is_recurrent: laws(is_recurrent) for is_recurrent in (False, True)}
    for row in raw:
        family = by_name[row["family"]]
        matches, trials, undecided = (int(row[key]) for key in ("matches", "trials", "undecided"))
        if undecided == trials:
            continue
        interval = clopper_pearson(matches, trials, undecided)
        kind = known[family.is_recurrent]
        assert source != "test" or network_of(family) not in kind.without
        blocks = blocks_of(row["blocks"]) if row["blocks"] else None
        mp = matches / (trials - undecided)
        asked = Row(family, row["class"], row["learnable"].count("1"), blocks, mp, interval)
        point, (low, high) = by_class(asked, kind.without.get(network_of(family), kind.shipped))
        yield {
            **row,
            "source": source,
            "kind": "LRNN" if family.is_recurrent else "LFFN",
            "estimate": point,
            "estimate_low": low,
            "estimate_high": high,
            "mp": mp,
            "low": interval[0],
            "high": interval[1],
            "outcome": outcome(row, interval[1]),
            "layers": dispersion(allocation_of(family, row["learnable"]))["layers"],
        }


def differences(rows: Sequence[dict[str, Any]], count: int, seed: int) -> list[str]:
    """Classes and blocks of `count` rows that a new prediction does not repeat."""
    by_name = {family.name: family for family in [*FAMILIES, *TEST]}
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    found = []
    for old in (rows[place] for place in chosen):
        family = by_name[old["family"]]
        new = row_of(family, 0, allocation_of(family, old["learnable"]))
        if (new["class"], new["blocks"]) != (old["class"], old["blocks"]):
            told = f"{old['class']} {old['blocks']}, now {new['class']} {new['blocks']}"
            found.append(f"{family.name} {old['learnable']}: {told}")
    return found


def main() -> None:
    """Predict, compare, write the table and the figure, print the summary."""
    parser = options_parser(__doc__, "accuracy", quick="measure nothing", seed=7)
    parser.add_argument("--fresh", action="store_true", help="measure the test networks anew")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "test.csv" if options.fresh else DATA / "test.csv"
    if not options.quick:
        collect(path, options.seed)
    files = {"mixed": DATA / "mixed.csv", "test": path, "selected": DATA / "intermediate.csv"}
    raw = {name: read_rows(file) for name, file in files.items()}
    (options.out / "accuracy.csv").unlink(missing_ok=True)
    table = Table(options.out / "accuracy.csv", FIELDS, {"seed": options.seed})
    rows = [row for name, some in raw.items() for row in predictions(name, some)]
    for row in rows:
        table.add(row)
    draw(rows, options.out / "accuracy.png")
    print(summary(rows))
    print(f"left out, no draw decided: {sum(map(len, raw.values())) - len(rows)}")
    if options.quick:
        changed = differences([*raw["mixed"], *raw["test"]], 10, options.seed)
        print(f"predicted anew: 10, different: {len(changed)}", *changed, sep="\n")


if __name__ == "__main__":
    main()
