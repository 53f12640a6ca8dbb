"""Trials of shallow ReLU networks: least squares, activation patterns, else a search.

The first two decide every draw, up to rounding; with one unit in conflict, nearly every draw that
has a regular teacher. A search only proves matches, so its estimates are lower bounds: restarts
miss some.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ...computing.arrays import Array
from ...numeric.forward import Entries, Weights
from ...numeric.instances import Instance
from ...problem.masks import entries_of
from ..batched_linalg import measured_rank
from ..existence import UNIT, Certificates, System, certify
from ..least_squares import MATCH, NO_MATCH, UNDECIDED, decide_affine
from ..levenberg import fit
from ..methods import Method
from ..trials import Source
from .cells import MOST_SAMPLES, cell_count
from .conflict import UnitConflict, find_conflict
from .exact import decide_patterns
from .rational import decide_exactly
from .units import UnitKind, students, unit_kinds

LEAST_SQUARES, PATTERNS = "least squares", "activation patterns"
DETERMINANTS = "activation patterns, one conflict"
SEARCH = "Levenberg-Marquardt"
MOST_COMBINATIONS = 100_000  # of activation patterns, for each draw

_CROSS_CHECKED = 50  # unmatched draws of a chunk that a search tries to refute
MOST_ENTRIES = 1000  # of a matrix that is decided in rational arithmetic

PATTERN = "pattern"  # the name under which an instance carries its activation pattern


class ReluEquations:
    """W2 relu(W1 x + b1) + b2 - y in the unknown `entries`, on all samples.

    If an instance has an activation pattern among its weights, (batch, hidden, samples), that is
    used in place of the signs of the pre-activations: then the outputs are polynomials.
    """

    def __init__(self, entries: Entries) -> None:
        self.entries = entries

    def residual(self, theta: Array, instance: Instance) -> tuple[Array, Array]:
        """Residuals (batch, outputs x samples), and their Jacobian in the unknowns."""
        weights = dict(instance.weights)
        for position, (name, index) in enumerate(self.entries):
            if weights[name] is instance.weights[name]:
                weights[name] = weights[name].copy()
            weights[name][(slice(None), *index)] = theta[:, position]
        inputs, second = instance.inputs, weights["W2"]
        before = pre_activations(weights, inputs)
        active = weights.get(PATTERN, before > 0)
        hidden = before * active
        outputs = second @ hidden
        if "b2" in weights:
            outputs = outputs + weights["b2"][:, :, None]
        jacobian = np.zeros((*outputs.shape, len(self.entries)))
        for position, (name, index) in enumerate(self.entries):
            if name in ("W2", "b2"):
                slope = hidden[:, index[1]] if name == "W2" else 1.0
                jacobian[:, index[0], :, position] = slope
            else:
                shown = inputs[:, index[1]] if name == "W1" else 1.0
                slope = active[:, index[0]] * shown
                jacobian[..., position] = second[:, :, index[0], None] * slope[:, None]
        count = len(outputs)
        value = outputs.reshape(count, -1) - instance.outputs
        return value, jacobian.reshape(*value.shape, len(self.entries))  # without entries too


def pre_activations(weights: Weights, inputs: Array) -> Array:
    """W1 x + b1, shape (batch, hidden, samples)."""
    before = weights["W1"] @ inputs
    return before if "b1" not in weights else before + weights["b1"][:, :, None]


def certify_relu(
    system: System, theta: Array, instances: Instance, xp: ModuleType = np
) -> Certificates:
    """`certify` within the activation pattern at theta, if no unit can switch near the solution."""
    assert isinstance(system, ReluEquations)
    weights = dict(instances.weights)
    reach = np.zeros_like(weights["W1"])  # 1 at learnable weights of the hidden units
    shift = np.zeros(weights["W1"].shape[:2])
    for position, (name, index) in enumerate(system.entries):
        if name in ("W1", "b1"):
            weights[name] = weights[name].copy()
            weights[name][(slice(None), *index)] = theta[:, position]
            if name == "W1":
                reach[(slice(None), *index)] = 1.0
            else:
                shift[:, index[0]] = 1.0
    before = pre_activations(weights, instances.inputs)
    patterned = {**instances.weights, PATTERN: (before > 0).astype(float)}
    fixed = Instance(patterned, instances.inputs, instances.outputs)
    found = certify(system, theta, fixed, xp)
    radius = np.where(np.isfinite(found.radius), found.radius, 0.0)[:, None, None]
    change = radius * (reach @ abs(instances.inputs) + shift[:, :, None])
    size = abs(weights["W1"]) @ abs(instances.inputs) + abs(weights.get("b1", shift))[:, :, None]
    rounding = 8 * UNIT * (instances.inputs.shape[1] + 2) * size
    keeps = (abs(before) > change + rounding).all(axis=(1, 2))
    return Certificates(found.proved & keeps, found.radius, found.residual, found.level)


@dataclass(frozen=True)
class _Drawn:
    """The trials of a chunk: students with the outputs they want, teachers and their Jacobians."""

    instances: Instance
    teacher: Weights
    jacobians: Array


class _ReluTrials:
    """Draws of teacher, student and inputs, with what the method asks of them."""

    def __init__(self, source: Source, seed: int, restarts: int) -> None:
        allocation = source.allocation
        self._source, self._seed, self._restarts = source, seed, restarts
        self._entries = entries_of(dict(allocation.masks("learnable")))
        everything = entries_of(dict(allocation.masks("present")))
        self._student, self._teacher = ReluEquations(self._entries), ReluEquations(everything)
        is_affine = all(name in ("W2", "b2") for name, _ in self._entries)
        self._kinds = None if is_affine else _enumerable(source, unit_kinds(allocation))
        self._conflict = None if is_affine or self._kinds else _conflict(source)
        self.name = LEAST_SQUARES if is_affine else PATTERNS if self._kinds else SEARCH
        self.name = DETERMINANTS if self._conflict else self.name
        self._last: tuple[tuple[int, int], _Drawn] | None = None

    def drawn(self, chunk: int, count: int) -> _Drawn:
        """The trials of a chunk, made once for all that asks for them in a row."""
        if self._last is None or self._last[0] != (chunk, count):
            self._last = (chunk, count), self._draw(chunk, count)
        return self._last[1]

    def _draw(self, chunk: int, count: int) -> _Drawn:
        rng = np.random.default_rng([self._seed, 0, chunk])
        teacher, student = self._source.teachers(rng, count), self._source.students(rng, count)
        inputs = self._source.inputs(rng, count)
        n_outputs = self._source.allocation.network.outputs * self._source.samples
        theta = np.empty((count, len(self._teacher.entries)))
        for position, (name, index) in enumerate(self._teacher.entries):
            theta[:, position] = teacher[name][(slice(None), *index)]
        nothing = Instance(teacher, inputs, np.zeros((count, n_outputs)))
        outputs, jacobians = self._teacher.residual(theta, nothing)
        return _Drawn(Instance(student, inputs, outputs), teacher, jacobians)

    def decide(self, chunk: int, count: int) -> Array:
        """Decisions of a chunk; what enumeration leaves open is searched."""
        instances = self.drawn(chunk, count).instances
        decisions, unclear = np.full(count, UNDECIDED), {}
        if self.name == LEAST_SQUARES:
            zero = np.zeros((count, len(self._entries)))
            value, jacobian = self._student.residual(zero, instances)
            decisions = decide_affine(jacobian, -value).decision
            unclear = {int(k): [()] for k in np.flatnonzero(decisions == UNDECIDED)}
        elif self._kinds:
            batch = students(self._source.allocation, self._kinds, instances)
            found = decide_patterns(batch, MOST_COMBINATIONS)
            decisions, unclear = found.decision, found.unclear
        elif self._conflict:
            batch = self._conflict.students(instances)
            found = decide_patterns(batch, MOST_COMBINATIONS, self._conflict.decide)
            decisions = found.decision
            self._cross_check(decisions, instances, chunk)
        for draw, combinations in unclear.items():
            decisions[draw] = self._exactly(self.drawn(chunk, count), draw, combinations)
        positions = np.flatnonzero(decisions == UNDECIDED)
        if len(positions) and self.name != LEAST_SQUARES:
            rng = np.random.default_rng([self._seed, 1, chunk])
            some = instances.take(positions)
            found = fit(self._student, some, rng, restarts=self._restarts, certifier=certify_relu)
            decisions[positions[found.matched]] = MATCH
        return decisions

    def _cross_check(self, decisions: Array, instances: Instance, chunk: int) -> None:
        """Search matches of some unmatched draws: one that is proved shows that roots are lost."""
        unmatched = np.flatnonzero(decisions == NO_MATCH)[:_CROSS_CHECKED]
        if not len(unmatched):
            return
        rng, some = np.random.default_rng([self._seed, 2, chunk]), instances.take(unmatched)
        found = fit(self._student, some, rng, restarts=2, certifier=certify_relu)
        if found.matched.any():
            decisions[decisions == NO_MATCH] = UNDECIDED
            decisions[unmatched[found.matched]] = MATCH

    def _exactly(self, drawn: _Drawn, draw: int, combinations: list[tuple[int, ...]]) -> int:
        """The decision of a draw in which all combinations but some are excluded."""
        if drawn.instances.outputs.shape[1] * len(self._entries) > MOST_ENTRIES:
            return UNDECIDED
        one = drawn.instances.take(draw)
        teacher = {name: value[draw] for name, value in drawn.teacher.items()}
        allocation, kinds = self._source.allocation, self._kinds or ()
        answers = {
            decide_exactly(allocation, kinds, teacher, one.weights, one.inputs, codes)
            for codes in combinations
        }
        if MATCH in answers:
            return MATCH
        return UNDECIDED if UNDECIDED in answers else NO_MATCH

    def is_regular(self, chunk: int, count: int) -> Array:
        """Whether the Jacobian of all weights of the teacher has full rank d m."""
        jacobians = self.drawn(chunk, count).jacobians
        ranks = measured_rank(jacobians)
        return np.array([ranks[k] == jacobians.shape[1] for k in range(count)])


def _enumerable(source: Source, kinds: tuple[UnitKind, ...] | None) -> tuple[UnitKind, ...] | None:
    """The units with learnable inputs, if all their combinations of patterns can be tried."""
    samples = source.samples
    if kinds is None or samples > MOST_SAMPLES:
        return None
    combinations = math.prod(cell_count(kind, samples) for kind in kinds)
    return kinds if combinations <= MOST_COMBINATIONS else None


def _conflict(source: Source) -> UnitConflict | None:
    """The only unit in conflict, if there is one nonlinear unknown and patterns can be tried."""
    found = find_conflict(source.allocation, source.samples)
    return found if found and _enumerable(source, found.kinds) else None


def relu_method(source: Source, seed: int, restarts: int, xp: ModuleType) -> Method:
    """Least squares if only the output layer is learnable, else activation patterns or a search.

    Patterns are enumerated where no unit's learnable inputs and outputs conflict, or one does and
    leaves one nonlinear unknown, up to MOST_COMBINATIONS; the search, Levenberg-Marquardt, proves
    matches only.
    """
    trials = _ReluTrials(source, seed, restarts)
    return Method(trials.name, trials.decide, is_regular=trials.is_regular)
