"""The numbers that a construction computes with: double precision, or exact rationals.

Recipes only add, multiply and solve linear systems, so they run on either. Floats are dyadic
rationals: what is given as floats is exact in both.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..errors import InputError, SizeError
from ..measurement.nonlinear.passes import NonlinearEquations
from ..numeric.forward import Entries, ForwardPass
from ..numeric.instances import Instance
from ..numeric.polynomial_forward import pass_of
from ..problem.networks.base import Network
from ..ranks.given_inputs import independent_columns

Weights = dict[str, Array]  # name -> array of the shape of the weight

# What linear algebra costs: per multiplication of floats; of rationals per bit of the numbers that
# come out, to a power (both measured), modular elimination being cheaper than the fractions.
_TERM_SECONDS, _BIT_SECONDS = 1e-9, 2.5e-12
_PRODUCT_POWER, _ENTRY_POWER = 1.75, 1.6
_DEPENDENT = 1e-10  # samples that much closer to the span of others, relatively, count as in it


class Arithmetic(ABC):
    """How to evaluate a network and to solve linear systems in some numbers.

    Inputs are (rows, samples), recurrent (steps, inputs, samples); those of linear networks with
    biases have the constant as a last row, so that samples may be combined.
    """

    is_exact: bool

    def __init__(self, deadline: Deadline = NEVER) -> None:
        self._deadline = deadline

    @abstractmethod
    def numbers(self, values: Any) -> Array:
        """An array of floats or integers in these numbers."""

    @abstractmethod
    def outputs(self, network: Network, weights: Weights, inputs: Array) -> Array:
        """What the network puts out: (reads x outputs, samples)."""

    @abstractmethod
    def linearised(
        self, network: Network, weights: Weights, inputs: Array, entries: Entries, chosen: list[int]
    ) -> tuple[Array, Array]:
        """Chosen outputs (n,) and their derivatives by entries (n, entries)."""

    @abstractmethod
    def solve(self, matrix: Array, wanted: Array) -> Array:
        """A solution x of matrix x = wanted; of a system that has none, something close or 0.

        For several systems with one matrix `wanted` and the solutions have a column for each.
        """

    @abstractmethod
    def inverse(self, matrix: Array) -> Array | None:
        """The inverse of a square matrix, None if it has none."""

    @abstractmethod
    def factors(self, matrix: Array) -> tuple[Array, Array]:
        """Two matrices whose product is this one, as many columns and rows as its rank."""

    @abstractmethod
    def independent(self, columns: Array) -> list[int]:
        """Columns that are a basis of all, (rows, columns)."""

    def relative(self, difference: Array, wanted: Array) -> float:
        """The largest difference, relative to the largest wanted number if that is not 0."""
        if not wanted.size:
            return 0.0
        scale = abs(wanted).max()
        return _rounded(abs(difference).max() / (scale if scale != 0 else 1))


class Floats(Arithmetic):
    """Double precision."""

    is_exact = False

    def __init__(self, memory_limit: int, deadline: Deadline = NEVER) -> None:
        super().__init__(deadline)
        self._memory_limit = memory_limit

    def numbers(self, values: Any) -> Array:
        """As float64."""
        return np.array(values, dtype=np.float64)

    def outputs(self, network: Network, weights: Weights, inputs: Array) -> Array:
        """By the pass of the kind; not finite where the network overflows."""
        n = network.n_reads * network.outputs
        batch = {name: weight[None] for name, weight in weights.items()}
        samples = inputs.shape[-1]
        if _is_plain_linear(network):
            forward = ForwardPass(network, samples, (), range(n * samples))
            found = forward.values(batch, inputs[None])
        else:
            found = NonlinearEquations(network, samples, ()).outputs(batch, inputs[None])
        return found.reshape(n, samples)

    def linearised(
        self, network: Network, weights: Weights, inputs: Array, entries: Entries, chosen: list[int]
    ) -> tuple[Array, Array]:
        """Raises `SizeError` for a matrix beyond the memory limit."""
        self._check_size(network, inputs.shape[-1], len(entries), len(chosen))
        batch = {name: weight[None] for name, weight in weights.items()}
        samples = inputs.shape[-1]
        if _is_plain_linear(network):
            forward = ForwardPass(network, samples, entries, chosen)
            value, jacobian = forward.jacobian(batch, inputs[None])
        else:
            theta = np.array([[weights[name][index] for name, index in entries]])
            equations = NonlinearEquations(network, samples, entries, chosen)
            instance = Instance(batch, inputs[None], np.zeros((1, len(chosen))))
            value, jacobian = equations.residual(theta, instance)
        return value[0], jacobian[0]

    def _check_size(self, network: Network, samples: int, unknowns: int, chosen: int) -> None:
        rows = chosen if _is_plain_linear(network) else network.n_reads * network.outputs * samples
        needed = 24 * rows * unknowns  # the matrix, and copies that are scaled and factored
        if needed > self._memory_limit:
            raise SizeError(
                f"a linear system of {rows} equations in {unknowns} unknowns needs {needed} bytes, "
                f"the limit is {self._memory_limit}"
            )

    def solve(self, matrix: Array, wanted: Array) -> Array:
        """The shortest of the least squares solutions, with the rows scaled to length 1."""
        rows, columns = matrix.shape
        cost = 10 * rows * columns * min(rows, columns)
        self._deadline.afford(cost * _TERM_SECONDS, f"{rows} equations in {columns} unknowns")
        nothing = np.zeros((columns, *wanted.shape[1:]))
        if not (np.isfinite(matrix).all() and np.isfinite(wanted).all()):
            return nothing
        lengths = np.linalg.norm(matrix, axis=1)
        lengths[lengths == 0] = 1
        try:
            return np.linalg.lstsq(matrix / lengths[:, None], (wanted.T / lengths).T, rcond=None)[0]
        except np.linalg.LinAlgError:  # does not converge: extremely rare
            return nothing

    def inverse(self, matrix: Array) -> Array | None:
        """By LU; None if a pivot is exactly 0."""
        self._deadline.afford(len(matrix) ** 3 * _TERM_SECONDS, f"an inverse of {len(matrix)} rows")
        try:
            return np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return None

    def factors(self, matrix: Array) -> tuple[Array, Array]:
        """By singular values; small ones count as 0."""
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        kept = values > _DEPENDENT * max(values, default=0)
        return left[:, kept] * values[kept], right[kept]

    def independent(self, columns: Array) -> list[int]:
        """Those far from the span of the others first, as pivoted QR finds them."""
        from scipy.linalg import qr

        triangle, order = qr(columns, mode="r", pivoting=True)  # type: ignore
        sizes = abs(np.diagonal(triangle))
        found = order[: np.count_nonzero(sizes > _DEPENDENT * max(sizes, default=0))]
        return sorted(found.tolist())


class Rationals(Arithmetic):
    """Exact rationals: arrays of `flint.fmpq`."""

    is_exact = True

    def numbers(self, values: Any) -> Array:
        """As rationals, each equal to the float or the integer that it stands for."""
        from flint import fmpq  # type: ignore

        found = np.empty(np.shape(values), dtype=object)
        for index, value in np.ndenumerate(np.asarray(values)):
            found[index] = fmpq(*value.item().as_integer_ratio())
        return found

    def outputs(self, network: Network, weights: Weights, inputs: Array) -> Array:
        """As exact as the data."""
        n, samples = network.n_reads * network.outputs, inputs.shape[-1]
        self._afford_pass(network, weights, samples, 1)
        batch = {name: weight[None] for name, weight in weights.items()}
        forward = pass_of(network, samples, (), range(n * samples))
        return forward.values(batch, inputs[None]).reshape(n, samples)

    def linearised(
        self, network: Network, weights: Weights, inputs: Array, entries: Entries, chosen: list[int]
    ) -> tuple[Array, Array]:
        """The same, and the derivatives."""
        carried = 1 if network.is_linear else 1 + len(entries)
        self._afford_pass(network, weights, inputs.shape[-1], carried)
        batch = {name: weight[None] for name, weight in weights.items()}
        forward = pass_of(network, inputs.shape[-1], entries, chosen)
        value, jacobian = forward.jacobian(batch, inputs[None])
        return value[0], jacobian[0]

    def _afford_pass(self, network: Network, weights: Weights, samples: int, carried: int) -> None:
        """A pass whose products are as many as the weights, times samples, steps and `carried`."""
        bits = max(
            (_bits(value) for weight in weights.values() for value in weight.flat), default=1
        )
        products = network.n_weights * samples * network.steps * carried
        cost = products * bits**_PRODUCT_POWER * _BIT_SECONDS
        self._deadline.afford(cost, "a pass through the network with long fractions")

    def solve(self, matrix: Array, wanted: Array) -> Array:
        """By Gaussian elimination, what stays free 0; 0 if there is no solution."""
        columns = matrix.shape[1]
        solution = self.numbers(np.zeros((columns, *wanted.shape[1:])))
        reduced, pivots = self._reduced(np.column_stack([matrix, wanted]))
        if max(pivots, default=0) < columns:
            right = reduced[:, columns:]
            solution[pivots] = right if wanted.ndim > 1 else right[:, 0]
        return solution

    def factors(self, matrix: Array) -> tuple[Array, Array]:
        """The pivot columns, and what all columns are of them."""
        reduced, pivots = self._reduced(matrix)
        return matrix[:, pivots], reduced

    def _reduced(self, matrix: Array) -> tuple[Array, list[int]]:
        """The rows that are not 0 of the reduced echelon form, and the columns of its pivots."""
        from flint import fmpq, fmpq_mat  # type: ignore

        self._afford(matrix)
        entries = [value if isinstance(value, fmpq) else fmpq(value) for value in matrix.flat]
        found, rank = fmpq_mat(*matrix.shape, entries).rref()  # type: ignore
        rows = np.array(found.tolist(), dtype=object).reshape(matrix.shape)[:rank]
        return rows, [int(np.flatnonzero(row != 0)[0]) for row in rows]

    def _afford(self, matrix: Array) -> None:
        rows, columns = matrix.shape
        bits = min(rows, columns) * max(map(_bits, matrix.flat), default=1)
        cost = rows * columns * (min(rows, columns) * bits + bits**_ENTRY_POWER)
        self._deadline.afford(cost * _BIT_SECONDS, f"{rows} rational equations with long fractions")

    def inverse(self, matrix: Array) -> Array | None:
        """Exactly."""
        from flint import fmpq_mat  # type: ignore

        self._afford(matrix)
        try:
            found = fmpq_mat(len(matrix), len(matrix), list(matrix.flat)).inv()
        except ZeroDivisionError:
            return None
        return np.array(found.tolist(), dtype=object).reshape(matrix.shape)

    def independent(self, columns: Array) -> list[int]:
        """The first columns that are a basis of all, exactly."""
        integers = [_integers(column) for column in as_fractions(columns.T)]
        matrix = np.array(integers, dtype=object).reshape(columns.shape[::-1]).T
        return list(independent_columns(matrix)) if matrix.any() else []


def require_exact(network: Network) -> None:
    """Raise `InputError` for a network that rationals do not evaluate."""
    if network.is_polynomial and not network.unrolled.parts and not network.unrolled.multiples:
        return
    raise InputError(
        "exact rationals are for linear, square and cube units without filters or residual "
        f"connections, and this is a {network.describe()}; leave rational out"
    )


def as_fractions(values: Array) -> Array:
    """Rationals of flint as `fractions.Fraction`.

    >>> as_fractions(Rationals().numbers([0.75])).tolist()
    [Fraction(3, 4)]
    """
    found = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        found[index] = Fraction(int(value.p), int(value.q))
    return found


def _is_plain_linear(network: Network) -> bool:
    return network.is_linear and not network.unrolled.parts and not network.unrolled.multiples


def _integers(column: Sequence[Fraction]) -> list[int]:
    """The coprime integers that are a positive multiple of a column; 0 stays 0."""
    scale = math.lcm(*(value.denominator for value in column))
    return [int(value * scale) for value in column]


def _rounded(value: Any) -> float:
    """The nearest float; of a rational that is not 0 never 0, and never infinite."""
    if not hasattr(value, "p"):
        return float(value)
    try:
        found = float(Fraction(int(value.p), int(value.q)))
    except OverflowError:
        return math.copysign(sys.float_info.max, 1 if value > 0 else -1)
    return found or (math.ulp(0.0) if value != 0 else 0.0)


def _bits(value: Any) -> int:
    """How long numerator and denominator are."""
    return int(value.p).bit_length() + int(value.q).bit_length() if hasattr(value, "p") else 1
