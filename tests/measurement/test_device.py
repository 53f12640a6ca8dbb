"""Measurements on a device: the same answers, few copies, and pieces that fit its memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.device import Device
from theorycheck.computing.arrays import Array, on_host
from theorycheck.computing.deadline import NEVER
from theorycheck.computing.pieces import by_pieces, that_fit
from theorycheck.measurement.estimate import Estimate
from theorycheck.measurement.existence import certify
from theorycheck.measurement.homotopy import Start, decide, find_start
from theorycheck.measurement.least_squares import decide_affine
from theorycheck.measurement.levenberg import fit
from theorycheck.measurement.methods import linear_method
from theorycheck.measurement.trials import LinearTrials, Source
from theorycheck.numeric.instances import Instance
from theorycheck.numeric.tracking import track

EYE = np.eye(2)
NET = tc.LinearFeedforward([2, 2, 2])
AFFINE = tc.Allocation(tc.LinearFeedforward([2, 3, 2], bias=True), {"W2": [[1, 0, 1], [0, 1, 0]]})
DIAGONALS = tc.Allocation(NET, {"W1": EYE, "W2": EYE})
FULL = tc.Allocation(NET, {"W1": np.ones((2, 2)), "W2": np.ones((2, 2))})
OVER = tc.Allocation(NET, {"W1": EYE, "W2": np.ones((2, 2))})
STEPS = tc.Allocation(tc.LinearRecurrent(1, 1, 1, 3), {"recurrent": [[1]]})
TANH = tc.Allocation(tc.Feedforward([2, 2, 1], activation="tanh", bias=True), {"W1": EYE})

# Allocation, samples, arguments: one for each way to decide.
WAYS: dict[str, tuple[tc.Allocation, int, dict[str, Any]]] = {
    "comparison": (tc.Allocation(NET, {}), 2, {}),
    "affine, many samples": (AFFINE, 9, {}),
    "affine, uniform": (AFFINE, 2, {"law": "uniform"}),
    "sparse teachers": (AFFINE, 2, {"teacher": "sparse:0.5"}),
    "teachers of low rank": (AFFINE, 2, {"teacher": "low_rank:1"}),
    "symmetric teachers": (FULL, 2, {"teacher": "symmetric", "restarts": 1}),
    "teachers with masks": (AFFINE, 2, {"teacher": {"W2": [[1, 0, 1], [0, 0, 0]]}}),
    "given weights": (AFFINE, 2, {"weights": {"W1": np.ones((3, 2))}}),
    "homotopy, more equations": (STEPS, 2, {}),
    "search": (FULL, 2, {}),
    "search, then square parts": (OVER, 2, {"restarts": 1}),
    "nonlinear": (TANH, 2, {"restarts": 2, "trials": 20}),
}


class Uploads:
    """NumPy's random numbers for a device."""

    def __init__(self, device: Device, seed: Any) -> None:
        self._device, self._rng = device, np.random.default_rng(seed)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._device.asarray(
            getattr(self._rng, name)(*args, **kwargs)
        )


def same_numbers(device: Device) -> None:
    device.random = SimpleNamespace(default_rng=lambda seed: Uploads(device, seed))


