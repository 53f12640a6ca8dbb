"""Checks of certificates that rest on the certificate of a smaller allocation (T0, T9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ..certificates import Certificate
from ..problem.allocation import Allocation
from ..problem.networks.feedforward import LinearFeedforward
from . import plain
from .budget import STEP
from .claim import Check, Claim, read_problem
from .context import LOWER_TRIALS


def part_of(claim: Claim, inner: Mapping[str, Any], problem: dict[str, Any]) -> Claim:
    """The inner certificate read as one of its own, about another problem, and verified."""
    names = {field.name for field in fields(Certificate)} - {"problem"}
    fits = isinstance(inner, Mapping) and inner.keys() == names
    claim.require(fits, f"an inner certificate has {', '.join(sorted(names))}")
    return claim.rest_on(Certificate(problem=problem, **inner))


def sub_allocation(claim: Claim) -> None:
    """Some of the learnables alone are maximal, so all of them are (T0; T18 on given inputs)."""
    is_on_inputs = claim.certificate.theorem == "T18"
    claim.require(is_on_inputs == ("inputs" in claim.evidence), "T18 alone names inputs")
    problem = {**claim.problem, "learnable": claim.evidence["learnable"]}
    if is_on_inputs:
        _on_inputs(claim, problem)
        return
    part = part_of(claim, claim.evidence["certificate"], problem)
    _require_part(claim, part.allocation)
    inner = part.certificate
    claim.require(inner.expressivity == "maximal", "the part must be maximal")
    claim.require_claim("maximal")


def _require_part(claim: Claim, part: Allocation) -> None:
    for name in part.counts:
        extra = part.mask(name) > claim.allocation.mask(name)
        claim.require(not extra.any(), f"some weights of the part of {name} are frozen")


def _on_inputs(claim: Claim, problem: dict[str, Any]) -> None:
    """Learnables of other layers, and on inputs that span the samples: these are as good as random.

    `problem` is that of the whole with the learnables of the part.
    """
    network, inputs, given = claim.network, claim.evidence["inputs"], claim.inputs
    claim.require(given is not None, "the inputs are random, or as good as random ones")
    assert given is not None
    claim.require(claim.allocation.is_dense, "T18 is about dense networks")
    m = claim.samples
    fits = isinstance(inputs, list) and len(inputs) == m and all(type(j) is int for j in inputs)
    claim.require(fits, f"the inputs are a list of {m} numbers")
    claim.require(inputs == sorted({*inputs}), "the inputs are distinct, and in order")
    claim.require(inputs[0] >= 0 and inputs[-1] < network.inputs, "there are no such inputs")
    rows = [given[j] for j in inputs]
    is_basis = any(_rank(rows, trial, claim) == m for trial in range(LOWER_TRIALS))
    claim.require(is_basis, "the inputs do not span the samples")
    without = {key: problem[key] for key in problem if key not in ("inputs", "basis")}
    part, _ = read_problem(without, claim.context.budget)
    _require_part(claim, part)
    learnable: dict[str, Any] = {}
    for name in part.counts:
        claim.charge(STEP * part.mask(name).size, "the learnables of the part")
        mask = part.mask(name)
        if name == "W1":
            others = np.delete(mask, inputs, axis=1)
            claim.require(not others.any(), "some learnables of W1 are on other inputs")
            mask = mask[:, inputs]
        learnable[name] = mask
    widths = [m, *network.widths[1:]]
    left = {"network": {"kind": "linear_feedforward", "widths": widths}, "samples": m}
    inner = part_of(claim, claim.evidence["certificate"], {**left, "learnable": learnable})
    claim.require(inner.certificate.expressivity == "maximal", "the part must be maximal")
    claim.require_claim("maximal")


def _rank(rows: list[list[int]], trial: int, claim: Claim) -> int:
    """The rank of integers modulo the prime of a trial."""
    prime = claim.context.prime(trial)
    claim.charge(STEP * len(rows) * len(rows[0]), "the rank of the inputs")
    residues = ([value % prime for value in row] for row in rows)
    return plain.eliminate(residues, prime, claim.context.budget)[0]


def peeled(claim: Claim) -> None:
    """Lines deleted one by one, each fitted afterwards; what is left has the class (T9)."""
    network = claim.network
    claim.require(isinstance(network, LinearFeedforward), "T9 is about feed-forward networks")
    claim.require(claim.allocation.is_dense and not network.bias, "T9: dense, without biases")
    m, rows, columns = _peel(claim, claim.evidence["steps"])
    inner = claim.evidence["certificate"]
    if inner is None:
        claim.require(m == 0 or not rows, "something is left: its certificate is missing")
        claim.require_claim("maximal")
        return
    claim.require(m > 0 and bool(rows), "nothing is left, so nothing else can be shown")
    widths = [len(columns), *network.widths[1:-1], len(rows)]
    problem = {"network": {"kind": "linear_feedforward", "widths": widths}, "samples": m}
    learnable = {}
    for name in claim.allocation.counts:
        mask = claim.allocation.mask(name)
        mask = mask[rows] if name == f"W{network.depth}" else mask
        mask = mask[:, columns] if name == "W1" else mask
        learnable[name] = mask
    part = part_of(claim, inner, {**problem, "learnable": learnable})
    claim.require_claim(part.certificate.expressivity)


def _peel(claim: Claim, steps: list[Any]) -> tuple[int, list[int], list[int]]:
    """Samples, outputs and inputs that are left, after checking that each step was allowed."""
    network = claim.network
    hidden = network.widths[1:-1]
    first, last = claim.allocation.mask("W1"), claim.allocation.mask(f"W{network.depth}")
    claim.charge(STEP * (network.outputs + network.inputs), "peeling")
    m = claim.effective_samples()
    rows, columns = (dict.fromkeys(range(n)) for n in (network.outputs, network.inputs))
    for line, index in steps:
        across = first.shape[0] if line == "column" else last.shape[1]
        claim.charge(2 * STEP * (len(hidden) + across), "peeling")
        claim.require(line in ("row", "column"), "a step deletes a row or a column")
        lines, n_left = (rows, len(rows)) if line == "row" else (columns, m)
        needed = min([m if line == "row" else len(rows), *hidden])
        claim.require(type(index) is int and index in lines, f"{line} {index} is not there")
        # Of fewer equations than the line has the others follow, if what is left has that rank.
        is_met = needed == (m if line == "row" else len(rows)) or n_left > needed
        claim.require(is_met, f"{line} {index}: a bottleneck")
        if line == "row":
            others = columns if network.depth == 1 else range(last.shape[1])
            found = sum(1 for j in others if last[index, j])
        else:
            others = rows if network.depth == 1 else range(first.shape[0])
            found = sum(1 for i in others if first[i, index])
            m -= 1
        claim.require(found >= needed > 0, f"{line} {index} has {found} of {needed} learnables")
        del lines[index]
    return m, list(rows), list(columns)


CHECKS: dict[str, Check] = {check.__name__: check for check in (sub_allocation, peeled)}
