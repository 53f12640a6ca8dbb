"""The table of planted wrong theorems and their counterexamples, as Markdown.

python -m tests.planted prints it, for seed 0 unless --seed is given; exit status 1 if a planted
theorem is not refuted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from theorycheck.problem.allocation import Allocation
from theorycheck.problem.masks import mask_to_json
from theorycheck.problem.networks.base import Network
from theorycheck.verification.results import Counterexample
from theorycheck.verification.run import refute

from .registry import PLANTED

EXAMPLES = 1000
SHRINKING = 20.0  # seconds for one counterexample


def in_words(allocation: Allocation, samples: int) -> str:
    """The network, m, and the learnable entries of each weight.

    >>> from theorycheck import LinearFeedforward
    >>> in_words(Allocation(LinearFeedforward([2, 2]), {"W1": [[1, 0], [1, 1]]}), 2)
    '2-2, m = 2; W1 10/11'
    """
    parts = [_learnables(allocation, name) for name in allocation.counts] or ["nothing learnable"]
    if not allocation.is_dense:
        absent = allocation.network.n_weights - allocation.n_present
        parts.append(f"{absent} absent")
    return f"{_short(allocation.network)}, m = {samples}; {', '.join(parts)}"


def _short(network: Network) -> str:
    return network.describe().removeprefix("linear feed-forward ").removeprefix("shallow ")


def _learnables(allocation: Allocation, name: str) -> str:
    mask = allocation.mask(name)
    if mask.all():
        return f"all of {name}"
    rows = mask_to_json(mask if mask.ndim < 3 else mask.reshape(len(mask), -1))  # a filter a row
    lines = rows if mask.ndim == 1 else ["".join(map(str, row)) for row in rows]
    return f"{name} {'/'.join(map(str, lines))}"


def found_by(name: str, seed: int) -> Counterexample | None:
    """The counterexample to one planted theorem."""
    return refute(PLANTED[name].wrong, EXAMPLES, seed, shrinking=SHRINKING)


def rows(seed: int, workers: int) -> Iterator[tuple[str, ...]]:
    """One row for each planted theorem; without a counterexample its last entry is empty."""
    with ProcessPoolExecutor(workers) as pool:
        for name, found in zip(PLANTED, pool.map(found_by, PLANTED, repeat(seed)), strict=True):
            wrong = PLANTED[name].wrong
            if found is None:
                yield wrong.id, name, wrong.name, f"not in {EXAMPLES}", ""
                continue
            case = in_words(found.case.allocation, found.case.samples)
            yield wrong.id, name, found.property, str(found.examples), case


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    header = ("id", "planted wrong theorem", "refuted by", "examples", "counterexample")
    is_complete = True
    for row in (header, ("---",) * 5):
        print(f"| {' | '.join(row)} |")
    for row in rows(arguments.seed, arguments.workers):
        is_complete = is_complete and bool(row[-1])
        print(f"| {' | '.join(entry.replace('|', chr(92) + '|') for entry in row)} |", flush=True)
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
