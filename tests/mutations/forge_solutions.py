"""Forged certificates on reductions, and on solutions: instances of small integers, where some
solutions may have gone to infinity.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from . import problems
from .forge_layers import Forged, claim
from .forge_ranks import full_rank_evidence, n_equations
from .problems import Problem, effective
from .truth import newton


def sub_allocation(rng: random.Random, problem: Problem) -> Forged:
    """Fewer learnables (or others), and a forged certificate of any kind about them."""
    entries = problem.entries("learnable")
    kept = [entry for entry in entries if rng.random() < 0.8]
    if rng.random() < 0.1:
        kept = [entry for entry in problem.entries("present") if rng.random() < 0.5]
    part = problem.with_learnable(kept)
    inner = _inner(rng, part)
    if inner is None:
        return None
    learnable = {n: (mask * 1).tolist() for n, mask in part.learnable.items() if mask.any()}
    evidence = {"learnable": learnable, "certificate": inner}
    return {"evidence": evidence, **claim("T0", "maximal", error_bound=inner["error_bound"])}


def _inner(rng: random.Random, problem: Problem) -> Forged:
    from .forgers import FORGERS  # which lists this module's as well

    kind = rng.choice([*FORGERS, "affine_full_rank", "degree_count", "full", "group_bezout"])
    inner = FORGERS[kind](rng, problem)
    return inner and {"kind": kind, **inner, "learnable": problem.n_learnable}


def peeled(rng: random.Random, problem: Problem) -> Forged:
    """Any lines with about enough learnables deleted; what is left with a forged certificate."""
    if problem.kind != "linear_feedforward" or problem.bias:
        return None
    last = f"W{problem.depth}"
    m, rows, columns = (
        effective(problem),
        list(range(problem.outputs)),
        list(range(problem.n_inputs)),
    )
    steps: list[list[Any]] = []
    for _ in range(rng.randint(0, 6)):
        axis = rng.choice(["row", "column"])
        lines = rows if axis == "row" else columns
        if not lines or m == 0:
            break
        index = rng.choice(lines)
        line = (
            problem.learnable[last][index] if axis == "row" else problem.learnable["W1"][:, index]
        )
        if int(line.sum()) >= (m if axis == "row" else len(rows)) or rng.random() < 0.02:
            lines.remove(index)
            steps.append([axis, index])
            m -= axis == "column"
    if m <= 0 or not rows:
        return {"evidence": {"steps": steps, "certificate": None}, **claim("T9", "maximal")}
    masks = dict(problem.learnable)
    masks[last] = masks[last][rows]
    masks["W1"] = masks["W1"][:, columns]
    shapes = {name: mask.shape for name, mask in masks.items()}
    present = {name: np.ones(shape, dtype=bool) for name, shape in shapes.items()}
    part = Problem(problem.kind, shapes, masks, present, m)
    inner = _inner(rng, part)
    if inner is None:
        return None
    evidence = {"steps": steps, "certificate": inner}
    stated = claim("T9", inner["expressivity"], error_bound=inner["error_bound"])
    return {"evidence": evidence, **stated}


def witness(rng: random.Random, problem: Problem) -> Forged:
    found, block = full_rank_evidence(rng, problem), None
    if found is not None and problem.is_linear and 0 < problem.n_learnable < 5:
        equations = rng.sample(
            range(n_equations(problem)), min(problem.n_learnable, n_equations(problem))
        )
        block = _block(rng, problem, sorted(equations), list(range(problem.n_learnable)), even=True)
    if found is None or block is None:
        return None
    found["evidence"]["block"] = block
    bound = block["degree_by"].get("error_bound", 0.0)
    found["error_bound"] += bound
    return {**claim("T7", "intermediate"), **found}


def odd_degree(rng: random.Random, problem: Problem) -> Forged:
    """One or two blocks of some equations, with whatever number of solutions an instance has."""
    found, r = full_rank_evidence(rng, problem), problem.n_learnable
    if found is None or not problem.is_linear or not 0 < r < 5 or n_equations(problem) < r:
        return None
    equations = rng.sample(range(n_equations(problem)), r)
    unknowns = rng.sample(range(r), r)
    cut = rng.choice([0, 0, rng.randrange(r)])
    blocks = []
    for part in (slice(0, cut), slice(cut, r)):
        if unknowns[part]:
            blocks.append(_block(rng, problem, sorted(equations[part]), sorted(unknowns[part])))
    found["evidence"]["blocks"] = blocks
    found["error_bound"] += sum(block["degree_by"].get("error_bound", 0.0) for block in blocks)
    return {**claim("T6", "maximal"), **found}


def _block(
    rng: random.Random,
    problem: Problem,
    equations: list[int],
    unknowns: list[int],
    even: bool = False,
) -> Forged:
    block = {"equations": equations, "unknowns": unknowns, "degree": 1, "instance": None}
    block["solutions"] = None
    if rng.random() < (1 if even else 0.7):
        shown: Any = None
        for _ in range(8 if even else 1):  # until it has solutions, and none that is real
            shown = _instance(rng, problem, equations, unknowns)
            centres = shown[1]["centres"]
            if centres and all(any(float(y) for _, y in centre) for centre in centres):
                break
        block["instance"], block["solutions"] = shown
        block["degree"] = max(len(block["solutions"]["radii"]), 1)
    what = rng.random()
    if what < 0.5:
        labels = [rng.randrange(len(unknowns)) for _ in unknowns]
        groups = [[u for u, x in zip(unknowns, labels, strict=True) if x == g] for g in set(labels)]
        block["degree_by"] = {"by": "bezout", "groups": groups}
    else:
        by = {"by": rng.choice(["univariate", "monodromy", "elimination"]), "error_bound": 1e-7}
        if by["by"] == "univariate":
            by["unknown"] = rng.choice(unknowns)
        block["degree_by"] = by
    return block


def _instance(
    rng: random.Random, problem: Problem, equations: list[int], unknowns: list[int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Integers, most of them small and some 0, and all solutions that are found."""
    m_e = effective(problem)

    def number() -> int:
        return rng.choice([0, 1, 1, -1, 2, -2, 3, rng.randint(-9, 9)])

    def draw() -> dict[str, np.ndarray]:
        return {
            name: np.array([number() for _ in range(int(np.prod(shape)))]).reshape(shape)
            * problem.present[name]
            for name, shape in problem.shapes.items()
        }

    teacher, student = draw(), draw()
    dimension = problem.n_inputs * (1 if problem.readout == "all" else problem.steps) + problem.bias
    n_rows, given = problem.n_inputs * problem.steps, None
    if m_e == dimension:
        rows = np.eye(n_rows + problem.bias, m_e)
        inputs = [rows[t : t + problem.n_inputs] for t in range(0, n_rows, problem.n_inputs)]
        constant = rows[n_rows:]
    else:
        given = [[number() for _ in range(m_e)] for _ in range(n_rows)]
        inputs = [np.array(given[t : t + problem.n_inputs], dtype=float)
                  for t in range(0, n_rows, problem.n_inputs)]  # fmt: skip
        constant = np.ones((1, m_e))
    wanted = _flat(problem, teacher, inputs, constant)[equations]
    entries = [problem.entries("learnable")[u] for u in unknowns]
    weights = {name: value.astype(complex) for name, value in student.items()}

    def values(theta: Any) -> Any:
        for (name, index), value in zip(entries, theta, strict=True):
            weights[name][index] = value
        return _flat(problem, weights, inputs, constant)[equations] - wanted

    gauss = np.random.default_rng(rng.randrange(2**32))
    found: list[Any] = []
    for _ in range(25):
        start = gauss.normal(size=(2, len(entries)))
        theta = newton(values, start[0] + 1j * start[1])
        if theta is not None and all(np.abs(theta - s).max() > 1e-4 for s in found):
            found.append(theta)
    text = {name: value.astype(int).tolist() for name, value in teacher.items()}
    other = {name: value.astype(int).tolist() for name, value in student.items()}
    instance = {"scale": 1, "teacher": text, "student": other, "inputs": given}
    centres = [[[f"{x.real:.15f}", f"{x.imag:.15f}"] for x in theta] for theta in found]
    return instance, {"centres": centres, "radii": ["1e-8"] * len(found)}


