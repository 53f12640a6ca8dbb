"""Shallow ReLU students with one unit in conflict: one nonlinear unknown a, r = d m.

The unit has learnable inputs and outputs, one output or one input alone; a is that weight. In one
combination of activation patterns the equations are E(a) theta = b(a), affine in a, with d m rows
and at most d m - 1 other unknowns, so solutions are at roots of det [E(a) | b(a)] (T10;
of as many combinations of rows and columns as E has rank, at random a, if that is less). With
M(a0 + t) = M + t U V^T these are t = -1 / lambda, lambda an eigenvalue of V^T M^-1 U.

- An eigenvalue is excluded if it is clearly not real: perturbations move all by at most `radius`
  (Elsner, or Bauer and Fike), and none of it may reach the real axis.
- A real one must be alone in its disc. Then one root is near, real: Newton's method, and Krawczyk's
  test in a box that bounds the errors of all unknowns. The signs in the box decide (no match if E
  has less than full rank or rows to spare and b(a) is clearly not in its range).
- Whatever else is undecided: a0 too close to a root, clusters, a root near infinity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...computing.arrays import Array
from ...numeric.instances import Instance
from ...problem.allocation import Allocation
from ..batched_linalg import WIDE
from ..least_squares import MATCH, NO_MATCH, UNDECIDED
from .feasible import feasible
from .pencils import Pencils, pencils_of
from .range import in_range, signs
from .roots import Roots, real_roots
from .systems import Systems
from .units import Students, UnitKind, students, unit_kinds

_SHIFTS = (0.31, -0.74, 2.2)  # a0 of one attempt each


@dataclass(frozen=True)
class Conflict:
    """A student's units with learnable inputs, the one in conflict last, and its outputs.

    `rest` is the student with these learnable `outputs` of that unit frozen.
    """

    kinds: tuple[UnitKind, ...]
    outputs: tuple[int, ...]
    rest: Allocation

    def students(self, instances: Instance) -> Students:
        """The students without those outputs, for each of which the last free columns stand."""
        second = instances.weights["W2"].copy()
        second[:, list(self.outputs), self.kinds[-1].hidden] = 0
        weights = {**instances.weights, "W2": second}
        bare = students(
            self.rest, self.kinds, Instance(weights, instances.inputs, instances.outputs)
        )
        columns = np.zeros((*bare.wanted.shape, len(self.outputs)))
        for number, output in enumerate(self.outputs):
            columns[:, output, :, number] = 1.0
        return replace(bare, free=np.concatenate([bare.free, columns], axis=3))

    def decide(self, systems: Systems) -> Array:
        """MATCH, NO_MATCH or UNDECIDED for each of the systems of one combination each."""
        answer = np.full(len(systems.wanted), UNDECIDED)
        active = systems.units[-1].active
        off = np.flatnonzero(~active.any(axis=1))
        answer[off] = self._without(systems.take(off))
        left = np.flatnonzero(active.any(axis=1))
        for number, shift in enumerate(_SHIFTS):
            if len(left):
                pencils = pencils_of(systems.take(left), self.outputs)
                answer[left] = _attempt(pencils, shift, np.random.default_rng(number))
                left = left[answer[left] == UNDECIDED]
        return answer

    def _without(self, systems: Systems) -> Array:
        """Decisions where the unit is off: linear systems in the other unknowns."""
        width = systems.equations.shape[2] - len(self.outputs)
        keep = np.ones(width, dtype=bool)
        keep[systems.units[-1].columns] = False
        columns = np.flatnonzero(keep)
        bare = replace(
            systems, equations=systems.equations[:, :, columns], units=systems.units[:-1]
        )
        answer = in_range(bare)
        hard = np.flatnonzero(answer == UNDECIDED)
        if len(hard):
            answer[hard] = feasible(bare.take(hard))
        return answer


def find_conflict(allocation: Allocation, samples: int) -> Conflict | None:
    """The one unit in conflict that leaves one nonlinear unknown; None if that is not so.

    >>> from theorycheck import ShallowReLU
    >>> masks = {"W1": [[1, 1], [0, 0]], "W2": [[1, 1], [0, 0]]}
    >>> found = find_conflict(Allocation(ShallowReLU([2, 2, 2]), masks), 2)
    >>> found and (found.kinds[-1].hidden, found.outputs)
    (0, (0,))
    """
    masks = {name: np.asarray(mask) for name, mask in allocation.masks("learnable")}
    if allocation.n_learnable != len(masks["W2"]) * samples:
        return None
    found = []
    for h in range(len(masks["W1"])):
        n_inputs = int(masks["W1"][h].sum()) + bool("b1" in masks and masks["b1"][h])
        n_outputs = int(masks["W2"][:, h].sum())
        if n_inputs and n_outputs and allocation.present_mask("W2")[:, h].sum() > 1:
            found.append((h, min(n_inputs, n_outputs)))
    if len(found) != 1 or found[0][1] != 1:
        return None
    unit = found[0][0]
    outputs = tuple(map(int, np.flatnonzero(masks["W2"][:, unit])))
    masks["W2"] = masks["W2"].copy()
    masks["W2"][:, unit] = False
    rest = Allocation(allocation.network, masks, dict(allocation.masks("present")))
    kinds = unit_kinds(rest)
    if kinds is None:
        return None
    ordered = sorted(kinds, key=lambda kind: kind.hidden == unit)
    return Conflict(tuple(ordered), outputs, rest)


def _attempt(pencils: Pencils, shift: float, rng: np.random.Generator) -> Array:
    """Decisions from the roots around one a0."""
    answer = np.full(len(pencils.wanted), UNDECIDED)
    _, rows, columns = pencils.matrices.shape
    mixer = np.linalg.qr(rng.normal(size=(rows, rows)))[0]
    values = pencils.matrices + shift * pencils.slopes
    right = pencils.wanted + shift * pencils.drift
    _, sizes, turned = np.linalg.svd(values)
    floor = pencils.noise * np.maximum(sizes.max(axis=1, initial=0, keepdims=True), 1)
    is_clear = ((sizes <= floor) | (sizes > WIDE * floor)).all(axis=1)
    ranks = (sizes > floor).sum(axis=1)
    for rank in np.unique(ranks[is_clear & (ranks < rows)]):
        group = np.flatnonzero(is_clear & (ranks == rank))
        some, basis = pencils.take(group), turned[group, :rank].swapaxes(1, 2)
        mix = mixer[: rank + 1]
        first = np.concatenate([values[group] @ basis, -right[group][:, :, None]], axis=2)
        second = np.concatenate([some.slopes @ basis, -some.drift[:, :, None]], axis=2)
        roots = real_roots(mix @ first, mix @ second, pencils.noise * 4, shift)
        is_square = rank == columns == rows - 1
        answer[group] = _by_roots(some, roots, int(rank), is_square)
    return answer


def _by_roots(pencils: Pencils, roots: Roots, rank: int, is_square: bool) -> Array:
    """Decide from all real roots: a match at one, or all are excluded."""
    answer = np.where(roots.is_lost, UNDECIDED, NO_MATCH)
    for number in range(roots.is_real.shape[1]):
        group = np.flatnonzero(roots.is_real[:, number])
        if not len(group):
            continue
        inverse, far = roots.inverse[group, number], roots.radius[group, number]
        root = roots.shift - 1 / inverse
        some = pencils.take(group)
        found = _out_of_range(some, root, 2 * far / inverse**2, rank)
        left = np.flatnonzero(found == UNDECIDED)
        if is_square and len(left):
            box = roots.disc[group[left], number], inverse[left], roots.shift
            found[left] = _at_root(some.take(left), root[left], box)
        answer[group[found == MATCH]] = MATCH
        lost = group[found == UNDECIDED]
        answer[lost[answer[lost] == NO_MATCH]] = UNDECIDED
    return answer


def _out_of_range(pencils: Pencils, root: Array, error: Array, most: int) -> Array:
    """NO_MATCH where wanted + a drift is clearly not in the range, of rank `most` or less.

    As always, singular values at rounding level count as 0.
    """
    values = pencils.matrices + root[:, None, None] * pencils.slopes
    right = pencils.wanted + root[:, None] * pencils.drift
    left, sizes, _ = np.linalg.svd(values)
    width = pencils.matrices.shape[2]
    blur = (pencils.noise * (1 + abs(root)) + error) * 2 * np.sqrt(width + 1)
    is_zero = sizes <= blur[:, None]
    is_clear = (is_zero | (sizes > WIDE * blur[:, None])).all(axis=1)
    counts = np.minimum(~is_zero, np.arange(width) < most)
    through = np.einsum("bik,bi->bk", left[:, :, :width], right) * counts
    rest = right - np.einsum("bik,bk->bi", left[:, :, :width], through)
    smallest = np.where(counts, sizes, 1).min(axis=1, initial=1)
    total = 1 + np.sqrt((through**2).sum(axis=1)) / smallest
    distance = np.sqrt((rest**2).sum(axis=1))
    is_excluded = is_clear & (distance * smallest > 100 * blur * total)
    return np.where(is_excluded, NO_MATCH, UNDECIDED)


def _at_root(pencils: Pencils, root: Array, box: tuple[Array, Array, float]) -> Array:
    """Decide square systems at a root that is alone in its disc, by the signs next to it."""
    disc, inverse, shift = box
    slopes, drift = pencils.slopes, pencils.drift
    values = pencils.matrices + root[:, None, None] * slopes
    right = pencils.wanted + root[:, None] * drift
    theta = (np.linalg.pinv(values) @ right[:, :, None])[:, :, 0]
    for _ in range(3):
        jacobian, value, _ = _equations(pencils, theta, root)
        step = (np.linalg.pinv(jacobian) @ value[:, :, None])[:, :, 0]
        theta, root = theta - step[:, :-1], root - step[:, -1]
    jacobian, value, size = _equations(pencils, theta, root)
    inverted = np.linalg.pinv(jacobian)
    reach = abs(inverted)
    radius = 2 * (reach @ (abs(value) + pencils.noise * size)[:, :, None])[:, :, 0]
    # The equations are bilinear: over the box they differ from their tangent by this product.
    curved = (abs(slopes) @ radius[:, :-1, None])[:, :, 0] * radius[:, -1:]
    blur = pencils.noise * (abs(jacobian) + abs(root)[:, None, None])
    defect = abs(np.eye(jacobian.shape[1]) - inverted @ jacobian) + reach @ blur
    moved = (defect @ radius[:, :, None])[:, :, 0] + (reach @ curved[:, :, None])[:, :, 0]
    is_proved = (moved < radius / 2).all(axis=1) & (defect.sum(axis=2).max(axis=1) < 0.5)
    low, high = root - radius[:, -1], root + radius[:, -1]
    with np.errstate(all="ignore"):
        ends = np.stack([1 / (shift - low), 1 / (shift - high)])
    is_proved &= (low > shift) | (high < shift)
    is_proved &= (abs(ends - inverse) < disc).all(axis=0)
    return np.where(is_proved, _signs_at(pencils, theta, root, radius), UNDECIDED)


def _equations(pencils: Pencils, theta: Array, root: Array) -> tuple[Array, Array, Array]:
    """Jacobian in (theta, a), values, and what rounding errors of the values are relative to."""
    at = root[:, None, None]
    values = pencils.matrices + at * pencils.slopes
    right = pencils.wanted + root[:, None] * pencils.drift
    last = (pencils.slopes @ theta[:, :, None])[:, :, 0] - pencils.drift
    jacobian = np.concatenate([values, last[:, :, None]], axis=2)
    sizes = abs(pencils.matrices) + abs(at * pencils.slopes)
    size = (sizes @ abs(theta)[:, :, None])[:, :, 0] + 1 + abs(root)[:, None]
    return jacobian, (values @ theta[:, :, None])[:, :, 0] - right, size


def _signs_at(pencils: Pencils, theta: Array, root: Array, radius: Array) -> Array:
    """MATCH or NO_MATCH where the inequalities of all units hold, or one fails, clearly."""
    theta, error = theta * pencils.factors, radius[:, :-1] * pencils.factors
    is_good, is_bad = np.ones(len(root), dtype=bool), np.zeros(len(root), dtype=bool)
    units = pencils.systems.units
    for number, unit in enumerate(units):
        shown, blur = theta[:, unit.columns], error[:, unit.columns]
        if pencils.is_input and number == len(units) - 1:
            shown, blur = root[:, None], radius[:, -1:]
        good, bad = signs(unit, shown, blur, np.zeros(len(root), dtype=bool))
        is_good, is_bad = is_good & good, is_bad | bad
    return np.where(is_bad, NO_MATCH, np.where(is_good, MATCH, UNDECIDED))
