"""Checks of plans of sparse networks and of networks with biases (T13, T14), in plain integers.

Each step is taken at the random point of a trial. A bias is one more column of its layer, of a unit
that is 1 on all samples: W becomes [W b; 0 1], the last layer [W b].
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..problem.allocation import Mask
from ..problem.networks.feedforward import LinearFeedforward
from . import plain
from .budget import STEP
from .claim import Check, Claim
from .context import LOWER_TRIALS
from .levels import Missed, Point, pair_of
from .points import point_at
from .systems import rank, times_inverse

_WHAT = "the steps of a plan"


class _Masks:
    """What is learnable and what is present in the layers 1 to L, constants included."""

    def __init__(self, claim: Claim) -> None:
        network, allocation = claim.network, claim.allocation
        self.depth, self.bias = network.depth, bool(network.bias)
        sizes = [
            (after + self.bias) * (before + self.bias) for before, after in pairwise(network.widths)
        ]
        claim.foresee(5 * STEP * sum(sizes), 4 * sum(sizes), "the masks of a plan")
        claim.charge(5 * STEP * sum(sizes), "the masks of a plan")
        self.learnable = {
            layer: self._wide(layer, allocation.mask, False) for layer in range(1, self.depth + 1)
        }
        self.present = {
            layer: self._wide(layer, allocation.present_mask, True)
            for layer in range(1, self.depth + 1)
        }

    def _wide(self, layer: int, mask: Any, corner: bool) -> Mask:
        found = np.asarray(mask(f"W{layer}"), dtype=bool)
        if not self.bias:
            return found
        found = np.column_stack([found, np.asarray(mask(f"b{layer}"), dtype=bool)])
        if layer == self.depth:
            return found
        row = np.zeros((1, found.shape[1]), dtype=bool)
        row[0, -1] = corner
        return np.concatenate([found, row])


class _Left:
    """Weights of a trial, and what the steps taken have left of layers, lines and equations."""

    def __init__(self, claim: Claim, masks: _Masks, trial: int) -> None:
        weights, inputs = point_at(claim, trial)
        self.claim, self.masks, self.trial = claim, masks, trial
        self.p, self.budget = claim.context.prime(trial), claim.context.budget
        self.weights = {layer: _wide(weights, layer, masks) for layer in masks.learnable}
        self.first, self.last = 1, masks.depth
        self.columns, self.rows = list(range(len(inputs))), list(range(claim.network.outputs))
        self.combine = plain.identity(len(self.rows))  # outputs x rows
        self.samples = _transposed(inputs)  # samples x columns
        self._kept: dict[str, plain.Matrix] = {}

    @property
    def n_left(self) -> int:
        """Outputs left times samples left."""
        return len(self.combine) * len(self.samples)

    def mask(self, masks: dict[int, Mask], layer: int) -> Mask:
        """What is left of the mask of a layer."""
        mask = masks[layer]
        self.claim.charge(STEP * mask.size, _WHAT)
        mask = mask[self.rows] if layer == self.last else mask
        return mask[:, self.columns] if layer == self.first else mask

    def weight(self, layer: int) -> plain.Matrix:
        """What is left of the weights of a layer."""
        found = self.weights[layer]
        self.claim.charge(STEP * len(found) * len(found[0]), _WHAT)
        found = [found[i] for i in self.rows] if layer == self.last else found
        if layer == self.first:
            found = [[row[j] for j in self.columns] for row in found]
        return found

    def product(self, left: plain.Matrix, right: plain.Matrix) -> plain.Matrix:
        """A product of matrices."""
        width = len(right[0]) if right else 0
        self.claim.charge(plain.product_operations(len(left), len(right), width), _WHAT)
        return plain.product(left, right, self.p)

    def before(self, layer: int) -> plain.Matrix:
        """What the columns of a layer read, a row for each."""
        values = _transposed(self.samples)
        for number in range(self.first, layer):
            values = self.product(self.weight(number), values)
        return values

    def behind(self, layer: int) -> plain.Matrix:
        """Where the rows of a layer lead, a row for each output."""
        ways = self.combine
        for number in range(self.last, layer, -1):
            ways = self.product(ways, self.weight(number))
        return ways

    def take(self, step: Any) -> None:
        """A step, after checking that it is allowed."""
        claim = self.claim
        claim.charge(STEP * 10, _WHAT)
        fits = isinstance(step, list) and len(step) in (1, 2)
        claim.require(fits, "a step is the name of a layer, or of a line and its index")
        if len(step) == 2:
            self._delete(*step)
            return
        (what,) = step
        claim.require(what in ("first", "last"), "a layer that is frozen is the first or the last")
        claim.require(self.first < self.last, "of a single layer nothing can be frozen")
        claim.require(self.n_left > 0, "nothing is left to match")
        if what == "first":
            self.samples = _transposed(self.before(self.first + 1))
            self.first += 1
            self.columns = list(range(len(self.samples[0])))
        else:
            self.combine = self.behind(self.last - 1)
            self.last -= 1
            self.rows = list(range(len(self.combine[0])))
        self._kept.clear()

    def _delete(self, what: Any, index: Any) -> None:
        claim, is_row = self.claim, what == "row"
        claim.require(what in ("row", "column"), "a step deletes a row or a column")
        lines = self.rows if is_row else self.columns
        claim.charge(STEP * len(lines), _WHAT)
        claim.require(type(index) is int and index in lines, f"{what} {index} is not there")
        claim.require(self.n_left > 0, f"{what} {index}: nothing is left to match")
        place = lines.index(index)
        mask = self.mask(self.masks.learnable, self.last if is_row else self.first)
        entries = np.flatnonzero(mask[place] if is_row else mask[:, place]).tolist()
        reached = self._reached(what)
        needed = len(self.samples if is_row else self.combine)
        few = f"{what} {index} has {len(entries)} of {needed} learnables"
        claim.require(len(entries) >= needed, few)
        if rank([reached[k] for k in entries], self.p, self.budget) < needed:
            raise Missed
        lines.remove(index)
        if is_row:
            self.combine = self._without(self.combine, place)
        else:
            self.samples = self._without(self.samples, place)
        self._kept.pop("column" if is_row else "row", None)

    def _reached(self, what: str) -> plain.Matrix:
        """What the columns of the last layer read, or where the rows of the first one lead.

        As rows. Neither changes with lines deleted of the same kind.
        """
        if what not in self._kept:
            is_row = what == "row"
            self._kept[what] = (
                self.before(self.last) if is_row else _transposed(self.behind(self.first))
            )
        return self._kept[what]

    def _without(self, matrix: plain.Matrix, place: int) -> plain.Matrix:
        """Rows freed of an entry by one of them, which goes with that column."""
        pivot = next((row for row in matrix if row[place]), None)
        if pivot is None:
            raise Missed
        self.claim.charge(3 * STEP * len(matrix) * len(pivot), _WHAT)
        inverse, found = pow(pivot[place], -1, self.p), []
        for row in matrix:
            if row is not pivot:
                factor = row[place] * inverse % self.p
                free = [(x - factor * y) % self.p for x, y in zip(row, pivot, strict=True)]
                found.append(free[:place] + free[place + 1 :])
        return found

    def affine(self, given: Any) -> None:
        """Learnables none of which is behind another have full rank."""
        claim = self.claim
        claim.require(isinstance(given, list), "the learnables of a stage are a list")
        claim.charge(10 * STEP * len(given), _WHAT)
        known = {layer: self.mask(self.masks.learnable, layer) for layer in self._layers}
        chosen = {layer: np.zeros_like(mask) for layer, mask in known.items()}
        for entry in given:
            fits = isinstance(entry, list) and len(entry) == 3
            fits = fits and all(type(x) is int for x in entry) and entry[0] in known
            claim.require(fits, "a learnable is [layer, row, column]")
            layer, i, j = entry
            rows, columns = self._lines(layer)
            claim.require(i in rows and j in columns, f"{entry} is not there")
            claim.require(bool(known[layer][rows[i], columns[j]]), f"{entry} is not learnable")
            claim.require(not chosen[layer][rows[i], columns[j]], f"{entry} is there twice")
            chosen[layer][rows[i], columns[j]] = True
        self._require_no_path(chosen)
        size, width = self.n_left, len(given)
        claim.require(width >= size > 0, "as many learnables as equations, or more")
        claim.foresee(plain.rank_operations(size, width), 9 * size * width, "a stage of a plan")
        if plain.eliminate(self._derivatives(chosen), self.p, self.budget)[0] < size:
            raise Missed

    @property
    def _layers(self) -> range:
        return range(self.first, self.last + 1)

    def _lines(self, layer: int) -> tuple[dict[int, int], dict[int, int]]:
        """The places of the rows and columns of a layer that are left, by their numbers."""
        n_rows, n_columns = self.masks.learnable[layer].shape
        self.claim.charge(STEP * (n_rows + n_columns), _WHAT)
        rows = self.rows if layer == self.last else range(n_rows)
        columns = self.columns if layer == self.first else range(n_columns)
        return {i: k for k, i in enumerate(rows)}, {j: k for k, j in enumerate(columns)}

    def _require_no_path(self, chosen: dict[int, Mask]) -> None:
        behind = np.zeros(len(self.columns), dtype=bool)  # units that learnables lead to
        for layer in self._layers:
            mask, there = chosen[layer], self.mask(self.masks.present, layer)
            self.claim.require(not mask[:, behind].any(), "a path runs through two of a stage")
            behind = mask.any(axis=1) | there[:, behind].any(axis=1)

    def _derivatives(self, chosen: dict[int, Mask]) -> Iterator[plain.Row]:
        """A row for each equation."""
        parts = [
            (self.behind(layer), self.before(layer), np.argwhere(mask).tolist())
            for layer, mask in chosen.items()
        ]
        width = sum(len(places) for _, _, places in parts)
        for output in range(len(self.combine)):
            for sample in range(len(self.samples)):
                self.claim.charge(2 * STEP * width, "a stage of a plan")
                yield [
                    ways[output][i] * values[j][sample] % self.p
                    for ways, values, places in parts
                    for i, j in places
                ]

    def levels(self, evidence: Any) -> None:
        """Two adjacent layers are solved by levels (T14)."""
        claim, layer = self.claim, evidence["pair"]
        inside = type(layer) is int and self.first <= layer < self.last
        claim.require(inside, "the pair begins with a layer that is left, not the last one")
        claim.require(self.n_left > 0, "nothing is left to match")
        inner, outer = (self.mask(self.masks.learnable, k) for k in (layer, layer + 1))
        numbered = self._renumbered(evidence)
        pair = pair_of(claim, numbered, inner, outer, len(self.combine), len(self.samples))
        pair.require_minor(evidence["minor"])
        before, behind = self.before(layer), self.behind(layer + 1)
        first, second = self.weight(layer), self.weight(layer + 1)
        if evidence["axis"] == "rows":
            first, second = _transposed(second), _transposed(first)
            before, behind = _transposed(behind), _transposed(before)
        square = [before[t] for t in numbered["lines"]]
        inner = times_inverse(self.product(first, before), square, self.p, self.budget)
        if inner is None:
            raise Missed
        Point(pair, self.trial, behind, second, inner).solve(evidence["minor"])

    def _renumbered(self, evidence: Any) -> dict[str, Any]:
        """The evidence with its lines numbered among those that are left."""
        axis, layer, lines = evidence["axis"], evidence["pair"], evidence["lines"]
        self.claim.require(isinstance(lines, list), "the lines are a list")
        left = self._lines(layer)[1] if axis == "columns" else self._lines(layer + 1)[0]
        inside = all(type(t) is int and t in left for t in lines)
        self.claim.require(inside, "the lines must be there")
        return {**evidence, "lines": [left[t] for t in lines]}


def _wide(weights: dict[str, plain.Matrix], layer: int, masks: _Masks) -> plain.Matrix:
    """The weights of a layer, a bias being its last column."""
    rows = weights[f"W{layer}"]
    if not masks.bias:
        return rows
    biases = weights[f"b{layer}"]
    wide = [[*row, *bias] for row, bias in zip(rows, biases, strict=True)]
    return wide if layer == masks.depth else [*wide, [0] * (len(wide[0]) - 1) + [1]]


def _transposed(matrix: plain.Matrix) -> plain.Matrix:
    return [list(row) for row in zip(*matrix, strict=True)]


_LEVELS = {"pair", "axis", "lines", "units", "columns", "chosen", "minor"}


def drawn_plan(claim: Claim) -> None:
    """Peeled and frozen step by step, then one affine part, or levels, of what is left."""
    claim.require(isinstance(claim.network, LinearFeedforward), "plans: feed-forward networks")
    steps, rest = claim.evidence["steps"], claim.evidence["rest"]
    claim.require(isinstance(steps, list), "steps are a list")
    is_rest = rest is None or (isinstance(rest, dict) and rest.keys() in ({"affine"}, _LEVELS))
    claim.require(is_rest, "the rest is null, affine or levels")
    masks = _Masks(claim)
    for trial in range(LOWER_TRIALS):
        try:
            _carry_out(_Left(claim, masks, trial), steps, rest)
        except Missed:
            continue
        claim.require_claim("maximal")
        return
    claim.refuse(f"some linear system lacks rank in all of {LOWER_TRIALS} trials")


def _carry_out(left: _Left, steps: list[Any], rest: Any) -> None:
    for step in steps:
        left.take(step)
    if rest is None:
        left.claim.require(left.n_left == 0, "something is left: prove it")
    elif "affine" in rest:
        left.affine(rest["affine"])
    else:
        left.levels(rest)


CHECKS: dict[str, Check] = {drawn_plan.__name__: drawn_plan}
