"""Plans of networks whose layers are not generic: each step is tested at a random point (T13, T14).

Connections that are absent are 0 in what the layers before carry and in what the layers behind do.
So a peeled line needs the rank of what its learnables read, or of where they lead, instead of a
count of learnables and a test of widths; to freeze a layer nothing is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..computing.deadline import NEVER, Deadline
from ..field.arithmetic import reduce
from ..problem.allocation import Allocation, Mask
from .algebra import Algebra, Matrix, Residues
from .antichains import Layers
from .execution import Execution, Question
from .pairs import Data, Pair, random_data
from .states import State, Step, masks_of, whole

_WHAT = "the ranks of a plan"


@dataclass(frozen=True)
class Left:
    """What steps leave of a network with weights drawn modulo a prime, `run`.

    `masks` are the learnables of all layers, `present` all connections.
    """

    run: Execution = field(repr=False)
    question: Question = field(repr=False)
    masks: Mapping[int, Mask] = field(repr=False)
    present: Mapping[int, Mask] = field(repr=False)

    @property
    def state(self) -> State:
        """Which layers and lines are left, and how much to match."""
        return self.question.state

    @property
    def algebra(self) -> Residues:
        """Residues modulo the prime."""
        assert isinstance(self.run.algebra, Residues)
        return self.run.algebra

    @property
    def n_learnable(self) -> int:
        """The number of learnables that are left."""
        return self.state.n_learnable(self.masks)

    @property
    def n_equations(self) -> int:
        """The number of equations that are left."""
        return self.state.outputs * self.state.samples

    def mask(self, layer: int) -> Mask:
        """What is left of the learnables of a layer."""
        if layer in self.masks:
            return self.state.mask(self.masks, layer)
        weight = self.run.left_of(self.state, layer)
        return np.zeros(weight.shape, dtype=bool)

    def after(self, step: Step) -> Left:
        """What a step leaves, which must be allowed."""
        return replace(self, question=self.run.take(self.question, step))

    def derivatives(self, layer: int, mask: Mask) -> NDArray[np.float64]:
        """The derivatives by entries of a layer that is left, balanced residues."""
        before, behind = (
            self.run.before(self.question, layer),
            self.run.behind(self.question, layer),
        )
        i, j = np.nonzero(mask)
        found = behind[:, None, i] * before[j].T[None]
        return reduce(found.reshape(self.n_equations, len(i)), self.algebra.prime)

    def has_conflict(self) -> bool:
        """Whether a path of what is left runs through two of its learnables."""
        behind = np.zeros(0, dtype=bool)  # units that learnables lead to
        for layer in range(self.state.first, self.state.last + 1):
            mask = self.mask(layer)
            if layer == self.state.first:
                behind = np.zeros(mask.shape[1], dtype=bool)
            if mask[:, behind].any():
                return True
            there = self.state.mask(self.present, layer)
            behind = mask.any(axis=1) | there[:, behind].any(axis=1)
        return False


def drawn(
    allocation: Allocation, samples: int, prime: int, seed: int, deadline: Deadline = NEVER
) -> Left:
    """The whole question, with random weights: samples are unit vectors where they span.

    Of a linear feed-forward network without biases. What is done with it later raises
    `OutOfTimeError` before a system that takes longer than the deadline lets.
    """
    algebra, rng = Residues(prime, deadline), np.random.default_rng(seed)
    state, network = whole(allocation, samples), allocation.network
    present = {
        layer: np.asarray(allocation.present_mask(name))
        for layer, (name,) in enumerate(network.weight_layers, start=1)
    }
    weights = {
        layer: np.where(mask, algebra.draw(rng, mask.shape), 0) for layer, mask in present.items()
    }
    n, d, m = network.inputs, network.outputs, state.samples
    inputs = algebra.array(np.eye(n)) if n == m else algebra.draw(rng, (n, m))
    combine, target = algebra.array(np.eye(d)), algebra.array(np.zeros((d, m)))
    question = Question(state, combine, inputs, target)
    return Left(Execution(weights, algebra), question, masks_of(allocation), present)


def drawn_states(left: Left, deadline: Deadline = NEVER) -> Iterator[Left]:
    """All that peeling and freezing lead to, each peeled as far as can be.

    Raises `OutOfTimeError` after the deadline.

    >>> from theorycheck import LinearFeedforward
    >>> net = LinearFeedforward([2, 3, 2])
    >>> present = {"W2": [[1, 1, 0], [0, 0, 1]]}
    >>> allocation = Allocation(net, {"W1": [[1, 1], [1, 1], [0, 0]]}, present)
    >>> for left in drawn_states(drawn(allocation, 2, 8388593, 0)):
    ...     print(*(step.what for step in left.state.steps))
    <BLANKLINE>
    first
    last row
    """
    seen: set[State] = set()
    waiting = [left]
    while waiting:
        each = peeled(waiting.pop(0), deadline)
        if each.state in seen:
            continue
        seen.add(each.state)
        yield each
        if each.state.is_done or each.state.first == each.state.last:
            continue
        waiting += [each.after(Step("first")), each.after(Step("last"))]


def peeled(left: Left, deadline: Deadline = NEVER) -> Left:
    """A state after all deletions of rows and columns that can follow one another."""
    while not left.state.is_done:
        before = left.state
        for what in ("row", "column"):
            for index in _lines(left, what, deadline):
                deadline.check(_WHAT)
                if not left.state.is_done and _reaches(left.question, what, index):
                    left = left.after(Step(what, index))
        if left.state == before:
            break
    return left


def _lines(left: Left, what: str, deadline: Deadline) -> list[int]:
    """The lines whose learnables have rank enough; that of others does not change it."""
    state, is_row = left.state, what == "row"
    layer = state.last if is_row else state.first
    needed = state.samples if is_row else state.outputs
    if state.is_done or layer not in left.masks:
        return []
    mask, lines = left.mask(layer), state.rows if is_row else state.columns
    counts = np.count_nonzero(mask, axis=1 if is_row else 0)
    if counts.max(initial=0) < needed:
        return []
    algebra = left.run.algebra
    if is_row:
        reached = left.run.before(left.question, layer)
    else:
        mask, reached = mask.T, left.run.behind(left.question, layer).T
    found = []
    for place in np.flatnonzero(counts >= needed).tolist():
        deadline.check(_WHAT)
        if algebra.rank(reached[mask[place]]) == needed:
            found.append(lines[place])
    return found


def _reaches(question: Question, what: str, index: int) -> bool:
    """Whether a row is read at all, or whether any sample shows a column."""
    if what == "row":
        return bool(question.combine[:, question.state.rows.index(index)].any())
    return bool(question.inputs[question.state.columns.index(index)].any())


def layers_of(left: Left) -> Iterator[Layers]:
    """All pairs of adjacent layers that are left."""
    state, run, question = left.state, left.run, left.question
    for layer in range(state.first, state.last):
        states, through = run.before(question, layer), run.behind(question, layer + 1)
        before = run.algebra.product(run.left_of(state, layer), states)
        behind = run.algebra.product(through, run.left_of(state, layer + 1))
        inner, outer = left.mask(layer), left.mask(layer + 1)
        if inner.any() or outer.any():
            yield Layers(layer, inner, outer, states, through, before, behind,
                         left.algebra.prime)  # fmt: skip


@dataclass(frozen=True)
class DrawnPair(Pair):
    """A pair whose frozen weights are those of a draw: P `ways`, A `second`, B `first`."""

    ways: Matrix = field(repr=False)
    second: Matrix = field(repr=False)
    first: Matrix = field(repr=False)

    def data(self, algebra: Algebra, rng: np.random.Generator, size: int) -> Data:
        """What is drawn besides: y, functionals and where the learnables start."""
        free = random_data(self, algebra, rng, size)
        outer = np.where(self.outer, free.outer, self.second)
        inner = np.where(self.inner, free.inner, self.first)
        return replace(free, through=self.ways, outer=outer, inner=inner)


def pairs_of(left: Left, deadline: Deadline = NEVER) -> list[DrawnPair]:
    """All pairs of adjacent layers that are left, by columns and by rows.

    The lines chosen are those with the most learnables among independent ones. Raises
    `OutOfTimeError` after the deadline.
    """
    state, run, question = left.state, left.run, left.question
    found = []
    for layer in range(state.first, state.last):
        deadline.check(_WHAT)
        inner, outer = left.mask(layer), left.mask(layer + 1)
        if not (inner.any() and outer.any()):
            continue
        samples, ways = run.before(question, layer), run.behind(question, layer + 1)
        first, second = run.left_of(state, layer), run.left_of(state, layer + 1)
        found += [
            _pair(left.algebra, layer, "columns", outer, inner, ways, second, first, samples),
            _pair(left.algebra, layer, "rows", inner.T, outer.T, samples.T, first.T, second.T,
                  ways.T),
        ]  # fmt: skip
    return [pair for pair in found if pair is not None]


def _pair(
    algebra: Residues,
    layer: int,
    axis: str,
    outer: Mask,
    inner: Mask,
    ways: Matrix,
    second: Matrix,
    first: Matrix,
    samples: Matrix,
) -> DrawnPair | None:
    """y = ways (second + U) (first + V) samples on lines that have an inverse of `samples`."""
    order = np.argsort(-np.count_nonzero(inner, axis=0), kind="stable")
    lines = sorted(order[algebra.independent(samples[order])].tolist())
    if len(lines) < samples.shape[1]:
        return None
    seen = algebra.product(first, samples)
    inverse = algebra.inverse(samples[lines])
    assert inverse is not None, "the rows are independent"
    seen = algebra.product(seen, inverse)
    return DrawnPair(layer, axis, tuple(lines), outer, inner[:, lines], len(ways), ways, second,
                     seen)  # fmt: skip
