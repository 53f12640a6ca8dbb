"""Forged certificates about the readout of nonlinear networks: ranks and minors are right."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np

from .forge_layers import Forged, claim
from .forge_ranks import full_rank_evidence
from .leaf_changes import Data
from .nonlinear_truth import rank
from .problems import Problem
from .truth import PIECEWISE


def _hidden(problem: Problem) -> int:
    """The units that the readout reads."""
    return problem.shapes[_last(problem)][1]


def _last(problem: Problem) -> str:
    return "readout" if problem.is_recurrent else f"W{problem.depth}"


def _reached(rng: random.Random, problem: Problem, expressivity: str, **evidence: Any) -> Forged:
    """With a minor of the learnables of the size of D, where there is one."""
    if not problem.is_nonlinear:
        return None
    found = full_rank_evidence(rng, problem)
    if found is None:
        return None
    stated: Data = {**claim("T12", expressivity), **found}
    return {**stated, "evidence": {**found["evidence"], **evidence}}


def readout_rank(rng: random.Random, problem: Problem) -> Forged:
    return _reached(rng, problem, "maximal")


def real_readout_rank(rng: random.Random, problem: Problem) -> Forged:
    """With the minor of the oracle's claim: whether it is one at a real point is asked then."""
    return _reached(rng, problem, "maximal")


def one_sided_output(rng: random.Random, problem: Problem) -> Forged:
    free = ~problem.learnable[_last(problem)].any(axis=1)
    outputs = np.flatnonzero(free).tolist() or range(problem.outputs)
    return _reached(rng, problem, "intermediate", output=rng.choice(outputs))


def missed_signs(rng: random.Random, problem: Problem) -> Forged:
    alone = np.flatnonzero(problem.learnable[_last(problem)].sum(axis=1) == 1).tolist()
    return _reached(
        rng, problem, "intermediate", output=rng.choice(alone or range(problem.outputs))
    )


def onto_layers(rng: random.Random, problem: Problem) -> Forged:
    """Rows are matched to columns in which their weights are present, if there are enough."""
    if not problem.is_nonlinear or problem.is_recurrent or problem.depth < 2:
        return None
    layer, matched = rng.randrange(1, problem.depth), []
    for number in range(layer + 1, problem.depth + 1):
        free, columns = set(range(problem.shapes[f"W{number}"][1])), []
        for row in problem.present[f"W{number}"]:
            able = sorted(free & set(np.flatnonzero(row).tolist())) or [0]
            columns.append(rng.choice(able))
            free -= {columns[-1]}
        matched.append(columns)
    evidence = {"layer": layer, "matched": matched}
    return {"evidence": evidence, **claim("T12", "maximal")}


def bounded_readout(rng: random.Random, problem: Problem) -> Forged:
    if not problem.is_nonlinear or PIECEWISE & {*problem.activations}:
        return None
    names = [_last(problem), {"readout": "readout_bias"}.get(_last(problem), f"b{problem.depth}")]
    present = {
        name: problem.learnable[name] if name in names else mask
        for name, mask in problem.present.items()
    }
    part = replace(problem, present=present)
    without = max(rank(part, "learnable") - rng.choice([0, 0, 0, 1]), 0)
    found = _reached(rng, problem, "intermediate", rank=without, rank_error_bound=1e-10)
    return found and {**found, "error_bound": found["error_bound"] + 1e-10}


def interpolating_units(rng: random.Random, problem: Problem) -> Forged:
    if not problem.is_nonlinear:
        return None
    units = [step[1] for step in _steps(rng, problem)]
    return {"evidence": {"units": units}, **claim("T12", "maximal")}


def solving_order(rng: random.Random, problem: Problem) -> Forged:
    steps = _steps(rng, problem)
    rng.shuffle(steps)
    steps.sort(key=lambda step: step[1] is None)
    return _reached(rng, problem, "maximal", steps=_at_once(rng, steps))


def _at_once(rng: random.Random, steps: list[Any]) -> list[Any]:
    """Some of the steps are one, of two outputs or more."""
    able = [step for step in steps if step[1] is not None]
    size = rng.choice([0, 0, 2, 2, 3])
    if not 0 < size <= len(able):
        return steps
    chosen = rng.sample(able, size)
    rest = [step for step in steps if step not in chosen]
    joined = [list(part) for part in zip(*chosen, strict=True)]
    place = rng.randint(0, len(able) - size)
    return [*rest[:place], joined, *rest[place:]]


def resting_units(rng: random.Random, problem: Problem) -> Forged:
    """Some units rest, whatever their frozen weights are; some outputs are solved."""
    steps = [step for step in _steps(rng, problem) if step[1] is not None and rng.random() < 0.4]
    left = [unit for unit in range(_hidden(problem)) if unit not in {step[1] for step in steps}]
    rng.shuffle(left)
    n_zero = min(rng.choice([0, 0, 1, 2]), len(left))
    zero, left = left[:n_zero], left[n_zero:]
    groups: list[list[int]] = []
    while len(left) > 1 and rng.random() < 0.8:
        size = rng.choice([2, 2, 2, 3])
        groups.append(left[:size])
        left = left[size:]
    groups = [group for group in groups if len(group) > 1 or rng.random() < 0.1]
    return _reached(rng, problem, "maximal", steps=_at_once(rng, steps), zero=zero, groups=groups)


def _steps(rng: random.Random, problem: Problem) -> list[list[int | None]]:
    """For every output a unit that it reads by a learnable weight, most often."""
    left, found = set(range(_hidden(problem))), []
    for output, mask in enumerate(problem.learnable[_last(problem)]):
        able = sorted(left & set(np.flatnonzero(mask).tolist())) or sorted(left)
        unit = rng.choice(able) if able and rng.random() < 0.9 else None
        left -= {unit}
        found.append([output, unit])
    return found
