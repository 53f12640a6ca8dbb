"""Forged plans (T13, T14): right by counts, of problems that may not be maximal."""

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
    found = _levels_of(rng, first[:, lines], second, rows, columns)
    if found is None:
        return None
    evidence = {"pair": layer, "axis": axis, "lines": lines, **found}
    if rng.random() < 0.5:
        most = second.sum(axis=0)
        evidence["values"] = [rng.randint(0, max(min(found["chosen"], int(m)) - level, 0))
                              for level, m in zip(found["units"], most, strict=True)]  # fmt: skip
    return {"evidence": evidence, **claim("T14", "maximal")}


def _levels_of(
    rng: random.Random, inner: np.ndarray, second: np.ndarray, rows: int, columns: int
) -> dict[str, Any] | None:
    """Levels of units and of columns, and what goes with them."""
    most = second.sum(axis=0)
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
    return {"units": units, "columns": found, "chosen": chosen, "minor": minor}


def deep_levels(rng: random.Random, problem: Problem) -> Forged:
    """The same with some bases of the layers behind, and any unknowns."""
    forged = levels(rng, problem)
    if forged is None or problem.depth < 3:
        return None
    evidence = forged["evidence"]
    evidence.pop("values", None)
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


def drawn_plan(rng: random.Random, problem: Problem) -> Forged:
    """Lines with about enough learnables deleted, layers frozen, then any learnables or levels."""
    if problem.kind != "linear_feedforward":
        return None
    masks = _wide(problem)
    first, last, m, d = 1, problem.depth, effective(problem), problem.outputs
    rows, columns, steps = list(range(d)), list(range(masks[1].shape[1])), []
    for _ in range(rng.randint(0, 6)):
        what = rng.choice(["row", "column", "row", "column", "first", "last"])
        if not (m and d):
            break
        if what in ("first", "last"):
            if first == last:
                continue
            steps.append([what])
            if what == "first":
                columns, first = list(range(len(masks[first]))), first + 1
            else:
                rows, last = list(range(masks[last].shape[1])), last - 1
            continue
        lines, needed = (rows, m) if what == "row" else (columns, d)
        if not lines:
            continue
        index, mask = rng.choice(lines), masks[last if what == "row" else first]
        line = mask[index] if what == "row" else mask[:, index]
        if int(line.sum()) >= needed or rng.random() < 0.02:
            lines.remove(index)
            steps.append([what, index])
            m, d = (m, d - 1) if what == "row" else (m - 1, d)
    left = {k: masks[k][rows if k == last else slice(None)] for k in range(first, last + 1)}
    left[first] = left[first][:, columns]
    numbers = {k: (rows if k == last else None, columns if k == first else None) for k in left}
    rest = _rest(rng, left, numbers, m, d) if m and d else None
    if m and d and rest is None:
        return None
    theorem = "T14" if rest and "pair" in rest else "T13"
    return {"evidence": {"steps": steps, "rest": rest}, **claim(theorem, "maximal")}


def _wide(problem: Problem) -> dict[int, np.ndarray]:
    """The learnables of each layer, biases as its last column."""
    found = {}
    for k in range(1, problem.depth + 1):
        found[k] = problem.learnable[f"W{k}"]
        if problem.bias:
            found[k] = np.column_stack([found[k], problem.learnable[f"b{k}"]])
            if k < problem.depth:
                found[k] = np.vstack([found[k], np.zeros_like(found[k][:1])])
    return found


def _rest(rng: random.Random, left: dict[int, np.ndarray], numbers: Any, m: int, d: int) -> Any:
    """Learnables of one layer, or inputs or outputs of each unit; or levels of two layers."""
    layer = rng.choice(list(left))
    if rng.random() < 0.5:
        if layer + 1 not in left:
            return None
        rows, axis = (d, m), rng.choice(["columns", "rows"])
        first, second, at = left[layer], left[layer + 1], numbers[layer][1]
        if axis == "rows":
            first, second, rows, at = second.T, first.T, (m, d), numbers[layer + 1][0]
        if first.shape[1] < rows[1]:
            return None
        lines = sorted(rng.sample(range(first.shape[1]), rows[1]))
        found = _levels_of(rng, first[:, lines], second, *rows)
        if found is None:
            return None
        lines = lines if at is None else [at[t] for t in lines]
        return {"pair": layer, "axis": axis, "lines": lines, **found}
    chosen = {layer: left[layer].astype(bool)}
    if rng.random() < 0.2:
        chosen = {k: mask.astype(bool) for k, mask in left.items()}
    elif layer + 1 in left:
        takes = np.array([rng.random() < 0.5 for _ in left[layer]])
        chosen = {layer: chosen[layer] & takes[:, None], layer + 1: left[layer + 1] & ~takes}
    entries = []
    for k, mask in chosen.items():
        at_rows, at_columns = numbers[k]
        for i, j in np.argwhere(mask).tolist():
            row = i if at_rows is None else at_rows[i]
            entries.append([k, row, j if at_columns is None else at_columns[j]])
    return {"affine": entries} if len(entries) >= m * d else None
