"""Above the critical budget: whether theorems agree on whole families, and how much they decide.

python -m tests.over_budget orbits --family 333 --budgets 9 10 asks every theorem about one mask of
each orbit; a disagreement ends it with exit status 1. python -m tests.over_budget shares 5-5-5
prints the share of random masks with a final verdict, with plans (T13 to T18) and without.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

import theorycheck as tc
from theorycheck.sweeps.enumeration.orbits import orbits
from theorycheck.sweeps.enumeration.symmetry import Symmetry
from theorycheck.sweeps.mask_space import MaskSpace
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS

PLANS = {"T13", "T14", "T15", "T16", "T18"}
RATIOS = (1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3)


@dataclass(frozen=True)
class Family:
    """A network and how many samples it is to match."""

    network: tc.LinearFeedforward | tc.LinearRecurrent
    samples: int

    @property
    def target(self) -> int:
        """The target dimension D."""
        return Analysis(tc.Allocation.none(self.network), self.samples).target.value


def _layers(text: str, samples: int) -> Family:
    return Family(tc.LinearFeedforward([int(n) for n in text.split("-")]), samples)


FAMILIES = {
    "333": _layers("3-3-3", 3),
    "2332": _layers("2-3-3-2", 2),
    "343": _layers("3-4-3", 3),
    "lrnn-222": Family(tc.LinearRecurrent(2, 2, 2, 3), 2),
    "lrnn-131": Family(tc.LinearRecurrent(1, 3, 1, 4), 3),
    "5-5-5": _layers("5-5-5", 5),
    "6-6-6": _layers("6-6-6", 6),
    "8-8-8": _layers("8-8-8", 8),
    "4-4-4-4": _layers("4-4-4-4", 4),
    "6-6-6-6": _layers("6-6-6-6", 6),
    "10-16-16-5": _layers("10-16-16-5", 20),
    "64-64-64-16": _layers("64-64-64-16", 64),
    "32-64-64-32-8": _layers("32-64-64-32-8", 32),
    "20-64-64-10/10": _layers("20-64-64-10", 10),
    "20-64-64-10/20": _layers("20-64-64-10", 20),
    "20-64-64-10/64": _layers("20-64-64-10", 64),
    "784-256-10/100": _layers("784-256-10", 100),
    "784-256-10/784": _layers("784-256-10", 784),
    "lrnn-242": Family(tc.LinearRecurrent(2, 4, 2, 4), 4),
    "lrnn-383": Family(tc.LinearRecurrent(3, 8, 3, 5), 6),
    "lrnn-4-32-4": Family(tc.LinearRecurrent(4, 32, 4, 6), 16),
}


def allocations(family: Family, budget: int) -> Iterator[tc.Allocation]:
    """One allocation of each orbit (T8) with this many learnables."""
    space = MaskSpace(family.network, tuple(family.network.weight_shapes))
    for orbit in orbits(Symmetry(space, family.samples), budget):
        places = np.flatnonzero(orbit.mask)
        masks, start = {}, 0
        for name, shape in family.network.weight_shapes.items():
            size = int(np.prod(shape))
            inside = places[(places >= start) & (places < start + size)] - start
            masks[name] = np.bincount(inside, minlength=size).reshape(shape).astype(bool)
            start += size
        yield tc.Allocation(family.network, masks)


def agree(family: Family, budget: int, effort: tc.Effort, most: int | None = None) -> Counter[str]:
    """Classes and deciding theorems, every theorem having been asked.

    Raises `ContradictionError` if two disagree, `AssertionError` if a certificate is refused.
    """
    found: Counter[str] = Counter()
    for number, allocation in enumerate(allocations(family, budget)):
        if number == most:
            break
        verdict = tc.classify(allocation, family.samples, cross_check=True, effort=effort)
        found[f"{verdict.expressivity} {verdict.theorem}"] += 1
        if verdict.certificate is not None:
            assert tc.check(verdict.certificate.to_dict()), verdict.certificate.to_dict()
    return found


@dataclass(frozen=True)
class Share:
    """Of how many masks how many have a final verdict, and the median and largest CPU seconds."""

    final: int
    masks: int
    median: float
    largest: float


def share(family: Family, ratio: float, masks: int, effort: tc.Effort, *, plans: bool) -> Share:
    """For random masks with `ratio` times D learnables, of seeds 0, 1, ..."""
    theorems = [theorem for theorem in THEOREMS if plans or theorem.id not in PLANS]
    budget, final, times = round(ratio * family.target), 0, []
    for seed in range(masks):
        rng = np.random.default_rng(seed)
        allocation = tc.Allocation.random(family.network, budget, rng)
        start = time.process_time()
        verdict = tc.classify(allocation, family.samples, theorems=theorems, effort=effort)
        times.append(time.process_time() - start)
        final += verdict.expressivity.is_final
    return Share(final, masks, float(np.median(times)), max(times))


def main() -> None:
    """Print either table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["orbits", "shares"])
    parser.add_argument("family", nargs="+", choices=sorted(FAMILIES))
    parser.add_argument("--budgets", type=int, nargs="+", default=[], help="learnables, of orbits")
    parser.add_argument("--ratios", type=float, nargs="+", default=RATIOS, help="r/D, of shares")
    parser.add_argument("--masks", type=int, default=10, help="random masks of each ratio")
    parser.add_argument("--most", type=int, help="orbits of each budget")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--without", action="store_true", help="without plans, too")
    options = parser.parse_args()
    effort = tc.Effort(seconds=options.seconds)
    for name in options.family:
        family = FAMILIES[name]
        for budget in options.budgets if options.what == "orbits" else ():
            found = agree(family, budget, effort, options.most)
            print(f"{name} r = {budget}: {dict(found.most_common())}", flush=True)
        for ratio in options.ratios if options.what == "shares" else ():
            if round(ratio * family.target) > family.network.n_weights:
                continue
            words = []
            for plans in (False, True) if options.without else (True,):
                one = share(family, ratio, options.masks, effort, plans=plans)
                words.append(f"{'with' if plans else 'without'} plans {one.final}/{one.masks} "
                             f"({one.median:.2f}, at most {one.largest:.1f} s)")  # fmt: skip
            print(f"{name} {ratio} D: {', '.join(words)}", flush=True)


if __name__ == "__main__":
    main()
