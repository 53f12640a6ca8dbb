"""Graded points of recurrent networks: where the leading forms vanish and move in all directions.

Some learnables grow; the leading forms are solved at infinity by an order of linear systems, and a
solution with a Jacobian that is onto continues to one of the equations themselves (T15).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..problem.allocation import Allocation
from ..problem.masks import Entry, entries_of
from .algebra import Algebra, Matrix
from .leading import Degrees, Leading
from .walks import Flags, Walks


@dataclass(frozen=True)
class GradedPlan:
    """What is fitted afterwards, which learnables grow, and what is solved for in which order.

    `fitted` are outputs whose readout weights fit them when all else is done. Learnables are named
    by their numbers: those `growing` are times s; of these `zero` are 0 at the point; `solved` are
    the unknowns of one linear system after the other. All others are drawn at random.
    """

    fitted: tuple[int, ...]
    growing: tuple[int, ...]
    zero: tuple[int, ...]
    solved: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Data:
    """Weights by name, the learnable ones drawn, inputs (T, n_in, m), targets (reads, d, m).

    The first m of the T n_in numbers of the samples are those of unit vectors.
    """

    weights: dict[str, Matrix]
    inputs: Matrix
    targets: Matrix


@dataclass(frozen=True)
class Order:
    """The degrees of the equations that are left, those of each system, and which can be met."""

    degrees: Degrees
    systems: tuple[Flags, ...]
    met: Flags


class Graded:
    """Graded plans of one recurrent network: its samples, and the walks that they show."""

    def __init__(self, allocation: Allocation, samples: int) -> None:
        network = allocation.network
        self.allocation, self.network = allocation, network
        self.samples = network.effective_samples(samples)
        self.entries: list[Entry] = entries_of(dict(allocation.masks("learnable")))
        self.n_reads = network.steps if network.reads_every_step else 1
        n_rows = network.steps * network.inputs
        units, drawn = np.zeros((2, n_rows, self.samples), dtype=bool)
        units[: self.samples] = np.eye(self.samples, dtype=bool)
        drawn[self.samples :] = not network.is_spanned_by(self.samples)
        shape = network.input_shape(self.samples)
        self._units, self._drawn = units.reshape(shape), drawn.reshape(shape)

    def numbers(self, entries: Iterable[Entry]) -> list[int]:
        """The numbers of learnable weights."""
        return [self._numbers[entry] for entry in entries]

    @cached_property
    def _numbers(self) -> dict[Entry, int]:
        return {entry: number for number, entry in enumerate(self.entries)}

    def draw(self, algebra: Algebra, rng: np.random.Generator) -> Data:
        """Random data."""
        weights = {
            name: algebra.draw(rng, mask.shape) * mask
            for name, mask in self.allocation.masks("present")
        }
        inputs = np.where(self._drawn, algebra.draw(rng, self._drawn.shape), self._units)
        shape = self.n_reads, self.network.outputs, self.samples
        return Data(weights, inputs, algebra.draw(rng, shape))

    def outputs(self, plan: GradedPlan) -> list[int]:
        """The outputs that are left."""
        return [output for output in range(self.network.outputs) if output not in plan.fitted]

    def walks(self, plan: GradedPlan) -> Walks:
        """The walks to the outputs that are left."""
        return Walks(self.allocation, self.outputs(plan), self._units | self._drawn)

    def order(self, plan: GradedPlan, walks: Walks, degrees: Degrees) -> Order:
        """Which equations each system of a plan solves, and which are neither solved nor empty."""
        met, left = degrees >= 0, np.ones(degrees.shape, dtype=bool)
        at, systems, empty = np.maximum(degrees, 0)[:, None, None], [], met
        for solved in plan.solved[::-1] or ((),):
            found = walks.classes(plan.growing, plan.zero, solved)
            here = np.take_along_axis(found, at, axis=2)[:, :, 0]
            none, one, more = here.transpose(1, 0, 2, 3)
            met &= ~(left & more)
            systems.append(left & one & ~more)
            left = left & ~one & ~more
            empty = ~none
        met &= ~left | (empty & (degrees > 0))
        return Order(degrees, tuple(reversed(systems[: len(plan.solved)])), met)

    def built(
        self, plan: GradedPlan, order: Order, data: Data, algebra: Algebra
    ) -> tuple[dict[str, Matrix], Leading, Flags]:
        """The weights at the point of a plan, the leading forms there, and which equations are met.

        Those are not that depend on others of their system. Unknowns that stay free are as drawn.
        """
        outputs = self.outputs(plan)
        growing, met = self._masks(plan.growing), order.met.copy()
        weights = {name: x.copy() for name, x in data.weights.items()}
        for solved in (plan.zero, *plan.solved):
            self._set(weights, solved, np.zeros(len(solved)))

        def leading() -> Leading:
            shown = {**weights, "readout": weights["readout"][outputs]}
            grows = {**growing, "readout": growing["readout"][outputs]}
            return Leading(algebra, shown, grows, data.inputs, self.reads, order.degrees)

        targets = np.where(order.degrees > 0, 0.0, data.targets[:, outputs])
        for solved, system in zip(plan.solved, order.systems, strict=True):
            here, system = leading(), system & met
            matrix = here.columns(self._places(solved, outputs))[system.ravel()]
            wanted, start = targets[system] - here.outputs()[system], self._get(data, solved)
            found = algebra.solve(matrix, algebra.reduced(wanted), start)
            if found.rank < len(matrix):
                kept = algebra.independent(matrix)
                met[system] = kept
                found = algebra.solve(matrix[kept], algebra.reduced(wanted[kept]), start)
            assert found.values is not None  # the rows are independent
            self._set(weights, solved, found.values)
        return weights, leading(), met

    def read_states(self, data: Data, algebra: Algebra) -> Matrix:
        """The states that are read, of shape (reads, N, m), all weights being those of the data."""
        degrees = np.zeros((self.n_reads, self.network.outputs, self.samples), dtype=int)
        point = Leading(algebra, data.weights, self._masks(()), data.inputs, self.reads, degrees)
        return np.array([point.states[step][0] for step in self.reads])

    @property
    def reads(self) -> list[int]:
        """The steps that are read."""
        steps = self.network.steps
        return list(range(1, steps + 1)) if self.network.reads_every_step else [steps]

    def jacobian(self, plan: GradedPlan, leading: Leading) -> tuple[Matrix, list[int]]:
        """The Jacobian of the leading forms, and the numbers of the learnables of its columns."""
        outputs = self.outputs(plan)
        kept = [k for k, (name, index) in enumerate(self.entries)
                if name != "readout" or index[0] in outputs]  # fmt: skip
        return leading.columns(self._places(kept, outputs)), kept

    def _places(self, numbers: Iterable[int], outputs: list[int]) -> list[Entry]:
        """Learnables by number, the rows of the readout counted among the outputs left."""
        row = {output: place for place, output in enumerate(outputs)}
        return [
            (name, (row[index[0]], index[1]) if name == "readout" else index)
            for name, index in (self.entries[number] for number in numbers)
        ]

    def _masks(self, numbers: Iterable[int]) -> dict[str, Flags]:
        masks = {
            name: np.zeros(shape, dtype=bool) for name, shape in self.network.weight_shapes.items()
        }
        for number in numbers:
            name, index = self.entries[number]
            masks[name][index] = True
        return masks

    def _get(self, data: Data, numbers: Iterable[int]) -> Matrix:
        """The values of learnables by number."""
        places = (self.entries[number] for number in numbers)
        return np.array([data.weights[name][index] for name, index in places])

    def _set(self, weights: dict[str, Matrix], numbers: Iterable[int], values: Matrix) -> None:
        for number, value in zip(numbers, values.tolist(), strict=True):
            name, index = self.entries[number]
            weights[name][index] = value
