"""Classes of small shallow ReLU problems: ranks in the patterns that draws show, and draws decided.

A pattern is what random weights and inputs show, or a point of the evidence, evaluated anew. Draws
with regular teachers are decided by `tests.relu_oracle` (one linear programme per pattern).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

import theorycheck as tc
from tests.shared import relu_oracle
from theorycheck.numeric.instances import Instance

from .problems import Active, Problem, rank

DRAWS = 150  # decided ones, with regular teachers


def is_relu(data: dict[str, Any]) -> bool:
    return data["problem"]["network"]["kind"] == "shallow_relu"


def points_of(evidence: Any) -> list[dict[str, Any]]:
    """All points anywhere in the evidence, those of inner certificates as well."""
    if isinstance(evidence, list):
        return [point for part in evidence for point in points_of(part)]
    if not isinstance(evidence, dict):
        return []
    found = [evidence] if {"weights", "inputs"} <= evidence.keys() else []
    return found + [point for part in evidence.values() for point in points_of(part)]


class Shallow:
    """What is known about one problem, computed once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._ranks: dict[Active, int] = {}

    def is_minimal(self, points: list[dict[str, Any]]) -> bool:
        """Whether no pattern that is known has full rank; those of `points` are tried as well."""
        size = self.problem.outputs * self.problem.samples
        shown = filter(None, (_active(self.problem, point) for point in points))
        return all(self._rank(active) < size for active in (*shown, *self._patterns))

    @cached_property
    def misses(self) -> bool:
        """Whether some draw has no match."""
        return not all(decided(self.problem))

    def _rank(self, active: Active) -> int:
        if active not in self._ranks:
            self._ranks[active] = rank(self.problem, "learnable", active)
        return self._ranks[active]

    @cached_property
    def _patterns(self) -> list[Active]:
        return sorted(patterns(self.problem), key=lambda active: -sum(map(sum, active)))


def patterns(problem: Problem, draws: int = 3000) -> set[Active]:
    """Activity of the units on each sample, of random draws of several scales of the biases."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(draws, *problem.shapes["W1"])) * problem.present["W1"]
    before = weights @ rng.normal(size=(draws, problem.n_inputs, problem.samples))
    if problem.bias:
        scales = rng.choice([0.1, 1, 10], size=(draws, 1))
        biases = rng.normal(size=(draws, *problem.shapes["b1"])) * problem.present["b1"]
        before = before + (scales * biases)[:, :, None]
    unique = np.unique(before > 0, axis=0)
    return {tuple(map(tuple, one.T.tolist())) for one in unique}


def draw(problem: Problem, rng: np.random.Generator) -> tuple[Any, Any]:
    """Gaussian weights and inputs."""
    weights = {name: rng.normal(size=shape) * problem.present[name]
               for name, shape in problem.shapes.items()}  # fmt: skip
    return weights, rng.normal(size=(problem.n_inputs, problem.samples))


def active_units(problem: Problem, weights: dict[str, Any], inputs: Any) -> Active:
    before = weights["W1"] @ inputs
    if problem.bias:
        before = before + weights["b1"][:, None]
    return tuple(tuple(bool(x > 0) for x in column) for column in before.T)


def _active(problem: Problem, point: dict[str, Any]) -> Active | None:
    """The pattern at a point of the evidence, where its form fits and nothing is on an edge."""
    try:
        weights = {n: np.array(v, dtype=object) for n, v in point["weights"].items()}
        inputs = np.array(point["inputs"], dtype=object)
        fits = inputs.shape == (problem.n_inputs, problem.samples)
        for name, shape in problem.shapes.items():
            fits = fits and weights[name].shape == shape
            fits = fits and not (weights[name] * ~problem.present[name]).any()
        if not fits:
            return None
        before = weights["W1"] @ inputs + (weights["b1"][:, None] if problem.bias else 0)
    except (TypeError, ValueError, LookupError):
        return None
    reached = problem.present["W1"].any(axis=1) | problem.present.get("b1", False)
    if (before[reached] == 0).any():
        return None
    return active_units(problem, weights, inputs)


def decided(problem: Problem) -> list[bool]:
    """Whether each of some draws with regular teachers may have a match, up to the first without.

    Where a unit is learnable on both sides and has several outputs, outputs are tried one by one:
    a draw without a match for one of them has none at all, but the converse need not hold.
    """
    inward = np.logical_or(problem.learnable["W1"].any(axis=1), problem.learnable.get("b1", False))
    both = inward & problem.learnable["W2"].any(axis=0)
    if len(inward) * problem.samples > 9:  # too many patterns, a linear programme for each
        return []
    parts: list[Any] = [slice(None)]
    if (problem.present["W2"].sum(axis=0)[both] > 1).any():
        parts = [slice(o, o + 1) for o in range(problem.outputs)]
    rng = np.random.default_rng(1)
    size = problem.outputs * problem.samples
    outcomes: list[bool] = []
    regular: dict[Active, bool] = {}
    for _ in range(20 * DRAWS):
        teacher, inputs = draw(problem, rng)
        pattern = active_units(problem, teacher, inputs)
        if pattern not in regular:
            regular[pattern] = rank(problem, "present", pattern) == size
        if regular[pattern]:
            student, _ = draw(problem, rng)
            wanted = relu_oracle.outputs(teacher, inputs)
            found = (_has_match(problem, part, student, inputs, wanted) for part in parts)
            outcomes.append(all(found))
        if len(outcomes) == DRAWS or outcomes[-1:] == [False]:
            return outcomes
    return outcomes


def _has_match(problem: Problem, part: slice, student: Any, inputs: Any, wanted: Any) -> bool:
    """Whether some weights of the student match the wanted outputs in `part`, by all patterns."""
    shapes = problem.shapes
    masks: dict[str, dict[str, Any]] = {"learnable": {}, "present": {}}
    for which, given in masks.items():
        for name in shapes:
            mask = getattr(problem, which)[name]
            given[name] = mask[part] if name[1:] == "2" else mask
    weights = {n: (w[part] if n[1:] == "2" else w)[None] for n, w in student.items()}
    widths = [shapes["W1"][1], shapes["W1"][0], len(wanted[part])]
    allocation = tc.Allocation(tc.ShallowReLU(widths, problem.bias), **masks)
    batch = Instance(weights, inputs[None], wanted[part].ravel()[None])
    return relu_oracle.Oracle(allocation, batch, 0).has_match()
