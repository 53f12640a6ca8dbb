"""Forged certificates on ranks and bounds: targets true or not, minors where there are some."""

from __future__ import annotations

import random

import numpy as np

from . import nonlinear_truth, problems
from .forge_layers import Forged, claim
from .leaf_changes import Data
from .problems import PRIME, Problem, effective
from .truth import PIECEWISE


def target_lower(rng: random.Random, problem: Problem, target: int) -> Data:
    if problem.kind != "shallow_relu" and (problem.is_nonlinear or rng.random() < 0.6):
        found = minor(problem, "present", target)
        if found is not None:
            return {"by": "minor", "minor": found}
    return {"by": "closed form"}


def minor(problem: Problem, which: str, size: int) -> Forged:
    """Rows and columns of a non-zero minor of this size, if there is one."""
    if problem.is_nonlinear:
        columns, rows = _oracle_minor(problem, which)
        fits = len(columns) >= size >= 0
        return {"rows": rows[:size], "columns": columns[:size]} if fits else None
    matrix = np.array(problems.jacobian(problem, which, _spanning(problem)), dtype=object)
    if size == 0 or not matrix.size:
        return {"rows": [], "columns": []} if size == 0 else None
    columns, pivots = independent(matrix)
    return {"rows": pivots[:size], "columns": columns[:size]} if len(columns) >= size else None


def _oracle_minor(problem: Problem, which: str) -> tuple[list[int], list[int]]:
    """Weights and equations of a largest minor; nothing where the network is not analytic."""
    if PIECEWISE & {*problem.activations}:
        return list(range(len(problem.entries(which)))), list(range(n_equations(problem)))
    return nonlinear_truth.minor(problem, which)


def _true_rank(problem: Problem, which: str) -> int:
    """Of linear and analytic networks, else 0."""
    if problem.is_linear:
        return problems.rank(problem, which)
    is_analytic = problem.is_nonlinear and not PIECEWISE & {*problem.activations}
    return nonlinear_truth.rank(problem, which) if is_analytic else 0


def _theorem(problem: Problem) -> str:
    return "T11" if problem.is_nonlinear else "T1"


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


def independent(matrix: np.ndarray) -> tuple[list[int], list[int]]:
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
    true = _true_rank(problem, "present")
    product_ = problem.outputs * (effective(problem) if problem.is_linear else problem.samples)
    r = problem.n_learnable
    return rng.choice([true, true, true, product_, true + 1, max(true - 1, 0), r, r + 1])


def full(rng: random.Random, problem: Problem) -> Forged:
    return {"evidence": {}, **claim("T0", "maximal")}


def count(rng: random.Random, problem: Problem) -> Forged:
    target = _target(rng, problem)
    evidence = {"target_lower": target_lower(rng, problem, target)}
    return {"evidence": evidence, **claim(_theorem(problem), "minimal", target_dimension=target)}


def deficient_rank(rng: random.Random, problem: Problem) -> Forged:
    target = _target(rng, problem)
    rank = _true_rank(problem, "learnable")
    rank = max(rank + rng.choice([0, 0, 0, -1, 1]), 0)
    evidence = {"target_lower": target_lower(rng, problem, target)}
    bound = rng.choice([1e-9, 1e-12, 1e-10])
    stated = {"rank": rank, "target_dimension": target, "error_bound": bound}
    return {"evidence": evidence, **claim(_theorem(problem), "minimal", **stated)}


def full_rank_evidence(rng: random.Random, problem: Problem) -> Forged:
    if problem.kind == "shallow_relu":
        return {
            "evidence": {"target_upper": {"by": "equations"}, "minor": {"rows": [], "columns": []}}
        }
    target = _target(rng, problem)
    found = minor(problem, "learnable", target)
    if found is None:
        return None
    by = rng.choice(["closed form", "equations", "weights", "gauge", "widths", "trials"])
    if rng.random() < 0.8:
        by = "equations" if n_equations(problem) == target else "trials"
    evidence = {"minor": found, "target_upper": {"by": by}}
    bound = 1e-10 if by == "trials" else 0.0
    if bound:
        evidence["target_upper"]["error_bound"] = bound
    return {"evidence": evidence, "rank": target, "target_dimension": target, "error_bound": bound}


def full_rank(rng: random.Random, problem: Problem) -> Forged:
    found = full_rank_evidence(rng, problem)
    return found and {**claim(_theorem(problem), "positive"), **found}


def real_full_rank(rng: random.Random, problem: Problem) -> Forged:
    """With the minor of the oracle's claim: whether it is one at a real point is asked then."""
    found = full_rank_evidence(rng, problem) if problem.is_nonlinear else None
    return found and {**claim("T11", "positive"), **found}


def real_deficient_rank(rng: random.Random, problem: Problem) -> Forged:
    if not problem.is_nonlinear:
        return None
    rank = max(_true_rank(problem, "learnable") + rng.choice([0, 0, 0, -1, 1]), 0)
    found = minor(problem, "present", rank + rng.choice([1, 1, 1, 0]))
    bound = 0.0 if rank == problem.n_learnable else rng.choice([1e-9, 1e-12])
    evidence = {"rank": rank, "minor": found}
    return found and {"evidence": evidence, **claim("T11", "minimal", error_bound=bound)}


def affine_full_rank(rng: random.Random, problem: Problem) -> Forged:
    found = full_rank_evidence(rng, problem)
    return found and {**claim("T2", "maximal"), **found}


def n_equations(problem: Problem) -> int:
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
    return {"evidence": evidence, **claim("T5", "minimal", target_dimension=target)}


def structural_cover(rng: random.Random, problem: Problem) -> Forged:
    n, r = n_equations(problem), problem.n_learnable
    target = _true_rank(problem, "present") or n
    target = max(target + rng.choice([0, 0, 0, 1]), 1)
    learnables = sorted(rng.sample(range(r), rng.randint(0, min(r, target - 1))))
    size = min(n, target - 1 - len(learnables))
    equations = sorted(rng.sample(range(n), size))
    evidence: Data = {"equations": equations, "learnables": learnables}
    evidence["target_lower"] = target_lower(rng, problem, target)
    return {"evidence": evidence, **claim("T6", "minimal", target_dimension=target)}


def group_bezout(rng: random.Random, problem: Problem) -> Forged:
    found = full_rank_evidence(rng, problem)
    if found is None:
        return None
    found["evidence"]["side"] = rng.choice(["rows", "columns"])
    return {**claim("T6", "maximal"), **found}


def triangular(rng: random.Random, problem: Problem) -> Forged:
    """Equations of the minor and learnables in a random order, or by how few act on which."""
    found = full_rank_evidence(rng, problem)
    if found is None:
        return None
    rows, columns = found["evidence"]["minor"]["rows"], list(range(problem.n_learnable))
    rng.shuffle(rows)
    if problem.is_linear and len(rows) == len(columns) and rng.random() < 0.8:
        columns = _matched(problem, rows)
    pairs = zip(rows, columns, strict=False)
    found["evidence"]["order"] = [list(pair) for pair in pairs]
    return {**claim("T6", "maximal"), **found}


def _matched(problem: Problem, rows: list[int]) -> list[int]:
    """A learnable for each equation that acts on it and on no earlier one, as far as there are."""

    matrix = problems.jacobian(problem, "learnable", _spanning(problem))
    left = list(range(len(matrix)))
    found = []
    for row in reversed(rows):
        acting = [c for c in left if row < len(matrix[c]) and matrix[c][row]]
        found.append((acting or left)[0])
        left.remove(found[-1])
    return found[::-1]
