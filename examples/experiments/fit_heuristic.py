"""Fit the numbers of theorycheck/heuristics to the measured data, and tell how good they are.

    python examples/experiments/fit_heuristic.py

Prints for each kind of network the numbers of the law, and for families held out (one after the
other, or by the fixed split) the RMSE, the share of pairs in the right order and the coverage.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from heuristic_data import DATA, FAMILIES, Family, blocks_of, read_rows

from theorycheck.heuristics.features import BlockFeatures
from theorycheck.heuristics.law import HELPED, OFFSET, UNKNOWN, Law, probability, terms
from theorycheck.heuristics.relu import OFFSET as RELU_OFFSET
from theorycheck.heuristics.relu import soft_rank
from theorycheck.measurement.intervals import clopper_pearson
from theorycheck.problem.files import problem_from_dict
from theorycheck.verdict import HeuristicEstimate

KNOWN = Path(__file__).parents[2] / "tests" / "known" / "relu.json"
QUANTILES = (0.03, 0.97)  # of the residuals of families held out: the range of the law
_BY_NAME = {family.name: family for family in FAMILIES}


class Row(NamedTuple):
    """One measured allocation; `matched` is the share of the decided draws."""

    family: Family
    expressivity: str
    budget: int
    blocks: tuple[BlockFeatures, ...] | None
    matched: float
    interval: tuple[float, float]


class Scores(NamedTuple):
    """How good estimates are: `pairs` counts those with measured intervals that do not overlap."""

    rmse: float
    ordered: float
    pairs: int
    coverage: float


def rows_of(name: str, is_recurrent: bool) -> list[Row]:
    """The rows of data/NAME.csv for one kind of network."""
    found = []
    for raw in read_rows(DATA / f"{name}.csv"):
        family = _BY_NAME[raw["family"]]
        if family.is_recurrent != is_recurrent:
            continue
        matches, trials, undecided = (int(raw[key]) for key in ("matches", "trials", "undecided"))
        if undecided == trials:
            continue
        found.append(
            Row(
                family,
                raw["class"],
                raw["learnable"].count("1"),
                blocks_of(raw["blocks"]) if raw["blocks"] else None,
                matches / (trials - undecided),
                clopper_pearson(matches, trials, undecided),
            )
        )
    return found


def fit(rows: Iterable[Row]) -> tuple[float, ...]:
    """Least squares on log(1.01 - MP), over rows with a single block of even degree."""
    single = [row for row in rows if row.blocks is not None and len(row.blocks) == 1]
    table = np.array([terms(row.family.network, row.blocks[0]) for row in single])  # type: ignore[index]
    logs = np.array([math.log(1 + OFFSET - row.matched) for row in single])
    return tuple(np.linalg.lstsq(table, logs, rcond=None)[0].tolist())


def held_out(rows: list[Row]) -> dict[str, tuple[float, ...]]:
    """For each family the numbers that the other families give."""
    names = {row.family.name for row in rows}
    return {name: fit(row for row in rows if row.family.name != name) for name in names}


def spread(rows: list[Row], numbers: dict[str, tuple[float, ...]]) -> tuple[float, float]:
    """Quantiles of the residuals of families held out."""
    residuals = [
        math.log(1 + OFFSET - row.matched)
        - float(np.dot(numbers[row.family.name], terms(row.family.network, row.blocks[0])))
        for row in rows
        if row.blocks is not None and len(row.blocks) == 1
    ]
    low, high = np.quantile(residuals, QUANTILES)
    return float(low), float(high)


def ordered_share(rows: list[Row], estimates: list[float]) -> tuple[float, int]:
    """The share of pairs in the right order, ties as halves, and the number of pairs."""
    right, count = 0.0, 0
    for (one, a), (other, b) in combinations(zip(rows, estimates, strict=True), 2):
        if one.interval[0] <= other.interval[1] and other.interval[0] <= one.interval[1]:
            continue
        count += 1
        right += 0.5 if a == b else float((a > b) == (one.matched > other.matched))
    return (right / count if count else math.nan), count


def scores(rows: list[Row], law: Callable[[Row], Law]) -> Scores:
    """The scores of the law on measured allocations; `law` may depend on the row."""
    found = [probability(row.family.network, row.blocks or (), law(row)) for row in rows]
    points = [point for point, _ in found]
    errors = [point - row.matched for point, row in zip(points, rows, strict=True)]
    inside = [low <= row.matched <= high for (_, (low, high)), row in zip(found, rows, strict=True)]
    rmse = math.sqrt(float(np.mean(np.square(errors))))
    return Scores(rmse, *ordered_share(rows, points), float(np.mean(inside)))


def by_class(row: Row, law: Law) -> tuple[float, tuple[float, float]]:
    """Class plus estimate: 0 if minimal, 1 if maximal, else by the law and its rules of thumb."""
    if row.expressivity in ("minimal", "maximal"):
        value = float(row.expressivity == "maximal")
        return value, (value, value)
    kind = "recurrent" if row.family.is_recurrent else "feedforward"
    if row.blocks is None:
        return UNKNOWN[kind]
    return probability(row.family.network, row.blocks, law) if row.blocks else HELPED[kind]


def draws_needed(matched: float, width: float, prior: tuple[float, float] | None = None) -> int:
    """Draws until the 95 % interval is that narrow, if the share `matched` of them match.

    Clopper-Pearson, or with a `prior` Beta(a, b) the credible interval.

    >>> draws_needed(0.9, 0.04), draws_needed(0.9, 0.04, (270, 30))
    (912, 561)
    """
    from scipy.stats import beta

    low, high = 0, 100_000
    while high - low > 1:
        count = (low + high) // 2
        matches = round(matched * count)
        if prior is None:
            ends = clopper_pearson(matches, count)
        else:
            law = beta(prior[0] + matches, prior[1] + count - matches)
            ends = law.ppf(0.025), law.ppf(0.975)
        low, high = (low, count) if ends[1] - ends[0] <= width else (count, high)
    return high


def prior_savings(rows: list[Row], law: Law, width: float) -> tuple[float, float]:
    """Mean draws to that width without and with the prior that the estimate gives."""
    without, with_prior = [], []
    for row in rows:
        point, band = probability(row.family.network, row.blocks or (), law)
        prior = HeuristicEstimate(point, band, "").beta_prior
        without.append(draws_needed(row.matched, width))
        with_prior.append(draws_needed(row.matched, width, prior))
    return float(np.mean(without)), float(np.mean(with_prior))


def fit_relu() -> tuple[tuple[float, float], tuple[float, float], float, float]:
    """Numbers, spread and held-out RMSE of the ReLU estimate; how the soft rank orders pairs."""
    entries = json.loads(KNOWN.read_text())
    keys, table, shares, softs, intervals = [], [], [], [], []
    for entry in entries:
        regular = entry.pop("expected")["regular"]
        allocation, samples = problem_from_dict(entry)
        soft = soft_rank(allocation, samples)
        keys.append((allocation.network.describe(), samples))
        table.append((1.0, math.log(soft.full + RELU_OFFSET)))
        shares.append(regular["matches"] / regular["trials"])
        softs.append(soft.value)
        intervals.append(clopper_pearson(regular["matches"], regular["trials"]))
    features, measured = np.array(table), np.array(shares)
    logits = np.log((measured + RELU_OFFSET) / (1 + RELU_OFFSET - measured))
    residuals = np.zeros(len(logits))
    for key in set(keys):
        own = np.array([other == key for other in keys])
        numbers = np.linalg.lstsq(features[~own], logits[~own], rcond=None)[0]
        residuals[own] = logits[own] - features[own] @ numbers
    estimates = 1 / (1 + np.exp(residuals - logits))
    whole = np.linalg.lstsq(features, logits, rcond=None)[0]
    rmse = float(np.sqrt(np.mean((estimates - measured) ** 2)))
    band = np.quantile(residuals, QUANTILES)
    order = _soft_order(softs, shares, intervals)
    return (float(whole[0]), float(whole[1])), (float(band[0]), float(band[1])), rmse, order


def _soft_order(softs: list[float], shares: list[float], intervals: list[Any]) -> float:
    right, count = 0.0, 0
    for i, k in combinations(range(len(softs)), 2):
        if intervals[i][0] > intervals[k][1] or intervals[k][0] > intervals[i][1]:
            count += 1
            same = softs[i] == softs[k]
            right += 0.5 if same else float((softs[i] > softs[k]) == (shares[i] > shares[k]))
    return right / count


def _words(found: Scores) -> str:
    pairs = f"{found.ordered:.3f} of {found.pairs} pairs in order"
    return f"RMSE {found.rmse:.4f}, {pairs}, coverage {found.coverage:.3f}"


def report(is_recurrent: bool) -> None:
    """Print the fit of one kind of network."""
    rows = [row for row in rows_of("intermediate", is_recurrent) if row.blocks]
    numbers = held_out(rows)
    band = spread(rows, numbers)
    whole = Law(fit(rows), band)
    print(f"{'LRNN' if is_recurrent else 'LFFN'}: {len(rows)} allocations, {len(numbers)} families")
    print("  numbers", ", ".join(f"{number:.2f}" for number in whole.numbers))
    print("  spread ", ", ".join(f"{number:.2f}" for number in band))
    left_out = scores(rows, lambda row: Law(numbers[row.family.name], band))
    print("  each family held out:", _words(left_out))
    train = [row for row in rows if row.family.part == "train"]
    test = [row for row in rows if row.family.part != "train"]
    split = Law(fit(train), spread(train, held_out(train)))
    print(f"  fixed split, {len(test)} held out:", _words(scores(test, lambda row: split)))
    for width in (0.04, 0.02):
        without, with_prior = prior_savings(test, split, width)
        saved = 1 - with_prior / without
        print(
            f"  width {width}: {without:.0f} draws, {with_prior:.0f} with prior, {saved:.0%} saved"
        )
    mixed = rows_of("mixed", is_recurrent)
    share, pairs = ordered_share(mixed, [by_class(row, whole)[0] for row in mixed])
    print(f"  mixed, {len(mixed)} allocations: {share:.4f} of {pairs} pairs in order")
    proved = [row.interval[0] for row in rows_of("over", is_recurrent)]
    floor = HELPED["recurrent" if is_recurrent else "feedforward"][1][0] - 0.02
    share = float(np.mean(np.array(proved) > floor))
    print(f"  over budget, {len(proved)}: {share:.3f} surely match above {floor:.2f}")


def main() -> None:
    """Print all fits."""
    for is_recurrent in (False, True):
        report(is_recurrent)
    numbers, band, rmse, order = fit_relu()
    print(f"ReLU: numbers {numbers[0]:.2f}, {numbers[1]:.2f}; spread {band[0]:.2f}, {band[1]:.2f}")
    print(f"  each network held out: RMSE {rmse:.4f}; soft rank orders {order:.3f} of pairs")


if __name__ == "__main__":
    main()
