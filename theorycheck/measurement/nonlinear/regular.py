"""Which teachers are regular: those of as many dimensions as there are equations.

Of activations with corners the rank of the Jacobian in all weights hangs on the teacher: on which
side of its corners each unit is. No rank is larger than the number of equations. So where some
teacher reaches it, the regular ones are those that do, whatever else is known of ranks. Where none
does, as far as the draws show, nothing is told: which is the largest rank would be theory.

Ranks are found by elimination in balls, at exactly the teacher that was drawn: pivots are certainly
not 0, and at a corner a ball holds both slopes. So each teacher that is counted is regular.
"""

from __future__ import annotations

import numpy as np
from flint import ctx
from numpy.typing import NDArray

from ...problem.masks import entries_of
from .ball_network import BallNetwork
from .balls import BITS
from .draws import Draws, fits_elimination
from .elimination import eliminate


class RegularTeachers:
    """The draws of an allocation whose teachers are regular."""

    def __init__(self, draws: Draws) -> None:
        self._draws, allocation = draws, draws.source.allocation
        self._network = allocation.network
        self._entries = entries_of(dict(allocation.masks("present")))
        self._n_equations = self._network.outputs * self._network.n_reads * draws.source.samples

    @property
    def are_known(self) -> bool:
        """Whether it is measured which draws these are: few enough entries, weights, corners."""
        if self._network.is_analytic or len(self._entries) < self._n_equations:
            return False
        return fits_elimination(self._n_equations, len(self._entries))

    def of_chunk(self, chunk: int, count: int) -> NDArray[np.bool_]:
        """Whether the teachers of a chunk are regular."""
        drawn = self._draws.chunk(chunk, count)
        found = np.zeros(count, dtype=bool)
        for draw in range(count):
            self._draws.source.deadline.check("which teachers are regular")
            teacher = {name: value[draw] for name, value in drawn.teacher.items()}
            with ctx.workprec(BITS):
                network = BallNetwork(self._network, drawn.instances.inputs[draw])
                weights, equations = network.weights(teacher), range(self._n_equations)
                rows = network.jacobian(weights, self._entries, equations)
                found[draw] = eliminate(rows, len(self._entries)).rank == self._n_equations
        return found
