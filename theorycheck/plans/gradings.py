"""Search for a grading of the neurons whose graded point has a Jacobian that is onto (T15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import Deadline
from ..errors import OutOfTimeError
from ..field.elimination import rank_profile
from ..ranks.point import draw_prime
from .algebra import Residues
from .circling import Circling
from .graded import Graded, GradedPlan, Order
from .growing import Choices, Growing, climbed
from .leading import Degrees
from .recurrent_antichains import antichain, meeting

Integers = NDArray[np.int64]
_PATIENCE = 12  # times the number of neurons: changes in vain before the next start
_MORE_GRADES = 3  # than the least that can do, at most
_ANTICHAINS = 10  # that are tried
_PER_WEIGHT, _MOST_GROWING = 10, 1000  # choices of growing weights
_PER_PAIR, _PATIENCE_CIRCLING = 50, 4  # circling neurons: tries by pairs, changes in vain
_SHARE_GROWING = 0.9  # of the time, in sparse networks


@dataclass(frozen=True)
class Found:
    """A plan, and D learnables on which the Jacobian at its point is not singular."""

    plan: GradedPlan
    columns: list[int]


@dataclass(frozen=True)
class Grading:
    """A grade of each neuron, from 0 to `n_grades` - 1: only weights from lower ones are not 0.

    Solved for are the recurrent weights into the last grade, or out of the first if `out_of_first`,
    and before, where an equation has no growing weight, those of the matrix `first`.
    """

    neurons: Integers
    n_grades: int
    out_of_first: bool
    first: str


class GradingSearch:
    """Gradings of one network: hill-climbing on the rank at one random point modulo a prime."""

    def __init__(self, graded: Graded, seed: int, deadline: Deadline) -> None:
        self._graded, self._deadline = graded, deadline
        self._rng = np.random.default_rng(seed)
        self._algebra = Residues(draw_prime(seed, 0), deadline)
        self._data = graded.draw(self._algebra, self._rng)
        self.n_tried = 0
        self._known: dict[tuple[bytes, int, bool, str], tuple[int, int]] = {}
        entries = graded.entries
        self._of = {
            name: np.array([k for k, (own, _) in enumerate(entries) if own == name], dtype=int)
            for name in ("input", "recurrent", "readout")
        }
        self._growing = tuple(self._of["recurrent"].tolist())
        ends = [entries[k][1] for k in self._growing]
        self._to, self._source = np.array(ends, dtype=int).reshape(-1, 2).T
        gone = set(self.fitted)
        left = [k for k in self._of["readout"].tolist() if entries[k][1][0] not in gone]
        self._first = {"readout": np.array(left, dtype=int), "input": self._of["input"]}
        nothing = GradedPlan(self.fitted, self._growing, (), ())
        self._walks = graded.walks(nothing)
        self._degrees = self._walks.degrees(self._growing)
        self.size, self._hidden = self._degrees.size, graded.network.widths[1]

    @cached_property
    def fitted(self) -> tuple[int, ...]:
        """Outputs with enough learnables for the states that are read: they are fitted last."""
        return self._graded.fitted(self._data, self._algebra)

    def found(self, most: int) -> Found | None:
        """The first plan that is onto among `most` that are tried, if there is one."""
        if not self.size:
            return Found(GradedPlan(self.fitted, (), (), ()), [])
        if (self._degrees < 0).any():
            return None
        return (
            self._by_antichain()
            or self._by_growing()
            or self._by_grading(most)
            or self._by_circling(self.n_tried + min(most, _PER_PAIR * self._hidden**2))
        )

    def _by_grading(self, most: int) -> Found | None:
        """A plan whose weights that are not 0 lead from lower to higher grades of the neurons."""
        for grading in self._starts():
            best, stalled = self._score(grading, 0), 0
            while stalled < _PATIENCE * len(grading.neurons):
                if best == 2 * self.size:
                    return self._with_columns(self._plan(grading), self._degrees)
                if self.n_tried >= most or self._deadline.has_passed:
                    return None
                other = self._changed(grading)
                score = self._score(other, best)
                stalled = 0 if score > best else stalled + 1
                if score >= best:
                    grading, best = other, score
        return None

    def _by_circling(self, most: int) -> Found | None:
        """A plan in which input weights grow, too, and nothing is solved for."""
        if not len(self._of["input"]):
            return None
        circling = Circling(self._graded, self.fitted, self._rng)
        degrees = self._walks.degrees(circling.growing)
        while True:
            classes, best, stalled = circling.new(), 0, 0
            other = classes
            while stalled < _PATIENCE_CIRCLING * self._hidden:
                if self.n_tried >= most or self._deadline.has_passed:
                    return None
                self.n_tried += 1
                score = self._tried(circling.plan(other), best, degrees)
                stalled = 0 if score > best else stalled + 1
                if score >= best:
                    classes, best = other, score
                if best == 2 * self.size:
                    return self._with_columns(circling.plan(classes), degrees)
                other = circling.changed(classes)

    def _by_antichain(self) -> Found | None:
        """A plan in which nothing grows, and learnables are solved for that lie on no walk."""
        graded = self._graded
        present = graded.allocation.present_mask("recurrent")
        entries = [graded.entries[k] for k in self._growing]
        meets = meeting(entries, present, graded.network.steps)
        degrees = self._walks.degrees(())
        for _ in range(_ANTICHAINS):
            chosen = antichain(meets, self._rng)
            if len(chosen) < self.size or self._deadline.has_passed:
                continue
            solved = tuple(self._growing[k] for k in chosen)
            found = self._with_columns(GradedPlan(self.fitted, (), (), (solved,)), degrees)
            if found is not None:
                return found
        return None

    def _by_growing(self) -> Found | None:
        """A plan in which nothing is solved for: no walk of weights that are not 0 leads."""
        if self._graded.allocation.is_dense:
            return None
        part = self._deadline.within(_SHARE_GROWING * self._deadline.left)
        choices = Choices(self._walks, self._growing, self._rng, part)
        try:
            tries = min(_MOST_GROWING, _PER_WEIGHT * len(self._growing))
            choice = climbed(choices, self._rank_of, self.size, tries)
        except OutOfTimeError:  # of this search, which is not all of the time
            return None
        return choice and self._with_columns(self._plan_of(choice), choice.degrees)

    def _plan_of(self, choice: Growing) -> GradedPlan:
        return GradedPlan(self.fitted, tuple(sorted(choice.grows)), choice.zero, ())

    def _rank_of(self, choice: Growing) -> int:
        """The rank of the Jacobian, which is that of the columns of the weights that are 0.

        All leading walks run over one of them, or the choice is of no use.
        """
        if not (choice.degrees > self._walks.degrees(choice.not_zero)).all():
            return 0
        plan, met = self._plan_of(choice), np.ones(choice.degrees.shape, dtype=bool)
        order = Order(choice.degrees, (), met)
        _, leading, _ = self._graded.built(plan, order, self._data, self._algebra)
        return self._algebra.rank(self._graded.derivatives(plan, leading, choice.zero))

    def _plan(self, grading: Grading) -> GradedPlan:
        """The plan of a grading."""
        to, source = grading.neurons[self._to], grading.neurons[self._source]
        downhill = to > source
        chosen = source == 0 if grading.out_of_first else to == grading.n_grades - 1
        numbers = self._of["recurrent"]
        solved = [numbers[downhill & chosen]]
        if not self._degrees.all():
            solved.insert(0, self._first[grading.first])
        zero = tuple(numbers[~downhill].tolist())
        return GradedPlan(
            self.fitted, self._growing, zero, tuple(tuple(x.tolist()) for x in solved)
        )

    def _score(self, grading: Grading, least: int) -> int:
        """How many equations are met, plus the rank once all are; 0 if that is below `least`."""
        self.n_tried += 1
        key = (grading.neurons.tobytes(), grading.n_grades, grading.out_of_first, grading.first)
        known, bound = self._known.get(key, (0, 2 * self.size + 1))
        if known or least >= bound:  # small networks have few gradings
            return known
        score = self._tried(self._plan(grading), least, self._degrees)
        self._known[key] = score, least
        return score

    def _tried(self, plan: GradedPlan, least: int, degrees: Degrees) -> int:
        """The score of a plan."""
        order = self._graded.order(plan, self._walks, degrees)
        sizes = zip(order.systems, plan.solved, strict=True)
        lacking = sum(max(int(system.sum()) - len(solved), 0) for system, solved in sizes)
        n_met = int(order.met.sum()) - lacking
        if n_met < min(least, self.size):
            return 0
        _, leading, met = self._graded.built(plan, order, self._data, self._algebra)
        if not met.all():
            return int(met.sum())
        return self.size + self._algebra.rank(self._graded.jacobian(plan, leading)[0])

    def _with_columns(self, plan: GradedPlan, degrees: Degrees) -> Found | None:
        """The plan with the columns of a minor at its point; None if there is none."""
        order = self._graded.order(plan, self._walks, degrees)
        _, leading, met = self._graded.built(plan, order, self._data, self._algebra)
        if not met.all():
            return None
        jacobian, numbers = self._graded.jacobian(plan, leading)
        profile = rank_profile(jacobian, self._algebra.prime, self._deadline)
        columns = [numbers[column] for column in profile.columns]
        return Found(plan, columns) if len(columns) == self.size else None

    def _changed(self, grading: Grading) -> Grading:
        """Other grades of a neuron or two, now and then other weights that are solved for."""
        rng = self._rng
        if rng.random() < 0.05:
            return replace(grading, out_of_first=not grading.out_of_first)
        neurons = grading.neurons.copy()
        for _ in range(1 + int(rng.random() < 0.3)):
            neurons[rng.integers(len(neurons))] = rng.integers(grading.n_grades)
        return replace(grading, neurons=neurons)

    def _starts(self) -> Iterator[Grading]:
        """Random gradings, from as few grades on as leave something of the longest equations."""
        shortest = int(self._degrees[self._degrees > 0].min(initial=self._degrees.max()))
        least = max(2, shortest, (int(self._degrees.max()) + 2) // 2)
        rng, hidden = self._rng, self._graded.network.widths[1]
        while True:
            for n_grades in range(least, least + _MORE_GRADES):
                neurons = rng.integers(n_grades, size=hidden)
                first = ("readout", "input")[int(rng.integers(2))]
                yield Grading(neurons, n_grades, bool(rng.integers(2)), first)
