"""T15: a regular point at infinity, and from there Newton's method to weights of finite size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..errors import InputError
from ..plans.algebra import Reals
from ..plans.graded import Data, Graded, GradedPlan, Order
from ..problem.allocation import Allocation
from ..problem.masks import Entry
from .arithmetic import Arithmetic, Weights
from .bench import Bench, Task

_TRIES = 8  # points at infinity: weights that are not solved for as given, then drawn
_SCALES = tuple(2.0**k for k in range(13))  # by which growing weights begin, the smallest first
_STEPS, _HALVINGS = 60, 6  # of Newton's method for each scale
_LEAST_GAIN = 0.9  # of the error in some steps, else the next scale is tried
_PATIENCE = 8
_CLOSE = 1e-9  # relative to the largest output: here the whole is refined
_STREAM = 40  # of draws that are tried


def graded(bench: Bench, task: Task, evidence: Mapping[str, Any]) -> None:
    """Learnables of a recurrent network on all samples: those of the point first, then all.

    Raises `InputError` where rationals cannot do what the plan says (the point is the end of a
    path that is followed in floats), and for inputs that no unit vectors can be made of.
    """
    solved = tuple(tuple(numbers) for numbers in evidence["solved"])
    plan = GradedPlan(
        tuple(evidence["fitted"]), tuple(evidence["growing"]), tuple(evidence["zero"]), solved
    )
    problem = _Problem.of(bench, task, plan)
    left = problem.graded.outputs(plan)
    if not plan.growing and len(solved) <= 1:
        entries = [problem.graded.entries[number] for numbers in solved for number in numbers]
        bench.tell(f"solve one linear system for {len(entries)} weights")
        bench.fit(task._replace(entries=entries, outputs=left))
    elif bench.arithmetic.is_exact:
        raise InputError(
            "the plan ends on a path to a regular point at infinity, which is followed in double "
            "precision only; leave rational out"
        )
    else:
        n_solved, n_growing = sum(map(len, solved)), len(plan.growing)
        bench.tell(
            f"solve the leading terms of {n_growing} weights that grow for {n_solved} of all, then "
            "follow the path from there by Newton's method"
        )
        bench.weights = problem.solved(bench)
        bench.fitted += [entry for entry in task.entries if _is_left(entry, plan)]
    for output in plan.fitted:
        line = [entry for entry in task.entries if entry[0] == "readout" and entry[1][0] == output]
        bench.tell(f"solve one linear system for {len(line)} weights of row {output} of readout")
        bench.fit(task._replace(entries=line, outputs=[output]))
    bench.refine()


def _is_left(entry: Entry, plan: GradedPlan) -> bool:
    """Whether a learnable is none of those that fit an output afterwards."""
    return entry[0] != "readout" or entry[1][0] not in plan.fitted


@dataclass(frozen=True)
class _Problem:
    """A graded plan with its data: samples that begin with unit vectors."""

    graded: Graded
    plan: GradedPlan
    order: Order
    data: Data
    arithmetic: Arithmetic

    @classmethod
    def of(cls, bench: Bench, task: Task, plan: GradedPlan) -> _Problem:
        """The problem on the samples of the task."""
        network = bench.network
        masks = {name: np.zeros(shape, dtype=int) for name, shape in network.weight_shapes.items()}
        for name, index in task.entries:
            masks[name][index] = 1
        one = Graded(Allocation(network, masks, bench.present), task.n_samples)
        walks = one.walks(plan)
        order = one.order(plan, walks, walks.degrees(plan.growing))
        inputs, wanted = bench.inputs @ task.mix, bench.wanted @ task.mix
        wanted = wanted.reshape(one.n_reads, network.outputs, -1)
        changed = _changed(inputs, wanted, one, bench.arithmetic)
        return cls(one, plan, order, Data(dict(bench.weights), *changed), bench.arithmetic)

    def solved(self, bench: Bench) -> Weights:
        """Weights that match on the outputs left, or nearly so: the best of some tries."""
        best, least = self.data.weights, np.inf
        for data in self._starts():
            weights, _, met = self.graded.built(self.plan, self.order, data, Reals())
            if not (met.all() and self.order.met.all()):
                continue
            path = _Path(self, weights)
            for scale in _SCALES:
                bench.deadline.check("the path from a point at infinity")
                found, error = path.followed(scale)
                if error < least:
                    best, least = found, error
                if least < _CLOSE:
                    return best
        return best

    def _starts(self) -> Iterator[Data]:
        """The data, whose learnables are as given, then drawn."""
        yield self.data
        rng = np.random.default_rng(_STREAM)
        for _ in range(_TRIES - 1):
            weights = {name: x.copy() for name, x in self.data.weights.items()}
            for name, index in self.graded.entries:
                weights[name][index] = rng.normal()
            yield replace(self.data, weights=weights)


def _changed(
    inputs: Array, wanted: Array, graded: Graded, arithmetic: Arithmetic
) -> tuple[Array, Array]:
    """Inputs (T, n_in, m) and outputs (reads, d, m) of samples combined to begin with units.

    Read at every step, samples that span are replaced by those that show a unit vector at first,
    then nothing: their outputs follow step by step.
    """
    m, n_steps = graded.samples, len(inputs)
    first = inputs.reshape(-1, inputs.shape[-1])[:m]
    chosen = arithmetic.independent(first)
    change = arithmetic.inverse(first[:, chosen]) if len(chosen) == m else None
    if change is None:
        raise InputError("the inputs are not generic: those of the first steps depend on others")
    inputs, wanted = inputs[..., chosen], wanted[..., chosen]
    if not (graded.network.reads_every_step and graded.network.is_spanned_by(m)):
        return inputs @ change, wanted @ change
    responses: list[Array] = []
    for step in range(n_steps):
        rest = wanted[step]
        for back, response in enumerate(responses):
            rest = rest - response @ inputs[step - back]
        responses.append(rest @ change)
    units = arithmetic.numbers(np.zeros((n_steps, *inputs.shape[1:2], m)))
    units[0] = arithmetic.numbers(np.eye(m))
    return units, np.array(responses)


class _Path:
    """Newton's method on the equations divided by the powers of the scale that they grow with."""

    def __init__(self, problem: _Problem, weights: Weights) -> None:
        self._problem, self._point = problem, weights
        graded, plan = problem.graded, problem.plan
        network, m = graded.network, graded.samples
        outputs = graded.outputs(plan)
        kept = [k for k, entry in enumerate(graded.entries) if _is_left(entry, plan)]
        grows = set(plan.growing)
        self._entries = [graded.entries[k] for k in kept]
        self._powers = np.array([float(k in grows) for k in kept])
        self._degrees = problem.order.degrees.ravel()
        rows = [read * network.outputs + o for read in range(graded.n_reads) for o in outputs]
        self._chosen = [row * m + sample for row in rows for sample in range(m)]
        self._wanted = problem.data.targets[:, outputs].ravel()

    def followed(self, scale: float) -> tuple[Weights, float]:
        """Weights of the point, growing ones times the scale, moved towards a match; its error."""
        by_entry = np.array(scale**self._powers)
        by_equation = np.array(1 / scale**self._degrees)
        t = np.array([self._point[name][index] for name, index in self._entries])
        value, jacobian = self._at(by_entry * t)
        errors = [self._error(value)]
        for _ in range(_STEPS):
            far = (self._wanted - value) * by_equation
            matrix = jacobian * by_entry * by_equation[:, None]
            change = self._problem.arithmetic.solve(matrix, far)
            moved = self._searched(t, change, float(np.linalg.norm(far)), by_entry, by_equation)
            if moved is None:
                break
            t, value, jacobian = moved
            errors.append(self._error(value))
            is_slow = len(errors) > _PATIENCE and (
                errors[-1] > _LEAST_GAIN * errors[-1 - _PATIENCE]
            )
            if errors[-1] < _CLOSE or is_slow:
                break
        return self._weights(by_entry * t), errors[-1]

    def _searched(
        self,
        t: NDArray[np.float64],
        change: NDArray[np.float64],
        least: float,
        by_entry: NDArray[np.float64],
        by_equation: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], Array, Array] | None:
        """The first of some shorter and shorter steps that makes it better."""
        for number in range(_HALVINGS):
            moved = t + 0.5**number * change
            value, jacobian = self._at(by_entry * moved)
            size = np.linalg.norm((self._wanted - value) * by_equation)
            if size < least:
                return moved, value, jacobian
        return None

    def _error(self, value: Array) -> float:
        return self._problem.arithmetic.relative(value - self._wanted, self._wanted)

    def _at(self, theta: NDArray[np.float64]) -> tuple[Array, Array]:
        """Outputs that are left, and their derivatives."""
        return self._problem.arithmetic.linearised(
            self._problem.graded.network,
            self._weights(theta),
            self._problem.data.inputs,
            self._entries,
            self._chosen,
        )

    def _weights(self, theta: NDArray[np.float64]) -> Weights:
        weights = {name: x.copy() for name, x in self._point.items()}
        for (name, index), value in zip(self._entries, theta, strict=True):
            weights[name][index] = value
        return weights
