"""What the experiments share: families, dispersion, rank correlation, tables that are resumed."""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations, product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

import theorycheck as tc
from theorycheck.problem.networks.base import Network


def options_parser(
    doc: str | None, folder: str, quick: str = "less of everything", seed: int = 0
) -> argparse.ArgumentParser:
    """The options of every experiment; the first line of `doc` describes it."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(folder), help="folder for the results")
    parser.add_argument("--quick", action="store_true", help=f"{quick}, for CI")
    parser.add_argument("--seed", type=int, default=seed)
    return parser


class Family(NamedTuple):
    """Allocations of one network on a number of samples, learnables only in `within`, if given."""

    kind: str  # LFFN, LRNN (inputs, hidden, outputs, steps) or ReLU
    widths: tuple[int, ...]
    samples: int
    within: str = ""

    @property
    def name(self) -> str:
        """For example `LFFN 2-2-2 m2`."""
        only = f" {self.within}" if self.within else ""
        return f"{self.kind} {'-'.join(map(str, self.widths))} m{self.samples}{only}"

    @property
    def network(self) -> Network:
        """The network."""
        if self.kind == "LRNN":
            inputs, hidden, outputs, steps = self.widths
            return tc.LinearRecurrent(inputs, hidden, outputs, steps)
        cls = tc.ShallowReLU if self.kind == "ReLU" else tc.LinearFeedforward
        return cls(self.widths)

    @property
    def entries(self) -> list[tuple[str, tuple[int, ...]]]:
        """The weights that may be learnable, as name and index."""
        shapes = self.network.weight_shapes
        names = [self.within] if self.within else list(shapes)
        return [(name, index) for name in names for index in np.ndindex(shapes[name])]

    @property
    def target(self) -> int:
        """Target dimension."""
        if self.kind == "ReLU":
            return self.samples * self.widths[-1]
        full = tc.classify(tc.Allocation.full(self.network), self.samples)
        assert full.target_dimension is not None
        return full.target_dimension


def allocation_with(
    family: Family, entries: Iterable[tuple[str, tuple[int, ...]]]
) -> tc.Allocation:
    """The allocation whose learnables are `entries`."""
    masks = {name: np.zeros(shape, bool) for name, shape in family.network.weight_shapes.items()}
    for name, index in entries:
        masks[name][index] = True
    return tc.Allocation(family.network, masks)


def allocations(family: Family, budget: int, draw: str, count: int, seed: int) -> Iterator[Any]:
    """Allocations with `budget` learnables: `all` of them, `uniform` ones or those of a `split`.

    `uniform` are `count` distinct random ones; a `split` draws how many learnables each layer gets,
    all ways equally likely, and then which: so concentrated ones occur that are rare otherwise.
    """
    entries, rng = family.entries, np.random.default_rng([seed, budget, len(draw)])
    if draw == "all":
        for chosen in combinations(entries, budget):
            yield allocation_with(family, chosen)
        return
    sizes = [math.prod(shape) for shape in family.network.weight_shapes.values()]
    ways = [way for way in product(*(range(s + 1) for s in sizes)) if sum(way) == budget]
    starts = np.cumsum([0, *sizes[:-1]])
    seen: set[tuple[int, ...]] = set()
    while len(seen) < count:
        places = rng.choice(len(entries), budget, replace=False)
        if draw == "split":
            way = ways[rng.integers(len(ways))]
            parts = [
                start + rng.choice(size, n, replace=False)
                for start, size, n in zip(starts, sizes, way, strict=True)
            ]
            places = np.concatenate(parts)
        key = tuple(sorted(places.tolist()))
        if key not in seen:
            seen.add(key)
            yield allocation_with(family, [entries[place] for place in key])


def orbit(allocation: tc.Allocation) -> tuple[Any, ...]:
    """The same for allocations that differ by a permutation of hidden units, inputs, outputs.

    Such allocations have the same match probability (T8), so one of them is measured.
    """
    network = allocation.network
    names = list(network.weight_shapes)
    masks = {name: np.asarray(allocation.mask(name)) for name in names}
    is_recurrent = isinstance(network, tc.LinearRecurrent)
    hidden = [network.hidden] if is_recurrent else list(network.widths[1:-1])
    best: tuple[Any, ...] | None = None
    for orders in product(*(list(permutations(range(size))) for size in hidden)):
        form = []
        for place, name in enumerate(names):
            mask = masks[name]
            if name != "readout" and place < len(names) - 1:
                mask = mask[list(orders[0 if is_recurrent else place])]
            if name != "input" and place > 0:
                mask = mask[:, list(orders[0 if is_recurrent else place - 1])]
            lines = [tuple(line) for line in (mask.T if place == 0 else mask).tolist()]
            is_end = place in (0, len(names) - 1)  # inputs and outputs may be permuted freely
            form.append(tuple(sorted(lines) if is_end else lines))
        best = tuple(form) if best is None or tuple(form) < best else best
    assert best is not None
    return best


def entropy(counts: ArrayLike) -> float:
    """Entropy of the shares of `counts` in nats; its exponential is the effective number.

    >>> round(float(np.exp(entropy([2, 2, 0]))), 6)
    2.0
    """
    values = np.asarray(counts, dtype=float).ravel()
    shares = values[values > 0] / values.sum()
    return float(max(-(shares * np.log(shares)).sum(), 0.0))


def dispersion(allocation: tc.Allocation) -> dict[str, float]:
    """Effective numbers of layers, and of rows and columns within a layer.

    Of layers: the exponential of the entropy H(layer) of a random learnable. Of rows (columns): of
    H(row | layer), so that a spread over layers does not count as one over rows.
    """
    masks = [np.asarray(mask) for _, mask in allocation.masks("learnable")]
    layers = entropy([mask.sum() for mask in masks])
    found = {"layers": float(np.exp(layers))}
    for name, axis in (("rows", 1), ("columns", 0)):
        joint = np.concatenate([mask.sum(axis=axis) for mask in masks])
        found[name] = float(np.exp(entropy(joint) - layers))
    return found


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks along the last axis, ties at their mean."""
    from scipy.stats import rankdata

    return rankdata(np.round(values, 9), axis=-1)


