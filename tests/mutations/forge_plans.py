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
    if rng.random() < 0.5:
        evidence["values"] = [rng.randint(0, max(min(chosen, int(m)) - level, 0))
                              for level, m in zip(units, most, strict=True)]  # fmt: skip
    return {"evidence": evidence, **claim("T14", "maximal")}


def _level(rng: random.Random, column: np.ndarray, units: np.ndarray, rows: int) -> int | None:
    """A level for which a column has units enough, or no level."""
    if rng.random() < 0.2:
        return None
    fits = [k for k in range(rows + 1) if (column & (units >= k)).sum() >= rows - k]
    return rng.choice(fits)
