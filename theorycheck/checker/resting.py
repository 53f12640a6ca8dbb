"""Check of certificates about units at rest in nonlinear networks (T12).

A group of units that have the same weights is one unit, its leader, in a network in which the
others of the group, and the units at rest at 0, read nothing; all readout weights are present
there. What the derivatives by the inputs of the leader are, in one output, is what those by the
inputs of a unit of the group are, times a factor that is at our disposal.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..problem.allocation import Allocation
from . import plain
from .budget import STEP
from .claim import Check, Claim, Entry
from .context import LOWER_TRIALS
from .oracle_bounds import require_exact
from .points import jacobian_at, rows_of
from .readout import (
    equations_of,
    has_rank,
    inputs_of,
    last_activation,
    line_of,
    readout_names,
    require_rank_reached,
)
from .solving import Solved, require_step, steps_of

_ZERO_AT_ZERO = {"linear", "tanh", "erf", "arctan", "sin", "silu", "gelu", "square", "cube"}


class _Rest:
    """The units at rest of a certificate, and the outputs that none of its steps solves."""

    def __init__(self, claim: Claim) -> None:
        zero, groups = claim.evidence["zero"], claim.evidence["groups"]
        self.steps: list[Solved] = steps_of(claim, claim.evidence["steps"])
        self.zero: list[int] = zero if isinstance(zero, list) else claim.refuse("zero is a list")
        self.groups: list[list[int]] = _groups(claim, groups)
        used = [k for step in self.steps for k in step.units]
        units = [*used, *self.zero, *(k for group in self.groups for k in group)]
        _require_distinct(claim, units, claim.network.widths[-2])
        self.used, solved = set(used), [o for step in self.steps for o in step.outputs]
        self.outputs = [i for i in range(claim.network.outputs) if i not in solved]
        self.leader = {k: min(group) for group in self.groups for k in group}

    @property
    def units(self) -> list[int]:
        """All units at rest."""
        return [*self.zero, *self.leader]


def _groups(claim: Claim, value: Any) -> list[list[int]]:
    """Lists of at least two."""
    fits = isinstance(value, list) and all(isinstance(part, list) for part in value)
    claim.require(fits and all(len(part) > 1 for part in value), "groups are of two or more")
    return value


def _require_distinct(claim: Claim, numbers: Sequence[Any], count: int) -> None:
    inside = all(type(number) is int and 0 <= number < count for number in numbers)
    claim.require(inside, f"units must be in 0..{count - 1}")
    claim.require(len(set(numbers)) == len(numbers), "units must be distinct")


def resting_units(claim: Claim) -> None:
    """Some outputs are solved by units of their own, the others by units at rest (h)."""
    rest = _Rest(claim)
    target, wanted = claim.target(), claim.network.outputs * claim.samples
    claim.require(target == wanted, f"the target dimension must be d m = {wanted}")
    common = _common_inputs(claim, rest.groups)
    for number, step in enumerate(rest.steps):
        claim.require(bool(step.units), "a step has units")
        with_inputs = list(zip(rest.groups, common, strict=True))
        require_step(claim, rest.steps, number, rest.units, with_inputs)
    part = _at_rest(claim, rest, common)
    require_exact(part)
    at_zero = last_activation(claim) in _ZERO_AT_ZERO
    claim.require(at_zero or not rest.zero, "the activation is not 0 at 0")
    for unit in rest.zero:
        frozen = set(inputs_of(claim, unit, "present")) - set(inputs_of(claim, unit))
        able = not frozen or has_rank(part, equations_of(part, 0), inputs_of(claim, unit),
                                      claim.samples)  # fmt: skip
        claim.require(able, f"unit {unit} has frozen inputs, and learnable ones not of rank m")
    claim.require(_has_full_rank(claim, part, rest), "the rank at rest does not reach m for each")
    require_rank_reached(claim, "maximal")


def _hidden_rows(claim: Claim, which: str) -> list[list[bool]]:
    """The mask of what the last hidden units read, a row each, biases last."""
    layer = len(claim.network.widths) - 2
    rows = claim.rows(f"W{layer}", which)
    if not claim.network.bias:
        return rows
    return [[*row, *more] for row, more in zip(rows, claim.rows(f"b{layer}", which), strict=True)]


def _common_inputs(claim: Claim, groups: list[list[int]]) -> list[list[bool]]:
    """For each group of units of the same weights, the inputs that are not 0."""
    found, learnable, present = [], _hidden_rows(claim, "learnable"), _hidden_rows(claim, "present")
    for group in groups:
        columns = zip(*(zip(present[k], learnable[k], strict=True) for k in group), strict=True)
        common = []
        for bits in columns:
            frozen = sum(here and not free for here, free in bits)
            absent = not all(here for here, _ in bits)
            claim.require(frozen + absent <= 1, f"units {group} cannot have the same weights")
            common.append(not absent)
        found.append(common)
    return found


def _at_rest(claim: Claim, rest: _Rest, common: list[list[bool]]) -> Claim:
    """The claim about the network of units at rest, in which nothing is learnable."""
    layer, width = len(claim.network.widths) - 2, claim.network.widths[-3]
    present: dict[str, Any] = dict(claim.allocation.masks("present"))
    rows = _hidden_rows(claim, "present")
    for unit in rest.units:
        rows[unit] = [False] * len(rows[unit])
    for group, inputs in zip(rest.groups, common, strict=True):
        rows[min(group)] = inputs
    present[f"W{layer}"] = np.array(rows)[:, :width]
    if claim.network.bias:
        present[f"b{layer}"] = np.array(rows)[:, width]
    for name in readout_names(claim):
        if name in present:
            present[name] = np.ones_like(present[name])
    part = copy.copy(claim)
    part.forget(Allocation(claim.network, {}, present))
    return part


def _has_full_rank(claim: Claim, part: Claim, rest: _Rest) -> bool:
    """Whether the outputs without a step have rank m each, together: at the point of some trial."""
    read, inputs, units = _read(claim, rest), [], []
    for unit in rest.units:
        for name, (_, *column) in inputs_of(claim, unit):
            inputs.append((name, (rest.leader.get(unit, unit), *column)))
            units.append(unit)
    entries = [*(entry for _, entry in read), *inputs]
    equations = [e for output in rest.outputs for e in equations_of(part, output)]
    if len(entries) < len(equations):
        return False
    for trial in range(LOWER_TRIALS):
        p = part.prime(trial)
        factors = _factors(claim, rest, trial, p)
        rows = rows_of(part, jacobian_at(part, trial), equations, entries)
        claim.charge(STEP * len(entries) * len(equations), "the rank at rest")
        scaled = _scaled(rows, equations, claim.samples, read, units, factors, p)
        if plain.eliminate(scaled, p, claim.context.budget)[0] >= len(equations):
            return True
    return False


def _read(claim: Claim, rest: _Rest) -> list[tuple[int, Entry]]:
    """What the learnable readout weights of each output read: the output, and the entry."""
    name, bias = readout_names(claim)
    found: list[tuple[int, Entry]] = []
    learnable = claim.rows(name, "learnable")
    for output in rest.outputs:
        kept = {rest.leader.get(k, k) for k, bit in enumerate(learnable[output]) if bit}
        kept -= {*rest.used, *rest.zero}
        found += [(output, (name, (output, unit))) for unit in sorted(kept)]
        if any(line_of(claim, bias, "learnable", output)):
            found.append((output, (bias, (output,))))
    return found


def _factors(claim: Claim, rest: _Rest, trial: int, p: int) -> list[list[int]]:
    """Random learnable readout weights of units at rest, their sum in each group 0."""
    name = readout_names(claim)[0]
    shape = claim.network.weight_shapes[name]
    found = plain.random_matrix(claim.context.key, trial, "rest", shape, p)
    for row, learnable in zip(found, claim.rows(name, "learnable"), strict=True):
        for unit, bit in enumerate(learnable):
            row[unit] = row[unit] if bit else 0
        for group in rest.groups:
            live = [unit for unit in group if learnable[unit]]
            if live:
                row[live[-1]] = -sum(row[unit] for unit in live[:-1]) % p
    return found


def _scaled(
    rows: Iterator[plain.Row],
    equations: list[int],
    samples: int,
    read: list[tuple[int, Entry]],
    units: list[int],
    factors: list[list[int]],
    p: int,
) -> Iterator[plain.Row]:
    """Rows of the Jacobian, the derivatives by inputs times the factor of their unit."""
    for equation, row in zip(equations, rows, strict=True):
        across = factors[equation // samples]
        changes = row[len(read) :]
        yield [
            *row[: len(read)],
            *(across[unit] * change % p for unit, change in zip(units, changes, strict=True)),
        ]


CHECKS: dict[str, Check] = {check.__name__: check for check in (resting_units,)}
