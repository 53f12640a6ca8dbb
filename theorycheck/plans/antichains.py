"""In or out: for each unit between two layers its learnable inputs or outputs, never both (T2).

No path runs through two of those chosen, so the outputs are affine in them and their rank decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import reduce
from ..field.elimination import Elimination, rank
from ..problem.allocation import Mask
from .algebra import Matrix, Residues

Choice = NDArray[np.bool_]  # of units: True for inputs

_MOST_RANKS = 400  # of choices that are tried for a pair
_MOST_WORK = 4e9  # of them together, in equations^2 x learnables
_SMALL = 64  # equations; matrices up to this are eliminated at once
_WHAT = "the search for learnables on no common path"


@dataclass(frozen=True)
class Layers:
    """Layers `layer` and the next: masks `inner` (n, q) and `outer` (p, n), and a random point.

    The rows of `states` (q, samples) are the values that the first layer reads, `through`
    (outputs, p) is what follows the second, `before` (n, samples) and `behind` (outputs, n) are
    what the units between carry and where they lead.
    """

    layer: int
    inner: Mask
    outer: Mask
    states: Matrix
    through: Matrix
    before: Matrix
    behind: Matrix
    prime: int

    @property
    def n_equations(self) -> int:
        """The number of equations."""
        return len(self.through) * self.states.shape[1]

    def counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The largest ranks that the inputs and the outputs of each unit can have."""
        first, second = np.count_nonzero(self.inner, axis=1), np.count_nonzero(self.outer, axis=0)
        return np.minimum(first, self.states.shape[1]), np.minimum(second, len(self.through))

    def derivatives(self, unit: int, *, inputs: bool) -> Matrix:
        """The derivatives by the learnable inputs or outputs of a unit, balanced residues."""
        if inputs:
            read = self.states[self.inner[unit]]
            found = self.behind[:, unit][:, None, None] * read.T[None]
        else:
            ways = self.through[:, self.outer[:, unit]]
            found = ways[:, None, :] * self.before[unit][None, :, None]
        return reduce(found.reshape(self.n_equations, found.shape[2]), self.prime)

    def rank(self, choice: Choice) -> int:
        """The rank of what is chosen, modulo the prime."""
        blocks = (self.derivatives(unit, inputs=bool(is_in)) for unit, is_in in enumerate(choice))
        if self.n_equations <= _SMALL:
            return rank(np.concatenate(list(blocks), axis=1), self.prime)
        elimination = Elimination(self.n_equations, self.prime)
        for block in blocks:
            elimination.extend(block)
        return elimination.rank


def layers_of(
    masks: Mapping[int, Mask], widths: tuple[int, ...], samples: int, prime: int, seed: int
) -> Iterator[Layers]:
    """All pairs of adjacent layers where the others are no bottleneck, each at a random point."""
    algebra, rng = Residues(prime), np.random.default_rng(seed)
    outputs = widths[-1]

    def drawn(rows: int, columns: int) -> Matrix:
        return algebra.draw(rng, (rows, columns))

    for layer in range(1, len(widths) - 1):
        if min(widths[:layer]) < samples or min(widths[layer + 1 :]) < outputs:
            continue
        if not masks.keys() & {layer, layer + 1}:
            continue
        read, units, last = widths[layer - 1 : layer + 2]
        states, through = drawn(read, samples), drawn(outputs, last)
        if read == samples:
            states = np.eye(samples)
        if last == outputs:
            through = np.eye(outputs)
        before = algebra.product(drawn(units, read), states)
        behind = algebra.product(through, drawn(last, units))
        inner = masks.get(layer, np.zeros((units, read), dtype=bool))
        outer = masks.get(layer + 1, np.zeros((last, units), dtype=bool))
        yield Layers(layer, inner, outer, states, through, before, behind, prime)


def find_choice(layers: Layers, seed: int, deadline: Deadline = NEVER) -> Choice | None:
    """A choice of full rank, or None if none is found.

    By counts, then unit by unit with exact ranks, then by changing single units, as often as the
    size allows. Raises `OutOfTimeError` after the deadline.
    """
    first, second = layers.counts()
    needed = layers.n_equations
    if np.maximum(first, second).sum() < needed:
        return None
    n_learnable = int(np.count_nonzero(layers.inner) + np.count_nonzero(layers.outer))
    ranks = int(min(_MOST_RANKS, max(_MOST_WORK / needed**2 / n_learnable, 4)))
    best, reached = np.zeros(len(first), dtype=bool), -1
    starts = (first >= second, first > second, _greedy(layers, deadline))
    for choice in (np.ones_like(best), np.zeros_like(best), *starts):
        deadline.check(_WHAT)
        if np.where(choice, first, second).sum() < needed:
            continue
        value = layers.rank(choice)
        if value == needed:
            return choice
        if value > reached:
            best, reached = choice, value
    return _improved(layers, best, reached, ranks, np.random.default_rng(seed), deadline)


def _greedy(layers: Layers, deadline: Deadline) -> Choice:
    """Unit by unit what adds more to the rank, those first where counts differ most."""
    first, second = layers.counts()
    choice = first >= second
    elimination = Elimination(layers.n_equations, layers.prime, deadline=deadline)
    for unit in np.argsort(-np.abs(first - second), kind="stable"):
        blocks = [layers.derivatives(unit, inputs=inputs) for inputs in (False, True)]
        gains = [rank(elimination.remainder(block), layers.prime) for block in blocks]
        choice[unit] = gains[1] > gains[0] or (gains[1] == gains[0] and choice[unit])
        elimination.extend(blocks[int(choice[unit])])
    return choice


def _improved(
    layers: Layers,
    choice: Choice,
    reached: int,
    ranks: int,
    rng: np.random.Generator,
    deadline: Deadline,
) -> Choice | None:
    """Changes one or two units at a time, and keeps what does not lower the rank."""
    first, second = layers.counts()
    for _ in range(ranks):
        deadline.check(_WHAT)
        changed = choice.copy()
        units = rng.choice(
            len(choice), size=min(int(rng.integers(1, 3)), len(choice)), replace=False
        )
        changed[units] ^= True
        if np.where(changed, first, second).sum() < layers.n_equations:
            continue
        value = layers.rank(changed)
        if value == layers.n_equations:
            return changed
        if value >= reached:
            choice, reached = changed, value
    return None
