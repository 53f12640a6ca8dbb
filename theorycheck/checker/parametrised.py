"""Checks of certificates about parametrised weights (T19)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ..problem.networks.feedforward import LinearFeedforward
from ..problem.networks.recurrent import LinearRecurrent, Recurrent
from ..problem.parametrization import Parametrization
from . import oracle_bounds, plain
from .activations import ORACLES, Size
from .arguments import tells_structure
from .budget import STEP
from .claim import Check, Claim
from .context import LOWER_TRIALS, trial_bound
from .oracle import hidden_activations
from .parameter_rows import Parameter, ParameterRows, form_degree, parameters_of
from .rank import (
    n_equations,
    path_bounds,
    require_indices,
    require_target_lower,
    require_target_upper,
)


def _own(claim: Claim) -> Parametrization:
    assert claim.parametrization is not None, "the registry refuses other problems"
    return claim.parametrization


def _is_polynomial(claim: Claim) -> bool:
    if not claim.is_nonlinear:
        return True
    return all(ORACLES[n].family == "polynomial" for n in hidden_activations(claim.network))


def _require_teacher(claim: Claim) -> None:
    """Where ranks, those of teachers, are known from below: T11 with weights of their own."""
    if not claim.is_nonlinear:
        return
    names = hidden_activations(claim.network)
    other = [name for name in names if name not in ORACLES]
    claim.require(not other, f"T19 is about analytic activations, not {', '.join(other)}")
    known = tells_structure(claim, names)
    claim.require(known, "T19 is about networks whose equal arguments are known by structure")
    if _is_polynomial(claim):
        return
    free = not _has_tied_teacher(claim)
    claim.require(free, "T19: teachers with tied weights are those of polynomial networks")
    oracle_bounds.require_exact(claim)


def _require_student(claim: Claim) -> None:
    """Where the rank of the oracle is that of students: polynomials, or a random base."""
    if _is_polynomial(claim):
        return
    own = _own(claim)
    claim.require(not own.ties, "T19: the rank with tied weights is known for polynomials only")
    for name in own.values:
        free = claim.rows(name, "present") == _bits(own, name)
        claim.require(free, "T19: the rank with a given base is known for polynomials only")


def _bits(own: Parametrization, name: str) -> list[list[bool]]:
    mask = own.forms[name].entries
    return mask.reshape(len(mask), -1).tolist()


def _has_tied_teacher(claim: Claim) -> bool:
    return _own(claim).tied_teacher and bool(_own(claim).ties)


def _bound(claim: Claim, own: Parametrization, size: int) -> float:
    """Probability that a non-zero minor of at most this size vanishes in a trial."""
    claim.charge(STEP * sum(value.size for value in own.values.values()), "the base")
    given = [Fraction(x) for array in own.values.values() for x in array.ravel().tolist()]
    scale = math.lcm(*(x.denominator for x in given))
    largest = max([abs(x) for x in given if x] + [Fraction(1)])
    terms = max(2 + form.rank for form in own.forms.values())
    norm = math.log2(scale) + math.log2(largest) + math.log2(terms)
    degree = max(form_degree(form) for form in own.forms.values())
    more = math.log2(claim.network.n_weights) + norm
    if not claim.is_nonlinear:
        plain_degree, log_paths = path_bounds(claim)
        log_paths += plain_degree * norm + more
        return trial_bound(size, degree * (plain_degree + 1), log_paths)
    entry = oracle_bounds.entry_size(claim)
    log_norm = entry.log_norm + entry.degree * norm + more
    minor = Size(size * degree * (entry.degree + 1), size * (math.log2(size) + log_norm))
    return oracle_bounds.vanishing(minor)


def _rows(
    claim: Claim, rows: ParameterRows, equations: Any, entries: list[Parameter], times: int
) -> Iterator[plain.Row]:
    """Rows one by one, after asking whether their rank is not too much."""
    n_rows, width = len(equations), len(entries)
    per_row, what = rows.operations(width), f"the rank of {n_rows} equations by {width} parameters"
    operations = n_rows * per_row + plain.rank_operations(n_rows, width)
    claim.foresee(times * operations, 8 * min(n_rows, width) * width, what)
    for equation in equations:
        claim.charge(per_row, what)
        yield rows.row(equation, entries)


def _require_minor(claim: Claim, own: Parametrization, minor: Any, size: int) -> list[Parameter]:
    """A minor of this size is not 0 in one of eight trials; returns its parameters."""
    claim.require(minor.keys() == {"rows", "columns"}, "a minor has rows and columns")
    require_indices(claim, minor["rows"], n_equations(claim), size, "rows")
    require_indices(claim, minor["columns"], own.n_parameters, size, "columns")
    entries = parameters_of(claim, own)
    chosen = [entries[index] for index in minor["columns"]]
    if size == 0:
        return chosen
    for trial in range(LOWER_TRIALS):
        rows = _rows(claim, ParameterRows(claim, own, trial), minor["rows"], chosen, 1)
        if plain.eliminate(rows, claim.prime(trial), claim.context.budget)[0] == size:
            return chosen
    claim.refuse(f"the minor is singular in all of {LOWER_TRIALS} trials")


def _require_rank(claim: Claim, own: Parametrization, value: int, upper: int, stated: Any) -> None:
    """The rank is at most `value` in trials (and once is); `upper` is a proved upper bound."""
    claim.require(upper > 0, "a rank of 0 needs no trials")
    trials = claim.trials(stated, _bound(claim, own, upper))
    equations, entries, best = range(n_equations(claim)), parameters_of(claim, own), 0
    for trial in trials:
        at = ParameterRows(claim, own, trial)
        rows = _rows(claim, at, equations, entries, len(trials) - trial)
        rank, _ = plain.eliminate(rows, claim.prime(trial), claim.context.budget)
        claim.require(rank <= value, f"the rank is {rank} in trial {trial}, not {value} at most")
        best = max(best, rank)
    claim.require(best == value, f"the rank in the trials is {best}, not {value}")


def _require_lower(claim: Claim, target: int) -> None:
    """D is at least `target`: that of the plain network, or of teachers that are tied."""
    _require_teacher(claim)
    if not _has_tied_teacher(claim):
        require_target_lower(claim, target)
        return
    evidence = claim.evidence["target_lower"]
    fits = evidence.keys() == {"by", "minor"} and evidence["by"] == "minor"
    claim.require(fits, "D of tied teachers from below: minor")
    _require_minor(claim, _own(claim).teacher, evidence["minor"], target)


def _require_upper(claim: Claim, target: int) -> None:
    """D is at most `target`."""
    if not _has_tied_teacher(claim):
        require_target_upper(claim, target)
        return
    evidence, teacher = claim.evidence["target_upper"], _own(claim).teacher
    bounds = {"equations": n_equations(claim), "weights": teacher.n_parameters}
    by = evidence["by"]
    keys = {"by", "error_bound"} if by == "trials" else {"by"}
    claim.require(evidence.keys() == keys, f"target_upper has {', '.join(sorted(keys))}")
    if by == "trials":
        _require_rank(claim, teacher, target, min(bounds.values()), evidence["error_bound"])
        return
    claim.require(by in bounds, f"D of tied teachers from above: {', '.join(bounds)}, trials")
    claim.require(bounds[by] == target, f"the bound by {by} is {bounds[by]}, not {target}")


def _moving(claim: Claim, own: Parametrization) -> int:
    """In how many dimensions parameters move the weights, at most."""
    total, shared = 0, set()
    for name, form in own.forms.items():
        bits = claim.rows(name, "present")
        (p, q), r = (len(bits), len(bits[0])), form.rank
        free = sum(map(sum, _bits(own, name)))
        if r:
            inner = min(r, p, q)
            trained = r * (q * ("A" in form.train) + p * ("B" in form.train))
            free += min(inner * (p + q - inner), trained)
        total += min(free, sum(map(sum, bits)))
        shared |= {(form.rows, p)} if form.rows else set()
        shared |= {(form.columns, q)} if form.columns else set()
    return total + sum(size for _, size in shared)


def free_weights(claim: Claim) -> None:
    """All weights can have all values that those of teachers can have."""
    own = _own(claim)
    claim.require(not own.ties or own.tied_teacher, "students are tied, teachers are not")
    for name, form in own.forms.items():
        bits = claim.rows(name, "present")
        is_free = _bits(own, name) == bits
        full = form.rank >= min(len(bits), len(bits[0])) and set(form.train) == {"A", "B"}
        claim.require(is_free or full, f"{name} is not free")
    claim.require_claim("maximal")


def parameter_count(claim: Claim) -> None:
    """Parameters move the weights in fewer dimensions than D."""
    target, moving = claim.target(), _moving(claim, _own(claim))
    claim.require(moving < target, f"{moving} dimensions are not fewer than {target}")
    _require_lower(claim, target)
    claim.require_claim("minimal", None, target)


def deficient_parameters(claim: Claim) -> None:
    """The rank in the parameters stays below D in independent trials."""
    target, rank, own = claim.target(), claim.certificate.rank, _own(claim)
    below = type(rank) is int and 0 <= rank < target
    claim.require(below, f"rank {rank} is not below the target dimension {target}")
    assert rank is not None
    _require_lower(claim, target)
    upper = min(_moving(claim, own), target)
    _require_rank(claim, own, rank, upper, claim.certificate.error_bound)
    claim.require_claim("minimal", rank, target)


def _require_full(claim: Claim) -> list[Parameter]:
    """Rank = D, shown from both sides; returns the parameters of the minor."""
    _require_teacher(claim)
    _require_student(claim)
    target = claim.target()
    chosen = _require_minor(claim, _own(claim), claim.evidence["minor"], target)
    _require_upper(claim, target)
    return chosen


def full_parameters(claim: Claim) -> None:
    """The rank in the parameters reaches D."""
    _require_full(claim)
    target = claim.target()
    claim.require_claim("positive", target, target)


def affine_parameters(claim: Claim) -> None:
    """The rank in some blocks of parameters reaches D, and outputs are affine in them."""
    blocks, known = claim.evidence["blocks"], {block.name for block in _own(claim).blocks}
    fits = isinstance(blocks, list) and all(isinstance(name, str) for name in blocks)
    claim.require(fits and set(blocks) <= known, "blocks are names of parameters")
    claim.require(len(set(blocks)) == len(blocks), "a block is named twice")
    degree = _output_degree(claim, set(blocks))
    claim.require(degree <= 1, "the outputs are not affine in these parameters")
    chosen = _require_full(claim)
    inside = all(block in blocks for block, _ in chosen)
    claim.require(inside, "the minor has parameters of other blocks")
    target = claim.target()
    claim.require_claim("maximal", target, target)


def _output_degree(claim: Claim, blocks: set[str]) -> int:
    """The degree of outputs in parameters of some blocks; 2 stands for all that is above 1."""
    network = claim.network
    times = network.steps + 1
    claim.charge(10 * STEP * times * network.n_weights, "the degree in parameters")
    degrees = _weight_degrees(claim, blocks)
    if isinstance(network, (LinearRecurrent, Recurrent)):
        name = network.activation if isinstance(network, Recurrent) else "linear"
        state, inputs = [0] * network.hidden, [0] * network.inputs
        bias = _fed(degrees["bias"], [0]) if "bias" in degrees else state
        for step in range(network.steps):
            before = _fed(degrees["recurrent"], state) if step else state  # it begins with 0
            parts = before, _fed(degrees["input"], inputs), bias
            state = _activated(list(map(max, *parts)), name)
        outputs = _fed(degrees["readout"], state)
        return max(outputs + (_fed(degrees["readout_bias"], [0]) if network.bias else []))
    values, depth = [0] * network.inputs, len(network.widths) - 1
    linear = isinstance(network, LinearFeedforward)
    names = ["linear"] * (depth - 1) if linear else hidden_activations(network)
    for layer, name in enumerate([*names, "linear"], start=1):
        values = _fed(degrees[f"W{layer}"], values)
        if network.bias:
            values = list(map(max, values, _fed(degrees[f"b{layer}"], [0])))
        values = _activated(values, name)
    return max(values)


def _activated(values: list[int], name: str) -> list[int]:
    return [2 if value and name != "linear" else value for value in values]


def _fed(degrees: list[list[int]], values: list[int]) -> list[int]:
    """Of sums of weights times values; -1 stands for a connection that is absent."""
    pairs = ([(w, x) for w, x in zip(row, values, strict=True) if w >= 0] for row in degrees)
    return [min(2, max((w + x for w, x in row), default=0)) for row in pairs]


def _weight_degrees(claim: Claim, blocks: set[str]) -> dict[str, list[list[int]]]:
    own, found = _own(claim), {}
    for name, form in own.forms.items():
        factors = sum(f"{name}.{kind}" in blocks for kind in form.train)
        scalings = (form.rows in blocks) + (form.columns in blocks)
        has_entries = f"{name}.entries" in blocks
        found[name] = [
            [max(factors, int(free and has_entries)) + scalings if bit else -1
             for bit, free in zip(*rows, strict=True)]
            for rows in zip(claim.rows(name, "present"), _bits(own, name), strict=True)
        ]  # fmt: skip
    for name, tied in own.ties.items():
        rows = found[tied.to]
        found[name] = [list(row) for row in zip(*rows, strict=True)] if tied.transposed else rows
    return found


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        free_weights,
        parameter_count,
        deficient_parameters,
        full_parameters,
        affine_parameters,
    )
}
