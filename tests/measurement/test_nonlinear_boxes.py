"""Boxes that cover all learnables: intervals, planted solutions that must stay, planted faults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flint import ctx

import theorycheck as tc
from tests.measurement.test_nonlinear import SIGMA, conv, drawn, ff, measured, residual_net, rnn
from theorycheck.computing.deadline import Deadline
from theorycheck.measurement.nonlinear import exclusion as exclusions
from theorycheck.measurement.nonlinear import methods
from theorycheck.measurement.nonlinear.ball_network import BallNetwork
from theorycheck.measurement.nonlinear.exclusion import Exclusion
from theorycheck.measurement.nonlinear.float_intervals import Interval, activated
from theorycheck.measurement.nonlinear.reach import AFFINE, NONLINEAR, reach_of
from theorycheck.numeric.instances import Instance
from theorycheck.problem.masks import entries_of
from theorycheck.problem.networks.activations import ACTIVATIONS

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_intervals_hold_values(name: str):
    rng = np.random.default_rng(1)
    ends = np.sort(rng.normal(size=(2, 300)) * 10 ** rng.uniform(-3, 1.3, size=300), axis=0)
    ends[0, :40], ends[1, 20:60] = -np.inf, np.inf
    found = activated(name, Interval(*ends))
    for low, high, least, most in zip(*ends, found.low, found.high, strict=True):
        for share in (0.0, 1.0, *rng.uniform(size=8).tolist()):
            finite = np.clip([low, high], -99, 99)
            z = np.clip(finite[0] + share * (finite[1] - finite[0]), low, high)
            assert least <= SIGMA[name](float(z)) <= most
    narrow = activated(name, Interval(np.array([0.3]), np.array([0.3 + 1e-9])))
    assert narrow.high - narrow.low < 1e-7


def test_intervals_multiply_with_infinite_ends():
    everything = Interval(np.array([-np.inf]), np.array([np.inf]))
    zero, half = Interval(np.zeros(1), np.zeros(1)), Interval(np.array([0.5]), np.array([np.inf]))
    assert abs((everything * zero).low[0]) < 1e-300
    product = half * half
    assert 0.24 < product.low[0] <= 0.25
    assert product.high[0] == np.inf
    assert (half - half).low[0] == -np.inf
    assert not (everything * half).excludes_zero[0]


def planted_solution(seed: int) -> tuple[Exclusion, Any, Any] | None:
    """Draws whose student has the teacher's frozen weights, so that each is matched."""
    rng = np.random.default_rng(seed)
    names = [name for name in ACTIVATIONS if name != "linear"]
    sigma, bias = [str(name) for name in rng.choice(names, 2)], bool(rng.integers(2))
    network: Any = ff(*rng.integers(1, 4, 4).tolist(), sigma=sigma, bias=bias)
    if seed % 3 == 0:
        network = rnn(*rng.integers(1, 3, 4).tolist(), sigma=sigma[0], bias=bias, readout="all")
    if seed % 5 == 1:
        network = conv(1, 4, sigma=sigma[0], bias=bias, padding=seed % 2, pool=1 + seed % 3)
    if seed % 5 == 2:
        width, outputs = rng.integers(1, 3, 2).tolist()
        network = residual_net(width, width, width, outputs, sigma=sigma, bias=bias)
    entries = entries_of({name: np.ones(shape) for name, shape in network.weight_shapes.items()})
    learnable = {name: np.zeros(shape, int) for name, shape in network.weight_shapes.items()}
    for k in rng.permutation(len(entries))[: rng.integers(1, 5)]:
        learnable[entries[k][0]][entries[k][1]] = 1
    student, samples = tc.Allocation(network, learnable), int(rng.integers(1, 4))
    equations = reach_of(student, samples).equations(AFFINE, NONLINEAR)
    exclusion = Exclusion(student, samples, equations)
    if not exclusion.is_possible:
        return None
    found, wanted = drawn(student, samples, 3, seed), []
    total = found.instances.outputs.shape[1]
    with ctx.workprec(192):
        for k in range(3):
            balls = BallNetwork(network, found.instances.inputs[k])
            weights = balls.weights({name: value[k] for name, value in found.teacher.items()})
            wanted.append(balls.outputs(weights, range(total)))
    same = Instance(found.teacher, found.instances.inputs, found.instances.outputs)
    return exclusion, same, wanted


def excluded_solutions(seeds: range) -> tuple[int, int]:
    """How many of the draws that have a match are excluded, and how many there were."""
    wrong, tried = 0, 0
    for seed in seeds:
        found = planted_solution(seed)
        if found is not None:
            wrong += int(found[0].excluded(*found[1:], Deadline(60)).sum())
            tried += 3
    return wrong, tried


def test_draws_with_a_match_are_never_excluded():
    wrong, tried = excluded_solutions(range(120))
    assert wrong == 0
    assert tried > 60


def test_boxes_that_shrink_too_much_are_caught(monkeypatch: Any):
    honest = exclusions._stretched

    def shrunk(low: Any, high: Any) -> Any:
        middle = (low + high) / 2
        return honest(middle + 0.9 * (low - middle), middle + 0.9 * (high - middle))

    monkeypatch.setattr(exclusions, "_stretched", shrunk)
    assert excluded_solutions(range(120))[0] > 0


def test_a_determinant_with_a_wrong_sign_is_caught(monkeypatch: Any):
    def wrong(matrix: Any) -> Any:
        if len(matrix) == 1:
            return honest(matrix)
        return matrix[0][0] * matrix[1][1] + matrix[0][1] * matrix[1][0]

    honest = exclusions._determinant
    monkeypatch.setattr(exclusions, "_determinant", wrong)
    assert excluded_solutions(range(120))[0] > 0


def test_nearly_all_draws_of_small_students_are_decided():
    student = tc.Allocation(ff(2, 3, 1, bias=True), {"b1": [1, 1, 0], "W2": [[1, 0, 0]]})
    estimate = measured(student, 3, trials=100, seed=1)
    assert estimate.undecided <= 5
    assert 10 < estimate.matches < 60


def test_fewer_learnables_than_equations_are_shown_to_miss():
    estimate = measured(tc.Allocation(ff(2, 2, 1), {"W1": [[1, 0], [0, 1]]}), 3, trials=60)
    assert (estimate.matches, estimate.method) == (0, methods.BOUNDS)
    assert estimate.undecided <= 5
