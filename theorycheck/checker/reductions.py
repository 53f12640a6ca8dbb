"""Checks of certificates that rest on the certificate of a smaller allocation (T0, T9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..certificates import Certificate
from ..problem.networks.feedforward import LinearFeedforward
from .budget import STEP
from .claim import Check, Claim


def part_of(claim: Claim, inner: Mapping[str, Any], problem: dict[str, Any]) -> Claim:
    """The inner certificate read as one of its own, about another problem, and verified."""
    names = {field.name for field in fields(Certificate)} - {"problem"}
    fits = isinstance(inner, Mapping) and inner.keys() == names
    claim.require(fits, f"an inner certificate has {', '.join(sorted(names))}")
    return claim.rest_on(Certificate(problem=problem, **inner))


def sub_allocation(claim: Claim) -> None:
    """Some of the learnables alone are maximal, so all of them are (T0)."""
    problem = {**claim.problem, "learnable": claim.evidence["learnable"]}
    part = part_of(claim, claim.evidence["certificate"], problem)
    for name in part.allocation.counts:
        extra = part.allocation.mask(name) > claim.allocation.mask(name)
        claim.require(not extra.any(), f"some weights of the part of {name} are frozen")
    inner = part.certificate
    claim.require(inner.expressivity == "maximal", "the part must be maximal")
    claim.require_claim("maximal")


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
