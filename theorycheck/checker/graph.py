"""Checks of certificates that count learnables or show a graph (T0, T3, T4, T5)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..errors import shown
from ..problem.allocation import Mask
from ..problem.networks.recurrent import LinearRecurrent
from .budget import STEP
from .claim import Check, Claim
from .question import (
    bottlenecks,
    degree_question,
    last_layer,
    one_layer_question,
    recurrent_bottlenecks,
)


def _line_counts(claim: Claim, mask: Mask, axis: str) -> list[int]:
    claim.charge(3 * mask.size + 3 * STEP * sum(mask.shape), "counts of a mask")
    return np.count_nonzero(mask, axis=1 if axis == "rows" else 0).tolist()


def _require_needed(claim: Claim, needed: int | None) -> None:
    claim.require(needed is not None, f"{claim.evidence['axis']} do not decide here")
    assert needed is not None
    _require_number(claim, "needed", needed)


def _require_number(claim: Claim, key: str, value: int) -> None:
    given = claim.evidence[key]
    claim.require(type(given) is int and given == value, f"{key} is {value}, not {shown(given)}")


def degree_count(claim: Claim) -> None:
    """Every line has enough learnables (maximal), or the listed ones have not (minimal)."""
    evidence = claim.evidence
    question = degree_question(claim)
    needs = {"rows": question.samples} if question.a == 0 else {}
    if question.b == 0 and not question.by_rows_only:
        needs["columns"] = question.outputs
    needed = needs.get(evidence["axis"])
    _require_needed(claim, needed)
    assert needed is not None
    counts = _line_counts(claim, question.mask, evidence["axis"])
    expressivity = "maximal" if min(counts) >= needed else "minimal"
    claim.require(
        claim.certificate.expressivity == expressivity,
        f"the counts say {expressivity}, not {claim.certificate.expressivity}",
    )
    _require_number(claim, "smallest", min(counts))
    deficient = evidence["deficient"]
    shown = isinstance(deficient, list) and (expressivity == "minimal") == bool(deficient)
    claim.require(shown, "minimal needs a list of deficient lines, maximal an empty one")
    lines = [line for line, _ in deficient]
    claim.require(lines == sorted(set(lines)), "deficient lines must be listed in order, once")
    for line, count in deficient:
        right = type(line) is type(count) is int and 0 <= line < len(counts)
        right = right and counts[line] == count < needed
        claim.require(right, f"line {line} does not have {count} < {needed} learnable weights")
    claim.require_claim(expressivity)


def support_count(claim: Claim) -> None:
    """With one output (or sample), enough columns (rows) have a learnable weight, or not."""
    axis = claim.evidence["axis"]
    question = one_layer_question(claim)
    outputs, samples = question.outputs, question.samples
    needs = {"columns": samples} if outputs == 1 else {}
    needs |= {"rows": outputs} if samples == 1 else {}
    needed = needs.get(axis)
    _require_needed(claim, needed)
    assert needed is not None
    found = sum(1 for count in _line_counts(claim, question.mask, axis) if count)
    _require_number(claim, "found", found)
    claim.require_claim("maximal" if found >= needed else "minimal")


def bottleneck(claim: Claim) -> None:
    """A hidden layer is too narrow."""
    if claim.certificate.theorem == "T5":
        narrow = recurrent_bottlenecks(claim)
    else:
        is_last = claim.certificate.theorem == "T3"
        narrow = bottlenecks(claim, (last_layer(claim) if is_last else claim.single_layer())[0])
    pair = narrow.get(claim.evidence["place"])
    claim.require(pair is not None, f"{claim.evidence['place']} is no bottleneck")
    assert pair is not None
    _require_number(claim, "width", pair[0])
    _require_number(claim, "needed", pair[1])
    claim.require_claim("minimal")


def _forest_question(claim: Claim) -> Mask:
    """T4 with a = b = 1: the frozen entries must form a forest."""
    question = one_layer_question(claim)
    a, b = question.a, question.b
    claim.require(a == b == 1, f"a forest decides for a = b = 1, here a = {a}, b = {b}")
    return question.mask


def cycle(claim: Claim) -> None:
    """Frozen entries that share rows and columns in turn and close up."""
    mask = _forest_question(claim)
    entries = [(i, j) for i, j in claim.evidence["cycle"]]
    claim.require(len(entries) >= 4, "a cycle has at least 4 cells")
    claim.require(len(set(entries)) == len(entries), "the cells of a cycle are distinct")
    for i, j in entries:
        inside = type(i) is type(j) is int
        inside = inside and 0 <= i < mask.shape[0] and 0 <= j < mask.shape[1]
        claim.require(inside and not mask[i, j], f"cell ({i}, {j}) must be frozen")
    # Each row and column on the cycle is met by two of its entries: a closed walk without repeats.
    closed = zip(entries, entries[1:] + entries[:1], strict=True)
    shared = [0 if a[0] == b[0] else 1 if a[1] == b[1] else None for a, b in closed]
    alternating = all(x is not None and x != y for x, y in pairwise(shared))
    claim.require(alternating, "neighbours must share rows and columns in turn")
    claim.require(shared[0] != shared[-1], "the walk must close up")
    claim.require_claim("minimal")


def forest(claim: Claim) -> None:
    """All frozen entries, each joining two trees that were apart."""
    mask = _forest_question(claim)
    entries = [(i, j) for i, j in claim.evidence["frozen"]]
    claim.charge(3 * mask.size + 10 * STEP * sum(mask.shape), "the forest")
    claim.charge(20 * STEP * len(entries), "the forest")
    claim.foresee(0, 300 * sum(mask.shape), "the forest")
    n_frozen = mask.size - int(np.count_nonzero(mask))
    claim.require(len(entries) == len(set(entries)) == n_frozen, f"{n_frozen} cells are frozen")
    tree = {**{("row", i): i for i in range(mask.shape[0])}}
    tree |= {("column", j): mask.shape[0] + j for j in range(mask.shape[1])}
    members = {label: [node] for node, label in tree.items()}
    for i, j in entries:
        inside = type(i) is type(j) is int and i >= 0 and j >= 0
        claim.require(inside and not mask[i, j], f"cell ({i}, {j}) must be frozen")
        one, other = tree["row", i], tree["column", j]
        claim.require(one != other, f"cell ({i}, {j}) closes a cycle")
        if len(members[one]) > len(members[other]):
            one, other = other, one
        for node in members[one]:
            tree[node] = other
        members[other] += members.pop(one)
    claim.require_claim("maximal")


def frozen_direct_path(claim: Claim) -> None:
    """Recurrent weights alone do not act on the last input, or on the first output."""
    network = claim.network
    claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
    claim.require(claim.allocation.is_dense, "the network must be dense")
    claim.require(set(claim.allocation.counts) == {"recurrent"}, "recurrent weights only")
    delayed = network.inputs * (network.steps - 1)
    _require_number(claim, "samples", claim.samples)
    _require_number(claim, "delayed_inputs", delayed)
    blocked = network.readout == "all" or network.steps == 1 or claim.samples > delayed
    claim.require(blocked, f"{claim.samples} samples fit into {delayed} delayed inputs")
    claim.require_claim("minimal")


def full(claim: Claim) -> None:
    """Every weight is learnable: the student can copy the teacher."""
    allocation = claim.allocation
    claim.require(allocation.n_learnable == allocation.n_present, "some weights are frozen")
    claim.require_claim("maximal")


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        degree_count,
        support_count,
        bottleneck,
        cycle,
        forest,
        frozen_direct_path,
        full,
    )
}
