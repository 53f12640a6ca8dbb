"""Arrays of NumPy or CuPy, for code that runs on either module."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# CuPy's arrays have the same methods; type checkers know those of NumPy.
Array: TypeAlias = NDArray[Any]


def on_host(array: Array) -> NDArray[Any]:
    """The array as one of NumPy, copied from a GPU if need be.

    >>> on_host(np.ones(2)).tolist()
    [1.0, 1.0]
    """
    return array if isinstance(array, np.ndarray) else array.get()
