"""Checks of levels (T14): two layers solved by linear systems in an order, in plain integers.

y = P A B, A being p x n and B n x columns. The learnables of A and B are solved for modulo the
prime of one of the check's trials; all else is drawn. Full row ranks show that each solution is
the reduction of one over the rational functions of the draw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..problem.allocation import Mask
from ..problem.networks.feedforward import LinearFeedforward
from . import plain
from .budget import STEP
from .claim import Check, Claim
from .context import LOWER_TRIALS
from .levels_cost import least_operations
from .rank import require_indices
from .systems import rank, solve


@dataclass(frozen=True)
class Pair:
    """Learnables of each unit in A (by column) and in B (by column of y), and the levels.

    `reached` is the level of each unit and the number of its values together.
    """

    claim: Claim
    rows: int
    width: int  # p
    units: list[int]
    reached: list[int]
    columns: list[int | None]
    chosen: int
    outer: list[list[int]]  # of each unit, the rows of A
    inner: list[list[int]]  # of each column of y, the units

    @property
    def unknowns(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The learnables (row, column) of A and of B, row by row."""
        first = [(i, k) for k, entries in enumerate(self.outer) for i in entries]
        second = [(k, t) for t, entries in enumerate(self.inner) for k in entries]
        return sorted(first), sorted(second)

    def charge(self, operations: float) -> None:
        """Spend operations."""
        self.claim.charge(operations, "levels")

    def drawn(self, trial: int, name: str, n_rows: int, width: int) -> plain.Matrix:
        """A random matrix from the stream of this name."""
        numbers, context = n_rows * width, self.claim.context
        self.claim.foresee(3 * STEP * numbers, 100 * numbers, "a point of levels")
        self.charge(3 * STEP * numbers)
        return plain.random_matrix(context.key, trial, name, (n_rows, width), context.prime(trial))

    def point(self, trial: int) -> Point:
        """P, A and B at random: P is the identity if the rows of A are all that is read."""
        d, n, width = self.rows, len(self.units), self.width
        ways = plain.identity(d) if width == d else self.drawn(trial, "P", d, width)
        outer, inner = (
            self.drawn(trial, "A", width, n),
            self.drawn(trial, "B", n, len(self.columns)),
        )
        return Point(self, trial, ways, outer, inner)

    def require_minor(self, minor: Any) -> None:
        """The minor has unknowns of its own for all equations; null if no column is infinite."""
        claim, is_finite = self.claim, None not in self.columns
        size, (first, second) = self.rows * len(self.columns), self.unknowns
        claim.require((minor is None) == is_finite,
                      "a minor is for infinite columns, and needed there")  # fmt: skip
        if not is_finite:
            require_indices(claim, minor, len(first) + len(second), size, "columns")
            what = "the Jacobian of a pair"
            claim.foresee(plain.rank_operations(size, size), 9 * size**2, what)


