"""Forged certificates, these about one layer: evidence that is right in itself.

Whatever a check computes again (counts, sizes, numbers of entries) is right here; what it must
remember to ask (which network, dense or not, which layer, a bottleneck, the class) is random. Each
forger takes the problem as read by `problems.read` and yields keys of a certificate, or None.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from .leaf_changes import Data
from .problems import Problem, effective

Forged: TypeAlias = Data | None


Forger: TypeAlias = Callable[[random.Random, Problem], Forged]


def place_of(rng: random.Random, problem: Problem) -> tuple[str, np.ndarray]:
    """A weight, most often one with learnables, and its mask, the bias as last column."""
    some = [name for name in problem.shapes if problem.learnable[name].any() and name[0] != "b"]
    name = rng.choice(some or [name for name in problem.shapes if name[0] != "b"])
    mask = problem.learnable[name]
    mask = mask.reshape(len(mask), -1)  # of a filter, which no such kind is about
    if problem.bias:
        bias = f"b{name[1:]}"
        return f"[{name} {bias}]", np.column_stack([mask, problem.learnable[bias]])
    return name, mask


def claim(theorem: str, expressivity: str, **more: Any) -> Data:
    claim = {"theorem": theorem, "expressivity": expressivity, "rank": None, "error_bound": 0.0}
    return {**claim, "target_dimension": None, **more}


def _theorem(rng: random.Random, problem: Problem, others: tuple[str, ...] = ()) -> str:
    if rng.random() < 0.05:
        return rng.choice(["T3", "T4", "T5"])
    return "T5" if problem.kind == "linear_recurrent" else rng.choice(["T4", "T4", *others])


def _lines(mask: np.ndarray, axis: str) -> list[int]:
    return [int(n) for n in mask.sum(axis=1 if axis == "rows" else 0)]


def degree_count(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    m_e, d = effective(problem), problem.outputs
    needed = {"rows": m_e, "columns": d}[axis] if rng.random() < 0.8 else rng.randint(1, 4)
    counts = _lines(mask, axis)
    few = [[i, n] for i, n in enumerate(counts) if n < needed]
    evidence = {"place": place, "axis": axis, "needed": needed, "smallest": min(counts)}
    evidence["deficient"] = few[: rng.randint(1, len(few))] if few else []
    return {
        "evidence": evidence,
        **claim(_theorem(rng, problem, ("T3",)), "minimal" if few else "maximal"),
    }


def support_count(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    needed = effective(problem) if axis == "columns" else problem.outputs
    found = sum(n > 0 for n in _lines(mask, axis))
    evidence = {"place": place, "axis": axis, "needed": needed, "found": found}
    return {
        "evidence": evidence,
        **claim(_theorem(rng, problem), "maximal" if found >= needed else "minimal"),
    }


def bottleneck(rng: random.Random, problem: Problem) -> Forged:
    m_e, d = effective(problem), problem.outputs
    if problem.kind == "linear_recurrent":
        place, width = "the hidden layer", problem.shapes["readout"][1]
    elif problem.depth < 2:
        return None
    else:
        layer = rng.randint(1, problem.depth - 1)
        place, width = f"hidden layer {layer}", problem.shapes[f"W{layer}"][0]
        width += problem.bias * rng.randint(0, 1)
    evidence = {"place": place, "width": width, "needed": rng.choice([m_e, d])}
    return {"evidence": evidence, **claim(_theorem(rng, problem, ("T3",)), "minimal")}


def _frozen(mask: np.ndarray) -> list[list[int]]:
    return np.argwhere(~mask).tolist()


def cycle(rng: random.Random, problem: Problem) -> Forged:
    import networkx as nx

    place, mask = place_of(rng, problem)
    graph = nx.Graph([(("r", i), ("c", j)) for i, j in _frozen(mask)])
    cycles = nx.cycle_basis(graph)
    if not cycles:
        return None
    nodes = rng.choice(cycles)
    edges = zip(nodes, nodes[1:] + nodes[:1], strict=True)
    entries = [[max(e)[1], min(e)[1]] for e in edges]
    return {
        "evidence": {"place": place, "cycle": entries},
        **claim(_theorem(rng, problem), "minimal"),
    }


def forest(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    evidence = {"place": place, "frozen": _frozen(mask)}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def two_dimensions(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    one = mask if axis == "columns" else mask.T
    needed = effective(problem) if axis == "columns" else problem.outputs
    full = one.sum(axis=0) >= 2
    left = max(needed - int(full.sum()), 0)
    found = sum(min(int(n), left) for n in one[:, ~full].sum(axis=1))
    evidence = {"place": place, "axis": axis, "full": int(full.sum()), "left": left, "found": found}
    return {
        "evidence": evidence,
        **claim(_theorem(rng, problem), "maximal" if found >= 2 * left else "minimal"),
    }


def rectangle(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    p, q = mask.shape
    a, b = p - problem.outputs, q - effective(problem)
    rows = sorted(rng.sample(range(p), rng.randint(min(max(a, 0), p), p)))
    columns = sorted(rng.sample(range(q), rng.randint(min(max(b, 0), q), q)))
    found = int((~mask)[np.ix_(rows, columns)].sum())
    most = b * len(rows) + a * len(columns) - a * b
    evidence = {"place": place, "rows": rows, "columns": columns, "frozen": found, "most": most}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "minimal")}


def _peeled(
    rng: random.Random, problem: Problem, mask: np.ndarray
) -> tuple[list[Any], list[int], list[int]]:
    """Lines deleted as far as it goes (or less far), and the rows and columns left."""
    p, q = mask.shape
    most = {"rows": q - effective(problem), "columns": p - problem.outputs}
    left = {"rows": list(range(p)), "columns": list(range(q))}
    peeled: list[Any] = []
    for _ in range(rng.choice([0, 20, 20])):
        axis = rng.choice(["rows", "columns"])
        part = (~mask)[np.ix_(left["rows"], left["columns"])]
        counts = part.sum(axis=1 if axis == "rows" else 0)
        lines = [x for x, n in zip(left[axis], counts, strict=True) if n <= most[axis]]
        if lines:
            lines = rng.sample(lines, rng.randint(1, len(lines)))
            peeled.append([axis, lines])
            left[axis] = [x for x in left[axis] if x not in lines]
    return peeled, left["rows"], left["columns"]


def peeling_order(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, _, _ = _peeled(rng, problem, mask)
    evidence = {"place": place, "peeled": peeled}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def assignment(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    axis = rng.choice(["rows", "columns"])
    entries = []
    for line in columns if axis == "columns" else rows:
        own = [[i, j] for i, j in product(rows, columns)
               if not mask[i, j] and line == (j if axis == "columns" else i)]  # fmt: skip
        entries += [rng.choice(own)] if own else []
    evidence = {"place": place, "peeled": peeled, "axis": axis, "cells": entries}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def two_forests(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    order = [["row", i] for i in rows] + [["column", j] for j in columns]
    rng.shuffle(order)
    evidence = {"place": place, "peeled": peeled, "order": order}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def block_forests(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    a, b = mask.shape[0] - problem.outputs, mask.shape[1] - effective(problem)
    evidence = {"place": place, "peeled": peeled}
    evidence["rows"] = [rng.randrange(max(a, 1)) for _ in rows]
    evidence["columns"] = [rng.randrange(max(b, 1)) for _ in columns]
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def colouring(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    one = mask if axis == "columns" else mask.T
    n = max(effective(problem), 1) if axis == "columns" else problem.outputs
    met = [np.zeros(len(one), dtype=bool) for _ in range(n)]
    colours = []
    for column in one.T:  # the colour that gains most, or any
        gains = [int((column & ~seen).sum()) for seen in met]
        best = int(np.argmax(gains)) if rng.random() < 0.9 else rng.randrange(n)
        met[best] = met[best] | column
        colours.append(best)
    evidence = {"place": place, "axis": axis, "colours": colours}
    return {"evidence": evidence, **claim(_theorem(rng, problem), "maximal")}


def frozen_direct_path(rng: random.Random, problem: Problem) -> Forged:
    delayed = problem.n_inputs * (problem.steps - 1)
    evidence = {"samples": problem.samples, "delayed_inputs": delayed}
    return {"evidence": evidence, **claim("T5", "minimal")}
