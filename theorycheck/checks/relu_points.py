"""Points of shallow ReLU networks in certificates: integers in their own activation pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import plain
from .claim import Claim
from .relu_patterns import Jacobian, supports, target_dimension, weight_cells


def require_point(claim: Claim, evidence: Mapping[str, Any], which: str) -> plain.Matrix:
    """Integers without a pre-activation 0, and a minor of size d m not 0 there; the inputs."""
    weights, inputs = _integers(claim, evidence)
    active = _active(claim, weights, inputs)
    p, target, cells = evidence["prime"], target_dimension(claim), weight_cells(claim, which)
    is_prime = type(p) is int and 2 < p < 2**23 and plain.is_prime(p)
    claim.require(is_prime, "the prime must be one below 2^23")
    rows, columns = evidence["rows"], evidence["columns"]
    for indices, n, what in ((rows, target, "rows"), (columns, len(cells), "columns")):
        distinct = len(indices) == len(set(indices)) == target
        claim.require(distinct, f"the minor needs {target} distinct {what}")
        inside = all(type(index) is int and 0 <= index < n for index in indices)
        claim.require(inside, f"the {what} of the minor must be in 0..{n - 1}")
    residues = {name: [[x % p for x in row] for row in rows] for name, rows in weights.items()}
    shown = [[x % p for x in row] for row in inputs]
    jacobian = Jacobian(claim, residues, shown, [cells[index] for index in columns], p)
    places = (divmod(row, claim.samples) for row in rows)
    matrix = (jacobian.row(o, s, active[s]) for o, s in places)
    _, determinant = plain.eliminate(matrix, p)
    claim.require(determinant != 0, f"the minor is singular modulo {p}")
    said = evidence["determinant"]
    claim.require(said == determinant, f"the determinant is {determinant} modulo {p}")
    return inputs


def _integers(
    claim: Claim, evidence: Mapping[str, Any]
) -> tuple[dict[str, plain.Matrix], plain.Matrix]:
    """Weights in rows (a bias in one column) and inputs of a point, of the right shapes."""
    shapes, given = claim.network.weight_shapes, evidence["weights"]
    claim.require(given.keys() == shapes.keys(), f"weights must be {', '.join(shapes)}")
    weights = {}
    for name, shape in shapes.items():
        rows = given[name] if len(shape) == 2 else [[value] for value in given[name]]
        present = claim.allocation.present_mask(name).reshape(shape[0], -1).tolist()
        weights[name] = _matrix(claim, rows, shape[0], len(present[0]))
        pairs = zip(weights[name], present, strict=True)
        absent = all(bit or x == 0 for row, bits in pairs for x, bit in zip(row, bits, strict=True))
        claim.require(absent, f"absent connections of {name} must be 0")
    return weights, _matrix(claim, evidence["inputs"], claim.network.inputs, claim.samples)


def _matrix(claim: Claim, rows: Any, n_rows: int, width: int) -> plain.Matrix:
    fits = isinstance(rows, list) and len(rows) == n_rows
    fits = fits and all(isinstance(row, list) and len(row) == width for row in rows)
    fits = fits and all(type(x) is int for row in rows for x in row)
    claim.require(fits, f"a point has {n_rows} x {width} integers here")
    return rows


def _active(claim: Claim, weights: dict[str, plain.Matrix], inputs: plain.Matrix) -> list[set[int]]:
    """The active units on each sample; no unit with inputs may have the pre-activation 0."""
    active: list[set[int]] = [set() for _ in range(claim.samples)]
    for k, support in enumerate(supports(claim)):
        bias = weights["b1"][k][0] if "b1" in weights else 0
        for s in range(claim.samples):
            terms = zip(weights["W1"][k], inputs, strict=True)
            value = bias + sum(w * row[s] for w, row in terms)
            claim.require(value != 0 or not support, f"unit {k} has pre-activation 0 on sample {s}")
            if value > 0:
                active[s].add(k)
    return active
