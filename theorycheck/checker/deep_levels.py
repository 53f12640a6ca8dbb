"""Checks of levels with layers behind them (T16), in plain integers.

y = C_q ... C_1 A B. Functionals that are 0 on finite columns of y are made 0 on C_q ... C_1 by
learnables of the C; what is left, of fewer rows, is a question of levels (T14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import plain
from .budget import STEP
from .claim import Check, Claim
from .context import LOWER_TRIALS
from .levels import Missed, Pair, Point, mask_of, pair_of_claim, rows_of, whole_numbers
from .rank import require_indices
from .systems import rank, solve


@dataclass(frozen=True)
class _Layer:
    """A layer behind: its size, the learnable rows of each column, and how many z become 0."""

    rows: int
    columns: list[list[int]]
    base: int

    @property
    def unknowns(self) -> list[tuple[int, int]]:
        """The learnables (row, column), row by row."""
        return sorted((i, j) for j, entries in enumerate(self.columns) for i in entries)


@dataclass(frozen=True)
class _Deep:
    """A pair, all of whose rows count, and the layers behind it, the next one first."""

    pair: Pair
    behind: list[_Layer]

    @property
    def base(self) -> int:
        """The number of functionals."""
        return sum(layer.base for layer in self.behind)

    @property
    def n_unknowns(self) -> int:
        """The number of learnables of the pair and behind it."""
        return sum(map(len, self.pair.unknowns)) + sum(len(each.unknowns) for each in self.behind)


class _DeepPoint:
    """The point of a trial; `Missed` where a rank is too small."""

    def __init__(self, deep: _Deep, trial: int) -> None:
        pair, context = deep.pair, deep.pair.claim.context
        self.deep, self.p, self.budget = deep, context.prime(trial), context.budget
        rows, columns = pair.rows, len(pair.columns)
        sizes = [layer.rows * len(layer.columns) for layer in deep.behind]
        numbers = sum(sizes) + rows * (rows + columns)
        pair.claim.foresee(3 * STEP * numbers, 100 * numbers, "layers behind levels")
        pair.charge(3 * STEP * numbers)

        def drawn(name: str, *shape: int) -> plain.Matrix:
            return plain.random_matrix(context.key, trial, name, shape, self.p)

        self.target, extra = drawn("Y", rows, columns), drawn("Z", rows, rows)
        self.behind = [
            drawn(f"C{number}", layer.rows, len(layer.columns))
            for number, layer in enumerate(deep.behind, start=1)
        ]
        self.z, self.others = (
            [self.functional(row) for row in extra[: deep.base]],
            extra[deep.base :],
        )
        if rank([*self.z, *self.others], self.p, self.budget) < rows:
            raise Missed
        self.solve_behind()
        self.point = self.of_pair(trial)

    def product(self, left: plain.Matrix, right: plain.Matrix) -> plain.Matrix:
        """A product of matrices."""
        operations = plain.product_operations(len(left), len(right), len(right[0]))
        self.deep.pair.charge(operations)
        return plain.product(left, right, self.p)

    def functional(self, start: plain.Row) -> plain.Row:
        """One that is 0 on the finite columns of y."""
        finite = [t for t, level in enumerate(self.deep.pair.columns) if level is not None]
        rows = [[row[t] for row in self.target] for t in finite]
        values, found = solve(rows, [0] * len(rows), start, self.p, self.budget)
        if values is None or found < len(rows):
            raise Missed
        return values

    def solve_behind(self) -> None:
        """The functionals become 0 on C_q ... C_1: the first ones on C_q, the last on C_1."""
        ways, done = self.z, 0
        for number in reversed(range(len(self.behind))):
            layer = self.deep.behind[number]
            self.annihilate(self.behind[number], layer, ways[done : done + layer.base])
            done += layer.base
            ways = self.product(ways, self.behind[number])

    def annihilate(self, matrix: plain.Matrix, layer: _Layer, ways: plain.Matrix) -> None:
        """Each column is solved in its learnable places for `ways` times it to be 0."""
        for column, entries in enumerate(layer.columns if ways else ()):
            frozen = set(range(layer.rows)).difference(entries)
            self.deep.pair.charge(2 * STEP * len(ways) * layer.rows)
            right = [-sum(row[i] * matrix[i][column] for i in frozen) % self.p for row in ways]
            rows = [[row[i] for i in entries] for row in ways]
            start = [matrix[i][column] for i in entries]
            values, found = solve(rows, right, start, self.p, self.budget)
            if values is None or found < len(ways):
                raise Missed
            for i, value in zip(entries, values, strict=True):
                matrix[i][column] = value

    def of_pair(self, trial: int) -> Point:
        """The point of T14 of what is left: the other functionals of all rows."""
        pair = self.deep.pair
        point = replace(pair, rows=pair.rows - self.deep.base).point(trial)
        ways = self.others
        for matrix in reversed(self.behind):
            ways = self.product(ways, matrix)
        point.ways, point.target = ways, self.product(self.others, self.target)
        point.refresh()
        point.build()
        return point

    def derivatives(self, minor: list[int]) -> Iterator[plain.Row]:
        """The derivatives of C_q ... C_1 A B by the unknowns of the minor, one after the other."""
        pair, point, p = self.deep.pair, self.point, self.p
        lefts = [plain.identity(pair.rows)]
        for matrix in reversed(self.behind):
            lefts.append(self.product(lefts[-1], matrix))
        rights = [point.inner, self.product(point.outer, point.inner)]
        for matrix in self.behind[:-1]:
            rights.append(self.product(matrix, rights[-1]))
        first, second = pair.unknowns
        lefts, columns = lefts[::-1], len(pair.columns)
        through = self.product(lefts[0], point.outer)
        ends = [(0, *place) for place in first] + [(-1, *place) for place in second]
        for number, layer in enumerate(self.deep.behind, start=1):
            ends += [(number, *place) for place in layer.unknowns]
        for number, a, b in (ends[unknown] for unknown in minor):
            pair.charge(2 * STEP * pair.rows * columns)
            if number < 0:
                yield [row[a] if t == b else 0 for row in through for t in range(columns)]
            else:
                right = rights[number][b]
                yield [row[a] * x % p for row in lefts[number] for x in right]


def deep_of_claim(claim: Claim) -> _Deep:
    """The pair of the evidence, and all that is behind it."""
    pair, evidence, widths = pair_of_claim(claim), claim.evidence, claim.network.widths
    layer, m = evidence["pair"], claim.effective_samples()
    shapes: list[tuple[int, list[list[int]]]] = []
    by_columns = evidence["axis"] == "columns"
    layers = range(layer + 2, len(widths)) if by_columns else range(layer - 1, 0, -1)
    for number in layers:
        what = "the masks of layers behind levels"
        mask = mask_of(claim, number, what)
        mask = mask if by_columns else mask.T
        shapes.append((len(mask), rows_of(claim, mask, range(mask.shape[1]), what)))
    if not by_columns and widths[0] > m:
        shapes.append((m, [[] for _ in range(widths[0])]))
    claim.require(bool(shapes), "there is no layer behind the pair")
    given = whole_numbers(claim, evidence["bases"], len(shapes), pair.rows - 1, "the bases")
    deep = _Deep(
        pair,
        [_Layer(rows, entries, base) for (rows, entries), base in zip(shapes, given, strict=True)],
    )
    most = pair.rows - deep.base
    claim.require(0 < deep.base < pair.rows, f"the bases are from 1 to {pair.rows - 1} together")
    levels = [*pair.units, *(level for level in pair.columns if level is not None), pair.chosen]
    claim.require(max(levels) <= most, f"beyond the bases levels are at most {most}")
    return deep


def deep_levels(claim: Claim) -> None:
    """Layers behind two others give their units levels, then these are solved (T16)."""
    deep, minor = deep_of_claim(claim), claim.evidence["minor"]
    pair = deep.pair
    size, is_finite = pair.rows * len(pair.columns), None not in pair.columns
    claim.require((minor is None) == is_finite, "a minor is for infinite columns, and needed there")
    if not is_finite:
        require_indices(claim, minor, deep.n_unknowns, size, "columns")
        claim.foresee(plain.rank_operations(size, size), 9 * size**2, "the Jacobian of levels")
    for trial in range(LOWER_TRIALS):
        try:
            point = _DeepPoint(deep, trial)
        except Missed:
            continue
        budget = claim.context.budget
        if is_finite or plain.eliminate(point.derivatives(minor), point.p, budget)[0] == size:
            claim.require_claim("maximal")
            return
    claim.refuse(f"some linear system lacks rank in all of {LOWER_TRIALS} trials")


CHECKS: dict[str, Check] = {deep_levels.__name__: deep_levels}
