"""Random instances of a square system: complex ones to travel through, rational ones to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..numeric.forward import Weights
from ..numeric.instances import Equations, Instance
from ..problem.networks.feedforward import LinearFeedforward
from .system import SquareSystem

SCALE = 64  # rational instances have this denominator: short numbers, and fine enough


@dataclass(frozen=True)
class RationalInstances:
    """Student, teacher and inputs as integers over `SCALE`, one instance for each first index.

    `inputs` is None where the samples span the inputs, which are then unit vectors.
    """

    student: Weights
    teacher: Weights
    inputs: Any

    def __len__(self) -> int:
        return len(next(iter(self.student.values())))

    def take(self, indices: Any) -> RationalInstances:
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
        self.is_spanning = system.samples == self._network.input_dimension

    def complex(self, rng: np.random.Generator, count: int) -> Instance:
        """`count` instances of complex Gaussians, the outputs free."""

        def normal(*shape: int) -> Any:
            parts = rng.normal(size=(2, count, *shape))
            return (parts[0] + 1j * parts[1]) / np.sqrt(2)

        given = self.system.allocation.given_present()
        weights = {
            name: normal(*shape) * given.get(name, True)
            for name, shape in self._network.weight_shapes.items()
        }
        free = None if self.is_spanning else normal(*self._input_shape())
        outputs = normal(len(self.system.equations))
        return Instance(weights, self._inputs(free, count), outputs)

    def rational(self, rng: np.random.Generator, count: int) -> RationalInstances:
        """`count` instances of Gaussians rounded to multiples of 1 / `SCALE`."""

        def rounded(*shape: int) -> Any:
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

    def exact(self, drawn: RationalInstances, number: Any) -> Instance:
        """The first instance in exact or ball arithmetic: `number(k, SCALE)` is k / SCALE."""

        def convert(values: Any) -> Any:
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
        network, m = self._network, self.system.samples
        if isinstance(network, LinearFeedforward):
            return (network.inputs, m)
        return (network.steps, network.inputs, m)

    def _inputs(self, free: Any, count: int, unit: float = 1.0) -> Any:
        """The inputs with the row of constants, or unit vectors where they span."""
        network, m = self._network, self.system.samples
        if isinstance(network, LinearFeedforward):
            if free is None:
                return np.broadcast_to(unit * np.eye(m), (count, m, m))
            if network.bias:
                return np.concatenate([free, np.full((count, 1, m), unit)], axis=1)
            return free
        if free is not None:
            return free
        impulses = unit * np.eye(network.steps * network.inputs, m)
        shape = (network.steps, network.inputs, m)
        return np.broadcast_to(impulses.reshape(shape), (count, *shape))
