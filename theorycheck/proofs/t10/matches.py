"""Matches of shallow ReLU networks, decided pattern by pattern (T10)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from ...field.batched import batched_rank
from ...problem.networks.feedforward import ShallowReLU
from ..shared.exhaustive import all_masks
from .activity import jacobians, patterns

# (ranks of J_A by pattern, number of learnables, d m) -> whether some regular teacher is matched.
Rule: TypeAlias = Callable[[NDArray[Any], int, int], bool]

_PRIME = 8388593
_DRAWS = 600
_LARGEST = 300  # of drawn integers: all that is computed stays below 2^63
_NEAR = 1e-3
_ZERO = 1e-12


def pattern_ranks(network: ShallowReLU, samples: int, masks: NDArray[np.bool_]) -> NDArray[Any]:
    """Ranks of J_A modulo a prime at a random point, (masks, patterns).

    For n_0 >= m every pattern is realised by an open set of weights and inputs.

    >>> pattern_ranks(ShallowReLU([1, 1, 1]), 1, np.array([[True, False]])).tolist()
    [[0, 1]]
    """
    rng = np.random.default_rng(0)
    weights = {n: rng.integers(1, 2**10, size=s) for n, s in network.weight_shapes.items()}
    inputs = rng.integers(1, 2**10, size=(network.inputs, samples))
    every = patterns(network, samples).astype(np.int64)
    columns = jacobians(network, weights, inputs, every) % _PRIME
    return batched_rank(columns[None] * masks[:, None, None, :], _PRIME)


def _shown(network: ShallowReLU, samples: int, mask: NDArray[np.bool_]) -> str:
    size = math.prod(network.weight_shapes["W1"])
    first, second = mask[:size].astype(int), mask[size:].astype(int)
    widths = "-".join(map(str, network.widths))
    return f"{widths}, m = {samples}, W1 {first.tolist()}, W2 {second.tolist()}"


def matched_by_solving(rule: Rule) -> Iterator[str | None]:
    """The rule against exact linear solves, d m = 2, r = 1, 2, no unit learnable on both sides.

    Integer draws; in every pattern one solve by Cramer's rule and a check of all signs.
    """
    for widths, samples in (([2, 2, 1], 2), ([2, 3, 1], 2), ([3, 2, 1], 2), ([2, 2, 2], 1)):
        network = ShallowReLU(widths)
        draws = _Draws(network, samples)
        n_first = math.prod(network.weight_shapes["W1"])
        hidden = network.widths[1]
        for budget in (1, 2):
            masks = all_masks(network.n_weights, budget)
            found = pattern_ranks(network, samples, masks)
            for mask, ranks in zip(masks, found, strict=True):
                inward = mask[:n_first].reshape(hidden, -1).any(axis=1)
                outward = mask[n_first:].reshape(-1, hidden).any(axis=0)
                if (inward & outward).any():
                    continue
                matched = draws.some_match(mask, inward)
                held = matched == rule(ranks, budget, 2)
                yield None if held else f"{_shown(network, samples, mask)}: match {matched}"


class _Draws:
    """Draws of integers whose teacher is regular and has no pre-activation 0; d m = 2."""

    def __init__(self, network: ShallowReLU, samples: int) -> None:
        rng = np.random.default_rng(0)

        def drawn(*shape: int) -> Any:
            size = (_DRAWS, *shape)
            return rng.integers(1, _LARGEST + 1, size=size) * rng.choice([-1, 1], size=size)

        shapes = network.weight_shapes
        teacher, student = ({n: drawn(*s) for n, s in shapes.items()} for _ in range(2))
        inputs = drawn(network.inputs, samples)
        before = teacher["W1"] @ inputs
        columns = jacobians(network, teacher, inputs, before > 0)
        minors = [
            _cross(columns[..., a], columns[..., b])
            for a, b in combinations(range(columns.shape[2]), 2)
        ]
        good = (before != 0).all(axis=(1, 2)) & np.any(minors, axis=0)
        self._student = {name: value[good] for name, value in student.items()}
        self._inputs, self._network = inputs[good], network
        outputs = teacher["W2"] @ np.maximum(before, 0)
        self._wanted = outputs[good].reshape(int(good.sum()), -1)
        self._patterns = patterns(network, samples)

    def some_match(self, mask: NDArray[np.bool_], inward: NDArray[np.bool_]) -> bool:
        """Whether some draw is matched in some pattern with learnables `mask`."""
        return any(self._matches(mask, inward, active).any() for active in self._patterns)

    def _matches(self, mask: Any, inward: Any, active: Any) -> Any:
        frozen = self._with(~mask)
        output = frozen["W2"] @ ((frozen["W1"] @ self._inputs) * active)
        right = self._wanted - output.reshape(self._wanted.shape)
        # No unit is learnable on both sides, so these columns do not depend on the learnables.
        columns = jacobians(self._network, self._student, self._inputs, active)[..., mask]
        a, b = columns[..., 0], columns[..., -1]
        if mask.sum() == 1:
            top, bottom, solvable = _ratio(a, right)
            numerators = top[:, None]
        else:
            bottom = _cross(a, b)
            numerators = np.stack([_cross(right, b), _cross(a, right)], axis=1)
            solvable = bottom != 0
        vector = bottom[:, None] * np.where(mask, 0, self._flat())
        vector[:, mask] = numerators
        size = inward.size * self._network.inputs
        first = vector[:, :size].reshape(len(vector), inward.size, -1)
        before = (first @ self._inputs) * np.sign(bottom)[:, None, None]
        return solvable & (np.where(active, before > 0, before < 0)).all(axis=(1, 2))

    def _flat(self) -> Any:
        return np.concatenate([w.reshape(len(w), -1) for w in self._student.values()], axis=1)

    def _with(self, kept: Any) -> dict[str, Any]:
        """The student's weights, those that are not kept set to 0."""
        flat = self._flat() * kept
        size = math.prod(self._network.weight_shapes["W1"])
        parts = {"W1": flat[:, :size], "W2": flat[:, size:]}
        return {name: part.reshape(self._student[name].shape) for name, part in parts.items()}


