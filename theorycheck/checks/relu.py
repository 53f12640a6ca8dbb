"""Checks of certificates about shallow ReLU networks (T10)."""

from __future__ import annotations

import math

from . import plain
from .claim import Check, Claim
from .rank import N_PRIMES, require_prime
from .relu_patterns import (
    Cell,
    counted_units,
    learnable_inputs,
    patterns,
    random_jacobian,
    supports,
    target_dimension,
    weight_cells,
)
from .relu_points import require_point


def relu_point(claim: Claim) -> None:
    """Integers at which the Jacobian of the learnables has rank d m."""
    target = target_dimension(claim)
    require_point(claim, claim.evidence["point"], "learnable")
    claim.require_claim("T10", "positive", target, target)


def relu_interpolation(claim: Claim) -> None:
    """Each output learns from m units of m learnable inputs, or from m - 1 and a bias."""
    target, m = target_dimension(claim), claim.samples
    rows, inward = claim.evidence["units"], learnable_inputs(claim)
    learnable = set(weight_cells(claim, "learnable"))
    claim.require(len(rows) == claim.network.outputs, "a list of units for every output")
    for output, units in enumerate(rows):
        claim.require(units == sorted(set(units)), "units must be listed in order, once")
        needed = m - (("b2", (output,)) in learnable)
        claim.require(len(units) == needed, f"output {output} needs {needed} units")
        for k in units:
            is_learnable = type(k) is int and ("W2", (output, k)) in learnable
            claim.require(is_learnable, f"W2[{output},{k}] must be learnable")
            claim.require(inward[k] >= m, f"unit {k} has fewer than {m} learnable inputs")
    claim.require_claim("T10", "maximal", target, target)


def relu_count(claim: Claim) -> None:
    """Fewer learnables than d m, and a regular teacher."""
    target, n_learnable = target_dimension(claim), claim.allocation.n_learnable
    claim.require(n_learnable < target, f"{n_learnable} learnables are not fewer than {target}")
    require_point(claim, claim.evidence["regular"], "present")
    claim.require_claim("T10", "minimal", None, target)


def relu_cover(claim: Claim) -> None:
    """Equations, learnables and units (with m dimensions each) cover all entries, below d m."""
    target, cells = target_dimension(claim), weight_cells(claim, "learnable")
    given = [claim.evidence[what] for what in ("equations", "learnables", "units")]
    sizes = (target, len(cells), claim.network.widths[1])
    for indices, n in zip(given, sizes, strict=True):
        claim.require(indices == sorted(set(indices)), "the cover must be listed in order, once")
        inside = all(type(index) is int and 0 <= index < n for index in indices)
        claim.require(inside, f"the numbers of the cover must be in 0..{n - 1}")
    equations, learnables, units = map(set, given)
    size = len(equations) + len(learnables) + claim.samples * len(units)
    claim.require(size < target, f"a cover of {size} does not show a rank below {target}")
    for number, cell in enumerate(cells):
        is_input = cell[0] in ("W1", "b1") and cell[1][0] in units
        if number not in learnables and not is_input:
            missed = _equations(claim, cell) - equations
            claim.require(not missed, f"learnable {number} acts on equations outside the cover")
    require_point(claim, claim.evidence["regular"], "present")
    claim.require_claim("T10", "minimal", None, target)


def relu_patterns(claim: Claim) -> None:
    """The rank stays below d m in every pattern, in independent trials; and a regular teacher."""
    target, rank, evidence = target_dimension(claim), claim.certificate.rank, claim.evidence
    below = type(rank) is int and 0 <= rank < target
    claim.require(below, f"rank {rank} is not below the target dimension {target}")
    listed = list(patterns(claim))
    claim.require(evidence["patterns"] == len(listed), f"there are {len(listed)} patterns")
    trials = evidence["trials"]
    indices = [trial["trial"] for trial in trials]
    claim.require(len(set(indices)) == len(indices) > 0, "trials must be independent")
    error = _trial_error(claim, target)
    for trial in trials:
        found = _most(claim, listed, *require_prime(claim, evidence["seed"], trial))
        claim.require(trial["rank"] == found, f"trial {trial['trial']} has rank {found}")
    best = max(trial["rank"] for trial in trials)
    claim.require(best == rank, f"the best trial has rank {best}, not {rank}")
    bound = len(listed) * error ** len(trials)
    claim.require(bound < 1, "the trials bound no error")
    require_point(claim, evidence["regular"], "present")
    claim.require_claim("T10", "minimal", rank, target, bound)


def _most(claim: Claim, listed: list[tuple[int, ...]], seed: int, trial: int, p: int) -> int:
    """The largest rank in any pattern at the point of a trial."""
    units, m = counted_units(claim), claim.samples
    jacobian = random_jacobian(claim, seed, trial, p, weight_cells(claim, "learnable"))
    rows: dict[tuple[int, int], list[plain.Row]] = {}  # of one sample, by its column

    def rows_of(sample: int, code: int) -> list[plain.Row]:
        if (sample, code) not in rows:
            active = {k for u, k in enumerate(units) if code >> u & 1}
            outputs = range(claim.network.outputs)
            rows[sample, code] = [jacobian.row(o, sample, active) for o in outputs]
        return rows[sample, code]

    most = 0
    for codes in listed:
        matrix = [row for s in range(m) for row in rows_of(s, codes[s])]
        most = max(most, plain.eliminate(matrix, p)[0])
    return most


def _trial_error(claim: Claim, size: int) -> float:
    """Entries have degree 2 and n_0 + 1 monomials at most."""
    bits = size * (math.log2(size) + math.log2(claim.network.inputs + 1))
    return min(1.0, size * 2 / 2**22 + bits / 22 / N_PRIMES)


def _equations(claim: Claim, cell: Cell) -> set[int]:
    """What a weight acts on if all units are active."""
    (name, index), m = cell, claim.samples
    if name == "b2":
        outputs = {index[0]}
    elif name == "W2":
        outputs = {index[0]} if supports(claim)[index[1]] else set()
    else:
        present = claim.allocation.present_mask("W2").tolist()
        outputs = {o for o, row in enumerate(present) if row[index[0]]}
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
