"""Neurons that circle: input weights grow beside recurrent ones, and nothing is solved for.

Some neurons circle: all recurrent weights among them are not 0, but no input and no other neuron
leads there, by growing weights. The others have grades, inputs lead to them, and they to higher
grades. So the longest walks run in circles, but none that is not 0 does.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from .graded import Graded, GradedPlan

Classes = NDArray[np.int64]
_CIRCLING = -1


class Circling:
    """Classes of the neurons of one network, -1 or a grade, and their plans."""

    def __init__(self, graded: Graded, fitted: Collection[int], rng: np.random.Generator) -> None:
        self._fitted, self._rng = tuple(fitted), rng
        self._hidden = graded.network.widths[1]
        groups = -(-graded.samples // graded.network.inputs)
        self._n_grades = max(graded.network.steps - groups, 1)
        chosen = [(k, entry) for k, entry in enumerate(graded.entries) if entry[0] != "readout"]
        self._numbers = np.array([k for k, _ in chosen], dtype=int)
        self._inner = np.array([name == "recurrent" for _, (name, _) in chosen], dtype=bool)
        ends = np.array([index for _, (_, index) in chosen], dtype=int).reshape(-1, 2)
        self._to, self._source = ends[:, 0], np.where(self._inner, ends[:, 1], 0)
        self.growing = tuple(self._numbers.tolist())

    def new(self) -> Classes:
        """Random ones."""
        rng, n = self._rng, self._hidden
        grades = rng.integers(int(rng.integers(1, self._n_grades + 1)), size=n)
        return np.where(rng.random(n) < rng.random(), _CIRCLING, grades)

    def changed(self, classes: Classes) -> Classes:
        """Another class of a neuron or two."""
        classes = classes.copy()
        for _ in range(1 + int(self._rng.random() < 0.3)):
            other = self._rng.integers(_CIRCLING, self._n_grades)
            classes[self._rng.integers(self._hidden)] = other
        return classes

    def plan(self, classes: Classes) -> GradedPlan:
        """The plan of these classes."""
        to, source = classes[self._to], classes[self._source]
        leads = (source == _CIRCLING) | ((to != _CIRCLING) & (to > source))
        not_zero = np.where(self._inner, leads, to != _CIRCLING)
        zero = tuple(self._numbers[~not_zero].tolist())
        return GradedPlan(self._fitted, self.growing, zero, ())
