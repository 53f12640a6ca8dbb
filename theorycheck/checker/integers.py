"""Points of integers as certificates have them: weights and inputs of the right shapes."""

from __future__ import annotations

from typing import Any

from . import plain
from .claim import Claim


def integer_weights(claim: Claim, given: Any) -> dict[str, plain.Matrix]:
    """Weights in rows (a bias in one column), absent ones 0."""
    shapes, found = claim.network.weight_shapes, {}
    claim.require(given.keys() == shapes.keys(), f"weights must be {', '.join(shapes)}")
    for name, shape in shapes.items():
        rows = given[name] if len(shape) == 2 else [[value] for value in given[name]]
        present = claim.rows(name, "present")
        found[name] = integer_matrix(claim, rows, shape[0], len(present[0]))
        pairs = zip(found[name], present, strict=True)
        absent = all(bit or x == 0 for row, bits in pairs for x, bit in zip(row, bits, strict=True))
        claim.require(absent, f"absent connections of {name} must be 0")
    return found


def integer_matrix(claim: Claim, rows: Any, n_rows: int, width: int) -> plain.Matrix:
    """Rows of integers, so many and of this width."""
    fits = isinstance(rows, list) and len(rows) == n_rows
    fits = fits and all(isinstance(row, list) and len(row) == width for row in rows)
    fits = fits and all(type(x) is int for row in rows for x in row)
    claim.require(fits, f"a point has {n_rows} x {width} integers here")
    return rows
