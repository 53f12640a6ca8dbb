"""What every network is: a frozen specification with weight names and shapes, but no weights.

Weights have shape (outputs, inputs), biases (outputs,). Names follow the allocation file:
`W1`, `b1`, `W2`, ... for the feed-forward kinds, `input`, `recurrent`, `readout` for the recurrent.
"""

from __future__ import annotations

import math
from dataclasses import fields
from functools import cached_property
from numbers import Integral
from typing import Any, ClassVar

from ...errors import InputError, shown

# Larger sizes are typing errors; the bound keeps (rows x columns) within 63-bit array indices.
LARGEST_SIZE = 2**30


def positive_integer(value: object, place: str, largest: int = LARGEST_SIZE) -> int:
    """Return `value` as an int, or raise `InputError` naming the `place` unless 1 <= value.

    >>> positive_integer(3, "samples")
    3
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= largest:
        raise InputError(f"{place} must be an integer from 1 to {largest}, not {shown(value)}")
    return int(value)


class _Architecture:
    """What every network kind offers: named weight shapes and a dictionary form."""

    kind: ClassVar[str]
    title: ClassVar[str]

    @cached_property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Weight name -> shape, in the fixed order that numbers all weights."""
        raise NotImplementedError

    @property
    def n_weights(self) -> int:
        """Number of weights, absent ones included."""
        return sum(math.prod(shape) for shape in self.weight_shapes.values())

    def to_dict(self) -> dict[str, Any]:
        """The `network` object of an allocation file; the inverse of `network_from_dict`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore
        if "widths" in values:
            values["widths"] = list(values["widths"])
        if values.get("bias") is False:
            del values["bias"]
        return {"kind": self.kind, **values}
