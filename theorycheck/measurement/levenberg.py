"""Levenberg-Marquardt on batches of nonlinear systems, with restarts: a search that proves matches.

A match is an end point next to which `certificate.certify` proves a real solution. Any other end
proves nothing: the solutions may lie elsewhere, be singular, or outnumbered by the equations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import cycle
from types import ModuleType

import numpy as np

from ..computing.arrays import Array
from ..computing.deadline import NEVER, Deadline
from ..computing.pieces import by_pieces, that_fit
from ..numeric.instances import Instance
from .batched_linalg import chunks, reduce, solve_upper
from .existence import Certificates, System, certify

FTOL = XTOL = 1e-8  # relative to cost and unknowns, as in MINPACK
FLOOR = 1e-14  # of |f| relative to |y|: nothing left to gain
FIRST_DAMPING = 1e-5  # nearly Gauss-Newton: it finds more solutions than a cautious start
SMALLEST_DAMPING = 1e-20

Certifier = Callable[[System, Array, Instance, ModuleType], Certificates]
State = dict[str, Array]


@dataclass(frozen=True)
class DescentFits:
    """What the search found for each instance.

    `matched`: a real solution lies, provably, next to `theta`. `unproved`: no proof, but at
    `theta` the equations hold up to the bound on their rounding errors (a singular solution, more
    equations than unknowns, or a near miss). `residual` as in `Certificates`, of the best end.
    """

    matched: Array
    unproved: Array
    residual: Array
    theta: Array
    starts_used: Array


def fit(
    system: System,
    instances: Instance,
    rng: np.random.Generator,
    *,
    restarts: int,
    most_steps: int = 200,
    spreads: Sequence[float] = (1.0,),
    certifier: Certifier = certify,
    xp: ModuleType = np,
    deadline: Deadline = NEVER,
) -> DescentFits:
    """Search a real solution of every instance from up to `restarts` Gaussian starts each.

    Their standard deviations are the `spreads`, in turn. The starts of an instance depend on `rng`
    and its position only, not on how others fare. At the deadline the search ends where it is.
    """
    batch, unknowns = len(instances), len(system.entries)
    matched, unproved = xp.zeros(batch, dtype=bool), xp.zeros(batch, dtype=bool)
    residual, theta = xp.full(batch, xp.inf), xp.zeros((batch, unknowns))
    starts_used = xp.zeros(batch, dtype=xp.int64)
    left = xp.arange(batch)
    for _, spread in zip(range(restarts if batch else 0), cycle(spreads), strict=False):
        starts = xp.asarray(spread * rng.standard_normal((batch, unknowns)))[left]
        ends, found = _searched(
            system, instances.take(left), starts, most_steps, certifier, xp, deadline
        )
        starts_used[left] += 1
        better = found.proved | (found.residual < residual[left])
        positions = left[better]
        theta[positions], residual[positions] = ends[better], found.residual[better]
        unproved[left] |= found.residual <= 2 * found.level
        matched[left] = found.proved
        left = left[~found.proved]
        if not len(left) or deadline.has_passed:
            break
    return DescentFits(matched, unproved & ~matched, residual, theta, starts_used)


def _searched(
    system: System,
    instances: Instance,
    starts: Array,
    most_steps: int,
    certifier: Certifier,
    xp: ModuleType,
    deadline: Deadline,
) -> tuple[Array, Certificates]:
    """Where descents from `starts` end, and what is proved there."""
    equations, unknowns = instances.outputs.shape[1], starts.shape[1]

    def work(part: slice) -> tuple[Array, Certificates]:
        some = instances.take(part)
        ends = descend(system, some, starts[part], most_steps, xp, deadline)
        return ends, certifier(system, ends, some, xp)

    size = that_fit(len(starts), _doubles(equations, unknowns), xp)
    ends, found = zip(*(each for _, each in by_pieces(work, len(starts), size)), strict=True)
    if len(ends) == 1:
        return ends[0], found[0]
    joined = (
        xp.concatenate([getattr(piece, field.name) for piece in found])
        for field in fields(Certificates)
    )
    return xp.concatenate(ends), Certificates(*joined)


def _doubles(equations: int, unknowns: int) -> int:
    """How many numbers a fit keeps, about."""
    return 2 * (equations + unknowns) * (unknowns + 1)


def descend(
    system: System,
    instances: Instance,
    starts: Array,
    most_steps: int,
    xp: ModuleType = np,
    deadline: Deadline = NEVER,
) -> Array:
    """Where one Levenberg-Marquardt descent from each start (batch, unknowns) ends.

    At the deadline it ends where it is.
    """
    ends, left = starts.copy(), xp.arange(len(starts))
    doubles = _doubles(instances.outputs.shape[1], starts.shape[1])
    state = _begin(system, instances, starts, xp)
    done = xp.zeros(len(starts), dtype=bool)
    for _ in range(most_steps):
        for part in chunks(len(left), doubles, xp):
            if deadline.has_passed:
                break
            piece = {name: value[part] for name, value in state.items()}
            done[part] |= _step(system, instances.take(part), piece, xp)
        if deadline.has_passed:
            break
        # Dropping copies everything, so finished fits may go along for a while; it does no harm.
        if 8 * done.sum().item() >= len(left):
            ends[left[done]] = state["theta"][done]
            kept = xp.flatnonzero(~done)
            left, state = left[kept], {name: value[kept] for name, value in state.items()}
            instances, done = instances.take(kept), done[kept]
            if not len(left):
                return ends
    ends[left] = state["theta"]
    return ends


def _begin(system: System, instances: Instance, starts: Array, xp: ModuleType) -> State:
    """Everything a descent keeps, the batch first; damping is per fit, scales per unknown."""
    value, jacobian = system.residual(starts, instances)
    with np.errstate(all="ignore"):  # networks may overflow; such descents stay where they are
        scales, cost = xp.sqrt((jacobian**2).sum(axis=1)), (value**2).sum(axis=1)
    return {
        "theta": starts.copy(),
        "value": value,
        "jacobian": jacobian,
        "cost": cost,
        "damping": xp.full(len(starts), FIRST_DAMPING),
        "scales": xp.where(scales > 0, scales, 1),
    }


def _step(system: System, instances: Instance, state: State, xp: ModuleType) -> Array:
    """One step of each fit, the state changed in place; returns which fits are finished."""
    theta, cost, damping, scales = (state[k] for k in ("theta", "cost", "damping", "scales"))
    n, r = state["jacobian"].shape[1:]
    with np.errstate(all="ignore"):
        block = xp.zeros((n + r, r + 1, len(theta)))
        block[:n, :r] = xp.moveaxis(state["jacobian"], 0, -1)
        block[:n, r] = -state["value"].T
        positions = xp.arange(r)
        block[n + positions, positions] = xp.sqrt(damping) * scales.T
        reduce(block, r, xp, below=n)
        change = solve_upper(block[:r, :r], block[:r, r:], xp)[:, 0]
        length = ((scales.T * change) ** 2).sum(axis=0)
        # |f|^2 - |f + J p|^2, from |J p|^2 + damping |D p|^2, the square of the reflected side.
        predicted = (block[:r, r] ** 2).sum(axis=0) + damping * length
        trial = theta + change.T
        value, jacobian = system.residual(trial, instances)
        new_cost = (value**2).sum(axis=1)
        gain = (cost - new_cost) / xp.maximum(predicted, 1e-300)
        taken = gain > 1e-4
        flat = (xp.abs(cost - new_cost) <= FTOL * cost) & (predicted <= FTOL * cost)
        still = length <= XTOL**2 * ((scales * theta) ** 2).sum(axis=1)
        zero = new_cost <= FLOOR**2 * (instances.outputs**2).sum(axis=1)
        damping *= xp.where(gain > 0.75, 0.1, xp.where(gain > 0.25, 1.0, 5.0))
        xp.maximum(damping, SMALLEST_DAMPING, out=damping)
        row = taken[:, None]
        theta[...] = xp.where(row, trial, theta)
        state["value"][...] = xp.where(row, value, state["value"])
        state["jacobian"][...] = xp.where(row[:, :, None], jacobian, state["jacobian"])
        cost[...] = xp.where(taken, new_cost, cost)
        xp.maximum(scales, xp.sqrt((state["jacobian"] ** 2).sum(axis=1)), out=scales)
    return flat | still | (zero & taken)
