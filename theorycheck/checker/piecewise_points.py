"""Points of piecewise linear networks in certificates: numbers in their own pattern, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import mul
from typing import Any, NamedTuple

from . import plain
from .budget import STEP
from .claim import Entry
from .context import LOWER_TRIALS
from .integers import integer_matrix, integer_weights
from .piecewise_stages import Stages
from .rank import n_equations, require_indices

_LARGEST_SCALE = 2**22  # below every prime that a check draws
_KINKS = {"relu": [0], "leaky_relu": [0], "hardtanh": [-1, 1]}
# On each piece, from left to right: slope as numerator over the last number, and constant.
_PIECES = {
    "relu": ([0, 1], [0, 0], 1),
    "leaky_relu": ([1, 100], [0, 0], 100),
    "hardtanh": ([0, 1, 0], [-1, 0, 1], 1),
}


class Values(NamedTuple):
    """Of a stage: values over `scale`, unit by unit; which are always 0; pieces, if it has some."""

    values: plain.Matrix
    scale: int
    is_zero: list[list[bool]]
    pieces: list[list[int]] | None


class Point:
    """A point of a certificate: its numbers, and what its units are there."""

    def __init__(self, stages: Stages, evidence: Mapping[str, Any]) -> None:
        self.stages, claim = stages, stages.claim
        keys = {"scale", "weights", "inputs", "rows", "columns"}
        claim.require(evidence.keys() == keys, f"a point has {', '.join(sorted(keys))}")
        self.scale = evidence["scale"]
        fits = type(self.scale) is int and 1 <= self.scale < _LARGEST_SCALE
        claim.require(fits, f"the scale of a point is from 1 to {_LARGEST_SCALE - 1}")
        network = claim.network
        numbers = network.n_weights + network.steps * network.inputs * claim.samples
        claim.charge(10 * STEP * numbers, f"a point of {network.n_weights} weights")
        claim.foresee(0, 100 * numbers, f"a point of {network.n_weights} weights")
        self.weights = integer_weights(claim, evidence["weights"])
        n_rows = network.steps * network.inputs
        inputs = integer_matrix(claim, evidence["inputs"], n_rows, claim.samples)
        self.values = self._evaluated(inputs)

    def _evaluated(self, inputs: plain.Matrix) -> list[Values]:
        claim, found, start = self.stages.claim, [], 0
        m = claim.samples
        for number, stage in enumerate(self.stages.all):
            if stage.parts:
                found.append(self._stage(number, found))
                continue
            is_input = start < len(inputs)
            rows = inputs[start : start + stage.size] if is_input else [[1] * m]
            start += stage.size
            found.append(Values(rows, 1, [[False] * m for _ in rows], None))
        return found

    def _stage(self, number: int, before: list[Values]) -> Values:
        """The values of a stage; no unit may be at a kink, unless it is always 0."""
        claim, stage = self.stages.claim, self.stages.all[number]
        scale = math.lcm(*(before[source].scale for _, source in stage.parts))
        digits = max(
            _digits(self.weights[name]) + _digits(before[source].values)
            for name, source in stage.parts
        )
        products = (
            stage.size
            * claim.samples
            * sum(len(before[source].values) for _, source in stage.parts)
        )
        claim.charge((STEP + (digits / 64) ** 2) * products, "the values of a point")
        sums = [[0] * claim.samples for _ in range(stage.size)]
        for name, source in stage.parts:
            factor = scale // before[source].scale
            columns = list(zip(*before[source].values, strict=True))
            for total, row in zip(sums, self.weights[name], strict=True):
                for s, column in enumerate(columns):
                    total[s] += factor * sum(map(mul, row, column))
        scale *= self.scale
        is_zero = [
            [not z and self._is_zero(number, i, s, before) for s, z in enumerate(row)]
            for i, row in enumerate(sums)
        ]
        if stage.activation not in _KINKS:
            return Values(sums, scale, is_zero, None)
        return self._activated(number, sums, scale, is_zero)

    def _is_zero(self, number: int, unit: int, sample: int, before: list[Values]) -> bool:
        """Whether all that a unit reads by present weights is always 0 on a sample."""
        claim = self.stages.claim
        for name, source in self.stages.all[number].parts:
            flags = before[source].is_zero
            claim.charge(STEP * len(flags), "units that are always 0")
            row = self.stages.present[name][unit]
            if any(row >> j & 1 and not flags[j][sample] for j in range(len(flags))):
                return False
        return True

    def _activated(
        self, number: int, sums: plain.Matrix, scale: int, is_zero: list[list[bool]]
    ) -> Values:
        claim, name = self.stages.claim, self.stages.all[number].activation
        assert name is not None
        slopes, constants, common = _PIECES[name]
        kinks = [kink * scale for kink in _KINKS[name]]
        values, pieces, zeros = [], [], []
        for i, row in enumerate(sums):
            for s, z in enumerate(row):
                is_inside = z not in kinks or is_zero[i][s]
                claim.require(is_inside, f"unit {i} is at a kink on sample {s}")
            on = [sum(z > kink for kink in kinks) for z in row]
            values.append(
                [
                    slopes[k] * z + constants[k] * common * scale
                    for k, z in zip(on, row, strict=True)
                ]
            )
            flat = [not slopes[k] and not constants[k] for k in on]
            zeros.append([a or b for a, b in zip(flat, is_zero[i], strict=True)])
            pieces.append(on)
        return Values(values, scale * common, zeros, pieces)

    def jacobian(self, p: int) -> Jacobian:
        """The Jacobian there, modulo a prime."""
        return Jacobian(self, p)


class Jacobian:
    """Derivatives at a point modulo p, row by row."""

    def __init__(self, point: Point, p: int) -> None:
        self._stages, self._p, self._m = point.stages, p, point.stages.claim.samples
        inverse = pow(point.scale, -1, p)
        self._packed = {
            name: [plain.pack([x * inverse % p for x in row]) for row in rows]
            for name, rows in point.weights.items()
        }
        self._values, self._slopes = [], []
        for stage, found in zip(self._stages.all, point.values, strict=True):
            inverse = pow(found.scale, -1, p)
            rows = ([x * inverse % p for x in row] for row in found.values)
            self._values.append(list(zip(*rows, strict=True)))
            self._slopes.append(None)
            if found.pieces is not None:
                slopes, _, common = _PIECES[stage.activation or ""]
                table = [x * pow(common, -1, p) % p for x in slopes]
                self._slopes[-1] = list(
                    zip(*([table[k] for k in row] for row in found.pieces), strict=True)
                )
        self._uses: dict[str, list[tuple[int, int]]] = {}
        for number, stage in enumerate(self._stages.all):
            for name, source in stage.parts:
                self._uses.setdefault(name, []).append((number, source))

    def row(self, equation: int, entries: list[Entry]) -> plain.Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        rest, sample = divmod(equation, self._m)
        read, output = divmod(rest, self._stages.claim.network.outputs)
        behind = self._behind(self._stages.read[read], output, sample)
        result = []
        for name, index in entries:
            i, j = index[0], index[1] if len(index) == 2 else 0
            uses = ((behind[k], source) for k, source in self._uses[name] if k in behind)
            total = sum(line[i] * self._values[source][sample][j] for line, source in uses)
            result.append(total % self._p)
        return result

    def _behind(self, read: int, output: int, sample: int) -> dict[int, plain.Row]:
        """What lies behind the sums of each stage that leads to an output."""
        size = self._stages.all[read].size
        leading, found = {read: [int(i == output) for i in range(size)]}, {}
        for number in range(read, -1, -1):
            line, stage = leading.pop(number, None), self._stages.all[number]
            if line is None or not stage.parts:
                continue
            slopes = self._slopes[number]
            if slopes is not None:
                line = [x * slope % self._p for x, slope in zip(line, slopes[sample], strict=True)]
            found[number] = line
            for name, source in stage.parts:
                if not self._stages.all[source].parts:
                    continue
                width = self._stages.all[source].size
                more = plain.combine(line, self._packed[name], width, self._p)
                old = leading.get(source, [0] * width)
                leading[source] = [(x + y) % self._p for x, y in zip(old, more, strict=True)]
        return found


def require_point(stages: Stages, evidence: Mapping[str, Any], which: str) -> tuple[Point, int]:
    """A point inside of its pattern, and the size of a minor of `which` weights, not 0 there."""
    claim, point = stages.claim, Point(stages, evidence)
    entries, rows, columns = claim.entries(which), evidence["rows"], evidence["columns"]
    claim.require(isinstance(rows, list), "a minor has a list of rows")
    size = len(rows)
    require_indices(claim, rows, n_equations(claim), size, "rows")
    require_indices(claim, columns, len(entries), size, "columns")
    if not size:
        return point, 0
    chosen = [entries[index] for index in columns]
    products = sum(
        plain.product_operations(1, stage.size, stages.all[source].size)
        for stage in stages.all
        for _, source in stage.parts
    )
    per_row = products + (6 + 3 * claim.network.steps) * STEP * size
    numbers = claim.network.n_weights + claim.samples * sum(stage.size for stage in stages.all)
    what = f"a minor of size {size}"
    for trial in range(LOWER_TRIALS):
        claim.charge(10 * STEP * numbers, what)
        cost = size * per_row + plain.rank_operations(size, size)
        claim.foresee(cost, 8 * size**2 + 200 * numbers, what)
        claim.charge(size * per_row, what)
        p = claim.context.prime(trial)
        jacobian = point.jacobian(p)
        matrix = (jacobian.row(equation, chosen) for equation in rows)
        if plain.eliminate(matrix, p, claim.context.budget)[0] == size:
            return point, size
    claim.refuse(f"the minor is singular in all of {LOWER_TRIALS} trials")


def _digits(rows: plain.Matrix) -> int:
    return max((abs(x).bit_length() for row in rows for x in row), default=0)
