"""Speed of batched fits, each next to a loop over a library measured in the same run.

Run with one BLAS thread:
OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks/test_measurement.py --benchmark-only
Ratios and success rates are in ``extra_info`` (``--benchmark-json``); no time is asserted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

import theorycheck as tc
from tests.benchmarks.test_bench_field import median_seconds, record
from theorycheck.measurement.certificate import certify
from theorycheck.measurement.draws import LinearTrials, Source
from theorycheck.measurement.homotopy import decide, find_start
from theorycheck.measurement.least_squares import UNDECIDED, decide_affine
from theorycheck.measurement.levenberg import descend
from theorycheck.numeric.instances import Equations, Instance

FITS = 20_000
CELLS = [("W1", (0, 0)), ("W1", (1, 1)), ("W2", (0, 0)), ("W2", (1, 1))]


@pytest.mark.parametrize("kind", ["half match", "a tenth rank-deficient"])
def test_20000_affine_fits_of_12_by_9(benchmark: Any, kind: str):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(FITS, 12, 9)), rng.normal(size=(FITS, 12))
    if kind == "a tenth rank-deficient":
        a[::10, :, 8] = a[::10, :, 7] + a[::10, :, 6]
    b[::2] = (a @ rng.normal(size=(FITS, 9, 1)))[::2, :, 0]

    def loop() -> None:
        for matrix, vector in zip(a, b, strict=True):
            np.linalg.lstsq(matrix, vector, rcond=None)

    reference = median_seconds(loop, 3)
    fits = benchmark.pedantic(decide_affine, (a, b), rounds=15, warmup_rounds=1)
    assert (fits.decision == (np.arange(FITS) % 2 == 0)).all()
    benchmark.extra_info["matched"] = float(fits.matched.mean())
    record(benchmark, lstsq_loop=reference)


def gaussian_instances() -> tuple[Equations, Instance]:
    rng = np.random.default_rng(0)
    teacher, student = ({k: rng.normal(size=(FITS, 2, 2)) for k in ("W1", "W2")} for _ in range(2))
    inputs = rng.normal(size=(FITS, 2, 2))
    system = Equations(tc.LinearFeedforward([2, 2, 2]), 2, CELLS, range(4))
    return system, Instance(student, inputs, system.outputs(teacher, inputs))


def scipy_fit(instances: Instance, i: int, start: np.ndarray) -> Any:
    """One fit by MINPACK, its functions written out for this network, derivatives exact."""
    first, second = (instances.weights[name][i].copy() for name in ("W1", "W2"))
    x, y = instances.inputs[i], instances.outputs[i].reshape(2, 2)

    def put(theta: np.ndarray) -> None:
        first[0, 0], first[1, 1], second[0, 0], second[1, 1] = theta

    def residual(theta: np.ndarray) -> np.ndarray:
        put(theta)
        return (second @ (first @ x) - y).ravel()

    def jacobian(theta: np.ndarray) -> np.ndarray:
        put(theta)
        result, hidden = np.zeros((2, 2, 4)), first @ x
        result[:, :, 0] = second[:, :1] * x[0]
        result[:, :, 1] = second[:, 1:] * x[1]
        result[0, :, 2], result[1, :, 3] = hidden
        return result.reshape(4, 4)

    return least_squares(residual, start, jacobian, method="lm")  # type: ignore[arg-type]


def test_20000_levenberg_marquardt_fits_of_4_by_4(benchmark: Any):
    """One start each, the same for both; the time of the own fits includes their proofs."""
    system, instances = gaussian_instances()
    starts = np.random.default_rng(1).standard_normal((FITS, 4))
    sample = range(4000)  # of the reference, whose time is scaled to all
    results: list[Any] = []

    def loop() -> None:
        results[:] = [scipy_fit(instances, i, starts[i]) for i in sample]

    reference = median_seconds(loop, 2) * FITS / len(sample)

    def own() -> Any:
        return certify(system, descend(system, instances, starts, 400), instances)

    proofs = benchmark.pedantic(own, rounds=5, warmup_rounds=1)
    sizes = (instances.outputs[: len(sample)] ** 2).sum(axis=1)
    solved = [2 * r.cost < 1e-20 * size for r, size in zip(results, sizes, strict=True)]
    benchmark.extra_info["scipy_success"] = float(np.mean(solved))
    benchmark.extra_info["own_success"] = float(proofs.proved.mean())
    benchmark.extra_info["own_success_on_the_sample"] = float(proofs.proved[: len(sample)].mean())
    record(benchmark, scipy_loop=reference)


def test_homotopy_of_degree_6(benchmark: Any):
    """LFFN (3,3,3), m = 3: draws decided a second, after the monodromy; 300 are asked for."""
    masks = {"W1": [[0, 1, 0], [1, 0, 0], [0, 0, 1]], "W2": [[0, 1, 1], [1, 1, 0], [1, 0, 1]]}
    allocation = tc.Allocation(tc.LinearFeedforward([3, 3, 3]), masks)
    trials = LinearTrials(Source(allocation, 3))
    start = find_start(trials, 0, most=100, deadline=np.inf)
    assert start is not None
    assert start.count == 6
    drawn = trials.draw(np.random.default_rng(0), 500).instance
    decisions = benchmark.pedantic(decide, (trials, start, drawn, [0]), rounds=3, warmup_rounds=1)
    assert (decisions == UNDECIDED).mean() <= 0.01
    if benchmark.stats is not None:  # None with --benchmark-disable
        benchmark.extra_info["draws_a_second"] = 500 / benchmark.stats["median"]
