"""Whole classifications, checks of certificates, and start-up."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.benchmarks.convention import measure, note

pytestmark = pytest.mark.benchmark(group="Whole classifications")

CASES = {
    "784-256-10, 784 samples, 8,000 learnables spread": ([784, 256, 10], 784, 8000),
    "64-64-64-16, 64 samples, 1,100 learnables spread": ([64, 64, 64, 16], 64, 1100),
}


@pytest.mark.parametrize("case", CASES)
def test_classify_a_spread_allocation(benchmark: Any, case: str):
    widths, samples, budget = CASES[case]
    if benchmark.disabled and widths[0] == 784:
        widths, samples, budget = [98, 32, 10], 98, 1000
    network = tc.LinearFeedforward(widths)
    allocation = tc.Allocation.spread(network, budget, np.random.default_rng(0))
    (verdict,) = measure(benchmark, case, lambda: tc.classify(allocation, samples), rounds=3)
    assert verdict.rank == verdict.target_dimension
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    text = f"{verdict.expressivity} by {verdict.theorem}, rank {verdict.rank:,}"
    note(benchmark, f"{text}; peak memory of the process so far {peak:.2f} GiB")


@pytest.mark.parametrize("layer", ["last", "middle"])
def test_classify_a_large_single_layer_mask(benchmark: Any, layer: str):
    n = 4096
    if layer == "last":
        network = tc.LinearFeedforward([n, n])
        mask = np.random.default_rng(0).random((n, n)) < 0.5
        allocation, samples = tc.Allocation(network, {"W1": mask}), 1000
    else:
        network = tc.LinearFeedforward([n, n, n - 1])
        mask = ~np.eye(n, dtype=bool)
        mask[0] = False
        allocation, samples = tc.Allocation(network, {"W1": mask}), n - 1
    how = {"last": "last layer, degrees", "middle": "middle layer, forest test"}[layer]
    case = f"one mask of {n} x {n}, {how}"
    (verdict,) = measure(benchmark, case, lambda: tc.classify(allocation, samples), rounds=9)
    assert verdict.expressivity == "maximal"


def test_check_a_minor_of_a_thousand(benchmark: Any):
    network = tc.LinearFeedforward([64, 64, 64, 16])
    allocation = tc.Allocation.spread(network, 1100, np.random.default_rng(0))
    certificate = tc.classify(allocation, 64).certificate
    assert certificate is not None
    case = "`check` of a minor of size 1,024, plain Python integers"
    measure(benchmark, case, lambda: tc.check(certificate), rounds=3)


def test_help_starts_up(benchmark: Any):
    command = [sys.executable, "-m", "theorycheck", "--help"]

    def start() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    measure(benchmark, "`theorycheck --help`", start, rounds=9)
