"""Checks of certificates that an output of a shallow ReLU network is bounded (T10)."""

from __future__ import annotations

from .budget import STEP
from .claim import Check, Claim
from .plain import Matrix, Row
from .relu_patterns import learnable_inputs, supports, target_dimension
from .relu_points import require_point


def relu_bounded_output(claim: Claim) -> None:
    """As `relu_point`, and no unit of one output is learnable on both sides, nor its bias."""
    target, inward = target_dimension(claim), learnable_inputs(claim)
    for k in _units_of_output(claim):
        claim.require(not inward[k], f"unit {k} is learnable on both sides")
    require_point(claim, claim.evidence["point"], "learnable")
    claim.require_claim("intermediate", target, target)


def relu_missed_sample(claim: Claim) -> None:
    """As `relu_point`; only one unit is learnable on both sides, and not active on all samples."""
    target, evidence, inward = target_dimension(claim), claim.evidence, learnable_inputs(claim)
    unit, samples, outward = evidence["unit"], evidence["samples"], _units_of_output(claim)
    both = [k for k in outward if inward[k]]
    lone = type(unit) is int and both == [unit]
    claim.require(lone, f"units {both} are learnable on both sides")
    entries = claim.entries("learnable")
    claim.require(("b1", (unit,)) not in entries, f"the bias of unit {unit} is learnable")
    learnable = {index[1] for name, index in entries if name == "W1" and index[0] == unit}
    inside = all(type(s) is int and 0 <= s < claim.samples for s in samples)
    claim.require(inside and samples == sorted(set(samples)), "samples must be in order, once")
    claim.require(len(samples) == len(learnable) + 1, f"{len(learnable) + 1} samples are needed")
    require_point(claim, evidence["point"], "learnable")
    inputs = require_point(claim, evidence["regular"], "present")
    shown = [[row[s] for s in samples] for row in inputs]
    digits = max((abs(x).bit_length() for row in shown for x in row), default=0)
    size = len(learnable)
    cost = (size + 1) * (STEP + (digits * size) ** 2 / 64**2) * size**3
    claim.charge(cost, "the relation of the samples")
    related = _is_positively_related([shown[a] for a in sorted(learnable)])
    claim.require(related, "the samples have no positive relation on the learnable inputs")
    every, bias = supports(claim), claim.network.inputs
    for k in outward:
        frozen = every[k] - (learnable if k == unit else set())
        signed = (a == bias or _has_one_sign(shown[a]) for a in frozen)
        claim.require(not frozen or any(signed), f"the frozen part of unit {k} has no one sign")
    claim.require_claim("intermediate", target, target)


def _units_of_output(claim: Claim) -> list[int]:
    """Units with a learnable weight to the output of the evidence, whose bias is not learnable."""
    output = claim.evidence["output"]
    inside = type(output) is int and 0 <= output < claim.network.outputs
    claim.require(inside, "the output must be one of the network")
    entries = claim.entries("learnable")
    claim.require(("b2", (output,)) not in entries, f"the bias of output {output} is learnable")
    return [index[1] for name, index in entries if name == "W2" and index[0] == output]


def _has_one_sign(values: Row) -> bool:
    return min(values) > 0 or max(values) < 0


def _is_positively_related(rows: Matrix) -> bool:
    """Whether n rows of length n + 1 have one linear relation of columns, all of one sign."""
    size = len(rows)
    minors = [_determinant([row[:j] + row[j + 1 :] for row in rows]) for j in range(size + 1)]
    return _has_one_sign([(-1) ** j * minor for j, minor in enumerate(minors)])


def _determinant(rows: Matrix) -> int:
    """By fraction-free elimination (Bareiss)."""
    matrix, sign, last = [list(row) for row in rows], 1, 1
    for j in range(len(matrix)):
        pivot = next((i for i in range(j, len(matrix)) if matrix[i][j]), None)
        if pivot is None:
            return 0
        if pivot != j:
            matrix[j], matrix[pivot], sign = matrix[pivot], matrix[j], -sign
        for i in range(j + 1, len(matrix)):
            for c in range(j + 1, len(matrix)):
                value = matrix[i][c] * matrix[j][j] - matrix[i][j] * matrix[j][c]
                matrix[i][c] = value // last
        last = matrix[j][j]
    return sign * last


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (relu_bounded_output, relu_missed_sample)
}
