"""What the rules of T12 say of random small networks, against many searched draws.

python -m tests.theorems.readout_fits --count 500 --seed 0 prints how many draws are matched, rule
by rule; exit status 1 if a rule is contradicted.
"""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

import theorycheck as tc
from tests.planted.__main__ import in_words
from theorycheck.computing.options import Options
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.base import Finding
from theorycheck.theorems.t12_readout import THEOREM
from theorycheck.verdict import Expressivity
from theorycheck.verification.fits import Fitted

ACTIVATIONS = ("erf", "arctan", "sigmoid", "softplus", "silu", "gelu", "sin", "exp", "square",
               "cube")  # fmt: skip
DRAWS, STARTS = 40, (12, 60, 228)
MISSED = 0.1  # of the draws of a maximal allocation: searches miss some


class Fits(NamedTuple):
    """What a rule said, and which share of the draws a search matched."""

    allocation: tc.Allocation
    samples: int
    finding: Finding
    share: float

    @property
    def is_wrong(self) -> bool:
        """Whether so few, or so many, matches are as good as impossible."""
        if self.finding.expressivity is Expressivity.MAXIMAL:
            return self.share < 1 - MISSED
        return self.share == 0


def random_problem(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """One hidden layer, at times two, with any mask."""
    middle = rng.integers(1, 4, size=1 + (rng.random() < 0.25)).tolist()
    name = "tanh" if rng.random() < 0.4 else str(rng.choice(ACTIVATIONS))
    network = tc.Feedforward(
        [int(rng.integers(1, 4)), *middle, int(rng.integers(1, 3))],
        activation=name,
        bias=bool(rng.random() < 0.6),
    )
    share = rng.choice([0.3, 0.5, 0.7, 0.9])
    masks = {name: rng.random(shape) < share for name, shape in network.weight_shapes.items()}
    return tc.Allocation(network, masks), int(rng.integers(1, 5))


def decided(count: int, seed: int, most: int = 10**9) -> Iterator[Fits]:
    """The first `count` random problems that T12 decides, at most `most` of each kind."""
    rng, kinds = np.random.default_rng(seed), collections.Counter()
    while sum(kinds.values()) < count:
        allocation, samples = random_problem(rng)
        finding = THEOREM.ask(Analysis(allocation, samples, Options(seed=seed)))
        if finding is None or kinds[finding.kind] >= most:
            continue
        kinds[finding.kind] += 1
        yield Fits(allocation, samples, finding, matched_share(allocation, samples, finding, seed))


def matched_share(allocation: tc.Allocation, samples: int, finding: Finding, seed: int) -> float:
    """The share of the draws that are matched; many starts only where all should be."""
    fitted = Fitted(allocation, samples, seed)
    draws = fitted.drawn(DRAWS)
    found = np.zeros(DRAWS, dtype=bool)
    is_maximal = finding.expressivity is Expressivity.MAXIMAL
    for starts in STARTS if is_maximal else STARTS[:1]:
        left = np.flatnonzero(~found)
        if len(left) <= 0.02 * DRAWS:
            break
        found[left] = fitted.matched(draws.part(left), starts)
    return float(found.mean())


def main() -> int:
    """Print the table, and every contradiction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    shares = collections.defaultdict(list)
    wrong = []
    most = -(-arguments.count // 5)
    for fits in decided(arguments.count, arguments.seed, most):
        shares[fits.finding.kind, str(fits.finding.expressivity)].append(fits.share)
        if fits.is_wrong:
            wrong.append(fits)
            print(in_words(fits.allocation, fits.samples), fits.finding.kind, fits.share)
    for (kind, said), found in sorted(shares.items()):
        all_matched = sum(share == 1 for share in found)
        span = f"{np.min(found):.3f} to {np.max(found):.3f}, mean {np.mean(found):.4f}"
        print(f"{kind} {said}: {len(found)} problems, matched {span}, all draws in {all_matched}")
    print(f"{len(wrong)} contradicted")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
