"""Arithmetic modulo a prime in plain Python integers, for the certificate checker alone.

Nothing here is shared with `field/` and `ranks/`: points, Jacobians and elimination are written a
second time, from the description in docs/certificates.md. A row of residues is packed into one long
integer of 64-bit slots, so that Python's own big-integer arithmetic does the row operations: a sum
of up to 2^17 products of residues below 2^23 stays below 2^63 in each slot.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .budget import STEP, Budget

Row: TypeAlias = list[int]
Factors: TypeAlias = Mapping[str, Sequence[tuple[Sequence[int], Sequence[int]]]]
Matrix: TypeAlias = list[Row]

N_PRIMES = 268_216  # primes between 2^22 and 2^23
_MOST_TERMS = 2**17


def pack(row: Sequence[int]) -> int:
    """Residues in slots of 64 bits, the first in the lowest.

    >>> unpack(pack([3, 1, 4]), 3, 5)
    [3, 1, 4]
    """
    return int.from_bytes(struct.pack(f"<{len(row)}Q", *row), "little")


def unpack(packed: int, length: int, p: int) -> Row:
    """The slots of a packed row, reduced modulo p."""
    slots = struct.unpack(f"<{length}Q", packed.to_bytes(8 * length, "little"))
    return [value % p for value in slots]


def product(left: Matrix, right: Matrix, p: int) -> Matrix:
    """Matrix product modulo p.

    >>> product([[1, 2]], [[3, 4], [5, 6]], 7)
    [[6, 2]]
    """
    width = len(right[0]) if right else 0
    packed = [pack(row) for row in right]
    return [combine(row, packed, width, p) for row in left]


def combine(factors: Row, packed: list[int], width: int, p: int) -> Row:
    """The sum of packed rows of this width, each times its factor, modulo p.

    >>> combine([1, 2], [pack([3, 4]), pack([5, 6])], 2, 7)
    [6, 2]
    """
    total = [0] * width
    for start in range(0, len(factors), _MOST_TERMS):
        terms = zip(factors[start:], packed[start : start + _MOST_TERMS], strict=False)
        part = unpack(sum(factor * row for factor, row in terms), width, p)
        total = [(x + y) % p for x, y in zip(total, part, strict=True)]
    return total


def product_operations(n_rows: int, inner: int, width: int) -> float:
    """Operations of a product of matrices, by long integers."""
    return n_rows * (inner * (width + 2 * STEP) + 2 * STEP * width + 50 * STEP) + 50 * STEP


def eliminate(matrix: Iterable[Row], p: int, budget: Budget | None = None) -> tuple[int, int]:
    """Rank and determinant (0 unless square of full rank) modulo p, by rows.

    >>> eliminate([[0, 2], [3, 4]], 7)
    (2, 1)
    """
    pivots: list[tuple[int, int]] = []  # pivot column, packed row scaled to pivot 1
    determinant, n_rows, width = 1, 0, 0
    for row in matrix:
        n_rows, width = n_rows + 1, len(row)
        if budget is not None:
            budget.charge(row_operations(len(pivots), width), "elimination")
        reduced = reduce_row(row, pivots, p)
        column = next((j for j, value in enumerate(reduced) if value), None)
        if column is None:
            continue
        determinant = determinant * reduced[column] % p
        inverse = pow(reduced[column], -1, p)
        pivots.append((column, pack([value * inverse % p for value in reduced])))
    if not len(pivots) == n_rows == width:
        return len(pivots), 0
    return len(pivots), determinant * _sign([column for column, _ in pivots]) % p


def row_operations(n_pivots: float, width: float) -> float:
    """Operations that the elimination of one row takes."""
    return (n_pivots + 1) * (width + 3 * STEP) + STEP * (width + 30)


def rank_operations(n_rows: float, width: float) -> float:
    """Operations that an elimination takes, at most."""
    rank = min(n_rows, width)
    return rank * row_operations(rank / 2, width) + (n_rows - rank) * row_operations(rank, width)


def reduce_row(row: Row, pivots: list[tuple[int, int]], p: int) -> Row:
    """A row less multiples of packed pivot rows, so that it is 0 in their columns.

    Pivots are (column, row scaled to 1 there), each 0 in the columns of those before.

    >>> reduce_row([2, 5], [(0, pack([1, 3]))], 7)
    [0, 6]
    """
    mask, packed = 2**64 - 1, pack(row)
    for count, (column, pivot) in enumerate(pivots, start=1):
        value = (packed >> (64 * column) & mask) % p
        if value:
            packed += (p - value) * pivot
        if count % _MOST_TERMS == 0:
            packed = pack(unpack(packed, len(row), p))
    return unpack(packed, len(row), p)


def _sign(permutation: Sequence[int]) -> int:
    sign, seen = 1, set()
    for start in permutation:
        length, index = 0, start
        while index not in seen:
            seen.add(index)
            index, length = permutation[index], length + 1
        if length and length % 2 == 0:
            sign = -sign
    return sign


def words(key: str, trial: int, name: str, count: int) -> Row:
    """The first `count` 64-bit words of the stream (key, trial, name)."""
    digest = hashlib.shake_256(f"theorycheck/{key}/{trial}/{name}".encode()).digest(8 * count)
    return list(struct.unpack(f"<{count}Q", digest))


def is_prime(n: int) -> bool:
    """Whether n is prime, by trial division.

    >>> is_prime(4194319), is_prime(4194321)
    (True, False)
    """
    return n > 1 and all(n % k for k in range(2, math.isqrt(n) + 1))


def prime_of(key: str, trial: int, name: str = "prime", remainder: int | None = None) -> int:
    """The prime of a trial: the first among the candidates of the stream `name`.

    With a `remainder` only those that leave it when divided by 4 are candidates.
    """
    candidates = (2**22 + word % 2**22 for word in words(key, trial, name, 4096))
    return next(n for n in candidates if remainder in (None, n % 4) and is_prime(n))


def random_matrix(key: str, trial: int, name: str, shape: tuple[int, ...], p: int) -> Matrix:
    """Residues of the stream in rows; a vector becomes one column, a filter one row."""
    n_rows, width = shape[0], math.prod(shape[1:])
    values = [word % p for word in words(key, trial, name, n_rows * width)]
    return [values[i * width : (i + 1) * width] for i in range(n_rows)]


def stacked(parts: Sequence[Matrix]) -> Matrix:
    """Matrices side by side."""
    return [[x for row in rows for x in row] for rows in zip(*parts, strict=True)]


def sums(one: Matrix, other: Matrix, p: int) -> Matrix:
    """Of two matrices of the same shape."""
    return [
        [(x + y) % p for x, y in zip(*rows, strict=True)] for rows in zip(one, other, strict=True)
    ]


def identity(n: int) -> Matrix:
    """The identity matrix."""
    return [[int(i == j) for j in range(n)] for i in range(n)]


class FeedforwardEntries:
    """Entries of the Jacobian of a linear feed-forward network, from its weights and inputs."""

    def __init__(
        self, network: LinearFeedforward, weights: dict[str, Matrix], inputs: Matrix, p: int
    ) -> None:
        self._p, self._samples, self._network, self._weights = p, len(inputs[0]), network, weights
        constant = inputs[network.inputs :]
        self._activations = [inputs]
        for layer in range(1, network.depth):
            rows = weights[f"W{layer}"]
            if network.bias:
                biases = weights[f"b{layer}"]
                rows = [row + bias for row, bias in zip(rows, biases, strict=True)]
            self._activations.append(product(rows, self._activations[-1], p) + constant)
        self._behind = [identity(network.outputs)]
        for layer in range(network.depth, 1, -1):
            self._behind.insert(0, product(self._behind[0], weights[f"W{layer}"], p))

    def row(self, equation: int, entries: Sequence[tuple[str, tuple[int, ...]]]) -> Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        output, sample = divmod(equation, self._samples)
        result: Row = []
        for name, index in entries:
            layer = int(name[1:]) - 1
            source = index[1] if name[0] == "W" else -1
            value = self._behind[layer][output][index[0]]
            result.append(value * self._activations[layer][source][sample] % self._p)
        return result

    def factors(self, equation: int) -> Factors:
        """What lies behind the targets of each weight, and what it reads."""
        output, sample = divmod(equation, self._samples)
        found = {}
        for layer, states in enumerate(self._activations, start=1):
            behind, values = self._behind[layer - 1][output], [row[sample] for row in states]
            found[f"W{layer}"] = [(behind, values[: self._network.widths[layer - 1]])]
            found[f"b{layer}"] = [(behind, values[-1:])]  # the constant, if there is one
        return found

    def output(self, equation: int) -> int:
        """The output of one equation."""
        output, sample = divmod(equation, self._samples)
        row = list(self._weights[f"W{self._network.depth}"][output])
        if self._network.bias:
            row += self._weights[f"b{self._network.depth}"][output]
        states = self._activations[-1]
        return sum(w * state[sample] for w, state in zip(row, states, strict=True)) % self._p


class RecurrentEntries:
    """Entries of the Jacobian of a linear recurrent network; `inputs` has one matrix per step."""

    def __init__(
        self, network: LinearRecurrent, weights: dict[str, Matrix], inputs: list[Matrix], p: int
    ) -> None:
        self._p, self._network, self._inputs, self._weights = p, network, inputs, weights
        self._samples = len(inputs[0][0])
        self._states: list[Matrix] = [[[0] * self._samples for _ in range(network.hidden)]]
        for step in inputs:
            stacked = [r + b for r, b in zip(weights["recurrent"], weights["input"], strict=True)]
            self._states.append(product(stacked, self._states[-1] + step, p))
        self._behind = [weights["readout"]]
        for _ in range(network.steps - 1):
            self._behind.append(product(self._behind[-1], weights["recurrent"], p))

    def row(self, equation: int, entries: Sequence[tuple[str, tuple[int, ...]]]) -> Row:
        """The derivatives of one equation by the weights `entries` (name, index)."""
        time, output, sample = self._place(equation)
        return [self._entry(time, output, sample, name, index) for name, index in entries]

    def output(self, equation: int) -> int:
        """The output of one equation."""
        time, output, sample = self._place(equation)
        pairs = zip(self._weights["readout"][output], self._states[time], strict=True)
        return sum(w * state[sample] for w, state in pairs) % self._p

    def factors(self, equation: int) -> Factors:
        """What lies behind the targets of each weight, and what it reads, at each step."""
        time, output, sample = self._place(equation)
        unit = [int(i == output) for i in range(self._network.outputs)]
        found: dict[str, list[tuple[Row, Row]]] = {"input": [], "recurrent": []}
        for step in range(1, time + 1):
            behind = self._behind[time - step][output]
            for name, sources in (("input", self._inputs), ("recurrent", self._states)):
                found[name].append((behind, [row[sample] for row in sources[step - 1]]))
        return {**found, "readout": [(unit, [row[sample] for row in self._states[time]])]}

    def _place(self, equation: int) -> tuple[int, int, int]:
        rest, sample = divmod(equation, self._samples)
        first, output = divmod(rest, self._network.outputs)
        time = self._network.steps if self._network.readout == "final" else first + 1
        return time, output, sample

    def _entry(self, time: int, output: int, sample: int, name: str, index: tuple[int, ...]) -> int:
        i, j = index
        if name == "readout":
            return self._states[time][j][sample] if i == output else 0
        sources = self._inputs if name == "input" else self._states
        return (
            sum(
                self._behind[time - step][output][i] * sources[step - 1][j][sample]
                for step in range(1, time + 1)
            )
            % self._p
        )
