"""Match probability against the concentration of the learnable weights, shallow ReLU networks.

    python examples/experiments/relu_concentration.py --out relu [--quick] [--seed S]

The probability is that of regular teachers (MP_reg). Where `classify` finds 0 that is taken, else
it is measured: exactly, draw by draw, by activation patterns for a single output and where no
hidden unit has both a learnable input and a learnable output; by restarts, a lower bound, on 2-2-2.
It is correlated with the spread over hidden units, over inputs (columns of W1) and over layers,
among all allocations and among those that are maximal in the linear network with the same masks;
and with the soft rank. Writes relu_concentration.csv and .png; an interrupted run goes on where it
stopped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from common import Family, Table, allocations, entropy, options_parser, orbit
from heuristic_data import mask_text
from relu_report import KEYS, draw, summary

import theorycheck as tc
from theorycheck.heuristics.relu import soft_rank

FIELDS = (
    *("family", "budget", "draw", "number", "orbit", "learnable", "class", "linear_class"),
    *("mp", "low", "high", "regular", "undecided", "method", "soft_rank", *KEYS),
)
NO_DEGREE = tc.Effort(seconds=0)


class Task(NamedTuple):
    """A family with a budget: all allocations, or `number` random ones."""

    family: Family
    budget: int
    draw: str = "all"
    number: int = 0
    restarts: int = 20


class Setting(NamedTuple):
    """What is measured, on how many draws."""

    tasks: tuple[Task, ...]
    trials: int


def relu(*widths: int, samples: int, within: str = "") -> Family:
    """A family of shallow ReLU networks."""
    return Family("ReLU", widths, samples, within)


FULL = Setting(
    (
        Task(relu(2, 3, 1, samples=2), 2),
        Task(relu(2, 3, 1, samples=3), 3),
        Task(relu(2, 3, 1, samples=3), 4),
        Task(relu(2, 3, 1, samples=4), 4),
        Task(relu(3, 3, 1, samples=3), 3),
        Task(relu(3, 3, 1, samples=3), 4),
        Task(relu(2, 4, 1, samples=4), 4),
        Task(relu(4, 4, 1, samples=4, within="W1"), 4),
        Task(relu(4, 4, 1, samples=4), 4, "uniform", 300),
        Task(relu(2, 3, 2, samples=2), 4, "free", 250),
        Task(relu(3, 4, 2, samples=2), 4, "free", 250),
        Task(relu(3, 3, 3, samples=2), 6, "free", 250),
        Task(relu(2, 2, 2, samples=2), 4, restarts=30),
    ),
    2000,
)
QUICK = Setting(
    (
        Task(relu(2, 3, 1, samples=2), 2),
        Task(relu(2, 3, 1, samples=3), 3),
        Task(relu(4, 4, 1, samples=4, within="W1"), 4),
        Task(relu(2, 3, 2, samples=2), 4, "free", 250),
    ),
    600,
)


def is_free(allocation: tc.Allocation) -> bool:
    """Whether no hidden unit has both a learnable input and a learnable output."""
    behind = np.asarray(allocation.mask("W2")).any(axis=0)
    return not (np.asarray(allocation.mask("W1")).any(axis=1) & behind).any()


def chosen(task: Task, seed: int) -> Iterator[tc.Allocation]:
    """The allocations of a task; `free` ones, at most `count`, are those without such a unit."""
    if task.draw != "free":
        return allocations(task.family, task.budget, task.draw, task.number, seed)
    free = [one for one in allocations(task.family, task.budget, "all", 0, seed) if is_free(one)]
    if len(free) > task.number:
        rng = np.random.default_rng([seed, task.budget])
        free = [free[place] for place in sorted(rng.permutation(len(free))[: task.number])]
    return iter(free)


def dispersion(allocation: tc.Allocation) -> dict[str, float]:
    """Effective numbers of hidden units, of inputs (columns of W1), and of layers.

    A unit has its row of W1 and its column of W2. 0 inputs if nothing of W1 is learnable.
    """
    first, second = (np.asarray(allocation.mask(name), dtype=int) for name in ("W1", "W2"))
    columns = first.sum(axis=0)
    return {
        "units": float(np.exp(entropy(first.sum(axis=1) + second.sum(axis=0)))),
        "inputs": float(np.exp(entropy(columns))) if columns.any() else 0.0,
        "layers": float(np.exp(entropy([first.sum(), second.sum()]))),
    }


def measured(allocation: tc.Allocation, task: Task, trials: int, seed: int) -> dict[str, Any]:
    """MP_reg with its interval, the classes, and the soft rank."""
    samples = task.family.samples
    verdict = tc.classify(allocation, samples)
    masks = dict(allocation.masks("learnable"))
    linear = tc.Allocation(tc.LinearFeedforward(task.family.widths), masks)
    row = {
        "class": str(verdict.expressivity),
        "linear_class": str(tc.classify(linear, samples, effort=NO_DEGREE).expressivity),
        "soft_rank": soft_rank(allocation, samples, draws=1000).value,
        "method": verdict.theorem,
        **dict.fromkeys(("mp", "low", "high"), 0.0),
        **dict.fromkeys(("regular", "undecided"), 0),
    }
    if row["class"] == "minimal":
        return row
    found = tc.measure(
        allocation, samples, trials=trials, seed=seed, backend="numpy", restarts=task.restarts
    )
    assert found.regular is not None
    low, high = found.regular["interval"]
    return row | {
        "mp": found.regular["matches"] / found.regular["trials"],
        "low": low,
        "high": high,
        "regular": found.regular["trials"],
        "undecided": found.regular["undecided"],
        "method": found.method,
    }


def run(setting: Setting, seed: int, table: Table) -> None:
    """Add the rows that are missing; allocations of one orbit are measured once."""
    known: dict[Any, dict[str, Any]] = {}
    done = {(r["family"], r["budget"], r["draw"], r["number"]): r for r in table.rows}
    for task in setting.tasks:
        family = task.family
        for number, allocation in enumerate(chosen(task, seed)):
            key = (family.widths, family.samples, orbit(allocation))
            old = done.get((family.name, str(task.budget), task.draw, str(number)))
            if old is not None:
                known[key] = old
                continue
            table.progress(f"{family.name}, {task.budget} learnables, {task.draw}")
            if key not in known:
                own = seed * 1_000_003 + len(known)
                known[key] = measured(allocation, task, setting.trials, own)
                known[key]["orbit"] = len(known) - 1
            table.add(
                {
                    **known[key],
                    "family": family.name,
                    "budget": task.budget,
                    "draw": task.draw,
                    "number": number,
                    "learnable": mask_text(allocation),
                    **dispersion(allocation),
                }
            )


def main() -> None:
    """Run it all, write the table and the figure, print the summary."""
    options = options_parser(__doc__, "relu").parse_args()
    run_of = {"seed": options.seed, "quick": options.quick}
    table = Table(options.out / "relu_concentration.csv", FIELDS, run_of)
    run(QUICK if options.quick else FULL, options.seed, table)
    print(summary(table.rows, options.seed))
    draw(table.rows, options.out / "relu_concentration.png", options.seed)


if __name__ == "__main__":
    main()
