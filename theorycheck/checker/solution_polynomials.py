"""Polynomials modulo a prime: the equations of a block, in its unknowns, at a point of the checker.

A monomial is one integer. With exponents e_1, ..., e_n its slots of 16 bits hold e_1, e_1 + e_2,
and so on, the last and highest the degree: products are sums, and the order of integers is the
graded reverse lexicographic one. A polynomial maps its monomials to residues that are not 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..errors import SizeError
from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from . import plain
from .bezout import position
from .budget import STEP
from .claim import Claim
from .oracle_bounds import output_size
from .polynomial import Algebra, outputs_of

Polynomial: TypeAlias = dict[int, int]
_Matrix: TypeAlias = Any  # nmod_mat, of python-flint, which has no types
_State: TypeAlias = dict[int, _Matrix]  # units x samples, for every monomial

_SLOT = 16
_ENTRY = 50  # operations of an entry of a matrix that is made, besides its products
_PER_MATRIX = 400  # bytes, with its monomial
MOST_DEGREE = 2 ** (_SLOT - 1)  # of a product of two monomials, so that no slot overflows


@dataclass(frozen=True)
class Ring:
    """Monomials in n unknowns.

    >>> ring = Ring(2)
    >>> x, y = ring.variables
    >>> ring.degree(x + y + y), y < x < y + y < x + y < x + x
    (3, True)
    """

    n: int

    @property
    def variables(self) -> list[int]:
        """The unknowns as monomials."""
        ones = [1 << (_SLOT * slot) for slot in range(self.n)]
        return [sum(ones[slot:]) for slot in range(self.n)]

    def degree(self, monomial: int) -> int:
        """The total degree."""
        return monomial >> (_SLOT * (self.n - 1)) if self.n else 0


def first_unknown(monomial: int) -> int:
    """The number of the first unknown that divides a monomial other than 1."""
    return ((monomial & -monomial).bit_length() - 1) // _SLOT


def product(one: Polynomial, other: Polynomial, p: int) -> Polynomial:
    """The product modulo p.

    >>> product({0: 1, 1: 1}, {0: 6, 1: 1}, 7) == {0: 6, 2: 1}
    True
    """
    terms: Polynomial = {}
    for left, factor in one.items():
        for right, value in other.items():
            terms[left + right] = (terms.get(left + right, 0) + factor * value) % p
    return {monomial: value for monomial, value in terms.items() if value}


def block_polynomials(
    claim: Claim, equations: Sequence[int], unknowns: Sequence[int], trial: int, p: int
) -> list[Polynomial]:
    """Output minus y for every equation, at the point of the trial modulo `p`.

    The point is that of ranks with this prime, and y of equation number e is word e of the stream
    `outputs`. Raises `SizeError` if the budget does not suffice.
    """
    network = claim.network
    positions = [position(claim, equation) for equation in equations]
    samples = sorted({sample for _, _, sample in positions})
    key, count = claim.context.key, max(equations) + 1
    claim.foresee(STEP * count, 70 * count, "a point")
    claim.charge(STEP * count, "a point")
    values = plain.words(key, trial, "outputs", count)
    point = _Point(claim, unknowns, samples, trial, p)
    if claim.is_nonlinear:
        times = _nonlinear(point)
    elif isinstance(network, LinearFeedforward):
        times = [_feedforward(point, network)]
    else:
        times = _recurrent(point, network)
    found = []
    for equation, (time, output, sample) in zip(equations, positions, strict=True):
        column = samples.index(sample)
        terms = {m: int(matrix[output, column]) for m, matrix in times[time].items()}
        terms[0] = (terms.get(0, 0) - values[equation]) % p
        found.append({monomial: value for monomial, value in terms.items() if value})
    return found


class _Point:
    """Weights and inputs of a trial as matrices of residues, the unknowns apart."""

    def __init__(
        self, claim: Claim, unknowns: Sequence[int], samples: list[int], trial: int, p: int
    ) -> None:
        self.claim, self.samples, self.p = claim, samples, p
        self._key, self._trial = claim.context.key, trial
        entries = claim.entries("learnable")
        chosen = zip((entries[number] for number in unknowns), Ring(len(unknowns)).variables,
                     strict=True)  # fmt: skip
        self._unknowns: dict[str, list[tuple[int, int, int]]] = {}
        for (name, (i, *j)), variable in chosen:
            self._unknowns.setdefault(name, []).append((i, j[0] if j else 0, variable))
        self._known: dict[str, _Matrix] = {}

    def matrix(self, rows: plain.Matrix) -> _Matrix:
        """As a matrix of python-flint."""
        from flint import nmod_mat

        flat = [value for row in rows for value in row]
        return nmod_mat(len(rows), len(rows[0]), flat, self.p)

    def zeros(self, n_rows: int) -> _Matrix:
        """So many rows of 0, with a column for each sample that is needed."""
        from flint import nmod_mat

        return nmod_mat(n_rows, len(self.samples), self.p)

    def weight(self, name: str) -> _Matrix:
        """A weight with 0 for its absent connections and the unknowns."""
        if name not in self._known:
            shape = self.claim.network.weight_shapes[name]
            n_rows, width = shape if len(shape) == 2 else (shape[0], 1)
            self.claim.charge(6 * STEP * n_rows * width, "a point")
            rows = plain.random_matrix(self._key, self._trial, name, (n_rows, width), self.p)
            present = self.claim.rows(name, "present")
            for i, j, _ in self._unknowns.get(name, []):
                rows[i][j] = 0
            self._known[name] = self.matrix(
                [[v if bit else 0 for v, bit in zip(row, bits, strict=True)]
                 for row, bits in zip(rows, present, strict=True)]
            )  # fmt: skip
        return self._known[name]

    def inputs(self, n_rows: int) -> plain.Matrix:
        """All rows of the inputs, of the samples that are needed; without the constant."""
        m = self.claim.effective_samples()
        if self.claim.is_spanning:
            return [[int(row == sample) for sample in self.samples] for row in range(n_rows)]
        self.claim.charge(3 * STEP * n_rows * m, "a point")
        rows = plain.random_matrix(self._key, self._trial, "inputs", (n_rows, m), self.p)
        return [[row[sample] for sample in self.samples] for row in rows]

    def constant(self) -> _Matrix:
        """The row that biases multiply: 1, or that of the last of the unit vectors."""
        is_spanning, last = self.claim.is_spanning, self.claim.effective_samples() - 1
        return self.matrix([[int(not is_spanning or s == last) for s in self.samples]])

    def through(self, name: str, state: _State) -> _State:
        """What the weight makes of a state: each unknown multiplies the row it reads."""
        weight = self.weight(name)
        n_rows, width, columns = weight.nrows(), weight.ncols(), len(self.samples)
        unknowns = self._unknowns.get(name, [])
        each = 10 + (20 + 6 * columns) * len(unknowns)
        self.claim.charge(len(state) * each * STEP, "the equations")
        made = {monomial + variable for _, _, variable in unknowns for monomial in state}
        made |= state.keys()
        self._foresee(len(state), width)
        self._foresee(len(made), n_rows)
        size = n_rows * columns
        operations = len(state) * size * (width + _ENTRY) + len(made) * size * _ENTRY
        self.claim.charge(operations, "the equations")
        found = {monomial: weight * matrix for monomial, matrix in state.items()}
        for i, j, variable in unknowns:
            for monomial, matrix in state.items():
                if monomial + variable not in found:
                    found[monomial + variable] = self.zeros(n_rows)
                total = found[monomial + variable]  # new here, so that it may be changed
                for s in range(columns):
                    total[i, s] = total[i, s] + matrix[j, s]
        zero = self.zeros(n_rows)
        return {monomial: matrix for monomial, matrix in found.items() if matrix != zero}

    def raised(self, state: _State, power: int) -> _State:
        """Each entry, a polynomial, to a power."""
        if power == 1 or not state:
            return state
        n_rows = next(iter(state.values())).nrows()
        most = math.comb(len(state) + power - 1, power)  # monomials at most
        self._foresee(most, n_rows)
        found: _State = {}
        for i in range(n_rows):
            for s in range(len(self.samples)):
                self.claim.charge(STEP * len(state), "the equations")
                terms = {m: int(matrix[i, s]) for m, matrix in state.items() if matrix[i, s] != 0}
                total = terms
                for _ in range(power - 1):
                    operations = 5 * STEP * (len(total) + 1) * len(terms)
                    self.claim.charge(operations, "the equations")
                    total = product(total, terms, self.p)
                for monomial, value in total.items():
                    if monomial not in found:
                        found[monomial] = self.zeros(n_rows)
                    found[monomial][i, s] = value
        return found

    def _foresee(self, n_monomials: int, n_rows: int) -> None:
        """Refuse a state of so many monomials that its matrices are too large."""
        per_monomial = 8 * n_rows * (len(self.samples) + 1) + _PER_MATRIX
        self.claim.foresee(0, n_monomials * per_monomial, "the equations")


def _add(state: _State, monomial: int, matrix: _Matrix) -> None:
    state[monomial] = state[monomial] + matrix if monomial in state else matrix


def _sum(one: _State, other: _State) -> _State:
    total = dict(one)
    for monomial, matrix in other.items():
        _add(total, monomial, matrix)
    return total


def _feedforward(point: _Point, network: LinearFeedforward) -> _State:
    _require_degree(network.depth)
    state: _State = {0: point.matrix(point.inputs(network.inputs))}
    for layer in range(1, network.depth + 1):
        state = point.through(f"W{layer}", state)
        if network.bias:
            state = _sum(state, point.through(f"b{layer}", {0: point.constant()}))
    return state


def _nonlinear(point: _Point) -> list[_State]:
    claim = point.claim
    _require_degree(output_size(claim).degree)
    rows, n = point.inputs(claim.network.steps * claim.network.inputs), claim.network.inputs
    steps = [{0: point.matrix(rows[start : start + n])} for start in range(0, len(rows), n)]
    algebra = Algebra[_State](point.through, _sum, point.raised)
    return outputs_of(claim, algebra, steps, {0: point.constant()})


def _recurrent(point: _Point, network: LinearRecurrent) -> list[_State]:
    _require_degree(network.steps + 1)
    rows = point.inputs(network.steps * network.inputs)
    state: _State = {}
    outputs = []
    for start in range(0, len(rows), network.inputs):
        step = {0: point.matrix(rows[start : start + network.inputs])}
        state = _sum(point.through("recurrent", state), point.through("input", step))
        if network.readout == "all" or start + network.inputs == len(rows):
            outputs.append(point.through("readout", state))
    return outputs


def _require_degree(degree: float) -> None:
    if degree >= MOST_DEGREE:
        raise SizeError(f"polynomials of degree {degree:.0f} are too large to count solutions of")
