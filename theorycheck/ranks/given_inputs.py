"""Inputs that are given, not random: exact integers, and samples that stand for all of them.

The outputs of a linear network are linear in a sample (and its constant 1, with biases). So a
match on samples that are a basis of all is a match on all; the length of a sample does not matter,
nor do the weights that read an input which is 0 in all of them. `docs/certificates.md` says how the
problem that is left is written down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..computing.deadline import NEVER, Deadline
from ..errors import InputError
from ..field.arithmetic import reduce
from ..field.elimination import Elimination
from ..problem.allocation import Allocation
from ..problem.interop.foreign import real_numbers
from ..problem.networks.base import Network, positive_integer
from .point import draw_prime


@dataclass(frozen=True, eq=False)
class GivenInputs:
    """The first m points of some data, as inputs of a linear feed-forward network.

    `points` are the numbers as given; `kept` the inputs that are not 0 in all points; `basis` the
    points that are a basis of all. `matrix` has the coprime integers that the points of the basis
    are multiples of, one column each, one row for each input kept and, with biases, the constant.
    """

    points: list[list[Any]]
    kept: tuple[int, ...]
    basis: tuple[int, ...]
    matrix: NDArray[Any]

    @property
    def rank(self) -> int:
        """The number of independent samples: all that count."""
        return len(self.basis)

    @property
    def is_spanning(self) -> bool:
        """Whether the samples span the inputs kept, as generic ones would."""
        return self.rank == len(self.matrix)

    @cached_property
    def log_norm(self) -> float:
        """log2 of the largest absolute value in `matrix`."""
        return math.log2(max(map(abs, self.matrix.flat)))

    def modulo(self, prime: int) -> NDArray[np.float64]:
        """`matrix` as balanced residues."""
        return _modulo(self.matrix, prime)

    def reduced(self, allocation: Allocation) -> Allocation:
        """The allocation without the inputs that are 0 in all points."""
        network = allocation.network
        if len(self.kept) == network.inputs:
            return allocation
        left, first = network.resized(inputs=len(self.kept)), network.weight_layers[0][0]
        masks = {name: allocation.mask(name) for name in allocation.counts}
        present = allocation.given_present()
        for given in (masks, present):
            if first in given:
                given[first] = given[first][:, list(self.kept)]
        return Allocation(left, masks, present)


def given_inputs(
    network: Network, samples: int, inputs: ArrayLike, deadline: Deadline = NEVER
) -> GivenInputs:
    """The first `samples` points of the array `inputs`, (points, n_0), as inputs of `network`.

    Raises `InputError` for another kind of network, another shape, numbers that are not finite or
    longer than float64, too few points, and points that are all 0, `OutOfTimeError` after the
    deadline.

    >>> from theorycheck import LinearFeedforward
    >>> found = given_inputs(LinearFeedforward([3, 2]), 3, [[2, 0, 0], [4, 0, 0], [0.5, 0, 0.25]])
    >>> found.kept, found.basis, found.matrix.tolist()
    ((0, 2), (0, 2), [[1, 2], [0, 1]])
    """
    if not (network.is_linear and network.is_layered):
        measure = "" if network.is_recurrent else ", or measure on them"
        raise InputError(
            "inputs: on given ones linear feed-forward networks are decided, and those with "
            f"analytic activations; this is a {network.describe()}; leave the inputs out, which "
            f"asks about random ones{measure}"
        )
    samples = positive_integer(samples, "samples")
    points = finite_points(real_numbers(inputs, "inputs"), network.inputs, samples)
    kept = tuple(j for j, values in enumerate(zip(*points, strict=True)) if any(values))
    if not kept:
        raise InputError(
            f"inputs are all 0 in the first {samples} points, so nothing depends on W1; give "
            "points that are not"
        )
    rows = []
    for point in points:
        deadline.check("the inputs as integers")
        rows.append(coprime([point[j] for j in kept], network.bias))
    matrix = np.array(rows, dtype=object).T
    basis = independent_columns(matrix, deadline)
    return GivenInputs(points, kept, basis, matrix[:, list(basis)])


def finite_points(array: NDArray[Any], n_inputs: int, samples: int) -> list[list[Any]]:
    """Python integers or floats: what JSON keeps, whatever the type and order of the array.

    Raises `InputError` for another shape, too few points, and numbers that are not finite.
    """
    if array.ndim != 2 or array.shape[1] != n_inputs:
        expected = f"(points, {n_inputs}), one column for each input of the network"
        raise InputError(f"inputs must have shape {expected}, not {array.shape}")
    if len(array) < samples:
        raise InputError(
            f"inputs have {len(array)} points, fewer than the {samples} samples; give more points "
            "or lower samples"
        )
    chosen = array[:samples]
    wrong = np.argwhere(~np.isfinite(chosen))
    if len(wrong):
        i, j = wrong[0].tolist()
        raise InputError(f"inputs[{i}, {j}] is {chosen[i, j]}; every entry must be finite")
    if array.dtype.kind == "b":
        chosen = chosen.astype(np.uint8)  # numbers in a certificate
    return chosen.astype(np.float64 if array.dtype.kind == "f" else object).tolist()


def coprime(point: Iterable[int | float], with_constant: bool) -> list[int]:
    """The coprime integers, with the constant 1 if asked, that are a positive multiple of a point.

    >>> coprime([0.75, -3.0], True)
    [3, -12, 4]
    """
    ratios = [value.as_integer_ratio() for value in point] + [(1, 1)] * with_constant
    scale = max(denominator for _, denominator in ratios)  # powers of two: floats are dyadic
    numbers = [numerator * (scale // denominator) for numerator, denominator in ratios]
    divisor = math.gcd(*numbers) or 1
    return [number // divisor for number in numbers]


def independent_columns(matrix: NDArray[Any], deadline: Deadline = NEVER) -> tuple[int, ...]:
    """Columns of a matrix of Python integers that are a basis of all, over the rationals.

    They are independent modulo a prime, hence independent. That no more are is proved by the
    number of distinct lines that are not 0, or else by primes: a larger minor that vanishes modulo
    primes whose product exceeds it (Hadamard's bound) is 0.

    >>> independent_columns(np.array([[1, 2, 3], [1, 2, 4]], dtype=object))
    (0, 2)
    """
    most = min(_distinct(matrix), _distinct(matrix.T))
    best: list[int] = []
    primes: set[int] = set()
    for trial in count():
        deadline.check("the rank of the inputs")
        prime = draw_prime(0, trial)
        elimination = Elimination(len(matrix), prime, deadline=deadline)
        elimination.extend(_modulo(matrix, prime))
        best = max(best, elimination.pivot_columns, key=len)
        primes.add(prime)
        if len(best) == most or math.prod(primes) ** 2 > _minor_squared(matrix, len(best) + 1):
            return tuple(best)
    raise AssertionError("unreachable: the primes go on")


def _distinct(rows: NDArray[Any]) -> int:
    return len({tuple(row) for row in rows.tolist() if any(row)})


def _minor_squared(matrix: NDArray[Any], size: int) -> int:
    """A bound on the squares of the minors of this size: that of the longest columns."""
    lengths = sorted((sum(x * x for x in column) for column in matrix.T.tolist()), reverse=True)
    return math.prod(lengths[:size])


def _modulo(matrix: NDArray[Any], prime: int) -> NDArray[np.float64]:
    return reduce((matrix % prime).astype(np.float64), prime)
