"""Check of graded plans (T15): an order of linear systems whose solution is a point at infinity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..problem.networks.recurrent import LinearRecurrent
from . import plain
from .budget import STEP
from .claim import Check, Claim
from .context import LOWER_TRIALS
from .graded_points import Leading, Point, solved
from .graded_walks import Walks
from .points import entries_at

_WHAT = "the systems of a graded plan"


@dataclass(frozen=True)
class Order:
    """The degrees of the equations that are left, and the equations of each system."""

    degrees: plain.Row
    systems: list[list[int]]


def graded_plan(claim: Claim) -> None:
    """The leading forms vanish at a point that is solved for, and all directions are open there."""
    claim.require(isinstance(claim.network, LinearRecurrent), "T15 is about linear recurrence")
    evidence = claim.evidence
    lists = evidence["growing"], evidence["zero"], evidence["columns"]
    growing, zero, columns = lists
    systems, fitted = evidence["solved"], evidence["fitted"]
    claim.require(isinstance(systems, list), "the systems must be a list")
    for numbers in (*lists, *systems):
        _require_numbers(claim, numbers, claim.allocation.n_learnable, "learnables")
    _require_numbers(claim, fitted, claim.network.outputs, "outputs")
    claim.require(set(zero) <= set(growing), "only weights that grow are 0")
    unknown = [number for numbers in systems for number in numbers]
    claim.charge(STEP * len(unknown), _WHAT)
    claim.require(len({*unknown, *zero}) == len(unknown) + len(zero), "a weight is solved for once")
    outputs = [o for o in range(claim.network.outputs) if o not in set(fitted)]
    _require_left(claim, fitted, {*growing, *columns, *unknown})
    _require_fitted(claim, fitted)
    if outputs:
        _require_onto(claim, outputs)
    else:
        claim.require(not columns, "nothing is left, so the minor has no columns")
    claim.require_claim("maximal")


def _require_numbers(claim: Claim, numbers: Any, n: int, what: str) -> None:
    claim.require(isinstance(numbers, list), f"the {what} must be a list")
    claim.charge(STEP * len(numbers), _WHAT)
    inside = all(type(number) is int and 0 <= number < n for number in numbers)
    claim.require(inside, f"the {what} must be in 0..{n - 1}")
    claim.require(numbers == sorted(set(numbers)), f"the {what} must be in order, once")


def _require_left(claim: Claim, fitted: list[int], named: set[int]) -> None:
    """The readout weights of outputs that are fitted afterwards have no other part."""
    entries = claim.entries("learnable")
    for number in named:
        name, index = entries[number]
        both = name == "readout" and index[0] in fitted
        claim.require(not both, f"{name}{list(index)} is fitted afterwards")


def _require_fitted(claim: Claim, fitted: list[int]) -> None:
    """The states that an output's learnable weights read have as many dimensions as equations."""
    if not fitted:
        return
    network, m = claim.network, claim.effective_samples()
    n_equations = _equations_per_output(claim)
    reads, rows = n_equations // m, claim.rows("readout", "learnable")
    for output in fitted:
        entries = [("readout", (output, j)) for j, bit in enumerate(rows[output]) if bit]
        claim.require(len(entries) >= n_equations, f"output {output} has too few learnables")
        equations = [(t * network.outputs + output) * m + s for t in range(reads) for s in range(m)]
        operations = plain.rank_operations(n_equations, len(entries))
        for trial in range(LOWER_TRIALS):
            point = entries_at(claim, trial)
            claim.foresee(operations, 8 * n_equations * len(entries), _WHAT)
            claim.charge(3 * STEP * n_equations * len(entries), _WHAT)
            matrix = (point.row(equation, entries) for equation in equations)
            rank, _ = plain.eliminate(matrix, claim.prime(trial), claim.context.budget)
            if rank == n_equations:
                break
        else:
            claim.refuse(f"output {output}: the states that it reads are dependent in all trials")


