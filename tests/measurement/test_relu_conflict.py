"""Shallow ReLU draws with one unit in conflict: an oracle, a search, planted faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.relu_determinants import Determinants
from theorycheck.measurement.least_squares import MATCH, NO_MATCH, UNDECIDED
from theorycheck.measurement.levenberg import fit
from theorycheck.measurement.relu import conflict as relu_conflict
from theorycheck.measurement.relu import methods as relu
from theorycheck.measurement.relu.conflict import find_conflict
from theorycheck.measurement.relu.exact import decide_patterns
from theorycheck.measurement.relu.roots import real_roots
from theorycheck.measurement.trials import Source


def net(*widths: int, bias: bool = False) -> tc.ShallowReLU:
    return tc.ShallowReLU(widths, bias=bias)


# A student, and the number of the learnable that is nonlinear.
CASES = {
    "an input": (tc.Allocation(net(2, 2, 2), {"W1": [[1, 0], [0, 0]], "W2": [[1, 1], [1, 0]]}), 0),
    "an output": (
        tc.Allocation(net(2, 3, 2), {"W1": [[1, 1], [0] * 2, [0] * 2], "W2": [[1, 1, 0], [0] * 3]}),
        2,
    ),
    "more units": (
        tc.Allocation(net(2, 3, 2), {"W1": [[1, 0], [1, 0], [0, 1]], "W2": [[1, 0, 0], [0] * 3]}),
        3,
    ),
    "two units": (
        tc.Allocation(net(2, 3, 2), {"W1": [[1, 0], [1, 0], [0] * 2], "W2": [[1, 0, 0]] * 2}),
        0,
    ),
    "all inputs": (
        tc.Allocation(net(3, 2, 2), {"W1": [[1, 1, 0], [1, 0, 0]], "W2": [[1, 0], [0, 0]]}),
        3,
    ),
    "biases": (
        tc.Allocation(
            net(2, 2, 2, bias=True),
            {"W1": [[1, 0], [0, 0]], "b1": [1, 0], "W2": [[1, 0], [0, 0]], "b2": [1, 0]},
        ),
        0,
    ),
    "a bias": (
        tc.Allocation(
            net(2, 2, 2, bias=True), {"W1": [[0, 0], [1, 0]], "b1": [1, 0], "W2": [[1, 0]] * 2}
        ),
        1,
    ),
}


def drawn(name: str, count: int) -> tuple[Any, Any]:
    """The trials of a case, and which of them have a regular teacher."""
    trials = relu._ReluTrials(Source(CASES[name][0], 2), 5, 2)
    assert trials.name == relu.DETERMINANTS
    return trials, np.flatnonzero(trials.is_regular(0, count))


def looks(name: str, count: int) -> Any:
    """Decisions by roots alone, without any search."""
    trials, _ = drawn(name, count)
    instances = trials.drawn(0, count).instances
    conflict = trials._conflict
    return decide_patterns(conflict.students(instances), 10**5, conflict.decide).decision


def differences(name: str, count: int) -> int:
    allocation, place = CASES[name]
    trials, regular = drawn(name, count)
    decisions, instances = looks(name, count), trials.drawn(0, count).instances
    wrong = 0
    for draw in regular:
        found = Determinants(allocation, instances, int(draw), place).has_match()
        wrong += decisions[draw] != (MATCH if found else NO_MATCH)
    return wrong


@pytest.mark.parametrize("name", CASES)
def test_each_regular_draw_is_decided_as_interpolated_determinants_say(name: str):
    assert differences(name, 40) == 0


@pytest.mark.parametrize("name", CASES)
def test_nothing_that_a_search_proves_is_called_unmatched(name: str):
    trials, regular = drawn(name, 500)
    decisions = looks(name, 500)
    found = fit(
        trials._student,
        trials.drawn(0, 500).instances,
        np.random.default_rng(1),
        restarts=3,
        certifier=relu.certify_relu,
    )
    assert not (found.matched & (decisions == NO_MATCH)).any()
    assert found.matched.sum() > 20
    assert (decisions == NO_MATCH).sum() > 50
    assert (decisions[regular] == UNDECIDED).mean() < 0.01


# Planted faults


def test_a_dropped_root_is_noticed(monkeypatch: Any):
    def dropping(*given: Any) -> Any:
        roots = honest(*given)
        return replace(roots, is_real=roots.is_real & (np.arange(roots.is_real.shape[1]) > 0))

    honest = relu_conflict.real_roots
    monkeypatch.setattr(relu_conflict, "real_roots", dropping)
    assert differences("an output", 40) > 0
    trials, regular = drawn("an output", 500)
    decisions = trials.decide(0, 500)  # the search proves matches among the unmatched
    assert not (decisions[regular] == NO_MATCH).any()


def test_forgotten_signs_are_noticed(monkeypatch: Any):
    def good(unit: Any, theta: Any, *rest: Any) -> Any:
        return np.ones(len(theta), dtype=bool), np.zeros(len(theta), dtype=bool)

    monkeypatch.setattr(relu_conflict, "signs", good)
    assert differences("two units", 40) > 0


# Roots


def test_roots_are_those_of_the_determinant():
    rng = np.random.default_rng(0)
    for size, rank in ((2, 1), (4, 2), (4, 3), (5, 5)):
        first = rng.normal(size=(50, size, size))
        second = rng.normal(size=(50, size, rank)) @ rng.normal(size=(50, rank, size))
        found = real_roots(first, second, 1e-14, 0.0)
        assert found.is_lost.mean() < 0.05
        for k in np.flatnonzero(~found.is_lost):
            ratios = np.linalg.eigvals(np.linalg.solve(first[k], second[k]))
            real = ratios[(abs(ratios.imag) < 1e-9) & (abs(ratios) > 1e-9)].real
            assert np.allclose(np.sort(found.inverse[k, found.is_real[k]]), np.sort(real))


def test_a_nearly_double_root_is_not_decided():
    # det = (1 + t)^2 + c: no real root for c > 0, two for c < 0
    for c, count in ((1e-2, 0), (-1e-2, 2), (1e-18, None), (-1e-18, None)):
        first = np.array([[[1.0, -c], [1.0, 1.0]]])
        found = real_roots(first, np.eye(2)[None], 1e-14, 0.0)
        assert bool(found.is_lost[0]) == (count is None)
        assert count is None or found.is_real[0].sum() == count


# What is of this kind


def test_one_nonlinear_unknown_is_asked_for():
    wide = {"W1": [[1, 1], [0, 0]], "W2": [[1, 0], [1, 0]]}
    two = {"W1": [[1, 0], [1, 0]], "W2": [[1, 0], [0, 1]]}
    for masks in (wide, two):
        assert find_conflict(tc.Allocation(net(2, 2, 2), masks), 2) is None
    few = tc.Allocation(net(2, 2, 2), {"W1": [[1, 1], [0, 0]], "W2": [[1, 0], [0, 0]]})
    assert find_conflict(few, 2) is None  # r < d m
    assert all(find_conflict(allocation, 2) for allocation, _ in CASES.values())
