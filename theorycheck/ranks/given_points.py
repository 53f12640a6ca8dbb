"""Inputs that are given to a nonlinear network: exact rational numbers, every sample kept.

Nothing but equal outputs can be left out: outputs are no linear functions of a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..field.arithmetic import reduce
from ..problem.allocation import Allocation
from ..problem.interop.foreign import real_numbers
from ..problem.networks.base import Network, positive_integer
from .given_inputs import finite_points


@dataclass(frozen=True, eq=False)
class GivenPoints:
    """The first m points of some data, the numbers as given; of a recurrent network by step.

    A point has the inputs of step 1, then those of step 2, and so on; for filters those of channel
    after channel, and `order` tells which of them each row of the inputs is. `answers` keeps what
    was found out about them.
    """

    points: list[list[Any]]
    order: tuple[int, ...] | None = None
    answers: dict[Any, Any] = field(init=False, repr=False, default_factory=dict)

    @cached_property
    def log_norm(self) -> float:
        """log2 of what an input adds to a norm: its numerator, over one common denominator."""
        return math.log2(max(self._common, *(abs(x) for row in self.integers for x in row)))

    @cached_property
    def _common(self) -> int:
        """The least common denominator, a power of 2 for floats."""
        return math.lcm(*(Fraction(x).denominator for point in self.points for x in point))

    @cached_property
    def integers(self) -> list[list[int]]:
        """All times their least common denominator, (inputs, samples)."""
        rows = zip(*self.points, strict=True)
        return [[int(Fraction(x) * self._common) for x in row] for row in rows]

    @cached_property
    def floats(self) -> NDArray[np.float64]:
        """The numbers themselves, (inputs, samples): none is longer than a float64."""
        rows = np.array(self.points, dtype=np.float64).T
        return rows if self.order is None else rows[list(self.order)]

    def modulo(self, prime: int) -> NDArray[np.float64]:
        """Balanced residues, (inputs, samples)."""
        points = [[_residue(x, prime) for x in point] for point in self.points]
        rows = reduce(np.array(points, dtype=np.float64).T, prime)
        return rows if self.order is None else rows[list(self.order)]


def _residue(value: int | float, prime: int) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * pow(denominator, -1, prime) % prime


def present_key(allocation: Allocation) -> tuple[Any, ...]:
    """What tells allocations apart whose present weights differ."""
    present = sorted(allocation.given_present().items())
    return (allocation.network, *((name, mask.tobytes()) for name, mask in present))


def given_points(network: Network, samples: int, inputs: ArrayLike) -> GivenPoints:
    """The first `samples` points of the array `inputs` as inputs of a nonlinear `network`.

    Its shape is (points, n_0), of recurrent networks (points, steps, n_in). Raises `InputError` for
    another shape, numbers that are not finite or longer than float64, and too few points.

    >>> from theorycheck import Feedforward
    >>> network = Feedforward([2, 3, 1], activation="tanh")
    >>> given_points(network, 2, [[1, 0], [0.5, 2], [3, 3]]).modulo(7).tolist()
    [[1.0, -3.0], [0.0, 2.0]]
    """
    samples = positive_integer(samples, "samples")
    array = real_numbers(inputs, "inputs")
    if network.is_recurrent and array.ndim == 3 and array.shape[1] == network.steps:
        array = array.reshape(len(array), network.steps * array.shape[2])
    width = network.inputs * network.steps
    if network.is_recurrent and array.shape[1:] != (width,):
        expected = f"(points, {width}), the inputs of {network.steps} steps, {network.inputs} each"
        raise InputError(f"inputs must have shape {expected}, not {array.shape}")
    order = network.rows_of_points(np.arange(width)[None, :])[0]
    is_kept = np.array_equal(order, np.arange(width))
    points = finite_points(array, width, samples)
    return GivenPoints(points, None if is_kept else tuple(order.tolist()))