def _cross(left: Any, right: Any) -> Any:
    return left[:, 0] * right[:, 1] - left[:, 1] * right[:, 0]


def _ratio(a: Any, right: Any) -> tuple[Any, Any, Any]:
    """Numerator and denominator of theta in a theta = right, and whether there is one."""
    first = a[:, 0] != 0
    top, bottom = (np.where(first, side[:, 0], side[:, 1]) for side in (right, a))
    return top, bottom, (bottom != 0) & (_cross(a, right) == 0)


def matched_nearby(rule: Rule) -> Iterator[str | None]:
    """The rule for every mask: in each pattern, a regular teacher near the student.

    Teacher and student are a step of 1e-3 apart; Gauss-Newton steps in the learnables, all masks
    and patterns at once. A match has residual 0 and the pattern it started in.
    """
    for widths in ([2, 2, 1], [2, 3, 1], [3, 2, 1], [2, 2, 2]):
        network, full = ShallowReLU(widths), 2 * widths[-1]
        masks = all_masks(network.n_weights)
        ranks = pattern_ranks(network, 2, masks)
        is_regular = ranks[-1] == full  # the teacher has the pattern of the student
        near = _near(network, 2, masks, np.random.default_rng(0)) & is_regular
        for mask, found, matched in zip(masks, ranks, near, strict=True):
            said = rule(found, int(mask.sum()), full)
            words = f"{_shown(network, 2, mask)}: match {matched.any()}"
            yield None if said == matched.any() else words


