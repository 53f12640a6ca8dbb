"""Checks of certificates about piecewise linear networks (T11)."""

from __future__ import annotations

from typing import Any

from .budget import STEP
from .claim import Check, Claim
from .oracle import hidden_activations
from .piecewise_points import Point, require_point
from .piecewise_stages import Stages

_BOUNDED_BELOW = {"relu", "hardtanh"}


def piecewise_point(claim: Claim) -> None:
    """Numbers at which the learnables have the largest rank that all weights can have."""
    _require_full_rank(Stages(claim))
    target = claim.target()
    claim.require_claim("positive", target, target)


def _require_full_rank(stages: Stages) -> Point:
    claim = stages.claim
    target, bound = claim.target(), stages.dimension_bound()
    claim.require(target == bound > 0, f"the bound of the target dimension is {bound}")
    point, size = require_point(stages, claim.evidence["point"], "learnable")
    claim.require(size == target, f"the minor has size {size}, not {target}")
    return point


def piecewise_output(claim: Claim) -> None:
    """As `piecewise_point`; an output is bounded below, and not 0 at the point."""
    stages, output = Stages(claim), claim.evidence["output"]
    inside = type(output) is int and 0 <= output < claim.network.outputs
    claim.require(inside, "there is no such output")
    for name, _ in stages.all[stages.read[0]].parts:
        free = not stages.learnable.get(name, {output: 0})[output]
        claim.require(free, f"a weight {name} of output {output} is learnable")
    is_bounded = hidden_activations(claim.network)[-1] in _BOUNDED_BELOW
    claim.require(is_bounded or not stages.moved_into(output), "its units are not bounded below")
    point = _require_full_rank(stages)
    shown = any(any(point.values[number].values[output]) for number in stages.read)
    claim.require(shown, f"output {output} is 0 at the point")
    target = claim.target()
    claim.require_claim("intermediate", target, target)


def piecewise_cover(claim: Claim) -> None:
    """What cuts off the learnables has fewer dimensions than a teacher's outputs at a point."""
    stages, evidence = Stages(claim), claim.evidence
    outputs, learnables = evidence["outputs"], evidence["learnables"]
    entries, network = claim.entries("learnable"), claim.network
    sizes = (network.outputs * len(stages.read), len(entries))
    for indices, n in zip((outputs, learnables), sizes, strict=True):
        _require_ascending(claim, indices, n)
    units = _units(claim, stages, evidence["units"])
    kept = {name: [0] * len(rows) for name, rows in stages.learnable.items()}
    claim.charge(STEP * len(learnables), "the learnables of a cover")
    for number in learnables:
        name, index = entries[number]
        kept[name][index[0]] |= 1 << (index[1] if len(index) == 2 else 0)
    missed = sorted(stages.escaping(units, kept) - set(outputs))
    claim.require(not missed, f"other learnables act on outputs {missed[:5]}")
    size = claim.samples * (len(outputs) + len(units)) + len(learnables) - stages.scalings(kept)
    _, shown = require_point(stages, evidence["regular"], "present")
    claim.require(size < shown, f"a cover of {size} does not show a rank below {shown}")
    claim.require_claim("minimal", None, None)


def _require_ascending(claim: Claim, indices: Any, n: int) -> None:
    claim.require(isinstance(indices, list), "a cover has lists of numbers")
    inside = all(type(index) is int and 0 <= index < n for index in indices)
    claim.require(inside, f"the numbers of the cover must be in 0..{n - 1}")
    claim.require(indices == sorted(set(indices)), "the cover must be listed in order, once")


def _units(claim: Claim, stages: Stages, given: Any) -> set[tuple[int, int]]:
    """Hidden units of the cover: layer or step, and number."""
    fits = isinstance(given, list) and all(isinstance(pair, list) for pair in given)
    fits = fits and all(len(pair) == 2 and all(type(x) is int for x in pair) for pair in given)
    claim.require(fits, "the units of a cover are pairs of integers")
    sizes = {stage.place: stage.size for stage in stages.all if stage.activation is not None}
    inside = all(0 <= unit < sizes.get(place, 0) for place, unit in given)
    claim.require(inside, "a unit of the cover is none of the hidden units")
    in_order = given == sorted(given) and len({*map(tuple, given)}) == len(given)
    claim.require(in_order, "the cover must be listed in order, once")
    return {(place, unit) for place, unit in given}


CHECKS: dict[str, Check] = {
    check.__name__: check for check in (piecewise_point, piecewise_cover, piecewise_output)
}
