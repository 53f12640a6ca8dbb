"""Check of certificates in which outputs are solved step by step (T12).

A step has some outputs and as many units, each with a learnable readout weight to each of them.
Units of steps before, and units of no step, may help: what they add is fixed by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .budget import STEP
from .claim import Check, Claim, Entry
from .oracle import hidden_activations
from .readout import (
    AROUND_ZERO,
    equations_of,
    has_rank,
    inputs_of,
    last_activation,
    line_of,
    readout_names,
    require_rank_reached,
    weights_of,
)

_ODD_INCREASING = {"linear", "tanh", "erf", "arctan", "cube"}
_ADDING = {"tanh", "erf", "arctan"}  # bounded, odd and increasing
_ADDING_DEEP = {"tanh", "arctan"}


class Solved(NamedTuple):
    """Outputs that are solved at once, and the units that solve them: none, or as many."""

    outputs: list[int]
    units: list[int]


def steps_of(claim: Claim, steps: Any) -> list[Solved]:
    """The steps of a certificate: outputs distinct, and units, too."""
    pairs = isinstance(steps, list) and all(type(s) is list and len(s) == 2 for s in steps)
    claim.require(pairs, "steps are pairs of outputs and units")
    found = [_step(claim, *step) for step in steps]
    n_units = claim.network.weight_shapes[readout_names(claim)[0]][1]
    _require_distinct(
        claim, [o for s in found for o in s.outputs], claim.network.outputs, "outputs"
    )
    _require_distinct(claim, [k for s in found for k in s.units], n_units, "units")
    return found


def _step(claim: Claim, outputs: Any, units: Any) -> Solved:
    if type(outputs) is not list:
        claim.require(type(units) is not list, "an output has one unit, or null")
        return Solved([outputs], [] if units is None else [units])
    fits = type(units) is list and len(units) == len(outputs) > 1
    claim.require(fits, "lists of outputs and units have a length, of two or more")
    return Solved(outputs, units)


def _require_distinct(claim: Claim, numbers: Sequence[Any], count: int, what: str) -> None:
    inside = all(type(number) is int and 0 <= number < count for number in numbers)
    claim.require(inside, f"{what} must be in 0..{count - 1}")
    claim.require(len(set(numbers)) == len(numbers), f"{what} must be distinct")


def solving_order(claim: Claim) -> None:
    """All outputs are solved, step by step (f*, f#)."""
    steps = steps_of(claim, claim.evidence["steps"])
    every = sum(len(step.outputs) for step in steps) == claim.network.outputs
    claim.require(every, "each output must be solved once")
    target, wanted = claim.target(), claim.network.outputs * claim.samples
    claim.require(target == wanted, f"the target dimension must be d m = {wanted}")
    for number, step in enumerate(steps):
        if step.units:
            require_step(claim, steps, number)
        else:
            later = any(other.units for other in steps[number:])
            claim.require(not later, "outputs without a unit come last")
            _require_features(claim, step.outputs[0], steps)
    require_rank_reached(claim, "maximal")


def _require_features(claim: Claim, output: int, steps: list[Solved]) -> None:
    """What the learnable readout weights read has rank m, units that solve outputs included."""
    used = {unit for step in steps for unit in step.units}
    matrix = readout_names(claim)[0]
    entries = weights_of(claim, readout_names(claim), output, "learnable")
    kept = [entry for entry in entries if entry[0] != matrix or entry[1][1] not in used]
    learnable, sees = line_of(claim, matrix, "learnable", output), sees_sample(claim)
    others = sum(learnable[unit] and sees[unit] for unit in used) if _may_add(claim) else 0
    fits = has_rank(claim, equations_of(claim, output), kept, claim.samples - others)
    claim.require(fits, f"what output {output} reads does not have rank m")


def require_step(
    claim: Claim,
    steps: list[Solved],
    number: int,
    resting: Sequence[int] = (),
    groups: Sequence[tuple[list[int], list[bool]]] = (),
) -> None:
    """The units of a step solve its outputs, and act on no output of a step before.

    Other units may be `resting`, some of them in `groups`, which come with the inputs that all of
    their units have.
    """
    step, matrix = steps[number], readout_names(claim)[0]
    for output in (o for earlier in steps[:number] for o in earlier.outputs):
        present = line_of(claim, matrix, "present", output)
        learnable = line_of(claim, matrix, "learnable", output)
        frozen = [unit for unit in step.units if present[unit] and not learnable[unit]]
        claim.require(not frozen, f"units {frozen} act on an output that is solved before")
    lines = [line_of(claim, matrix, "learnable", output) for output in step.outputs]
    free = all(line[unit] for line in lines for unit in step.units)
    claim.require(free, f"a readout weight of units {step.units} is frozen")
    later = {unit for after in steps[number:] for unit in after.units}
    aside, sees, others = {*later, *resting}, sees_sample(claim), 0
    for unit, seen in enumerate(sees):
        others += seen and unit not in aside and all(line[unit] for line in lines)
    varying = _varying(claim)
    for group, inputs in groups:
        live = any(here and varies for here, varies in zip(inputs, varying, strict=False))
        others += live and all(any(line[unit] for unit in group) for line in lines)
    _require_solves(claim, step, others)


def _require_solves(claim: Claim, step: Solved, others: int) -> None:
    """One of the ways in which units solve outputs, with at most so many others."""
    name, size, m = last_activation(claim), len(step.outputs), claim.samples
    equations = equations_of(claim, step.outputs[0])
    if size > 1 or name not in AROUND_ZERO:
        fits = False
    else:
        fits = has_rank(claim, equations, inputs_of(claim, step.units[0]), m)
    if fits:
        return
    claim.require(name in _ODD_INCREASING, f"{name} is not odd and increasing")
    may_add = _may_add(claim)
    claim.require(size == 1 or may_add, f"{name} does not solve outputs at once in this network")
    ways = [(others if may_add else 0, False)]
    bias = readout_names(claim)[1]
    if may_add and all(any(line_of(claim, bias, "learnable", o)) for o in step.outputs):
        ways.append((others + 1, True))
    for more, varying in ways:
        delta = max(m - size - more, min(size - 1, 1))
        if delta <= m - size and all(
            _turns(claim, k, equations, delta, varying) for k in step.units
        ):
            return
    claim.refuse(f"units {step.units} do not solve outputs {step.outputs}")


def _turns(claim: Claim, unit: int, equations: list[int], delta: int, varying: bool) -> bool:
    """Whether delta learnable inputs are independent, of each other and of another one.

    With `varying` only inputs that vary with the sample count.
    """
    inputs, every = inputs_of(claim, unit), inputs_of(claim, unit, "present")
    if varying:
        seen = _varying(claim)

        def vary(entries: list[Entry]) -> list[Entry]:
            return [entry for entry in entries if len(entry[1]) > 1 and seen[entry[1][1]]]

        inputs, every = vary(inputs), vary(every)
    chosen = inputs[:delta]
    if len(chosen) < delta or not has_rank(claim, equations, chosen, delta):
        return False
    rest = [entry for entry in every if entry not in chosen]
    return has_rank(claim, equations, [*chosen, *rest], delta + 1)


def _may_add(claim: Claim) -> bool:
    """Whether values of other units, and 1, are independent of those that turn."""
    names = hidden_activations(claim.network)
    return set(names) <= (_ADDING if len(names) == 1 else _ADDING_DEEP) and len(set(names)) == 1


def sees_sample(claim: Claim) -> list[bool]:
    """Which units of the last hidden layer an input has a path to."""
    return _seen_by(claim, len(claim.network.widths) - 2)


def _varying(claim: Claim) -> list[bool]:
    """The same of what these units read."""
    return _seen_by(claim, len(claim.network.widths) - 3)


def _seen_by(claim: Claim, layers: int) -> list[bool]:
    seen = [True] * claim.network.inputs
    for layer in range(1, layers + 1):
        rows = claim.rows(f"W{layer}", "present")
        claim.charge(STEP * len(rows) * (len(seen) + 1), "which units see the sample")
        seen = [any(a and b for a, b in zip(row, seen, strict=True)) for row in rows]
    return seen


CHECKS: dict[str, Check] = {check.__name__: check for check in (solving_order,)}
