"""Graded plans that are known in advance, since their learnables were chosen for them (T15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..computing.deadline import NEVER, Deadline
from ..field.elimination import rank_profile
from ..problem.masks import Entry
from ..ranks.point import draw_prime
from .algebra import Residues
from .graded import Graded, GradedPlan
from .gradings import Found


@dataclass(frozen=True)
class Choice:
    """A plan in which nothing is solved for: which learnables grow, and which of them are 0.

    `fitted` are outputs that their readout weights fit when all else is done.
    """

    fitted: tuple[int, ...]
    growing: tuple[Entry, ...]
    zero: tuple[Entry, ...]

    def plan(self, graded: Graded) -> GradedPlan:
        """The plan for an allocation in which these weights are learnable."""
        growing, zero = (
            tuple(sorted(graded.numbers(entries))) for entries in (self.growing, self.zero)
        )
        return GradedPlan(self.fitted, growing, zero, ())


def tried(
    graded: Graded,
    plan: GradedPlan,
    seed: int,
    first: Sequence[Entry] = (),
    deadline: Deadline = NEVER,
) -> Found | None:
    """The plan, if at random data modulo a prime it meets all equations and is onto.

    The learnables of its minor are the `first` of these that are independent, then others.
    Raises `OutOfTimeError` after the deadline.
    """
    algebra, rng = Residues(draw_prime(seed, 0), deadline), np.random.default_rng(seed)
    data, walks = graded.draw(algebra, rng), graded.walks(plan)
    order = graded.order(plan, walks, walks.degrees(plan.growing))
    if not (order.met.all() and set(plan.fitted) <= set(graded.fitted(data, algebra))):
        return None
    _, leading, met = graded.built(plan, order, data, algebra)
    jacobian, numbers = graded.jacobian(plan, leading)
    turn = {number: k for k, number in enumerate(graded.numbers(first))}
    places = sorted(range(len(numbers)), key=lambda k: turn.get(numbers[k], len(turn)))
    profile = rank_profile(jacobian[:, places], algebra.prime, deadline)
    if not met.all() or profile.rank < len(jacobian):
        return None
    return Found(plan, [numbers[places[column]] for column in profile.columns])
