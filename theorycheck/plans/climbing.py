"""A search for levels of T16: changes of single levels, first by counts, then by exact ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..problem.allocation import Mask
from .algebra import Residues
from .deep import Deep, construct_deep, deep_pairs, jacobian
from .infinity import basis_of
from .levels import Levels, nested_rank
from .pairs import Counts
from .search import ranks_reached

_WHAT = "the search for levels behind which layers lie"
_CLIMBS = (3, 25)  # of each pair and base, in two rounds
_MOVES = 15  # of each climb, for each unit and column
_NEAR = 2  # violated counts that the first round leaves at most where there is a second
_MOST_WORK = 2e9  # of ranks for a pair and base, in equations^2 x learnables
_MOST_RANKS = 10  # for each equation
_LARGE = 3e8  # equations^2 x learnables from which one rank takes seconds: none is tried
_WEIGHT = 3  # of one violated count, in missing ranks


@dataclass(frozen=True)
class FoundDeep:
    """Levels that work; `minor` are columns of one of the Jacobian, if it is needed."""

    deep: Deep
    levels: Levels
    minor: list[int] | None


def find_deep(
    masks: Mapping[int, Mask],
    widths: tuple[int, ...],
    samples: int,
    prime: int,
    seed: int,
    deadline: Deadline = NEVER,
) -> FoundDeep | None:
    """The first levels found by which layers of a network without biases are maximal.

    Raises `OutOfTimeError` after the deadline.
    """
    rng, climbs = np.random.default_rng(seed), []
    for pair, behind, choices in deep_pairs(masks, widths, samples, deadline):
        for bases in deadline.watch(choices, _WHAT):
            deep = Deep(pair, behind, bases)
            if deep.n_learnable >= pair.n_equations and work_of(deep) < _LARGE:
                climbs.append(Climb(deep, prime, rng, deadline))
    for number in _CLIMBS:
        climbs = [climb for climb in climbs if number == _CLIMBS[0] or climb.violated <= _NEAR]
        for climb in climbs:
            found = climb.run(number)
            if found is not None:
                return found
    return None


def work_of(deep: Deep) -> float:
    """What one rank takes, about: equations^2 x learnables."""
    return float(deep.pair.n_equations) ** 2 * deep.n_learnable


@dataclass(frozen=True)
class State:
    """Levels of units beyond the base, chosen functionals, and a wish of columns to be infinite."""

    units: Counts
    chosen: int
    wishes: NDArray[np.float64]


class Climb:
    """Climbs over the levels of a pair with layers behind it.

    `violated` is the least number of counts that some levels violate.
    """

    def __init__(
        self, deep: Deep, prime: int, rng: np.random.Generator, deadline: Deadline = NEVER
    ) -> None:
        self._deep, self._pair, self._prime, self._rng = deep, deep.left, prime, rng
        self._deadline, self._found = deadline, None
        self._most = np.minimum(np.count_nonzero(deep.pair.outer, axis=0), self._pair.rows)
        self._inner = np.count_nonzero(deep.pair.inner, axis=0)
        self._missing: dict[Levels, float] = {}
        most = min(_MOST_WORK / work_of(deep), _MOST_RANKS * deep.pair.n_equations)
        self._ranks, self.violated = int(most), deep.pair.n_equations
        self._n_moves = _MOVES * (deep.pair.units + deep.pair.columns)

    def proposals(self, moves: int) -> Iterator[Levels]:
        """Levels that counts allow, on a walk of so many moves."""
        state = self._start()
        height, _ = self.levels(state)
        for _ in range(moves):
            if not height:
                yield self.levels(state)[1]
            moved = self._moved(state)
            other, _ = self.levels(moved)
            if other <= height:
                state, height = moved, other

    def run(self, number: int) -> FoundDeep | None:
        """What the first of so many climbs finds that arrives; None if none does."""
        for _ in range(number):
            found = self._climb()
            if found is not None or len(self._missing) >= self._ranks:
                return found
        return None

    def _climb(self) -> FoundDeep | None:
        state = self._start()
        height = self._height(state)
        for step in range(self._n_moves):
            self._deadline.check(_WHAT)
            if self._found is not None or len(self._missing) >= self._ranks:
                break
            moved = self._moved(state)
            other = self._height(moved)
            patience = 1.2 - step / self._n_moves
            if other <= height or self._rng.random() < np.exp((height - other) / patience):
                state, height = moved, other
        return self._found

    def _start(self) -> State:
        cap = int(self._rng.integers(self._pair.rows))
        return State(np.minimum(self._most, cap), cap, self._rng.random(self._pair.columns))

    def _moved(self, state: State) -> State:
        """One or two changes: of the level of a unit, of `chosen`, or of the wish of a column."""
        rng, units, wishes = self._rng, state.units.copy(), state.wishes.copy()
        chosen = state.chosen
        for _ in range(int(rng.integers(1, 3))):
            kind = rng.random()
            unit = int(rng.integers(len(units)))
            if kind < 0.25:
                units[unit] = rng.integers(self._most[unit], endpoint=True)
            elif kind < 0.5:
                units[unit] = np.clip(units[unit] + rng.choice([-1, 1]), 0, self._most[unit])
            elif kind < 0.65:
                chosen = int(np.clip(chosen + rng.choice([-1, 1]), 0, self._pair.rows - 1))
            else:
                wishes[rng.integers(len(wishes))] = 1.4 * rng.random()
        return State(units, chosen, wishes)

    def _height(self, state: State) -> float:
        """How much is missing: 0 if the levels work."""
        violations, levels = self.levels(state)
        self.violated = min(self.violated, violations)
        if violations:
            return float(self._deep.pair.n_equations + _WEIGHT * violations)
        if levels not in self._missing:
            self._missing[levels] = self._missing_ranks(levels)
        return self._missing[levels]

    def _missing_ranks(self, levels: Levels) -> float:
        """The dimensions that the Jacobian lacks; half of all where a linear system fails."""
        algebra = Residues(self._prime, self._deadline)
        point = construct_deep(self._deep, levels, algebra, self._rng, self._prime - 1)
        if point is None:
            return self._deep.pair.n_equations / 2
        if levels.is_finite:
            self._found = FoundDeep(self._deep, levels, None)
            return 0.0
        minor, lacks = basis_of(jacobian(self._deep, point, algebra), self._prime, self._deadline)
        if minor is not None:
            self._found = FoundDeep(self._deep, levels, minor)
        return float(lacks)

    def levels(self, state: State) -> tuple[int, Levels]:
        """How many conditions on counts are violated, and the levels: columns as low as can be."""
        rows, reached = self._pair.rows, ranks_reached(self._pair, state.units)
        fits = reached >= rows - np.arange(len(reached))[:, None]
        lowest = np.where(fits.any(axis=0), np.argmax(fits, axis=0), rows)
        can_go = self._inner > reached[0]
        infinite = can_go & ((state.wishes >= 1) | (lowest > state.chosen))
        violations = self._make_room(state, lowest, can_go, infinite)
        asked = np.maximum(lowest - state.chosen, 0)[~infinite].sum()
        spare = (self._most - state.units)[state.units >= state.chosen].sum()
        violations += max(0, int(asked - spare))
        if infinite.any():
            violations += max(0, self.lacking(reached[0]))
            violations += max(0, int(infinite.sum()) - self.most_infinite(state.units))
        columns = tuple(
            None if gone else int(level) for gone, level in zip(infinite, lowest, strict=True)
        )
        return violations, Levels(tuple(state.units.tolist()), columns, state.chosen)

    def most_infinite(self, units: Counts) -> int:
        """How many infinite columns can be independent, as the functionals' equations need.

        Both layers together make 0 of them, and so do the layers behind of what A makes of them.
        """
        rows, (p, n) = self._pair.rows, self._pair.outer.shape
        return min(p - rows, n - nested_rank(units, rows))

    def lacking(self, reached: Counts) -> int:
        """How many learnables too few the Jacobian has, by the ranks reached in the columns."""
        others = self._deep.n_learnable - int(self._inner.sum())
        return self._deep.pair.n_equations - int(reached.sum()) - others

    def _make_room(
        self,
        state: State,
        lowest: Counts,
        can_go: NDArray[np.bool_],
        infinite: NDArray[np.bool_],
    ) -> int:
        """At most rows - j finite columns of level j or more: others become infinite; the rest."""
        violations = 0
        for number in range(state.chosen, -1, -1):
            above = np.flatnonzero(~infinite & (lowest >= number))
            excess = len(above) - (self._pair.rows - number)
            if excess > 0:
                movable = above[can_go[above]]
                order = np.argsort(-state.wishes[movable], kind="stable")
                infinite[movable[order[:excess]]] = True
                violations += 2 * max(0, excess - len(movable))
        return violations