class Point:
    """The point of a trial while it is built; `Missed` where a rank is too small."""

    def __init__(
        self, pair: Pair, trial: int, ways: plain.Matrix, outer: plain.Matrix, inner: plain.Matrix
    ) -> None:
        context, columns = pair.claim.context, len(pair.columns)
        self.pair, self.p, self.budget = pair, context.prime(trial), context.budget
        self.ways, self.outer, self.inner = ways, outer, inner
        self.target = pair.drawn(trial, "y", pair.rows, columns)
        self.extra = pair.drawn(trial, "z", pair.rows, pair.rows)
        self.values = [[0] * len(pair.units) for _ in range(pair.rows)]
        if pair.reached != pair.units:
            self.values = pair.drawn(trial, "c", pair.rows, len(pair.units))
        self.z: plain.Matrix = []
        self.through: plain.Matrix = []
        self.refresh()

    def product(self, left: plain.Matrix, right: plain.Matrix) -> plain.Matrix:
        """A product of matrices."""
        inner, width = len(right), len(right[0]) if right else 0
        self.pair.charge(plain.product_operations(len(left), inner, width))
        return plain.product(left, right, self.p)

    def refresh(self) -> None:
        """P A, from P and A."""
        self.through = self.product(self.ways, self.outer)

    def solved(self, rows: plain.Matrix, right: plain.Row, start: plain.Row, least: int) -> Any:
        """A solution, if there is one and the rank is at least this."""
        values, found = solve(rows, right, start, self.p, self.budget)
        if values is None or found < least:
            raise Missed
        return values

    def solve(self, minor: list[int] | None) -> None:
        """The steps 1 to 4, and the determinant of the minor, if there is one, is not 0."""
        self.build()
        if minor is None:
            return
        size = self.pair.rows * len(self.pair.columns)
        if plain.eliminate(self.derivatives(minor), self.p, self.budget)[0] < size:
            raise Missed

    def build(self) -> None:
        """The steps 1 to 4."""
        pair = self.pair
        for number in range(1, pair.chosen + 1):
            self.choose(number)
            if number < pair.chosen:
                self.meet([k for k, reached in enumerate(pair.reached) if reached == number])
        levels = [level or 0 for level in pair.columns]
        highest = max(pair.chosen, *pair.units, *levels)
        self.z += self.extra[: highest - pair.chosen]
        if rank(self.z, self.p, self.budget) < highest:
            raise Missed
        upper = [k for k, reached in enumerate(pair.reached) if reached >= pair.chosen]
        if max(levels) <= pair.chosen:
            self.meet(upper)
        else:
            self.solve_upper(upper)
        for t, level in enumerate(pair.columns):
            if level is None:
                self.to_kernel(t)
            elif level < pair.rows:
                self.solve_column(t, level)

    def choose(self, number: int) -> None:
        """Step 1: z of this number is 0 on what lower units leave of columns from it on.

        What it makes of units with a value of it is found with z.
        """
        pair, values = self.pair, self.values[number - 1]
        columns = [t for t, level in enumerate(pair.columns) if (level or 0) >= number]
        low = [k for k, reached in enumerate(pair.reached) if reached < number]
        valued = [k for k, level in enumerate(pair.units) if level < number <= pair.reached[k]]
        rest = []
        for t in columns:
            pair.charge(STEP * (pair.rows * (len(low) + 5) + len(valued)))
            left = [
                (self.target[i][t] - sum(row[k] * self.inner[k][t] for k in low)) % self.p
                for i, row in enumerate(self.through)
            ]
            rest.append([*left, *(-self.inner[k][t] % self.p for k in valued)])
        start = [*self.extra[-number], *(values[k] for k in valued)]
        found = self.solved(rest, [0] * len(rest), start, len(rest))
        self.z.append(found[: pair.rows])
        for k, value in zip(valued, found[pair.rows :], strict=True):
            values[k] = value
        if rank(self.z, self.p, self.budget) < number:
            raise Missed

    def wanted(self, unit: int) -> plain.Row:
        """What the z are to make of a unit: 0 up to its level, then its values."""
        level, reached = self.pair.units[unit], self.pair.reached[unit]
        return [0 if number < level else self.values[number][unit] for number in range(reached)]

    def meet(self, units: list[int]) -> None:
        """z_1, ..., z_k are 0 on what a unit of level k does, the next ones have their values."""
        ways = self.product(self.z, self.ways)
        for unit in units:
            entries, reached = self.pair.outer[unit], self.pair.reached[unit]
            frozen = set(range(self.pair.width)).difference(entries)
            self.pair.charge(2 * STEP * reached * self.pair.width)
            right = [
                (value - sum(row[i] * self.outer[i][unit] for i in frozen)) % self.p
                for row, value in zip(ways, self.wanted(unit), strict=False)
            ]
            rows = [[row[i] for i in entries] for row in ways[:reached]]
            start = [self.outer[i][unit] for i in entries]
            for i, value in zip(entries, self.solved(rows, right, start, reached), strict=True):
                self.outer[i][unit] = value
        self.refresh()

    def solve_upper(self, upper: list[int]) -> None:
        """Step 2: units from c on, and columns of levels above c, in one system."""
        pair, p = self.pair, self.p
        places = [(i, k) for k in upper for i in pair.outer[k]]
        n_rows = sum(pair.reached[k] for k in upper)
        n_rows += sum(max((level or 0) - pair.chosen, 0) for level in pair.columns)
        if n_rows > len(places):
            raise Missed
        pair.claim.foresee(plain.rank_operations(n_rows, len(places)), 9 * n_rows * len(places),
                           "the system of the upper units")  # fmt: skip
        ways = self.product(self.z, self.ways)
        start = [self.outer[i][k] for i, k in places]
        for i, k in places:
            self.outer[i][k] = 0
        left = self.product(ways, self.outer)
        target = self.product(self.z, self.target)
        pair.charge(2 * STEP * n_rows * (len(places) + len(pair.units)))
        rows, right = [], []
        for unit in upper:
            for number, value in enumerate(self.wanted(unit)):
                rows.append([ways[number][i] if k == unit else 0 for i, k in places])
                right.append((value - left[number][unit]) % p)
        for t, level in enumerate(pair.columns):
            for number in range(pair.chosen, level or 0):
                rows.append([ways[number][i] * self.inner[k][t] % p for i, k in places])
                made = sum(x * line[t] for x, line in zip(left[number], self.inner, strict=True))
                right.append((target[number][t] - made) % p)
        for (i, k), value in zip(places, self.solved(rows, right, start, n_rows), strict=True):
            self.outer[i][k] = value
        self.refresh()

    def solve_column(self, t: int, level: int) -> None:
        """Step 3: column t of y, for its learnables of units of its level or more."""
        pair = self.pair
        units = [k for k in pair.inner[t] if pair.units[k] >= level]
        others = set(range(len(pair.units))).difference(units)
        pair.charge(2 * STEP * pair.rows * len(pair.units))
        right = [
            (self.target[i][t] - sum(row[k] * self.inner[k][t] for k in others)) % self.p
            for i, row in enumerate(self.through)
        ]
        rows = [[row[k] for k in units] for row in self.through]
        start = [self.inner[k][t] for k in units]
        values = self.solved(rows, right, start, pair.rows - level)
        for k, value in zip(units, values, strict=True):
            self.inner[k][t] = value

    def to_kernel(self, t: int) -> None:
        """Step 4: a kernel vector of P A on the learnables of column t, of the nested rank."""
        pair = self.pair
        units, needed = pair.inner[t], 0
        for level in sorted((pair.units[k] for k in units), reverse=True):
            needed += needed < pair.rows - level
        pair.charge(2 * STEP * pair.rows * len(pair.units))
        rows = [[row[k] for k in units] for row in self.through]
        start = [self.inner[k][t] for k in units]
        values = dict(zip(units, self.solved(rows, [0] * pair.rows, start, needed), strict=True))
        for k, line in enumerate(self.inner):
            line[t] = values.get(k, 0)

    def derivatives(self, minor: list[int]) -> Iterator[plain.Row]:
        """The rows of the Jacobian on the columns of the minor."""
        first, second = self.pair.unknowns
        ends = [*first, *second]
        for i, ways in enumerate(self.ways):
            through = self.through[i]
            for t in range(len(self.pair.columns)):
                self.pair.charge(2 * STEP * len(minor))
                yield [
                    ways[a] * self.inner[b][t] % self.p
                    if number < len(first)
                    else (through[a] if b == t else 0)
                    for number, (a, b) in ((number, ends[number]) for number in minor)
                ]


