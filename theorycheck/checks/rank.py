"""Checks of certificates about ranks (T1, T2): minors, trials, target dimension, conflicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from ..networks import LinearFeedforward, LinearRecurrent
from . import plain
from .claim import Check, Claim
from .paths import most_learnables, require_conflict

N_PRIMES = 268_216  # primes between 2^22 and 2^23
Cell: TypeAlias = tuple[str, tuple[int, ...]]  # a weight: name, index


def _cells(claim: Claim, which: str) -> list[tuple[str, tuple[int, ...]]]:
    """The weights that number the columns: weight by weight, row by row."""
    cells: list[tuple[str, tuple[int, ...]]] = []
    for name, mask in claim.allocation.masks(which):
        for i, line in enumerate(mask.tolist()):
            if mask.ndim == 1:
                cells += [(name, (i,))] if line else []
            else:
                cells += [(name, (i, j)) for j, bit in enumerate(line) if bit]
    return cells


def learnable_cells(claim: Claim) -> list[tuple[str, tuple[int, ...]]]:
    """The learnable weights in the order that numbers them."""
    return _cells(claim, "learnable")


def _entries(
    claim: Claim, seed: int, trial: int, p: int
) -> plain.FeedforwardEntries | plain.RecurrentEntries:
    return entries_at(claim, seed, trial, p, {})


def entries_at(
    claim: Claim, seed: int, trial: int, p: int, given: Mapping[Cell, int]
) -> plain.FeedforwardEntries | plain.RecurrentEntries:
    """The Jacobian at the point (seed, trial) with other values for the weights `given`."""
    network, n_samples = claim.network, claim.effective_samples()
    weights = {
        name: plain.random_matrix(seed, trial, name, shape, p)
        for name, shape in network.weight_shapes.items()
    }
    for name, mask in claim.allocation.given_present().items():
        rows = mask.reshape(len(mask), -1).tolist()
        weights[name] = [
            [value if bit else 0 for value, bit in zip(values, bits, strict=True)]
            for values, bits in zip(weights[name], rows, strict=True)
        ]
    for (name, (i, *j)), value in given.items():
        weights[name][i][j[0] if j else 0] = value
    spanning = n_samples == claim.input_dimension()
    if isinstance(network, LinearFeedforward):
        if claim.inputs is not None:
            inputs = [[value % p for value in row] for row in claim.inputs]
        elif spanning:
            inputs = plain.identity(n_samples)
        else:
            shape = (network.inputs, n_samples)
            inputs = plain.random_matrix(seed, trial, "inputs", shape, p)
            inputs += [[1] * n_samples] if network.bias else []
        return plain.FeedforwardEntries(network, weights, inputs, p)
    assert isinstance(network, LinearRecurrent)
    n_rows = network.steps * network.inputs
    if spanning:
        rows = plain.identity(n_samples) + [[0] * n_samples] * (n_rows - n_samples)
    else:
        rows = plain.random_matrix(seed, trial, "inputs", (n_rows, n_samples), p)
    steps = [rows[t : t + network.inputs] for t in range(0, n_rows, network.inputs)]
    return plain.RecurrentEntries(network, weights, steps, p)


def require_prime(claim: Claim, seed: Any, evidence: Mapping[str, Any]) -> tuple[int, int, int]:
    """Seed, trial and prime of the evidence, which must be the prime that they stand for."""
    trial, prime = evidence["trial"], evidence["prime"]
    for value in (seed, trial, prime):
        claim.require(type(value) is int and value >= 0, "seed, trial and prime are integers")
    expected = plain.prime_of(seed, trial)
    claim.require(prime == expected, f"seed {seed}, trial {trial} give the prime {expected}")
    return seed, trial, prime


def _minor(claim: Claim, evidence: Mapping[str, Any], which: str, size: int) -> None:
    """A minor of the `which` weights, of this size, is what the evidence says and not 0 mod p."""
    seed, trial, p = require_prime(claim, evidence["seed"], evidence)
    rows, columns = evidence["rows"], evidence["columns"]
    cells = _cells(claim, which)
    sizes = ((rows, n_equations(claim), "rows"), (columns, len(cells), "columns"))
    for indices, n, what in sizes:
        claim.require(len(indices) == size, f"the minor needs {size} {what}")
        claim.require(len(set(indices)) == size, f"the {what} of the minor must be distinct")
        inside = all(type(index) is int and 0 <= index < n for index in indices)
        claim.require(inside, f"the {what} of the minor must be in 0..{n - 1}")
    if size == 0:
        claim.require(evidence["determinant"] == 1, "the empty determinant is 1")
        return
    entries = _entries(claim, seed, trial, p)
    chosen = [cells[index] for index in columns]
    _, determinant = plain.eliminate((entries.row(row, chosen) for row in rows), p)
    claim.require(determinant != 0, f"the minor is singular modulo {p}")
    claim.require(
        evidence["determinant"] == determinant, f"the determinant is {determinant} modulo {p}"
    )


def _trials(claim: Claim, evidence: Mapping[str, Any], which: str, value: int, upper: int) -> float:
    """Every trial has at most rank `value` (reached once); returns the bound on the error."""
    trials = evidence["trials"]
    indices = [trial["trial"] for trial in trials]
    claim.require(len(set(indices)) == len(indices) > 0, "trials must be independent")
    cells = _cells(claim, which)
    bound = 1.0
    for trial in trials:
        seed, index, p = require_prime(claim, evidence["seed"], trial)
        entries = _entries(claim, seed, index, p)
        rows = (entries.row(row, cells) for row in range(n_equations(claim)))
        rank, _ = plain.eliminate(rows, p)
        claim.require(trial["rank"] == rank <= value, f"trial {index} has rank {rank}")
        bound *= _trial_error(claim, upper)
    best = max(trial["rank"] for trial in trials)
    claim.require(best == value, f"the best trial has rank {best}, not {value}")
    claim.require_bound(evidence["error_bound"], bound)
    return bound


def _trial_error(claim: Claim, size: int) -> float:
    """Probability that a non-zero minor of at most this size vanishes at (prime, point)."""
    network = claim.network
    if isinstance(network, LinearFeedforward):
        degree = len(network.widths) - 1
        paths = math.prod(width + 1 for width in network.widths[:-1])
        paths *= max(abs(value) for row in claim.inputs or [[1]] for value in row)
    else:
        degree = network.steps + 1
        paths = network.steps**2 * network.hidden**network.steps * network.inputs
    # Divisible coefficients: at most (bits / 22) primes; zeros of the polynomial: degree / p.
    bits = size * (math.log2(size) + math.log2(paths))
    return min(1.0, size * degree / 2**22 + bits / 22 / N_PRIMES)


def n_equations(claim: Claim) -> int:
    """Number of equations that count."""
    times = claim.network.steps if getattr(claim.network, "readout", "") == "all" else 1
    return claim.network.outputs * claim.effective_samples() * times


def _closed_form(claim: Claim) -> int:
    """D of a dense network: bounded rank plus the free last bias; or all that a readout reaches."""
    network = claim.network
    claim.require(claim.allocation.is_dense, "the closed form is for dense networks")
    d = network.outputs
    if isinstance(network, LinearRecurrent):
        columns = n_equations(claim) // d
        claim.require(network.hidden >= columns, f"the closed form needs {columns} hidden units")
        return d * columns
    bias = 1 if network.bias else 0
    m = min(claim.samples - bias, network.inputs)
    k = min([d, m, *network.widths[1:-1]])
    return k * (d + m - k) + bias * d


def _upper_bounds(claim: Claim) -> dict[str, int]:
    network = claim.network
    bounds = {"equations": n_equations(claim), "weights": claim.allocation.n_present}
    if isinstance(network, LinearRecurrent) and claim.allocation.is_dense:
        bounds["gauge"] = network.hidden * (network.outputs + network.inputs)
    return bounds


def require_target_lower(claim: Claim, target: int) -> None:
    """D is at least `target`, by `target_lower` of the evidence."""
    evidence = claim.evidence["target_lower"]
    if evidence["by"] == "closed form":
        form = _closed_form(claim)
        claim.require(form == target, f"the target dimension is {form}, not {target}")
    else:
        claim.require(evidence["by"] == "minor", "D from below: closed form or minor")
        _minor(claim, evidence["minor"], "present", target)


def _target_upper(claim: Claim, target: int) -> float:
    """Returns the bound on the error, 0 where D <= target is proved."""
    evidence = claim.evidence["target_upper"]
    by = evidence["by"]
    if by == "closed form":
        form = _closed_form(claim)
        claim.require(form == target, f"the target dimension is {form}, not {target}")
        return 0.0
    bounds = _upper_bounds(claim)
    if by == "trials":
        return _trials(claim, evidence["trials"], "present", target, min(bounds.values()))
    claim.require(by in bounds, f"D from above: one of {', '.join(bounds)}, closed form, trials")
    claim.require(bounds[by] == target, f"the bound by {by} is {bounds[by]}, not {target}")
    return 0.0


def count(claim: Claim) -> None:
    """Fewer learnables than dimensions."""
    target = claim.target()
    n_learnable = claim.allocation.n_learnable
    claim.require(n_learnable < target, f"{n_learnable} learnables are not fewer than {target}")
    require_target_lower(claim, target)
    claim.require_claim("T1", "minimal", None, target)


def rank_trials(claim: Claim) -> None:
    """The rank stays below the target dimension in independent trials."""
    target, rank = claim.target(), claim.certificate.rank
    below = type(rank) is int and rank < target
    claim.require(below, f"rank {rank} is not below the target dimension {target}")
    assert rank is not None
    upper = min(claim.allocation.n_learnable, target)
    require_target_lower(claim, target)
    bound = _trials(claim, claim.evidence["trials"], "learnable", rank, upper)
    claim.require_claim("T1", "minimal", rank, target, bound)


def full_rank(claim: Claim) -> None:
    """The rank reaches the target dimension; `conflict`, if given, is a path of two learnables."""
    bound = require_full_rank(claim)
    if "conflict" in claim.evidence:
        require_conflict(claim, claim.evidence["conflict"])
    target = claim.certificate.target_dimension
    claim.require_claim("T1", "positive", target, target, bound)


def affine_full_rank(claim: Claim) -> None:
    """The rank reaches the target dimension, and no path runs through two learnables."""
    bound = require_full_rank(claim)
    most = most_learnables(claim)
    claim.require(most <= 1, "a path runs through two learnable weights")
    target = claim.certificate.target_dimension
    claim.require_claim("T2", "maximal", target, target, bound)


def require_full_rank(claim: Claim) -> float:
    """Rank = D, shown from both sides; returns the bound on the error."""
    target = claim.target()
    _minor(claim, claim.evidence["minor"], "learnable", target)
    return _target_upper(claim, target)


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (count, rank_trials, full_rank, affine_full_rank)
}
