"""Predicates against exact ranks on many random and structured allocations of small networks.

python -m tests.agreement --count 100000 prints how many each theorem decided; exit status 1 and the
allocation if any two disagree, or if a verdict contradicts the exact rank.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat

import numpy as np

import theorycheck as tc
from tests.shared.strategies import WORK_ONLY
from theorycheck.computing.effort import Effort
from theorycheck.computing.options import Options
from theorycheck.problem.files import problem_to_dict
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.registry import THEOREMS


def random_network(rng: np.random.Generator) -> tc.LinearFeedforward | tc.LinearRecurrent:
    """Feed-forward of depth 1 to 4 (a third with biases), or recurrent with 1 to 5 steps."""
    sizes = [int(n) for n in rng.integers(1, 6, 5)]
    if rng.random() < 0.4:
        readout = "final" if rng.random() < 0.7 else "all"
        return tc.LinearRecurrent(min(sizes[0], 3), sizes[1], sizes[2], sizes[3], readout)
    return tc.LinearFeedforward(sizes[: int(rng.integers(2, 6))], bias=bool(rng.random() < 0.3))


def layer_at_the_edge(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """One learnable layer with a, b in 0..3 and about as many frozen weights as there may be."""
    d, m, a, b = (int(n) for n in rng.integers([1, 1, 0, 0], [5, 5, 4, 4]))
    p, q = d + a, m + b
    bias = bool(q > 1 and rng.random() < 0.2)
    if a == 0:
        network = tc.LinearFeedforward([q - bias, d], bias=bias)
    else:
        network = tc.LinearFeedforward([q - bias, p, d], bias=bias)
    n_frozen = min(max(b * p + a * q - a * b + int(rng.integers(-3, 2)), 0), p * q)
    mask = np.ones(p * q, dtype=bool)
    mask[rng.permutation(p * q)[:n_frozen]] = False
    mask = mask.reshape(p, q)
    learnable = {"W1": mask[:, : q - bias]}
    if bias:
        learnable["b1"] = mask[:, -1]
    return tc.Allocation(network, learnable), m


def random_problem(rng: np.random.Generator) -> tuple[tc.Allocation, int]:
    """Random, at the edge, at or above the critical budget; a quarter of the networks sparse."""
    if rng.random() < 0.3:
        return layer_at_the_edge(rng)
    network = random_network(rng)
    m = int(rng.integers(1, 8))
    shapes = network.weight_shapes
    present = None
    if rng.random() < 0.25:
        present = {name: rng.random(shape) < 0.75 for name, shape in shapes.items()}
    frame = tc.Allocation.none(network, present)
    if rng.random() < 0.5:
        budget = Analysis(frame, m).target.value + int(rng.integers(0, 3))
        budget = min(budget, frame.n_present)
        return tc.Allocation.random(network, budget, rng, present=present), m
    names = list(shapes)
    chosen = rng.choice(names, size=1 if rng.random() < 0.5 else 2)
    share = rng.choice([0.4, 0.7, 0.9, 1.0])
    masks = {n: rng.random(shapes[n]) < share for n in chosen}
    masks = {n: mask & frame.present_mask(n) for n, mask in masks.items()}
    return tc.Allocation(network, masks, present), m


# Degrees take seconds where ranks take milliseconds: one problem in fifty is asked for them.
NO_DEGREES = Effort(seconds=0)
SOME_DEGREES = replace(WORK_ONLY, degree=20, instances=40, bases=1)
DEGREES_EVERY = 50


def disagreement(
    allocation: tc.Allocation, m: int, counts: Counter[tuple[str, ...]], effort: Effort = NO_DEGREES
) -> str:
    """Ask every theorem; count who says what. Empty if all agree with each other and the rank."""
    analysis = Analysis(allocation, m, Options(effort=effort))
    is_minimal = analysis.rank.value < analysis.target.value
    try:
        verdict = tc.classify(allocation, m, effort=effort)
        counts["verdict", verdict.theorem or "none", str(verdict.expressivity)] += 1
        for theorem in THEOREMS:
            if theorem.why_not(analysis) is not None:
                continue
            finding = theorem.decide(analysis)
            if finding is None:
                counts["all", theorem.id, "open"] += 1
                continue
            counts["all", theorem.id, str(finding.expressivity)] += 1
            counts["kind", theorem.id, finding.kind] += 1
            if (finding.expressivity == "minimal") != is_minimal:
                return f"{theorem.id} says {finding.expressivity}: {finding.reason}"
        if is_minimal != (verdict.expressivity == "minimal"):
            return f"the verdict is {verdict.expressivity}"
        if not tc.check(verdict.certificate):  # type: ignore[arg-type]
            return f"the certificate fails: {tc.check(verdict.certificate).reason}"  # type: ignore
    except tc.TheorycheckError as error:
        return str(error)
    return ""


def run_chunk(seed: int, count: int) -> tuple[Counter[tuple[str, ...]], list[str]]:
    """Counts and disagreements of `count` problems of one seed."""
    rng = np.random.default_rng(seed)
    counts: Counter[tuple[str, ...]] = Counter()
    wrong: list[str] = []
    for number in range(count):
        allocation, m = random_problem(rng)
        effort = NO_DEGREES if number % DEGREES_EVERY else SOME_DEGREES
        message = disagreement(allocation, m, counts, effort)
        if message:
            wrong.append(f"{message}\n{json.dumps(problem_to_dict(allocation, m))}")
    return counts, wrong


def tables(counts: Counter[tuple[str, ...]]) -> Iterator[str]:
    """Who decided, who would have said what, and by which kind of certificate."""
    for part, title in (("verdict", "verdict"), ("all", "every theorem asked"), ("kind", "kinds")):
        yield f"\n{title}"
        rows = sorted((key[1:], n) for key, n in counts.items() if key[0] == part)
        yield from (f"  {who:<5}{what:<20}{n:>8}" for (who, what), n in rows)


def main() -> int:
    """Run in parallel; the seeds of the chunks are consecutive, so a run can be repeated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    n_chunks = max(arguments.count // 1000, 1)
    size = -(-arguments.count // n_chunks)
    seeds = range(arguments.seed, arguments.seed + n_chunks)
    total: Counter[tuple[str, ...]] = Counter()
    wrong: list[str] = []
    with ProcessPoolExecutor(arguments.workers) as pool:
        for counts, messages in pool.map(run_chunk, seeds, repeat(size)):
            total += counts
            wrong += messages
    print(f"{n_chunks * size} allocations, {len(wrong)} disagreements")
    print("\n".join([*tables(total), *wrong[:10]]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