def _flat(problem: Problem, weights: Any, inputs: Any, constant: Any) -> Any:
    """All outputs in the order of the equations, the constant of each sample given."""
    if not problem.bias:
        return np.concatenate([x.ravel() for x in problems.outputs(problem, weights, inputs)])
    level = inputs[0]
    for layer in range(1, problem.depth + 1):
        level = weights[f"W{layer}"] @ level + weights[f"b{layer}"][:, None] @ constant
    return level.ravel()


def plan(rng: random.Random, problem: Problem) -> Forged:
    """Lines with about enough learnables deleted, and layers frozen; the rest forged."""
    if problem.kind != "linear_feedforward" or problem.bias:
        return None
    first, last, m, d = 1, problem.depth, effective(problem), problem.outputs
    rows, columns, steps = list(range(d)), list(range(problem.n_inputs)), []
    for _ in range(rng.randint(0, 6)):
        what = rng.choice(["row", "column", "row", "column", "first", "last"])
        if what in ("first", "last"):
            if first == last:
                continue
            steps.append([what])
            if what == "first":
                columns, first = list(range(problem.shapes[f"W{first}"][0])), first + 1
            else:
                rows, last = list(range(problem.shapes[f"W{last}"][1])), last - 1
            continue
        lines, needed = (rows, m) if what == "row" else (columns, d)
        if not lines or not (m and d):
            continue
        index, mask = rng.choice(lines), problem.learnable[f"W{last if what == 'row' else first}"]
        line = mask[index] if what == "row" else mask[:, index]
        if int(line.sum()) >= needed or rng.random() < 0.02:
            lines.remove(index)
            steps.append([what, index])
            m, d = (m, d - 1) if what == "row" else (m - 1, d)
    if not (m and d):
        return {"evidence": {"steps": steps, "certificate": None}, **claim("T13", "maximal")}
    if not (rows and columns):
        return None
    inner = _inner(rng, _staged(problem, first, last, rows, columns, m, d))
    if inner is None:
        return None
    evidence = {"steps": steps, "certificate": inner}
    return {"evidence": evidence, **claim("T13", "maximal", error_bound=inner["error_bound"])}


def _staged(problem: Problem, first: int, last: int, rows: list[int], columns: list[int],
            m: int, d: int) -> Problem:  # fmt: skip
    """The layers `first` to `last` with these lines, and d combinations of what they make."""
    masks = {f"W{k - first + 1}": problem.learnable[f"W{k}"] for k in range(first, last + 1)}
    top = f"W{last - first + 1}"
    masks[top] = masks[top][rows]
    masks["W1"] = masks["W1"][:, columns]
    if last < problem.depth:
        masks[f"W{last - first + 2}"] = np.zeros((d, len(rows)), dtype=bool)
    shapes = {name: mask.shape for name, mask in masks.items()}
    present = {name: np.ones(shape, dtype=bool) for name, shape in shapes.items()}
    return Problem(problem.kind, shapes, masks, present, m)
