"""Checks of statements about input-output paths: no two learnables on one, or two shown."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent
from .budget import STEP
from .claim import Claim


def most_learnables(claim: Claim) -> int:
    """The largest number (capped at 2) of learnables on an input-output path; -1: no path."""
    network = claim.network
    if isinstance(network, LinearFeedforward):
        most = [0] * network.inputs
        for layer in range(1, network.depth + 1):
            most = _next_level(claim, most, f"W{layer}", f"b{layer}" if network.bias else None)
        return max(most)
    claim.require(isinstance(network, LinearRecurrent), "paths are those of linear networks")
    most = [-1] * network.hidden
    for _ in range(network.steps):
        before, most = most, _next_level(claim, most, "recurrent", "input")
        if most == before:
            break
    return max(_next_level(claim, most, "readout", None))


def _next_level(claim: Claim, most: list[int], inner: str, outer: str | None) -> list[int]:
    result = [-1] * len(claim.allocation.mask(inner))
    claim.charge(STEP * len(result), "the paths")
    for name, before in ((inner, most), (outer, None)):
        if name is None:
            continue
        learnable, present = (claim.rows(name, which) for which in ("learnable", "present"))
        claim.charge(STEP * len(learnable) * (10 + len(learnable[0])), "the paths")
        sources = [0] * len(learnable[0]) if before is None else before
        for i, (bits, exists) in enumerate(zip(learnable, present, strict=True)):
            edges = zip(sources, bits, exists, strict=True)
            through = [m + bit for m, bit, is_there in edges if is_there and m >= 0]
            result[i] = min(max([result[i], *through]), 2)
    return result


def require_conflict(claim: Claim, evidence: Mapping[str, Any]) -> None:
    """The path starts at an input or constant, ends at an output and has both learnables on it."""
    claim.require(not claim.is_nonlinear, "conflicts are about linear networks")
    claim.require(evidence.keys() == {"path", "learnable"}, "a conflict has path and learnable")
    edges = [(edge[0], tuple(edge[1:])) for edge in evidence["path"]]
    first, second = evidence["learnable"]
    inside = type(first) is type(second) is int and 0 <= first < second < len(edges)
    claim.require(inside, "two places on the path are learnable")
    claim.charge(20 * STEP * len(edges), "the path of the conflict")
    for place, (name, index) in enumerate(edges):
        shape = claim.network.weight_shapes.get(name, ())
        inside = len(index) == len(shape) > 0
        pairs = zip(index, shape, strict=True) if inside else ()
        inside = inside and all(type(i) is int and 0 <= i < n for i, n in pairs)
        claim.require(inside, f"{name}{list(index)} is not a weight")
        claim.require(bool(claim.allocation.present_mask(name)[index]), f"{name}{index} is absent")
        is_learnable = bool(claim.allocation.mask(name)[index])
        claim.require(is_learnable or place not in (first, second), f"{name}{index} is frozen")
    for (_, (head, *_)), (_, index) in pairwise(edges):
        claim.require(len(index) == 2 and index[1] == head, "the path is broken")
    _require_walk(claim, [name for name, _ in edges])


def _require_walk(claim: Claim, names: list[str]) -> None:
    """The weights must follow each other as they do from an input (or bias) to an output."""
    network = claim.network
    if isinstance(network, LinearFeedforward):
        start = int(names[0][1:])
        right = names[0] in (("W1", f"b{start}") if network.bias else ("W1",))
        right = right and names[1:] == [f"W{k}" for k in range(start + 1, network.depth + 1)]
    else:
        middle = names[1:-1]
        right = names[0] == "input" and names[-1] == "readout" and len(names) > 1
        right = right and set(middle) <= {"recurrent"} and len(middle) < network.steps
    claim.require(right, "the path must lead from an input to an output")
