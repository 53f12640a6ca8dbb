"""Forged certificates about piecewise linear networks."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from . import piecewise_truth
from .forge_layers import Forged, claim
from .forge_ranks import independent
from .leaf_changes import Data
from .piecewise_truth import Kink, columns_at
from .problems import Problem

SCALE = 8


def _point(rng: random.Random, problem: Problem, which: str) -> Data | None:
    """Small integers, perhaps with a scale, and a largest minor of the `which` weights there."""
    if not piecewise_truth.PIECEWISE & {*problem.activations} or problem.inputs is not None:
        return None
    best: Data | None = None
    for _ in range(8):
        found = _some_point(rng, problem, which)
        if found and (best is None or len(found["rows"]) > len(best["rows"])):
            best = found
    return best


def _some_point(rng: random.Random, problem: Problem, which: str) -> Data | None:
    scale = SCALE if "hardtanh" in problem.activations else 1

    def draw(shape: tuple[int, ...]) -> Any:
        values = [rng.choice([-7, -3, -1, 1, 2, 5, 9]) for _ in range(int(np.prod(shape)))]
        return np.array(values, dtype=object).reshape(shape)

    weights = {name: draw(shape) * problem.present[name] for name, shape in problem.shapes.items()}
    inputs = [draw((problem.n_inputs, problem.samples)) for _ in range(problem.steps)]
    point = {
        "scale": scale,
        "weights": {name: value.tolist() for name, value in weights.items()},
        "inputs": np.concatenate(inputs).tolist(),
    }
    exact = piecewise_truth.numbers_of(problem, point)
    try:
        columns = columns_at(problem, *exact)
    except (Kink, KeyError):
        return None
    chosen = [columns[entry] for entry in problem.entries(which)]
    if not chosen or not chosen[0]:
        return {**point, "rows": [], "columns": []}
    numbers, rows = independent(np.array(chosen, dtype=object))
    return {**point, "rows": rows, "columns": numbers}


def _full(rng: random.Random, problem: Problem, theorem: str, expressivity: str, **more: Any
          ) -> Forged:  # fmt: skip
    point = _point(rng, problem, "learnable")
    if point is None:
        return None
    target = len(point["rows"])
    evidence = {**more, "point": point}
    return {"evidence": evidence,
            **claim(theorem, expressivity, rank=target, target_dimension=target)}  # fmt: skip


def piecewise_point(rng: random.Random, problem: Problem) -> Forged:
    return _full(rng, problem, "T11", "positive")


def piecewise_output(rng: random.Random, problem: Problem) -> Forged:
    output = rng.randrange(problem.outputs)
    return _full(rng, problem, "T12", "intermediate", output=output)


def piecewise_cover(rng: random.Random, problem: Problem) -> Forged:
    """A random cover that is small enough: all learnables, or some, with outputs and units."""
    regular = _point(rng, problem, "present")
    if regular is None:
        return None
    size, m, r = len(regular["rows"]), problem.samples, problem.n_learnable
    outputs: list[int] = []
    units: list[list[int]] = []
    learnables = list(range(r))
    if r >= size or rng.random() < 0.5:
        reads = problem.steps if problem.readout == "all" else 1
        rows = list(range(problem.outputs * reads))
        places = range(1, 1 + (problem.steps if problem.is_recurrent else problem.depth - 1))
        names = [name for name in problem.shapes if name[0] == "W"]
        width = {
            a: problem.shapes["recurrent" if problem.is_recurrent else names[a - 1]][0]
            for a in places
        }
        every = [[a, k] for a in places for k in range(width[a])]
        room = max(size - 1, 0)
        units = sorted(rng.sample(every, rng.randint(0, min(len(every), room // m))))
        room -= m * len(units)
        outputs = sorted(rng.sample(rows, rng.randint(0, min(len(rows), room // m))))
        room -= m * len(outputs)
        learnables = sorted(rng.sample(range(r), min(r, room + rng.choice([0, 0, 1]))))
    evidence = {"outputs": outputs, "units": units, "learnables": learnables, "regular": regular}
    return {"evidence": evidence, **claim("T11", "minimal")}