def _near(network: ShallowReLU, samples: int, masks: Any, rng: np.random.Generator) -> Any:
    """Whether Gauss-Newton steps end in a match, (masks, patterns)."""
    active = patterns(network, samples)
    inputs = rng.normal(size=(network.inputs, samples))
    before = rng.uniform(0.5, 1.5, size=active.shape) * np.where(active, 1, -1)
    first = before @ np.linalg.pinv(inputs)
    second = rng.normal(size=(len(active), *network.weight_shapes["W2"]))
    start = np.concatenate(
        [first.reshape(len(active), -1), second.reshape(len(active), -1)], axis=1
    )
    size = first[0].size

    def parts(flat: Any) -> dict[str, Any]:
        return {
            "W1": flat[..., :size].reshape(*flat.shape[:-1], *first.shape[1:]),
            "W2": flat[..., size:].reshape(*flat.shape[:-1], *second.shape[1:]),
        }

    def outputs(flat: Any) -> Any:
        weights = parts(flat)
        value = weights["W2"] @ ((weights["W1"] @ inputs) * active)
        return value.reshape(*flat.shape[:-1], -1)

    wanted = outputs(start + _NEAR * rng.normal(size=start.shape))
    flat = np.broadcast_to(start, (len(masks), *start.shape)).copy()
    for _ in range(6):
        columns = jacobians(network, parts(flat), inputs, active) * masks[:, None, None, :]
        steps = np.linalg.pinv(columns, rcond=1e-9) @ (wanted - outputs(flat))[..., None]
        flat = flat + steps[..., 0] * masks[:, None, :]
    keeps = (((parts(flat)["W1"] @ inputs) > 0) == active).all(axis=(2, 3))
    return keeps & (abs(wanted - outputs(flat)).max(axis=2) < _ZERO)


Span: TypeAlias = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def readout_by_span(claim: Span) -> Iterator[str | None]:
    """W_2 only: claim gives (rows, target) of each output row; its span against least squares."""
    rng = np.random.default_rng(1)
    for widths, samples in (([2, 2, 2], 2), ([2, 3, 2], 2), ([3, 3, 1], 3)):
        network = ShallowReLU(widths)
        shape = network.weight_shapes["W2"]
        for mask in all_masks(math.prod(shape)).reshape(-1, *shape):
            for _ in range(6):
                hidden, wanted, frozen = _readout_draw(network, samples, mask, rng)
                rows = (claim(mask[i], hidden, wanted[i], frozen[i]) for i in range(len(mask)))
                said = all(_in_span(*row) for row in rows)
                found = _least_squares(hidden, wanted - frozen @ hidden, mask)
                words = f"{network.widths}, {mask.astype(int).tolist()}, H = {hidden.tolist()}"
                yield None if said == found else f"{words}: match {found}"


def _readout_draw(network: ShallowReLU, samples: int, mask: Any, rng: Any) -> tuple[Any, Any, Any]:
    """H, the teacher's outputs, and the student's frozen output weights, all integers."""
    shapes = network.weight_shapes
    teacher, student = (
        {n: rng.integers(-9, 10, size=s) for n, s in shapes.items()} for _ in range(2)
    )
    inputs = rng.integers(-9, 10, size=(network.inputs, samples))
    wanted = teacher["W2"] @ np.maximum(teacher["W1"] @ inputs, 0)
    return np.maximum(student["W1"] @ inputs, 0), wanted, np.where(mask, 0, student["W2"])


def _in_span(rows: Any, target: Any) -> bool:
    below = [*rows.tolist(), target.tolist()]
    return _rank(below[:-1]) == _rank(below)


def _rank(rows: list[list[int]]) -> int:
    if not rows:
        return 0
    exact = [[QQ(entry) for entry in row] for row in rows]
    return DomainMatrix(exact, (len(rows), len(rows[0])), QQ).rank()


def _least_squares(hidden: Any, wanted: Any, mask: Any) -> bool:
    """All rows at once in floating point: does the best fit reach the targets."""
    entries = np.argwhere(mask)
    matrix = np.zeros((wanted.size, len(entries)))
    for place, (i, k) in enumerate(entries):
        block = np.zeros(wanted.shape)
        block[i] = hidden[k]
        matrix[:, place] = block.ravel()
    best = np.linalg.lstsq(matrix, wanted.ravel(), rcond=1e-12)[0]
    return bool(abs(matrix @ best - wanted.ravel()).max() < 1e-7 * (1 + abs(wanted).max()))
