"""ReLU draws decided one by one, from the definition: all patterns, one linear programme each."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import linprog

import theorycheck as tc
from theorycheck.numeric.instances import Instance


def outputs(weights: dict[str, Any], inputs: Any) -> Any:
    """What one network puts out on inputs (n_0, samples)."""
    before = weights["W1"] @ inputs + weights.get("b1", np.zeros(len(weights["W1"])))[:, None]
    after = weights["W2"] @ np.maximum(before, 0)
    return after + weights.get("b2", np.zeros(len(after)))[:, None]


class Oracle:
    """All patterns of one draw; units with a conflict must have one present output only."""

    def __init__(self, allocation: tc.Allocation, instances: Instance, draw: int) -> None:
        one = instances.take(draw)
        self.samples = one.inputs.shape[1]
        inputs = np.vstack([one.inputs, np.ones(self.samples)])
        weights = dict(one.weights)
        hidden = len(weights["W1"])
        none = np.zeros(hidden)
        first = np.column_stack([weights["W1"], weights.get("b1", none)])
        bias = "b1" in weights
        learned = allocation.mask("b1") if bias else none.astype(bool)
        masks = np.column_stack([allocation.mask("W1"), learned])
        self.second, self.learnable = weights["W2"], allocation.mask("W2")
        zero = np.zeros(len(self.second))
        self.bias = weights.get("b2", zero)
        self.free_bias = allocation.mask("b2") if bias else zero.astype(bool)
        self.present = allocation.present_mask("W2")
        self.wanted = one.outputs.reshape(len(self.second), self.samples)
        self.fixed = [(first[h] * ~masks[h]) @ inputs for h in range(hidden)]
        self.moving = [inputs[masks[h]].T for h in range(hidden)]

    def has_match(self) -> bool:
        """Whether one of the patterns has a solution (within the tolerances of the solver)."""
        patterns = list(product([False, True], repeat=self.samples))
        choices = []
        for h, moving in enumerate(self.moving):
            if not moving.shape[1]:
                choices.append([(1, np.array(self.fixed[h]) > 0)])
            elif self.learnable[:, h].any():
                assert self.present[:, h].sum() == 1
                signs = [(sign, np.array(p)) for sign in (1, -1) for p in patterns if any(p)]
                choices.append([(0, np.zeros(self.samples, dtype=bool)), *signs])
            else:
                choices.append([(1, np.array(p)) for p in patterns])
        return any(self._fits(choice) for choice in product(*choices))

    def _fits(self, choice: Any) -> bool:
        """The unknowns are those of the units, the free output weights, and the smallest scale."""
        columns, bounds, limits = [], [], []
        wanted = self.wanted.copy()
        for h, (sign, active) in enumerate(choice):
            moving, fixed = self.moving[h], self.fixed[h]
            side = np.where(active, 1.0, -1.0)
            if not moving.shape[1]:
                hidden = np.maximum(fixed, 0)
                for o in range(len(wanted)):
                    if self.learnable[o, h]:
                        columns.append(at(o, hidden, wanted))
                    else:
                        wanted[o] -= self.second[o, h] * hidden
            elif self.learnable[:, h].any():
                if sign == 0:
                    continue
                slopes = sign * self.present[:, h]
                bounds.append((len(columns), side[:, None] * np.column_stack([fixed, moving]), 0))
                limits.append(len(columns))
                for column in (fixed, *moving.T):
                    columns.append(np.outer(slopes, column * active).ravel())
            else:
                bounds.append((len(columns), side[:, None] * moving, side * fixed))
                wanted -= np.outer(self.second[:, h], fixed * active)
                for column in moving.T:
                    columns.append(np.outer(self.second[:, h], column * active).ravel())
        for o, value in enumerate(self.bias):
            if self.free_bias[o]:
                columns.append(at(o, np.ones(self.samples), wanted))
            else:
                wanted[o] -= value
        return self._solvable(columns, wanted.ravel(), bounds, limits)

    def _solvable(self, columns: Any, wanted: Any, bounds: Any, limits: Any) -> bool:
        width = len(columns)
        rows, ends = [np.zeros((0, width + 1))], [np.zeros(0)]
        for start, block, constant in bounds:
            part = np.zeros((self.samples, width + 1))
            part[:, start : start + block.shape[1]] = -block
            rows.append(part)
            ends.append(np.broadcast_to(constant, self.samples))
        for place in limits:  # the smallest scale is at most each scale
            part = np.zeros((1, width + 1))
            part[0, place], part[0, width] = -1, 1
            rows.append(part)
            ends.append(np.zeros(1))
        found = linprog(
            np.append(np.zeros(width), -1.0),
            A_ub=np.concatenate(rows),
            b_ub=np.concatenate(ends),
            A_eq=np.column_stack([*columns, np.zeros(len(wanted))]),
            b_eq=wanted,
            bounds=[(None, None)] * width + [(None, 1)],
            method="highs",
        )
        return found.status == 0 and found.x[width] > 1e-7


def at(output: int, values: Any, shape: Any) -> Any:
    """Values in the rows of one output."""
    column = np.zeros_like(shape)
    column[output] = values
    return column.ravel()
