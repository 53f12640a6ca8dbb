"""Points of shallow ReLU networks in certificates: integers in their own activation pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import plain
from .budget import STEP
from .claim import Claim
from .context import LOWER_TRIALS
from .integers import integer_matrix, integer_weights
from .rank import require_indices
from .relu_patterns import ReluJacobian, charge_point, supports, target_dimension


def require_point(claim: Claim, evidence: Mapping[str, Any], which: str) -> plain.Matrix:
    """Integers without a pre-activation 0, and a minor of size d m not 0 there; the inputs."""
    keys = {"weights", "inputs", "rows", "columns"}
    claim.require(evidence.keys() == keys, f"a point has {', '.join(sorted(keys))}")
    weights, inputs = _integers(claim, evidence)
    active = _active(claim, weights, inputs)
    target, entries = target_dimension(claim), claim.entries(which)
    rows, columns = evidence["rows"], evidence["columns"]
    require_indices(claim, rows, target, target, "rows")
    require_indices(claim, columns, len(entries), target, "columns")
    positions = [divmod(row, claim.samples) for row in rows]
    for trial in range(LOWER_TRIALS):
        p = claim.context.prime(trial)
        residues = {name: [[x % p for x in row] for row in rows] for name, rows in weights.items()}
        shown = [[x % p for x in row] for row in inputs]
        jacobian = ReluJacobian(residues, shown, [entries[index] for index in columns], p)
        cost = 4 * STEP * target**2 + plain.rank_operations(target, target)
        claim.foresee(cost, 8 * target**2, f"a minor of size {target}")
        claim.charge(4 * STEP * target**2, f"a minor of size {target}")
        matrix = (jacobian.row(o, s, active[s]) for o, s in positions)
        if plain.eliminate(matrix, p, claim.context.budget)[0] == target:
            return inputs
    claim.refuse(f"the minor is singular in all of {LOWER_TRIALS} trials")


def _integers(
    claim: Claim, evidence: Mapping[str, Any]
) -> tuple[dict[str, plain.Matrix], plain.Matrix]:
    """Weights in rows (a bias in one column) and inputs of a point, of the right shapes."""
    charge_point(claim)
    weights = integer_weights(claim, evidence["weights"])
    return weights, integer_matrix(claim, evidence["inputs"], claim.network.inputs, claim.samples)


def _active(claim: Claim, weights: dict[str, plain.Matrix], inputs: plain.Matrix) -> list[set[int]]:
    """The active units on each sample; no unit with inputs may have the pre-activation 0."""
    everything = [inputs, *weights.values()]
    digits = max(abs(x).bit_length() for rows in everything for row in rows for x in row)
    charge_point(claim, digits)
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
