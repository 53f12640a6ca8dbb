"""Draws of teachers, frozen weights and inputs: the trials of a measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..errors import InputError, nearest, shown
from ..numeric.forward import Entries, ForwardPass, Weights
from ..numeric.instances import (
    Equations,
    Instance,
    complex_instances,
    present,
    with_constant,
)
from ..problem.allocation import Allocation
from ..problem.interop.foreign import real_numbers
from ..problem.masks import entries_of
from ..problem.weight_files import checked_weights
from .teachers import Structure, Teacher, structure_of

LAWS = ("normal", "uniform")


@dataclass(frozen=True)
class Trials:
    """A batch of trials of a linear network: the teacher's weights, and the student's instance."""

    teacher: Weights
    instance: Instance


@dataclass(frozen=True)
class Source:
    """Where trials of `allocation` on `samples` inputs come from.

    Weights and inputs follow `law`: `normal`, or `uniform` of the same variance. With `data`, an
    array of (points, inputs), the inputs of a trial are distinct points of it.

    Teachers have the structure `teacher`, if any, and frozen weights of students the values
    `given`, arrays by weight; those of weights it leaves out are random.

    Whatever is computed from it ends at the `deadline`, what is found by then being kept.

    Raises `InputError` for another law, data of a wrong shape or with too few points, and a
    structure or weights that do not fit the network.
    """

    allocation: Allocation
    samples: int
    law: str = "normal"
    data: ArrayLike | None = None
    deadline: Deadline = NEVER
    teacher: Teacher | None = None
    given: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            wrong = f"{shown(self.law)}{nearest(self.law, LAWS)}"
            raise InputError(f"law must be {' or '.join(LAWS)}, not {wrong}")
        _ = self.structure  # refused now, not at the first draw
        if self.given is not None:
            object.__setattr__(
                self, "given", checked_weights(self.allocation, self.given, "weights")
            )
        if self.data is None:
            return
        data = real_numbers(self.data, "inputs").astype(np.float64)
        network = self.allocation.network
        if network.is_recurrent:
            raise InputError("inputs from data are for feed-forward networks")
        if data.ndim != 2 or data.shape[1] != network.inputs or not np.isfinite(data).all():
            expected = f"(points, {network.inputs})"
            raise InputError(f"inputs must be finite, of shape {expected}, not {data.shape}")
        if len(data) < self.samples:
            raise InputError(f"inputs must have {self.samples} points or more, not {len(data)}")
        object.__setattr__(self, "data", network.rows_of_points(data))

    @cached_property
    def structure(self) -> Structure | None:
        """That of the teachers."""
        return None if self.teacher is None else structure_of(self.allocation, self.teacher)

    def teachers(self, rng: np.random.Generator, count: int, xp: ModuleType = np) -> Weights:
        """Weights of `count` teachers; absent ones are 0. `rng` is one of the module `xp`."""
        weights = self.weights(rng, count, xp)
        return weights if self.structure is None else self.structure.made_of(weights, rng, xp)

    def students(self, rng: np.random.Generator, count: int, xp: ModuleType = np) -> Weights:
        """Weights of `count` students; absent ones are 0, and what is learnable says nothing."""
        weights = self.weights(rng, count, xp)
        for name, values in (self.given or {}).items():
            mask, held = xp.asarray(self.allocation.mask(name)), xp.asarray(np.asarray(values))
            weights[name] = xp.where(mask, weights[name], held)
        return weights

    def weights(self, rng: np.random.Generator, count: int, xp: ModuleType = np) -> Weights:
        """Weights of `count` networks, all of them random; absent ones are 0."""
        shapes = self.allocation.network.weight_shapes
        drawn = {name: self._draw(rng, count, shape) for name, shape in shapes.items()}
        return present(drawn, self.allocation, xp)

    def inputs(self, rng: np.random.Generator, count: int, xp: ModuleType = np) -> Array:
        """Inputs of `count` trials: (count, n_0, samples), recurrent (count, T, n_in, samples)."""
        network, m = self.allocation.network, self.samples
        if self.data is None:
            *steps, _, _ = network.input_shape(m)  # but for the constant of biases
            return self._draw(rng, count, (*steps, network.inputs, m))
        data = xp.asarray(np.asarray(self.data))
        if xp is np:
            chosen = np.stack([rng.choice(len(data), m, replace=False) for _ in range(count)])
        else:  # generators of CuPy do not choose: the places of the smallest of random numbers
            chosen = xp.argsort(rng.random((count, len(data))), axis=1)[:, :m]
        return data[chosen].swapaxes(1, 2)

    def _draw(self, rng: np.random.Generator, count: int, shape: tuple[int, ...]) -> Array:
        if self.law == "normal":
            return rng.standard_normal((count, *shape))
        return rng.uniform(-np.sqrt(3), np.sqrt(3), size=(count, *shape))


class LinearTrials:
    """Trials of a linear network, whose outputs are linear in the inputs.

    So more samples than inputs can be replaced by combinations of them, as many as there are inputs
    (with biases one more; recurrent: inputs times steps): X = L Q, with orthonormal rows of Q.
    """

    def __init__(self, source: Source, xp: ModuleType = np) -> None:
        network = source.allocation.network
        self.source, self.network, self.xp = source, network, xp
        rows = math.prod(network.input_shape(source.samples)[:-1])
        self.n_samples = min(source.samples, rows)
        self.n_equations = network.n_reads * network.outputs * self.n_samples
        self._all = ForwardPass(network, self.n_samples, (), range(self.n_equations), xp)

    def generator(self, *seed: int) -> np.random.Generator:
        """That of the module of arrays: CuPy's makes other numbers than NumPy's."""
        return self.xp.random.default_rng(list(seed))

    def equations(self, chosen: Sequence[int] | None = None) -> Equations:
        """The chosen equations in the learnable weights; without a choice all of them."""
        numbers = range(self.n_equations) if chosen is None else chosen
        return Equations(self.network, self.n_samples, self.entries, numbers, self.xp)

    @cached_property
    def entries(self) -> Entries:
        """The learnable weights."""
        return entries_of(dict(self.source.allocation.masks("learnable")))

    def draw(self, rng: np.random.Generator, count: int) -> Trials:
        """`count` trials, drawn where they are computed."""
        teacher = self.source.teachers(rng, count, self.xp)
        student = self.source.students(rng, count, self.xp)
        inputs = self._combined(self.source.inputs(rng, count, self.xp))
        outputs = self._all.values(teacher, inputs)
        return Trials(teacher, Instance(student, inputs, outputs))

    def complex(self, rng: np.random.Generator, count: int) -> Instance:
        """Complex instances to travel through, their outputs free."""
        shape, allocation = self.network.input_shape(self.n_samples), self.source.allocation
        return complex_instances(allocation, shape, self.n_equations, rng, count, self.xp)

    def _combined(self, inputs: Array) -> Array:
        """Inputs with the row of constants, at most as many samples as rows."""
        inputs = with_constant(self.network, inputs, xp=self.xp)
        if self.source.samples <= self.n_samples:
            return inputs
        shape = inputs.shape[1:-1]
        flat = inputs.reshape(len(inputs), -1, inputs.shape[-1])
        lower = self.xp.linalg.qr(flat.swapaxes(1, 2), mode="r").swapaxes(1, 2)
        return lower.reshape(len(inputs), *shape, -1)
