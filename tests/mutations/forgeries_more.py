"""Forged certificates on reductions, bounds on the number of solutions, and ReLU networks."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np

from . import problems
from .changes import Data
from .forgeries import (
    FORGERS,
    Forged,
    _claim,
    _full_rank,
    _independent,
    effective,
    minor,
    target_lower,
)
from .problems import Problem
from .truth import _newton


def _n_equations(problem: Problem) -> int:
    m = effective(problem) if problem.is_linear else problem.samples
    return problem.outputs * m * (problem.steps if problem.readout == "all" else 1)


def outside_count(rng: random.Random, problem: Problem) -> Forged:
    if problem.kind != "linear_recurrent":
        return None
    place = rng.choice(["input", "recurrent", "readout"])
    reach = problem.steps - (place == "recurrent") + rng.choice([0, 0, 0, 1, -1])
    mask = problem.learnable[place]
    rows = sorted(rng.sample(range(len(mask)), rng.randint(0, min(2, len(mask)))))
    columns = sorted(rng.sample(range(mask.shape[1]), rng.randint(0, min(2, mask.shape[1]))))
    left = [i for i in range(len(mask)) if i not in rows]
    others = [j for j in range(mask.shape[1]) if j not in columns]
    found = int(mask[np.ix_(left, others)].sum())
    m_e = effective(problem)
    needed = (problem.outputs - reach * len(rows)) * (m_e - reach * len(columns))
    target = problem.outputs * m_e
    evidence = {"place": place, "rows": rows, "columns": columns, "found": found, "needed": needed}
    evidence["target_lower"] = target_lower(rng, problem, target)
    return {"evidence": evidence, **_claim("T5", "minimal", target_dimension=target)}


def structural_cover(rng: random.Random, problem: Problem) -> Forged:
    n, r = _n_equations(problem), problem.n_learnable
    target = problems.rank(problem, "present") if problem.is_linear else n
    target = max(target + rng.choice([0, 0, 0, 1]), 1)
    learnables = sorted(rng.sample(range(r), rng.randint(0, min(r, target - 1))))
    size = min(n, target - 1 - len(learnables))
    equations = sorted(rng.sample(range(n), size))
    evidence = {"equations": equations, "learnables": learnables}
    evidence["target_lower"] = target_lower(rng, problem, target)
    return {"evidence": evidence, **_claim("T6", "minimal", target_dimension=target)}


def group_bezout(rng: random.Random, problem: Problem) -> Forged:
    found = _full_rank(rng, problem)
    if found is None:
        return None
    found["evidence"]["side"] = rng.choice(["rows", "columns"])
    return {**_claim("T6", "maximal"), **found}


def triangular(rng: random.Random, problem: Problem) -> Forged:
    """Equations of the minor and learnables in a random order, or by how few act on which."""
    found = _full_rank(rng, problem)
    if found is None:
        return None
    rows, columns = found["evidence"]["minor"]["rows"], list(range(problem.n_learnable))
    rng.shuffle(rows)
    if problem.is_linear and len(rows) == len(columns) and rng.random() < 0.8:
        columns = _matched(problem, rows)
    pairs = zip(rows, columns, strict=False)
    found["evidence"]["order"] = [list(pair) for pair in pairs]
    return {**_claim("T6", "maximal"), **found}


def _matched(problem: Problem, rows: list[int]) -> list[int]:
    """A learnable for each equation that acts on it and on no earlier one, as far as there are."""
    from .forgeries import _spanning

    matrix = problems.jacobian(problem, "learnable", _spanning(problem))
    left = list(range(len(matrix)))
    found = []
    for row in reversed(rows):
        acting = [c for c in left if row < len(matrix[c]) and matrix[c][row]]
        found.append((acting or left)[0])
        left.remove(found[-1])
    return found[::-1]


def sub_allocation(rng: random.Random, problem: Problem) -> Forged:
    """Fewer learnables (or others), and a forged certificate of any kind about them."""
    cells = problem.cells("learnable")
    kept = [cell for cell in cells if rng.random() < 0.8]
    if rng.random() < 0.1:
        kept = [cell for cell in problem.cells("present") if rng.random() < 0.5]
    part = problem.with_learnable(kept)
    inner = _inner(rng, part)
    if inner is None:
        return None
    learnable = {n: (mask * 1).tolist() for n, mask in part.learnable.items() if mask.any()}
    evidence = {"learnable": learnable, "certificate": inner}
    return {"evidence": evidence, **_claim("T0", "maximal", error_bound=inner["error_bound"])}


def _inner(rng: random.Random, problem: Problem) -> Forged:
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
        return {"evidence": {"steps": steps, "certificate": None}, **_claim("T9", "maximal")}
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
    claim = _claim("T9", inner["expressivity"], error_bound=inner["error_bound"])
    return {"evidence": evidence, **claim}


# Solutions: an instance of small integers, where some of them may have gone to infinity


def witness(rng: random.Random, problem: Problem) -> Forged:
    found, block = _full_rank(rng, problem), None
    if found is not None and problem.is_linear and 0 < problem.n_learnable < 5:
        equations = rng.sample(
            range(_n_equations(problem)), min(problem.n_learnable, _n_equations(problem))
        )
        block = _block(rng, problem, sorted(equations), list(range(problem.n_learnable)), even=True)
    if found is None or block is None:
        return None
    found["evidence"]["block"] = block
    bound = block["degree_by"].get("error_bound", 0.0)
    found["error_bound"] += bound
    return {**_claim("T7", "intermediate"), **found}


def odd_degree(rng: random.Random, problem: Problem) -> Forged:
    """One or two blocks of some equations, with whatever number of solutions an instance has."""
    found, r = _full_rank(rng, problem), problem.n_learnable
    if found is None or not problem.is_linear or not 0 < r < 5 or _n_equations(problem) < r:
        return None
    equations = rng.sample(range(_n_equations(problem)), r)
    unknowns = rng.sample(range(r), r)
    cut = rng.choice([0, 0, rng.randrange(r)])
    blocks = []
    for part in (slice(0, cut), slice(cut, r)):
        if unknowns[part]:
            blocks.append(_block(rng, problem, sorted(equations[part]), sorted(unknowns[part])))
    found["evidence"]["blocks"] = blocks
    found["error_bound"] += sum(block["degree_by"].get("error_bound", 0.0) for block in blocks)
    return {**_claim("T6", "maximal"), **found}


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
    cells = [problem.cells("learnable")[u] for u in unknowns]
    weights = {name: value.astype(complex) for name, value in student.items()}

    def values(theta: Any) -> Any:
        for (name, index), value in zip(cells, theta, strict=True):
            weights[name][index] = value
        return _flat(problem, weights, inputs, constant)[equations] - wanted

    gauss = np.random.default_rng(rng.randrange(2**32))
    found: list[Any] = []
    for _ in range(25):
        start = gauss.normal(size=(2, len(cells)))
        theta = _newton(values, start[0] + 1j * start[1])
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


# Shallow ReLU networks


def _point(rng: random.Random, problem: Problem, which: str) -> Forged:
    """Small integers, with the largest minor of all weights that are learnable (or present)."""
    if problem.is_linear:
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
    columns, rows = _independent(matrix) if matrix.size else ([], [])
    text = {name: value.tolist() for name, value in weights.items()}
    return {"weights": text, "inputs": inputs.tolist(), "rows": rows, "columns": columns}


def _relu(rng: random.Random, problem: Problem, expressivity: str, **evidence: Any) -> Forged:
    target = problem.outputs * problem.samples
    stated = target if expressivity != "minimal" else None
    claim = _claim("T10", expressivity, target_dimension=target, rank=stated)
    return {"evidence": evidence, **claim}


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
    from math import comb

    if problem.is_linear:
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
    if problem.is_linear:
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
    if problem.is_linear:
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


FORGERS |= {
    forger.__name__: forger
    for forger in (
        outside_count, structural_cover, group_bezout, triangular, sub_allocation, peeled, witness,
        odd_degree, relu_count, relu_cover, relu_patterns, relu_point, relu_bounded_output,
        relu_missed_sample, relu_interpolation,
    )
}  # fmt: skip
__all__ = ["FORGERS", "minor"]
