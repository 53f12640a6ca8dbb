"""Frozen weights that are given: floats are dyadic rationals, so that residues of them are exact.

What is given are constants of the question: learnables, other weights, the teacher and, unless
given, the inputs are random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Weight name -> float64 values that its entries keep, NaN where they are random or learnable.

    Names left out are random.
    """

    values: Mapping[str, NDArray[np.float64]]

    def put_into(self, name: str, residues: NDArray[np.float64], prime: int) -> NDArray[np.float64]:
        """Random residues of a weight modulo an odd prime below 2^23, with the given ones in place.

        >>> given = GivenWeights({"W1": np.array([[0.5, -3.0, np.nan]])})
        >>> given.put_into("W1", np.array([[1.0, 2.0, 3.0]]), 7).tolist()
        [[-3.0, -3.0, 3.0]]
        """
        if name not in self.values:
            return residues
        known = ~np.isnan(self.values[name])
        return np.where(known, self._modulo(name, prime), residues)

    def without(self, name: str) -> GivenWeights:
        """The same with this weight random."""
        return GivenWeights({each: a for each, a in self.values.items() if each != name})

    def with_columns(self, name: str, columns: Sequence[int]) -> GivenWeights:
        """The same with these columns of a matrix alone."""
        kept = {name: self.values[name][:, list(columns)]} if name in self.values else {}
        return GivenWeights({**self.values, **kept})

    @property
    def count(self) -> int:
        """How many frozen weights are given."""
        return sum(int(np.count_nonzero(~np.isnan(array))) for array in self.values.values())

    def _modulo(self, name: str, prime: int) -> NDArray[np.float64]:
        """Balanced residues of the values of a weight, 0 where none is given."""
        fractions, exponents = np.frexp(np.nan_to_num(self.values[name]))
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
        every = every[(every != 0) & ~np.isnan(every)]
        fractions, exponents = np.frexp(every)
        integers = np.ldexp(fractions, _BITS).astype(np.int64)
        # With n odd n 2^e has the denominator 2^-e, if e < 0.
        powers = exponents - _BITS + np.log2((integers & -integers).astype(np.float64))
        return float(max(0.0, -powers.min()) + np.log2(every.max()))

    def to_dict(self) -> dict[str, Any]:
        """As a certificate has them: numbers, and null where none is given.

        >>> GivenWeights({"W1": np.array([[0.5, np.nan]])}).to_dict()
        {'W1': [[0.5, None]]}
        """
        return {name: _plain((array + 0.0).tolist()) for name, array in self.values.items()}


def _plain(values: Any) -> Any:
    """Nested lists with None in place of NaN."""
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return None if values != values else values


def given_weights(allocation: Allocation, weights: Mapping[str, Any]) -> GivenWeights:
    """The frozen weights that are given; numbers at learnable entries are not looked at.

    Raises `InputError` for unknown names, other shapes, numbers that are not finite, and numbers
    other than 0 where no connection is present.

    >>> from theorycheck import Allocation, LinearFeedforward
    >>> allocation = Allocation(LinearFeedforward([2, 1]), {"W1": [[0, 1]]})
    >>> given_weights(allocation, {"W1": [[2, 3]]}).values["W1"].tolist()
    [[2.0, nan]]
    """
    found = {}
    for name, array in checked_weights(allocation, weights, "weights").items():
        is_frozen = allocation.present_mask(name) & ~allocation.mask(name)
        if is_frozen.any():
            found[name] = np.where(is_frozen, array + 0.0, np.nan)
    return GivenWeights(found)
