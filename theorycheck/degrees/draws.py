"""Random instances of a square system: complex ones to travel through, rational ones to decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..numeric.forward import Weights
from ..numeric.instances import Equations, Instance, complex_instances, with_constant
from .system import SquareSystem

SCALE = 64  # rational instances have this denominator: short numbers, and fine enough


@dataclass(frozen=True)
class RationalInstances:
    """Student, teacher and inputs as integers over `SCALE`, one instance for each first index.

    `inputs` is None where the samples span the inputs, which are then unit vectors.
    """

    student: Weights
    teacher: Weights
    inputs: Array | None

    def __len__(self) -> int:
        return len(next(iter(self.student.values())))

    def take(self, indices: Array | slice | list[int]) -> RationalInstances:
        """The instances with these numbers."""
        student = {name: value[indices] for name, value in self.student.items()}
        teacher = {name: value[indices] for name, value in self.teacher.items()}
        return RationalInstances(
            student, teacher, None if self.inputs is None else self.inputs[indices]
        )


class Draws:
    """Draws instances of `system`; the weights of absent connections are 0."""

    def __init__(self, system: SquareSystem) -> None:
        self.system, self._network = system, system.network
        self.equations = Equations(self._network, system.samples, system.entries, system.equations)
        self.is_spanning = self._network.is_spanned_by(system.samples)

    def complex(self, rng: np.random.Generator, count: int) -> Instance:
        """`count` instances of complex Gaussians, the outputs free."""
        shape = None if self.is_spanning else self._input_shape()
        n_equations = len(self.system.equations)
        drawn = complex_instances(self.system.allocation, shape, n_equations, rng, count)
        free = None if self.is_spanning else drawn.inputs
        return replace(drawn, inputs=self._inputs(free, count))

    def rational(self, rng: np.random.Generator, count: int) -> RationalInstances:
        """`count` instances of Gaussians rounded to multiples of 1 / `SCALE`."""

        def rounded(*shape: int) -> NDArray[np.int64]:
            return np.rint(SCALE * rng.normal(size=(count, *shape))).astype(np.int64)

        given = self.system.allocation.given_present()
        shapes = self._network.weight_shapes
        student = {n: rounded(*shape) * given.get(n, True) for n, shape in shapes.items()}
        teacher = {n: rounded(*shape) * given.get(n, True) for n, shape in shapes.items()}
        for name, index in self.system.entries:
            student[name][(slice(None), *index)] = 0
        inputs = None if self.is_spanning else rounded(*self._input_shape())
        return RationalInstances(student, teacher, inputs)

    def as_floats(self, drawn: RationalInstances) -> Instance:
        """The instances in floating point, with the outputs of their teachers."""
        student = {name: value / SCALE for name, value in drawn.student.items()}
        teacher = {name: value / SCALE for name, value in drawn.teacher.items()}
        free = None if drawn.inputs is None else drawn.inputs / SCALE
        inputs = self._inputs(free, len(drawn))
        return Instance(student, inputs, self.equations.outputs(teacher, inputs))

    def exact(self, drawn: RationalInstances, number: Callable[[int, int], Any]) -> Instance:
        """The first instance in exact or ball arithmetic: `number(k, SCALE)` is k / SCALE."""

        def convert(values: Array) -> Array:
            flat = [number(int(value), SCALE) for value in values.reshape(-1)]
            result = np.empty(len(flat), dtype=object)
            result[:] = flat
            return result.reshape(values.shape)

        one = drawn.take(slice(0, 1))
        student = {name: convert(value) for name, value in one.student.items()}
        teacher = {name: convert(value) for name, value in one.teacher.items()}
        whole = np.rint(self._inputs(one.inputs, 1, unit=SCALE)).astype(np.int64)
        inputs = convert(whole)
        return Instance(student, inputs, self.equations.outputs(teacher, inputs))

    def _input_shape(self) -> tuple[int, ...]:
        """That of the inputs without the constant."""
        *steps, _, m = self._network.input_shape(self.system.samples)
        return (*steps, self._network.inputs, m)

    def _inputs(self, free: Array | None, count: int, unit: float = 1.0) -> Array:
        """The inputs with the row of constants, or unit vectors where they span."""
        shape = self._network.input_shape(self.system.samples)
        if free is None:
            impulses = unit * np.eye(math.prod(shape[:-1]), shape[-1])
            return np.broadcast_to(impulses.reshape(shape), (count, *shape))
        return with_constant(self._network, free, unit)
