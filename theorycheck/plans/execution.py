"""A plan carried out: learnables that match, from linear systems in their order.

`carry_out` takes the frozen weights, inputs and outputs of any draw, over any algebra. Where a plan
has infinite columns (T14, T16) its last stage is a path, followed by Newton steps in floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..problem.allocation import Mask
from .algebra import Algebra, Matrix, Reals
from .deep import Deep
from .levels import Levels
from .pairs import Pair
from .pencils import solve_pair, times_inverse
from .states import State, Step

_MOVES = (0.1, 0.3, 0.3, 1.0)  # tried one after the other where peeled lines cannot be fitted
_STEPS = 3  # of Newton, where the linear systems of a plan were ill-conditioned
_MOST_ENTRIES = 2**24  # of the matrix of such a step


@dataclass(frozen=True)
class Plan:
    """Steps, and how what they leave is solved.

    `learnable` are the masks of all layers (of the whole network, from 1) that the steps use. What
    is left is `affine`, masks of its own layers (from 1), or a `pair` of them with `levels`, in
    T16 with the masks of the layers `behind` it, and so many functionals for each (`Deep`).
    """

    steps: tuple[Step, ...]
    learnable: Mapping[int, Mask]
    affine: Mapping[int, Mask] = field(default_factory=dict)
    pair: Pair | None = None
    levels: Levels | None = None
    behind: tuple[Mask, ...] = ()
    bases: tuple[int, ...] = ()


@dataclass(frozen=True)
class Question:
    """A state with its data: what is to match, `combine` W_last ... W_first `inputs` = `target`.

    `combine` is (outputs, rows), `inputs` (columns, samples), `target` (outputs, samples).
    """

    state: State
    combine: Matrix
    inputs: Matrix
    target: Matrix


class Execution:
    """The weights of all layers, which change while a plan is carried out."""

    def __init__(self, weights: Mapping[int, Matrix], algebra: Algebra) -> None:
        self.weights = {layer: weight.copy() for layer, weight in weights.items()}
        self.algebra = algebra

    def before(self, question: Question, layer: int) -> Matrix:
        """What the columns of a layer that is left read, (columns, samples)."""
        values = question.inputs
        for number in range(question.state.first, layer):
            values = self.algebra.product(self.left_of(question.state, number), values)
        return values

    def behind(self, question: Question, layer: int) -> Matrix:
        """What follows the rows of a layer that is left, (outputs, rows)."""
        ways = question.combine
        for number in range(question.state.last, layer, -1):
            ways = self.algebra.product(ways, self.left_of(question.state, number))
        return ways

    def left_of(self, state: State, layer: int) -> Matrix:
        """What is left of the weights of a layer."""
        weight = self.weights[layer]
        weight = weight[list(state.rows)] if layer == state.last else weight
        return weight[:, list(state.columns)] if layer == state.first else weight

    def rest(self, question: Question) -> Matrix:
        """What the target lacks, (outputs, samples)."""
        last = question.state.last
        made = self.algebra.product(self.left_of(question.state, last), self.before(question, last))
        return self.algebra.reduced(question.target - self.algebra.product(question.combine, made))

    def take(self, question: Question, step: Step) -> Question:
        """What a step leaves."""
        state, after = question.state, question.state.after(step)
        if step.what == "first":
            inputs = self.algebra.product(self.left_of(state, state.first), question.inputs)
            return replace(question, state=after, inputs=inputs)
        if step.what == "last":
            combine = self.algebra.product(question.combine, self.left_of(state, state.last))
            return replace(question, state=after, combine=combine)
        if step.what == "column":
            place = state.columns.index(step.index)  # type: ignore[arg-type]
            inputs, target = self._without(question.inputs.T, question.target.T, place)
            return replace(question, state=after, inputs=inputs.T, target=target.T)
        place = state.rows.index(step.index)  # type: ignore[arg-type]
        combine, target = self._without(question.combine, question.target, place)
        return replace(question, state=after, combine=combine, target=target)

    def _without(self, matrix: Matrix, target: Matrix, place: int) -> tuple[Matrix, Matrix]:
        """Equations (rows) freed of the unknown in a column, which goes, by one that goes, too."""
        chosen = self.pivot(matrix, place)
        others = [i for i in range(len(matrix)) if i != chosen]
        one = matrix[[chosen], place][:, None]
        zero = self.algebra.array(np.zeros(1, dtype=int))
        factors = np.array(
            [self.algebra.solve(one, matrix[[i], place], zero).values if matrix[i, place] else zero
             for i in others]
        ).reshape(-1, 1)  # fmt: skip
        kept = [j for j in range(matrix.shape[1]) if j != place]
        left = self.algebra.reduced(matrix[others] - factors * matrix[chosen])[:, kept]
        return left, self.algebra.reduced(target[others] - factors * target[chosen])

    def pivot(self, matrix: Matrix, place: int) -> int:
        """The equation by which the others are freed: that of the largest coefficient."""
        return int(np.argmax([abs(x) for x in matrix[:, place].tolist()]))

    def fit(self, question: Question, step: Step, learnable: Mapping[int, Mask]) -> bool:
        """The learnables of a line that was deleted fit the equations that went with it."""
        state, algebra, index = question.state, self.algebra, step.index
        assert index is not None
        layer = state.last if step.what == "row" else state.first
        before, behind = self.before(question, layer), self.behind(question, layer)
        rows = state.rows if layer == state.last else tuple(range(len(self.weights[layer])))
        columns = range(self.weights[layer].shape[1])
        columns = state.columns if layer == state.first else tuple(columns)
        rest = self.rest(question)
        if step.what == "row":
            at = self.pivot(question.combine, rows.index(index))
            factor = behind[at, rows.index(index)]
            places = [(index, j) for j in columns if learnable[layer][index, j]]
            matrix = factor * before[[columns.index(j) for _, j in places]].T
            wanted = rest[at]
        else:
            at = self.pivot(question.inputs.T, columns.index(index))
            factor = before[columns.index(index), at]
            places = [(i, index) for i in rows if learnable[layer][i, index]]
            matrix = factor * behind[:, [rows.index(i) for i, _ in places]]
            wanted = rest[:, at]
        zero = algebra.array(np.zeros(len(places), dtype=int))
        found = algebra.solve(algebra.reduced(matrix), wanted, zero).values
        return found is not None and self._add([(layer, i, j) for i, j in places], found)

    def _add(self, places: list[tuple[int, int, int]], change: Matrix) -> bool:
        """Change the weights (layer, row, column)."""
        for (layer, i, j), value in zip(places, change, strict=True):
            self.weights[layer][i, j] = self.algebra.reduced(
                self.algebra.array([self.weights[layer][i, j] + value])
            )[0]
        return True

    def solve_affine(self, question: Question, masks: Mapping[int, Mask]) -> bool:
        """Learnables none of which is behind another, by one linear system."""
        state, algebra = question.state, self.algebra
        places, columns = [], []
        for own, mask in masks.items():
            layer = own + state.first - 1
            before, behind = self.before(question, layer), self.behind(question, layer)
            for i, j in np.argwhere(mask).tolist():
                row = state.rows[i] if layer == state.last else i
                column = state.columns[j] if layer == state.first else j
                places.append((layer, row, column))
                columns.append(np.outer(behind[:, i], before[j]).ravel())
        matrix = algebra.reduced(np.array(columns).T)
        zero = algebra.array(np.zeros(len(places), dtype=int))
        found = algebra.solve(matrix, self.rest(question).ravel(), zero).values
        return found is not None and self._add(places, found)

    def is_match(self, question: Question, learnable: Mapping[int, Mask]) -> bool:
        """Whether nothing lacks; what is near a match in floats is brought there first."""
        n_learnable = sum(int(np.count_nonzero(mask)) for mask in learnable.values())
        is_small = question.target.size * n_learnable <= _MOST_ENTRIES
        for _ in range(_STEPS if is_small and isinstance(self.algebra, Reals) else 0):
            if self._is_met(question) or not self.solve_affine(question, learnable):
                break
        return self._is_met(question)

    def _is_met(self, question: Question) -> bool:
        return self.algebra.are_close(self.rest(question), question.target)

    def solve_levels(
        self, question: Question, plan: Plan, rng: np.random.Generator, move: float
    ) -> bool:
        """Two layers by T14 or T16, the match being moved among all others by about `move`."""
        state, pair, levels = question.state, plan.pair, plan.levels
        assert pair is not None
        assert levels is not None
        layer = pair.layer + state.first - 1
        samples, ways = self.before(question, layer), self.behind(question, layer + 1)
        first, second = self.left_of(state, layer), self.left_of(state, layer + 1)
        target = question.target
        if pair.axis == "rows":
            first, second, samples, ways = second.T, first.T, ways.T, samples.T
            target = target.T
        behind, deep = [ways], Deep(pair, (np.zeros(ways.shape, dtype=bool),), (0,))
        numbers: list[int] = []
        if plan.bases:
            numbers, behind, target = self.layers_behind(question, plan, layer)
            deep = Deep(pair, plan.behind, plan.bases)
        found = solve_pair(
            deep, levels, first, second, samples, behind, target, self.algebra, rng, move
        )
        if found is None:
            return False
        first, second, solved = found
        if pair.axis == "rows":
            first, second, solved = second.T, first.T, [matrix.T for matrix in solved]
        self._put(state, layer, first)
        self._put(state, layer + 1, second)
        for number, matrix in zip(numbers, solved, strict=False):  # what is read is no layer
            self._put(state, number, matrix)
        return True

    def layers_behind(
        self, question: Question, plan: Plan, layer: int
    ) -> tuple[list[int], list[Matrix], Matrix]:
        """The layers behind a pair, from the next one on, what each is, and what is to match.

        Of rows these are transposed. Samples, or what is read of the last layer, are one more
        matrix, unless they are square: then what is to match is multiplied by the inverse.
        """
        state, target = question.state, question.target
        assert plan.pair is not None
        if plan.pair.axis == "columns":
            numbers, end = list(range(layer + 2, state.last + 1)), question.combine
            behind = [self.left_of(state, number) for number in numbers]
        else:
            numbers, end = list(range(layer - 1, state.first - 1, -1)), question.inputs.T
            behind, target = [self.left_of(state, number).T for number in numbers], target.T
        if len(behind) < len(plan.behind):
            return numbers, [*behind, end], target
        found = times_inverse(self.algebra, target.T, end.T)
        return numbers, behind, target if found is None else found.T

    def _put(self, state: State, layer: int, values: Matrix) -> None:
        rows = state.rows if layer == state.last else range(len(self.weights[layer]))
        columns = state.columns if layer == state.first else range(self.weights[layer].shape[1])
        self.weights[layer][np.ix_(list(rows), list(columns))] = values


def carry_out(
    plan: Plan,
    start: State,
    weights: Mapping[int, Matrix],
    inputs: Matrix,
    target: Matrix,
    algebra: Algebra,
    seed: int = 0,
) -> dict[int, Matrix] | None:
    """The weights of all layers with learnables that match, W_L ... W_1 `inputs` = `target`.

    `start` is the question before any step (`states.whole`). `weights` are all (frozen ones stay,
    learnables start from theirs), `inputs` (n_0, m) are independent, `target` is (d, m). None if a
    linear system has no solution, a path is lost, or what comes out is no match (floats: up to
    1e-6). In an algebra without floats also for infinite columns, and where the match of what is
    left is of too small a rank for a peeled line: floats move it among all others, which T14 has
    enough of.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> from theorycheck.plans.algebra import Reals
    >>> from theorycheck.plans.states import whole
    >>> start = whole(Allocation(LinearFeedforward([2, 2]), {"W1": np.eye(2)}), 1)
    >>> plan = Plan((Step("row", 0), Step("row", 1)), {1: np.eye(2, dtype=bool)})
    >>> inputs, target = np.array([[2.0], [1.0]]), np.array([[6.0], [4.0]])
    >>> carry_out(plan, start, {1: np.zeros((2, 2))}, inputs, target, Reals())[1]
    array([[3., 0.],
           [0., 4.]])
    """
    rng = np.random.default_rng(seed)
    question = Question(start, algebra.array(np.eye(len(target), dtype=int)), inputs, target)
    can_move = plan.levels is not None and isinstance(algebra, Reals)
    for move in (0.0, *_MOVES) if can_move else (0.0,):
        run = Execution(weights, algebra)
        if _attempt(plan, question, run, rng, move) and run.is_match(question, plan.learnable):
            return run.weights
    return None


def _attempt(
    plan: Plan, question: Question, run: Execution, rng: np.random.Generator, move: float
) -> bool:
    """Whether all can be solved: not if the match of what is left is one for too few of a line."""
    passed = []
    for step in plan.steps:
        passed.append((question, step))
        question = run.take(question, step)
    if plan.levels is not None and plan.pair is not None:
        if not run.solve_levels(question, plan, rng, move):
            return False
    elif plan.affine and not run.solve_affine(question, plan.affine):
        return False
    return all(
        step.index is None or run.fit(before, step, plan.learnable)
        for before, step in reversed(passed)
    )
