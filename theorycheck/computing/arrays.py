"""Arrays of NumPy or CuPy, for code that runs on either module."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

# CuPy's arrays have the same methods; type checkers know those of NumPy.
Array: TypeAlias = NDArray[Any]
