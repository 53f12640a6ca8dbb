"""Frozen weights that are given: floats are dyadic rationals, so that residues of them are exact.

What is given are constants of the question: learnables, other weights, the teacher and, unless
given, the inputs are random.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..field.arithmetic import reduce
from ..problem.allocation import Allocation
from ..problem.weight_files import checked_weights

_BITS = 53  # of the integer that a float is a power of 2 times of


@dataclass(frozen=True, eq=False)
class GivenWeights:
    """Weight name -> float64 values that its frozen entries keep; names left out are random.

    Values at learnable entries are not looked at.
    """

    values: Mapping[str, NDArray[np.float64]]

    def modulo(self, name: str, prime: int) -> NDArray[np.float64]:
        """Balanced residues of the values of a weight modulo an odd prime below 2^23.

        >>> given = GivenWeights({"W1": np.array([[0.5, -3.0]])})
        >>> given.modulo("W1", 7).tolist()
        [[-3.0, -3.0]]
        """
        fractions, exponents = np.frexp(self.values[name])
        integers = np.ldexp(fractions, _BITS).astype(np.int64)
        steps, back = np.unique(exponents - _BITS, return_inverse=True)
        powers = np.array([pow(2, int(step), prime) for step in steps], dtype=np.int64)
        residues = integers % prime * powers[back].reshape(integers.shape) % prime
        return reduce(residues, prime)

    @cached_property
    def log_norm(self) -> float:
        """log2 of what a given weight adds to a norm: its numerator, over one common denominator.

        >>> GivenWeights({"W1": np.array([[0.75, 2.0]])}).log_norm
        3.0
        """
        every = np.concatenate(
            [np.ones(1), *(abs(array).ravel() for array in self.values.values())]
        )
        every = every[every != 0]
        fractions, exponents = np.frexp(every)
        integers = np.ldexp(fractions, _BITS).astype(np.int64)
        # With n odd n 2^e has the denominator 2^-e, if e < 0.
        powers = exponents - _BITS + np.log2((integers & -integers).astype(np.float64))
        return float(max(0.0, -powers.min()) + np.log2(every.max()))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of names, shapes and values: what tells given weights apart in a record.

        >>> len(GivenWeights({}).digest)
        64
        """
        digest = hashlib.sha256()
        for name, array in sorted(self.values.items()):
            digest.update(f"{name}{list(array.shape)}".encode())
            digest.update(np.ascontiguousarray(array + 0.0, dtype="<f8").tobytes())
        return digest.hexdigest()


def given_weights(allocation: Allocation, weights: Mapping[str, Any]) -> GivenWeights:
    """The frozen weights that are given, by name; of an absent connection the value is 0.

    Raises `InputError` for unknown names, other shapes, numbers that are not finite, and numbers
    other than 0 where no connection is present.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation.layer(LinearFeedforward([2, 2, 1]), "W2")
    >>> given_weights(allocation, {"W1": [[1, 2], [2, 4]]}).values["W1"].tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    return GivenWeights(checked_weights(allocation, weights, "weights"))
