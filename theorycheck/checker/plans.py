"""Checks of plans (T13): lines peeled, outer layers frozen, and the certificate of what is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..problem.networks.feedforward import LinearFeedforward
from .budget import STEP
from .claim import Check, Claim
from .reductions import part_of


@dataclass
class _Left:
    """Layers `first` to `last`, lines of them that are left, outputs and samples to match."""

    claim: Claim
    outputs: int
    samples: int
    first: int
    last: int
    columns: dict[int, None] = field(default_factory=dict)
    rows: dict[int, None] = field(default_factory=dict)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Widths of the layers between the first and the last."""
        return self.claim.network.widths[self.first : self.last]

    def take(self, step: Any) -> None:
        """A step, after checking that it is allowed."""
        claim, widths = self.claim, self.claim.network.widths
        claim.charge(STEP * (10 + len(self.hidden)), "the steps of a plan")
        fits = isinstance(step, list) and len(step) in (1, 2)
        claim.require(fits, "a step is the name of a layer, or of a line and its index")
        if len(step) == 2:
            self._delete(*step)
            return
        (what,) = step
        claim.require(what in ("first", "last"), "a layer that is frozen is the first or the last")
        claim.require(self.first < self.last, "of a single layer nothing can be frozen")
        inner = self.first if what == "first" else self.last - 1
        needed = self.samples if what == "first" else self.outputs
        claim.require(widths[inner] >= needed, f"the {what} layer: a bottleneck")
        claim.charge(STEP * widths[inner], "the steps of a plan")
        lines = dict.fromkeys(range(widths[inner]))
        if what == "first":
            self.first, self.columns = self.first + 1, lines
        else:
            self.last, self.rows = self.last - 1, lines

    def _delete(self, what: Any, index: Any) -> None:
        claim = self.claim
        claim.require(what in ("row", "column"), "a step deletes a row or a column")
        lines, others = (self.rows, self.columns) if what == "row" else (self.columns, self.rows)
        layer = self.last if what == "row" else self.first
        mask = claim.allocation.mask(f"W{layer}")
        claim.require(type(index) is int and index in lines, f"{what} {index} is not there")
        sizes = self.outputs, self.samples
        n_left, equations = sizes if what == "row" else sizes[::-1]
        needed = min([equations, *self.hidden])
        # Where a layer is narrow the others determine the line up to so many of its equations.
        is_met = needed == equations or n_left > needed
        claim.require(is_met, f"{what} {index}: a bottleneck")
        entries = mask[index] if what == "row" else mask[:, index]
        if self.first < self.last:
            others = dict.fromkeys(range(len(entries)))
        claim.charge(2 * STEP * len(others), "the steps of a plan")
        found = sum(1 for other in others if entries[other])
        claim.require(found >= needed > 0, f"{what} {index} has {found} of {needed} learnables")
        del lines[index]
        if what == "row":
            self.outputs -= 1
        else:
            self.samples -= 1

    def problem(self) -> dict[str, Any]:
        """What is left, as an allocation file has it."""
        read = [self.outputs] if self.last < self.claim.network.depth else []
        rows, columns = list(self.rows), list(self.columns)
        widths = [len(columns), *self.hidden, len(rows), *read]
        learnable: dict[str, Any] = {}
        for layer in range(self.first, self.last + 1):
            mask = self.claim.allocation.mask(f"W{layer}")
            self.claim.charge(STEP * mask.size, "what a plan leaves")
            mask = mask[rows] if layer == self.last else mask
            mask = mask[:, columns] if layer == self.first else mask
            if mask.any():
                learnable[f"W{1 + layer - self.first}"] = mask
        network = {"kind": "linear_feedforward", "widths": widths}
        return {"network": network, "samples": self.samples, "learnable": learnable}


def plan(claim: Claim) -> None:
    """Peeled and frozen step by step; what is left is maximal, so the whole is (T13)."""
    network = claim.network
    claim.require(isinstance(network, LinearFeedforward), "T13 is about feed-forward networks")
    claim.require(claim.allocation.is_dense and not network.bias, "T13: dense, without biases")
    d, m = network.outputs, claim.effective_samples()
    claim.charge(STEP * (network.inputs + d), "a plan")
    rows, columns = dict.fromkeys(range(d)), dict.fromkeys(range(network.inputs))
    left = _Left(claim, d, m, 1, network.depth, columns, rows)
    steps = claim.evidence["steps"]
    claim.require(isinstance(steps, list), "steps are a list")
    for step in steps:
        left.take(step)
    inner = claim.evidence["certificate"]
    if inner is None:
        claim.require(not (left.outputs and left.samples), "something is left: prove it")
        claim.require_claim("maximal")
        return
    claim.require(left.outputs > 0 and left.samples > 0, "nothing is left, so nothing is shown")
    part = part_of(claim, inner, left.problem())
    claim.require(part.certificate.expressivity == "maximal", "what is left must be maximal")
    claim.require_claim("maximal")


CHECKS: dict[str, Check] = {plan.__name__: plan}
