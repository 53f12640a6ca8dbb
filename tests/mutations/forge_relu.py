"""Forged certificates about shallow ReLU networks."""

from __future__ import annotations

import random
from itertools import product
from math import comb
from typing import Any

import numpy as np

from . import problems
from .forge_layers import Forged, claim
from .forge_ranks import independent
from .leaf_changes import Data
from .problems import Problem


def _point(rng: random.Random, problem: Problem, which: str) -> Forged:
    """Small integers, with the largest minor of all weights that are learnable (or present)."""
    if problem.kind != "shallow_relu":
        return None
    found: Data = {}
    for _ in range(8):
        found = _some_point(rng, problem, which)
        if len(found["rows"]) == problem.outputs * problem.samples:
            break
    return found


def _some_point(rng: random.Random, problem: Problem, which: str) -> Data:
    weights = {
        name: np.array([rng.choice([-3, -2, -1, 1, 2, 3]) for _ in range(int(np.prod(shape)))])
        .reshape(shape) * problem.present[name]
        for name, shape in problem.shapes.items()
    }  # fmt: skip
    inputs = np.array([[rng.randint(-5, 5) for _ in range(problem.samples)]
                       for _ in range(problem.n_inputs)])  # fmt: skip
    before = weights["W1"] @ inputs + (weights["b1"][:, None] if problem.bias else 0)
    active = tuple(tuple(bool(x > 0) for x in column) for column in before.T)
    exact = {name: value.astype(object) for name, value in weights.items()}
    point = problems.Point(exact, [inputs.astype(object)])
    matrix = np.array(problems.jacobian(problem, which, point, active), dtype=object)
    columns, rows = independent(matrix) if matrix.size else ([], [])
    text = {name: value.tolist() for name, value in weights.items()}
    return {"weights": text, "inputs": inputs.tolist(), "rows": rows, "columns": columns}


def _relu(rng: random.Random, problem: Problem, expressivity: str, **evidence: Any) -> Forged:
    target = problem.outputs * problem.samples
    stated = target if expressivity != "minimal" else None
    return {
        "evidence": evidence,
        **claim("T10", expressivity, target_dimension=target, rank=stated),
    }


def relu_count(rng: random.Random, problem: Problem) -> Forged:
    return _relu(rng, problem, "minimal", regular=_point(rng, problem, "present"))


def relu_cover(rng: random.Random, problem: Problem) -> Forged:
    target, r, m = problem.outputs * problem.samples, problem.n_learnable, problem.samples
    hidden = list(problem.shapes.values())[-1][-1]
    units = sorted(rng.sample(range(hidden), rng.randint(0, min(hidden, (target - 1) // m))))
    room = target - 1 - m * len(units)
    learnables = sorted(rng.sample(range(r), rng.randint(0, min(r, room))))
    room -= len(learnables)
    whole = rng.sample(range(problem.outputs), min(problem.outputs, room // m))
    equations = sorted(o * m + s for o, s in product(whole, range(m)))
    return _relu(rng, problem, "minimal", equations=equations, learnables=learnables, units=units,
                 regular=_point(rng, problem, "present"))  # fmt: skip


def relu_patterns(rng: random.Random, problem: Problem) -> Forged:
    """The number of patterns without exclusions, or a few fewer."""

    if problem.kind != "shallow_relu":
        return None
    units = problem.learnable["W2"].any(axis=0) | (
        problem.learnable["W1"].any(axis=1) & problem.present["W2"].any(axis=0)
    )
    number = comb(2 ** int(units.sum()) + problem.samples - 1, problem.samples)
    found = _relu(rng, problem, "minimal", patterns=max(number - rng.choice([0, 0, 0, 1, 2]), 1),
                  regular=_point(rng, problem, "present"))  # fmt: skip
    target = problem.outputs * problem.samples
    rank = rng.choice([target - 1, target - 1, min(problem.n_learnable, target) - 1])
    return found and {**found, "rank": max(rank, 0), "error_bound": 1e-10}


def relu_point(rng: random.Random, problem: Problem) -> Forged:
    return _relu(rng, problem, "positive", point=_point(rng, problem, "learnable"))


def relu_bounded_output(rng: random.Random, problem: Problem) -> Forged:
    output = rng.randrange(problem.outputs)
    point = _point(rng, problem, "learnable")
    return _relu(rng, problem, "intermediate", output=output, point=point)


def relu_missed_sample(rng: random.Random, problem: Problem) -> Forged:
    if problem.kind != "shallow_relu":
        return None
    output, unit = rng.randrange(problem.outputs), rng.randrange(problem.shapes["W1"][0])
    both = problem.learnable["W2"][output] & problem.learnable["W1"].any(axis=1)
    if both.any() and rng.random() < 0.9:
        unit = int(np.flatnonzero(both)[0])
    size = int(problem.learnable["W1"][unit].sum()) + 1
    if size > problem.samples:
        return None
    samples = sorted(rng.sample(range(problem.samples), size))
    return _relu(rng, problem, "intermediate", output=output, unit=unit, samples=samples,
                 point=_point(rng, problem, "learnable"),
                 regular=_point(rng, problem, "present"))  # fmt: skip


def relu_interpolation(rng: random.Random, problem: Problem) -> Forged:
    if problem.kind != "shallow_relu":
        return None
    units = []
    for mask in problem.learnable["W2"]:
        able = np.flatnonzero(mask).tolist()
        units.append(
            sorted(
                rng.sample(able, min(len(able), max(problem.samples - rng.choice([0, 0, 1]), 0)))
            )
        )
    return _relu(rng, problem, "maximal", units=units)