def spearman(x: ArrayLike, y: ArrayLike) -> Any:
    """Spearman's rank correlation along the last axis; nan where one side is constant."""
    a, b = ranks(np.asarray(x, dtype=float)), ranks(np.asarray(y, dtype=float))
    a, b = a - a.mean(axis=-1, keepdims=True), b - b.mean(axis=-1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return np.where(size > 1e-9, (a * b).sum(axis=-1) / np.where(size > 1e-9, size, 1), np.nan)


class Correlation(NamedTuple):
    """A rank correlation with its 95 % interval from `number` allocations."""

    value: float
    low: float
    high: float
    number: int

    def __str__(self) -> str:
        if math.isnan(self.value):
            return f"constant (n = {self.number})"
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f}, n = {self.number})"


def correlation(x: Sequence[float], y: Sequence[float], seed: int, times: int = 1000) -> Any:
    """Spearman's correlation with a percentile interval from bootstrap samples of the pairs."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(a) < 3 or math.isnan(value := float(spearman(a, b))):
        return Correlation(math.nan, math.nan, math.nan, len(a))
    chosen = np.random.default_rng(seed).integers(len(a), size=(times, len(a)))
    values = spearman(a[chosen], b[chosen])
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Correlation(value, float(low), float(high), len(a))


class Interval(NamedTuple):
    """A measured number with the interval that it is compared by."""

    value: float
    low: float
    high: float


def ordered_pairs(measured: Sequence[Interval]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Indices (lower, higher) of all pairs whose intervals do not overlap."""
    lows, highs = (np.array([getattr(one, name) for one in measured]) for name in ("low", "high"))
    lower, higher = np.nonzero(highs[:, None] < lows[None, :])
    return lower, higher


def pairwise_accuracy(predicted: Sequence[float], measured: Sequence[Interval]) -> Any:
    """Share of the ordered pairs that are predicted in order, ties as half; and how many."""
    lower, higher = ordered_pairs(measured)
    values = np.round(np.asarray(predicted, dtype=float), 9)
    right = (values[lower] < values[higher]) + 0.5 * (values[lower] == values[higher])
    return (float(right.mean()) if len(right) else math.nan), len(right)


class Table:
    """A CSV file to which rows are added as they are found; old ones of the same run are kept."""

    def __init__(self, path: Path, fields: Sequence[str], run: dict[str, Any]) -> None:
        self.path, self.fields, self.run = path, [*fields, *run], run
        self.start, self.rows = time.perf_counter(), list[dict[str, Any]]()
        if path.exists():
            with path.open(newline="") as file:
                old = list(csv.DictReader(file))
            if old and all(old[0].get(name) == str(value) for name, value in run.items()):
                self.rows = old
        if not self.rows:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="") as file:
                csv.DictWriter(file, self.fields, lineterminator="\n").writeheader()

    def add(self, row: dict[str, Any]) -> None:
        """Write one row."""
        row = {**row, **self.run}
        self.rows.append({name: str(row[name]) for name in self.fields})
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, self.fields, extrasaction="ignore", lineterminator="\n")
            writer.writerow(row)

    def progress(self, text: str) -> None:
        """Tell on standard error what is being done."""
        seconds = time.perf_counter() - self.start
        print(f"\r{len(self.rows)} rows, {seconds:.0f} s: {text:50}", end="", file=sys.stderr)


def plotting() -> Any:
    """Matplotlib's pyplot, drawing to files only."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def forest(
    panel: Any, place: float, found: Correlation, colour: str, *, hollow: bool = False
) -> None:
    """One correlation with its interval, as a line of a forest plot; nothing if it is constant."""
    if math.isnan(found.value):
        return
    height = place - 0.15 if hollow else place + 0.15
    panel.plot([found.low, found.high], [height] * 2, color=colour)
    face = "white" if hollow else colour
    panel.plot(found.value, height, "o", ms=5, mfc=face, color=colour)


def save_figure(figure: Any, path: Path) -> None:
    """Write the figure as a small PNG file of 64 colours."""
    from PIL import Image  # comes with matplotlib

    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    plotting().close(figure)
    with Image.open(buffer) as image:
        image.convert("RGB").quantize(64).save(path, optimize=True)
