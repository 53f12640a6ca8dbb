"""Plans read from the evidence of certificates that T13, T14 and what these rest on write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..problem.allocation import Allocation
from ..problem.masks import mask_from_json
from .execution import Plan
from .levels import Levels
from .pairs import Pair
from .states import Step, masks_of, whole


def plan_of(
    allocation: Allocation, samples: int, kind: str, evidence: Mapping[str, Any]
) -> Plan | None:
    """The plan of a maximal claim about a dense linear feed-forward network without biases.

    None if the evidence is no plan: a claim by another kind about learnables that meet on paths.

    >>> from theorycheck import LinearFeedforward
    >>> full = Allocation.full(LinearFeedforward([1, 2]))
    >>> plan_of(full, 1, "plan", {"steps": [["row", 0], ["row", 1]], "certificate": None}).steps
    (Step(what='row', index=0), Step(what='row', index=1))
    """
    if kind in ("plan", "peeled"):
        steps = tuple(Step(*step) for step in evidence["steps"])
        masks, state = masks_of(allocation), whole(allocation, samples)
        for step in steps:
            state = state.after(step)
        inner = evidence["certificate"]
        if inner is None:
            return Plan(steps, masks)
        left = state.allocation(masks)
        rest = plan_of(left, state.samples, inner["kind"], inner["evidence"])
        if rest is None or rest.steps:
            return None
        return Plan(steps, masks, rest.affine, rest.pair, rest.levels)
    if kind == "sub_allocation":
        shapes = allocation.network.weight_shapes
        given = evidence["learnable"]
        masks = {name: mask_from_json(mask, shapes[name], name) for name, mask in given.items()}
        inner, part = evidence["certificate"], Allocation(allocation.network, masks)
        return plan_of(part, samples, inner["kind"], inner["evidence"])
    masks = masks_of(allocation)
    if kind == "levels":
        pair = pair_of(masks, allocation, samples, evidence)
        return Plan((), masks, pair=pair, levels=levels_of(evidence))
    if kind == "affine_full_rank" or len(masks) == 1:
        return Plan((), masks, affine=masks)
    return None


def pair_of(
    masks: Mapping[int, np.ndarray], allocation: Allocation, samples: int, evidence: Any
) -> Pair:
    """The pair of layers of a certificate of T14."""
    layer, axis, lines = evidence["pair"], evidence["axis"], list(evidence["lines"])
    first, second = masks[layer], masks[layer + 1]
    if axis == "columns":
        rows = allocation.network.outputs
        return Pair(layer, axis, tuple(lines), second, first[:, lines], rows)
    samples = allocation.network.effective_samples(samples)
    return Pair(layer, axis, tuple(lines), first.T, second.T[:, lines], samples)


def levels_of(evidence: Mapping[str, Any]) -> Levels:
    """The levels of a certificate of T14."""
    units, columns = tuple(evidence["units"]), tuple(evidence["columns"])
    return Levels(units, columns, evidence["chosen"], tuple(evidence.get("values", ())))