class Missed(Exception):
    """A rank in a trial is smaller than it has to be."""


def whole_numbers(claim: Claim, values: Any, count: int, most: int, what: str) -> list[int]:
    """The values, if they are as many integers from 0 to `most`; else the claim is refused."""
    fits = isinstance(values, list) and len(values) == count
    fits = fits and all(type(value) is int and 0 <= value <= most for value in values)
    claim.require(fits, f"{what} are {count} integers from 0 to {most}")
    return values


def pair_of_claim(claim: Claim) -> Pair:
    """The pair of the evidence, if the other layers are no bottleneck."""
    network, m = claim.network, claim.effective_samples()
    claim.require(isinstance(network, LinearFeedforward), "T14 is about feed-forward networks")
    claim.require(claim.allocation.is_dense and not network.bias, "T14: dense, without biases")
    layer, widths = claim.evidence["pair"], network.widths
    inside = type(layer) is int and 1 <= layer < network.depth
    claim.require(inside, f"the pair begins with a layer from 1 to {network.depth - 1}")
    claim.charge(STEP * len(widths), "the pair")
    wide = min(widths[:layer]) >= m and min(widths[layer + 1 :]) >= network.outputs
    claim.require(wide, "a layer outside of the pair is a bottleneck")
    first, second = (mask_of(claim, k, "the masks of the pair") for k in (layer, layer + 1))
    return pair_of(claim, claim.evidence, first, second, network.outputs, m)


