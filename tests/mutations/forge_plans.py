"""Forged certificates on levels (T14): right by counts, of problems that may not be maximal."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from .forge_layers import Forged, claim
from .problems import Problem, effective


def levels(rng: random.Random, problem: Problem) -> Forged:
    """Levels that learnables allow, columns of about as many as they need, any unknowns."""
    if problem.kind != "linear_feedforward" or problem.bias or problem.depth < 2:
        return None
    layer, axis = rng.randint(1, problem.depth - 1), rng.choice(["columns", "rows"])
    first, second = (problem.learnable[f"W{k}"] for k in (layer, layer + 1))
    rows, columns = problem.outputs, effective(problem)
    if axis == "rows":
        first, second, rows, columns = second.T, first.T, columns, rows
    if first.shape[1] < columns:
        return None
    lines = sorted(rng.sample(range(first.shape[1]), columns))
    inner, most = first[:, lines], second.sum(axis=0)
    cap = rng.randint(0, rows)
    units = [int(min(cap, m)) if rng.random() < 0.8 else rng.randint(0, int(min(m, rows)))
             for m in most]  # fmt: skip
    chosen = rng.choice([cap, cap, 0, rng.randint(0, rows)])
    found: list[Any] = [_level(rng, inner[:, t], np.array(units), rows) for t in range(columns)]
    minor = None
    if None in found:
        n_unknowns, size = int(inner.sum() + second.sum()), rows * columns
        if n_unknowns < size:
            return None
        minor = rng.sample(range(n_unknowns), size)
    evidence = {"pair": layer, "axis": axis, "lines": lines, "units": units, "columns": found,
                "chosen": chosen, "minor": minor}  # fmt: skip
    return {"evidence": evidence, **claim("T14", "maximal")}


def deep_levels(rng: random.Random, problem: Problem) -> Forged:
    """The same with some bases of the layers behind, and any unknowns."""
    forged = levels(rng, problem)
    if forged is None or problem.depth < 3:
        return None
    evidence = forged["evidence"]
    layer, by_columns = evidence["pair"], evidence["axis"] == "columns"
    numbers = range(layer + 2, problem.depth + 1) if by_columns else range(layer - 1, 0, -1)
    masks = [problem.learnable[f"W{k}"] for k in numbers]
    sizes = [int(mask.sum()) for mask in masks]
    has_samples = not by_columns and problem.n_inputs > effective(problem)
    n_behind = len(sizes) + has_samples
    rows, columns = problem.outputs, effective(problem)
    rows = rows if by_columns else columns
    if not n_behind or rows < 2:
        return None
    bases, left = [0] * n_behind, rng.randint(1, rows - 1)
    for _ in range(left):
        bases[rng.randrange(n_behind)] += 1
    most = rows - left
    found = [None if level is None or rng.random() < 0.3 else min(level, most)
             for level in evidence["columns"]]  # fmt: skip
    minor, size = None, problem.outputs * effective(problem)
    first, second = (problem.learnable[f"W{k}"] for k in (layer, layer + 1))
    inner = first[:, evidence["lines"]] if by_columns else second[evidence["lines"]]
    n_unknowns = int(inner.sum() + (second if by_columns else first).sum()) + sum(sizes)
    if None in found:
        if n_unknowns < size:
            return None
        minor = rng.sample(range(n_unknowns), size)
    units = [min(level, most) for level in evidence["units"]]
    evidence |= {"bases": bases, "units": units, "columns": found, "minor": minor}
    evidence["chosen"] = min(evidence["chosen"], most)
    return {"evidence": evidence, **claim("T16", "maximal")}


def _level(rng: random.Random, column: np.ndarray, units: np.ndarray, rows: int) -> int | None:
    """A level for which a column has units enough, or no level."""
    if rng.random() < 0.2:
        return None
    fits = [k for k in range(rows + 1) if (column & (units >= k)).sum() >= rows - k]
    return rng.choice(fits)
