"""Plans read from the evidence of certificates that T13, T14, T16 and what these rest on write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..problem.allocation import Allocation
from ..problem.masks import mask_from_json
from .deep import behind_of
from .execution import Plan
from .levels import Levels
from .pairs import Pair
from .states import Step, masks_of, whole


def plan_of(
    allocation: Allocation, samples: int, kind: str, evidence: Mapping[str, Any]
) -> Plan | None:
    """The plan of a maximal claim about a linear feed-forward network without biases.

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
        return replace(rest, steps=steps, learnable=masks)
    if kind == "drawn_plan":
        return _drawn_plan(allocation, samples, evidence)
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
    if kind == "deep_levels":
        pair, m = pair_of(masks, allocation, samples, evidence), whole(allocation, samples).samples
        behind = behind_of(pair, masks, tuple(allocation.network.widths), m)
        bases = tuple(evidence["bases"])
        return Plan((), masks, pair=pair, levels=levels_of(evidence), behind=behind, bases=bases)
    if kind == "affine_full_rank" or len(masks) == 1:
        return Plan((), masks, affine=masks)
    return None


def _drawn_plan(allocation: Allocation, samples: int, evidence: Mapping[str, Any]) -> Plan:
    """The plan of a network that is not generic, whose layers and lines keep their numbers."""
    masks, state = masks_of(allocation), whole(allocation, samples)
    steps, rest = tuple(Step(*step) for step in evidence["steps"]), evidence["rest"]
    for step in steps:
        state = state.after(step)
    if rest is None:
        return Plan(steps, masks)
    rows = {layer: list(range(len(mask))) for layer, mask in masks.items()}
    columns = {layer: list(range(mask.shape[1])) for layer, mask in masks.items()}
    rows[state.last], columns[state.first] = list(state.rows), list(state.columns)
    own = 1 - state.first
    if "affine" in rest:
        chosen = {
            layer + own: np.zeros((len(rows[layer]), len(columns[layer])), dtype=bool)
            for layer in state.layers(masks)
        }
        for layer, i, j in rest["affine"]:
            chosen[layer + own][rows[layer].index(i), columns[layer].index(j)] = True
        return Plan(steps, masks, affine=chosen)
    layer, by_columns = rest["pair"], rest["axis"] == "columns"
    first, second = (state.mask(masks, k) for k in (layer, layer + 1))
    known = columns[layer] if by_columns else rows[layer + 1]
    lines = [known.index(t) for t in rest["lines"]]
    outer, inner = (second, first) if by_columns else (first.T, second.T)
    n_rows = state.outputs if by_columns else state.samples
    pair = Pair(layer + own, rest["axis"], tuple(lines), outer, inner[:, lines], n_rows)
    return Plan(steps, masks, pair=pair, levels=levels_of(rest))


def pair_of(
    masks: Mapping[int, np.ndarray], allocation: Allocation, samples: int, evidence: Any
) -> Pair:
    """The pair of layers of a certificate of T14 or T16."""
    layer, axis, lines = evidence["pair"], evidence["axis"], list(evidence["lines"])
    first, second = masks[layer], masks[layer + 1]
    if axis == "columns":
        rows = allocation.network.outputs
        return Pair(layer, axis, tuple(lines), second, first[:, lines], rows)
    samples = allocation.network.effective_samples(samples)
    return Pair(layer, axis, tuple(lines), first.T, second.T[:, lines], samples)


def levels_of(evidence: Mapping[str, Any]) -> Levels:
    """The levels of a certificate of T14 or T16."""
    units, columns = tuple(evidence["units"]), tuple(evidence["columns"])
    return Levels(units, columns, evidence["chosen"], tuple(evidence.get("values", ())))
