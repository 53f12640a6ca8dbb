"""Leading forms of a linear recurrent network some of whose learnables grow, and derivatives.

With the growing weights times s, states and outputs are polynomials in s. The leading form of an
equation is the coefficient of its degree. Arrays of polynomials have the coefficients first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..problem.masks import Entry, Mask
from .algebra import Algebra, Matrix

Degrees = NDArray[np.int64]


class Leading:
    """Leading forms at one point: weights by name, inputs of shape (T, n_in, m).

    `growing` are masks; `readout` has a row for each output that is asked for; `reads` are the
    steps that are read, and `degrees`, of shape (reads, outputs, m), those of the equations.
    """

    def __init__(
        self,
        algebra: Algebra,
        weights: Mapping[str, Matrix],
        growing: Mapping[str, Mask],
        inputs: Matrix,
        reads: Sequence[int],
        degrees: Degrees,
    ) -> None:
        self._algebra, self._inputs, self._reads, self._degrees = algebra, inputs, reads, degrees
        self._frozen = {name: np.where(growing[name], 0.0, x) for name, x in weights.items()}
        self._growing = {name: np.where(growing[name], x, 0.0) for name, x in weights.items()}
        self._n_degrees = len(inputs) + 2
        self._grows = growing

    @cached_property
    def states(self) -> list[Matrix]:
        """h_0, ..., h_T, each of shape (degrees, N, m)."""
        hidden, m = len(self._frozen["recurrent"]), self._inputs.shape[2]
        states = [np.zeros((self._n_degrees, hidden, m))]
        for x in self._inputs:
            state = self._times("recurrent", states[-1])
            state[0] += self._algebra.product(self._frozen["input"], x)
            state[1] += self._algebra.product(self._growing["input"], x)
            states.append(self._algebra.reduced(state))
        return states

    @cached_property
    def behind(self) -> list[Matrix]:
        """D, D W, D W^2, ..., each of shape (degrees, outputs, N)."""
        first = np.zeros((self._n_degrees, *self._frozen["readout"].shape))
        first[0], first[1] = self._frozen["readout"], self._growing["readout"]
        behind = [first]
        product = self._algebra.product
        for _ in range(len(self._inputs) - 1):
            line = product(behind[-1], self._frozen["recurrent"])
            line[1:] += product(behind[-1][:-1], self._growing["recurrent"])
            behind.append(self._algebra.reduced(line))
        return behind

    def outputs(self) -> Matrix:
        """The leading forms, of the shape of the degrees."""
        parts = [self._times("readout", self.states[step]) for step in self._reads]
        at = self._degrees[:, None]
        return np.take_along_axis(self._algebra.reduced(np.array(parts)), at, axis=1)[:, 0]

    def columns(self, entries: Sequence[Entry]) -> Matrix:
        """Derivatives of the leading forms, equation by equation, by these weights."""
        reads, n_outputs, m = self._degrees.shape
        result = np.zeros((reads, n_outputs, m, len(entries)))
        for name in ("input", "recurrent", "readout"):
            for grows in (False, True):
                chosen = [
                    k
                    for k, (own, index) in enumerate(entries)
                    if own == name and bool(self._grows[name][index]) == grows
                ]
                if chosen:
                    rows, columns = np.array([entries[k][1] for k in chosen]).T
                    self._fill(result, name, rows, columns, np.array(chosen), int(grows))
        return result.reshape(self._degrees.size, len(entries))

    def _fill(
        self,
        result: Matrix,
        name: str,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        chosen: NDArray[np.int64],
        grows: int,
    ) -> None:
        """Derivatives by weights of one matrix, all of them growing or none."""
        for read, step in enumerate(self._reads):
            for degree in np.unique(self._degrees[read]).tolist():
                if degree < grows:
                    continue
                samples = np.flatnonzero((self._degrees[read] == degree).any(axis=0))
                if name == "readout":
                    part = self.states[step][degree - grows][:, samples]
                    values = np.zeros((len(rows), self._degrees.shape[1], len(samples)))
                    values[np.arange(len(rows)), rows] = part[columns]
                else:
                    values = self._summed(name, rows, columns, step, degree - grows, samples)
                here = self._degrees[read][:, samples] == degree
                outputs, places = np.nonzero(here)
                block = result[read]
                block[outputs[:, None], samples[places][:, None], chosen] = values[
                    :, outputs, places
                ].T

    def _summed(
        self,
        name: str,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        step: int,
        degree: int,
        samples: NDArray[np.int64],
    ) -> Matrix:
        """Sums over the steps of what is behind times what the weights read, of one degree."""
        left, right = [], []
        for time in range(1, step + 1):
            behind, at = self.behind[step - time], time - 1
            if name == "input":
                if self._shows[at] and self._leads[step - time][degree]:
                    left.append(behind[degree])
                    right.append(self._inputs[at][:, samples])
                continue
            pairs = self._leads[step - time][: degree + 1] & self._carries[at][degree::-1]
            for k in np.flatnonzero(pairs).tolist():
                left.append(behind[k])
                right.append(self.states[at][degree - k][:, samples])
        if not left:
            return np.zeros((len(rows), self._degrees.shape[1], len(samples)))
        after, before = np.array(left)[:, :, rows], np.array(right)[:, columns]
        return self._algebra.product(after.transpose(2, 1, 0), before.transpose(1, 0, 2))

    @cached_property
    def _leads(self) -> list[Mask]:
        """Which coefficients are not 0 of what is behind."""
        return [np.asarray(part.any(axis=(1, 2))) for part in self.behind]

    @cached_property
    def _carries(self) -> list[Mask]:
        """Which coefficients of the states are not 0."""
        return [np.asarray(part.any(axis=(1, 2))) for part in self.states]

    @cached_property
    def _shows(self) -> list[bool]:
        """In which steps some input is not 0."""
        return [bool(part.any()) for part in self._inputs]

    def _times(self, name: str, values: Matrix) -> Matrix:
        """A matrix of weights times polynomials."""
        result = self._algebra.product(self._frozen[name], values)
        result[1:] += self._algebra.product(self._growing[name], values[:-1])
        return result
