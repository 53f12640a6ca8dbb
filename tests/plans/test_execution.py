"""A plan that does not lead to a match is refused, whatever its systems say of themselves."""

import numpy as np
import pytest

import theorycheck as tc
from tests.shared.plans import ALGEBRAS
from theorycheck.plans import execution
from theorycheck.plans.algebra import Reals, Solution
from theorycheck.plans.execution import Plan, Step, carry_out
from theorycheck.plans.states import whole

NETWORK = tc.LinearFeedforward([2, 2, 2])
MASKS = {1: np.ones((2, 2), dtype=bool), 2: np.zeros((2, 2), dtype=bool)}
START = whole(tc.Allocation(NETWORK, {"W1": MASKS[1]}), 2)


def drawn(algebra, seed=0):
    rng = np.random.default_rng(seed)
    weights = {layer: algebra.draw(rng, (2, 2)) for layer in (1, 2)}
    return weights, algebra.draw(rng, (2, 2)), algebra.draw(rng, (2, 2))


@pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda each: type(each).__name__)
def test_what_is_no_match_is_refused(algebra):
    """A plan that speaks of too few equations: its steps are solved, the rest is not."""
    weights, inputs, target = drawn(algebra)
    right = carry_out(
        Plan((), MASKS, affine={1: MASKS[1]}), START, weights, inputs, target, algebra
    )
    assert right is not None
    made = algebra.product(right[2], algebra.product(right[1], inputs))
    assert algebra.are_close(algebra.reduced(target - made), target)
    frozen = Plan((Step("first"), Step("last")), {2: MASKS[2]})
    assert carry_out(frozen, START, weights, inputs, target, algebra) is None


class Rough(Reals):
    """Solves up to an error, relative to what is solved for."""

    error = 1e-2

    def solve(self, matrix, right, start):
        found = super().solve(matrix, right, start)
        assert found.values is not None
        return Solution(start + (found.values - start) * (1 + self.error), found.rank)


class Wrong(Rough):
    error = 0.5


def test_near_matches_are_brought_closer():
    plan = Plan((), MASKS, affine={1: MASKS[1]})
    weights, inputs, target = drawn(Rough())
    found = carry_out(plan, START, weights, inputs, target, Rough())
    assert found is not None
    assert np.abs(found[2] @ found[1] @ inputs - target).max() < 1e-6 * np.abs(target).max()
    assert carry_out(plan, START, weights, inputs, target, Wrong()) is None


def test_large_ones_are_not_brought_closer(monkeypatch):
    monkeypatch.setattr(execution, "_MOST_ENTRIES", 3)
    plan = Plan((), MASKS, affine={1: MASKS[1]})
    weights, inputs, target = drawn(Rough())
    assert carry_out(plan, START, weights, inputs, target, Rough()) is None
    assert carry_out(plan, START, weights, inputs, target, Reals()) is not None
