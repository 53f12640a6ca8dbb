"""T12: the readout of nonlinear networks. A function for each kind; they return the error bound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.page_checker.problem import Cell, Matrix, Problem, integer, listed, need, numbers
from tests.page_checker.ranks import eliminate, in_trials, rank_bound

if TYPE_CHECKING:
    from tests.page_checker.checker import Claim

BOUNDED = {"tanh", "sigmoid", "erf", "arctan", "sin"}
ONE_SIDED = {*BOUNDED, "softplus", "silu", "gelu", "exp", "square"}
SIGNED = {"linear", "tanh", "erf", "arctan", "silu", "gelu", "cube"}
ONTO = {"linear", "cube", "leaky_relu"}
AROUND_ZERO = {"linear", "tanh", "erf", "arctan", "sin", "silu", "gelu", "cube"}


def names_of(problem: Problem) -> tuple[str, str]:
    """The weights of the readout: its matrix, its bias."""
    last = len(problem.layers) + 1 if problem.layers else len(problem.widths) - 1
    return ("readout", "readout_bias") if problem.is_recurrent else (f"W{last}", f"b{last}")


def weights(masks: dict[str, Matrix], names: tuple[str, str], i: int) -> list[Cell]:
    """Those of row i of a matrix, then of its bias."""
    return [(n, i, j) for n in names if n in masks for j, bit in enumerate(masks[n][i]) if bit]


def moving(problem: Problem) -> set[int]:
    """Units of the last hidden layer (state) that learnable weights move."""
    found: set[int] = set()
    if problem.is_recurrent:
        for step in range(problem.steps):
            read = [*["recurrent"] * (step > 0), "input", "bias"]
            found = moved(problem, read, found if step else set())
        return found
    return moving_in(problem, len(problem.widths) - 2)


def moving_in(problem: Problem, layers: int) -> set[int]:
    """The same of any layer of units."""
    found: set[int] = set()
    for layer in range(1, layers + 1):
        found = moved(problem, [f"W{layer}", f"b{layer}"], found)
    return found


def moved(problem: Problem, read: list[str], before: set[int]) -> set[int]:
    """Those that a learnable weight enters, or a present one from a unit that moved before."""
    learnable = {i for name, i, _ in problem.learnables if name in read}
    return learnable | {i for name, i, j in problem.presents if name == read[0] and j in before}


def has_rank(claim: Claim, equations: list[int], cells: list[Cell], size: int) -> bool:
    """In one of 8 trials."""
    if size <= 0:
        return True
    if len(cells) < size:
        return False
    for trial in range(8):
        columns = claim.draws.jacobian(claim.problem, trial, cells)
        matrix = [[column[e] for e in equations] for column in columns]
        if eliminate(matrix, claim.draws.prime_for(claim.problem, trial))[0] >= size:
            return True
    return False


def output_of(problem: Problem, output: int) -> list[int]:
    return [e for e in range(problem.n_equations) if e // problem.samples % problem.d == output]


def readout_rank(claim: Claim, *, minor: Any, target_upper: Any) -> float:
    inside = {name for name, _, _ in claim.learnables} <= set(names_of(claim.problem))
    need(inside, "a learnable outside of the readout")
    return reached(claim, minor, target_upper)


def real_readout_rank(claim: Claim, *, minor: Any, target_upper: Any) -> float:
    inside = {name for name, _, _ in claim.learnables} <= set(names_of(claim.problem))
    need(inside, "a learnable outside of the readout")
    need(claim.data["rank"] == claim.D, "rank D")
    return claim.real_full_rank(minor=minor, target_upper=target_upper)


def reached(claim: Claim, minor: Any, target_upper: Any) -> float:
    need(claim.data["rank"] == claim.D, "rank D")
    return claim.full_rank(minor=minor, target_upper=target_upper)


def one_sided_output(claim: Claim, *, output: Any, minor: Any, target_upper: Any) -> float:
    problem, names = claim.problem, names_of(claim.problem)
    integer(output, 0, problem.d)
    need(not weights(problem.learnable, names, output), "a learnable weight of the output")
    read = {j for name, _, j in weights(problem.present, names, output) if name == names[0]}
    one_sided = problem.activations[-1] in ONE_SIDED
    need(one_sided or not read & moving(problem), "units bounded on no side")
    cells = weights(problem.present, names, output)
    need(has_rank(claim, output_of(problem, output), cells, 1), "an output that is 0")
    return reached(claim, minor, target_upper)


def bounded_readout(
    claim: Claim, *, rank: Any, rank_error_bound: Any, minor: Any, target_upper: Any
) -> float:
    problem, (matrix, bias) = claim.problem, names_of(claim.problem)
    need("sin" not in problem.activations, "sin")
    frozen = set(problem.presents) - set(claim.learnables)
    read = {j for name, _, j in frozen if name == matrix}
    bounded = problem.activations[-1] in BOUNDED
    need(bounded or not read & moving(problem), "a unit that is not bounded")
    integer(rank, 0, claim.D)
    smaller = {**problem.present, **{n: problem.learnable[n] for n in (matrix, bias)
                                     if n in problem.present}}  # fmt: skip
    part = replace(problem, present=smaller)
    bound = rank_bound(part, min(len(claim.learnables), claim.D))
    value = claim.draws.rank(part, part.learnables)
    error = in_trials(bound, rank_error_bound, rank, value)
    return error + reached(claim, minor, target_upper)


def missed_signs(claim: Claim, *, output: Any, minor: Any, target_upper: Any) -> float:
    problem, names = claim.problem, names_of(claim.problem)
    integer(output, 0, problem.d)
    free = weights(problem.learnable, names, output)
    need(len(free) == 1 and free[0][0] == names[0], "not one learnable weight")
    need(problem.activations[-1] in SIGNED, "sigma has not the sign of what it is of")
    unit = free[0][2]
    own, every = enters(problem, problem.learnable, unit), enters(problem, problem.present, unit)
    need(len(own) + (own != every) < problem.samples, "as many dimensions as samples")
    before = moving_in(problem, len(problem.widths) - 3)
    read = {j for name, _, j in every if name[0] == "W"}
    need(not read & before, "the unit reads what moves")
    cells = weights(problem.present, names, output)
    others = {j for name, _, j in cells if name == names[0]} & moving(problem)
    need(problem.activations[-1] in BOUNDED or others <= {unit}, "others are not bounded")
    need(has_rank(claim, output_of(problem, output), cells, problem.samples), "rank m")
    return reached(claim, minor, target_upper)


def onto_layers(claim: Claim, *, layer: Any, matched: Any) -> float:
    problem, depth = claim.problem, len(claim.problem.widths) - 1
    integer(layer, 1, depth)
    need({*problem.activations[layer - 1 :]} <= ONTO, "not onto")
    need(len(listed(matched)) == depth - layer, "a list for each matrix behind")
    for number, columns in enumerate(matched, layer + 1):
        present = problem.present[f"W{number}"]
        need(len(numbers(columns, problem.widths[number - 1])) == len(present), "every row")
        need(all(row[j] for row, j in zip(present, columns, strict=True)), "an absent weight")
    for unit in matched[0]:
        cells = weights(problem.learnable, (f"W{layer}", f"b{layer}"), unit)
        if layer == 1 and problem.given is None:
            need(len(cells) >= problem.samples, "fewer than m")
        else:
            every = list(range(problem.n_equations))
            need(has_rank(claim, every, cells, problem.samples), "rank m")
    return 0.0


def unit_numbers(claim: Claim, units: list[Any]) -> None:
    """Distinct, or null."""
    numbers([unit for unit in units if unit is not None], claim.problem.widths[-2])


def enters(problem: Problem, masks: dict[str, Matrix], unit: int) -> list[Cell]:
    """The weights of a last hidden unit."""
    layer = len(problem.widths) - 2
    return weights(masks, (f"W{layer}", f"b{layer}"), unit)


def interpolating_units(claim: Claim, *, units: Any) -> float:
    problem, names = claim.problem, names_of(claim.problem)
    need(isinstance(units, list) and len(units) == problem.d, "a unit for each output")
    unit_numbers(claim, units)
    need(problem.activations[-1] in AROUND_ZERO, "0 is not inside of the range")
    for output, unit in enumerate(units):
        if unit is None:
            need(not weights(problem.present, names, output), "an output without a unit")
            continue
        need(problem.learnable[names[0]][output][unit], "a frozen readout weight")
        cells = enters(problem, problem.learnable, unit)
        need(has_rank(claim, output_of(problem, output), cells, problem.samples), "rank m")
    return 0.0
