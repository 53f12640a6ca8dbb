"""All complex solutions of each trial, by parameter homotopy: real ones are matches.

Without a real solution among all of them there is no match, which no search can tell. The number
of solutions comes from monodromy, with seeds of its own; a trial in which a solution was lost or
two of them met is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..computing.arrays import Array
from ..computing.deadline import Deadline
from ..numeric.instances import Equations, Instance
from ..numeric.monodromy import Monodromy, all_differ, find_solutions, follow
from .existence import certify
from .least_squares import MATCH, NO_MATCH, UNDECIDED
from .trials import LinearTrials

_QUIET_LOOPS = 12
_REAL, _NOT_REAL = 1e-7, 1e-5  # relative imaginary parts
FITS = 1e-9  # relative residual of all equations, where only some were solved for


@dataclass(frozen=True)
class Start:
    """All solutions found of one complex instance of a square choice of the equations."""

    equations: Equations
    chosen: tuple[int, ...]
    search: Monodromy

    @property
    def count(self) -> int:
        """The number of solutions, 0 if the search was not completed."""
        return self.search.count if self.search.is_complete else 0


def find_start(trials: LinearTrials, seed: int, *, most: int, deadline: Deadline) -> Start | None:
    """Solutions to begin with; None if two monodromy searches do not agree on their number.

    `most` solutions are followed at most. The equations chosen are as many as learnables, the best
    conditioned at one random point.
    """
    rng = np.random.default_rng([seed, 11])
    chosen = chosen_equations(trials, rng, len(trials.entries))
    equations = trials.equations(chosen)

    def draw(own: np.random.Generator, count: int) -> Instance:
        return restricted(trials.complex(own, count), chosen)

    searches = []
    for number in range(2):
        own = np.random.default_rng([seed, 12, number])
        search = find_solutions(
            equations, draw, own, quiet_loops=_QUIET_LOOPS, most=most, deadline=deadline
        )
        if not search.is_complete or search.count > most:
            return None
        searches.append(search)
    if searches[0].count != searches[1].count:
        return None
    return Start(equations, chosen, searches[0])


def decide(trials: LinearTrials, start: Start, instances: Instance, seed: list[int]) -> Array:
    """MATCH, NO_MATCH or UNDECIDED for each instance (all equations given)."""
    rng = np.random.default_rng([*seed, 13])
    decisions = _attempt(trials, start, instances, rng)
    # Two paths may have jumped onto one: they are unlikely to do so again on another way.
    again = np.flatnonzero(decisions == UNDECIDED)
    if len(again):
        decisions[again] = _attempt(trials, start, instances.take(again), rng, detour=True)
    return decisions


def _attempt(
    trials: LinearTrials,
    start: Start,
    instances: Instance,
    rng: np.random.Generator,
    *,
    detour: bool = False,
) -> Array:
    shape = (len(instances), start.count)
    own = np.repeat(np.arange(shape[0]), start.count)
    theta, arrived = _followed(trials, start, instances, rng, detour)
    imaginary = abs(theta.imag).max(axis=1) / (abs(theta).max(axis=1) + 1e-3)
    is_real = arrived & (imaginary < _REAL)
    proved, misfit = np.zeros(len(own), dtype=bool), np.zeros(len(own))
    places = np.flatnonzero(is_real)
    if len(places):
        real, every = theta[places].real, instances.take(own[places])
        proved[places] = certify(start.equations, real, restricted(every, start.chosen)).proved
        if len(start.chosen) < trials.n_equations:
            misfit[places] = misfits(trials, real, every)
    fits, fails = misfit < FITS, misfit > np.sqrt(FITS)
    matched = np.asarray((proved & fits).reshape(shape).any(axis=1))
    is_clear = ((arrived & (imaginary > _NOT_REAL)) | (is_real & fails)).reshape(shape)
    may_serve = (is_real & fits).reshape(shape)
    unmatched = np.zeros(shape[0], dtype=bool)
    for index in np.flatnonzero(arrived.reshape(shape).all(axis=1) & ~matched):
        solutions = theta.reshape(*shape, -1)[index]
        if not all_differ(solutions):
            continue
        unmatched[index] = is_clear[index].all()
        served = np.flatnonzero(may_serve[index]).tolist()
        matched[index] = any(_is_own_conjugate(solutions, int(k)) for k in served)
    return np.where(matched, MATCH, np.where(unmatched, NO_MATCH, UNDECIDED))


def _is_own_conjugate(solutions: Array, number: int) -> bool:
    """Whether no other solution can be the conjugate of this one, which then is real.

    All solutions are here and they come in conjugate pairs. It serves where rounding leaves no
    proof at the solution itself: some reach 1e8, with condition numbers of 1e12.
    """
    point = solutions[number]
    distance = abs(np.delete(solutions, number, axis=0) - point.conj()).max(axis=1)
    return bool((distance > _NOT_REAL * abs(point).max()).all())


def _followed(
    trials: LinearTrials, start: Start, instances: Instance, rng: np.random.Generator, detour: bool
) -> tuple[NDArray[np.complex128], Array]:
    """Where all solutions end on every instance, and which of them arrived."""

    def draw(source: np.random.Generator, number: int) -> Instance:
        return restricted(trials.complex(source, number), start.chosen)

    count = len(instances)
    own = np.repeat(np.arange(count), start.count)
    theta, begin = np.tile(start.search.solutions, (count, 1)), start.search.instance.take(0 * own)
    arrived = np.ones(len(own), dtype=bool)
    if detour:
        middle = draw(rng, count).take(own)
        theta, arrived = follow(
            start.equations, theta, [begin, middle], draw, rng, trials.source.deadline
        )
        begin = middle
    end = restricted(instances, start.chosen).take(own)
    ends = np.full(theta.shape, np.nan, dtype=complex)
    under_way = np.flatnonzero(arrived)
    ends[under_way], arrived[under_way] = follow(
        start.equations,
        theta[under_way],
        [begin.take(under_way), end.take(under_way)],
        draw,
        rng,
        trials.source.deadline,
    )
    return ends, arrived


def chosen_equations(trials: LinearTrials, rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """`count` independent equations, by QR with pivoting of the Jacobian at a random point."""
    if trials.n_equations == count:
        return tuple(range(count))
    from scipy.linalg import qr

    whole = trials.equations()
    theta = rng.normal(size=(1, len(trials.entries)))
    _, jacobian = whole.residual(theta, trials.draw(rng, 1).instance)
    _, pivots = qr(jacobian[0].T, mode="r", pivoting=True)  # type: ignore[misc]
    return tuple(sorted(int(k) for k in pivots[:count]))


def restricted(instance: Instance, chosen: tuple[int, ...]) -> Instance:
    """The same instance with the chosen equations only."""
    if len(chosen) == instance.outputs.shape[1]:
        return instance
    return Instance(instance.weights, instance.inputs, instance.outputs[:, list(chosen)])


def misfits(trials: LinearTrials, theta: Array, instances: Instance) -> Array:
    """How much solutions of some of the equations miss all of them, relative to the outputs.

    The chosen equations may determine the others badly: near a solution of all, some Gauss-Newton
    steps reach it.
    """
    whole = trials.equations()
    for _ in range(3):
        residual, jacobian = whole.residual(theta, instances)
        theta = theta - (np.linalg.pinv(jacobian, rcond=1e-9) @ residual[..., None])[..., 0]
    residual, _ = whole.residual(theta, instances)
    return abs(residual).max(axis=1) / (abs(instances.outputs).max(axis=1) + 1e-12)