def decided(estimate: Estimate) -> dict[str, Any]:
    """All but what differs between backends."""
    found = asdict(estimate)
    return {
        key: value for key, value in found.items() if key not in ("backend", "generator", "seconds")
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_device_decides_the_same_of_the_same_draws(device: Device, way: str):
    allocation, samples, options = WAYS[way]
    options = {"trials": 40, "seed": 5, **options}
    same_numbers(device)
    on_device = tc.measure(allocation, samples, backend="cupy", **options)
    here = tc.measure(allocation, samples, backend="numpy", **options)
    assert decided(on_device) == decided(here)
    assert (on_device.backend, here.backend) == ("cupy", "numpy")
    assert device.transfers.to_device > 0


def test_what_an_estimate_says_of_backend_and_generator(device: Device):
    options: dict[str, Any] = {"trials": 200, "seed": 1, "backend": "cupy"}
    found = tc.measure(AFFINE, 3, **options)
    assert (found.backend, found.generator) == ("cupy", "cupy")
    assert "seed 1 of cupy's generator, cupy, " in str(found)
    nonlinear = tc.measure(TANH, 2, **{**options, "trials": 5, "restarts": 1})
    assert (nonlinear.backend, nonlinear.generator) == ("cupy", "numpy")
    relu = tc.measure(tc.Allocation(tc.ShallowReLU([2, 2, 1]), {"W1": EYE}), 2, **options)
    assert (relu.backend, relu.generator) == ("numpy", "numpy")
    assert tc.measure(AFFINE, 3, trials=5).backend == "cupy"  # auto


def test_a_device_draws_teachers_of_the_same_law(device: Device):
    """The probability of the diagonals is 0.8956 (`docs/measurement.md`)."""
    found = tc.measure(DIAGONALS, 2, trials=500, seed=2, backend="cupy")
    assert found.interval[0] < 0.8956 < found.interval[1]
    assert found.degree == 2


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_draws_on_a_device(law: str):
    source = Source(DIAGONALS, 5, law)
    device = Device()
    trials = LinearTrials(source, device)
    first, again = (trials.draw(trials.generator(3, 1), 3000) for _ in range(2))
    for name in ("W1", "W2"):
        values = on_host(first.teacher[name])
        assert np.array_equal(values, on_host(again.teacher[name]))
        assert abs(values.mean()) < 0.05
        assert abs((values**2).mean() - 1) < 0.05
        assert not np.isin(values, on_host(first.instance.weights[name])).any()
    assert (abs(values).max() <= np.sqrt(3)) == (law == "uniform")


def test_inputs_from_data_are_distinct_points_on_a_device():
    data = np.arange(12.0).reshape(6, 2)
    device = Device()
    source = Source(DIAGONALS, 3, data=data)
    inputs = on_host(source.inputs(device.random.default_rng(0), 400, device))
    rows = inputs.swapaxes(1, 2)  # (trials, samples, inputs)
    assert rows.shape == (400, 3, 2)
    assert all(len({tuple(point) for point in trial}) == 3 for trial in rows)
    assert {tuple(point) for trial in rows for point in trial} == {tuple(x) for x in data}


# Pipelines: each is made for an array module, then run on so many trials.


def drawn(allocation: tc.Allocation, samples: int, xp: Any, count: int) -> Any:
    trials = LinearTrials(Source(allocation, samples), xp)
    return trials, trials.draw(trials.generator(0, 0), count).instance


def jacobians(xp: Any, count: int) -> Array:
    trials, instance = drawn(AFFINE, 3, xp, count)
    return trials.equations().residual(xp.zeros((count, len(trials.entries))), instance)[1]


def tangents(xp: Any, count: int) -> Array:
    trials, instance = drawn(DIAGONALS, 2, xp, count)
    equations = trials.equations()
    flat = equations.flat(instance)
    along = equations.along(flat, equations.flat(instance.take(xp.arange(count) - 1)))
    return equations.drift_at(xp.ones((count, 4)), flat, along)


def affine_fits(xp: Any, count: int) -> Array:
    rng = xp.random.default_rng(0)
    matrices = rng.standard_normal((count, 5, 3))
    matrices[:, :, 2] = xp.where(xp.arange(count)[:, None] % 3 == 0, matrices[:, :, 1], 1.0)
    vectors = (matrices @ rng.standard_normal((count, 3, 1)))[:, :, 0]
    vectors[::2] += 1.0
    return decide_affine(matrices, vectors, xp).decision


def proofs(xp: Any, count: int) -> Array:
    trials, instance = drawn(FULL, 2, xp, count)
    theta = xp.random.default_rng(0).standard_normal((count, 8))
    return certify(trials.equations(), theta, instance, xp).residual


def searches(xp: Any, count: int) -> Array:
    trials, instance = drawn(DIAGONALS, 2, xp, count)
    rng = xp.random.default_rng(1)
    return fit(trials.equations(), instance, rng, restarts=2, most_steps=25, xp=xp).matched


def paths(xp: Any, count: int) -> Array:
    trials, instance = drawn(STEPS, 1, xp, count)
    equations = trials.equations()
    ends = equations.flat(trials.complex(trials.generator(0, 1), count))
    theta = xp.random.default_rng(2).standard_normal((count, 1)) + 0j
    value, _ = equations.residual(theta, instance)
    start = Instance(instance.weights, instance.inputs, instance.outputs + value)
    return track(equations, theta, xp.stack([equations.flat(start), ends])).found


@cache
def start_on_host() -> Start:
    trials = LinearTrials(Source(STEPS, 1))
    start = find_start(trials, 0, most=10, deadline=NEVER)
    assert start is not None
    return start


def start_of(trials: LinearTrials) -> Start:
    """The same start where the trials are: to find it takes most of the time."""
    start, upload = start_on_host(), trials.xp.asarray
    given = start.search.instance
    weights = {name: upload(value) for name, value in given.weights.items()}
    instance = Instance(weights, upload(given.inputs), upload(given.outputs))
    search = replace(start.search, instance=instance)
    return Start(trials.equations(start.chosen), start.chosen, search)


def homotopies(xp: Any, count: int) -> Array:
    trials, instance = drawn(STEPS, 1, xp, count)
    return decide(trials, start_of(trials), instance, [0])


def measurements(xp: Any, count: int) -> Array:
    method = linear_method(Source(AFFINE, 2), 0, 3, xp)
    assert method.chunk >= count or xp is np
    return method.decide(0, count)


PIPELINES = [jacobians, tangents, affine_fits, proofs, searches, paths, homotopies, measurements]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_copies_do_not_grow_with_the_number_of_trials(pipeline: Callable[[Any, int], Array]):
    few, many = Device(), Device()
    found = [pipeline(xp, count) for xp, count in ((few, 100), (many, 10_000))]
    assert [len(part) for part in found] == [100, 10_000]
    assert few.transfers.arrays == many.transfers.arrays
    # Numbers that decide how to go on are asked for step by step, never trial by trial.
    assert many.transfers.numbers <= 3 * few.transfers.numbers


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_pipelines_find_the_same_on_either_module(pipeline: Callable[[Any, int], Array]):
    device = Device()
    same_numbers(device)
    assert np.array_equal(on_host(pipeline(device, 60)), pipeline(np, 60), equal_nan=True)


# Memory


@pytest.mark.parametrize(
    ("pipeline", "room"),
    [(affine_fits, 50_000), (proofs, 40_000), (searches, 60_000), (measurements, 20_000)],
)
def test_where_memory_runs_out_pieces_get_smaller(pipeline: Callable[[Any, int], Array], room: int):
    narrow, wide = Device(room=room), Device()
    found = [pipeline(xp, 400) for xp in (narrow, wide)]
    assert narrow.refused
    assert np.array_equal(on_host(found[0]), on_host(found[1]))


@pytest.mark.parametrize("pipeline", [affine_fits, proofs, searches, measurements])
def test_pieces_fit_what_the_device_says_is_free(pipeline: Callable[[Any, int], Array]):
    tight = Device(room=60_000, free=150_000)
    found = [pipeline(xp, 400) for xp in (tight, Device())]
    assert not tight.refused
    assert np.array_equal(on_host(found[0]), on_host(found[1]))


def test_paths_are_followed_in_pieces_where_memory_runs_out():
    narrow, wide = Device(), Device()
    decisions = []
    for xp in (narrow, wide):
        trials, instance = drawn(STEPS, 1, xp, 100)
        start = start_of(trials)
        narrow.room = 7_000
        decisions.append(decide(trials, start, instance, [0]))
    assert narrow.refused > 1
    assert np.array_equal(*decisions)


def test_pieces_are_halved_and_none_is_left_out():
    sizes: list[int] = []

    def work(part: slice) -> list[int]:
        sizes.append(part.stop - part.start)
        if sizes[-1] > 3:
            raise MemoryError
        return list(range(part.start, part.stop))

    pieces = [found for _, found in by_pieces(work, 20, 50)]
    assert [number for piece in pieces for number in piece] == list(range(20))
    assert sizes == [20, 10, 5, 3, 3, 3, 3, 3, 3, 2]
    with pytest.raises(MemoryError):
        list(by_pieces(_full, 3, 2))
    assert that_fit(1000, 100, Device(free=32_000)) == 10
    assert that_fit(1000, 10**9, Device(free=32_000)) == 1


def _full(part: slice) -> None:
    raise MemoryError
