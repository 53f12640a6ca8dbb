"""Given frozen weights, read for checking: from docs/certificates.md, "Given weights".

Nothing here is shared with `ranks/`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..errors import CertificateError, shown
from ..problem.allocation import Allocation
from . import plain
from .budget import STEP, Budget

Ratio: TypeAlias = tuple[int, int]
_LARGEST_INTEGER = 2**53


@dataclass(frozen=True)
class GivenWeights:
    """The ratios of the weights by name, in rows as matrices have them; None where random.

    `log_size` is log2 of the largest of their numerators over one denominator, and of that.
    """

    rows: dict[str, list[list[Ratio | None]]]
    log_size: float

    def with_columns(self, name: str, kept: Sequence[int]) -> GivenWeights:
        """With these columns of a matrix alone; the largest number of all stays a bound."""
        return replace(self, rows=with_columns(self.rows, name, kept))

    def put_into(self, name: str, drawn: plain.Matrix, p: int) -> plain.Matrix:
        """Random residues of a weight, with the given values in place."""
        if name not in self.rows:
            return drawn
        inverses: dict[int, int] = {}
        found = []
        for values, line in zip(self.rows[name], drawn, strict=True):
            found.append([])
            for value, residue in zip(values, line, strict=True):
                if value is None:
                    found[-1].append(residue)
                    continue
                top, bottom = value
                if bottom not in inverses:
                    inverses[bottom] = pow(bottom, -1, p)
                found[-1].append(top * inverses[bottom] % p)
        return found


def read_weights(given: Any, allocation: Allocation, budget: Budget) -> GivenWeights:
    """The `weights` of a problem; raises `CertificateError` unless they are frozen ones."""
    _require(isinstance(given, Mapping), "given weights are an object")
    shapes, rows, bottom = allocation.network.weight_shapes, {}, 1
    for name, values in given.items():
        _require(name in shapes, f"there is no weight {shown(name)} to be given")
        shape = shapes[name]
        size = math.prod(shape)
        budget.hold(100 * size, f"the given values of {name}")
        budget.charge(10 * STEP * size, f"the given values of {name}")
        flat = _flat(values, shape, name)
        is_frozen = (allocation.present_mask(name) & ~allocation.mask(name)).ravel().tolist()
        ratios = [_ratio(value, bit, name) for value, bit in zip(flat, is_frozen, strict=True)]
        known = [ratio for ratio in ratios if ratio is not None]
        bottom = max([bottom, *(d for _, d in known)])  # powers of 2
        width = size // shape[0]
        rows[name] = [ratios[i : i + width] for i in range(0, size, width)]
    known = [ratio for lines in rows.values() for line in lines for ratio in line if ratio]
    most = max((abs(n) * (bottom // d) for n, d in known), default=0)
    return GivenWeights(rows, math.log2(max(most, bottom)))


def with_columns(rows: Mapping[str, Any], name: str, kept: Sequence[int]) -> dict[str, Any]:
    """Rows of weights with these columns of one matrix alone.

    >>> with_columns({"W1": [[1, 2, 3]]}, "W1", [0, 2])
    {'W1': [[1, 3]]}
    """
    if name not in rows:
        return dict(rows)
    return {**rows, name: [[row[j] for j in kept] for row in rows[name]]}


def _flat(values: Any, shape: tuple[int, ...], name: str) -> list[Any]:
    """The entries of lists in one another."""
    fits = isinstance(values, list) and len(values) == shape[0]
    _require(fits, f"the given values of {name} have another shape")
    if not shape[1:]:
        return values
    return [x for part in values for x in _flat(part, shape[1:], name)]


def _ratio(value: Any, is_frozen: bool, name: str) -> Ratio | None:
    """Numerator and denominator; None for null."""
    if value is None:
        return None
    is_integer = type(value) is int and abs(value) <= _LARGEST_INTEGER
    is_number = is_integer or (type(value) is float and math.isfinite(value))
    _require(is_number, f"the given values of {name} are finite numbers or null")
    _require(is_frozen, f"a weight of {name} is given that is learnable or absent")
    return value.as_integer_ratio()


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise CertificateError(reason)