def _equations_per_output(claim: Claim) -> int:
    steps = claim.network.steps if claim.network.readout == "all" else 1
    return steps * claim.effective_samples()


def _require_onto(claim: Claim, outputs: list[int]) -> None:
    """In a trial every system is solved, and the minor of the Jacobian at the point is not 0."""
    evidence, n_equations = claim.evidence, len(outputs) * _equations_per_output(claim)
    columns = evidence["columns"]
    # Before the walks, of which there are some to each equation: so the columns pay for them.
    claim.require(len(columns) == n_equations, f"the minor has {n_equations} columns")
    walks = Walks(claim, outputs)
    order = _order(claim, walks)
    for trial in range(LOWER_TRIALS):
        point = _built(claim, walks, outputs, order, trial)
        if point is None:
            continue
        leading = Leading(claim, walks, point, evidence["growing"], order.degrees)
        rows = _rows(claim, leading, range(n_equations), columns)
        if plain.eliminate(rows, point.p, claim.context.budget)[0] == n_equations:
            return
    claim.refuse(f"a system or the minor is singular in all of {LOWER_TRIALS} trials")


def _order(claim: Claim, walks: Walks) -> Order:
    """Every equation is solved by the last system that has unknowns in it, or has no walk left."""
    evidence = claim.evidence
    degrees = walks.degrees(evidence["growing"])
    claim.require(min(degrees) >= 0, "no walk leads to some equation")
    left, systems, empty = list(range(len(degrees))), [], False
    for unknowns in [[], *evidence["solved"]][::-1]:
        claim.charge(3 * len(left) * (4 * STEP + walks.width / 8), _WHAT)
        bits = walks.classes(evidence["growing"], evidence["zero"], unknowns)
        leads = {e: [part >> degrees[e] & 1 for part in bits[e]] for e in left}
        once = not any(more for _, _, more in leads.values())
        claim.require(once, "a leading walk runs through two weights of one system")
        systems.append([e for e in left if leads[e][1]])
        left = [e for e in left if not leads[e][1]]
        empty = all(not leads[e][0] and degrees[e] for e in left)
    claim.require(empty, "some equation is not solved, and does not vanish")
    return Order(degrees, systems[-2::-1])


def _built(
    claim: Claim, walks: Walks, outputs: list[int], order: Order, trial: int
) -> Point | None:
    """The point of the plan; None where the equations of a system are dependent."""
    evidence, point = claim.evidence, Point(claim, walks, outputs, trial)
    targets = point.targets()
    for unknowns in (evidence["zero"], *evidence["solved"]):
        point.put(unknowns, [0] * len(unknowns))
    for number, unknowns in enumerate(evidence["solved"]):
        equations = order.systems[number]
        leading = Leading(claim, walks, point, evidence["growing"], order.degrees)
        matrix = list(_rows(claim, leading, equations, unknowns))
        right = [
            ((0 if order.degrees[e] else targets[e]) - leading.output(e)) % point.p
            for e in equations
        ]
        n_rows, width = len(matrix), len(unknowns)
        claim.charge(STEP * n_rows * (n_rows + 1) * (width + 1), _WHAT)
        values = solved(matrix, right, point.free(width, number), point.p)
        if values is None:
            return None
        point.put(unknowns, values)
    return point


def _rows(claim: Claim, leading: Leading, equations: Any, numbers: list[int]) -> Any:
    """Rows of the Jacobian of the leading forms, one by one."""
    steps = claim.network.steps
    per_row = STEP * len(numbers) * (4 + steps * (2 + steps))
    n_rows = len(equations)
    operations = n_rows * per_row + plain.rank_operations(n_rows, len(numbers))
    claim.foresee(operations, 8 * n_rows * len(numbers), _WHAT)
    for equation in equations:
        claim.charge(per_row + STEP * claim.network.hidden, _WHAT)
        yield leading.row(equation, numbers)


CHECKS: dict[str, Check] = {"graded_plan": graded_plan}
