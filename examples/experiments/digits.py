"""Handwritten digits as inputs: generic verdicts, verdicts for the data, exact ranks, fits.

    python examples/experiments/digits.py --out digits [--quick] [--seed S]

Inputs are images of scikit-learn's `load_digits` (8 x 8 pixels, some of them always 0): raw,
standardised, or as principal components. Allocations of two- and three-layer linear networks and
of a shallow ReLU network are classified for random inputs and for these, and then fitted to random
teachers: by least squares where the student is affine, by Levenberg-Marquardt and by gradient
training with Adam elsewhere. Writes digits.csv, digits.png and prints a summary. The quick mode
takes less than a minute, the full one five to fifteen.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from common import options_parser
from digits_fits import (
    MATCHED,
    Problem,
    adam,
    exact_rank,
    forward,
    least_squares,
    levenberg,
    random_weights,
)
from digits_report import draw, summary
from sklearn.datasets import load_digits

import theorycheck as tc
from theorycheck.computing.effort import Effort
from theorycheck.structure.conflicts import find_conflict

EFFORT = Effort(seconds=0)  # degrees of hundreds of equations are out of reach


class Setting(NamedTuple):
    """How much is done: data, samples and hidden layers of each network; teachers, restarts."""

    linear: tuple[tuple[str, int, tuple[tuple[int, ...], ...]], ...]
    relu: tuple[tuple[str, int, int], ...]
    teachers: int
    restarts: int
    steps: int  # of Adam
    patterns: int


FEW, MANY = ((4,), (12,), (6, 8)), ((2,), (2, 3), (12,))
FULL = Setting(
    (
        ("raw", 20, FEW),
        ("raw", 80, MANY),
        ("standardised", 20, FEW),
        ("standardised", 80, MANY),
        ("components", 20, FEW),
    ),
    (("raw", 10, 16), ("standardised", 10, 16)),
    teachers=2,
    restarts=8,
    steps=2000,
    patterns=40,
)
QUICK = Setting(
    (("raw", 8, ((3,), (4, 4))), ("standardised", 8, ((3,),))), (("raw", 4, 12),), 2, 2, 300, 10
)
STRATEGIES = ("uniform", "spread", "first layer", "last layer first", "bright pixels", "margins")
ONE_LAYER = ("first layer", "bright pixels", "margins")
MOST_FITTED = 300  # equations up to which students that are not affine are fitted


def images(variant: str, samples: int, seed: int) -> np.ndarray:
    """`samples` random images, one a row: pixels over 16, standardised, or 20 components."""
    pixels = np.asarray(load_digits(return_X_y=True)[0]) / 16
    if variant != "raw":
        spread = pixels.std(axis=0)
        pixels = (pixels - pixels.mean(axis=0)) / np.where(spread > 0, spread, 1)
    if variant == "components":
        directions = np.linalg.svd(pixels, full_matrices=False)[2]
        pixels = pixels @ directions[:20].T
    rng = np.random.default_rng(seed)
    return pixels[rng.choice(len(pixels), samples, replace=False)]


def allocate(
    strategy: str, network: Any, budget: int, data: np.ndarray, rng: np.random.Generator
) -> tc.Allocation | None:
    """An allocation of `budget` learnables by a named strategy; None if it does not fit."""
    if strategy == "uniform":
        return tc.Allocation.random(network, budget, rng)
    if strategy == "spread":
        return tc.Allocation.spread(network, budget, rng)
    shapes = network.weight_shapes
    last = f"W{network.depth}"
    if strategy == "first layer":
        order = [("W1", rng.permutation(int(np.prod(shapes["W1"]))))]
    elif strategy == "last layer first":
        names = [last, *(name for name in shapes if name != last)]
        order = [(name, rng.permutation(int(np.prod(shapes[name])))) for name in names]
    else:  # all weights that read the pixels of most (least) variance, pixel by pixel
        variance = data.var(axis=0)
        pixels = np.argsort(-variance if strategy == "bright pixels" else variance, kind="stable")
        entries = np.arange(int(np.prod(shapes["W1"]))).reshape(shapes["W1"])
        order = [("W1", entries[:, pixels].T.ravel())]
    masks, left = {}, budget
    for name, entries in order:
        mask = np.zeros(int(np.prod(shapes[name])), dtype=bool)
        mask[entries[:left]] = True
        masks[name], left = mask.reshape(shapes[name]), left - min(left, mask.size)
    return None if left else tc.Allocation(network, masks)


def budgets(generic: int, given: int, most: int, relu: bool) -> list[int]:
    """Numbers of learnables around both target dimensions; ReLU networks need more."""
    wanted = {given - 2, given, round(1.06 * given), round(1.2 * given), generic, generic + 5}
    wanted = {given - 2, given, round(1.2 * given), 2 * given, 3 * given} if relu else wanted
    return sorted(budget for budget in wanted if 0 < budget < most)


def tasks(setting: Setting, seed: int) -> Iterator[tuple[str, int, np.ndarray, Any, bool]]:
    """Variant, samples, inputs, network and whether it is a ReLU network."""
    for variant, samples, networks in setting.linear:
        data = images(variant, samples, seed)
        for hidden in networks:
            yield variant, samples, data, tc.LinearFeedforward([data.shape[1], *hidden, 10]), False
    for variant, samples, hidden in setting.relu:
        data = images(variant, samples, seed)
        yield variant, samples, data, tc.ShallowReLU([data.shape[1], hidden, 10]), True


def fitted(
    allocation: tc.Allocation, data: np.ndarray, relu: bool, setting: Setting, seed: int
) -> dict[str, Any]:
    """Residuals of fits to random teachers: the matches, the worst, and the median of Adam."""
    masks = [mask for _, mask in allocation.masks("learnable")]
    is_affine = not relu and find_conflict(allocation) is None
    inputs = data.T
    if not relu:  # as many combinations of the samples as are independent, of the same norm
        left, size, _ = np.linalg.svd(data.T, full_matrices=False)
        kept = size > 1e-10 * size[0]
        inputs = left[:, kept] * size[kept]
    best, trained = [], []
    for number in range(setting.teachers):
        rng = np.random.default_rng([seed, number])
        shapes = [mask.shape for mask in masks]
        outputs = forward(random_weights(shapes, rng), inputs, relu)
        if not outputs.any():
            continue  # a dead ReLU teacher
        problem = Problem(masks, random_weights(shapes, rng), inputs, outputs, relu)
        found = least_squares(problem) if is_affine else np.inf
        best.append(found if is_affine else levenberg(problem, rng, setting.restarts))
        trained.append(adam(problem, rng, setting.steps))
    return {
        "method": "least squares" if is_affine else "Levenberg-Marquardt",
        "teachers": len(best),
        "matches": sum(value < MATCHED for value in best),
        "median_residual": float(np.median(best)),
        "adam_residual": float(np.median(trained)),
    }


def linear_row(allocation: tc.Allocation, samples: int, data: np.ndarray) -> dict[str, Any]:
    """Both verdicts, and the exact rank on the data."""
    generic = tc.classify(allocation, samples, effort=EFFORT)
    given = tc.classify(allocation, samples, inputs=data, effort=EFFORT)
    masks = [mask for _, mask in allocation.masks("learnable")]
    assert given.certificate is not None
    return {
        "input_rank": given.input_rank,
        "generic": str(generic.expressivity),
        "generic_by": generic.theorem,
        "generic_target": generic.target_dimension,
        "given": str(given.expressivity),
        "given_by": given.theorem,
        "given_target": given.target_dimension,
        "rank": exact_rank(masks, data, None, 0),
        "excluded": not generic.expressivity.possible & given.expressivity.possible,
        "checked": bool(tc.check(given.certificate)),
    }


def relu_row(
    allocation: tc.Allocation, samples: int, data: np.ndarray, patterns: int, seed: int
) -> dict[str, Any]:
    """Ranks in activation patterns of random weights: on the data, and on Gaussian inputs.

    `positive` where some pattern has full rank; where none of those drawn has, others still may.
    """
    masks = [mask for _, mask in allocation.masks("learnable")]
    size = samples * masks[1].shape[0]
    row: dict[str, Any] = {"generic_target": size, "given_target": size}
    for name in ("generic", "given"):
        rng = np.random.default_rng(seed)
        ranks = []
        for number in range(patterns):
            points = data if name == "given" else rng.normal(size=data.shape)
            gates = rng.normal(size=masks[0].shape) @ points.T > 0
            ranks.append(exact_rank(masks, points, gates, number))
        row[name] = "positive" if max(ranks) == size else "unlikely"
        row[f"{name}_share"] = sum(rank == size for rank in ranks) / patterns
        row[f"{name}_by"] = "patterns"
        row["rank"] = max(ranks)
    return {**row, "excluded": row["given"] != row["generic"]}


def verdict_of_fits(row: dict[str, Any]) -> str:
    """Whether the fits side with the class for the data: yes, no, or open."""
    if row["given"] == "minimal":
        return "yes" if not row["matches"] else "no"
    if row["given"] == "maximal" and row["method"] == "least squares":
        return "yes" if row["matches"] == row["teachers"] else "no"
    if row["given"] == "unlikely":
        return "open" if row["matches"] else "yes"
    return "yes" if row["matches"] else "open"  # a search that finds nothing proves nothing


def run(setting: Setting, seed: int) -> Iterator[dict[str, Any]]:
    """One row for each allocation."""
    for number, (variant, samples, data, network, relu) in enumerate(tasks(setting, seed)):
        generic = given = samples * network.outputs
        if not relu:
            full = tc.Allocation.full(network)
            generic = tc.classify(full, samples).target_dimension or 0
            given = tc.classify(full, samples, inputs=data).target_dimension or 0
        for budget in budgets(generic, given, network.n_weights, relu):
            for index, strategy in enumerate(STRATEGIES):
                own = seed * 1_000_003 + number * 10_007 + budget * 101 + index
                allocation = allocate(strategy, network, budget, data, np.random.default_rng(own))
                is_dear = not relu and given > MOST_FITTED and strategy not in ONE_LAYER
                if allocation is None or is_dear:
                    continue
                start = time.perf_counter()
                row = {
                    "network": "-".join(map(str, network.widths)),
                    "kind": "relu" if relu else "linear",
                    "data": variant,
                    "samples": samples,
                    "strategy": strategy,
                    "budget": budget,
                }
                if relu:
                    row |= relu_row(allocation, samples, data, setting.patterns, own)
                else:
                    row |= linear_row(allocation, samples, data)
                row |= fitted(allocation, data, relu, setting, own)
                row["fits_agree"] = verdict_of_fits(row)
                row["seconds"] = round(time.perf_counter() - start, 2)
                yield row


def main() -> None:
    """Run it all, write the table and the figure, print the summary."""
    options = options_parser(__doc__, "digits").parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    start = time.perf_counter()
    for row in run(QUICK if options.quick else FULL, options.seed):
        rows.append(row)
        place = f"{row['kind']} {row['network']}, {row['samples']} {row['data']}"
        seconds = time.perf_counter() - start
        print(f"\r{len(rows)} allocations, {seconds:.0f} s: {place:60}", end="", file=sys.stderr)
    print(file=sys.stderr)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (options.out / "digits.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    draw(rows, options.out / "digits.png")
    print(summary(rows))


if __name__ == "__main__":
    main()
