"""Forged certificates: evidence that is right in itself, about problems it may not speak of.

Whatever a check computes again (counts, sizes, numbers of cells) is right here; what it must
remember to ask (which network, dense or not, which layer, a bottleneck, the class) is random. Each
forger takes the problem as read by `problems.read` and yields keys of a certificate, or None.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from . import problems
from .changes import Data, shapes
from .problems import PRIME, Problem, read

Forged: TypeAlias = Data | None
Forger: TypeAlias = Callable[[random.Random, Problem], Forged]
CRITICAL = {"full_rank", "affine_full_rank", "group_bezout", "triangular", "witness", "odd_degree",
            "relu_point", "relu_bounded_output", "relu_missed_sample", "sub_allocation"}  # fmt: skip
LAYER_KINDS = {"degree_count", "support_count", "bottleneck", "cycle", "forest", "two_dimensions",
               "rectangle", "peeling_order", "assignment", "two_forests", "block_forests",
               "colouring", "frozen_direct_path", "outside_count"}  # fmt: skip
RIGID = {"cycle", "forest", "rectangle", "peeling_order", "assignment", "two_forests",
         "block_forests"}  # fmt: skip
BOUNDED = {"relu_missed_sample", "relu_bounded_output", "relu_patterns"}
SPARSE = {"full", "sub_allocation", "count", "deficient_rank", "full_rank", "affine_full_rank",
          "structural_cover", "group_bezout", "triangular", "witness", "odd_degree"}  # fmt: skip


def random_problem(rng: random.Random, kind: str = "") -> Data:
    """A small problem of any kind, most often one that a certificate of `kind` may be about."""
    network = _network(rng, kind)
    problem: Data = {"network": network, "samples": rng.choice([1, 2, 2, 3, 3, 4])}
    names = list(shapes(network))
    weights = [name for name in names if name[0] != "b"]
    if (kind in SPARSE and rng.random() < 0.3) or rng.random() < 0.05:
        problem["present"] = _masks(rng, network, names, rng.choice([0.5, 0.8, 0.95]))
    chosen = names if rng.random() < 0.5 else rng.sample(names, min(len(names), rng.randint(1, 2)))
    if kind in LAYER_KINDS and rng.random() < 0.95:
        some = ["recurrent"] if kind in RIGID else ["recurrent", "readout", "input"]
        inner = ["W1"] if kind in RIGID and len(weights) == 2 else weights
        name = rng.choice(some if "recurrent" in names else inner)
        chosen = [other for other in names if other[1:] == name[1:]]
    problem["learnable"] = _masks(rng, network, chosen, rng.choice([0.3, 0.5, 0.7, 0.9, 1]))
    present = problem.get("present", {})
    for name, mask in problem["learnable"].items():
        problem["learnable"][name] = (np.array(mask) * np.array(present.get(name, 1))).tolist()
    if network["kind"] == "linear_feedforward" and rng.random() < 0.15:
        n_0, m = network["widths"][0], problem["samples"]
        problem["inputs"] = [[rng.randint(-2, 2) for _ in range(n_0)] for _ in range(m)]
        problem["basis"] = _basis(rng, read(problem), m)
    if kind in BOUNDED and network["kind"] == "shallow_relu" and rng.random() < 0.7:
        _one_unit_on_both_sides(rng, problem)
    elif kind in CRITICAL and rng.random() < 0.9:
        _at_the_critical_budget(rng, problem)
    return problem


def _network(rng: random.Random, kind: str) -> Data:
    """Of a kind that certificates of `kind` are about, nine times out of ten."""
    others = ["linear_feedforward", "linear_feedforward", "linear_recurrent", "shallow_relu"]
    wanted = ["shallow_relu"] if kind.startswith("relu") else others[:3]
    wanted = ["linear_recurrent"] if kind in ("frozen_direct_path", "outside_count") else wanted
    title = rng.choice(wanted if rng.random() < 0.9 else others)
    if title == "linear_recurrent":
        hidden = rng.randint(3, 5) if kind in RIGID else rng.randint(1, 4)
        network: Data = {"kind": title, "inputs": rng.randint(1, 3), "hidden": hidden}
        network |= {"outputs": rng.randint(1, 3), "steps": rng.choice([1, 2, 2, 2, 3])}
        return {**network, "readout": rng.choice(["final", "final", "final", "all"])}
    if kind in RIGID and title == "linear_feedforward" and rng.random() < 0.8:
        d = rng.randint(1, 3)
        return {"kind": title, "widths": [rng.randint(2, 6), d + rng.randint(1, 3), d]}
    depth = 2 if title == "shallow_relu" else rng.choice([1, 2, 2, 3])
    most = 3 if title == "shallow_relu" or kind in CRITICAL else 5
    network = {"kind": title, "widths": [rng.randint(1, most) for _ in range(depth + 1)]}
    return {**network, "bias": True} if rng.random() < 0.3 else network


def _basis(rng: random.Random, problem: Problem, m: int) -> list[int]:
    """As many points as their rank, most often."""
    size = effective(problem) if rng.random() < 0.9 else rng.randint(1, m)
    return sorted(rng.sample(range(m), max(min(size, m), 1)))


def _at_the_critical_budget(rng: random.Random, problem: Data) -> None:
    """As many learnables as the target dimension, where there are so many weights."""
    read_ = read(problem)
    target = problems.rank(read_, "present") if read_.is_linear else read_.outputs * read_.samples
    names = list(problem["learnable"])
    cells = [cell for cell in read_.cells("present") if cell[0] in names or rng.random() < 0.2]
    part = read_.with_learnable(rng.sample(cells, min(target, len(cells))))
    problem["learnable"] = {n: (x * 1).tolist() for n, x in part.learnable.items() if x.any()}


def _one_unit_on_both_sides(rng: random.Random, problem: Data) -> None:
    """Some inputs of one unit (or of none), and about as many output weights as there must be."""
    part = read(problem)
    unit = rng.randrange(part.shapes["W1"][0])
    inward = [(n, i) for n, i in part.cells("present") if n in ("W1", "b1") and i[0] == unit]
    cells = rng.sample(inward, rng.randint(0, min(2, len(inward))))
    outward = [cell for cell in part.cells("present") if cell[0] == "W2"]
    size = part.outputs * part.samples - len(cells) + rng.choice([0, 0, 1])
    cells += rng.sample(outward, min(max(size, 1), len(outward)))
    masks = part.with_learnable(cells).learnable
    problem["learnable"] = {name: (mask * 1).tolist() for name, mask in masks.items() if mask.any()}


def _masks(rng: random.Random, network: Data, names: list[str], share: float) -> Data:
    return {
        name: (np.array([rng.random() < share for _ in range(int(np.prod(shape)))]) * 1)
        .reshape(shape)
        .tolist()
        for name, shape in shapes(network).items()
        if name in names
    }


def effective(problem: Problem) -> int:
    """m_e of a linear network."""
    per_step = 1 if problem.kind != "linear_recurrent" or problem.readout == "all" else None
    dimension = problem.n_inputs * (per_step or problem.steps) + problem.bias
    m = problem.samples
    if problem.inputs is not None:
        from flint import fmpq, fmpq_mat

        rows = [[fmpq(x.numerator, x.denominator) for x in row] for row in problem.inputs]
        m = fmpq_mat([*rows, *[[fmpq(1)] * m] * problem.bias]).rank()
    return min(m, dimension)


def place_of(rng: random.Random, problem: Problem) -> tuple[str, np.ndarray]:
    """A weight, most often one with learnables, and its mask, the bias as last column."""
    some = [name for name in problem.shapes if problem.learnable[name].any() and name[0] != "b"]
    name = rng.choice(some or [name for name in problem.shapes if name[0] != "b"])
    mask = problem.learnable[name]
    if problem.bias:
        bias = f"b{name[1:]}"
        return f"[{name} {bias}]", np.column_stack([mask, problem.learnable[bias]])
    return name, mask


def _claim(theorem: str, expressivity: str, **more: Any) -> Data:
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
        **_claim(_theorem(rng, problem, ("T3",)), "minimal" if few else "maximal"),
    }


def support_count(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    needed = effective(problem) if axis == "columns" else problem.outputs
    found = sum(n > 0 for n in _lines(mask, axis))
    evidence = {"place": place, "axis": axis, "needed": needed, "found": found}
    return {
        "evidence": evidence,
        **_claim(_theorem(rng, problem), "maximal" if found >= needed else "minimal"),
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
    return {"evidence": evidence, **_claim(_theorem(rng, problem, ("T3",)), "minimal")}


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
    cells = [[max(e)[1], min(e)[1]] for e in edges]
    return {
        "evidence": {"place": place, "cycle": cells},
        **_claim(_theorem(rng, problem), "minimal"),
    }


def forest(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    evidence = {"place": place, "frozen": _frozen(mask)}
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


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
        **_claim(_theorem(rng, problem), "maximal" if found >= 2 * left else "minimal"),
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
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "minimal")}


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
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


def assignment(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    axis = rng.choice(["rows", "columns"])
    cells = []
    for line in columns if axis == "columns" else rows:
        own = [[i, j] for i, j in product(rows, columns)
               if not mask[i, j] and line == (j if axis == "columns" else i)]  # fmt: skip
        cells += [rng.choice(own)] if own else []
    evidence = {"place": place, "peeled": peeled, "axis": axis, "cells": cells}
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


def two_forests(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    order = [["row", i] for i in rows] + [["column", j] for j in columns]
    rng.shuffle(order)
    evidence = {"place": place, "peeled": peeled, "order": order}
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


def block_forests(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    peeled, rows, columns = _peeled(rng, problem, mask)
    a, b = mask.shape[0] - problem.outputs, mask.shape[1] - effective(problem)
    evidence = {"place": place, "peeled": peeled}
    evidence["rows"] = [rng.randrange(max(a, 1)) for _ in rows]
    evidence["columns"] = [rng.randrange(max(b, 1)) for _ in columns]
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


def colouring(rng: random.Random, problem: Problem) -> Forged:
    place, mask = place_of(rng, problem)
    axis = rng.choice(["rows", "columns"])
    one = mask if axis == "columns" else mask.T
    n = effective(problem) if axis == "columns" else problem.outputs
    met = [np.zeros(len(one), dtype=bool) for _ in range(n)]
    colours = []
    for column in one.T:  # the colour that gains most, or any
        gains = [int((column & ~seen).sum()) for seen in met]
        best = int(np.argmax(gains)) if rng.random() < 0.9 else rng.randrange(n)
        met[best] = met[best] | column
        colours.append(best)
    evidence = {"place": place, "axis": axis, "colours": colours}
    return {"evidence": evidence, **_claim(_theorem(rng, problem), "maximal")}


def frozen_direct_path(rng: random.Random, problem: Problem) -> Forged:
    delayed = problem.n_inputs * (problem.steps - 1)
    evidence = {"samples": problem.samples, "delayed_inputs": delayed}
    return {"evidence": evidence, **_claim("T5", "minimal")}


def full(rng: random.Random, problem: Problem) -> Forged:
    return {"evidence": {}, **_claim("T0", "maximal")}


# Ranks: targets true or not, minors where there are some


def target_lower(rng: random.Random, problem: Problem, target: int) -> Data:
    if problem.is_linear and rng.random() < 0.6:
        found = minor(problem, "present", target)
        if found is not None:
            return {"by": "minor", "minor": found}
    return {"by": "closed form"}


def minor(problem: Problem, which: str, size: int) -> Forged:
    """Rows and columns of a non-zero minor of this size, if there is one."""
    matrix = np.array(problems.jacobian(problem, which, _spanning(problem)), dtype=object)
    if size == 0 or not matrix.size:
        return {"rows": [], "columns": []} if size == 0 else None
    columns, pivots = _independent(matrix)
    return {"rows": pivots[:size], "columns": columns[:size]} if len(columns) >= size else None


def _spanning(problem: Problem) -> problems.Point:
    """A point with as many samples as the equations of a certificate have: m_e."""
    point, m_e = problems.random_point(problem), effective(problem)
    if problem.inputs is None:
        per_step = 1 if problem.readout == "all" else problem.steps
        if m_e < problem.n_inputs * per_step + problem.bias or problem.bias:
            point.inputs = [x[:, :m_e] for x in point.inputs]
        else:
            zeros = np.zeros((problem.n_inputs, m_e), dtype=object)
            rows = np.eye(m_e, dtype=int).astype(object)
            unit = [rows[t : t + problem.n_inputs] for t in range(0, m_e, problem.n_inputs)]
            point.inputs = (unit + [zeros] * problem.steps)[: problem.steps]
    return point


def _independent(matrix: np.ndarray) -> tuple[list[int], list[int]]:
    """Independent rows of the matrix, and columns in which they are."""
    rows, pivots, reduced = [], [], []
    for number, row in enumerate(matrix.tolist()):
        for pivot, other in zip(pivots, reduced, strict=True):
            row = [(x - row[pivot] * y) % PRIME for x, y in zip(row, other, strict=True)]
        place = next((j for j, x in enumerate(row) if x % PRIME), None)
        if place is not None:
            inverse = pow(row[place], -1, PRIME)
            rows.append(number)
            pivots.append(place)
            reduced.append([x * inverse % PRIME for x in row])
    return rows, pivots


def _target(rng: random.Random, problem: Problem) -> int:
    """The target dimension, or a number that somebody may take for it."""
    true = problems.rank(problem, "present") if problem.is_linear else 0
    product_ = problem.outputs * (effective(problem) if problem.is_linear else problem.samples)
    r = problem.n_learnable
    return rng.choice([true, true, true, product_, true + 1, max(true - 1, 0), r, r + 1])


def count(rng: random.Random, problem: Problem) -> Forged:
    target = _target(rng, problem)
    evidence = {"target_lower": target_lower(rng, problem, target)}
    return {"evidence": evidence, **_claim("T1", "minimal", target_dimension=target)}


def deficient_rank(rng: random.Random, problem: Problem) -> Forged:
    target = _target(rng, problem)
    rank = problems.rank(problem, "learnable") if problem.is_linear else 0
    rank = max(rank + rng.choice([0, 0, 0, -1, 1]), 0)
    evidence = {"target_lower": target_lower(rng, problem, target)}
    claim = _claim("T1", "minimal", rank=rank, target_dimension=target)
    return {"evidence": evidence, **claim, "error_bound": rng.choice([1e-9, 1e-12, 1e-10])}


def _full_rank(rng: random.Random, problem: Problem) -> Forged:
    if not problem.is_linear:
        return {
            "evidence": {"target_upper": {"by": "equations"}, "minor": {"rows": [], "columns": []}}
        }
    target = _target(rng, problem)
    found = minor(problem, "learnable", target)
    if found is None:
        return None
    by = rng.choice(["closed form", "equations", "weights", "gauge", "trials"])
    if rng.random() < 0.8:
        n = (
            problem.outputs
            * effective(problem)
            * (problem.steps if problem.readout == "all" else 1)
        )
        by = "equations" if n == target else "trials"
    evidence = {"minor": found, "target_upper": {"by": by}}
    bound = 1e-10 if by == "trials" else 0.0
    if bound:
        evidence["target_upper"]["error_bound"] = bound
    return {"evidence": evidence, "rank": target, "target_dimension": target, "error_bound": bound}


def full_rank(rng: random.Random, problem: Problem) -> Forged:
    found = _full_rank(rng, problem)
    return found and {**_claim("T1", "positive"), **found}


def affine_full_rank(rng: random.Random, problem: Problem) -> Forged:
    found = _full_rank(rng, problem)
    return found and {**_claim("T2", "maximal"), **found}


FORGERS: dict[str, Forger] = {
    forger.__name__: forger
    for forger in (
        degree_count, support_count, bottleneck, cycle, forest, two_dimensions, rectangle,
        peeling_order, assignment, two_forests, block_forests, colouring, frozen_direct_path, full,
        count, deficient_rank, full_rank, affine_full_rank,
    )
}  # fmt: skip
