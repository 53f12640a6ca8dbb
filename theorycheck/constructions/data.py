"""What a construction is given, and what is drawn in the place of what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..computing.arrays import Array
from ..errors import InputError
from ..numeric.instances import with_constant
from ..problem.allocation import Allocation
from ..problem.interop.foreign import real_numbers
from ..problem.networks.base import Network
from ..problem.weight_files import checked_weights
from ..ranks.given_inputs import finite_points
from .arithmetic import Arithmetic, Weights

# Drawn numbers are multiples of this where all is exact: short fractions stay short for longer.
_GRAIN = 2.0**-8
_TEACHER, _FROZEN, _INPUTS = range(3)  # each has a stream of its own


@dataclass
class Data:
    """Everything that a construction begins with, in the numbers of its arithmetic.

    Inputs are those of `Arithmetic`, `wanted` is (reads x outputs, samples). `teacher` is None
    where only outputs were given. `drawn` tells what was drawn.
    """

    inputs: Array
    wanted: Array
    student: Weights
    teacher: Weights | None
    drawn: tuple[str, ...]


@dataclass(frozen=True)
class Givens:
    """The arguments of `construct` that are data; raises `InputError` for those that do not fit."""

    allocation: Allocation
    samples: int
    seed: int
    teacher: Mapping[str, ArrayLike] | None = None
    outputs: ArrayLike | None = None
    inputs: ArrayLike | None = None
    frozen: Mapping[str, ArrayLike] | None = None
    _drawn: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.outputs is not None and self.teacher is not None:
            raise InputError("give the weights of a teacher, or its outputs, not both")
        if self.outputs is not None and self.inputs is None:
            raise InputError("outputs of a teacher need the inputs that they belong to")

    def data(self, arithmetic: Arithmetic) -> Data:
        """Teacher, frozen weights and inputs, those that are not given drawn from the seed."""
        self._drawn.clear()
        network = self.allocation.network
        grain = _GRAIN if arithmetic.is_exact else 0.0
        teacher = None if self.outputs is not None else self._teacher(grain)
        student, exact = self._student(grain), arithmetic.numbers
        inputs = self.points(arithmetic)
        student = {name: exact(weight) for name, weight in student.items()}
        if teacher is None:
            wanted = exact(self._outputs())
        else:
            teacher = {name: exact(weight) for name, weight in teacher.items()}
            wanted = arithmetic.outputs(network, teacher, inputs)
        return Data(inputs, wanted, student, teacher, tuple(self._drawn))

    def points(self, arithmetic: Arithmetic) -> Array:
        """The inputs in the numbers of an arithmetic, with the constant where it is one of them."""
        inputs = self._inputs(_GRAIN if arithmetic.is_exact else 0.0)
        return arithmetic.numbers(_with_constant(self.allocation.network, inputs))

    def _teacher(self, grain: float) -> Weights:
        if self.teacher is None:
            self._drawn.append("teacher")
            return self._random(_TEACHER, grain)
        found = checked_weights(self.allocation, self.teacher, "teacher")
        for name in self.allocation.network.weight_shapes:
            if name not in found:
                raise InputError(
                    f"teacher lacks the weight {name!r}; it needs all of the network's"
                )
        return found

    def _student(self, grain: float) -> Weights:
        """The weights to begin with: those given, the others drawn."""
        given = checked_weights(self.allocation, self.frozen or {}, "frozen")
        rest = self._random(_FROZEN, grain)
        needed = [
            name
            for name, mask in self.allocation.masks("present")
            if name not in given and (mask & ~self.allocation.mask(name)).any()
        ]
        if needed:
            self._drawn.append("frozen weights" if not given else f"frozen {', '.join(needed)}")
        return {name: given.get(name, weight) for name, weight in rest.items()}

    def _random(self, stream: int, grain: float) -> Weights:
        """Gaussian weights, absent ones 0."""
        rng = np.random.default_rng([self.seed, 20 + stream])
        present = self.allocation.given_present()
        shapes = self.allocation.network.weight_shapes.items()
        drawn = {name: _rounded(rng.normal(size=shape), grain) for name, shape in shapes}
        return {name: weight * present.get(name, True) for name, weight in drawn.items()}

    def _inputs(self, grain: float) -> Array:
        network, m = self.allocation.network, self.samples
        if self.inputs is None:
            self._drawn.append("inputs")
            *axes, _, _ = network.input_shape(m)
            rng = np.random.default_rng([self.seed, 20 + _INPUTS])
            return _rounded(rng.normal(size=(*axes, network.inputs, m)), grain)
        array = _flat(real_numbers(self.inputs, "inputs"), network.steps)
        points = np.array(finite_points(array, network.steps * network.inputs, m), dtype=float)
        if network.is_recurrent:
            return np.moveaxis(points.reshape(m, network.steps, network.inputs), 0, -1)
        return network.rows_of_points(points).T

    def _outputs(self) -> NDArray[Any]:
        """The teacher's outputs, of every step that is read one below the other."""
        network = self.allocation.network
        array = _flat(real_numbers(self.outputs, "outputs"), network.n_reads)
        width, found = network.n_reads * network.outputs, array.shape
        if array.ndim != 2 or found[1] != width or found[0] < self.samples:
            what = f"({self.samples}, {width}), one row for each sample"
            raise InputError(f"outputs must have shape {what}, not {found}")
        array = array[: self.samples].astype(np.float64)
        if not np.isfinite(array).all():
            raise InputError("outputs must be finite numbers")
        return array.T


def _with_constant(network: Network, inputs: Array) -> Array:
    """With the constant as a last row, where a linear network with biases takes it as an input."""
    return with_constant(network, inputs[None])[0] if network.is_linear else inputs


def _flat(array: NDArray[Any], steps: int) -> NDArray[Any]:
    """Points (points, steps, numbers) as (points, steps x numbers); others as they are."""
    is_by_step = array.ndim == 3 and array.shape[1] == steps
    return array.reshape(len(array), -1) if is_by_step else array


def _rounded(values: NDArray[np.float64], grain: float) -> NDArray[np.float64]:
    if not grain:
        return values
    found = np.round(values / grain) * grain
    return np.where(found == 0, grain, found)  # a weight that is 0 would be a coincidence
