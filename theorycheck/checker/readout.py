"""Checks of certificates about the readout of nonlinear networks (T12).

Ranks of what units read are those of derivatives by their weights: in one equation these are the
values that a weight reads, times a factor that all weights of the unit share.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from ..problem.allocation import Allocation
from ..problem.networks.recurrent import Recurrent
from . import plain
from .budget import STEP
from .claim import Check, Claim, Entry
from .context import LOWER_TRIALS
from .oracle import hidden_activations
from .oracle_bounds import require_exact
from .points import jacobian_at, rows_of
from .rank import n_equations, require_full_rank, require_rank

_BOUNDED = {"tanh", "sigmoid", "erf", "arctan", "sin"}
_NOT_ONE_SIDED = {"linear", "cube"}  # all others are bounded below or above
_SIGNED = {"linear", "tanh", "erf", "arctan", "silu", "gelu", "cube"}  # have the sign of z
_ONTO = {"linear", "cube", "leaky_relu"}  # increasing, onto the reals
_NOT_TAME = {"sin"}  # not definable in an o-minimal structure
AROUND_ZERO = {"linear", "tanh", "erf", "arctan", "sin", "silu", "gelu", "cube"}  # 0 inside range


def readout_names(claim: Claim) -> tuple[str, str]:
    """The names of the last matrix and of its bias, which need not be there."""
    if isinstance(claim.network, Recurrent):
        return "readout", "readout_bias"
    depth = len(claim.network.widths) - 1
    return f"W{depth}", f"b{depth}"


def last_activation(claim: Claim) -> str:
    """That of the last hidden layer, or of the state."""
    names = hidden_activations(claim.network)
    claim.require(bool(names), "the network has no hidden units")
    return names[-1]


def line_of(claim: Claim, name: str, which: str, row: int) -> list[bool]:
    """A row of a mask, empty if there is no such weight."""
    return claim.rows(name, which)[row] if name in claim.network.weight_shapes else []


def _entries(claim: Claim, name: str, row: int, columns: Sequence[int]) -> list[Entry]:
    """Entries of a row; those of a bias have no column."""
    is_bias = len(claim.network.weight_shapes[name]) == 1
    return [(name, (row,) if is_bias else (row, column)) for column in columns]


def _chosen(bits: Sequence[bool]) -> list[int]:
    return [number for number, bit in enumerate(bits) if bit]


def weights_of(claim: Claim, names: tuple[str, str], row: int, which: str) -> list[Entry]:
    """The `which` weights of a row of a matrix, and of the bias behind it."""
    return [
        entry
        for name in names
        if name in claim.network.weight_shapes
        for entry in _entries(claim, name, row, _chosen(line_of(claim, name, which, row)))
    ]


def has_rank(claim: Claim, equations: Sequence[int], entries: Sequence[Entry], size: int) -> bool:
    """Whether these derivatives have at least this rank: they do at the point of some trial."""
    if size <= 0 or len(entries) < size:
        return size <= 0
    for trial in range(LOWER_TRIALS):
        rows = rows_of(claim, jacobian_at(claim, trial), equations, entries)
        if plain.eliminate(rows, claim.prime(trial), claim.context.budget)[0] >= size:
            return True
    return False


def equations_of(claim: Claim, output: int) -> list[int]:
    """The equations of an output of a network that is read once."""
    return list(range(output * claim.samples, (output + 1) * claim.samples))


def readout_rank(claim: Claim) -> None:
    """All learnables are in the readout, and the rank reaches the target dimension (a)."""
    require_readout_alone(claim)
    require_rank_reached(claim, "maximal")


def require_readout_alone(claim: Claim) -> None:
    """No weight outside of the readout is learnable."""
    inside = set(claim.allocation.counts) <= set(readout_names(claim))
    claim.require(inside, "a weight outside of the readout is learnable")


def require_rank_reached(claim: Claim, expressivity: str) -> None:
    """The rank is D, and this class is claimed."""
    require_full_rank(claim)
    target = claim.target()
    claim.require_claim(expressivity, target, target)


def one_sided_output(claim: Claim) -> None:
    """An output without learnable readout weights, its units bounded on one side (c')."""
    output, names = claim.evidence["output"], readout_names(claim)
    inside = type(output) is int and 0 <= output < claim.network.outputs
    claim.require(inside, "there is no such output")
    for name in names:
        free = not any(line_of(claim, name, "learnable", output))
        claim.require(free, f"a weight {name} of output {output} is learnable")
    present = line_of(claim, names[0], "present", output)
    moved = [unit for unit, bit in enumerate(_dependent(claim)) if bit and present[unit]]
    one_sided = last_activation(claim) not in _NOT_ONE_SIDED
    claim.require(one_sided or not moved, "its units are bounded on no side")
    entries = weights_of(claim, names, output, "present")
    equations = [
        equation
        for equation in range(n_equations(claim))
        if equation // claim.samples % claim.network.outputs == output
    ]
    claim.require(has_rank(claim, equations, entries, 1), f"output {output} is always 0")
    require_rank_reached(claim, "intermediate")


def _dependent(claim: Claim) -> list[bool]:
    """Which last hidden units a learnable weight may move, by the masks."""
    network = claim.network
    if isinstance(network, Recurrent):
        entering = _moved_once(claim, ("input", "bias"), [False] * network.inputs)
        moved = entering
        for _ in range(network.steps - 1):
            carried = _moved_once(claim, ("recurrent",), moved)
            now = [a or b for a, b in zip(carried, entering, strict=True)]
            if now == moved:
                break
            moved = now
        return moved
    return _moved_by_layers(claim, len(network.widths) - 2)


def _moved_by_layers(claim: Claim, layers: int) -> list[bool]:
    """The same of a hidden layer, or of the inputs (0)."""
    moved = [False] * claim.network.inputs
    for layer in range(1, layers + 1):
        moved = _moved_once(claim, (f"W{layer}", f"b{layer}"), moved)
    return moved


def _moved_once(claim: Claim, names: tuple[str, ...], before: list[bool]) -> list[bool]:
    """The units with a learnable weight of these names, or with a connection to a moved one."""
    n_units = claim.network.weight_shapes[names[0]][0]
    claim.charge(STEP * n_units * (len(before) + 2), "which units learnable weights move")
    moved = []
    learnable = {
        name: claim.rows(name, "learnable") for name in names if name in claim.network.weight_shapes
    }
    present = claim.rows(names[0], "present")
    for unit in range(n_units):
        own = any(any(rows[unit]) for rows in learnable.values())
        moved.append(own or any(a and b for a, b in zip(present[unit], before, strict=True)))
    return moved


def bounded_readout(claim: Claim) -> None:
    """Frozen readout weights add bounded values, and without them the rank is too small (c*)."""
    names = hidden_activations(claim.network)
    tame = not _NOT_TAME & set(names)
    claim.require(tame, "all activations must be definable in an o-minimal structure")
    if last_activation(claim) not in _BOUNDED:
        matrix, moved = readout_names(claim)[0], _dependent(claim)
        pairs = zip(claim.rows(matrix, "present"), claim.rows(matrix, "learnable"), strict=True)
        unbounded = any(
            here and not free and moves
            for present, learnable in pairs
            for here, free, moves in zip(present, learnable, moved, strict=True)
        )
        claim.require(not unbounded, "a frozen readout weight reads a unit that is not bounded")
    rank, target = claim.evidence["rank"], claim.target()
    below = type(rank) is int and 0 <= rank < target
    claim.require(below, f"the rank without frozen readout weights must be below {target}")
    _require_rank_without(claim, rank, min(claim.allocation.n_learnable, target))
    require_rank_reached(claim, "intermediate")


def _require_rank_without(claim: Claim, rank: int, upper: int) -> None:
    """The rank is this without the connections of frozen readout weights."""
    allocation = claim.allocation
    present: dict[str, Any] = dict(allocation.masks("present"))
    for name in readout_names(claim):
        if name in present:
            present[name] = allocation.mask(name)
    learnable = {name: allocation.mask(name) for name in allocation.counts}
    part = copy.copy(claim)
    part.forget(Allocation(claim.network, learnable, present))
    require_exact(part)
    require_rank(part, "learnable", rank, upper, claim.evidence["rank_error_bound"])
    claim.stated, claim.reached = part.stated, part.reached


def missed_signs(claim: Claim) -> None:
    """One readout weight moves the output, of a unit whose values cannot have all signs (c'')."""
    output, names = claim.evidence["output"], readout_names(claim)
    inside = type(output) is int and 0 <= output < claim.network.outputs
    claim.require(inside, "there is no such output")
    learnable = weights_of(claim, names, output, "learnable")
    one = len(learnable) == 1 and len(learnable[0][1]) == 2
    claim.require(one, f"output {output} has not one learnable weight, of a unit")
    claim.require(
        last_activation(claim) in _SIGNED, "the activation has not the sign of what it is of"
    )
    unit, moved = learnable[0][1][1], _dependent(claim)
    inputs, every = inputs_of(claim, unit), inputs_of(claim, unit, "present")
    few = len(inputs) + (len(every) > len(inputs)) < claim.samples
    claim.require(few, f"unit {unit} is moved in as many dimensions as there are samples")
    before = _moved_by_layers(claim, len(claim.network.widths) - 3)
    fixed = not any(len(index) == 2 and before[index[1]] for _, index in every)
    claim.require(fixed, f"learnable weights move what unit {unit} reads")
    present = line_of(claim, names[0], "present", output)
    others = [k for k, bit in enumerate(present) if bit and moved[k] and k != unit]
    bounded = last_activation(claim) in _BOUNDED or not others
    claim.require(bounded, f"output {output} reads other units that are not bounded")
    entries = weights_of(claim, names, output, "present")
    fits = has_rank(claim, equations_of(claim, output), entries, claim.samples)
    claim.require(fits, f"what output {output} reads does not have rank m")
    require_rank_reached(claim, "intermediate")


def onto_layers(claim: Claim) -> None:
    """Units that reach all pre-activations, and only layers that are onto behind them (d)."""
    layer, matched, network = claim.evidence["layer"], claim.evidence["matched"], claim.network
    names, depth = hidden_activations(network), len(network.widths) - 1
    inside = type(layer) is int and 1 <= layer < depth
    claim.require(inside, f"the layer must be in 1..{depth - 1}")
    claim.require(set(names[layer - 1 :]) <= _ONTO, "an activation is not onto the reals")
    fits = isinstance(matched, list) and len(matched) == depth - layer
    claim.require(fits, f"{depth - layer} matrices have to be matched")
    for number, columns in enumerate(matched, layer + 1):
        present = claim.rows(f"W{number}", "present")
        fits = isinstance(columns, list) and len(columns) == len(present)
        claim.require(fits, f"every row of W{number} is matched to a column")
        _require_columns(claim, columns, network.widths[number - 1])
        there = all(row[column] for row, column in zip(present, columns, strict=True))
        claim.require(there, f"W{number} is matched by an absent weight")
    by_count = layer == 1 and claim.inputs is None
    if not by_count:
        require_exact(claim)
    for unit in matched[0]:
        inputs = weights_of(claim, (f"W{layer}", f"b{layer}"), unit, "learnable")
        enough = len(inputs) >= claim.samples
        if not by_count:  # on random inputs columns are independent
            enough = has_rank(claim, range(n_equations(claim)), inputs, claim.samples)
        claim.require(enough, f"the learnable inputs of unit {unit} do not have rank m")
    claim.require_claim("maximal")


def _require_columns(claim: Claim, columns: list[Any], count: int) -> None:
    inside = all(type(column) is int and 0 <= column < count for column in columns)
    claim.require(inside, f"columns must be in 0..{count - 1}")
    claim.require(len(set(columns)) == len(columns), "columns must be distinct")


def interpolating_units(claim: Claim) -> None:
    """Each output has a unit of its own that fits any values close to 0 (e)."""
    units, name = claim.evidence["units"], readout_names(claim)[0]
    require_exact(claim)
    _require_unit_numbers(claim, units, claim.network.outputs)
    around = last_activation(claim) in AROUND_ZERO
    claim.require(around, "0 does not lie inside of the range of the activation")
    for output, unit in enumerate(units):
        if unit is None:
            connected = weights_of(claim, readout_names(claim), output, "present")
            claim.require(not connected, f"output {output} has no unit")
            continue
        free = line_of(claim, name, "learnable", output)[unit]
        claim.require(free, f"the readout weight of unit {unit} for output {output} is frozen")
        fits = has_rank(claim, equations_of(claim, output), inputs_of(claim, unit), claim.samples)
        claim.require(fits, f"the learnable inputs of unit {unit} do not have rank m")
    claim.require_claim("maximal")


def _require_unit_numbers(claim: Claim, units: Any, length: int) -> None:
    """Distinct numbers of last hidden units, or null."""
    n_units = claim.network.weight_shapes[readout_names(claim)[0]][1]
    claim.require(isinstance(units, list) and len(units) == length, f"there are {length} outputs")
    numbers = [unit for unit in units if unit is not None]
    inside = all(type(unit) is int and 0 <= unit < n_units for unit in numbers)
    claim.require(inside, f"units must be in 0..{n_units - 1}")
    claim.require(len(set(numbers)) == len(numbers), "units must be distinct")


def inputs_of(claim: Claim, unit: int, which: str = "learnable") -> list[Entry]:
    """The `which` input weights of a last hidden unit, its bias last."""
    layer = len(claim.network.widths) - 2
    return weights_of(claim, (f"W{layer}", f"b{layer}"), unit, which)


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        readout_rank,
        one_sided_output,
        bounded_readout,
        missed_signs,
        interpolating_units,
        onto_layers,
    )
}
