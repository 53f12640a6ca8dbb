"""T13, T14 and T16: plans of linear systems, carried out by the room that finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ..plans.algebra import Rationals, Reals
from ..plans.constants import from_constants, with_constants, without_biases
from ..plans.execution import Plan, carry_out
from ..plans.reading import plan_of
from ..plans.states import whole
from ..problem.allocation import Allocation
from .bench import Bench, Task


def planned(bench: Bench, task: Task, kind: str, evidence: Mapping[str, Any]) -> None:
    """All learnables of the task at once, and all outputs on all samples.

    Raises `InputError` where rationals cannot do what the plan says (infinite columns are the end
    of a path that is followed in floats), and where it fails.
    """
    network = bench.network
    masks = {name: np.zeros(shape, dtype=int) for name, shape in network.weight_shapes.items()}
    for name, index in task.entries:
        masks[name][index] = 1
    bias, depth = network.bias, len(network.weight_layers)  # type: ignore[attr-defined]
    allocation, samples = without_biases(Allocation(network, masks)), task.n_samples
    plan = plan_of(allocation, samples, kind, evidence)
    assert plan is not None, "T13, T14 and T16 leave plans"
    bench.tell(f"carry out the plan for {len(task.entries)} weights: {_in_words(plan)}")
    weights = with_constants(bench.weights, depth, bias)
    algebra = Rationals() if bench.arithmetic.is_exact else Reals()
    inputs, wanted = bench.rows @ task.mix, bench.wanted @ task.mix
    found = carry_out(plan, whole(allocation, samples), weights, inputs, wanted, algebra)
    if found is None:
        raise InputError(_refusal(bench.arithmetic.is_exact, plan))
    bench.weights = from_constants(found, bias)
    bench.fitted += task.entries
    bench.refine()


def _in_words(plan: Plan) -> str:
    """What is solved first, and what is fitted afterwards."""
    first = "nothing" if not plan.affine else "one linear system"
    if plan.levels is not None:
        after = ", after the layers behind or before them" if plan.bases else ""
        first = f"two layers by levels{after}"
    lines = sum(step.index is not None for step in plan.steps)
    return f"{first}, then {lines} rows and columns"


def _refusal(is_exact: bool, plan: Plan) -> str:
    if is_exact and plan.levels is not None and not plan.levels.is_finite:
        return (
            "the plan ends on a path to a regular point at infinity, which is followed in double "
            "precision only; leave rational out"
        )
    if is_exact:
        return (
            "the plan leads to a special rational solution, with which not all can be fitted "
            "afterwards; leave rational out"
        )
    return (
        "the plan leads to a special solution, with which not all can be fitted afterwards; "
        "theorycheck measure (tc.measure) searches for matches by Levenberg-Marquardt"
    )
