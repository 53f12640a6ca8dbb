"""Checks of certificates that count learnables or show a graph (T0, T3, T4, T5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ..allocation import Mask
from ..networks import LinearRecurrent
from .claim import Claim


def _line_counts(mask: Mask, axis: str) -> list[int]:
    return [bytes(line).count(1) for line in (mask if axis == "rows" else mask.T)]


def _last_layer(claim: Claim) -> tuple[int, Mask]:
    """T3: the last layer of a dense feed-forward network without biases."""
    layer, mask = claim.single_layer()
    claim.require(layer == claim.network.depth, "T3 is about the last layer")
    claim.require(not claim.network.bias, "T3 is about networks without biases")
    return layer, mask


def _bottlenecks(claim: Claim, layer: int) -> dict[str, tuple[int, int]]:
    """Hidden layers too narrow for the outputs behind, or the samples before, layer `layer`."""
    network, samples = claim.network, claim.effective_samples()
    constant = 1 if network.bias else 0
    needs = {
        index: (network.widths[index] + constant, samples)
        if index < layer
        else (network.widths[index], network.outputs)
        for index in range(1, network.depth)
    }
    return {f"hidden layer {i}": pair for i, pair in needs.items() if pair[0] < pair[1]}


def _question(claim: Claim) -> tuple[str, Mask, dict[str, int]]:
    """Place, mask and needs by axis of the degree count that decides, for T3, T4 or T5."""
    theorem = claim.certificate.theorem
    if theorem == "T5":
        network = claim.network
        claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
        claim.require(claim.allocation.is_dense, "the network must be dense")
        claim.require(network.readout == "final", "the readout must be final")
        claim.require(set(claim.allocation.counts) == {"readout"}, "readout only")
        needs = {"rows": claim.effective_samples()}
        return "readout", claim.allocation.mask("readout"), needs
    claim.require(theorem in ("T3", "T4"), "degree counts decide T3, T4 and T5")
    layer, mask = _last_layer(claim) if theorem == "T3" else claim.single_layer()
    claim.require(not _bottlenecks(claim, layer), "a bottleneck decides here")
    needs = {}
    if mask.shape[0] == claim.network.outputs:
        needs["rows"] = claim.effective_samples()
    if mask.shape[1] == claim.effective_samples() and theorem == "T4":
        needs["columns"] = claim.network.outputs
    return _place(claim, layer), mask, needs


def _place(claim: Claim, layer: int) -> str:
    return f"[W{layer} b{layer}]" if claim.network.bias else f"W{layer}"


def _require_line(claim: Claim, place: str, needed: int | None) -> None:
    claim.require(claim.evidence["place"] == place, f"the place must be {place}")
    claim.require(needed is not None, f"{claim.evidence['axis']} do not decide here")
    claim.require(claim.evidence["needed"] == needed, f"{needed} are needed")


def degree_count(claim: Claim) -> None:
    """Every line has enough learnables (maximal), or the listed ones have not (minimal)."""
    evidence = claim.evidence
    place, mask, needs = _question(claim)
    needed = needs.get(evidence["axis"])
    _require_line(claim, place, needed)
    assert needed is not None
    counts = _line_counts(mask, evidence["axis"])
    expressivity = "maximal" if min(counts) >= needed else "minimal"
    claim.require(
        claim.certificate.expressivity == expressivity,
        f"the counts say {expressivity}, not {claim.certificate.expressivity}",
    )
    claim.require(evidence["smallest"] == min(counts), f"the smallest count is {min(counts)}")
    deficient = evidence["deficient"]
    shown = isinstance(deficient, list) and (expressivity == "minimal") == bool(deficient)
    claim.require(shown, "minimal needs a list of deficient lines, maximal an empty one")
    lines = [line for line, _ in deficient]
    claim.require(lines == sorted(set(lines)), "deficient lines must be listed in order, once")
    for line, count in deficient:
        right = line >= 0 and counts[line] == count < needed
        claim.require(right, f"line {line} does not have {count} < {needed} learnable weights")
    claim.require_claim("T3 T4 T5", expressivity)


def support_count(claim: Claim) -> None:
    """With one output (or sample), enough columns (rows) have a learnable weight, or not."""
    evidence, axis = claim.evidence, claim.evidence["axis"]
    layer, mask = claim.single_layer()
    claim.require(not _bottlenecks(claim, layer), "a bottleneck decides here")
    outputs, samples = claim.network.outputs, claim.effective_samples()
    needs = {"columns": samples} if outputs == 1 else {}
    needs |= {"rows": outputs} if samples == 1 else {}
    needed = needs.get(axis)
    _require_line(claim, _place(claim, layer), needed)
    assert needed is not None
    found = sum(1 for count in _line_counts(mask, axis) if count)
    claim.require(evidence["found"] == found, f"{found} {axis} have a learnable weight")
    claim.require_claim("T4", "maximal" if found >= needed else "minimal")


def bottleneck(claim: Claim) -> None:
    """A hidden layer is too narrow."""
    is_last = claim.certificate.theorem == "T3"
    layer, _ = _last_layer(claim) if is_last else claim.single_layer()
    pair = _bottlenecks(claim, layer).get(claim.evidence["place"])
    claim.require(pair is not None, f"{claim.evidence['place']} is no bottleneck")
    given = (claim.evidence["width"], claim.evidence["needed"])
    claim.require(given == pair, f"width and need must be {pair}, not {given}")
    claim.require_claim("T3 T4", "minimal")


def _forest_question(claim: Claim) -> Mask:
    """T4 with a = b = 1: the frozen cells must form a forest."""
    layer, mask = claim.single_layer()
    claim.require(not _bottlenecks(claim, layer), "a bottleneck decides here")
    a = mask.shape[0] - claim.network.outputs
    b = mask.shape[1] - claim.effective_samples()
    claim.require(a == b == 1, f"a forest decides for a = b = 1, here a = {a}, b = {b}")
    place = _place(claim, layer)
    claim.require(claim.evidence["place"] == place, f"the place must be {place}")
    return mask


def cycle(claim: Claim) -> None:
    """Frozen cells that share rows and columns in turn and close up."""
    mask = _forest_question(claim)
    cells = [(i, j) for i, j in claim.evidence["cycle"]]
    claim.require(len(cells) >= 4, "a cycle has at least 4 cells")
    claim.require(len(set(cells)) == len(cells), "the cells of a cycle are distinct")
    for i, j in cells:
        inside = 0 <= i < mask.shape[0] and 0 <= j < mask.shape[1]
        claim.require(inside and not mask[i, j], f"cell ({i}, {j}) must be frozen")
    # Each row and column on the cycle is met by two of its cells: a closed walk without repeats.
    closed = zip(cells, cells[1:] + cells[:1], strict=True)
    shared = [0 if a[0] == b[0] else 1 if a[1] == b[1] else None for a, b in closed]
    alternating = all(x is not None and x != y for x, y in pairwise(shared))
    claim.require(alternating, "neighbours must share rows and columns in turn")
    claim.require(shared[0] != shared[-1], "the walk must close up")
    claim.require_claim("T4", "minimal")


def forest(claim: Claim) -> None:
    """All frozen cells, each joining two trees that were apart."""
    mask = _forest_question(claim)
    cells = [(i, j) for i, j in claim.evidence["frozen"]]
    n_frozen = sum(bytes(row).count(0) for row in mask)
    claim.require(len(cells) == len(set(cells)) == n_frozen, f"{n_frozen} cells are frozen")
    tree = {**{("row", i): i for i in range(mask.shape[0])}}
    tree |= {("column", j): mask.shape[0] + j for j in range(mask.shape[1])}
    members = {label: [node] for node, label in tree.items()}
    for i, j in cells:
        claim.require(i >= 0 and j >= 0 and not mask[i, j], f"cell ({i}, {j}) must be frozen")
        one, other = tree["row", i], tree["column", j]
        claim.require(one != other, f"cell ({i}, {j}) closes a cycle")
        if len(members[one]) > len(members[other]):
            one, other = other, one
        for node in members[one]:
            tree[node] = other
        members[other] += members.pop(one)
    claim.require_claim("T4", "maximal")


def frozen_direct_path(claim: Claim) -> None:
    """Recurrent weights alone do not act on the last input, or on the first output."""
    network = claim.network
    claim.require(isinstance(network, LinearRecurrent), "T5 is about recurrent networks")
    claim.require(claim.allocation.is_dense, "the network must be dense")
    claim.require(set(claim.allocation.counts) == {"recurrent"}, "recurrent weights only")
    delayed = network.inputs * (network.steps - 1)
    given = (claim.evidence["samples"], claim.evidence["delayed_inputs"])
    claim.require(
        given == (claim.samples, delayed), "samples and delayed inputs are restated wrong"
    )
    blocked = network.readout == "all" or network.steps == 1 or claim.samples > delayed
    claim.require(blocked, f"{claim.samples} samples fit into {delayed} delayed inputs")
    claim.require_claim("T5", "minimal")


def full(claim: Claim) -> None:
    """Every weight is learnable: the student can copy the teacher."""
    allocation = claim.allocation
    claim.require(allocation.n_learnable == allocation.n_present, "some weights are frozen")
    claim.require(claim.evidence == {}, "nothing more is to be shown")
    claim.require_claim("T0", "maximal")


CHECKS: dict[str, Callable[[Claim], None]] = {
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
