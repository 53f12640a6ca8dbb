"""Loops of solutions: what they permute, what a second draw adds, when they end, how paths go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theorycheck as tc
from tests.shared.strategies import seeds
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.computing.effort import Effort
from theorycheck.computing.options import Options
from theorycheck.degrees.degree import Degree, Open, degree_of
from theorycheck.degrees.draws import Draws
from theorycheck.degrees.system import SquareSystem
from theorycheck.numeric import monodromy, tracking
from theorycheck.numeric.instances import Equations, Instance
from theorycheck.numeric.monodromy import (
    Distinct,
    Limits,
    Monodromy,
    find_again,
    find_solutions,
    follow,
)
from theorycheck.numeric.tracking import track, track_around
from theorycheck.theorems.analysis import Analysis

LR = tc.LinearRecurrent
SIX = tc.Allocation(LR(1, 2, 1, 4), {"recurrent": np.eye(2)}), 2, 6  # solutions
TWO = tc.Allocation(tc.LinearFeedforward([2, 2, 2]), {"W1": np.eye(2), "W2": np.eye(2)}), 2, 2
CASES = [SIX, TWO]


def draws_of(allocation: tc.Allocation, m: int) -> Draws:
    solving = Analysis(allocation, m, Options()).solving
    assert solving is not None
    return Draws(solving.system)


def limits(deadline: Deadline = NEVER) -> Limits:
    return Limits(12, 100, lambda count: True, deadline)


def found(draws: Draws, seed: int) -> Monodromy:
    return find_solutions(draws.equations, draws.complex, np.random.default_rng(seed))


# What loops do


@pytest.mark.parametrize(("allocation", "m", "degree"), CASES)
def test_circles_permute_the_solutions_as_random_elements_of_a_transitive_group(
    allocation, m, degree
):
    """The error bound assumes it: one solution in `degree` stays where it is, on the average."""
    draws, n_loops = draws_of(allocation, m), 300
    search, rng = found(draws, 0), np.random.default_rng(1)
    assert search.count == degree
    own = np.repeat(np.arange(n_loops), degree)
    base = draws.equations.flat(search.instance)[0 * own]
    centres = draws.equations.flat(draws.complex(rng, n_loops))[own]
    theta = np.tile(search.solutions, (n_loops, 1))
    loops = track_around(draws.equations, theta, base, centres)
    ends = loops.found.reshape(n_loops, degree, -1)[loops.arrived.reshape(n_loops, -1).all(axis=1)]
    assert len(ends) > 0.8 * n_loops
    to = abs(ends[:, :, None] - search.solutions).max(axis=3).argmin(axis=2)
    assert (np.sort(to, axis=1) == np.arange(degree)).all(), "no permutation"
    fixed = (to == np.arange(degree)).sum(axis=1)
    # Its mean is 1 where the group is transitive (Burnside), its variance 1 in the symmetric group.
    assert abs(fixed.mean() - 1) < 5 / np.sqrt(len(ends))


def test_circles_end_where_they_begin_and_move_all_that_is_given():
    draws = draws_of(*SIX[:2])
    search, rng = found(draws, 0), np.random.default_rng(2)
    seen: list[Any] = []

    class Spy(Equations):
        def residual_at(self, theta, flat):
            seen.append(flat.copy())
            return super().residual_at(theta, flat)

    system = draws.system
    spy = Spy(system.network, system.samples, system.entries, system.equations)
    base = spy.flat(search.instance)
    centre = spy.flat(draws.complex(rng, 1))
    track_around(spy, search.solutions[:1], base, centre)
    given = np.delete(np.arange(base.shape[1]), spy._columns)
    moved = np.concatenate(seen)[:, given]
    radius = abs(moved - centre[:, given])
    np.testing.assert_allclose(radius, np.broadcast_to(abs(base - centre)[:, given], radius.shape))
    # On circles around another instance nothing but constants may stay where it is.
    stays = abs(moved - moved[0]).max(axis=0) == 0
    np.testing.assert_array_equal(stays, (base == centre)[0, given])


# The second draw


@pytest.mark.parametrize(("allocation", "m", "degree"), CASES)
def test_a_second_draw_begins_with_all_solutions_of_the_first_and_completes_fewer(
    allocation, m, degree
):
    draws = draws_of(allocation, m)
    first = found(draws, 0)
    for left_out in (0, 1):
        before = replace(first, solutions=first.solutions[left_out:])
        again = find_again(
            draws.equations, draws.complex, np.random.default_rng(1), limits(), before
        )
        assert (again.count, again.is_complete) == (degree, True)
        assert not np.isclose(again.instance.outputs, first.instance.outputs).any()
        flat = draws.equations.flat(again.instance)[np.zeros(degree, int)]
        residual, _ = draws.equations.residual_at(again.solutions, flat)
        assert abs(residual).max() < 1e-8


def test_a_solution_drawn_anew_is_none_of_an_incomplete_search(monkeypatch):
    """Where loops lead nowhere a draw with solutions of its own still tells that some lack."""
    draws = draws_of(*SIX[:2])
    first = found(draws, 0)
    monkeypatch.setattr(
        monodromy, "_follow_around", lambda _, theta, *more: (theta, np.ones(len(theta), bool))
    )
    for count in (3, 6):
        before = replace(first, solutions=first.solutions[:count])
        counts = {
            find_again(
                draws.equations, draws.complex, np.random.default_rng(seed), limits(), before
            ).count
            for seed in range(12)
        }
        assert counts == ({3, 4} if count == 3 else {6})


# Deadlines


class Steps:
    """A clock that tells how many steps paths have taken."""

    def __init__(self, monkeypatch: Any) -> None:
        self.now, fast = 0, tracking._advance

        def slowly(*arguments: Any) -> None:
            self.now += 1
            fast(*arguments)

        monkeypatch.setattr(tracking, "_advance", slowly)

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seconds", [1, 7, 60, 150, 260])
def test_searches_take_no_step_after_the_deadline(monkeypatch, seconds):
    draws = draws_of(*SIX[:2])
    first = found(draws, 0)
    instance = draws.complex(np.random.default_rng(3), 1).take(np.zeros(6, int))
    corners = [first.instance.take(np.zeros(6, int)), instance]
    rng, clock = np.random.default_rng(1), Steps(monkeypatch)
    monkeypatch.setattr(tracking, "_MOST_STEPS", 40)  # so that some are lost and set out again

    def over(ask: Any) -> bool:
        clock.now = 0
        ask(Deadline(seconds, clock=clock))
        assert clock.now <= seconds
        return clock.now == seconds

    equations, complex_ = draws.equations, draws.complex
    asked = [
        lambda d: find_solutions(equations, complex_, rng, deadline=d),
        lambda d: find_again(equations, complex_, rng, limits(d), first),
        lambda d: follow(equations, first.solutions, corners, complex_, rng, d),
        lambda d: degree_of(draws.system, 0, Effort(), d),
    ]
    ended = [over(ask) for ask in asked]
    assert ended[0] or seconds > 200


@pytest.mark.long
def test_more_than_200_solutions_are_followed_up_to_the_limit():
    squares = tc.Feedforward([3, 3, 3], activation="square")
    system = draws_of(tc.Allocation.layer(squares, "W1"), 3).system
    within, more = (
        degree_of(system, 0, Effort(float("inf"), degree=most), NEVER) for most in (200, 2000)
    )
    assert isinstance(within, Open)
    assert within.limit == "degree"
    assert isinstance(more, Degree)
    assert (more.value, more.by["by"]) == (2**9, "bezout")


# Paths, and which points are one


def test_near_infinity_paths_take_fewer_steps_than_by_polynomials(monkeypatch):
    """w = y / (W2 x), and W2 passes near 0."""
    network = tc.LinearFeedforward([1, 1, 1])
    allocation = tc.Allocation(network, {"W1": [[1]]})
    equations = Draws(SquareSystem(allocation, 1, (0,), (0,))).equations
    one = np.ones((1, 1, 1))

    def at(w2: complex) -> Instance:
        return Instance({"W1": one, "W2": w2 * one}, np.ones((1, 1, 1)), np.ones((1, 1)))

    corners = np.stack([equations.flat(at(w2)) for w2 in (-1 + 0.001j, 1 + 0.001j)])

    def steps() -> int:
        clock = Steps(monkeypatch)
        tracked = track(equations, np.array([[1 / (-1 + 0.001j)]]), corners)
        np.testing.assert_allclose(tracked.found, 1 / (1 + 0.001j))
        monkeypatch.undo()
        return clock.now

    smooth = steps()

    def affine(self: Any, xp: Any) -> Any:
        theta, slope = np.split(self.points, 2, axis=1)
        one = np.ones_like(theta[..., :1])
        return np.concatenate([theta, one], axis=2), np.concatenate([slope, 0 * one], axis=2)

    monkeypatch.setattr(tracking._Paths, "_finite", affine)
    assert smooth < 0.7 * steps()


@given(st.integers(1, 4), st.integers(1, 12), st.integers(0, 30), seeds)
def test_distinct_points_are_those_of_comparing_all(n, n_known, n_new, seed):
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(8, n)) * 10.0 ** rng.integers(-4, 5, size=(8, 1))
    known = np.unique(places[rng.integers(8, size=n_known)], axis=0).astype(complex)
    near = places[rng.integers(8, size=n_new)]
    noise = 10.0 ** rng.uniform(-8, -4, size=(n_new, 1)) * rng.normal(size=(n_new, n))
    new = (near * (1 + noise)).astype(complex)
    expected = list(known)
    for point in new:
        size = 1e-6 * (abs(point).max() + 1e-3)
        if all(abs(other - point).max() >= size for other in expected):
            expected.append(point)
    distinct = Distinct(known)
    assert distinct.add(new) == len(expected) - len(known)
    np.testing.assert_array_equal(distinct.points, expected)
