"""The point of a graded plan modulo a prime, in plain integers: leading forms, derivatives (T15).

Growing weights are those times s, so that states and outputs are polynomials in s. A row of
polynomials is one list: the coefficients of degree 0 of all of them, then those of degree 1, ...
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeAlias

from . import plain
from .budget import STEP
from .claim import Claim
from .graded_walks import Walks

_WHAT = "the point of a graded plan"


class Point:
    """Values of all weights, those of the learnables by number, and of the inputs."""

    def __init__(self, claim: Claim, walks: Walks, outputs: list[int], trial: int) -> None:
        self._claim, self._walks, self._outputs = claim, walks, outputs
        self._key, self._trial = claim.context.key, trial
        self.p, network, m = claim.prime(trial), claim.network, walks.samples
        self._entries = claim.entries("learnable")
        n_words = network.n_weights + walks.n_rows * m
        claim.foresee(3 * STEP * n_words, 100 * n_words, _WHAT)
        claim.charge(3 * STEP * n_words, _WHAT)
        self._weights = {name: self._drawn(name, *shape)
                         for name, shape in network.weight_shapes.items()}  # fmt: skip
        rows = self._drawn("inputs", walks.n_rows, m)
        if claim.is_spanning:
            rows = [[0] * m for _ in rows]
        rows[:m] = plain.identity(m)
        self._inputs = [rows[t : t + network.inputs] for t in range(0, len(rows), network.inputs)]

    def _drawn(self, name: str, n_rows: int, width: int) -> plain.Matrix:
        return plain.random_matrix(self._key, self._trial, name, (n_rows, width), self.p)

    def targets(self) -> plain.Row:
        """Random outputs of all equations that are left."""
        m, network = self._walks.samples, self._claim.network
        reads = len(self._walks.reads)
        rows = self._drawn("targets", reads * network.outputs, m)
        return [
            x for t in range(reads) for o in self._outputs for x in rows[t * network.outputs + o]
        ]

    def free(self, count: int, system: int) -> plain.Row:
        """Random values for the unknowns of a system that its equations leave free."""
        words = plain.words(self._key, self._trial, f"free/{system}", count)
        return [word % self.p for word in words]

    def put(self, numbers: Iterable[int], values: Iterable[int]) -> None:
        """Give these learnables other values."""
        for number, value in zip(numbers, values, strict=True):
            name, (i, j) = self._entries[number]
            self._weights[name][i][j] = value

    def value(self, name: str, i: int, j: int) -> int:
        """A weight, the rows of the readout being those of the outputs that are left."""
        return self._weights[name][self._outputs[i] if name == "readout" else i][j]

    def place(self, number: int) -> tuple[str, int, int]:
        """Name, row and column of a learnable, rows of the readout as in `value`."""
        name, (i, j) = self._entries[number]
        return name, self._outputs.index(i) if name == "readout" else i, j

    @property
    def inputs(self) -> list[plain.Matrix]:
        """By step, input and sample."""
        return self._inputs


Terms: TypeAlias = list[tuple[int, int]]  # where it comes from, and a weight
Split: TypeAlias = list[tuple[Terms, Terms]]  # by target: weights that stay, and that grow


class Leading:
    """Leading forms at a point: the coefficients of these degrees, equation by equation."""

    def __init__(
        self, claim: Claim, walks: Walks, point: Point, growing: Collection[int], degrees: plain.Row
    ) -> None:
        self._claim, self._walks, self._point = claim, walks, point
        self._p, self._growing, self._degrees = point.p, set(growing), degrees
        self._m, self._n_outputs = walks.samples, len(walks.edges["readout"])
        self._charge()
        self._states = self._all_states()
        self._behind = self._all_behind()

    def _charge(self) -> None:
        network, size = self._claim.network, self._walks.width * (self._m + self._n_outputs)
        n_edges = sum(len(row) for rows in self._walks.edges.values() for row in rows)
        values = network.steps * network.hidden * size
        operations = network.steps * n_edges * (size + 4 * STEP) + 4 * STEP * values
        self._claim.foresee(operations, 150 * values, _WHAT)
        self._claim.charge(operations, _WHAT)

    def _split(self, name: str) -> Split:
        """The weights of a matrix by target."""
        result: Split = []
        for i, row in enumerate(self._walks.edges[name]):
            parts: tuple[Terms, Terms] = ([], [])
            for edge in row:
                grows = edge.number in self._growing
                parts[grows].append((edge.source, self._point.value(name, i, edge.source)))
            result.append(parts)
        return result

    def _summed(self, parts: tuple[Terms, Terms], packed: list[int], count: int) -> plain.Row:
        """Packed polynomials, `count` in a row, times the weights of one target."""
        width = count * self._walks.width
        stays, grows = (
            plain.combine([x for _, x in terms], [packed[k] for k, _ in terms], width, self._p)
            if terms
            else [0] * width
            for terms in parts
        )
        grows = [0] * count + grows[:-count]
        return [(x + y) % self._p for x, y in zip(stays, grows, strict=True)]

    def _all_states(self) -> list[list[plain.Matrix]]:
        """h_0, ..., h_T: by step, neuron and sample the coefficients."""
        m, zeros = self._m, [0] * (self._m * (self._walks.width - 1))
        inner, outer = self._split("recurrent"), self._split("input")
        rows = [[0] * (m * self._walks.width) for _ in inner]
        states = [self._parted(rows, m)]
        for x in self._point.inputs:
            packed = [plain.pack(row) for row in rows]
            shown = [plain.pack(row + zeros) for row in x]
            rows = [
                [
                    (one + other) % self._p
                    for one, other in zip(
                        self._summed(before, packed, m), self._summed(new, shown, m), strict=True
                    )
                ]
                for before, new in zip(inner, outer, strict=True)
            ]
            states.append(self._parted(rows, m))
        return states

    def _all_behind(self) -> list[list[plain.Matrix]]:
        """D, D W, ...: by power, neuron and output the coefficients."""
        d, hidden = self._n_outputs, self._claim.network.hidden
        rows = [[0] * (d * self._walks.width) for _ in range(hidden)]
        for o, parts in enumerate(self._split("readout")):
            for degree, terms in enumerate(parts):
                for a, value in terms:
                    rows[a][degree * d + o] = value
        back: Split = [([], []) for _ in range(hidden)]
        for a, parts in enumerate(self._split("recurrent")):
            for degree, terms in enumerate(parts):
                for b, value in terms:
                    back[b][degree].append((a, value))
        behind = [self._parted(rows, d)]
        for _ in range(self._claim.network.steps - 1):
            packed = [plain.pack(row) for row in rows]
            rows = [self._summed(parts, packed, d) for parts in back]
            behind.append(self._parted(rows, d))
        return behind

    @staticmethod
    def _parted(rows: plain.Matrix, count: int) -> list[plain.Matrix]:
        """The polynomials of each row."""
        return [[row[k::count] for k in range(count)] for row in rows]

    def _equation(self, equation: int) -> tuple[int, int, int]:
        """The step that is read, the output and the sample."""
        rest, sample = divmod(equation, self._m)
        read, output = divmod(rest, self._n_outputs)
        return self._walks.reads[read], output, sample

    def output(self, equation: int) -> int:
        """The leading form of one equation."""
        time, o, s = self._equation(equation)
        degree = self._degrees[equation]
        pairs = zip(self._behind[0], self._states[time], strict=True)
        return sum(_coefficient(a[o], h[s], degree) for a, h in pairs) % self._p

    def row(self, equation: int, numbers: Iterable[int]) -> plain.Row:
        """The derivatives of one leading form by these learnables."""
        time, o, s = self._equation(equation)
        result: plain.Row = []
        for number in numbers:
            degree = self._degrees[equation] - (number in self._growing)
            name, i, j = self._point.place(number)
            if degree < 0:
                value = 0
            elif name == "readout":
                value = self._states[time][j][s][degree] if i == o else 0
            elif name == "input":
                steps = range(1, time + 1)
                value = sum(
                    self._behind[time - t][i][o][degree] * self._point.inputs[t - 1][j][s]
                    for t in steps
                )
            else:
                value = sum(
                    _coefficient(self._behind[time - t][i][o], self._states[t - 1][j][s], degree)
                    for t in range(2, time + 1)
                )
            result.append(value % self._p)
        return result


def _coefficient(left: plain.Row, right: plain.Row, degree: int) -> int:
    """The coefficient of this degree of a product of polynomials."""
    pairs = zip(left[: degree + 1], right[degree::-1], strict=True)
    return sum(x * y for x, y in pairs)


def solved(matrix: plain.Matrix, right: plain.Row, free: plain.Row, p: int) -> plain.Row | None:
    """A solution of matrix x = right with these values where x is free; None if rows depend.

    >>> solved([[1, 2]], [5], [0, 1], 7)
    [3, 1]
    >>> solved([[1, 2], [2, 4]], [5, 3], [0, 1], 7) is None
    True
    """
    width = len(free)
    pivots: list[tuple[int, plain.Row]] = []
    for row, value in zip(matrix, right, strict=True):
        line = [*row, value]
        for column, pivot in pivots:
            factor = line[column]
            if factor:
                line = [(x - factor * y) % p for x, y in zip(line, pivot, strict=True)]
        column = next((j for j in range(width) if line[j]), None)
        if column is None:
            return None
        inverse = pow(line[column], -1, p)
        pivots.append((column, [x * inverse % p for x in line]))
    x = list(free)
    for column, _ in pivots:
        x[column] = 0
    for column, line in reversed(pivots):
        x[column] = (line[width] - sum(a * b for a, b in zip(line, x, strict=False))) % p
    return x
