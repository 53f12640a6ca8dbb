"""Plans begin no system that takes longer than there is time, and go on with smaller ones."""

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import PRIME
from theorycheck.computing.deadline import NEVER, Deadline
from theorycheck.errors import OutOfTimeError
from theorycheck.plans.algebra import Rationals, Residues
from theorycheck.plans.infinity import basis
from theorycheck.plans.levels import Levels, construct
from theorycheck.plans.pairs import Pair, pairs_of
from theorycheck.plans.search import find_levels, proposals, try_levels
from theorycheck.plans.states import masks_of

SIZE = 6


def left(seconds: float) -> Deadline:
    """So much time is left, and none of it passes."""
    return Deadline(seconds, clock=lambda: 0.0)


def square() -> Pair:
    allocation = tc.Allocation.random(
        tc.LinearFeedforward([SIZE] * 3), 60, np.random.default_rng(1)
    )
    return pairs_of(masks_of(allocation), (SIZE,) * 3, SIZE)[0]


def working(pair: Pair, *, at_once: bool) -> Levels:
    """Levels that work: by one large system and without a Jacobian, or by small systems only."""
    for levels in proposals(pair, np.random.default_rng(0), 300):
        if levels.leave_none_for_later == at_once or (at_once and not levels.is_finite):
            continue
        if try_levels(pair, levels, PRIME, np.random.default_rng(0)) is not None:
            return levels
    pytest.fail("no levels")


def test_systems_that_take_too_long_are_not_begun():
    for rows, columns in ((20_000, 30_000), (30_000, 20_000)):
        with pytest.raises(OutOfTimeError, match=f"too short for {rows} linear equations"):
            Residues(PRIME, left(60)).afford(rows, columns)
        Residues(PRIME).afford(rows, columns)
        Rationals().afford(rows, columns)
    algebra, matrix = Residues(PRIME, left(1e-4)), np.ones((SIZE, SIZE))
    assert algebra.rank(matrix) == 1
    large = np.ones((5 * SIZE, 5 * SIZE))
    for ask in (
        lambda: algebra.rank(large),
        lambda: algebra.independent(large),
        lambda: algebra.inverse(large),
        lambda: algebra.solve(large, large[0], large[0]),
    ):
        with pytest.raises(OutOfTimeError):
            ask()


def test_a_deadline_is_no_part_of_an_algebra():
    assert Residues(7, left(1)) == Residues(7)
    assert repr(Residues(7, left(1))) == repr(Residues(7))


def test_a_joint_system_is_refused_and_smaller_ones_are_not():
    """The joint system has 36 equations or so, the others six."""
    pair = square()
    large, small = working(pair, at_once=True), working(pair, at_once=False)
    short, rng = left(2e-4), np.random.default_rng(0)
    data = pair.data(Residues(PRIME), rng, PRIME - 1)
    with pytest.raises(OutOfTimeError):
        construct(pair, large, data, Residues(PRIME, short))
    assert try_levels(pair, large, PRIME, rng, short) is None
    assert try_levels(pair, small, PRIME, np.random.default_rng(0), short) is not None


def test_a_jacobian_is_refused_where_its_rank_takes_too_long():
    pair = square()
    algebra, rng = Residues(PRIME), np.random.default_rng(0)
    data = pair.data(algebra, rng, PRIME - 1)
    built = construct(pair, working(pair, at_once=False), data, algebra)
    assert built is not None
    with pytest.raises(OutOfTimeError, match="the Jacobian"):
        basis(pair, data, built, PRIME, algebra, left(1e-5))
    assert basis(pair, data, built, PRIME, algebra, left(60)) == basis(
        pair, data, built, PRIME, algebra
    )


def test_a_search_goes_on_after_what_it_cannot_afford():
    """With no time for any system it ends without levels; the time being up it raises."""
    pair = square()
    assert find_levels([pair], PRIME, 0, left(1e-9)) is None
    assert find_levels([pair], PRIME, 0, NEVER) is not None
    with pytest.raises(OutOfTimeError):
        find_levels([pair], PRIME, 0, Deadline(0))
