"""Classes of small shallow ReLU problems: ranks in the patterns that draws show, and draws decided.

A pattern is what random weights and inputs show, or a point of the evidence, evaluated anew. Draws
with regular teachers are decided by `tests.relu_oracle` (one linear programme per pattern).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import theorycheck as tc
from tests import relu_oracle
from theorycheck.numeric.instances import Instance

from .problems import Active, Problem, rank

DRAWS = 60  # decided ones, with regular teachers


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


def classes(problem: Problem, points: list[dict[str, Any]]) -> frozenset[str]:
    """The classes that are not refuted."""
    size = problem.outputs * problem.samples
    shown = sorted({*patterns(problem), *filter(None, (_active(problem, p) for p in points))})
    if all(rank(problem, "learnable", active) < size for active in shown):
        return frozenset({"minimal"})
    outcomes = decided(problem)
    if outcomes is None or all(outcomes):
        return frozenset({"intermediate", "maximal"})
    return frozenset({"intermediate"})


def patterns(problem: Problem, draws: int = 3000) -> set[Active]:
    """Activity of the units on each sample, of random draws of several scales and biases."""
    rng = np.random.default_rng(0)
    found = set()
    for _ in range(draws):
        weights, inputs = draw(problem, rng, float(rng.choice([0.1, 1, 10])))
        found.add(active_units(problem, weights, inputs))
    return found


def draw(problem: Problem, rng: np.random.Generator, scale: float = 1.0) -> tuple[Any, Any]:
    """Gaussian weights, the biases of another scale, and inputs."""
    weights = {name: rng.normal(size=shape) * problem.present[name]
               for name, shape in problem.shapes.items()}  # fmt: skip
    if problem.bias:
        weights["b1"] = weights["b1"] * scale
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


def decided(problem: Problem) -> list[bool] | None:
    """Whether each of some draws has a match; None where the oracle cannot tell.

    It cannot where a unit is learnable on both sides and has several outputs; nor where enough
    regular teachers do not turn up.
    """
    inward = problem.learnable["W1"].any(axis=1) | problem.learnable.get("b1", False)
    both = inward & problem.learnable["W2"].any(axis=0)
    if (problem.present["W2"].sum(axis=0)[both] != 1).any():
        return None
    if len(inward) * problem.samples > 9:  # too many patterns, a linear programme for each
        return None
    rng = np.random.default_rng(1)
    size = problem.outputs * problem.samples
    network = tc.ShallowReLU([problem.n_inputs, len(inward), problem.outputs], problem.bias)
    allocation = tc.Allocation(network, problem.learnable, problem.present)
    outcomes: list[bool] = []
    regular: dict[Active, bool] = {}
    for _ in range(40 * DRAWS):
        teacher, inputs = draw(problem, rng)
        pattern = active_units(problem, teacher, inputs)
        if pattern not in regular:
            regular[pattern] = rank(problem, "present", pattern) == size
        if not regular[pattern]:
            continue
        student, _ = draw(problem, rng)
        wanted = relu_oracle.outputs(teacher, inputs).ravel()
        one = Instance(student, inputs, wanted)
        batch = Instance({n: w[None] for n, w in student.items()}, inputs[None], wanted[None])
        assert one is not batch
        outcomes.append(relu_oracle.Oracle(allocation, batch, 0).has_match())
        if len(outcomes) == DRAWS or not outcomes[-1]:
            return outcomes
    return outcomes if len(outcomes) > DRAWS // 4 else None
