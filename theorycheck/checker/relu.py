"""Checks of certificates about shallow ReLU networks (T10)."""

from __future__ import annotations

import math

from ..errors import shown
from . import plain
from .budget import STEP
from .claim import Check, Claim, Entry
from .context import trial_bound
from .relu_patterns import (
    counted_units,
    learnable_inputs,
    patterns,
    random_jacobian,
    supports,
    target_dimension,
)
from .relu_points import require_point


def relu_point(claim: Claim) -> None:
    """Integers at which the ReluJacobian of the learnables has rank d m."""
    target = target_dimension(claim)
    require_point(claim, claim.evidence["point"], "learnable")
    claim.require_claim("positive", target, target)


def relu_interpolation(claim: Claim) -> None:
    """Each output learns from m units of m learnable inputs, or from m - 1 and a bias."""
    target, m = target_dimension(claim), claim.samples
    rows, inward = claim.evidence["units"], learnable_inputs(claim)
    learnable = set(claim.entries("learnable"))
    claim.require(len(rows) == claim.network.outputs, "a list of units for every output")
    claim.charge(5 * STEP * claim.network.outputs * m, "the units of every output")
    for output, units in enumerate(rows):
        claim.require(units == sorted(set(units)), "units must be listed in order, once")
        needed = m - (("b2", (output,)) in learnable)
        claim.require(len(units) == needed, f"output {output} needs {needed} units")
        for k in units:
            is_learnable = type(k) is int and ("W2", (output, k)) in learnable
            claim.require(is_learnable, f"W2[{output},{shown(k)}] must be learnable")
            claim.require(inward[k] >= m, f"unit {k} has fewer than {m} learnable inputs")
    claim.require_claim("maximal", target, target)


def relu_count(claim: Claim) -> None:
    """Fewer learnables than d m, and a regular teacher."""
    target, n_learnable = target_dimension(claim), claim.allocation.n_learnable
    claim.require(n_learnable < target, f"{n_learnable} learnables are not fewer than {target}")
    require_point(claim, claim.evidence["regular"], "present")
    claim.require_claim("minimal", None, target)


def relu_cover(claim: Claim) -> None:
    """Equations, learnables and units (with m dimensions each) cover all entries, below d m."""
    target, entries = target_dimension(claim), claim.entries("learnable")
    given = [claim.evidence[what] for what in ("equations", "learnables", "units")]
    sizes = (target, len(entries), claim.network.widths[1])
    for indices, n in zip(given, sizes, strict=True):
        claim.require(indices == sorted(set(indices)), "the cover must be listed in order, once")
        inside = all(type(index) is int and 0 <= index < n for index in indices)
        claim.require(inside, f"the numbers of the cover must be in 0..{n - 1}")
    equations, learnables, units = map(set, given)
    size = len(equations) + len(learnables) + claim.samples * len(units)
    claim.require(size < target, f"a cover of {size} does not show a rank below {target}")
    everything = _Acting(claim)
    for number, entry in enumerate(entries):
        is_input = entry[0] in ("W1", "b1") and entry[1][0] in units
        if number not in learnables and not is_input:
            missed = everything.equations(entry) - equations
            claim.require(not missed, f"learnable {number} acts on equations outside the cover")
    require_point(claim, claim.evidence["regular"], "present")
    claim.require_claim("minimal", None, target)


def relu_patterns(claim: Claim) -> None:
    """The rank stays below d m in every pattern, in independent trials; and a regular teacher."""
    target, rank, evidence = target_dimension(claim), claim.certificate.rank, claim.evidence
    below = type(rank) is int and 0 <= rank < target
    claim.require(below, f"rank {rank} is not below the target dimension {target}")
    assert rank is not None
    listed = list(patterns(claim))
    same = type(evidence["patterns"]) is int and evidence["patterns"] == len(listed)
    claim.require(same, f"there are {len(listed)} patterns")
    bound = trial_bound(target, 2, math.log2(claim.network.inputs + 1))
    best = 0
    trials = claim.trials(claim.certificate.error_bound, bound, max(len(listed), 1))
    for trial in trials:
        found = _most(claim, listed, trial, len(trials) - trial)
        claim.require(found <= rank, f"trial {trial} has rank {found} in some pattern")
        best = max(best, found)
    claim.require(best == rank, f"the best trial has rank {best}, not {rank}")
    require_point(claim, evidence["regular"], "present")
    claim.require_claim("minimal", rank, target)


def _most(claim: Claim, listed: list[tuple[int, ...]], trial: int, times: int) -> int:
    """The largest rank in any pattern at the point of a trial, the first of so many `times`."""
    units, m = counted_units(claim), claim.samples
    entries, p = claim.entries("learnable"), claim.context.prime(trial)
    jacobian = random_jacobian(claim, trial, entries)
    outputs = range(claim.network.outputs)
    cost = plain.rank_operations(len(outputs) * m, len(entries)) + STEP * len(outputs) * m
    claim.foresee(times * len(listed) * cost, 0, f"the ranks of {len(listed)} patterns")
    rows: dict[tuple[int, int], list[plain.Row]] = {}  # of one sample, by its column

    def rows_of(sample: int, code: int) -> list[plain.Row]:
        if (sample, code) not in rows:
            claim.charge(4 * STEP * len(outputs) * len(entries), "the rows of a pattern")
            active = {k for u, k in enumerate(units) if code >> u & 1}
            rows[sample, code] = [jacobian.row(o, sample, active) for o in outputs]
        return rows[sample, code]

    most = 0
    for codes in listed:
        matrix = [row for s in range(m) for row in rows_of(s, codes[s])]
        most = max(most, plain.eliminate(matrix, p, claim.context.budget)[0])
    return most


class _Acting:
    """What a weight acts on if all units are active: `equations(entry)` as numbers."""

    def __init__(self, claim: Claim) -> None:
        self._claim, self._shown = claim, supports(claim)
        columns = zip(*claim.rows("W2", "present"), strict=True)
        self._behind = [{o for o, bit in enumerate(column) if bit} for column in columns]

    def equations(self, entry: Entry) -> set[int]:
        """The numbers of the equations."""
        (name, index), m = entry, self._claim.samples
        if name == "b2":
            outputs = {index[0]}
        elif name == "W2":
            outputs = {index[0]} if self._shown[index[1]] else set()
        else:
            outputs = self._behind[index[0]]
        self._claim.charge(STEP * (1 + len(outputs) * m), "what a weight acts on")
        return {o * m + s for o in outputs for s in range(m)}


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        relu_count,
        relu_cover,
        relu_patterns,
        relu_point,
        relu_interpolation,
    )
}
