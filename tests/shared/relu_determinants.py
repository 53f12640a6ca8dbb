"""ReLU draws with one unit in conflict, decided one by one: determinants by interpolation.

For regular teachers only: a match then lies in a pattern whose square system has full rank.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

import theorycheck as tc
from theorycheck.numeric.instances import Instance
from theorycheck.problem.masks import entries_of

NODES = 2 * np.cos(np.pi * (np.arange(8) + 0.5) / 8)


class Determinants:
    """One draw; `place` is the learnable, of all in order, that is given its values first."""

    def __init__(
        self, allocation: tc.Allocation, instances: Instance, draw: int, place: int
    ) -> None:
        one = instances.take(draw)
        self.weights = {name: np.array(value) for name, value in one.weights.items()}
        self.inputs, self.wanted = one.inputs, np.ravel(one.outputs)
        entries = list(entries_of(dict(allocation.masks("learnable"))))
        self.first, self.rest = entries[place], entries[:place] + entries[place + 1 :]
        self.moving = {index[0] for name, index in entries if name in ("W1", "b1")}

    def has_match(self) -> bool:
        """Whether a combination of patterns has a root with the right signs."""
        samples = self.inputs.shape[1]
        own = self._before(np.zeros(len(self.rest)), 0.0) > 0
        choices = [
            list(product([False, True], repeat=samples)) if h in self.moving else [tuple(own[h])]
            for h in range(len(own))
        ]
        return any(self._fits(np.array(choice)) for choice in product(*choices))

    def _fits(self, pattern: Any) -> bool:
        values = [np.linalg.det(np.column_stack(self._system(a, pattern))) for a in NODES]
        fitted = np.polynomial.polynomial.polyfit(NODES, values, len(NODES) - 1)
        size = abs(fitted).max()
        if size < 1e-13:
            return False
        while abs(fitted[-1]) < 1e-11 * size:
            fitted = fitted[:-1]
        for root in np.polynomial.polynomial.polyroots(fitted):
            if abs(root.imag) > 1e-7 * (1 + abs(root)):
                continue
            matrix, right = self._system(root.real, pattern)
            theta, *_ = np.linalg.lstsq(matrix, right, rcond=None)
            misfit = abs(matrix @ theta - right).max()
            signs = (self._before(theta, root.real) > 0) == pattern
            if signs.all() and misfit < 1e-6 * (1 + abs(right).max()):
                return True
        return False

    def _set(self, theta: Any, a: float) -> dict[str, Any]:
        weights = {name: value.copy() for name, value in self.weights.items()}
        for (name, index), value in zip([self.first, *self.rest], [a, *theta], strict=True):
            weights[name][index] = value
        return weights

    def _before(self, theta: Any, a: float) -> Any:
        weights = self._set(theta, a)
        return (
            weights["W1"] @ self.inputs + weights.get("b1", np.zeros(len(weights["W1"])))[:, None]
        )

    def _outputs(self, theta: Any, a: float, pattern: Any) -> Any:
        weights = self._set(theta, a)
        after = weights["W2"] @ (self._before(theta, a) * pattern)
        return (after + weights.get("b2", np.zeros(len(after)))[:, None]).ravel()

    def _system(self, a: float, pattern: Any) -> tuple[Any, Any]:
        """The matrix of the other unknowns given a, and the right-hand side."""
        count = len(self.rest)
        start = self._outputs(np.zeros(count), a, pattern)
        columns = [self._outputs(unit, a, pattern) - start for unit in np.eye(count)]
        return np.stack(columns, axis=1), self.wanted - start
