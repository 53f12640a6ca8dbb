"""Time and memory of whole classifications, and start-up; no time is asserted.

Run with: OPENBLAS_NUM_THREADS=2 pytest tests/benchmarks/test_bench_classify.py --benchmark-only
"""

import resource
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import theorycheck as tc

CASES = {
    "spread over 784-256-10": ([784, 256, 10], 784, 8000),
    "spread over 64-64-64-16": ([64, 64, 64, 16], 64, 1100),
}


@pytest.mark.parametrize("case", CASES)
def test_classify_a_spread_allocation(benchmark: Any, case: str):
    widths, samples, budget = CASES[case]
    network = tc.LinearFeedforward(widths)
    allocation = tc.Allocation.spread(network, budget, np.random.default_rng(0))
    verdict = benchmark.pedantic(tc.classify, (allocation, samples), rounds=3)
    benchmark.extra_info["verdict"] = f"{verdict.expressivity} by {verdict.theorem}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    benchmark.extra_info["peak_GiB_of_the_process"] = round(peak, 2)
    assert verdict.rank == verdict.target_dimension


@pytest.mark.parametrize("layer", ["last", "forest"])
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
    verdict = benchmark.pedantic(tc.classify, (allocation, samples), rounds=9)
    assert verdict.expressivity == "maximal"


def test_check_a_minor_of_a_thousand(benchmark: Any):
    network = tc.LinearFeedforward([64, 64, 64, 16])
    allocation = tc.Allocation.spread(network, 1100, np.random.default_rng(0))
    certificate = tc.classify(allocation, 64).certificate
    assert certificate is not None
    assert benchmark.pedantic(tc.check, (certificate,), rounds=3)


def test_help_starts_up(benchmark: Any):
    command = [sys.executable, "-m", "theorycheck", "--help"]
    benchmark.pedantic(subprocess.run, (command,), {"stdout": subprocess.DEVNULL}, rounds=9)
