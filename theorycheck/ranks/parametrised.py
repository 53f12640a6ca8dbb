"""Ranks of parametrised weights: the chain rule, by directions of rank one in which weights move.

At a point modulo a prime parameters and base are random (given numbers of the base are what they
are). The derivative of a weight (F + E + B A), its rows scaled by s and its columns by c, in a
parameter is a matrix of rank one, or a sum of such for the weights that share it, so that no
column of the Jacobian of all weights is needed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..errors import SizeError
from ..field.arithmetic import dot, reduce
from ..field.elimination import Elimination
from ..problem.networks.unrolled import as_matrix
from ..problem.parametrization import AXES, ENTRIES, Block, Form, Parametrization
from .generic_rank import (
    BLOCK,
    MOST_TRIALS,
    N_ORACLE_PRIMES,
    N_PRIMES,
    GenericRank,
    Trial,
    required_bytes,
    vanishes,
)
from .given_weights import GivenWeights
from .jacobian import Directions, Jacobian
from .oracle import oracle_point, oracle_prime
from .oracle_jacobian import OracleJacobian
from .point import Point, draw_point, draw_prime, residues
from .sizes import EntrySize, entry_size

Matrix = NDArray[np.float64]


class ParametrizedPoint:
    """Parameters, base and weights modulo `prime`, as balanced residues.

    The stream of the base of W1 is `W1`, those of parameters `parameter/W1.A` and the like.
    """

    def __init__(
        self,
        parametrization: Parametrization,
        prime: int,
        seed: int,
        trial: int,
        deadline: Deadline = NEVER,
    ) -> None:
        self.parametrization, self.prime = parametrization, prime
        self._seed, self._trial, self._deadline = seed, trial, deadline
        self._given = GivenWeights(parametrization.values)
        self._blocks = {block.name: block for block in parametrization.blocks}
        self._parameters: dict[str, Matrix] = {}
        self.inner = {name: self._inner(name) for name in parametrization.forms}
        shapes = parametrization.network.weight_shapes
        self.weights: dict[str, Matrix] = {}
        for name, matrix in self.inner.items():
            rows, columns = self.scales(name)
            self.weights[name] = self._times(self._times(matrix, rows[:, None]), columns)
        for name, tied in parametrization.ties.items():
            other = self.weights[tied.to]
            self.weights[name] = other.T if tied.transposed else other
        self.weights = {name: self.weights[name].reshape(shapes[name]) for name in shapes}

    def _stream(self, name: str, shape: tuple[int, ...]) -> Matrix:
        return residues(self._seed, self._trial, name, shape, self.prime, self._deadline)

    def parameter(self, name: str, shape: tuple[int, ...]) -> Matrix:
        """The values of a block, those of a factor that is not trained included."""
        if name not in self._parameters:
            self._parameters[name] = self._stream(f"parameter/{name}", shape)
        return self._parameters[name]

    def factors(self, name: str) -> tuple[Matrix, Matrix]:
        """A and B of a weight."""
        p, q = as_matrix(self.parametrization.whole.present_mask(name)).shape
        rank = self.parametrization.forms[name].rank
        return self.parameter(f"{name}.A", (rank, q)), self.parameter(f"{name}.B", (p, rank))

    def scales(self, name: str) -> tuple[Matrix, Matrix]:
        """What multiplies the rows of a weight, and its columns."""
        form, shape = self.parametrization.forms[name], self._shape(name)
        rows, columns = (
            self.parameter(block, (size,)) if block else np.ones(size)
            for block, size in zip((form.rows, form.columns), shape, strict=True)
        )
        return rows, columns

    def _shape(self, name: str) -> tuple[int, int]:
        p, q = as_matrix(self.parametrization.whole.present_mask(name)).shape
        return p, q

    def _inner(self, name: str) -> Matrix:
        """A weight before its rows and columns are scaled: F + E + B A, as a matrix."""
        form, shape = self.parametrization.forms[name], self._shape(name)
        present = as_matrix(self.parametrization.whole.present_mask(name))
        if name in self.parametrization.values:
            found = as_matrix(self._given.modulo(name, self.prime))
        else:
            found = self._stream(name, shape)
        found = found * present
        if form.entries.any():
            free = self.parameter(f"{name}.entries", form.entries.shape) * form.entries
            found = found + free.reshape(shape)
        if form.rank:
            lower, upper = self.factors(name)
            found = found + dot([(upper, lower)], self.prime)
        return reduce(found, self.prime)

    def _times(self, one: Matrix, other: Matrix) -> Matrix:
        return reduce(one * other, self.prime)

    def motions(self, block: Block, indices: NDArray[np.int64]) -> Iterator[tuple[str, Directions]]:
        """How weights move with parameters of a block: those at `indices`, one row for each."""
        for name, form in self.parametrization.forms.items():
            if block.kind in AXES:
                acts = [axis for axis in AXES if block.name == getattr(form, axis)]
                found = [self._scaling(name, axis, indices) for axis in acts]
            elif block.weight == name:
                found = [self._addend(name, block, indices)]
            else:
                continue
            for directions in found:
                yield name, directions
                for other, tied in self.parametrization.ties.items():
                    if tied.to == name:
                        yield other, directions.transposed if tied.transposed else directions

    def _addend(self, name: str, block: Block, indices: NDArray[np.int64]) -> Directions:
        """Entries, A[k, j] or B[i, k]."""
        first = indices[:, 0]
        last = indices[:, 1] if indices.shape[1] == 2 else 0 * first  # of a bias
        rows, columns = self.scales(name)
        if block.kind == ENTRIES:
            return _joined(lambda k: _unit(rows, k), lambda k: _unit(columns, k), first, last)
        lower, upper = self.factors(name)
        if block.kind == "A":
            left = self._times(upper, rows[:, None])
            return _joined(lambda k: left[:, k], lambda k: _unit(columns, k), first, last)
        right = self._times(lower, columns).T
        return _joined(lambda k: _unit(rows, k), lambda k: right[:, k], first, last)

    def _scaling(self, name: str, axis: str, indices: NDArray[np.int64]) -> Directions:
        line, (rows, columns) = indices[:, 0], self.scales(name)
        ones = np.ones(max(self._shape(name)))
        if axis == "rows":
            right = self._times(self.inner[name], columns).T
            units = ones[: len(rows)]
            return _joined(lambda k: _unit(units, k), lambda k: right[:, k], line, line)
        left, units = self._times(self.inner[name], rows[:, None]), ones[: len(columns)]
        return _joined(lambda k: left[:, k], lambda k: _unit(units, k), line, line)


def _unit(values: Matrix, lines: NDArray[np.int64]) -> Matrix:
    """Columns of the diagonal matrix of these values."""
    found = np.zeros((len(values), len(lines)))
    found[lines, np.arange(len(lines))] = values[lines]
    return found


def _joined(left, right, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Directions:  # type: ignore[no-untyped-def]
    """Each vector that occurs once, made by `left` and `right` of the numbers of the lines."""
    (own, rows), (other, columns) = (
        np.unique(lines, return_inverse=True) for lines in (rows, columns)
    )
    return Directions(left(own), right(other), rows.reshape(-1), columns.reshape(-1))


def parameters(
    parametrization: Parametrization, names: Sequence[str] | None, chunk: int
) -> Iterator[tuple[Block, int, NDArray[np.int64]]]:
    """Blocks, those of `names` or all, with the number of a first parameter and indices."""
    start = 0
    for block in parametrization.blocks:
        if names is None or block.name in names:
            indices = _indices(parametrization.forms.get(block.weight), block)
            for first in range(0, len(indices), chunk):
                yield block, start + first, indices[first : first + chunk]
        start += block.size


def _indices(form: Form | None, block: Block) -> NDArray[np.int64]:
    if block.kind == ENTRIES:
        assert form is not None
        return np.argwhere(form.entries)
    return np.argwhere(np.ones(block.shape, dtype=bool))


def entry_bounds(parametrization: Parametrization) -> EntrySize:
    """Degree and log2 of the norm of the derivatives in parameters, as polynomials.

    In J each weight is a polynomial, of degree e and norm n at most; a parameter moves no more
    entries than there are, each with such a polynomial.
    """
    network = parametrization.network
    plain = EntrySize(*network.path_bounds) if network.is_linear else entry_size(network)
    degree, log_norm = weight_bounds(parametrization)
    moved = math.log2(network.n_weights) + log_norm
    return EntrySize(degree * (plain.degree + 1), plain.log_norm + plain.degree * log_norm + moved)


def weight_bounds(parametrization: Parametrization) -> tuple[int, float]:
    """The largest degree of a weight in parameters and base, and log2 of its norm at most."""
    forms = parametrization.forms.values()
    given = GivenWeights(parametrization.values).log_norm
    terms = max(2 + form.rank for form in forms)  # base, entry and the products of the factors
    return max(form.degree for form in forms), given + math.log2(terms)


def trial_error(parametrization: Parametrization, size: int) -> float:
    """Bound on the probability that one trial misses a generic rank of at most `size`."""
    if size == 0:
        return 0.0
    entry = entry_bounds(parametrization)
    n_primes = N_PRIMES if parametrization.network.is_linear else N_ORACLE_PRIMES
    log_norm = size * (math.log2(size) + entry.log_norm)
    return min(vanishes(size * entry.degree, log_norm, n_primes), 1.0)


def parametrised_rank(
    parametrization: Parametrization,
    samples: int,
    *,
    upper: int,
    blocks: Sequence[str] | None = None,
    seed: int = 0,
    error_bound: float = 1e-9,
    memory_limit: int = 8 * 2**30,
    xp: ModuleType = np,
    deadline: Deadline = NEVER,
) -> GenericRank:
    """Generic rank of the outputs in the parameters, or those of some `blocks`, on random inputs.

    Of a nonlinear network that of its oracle. Arguments, result and errors are those of
    `generic_rank`; columns of a minor are numbers of parameters.

    >>> from theorycheck import LinearFeedforward
    >>> from theorycheck.problem.parametrization import LowRank
    >>> lora = Parametrization(LinearFeedforward([4, 3]), {"W1": LowRank(1)})
    >>> parametrised_rank(lora, 4, upper=7).value  # of 1 (3 + 4) numbers, less one of scale
    6
    """
    n_columns = sum(b.size for b in parametrization.blocks if blocks is None or b.name in blocks)
    upper = min(upper, n_columns)
    if upper == 0:
        return GenericRank(0, 0.0, seed, (Trial(0, draw_prime(seed, 0), 0, (), (), 1, 0.0),))
    needed = required_bytes(parametrization.whole, samples, n_columns)
    if needed > memory_limit:
        raise SizeError(
            f"the Jacobian of {n_columns} parameters needs about {needed / 2**30:.3g} GiB, more "
            f"than the limit of {memory_limit / 2**30:.3g} GiB; --memory-limit (memory_limit=...) "
            "allows more"
        )
    trials: list[Trial] = []
    bound = 1.0
    for index in range(MOST_TRIALS):
        trial = _trial(parametrization, samples, blocks, upper, seed, index, xp, deadline)
        trials.append(trial)
        bound *= trial.error
        if bound <= error_bound or trial.error == 1.0:
            break
    value = max(trial.rank for trial in trials)
    return GenericRank(value, 0.0 if value == upper else bound, seed, tuple(trials))


def _trial(
    parametrization: Parametrization,
    samples: int,
    blocks: Sequence[str] | None,
    upper: int,
    seed: int,
    index: int,
    xp: ModuleType,
    deadline: Deadline,
) -> Trial:
    prime, point, source = _at(parametrization, samples, seed, index, xp, deadline)
    elimination = Elimination(source.n_equations, prime, xp, deadline)
    numbers: list[NDArray[np.int64]] = []
    for block, first, indices in parameters(parametrization, blocks, BLOCK):
        if elimination.rank >= upper:
            break
        elimination.extend(_columns(point, source, block, indices))
        numbers.append(first + np.arange(len(indices)))
    columns = np.concatenate(numbers)[list(elimination.pivot_columns)].tolist()
    error = 0.0 if elimination.rank == upper else trial_error(parametrization, upper)
    return Trial(
        index,
        prime,
        elimination.rank,
        tuple(elimination.pivot_rows),
        tuple(columns),
        elimination.determinant,
        error,
    )


def _columns(
    point: ParametrizedPoint,
    source: Jacobian | OracleJacobian,
    block: Block,
    indices: NDArray[np.int64],
) -> Array:
    total = None
    for name, directions in point.motions(block, indices):
        part = source.directions(name, directions)
        total = part if total is None else total + part
    assert total is not None, "every block moves some weight"
    return reduce(total, point.prime)


def _at(
    parametrization: Parametrization,
    samples: int,
    seed: int,
    index: int,
    xp: ModuleType,
    deadline: Deadline,
) -> tuple[int, ParametrizedPoint, Jacobian | OracleJacobian]:
    """The prime of a trial, its point, and the Jacobian of the weights there."""
    network, whole = parametrization.network, parametrization.whole
    prime = draw_prime(seed, index) if network.is_linear else oracle_prime(seed, index)
    at = ParametrizedPoint(parametrization, prime, seed, index, deadline)
    weights = {name: xp.asarray(value) for name, value in at.weights.items()}
    if network.is_linear:
        drawn = draw_point(whole, samples, prime, seed, index, xp, None, deadline)
        return prime, at, Jacobian(network, Point(prime, weights, drawn.inputs), xp, deadline)
    oracle = oracle_point(whole, samples, seed, index, xp, deadline, own=weights)
    return prime, at, OracleJacobian(network, oracle, xp, deadline)
