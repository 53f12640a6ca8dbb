"""Plans carried out on random real data: the point at infinity, then Newton's method back from it.

Nothing here but the point itself comes from the package: the network is evaluated as it is defined.
"""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from theorycheck.plans.algebra import Reals
from theorycheck.plans.graded import Data, Graded, GradedPlan

Weights = dict[str, Any]


def exact(array: Any) -> Any:
    return np.vectorize(mpmath.mpf, otypes=[object])(array)


def outputs(weights: Weights, inputs: Any, reads: list[int]) -> Any:
    """y_t = D h_t with h_t = W h_(t-1) + B x_t, in the steps that are read."""
    state, found = 0 * (weights["input"] @ inputs[0]), []
    for step, x in enumerate(inputs, start=1):
        state = weights["recurrent"] @ state + weights["input"] @ x
        if step in reads:
            found.append(weights["readout"] @ state)
    return np.array(found)


def real_data(graded: Graded, rng: np.random.Generator) -> tuple[Data, Any]:
    """Teacher and student on normal samples, and the change of samples that makes units of them."""
    network, m = graded.network, graded.samples
    inputs = rng.normal(size=network.input_shape(m))
    flat = inputs.reshape(-1, m)
    if network.reads_every_step and m == network.inputs:
        flat[m:] = 0  # samples that span show x_1 alone
    change = np.linalg.inv(flat[:m])
    present = dict(graded.allocation.masks("present"))
    teacher, student = (
        {
            name: rng.normal(size=shape) * present[name]
            for name, shape in network.weight_shapes.items()
        }
        for _ in range(2)
    )
    flat = flat @ change
    flat[:m] = np.eye(m)
    inputs = flat.reshape(inputs.shape)
    return Data(student, inputs, outputs(teacher, inputs, graded.reads)), teacher


def residual(graded: Graded, plan: GradedPlan, seed: int, largest: float = 1e30) -> float:
    """How far the network is from its teacher in the end, relative; inf if Newton fails."""
    rng = np.random.default_rng(seed)
    data, _ = real_data(graded, rng)
    walks = graded.walks(plan)
    order = graded.order(plan, walks, walks.degrees(plan.growing))
    weights, _, met = graded.built(plan, order, data, Reals())
    if not (order.met.all() and met.all()):
        return np.inf
    left = graded.outputs(plan)
    free = [k for k, (name, index) in enumerate(graded.entries)
            if name != "readout" or index[0] in left]  # fmt: skip
    with mpmath.workdps(120):
        scale = mpmath.mpf(4)
        while scale < largest:
            found = _newton(graded, plan, weights, data, order.degrees, free, left, scale)
            if found is not None:
                _fit(graded, plan, found, data)
                far = outputs(found, exact(data.inputs), graded.reads) - exact(data.targets)
                return float(max(abs(far.ravel())) / max(abs(data.targets.ravel())))
            scale *= 16
    return np.inf


def _newton(
    graded: Graded, plan: GradedPlan, start: Weights, data: Data, degrees: Any, free: list[int],
    left: list[int], scale: Any,
) -> Weights | None:  # fmt: skip
    """Learnables s^w t with t near the start, if Newton's method finds such."""
    grows = [scale if number in set(plan.growing) else mpmath.mpf(1) for number in free]
    by_degree = np.array([scale ** int(-k) for k in degrees.ravel()], dtype=object)
    t = exact([start[name][index] for name, index in (graded.entries[k] for k in free)])
    inputs, targets = exact(data.inputs), exact(data.targets[:, left])
    weights = {name: exact(x) for name, x in start.items()}
    for _ in range(40):
        for k, factor, value in zip(free, grows, t, strict=True):
            name, index = graded.entries[k]
            weights[name][index] = factor * value
        here = {**weights, "readout": weights["readout"][left]}
        far = (outputs(here, inputs, graded.reads) - targets).ravel() * by_degree
        if max(abs(far) / by_degree, default=0) < mpmath.mpf(10) ** -20:
            return weights
        jacobian = _jacobian(graded, weights, inputs, free, left) * np.array(grows)
        step = np.linalg.lstsq((jacobian * by_degree[:, None]).astype(float), far.astype(float),
                               rcond=None)[0]  # fmt: skip
        if not np.isfinite(step).all() or np.abs(step).max() > 1e3:
            return None
        t = t - exact(step)
    return None


def _jacobian(
    graded: Graded, weights: Weights, inputs: Any, free: list[int], left: list[int]
) -> Any:
    """Derivatives of the outputs left, by the rule for products."""
    columns = []
    states = [0 * (weights["input"] @ inputs[0])]
    for x in inputs:
        states.append(weights["recurrent"] @ states[-1] + weights["input"] @ x)
    for k in free:
        name, (i, j) = graded.entries[k]
        change, found = 0 * states[0], []
        for step, x in enumerate(inputs, start=1):
            change = weights["recurrent"] @ change
            if name != "readout":
                change[i] += (x if name == "input" else states[step - 1])[j]
            if step in graded.reads:
                moved = weights["readout"][left] @ change
                if name == "readout":
                    moved[left.index(i)] += states[step][j]
                found.append(moved)
        columns.append(np.array(found).ravel())
    return np.array(columns).T


def _fit(graded: Graded, plan: GradedPlan, weights: Weights, data: Data) -> None:
    """The outputs that are fitted afterwards, each by its own readout weights."""
    inputs, state, states = exact(data.inputs), 0, []
    for step, x in enumerate(inputs, start=1):
        state = (weights["recurrent"] @ state if step > 1 else 0) + weights["input"] @ x
        if step in graded.reads:
            states.append(state)
    read = np.hstack(states)
    for output in plan.fitted:
        line = weights["readout"][output]
        chosen = np.flatnonzero(graded.allocation.mask("readout")[output])
        wanted = exact(data.targets[:, output].ravel())
        for _ in range(12):
            far = (wanted - line @ read).astype(float)
            size = float(max(abs(x) for x in read.ravel()))
            step = np.linalg.lstsq((read[chosen].T / size).astype(float), far, rcond=None)[0]
            line[chosen] = line[chosen] + exact(step) / size
