"""Ranks modulo a prime against ranks in balls of hundreds of digits, of random networks.

`python -m tests.ranks.high_precision --count N --seed S` compares N allocations: the rank of the
oracle (T11) and that of the true Jacobian at a random real point, which never exceeds the generic
rank. A true rank above that of the oracle is a contradiction; one below it gets new points and more
digits before it counts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

import theorycheck as tc
from theorycheck.problem.masks import Entry, entries_of
from theorycheck.problem.networks.activations import ACTIVATIONS
from theorycheck.problem.networks.base import Network
from theorycheck.proofs.shared.nonlinear import (
    BITS,
    MOST_BITS,
    Columns,
    TooFewDigits,
    proved_rank,
    true_columns,
    true_rank,
)
from theorycheck.ranks.bases import masks_with
from theorycheck.ranks.exactness import why_not_exact
from theorycheck.ranks.generic_rank import generic_rank

ANALYTIC = tuple(name for name, row in ACTIVATIONS.items() if row.is_analytic)
REDRAWS = 4  # each with twice the digits


@dataclass(frozen=True)
class Compared:
    """The rank of an allocation modulo a prime and at real points, and what is known of it."""

    allocation: tc.Allocation
    samples: int
    oracle: int
    true: int
    is_exact: bool

    @property
    def upper(self) -> int:
        """What counting allows."""
        equations = self.allocation.network.n_equations(self.samples)
        return min(self.allocation.n_learnable, equations)

    @property
    def is_contradiction(self) -> bool:
        """Whether the oracle's rank is too low, or too high where it is proved to be exact."""
        return self.true > self.oracle or (self.is_exact and self.true != self.oracle)


def random_filters(rng: np.random.Generator, names: Sequence[str] = ANALYTIC) -> Network:
    """A convolutional network of small sizes: strides, padding, pooling, one or two dimensions."""
    while True:
        axes, depth = (2 if rng.random() < 0.3 else 1), int(rng.integers(1, 3))
        size = rng.integers(1, 6 if axes == 1 else 4, axes).tolist()
        layers = []
        for _ in range(depth):
            kernel = rng.integers(1, 4 if axes == 1 else 3, axes)
            padding = rng.integers(0, kernel)
            layers.append(
                {
                    "channels": int(rng.integers(1, 4)),
                    "kernel": kernel.tolist(),
                    "padding": padding.tolist() if rng.random() < 0.6 else 0,
                    "stride": rng.integers(1, 3, axes).tolist(),
                    "pool": rng.integers(1, 3, axes).tolist(),
                }
            )
        kinds = rng.choice(names, depth if rng.random() < 0.4 else 1).tolist()
        activation = kinds if len(kinds) == depth else kinds[0]
        sizes = [int(rng.integers(1, 3)), *size]
        outputs, bias = int(rng.integers(1, 3)), bool(rng.integers(2))
        with suppress(tc.InputError):  # a filter or a window larger than what it reads
            network = tc.Convolutional(sizes, layers, outputs, activation=activation, bias=bias)
            if network.n_weights <= 60:
                return network


def random_residual(rng: np.random.Generator, names: Sequence[str] = ANALYTIC) -> Network:
    """A feed-forward network with at least one residual layer."""
    while True:
        depth = int(rng.integers(2, 5))
        widths = rng.integers(1, 4, depth + 1)
        widths[:-1] = np.where(rng.random(depth) < 0.7, widths[0], widths[:-1])
        kinds = rng.choice(names, depth - 1 if rng.random() < 0.4 else 1).tolist()
        activation = kinds if len(kinds) == depth - 1 else kinds[0]
        bias = bool(rng.integers(2))
        network = tc.Feedforward(widths.tolist(), activation=activation, bias=bias, skip=True)
        if network.residual:
            return network


def random_network(rng: np.random.Generator, names: Sequence[str] = ANALYTIC) -> Network:
    """A nonlinear network of small sizes, of one activation or several."""
    kind = rng.random()
    if kind < 0.25:
        return random_filters(rng, names)
    if kind < 0.4:
        return random_residual(rng, names)
    bias = bool(rng.integers(2))
    while True:
        if rng.random() < 0.35:
            sizes = [int(rng.integers(1, most + 1)) for most in (2, 3, 2, 4)]
            readout: Any = rng.choice(["final", "all"])
            name = str(rng.choice(names))
            network: Network = tc.Recurrent(*sizes, readout=readout, activation=name, bias=bias)
        else:
            depth = int(rng.integers(2, 5))
            widths = rng.integers(1, 5, depth + 1).tolist()
            kinds = rng.choice(names, depth - 1 if rng.random() < 0.4 else 1).tolist()
            activation = kinds if len(kinds) == depth - 1 else kinds[0]
            network = tc.Feedforward(widths, activation=activation, bias=bias)
        if not network.plainest.is_linear:
            return network


KINDS = {"any": random_network, "filters": random_filters, "residual": random_residual}


def random_present(rng: np.random.Generator, network: Network) -> dict[str, np.ndarray]:
    """Which weights there are: all, most, half, or all but those that enter some units."""
    shapes = network.weight_shapes
    density = rng.choice([1.0, 1.0, 0.8, 0.5])
    present = {name: rng.random(shape) < density for name, shape in shapes.items()}
    if rng.random() < 0.25:  # units that are never reached, or only by the bias
        name = str(rng.choice([name for name, shape in shapes.items() if len(shape) > 1]))
        present[name][rng.random(len(present[name])) < 0.5] = False
    return present