def mask_of(claim: Claim, layer: int, what: str) -> Mask:
    """The learnables of a layer, if there are operations enough to read them one by one."""
    rows, columns = claim.network.weight_shapes[f"W{layer}"]
    claim.foresee(STEP * rows * columns, rows * columns, what)
    return claim.allocation.mask(f"W{layer}")


def rows_of(claim: Claim, mask: Mask, columns: Sequence[int], what: str) -> list[list[int]]:
    """Of each of these columns the rows with a learnable, each paid for before it is read."""
    found = []
    for k in columns:
        claim.charge(STEP * len(mask), what)
        found.append([i for i in range(len(mask)) if mask[i, k]])
    return found


def pair_of(
    claim: Claim, evidence: Mapping[str, Any], first: Mask, second: Mask, outputs: int, samples: int
) -> Pair:
    """Levels for two layers with these learnables, with so many outputs and samples to match.

    Columns of V, `lines`, are numbered as those of its mask.
    """
    axis, given = evidence["axis"], evidence["columns"]
    claim.require(axis in ("columns", "rows"), "the axis must be columns or rows")
    rows, columns = (outputs, samples) if axis == "columns" else (samples, outputs)
    if axis == "rows":
        first, second = second.T, first.T
    lines = whole_numbers(claim, evidence["lines"], columns, first.shape[1] - 1, "the lines")
    claim.require(sorted(set(lines)) == lines, "the lines must be ascending")
    units = whole_numbers(claim, evidence["units"], len(first), rows, "the levels of units")
    claim.require(isinstance(given, list) and len(given) == columns, "each column has a level")
    finite = [level for level in given if level is not None]
    whole_numbers(claim, finite, len(finite), rows, "the levels of columns")
    (chosen,) = whole_numbers(claim, [evidence["chosen"]], 1, rows, "chosen functionals")
    values = whole_numbers(
        claim, evidence.get("values", [0] * len(units)), len(units), rows, "the values of units"
    )
    reached = [level + count for level, count in zip(units, values, strict=True)]
    among = all(not count or end <= chosen for count, end in zip(values, reached, strict=True))
    claim.require(among, "values are of chosen functionals")
    what = "the masks of the pair"
    claim.foresee(STEP * (first.size + second.size), first.size + second.size, what)
    outer, inner = (
        rows_of(claim, second, range(len(first)), what),
        rows_of(claim, first, lines, what),
    )
    return Pair(claim, rows, len(second), units, reached, given, chosen, outer, inner)


def levels(claim: Claim) -> None:
    """Two layers are solved by linear systems in their order (T14)."""
    pair, minor = pair_of_claim(claim), claim.evidence["minor"]
    pair.require_minor(minor)
    least = least_operations(
        pair.rows, pair.width, pair.reached, pair.columns, pair.chosen, pair.outer, pair.inner
    )
    claim.context.budget.foresee(least, "a trial of levels")
    for trial in range(LOWER_TRIALS):
        try:
            pair.point(trial).solve(minor)
        except Missed:
            continue
        claim.require_claim("maximal")
        return
    claim.refuse(f"some linear system lacks rank in all of {LOWER_TRIALS} trials")


CHECKS: dict[str, Check] = {levels.__name__: levels}
