"""Batched fits and path tracking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares

import theorycheck as tc
from tests.benchmarks.convention import Reference, measure, note
from theorycheck.computing.deadline import NEVER
from theorycheck.measurement.existence import certify
from theorycheck.measurement.homotopy import decide, find_start
from theorycheck.measurement.least_squares import UNDECIDED, decide_affine
from theorycheck.measurement.levenberg import descend
from theorycheck.measurement.trials import LinearTrials, Source
from theorycheck.numeric.instances import Equations, Instance

pytestmark = pytest.mark.benchmark(group="Measurement")

FITS = 20_000
CELLS = [("W1", (0, 0)), ("W1", (1, 1)), ("W2", (0, 0)), ("W2", (1, 1))]


@pytest.mark.parametrize("kind", ["half of them consistent", "a tenth rank-deficient"])
def test_20000_affine_fits_of_12_by_9(benchmark: Any, kind: str):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(FITS, 12, 9)), rng.normal(size=(FITS, 12))
    if kind == "a tenth rank-deficient":
        a[::10, :, 8] = a[::10, :, 7] + a[::10, :, 6]
    b[::2] = (a @ rng.normal(size=(FITS, 9, 1)))[::2, :, 0]

    def loop() -> np.ndarray:
        pairs = zip(a, b, strict=True)
        return np.array([np.linalg.lstsq(matrix, v, rcond=None)[0] for matrix, v in pairs])

    fits, thetas = measure(
        benchmark,
        f"{FITS:,} affine fits of 12 x 9, {kind}",
        lambda: decide_affine(a, b),
        Reference("numpy, loop over linalg.lstsq", loop),
        rounds=15,
    )
    misses = np.linalg.norm((a @ thetas[..., None])[..., 0] - b, axis=1)
    assert (fits.matched == (misses < 1e-8 * np.linalg.norm(b, axis=1))).all()
    assert not fits.undecided.any()


def gaussian_instances(count: int) -> tuple[Equations, Instance]:
    rng = np.random.default_rng(0)
    teacher, student = ({k: rng.normal(size=(count, 2, 2)) for k in ("W1", "W2")} for _ in range(2))
    inputs = rng.normal(size=(count, 2, 2))
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
    fits, sampled = (2000, 400) if benchmark.disabled else (FITS, 4000)
    system, instances = gaussian_instances(fits)
    starts = np.random.default_rng(1).standard_normal((fits, 4))
    proofs, ends = measure(
        benchmark,
        f"{FITS:,} Levenberg-Marquardt fits of 4 x 4, LFFN (2,2,2), own with proofs",
        lambda: certify(system, descend(system, instances, starts, 400), instances),
        Reference(
            f"scipy, loop over optimize.least_squares(method='lm'), from {sampled:,} fits",
            lambda: [scipy_fit(instances, i, starts[i]) for i in range(sampled)],
            share=sampled / fits,
            rounds=2,
        ),
        rounds=5,
    )
    sizes = (instances.outputs[:sampled] ** 2).sum(axis=1)
    costs = np.array([end.cost for end in ends])
    solved, proved = 2 * costs < 1e-20 * sizes, proofs.proved[:sampled]
    # Both are local searches of a system that need not have a solution: a fit may end elsewhere.
    assert (solved == proved).mean() > 0.9
    assert abs(solved.mean() - proved.mean()) < 0.03
    text = f"solved from one start: {proved.mean():.1%} proved, scipy {solved.mean():.1%}"
    note(benchmark, f"{text}, the same for {(solved == proved).mean():.1%}")


def test_homotopy_of_degree_6(benchmark: Any):
    """LFFN (3,3,3), m = 3: the time of 500 draws, after the monodromy."""
    masks = {"W1": [[0, 1, 0], [1, 0, 0], [0, 0, 1]], "W2": [[0, 1, 1], [1, 1, 0], [1, 0, 1]]}
    allocation = tc.Allocation(tc.LinearFeedforward([3, 3, 3]), masks)
    trials = LinearTrials(Source(allocation, 3))
    start = find_start(trials, 0, most=100, deadline=NEVER)
    assert start is not None
    assert start.count == 6
    drawn = trials.draw(np.random.default_rng(0), 500).instance
    case = "homotopy on LFFN (3,3,3), degree 6, 500 draws"
    (decisions,) = measure(benchmark, case, lambda: decide(trials, start, drawn, [0]), rounds=3)
    assert (decisions == UNDECIDED).mean() <= 0.01
    if not benchmark.disabled:
        note(benchmark, f"{500 / benchmark.stats.stats.median:,.0f} draws a second")
