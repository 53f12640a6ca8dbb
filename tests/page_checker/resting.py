"""T12: units at rest, from the page alone; it returns the error bound."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.page_checker.problem import Cell, Matrix, Problem, listed, need, numbers
from tests.page_checker.ranks import eliminate
from tests.page_checker.readout import enters, has_rank, names_of, output_of, reached
from tests.page_checker.solving import Step, need_step, steps_of

if TYPE_CHECKING:
    from tests.page_checker.checker import Claim


@dataclass
class Rest:
    """Who rests, and which outputs have a step."""

    claim: Claim
    steps: list[Step]
    zero: list[int]
    groups: list[list[int]]

    def __post_init__(self) -> None:
        self.problem = self.claim.problem
        self.matrix, self.bias = names_of(self.problem)
        self.before = len(self.problem.widths) - 2
        self.used = {k for step in self.steps for k in step.units}
        self.first = {k: min(group) for group in self.groups for k in group}
        solved = [o for step in self.steps for o in step.outputs]
        self.left = [o for o in range(self.problem.d) if o not in solved]
        self.free = self.problem.learnable[self.matrix]

    def row(self, masks: dict[str, Matrix], k: int) -> list[bool]:
        """All weights of a unit, its bias last."""
        names = [name for name in (f"W{self.before}", f"b{self.before}") if name in masks]
        return [bool(bit) for name in names for bit in masks[name][k]]

    def frozen(self, k: int) -> list[bool]:
        rows = self.row(self.problem.present, k), self.row(self.problem.learnable, k)
        return [here and not free for here, free in zip(*rows, strict=True)]

    def everywhere(self, group: list[int]) -> list[bool]:
        """Where no weight of the group is absent."""
        rows = [self.row(self.problem.present, k) for k in group]
        return [all(bits) for bits in zip(*rows, strict=True)]

    def require_group(self, group: list[int]) -> None:
        for bits, here in zip(zip(*map(self.frozen, group), strict=True), self.everywhere(group),
                              strict=True):  # fmt: skip
            need(sum(bits) < 2, "two frozen weights")
            need(here or not any(bits), "a frozen weight where one is absent")

    @cached_property
    def awake(self) -> Problem:
        """The network at rest."""
        name, bias, present = f"W{self.before}", f"b{self.before}", dict(self.problem.present)
        rows = [self.row(present, k) for k in range(self.problem.widths[-2])]
        for k in [*self.zero, *self.first]:
            rows[k] = [False] * len(rows[k])
        for group in self.groups:
            rows[min(group)] = self.everywhere(group)
        width = self.problem.widths[self.before - 1]
        present[name] = [[int(bit) for bit in row[:width]] for row in rows]
        if bias in present:
            present[bias] = [[int(row[-1])] for row in rows]
        for last in {self.matrix, self.bias} & present.keys():
            present[last] = [[1] * len(row) for row in present[last]]
        return replace(self.problem, present=present)

    def read(self) -> list[Cell]:
        """What learnable readout weights read."""
        cells: list[Cell] = []
        for o in self.left:
            units = {self.first.get(k, k) for k, bit in enumerate(self.free[o]) if bit}
            cells += [(self.matrix, o, k) for k in units - self.used - {*self.zero}]
            if self.bias in self.problem.learnable and self.problem.learnable[self.bias][o][0]:
                cells.append((self.bias, o, 0))
        return cells

    def factors(self, trial: int) -> Matrix:
        words = iter(self.claim.draws.words(trial, "c", len(self.free) * len(self.free[0])))
        c = [[next(words) % 2**20 * bit for bit in row] for row in self.free]
        for row, free in zip(c, self.free, strict=True):
            for group in self.groups:
                live = [k for k in group if free[k]]
                if live:
                    row[live[-1]] = -sum(row[k] for k in live[:-1])
        return c

    def is_reached(self) -> bool:
        m, read = self.problem.samples, self.read()
        inputs = [(k, cell) for k in [*self.zero, *self.first]
                  for cell in enters(self.problem, self.problem.learnable, k)]  # fmt: skip
        cells = [*read, *((name, self.first.get(k, k), j) for k, (name, _, j) in inputs)]
        for trial in range(8):
            p, c = self.claim.draws.prime_for(self.awake, trial), self.factors(trial)
            columns = self.claim.draws.jacobian(self.awake, trial, cells)
            rows = []
            for e in (e for o in self.left for e in output_of(self.problem, o)):
                line = [column[e] for column in columns]
                scaled = [x * c[e // m][k] % p
                          for x, (k, _) in zip(line[len(read):], inputs, strict=True)]  # fmt: skip
                rows.append([*line[: len(read)], *scaled])
            if eliminate(rows, p)[0] >= len(self.left) * m:
                return True
        return False


def resting_units(
    claim: Claim, *, steps: Any, zero: Any, groups: Any, minor: Any, target_upper: Any
) -> float:
    problem, m = claim.problem, claim.problem.samples
    found = steps_of(claim, steps)
    need(all(len(listed(group)) > 1 for group in listed(groups)), "a group of one")
    named = [
        *(k for step in found for k in step.units),
        *listed(zero),
        *(k for group in groups for k in group),
    ]
    numbers(named, problem.widths[-2])
    need(problem.d * m == claim.D, "D = d m")
    rest = Rest(claim, found, zero, groups)
    for group in groups:
        rest.require_group(group)
    places = [[j for j, here in enumerate(rest.everywhere(g)) if here] for g in groups]
    for number, step in enumerate(found):
        need(step.units, "a step without a unit")
        at_rest = {*rest.zero, *rest.first}
        need_step(claim, found, number, at_rest, list(zip(groups, places, strict=True)))
    need(not zero or problem.activations[-1] not in ("sigmoid", "softplus", "exp"), "not 0 at 0")
    there = copy.copy(claim)
    there.problem = rest.awake
    for k in zero:
        cells = enters(problem, problem.learnable, k)
        may = not any(rest.frozen(k)) or has_rank(there, output_of(problem, 0), cells, m)
        need(may, "a unit that does not rest at 0")
    need(rest.is_reached(), "not reached at rest")
    return reached(claim, minor, target_upper)
