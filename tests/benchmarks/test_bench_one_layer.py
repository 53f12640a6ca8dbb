"""T4's cases on large masks of one layer, from mask to finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.benchmarks.convention import measure
from theorycheck.theorems import t04_one_layer
from theorycheck.theorems.analysis import Analysis
from theorycheck.theorems.one_layer import decide_mask

pytestmark = pytest.mark.benchmark(group="One learnable layer (T4)")


def decide(
    benchmark: Any, case: str, mask: np.ndarray, outputs: int, samples: int, kind: str = ""
) -> None:
    (finding,) = measure(
        benchmark, case, lambda: decide_mask("T4", "W1", mask, outputs, samples), rounds=3
    )
    assert finding is not None
    assert kind in ("", finding.kind)
    benchmark.extra_info["finding"] = f"{finding.expressivity} ({finding.kind})"


@pytest.mark.parametrize("samples", [7000, 16384])
def test_t4_by_the_degrees_of_16384_rows(benchmark: Any, samples: int):
    n = 16384
    mask = np.random.default_rng(0).integers(0, 2, (n, n), dtype=np.uint8).view(bool)
    allocation = tc.Allocation(tc.LinearFeedforward([n, n]), {"W1": mask})
    analysis = Analysis(allocation, samples)
    case = "degrees, 16384 x 16384, maximal and minimal"
    (finding,) = measure(benchmark, case, lambda: t04_one_layer.decide(analysis), rounds=3)
    assert finding.expressivity == ("maximal" if samples == 7000 else "minimal")


def rows_of(n: int, used: int, total: int) -> np.ndarray:
    """`total` frozen entries, spread evenly and at random over the first `used` of n rows."""
    rng = np.random.default_rng(0)
    frozen = np.zeros((n, n), dtype=bool)
    for row in range(used):
        frozen[row, rng.permutation(n)[: total // used + (row < total % used)]] = True
    return frozen


@pytest.mark.parametrize("b", [2, 5, 20, 100])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["assignment", "rectangle"])
def test_a_is_one_on_1000_by_1000(benchmark: Any, b: int, share: float, kind: str):
    n = 1000
    used = int(share * (n - b))
    # As many entries as can be independent; or fewer, but 30 rows share too few columns.
    slack = 0 if kind == "assignment" and share > 0.5 and b > 2 else n // 4
    frozen = rows_of(n, used, b * used + n - b - slack)
    if kind == "rectangle":
        frozen[:30, : 2 * b + 20] = True
    goal = "with a planted rectangle" if kind == "rectangle" else "as many cells as may be frozen"
    case = f"a = 1, 1000 x 1000, b from 2 to 100, {goal}"
    decide(benchmark, case, ~frozen, n - 1, n - b, "rectangle" if kind == "rectangle" else "")


def test_check_an_assignment_on_1000_by_1000(benchmark: Any):
    n, b = 1000, 20
    frozen = rows_of(n, 800, b * 800 + n - b)
    allocation = tc.Allocation(tc.LinearFeedforward([n, n, n - 1]), {"W1": ~frozen})
    certificate = tc.classify(allocation, n - b).certificate
    assert certificate is not None
    assert certificate.kind == "assignment"
    case = "`check` of an assignment, 1000 x 1000, b = 20"
    measure(benchmark, case, lambda: tc.check(certificate), rounds=3)


@pytest.mark.parametrize("kind", ["forest", "cycle"])
def test_forest_of_a_million_frozen_cells(benchmark: Any, kind: str):
    mask = np.ones((10, 10**6), dtype=bool)
    mask[0] = False
    mask[range(1, 10), range(9)] = False
    if kind == "cycle":
        mask[[1, 2, 2], [500, 500, 501]] = False
    case = f"forest test, 10^6 frozen cells, a {kind}"
    decide(benchmark, case, mask, 9, 10**6 - 1, kind)


@pytest.mark.parametrize("n", [4096, 16384])
@pytest.mark.parametrize("shape", ["random", "band"])
def test_peeling(benchmark: Any, n: int, shape: str):
    frozen = np.zeros((n, n), dtype=bool)
    if shape == "random":  # few rounds of many lines
        rng = np.random.default_rng(0)
        frozen[rng.integers(n, size=4 * n), rng.integers(n, size=4 * n)] = True
    else:  # many rounds of few lines
        for k in range(-2, 3):
            frozen |= np.eye(n, k=k, dtype=bool)
    case = f"peeling, {n} x {n}, {shape}"
    decide(benchmark, case, ~frozen, n - 3, n - 3, "peeling_order")


def test_two_dimensions_of_16384_columns(benchmark: Any):
    n = 16384
    mask = np.random.default_rng(0).integers(0, 2, (n, n), dtype=np.uint8).view(bool)
    decide(benchmark, f"d = 2, {n} x {n}", mask, 2, n - 5, "two_dimensions")


def test_a_planted_rectangle_among_the_rest(benchmark: Any):
    frozen = np.random.default_rng(0).random((200, 200)) < 0.02
    frozen[50:60, 100:112] = True
    decide(benchmark, "a planted rectangle, 200 x 200", ~frozen, 197, 196, "rectangle")
