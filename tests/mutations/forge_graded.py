"""Forged graded plans: weights that grow, are 0 and are solved for, chosen at random."""

from __future__ import annotations

import random

import numpy as np

import theorycheck as tc
from theorycheck.field.elimination import rank_profile
from theorycheck.plans.algebra import Residues
from theorycheck.plans.graded import Graded, GradedPlan

from .forge_layers import Forged, claim
from .leaf_changes import Data
from .problems import Entry, Problem, effective

PRIME = 8388593
TRIES = 12


def graded_plan(rng: random.Random, problem: Problem) -> Forged:
    """A plan that meets all equations if some random one does, a minor if there is one."""
    if problem.kind != "linear_recurrent":
        return None
    entries = problem.entries("learnable")
    evidence: Data = {}
    for _ in range(TRIES):
        evidence = _plan(rng, entries)
        is_met, columns = _minor(rng, problem, evidence)
        evidence["columns"] = columns
        if is_met:
            break
    if rng.random() < 0.1:
        output = rng.randrange(problem.outputs)
        gone = {
            k for k, entry in enumerate(entries) if entry[0] == "readout" and entry[1][0] == output
        }
        evidence = (
            {"fitted": [output]}
            | {
                key: [k for k in evidence[key] if k not in gone]
                for key in ("growing", "zero", "columns")
            }
            | {"solved": [[k for k in part if k not in gone] for part in evidence["solved"]]}
        )
    return {"evidence": evidence, **claim("T15", "maximal")}


def _plan(rng: random.Random, entries: list[Entry]) -> Data:
    numbers = range(len(entries))
    share, recurrent = rng.random(), rng.random() < 0.6
    growing = [
        k for k in numbers if (entries[k][0] == "recurrent" if recurrent else rng.random() < share)
    ]
    share = rng.random()
    zero = [k for k in growing if rng.random() < share]
    share, n_systems = rng.random(), rng.randint(0, 2)
    place = {
        k: rng.randrange(max(n_systems, 1))
        for k in numbers
        if k not in zero and rng.random() < share
    }
    solved = [[k for k in numbers if place.get(k) == system] for system in range(n_systems)]
    return {"fitted": [], "growing": growing, "zero": zero, "solved": solved}


def _minor(rng: random.Random, problem: Problem, evidence: Data) -> tuple[bool, list[int]]:
    """Whether all equations are met, and as many columns as equations, independent if some are."""
    hidden, n_in = problem.shapes["input"]
    network = tc.LinearRecurrent(n_in, hidden, problem.outputs, problem.steps, problem.readout)  # type: ignore[arg-type]
    allocation = tc.Allocation(network, problem.learnable, problem.present)
    graded, algebra = Graded(allocation, problem.samples), Residues(PRIME)
    solved = tuple(map(tuple, evidence["solved"]))
    plan = GradedPlan((), tuple(evidence["growing"]), tuple(evidence["zero"]), solved)
    walks = graded.walks(plan)
    order = graded.order(plan, walks, walks.degrees(plan.growing))
    n = problem.outputs * effective(problem) * (problem.steps if problem.readout == "all" else 1)
    if (order.degrees < 0).any():
        return False, list(range(min(n, problem.n_learnable)))
    data = graded.draw(algebra, np.random.default_rng(0))
    _, leading, met = graded.built(plan, order, data, algebra)
    jacobian, numbers = graded.jacobian(plan, leading)
    columns = [numbers[k] for k in rank_profile(jacobian, PRIME).columns]
    others = [k for k in numbers if k not in columns]
    columns += rng.sample(others, min(n - len(columns), len(others)))
    return bool(met.all()), sorted(columns)
