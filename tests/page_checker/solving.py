"""T12: outputs solved step by step, from the page alone; it returns the error bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.page_checker.problem import Cell, Problem, listed, need, numbers, pairs
from tests.page_checker.readout import (
    AROUND_ZERO,
    enters,
    has_rank,
    names_of,
    output_of,
    reached,
    weights,
)

if TYPE_CHECKING:
    from tests.page_checker.checker import Claim

TURNING = {"linear", "tanh", "erf", "arctan", "cube"}


class Step(NamedTuple):
    outputs: list[int]
    units: list[int]


def steps_of(claim: Claim, steps: Any) -> list[Step]:
    found = []
    for o, k in pairs(steps):
        if isinstance(o, list):
            need(len(o) == len(listed(k)) > 1, "two or more outputs, and as many units")
            found.append(Step(o, k))
        else:
            found.append(Step([o], [] if k is None else [k]))
    numbers([o for step in found for o in step.outputs], claim.problem.d)
    numbers([k for step in found for k in step.units], claim.problem.widths[-2])
    return found


def solving_order(claim: Claim, *, steps: Any, minor: Any, target_upper: Any) -> float:
    problem, names, m = claim.problem, names_of(claim.problem), claim.problem.samples
    found = steps_of(claim, steps)
    need(sum(len(step.outputs) for step in found) == problem.d, "every output once")
    need(problem.d * m == claim.D, "D = d m")
    used = {k for step in found for k in step.units}
    for number, (outputs, units) in enumerate(found):
        if units:
            need_step(claim, found, number, used_at_rest=set(), more=[])
            continue
        need(not any(step.units for step in found[number:]), "outputs without a unit come last")
        free = weights(problem.learnable, names, outputs[0])
        cells = [cell for cell in free if cell[0] == names[1] or cell[2] not in used]
        others = [k for name, _, k in free if name == names[0] and k in used]
        helped = sum(k in seeing(problem)[-1] for k in others) if is_adding(problem) else 0
        need(has_rank(claim, output_of(problem, outputs[0]), cells, m - helped), "rank m of it")
    return reached(claim, minor, target_upper)


def need_step(
    claim: Claim,
    steps: list[Step],
    number: int,
    used_at_rest: set[int],
    more: list[tuple[list[int], list[int]]],
) -> None:
    """`more` are the groups at rest, with the places where they have no absent weight."""
    problem, (outputs, units) = claim.problem, steps[number]
    matrix, bias = names_of(problem)
    learnable, present = problem.learnable[matrix], problem.present[matrix]
    for o in (o for step in steps[:number] for o in step.outputs):
        frozen = [k for k in units if present[o][k] and not learnable[o][k]]
        need(not frozen, "a unit that acts on an earlier output")
    need(all(learnable[o][k] for o in outputs for k in units), "a frozen readout weight")
    not_yet = {k for step in steps[number:] for k in step.units} | used_at_rest
    common = [k for k in range(len(learnable[0])) if all(learnable[o][k] for o in outputs)]
    before, last = seeing(problem)
    count = sum(k in last and k not in not_yet for k in common)
    for group, places in more:
        is_read = all(any(learnable[o][k] for k in group) for o in outputs)
        count += is_read and any(j in before for j in places)
    has_biases = bias in problem.learnable and all(problem.learnable[bias][o][0] for o in outputs)
    need(solves(claim, outputs, units, count, has_biases), "units that do not solve the outputs")


def seeing(problem: Problem) -> tuple[set[int], set[int]]:
    """The units that see the sample, of the last hidden layer and of that before it."""
    layers = [set(range(problem.widths[0]))]
    for layer in range(1, len(problem.widths) - 1):
        rows = enumerate(problem.present[f"W{layer}"])
        layers.append({i for i, row in rows if any(row[j] for j in layers[-1])})
    return layers[-2], layers[-1]


def is_adding(problem: Problem) -> bool:
    names = {*problem.activations}
    able = {"tanh", "erf", "arctan"} if len(problem.widths) == 3 else {"tanh", "arctan"}
    return len(names) == 1 and names <= able


def solves(
    claim: Claim, outputs: list[int], units: list[int], count: int, has_biases: bool
) -> bool:
    problem, m, q = claim.problem, claim.problem.samples, len(outputs)
    name, equations = problem.activations[-1], output_of(problem, outputs[0])
    free = enters(problem, problem.learnable, units[0])
    if q == 1 and name in AROUND_ZERO and has_rank(claim, equations, free, m):
        return True
    if name not in TURNING or (q > 1 and not is_adding(problem)):
        return False
    before, (matrix, _) = seeing(problem)[0], names_of(problem)
    hidden = f"W{int(matrix[1:]) - 1}"

    def turn(every: bool, delta: int) -> bool:
        def kept(cells: list[Cell]) -> list[Cell]:
            return cells if every else [c for c in cells if c[0] == hidden and c[2] in before]

        for k in units:
            free = kept(enters(problem, problem.learnable, k))[:delta]
            rest = [c for c in kept(enters(problem, problem.present, k)) if c not in free]
            if not has_rank(claim, equations, free, delta):
                return False
            if not has_rank(claim, equations, [*free, *rest], delta + 1):
                return False
        return True

    for added in [0, 1] if has_biases and is_adding(problem) else [0]:
        g = count + added if is_adding(problem) else 0
        delta = max(m - q - g, 1 if q > 1 else 0)
        if delta <= m - q and turn(not added, delta):
            return True
    return False