def random_entries(rng: np.random.Generator, present: Sequence[Entry]) -> list[Entry]:
    """Some of the weights: any share of them, a few layers, or a few rows."""
    kind = rng.integers(3)
    if kind == 0:
        kept = [one for one in present if rng.random() < 0.75]
    elif kind == 1:
        share = rng.random()
        kept = [one for one in present if rng.random() < share]
    else:
        lines = {(name, index[0]) for name, index in present if rng.random() < 0.3}
        kept = [one for one in present if (one[0], one[1][0]) in lines]
    return kept or list(present)


def settled(allocation: tc.Allocation, samples: int, seed: int, wanted: int, found: int) -> int:
    """The largest rank of new points with more and more digits, until it is the wanted one."""
    network = allocation.network
    present = {name: allocation.present_mask(name) for name in network.weight_shapes}
    entries = entries_of(dict(allocation.masks("learnable")))
    bits = BITS
    for again in range(1, REDRAWS + 1):
        if found >= wanted:
            break
        bits *= 2
        with suppress(TooFewDigits):
            redrawn = true_rank(network, present, entries, samples, seed + 7919 * again, bits)
            found = max(found, redrawn)
    return found


def columns_of(network: Network, present: Any, samples: int, seed: int) -> tuple[Columns, int]:
    """The true Jacobian at a point, with as many bits as its whole rank asks for, and these."""
    bits = BITS
    while True:
        columns = true_columns(network, present, samples, seed, bits)
        try:
            proved_rank(list(columns.values()), bits)
        except TooFewDigits:
            if bits >= MOST_BITS:
                raise
            bits *= 2
        else:
            return columns, bits


def compare_all(
    network: Network, present: Any, samples: int, masks: Sequence[list[Entry]], seed: int
) -> Iterator[Compared]:
    """Each set of learnable entries of one network, its Jacobian evaluated once."""
    columns, bits = columns_of(network, present, samples, seed)
    for number, entries in enumerate(masks):
        allocation = tc.Allocation(network, masks_with(network, entries), present)
        upper = min(len(entries), network.n_equations(samples))
        oracle = generic_rank(allocation, samples, upper=upper, seed=seed + number).value
        try:
            true = proved_rank([columns[entry] for entry in entries], bits)
        except TooFewDigits:
            true = 0  # new points will tell
        true = settled(allocation, samples, seed, oracle, true)
        is_exact = why_not_exact(allocation) is None
        yield Compared(allocation, samples, oracle, true, is_exact)


def random_comparisons(
    seed: int,
    per_network: int = 8,
    names: Sequence[str] = ANALYTIC,
    made: Callable[[np.random.Generator, Sequence[str]], Network] = random_network,
) -> Iterator[Compared]:
    """Endless: random networks, with some random masks each."""
    rng = np.random.default_rng(seed)
    while True:
        network = made(rng, names)
        present = random_present(rng, network)
        entries = [
            (name, index)
            for name, mask in present.items()
            for index in np.ndindex(*mask.shape)
            if mask[index]
        ]
        if not entries:
            continue
        n_equations = network.n_equations(1)
        about = 1 + len(entries) // n_equations
        samples = int(rng.integers(1, min(about + 1, 24 // n_equations + 1) + 1))
        masks = [random_entries(rng, entries) for _ in range(per_network)]
        with suppress(TooFewDigits):  # a tower of exponentials: another network
            yield from compare_all(network, present, samples, masks, int(rng.integers(2**31)))


def _shown(one: Compared) -> str:
    masks = {name: mask.astype(int).tolist() for name, mask in one.allocation.masks("learnable")}
    present = {n: m.astype(int).tolist() for n, m in one.allocation.given_present().items()}
    what = f"{one.allocation.network!r}, m = {one.samples}, {masks}, present {present}"
    return f"oracle {one.oracle}, true {one.true}, exact {one.is_exact}: {what}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts; the status is 1 if there is a contradiction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--kind", choices=KINDS, default="any")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    start = time.monotonic()
    found = random_comparisons(options.seed, made=KINDS[options.kind])
    for number, one in enumerate(found):
        if number >= options.count or time.monotonic() - start > options.seconds:
            break
        counts["compared"] += 1
        counts["equal"] += one.oracle == one.true
        counts["deficient"] += one.oracle < one.upper
        counts["exact"] += one.is_exact
        if one.is_contradiction:
            counts["contradictions"] += 1
            print("CONTRADICTION", _shown(one), flush=True)
        elif one.true < one.oracle:
            counts["oracle larger, not claimed exact"] += 1
            print("below", _shown(one), flush=True)
        for name in set(one.allocation.network.activations):
            counts[f"with {name}"] += 1
        counts[one.allocation.network.kind] += 1
        counts["residual"] += bool(getattr(one.allocation.network, "residual", ()))
        counts["sparse"] += not one.allocation.is_dense
    for name, count in sorted(counts.items()):
        print(f"{count:8d} {name}")
    return int(counts["contradictions"] > 0)


if __name__ == "__main__":
    sys.exit(main())
